//! Every state of a request ends by a stop and by the deadline, with the error of that state.

use super::*;
use crate::net::connection::Limits as ConnectionLimits;
use crate::net::reactor::{ReactorBuilder, StopHandle};
use crate::net::transport::names;
use socket2::{Domain, Socket, Type};
use std::cell::RefCell;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};

/// A pause that no test waits for.
const LONG: Duration = Duration::from_secs(3600);

fn reactor() -> (Reactor, StopHandle) {
    let builder = ReactorBuilder::new().unwrap();
    let stop = builder.stop_handle();
    (Reactor::new(builder, usize::MAX, ConnectionLimits::default()), stop)
}

/// Makes the lookup of every name hang until the sender is dropped; `two` has two addresses.
fn hanging(reactor: &mut Reactor, two: [SocketAddr; 2]) -> Sender<()> {
    let (held, hangs) = channel::<()>();
    let hangs = std::sync::Mutex::new(hangs);
    let resolve = move |name: &str| {
        if name != "two" {
            let _ = hangs.lock().unwrap().recv();
        }
        Ok(two.to_vec())
    };
    let waker = reactor.waker();
    let mut running = Running::new(waker.clone(), ConnectOptions::default());
    running.names = Names::with(waker, names::Limits::default(), Box::new(resolve));
    reactor.requests.running = Some(Box::new(running));
    held
}

/// An address whose listener takes no further connection, and what keeps it full.
fn full() -> (String, Vec<Socket>) {
    let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let listener = socket();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut kept = vec![listener];
    for _ in 0..4 {
        let client = socket();
        client.set_nonblocking(true).unwrap();
        // It is in progress.
        let _ = client.connect(&address);
        kept.push(client);
    }
    (address.as_socket().unwrap().to_string(), kept)
}

/// An address where nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

type Outcomes = Rc<RefCell<Vec<String>>>;

fn keep<T>(outcomes: &Outcomes) -> impl FnOnce(&mut Reactor, Result<T, Error>) + 'static {
    let outcomes = outcomes.clone();
    move |_, outcome| {
        outcomes.borrow_mut().push(outcome.map_or_else(|e| e.to_string(), |_| "done".to_owned()));
    }
}

/// Requests in every state: connecting, waiting for a name twice, and not begun.
fn in_every_state(reactor: &mut Reactor, full: &str) -> Outcomes {
    let outcomes = Outcomes::default();
    reactor.open(full, keep(&outcomes));
    reactor.open("hanging:1", keep(&outcomes));
    reactor.resolve("hanging:1", keep(&outcomes));
    reactor.open_after(LONG, full, keep(&outcomes));
    outcomes
}

#[test]
fn a_stop_ends_a_request_in_every_state() {
    let (full, _kept) = full();
    let (mut reactor, stop) = reactor();
    let _held = hanging(&mut reactor, [nobody(); 2]);
    let outcomes = in_every_state(&mut reactor, &full);
    // When this one has ended, all others have begun.
    reactor.open(&nobody().to_string(), move |_, outcome| {
        assert!(matches!(outcome, Err(Error::Io("connecting", _))));
        stop.stop();
    });
    reactor.run().unwrap();
    assert_eq!(*outcomes.borrow(), ["interrupted"; 4]);
    // Nothing begins after a stop.
    reactor.open("hanging:1", keep(&outcomes));
    reactor.run().unwrap();
    assert_eq!(outcomes.borrow().len(), 5);
    assert_eq!(outcomes.borrow()[4], "interrupted");
}

#[test]
fn the_deadline_says_what_was_waited_for() {
    let (full, _kept) = full();
    let (mut reactor, _) = reactor();
    let _held = hanging(&mut reactor, [nobody(); 2]);
    reactor.set_deadline(Some(Instant::now() + Duration::from_millis(50)));
    let outcomes = in_every_state(&mut reactor, &full);
    reactor.run().unwrap();
    let expected = [
        "timed out waiting for the connection",
        "timed out waiting for the name to be looked up",
        "timed out waiting for the name to be looked up",
        "timed out waiting for the next attempt to connect",
    ];
    assert_eq!(*outcomes.borrow(), expected);
}

#[test]
fn a_failure_names_the_addresses_where_there_are_several() {
    let (mut reactor, _) = reactor();
    let one = nobody();
    let port = one.port();
    let other = SocketAddr::new("127.0.0.2".parse().unwrap(), port);
    let _held = hanging(&mut reactor, [one, other]);
    let outcomes = Outcomes::default();
    for endpoint in [&*one.to_string(), &format!("two:{port}"), "no port", "host:65536"] {
        reactor.open(endpoint, keep(&outcomes));
        reactor.run().unwrap();
    }
    let two = format!(
        "no connection: 127.0.0.1:{port}: connection refused; 127.0.0.2:{port}: connection refused"
    );
    let expected = [
        "connecting: connection refused",
        &two,
        "looking the name up: invalid socket address",
        "looking the name up: invalid port value",
    ];
    assert_eq!(*outcomes.borrow(), expected);
}

/// The retry of a client is a request that begins after a pause, on the same reactor.
#[test]
fn a_request_begins_after_its_pause_and_may_ask_for_another() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let (mut reactor, _) = reactor();
    let (outcomes, begun) = (Outcomes::default(), Instant::now());
    let (then, again) = (keep::<TcpStream>(&outcomes), endpoint.clone());
    let pause = Duration::from_millis(30);
    reactor.open(&endpoint, move |reactor, first| {
        assert!(first.is_ok());
        reactor.open_after(pause, &again, then);
    });
    reactor.run().unwrap();
    assert!(begun.elapsed() >= pause);
    assert_eq!(*outcomes.borrow(), ["done"]);
}

#[test]
fn nothing_follows_a_request_that_is_abandoned() {
    let (full, _kept) = full();
    let (mut reactor, _) = reactor();
    let _held = hanging(&mut reactor, [nobody(); 2]);
    let outcomes = in_every_state(&mut reactor, &full);
    reactor.drive_requests();
    reactor.abandon_requests();
    reactor.run().unwrap();
    assert!(outcomes.borrow().is_empty());
}
