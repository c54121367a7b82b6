//! The states of a client session, and their transitions for each message.

use super::super::code::Code;
use super::super::form;
use super::super::message::{
    self, Auth, Cancel, Chunk, ClientHello, Done, End, Entries, ErrorMessage, File, Message, Ready,
    ServerHello, VERSION, Welcome,
};
use super::super::place::Place;
use super::super::receiver::{Mismatch, Receiver};
use super::super::sender::Sender;
use super::super::token::{Hellos, Role};
use super::{Config, Event};
use crate::buffer::Buffer;
use crate::digest::{DigestKind, Digester};
use crate::error::Error;
use crate::text::PeerText;
use std::collections::VecDeque;

#[derive(Debug)]
pub(super) enum State {
    Hello,
    Auth,
    Ready,
    Closing,
}

/// The state of a request.
#[derive(Debug)]
pub(super) enum Step {
    /// A list; how many entries were received so far.
    List {
        entries: u64,
    },
    /// A get; the beginning of the file that the client has.
    Get {
        offset: u64,
        digester: Option<Digester>,
    },
    Receiving(Box<Receiver>),
    Put {
        size: u64,
    },
    Granted {
        size: u64,
        offset: u64,
    },
    Sending(Box<Sender>),
    Sent {
        size: u64,
        digest: Option<String>,
    },
    /// Cancelled by the client: its messages are dropped up to its end or its error.
    Dropped {
        /// Whether the application was told that the request failed.
        reported: bool,
    },
}

/// The greatest length of unsent requests, in bytes.
pub(super) const OUTBOX_BYTES_MAX: usize = 262_144;

/// The session without its reader, so that a message can be borrowed from the reader while the
/// state changes.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Config,
    pub(super) nonce: Box<str>,
    pub(super) state: State,
    /// The hellos so far, if there is a token to prove.
    pub(super) hellos: Option<Box<Hellos>>,
    pub(super) frame_bytes_max: u32,
    pub(super) digest: DigestKind,
    /// Requests that are not answered, in order.
    pub(super) pending: VecDeque<(u64, Step)>,
    pub(super) last_id: u64,
    pub(super) outbox: Buffer,
    pub(super) ended: bool,
    /// The server's stream has ended.
    pub(super) eof: bool,
    pub(super) steps: u64,
    pub(super) payload: u64,
    pub(super) failed: Option<Box<Error>>,
}

impl Core {
    pub(super) fn greet(&mut self) {
        let digests =
            self.config.digests.iter().map(|kind| PeerText::from(kind.as_str())).collect();
        let hello = ClientHello {
            versions: vec![VERSION],
            max_frame: self.config.limits.frame_bytes_max,
            digests,
            nonce: PeerText::from(&*self.nonce),
            agent: form::agent(&self.config.agent),
        };
        // The outbox is empty, so the hello fits and is then the only frame in it.
        let _ = message::write(&hello, &mut self.outbox);
        if let Some(hellos) = &mut self.hellos {
            hellos.update(self.outbox.readable());
        }
    }

    pub(super) fn next_id(&self) -> u64 {
        self.last_id + 1
    }

    pub(super) fn ask(&mut self, id: u64, step: Step) {
        self.last_id = id;
        self.pending.push_back((id, step));
        self.steps += 1;
    }

