//! Lookups by a resolver that waits until it is let go, so that nothing depends on time.

use super::*;
use mio::{Events, Poll, Token};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

/// How long a test waits for what is certain to come.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The names a resolver was asked for, and its permit: it answers one of them for each `()`.
struct Gate {
    asked: Receiver<String>,
    permit: Sender<()>,
    calls: Arc<AtomicUsize>,
}

/// A reactor's poll, and names resolved behind a gate.
struct Stage {
    poll: Poll,
    names: Names,
    gate: Gate,
    now: Instant,
}

impl Stage {
    fn new(limits: Limits) -> Stage {
        let poll = Poll::new().expect("a poll");
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).expect("a waker"));
        let (gate, resolve) = Gate::new();
        let names = Names::with(waker, limits, resolve);
        Stage { poll, names, gate, now: Instant::now() }
    }

    fn ask(&mut self, host: &str) -> Lookup {
        self.names.ask(host, 80, self.now)
    }

    /// Waits as a reactor does: for the waker alone.
    fn wait(&mut self, lookup: &Lookup) -> io::Result<Vec<SocketAddr>> {
        let mut events = Events::with_capacity(1);
        loop {
            if let Some(outcome) = lookup.poll() {
                return outcome;
            }
            match self.poll.poll(&mut events, Some(WAIT_MAX)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                polled => {
                    polled.expect("poll");
                    assert!(!events.is_empty(), "nobody woke the reactor");
                }
            }
        }
    }

    /// Lets `count` lookups go on.
    fn open(&self, count: usize) {
        (0..count).for_each(|_| self.gate.permit.send(()).expect("the resolver is there"));
    }

    /// Asks and waits, with the permit open.
    fn look_up(&mut self, host: &str) -> io::Result<Vec<SocketAddr>> {
        let lookup = self.ask(host);
        if lookup.poll().is_none() {
            self.open(1);
        }
        self.wait(&lookup)
    }

    fn threads(&self) -> usize {
        self.names.resolver.jobs().threads
    }

    fn calls(&self) -> usize {
        self.gate.calls.load(Ordering::SeqCst)
    }
}

impl Gate {
    /// Names that begin with `no` fail, `empty` has no address, `panics` panics, `many` has 40,
    /// others have two.
    fn new() -> (Gate, Resolve) {
        let ((asking, asked), (permit, open)) = (channel(), channel::<()>());
        let (open, calls) = (Mutex::new(open), Arc::new(AtomicUsize::new(0)));
        let count = calls.clone();
        let resolve = move |name: &str| {
            count.fetch_add(1, Ordering::SeqCst);
            // Who tests may have seen enough.
            let _ = asking.send(name.to_owned());
            let _ = open.lock().unwrap_or_else(PoisonError::into_inner).recv();
            match name {
                "empty" => Ok(Vec::new()),
                "panics" => panic!("as the test asked for"),
                "many" => Ok((0..40).map(|last| SocketAddr::from(([10, 0, 0, last], 0))).collect()),
                _ if name.starts_with("no") => Err(io::Error::other(format!("no {name}"))),
                _ => Ok(two(9)),
            }
        };
        (Gate { asked, permit, calls }, Box::new(resolve))
    }

    fn next(&self) -> String {
        self.asked.recv_timeout(WAIT_MAX).expect("the resolver is asked")
    }
}

fn two(port: u16) -> Vec<SocketAddr> {
    vec![
        SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], port)),
        SocketAddr::from(([192, 0, 2, 1], port)),
    ]
}

#[test]
fn addresses_need_no_thread() {
    let mut stage = Stage::new(Limits::default());
    for (host, address) in [
        ("127.0.0.1", "127.0.0.1:80"),
        ("::1", "[::1]:80"),
        ("[::1]", "[::1]:80"),
        ("[2001:DB8::2]", "[2001:db8::2]:80"),
    ] {
        let found = stage.ask(host).poll().expect("at once").expect(host);
        assert_eq!(found, [address.parse().expect(address)], "{host}");
    }
    assert_eq!((stage.threads(), stage.names.known.len(), stage.calls()), (0, 0, 0));
}

