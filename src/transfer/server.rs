//! The server's side of a framed connection, as a session.
//!
//! Specification: `PROTOCOL.md` §4, §8, §9, §11, §12.
//!
//! ```text
//!   Hello ─hello─▶ (Auth ─auth─▶) Ready ┌─ Idle ─request─▶ Asked ─┬ file ──▶ Sending ──▶ Idle
//!                                       │                         ├ entries ▶ Asked … ▶ Idle
//!                                       │                         ├ ready ─▶ Receiving ▶ Finishing ▶ Idle
//!                                       └─ Closing                └ refuse ▶ Idle
//! ```
//!
//! Requests are queued and answered in order, one at a time. The session asks the application through
//! events, and is told through [`Server::file`], [`Server::entries`], [`Server::ready`],
//! [`Server::done`] and [`Server::refuse`].

use super::digest::{DigestKind, Digester};
use super::frame::{FRAME_BYTES_DEFAULT_MAX, FRAME_BYTES_END, FRAME_BYTES_HELLO_MAX, move_rows};
use super::message::{
    self, Auth, Chunk, ClientHello, Done, End, Entries, Entry, ErrorMessage, File, Message, Ready,
    ServerHello, Side, Text, VERSION, Welcome,
};
use super::name::Name;
use super::reader::{Item, Read, Reader};
use super::receiver::{Mismatch, Receiver, Verified};
use super::sender::{Sender, chunk_len_max};
use super::token::{Role, Token, is_nonce, prove, verify};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::session::{Received, Session, Wants};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The bounds of a server session; each wait is the patience of the state it names.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest frame, in bytes.
    pub frame_bytes_max: u32,
    /// How many requests may wait before it stops reading.
    pub pending_max: usize,
    /// How long it waits for the hello and the proof of the token.
    pub hello_wait: Duration,
    /// How long it waits for the next request.
    pub idle_wait: Duration,
    /// How long a transfer may go without [`payload_quantum`](Limits::payload_quantum) bytes.
    pub transfer_wait: Duration,
    /// How many bytes of payload count as progress.
    pub payload_quantum: u64,
    /// How long the application may take over an answer.
    pub answer_wait: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame_bytes_max: FRAME_BYTES_DEFAULT_MAX,
            pending_max: 64,
            hello_wait: Duration::from_secs(10),
            idle_wait: Duration::from_secs(300),
            transfer_wait: Duration::from_secs(30),
            payload_quantum: 4096,
            answer_wait: Duration::from_secs(600),
        }
    }
}

/// What a server session is made with; shared by all connections of a server.
#[derive(Debug, Clone)]
pub struct Config {
    /// Bounds and waits.
    pub limits: Limits,
    /// Digests it can do.
    pub digests: Vec<DigestKind>,
    /// The secret that clients have to prove, if any.
    pub token: Option<Token>,
    /// Program and version, for people.
    pub agent: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            limits: Limits::default(),
            digests: DigestKind::ALL.to_vec(),
            token: None,
            agent: concat!("wirewright/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A listing: answer with [`Server::entries`] until `more` is false.
    List,
    /// A file from `offset`: answer with [`Server::file`].
    Get {
        /// Which file.
        name: Name,
        /// Where to begin, in bytes.
        offset: u64,
        /// The version the client has the beginning of.
        etag: Option<Box<str>>,
    },
    /// To store a file: answer with [`Server::ready`].
    Put {
        /// Under which name.
        name: Name,
        /// Its length in bytes.
        size: u64,
        /// The client's name for this version of it.
        etag: Box<str>,
        /// Whether an existing file may be replaced.
        overwrite: bool,
    },
}

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A request has come to its turn; answer it, or [`Server::refuse`] it.
    Request(Ask),
    /// Bytes of the file that is being put.
    Payload {
        /// Where they belong, in bytes from the beginning of the file.
        offset: u64,
        /// The bytes. They do not count before their chunk is verified.
        bytes: &'a [u8],
    },
    /// A chunk of the file that is being put counts from now on.
    Verified(Verified),
    /// The file that was put is whole and verified: make it durable, then [`Server::done`].
    Received,
    /// The running request was given up: drop what belongs to it. If `forget`, what there is of a file
    /// that was put is worthless too.
    Abandoned {
        /// Whether the unfinished file is to be forgotten.
        forget: bool,
    },
}

