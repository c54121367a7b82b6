//! The states of a server session, and their transitions for each message.

use super::super::code::Code;
use super::super::form;
use super::super::message::{self, Auth, ClientHello, Message, ServerHello, VERSION, Welcome};
use super::super::place::Place;
use super::super::receiver::Receiver;
use super::super::sender::Sender;
use super::super::token::{Hellos, Role};
use super::queue::{Early, Queue, Waiting, request_bytes};
use super::{Config, Event, Request};
use crate::buffer::Buffer;
use crate::digest::DigestKind;
use crate::error::Error;
use crate::name::Name;
use crate::text::PeerText;
use std::sync::Arc;

#[derive(Debug)]
pub(super) enum State {
    Hello,
    Auth,
    Ready,
    Closing,
}

/// The request that is being answered.
#[derive(Debug)]
pub(super) enum Active {
    Idle,
    Asked {
        id: u64,
        request: Request,
        early: Option<Early>,
    },
    Sending(Box<Sender>),
    Receiving(Box<Receiver>),
    /// A file with this name exists: the client's digest is compared with it.
    Comparing(Box<Receiver>),
    Finishing {
        id: u64,
        size: u64,
        digest: Option<String>,
    },
}

/// The memory of a transfer: its state and its digester, in bytes.
const TRANSFER_BYTES: usize = 2560;

/// The greatest length of unsent small answers, in bytes: several pages of a listing.
pub(super) const OUTBOX_BYTES_MAX: usize = 65_536;

/// How many bytes of names a page of a listing has before the next page begins.
pub const PAGE_BYTES: usize = 16_384;

/// The session without its reader, so that a message can be borrowed from the reader while the
/// state changes.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Arc<Config>,
    pub(super) nonce: Box<str>,
    pub(super) state: State,
    /// The hellos so far, if the client has to prove a token.
    pub(super) hellos: Option<Box<Hellos>>,
    pub(super) frame_bytes_max: u32,
    pub(super) digest: DigestKind,
    pub(super) queue: Queue,
    pub(super) active: Active,
    pub(super) outbox: Buffer,
    pub(super) eof: bool,
    pub(super) winds_down: bool,
    pub(super) steps: u64,
    pub(super) payload: u64,
    /// The error that ends the connection once all requests before it are answered.
    pub(super) fault: Option<Box<Error>>,
    pub(super) failed: Option<Box<Error>>,
}