#[test]
fn brackets_hold_an_ipv6_address_and_nothing_else() {
    let mut stage = Stage::new(Limits::default());
    for host in ["[127.0.0.1]", "[name]", "[::1", "::1]", "127.1"] {
        let lookup = stage.ask(host);
        assert_eq!(stage.gate.next(), host);
        stage.open(1);
        assert_eq!(stage.wait(&lookup).expect(host), two(80));
    }
}

#[test]
fn everyone_who_asks_shares_one_lookup() {
    let mut stage = Stage::new(Limits::default());
    let hosts = ["a.test", "A.Test"];
    let lookups: Vec<Lookup> = (0..1000u16)
        .map(|port| stage.names.ask(hosts[usize::from(port % 2)], port, stage.now))
        .collect();
    assert_eq!(stage.gate.next(), "a.test");
    assert!(lookups.iter().all(|lookup| lookup.poll().is_none()));
    stage.open(1);
    for (lookup, port) in lookups.iter().zip(0..) {
        assert_eq!(stage.wait(lookup).expect("it is found"), two(port));
    }
    assert_eq!((stage.calls(), stage.threads()), (1, 1));
}

#[test]
fn no_more_threads_than_the_limit_says() {
    let mut stage = Stage::new(Limits::default());
    let lookups: Vec<Lookup> = (0..10).map(|n| stage.ask(&format!("{n}.test"))).collect();
    assert_eq!(stage.threads(), 4);
    let mut asked: Vec<String> = (0..4).map(|_| stage.gate.next()).collect();
    asked.sort();
    assert_eq!(asked, ["0.test", "1.test", "2.test", "3.test"]);
    assert_eq!(stage.calls(), 4);
    stage.open(10);
    for lookup in &lookups {
        assert_eq!(stage.wait(lookup).expect("it is found"), two(80));
    }
    assert_eq!((stage.calls(), stage.threads()), (10, 4));
}

#[test]
fn a_limit_of_no_threads_still_answers() {
    let mut stage = Stage::new(Limits { threads_max: 0, ..Limits::default() });
    assert!(stage.look_up("a.test").is_ok() && stage.look_up("b.test").is_ok());
    assert_eq!(stage.threads(), 1);
}

#[test]
fn a_thread_that_is_free_takes_the_next_job() {
    let mut stage = Stage::new(Limits::default());
    for n in 0..10 {
        stage.look_up(&format!("{n}.test")).expect("it is found");
        // It has answered, and is on its way to the queue.
        while stage.names.resolver.jobs().idle == 0 {
            std::thread::yield_now();
        }
    }
    assert_eq!((stage.calls(), stage.threads()), (10, 1));
}

#[test]
fn answers_are_kept_for_their_time() {
    let limits = Limits::default();
    for (host, keep) in [("yes", limits.found_keep), ("no", limits.failed_keep)] {
        let mut stage = Stage::new(limits);
        let is_found = stage.look_up(host).is_ok();
        assert_eq!((is_found, stage.calls()), (host == "yes", 1));
        // The answer came after the beginning of the test, and before this line.
        stage.now += keep - Duration::from_nanos(1);
        assert_eq!((stage.look_up(host).is_ok(), stage.calls()), (is_found, 1));
        stage.now = Instant::now() + keep;
        assert_eq!((stage.look_up(host).is_ok(), stage.calls()), (is_found, 2));
    }
}

#[test]
fn a_lookup_on_its_way_has_no_time() {
    let mut stage = Stage::new(Limits::default());
    let first = stage.ask("a.test");
    stage.now += Limits::default().found_keep * 100;
    let second = stage.ask("a.test");
    stage.open(1);
    assert!(stage.wait(&first).is_ok() && stage.wait(&second).is_ok());
    assert_eq!(stage.calls(), 1);
}

