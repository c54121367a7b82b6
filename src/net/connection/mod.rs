//! The loop body: what one connection does when it is woken.
//!
//! ```text
//!          ┌────────────────────────── until nothing moves, or the budget is spent ─┐
//!   socket ─ read ─▶ receive ─▶ (application) ─▶ transmit ─▶ out ─ write ─▶ socket ─┘
//!
//!   Handshake ─▶ Open ─▶ Flushing ─▶ Lingering ─▶ closed
//!       ▲          │      (last words)   (read away what the peer still says)
//!       └─ upgrade ┘
//! ```
//!
//! It knows no protocol: a driver is a session together with the [`Application`] that answers its
//! events. Large reads and writes, the room for payload and the scratch for files belong to the
//! reactor and are lent to whoever is driven; a connection that has nothing to say holds none of
//! them.

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

/// Makes a tap for each connection, given the address of its peer, and for each UDP socket. A UDP
/// socket that listens has no peer.
pub type TapMaker = Arc<dyn Fn(Option<SocketAddr>) -> Box<dyn Tap> + Send + Sync>;

/// A turn costs as much of the budget as if it had moved so many bytes: a request for a small file
/// takes time at the disk, too, and others are to be looked at in between.
const TURN_COST: usize = 16 << 10;

/// What a connection waits for until TLS is up.
const HANDSHAKE: Wait = Wait::new(WaitKind::Handshake, "the TLS handshake");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    /// Asked to stop during the handshake: nothing can be said to the peer, so the connection
    /// closes at once.
    Stopped,
    Open,
    /// What is in `out` is the last; then our half ends.
    Flushing,
    /// Our half has ended.
    Lingering {
        left: usize,
    },
}

