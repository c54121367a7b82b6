//! The date and the time over TCP and UDP: the smallest server there is, and its client.
//!
//! Specification: RFC 867; the line and the sessions are [`crate::daytime`]'s.
//!
//! ```text
//!   TCP: accept ─▶ the line ─▶ our half ends ─▶ linger: so that no reset eats the line
//!   UDP: a datagram ─▶ the line back to whom it came from
//! ```
//!
//! A client that says nothing, or too much, or never goes away, costs one slot for as long as
//! lingering is allowed, and nothing else. Where all slots are taken the next client waits to be
//! accepted: one is free again within that time.
//!
//! Over UDP a sender's address may be forged. Two such services that are set on each other would
//! talk for ever, so a line of time is not answered, and neither is a port below 1024, where
//! services live and no clients.

use super::connection::{Application, Limits as PumpLimits, NewConnection, WindDown};
use super::reactor::{Accept, Accepted, DatagramHandler, Reactor, ReactorBuilder, StopHandle};
use super::run::RunOptions;
use super::transport::endpoint;
use super::transport::stream::Stream;
use super::transport::{Error, later};
use crate::daytime::{Client, Limits, Moment, Server as Session, line};
use crate::error;
use crate::session::Session as _;
use mio::net::{TcpListener, TcpStream, UdpSocket};
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How the line travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A connection for each line.
    Tcp,
    /// A datagram for each one received.
    Udp,
}

/// How to serve or ask.
#[derive(Clone)]
pub struct Options {
    /// How the line travels.
    pub transport: Transport,
    /// The sessions' bounds.
    pub limits: Limits,
    /// How many connections a server holds at a time.
    pub connections_max: usize,
    /// What all façades have in common. A connection of a server lingers no longer than the lines
    /// need, whatever `limits` allow.
    pub run: RunOptions,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            transport: Transport::Tcp,
            limits: Limits::default(),
            connections_max: 10_000,
            run: RunOptions::default(),
        }
    }
}

impl Options {
    /// Raises every wait of a step that is shorter than `time`: for a client that wants to wait so
    /// long.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Options {
        let limits = self.limits.with_waits_of_at_least(time);
        Options { limits, run: self.run.with_waits_of_at_least(time), ..self }
    }
}

/// How long a client is listened to after the line, and how much it may say then.
const LINGER_WAIT: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 64 << 10;

/// How long lines that were begun may take once it was asked to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Ports below this one belong to services.
const CLIENT_PORTS: u16 = 1024;

/// Local date and time now.
pub fn now() -> Option<Moment> {
    let now = jiff::Zoned::now();
    let small = |number: i8| u8::try_from(number).ok();
    Moment::new(
        (u16::try_from(now.year()).ok()?, small(now.month())?, small(now.day())?),
        (small(now.hour())?, small(now.minute())?, small(now.second())?),
        u32::try_from(now.subsec_nanosecond()).ok()? / 1000,
    )
}

enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

/// A server that listens; [`run`](Server::run) serves.
pub struct Server {
    options: Options,
    builder: ReactorBuilder,
    socket: Socket,
    address: SocketAddr,
}

