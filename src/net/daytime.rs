//! The daytime protocol over TCP and UDP: a server and a client.
//!
//! Specification: RFC 867; [`crate::daytime`] has the sessions and the format of the line.
//!
//! ```text
//!   TCP: accept ─▶ the line ─▶ shutdown ─▶ linger, so that no reset destroys the line
//!   UDP: a datagram ─▶ the line, to its sender
//! ```
//!
//! A client that never closes, or sends without end, occupies one slot for at most the linger time
//! of one second. If all slots are occupied, the next client waits in the backlog until one is
//! free.
//!
//! Over UDP a sender's address may be forged, so that two such servers would answer each other for
//! ever. So a datagram that is itself a daytime line is not answered, and neither is one from a
//! port below 1024, which belongs to a service.

use super::connection::{Application, Limits as ConnectionLimits, NewConnection, WindDown};
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
    /// A datagram for each datagram received.
    Udp,
}

/// Options of the server and of the client.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// How the line travels.
    pub transport: Transport,
    /// The limits of the sessions.
    pub limits: Limits,
    /// How many connections a server holds at a time; 10,000 by default.
    pub connections_max: usize,
    /// The common options. A server's connections linger for one second and 64 KiB, whatever its
    /// `limits` say.
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
    /// Sets [`transport`](Options::transport).
    #[must_use]
    pub fn with_transport(self, transport: Transport) -> Options {
        Options { transport, ..self }
    }

    /// Sets [`limits`](Options::limits).
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Options {
        Options { limits, ..self }
    }

    /// Sets [`connections_max`](Options::connections_max).
    #[must_use]
    pub fn with_connections_max(self, connections_max: usize) -> Options {
        Options { connections_max, ..self }
    }

    /// Sets [`run`](Options::run).
    #[must_use]
    pub fn with_run(self, run: RunOptions) -> Options {
        Options { run, ..self }
    }

    /// Raises the wait of every step to at least `time`, for a client that accepts longer waits.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Options {
        let limits = self.limits.with_waits_of_at_least(time);
        Options { limits, run: self.run.with_waits_of_at_least(time), ..self }
    }
}

/// How long a server's connection lingers after the line.
const LINGER_WAIT: Duration = Duration::from_secs(1);

/// How many bytes it discards then.
const LINGER_BYTES_MAX: usize = 64 << 10;

/// How long the server's connections may take to end after a stop.
const GRACE: Duration = Duration::from_secs(2);

/// Ports below this one belong to services, not to clients.
const CLIENT_PORT_MIN: u16 = 1024;

/// The local date and time now; `None` if the clock is outside what a [`Moment`] can hold.
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

/// A server whose socket is bound; [`run`](Server::run) serves.
pub struct Server {
    options: Options,
    builder: ReactorBuilder,
    socket: Socket,
    address: SocketAddr,
}

impl Server {
    /// Binds to an address; port 0 picks a free port.
    ///
    /// # Errors
    /// [`Error::Io`] if the address is in use or does not belong to this machine.
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

    /// The bound address.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle that stops the server from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.builder.stop_handle()
    }

    /// Serves until the server is stopped. Returns how many lines were sent.
    ///
    /// # Errors
    /// [`Error::Io`] if the reactor fails. No peer can cause that.
    pub fn run(self) -> Result<u64, Error> {
        let limits = ConnectionLimits {
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
                let server = UdpServer { stopped: false, answers: answers.clone() };
                let tap = self.options.run.make_tap(None);
                reactor.add_udp(socket, Box::new(server), tap)
            }
        };
        begun.map_err(|error| Error::Io("listening", error))?;
        reactor.run().map_err(|error| Error::Io("waiting for events", error))?;
        Ok(answers.get())
    }
}

/// Serves the line on each new connection.
struct Acceptor {
    options: Options,
    answers: Rc<Cell<u64>>,
}

impl Accept for Acceptor {
    fn accept(&mut self, socket: TcpStream, peer: SocketAddr) -> Accepted {
        let Some(now) = now() else { return Accepted::Gone };
        let session = Session::new(self.options.limits, now);
        let serving = TcpServer { answers: self.answers.clone() };
        let tap = self.options.run.make_tap(Some(peer));
        Accepted::Served(NewConnection::new(Stream::plain(socket), session, serving).with_tap(tap))
    }
}

/// The outcome of a client: the line.
type Outcome = Result<Vec<u8>, Error>;

/// Counts the lines that were served. After a stop a connection still finishes, because one line
/// takes no time.
struct TcpServer {
    answers: Rc<Cell<u64>>,
}

impl Application<Session> for TcpServer {
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
struct TcpClient {
    outcome: Rc<RefCell<Option<Outcome>>>,
}

impl Application<Client> for TcpClient {
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

/// The server over UDP.
struct UdpServer {
    stopped: bool,
    answers: Rc<Cell<u64>>,
}

impl DatagramHandler for UdpServer {
    fn receive(&mut self, datagram: &[u8], from: SocketAddr, _: Instant, answer: &mut Vec<u8>) {
        let is_service = from.port() < CLIENT_PORT_MIN;
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

    /// An answer was not delivered; there is nothing to do about that.
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

/// Asks a server for its line. Returns the line without its line end; the line may hold any other
/// bytes.
///
/// # Errors
/// [`Error::Session`] if the answer is no complete line; [`Error::Io`], [`Error::Unreachable`],
/// [`Error::TimedOut`] and [`Error::Interrupted`] if there is no answer.
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

/// Asks over TCP.
fn ask(reactor: &mut Reactor, endpoint: &str, options: &Options) -> Outcome {
    let outcome: Rc<RefCell<Option<Outcome>>> = Rc::default();
    let (left, limits, run_options) = (outcome.clone(), options.limits, options.run.clone());
    reactor.open(endpoint, move |reactor, socket| {
        let asked = TcpClient { outcome: left.clone() };
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

/// Asks over UDP, one address after the other as long as each reports that its port is closed: a
/// name may have addresses of two families while its server listens on one.
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
    let client = UdpClient::new(options.limits, outcome.clone());
    let tap = options.run.make_tap(Some(address));
    reactor.add_udp(socket, Box::new(client), tap).map_err(failed)?;
    run(reactor)?;
    outcome.take().unwrap_or(Err(Error::Interrupted))
}

/// How long to wait for an answer before the question is sent again, because either may be lost.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The question over UDP. Any datagram is one (RFC 867); this one is empty.
const QUESTION: &[u8] = b"";

/// The client over UDP.
struct UdpClient {
    limits: Limits,
    began: Instant,
    ask_at: Instant,
    ended: bool,
    outcome: Rc<RefCell<Option<Outcome>>>,
}

impl UdpClient {
    fn new(limits: Limits, outcome: Rc<RefCell<Option<Outcome>>>) -> UdpClient {
        let began = Instant::now();
        UdpClient { limits, began, ask_at: began, ended: false, outcome }
    }

    fn end(&mut self, outcome: Outcome) {
        if !std::mem::replace(&mut self.ended, true) {
            *self.outcome.borrow_mut() = Some(outcome);
        }
    }
}

/// Parses a datagram as a stream that has ended.
fn read(datagram: &[u8], limits: Limits) -> Result<Vec<u8>, error::Error> {
    let mut client = Client::new(limits);
    client.receive(datagram, &mut [])?;
    client.receive_eof()?;
    Ok(text(&client))
}

impl DatagramHandler for UdpClient {
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
        let mut reactor = Reactor::new(builder, 1, ConnectionLimits::default());
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
