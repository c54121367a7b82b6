//! The loop body: what one connection does when it is woken.
//!
//! ```text
//!          ┌────────────────────────── until nothing moves, or the budget is spent ─┐
//!   socket ─ read ─▶ receive ─▶ (application) ─▶ transmit ─▶ out ─ write ─▶ socket ─┘
//!
//!   Handshake ─▶ Open ─▶ Flushing ─▶ Lingering ─▶ closed
//!                 (last words)   (read away what the peer still says)
//! ```
//!
//! It knows no protocol: a [`Conversation`] is a session together with the application that answers
//! its events. Large reads and writes, the room for payload and the scratch for files belong to the
//! reactor and are lent to whoever is driven; a connection that has nothing to say holds none of
//! them.

mod conversation;
mod shared;
#[cfg(test)]
mod tests;

pub use conversation::{Conversation, Tap, Turn};
pub use shared::{Limits, Shared};

use super::error::Error;
use super::stream::Stream;
use crate::buffer::Buffer;
use crate::session::Wants;
use shared::{ROOM_BYTES, copy, grow};
use std::io::{self, ErrorKind};
use std::time::Instant;

/// A session may gather so much of a message whatever others do, in bytes.
const MEMORY_FREE: usize = 16 << 10;

/// A turn costs as much of the budget as if it had moved so many bytes: a request for a small file
/// takes time at the disk, too, and others are to be looked at in between.
const TURN_COST: usize = 16 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
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
    /// Drive it again when others have had their turn.
    Again,
    /// Wake it also when a job on another thread ends.
    Parked,
    /// It has ended: drop it.
    Closed,
}

/// One connection.
pub struct Connection {
    stream: Stream,
    conversation: Box<dyn Conversation>,
    tap: Option<Box<dyn Tap>>,
    out: Buffer,
    /// Input that the conversation did not take yet.
    leftover: Buffer,
    phase: Phase,
    eof: bool,
    written: u64,
    /// Up to here, counted as `written` is, what was written is progress: payload, and what closes.
    worth: u64,
    stamp: u64,
    since: Instant,
    outcome: Result<(), Error>,
    /// Capacity of `out` and `leftover` that is counted among what all hold.
    counted: usize,
    /// When the reactor's timer for it fires.
    timer: Instant,
}

impl Connection {
    /// A connection at its beginning.
    pub fn new(
        stream: Stream,
        conversation: Box<dyn Conversation>,
        tap: Option<Box<dyn Tap>>,
        now: Instant,
    ) -> Connection {
        let phase = if stream.is_tls() { Phase::Handshake } else { Phase::Open };
        Connection {
            stream,
            conversation,
            tap,
            out: Buffer::default(),
            leftover: Buffer::default(),
            phase,
            eof: false,
            written: 0,
            worth: 0,
            stamp: 0,
            since: now,
            outcome: Ok(()),
            counted: 0,
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
        self.conversation.wind_down();
    }

    /// When it has to be looked at even without an event.
    pub fn deadline(&self, limits: &Limits) -> Instant {
        self.since
            + match self.phase {
                Phase::Handshake => limits.handshake_wait,
                Phase::Open => self.conversation.patience(),
                Phase::Flushing => limits.flush_wait,
                Phase::Lingering { .. } => limits.linger_wait,
            }
    }

    /// The deadline has passed. True if the connection has ended.
    pub fn expire(&mut self, now: Instant) -> bool {
        match self.phase {
            Phase::Open => {
                let state = self.conversation.waits_for();
                self.fail(Error::TimedOut { state }, now);
                false
            }
            Phase::Handshake => {
                self.outcome = Err(Error::TimedOut { state: "the TLS handshake" });
                true
            }
            Phase::Flushing | Phase::Lingering { .. } => true,
        }
    }

    /// Ends the connection with an error of ours; its last words are still to be written.
    pub fn fail(&mut self, error: Error, now: Instant) {
        if matches!(self.phase, Phase::Open) {
            self.conversation.give_up(&error);
        }
        self.enter_flushing(Err(error), now);
    }

    /// Tells the application how it ended. The connection is to be dropped then.
    pub fn close(&mut self, shared: &mut Shared) {
        shared.held -= std::mem::take(&mut self.counted);
        self.remark_outcome();
        let outcome = std::mem::replace(&mut self.outcome, Ok(()));
        self.conversation.closed(outcome);
    }

    /// Does all that can be done now.
    pub fn drive(&mut self, shared: &mut Shared, now: Instant) -> Verdict {
        if self.phase == Phase::Handshake {
            match self.stream.drive() {
                Ok(true) => self.enter_open(now),
                Ok(false) => return Verdict::Wait,
                Err(why) => {
                    self.outcome = Err(Error::Tls(why));
                    return Verdict::Closed;
                }
            }
        }
        self.lend(shared);
        let verdict = self.turns(shared, now);
        self.give_back(shared);
        if self.is_a_burden(shared) {
            let max = shared.limits.memory_bytes_budget as u64;
            let (limit, section) = ("memory_bytes_budget", "house, law 4");
            let error = crate::error::Error::TooLarge { limit, max, offset: 0, section };
            self.fail(error.into(), now);
            return Verdict::Again;
        }
        let written = self.written.min(self.worth) / shared.limits.written_quantum;
        let stamp = self.conversation.progress() + written;
        // The time for last words is one for all of them.
        if stamp != self.stamp && self.phase == Phase::Open {
            (self.stamp, self.since) = (stamp, now);
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
                Phase::Handshake => return Verdict::Wait,
            };
            match did {
                Ok((0, Turn::Done)) => return Verdict::Wait,
                Ok((0, Turn::Parked)) => return Verdict::Parked,
                Ok((_, Turn::Again)) => return Verdict::Again,
                Ok((bytes, _)) if bytes.max(TURN_COST) >= budget => return Verdict::Again,
                Ok((bytes, _)) => budget -= bytes.max(TURN_COST),
                Err(End::Closed) => return Verdict::Closed,
                Err(End::Failed(error)) => self.enter_flushing(Err(error), now),
            }
        }
    }

