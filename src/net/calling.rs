//! A call: from the name of a host to a connected socket.
//!
//! Specification: RFC 8305, by [`Dial`].
//!
//! ```text
//!   name ─▶ addresses, two families in turns ─▶ attempts ─▶ the first that is connected
//!                                                  └─▶ none: each address named
//! ```

use super::Error;
use super::dial::{Dial, Limits, Step};
use super::names::Lookup;
use super::reactor::{Handle, Reactor};
use mio::net::TcpStream;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// See the head of this module.
pub(super) struct Call {
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
    pub(super) fn new(lookup: Lookup, now: Instant) -> Call {
        Call { began: now, looked_up: None, stage: Stage::Name(lookup) }
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// How long the name took to be looked up.
    pub(super) fn name_took(&self) -> Option<Duration> {
        self.looked_up.map(|at| at - self.began)
    }

    /// Does what can be done now; says when to come again even if nothing happens.
    ///
    /// # Errors
    /// Nobody is reached: the name has no address, or none of them answers.
    pub(super) fn go_on(
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

    pub(super) fn is_its(&self, attempt: Handle) -> bool {
        match &self.stage {
            Stage::Dial(_, attempts) => attempts.iter().any(|(_, its)| *its == attempt),
            Stage::Name(_) => false,
        }
    }

    /// One of its attempts has ended. Its socket, if it is the first to have one: then the others
    /// are dropped.
    pub(super) fn hear(
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
    pub(super) fn hang_up(self, reactor: &mut Reactor) {
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
        Some(Err(error)) => Err(Error::Io("looking the name up", error)),
        None if now >= began + wait => Err(Error::TimedOut { state: "the name to be looked up" }),
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