impl Server {
    /// Listens on an address; port 0 picks a free one.
    ///
    /// # Errors
    /// [`Error::Io`] if the address is in use or not ours.
    pub fn bind(address: SocketAddr, options: Options) -> Result<Server, Error> {
        let failed = |error| Error::Io("listening", error);
        let builder = options.run.builder()?;
        let (socket, address) = match options.transport {
            Transport::Tcp => {
                let socket = endpoint::listen(address).map_err(failed)?;
                let address = socket.local_addr().map_err(failed)?;
                (Socket::Tcp(socket), address)
            }
            Transport::Udp => {
                let socket = endpoint::datagrams(address).map_err(failed)?;
                let address = socket.local_addr().map_err(failed)?;
                (Socket::Udp(socket), address)
            }
        };
        Ok(Server { options, builder, socket, address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops it from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.builder.stop_handle()
    }

    /// Serves until it is stopped; gives how many lines it gave.
    ///
    /// # Errors
    /// [`Error::Io`] if the reactor cannot go on; no peer can bring that about.
    pub fn run(self) -> Result<u64, Error> {
        let limits = PumpLimits {
            linger_wait: LINGER_WAIT,
            linger_bytes_max: LINGER_BYTES_MAX,
            ..self.options.run.limits
        };
        let mut reactor = Reactor::new(self.builder, self.options.connections_max, limits);
        reactor.set_stop_at(self.options.run.deadline());
        reactor.set_grace(GRACE);
        reactor.expect(self.options.connections_max);
        let answers: Rc<Cell<u64>> = Rc::default();
        let begun = match self.socket {
            Socket::Tcp(socket) => {
                let acceptor = Acceptor { options: self.options, answers: answers.clone() };
                reactor.listen(socket, Box::new(acceptor))
            }
            Socket::Udp(socket) => {
                let answering = Answering { stopped: false, answers: answers.clone() };
                let tap = self.options.run.make_tap(None);
                reactor.add_udp(socket, Box::new(answering), tap)
            }
        };
        begun.map_err(|error| Error::Io("listening", error))?;
        reactor.run().map_err(|error| Error::Io("waiting for events", error))?;
        Ok(answers.get())
    }
}

/// Lets guests in.
struct Acceptor {
    options: Options,
    answers: Rc<Cell<u64>>,
}

impl Accept for Acceptor {
    fn accept(&mut self, socket: TcpStream, peer: SocketAddr) -> Accepted {
        let Some(now) = now() else { return Accepted::Gone };
        let session = Session::new(self.options.limits, now);
        let serving = Serving { answers: self.answers.clone() };
        let tap = self.options.run.make_tap(Some(peer));
        Accepted::Served(NewConnection::new(Stream::plain(socket), session, serving).with_tap(tap))
    }
}

/// What a client leaves behind.
type Outcome = Result<Vec<u8>, Error>;

/// Counts the lines that were served. It does not wind down: one line is not worth breaking off.
struct Serving {
    answers: Rc<Cell<u64>>,
}

impl Application<Session> for Serving {
    fn on_event(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }

    fn wind_down(&mut self, _session: &mut Session) -> WindDown {
        WindDown::Finish
    }

    fn closed(&mut self, _session: &mut Session, outcome: Result<(), Error>) {
        self.answers.set(self.answers.get() + u64::from(outcome.is_ok()));
    }
}

/// Keeps the line that was received.
struct Asked {
    outcome: Rc<RefCell<Option<Outcome>>>,
}

impl Application<Client> for Asked {
    fn on_event(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }

    fn closed(&mut self, session: &mut Client, outcome: Result<(), Error>) {
        *self.outcome.borrow_mut() = Some(outcome.map(|()| text(session)));
    }
}

fn text(client: &Client) -> Vec<u8> {
    client.line().unwrap_or_default().to_vec()
}

/// The server's side over UDP.
struct Answering {
    stopped: bool,
    answers: Rc<Cell<u64>>,
}

impl DatagramHandler for Answering {
    fn receive(&mut self, datagram: &[u8], from: SocketAddr, _: Instant, answer: &mut Vec<u8>) {
        let is_service = from.port() < CLIENT_PORTS;
        if is_service || Moment::parse(datagram.trim_ascii()).is_ok() {
            return;
        }
        if let Some(moment) = now() {
            answer.extend_from_slice(line(&moment).as_bytes());
            self.answers.set(self.answers.get() + 1);
        }
    }

    fn compose(&mut self, _now: Instant, _out: &mut Vec<u8>) -> bool {
        false
    }

    /// Whoever asked has gone: nothing is owed.
    fn failed(&mut self, _error: io::Error) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn is_done(&self) -> bool {
        self.stopped
    }

    fn wind_down(&mut self) {
        self.stopped = true;
    }

    fn give_up(&mut self, _why: Error) {
        self.stopped = true;
    }
}

/// Asks a server for its line, and gives it without its end. It may hold anything else.
///
/// # Errors
/// Where no whole line came.
pub fn get(endpoint: &str, options: &Options) -> Result<Vec<u8>, Error> {
    let mut reactor = options.run.reactor(1)?;
    reactor.set_grace(Duration::ZERO);
    match options.transport {
        Transport::Tcp => ask(&mut reactor, endpoint, options),
        Transport::Udp => {
            let found = Rc::new(RefCell::new(None));
            let kept = found.clone();
            reactor.resolve(endpoint, move |_, found| *kept.borrow_mut() = Some(found));
            run(&mut reactor)?;
            let addresses = found.take().unwrap_or(Err(Error::Interrupted))?;
            ask_each(&mut reactor, &addresses, options)
        }
    }
}

fn run(reactor: &mut Reactor) -> Result<(), Error> {
    reactor.run().map_err(|error| Error::Io("waiting for events", error))
}

/// Asks over a connection.
fn ask(reactor: &mut Reactor, endpoint: &str, options: &Options) -> Outcome {
    let outcome: Rc<RefCell<Option<Outcome>>> = Rc::default();
    let (left, limits, run_options) = (outcome.clone(), options.limits, options.run.clone());
    reactor.open(endpoint, move |reactor, socket| {
        let asked = Asked { outcome: left.clone() };
        let added = socket.and_then(|socket| {
            let tap = run_options.make_tap(socket.peer_addr().ok());
            let new = NewConnection::new(Stream::plain(socket), Client::new(limits), asked);
            let added = reactor.add(new.with_tap(tap));
            added.map_err(|error| Error::Io("starting", error))
        });
        if let Err(error) = added {
            *left.borrow_mut() = Some(Err(error));
        }
    });
    run(reactor)?;
    outcome.take().unwrap_or(Err(Error::Interrupted))
}

/// Asks one address after the other, as long as their machines say that nobody listens there: a
/// name may stand for two families, and a server that it means listen in one.
fn ask_each(reactor: &mut Reactor, addresses: &[SocketAddr], options: &Options) -> Outcome {
    let is_refused = |outcome: &Outcome| match outcome {
        Err(Error::Io(_, error)) => error.kind() == ErrorKind::ConnectionRefused,
        _ => false,
    };
    let mut outcome = Err(Error::Interrupted);
    for address in addresses {
        outcome = ask_by_datagram(reactor, *address, options);
        if !is_refused(&outcome) {
            break;
        }
    }
    outcome
}

fn ask_by_datagram(reactor: &mut Reactor, address: SocketAddr, options: &Options) -> Outcome {
    let failed = |error| Error::Io("starting", error);
    let outcome: Rc<RefCell<Option<Outcome>>> = Rc::default();
    let socket = endpoint::datagrams_with(address).map_err(failed)?;
    let asking = Asking::new(options.limits, outcome.clone());
    let tap = options.run.make_tap(Some(address));
    reactor.add_udp(socket, Box::new(asking), tap).map_err(failed)?;
    run(reactor)?;
    outcome.take().unwrap_or(Err(Error::Interrupted))
}

/// How long an answer is waited for before it is asked once more: question or answer may be lost.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What asks over UDP: an empty datagram is a question.
const QUESTION: &[u8] = b"";

/// The client's side over UDP.
struct Asking {
    limits: Limits,
    began: Instant,
    ask_at: Instant,
    ended: bool,
    outcome: Rc<RefCell<Option<Outcome>>>,
}

impl Asking {
    fn new(limits: Limits, outcome: Rc<RefCell<Option<Outcome>>>) -> Asking {
        let began = Instant::now();
        Asking { limits, began, ask_at: began, ended: false, outcome }
    }

    fn end(&mut self, outcome: Outcome) {
        if !std::mem::replace(&mut self.ended, true) {
            *self.outcome.borrow_mut() = Some(outcome);
        }
    }
}

/// A datagram is a stream that has ended.
fn read(datagram: &[u8], limits: Limits) -> Result<Vec<u8>, error::Error> {
    let mut client = Client::new(limits);
    client.receive(datagram, &mut [])?;
    client.receive_eof()?;
    Ok(text(&client))
}

impl DatagramHandler for Asking {
    fn receive(&mut self, datagram: &[u8], _: SocketAddr, _: Instant, _answer: &mut Vec<u8>) {
        self.end(read(datagram, self.limits).map_err(Error::from));
    }

    fn compose(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        if now >= later(self.began, self.limits.line_wait) {
            self.end(Err(Error::TimedOut { state: Client::new(self.limits).waits_for() }));
        }
        if self.is_done() || now < self.ask_at {
            return false;
        }
        self.ask_at = now + ASK_AGAIN;
        out.clear();
        out.extend_from_slice(QUESTION);
        true
    }

    fn failed(&mut self, error: io::Error) {
        self.end(Err(Error::Io("asking", error)));
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.ask_at.min(later(self.began, self.limits.line_wait)))
    }

    fn is_done(&self) -> bool {
        self.ended
    }

    fn wind_down(&mut self) {
        self.end(Err(Error::Interrupted));
    }

    fn give_up(&mut self, why: Error) {
        self.end(Err(why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_where_nobody_listens_is_not_the_last() {
        let options = Options { transport: Transport::Udp, ..Options::default() };
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), options.clone()).unwrap();
        let (here, stop) = (server.local_addr(), server.stop_handle());
        let serving = std::thread::spawn(move || server.run());
        let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let there = nobody.local_addr().unwrap();
        drop(nobody);
        let builder = ReactorBuilder::new().unwrap();
        let mut reactor = Reactor::new(builder, 1, PumpLimits::default());
        let mut ask = |addresses: &[SocketAddr]| ask_each(&mut reactor, addresses, &options);
        // More than a reactor has sockets at a time.
        let many = [&[there; 20][..], &[here]].concat();
        assert!(Moment::parse(&ask(&many).unwrap()).is_ok());
        let Error::Io(_, error) = ask(&[there; 2]).unwrap_err() else { panic!("another error") };
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        stop.stop();
        serving.join().unwrap().unwrap();
    }
}
