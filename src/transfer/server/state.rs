//! The states of a server session, and what each message does to them.

use super::super::digest::DigestKind;
use super::super::frame::{FRAME_BYTES_END, FRAME_BYTES_HELLO_MAX};
use super::super::message::{
    self, Auth, Chunk, ClientHello, End, ErrorMessage, Message, ServerHello, VERSION, Welcome,
};
use super::super::name::Name;
use super::super::receiver::{Mismatch, Receiver};
use super::super::sender::Sender;
use super::super::token::{Role, is_nonce, prove, verify};
use super::{Ask, Config, Event};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::text::PeerText;
use std::collections::VecDeque;
use std::sync::Arc;

#[derive(Debug)]
pub(super) enum State {
    Hello,
    Auth { client_nonce: Box<str> },
    Ready,
    Closing,
}

/// What is being answered.
#[derive(Debug)]
pub(super) enum Active {
    Idle,
    Asked {
        id: u64,
        ask: Ask,
    },
    Sending(Box<Sender>),
    Receiving(Box<Receiver>),
    /// A file stands under the name already: the client's digest says whether it is the same.
    Comparing(Box<Receiver>),
    Finishing {
        id: u64,
        size: u64,
        digest: Option<String>,
    },
}

/// Room for small answers, in bytes: a page of a listing and then some.
pub(super) const OUTBOX_BYTES_MAX: usize = 65_536;

/// A page of a listing is closed when it has so many bytes of names.
pub const PAGE_BYTES: usize = 16_384;

/// All but the reader, so that a message can be acted on while it is still borrowed from there.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Arc<Config>,
    pub(super) nonce: Box<str>,
    pub(super) state: State,
    pub(super) frame_bytes_max: u32,
    pub(super) digest: DigestKind,
    pub(super) queue: VecDeque<(u64, Result<Ask, Error>)>,
    pub(super) last_id: u64,
    pub(super) active: Active,
    pub(super) outbox: Buffer,
    pub(super) eof: bool,
    pub(super) winds_down: bool,
    pub(super) steps: u64,
    pub(super) payload: u64,
    pub(super) failed: Option<Box<Error>>,
}

