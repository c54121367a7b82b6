//! The connector: from a host name to a connected socket, for every client on the reactor.
//!
//! Specification: RFC 8305, by [`Dial`].
//!
//! ```text
//!   name ─▶ addresses, families alternating ─▶ attempts ─▶ the first that connects
//!    │                                           └─▶ none: each address with its error
//!    └ looked up on another thread
//! ```

use super::{Handle, Reactor};
use crate::net::transport::dial::{Dial, Limits, Step};
use crate::net::transport::endpoint;
use crate::net::transport::names::{Family, Lookup};
use crate::net::transport::{Error, later};
use mio::net::TcpStream;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How connections are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// The address family to use; both by default.
    pub family: Option<Family>,
    /// How long the lookup of a name may take.
    pub name_wait: Duration,
    /// How the addresses of a name are tried.
    pub dial: Limits,
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        let (family, name_wait) = (None, Duration::from_secs(20));
        ConnectOptions { family, name_wait, dial: Limits::default() }
    }
}

impl ConnectOptions {
    /// Sets the address family to use; `None` is both.
    #[must_use]
    pub fn with_family(self, family: impl Into<Option<Family>>) -> ConnectOptions {
        ConnectOptions { family: family.into(), ..self }
    }

    /// Sets how long the lookup of a name may take.
    #[must_use]
    pub fn with_name_wait(self, name_wait: Duration) -> ConnectOptions {
        ConnectOptions { name_wait, ..self }
    }

    /// Sets how the addresses of a name are tried.
    #[must_use]
    pub fn with_dial(self, dial: Limits) -> ConnectOptions {
        ConnectOptions { dial, ..self }
    }

    /// Raises all waits to at least `time`, for a caller that accepts longer waits.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> ConnectOptions {
        let (name_wait, dial) = (self.name_wait.max(time), self.dial.with_waits_of_at_least(time));
        ConnectOptions { name_wait, dial, ..self }
    }
}

/// Connects to several hosts at a time. The caller identifies each connection by a `T`.
pub(crate) struct Connector<T> {
    options: ConnectOptions,
    connecting: Vec<(T, Connecting)>,
    /// Attempts that have ended since the last turn.
    ended: Vec<(Handle, io::Result<TcpStream>)>,
    /// When the next wait of a host ends.
    deadline: Option<Instant>,
}

/// A host that was connected to.
pub(crate) struct Connected<T> {
    pub(crate) what: T,
    pub(crate) socket: TcpStream,
    pub(crate) address: SocketAddr,
    pub(crate) began: Instant,
    /// How long the lookup of the name took.
    pub(crate) name_took: Option<Duration>,
}

impl<T> Connector<T> {
    pub(crate) fn new(options: ConnectOptions) -> Connector<T> {
        let (connecting, ended) = (Vec::new(), Vec::new());
        Connector { options, connecting, ended, deadline: None }
    }

    /// Begins to connect to the host whose name is being looked up.
    pub(crate) fn begin(&mut self, what: T, lookup: Lookup, now: Instant) {
        let stage = Stage::Name(lookup.only(self.options.family));
        self.connecting.push((what, Connecting { began: now, looked_up: None, stage }));
    }

    /// Notes that an attempt has ended. The next [`take_connected`](Connector::take_connected) acts
    /// on it.
    pub(crate) fn ended(&mut self, attempt: Handle, outcome: io::Result<TcpStream>) {
        self.ended.push((attempt, outcome));
    }

    /// Whether an attempt belongs to this connector.
    pub(crate) fn has(&self, attempt: Handle) -> bool {
        self.connecting.iter().any(|(_, host)| host.owns(attempt))
    }

    /// Whether nothing is pending.
    pub(crate) fn is_idle(&self) -> bool {
        self.connecting.is_empty()
    }

    /// When the connector is to be driven, if no attempt ends before.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Acts on the attempts that have ended. Returns the hosts that are connected.
    pub(crate) fn take_connected(
        &mut self,
        reactor: &mut Reactor,
        now: Instant,
    ) -> Vec<Connected<T>> {
        let mut connected = Vec::new();
        for (handle, outcome) in std::mem::take(&mut self.ended) {
            let its = self.connecting.iter().position(|(_, host)| host.owns(handle));
            let Some(at) = its else { continue };
            let host = &mut self.connecting[at].1;
            if let Some((socket, address)) = host.attempt_ended(handle, outcome, reactor, now) {
                let (what, Connecting { began, looked_up, .. }) = self.connecting.swap_remove(at);
                let name_took = looked_up.map(|at| at - began);
                connected.push(Connected { what, socket, address, began, name_took });
            }
        }
        connected
    }

    /// Starts the attempts that are due. Returns the hosts that cannot be reached, each with its
    /// error.
    pub(crate) fn go_on(&mut self, reactor: &mut Reactor, now: Instant) -> Vec<(T, Error)> {
        self.deadline = None;
        let (mut failed, mut at) = (Vec::new(), 0);
        while let Some((_, host)) = self.connecting.get_mut(at) {
            match host.go_on(reactor, &self.options, now) {
                Ok(until) => {
                    self.deadline = Some(self.deadline.map_or(until, |at| at.min(until)));
                    at += 1;
                }
                Err(error) => failed.push((self.connecting.swap_remove(at).0, error)),
            }
        }
        failed
    }