/// What is known of a file that is to be sent.
#[derive(Debug, Clone)]
pub struct FileMeta<'a> {
    /// Of the whole file, in bytes.
    pub size: u64,
    /// RFC 3339, UTC.
    pub modified: &'a str,
    /// Names this version.
    pub etag: &'a str,
    /// Where sending begins, in bytes.
    pub offset: u64,
}

#[derive(Debug)]
enum State {
    Hello,
    Auth { client_nonce: Box<str> },
    Ready,
    Closing,
}

/// What is being answered.
#[derive(Debug)]
enum Active {
    Idle,
    Asked { id: u64, ask: Ask },
    Sending(Box<Sender>),
    Receiving(Box<Receiver>),
    Finishing { id: u64, size: u64, digest: Option<String> },
}

/// Room for small answers, in bytes: a page of a listing and then some.
const OUTBOX_BYTES_MAX: usize = 65_536;

/// A page of a listing is closed when it has so many bytes of names.
pub const PAGE_BYTES: usize = 16_384;

/// The server's side of one connection.
#[derive(Debug)]
pub struct Server {
    reader: Reader,
    core: Core,
}

/// All but the reader, so that a message can be acted on while it is still borrowed from there.
#[derive(Debug)]
struct Core {
    config: Arc<Config>,
    nonce: Box<str>,
    state: State,
    frame_bytes_max: u32,
    digest: DigestKind,
    queue: VecDeque<(u64, Result<Ask, Error>)>,
    last_id: u64,
    active: Active,
    outbox: Buffer,
    eof: bool,
    steps: u64,
    payload: u64,
    failed: Option<Box<Error>>,
}

impl Server {
    /// A session at the beginning of a connection. `nonce` is 16 to 64 random bytes in lower-case
    /// hexadecimal, never used twice.
    pub fn new(config: Arc<Config>, nonce: &str) -> Server {
        let core = Core {
            config,
            nonce: nonce.into(),
            state: State::Hello,
            frame_bytes_max: FRAME_BYTES_HELLO_MAX,
            digest: DigestKind::None,
            queue: VecDeque::new(),
            last_id: 0,
            active: Active::Idle,
            outbox: Buffer::with_limit(OUTBOX_BYTES_MAX),
            eof: false,
            steps: 0,
            payload: 0,
            failed: None,
        };
        Server { reader: Reader::new(Side::Client), core }
    }

    /// The digest of this connection.
    pub fn digest_kind(&self) -> DigestKind {
        self.core.digest
    }

    /// From which offset and how many bytes of the file it would take now; 0 bytes at its end, where
    /// an empty offer makes it say so. `None` unless a file is being sent and `out` has room.
    pub fn wanted(&self, out: &Buffer) -> Option<(u64, usize)> {
        match &self.core.active {
            Active::Sending(sender) => sender.wanted(out).map(|len| (sender.offset(), len)),
            _ => None,
        }
    }

    /// Whether another page of a listing may be given.
    pub fn takes_entries(&self) -> bool {
        matches!(self.core.active, Active::Asked { ask: Ask::List, .. })
            && self.core.outbox.len() <= OUTBOX_BYTES_MAX / 4
    }

    /// Whether the payload of a chunk is on its way in: large reads pay.
    pub fn in_payload(&self) -> bool {
        self.reader.in_payload()
    }

    /// Whether no request is running or waiting.
    pub fn is_idle(&self) -> bool {
        matches!(self.core.active, Active::Idle) && self.core.queue.is_empty()
    }

    /// Memory taken from the allocator beyond the session itself, in bytes.
    pub fn capacity(&self) -> usize {
        self.reader.capacity() + self.core.outbox.capacity()
    }

