//! The receiver: counts the datagrams of one run, and decides when the run is over.
//!
//! ```text
//!   datagram ─▶ of this run, but from another address? ─▶ refused
//!            └▶ the receiver ─▶ accepted ─▶ the file
//!   over:  300 ms of silence after the end · 10 s of silence · the span · a signal
//! ```
//!
//! Specification: [`crate::datagram`]. The first datagram fixes the address of the sender. An
//! eavesdropper can learn the identity of the run, so datagrams with that identity from another
//! address are refused.

use super::file::FileAssembly;
use super::{Received, Shared, ns};
use crate::datagram::{Arrival, Datagram, Limits, Receiver};
use crate::net::reactor::DatagramHandler;
use crate::net::transport::Error;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a receiver waits for late datagrams after the end: since the last datagram, and in all.
const QUIET_WAIT: Duration = Duration::from_millis(300);
const QUIET_WAIT_MAX: Duration = Duration::from_secs(3);

/// How long a run may be silent before it counts as over, because all end datagrams may be lost.
const IDLE_WAIT: Duration = Duration::from_secs(10);

pub(super) struct Receiving {
    outcome: Shared<(Received, FileAssembly)>,
    receiver: Receiver,
    /// The file of the run; moved into the outcome.
    file: Option<FileAssembly>,
    from: Option<SocketAddr>,
    began: Instant,
    until: Option<Instant>,
    /// When the last datagram of the run came.
    last: Option<Instant>,
    /// When its end was first received.
    ended: Option<Instant>,
}

impl Receiving {
    pub(super) fn new(
        limits: Limits,
        began: Instant,
        until: Option<Instant>,
        file: FileAssembly,
        outcome: Shared<(Received, FileAssembly)>,
    ) -> Receiving {
        Receiving {
            outcome,
            receiver: Receiver::new(limits),
            file: Some(file),
            from: None,
            began,
            until,
            last: None,
            ended: None,
        }
    }

    /// Whether a datagram has the identity of the run but comes from another address.
    fn is_forged(&self, datagram: &[u8], from: SocketAddr) -> bool {
        let is_elsewhere = self.from.is_some_and(|known| known != from);
        is_elsewhere
            && Datagram::decode(datagram).is_ok_and(|one| Some(one.run) == self.receiver.run())
    }
}

impl DatagramHandler for Receiving {
    fn receive(&mut self, datagram: &[u8], from: SocketAddr, now: Instant, _: &mut Vec<u8>) {
        let arrival = match self.is_forged(datagram, from) {
            true => self.receiver.refuse(),
            false => self.receiver.receive(datagram, ns(now.saturating_duration_since(self.began))),
        };
        match arrival {
            Arrival::Short | Arrival::Foreign | Arrival::OtherRun | Arrival::Implausible => return,
            Arrival::End => _ = self.ended.get_or_insert(now),
            Arrival::Received | Arrival::Reordered | Arrival::Duplicate | Arrival::Late => {}
        }
        self.from.get_or_insert(from);
        self.last = Some(now);
        if let Some(file) = &mut self.file
            && let Err(error) = file.receive(datagram)
        {
            self.give_up(error.into());
        }
    }

    fn compose(&mut self, now: Instant, _out: &mut Vec<u8>) -> bool {
        if self.deadline().is_some_and(|at| now >= at) {
            self.wind_down();
        }
        false
    }

    /// A receiver sends nothing, so an error does not concern its own datagrams.
    fn failed(&mut self, _error: io::Error) {}

    fn deadline(&self) -> Option<Instant> {
        let over = match (self.last, self.ended) {
            (Some(last), Some(ended)) => Some((last + QUIET_WAIT).min(ended + QUIET_WAIT_MAX)),
            (Some(last), None) => Some(last + IDLE_WAIT),
            (None, _) => None,
        };
        self.until.into_iter().chain(over).min()
    }

    fn is_done(&self) -> bool {
        self.outcome.borrow().is_some()
    }

    fn wind_down(&mut self) {
        let Some(file) = self.file.take() else { return };
        let (run, from, report) = (self.receiver.run(), self.from, self.receiver.report());
        let received = Received { run, from, report, file: None };
        self.outcome.borrow_mut().get_or_insert(Ok((received, file)));
    }

    fn give_up(&mut self, why: Error) {
        self.outcome.borrow_mut().get_or_insert(Err(why));
    }
}