/// What the reactor has to do with a connection after it was driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Wait for an event.
    Wait,
    /// Drive it again when others have had their turn: it has more bytes to move.
    Again,
    /// Drive it again when there is time: it has work that needs no event.
    Later,
    /// Wake it also when a job on another thread ends.
    Parked,
    /// It has ended: drop it.
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
    /// Input that the session did not take yet.
    leftover: Buffer,
    phase: Phase,
    eof: bool,
    /// How many bytes came.
    heard: u64,
    /// The last read took all that had come.
    drained: bool,
    /// How many bytes of `out` the stream took.
    written: u64,
    /// How many of them have left for the kernel; never less than before.
    flushed: u64,
    /// Up to here, counted as `written` is, what has left is progress: payload, and what closes.
    progress_mark: u64,
    progress_seen: u64,
    since: Instant,
    outcome: Result<(), Error>,
    in_kernel: InKernel,
    /// What it holds beyond what every connection costs, as it is counted, in bytes.
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
            heard: 0,
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

    /// When the reactor's timer for it fires; any other one is stale.
    pub fn timer(&self) -> Instant {
        self.timer
    }

    /// Notes when the reactor's timer for it fires.
    pub fn set_timer(&mut self, at: Instant) {
        self.timer = at;
    }

    /// Whether its timer fires too late for `deadline`; notes the new one if so.
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

    /// No new work: end when what runs has ended.
    pub fn wind_down(&mut self) {
        self.driver.wind_down();
        if self.phase == Phase::Handshake {
            self.phase = Phase::Stopped;
            self.outcome = Err(Error::Interrupted);
        }
    }

    /// When it has to be looked at even without an event.
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

    /// When the application wants to be called even without an event.
    pub fn tick_at(&self) -> Option<Instant> {
        if self.phase == Phase::Open { self.driver.tick_at() } else { None }
    }

    /// That time has come.
    pub fn tick(&mut self, now: Instant) {
        self.driver.tick(now);
    }

    /// The deadline has passed. True if the connection has ended.
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

    /// Ends the connection with an error of ours; its last words are still to be written.
    pub fn fail(&mut self, error: Error, now: Instant) {
        let waits_for = self.driver.waits_for();
        let error = match error {
            Error::TimedOut { .. } if self.phase == Phase::Handshake => {
                Error::TimedOut { state: HANDSHAKE }
            }
            // "No bytes at all" is more useful than which timeout ran out.
            Error::TimedOut { .. }
                if self.heard == 0 && waits_for.kind() == WaitKind::FirstWords =>
            {
                Error::TimedOut { state: waits_for }
            }
            error => error,
        };
        if matches!(self.phase, Phase::Open) {
            self.driver.give_up(&error);
        }
        self.enter_flushing(Err(error), now);
    }

    /// Tells the application how it ended. The connection is to be dropped then.
    pub fn close(&mut self, shared: &mut Shared) {
        shared.process.change(std::mem::take(&mut self.held), 0);
        self.leave_kernel(shared);
        self.remark_outcome();
        let outcome = std::mem::replace(&mut self.outcome, Ok(()));
        self.driver.closed(outcome);
    }

    /// Does all that can be done now.
    pub fn drive(&mut self, shared: &mut Shared, now: Instant) -> Verdict {
        self.lend(shared);
        let verdict = self.turns(shared, now);
        self.give_back(shared);
        let written = self.flushed.min(self.progress_mark) / shared.limits.written_quantum;
        let progress = self.driver.progress() + written;
        // The time for last words is one for all of them.
        if progress != self.progress_seen && self.phase == Phase::Open {
            // What was done may have taken long: a file that is written to blocks.
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
                Phase::Handshake => self.shake_hands(now),
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

    /// Receive until nothing more, transmit, write, ask. Gives how many bytes moved.
    fn turn(&mut self, shared: &mut Shared, now: Instant) -> Result<(usize, Turn), End> {
        let read = self.take_input(shared)?;
        self.driver.input_drained(self.is_silent());
        grow(&mut shared.scratch, PAYLOAD_BYTES);
        let sending = self.driver.wants() == Wants::Payload;
        let waiting = self.out.len();
        let turn = self.driver.transmit(&mut self.out, &mut shared.scratch)?;
        let said = self.out.len() - waiting;
        // A small file goes out in one turn, which then wants no payload before or after.
        let bulk = sending || said as u64 >= shared.limits.written_quantum;
        if bulk || matches!(self.driver.wants(), Wants::Payload | Wants::Close) {
            self.progress_mark = self.written + self.out.len() as u64;
        }
        if read + said > 0 && self.has_more(shared) {
            return Ok((read + said, turn));
        }
        let bytes = read + self.write_out(shared)?;
        match self.driver.wants() {
            Wants::Close if self.out.is_empty() => {
                self.enter_flushing(Ok(()), now);
                Ok((1, Turn::Done))
            }
            // What TLS has taken is still to be handed to the kernel.
            Wants::Done if self.out.is_empty() && self.stream.unsent() > 0 => Ok((bytes, turn)),
            Wants::Done => Err(End::Closed),
            Wants::Upgrade if self.out.is_empty() => {
                self.upgrade(now)?;
                Ok((1, Turn::Done))
            }
            Wants::Read | Wants::Payload | Wants::Close | Wants::Upgrade => Ok((bytes, turn)),
        }
    }

    /// Whether more answers are about to follow those in `out`, which is short enough to wait.
    fn has_more(&self, shared: &Shared) -> bool {
        let more = !self.leftover.is_empty() || self.driver.has_more();
        more && self.out.len() < shared.limits.write_bytes_max / 4
    }

    /// Everything is said, or failed: only what is in `out` and the last words are still written.
    fn enter_flushing(&mut self, outcome: Result<(), Error>, now: Instant) {
        if matches!(self.phase, Phase::Flushing | Phase::Lingering { .. } | Phase::Stopped) {
            return;
        }
        let is_silent = self.phase == Phase::Handshake || self.driver.closes_at_once();
        if is_silent || matches!(outcome, Err(Error::Io(..))) {
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

/// Why a turn was the last.
enum End {
    Closed,
    /// There may be last words.
    Failed(Error),
    /// Nothing can be said any more.
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

fn is_not_now(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}
