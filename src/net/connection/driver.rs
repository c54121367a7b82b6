//! The driver: a session and its application behind one interface, which the connection calls.
//!
//! ```text
//!   Connection ─▶ dyn Drive ═ Driver<S, A> ─┬▶ S: Session
//!                                           └▶ A: Application<S>
//! ```

use super::application::{Application, Turn, WindDown};
use crate::buffer::Buffer;
use crate::net::transport::stream::Stream;
use crate::net::transport::tls::NamedTls;
use crate::net::transport::{Error, Spoken};
use crate::session::{Received, Session, Status, Wait, Wants};
use std::io;
use std::time::{Duration, Instant};

/// What a connection calls. Each method is described at [`Session`] or [`Application`].
pub(super) trait Drive {
    /// Consumes as much of `input` as it can now, possibly nothing. The connection offers the rest
    /// again.
    fn receive(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Taken, Error>;
    fn receive_eof(&mut self) -> Result<(), Error>;
    fn receive_abort(&mut self, why: io::Error) -> Result<(), Error>;
    fn input_drained(&mut self, is_drained: bool);
    fn transmit(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Error>;
    /// Appends the final message of a connection that failed.
    fn transmit_last(&mut self, out: &mut Buffer);
    fn wants(&self) -> Wants;
    fn idle_timeout(&self) -> Duration;
    fn progress(&self) -> u64;
    fn tick_at(&self) -> Option<Instant>;
    fn tick(&mut self, now: Instant);
    fn is_receiving(&self) -> bool;
    fn has_more(&self) -> bool;
    fn memory(&self) -> usize;
    fn waits_for(&self) -> Wait;
    fn client_tls(&self) -> Option<NamedTls>;
    fn secured(&mut self, stream: &Stream);
    fn give_up(&mut self, why: &Error);
    fn wind_down(&mut self);
    /// Whether the connection closes without a final message and without waiting for the peer.
    fn closes_at_once(&self) -> bool;
    fn closed(&mut self, outcome: Result<(), Error>);
}

/// How much of its input a driver consumed.
pub(super) struct Taken {
    pub(super) consumed: usize,
    /// The rest is an incomplete message, and is consumed when more input follows it. If false, the
    /// rest is offered again only after the session's output is written.
    pub(super) needs_input: bool,
}

/// A session coupled with its application.
pub(super) struct Driver<S, A> {
    session: S,
    application: A,
    /// At least one byte was received.
    has_input: bool,
    is_tls: bool,
    /// The reactor was asked to stop, and the application chose [`WindDown::Stop`].
    stopped: bool,
}

impl<S: Session, A: Application<S>> Driver<S, A> {
    pub(super) fn new(session: S, application: A) -> Driver<S, A> {
        Driver { session, application, has_input: false, is_tls: false, stopped: false }
    }

    /// Calls the session's `receive` once. Returns how many bytes were consumed, and the status.
    fn step(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<(usize, Status<()>), Failed> {
        let Received { consumed, status } =
            self.session.receive(input, scratch).map_err(Failed::Session)?;
        self.application.on_input(&input[..consumed]).map_err(Failed::Application)?;
        let status = match status {
            Status::Event(event) => {
                self.application.on_event(event).map_err(Failed::Application)?;
                Status::Event(())
            }
            Status::NeedInput => Status::NeedInput,
            Status::NeedDrain => Status::NeedDrain,
        };
        Ok((consumed, status))
    }
}

/// Which half of the driver failed in a step.
enum Failed {
    Session(crate::error::Error),
    Application(Error),
}

impl<S: Session, A: Application<S>> Drive for Driver<S, A> {
    fn receive(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Taken, Error> {
        let is_first = !self.has_input && !input.is_empty();
        self.has_input |= is_first;
        let mut taken = Taken { consumed: 0, needs_input: false };
        while !self.application.is_over() {
            let (consumed, status) = match self.step(&input[taken.consumed..], scratch) {
                Ok(step) => step,
                Err(Failed::Application(error)) => return Err(error),
                Err(Failed::Session(error)) => {
                    self.application.on_refused(&input[taken.consumed..]);
                    let error = match is_first {
                        true => Spoken::judge(error, input, self.application.speaks()),
                        false => error.into(),
                    };
                    self.application.on_error(&mut self.session, error)?;
                    break;
                }
            };
            taken.consumed += consumed;
            match status {
                Status::Event(()) => self.application.after_event(&mut self.session)?,
                Status::NeedInput if consumed > 0 => {}
                Status::NeedInput => {
                    taken.needs_input = true;
                    return Ok(taken);
                }
                Status::NeedDrain => return Ok(taken),
            }
        }
        Ok(Taken { consumed: input.len(), needs_input: true })
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        if self.application.is_over() {
            return Ok(());
        }
        self.application.on_eof(&mut self.session)
    }

    fn receive_abort(&mut self, why: io::Error) -> Result<(), Error> {
        if self.application.is_over() {
            return Ok(());
        }
        self.application.on_abort(&mut self.session, why)
    }

    fn input_drained(&mut self, is_drained: bool) {
        self.application.input_drained(is_drained);
    }

    fn transmit(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Error> {
        if self.stopped {
            return Err(Error::Interrupted);
        }
        if self.application.is_over() {
            return Ok(Turn::Done);
        }
        self.session.transmit(out);
        let turn = self.application.poll(&mut self.session, out, scratch)?;
        self.session.transmit(out);
        Ok(turn)
    }

    fn transmit_last(&mut self, out: &mut Buffer) {
        self.application.release();
        if !self.application.is_over() {
            self.session.transmit(out);
        }
    }

    fn wants(&self) -> Wants {
        match self.application.is_over() {
            // Under TLS close_notify is still to be sent; without TLS nothing is left to be
            // written.
            true if self.is_tls => Wants::Close,
            true => Wants::Done,
            false => self.session.wants(),
        }
    }

    fn idle_timeout(&self) -> Duration {
        self.application.idle_timeout(&self.session)
    }

    fn progress(&self) -> u64 {
        self.session.progress() + self.application.progress()
    }

    fn tick_at(&self) -> Option<Instant> {
        self.application.tick_at()
    }

    fn tick(&mut self, now: Instant) {
        self.application.tick(now);
    }

    fn is_receiving(&self) -> bool {
        self.session.is_receiving()
    }

    fn has_more(&self) -> bool {
        self.application.has_more(&self.session)
    }

    fn memory(&self) -> usize {
        self.session.memory() + self.application.memory()
    }

    fn waits_for(&self) -> Wait {
        match self.has_input {
            true => self.application.waits_for(&self.session),
            false => self.session.waits_for(),
        }
    }

    fn client_tls(&self) -> Option<NamedTls> {
        self.application.client_tls()
    }

    fn secured(&mut self, stream: &Stream) {
        self.is_tls = true;
        self.application.secured(&mut self.session, stream);
    }

    fn give_up(&mut self, why: &Error) {
        self.application.give_up(&mut self.session, why);
    }

    fn wind_down(&mut self) {
        self.stopped |= self.application.wind_down(&mut self.session) == WindDown::Stop;
    }

    fn closes_at_once(&self) -> bool {
        self.stopped
    }

    fn closed(&mut self, outcome: Result<(), Error>) {
        self.application.closed(&mut self.session, outcome);
    }
}
