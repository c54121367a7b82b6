//! How many requests are in flight, and over how many connections.

use super::server::{Conn, Server, ok};
use crate::asking::{client, code, fetch_all, get};
use crate::listening::WAIT;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long one request too many would have to show itself.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Counts {
    /// Requests that have come and were not answered, at each host.
    running: [usize; 2],
    /// The most of them at each host, and at both.
    peaks: [usize; 2],
    peak: usize,
    arrived: usize,
}

/// Holds answers back until as many requests are in flight as there should be.
struct Gate {
    counts: Mutex<Counts>,
    changed: Condvar,
    /// So many, or all that are left of `total`.
    wanted: usize,
    total: usize,
}

impl Gate {
    fn new(wanted: usize, total: usize) -> Arc<Gate> {
        let (counts, changed) = (Mutex::default(), Condvar::new());
        Arc::new(Gate { counts, changed, wanted, total })
    }

    /// A request has come; waits until enough of them are there.
    fn arrive(&self, host: usize) {
        let mut counts = self.counts.lock().unwrap();
        counts.running[host] += 1;
        counts.arrived += 1;
        counts.peaks[host] = counts.peaks[host].max(counts.running[host]);
        counts.peak = counts.peak.max(counts.running.iter().sum());
        self.changed.notify_all();
        let is_short = |counts: &mut Counts| {
            let is_last = counts.arrived == self.total;
            counts.peak < self.wanted && !is_last
        };
        let (counts, waited) = self.changed.wait_timeout_while(counts, WAIT, is_short).unwrap();
        assert!(!waited.timed_out(), "{} are in flight", counts.peak);
        drop(counts);
        std::thread::sleep(PAUSE);
    }

    fn serve(&self, host: usize, mut conn: Conn) {
        while let Some(request) = conn.request() {
            self.arrive(host);
            assert!(conn.is_quiet(), "a request before the answer to the one before");
            self.counts.lock().unwrap().running[host] -= 1;
            assert!(conn.send(ok(request.target())));
        }
    }
}

#[test]
fn many_fetches_share_few_connections() {
    let server = Server::answering(|request| ok(request.target()));
    let mut client = client(|options| options.in_flight_max = 4);
    for round in 1..=2 {
        let fetches = (0..200).map(|at| get(*server, &format!("/{at}"))).collect();
        for (at, (report, heard)) in fetch_all(&mut client, fetches).iter().enumerate() {
            assert_eq!((code(report), heard.text()), ("ok", &*format!("/{at}")));
        }
        assert_eq!(server.requests().len(), 200 * round);
        assert!((1..=4).contains(&server.accepts()), "{} connections", server.accepts());
    }
}

#[test]
fn as_many_are_in_flight_as_may_be() {
    for in_flight in [1, 5, 40] {
        let gate = Gate::new(in_flight, 20);
        let at_door = gate.clone();
        let server = Server::start(move |conn| at_door.serve(0, conn));
        let mut client = client(|options| options.in_flight_max = in_flight);
        let all = fetch_all(&mut client, (0..20).map(|_| get(*server, "/")).collect());
        assert!(all.iter().all(|(report, _)| code(report) == "ok"));
        assert_eq!(gate.counts.lock().unwrap().peak, in_flight.min(20));
        assert!(server.accepts() <= in_flight);
    }
}

#[test]
fn no_host_gets_more_than_its_share() {
    let gate = Gate::new(3, 12);
    let hosts = [0, 1].map(|host| {
        let gate = gate.clone();
        Server::start(move |conn| gate.serve(host, conn))
    });
    let mut client = client(|options| {
        (options.in_flight_max, options.per_host_max) = (3, 2);
    });
    let fetches = (0..12).map(|at| get(*hosts[at / 6], &format!("/{at}"))).collect();
    for (at, (report, heard)) in fetch_all(&mut client, fetches).iter().enumerate() {
        assert_eq!((code(report), heard.text()), ("ok", &*format!("/{at}")));
    }
    let counts = gate.counts.lock().unwrap();
    assert_eq!(counts.peak, 3);
    assert!(counts.peaks.iter().all(|peak| *peak <= 2), "{:?}", counts.peaks);
}

/// A host that takes all places does not keep them for ever: one place is enough for two hosts.
#[test]
fn one_place_serves_many_hosts() {
    let hosts: Vec<Server> = (0..4).map(|_| Server::answering(|r| ok(r.target()))).collect();
    let mut client = client(|options| options.in_flight_max = 1);
    let fetches = (0..16).map(|at| get(*hosts[at % 4], "/")).collect();
    let all = fetch_all(&mut client, fetches);
    assert!(all.iter().all(|(report, _)| code(report) == "ok"));
    assert!(hosts.iter().all(|host| host.requests().len() == 4));
}