    pub(super) fn message<'a>(
        &mut self,
        message: Message<'a>,
        at: Place<'_>,
    ) -> Result<Option<Event<'a>>, Error> {
        form::check(&message, at)?;
        match (&self.state, message) {
            (_, Message::Error(error)) => self.error(error, at),
            (State::Hello, Message::ServerHello(hello)) => self.hello(&hello, at),
            (State::Hello, _) => Err(unexpected(at.start())),
            (_, Message::Unknown(_)) => Ok(None),
            (State::Auth, Message::Welcome(welcome)) => self.welcome(&welcome).map(Some),
            (State::Ready, message) => self.answer(message, at),
            _ => Err(unexpected(at.start())),
        }
    }

    pub(super) fn hello(
        &mut self,
        hello: &ServerHello<'_>,
        at: Place<'_>,
    ) -> Result<Option<Event<'static>>, Error> {
        let digest = DigestKind::from_name(hello.digest.as_raw_str());
        let Some(digest) = digest.filter(|kind| self.config.digests.contains(kind)) else {
            return Err(Error::malformed(
                "a digest that was offered",
                at.value("digest"),
                "PROTOCOL §4.2",
            ));
        };
        if hello.version != VERSION {
            return Err(Error::malformed(
                "a version that was offered",
                at.value("version"),
                "PROTOCOL §4.2",
            ));
        }
        self.digest = digest;
        self.frame_bytes_max = hello.max_frame.min(self.config.limits.frame_bytes_max);
        self.steps += 1;
        match (&hello.nonce, &self.hellos) {
            (None, None) => {
                self.state = State::Ready;
                Ok(Some(Event::Welcome(digest)))
            }
            (Some(_), Some(hellos)) => {
                let mac = hellos.prove(Role::Client);
                message::write(&Auth { mac: PeerText::from(mac.as_str()) }, &mut self.outbox)?;
                self.state = State::Auth;
                Ok(None)
            }
            (Some(_), None) => Err(refused(Code::Unauthorized, "the server requires a token")),
            (None, Some(_)) => {
                Err(refused(Code::Unauthorized, "the server did not prove that it knows the token"))
            }
        }
    }

    pub(super) fn welcome(&mut self, welcome: &Welcome<'_>) -> Result<Event<'static>, Error> {
        let hellos = self.hellos.take();
        if !hellos.is_some_and(|hellos| hellos.verify(Role::Server, welcome.mac.as_raw_str())) {
            return Err(refused(Code::Unauthorized, "the server knows another token"));
        }
        self.state = State::Ready;
        self.steps += 1;
        Ok(Event::Welcome(self.digest))
    }

    pub(super) fn answer<'a>(
        &mut self,
        message: Message<'a>,
        at: Place<'_>,
    ) -> Result<Option<Event<'a>>, Error> {
        let Some((id, step)) = self.pending.front_mut() else { return Err(unexpected(at.start())) };
        let id = *id;
        if message.id() != Some(id) {
            return Err(unexpected(at.start()));
        }
        match (step, message) {
            // A put that was cancelled in this state was not sent completely, so that the server
            // cannot have stored it.
            (Step::Dropped { .. }, Message::Done(_)) => Err(unexpected(at.start())),
            (
                Step::Dropped { reported },
                Message::Entries(Entries { more: false, .. }) | Message::End(_),
            ) => {
                let reported = *reported;
                self.finish();
                let (code, text) = (Code::Cancelled, PeerText::from("as asked"));
                Ok((!reported).then_some(Event::Failed { id, code, text }))
            }
            (Step::Dropped { .. }, _) => Ok(None),
            (Step::List { .. }, Message::Entries(page)) => self.page(page, at).map(Some),
            (Step::Get { .. }, Message::File(file)) => self.file(file, at).map(Some),
            (Step::Receiving(receiver), Message::Chunk(chunk)) => {
                match receiver.chunk_end(&chunk, at)? {
                    Ok(chunk) => Ok(Some(Event::Verified { id, chunk })),
                    Err(mismatch) => self.give_up(id, mismatch),
                }
            }
            (Step::Receiving(_), Message::End(end)) => Ok(Some(self.end_of_file(&end))),
            (Step::Put { .. }, Message::Ready(ready)) => self.ready(&ready, at).map(Some),
            (Step::Sent { .. }, Message::Done(done)) => Ok(Some(self.done(done))),
            _ => Err(unexpected(at.start())),
        }
    }

    /// A page of a listing: invalid entries are left out and counted.
    fn page<'a>(&mut self, page: Entries<'a>, at: Place<'_>) -> Result<Event<'a>, Error> {
        let Entries { id, mut entries, more, not_offered } = page;
        let came = entries.len();
        if let Some((_, Step::List { entries: named })) = self.pending.front_mut() {
            *named += came as u64;
            let max = self.config.limits.list_entries_max;
            if *named > max {
                let (limit, section) = ("list_entries_max", "PROTOCOL §13");
                return Err(Error::TooLarge { limit, max, offset: at.value("entries"), section });
            }
        }
        match more {
            true => self.steps += 1,
            false => self.finish(),
        }
        entries.retain(form::is_valid_entry);
        entries.iter_mut().for_each(form::drop_bad_etag);
        let skipped = came - entries.len();
        let not_offered = not_offered.unwrap_or(0);
        Ok(Event::Entries { id, entries, skipped, more, not_offered })
    }

    fn ready(&mut self, ready: &Ready, at: Place<'_>) -> Result<Event<'static>, Error> {
        let Some((id, Step::Put { size })) = self.pending.front() else {
            return Err(unexpected(at.start()));
        };
        let (id, size, offset) = (*id, *size, ready.offset);
        if offset > size {
            let rule = "a put goes on within the size of its file";
            return Err(Error::malformed(rule, at.value("offset"), "PROTOCOL §7.3"));
        }
        self.pending[0].1 = Step::Granted { size, offset };
        self.steps += 1;
        Ok(Event::Ready { id, offset })
    }

    /// Compares what the server has stored with what was sent.
    fn done<'a>(&mut self, done: Done<'a>) -> Event<'a> {
        let id = done.id;
        let sent = self.pending.pop_front();
        self.steps += 1;
        match sent {
            Some((_, Step::Sent { size, digest }))
                if size == done.size
                    && digest.as_deref() == done.digest.as_ref().map(PeerText::as_raw_str) =>
            {
                Event::Done { id, digest, durability: done.durability }
            }
            _ => {
                failed(id, Mismatch::Digest, "the server stored a file with another size or digest")
            }
        }
    }

    pub(super) fn file<'a>(&mut self, file: File<'a>, at: Place<'_>) -> Result<Event<'a>, Error> {
        let Some((id, Step::Get { offset, digester })) = self.pending.front_mut() else {
            return Err(unexpected(at.start()));
        };
        let (id, offset) = (*id, *offset);
        if file.offset != offset || offset > file.size {
            let rule = "a file begins where it was asked to";
            return Err(Error::malformed(rule, at.value("offset"), "PROTOCOL §7.2"));
        }
        let digester = digester.take().unwrap_or_else(|| Digester::new(self.digest));
        let receiver = Receiver::new(id, offset, file.size, digester);
        self.pending[0].1 = Step::Receiving(Box::new(receiver));
        self.steps += 1;
        let File { size, modified, etag, .. } = file;
        Ok(Event::File { id, size, modified, etag, offset })
    }

    pub(super) fn end_of_file(&mut self, end: &End<'_>) -> Event<'static> {
        let id = end.id;
        let step = self.pending.pop_front();
        self.steps += 1;
        let Some((_, Step::Receiving(receiver))) = step else {
            return failed(id, Mismatch::Digest, ARRIVED_WRONG);
        };
        match receiver.end(end) {
            Ok(digest) => Event::Received { id, digest },
            Err(mismatch) => failed(id, mismatch, ARRIVED_WRONG),
        }
    }

    /// Ends a get because a checksum was wrong.
    pub(super) fn give_up(
        &mut self,
        id: u64,
        mismatch: Mismatch,
    ) -> Result<Option<Event<'static>>, Error> {
        message::write(&Cancel { id }, &mut self.outbox)?;
        self.pending[0].1 = Step::Dropped { reported: true };
        Ok(Some(failed(id, mismatch, ARRIVED_WRONG)))
    }

    pub(super) fn error<'a>(
        &mut self,
        error: ErrorMessage<'a>,
        at: Place<'_>,
    ) -> Result<Option<Event<'a>>, Error> {
        let ErrorMessage { id, code, text, fatal } = error;
        if fatal || matches!(self.state, State::Hello) {
            return Err(form::refusal(&code, text));
        }
        let (code, text) = form::code_and_text(&code, text);
        let place = self.pending.iter().position(|(other, _)| Some(*other) == id);
        match (place, id) {
            (Some(place), Some(id)) => {
                let step = self.pending.remove(place);
                self.steps += 1;
                let reported = matches!(step, Some((_, Step::Dropped { reported: true })));
                Ok((!reported).then_some(Event::Failed { id, code, text }))
            }
            // An error without a request, or for one that has failed here already.
            (_, None) => Ok(None),
            (_, Some(id)) if id <= self.last_id => Ok(None),
            _ => Err(unexpected(at.start())),
        }
    }

    pub(super) fn chunk_start(&mut self, chunk: &Chunk, at: Place<'_>) -> Result<(), Error> {
        form::check_id(chunk.id, at)?;
        match self.pending.front_mut() {
            Some((id, Step::Receiving(receiver))) if *id == chunk.id => {
                receiver.chunk_start(chunk, at)
            }
            Some((id, Step::Dropped { .. })) if *id == chunk.id => Ok(()),
            _ => Err(unexpected(at.start())),
        }
    }

    /// Whether the payload of the current chunk is used.
    pub(super) fn takes_payload(&self) -> bool {
        matches!(self.pending.front(), Some((_, Step::Receiving(receiver))) if receiver.is_open())
    }

    pub(super) fn payload<'a>(
        &mut self,
        bytes: &'a [u8],
        at: Place<'_>,
    ) -> Result<Option<Event<'a>>, Error> {
        let Some((id, Step::Receiving(receiver))) = self.pending.front_mut() else {
            return Ok(None);
        };
        if !receiver.is_open() {
            return Ok(None);
        }
        let offset = receiver.payload(bytes, at)?;
        self.payload += bytes.len() as u64;
        Ok(Some(Event::Payload { id: *id, offset, bytes }))
    }

    /// Removes the first request, which is answered.
    pub(super) fn finish(&mut self) {
        self.pending.pop_front();
        self.steps += 1;
    }

    pub(super) fn close_with(&mut self, code: &str, text: &str) {
        if !matches!(self.state, State::Closing) {
            let (code, text) = (PeerText::from(code), PeerText::from(text));
            let message = ErrorMessage { id: None, code, text, fatal: true };
            // The requests before it in the outbox have no effect any more. If the outbox is full,
            // the connection ends without the message.
            let _ = message::write(&message, &mut self.outbox);
            self.state = State::Closing;
        }
    }

    /// Stores the error for every later call, and sends it to the server if the fault is the
    /// server's.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        let reported = matches!(
            error,
            Error::Malformed { .. } | Error::TooLarge { .. } | Error::Unexpected { .. }
        );
        if reported {
            self.close_with(error.kind(), &error.to_string());
        }
        self.state = State::Closing;
        self.failed = Some(Box::new(error.clone()));
        error
    }
}

const ARRIVED_WRONG: &str = "the file arrived wrong";

fn failed(id: u64, mismatch: Mismatch, text: &'static str) -> Event<'static> {
    Event::Failed { id, code: mismatch.code(), text: PeerText::from(text) }
}

pub(super) fn refused(code: Code, text: &'static str) -> Error {
    Error::Refused { code: code.into(), text: text.into() }
}

pub(super) fn unexpected(at: u64) -> Error {
    let expected = "the answer to the first request";
    Error::Unexpected { expected, offset: at, section: "PROTOCOL §12" }
}