    /// Receive until nothing more, transmit, write, ask. Gives how many bytes moved.
    fn turn(&mut self, shared: &mut Shared, now: Instant) -> Result<(usize, Turn), End> {
        let read = self.take_input(shared)?;
        grow(&mut shared.scratch, ROOM_BYTES);
        let sending = self.conversation.wants() == Wants::Payload;
        let waiting = self.out.len();
        let turn = self.conversation.transmit(&mut self.out, &mut shared.scratch)?;
        let said = self.out.len() - waiting;
        // A small file goes out in one turn, which then wants no payload before or after.
        let bulk = sending || said as u64 >= shared.limits.written_quantum;
        if bulk || matches!(self.conversation.wants(), Wants::Payload | Wants::Close) {
            self.worth = self.written + self.out.len() as u64;
        }
        if read + said > 0 && self.has_more(shared) {
            return Ok((read + said, turn));
        }
        let bytes = read + self.write_out(shared)?;
        match self.conversation.wants() {
            Wants::Close if self.out.is_empty() => {
                self.enter_flushing(Ok(()), now);
                Ok((1, Turn::Done))
            }
            Wants::Done => Err(End::Closed),
            Wants::Upgrade => Err(End::Failed(Error::Tls("no upgrade is known here".to_owned()))),
            Wants::Read | Wants::Payload | Wants::Close => Ok((bytes, turn)),
        }
    }

    /// Whether more answers are about to follow those in `out`, which is short enough to wait.
    fn has_more(&self, shared: &Shared) -> bool {
        let more = !self.leftover.is_empty() || self.conversation.has_more();
        more && self.out.len() < shared.limits.write_bytes_max / 4
    }

    /// Feeds what was left over, and if all of that was taken what the socket has.
    fn take_input(&mut self, shared: &mut Shared) -> Result<usize, End> {
        grow(&mut shared.room, ROOM_BYTES);
        let held = self.leftover.len();
        let eaten = self.conversation.receive(self.leftover.readable(), &mut shared.room)?;
        self.leftover.consume(eaten);
        if !self.leftover.is_empty() || self.eof || !self.stream.ready().readable.get() {
            return Ok(held - self.leftover.len());
        }
        self.leftover = Buffer::default();
        let bulk = self.conversation.is_receiving();
        let len = shared.read_len(bulk);
        let read = match self.stream.read(&mut shared.input[..len]) {
            Ok(0) => {
                self.eof = true;
                self.conversation.receive_eof()?;
                return Ok(held + 1);
            }
            Ok(read) => read,
            Err(error) if is_not_now(&error) => return Ok(held),
            Err(error) => return Err(End::Failed(Error::Io("reading", error))),
        };
        shared.bulk_read += if bulk { read } else { 0 };
        let input = &shared.input[..read];
        if let Some(tap) = &mut self.tap {
            tap.received(input);
        }
        let eaten = self.conversation.receive(input, &mut shared.room)?;
        self.leftover = copy(&input[eaten..]);
        Ok(held + read)
    }

    fn write_out(&mut self, shared: &mut Shared) -> Result<usize, End> {
        let before = self.written;
        match self.write_some() {
            Ok(()) => Ok((self.written - before) as usize),
            Err(error) => Err(self.write_failed(error, shared)),
        }
    }