#[test]
fn failures_have_words() {
    let mut stage = Stage::new(Limits::default());
    for (host, kind, words) in [
        ("no.test", io::ErrorKind::Other, "no no.test"),
        ("empty", io::ErrorKind::NotFound, "it has no address"),
        ("panics", io::ErrorKind::Other, "the lookup has panicked"),
    ] {
        let error = stage.look_up(host).expect_err(host);
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, words));
    }
    assert_eq!(stage.look_up("a.test").expect("the threads are still there"), two(80));
}

#[test]
fn names_and_addresses_have_limits() {
    let mut stage = Stage::new(Limits::default());
    let many = stage.look_up("many").expect("it is found");
    assert_eq!((many.len(), many[31]), (32, SocketAddr::from(([10, 0, 0, 31], 80))));
    assert!(stage.look_up(&"a".repeat(255)).is_ok());
    let error = stage.ask(&"a".repeat(256)).poll().expect("at once").expect_err("too long");
    assert_eq!(error.to_string(), "a name has at most 255 bytes");
    assert_eq!(stage.calls(), 2);
}

#[test]
fn a_new_name_takes_the_place_of_one_past_its_time_or_the_oldest() {
    let mut stage = Stage::new(Limits { names_max: 3, ..Limits::default() });
    for host in ["a", "b", "no"] {
        assert_eq!(stage.look_up(host).is_ok(), host != "no");
    }
    let kept = |stage: &Stage| {
        let mut kept: Vec<String> = stage.names.known.keys().cloned().collect();
        kept.sort();
        kept
    };
    assert_eq!(kept(&stage), ["a", "b", "no"]);
    stage.now = Instant::now() + Limits::default().failed_keep;
    assert!(stage.look_up("c").is_ok());
    assert_eq!(kept(&stage), ["a", "b", "c"]);
    assert!(stage.look_up("d").is_ok());
    assert_eq!(kept(&stage), ["b", "c", "d"]);
}

#[test]
fn when_all_names_are_on_their_way_one_more_is_refused() {
    let mut stage = Stage::new(Limits { names_max: 2, ..Limits::default() });
    let running = [stage.ask("a"), stage.ask("b")];
    let error = stage.ask("c").poll().expect("at once").expect_err("too many");
    assert_eq!(error.to_string(), "2 names are being looked up");
    let again = stage.ask("a");
    stage.open(2);
    for lookup in running.iter().chain([&again]) {
        assert_eq!(stage.wait(lookup).expect("it is found"), two(80));
    }
    assert!(stage.look_up("c").is_ok());
}

#[test]
fn dropping_waits_for_nobody_and_ends_every_thread() {
    let mut stage = Stage::new(Limits { threads_max: 1, ..Limits::default() });
    let (hangs, queued) = (stage.ask("a"), stage.ask("b"));
    assert_eq!(stage.gate.next(), "a");
    let Stage { names, gate, .. } = stage;
    drop(names);
    assert!(hangs.poll().is_none());
    let error = queued.poll().expect("at once").expect_err("nobody looks it up");
    assert_eq!(error.to_string(), "no names are looked up any more");
    gate.permit.send(()).expect("the resolver is there");
    // The resolver goes with the last thread, and its end of the channel with it.
    assert_eq!(gate.asked.recv_timeout(WAIT_MAX), Err(RecvTimeoutError::Disconnected));
    assert_eq!(hangs.poll().expect("it has ended").expect("it is found"), two(80));
}

#[test]
fn idle_threads_end_as_well() {
    let mut stage = Stage::new(Limits::default());
    stage.look_up("a").expect("it is found");
    assert_eq!(stage.gate.next(), "a");
    let Stage { names, gate, .. } = stage;
    drop(names);
    assert_eq!(gate.asked.recv_timeout(WAIT_MAX), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn the_system_knows_itself() {
    let mut stage = Stage::new(Limits::default());
    let waker = stage.names.resolver.waker.clone();
    stage.names = Names::new(waker);
    let lookup = stage.ask("localhost");
    let found = stage.wait(&lookup).expect("every system has it");
    assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 80));
    let lookup = stage.ask("a\0b");
    let error = stage.wait(&lookup).expect_err("no name holds NUL");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