impl Core {
    pub(super) fn message(
        &mut self,
        message: Message<'_>,
        at: Place<'_>,
    ) -> Result<Option<Event<'static>>, Error> {
        form::check(&message, at)?;
        match (&self.state, message) {
            (State::Hello, Message::Error(error)) => {
                Err(self.client_ended(&error.code, error.text))
            }
            (_, Message::Error(error)) if error.fatal => {
                Err(self.client_ended(&error.code, error.text))
            }
            (_, Message::Error(error)) => Ok(error.id.and_then(|id| self.given_up(id))),
            (State::Hello, Message::ClientHello(hello)) => self.hello(&hello).map(|()| None),
            (State::Auth, Message::Auth(auth)) => self.auth(&auth).map(|()| None),
            (State::Auth, _) => Err(unauthorized("this server requires a token")),
            (State::Ready, message) => self.request(message, at),
            _ => Err(unexpected(at.start())),
        }
    }

    /// The client ended the connection with a fatal error, so that nothing is answered.
    fn client_ended(&mut self, code: &PeerText<'_>, text: PeerText<'_>) -> Error {
        self.state = State::Closing;
        form::refusal(code, text)
    }

    fn hello(&mut self, hello: &ClientHello<'_>) -> Result<(), Error> {
        let names = hello.digests.iter().map(PeerText::as_raw_str);
        let known = names.filter_map(DigestKind::from_name);
        let digest = known.clone().find(|kind| self.config.digests.contains(kind));
        let (Some(digest), true) = (digest, hello.versions.contains(&VERSION)) else {
            return Err(refused(Code::Unsupported, "no common version or digest"));
        };
        self.digest = digest;
        self.frame_bytes_max = hello.max_frame.min(self.config.limits.frame_bytes_max);
        let wants_token = self.config.token.is_some();
        let answer = ServerHello {
            version: VERSION,
            max_frame: self.config.limits.frame_bytes_max,
            digest: PeerText::from(digest.as_str()),
            nonce: wants_token.then(|| PeerText::from(&*self.nonce)),
            agent: form::agent(&self.config.agent),
        };
        // The hello is the first message, so the outbox holds only this frame.
        message::write(&answer, &mut self.outbox)?;
        self.state = match &mut self.hellos {
            Some(hellos) => {
                hellos.update(self.outbox.readable());
                State::Auth
            }
            None => State::Ready,
        };
        self.steps += 1;
        Ok(())
    }

    fn auth(&mut self, auth: &Auth<'_>) -> Result<(), Error> {
        let proved =
            self.hellos.take().filter(|hellos| hellos.verify(Role::Client, auth.mac.as_raw_str()));
        let Some(hellos) = proved else {
            return Err(unauthorized("the token is wrong"));
        };
        let mac = hellos.prove(Role::Server);
        message::write(&Welcome { mac: PeerText::from(mac.as_str()) }, &mut self.outbox)?;
        self.state = State::Ready;
        self.steps += 1;
        Ok(())
    }

    fn request(
        &mut self,
        message: Message<'_>,
        at: Place<'_>,
    ) -> Result<Option<Event<'static>>, Error> {
        match message {
            Message::List(list) => self.enqueue(list.id, at, Ok(Request::List)).map(|()| None),
            Message::Get(get) => {
                let request = Name::new(get.name.as_raw_str()).map(|name| Request::Get {
                    name,
                    offset: get.offset.unwrap_or(0),
                    etag: get.etag.as_ref().map(|etag| etag.as_raw_str().into()),
                });
                self.enqueue(get.id, at, request).map(|()| None)
            }
            Message::Put(put) => {
                let (size, overwrite) = (put.size, put.overwrite);
                let etag = put.etag.as_raw_str().into();
                let name = Name::new(put.name.as_raw_str());
                let request = name.map(|name| Request::Put { name, size, etag, overwrite });
                self.enqueue(put.id, at, request).map(|()| None)
            }
            Message::Chunk(chunk) => self.chunk_end(&chunk, at),
            Message::End(end) => self.end(&end, at),
            Message::Cancel(cancel) => Ok(self.cancel(cancel.id)),
            Message::Unknown(unknown) => {
                self.send_error(unknown.id, "unknown_type", "no such type of message");
                Ok(None)
            }
            _ => Err(unexpected(at.start())),
        }
    }

    /// Whether the outbox has to be drained before more is read.
    pub(super) fn must_drain(&self) -> bool {
        self.outbox.len() > OUTBOX_BYTES_MAX / 2
    }

    pub(super) fn become_idle(&mut self) {
        self.active = Active::Idle;
        self.steps += 1;
    }

    // ---- the queue of requests: PROTOCOL §4.3 and §4.5 ------------------------------------------

    /// The memory of the waiting requests and of the running one, in bytes.
    pub(super) fn requests_bytes(&self) -> usize {
        let active = match &self.active {
            Active::Idle => 0,
            Active::Asked { request, .. } => request_bytes(request),
            _ => TRANSFER_BYTES,
        };
        self.queue.bytes() + active
    }

    /// Adds a request to the queue, or the error that answers it at its turn.
    pub(super) fn enqueue(
        &mut self,
        id: u64,
        at: Place<'_>,
        request: Result<Request, Error>,
    ) -> Result<(), Error> {
        if self.queue.has_seen(id) {
            return Err(Error::malformed("ids rise from 1", at.value("id"), "PROTOCOL §4.3"));
        }
        if self.is_full() {
            let max = self.config.limits.pending_max as u64;
            let (limit, section) = ("pending_max", "PROTOCOL §4.3");
            return Err(Error::TooLarge { limit, max, offset: at.start(), section });
        }
        let request = match self.winds_down {
            true => Err(refused(Code::ShuttingDown, "the server takes no further request")),
            false => request,
        };
        self.queue.push(id, request);
        Ok(())
    }

    /// Begins the next request, if none is running.
    pub(super) fn next_request(&mut self) -> Option<Event<'static>> {
        while matches!(self.active, Active::Idle) && !self.must_drain() {
            let Waiting { id, request, early } = self.queue.pop()?;
            self.steps += 1;
            match request {
                Err(Error::Refused { code, text }) => {
                    self.send_error(Some(id), code.as_raw_str(), text.as_raw_str());
                }
                Err(error) => self.send_error(Some(id), "bad_name", &error.reason()),
                Ok(request) => {
                    self.active = Active::Asked { id, request: request.clone(), early };
                    return Some(Event::Request(request));
                }
            }
        }
        None
    }

    /// A chunk or an end for a request that is not receiving. For a put that is not answered yet it
    /// is recorded as [`Early`]. For any other request, running or ended, it is dropped.
    pub(super) fn out_of_turn(&mut self, id: u64, at: Place<'_>) -> Result<(), Error> {
        if !self.queue.has_seen(id) {
            return Err(unexpected(at.start()));
        }
        let early_chunk = self.queue.early_chunk(at.start());
        let early = match &mut self.active {
            Active::Asked { id: asked, request: Request::Put { .. }, early } if *asked == id => {
                Some(early)
            }
            _ => self.queue.early(id),
        };
        if let Some(early) = early {
            early.get_or_insert(early_chunk);
        }
        Ok(())
    }

    /// Checks a put that is granted. A chunk that was received too early is an error at its offset,
    /// and requests after it are removed, as if they had not been parsed.
    pub(super) fn check_early(&mut self, early: Option<Early>) {
        let Some(early) = early else { return };
        self.queue.remove_after(early);
        let first = self.fault.as_ref().and_then(|fault| fault.offset());
        if first.is_none_or(|first| early.at < first) {
            self.fault = Some(Box::new(unexpected(early.at)));
        }
    }

    /// The client cancels a request.
    pub(super) fn cancel(&mut self, id: u64) -> Option<Event<'static>> {
        let running = self.active.id() == Some(id);
        if running && !matches!(self.active, Active::Finishing { .. }) {
            self.send_error(Some(id), "cancelled", "as asked");
            self.become_idle();
            return Some(Event::Abandoned { forget: true, code: Some(Code::Cancelled) });
        }
        if self.queue.remove(id) {
            self.send_error(Some(id), "cancelled", "as asked");
        }
        None
    }

    /// The client ends a request with an `error` (§9), which is not answered.
    pub(super) fn given_up(&mut self, id: u64) -> Option<Event<'static>> {
        let running = self.active.id() == Some(id);
        if running && !matches!(self.active, Active::Finishing { .. }) {
            self.become_idle();
            return Some(Event::Abandoned { forget: false, code: Some(Code::Cancelled) });
        }
        self.queue.remove(id);
        None
    }

    /// Whether the queue is full: no more is read, except while a file is being received.
    pub(super) fn is_full(&self) -> bool {
        self.queue.len() >= self.config.limits.pending_max
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

pub(super) fn refused(code: Code, text: &'static str) -> Error {
    Error::Refused { code: code.into(), text: text.into() }
}

pub(super) fn unauthorized(text: &'static str) -> Error {
    refused(Code::Unauthorized, text)
}

pub(super) fn unexpected(at: u64) -> Error {
    let expected = "a message that is allowed in this state";
    Error::Unexpected { expected, offset: at, section: "PROTOCOL §12" }
}