impl Core {
    pub(super) fn message(
        &mut self,
        message: Message<'_>,
        at: u64,
    ) -> Result<Option<Event<'static>>, Error> {
        match (&self.state, message) {
            (_, Message::Error(error)) if error.fatal => {
                // The client hangs up: there is nobody left to answer.
                self.state = State::Closing;
                Err(Error::Refused { code: error.code.keep(), text: error.text.keep() })
            }
            (_, Message::Error(error)) => Ok(error.id.and_then(|id| self.given_up(id))),
            (State::Hello, Message::ClientHello(hello)) => self.hello(&hello, at).map(|()| None),
            (State::Auth { .. }, Message::Auth(auth)) => self.auth(&auth).map(|()| None),
            (State::Auth { .. }, _) => Err(unauthorized("this server wants a token")),
            (State::Ready, message) => self.request(message, at),
            _ => Err(unexpected(at)),
        }
    }

    pub(super) fn hello(&mut self, hello: &ClientHello<'_>, at: u64) -> Result<(), Error> {
        if !is_nonce(hello.nonce.as_raw_str()) {
            let rule = "a nonce is 16 to 64 bytes in lower-case hexadecimal";
            return Err(Error::malformed(rule, at, "PROTOCOL §8.1"));
        }
        if !(FRAME_BYTES_HELLO_MAX..FRAME_BYTES_END).contains(&hello.max_frame) {
            return Err(Error::malformed("65,536 ≤ max_frame < 2²⁴", at, "PROTOCOL §4.2"));
        }
        let known =
            hello.digests.iter().map(PeerText::as_raw_str).filter_map(DigestKind::from_name);
        let digest = known.clone().find(|kind| self.config.digests.contains(kind));
        let (Some(digest), true) = (digest, hello.versions.contains(&VERSION)) else {
            return Err(refused("unsupported", "no common version or digest"));
        };
        self.digest = digest;
        self.frame_bytes_max = hello.max_frame.min(self.config.limits.frame_bytes_max);
        let wants_token = self.config.token.is_some();
        let answer = ServerHello {
            version: VERSION,
            max_frame: self.config.limits.frame_bytes_max,
            digest: PeerText::from(digest.as_str()),
            nonce: wants_token.then(|| PeerText::from(&*self.nonce)),
            agent: Some(PeerText::from(self.config.agent.as_str())),
        };
        message::write(&answer, &mut self.outbox)?;
        self.state = match wants_token {
            true => State::Auth { client_nonce: hello.nonce.as_raw_str().into() },
            false => State::Ready,
        };
        self.steps += 1;
        Ok(())
    }

    pub(super) fn auth(&mut self, auth: &Auth<'_>) -> Result<(), Error> {
        let (State::Auth { client_nonce }, Some(token)) = (&self.state, &self.config.token) else {
            return Err(Error::Misuse("no proof is waited for"));
        };
        if !verify(token, Role::Client, client_nonce, &self.nonce, auth.mac.as_raw_str()) {
            return Err(unauthorized("the token is another"));
        }
        let mac = prove(token, Role::Server, client_nonce, &self.nonce);
        message::write(&Welcome { mac: PeerText::from(mac.as_str()) }, &mut self.outbox)?;
        self.state = State::Ready;
        self.steps += 1;
        Ok(())
    }

    pub(super) fn request(
        &mut self,
        message: Message<'_>,
        at: u64,
    ) -> Result<Option<Event<'static>>, Error> {
        match message {
            Message::List(list) => self.enqueue(list.id, at, Ok(Ask::List)),
            Message::Get(get) => {
                check_etag(get.etag.as_ref(), at)?;
                let ask = Name::new(get.name.as_raw_str()).map(|name| Ask::Get {
                    name,
                    offset: get.offset.unwrap_or(0),
                    etag: get.etag.as_ref().map(|etag| etag.as_raw_str().into()),
                });
                self.enqueue(get.id, at, ask)
            }
            Message::Put(put) => {
                check_etag(Some(&put.etag), at)?;
                let (size, overwrite) = (put.size, put.overwrite);
                let etag = put.etag.as_raw_str().into();
                let name = Name::new(put.name.as_raw_str());
                let ask = name.map(|name| Ask::Put { name, size, etag, overwrite });
                self.enqueue(put.id, at, ask)
            }
            Message::Chunk(chunk) => self.chunk_end(&chunk, at),
            Message::End(end) => self.end(&end, at),
            Message::Cancel(cancel) => Ok(self.cancel(cancel.id)),
            Message::Unknown(unknown) => {
                self.say_error(unknown.id, "unknown_type", "no such type of message");
                Ok(None)
            }
            _ => Err(unexpected(at)),
        }
    }

    /// Puts a request into the queue; one that cannot be is refused at its turn.
    pub(super) fn enqueue(
        &mut self,
        id: u64,
        at: u64,
        ask: Result<Ask, Error>,
    ) -> Result<Option<Event<'static>>, Error> {
        if id <= self.last_id {
            return Err(Error::malformed("ids rise from 1", at, "PROTOCOL §4.3"));
        }
        if self.is_full() {
            let max = self.config.limits.pending_max as u64;
            let (limit, section) = ("pending_max", "PROTOCOL §4.3");
            return Err(Error::TooLarge { limit, max, offset: at, section });
        }
        self.last_id = id;
        let ask = match self.winds_down {
            true => Err(refused("shutting_down", "the server takes no further request")),
            false => ask,
        };
        self.queue.push_back((id, ask));
        Ok(None)
    }

    /// The next request, if it is its turn.
    pub(super) fn next_request(&mut self) -> Option<Event<'static>> {
        while matches!(self.active, Active::Idle) && !self.is_clogged() {
            let (id, ask) = self.queue.pop_front()?;
            self.steps += 1;
            match ask {
                Err(Error::Refused { code, text }) => {
                    self.say_error(Some(id), code.as_raw_str(), text.as_raw_str());
                }
                Err(error) => self.say_error(Some(id), "bad_name", &error.reason()),
                Ok(ask) => {
                    self.active = Active::Asked { id, ask: ask.clone() };
                    return Some(Event::Request(ask));
                }
            }
        }
        None
    }

    pub(super) fn chunk_start(&mut self, chunk: &Chunk, at: u64) -> Result<(), Error> {
        match &mut self.active {
            Active::Receiving(receiver) | Active::Comparing(receiver)
                if receiver.id() == chunk.id =>
            {
                receiver.chunk_start(chunk, at)
            }
            active => match self.last_id >= chunk.id && active.id() != Some(chunk.id) {
                true => Ok(()),
                false => Err(unexpected(at)),
            },
        }
    }

    /// Whether the payload of a chunk means something.
    pub(super) fn takes_payload(&self) -> bool {
        matches!(&self.active, Active::Receiving(receiver) if receiver.is_open())
    }

    /// Payload of the running put; that of one which was refused meanwhile goes nowhere.
    pub(super) fn payload<'a>(
        &mut self,
        bytes: &'a [u8],
        at: u64,
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
        at: u64,
    ) -> Result<Option<Event<'static>>, Error> {
        let Active::Receiving(receiver) = &mut self.active else { return Ok(None) };
        if receiver.id() != chunk.id {
            return Ok(None);
        }
        match receiver.chunk_end(chunk, at)? {
            Ok(verified) => Ok(Some(Event::Verified(verified))),
            Err(mismatch) => Ok(Some(self.mismatch(mismatch))),
        }
    }

    pub(super) fn end(&mut self, end: &End<'_>, at: u64) -> Result<Option<Event<'static>>, Error> {
        let running = self.active.id() == Some(end.id);
        match std::mem::replace(&mut self.active, Active::Idle) {
            Active::Receiving(receiver) if running => {
                let (id, size) = (receiver.id(), receiver.size());
                match receiver.end(end) {
                    Ok(digest) => {
                        self.active = Active::Finishing { id, size, digest };
                        self.steps += 1;
                        Ok(Some(Event::Received))
                    }
                    Err(mismatch) => {
                        self.say_error(Some(id), mismatch.code(), "the file arrived wrong");
                        self.steps += 1;
                        Ok(Some(Event::Abandoned { forget: true }))
                    }
                }
            }
            Active::Comparing(receiver) if running => Ok(Some(self.compare(*receiver, end))),
            active => {
                self.active = active;
                if running || end.id > self.last_id { Err(unexpected(at)) } else { Ok(None) }
            }
        }
    }

    /// The end of a put whose name is taken by a file of its size: the same content is success.
    fn compare(&mut self, receiver: Receiver, end: &End<'_>) -> Event<'static> {
        let (id, size) = (receiver.id(), receiver.size());
        self.steps += 1;
        if let Ok(digest) = receiver.end(end) {
            self.active = Active::Finishing { id, size, digest };
            return Event::Received;
        }
        let other = end.digest.as_ref().map(PeerText::as_raw_str).and_then(DigestKind::of)
            == Some(self.digest);
        let (code, text) = match end.size == size && other {
            true => ("exists", "a file of that name exists, with other content"),
            false => (Mismatch::Digest.code(), "the file arrived wrong"),
        };
        self.say_error(Some(id), code, text);
        Event::Abandoned { forget: false }
    }

    pub(super) fn mismatch(&mut self, mismatch: Mismatch) -> Event<'static> {
        self.say_error(self.active.id(), mismatch.code(), "a chunk arrived wrong");
        self.become_idle();
        Event::Abandoned { forget: mismatch == Mismatch::Digest }
    }

    pub(super) fn cancel(&mut self, id: u64) -> Option<Event<'static>> {
        if self.active.id() == Some(id) && !matches!(self.active, Active::Finishing { .. }) {
            self.say_error(Some(id), "cancelled", "as asked");
            self.become_idle();
            return Some(Event::Abandoned { forget: true });
        }
        let waiting = self.queue.iter().position(|(other, _)| *other == id)?;
        self.queue.remove(waiting);
        self.say_error(Some(id), "cancelled", "as asked");
        None
    }

    /// The client ends a request with an error of its own (§9), which nobody answers.
    fn given_up(&mut self, id: u64) -> Option<Event<'static>> {
        if self.active.id() == Some(id) && !matches!(self.active, Active::Finishing { .. }) {
            self.become_idle();
            return Some(Event::Abandoned { forget: false });
        }
        self.queue.retain(|(other, _)| *other != id);
        None
    }

    /// Whether no further request will be taken, and all that came have had their turn.
    pub(super) fn is_through(&self) -> bool {
        (self.eof || self.winds_down) && self.queue.is_empty()
    }

    /// What the waiting requests hold, in bytes.
    pub(super) fn queue_bytes(&self) -> usize {
        let texts = |ask: &Ask| match ask {
            Ask::List => 0,
            Ask::Get { name, etag, .. } => {
                name.as_str().len() + etag.as_ref().map_or(0, |etag| etag.len())
            }
            Ask::Put { name, etag, .. } => name.as_str().len() + etag.len(),
        };
        let held = self.queue.iter().map(|(_, ask)| ask.as_ref().map_or(0, texts)).sum::<usize>();
        held + self.queue.len() * size_of::<(u64, Result<Ask, Error>)>()
    }

    /// Whether as many requests wait as may: no more is read, except behind a file that is coming
    /// in.
    pub(super) fn is_full(&self) -> bool {
        self.queue.len() >= self.config.limits.pending_max
    }

    /// Whether answers wait that have to be drained first.
    pub(super) fn is_clogged(&self) -> bool {
        self.outbox.len() > OUTBOX_BYTES_MAX / 2
    }

    pub(super) fn become_idle(&mut self) {
        self.active = Active::Idle;
        self.steps += 1;
    }

    /// Says that the request `id`, or what belonged to none, went wrong.
    pub(super) fn say_error(&mut self, id: Option<u64>, code: &str, text: &str) {
        self.write_error(id, code, text, false);
    }

    pub(super) fn write_error(&mut self, id: Option<u64>, code: &str, text: &str, fatal: bool) {
        let error =
            ErrorMessage { id, code: PeerText::from(code), text: PeerText::from(text), fatal };
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
            Error::Refused { code, text } => {
                let known =
                    matches!(code.as_raw_str(), "unsupported" | "unauthorized" | "unexpected");
                if known {
                    self.close_with(code.as_raw_str(), text.as_raw_str());
                }
            }
            Error::Misuse(_) => self.close_with("io", "the server made a mistake"),
            Error::Incomplete { .. } => {}
            Error::Malformed { .. } | Error::TooLarge { .. } => {
                self.close_with(error.kind(), &error.to_string());
            }
        }
        self.state = State::Closing;
        self.failed = Some(Box::new(error.clone()));
        error
    }
}