    /// Answers a get: the file comes, from `meta.offset` on. `digester` has seen what lies before.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no get waits.
    pub fn file(&mut self, meta: &FileMeta<'_>, digester: Digester) -> Result<(), Error> {
        let core = &mut self.core;
        let Active::Asked { id, ask: Ask::Get { name, .. } } = &core.active else {
            return Err(Error::Misuse("no get waits for an answer"));
        };
        let file = File {
            id: *id,
            name: Text::from(name.as_str()),
            size: meta.size,
            modified: Text::from(meta.modified),
            etag: Text::from(meta.etag),
            offset: meta.offset,
        };
        message::write(&file, &mut core.outbox)?;
        let chunk_len = chunk_len_max(core.frame_bytes_max);
        let sender = Sender::new(*id, meta.offset, meta.size, chunk_len, digester);
        core.active = Active::Sending(Box::new(sender));
        Ok(())
    }

    /// Answers a list with a page; `more` says that another will follow.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no list waits, or the page is longer than [`PAGE_BYTES`] allows.
    pub fn entries(&mut self, entries: Vec<Entry<'_>>, more: bool) -> Result<(), Error> {
        let Active::Asked { id, ask: Ask::List } = self.core.active else {
            return Err(Error::Misuse("no list waits for an answer"));
        };
        message::write(&Entries { id, entries, more }, &mut self.core.outbox)?;
        self.core.steps += 1;
        if !more {
            self.core.become_idle();
        }
        Ok(())
    }

    /// Answers a put: the client may send from `offset` on. `digester` has seen what lies before.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no put waits.
    pub fn ready(&mut self, offset: u64, digester: Digester) -> Result<(), Error> {
        let Active::Asked { id, ask: Ask::Put { size, .. } } = self.core.active else {
            return Err(Error::Misuse("no put waits for an answer"));
        };
        message::write(&Ready { id, offset }, &mut self.core.outbox)?;
        let receiver = Receiver::new(id, offset, size, digester);
        self.core.active = Active::Receiving(Box::new(receiver));
        self.core.steps += 1;
        Ok(())
    }

    /// The file that was put stands under its name.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no put is being finished.
    pub fn done(&mut self, durability: &str) -> Result<(), Error> {
        let Active::Finishing { id, size, digest } = &self.core.active else {
            return Err(Error::Misuse("no put is being finished"));
        };
        let digest = digest.as_deref().map(Text::from);
        let done = Done { id: *id, size: *size, digest, durability: Text::from(durability) };
        message::write(&done, &mut self.core.outbox)?;
        self.core.become_idle();
        Ok(())
    }

    /// Ends the running request with an error of `PROTOCOL.md` §9.
    ///
    /// # Errors
    /// [`Error::Misuse`] if there is none.
    pub fn refuse(&mut self, code: &str, text: &str) -> Result<(), Error> {
        let Some(id) = self.core.active.id() else {
            return Err(Error::Misuse("no request is running"));
        };
        self.core.say_error(Some(id), code, text);
        self.core.become_idle();
        Ok(())
    }

    /// Ends the connection with a fatal error, in words of the application's.
    pub fn abort(&mut self, code: &str, text: &str) {
        self.core.close_with(code, text);
    }

    /// No further request is taken; the connection closes when those that came are answered.
    pub fn wind_down(&mut self) {
        self.core.eof = true;
    }
}

