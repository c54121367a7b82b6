//! One connection: a stream, its driver and its buffers, and what happens when the reactor drives
//! it.
//!
//! ```text
//!          ┌────────────────────────── until nothing moves, or the budget is spent ─┐
//!   socket ─ read ─▶ receive ─▶ (application) ─▶ transmit ─▶ out ─ write ─▶ socket ─┘
//!
//!   Handshake ─▶ Open ─▶ Flushing ─▶ Lingering ─▶ closed
//!       ▲          │    (final message)  (remaining input is read and discarded)
//!       └─ upgrade ┘
//! ```
//!
//! This module knows no protocol: a driver is a session together with the [`Application`] that
//! answers its events. The large buffers for input, output, payload and files belong to the
//! reactor, which lends them to the connection that is being driven. An idle connection holds none
//! of them.

mod application;
mod budget;
mod driver;
mod eviction;
mod input;
mod kernel;
mod limits;
mod output;
mod secure;
mod shared;
#[cfg(test)]
mod tests;

pub use application::{Application, Tap, Turn, WindDown};
pub(super) use budget::Memory;
pub use limits::Limits;
pub use shared::Shared;

use super::transport::stream::Stream;
use super::transport::tls::Fault;
use super::transport::{Error, later};
use crate::buffer::Buffer;
use crate::session::{Session, Wait, WaitKind, Wants};
use driver::{Drive, Driver};
use kernel::InKernel;
use shared::{PAYLOAD_BYTES, grow};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Makes a tap for each connection and for each UDP socket. The argument is the address of the
/// peer; `None` for a UDP socket that listens.
pub type TapMaker = Arc<dyn Fn(Option<SocketAddr>) -> Box<dyn Tap> + Send + Sync>;

/// The least that a turn costs of the wake budget, in bytes: a request for a small file moves few
/// bytes but takes time at the disk, and other connections must be driven in between.
const TURN_COST: usize = 16 << 10;

/// What a connection waits for until TLS is established.
const HANDSHAKE: Wait = Wait::new(WaitKind::Handshake, "the TLS handshake");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    /// Asked to stop during the handshake: no message can be sent yet, so the connection closes at
    /// once.
    Stopped,
    Open,
    /// `out` holds the final message. When it is written, the sending half is shut down.
    Flushing,
    /// The sending half is shut down; input is read and discarded.
    Lingering {
        /// How many more bytes are discarded before the connection closes.
        left: usize,
    },
}

/// What the reactor has to do with a connection after it was driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Wait for an event.
    Wait,
    /// Drive it again after the other connections: it has more bytes to move.
    Again,
    /// Drive it again after all connections with events: it has work that needs no event.
    Later,
    /// Wait for an event, or until a job on another thread ends.
    Parked,
    /// The connection has ended: drop it.
    Closed,
}

/// What a connection is made of: a stream, a session and its application.
pub struct NewConnection {
    stream: Stream,
    driver: Box<dyn Drive>,
    tap: Option<Box<dyn Tap>>,
}

impl NewConnection {
    /// The application answers the events of the session; `()` is an application that ignores
    /// them.
    pub fn new<S, A>(stream: Stream, session: S, application: A) -> NewConnection
    where
        S: Session + 'static,
        A: Application<S> + 'static,
    {
        NewConnection { stream, driver: Box::new(Driver::new(session, application)), tap: None }
    }

    /// Shows the bytes of the connection to a tap.
    pub fn with_tap(self, tap: Option<Box<dyn Tap>>) -> NewConnection {
        NewConnection { tap, ..self }
    }
}

/// One connection.
pub struct Connection {
    stream: Stream,
    driver: Box<dyn Drive>,
    tap: Option<Box<dyn Tap>>,
    out: Buffer,
    /// Input that the session has not consumed yet.
    leftover: Buffer,
    phase: Phase,
    eof: bool,
    /// How many bytes were received.
    received: u64,
    /// The last read emptied the socket's receive buffer.
    drained: bool,
    /// How many bytes of `out` the stream has accepted.
    written: u64,
    /// How many of these the kernel has accepted. Never decreases.
    flushed: u64,
    /// The end of the output that counts as progress, as a value of `written`: payload and final
    /// messages count, other messages do not.
    progress_mark: u64,
    progress_seen: u64,
    /// When the phase began or the last progress was made: the start of the current wait.
    since: Instant,
    outcome: Result<(), Error>,
    in_kernel: InKernel,
    /// Memory that is accounted for this connection beyond [`budget::CONNECTION_BYTES`], in bytes.
    held: usize,
    /// When the reactor's timer for it fires.
    timer: Instant,
}