impl Active {
    pub(super) fn id(&self) -> Option<u64> {
        match self {
            Active::Idle => None,
            Active::Asked { id, .. } | Active::Finishing { id, .. } => Some(*id),
            Active::Sending(sender) => Some(sender.id()),
            Active::Receiving(receiver) | Active::Comparing(receiver) => Some(receiver.id()),
        }
    }
}

/// Whether a text can be an etag.
pub(in crate::transfer) fn is_etag(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|c| (0x21..=0x7E).contains(&c))
}

pub(super) fn check_etag(etag: Option<&PeerText<'_>>, at: u64) -> Result<(), Error> {
    if etag.is_some_and(|text| !is_etag(text.as_raw_str())) {
        let rule = "an etag is 1 to 128 visible ASCII characters";
        return Err(Error::malformed(rule, at, "PROTOCOL §4.4"));
    }
    Ok(())
}

pub(super) fn refused(code: &'static str, text: impl Into<PeerText<'static>>) -> Error {
    Error::Refused { code: PeerText::from(code), text: text.into() }
}

pub(super) fn unauthorized(text: &'static str) -> Error {
    refused("unauthorized", text)
}

pub(super) fn unexpected(at: u64) -> Error {
    refused("unexpected", format!("the message at byte {at} has no place here"))
}