impl Core {
    fn message(&mut self, message: Message<'_>, at: u64) -> Result<Option<Event<'static>>, Error> {
        match (&self.state, message) {
            (_, Message::Error(error)) if error.fatal => {
                // The client hangs up: there is nobody left to answer.
                self.state = State::Closing;
                Err(refused(&error.code, &error.text))
            }
            (_, Message::Error(_)) => Ok(None),
            (State::Hello, Message::ClientHello(hello)) => self.hello(&hello, at).map(|()| None),
            (State::Auth { .. }, Message::Auth(auth)) => self.auth(&auth).map(|()| None),
            (State::Auth { .. }, _) => Err(unauthorized("this server wants a token")),
            (State::Ready, message) => self.request(message, at),
            _ => Err(unexpected(at)),
        }
    }

    fn hello(&mut self, hello: &ClientHello<'_>, at: u64) -> Result<(), Error> {
        if !is_nonce(&hello.nonce) {
            let rule = "a nonce is 16 to 64 bytes in lower-case hexadecimal";
            return Err(Error::malformed(rule, at, "PROTOCOL §8.1"));
        }
        if !(FRAME_BYTES_HELLO_MAX..FRAME_BYTES_END).contains(&hello.max_frame) {
            return Err(Error::malformed("65,536 ≤ max_frame < 2²⁴", at, "PROTOCOL §4.2"));
        }
        let known = hello.digests.iter().filter_map(|name| DigestKind::from_name(name));
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
            digest: Text::from(digest.as_str()),
            nonce: wants_token.then(|| Text::from(&*self.nonce)),
            agent: Some(Text::from(self.config.agent.as_str())),
        };
        message::write(&answer, &mut self.outbox)?;
        self.state = match wants_token {
            true => State::Auth { client_nonce: (*hello.nonce).into() },
            false => State::Ready,
        };
        self.steps += 1;
        Ok(())
    }

    fn auth(&mut self, auth: &Auth<'_>) -> Result<(), Error> {
        let (State::Auth { client_nonce }, Some(token)) = (&self.state, &self.config.token) else {
            return Err(Error::Misuse("no proof is waited for"));
        };
        if !verify(token, Role::Client, client_nonce, &self.nonce, &auth.mac) {
            return Err(unauthorized("the token is another"));
        }
        let mac = prove(token, Role::Server, client_nonce, &self.nonce);
        message::write(&Welcome { mac: Text::from(mac.as_str()) }, &mut self.outbox)?;
        self.state = State::Ready;
        self.steps += 1;
        Ok(())
    }

    fn request(&mut self, message: Message<'_>, at: u64) -> Result<Option<Event<'static>>, Error> {
        match message {
            Message::List(list) => self.enqueue(list.id, at, Ok(Ask::List)),
            Message::Get(get) => {
                check_etag(get.etag.as_deref(), at)?;
                let ask = Name::new(&get.name).map(|name| Ask::Get {
                    name,
                    offset: get.offset.unwrap_or(0),
                    etag: get.etag.as_deref().map(Box::from),
                });
                self.enqueue(get.id, at, ask)
            }
            Message::Put(put) => {
                check_etag(Some(&put.etag), at)?;
                let (size, overwrite) = (put.size, put.overwrite);
                let etag = (*put.etag).into();
                let name = Name::new(&put.name);
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

    /// Puts a request into the queue; one with a bad name is refused at its turn.
    fn enqueue(
        &mut self,
        id: u64,
        at: u64,
        ask: Result<Ask, Error>,
    ) -> Result<Option<Event<'static>>, Error> {
        if id <= self.last_id {
            return Err(Error::malformed("ids rise from 1", at, "PROTOCOL §4.3"));
        }
        self.last_id = id;
        self.queue.push_back((id, ask));
        Ok(None)
    }

    /// The next request, if it is its turn.
    fn next_request(&mut self) -> Option<Event<'static>> {
        while matches!(self.active, Active::Idle) && !self.is_clogged() {
            let (id, ask) = self.queue.pop_front()?;
            self.steps += 1;
            match ask {
                Err(error) => self.say_error(Some(id), "bad_name", &error.reason()),
                Ok(ask) => {
                    self.active = Active::Asked { id, ask: ask.clone() };
                    return Some(Event::Request(ask));
                }
            }
        }
        None
    }

    fn chunk_start(&mut self, chunk: &Chunk, at: u64) -> Result<(), Error> {
        match &mut self.active {
            Active::Receiving(receiver) if receiver.id() == chunk.id => {
                receiver.chunk_start(chunk, at)
            }
            active => match self.last_id >= chunk.id && active.id() != Some(chunk.id) {
                true => Ok(()),
                false => Err(unexpected(at)),
            },
        }
    }

    /// Payload of the running put; that of one which was refused meanwhile goes nowhere.
    fn payload<'a>(&mut self, bytes: &'a [u8], at: u64) -> Result<Option<Event<'a>>, Error> {
        let Active::Receiving(receiver) = &mut self.active else { return Ok(None) };
        if !receiver.is_open() {
            return Ok(None);
        }
        let offset = receiver.payload(bytes, at)?;
        self.payload += bytes.len() as u64;
        Ok(Some(Event::Payload { offset, bytes }))
    }

