//! The states of a client session, and what each message does to them.

use super::super::digest::{DigestKind, Digester};
use super::super::frame::{FRAME_BYTES_END, FRAME_BYTES_HELLO_MAX};
use super::super::message::{
    self, Auth, Cancel, Chunk, ClientHello, End, Entries, ErrorMessage, File, Message, ServerHello,
    VERSION, Welcome,
};
use super::super::receiver::Receiver;
use super::super::sender::Sender;
use super::super::server::is_etag;
use super::super::token::{Role, is_nonce, prove, verify};
use super::{Config, Event};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::text::PeerText;
use std::collections::VecDeque;

#[derive(Debug)]
pub(super) enum State {
    Hello,
    Auth { server_nonce: Box<str> },
    Ready,
    Closing,
}

/// How far a request is.
#[derive(Debug)]
pub(super) enum Step {
    List,
    /// A get; what the client has of the file.
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
        digest: Option<String>,
    },
    /// Given up by the client: what still comes of it is dropped up to its end or its error.
    Dropped {
        /// Whether the application knows already that it failed.
        told: bool,
    },
}

/// Room for requests, in bytes.
pub(super) const OUTBOX_BYTES_MAX: usize = 262_144;

/// All but the reader, so that a message can be acted on while it is still borrowed from there.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Config,
    pub(super) nonce: Box<str>,
    pub(super) state: State,
    pub(super) frame_bytes_max: u32,
    pub(super) digest: DigestKind,
    /// Requests that are not answered, in order.
    pub(super) pending: VecDeque<(u64, Step)>,
    pub(super) last_id: u64,
    pub(super) outbox: Buffer,
    pub(super) ended: bool,
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
            agent: Some(PeerText::from(self.config.agent.as_str())),
        };
        // An empty outbox has room for one hello.
        let _ = message::write(&hello, &mut self.outbox);
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
        at: u64,
    ) -> Result<Option<Event<'a>>, Error> {
        match (&self.state, message) {
            (_, Message::Error(error)) => self.error(error, at),
            (_, Message::Unknown(_)) => Ok(None),
            (State::Hello, Message::ServerHello(hello)) => self.hello(&hello, at),
            (State::Auth { .. }, Message::Welcome(welcome)) => self.welcome(&welcome).map(Some),
            (State::Ready, message) => self.answer(message, at),
            _ => Err(unexpected(at)),
        }
    }

    pub(super) fn hello(
        &mut self,
        hello: &ServerHello<'_>,
        at: u64,
    ) -> Result<Option<Event<'static>>, Error> {
        let digest = DigestKind::from_name(hello.digest.as_raw_str());
        let Some(digest) = digest.filter(|kind| self.config.digests.contains(kind)) else {
            return Err(Error::malformed("a digest that was offered", at, "PROTOCOL §4.2"));
        };
        if hello.version != VERSION {
            return Err(Error::malformed("a version that was offered", at, "PROTOCOL §4.2"));
        }
        if !(FRAME_BYTES_HELLO_MAX..FRAME_BYTES_END).contains(&hello.max_frame) {
            return Err(Error::malformed("65,536 ≤ max_frame < 2²⁴", at, "PROTOCOL §4.2"));
        }
        self.digest = digest;
        self.frame_bytes_max = hello.max_frame.min(self.config.limits.frame_bytes_max);
        self.steps += 1;
        match (&hello.nonce, &self.config.token) {
            (None, None) => {
                self.state = State::Ready;
                Ok(Some(Event::Welcome(digest)))
            }
            (Some(nonce), Some(token)) if is_nonce(nonce.as_raw_str()) => {
                let nonce = nonce.as_raw_str();
                let mac = prove(token, Role::Client, &self.nonce, nonce);
                message::write(&Auth { mac: PeerText::from(mac.as_str()) }, &mut self.outbox)?;
                self.state = State::Auth { server_nonce: nonce.into() };
                Ok(None)
            }
            (Some(_), Some(_)) => {
                let rule = "a nonce is 16 to 64 bytes in lower-case hexadecimal";
                Err(Error::malformed(rule, at, "PROTOCOL §8.1"))
            }
            (Some(_), None) => Err(refused("unauthorized", "the server wants a token")),
            (None, Some(_)) => {
                Err(refused("unauthorized", "the server did not prove that it knows the token"))
            }
        }
    }

    pub(super) fn welcome(&mut self, welcome: &Welcome<'_>) -> Result<Event<'static>, Error> {
        let (State::Auth { server_nonce }, Some(token)) = (&self.state, &self.config.token) else {
            return Err(Error::Misuse("no welcome is waited for"));
        };
        if !verify(token, Role::Server, &self.nonce, server_nonce, welcome.mac.as_raw_str()) {
            return Err(refused("unauthorized", "the server knows another token"));
        }
        self.state = State::Ready;
        self.steps += 1;
        Ok(Event::Welcome(self.digest))
    }

    pub(super) fn answer<'a>(
        &mut self,
        message: Message<'a>,
        at: u64,
    ) -> Result<Option<Event<'a>>, Error> {
        let Some((id, step)) = self.pending.front_mut() else { return Err(unexpected(at)) };
        let id = *id;
        if message.id() != Some(id) {
            return Err(unexpected(at));
        }
        match (step, message) {
            // Not all of it was sent, if it was a put at all.
            (Step::Dropped { .. }, Message::Done(_)) => Err(unexpected(at)),
            (
                Step::Dropped { told },
                Message::Entries(Entries { more: false, .. }) | Message::End(_),
            ) => {
                let told = *told;
                self.finish();
                let (code, text) = (PeerText::from("cancelled"), PeerText::from("as asked"));
                Ok((!told).then_some(Event::Failed { id, code, text }))
            }
            (Step::Dropped { .. }, _) => Ok(None),
            (Step::List, Message::Entries(page)) => {
                let more = page.more;
                match more {
                    true => self.steps += 1,
                    false => self.finish(),
                }
                Ok(Some(Event::Entries { id, entries: page.entries, more }))
            }
            (Step::Get { .. }, Message::File(file)) => self.file(file, at).map(Some),
            (Step::Receiving(receiver), Message::Chunk(chunk)) => {
                match receiver.chunk_end(&chunk, at)? {
                    Ok(chunk) => Ok(Some(Event::Verified { id, chunk })),
                    Err(mismatch) => self.give_up(id, mismatch.code()),
                }
            }
            (Step::Receiving(_), Message::End(end)) => Ok(Some(self.end_of_file(&end))),
            (Step::Put { size }, Message::Ready(ready)) => {
                let (size, offset) = (*size, ready.offset);
                if offset > size {
                    let rule = "a put goes on within the size of its file";
                    return Err(Error::malformed(rule, at, "PROTOCOL §7.3"));
                }
                self.pending[0].1 = Step::Granted { size, offset };
                self.steps += 1;
                Ok(Some(Event::Ready { id, offset }))
            }
            (Step::Sent { digest }, Message::Done(done)) => {
                if done.digest.as_ref().map(PeerText::as_raw_str) != digest.as_deref() {
                    let rule = "the digest of done is that of end";
                    return Err(Error::malformed(rule, at, "PROTOCOL §6"));
                }
                let digest = digest.take();
                self.finish();
                Ok(Some(Event::Done { id, digest, durability: done.durability }))
            }
            _ => Err(unexpected(at)),
        }
    }

    pub(super) fn file<'a>(&mut self, file: File<'a>, at: u64) -> Result<Event<'a>, Error> {
        let Some((id, Step::Get { offset, digester })) = self.pending.front_mut() else {
            return Err(unexpected(at));
        };
        let (id, offset) = (*id, *offset);
        if file.offset != offset || offset > file.size {
            let rule = "a file begins where it was asked to";
            return Err(Error::malformed(rule, at, "PROTOCOL §7.2"));
        }
        if !is_etag(file.etag.as_raw_str()) {
            let rule = "an etag is 1 to 128 visible ASCII characters";
            return Err(Error::malformed(rule, at, "PROTOCOL §4.4"));
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
            return failed(id, "digest_mismatch");
        };
        match receiver.end(end) {
            Ok(digest) => Event::Received { id, digest },
            Err(mismatch) => failed(id, mismatch.code()),
        }
    }

    /// A chunk arrived wrong: the rest of that file is worth nothing.
    pub(super) fn give_up(
        &mut self,
        id: u64,
        code: &'static str,
    ) -> Result<Option<Event<'static>>, Error> {
        message::write(&Cancel { id }, &mut self.outbox)?;
        self.pending[0].1 = Step::Dropped { told: true };
        Ok(Some(failed(id, code)))
    }

    pub(super) fn error<'a>(
        &mut self,
        error: ErrorMessage<'a>,
        at: u64,
    ) -> Result<Option<Event<'a>>, Error> {
        if error.fatal {
            return Err(Error::Refused { code: error.code.keep(), text: error.text.keep() });
        }
        let ErrorMessage { id, code, text, .. } = error;
        let place = self.pending.iter().position(|(other, _)| Some(*other) == id);
        match (place, id) {
            (Some(place), Some(id)) => {
                let step = self.pending.remove(place);
                self.steps += 1;
                let told = matches!(step, Some((_, Step::Dropped { told: true })));
                Ok((!told).then_some(Event::Failed { id, code, text }))
            }
            // Of no request, or of one that has failed here meanwhile.
            (_, None) => Ok(None),
            (_, Some(id)) if id <= self.last_id => Ok(None),
            _ => Err(unexpected(at)),
        }
    }

    pub(super) fn chunk_start(&mut self, chunk: &Chunk, at: u64) -> Result<(), Error> {
        match self.pending.front_mut() {
            Some((id, Step::Receiving(receiver))) if *id == chunk.id => {
                receiver.chunk_start(chunk, at)
            }
            Some((id, Step::Dropped { .. })) if *id == chunk.id => Ok(()),
            _ => Err(unexpected(at)),
        }
    }

    /// Whether the payload of a chunk means something.
    pub(super) fn takes_payload(&self) -> bool {
        matches!(self.pending.front(), Some((_, Step::Receiving(receiver))) if receiver.is_open())
    }

    pub(super) fn payload<'a>(
        &mut self,
        bytes: &'a [u8],
        at: u64,
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

    /// The request at the front is answered.
    pub(super) fn finish(&mut self) {
        self.pending.pop_front();
        self.steps += 1;
    }

    pub(super) fn close_with(&mut self, code: &str, text: &str) {
        if !matches!(self.state, State::Closing) {
            let (code, text) = (PeerText::from(code), PeerText::from(text));
            let last_words = ErrorMessage { id: None, code, text, fatal: true };
            // What still waits to be asked is void; a full outbox only means that nothing more is
            // said.
            let _ = message::write(&last_words, &mut self.outbox);
            self.state = State::Closing;
        }
    }

    /// Remembers an error for ever, and tells the server if it is its fault.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        if matches!(error, Error::Malformed { .. } | Error::TooLarge { .. }) {
            self.close_with(error.kind(), &error.to_string());
        }
        self.state = State::Closing;
        self.failed = Some(Box::new(error.clone()));
        error
    }
}

pub(super) fn failed(id: u64, code: &'static str) -> Event<'static> {
    Event::Failed { id, code: PeerText::from(code), text: PeerText::from("the file arrived wrong") }
}

pub(super) fn refused(code: &'static str, text: &'static str) -> Error {
    Error::Refused { code: code.into(), text: text.into() }
}

pub(super) fn unexpected(at: u64) -> Error {
    Error::malformed("an answer to what was asked, in order", at, "PROTOCOL §4.3")
}
