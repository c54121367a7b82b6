//! The states of a server session, and what each message does to them.

use super::super::form;
use super::super::message::{self, Auth, ClientHello, Message, ServerHello, VERSION, Welcome};
use super::super::place::Place;
use super::super::receiver::Receiver;
use super::super::sender::Sender;
use super::super::token::{Hellos, Role};
use super::queue::{Early, Queue};
use super::{Ask, Config, Event};
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

/// What is being answered.
#[derive(Debug)]
pub(super) enum Active {
    Idle,
    Asked {
        id: u64,
        ask: Ask,
        early: Option<Early>,
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
    /// Where a token has to be proved: what has been said of the hellos.
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
    /// What will end the connection once all that came before it is answered.
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
            (State::Hello, Message::Error(error)) => Err(self.hung_up(&error.code, error.text)),
            (_, Message::Error(error)) if error.fatal => Err(self.hung_up(&error.code, error.text)),
            (_, Message::Error(error)) => Ok(error.id.and_then(|id| self.given_up(id))),
            (State::Hello, Message::ClientHello(hello)) => self.hello(&hello).map(|()| None),
            (State::Auth, Message::Auth(auth)) => self.auth(&auth).map(|()| None),
            (State::Auth, _) => Err(unauthorized("this server wants a token")),
            (State::Ready, message) => self.request(message, at),
            _ => Err(unexpected(at.start())),
        }
    }

    /// The client ends the connection: there is nobody left to answer.
    fn hung_up(&mut self, code: &PeerText<'_>, text: PeerText<'_>) -> Error {
        self.state = State::Closing;
        form::refusal(code, text)
    }

    fn hello(&mut self, hello: &ClientHello<'_>) -> Result<(), Error> {
        let names = hello.digests.iter().map(PeerText::as_raw_str);
        let known = names.filter_map(DigestKind::from_name);
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
            agent: form::agent(&self.config.agent),
        };
        // It is the first thing that is said: all that is in the outbox is this frame.
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
            Message::List(list) => self.enqueue(list.id, at, Ok(Ask::List)).map(|()| None),
            Message::Get(get) => {
                let ask = Name::new(get.name.as_raw_str()).map(|name| Ask::Get {
                    name,
                    offset: get.offset.unwrap_or(0),
                    etag: get.etag.as_ref().map(|etag| etag.as_raw_str().into()),
                });
                self.enqueue(get.id, at, ask).map(|()| None)
            }
            Message::Put(put) => {
                let (size, overwrite) = (put.size, put.overwrite);
                let etag = put.etag.as_raw_str().into();
                let name = Name::new(put.name.as_raw_str());
                let ask = name.map(|name| Ask::Put { name, size, etag, overwrite });
                self.enqueue(put.id, at, ask).map(|()| None)
            }
            Message::Chunk(chunk) => self.chunk_end(&chunk, at),
            Message::End(end) => self.end(&end, at),
            Message::Cancel(cancel) => Ok(self.cancel(cancel.id)),
            Message::Unknown(unknown) => {
                self.say_error(unknown.id, "unknown_type", "no such type of message");
                Ok(None)
            }
            _ => Err(unexpected(at.start())),
        }
    }

    /// Whether answers wait that have to be drained first.
    pub(super) fn is_clogged(&self) -> bool {
        self.outbox.len() > OUTBOX_BYTES_MAX / 2
    }

    pub(super) fn become_idle(&mut self) {
        self.active = Active::Idle;
        self.steps += 1;
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

pub(super) fn refused(code: &'static str, text: &'static str) -> Error {
    Error::Refused { code: code.into(), text: text.into() }
}

pub(super) fn unauthorized(text: &'static str) -> Error {
    refused("unauthorized", text)
}

pub(super) fn unexpected(at: u64) -> Error {
    let expected = "a message that is allowed in this state";
    Error::Unexpected { expected, offset: at, section: "PROTOCOL §12" }
}
