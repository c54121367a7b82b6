//! The file that a put sends: its chunks, its end, and the result.
//!
//! Specification: `PROTOCOL.md` §5 to §7.

use super::super::code::Code;
use super::super::form;
use super::super::message::{Chunk, End};
use super::super::place::Place;
use super::super::receiver::{Mismatch, Receiver};
use super::Event;
use super::state::{Active, Core, State, unauthorized, unexpected};
use crate::digest::DigestKind;
use crate::error::Error;
use crate::text::PeerText;

impl Core {
    pub(super) fn chunk_start(&mut self, chunk: &Chunk, at: Place<'_>) -> Result<(), Error> {
        form::check_id(chunk.id, at)?;
        match (&self.state, &mut self.active) {
            (State::Auth, _) => Err(unauthorized("this server requires a token")),
            (State::Hello | State::Closing, _) => Err(unexpected(at.start())),
            (State::Ready, Active::Receiving(receiver) | Active::Comparing(receiver))
                if receiver.id() == chunk.id =>
            {
                receiver.chunk_start(chunk, at)
            }
            (State::Ready, _) => self.out_of_turn(chunk.id, at),
        }
    }

    /// Whether the payload of the current chunk is used.
    pub(super) fn takes_payload(&self) -> bool {
        matches!(&self.active, Active::Receiving(receiver) if receiver.is_open())
    }

    /// Payload of the running put; the payload of a put that was refused is dropped.
    pub(super) fn payload<'a>(
        &mut self,
        bytes: &'a [u8],
        at: Place<'_>,
    ) -> Result<Option<Event<'a>>, Error> {
        let Active::Receiving(receiver) = &mut self.active else { return Ok(None) };
        if !receiver.is_open() {
            return Ok(None);
        }
        let offset = receiver.payload(bytes, at)?;
        self.payload += bytes.len() as u64;
        Ok(Some(Event::Payload { offset, bytes }))
    }

    pub(super) fn chunk_end(
        &mut self,
        chunk: &Chunk,
        at: Place<'_>,
    ) -> Result<Option<Event<'static>>, Error> {
        let Active::Receiving(receiver) = &mut self.active else { return Ok(None) };
        if receiver.id() != chunk.id {
            return Ok(None);
        }
        match receiver.chunk_end(chunk, at)? {
            Ok(verified) => Ok(Some(Event::Verified(verified))),
            Err(mismatch) => {
                self.send_error(
                    self.active.id(),
                    mismatch.code().as_str(),
                    "a chunk arrived wrong",
                );
                self.become_idle();
                let forget = mismatch == Mismatch::Digest;
                Ok(Some(Event::Abandoned { forget, code: Some(mismatch.code()) }))
            }
        }
    }

    pub(super) fn end(
        &mut self,
        end: &End<'_>,
        at: Place<'_>,
    ) -> Result<Option<Event<'static>>, Error> {
        let running = self.active.id() == Some(end.id);
        match std::mem::replace(&mut self.active, Active::Idle) {
            Active::Receiving(receiver) if running => Ok(Some(self.end_of_file(*receiver, end))),
            Active::Comparing(receiver) if running => Ok(Some(self.compare(*receiver, end))),
            active => {
                self.active = active;
                self.out_of_turn(end.id, at).map(|()| None)
            }
        }
    }

    /// The end of a file that was received.
    fn end_of_file(&mut self, receiver: Receiver, end: &End<'_>) -> Event<'static> {
        let (id, size) = (receiver.id(), receiver.size());
        self.steps += 1;
        match receiver.end(end) {
            Ok(digest) => {
                self.active = Active::Finishing { id, size, digest };
                Event::Received
            }
            Err(mismatch) => {
                self.send_error(Some(id), mismatch.code().as_str(), "the file arrived wrong");
                Event::Abandoned { forget: true, code: Some(mismatch.code()) }
            }
        }
    }

    /// The end of a put whose name belongs to a file of the same size: success if the content is
    /// equal.
    fn compare(&mut self, receiver: Receiver, end: &End<'_>) -> Event<'static> {
        let (id, size) = (receiver.id(), receiver.size());
        self.steps += 1;
        if let Ok(digest) = receiver.end(end) {
            self.active = Active::Finishing { id, size, digest };
            return Event::Received;
        }
        let theirs = end.digest.as_ref().map(PeerText::as_raw_str);
        let other = theirs.and_then(DigestKind::of) == Some(self.digest);
        let (code, text) = match end.size == size && other {
            true => (Code::Exists, "a file of that name exists, with other content"),
            false => (Mismatch::Digest.code(), "the file arrived wrong"),
        };
        self.send_error(Some(id), code.as_str(), text);
        Event::Abandoned { forget: false, code: Some(code) }
    }
}