    /// Writes until all is written or the socket is full.
    fn write_some(&mut self) -> io::Result<()> {
        while !self.out.is_empty() && self.stream.ready().writable.get() {
            match self.stream.write(self.out.readable()) {
                Ok(count) => {
                    if let Some(tap) = &mut self.tap {
                        tap.sent(&self.out.readable()[..count]);
                    }
                    self.out.consume(count);
                    self.written += count as u64;
                }
                Err(error) if is_not_now(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The peer does not read any more. Why not may stand in what it said before.
    fn write_failed(&mut self, error: io::Error, shared: &mut Shared) -> End {
        self.out.truncate(0);
        for _ in 0..64 {
            match self.take_input(shared) {
                Ok(0) => break,
                Ok(_) => {}
                Err(said @ End::Failed(Error::Session(crate::error::Error::Refused { .. }))) => {
                    return said;
                }
                Err(_) => break,
            }
        }
        End::Failed(Error::Io("writing", error))
    }

    fn enter_open(&mut self, now: Instant) {
        self.phase = Phase::Open;
        self.since = now;
        if let Some(tap) = &mut self.tap {
            tap.remark("TLS is up");
        }
    }

    /// Everything is said, or failed: only what is in `out` and the last words are still written.
    fn enter_flushing(&mut self, outcome: Result<(), Error>, now: Instant) {
        if matches!(self.phase, Phase::Flushing | Phase::Lingering { .. }) {
            return;
        }
        if matches!(outcome, Err(Error::Io(..))) {
            self.out.truncate(0);
        } else {
            self.out.set_limit(self.out.len() + (256 << 10));
            self.conversation.last_words(&mut self.out);
        }
        self.outcome = outcome;
        self.phase = Phase::Flushing;
        self.since = now;
    }

    fn flush(&mut self, now: Instant) -> Result<(usize, Turn), End> {
        self.write_some().map_err(|_| End::Closed)?;
        if !self.out.is_empty() {
            return Ok((0, Turn::Done));
        }
        self.stream.shutdown_write();
        if self.eof {
            return Err(End::Closed);
        }
        self.phase = Phase::Lingering { left: usize::MAX };
        self.since = now;
        Ok((1, Turn::Done))
    }

    /// Reads away what the peer still says, so that our close does not turn into a reset which
    /// destroys what it has not read yet.
    fn linger(&mut self, shared: &mut Shared, left: usize) -> Verdict {
        let mut left = left.min(shared.limits.linger_bytes_max);
        let len = shared.read_len(false);
        while left > 0 {
            match self.stream.read(&mut shared.input[..len]) {
                Ok(0) => return Verdict::Closed,
                Ok(read) => left = left.saturating_sub(read),
                Err(error) if is_not_now(&error) => {
                    self.phase = Phase::Lingering { left };
                    return Verdict::Wait;
                }
                Err(_) => return Verdict::Closed,
            }
        }
        Verdict::Closed
    }

    /// Lends the large output storage to a connection that holds none.
    fn lend(&mut self, shared: &mut Shared) {
        shared.held -= std::mem::take(&mut self.counted);
        let limit = shared.out_limit();
        if self.out.is_empty() && self.out.capacity() == 0 {
            self.out = Buffer::with_storage(std::mem::take(&mut shared.spare), limit);
        } else {
            self.out.set_limit(limit);
        }
    }

    /// Takes it back, whole where all was written. A short rest moves to storage of its own length
    /// once all connections together hold much; before that one in the middle of a file keeps what
    /// it fills again in a moment, and nothing is copied.
    fn give_back(&mut self, shared: &mut Shared) {
        let (len, capacity) = (self.out.len(), self.out.capacity());
        let scarce = shared.held + capacity > shared.limits.out_bytes_budget / 2;
        if len == 0 || (scarce && len < capacity / 4) {
            let rest = copy(self.out.readable());
            let storage = std::mem::replace(&mut self.out, rest).take_storage();
            if storage.capacity() > shared.spare.capacity() {
                shared.spare = storage;
            }
        }
        self.counted = self.out.capacity() + self.leftover.capacity() + self.conversation.memory();
        shared.held += self.counted;
    }

    /// Whether it gathers a long message while all together hold more than they may: who comes last
    /// has to go.
    fn is_a_burden(&self, shared: &Shared) -> bool {
        self.phase == Phase::Open
            && shared.held > shared.limits.memory_bytes_budget
            && self.conversation.memory() > MEMORY_FREE
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
    Failed(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> End {
        End::Failed(error)
    }
}

fn is_not_now(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}
