//! How a connection ends: what broke a rule is told after all that was asked before it is answered.
//!
//! Specification: `PROTOCOL.md` §9.
//!
//! ```text
//!   C  get 1, put 2, chunk of 2, list 3, ✗                  S  file 1 … end 1
//!                                        └ the fault           error 2 cancelled
//!   nothing behind it is heard                                 entries 3
//!                                                              error malformed, fatal
//! ```
//!
//! The answers are those that each request would have got without the fault, so they do not depend
//! on how far the server was when it read the fault. Only a put cannot be carried on.

use super::super::form;
use super::super::message::{self, ErrorMessage};
use super::Event;
use super::state::{Active, Core, State};
use crate::error::Error;
use crate::text::PeerText;

impl Core {
    /// Nothing more is heard: `error` ends the connection once all that came before is answered.
    pub(super) fn doom(&mut self, error: Error) {
        self.fault = Some(Box::new(error));
    }

    /// Whether nothing more can come from the client.
    fn is_deaf(&self) -> bool {
        self.fault.is_some() || self.eof
    }

    /// Whether no further request will be taken, and all that came have had their turn.
    pub(super) fn is_through(&self) -> bool {
        (self.eof || self.winds_down) && self.fault.is_none() && self.queue.is_empty()
    }

    /// What happens without input: a put that cannot go on is given up, the next request has its
    /// turn, and at last the fault is told.
    ///
    /// # Errors
    /// The fault.
    pub(super) fn go_on(&mut self, heard: u64) -> Result<Option<Event<'static>>, Error> {
        let put = matches!(self.active, Active::Receiving(_) | Active::Comparing(_));
        if put && self.is_deaf() {
            self.fault.get_or_insert_with(|| Box::new(cut_off(heard)));
            self.say_error(self.active.id(), "cancelled", "the connection failed");
            self.become_idle();
            return Ok(Some(Event::Abandoned { forget: false, code: None }));
        }
        if let Some(event) = self.next_request() {
            return Ok(Some(event));
        }
        let idle = matches!(self.active, Active::Idle) && self.queue.is_empty();
        match self.fault.take_if(|_| idle) {
            Some(fault) => Err(self.fail(*fault)),
            None => Ok(None),
        }
    }

    /// Says that the request `id`, or what belonged to none, went wrong.
    pub(super) fn say_error(&mut self, id: Option<u64>, code: &str, text: &str) {
        self.write_error(id, code, text, false);
    }

    fn write_error(&mut self, id: Option<u64>, code: &str, text: &str, fatal: bool) {
        let text = form::cut(PeerText::from(text));
        let error = ErrorMessage { id, code: PeerText::from(code), text, fatal };
        // The outbox is drained before it is half full; a peer that fills it all the same is not
        // reading, and the wait for it to read will end the connection.
        let _ = message::write(&error, &mut self.outbox);
    }

    pub(super) fn close_with(&mut self, code: &str, text: &str) {
        if !matches!(self.state, State::Closing) {
            self.write_error(None, code, text, true);
            self.state = State::Closing;
        }
    }

    /// Remembers an error for ever and leaves its words for the peer.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        match &error {
            Error::Refused { code, text } => self.close_with(code.as_raw_str(), text.as_raw_str()),
            Error::Misuse(_) => self.close_with("io", "the server made a mistake"),
            Error::Incomplete { .. } => {}
            Error::Malformed { .. } | Error::TooLarge { .. } | Error::Unexpected { .. } => {
                self.close_with(error.kind(), &error.to_string());
            }
        }
        self.state = State::Closing;
        self.failed = Some(Box::new(error.clone()));
        error
    }
}

/// The stream ended in the middle of a put.
fn cut_off(offset: u64) -> Error {
    let (expected, section) = ("the end of the file", "PROTOCOL §3.5");
    Error::Incomplete { expected, offset, section }
}
