//! Connections that the reactor opens on request: the client's counterpart of
//! [`Accept`](super::Accept).
//!
//! ```text
//!   open    ─▶ (wait) ─▶ name ─▶ connector ─▶ then(socket | error) ─▶ add
//!   resolve ───────────▶ name ─────────────▶ then(addresses | error) ─▶ add_udp
//!   stop, deadline ────────────────────────▶ then(error), for each that is pending
//! ```
//!
//! Nothing here blocks: names are looked up on other threads, and each wait ends with an event or a
//! timer. So signals and deadlines take effect in every state.

use super::connecting::{
    CONNECTION, ConnectOptions, Connected, Connector, NAME, NEXT_ATTEMPT, looked_up,
};
use super::{Handle, Reactor};
use crate::net::transport::names::{Lookup, Names};
use crate::net::transport::{Error, later};
use mio::Waker;
use mio::net::TcpStream;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Opened = Box<dyn FnOnce(&mut Reactor, Result<TcpStream, Error>)>;
type Resolved = Box<dyn FnOnce(&mut Reactor, Result<Vec<SocketAddr>, Error>)>;

/// The callback of a request.
enum Callback {
    Opened(Opened),
    Resolved(Resolved),
}

impl Callback {
    fn fail(self, reactor: &mut Reactor, error: Error) {
        match self {
            Callback::Opened(then) => then(reactor, Err(error)),
            Callback::Resolved(then) => then(reactor, Err(error)),
        }
    }
}

/// A request that has not begun.
struct Request {
    at: Instant,
    endpoint: String,
    then: Callback,
}

/// The requests that have begun, and what looks up and connects for them.
struct Running {
    names: Names,
    options: ConnectOptions,
    connector: Connector<Opened>,
    lookups: Vec<(Lookup, Instant, Resolved)>,
}

/// The requests of a reactor.
#[derive(Default)]
pub(super) struct Requests {
    waiting: Vec<Request>,
    running: Option<Box<Running>>,
}

/// Calls the callback of a request that has ended.
type Ended = Box<dyn FnOnce(&mut Reactor)>;

impl Running {
    fn new(waker: Arc<Waker>, options: ConnectOptions) -> Running {
        let connector = Connector::new(options);
        Running { names: Names::new(waker), options, connector, lookups: Vec::new() }
    }

    fn begin(&mut self, request: Request, now: Instant) {
        let lookup = self.names.ask_endpoint(&request.endpoint, now);
        match request.then {
            Callback::Opened(then) => self.connector.begin(then, lookup, now),
            Callback::Resolved(then) => {
                let lookup = lookup.only(self.options.family);
                self.lookups.push((lookup, later(now, self.options.name_wait), then));
            }
        }
    }

    fn turn(&mut self, reactor: &mut Reactor, now: Instant) -> Vec<Ended> {
        let mut ended: Vec<Ended> = Vec::new();
        for Connected { what: then, socket, .. } in self.connector.take_connected(reactor, now) {
            ended.push(Box::new(move |reactor| then(reactor, Ok(socket))));
        }
        for (then, error) in self.connector.go_on(reactor, now) {
            ended.push(Box::new(move |reactor| then(reactor, Err(flatten_single(error)))));
        }
        let mut at = 0;
        while let Some((lookup, until, _)) = self.lookups.get(at) {
            let Some(found) = looked_up(lookup, *until, now).transpose() else {
                at += 1;
                continue;
            };
            let (.., then) = self.lookups.swap_remove(at);
            ended.push(Box::new(move |reactor| then(reactor, found)));
        }
        ended
    }

    fn is_idle(&self) -> bool {
        self.connector.is_idle() && self.lookups.is_empty()
    }

    fn deadline(&self) -> Option<Instant> {
        let lookups = self.lookups.iter().map(|(_, until, _)| *until).min();
        self.connector.deadline().into_iter().chain(lookups).min()
    }

    /// Drops all pending requests. Returns the callback of each, and what the request waited for.
    fn abandon(mut self, reactor: &mut Reactor) -> Vec<(Callback, &'static str)> {
        let opening = self.connector.abandon(reactor).into_iter();
        let opening = opening.map(|(then, state)| (Callback::Opened(then), state));
        let lookups = self.lookups.drain(..).map(|(.., then)| (Callback::Resolved(then), NAME));
        opening.chain(lookups).collect()
    }
}

/// If only one address was tried, its error is the error of the request. Several addresses stay
/// listed, each with its error.
fn flatten_single(error: Error) -> Error {
    let Error::Unreachable(attempts) = error else { return error };
    match attempts.into_only() {
        Ok(error) if error.kind() == ErrorKind::TimedOut => {
            Error::TimedOut { state: CONNECTION.into() }
        }
        Ok(error) => Error::Io("connecting", error),
        Err(attempts) => Error::Unreachable(attempts),
    }
}

