//! Names and addresses: what is said where nobody answers, and how long that takes.

use super::server::{Server, ok};
use crate::asking::{client, code, fetch, fetch_all, get, good, why};
use crate::listening::WAIT;
use socket2::{Domain, Socket, Type};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use wirewright::http::url::Url;
use wirewright::net::http::Fetch;

const SHORT: Duration = Duration::from_millis(200);

/// An address where nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A listener whose queue is full, so that the kernel drops whoever comes, without a word; and who
/// stands in the queue.
fn mute() -> (TcpListener, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let queue = (0..4).map(|_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        // It says that it is on its way, or that it is there.
        let _ = socket.connect(&address);
        socket
    });
    let queue = queue.collect();
    (listener.into(), queue)
}

#[test]
fn a_refused_port_is_named() {
    let address = nobody();
    let mut client = client(|options| options.in_flight_max = 2);
    for (report, _) in fetch_all(&mut client, (0..20).map(|_| get(address, "/")).collect()) {
        assert_eq!(code(&report), "unreachable", "{report:?}");
        assert_eq!(why(&report), format!("no connection: {address}: connection refused"));
        assert!(!report.sent && report.address.is_none());
    }
}

#[test]
fn all_addresses_of_a_name_are_tried() {
    let server = Server::answering(|request| ok(request.target()));
    // It may be ::1 as well, where nobody listens.
    let here = format!("localhost:{}", server.port());
    let (report, heard) = good(&mut client(|_| {}), get(&here, "/x"));
    assert_eq!((heard.text(), report.address), ("/x", Some(*server)));
    assert!(report.timings.name.is_some() && report.timings.name <= report.timings.connect);
    assert_eq!(server.requests()[0].get("Host"), Some(&*here));
    let (report, _) =
        fetch(&mut client(|_| {}), get(format!("localhost:{}", nobody().port()), "/"));
    assert_eq!(code(&report), "unreachable", "{report:?}");
    assert!(why(&report).contains("127.0.0.1:"), "{}", why(&report));
}

#[test]
fn a_name_that_cannot_be() {
    let mut client = client(|_| {});
    let long = format!("{}invalid", "label.".repeat(50));
    let (report, _) = fetch(&mut client, get(long, "/"));
    assert_eq!(code(&report), "io", "{report:?}");
    assert!(why(&report).contains("looking the name up"), "{}", why(&report));
}

#[test]
fn an_address_that_never_answers() {
    let (listener, queue) = mute();
    let address = listener.local_addr().unwrap();
    let mut impatient = client(|options| options.run.connect.dial.connect_wait = SHORT);
    let (report, _) = fetch(&mut impatient, get(address, "/"));
    assert_eq!(code(&report), "unreachable", "{report:?}");
    assert!(why(&report).contains(&format!("{address}: no answer in 0.2 s")), "{}", why(&report));

    let mut bounded = client(|options| {
        (options.run.timeout, options.in_flight_max) = (Some(SHORT), 2);
    });
    for (report, _) in fetch_all(&mut bounded, (0..5).map(|_| get(address, "/")).collect()) {
        assert_eq!(code(&report), "timed_out", "{report:?}");
        assert!(!report.sent);
    }
    drop(queue);
}

/// One host that does not answer holds its own places only.
#[test]
fn others_do_not_wait_for_it() {
    let (listener, _queue) = mute();
    let server = Server::answering(|_| ok("here"));
    let mut client = client(|options| options.run.connect.dial.connect_wait = 3 * SHORT);
    let mute = listener.local_addr().unwrap();
    let all = fetch_all(&mut client, vec![get(mute, "/"), get(*server, "/"), get(mute, "/")]);
    let codes: Vec<_> = all.iter().map(|(report, _)| code(report)).collect();
    assert_eq!(codes, ["unreachable", "ok", "unreachable"]);
}

/// What was begun for a call that is over is nothing to the next one: its places are free.
#[test]
fn attempts_hold_no_places_beyond_their_call() {
    let (listener, _queue) = mute();
    let server = Server::answering(|_| ok("other"));
    let mut client = client(|options| {
        (options.run.timeout, options.in_flight_max) = (Some(10 * SHORT), 1);
        options.run.connect.dial.connect_wait = WAIT;
    });
    let (report, _) = fetch(&mut client, get(listener.local_addr().unwrap(), "/"));
    assert_eq!(code(&report), "timed_out", "{report:?}");
    let (report, _) = fetch(&mut client, get(*server, "/"));
    assert_eq!(code(&report), "ok", "{report:?}");
}

/// Nor does its failure count any more: what has not answered may answer now.
#[test]
fn attempts_do_not_fail_the_next_call() {
    let (listener, queue) = mute();
    let address = listener.local_addr().unwrap();
    let mut client = client(|options| {
        options.run.timeout = Some(5 * SHORT);
        options.run.connect.dial.connect_wait = 6 * SHORT;
    });
    let (report, _) = fetch(&mut client, get(address, "/"));
    assert_eq!(code(&report), "timed_out", "{report:?}");
    std::thread::sleep(2 * SHORT);
    // Those who waited are gone, so the queue is empty once they were accepted.
    drop(queue);
    listener.set_nonblocking(true).unwrap();
    while listener.accept().is_ok() {}
    listener.set_nonblocking(false).unwrap();
    let served = std::thread::spawn(move || {
        loop {
            let mut stream = listener.accept().unwrap().0;
            stream.set_read_timeout(Some(WAIT)).unwrap();
            if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                return stream.write_all(&ok("now")).unwrap();
            }
        }
    });
    let (report, heard) = fetch(&mut client, get(address, "/"));
    assert_eq!((code(&report), heard.text()), ("ok", "now"), "{report:?}");
    served.join().unwrap();
}

/// More of them than wait at a time: all fail, and the call ends.
#[test]
fn very_many_fail_at_once() {
    let mut client = client(|options| options.in_flight_max = 2);
    let urls = (0..700).map(|at| Url::parse(&format!("http://255.255.255.255/{at}")).unwrap());
    let fetches = urls.map(Fetch::get).collect();
    for (report, _) in fetch_all(&mut client, fetches) {
        assert_eq!(code(&report), "unreachable", "{report:?}");
    }
}
