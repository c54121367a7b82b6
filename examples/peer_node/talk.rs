//! A session and its application as the reactor sees them: written once, for every protocol.
//!
//! What to look at: each question of the reactor is handed on to the session, and nothing here
//! knows which side of which protocol that is.

use std::time::Duration;
use wirewright::buffer::Buffer;
use wirewright::net::Error;
use wirewright::net::connection::{Conversation, Turn};
use wirewright::session::{Session, Wants};

/// What an application does about the events of a session, and what it has to say.
pub trait Application<S> {
    /// Takes events until the session has no more, and says how many bytes were eaten.
    fn hear(&mut self, session: &mut S, input: &[u8], room: &mut [u8]) -> Result<usize, Error>;

    /// Offers what the session wants; `scratch` is lent for reading files.
    fn say(&mut self, session: &mut S, out: &mut Buffer, scratch: &mut [u8]) -> Result<(), Error>;

    /// The connection has ended.
    fn closed(&mut self, outcome: Result<(), Error>);
}

/// Both of them.
pub struct Talk<S, A> {
    pub session: S,
    pub application: A,
}

impl<S: Session, A: Application<S>> Conversation for Talk<S, A> {
    fn receive(&mut self, input: &[u8], room: &mut [u8]) -> Result<usize, Error> {
        self.application.hear(&mut self.session, input, room)
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        Ok(self.session.receive_eof()?)
    }

    fn transmit(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Error> {
        self.session.transmit(out);
        self.application.say(&mut self.session, out, scratch)?;
        self.session.transmit(out);
        Ok(Turn::Done)
    }

    fn last_words(&mut self, out: &mut Buffer) {
        self.session.transmit(out);
    }

    fn wants(&self) -> Wants {
        self.session.wants()
    }

    fn patience(&self) -> Duration {
        self.session.patience()
    }

    fn progress(&self) -> u64 {
        self.session.progress()
    }

    fn memory(&self) -> usize {
        0
    }

    fn waits_for(&self) -> &'static str {
        "the peer"
    }

    fn closed(&mut self, outcome: Result<(), Error>) {
        self.application.closed(outcome);
    }
}
