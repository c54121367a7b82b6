//! A call: from the name of a host to a connected socket; and all calls of an engine.
//!
//! Specification: RFC 8305, by [`Dial`].
//!
//! ```text
//!   name ─▶ addresses, two families in turns ─▶ attempts ─▶ the first that is connected
//!                                                  └─▶ none: each address named
//! ```

use super::{Handle, Reactor};
use crate::net::transport::Error;
use crate::net::transport::dial::{Dial, Limits, Step};
use crate::net::transport::endpoint;
use crate::net::transport::names::Lookup;
use mio::net::TcpStream;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The calls of an engine, each for something of its own.
pub(crate) struct Calls<T> {
    calls: Vec<(T, Call)>,
    /// Attempts that have ended since the last turn.
    ended: Vec<(Handle, io::Result<TcpStream>)>,
    /// When a call has to be looked at.
    deadline: Option<Instant>,
}

/// A call that has come about.
pub(crate) struct Answered<T> {
    pub(crate) what: T,
    pub(crate) socket: TcpStream,
    pub(crate) address: SocketAddr,
    pub(crate) began: Instant,
    /// How long the name took to be looked up.
    pub(crate) name_took: Option<Duration>,
}

impl<T> Calls<T> {
    pub(crate) fn new() -> Calls<T> {
        Calls { calls: Vec::new(), ended: Vec::new(), deadline: None }
    }

    pub(crate) fn begin(&mut self, what: T, lookup: Lookup, now: Instant) {
        let stage = Stage::Name(lookup);
        self.calls.push((what, Call { began: now, looked_up: None, stage }));
    }

    /// An attempt has ended; it is heard with the next turn.
    pub(crate) fn ended(&mut self, attempt: Handle, outcome: io::Result<TcpStream>) {
        self.ended.push((attempt, outcome));
    }

    /// When one of them has to be looked at even if nothing happens.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Hears what attempts have ended with; gives the calls that have come about.
    pub(crate) fn hear(&mut self, reactor: &mut Reactor, now: Instant) -> Vec<Answered<T>> {
        let mut answered = Vec::new();
        for (handle, outcome) in std::mem::take(&mut self.ended) {
            let its = self.calls.iter().position(|(_, call)| call.is_its(handle));
            let Some(at) = its else { continue };
            if let Some((socket, address)) = self.calls[at].1.hear(handle, outcome, reactor, now) {
                let (what, Call { began, looked_up, .. }) = self.calls.swap_remove(at);
                let name_took = looked_up.map(|at| at - began);
                answered.push(Answered { what, socket, address, began, name_took });
            }
        }
        answered
    }

    /// Goes on with all of them; gives those that have come to nothing, and why.
    pub(crate) fn go_on(
        &mut self,
        reactor: &mut Reactor,
        limits: &Limits,
        name_wait: Duration,
        now: Instant,
    ) -> Vec<(T, Error)> {
        self.deadline = None;
        let (mut failed, mut at) = (Vec::new(), 0);
        while let Some((_, call)) = self.calls.get_mut(at) {
            match call.go_on(reactor, limits, name_wait, now) {
                Ok(until) => {
                    self.deadline = Some(self.deadline.map_or(until, |at| at.min(until)));
                    at += 1;
                }
                Err(error) => failed.push((self.calls.swap_remove(at).0, error)),
            }
        }
        failed
    }

    /// Nobody waits for them any more; gives what they were for.
    pub(crate) fn hang_up(&mut self, reactor: &mut Reactor) -> Vec<T> {
        let ended = self.calls.drain(..).map(|(what, call)| {
            call.hang_up(reactor);
            what
        });
        ended.collect()
    }
}

/// One of them.
struct Call {
    began: Instant,
    /// When the addresses were known.
    looked_up: Option<Instant>,
    stage: Stage,
}

enum Stage {
    /// The name is being looked up.
    Name(Lookup),
    /// Addresses are tried.
    Dial(Dial, Vec<(SocketAddr, Handle)>),
}

impl Call {
    /// Does what can be done now; says when to come again even if nothing happens.
    ///
    /// # Errors
    /// Nobody is reached: the name has no address, or none of them answers.
    fn go_on(
        &mut self,
        reactor: &mut Reactor,
        limits: &Limits,
        name_wait: Duration,
        now: Instant,
    ) -> Result<Instant, Error> {
        if let Stage::Name(lookup) = &self.stage {
            let Some(addresses) = looked_up(lookup, self.began, name_wait, now)? else {
                return Ok(self.began + name_wait);
            };
            self.looked_up = Some(now);
            self.stage = Stage::Dial(Dial::new(addresses, limits, now), Vec::new());
        }
        let Stage::Dial(dial, attempts) = &mut self.stage else { return Ok(now) };
        if let Some(until) = try_addresses(dial, attempts, reactor, now) {
            return Ok(until);
        }
        let spent = std::mem::replace(dial, Dial::new(Vec::new(), limits, now));
        Err(Error::Unreachable(spent.into_attempts()))
    }

    fn is_its(&self, attempt: Handle) -> bool {
        match &self.stage {
            Stage::Dial(_, attempts) => attempts.iter().any(|(_, its)| *its == attempt),
            Stage::Name(_) => false,
        }
    }

    /// One of its attempts has ended. Its socket, if it is the first to have one: then the others
    /// are dropped.
    fn hear(
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

    /// Nobody waits for it any more.
    fn hang_up(self, reactor: &mut Reactor) {
        if let Stage::Dial(_, attempts) = self.stage {
            attempts.into_iter().for_each(|(_, attempt)| reactor.abandon(attempt));
        }
    }
}

/// The addresses, once there are some.
fn looked_up(
    lookup: &Lookup,
    began: Instant,
    wait: Duration,
    now: Instant,
) -> Result<Option<Vec<SocketAddr>>, Error> {
    match lookup.poll() {
        Some(Ok(addresses)) => Ok(Some(addresses)),
        Some(Err(error)) => Err(endpoint::unresolved(error)),
        None if now >= began + wait => {
            Err(Error::TimedOut { state: "the name to be looked up".into() })
        }
        None => Ok(None),
    }
}

/// Begins what attempts are due, and drops those that have taken too long. `None` where no address
/// is left.
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
