//! One end of the link: a session, its application, and the bytes on both sides of it.

use super::choices::Choices;
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::session::{Received, Session, Status, Wants};

/// What a session is asked and told by.
pub trait App {
    type Session: Session;

    /// Takes an event; what follows from it is done in [`act`](App::act).
    fn event(&mut self, event: <Self::Session as Session>::Event<'_>);

    /// Does what is to be done now.
    fn act(&mut self, session: &mut Self::Session, choices: &mut Choices<'_>);

    /// Offers payload once.
    fn offer(&mut self, session: &mut Self::Session, out: &mut Buffer, choices: &mut Choices<'_>);
}

/// One end.
pub struct End<A: App> {
    pub session: A::Session,
    pub app: A,
    pub input: Vec<u8>,
    pub out: Buffer,
    scratch: Vec<u8>,
}

impl<A: App> End<A> {
    pub fn new(session: A::Session, app: A, out: usize, scratch: usize) -> End<A> {
        let out = Buffer::with_limit(out);
        End { session, app, input: Vec::new(), out, scratch: vec![0; scratch] }
    }

    /// The loop law: receive until nothing more, act, offer, transmit. Between honest peers there
    /// is no error.
    pub fn turn(&mut self, choices: &mut Choices<'_>) {
        let progress = self.session.progress();
        let mut at = 0;
        loop {
            let received = self.session.receive(&self.input[at..], &mut self.scratch);
            let received = received.expect("honest peers");
            let consumed = received.consumed;
            let event = received.into_event();
            at += consumed;
            let told = event.map(|event| self.app.event(event));
            let quiet = consumed == 0 && told.is_none();
            self.app.act(&mut self.session, choices);
            if quiet {
                break;
            }
        }
        self.input.drain(..at);
        self.session.transmit(&mut self.out);
        while self.session.wants() == Wants::Payload {
            let before = self.out.len();
            self.app.offer(&mut self.session, &mut self.out, choices);
            if self.out.len() == before {
                break;
            }
        }
        self.session.transmit(&mut self.out);
        assert!(self.out.len() <= self.out.limit());
        assert!(self.session.progress() >= progress, "progress never goes back");
        assert!(self.session.idle_timeout().as_secs() > 0);
    }

    /// The other end has closed: an end, or something is missing, which it says for ever. Requests
    /// that were made before may still have to be answered.
    pub fn eof(&mut self) -> Result<(), Error> {
        let mut ended = self.session.receive_eof();
        while ended.is_ok() {
            match self.session.receive(b"", &mut self.scratch) {
                Ok(Received { status: Status::Event(event), .. }) => self.app.event(event),
                Ok(_) => break,
                Err(error) => ended = Err(error),
            }
        }
        if let Err(error) = &ended {
            assert!(matches!(error, Error::Incomplete { .. }), "{error}");
            let again = self.session.receive(b"", &mut self.scratch).err();
            assert_eq!(again.as_ref(), Some(error), "errors stay");
            assert_eq!(self.session.wants(), Wants::Close);
        }
        ended
    }
}

/// Moves up to `count` bytes over the link.
pub fn deliver(out: &mut Buffer, input: &mut Vec<u8>, count: usize) {
    let count = count.min(out.len());
    input.extend_from_slice(&out.readable()[..count]);
    out.consume(count);
}