    /// Drops all attempts. Returns for each host its `T` and what it waited for.
    pub(crate) fn abandon(&mut self, reactor: &mut Reactor) -> Vec<(T, &'static str)> {
        self.deadline = None;
        let ended = self.connecting.drain(..).map(|(what, host)| {
            let state = host.waits_for();
            host.abandon(reactor);
            (what, state)
        });
        ended.collect()
    }
}

/// What a lookup waits for.
pub(super) const NAME: &str = "the name to be looked up";

/// What is waited for in a pause before another attempt.
pub(super) const NEXT_ATTEMPT: &str = "the next attempt to connect";

/// What an attempt waits for.
pub(super) const CONNECTION: &str = "the connection";

/// One host that is being connected to.
struct Connecting {
    began: Instant,
    /// When the lookup ended.
    looked_up: Option<Instant>,
    stage: Stage,
}

enum Stage {
    /// The name is being looked up.
    Name(Lookup),
    /// Addresses are tried.
    Dial(Dial, Vec<(SocketAddr, Handle)>),
}

impl Connecting {
    fn waits_for(&self) -> &'static str {
        match self.stage {
            Stage::Name(_) => NAME,
            Stage::Dial(..) => CONNECTION,
        }
    }

    /// Does what can be done now. Returns when to call again if no attempt ends before.
    ///
    /// # Errors
    /// If the name has no address, the lookup takes too long, or no address answers.
    fn go_on(
        &mut self,
        reactor: &mut Reactor,
        options: &ConnectOptions,
        now: Instant,
    ) -> Result<Instant, Error> {
        if let Stage::Name(lookup) = &self.stage {
            let until = later(self.began, options.name_wait);
            let Some(addresses) = looked_up(lookup, until, now)? else { return Ok(until) };
            self.looked_up = Some(now);
            self.stage = Stage::Dial(Dial::new(addresses, &options.dial, now), Vec::new());
        }
        let Stage::Dial(dial, attempts) = &mut self.stage else { return Ok(now) };
        if let Some(until) = try_addresses(dial, attempts, reactor, now) {
            return Ok(until);
        }
        let spent = std::mem::replace(dial, Dial::new(Vec::new(), &options.dial, now));
        Err(Error::Unreachable(spent.into_attempts()))
    }

    fn owns(&self, attempt: Handle) -> bool {
        match &self.stage {
            Stage::Dial(_, attempts) => attempts.iter().any(|(_, its)| *its == attempt),
            Stage::Name(_) => false,
        }
    }

    /// Acts on an attempt that has ended. If it is connected, returns its socket and drops the
    /// other attempts.
    fn attempt_ended(
        &mut self,
        attempt: Handle,
        outcome: io::Result<TcpStream>,
        reactor: &mut Reactor,
        now: Instant,
    ) -> Option<(TcpStream, SocketAddr)> {
        let Stage::Dial(dial, attempts) = &mut self.stage else { return None };
        let which = attempts.iter().position(|(_, its)| *its == attempt)?;
        let (address, _) = attempts.swap_remove(which);
        match outcome {
            Ok(socket) => {
                attempts.drain(..).for_each(|(_, loser)| reactor.abandon(loser));
                Some((socket, address))
            }
            Err(error) => {
                dial.failed(address, error, now);
                None
            }
        }
    }

    fn abandon(self, reactor: &mut Reactor) {
        if let Stage::Dial(_, attempts) = self.stage {
            attempts.into_iter().for_each(|(_, attempt)| reactor.abandon(attempt));
        }
    }
}

/// The result of a lookup, if it has ended.
///
/// # Errors
/// If the lookup failed, or has not ended at `until`.
pub(super) fn looked_up(
    lookup: &Lookup,
    until: Instant,
    now: Instant,
) -> Result<Option<Vec<SocketAddr>>, Error> {
    match lookup.poll() {
        Some(Ok(addresses)) => Ok(Some(addresses)),
        Some(Err(error)) => Err(endpoint::unresolved(error)),
        None if now >= until => Err(Error::TimedOut { state: NAME.into() }),
        None => Ok(None),
    }
}

/// Starts the attempts that are due, and drops those that took too long. Returns when to call
/// again; `None` if no address is left.
fn try_addresses(
    dial: &mut Dial,
    attempts: &mut Vec<(SocketAddr, Handle)>,
    reactor: &mut Reactor,
    now: Instant,
) -> Option<Instant> {
    while let Some(late) = dial.expired(now) {
        let gone = attempts.extract_if(.., |(address, _)| *address == late);
        gone.for_each(|(_, handle)| reactor.abandon(handle));
    }
    loop {
        match dial.next(now) {
            Step::Try(address) => match reactor.connect(address) {
                Ok(handle) => attempts.push((address, handle)),
                Err(error) => dial.failed(address, error, now),
            },
            Step::Wait(until) => return Some(until),
            Step::Failed => return None,
        }
    }
}
