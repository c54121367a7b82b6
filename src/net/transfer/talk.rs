//! The client's side of the framed wire as a conversation: a session and an errand.
//!
//! An [`Errand`] hears the session's events and, when there is time, acts on the session: it asks,
//! it offers payload, it ends. Getting, putting and listing are errands; all else is the same for
//! them.

use crate::buffer::Buffer;
use crate::net::connection::HELLO;
use crate::net::connection::{Conversation, Turn};
use crate::net::transport::{Error, Spoken};
use crate::session::{Session, Wants};
use crate::transfer::client::{Client, Event};
use std::time::{Duration, Instant};

/// How long local files may take without a word to or from the peer.
const BUSY_WAIT: Duration = Duration::from_secs(600);

/// What a client wants of a connection.
pub(crate) trait Errand {
    /// Something happened.
    fn event(&mut self, event: Event<'_>) -> Result<(), Error>;

    /// Does what can be done now.
    fn act(
        &mut self,
        session: &mut Client,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error>;

    /// What is waited for, for people.
    fn waits_for(&self) -> &'static str;

    /// A number that grows with every step of work on local files.
    fn worked(&self) -> u64;

    /// Whether it works on local files, so that the peer's silence means nothing.
    fn is_busy(&self) -> bool;

    /// When [`tick`](Errand::tick) is to be called.
    fn tick_at(&self) -> Option<Instant> {
        None
    }

    /// The time has come, or has passed.
    fn tick(&mut self, now: Instant) {
        let _ = now;
    }

    /// The connection has ended.
    fn closed(&mut self, outcome: Result<(), Error>);
}

/// A client session that runs an errand.
pub(crate) struct Talk<E> {
    session: Client,
    errand: E,
    interrupted: bool,
    /// The server has said something.
    heard: bool,
    /// The server has ended its half: nothing will be answered any more.
    ended: bool,
}

impl<E: Errand> Talk<E> {
    pub(crate) fn new(session: Client, errand: E) -> Talk<E> {
        Talk { session, errand, interrupted: false, heard: false, ended: false }
    }
}

impl<E: Errand> Conversation for Talk<E> {
    fn receive(&mut self, input: &[u8], room: &mut [u8]) -> Result<usize, Error> {
        let mut eaten = 0;
        self.heard |= !input.is_empty();
        loop {
            let received = self.session.receive(&input[eaten..], room)?;
            eaten += received.consumed;
            match received.event {
                None if received.consumed == 0 => return Ok(eaten),
                None => {}
                Some(event) => self.errand.event(event)?,
            }
        }
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        self.ended = true;
        Ok(self.session.receive_eof()?)
    }

    fn transmit(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Error> {
        if self.interrupted {
            return Err(Error::Interrupted);
        }
        let turn = self.errand.act(&mut self.session, out, scratch)?;
        if self.ended && self.session.pending() > 0 {
            // It was asked after the end had come: nobody would ever answer.
            self.session.receive_eof()?;
        }
        self.session.transmit(out);
        Ok(turn)
    }

    fn last_words(&mut self, out: &mut Buffer) {
        self.session.transmit(out);
    }

    fn wants(&self) -> Wants {
        self.session.wants()
    }

    fn patience(&self) -> Duration {
        let patience = self.session.patience();
        if self.errand.is_busy() { patience.max(BUSY_WAIT) } else { patience }
    }

    fn tick_at(&self) -> Option<Instant> {
        self.errand.tick_at()
    }

    fn tick(&mut self, now: Instant) {
        self.errand.tick(now);
    }

    fn progress(&self) -> u64 {
        self.session.progress() + self.errand.worked()
    }

    fn is_receiving(&self) -> bool {
        self.session.is_receiving()
    }

    fn memory(&self) -> usize {
        self.session.capacity()
    }

    fn speaks(&self) -> Option<Spoken> {
        Some(Spoken::Framed)
    }

    fn waits_for(&self) -> &'static str {
        if self.heard { self.errand.waits_for() } else { HELLO }
    }

    fn give_up(&mut self, why: &Error) {
        let code = if matches!(why, Error::TimedOut { .. }) { "timed_out" } else { "io" };
        self.session.abort(code, &why.to_string());
    }

    /// A client that is asked to stop stops at once: what it has is kept for the next run.
    fn wind_down(&mut self) {
        self.interrupted = true;
    }

    fn leaves_at_once(&self) -> bool {
        self.interrupted
    }

    fn closed(&mut self, outcome: Result<(), Error>) {
        self.errand.closed(outcome);
    }
}