impl Requests {
    pub(super) fn are_open(&self) -> bool {
        !self.waiting.is_empty() || self.running.as_ref().is_some_and(|running| !running.is_idle())
    }

    /// When the next wait of a request ends.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let running = self.running.as_ref().and_then(|running| running.deadline());
        self.waiting.iter().map(|request| request.at).chain(running).min()
    }

    /// Passes on that an attempt has ended. Returns `outcome` if the attempt belongs to no request.
    pub(super) fn ended(
        &mut self,
        attempt: Handle,
        outcome: io::Result<TcpStream>,
    ) -> Option<io::Result<TcpStream>> {
        match &mut self.running {
            Some(running) if running.connector.has(attempt) => {
                running.connector.ended(attempt, outcome);
                None
            }
            _ => Some(outcome),
        }
    }
}

impl Reactor {
    /// Connects to `HOST:PORT` while the reactor runs, to the first address that answers, and calls
    /// `then` with the socket or an error. A stop, and the deadline of the reactor, end a pending
    /// request with an error.
    ///
    /// ```no_run
    /// use wirewright::daytime::{Client, Limits};
    /// use wirewright::net::connection::{self, NewConnection};
    /// use wirewright::net::reactor::{Reactor, ReactorBuilder};
    /// use wirewright::net::transport::stream::Stream;
    ///
    /// let limits = connection::Limits::default();
    /// let mut reactor = Reactor::new(ReactorBuilder::new()?, 1, limits);
    /// reactor.open("localhost:13", |reactor, socket| match socket {
    ///     Ok(socket) => {
    ///         let client = Client::new(Limits::default());
    ///         let new = NewConnection::new(Stream::plain(socket), client, ());
    ///         if let Err(error) = reactor.add(new) {
    ///             println!("no connection: {error}");
    ///         }
    ///     }
    ///     Err(error) => println!("no connection: {error}"),
    /// });
    /// reactor.run()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn open(
        &mut self,
        endpoint: &str,
        then: impl FnOnce(&mut Reactor, Result<TcpStream, Error>) + 'static,
    ) {
        self.open_after(Duration::ZERO, endpoint, then);
    }

    /// As [`open`](Reactor::open), but begins after a pause.
    pub fn open_after(
        &mut self,
        pause: Duration,
        endpoint: &str,
        then: impl FnOnce(&mut Reactor, Result<TcpStream, Error>) + 'static,
    ) {
        self.request(pause, endpoint, Callback::Opened(Box::new(then)));
    }

    /// Looks up the addresses of `HOST:PORT` while the reactor runs, and calls `then` with at least
    /// one address, or an error.
    pub fn resolve(
        &mut self,
        endpoint: &str,
        then: impl FnOnce(&mut Reactor, Result<Vec<SocketAddr>, Error>) + 'static,
    ) {
        self.request(Duration::ZERO, endpoint, Callback::Resolved(Box::new(then)));
    }

    fn request(&mut self, pause: Duration, endpoint: &str, then: Callback) {
        let (at, endpoint) = (later(Instant::now(), pause), endpoint.to_owned());
        self.requests.waiting.push(Request { at, endpoint, then });
    }

    /// Drops all pending requests without calling their callbacks.
    pub fn abandon_requests(&mut self) {
        self.take_requests();
    }

    /// Takes all pending requests. Returns the callback of each, and what the request waits for.
    fn take_requests(&mut self) -> Vec<(Callback, &'static str)> {
        let waiting = std::mem::take(&mut self.requests.waiting).into_iter();
        let running = self.requests.running.take();
        let running = running.map_or(Vec::new(), |running| running.abandon(self)).into_iter();
        let waiting = waiting.map(|request| (request.then, NEXT_ATTEMPT));
        running.chain(waiting).collect()
    }

    /// Begins the requests that are due, and calls the callbacks of those that have ended.
    pub(super) fn drive_requests(&mut self) {
        if !self.requests.are_open() {
            return;
        }
        if self.was_stopped() {
            return self.give_up_requests(&|| Error::Interrupted);
        }
        let now = Instant::now();
        let mut running = self
            .requests
            .running
            .take()
            .unwrap_or_else(|| Box::new(Running::new(self.waker(), self.connect)));
        let due = self.requests.waiting.extract_if(.., |request| request.at <= now);
        due.for_each(|request| running.begin(request, now));
        let ended = running.turn(self, now);
        self.requests.running = Some(running);
        ended.into_iter().for_each(|then| then(self));
    }

    /// Ends all pending requests with an error.
    pub(super) fn give_up_requests(&mut self, why: &dyn Fn() -> Error) {
        for (then, state) in self.take_requests() {
            let error = match (why(), state) {
                // What the request waited for is more useful than that the whole run took too long.
                (Error::TimedOut { .. }, state) => Error::TimedOut { state: state.into() },
                (error, _) => error,
            };
            then.fail(self, error);
        }
    }
}

#[cfg(test)]
mod tests;