impl Connection {
    /// A connection at its beginning.
    pub(super) fn new(new: NewConnection, now: Instant) -> Connection {
        let NewConnection { stream, driver, tap } = new;
        let phase = if stream.is_tls() { Phase::Handshake } else { Phase::Open };
        Connection {
            stream,
            driver,
            tap,
            out: Buffer::default(),
            leftover: Buffer::default(),
            phase,
            eof: false,
            received: 0,
            drained: false,
            written: 0,
            flushed: 0,
            progress_mark: 0,
            progress_seen: 0,
            since: now,
            outcome: Ok(()),
            in_kernel: InKernel::default(),
            held: 0,
            timer: now,
        }
    }

    /// When the reactor's timer for this connection fires. A timer with another instant is stale.
    pub fn timer(&self) -> Instant {
        self.timer
    }

    /// Sets when the reactor's timer for this connection fires.
    pub fn set_timer(&mut self, at: Instant) {
        self.timer = at;
    }

    /// Whether the timer fires after `deadline`. If so, `deadline` becomes the timer.
    pub fn timer_is_later_than(&mut self, deadline: Instant) -> bool {
        let later = self.timer > deadline;
        if later {
            self.timer = deadline;
        }
        later
    }

    /// The stream, for registration and readiness.
    pub fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Begins no new work; ends when the work in progress has ended.
    pub fn wind_down(&mut self) {
        self.driver.wind_down();
        if self.phase == Phase::Handshake {
            self.phase = Phase::Stopped;
            self.outcome = Err(Error::Interrupted);
        }
    }

    /// When the current wait ends, if no progress is made before.
    pub fn deadline(&self, limits: &Limits) -> Instant {
        let wait = match self.phase {
            Phase::Handshake => limits.handshake_wait,
            Phase::Open => self.driver.idle_timeout(),
            Phase::Flushing => limits.flush_wait,
            Phase::Stopped => Duration::ZERO,
            Phase::Lingering { .. } => limits.linger_wait,
        };
        later(self.since, wait)
    }

    /// When [`Application::tick`] is to be called.
    pub fn tick_at(&self) -> Option<Instant> {
        if self.phase == Phase::Open { self.driver.tick_at() } else { None }
    }

    /// Calls [`Application::tick`].
    pub fn tick(&mut self, now: Instant) {
        self.driver.tick(now);
    }

    /// Called when the deadline has passed. True if the connection has ended.
    pub fn expire(&mut self, now: Instant, limits: &Limits) -> bool {
        let is_slow = self.phase == Phase::Open && self.has_read_slowly(limits.written_quantum);
        if is_slow || self.stream.ready().share.is_starved() {
            self.since = now;
            return false;
        }
        match self.phase {
            Phase::Open => {
                let state = self.driver.waits_for();
                self.fail(Error::TimedOut { state }, now);
                false
            }
            Phase::Handshake => {
                self.outcome = Err(Error::TimedOut { state: HANDSHAKE });
                true
            }
            Phase::Flushing | Phase::Lingering { .. } | Phase::Stopped => true,
        }
    }

    /// Ends the connection with an error of this side. The final message is still to be written.
    pub fn fail(&mut self, error: Error, now: Instant) {
        let waits_for = self.driver.waits_for();
        let error = match error {
            Error::TimedOut { .. } if self.phase == Phase::Handshake => {
                Error::TimedOut { state: HANDSHAKE }
            }
            // The step that was waited for is more useful than that everything took too long.
            Error::TimedOut { .. } => Error::TimedOut { state: waits_for },
            error => error,
        };
        if matches!(self.phase, Phase::Open) {
            self.driver.give_up(&error);
        }
        self.enter_flushing(Err(error), now);
    }

    /// Passes the outcome to the application. The caller then drops the connection.
    pub fn close(&mut self, shared: &mut Shared) {
        shared.process.change(std::mem::take(&mut self.held), 0);
        self.leave_kernel(shared);
        self.remark_outcome();
        let outcome = std::mem::replace(&mut self.outcome, Ok(()));
        self.driver.closed(outcome);
    }

    /// Reads, answers and writes until nothing moves or the wake budget is spent.
    pub fn drive(&mut self, shared: &mut Shared, now: Instant) -> Verdict {
        self.lend(shared);
        let verdict = self.turns(shared, now);
        self.give_back(shared);
        let written = self.flushed.min(self.progress_mark) / shared.limits.written_quantum;
        let progress = self.driver.progress() + written;
        // `flush_wait` bounds the whole final message, so progress does not extend it.
        if progress != self.progress_seen && self.phase == Phase::Open {
            // The turn may have taken long, because writing a file blocks: take the time again.
            (self.progress_seen, self.since) = (progress, now.max(Instant::now()));
        }
        // A connection that our own rate limit holds back does not time out.
        if self.stream.ready().share.is_starved() {
            self.since = now.max(Instant::now());
        }
        verdict
    }

