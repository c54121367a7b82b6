//! How a connection ends: an error is reported after all requests before it are answered.
//!
//! Specification: `PROTOCOL.md` §9.
//!
//! ```text
//!   C  get 1, put 2, chunk of 2, list 3, ✗                  S  file 1 … end 1
//!                                        └ the fault           error 2 cancelled
//!   nothing after it is parsed                                 entries 3
//!                                                              error malformed, fatal
//! ```
//!
//! Each request before the fault gets the answer that it would have got without the fault. So the
//! answers do not depend on how far the server was when it read the fault. Only a put cannot
//! continue.

use super::super::form;
use super::super::message::{self, ErrorMessage};
use super::Event;
use super::state::{Active, Core, State};
use crate::error::Error;
use crate::text::PeerText;

impl Core {
    /// Ends the input: `error` ends the connection once all earlier requests are answered.
    pub(super) fn set_fault(&mut self, error: Error) {
        self.fault = Some(Box::new(error));
    }

    /// Whether no more input is parsed.
    fn input_has_ended(&self) -> bool {
        self.fault.is_some() || self.eof
    }

    /// Whether no further request is accepted and none waits.
    pub(super) fn takes_no_more(&self) -> bool {
        (self.eof || self.winds_down) && self.fault.is_none() && self.queue.is_empty()
    }

    /// The next step without input: a put that cannot continue is abandoned, the next request
    /// begins, or at last the fault is reported. `offset` is the length of the stream in bytes.
    ///
    /// # Errors
    /// The error that was stored by [`set_fault`](Core::set_fault).
    pub(super) fn go_on(&mut self, offset: u64) -> Result<Option<Event<'static>>, Error> {
        let put = matches!(self.active, Active::Receiving(_) | Active::Comparing(_));
        if put && self.input_has_ended() {
            self.fault.get_or_insert_with(|| Box::new(cut_off(offset)));
            self.send_error(self.active.id(), "cancelled", "the connection failed");
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

    /// Sends `error` for the request `id`, or for none.
    pub(super) fn send_error(&mut self, id: Option<u64>, code: &str, text: &str) {
        self.write_error(id, code, text, false);
    }

    fn write_error(&mut self, id: Option<u64>, code: &str, text: &str, fatal: bool) {
        let text = form::cut(PeerText::from(text));
        let error = ErrorMessage { id, code: PeerText::from(code), text, fatal };
        // The session stops reading when the outbox is half full. A peer that still fills it does
        // not read, and the timeout ends the connection.
        let _ = message::write(&error, &mut self.outbox);
    }

    pub(super) fn close_with(&mut self, code: &str, text: &str) {
        if !matches!(self.state, State::Closing) {
            self.write_error(None, code, text, true);
            self.state = State::Closing;
        }
    }

    /// Stores the error for every later call, and sends it to the client.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        match &error {
            Error::Refused { code, text } => self.close_with(code.as_raw_str(), text.as_raw_str()),
            Error::Misuse(_) => self.close_with("io", "internal error of the server"),
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

/// The error for a stream that ends within a put.
fn cut_off(offset: u64) -> Error {
    let (expected, section) = ("the end of the file", "PROTOCOL §3.5");
    Error::Incomplete { expected, offset, section }
}