    fn chunk_end(&mut self, chunk: &Chunk, at: u64) -> Result<Option<Event<'static>>, Error> {
        let Active::Receiving(receiver) = &mut self.active else { return Ok(None) };
        if receiver.id() != chunk.id {
            return Ok(None);
        }
        match receiver.chunk_end(chunk, at)? {
            Ok(verified) => Ok(Some(Event::Verified(verified))),
            Err(mismatch) => Ok(Some(self.mismatch(mismatch))),
        }
    }

    fn end(&mut self, end: &End<'_>, at: u64) -> Result<Option<Event<'static>>, Error> {
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
            active => {
                self.active = active;
                if running || end.id > self.last_id { Err(unexpected(at)) } else { Ok(None) }
            }
        }
    }

    fn mismatch(&mut self, mismatch: Mismatch) -> Event<'static> {
        self.say_error(self.active.id(), mismatch.code(), "a chunk arrived wrong");
        self.become_idle();
        Event::Abandoned { forget: mismatch == Mismatch::Digest }
    }

    fn cancel(&mut self, id: u64) -> Option<Event<'static>> {
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

    /// Whether answers wait that have to be drained first.
    fn is_clogged(&self) -> bool {
        self.outbox.len() > OUTBOX_BYTES_MAX / 2
    }

    fn become_idle(&mut self) {
        self.active = Active::Idle;
        self.steps += 1;
    }

    /// Says that the request `id`, or what belonged to none, went wrong.
    fn say_error(&mut self, id: Option<u64>, code: &str, text: &str) {
        self.write_error(id, code, text, false);
    }

    fn write_error(&mut self, id: Option<u64>, code: &str, text: &str, fatal: bool) {
        let error = ErrorMessage { id, code: Text::from(code), text: Text::from(text), fatal };
        // The outbox is drained before it is half full; a peer that fills it all the same is not
        // reading, and the wait for it to read will end the connection.
        let _ = message::write(&error, &mut self.outbox);
    }

    fn close_with(&mut self, code: &str, text: &str) {
        if !matches!(self.state, State::Closing) {
            self.write_error(None, code, text, true);
            self.state = State::Closing;
        }
    }

    /// Remembers an error for ever and leaves its words for the peer.
    fn fail(&mut self, error: Error) -> Error {
        match &error {
            Error::Refused { code, text } => {
                let known = matches!(&**code, "unsupported" | "unauthorized" | "unexpected");
                if known {
                    self.close_with(code, text);
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
    fn id(&self) -> Option<u64> {
        match self {
            Active::Idle => None,
            Active::Asked { id, .. } | Active::Finishing { id, .. } => Some(*id),
            Active::Sending(sender) => Some(sender.id()),
            Active::Receiving(receiver) => Some(receiver.id()),
        }
    }
}

impl Session for Server {
    type Event<'a> = Event<'a>;

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        room: &'a mut [u8],
    ) -> Result<Received<Event<'a>>, Error> {
        if let Some(error) = &self.core.failed {
            return Err((**error).clone());
        }
        if let Some(event) = self.core.next_request() {
            return Ok(Received::event(0, event));
        }
        if self.core.is_clogged() || self.core.queue.len() >= self.core.config.limits.pending_max {
            return Ok(Received::quiet(0));
        }
        if matches!(self.core.state, State::Closing) {
            return Ok(Received::quiet(input.len()));
        }
        receive_or_fail(self, input, room)
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        self.core.eof = true;
        let mid_put = matches!(self.core.active, Active::Receiving(_));
        let offset = self.reader.offset();
        let ended = match mid_put {
            true => Err(Error::Incomplete {
                expected: "the end of the file",
                offset,
                section: "PROTOCOL §3.5",
            }),
            false => self.reader.finish(),
        };
        ended.map_err(|error| self.core.fail(error))
    }

    fn offer(&mut self, payload: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        self.transmit(out);
        let Active::Sending(sender) = &mut self.core.active else {
            return Ok(0);
        };
        if !self.core.outbox.is_empty() {
            return Ok(0);
        }
        let taken = sender.offer(payload, out)?;
        if sender.is_at_end() && sender.end(out) {
            self.core.become_idle();
        }
        Ok(taken)
    }

    fn transmit(&mut self, out: &mut Buffer) {
        let outbox = &mut self.core.outbox;
        move_rows(outbox, out);
        if outbox.is_empty() && outbox.capacity() > 0 {
            *outbox = Buffer::with_limit(OUTBOX_BYTES_MAX);
        }
    }

    fn wants(&self) -> Wants {
        match (&self.core.state, &self.core.active) {
            (State::Closing, _) => Wants::Close,
            (_, Active::Sending(_)) => Wants::Payload,
            (_, Active::Idle) if self.core.eof && self.core.queue.is_empty() => Wants::Close,
            _ => Wants::Read,
        }
    }

    fn patience(&self) -> Duration {
        let limits = &self.core.config.limits;
        match (&self.core.state, &self.core.active) {
            (State::Hello | State::Auth { .. }, _) => limits.hello_wait,
            (_, Active::Idle) => limits.idle_wait,
            (_, Active::Sending(_) | Active::Receiving(_)) => limits.transfer_wait,
            (_, Active::Asked { .. } | Active::Finishing { .. }) => limits.answer_wait,
        }
    }

    fn progress(&self) -> u64 {
        self.core.steps + self.core.payload / self.core.config.limits.payload_quantum
    }
}

/// Reads one item; an error stays for ever. Apart from the method, for the borrow of an event must not
/// be held on the way of an error.
fn receive_or_fail<'a>(
    server: &'a mut Server,
    input: &'a [u8],
    room: &'a mut [u8],
) -> Result<Received<Event<'a>>, Error> {
    server.reader.set_frame_limit(server.core.frame_bytes_max);
    let Read { consumed, at, item } = match server.reader.receive(input, room) {
        Ok(read) => read,
        Err(error) => return Err(server.core.fail(error)),
    };
    let core = &mut server.core;
    let event = match item {
        None => Ok(None),
        Some(Item::ChunkStart(chunk)) => core.chunk_start(&chunk, at).map(|()| None),
        Some(Item::Payload(bytes)) => core.payload(bytes, at),
        Some(Item::Message(message)) => core.message(message, at),
    };
    match event {
        Ok(event) => Ok(Received { consumed, event }),
        Err(error) => Err(core.fail(error)),
    }
}

/// Whether a text can be an etag.
pub(super) fn is_etag(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|c| (0x21..=0x7E).contains(&c))
}

fn check_etag(etag: Option<&str>, at: u64) -> Result<(), Error> {
    if etag.is_some_and(|text| !is_etag(text)) {
        let rule = "an etag is 1 to 128 visible ASCII characters";
        return Err(Error::malformed(rule, at, "PROTOCOL §4.4"));
    }
    Ok(())
}

fn refused(code: &str, text: &str) -> Error {
    Error::Refused { code: code.into(), text: text.into() }
}

fn unauthorized(text: &str) -> Error {
    refused("unauthorized", text)
}

fn unexpected(at: u64) -> Error {
    refused("unexpected", &format!("the message at byte {at} has no place here"))
}