    fn turns(&mut self, shared: &mut Shared, now: Instant) -> Verdict {
        let mut budget = shared.wake_budget();
        loop {
            let did = match self.phase {
                Phase::Open => self.turn(shared, now),
                Phase::Flushing => self.flush(now),
                Phase::Lingering { left } => return self.linger(shared, left),
                Phase::Handshake => self.drive_handshake(now),
                Phase::Stopped => return Verdict::Closed,
            };
            match did {
                Ok((0, Turn::Done)) => return Verdict::Wait,
                Ok((0, Turn::Parked)) => return Verdict::Parked,
                Ok((_, Turn::Again)) => return Verdict::Later,
                Ok((bytes, _)) if bytes.max(TURN_COST) >= budget => return Verdict::Again,
                Ok((bytes, _)) => budget -= bytes.max(TURN_COST),
                Err(End::Closed) => return Verdict::Closed,
                Err(End::Failed(error)) => self.enter_flushing(Err(error), now),
                Err(End::Broken(error)) => {
                    self.outcome = Err(error);
                    return Verdict::Closed;
                }
            }
        }
    }

    /// One turn: consumes input, transmits, writes, and acts on what the driver wants. Returns how
    /// many bytes moved.
    fn turn(&mut self, shared: &mut Shared, now: Instant) -> Result<(usize, Turn), End> {
        let read = self.take_input(shared)?;
        self.driver.input_drained(self.is_drained());
        grow(&mut shared.scratch, PAYLOAD_BYTES);
        let sending = self.driver.wants() == Wants::Payload;
        let waiting = self.out.len();
        let turn = self.driver.transmit(&mut self.out, &mut shared.scratch)?;
        let produced = self.out.len() - waiting;
        // A small file is sent within one turn: the session wants no payload before or after it.
        let bulk = sending || produced as u64 >= shared.limits.written_quantum;
        if bulk || matches!(self.driver.wants(), Wants::Payload | Wants::Close) {
            self.progress_mark = self.written + self.out.len() as u64;
        }
        if read + produced > 0 && self.has_more(shared) {
            return Ok((read + produced, turn));
        }
        let bytes = read + self.write_out(shared)?;
        match self.driver.wants() {
            Wants::Close if self.out.is_empty() => {
                self.enter_flushing(Ok(()), now);
                Ok((1, Turn::Done))
            }
            // Records of the TLS library are still to be written to the socket.
            Wants::Done if self.out.is_empty() && self.stream.unsent() > 0 => Ok((bytes, turn)),
            Wants::Done => Err(End::Closed),
            Wants::Upgrade if self.out.is_empty() => {
                self.upgrade(now)?;
                Ok((1, Turn::Done))
            }
            Wants::Read | Wants::Payload | Wants::Close | Wants::Upgrade => Ok((bytes, turn)),
        }
    }

    /// Whether the output is held back, to be written together with answers that follow at once.
    fn has_more(&self, shared: &Shared) -> bool {
        let more = !self.leftover.is_empty() || self.driver.has_more();
        more && self.out.len() < shared.limits.write_bytes_max / 4
    }

    /// The conversation is over, with or without success: only `out` and the final message are
    /// still written.
    fn enter_flushing(&mut self, outcome: Result<(), Error>, now: Instant) {
        if matches!(self.phase, Phase::Flushing | Phase::Lingering { .. } | Phase::Stopped) {
            return;
        }
        let no_message = self.phase == Phase::Handshake || self.driver.closes_at_once();
        if no_message || matches!(outcome, Err(Error::Io(..))) {
            self.out.truncate(0);
        } else {
            self.out.set_limit(self.out.len() + (256 << 10));
            self.driver.transmit_last(&mut self.out);
        }
        self.outcome = outcome;
        self.phase = Phase::Flushing;
        self.since = now;
        self.stream.ready().share.lift();
    }

    fn remark_outcome(&mut self) {
        if let Some(tap) = &mut self.tap {
            match &self.outcome {
                Ok(()) => tap.remark("closed"),
                Err(error) => tap.remark(&format!("failed: {error}")),
            }
        }
    }
}

/// Why a turn was the last one of a connection.
enum End {
    Closed,
    /// The final message can still be sent.
    Failed(Error),
    /// Nothing can be sent any more.
    Broken(Error),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> End {
        End::Failed(fault.into())
    }
}

impl From<Error> for End {
    fn from(error: Error) -> End {
        End::Failed(error)
    }
}

fn is_would_block(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}
