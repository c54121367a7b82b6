//! The client's side of a framed connection, as a session.
//!
//! Specification: `PROTOCOL.md` §4, §7, §8, §11, §12.
//!
//! ```text
//!   Hello ─hello─▶ (Auth ─welcome─▶) Ready
//!   a get:  Asked ─file─▶ Receiving ─end─▶ (event Received)
//!   a put:  Asked ─ready─▶ Granted ─start_put─▶ Sending ─▶ Sent ─done─▶ (event Done)
//!   a list: Asked ─entries, more─▶ Asked … ─entries─▶ (event Entries, more = false)
//! ```
//!
//! Requests may be made as soon as [`Event::Welcome`] has come, many at a time: they are answered in
//! order, and each event names the request it belongs to.

use super::digest::{DigestKind, Digester};
use super::frame::{FRAME_BYTES_DEFAULT_MAX, FRAME_BYTES_END, FRAME_BYTES_HELLO_MAX, move_rows};
use super::message::{
    self, Auth, Cancel, Chunk, ClientHello, End, Entries, Entry, ErrorMessage, File, Get, List,
    Message, Put, ServerHello, Side, Text, VERSION, Welcome,
};
use super::name::Name;
use super::reader::{Item, Read, Reader};
use super::receiver::{Receiver, Verified};
use super::sender::{Sender, chunk_len_max};
use super::server::is_etag;
use super::token::{Role, Token, is_nonce, prove, verify};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::session::{Received, Session, Wants};
use std::collections::VecDeque;
use std::time::Duration;

/// The bounds of a client session.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest frame, in bytes.
    pub frame_bytes_max: u32,
    /// How long it waits for an answer.
    pub answer_wait: Duration,
    /// How long a transfer may go without [`payload_quantum`](Limits::payload_quantum) bytes.
    pub transfer_wait: Duration,
    /// How many bytes of payload count as progress.
    pub payload_quantum: u64,
    /// How long the server may take to make a file durable.
    pub done_wait: Duration,
    /// How fast a server is taken to hash what it does not send on resume, in bytes a second.
    pub hash_rate: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame_bytes_max: FRAME_BYTES_DEFAULT_MAX,
            answer_wait: Duration::from_secs(30),
            transfer_wait: Duration::from_secs(30),
            payload_quantum: 4096,
            done_wait: Duration::from_secs(600),
            hash_rate: 64 << 20,
        }
    }
}

/// What a client session is made with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Bounds and waits.
    pub limits: Limits,
    /// Digests it can do, by preference.
    pub digests: Vec<DigestKind>,
    /// The secret both sides prove, if any.
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

/// The beginning of a file that the client has already.
#[derive(Debug)]
pub struct Resume<'a> {
    /// How much, in bytes.
    pub offset: u64,
    /// Of which version.
    pub etag: &'a str,
    /// Has seen it.
    pub digester: Digester,
}

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The server has been greeted: requests may be made, with this digest.
    Welcome(DigestKind),
    /// A page of a listing.
    Entries {
        /// Of the request.
        id: u64,
        /// The files of this page.
        entries: Vec<Entry<'a>>,
        /// Whether another page follows.
        more: bool,
    },
    /// A file comes.
    File {
        /// Of the request.
        id: u64,
        /// Of the whole file, in bytes.
        size: u64,
        /// RFC 3339, UTC.
        modified: Text<'a>,
        /// Names this version.
        etag: Text<'a>,
        /// Where it begins, in bytes.
        offset: u64,
    },
    /// Bytes of the file that comes.
    Payload {
        /// Of the request.
        id: u64,
        /// Where they belong, in bytes from the beginning of the file.
        offset: u64,
        /// The bytes. They do not count before their chunk is verified.
        bytes: &'a [u8],
    },
    /// A chunk of the file that comes counts from now on.
    Verified {
        /// Of the request.
        id: u64,
        /// Which chunk.
        chunk: Verified,
    },
    /// The file that came is whole and verified.
    Received {
        /// Of the request.
        id: u64,
        /// Its digest as on the wire, `None` if none was agreed.
        digest: Option<String>,
    },
    /// The server takes the file: hash what lies before `offset`, then [`Client::start_put`].
    Ready {
        /// Of the request.
        id: u64,
        /// Where to go on, in bytes.
        offset: u64,
    },
    /// The file that was put stands under its name.
    Done {
        /// Of the request.
        id: u64,
        /// Its digest as on the wire, `None` if none was agreed.
        digest: Option<String>,
        /// `fsync`, `rename` or `none`.
        durability: Text<'a>,
    },
    /// A request has failed; the connection goes on.
    Failed {
        /// Of the request.
        id: u64,
        /// `PROTOCOL.md` §9.
        code: Text<'a>,
        /// For people; it may hold anything, so escape it before showing.
        text: Text<'a>,
    },
}

#[derive(Debug)]
enum State {
    Hello,
    Auth { server_nonce: Box<str> },
    Ready,
    Closing,
}

/// How far a request is.
#[derive(Debug)]
enum Step {
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
const OUTBOX_BYTES_MAX: usize = 262_144;

/// The client's side of one connection.
#[derive(Debug)]
pub struct Client {
    reader: Reader,
    core: Core,
}

/// All but the reader, so that a message can be acted on while it is still borrowed from there.
#[derive(Debug)]
struct Core {
    config: Config,
    nonce: Box<str>,
    state: State,
    frame_bytes_max: u32,
    digest: DigestKind,
    /// Requests that are not answered, in order.
    pending: VecDeque<(u64, Step)>,
    last_id: u64,
    outbox: Buffer,
    ended: bool,
    steps: u64,
    payload: u64,
    failed: Option<Box<Error>>,
}

impl Client {
    /// A session at the beginning of a connection; its hello waits in
    /// [`transmit`](Session::transmit). `nonce` is 16 to 64 random bytes in lower-case hexadecimal,
    /// never used twice.
    pub fn new(config: Config, nonce: &str) -> Client {
        let mut core = Core {
            config,
            nonce: nonce.into(),
            state: State::Hello,
            frame_bytes_max: FRAME_BYTES_HELLO_MAX,
            digest: DigestKind::None,
            pending: VecDeque::new(),
            last_id: 0,
            outbox: Buffer::with_limit(OUTBOX_BYTES_MAX),
            ended: false,
            steps: 0,
            payload: 0,
            failed: None,
        };
        core.greet();
        Client { reader: Reader::new(Side::Server), core }
    }

    /// Asks what is there.
    ///
    /// # Errors
    /// [`Error::Misuse`] if too many requests wait to be sent, here and in the other requests.
    pub fn list(&mut self) -> Result<u64, Error> {
        let id = self.core.next_id();
        message::write(&List { id }, &mut self.core.outbox)?;
        self.core.ask(id, Step::List);
        Ok(id)
    }

    /// Asks for a file, or for the rest of it.
    ///
    /// # Errors
    /// See [`list`](Client::list).
    pub fn get(&mut self, name: &Name, resume: Option<Resume<'_>>) -> Result<u64, Error> {
        let id = self.core.next_id();
        let (offset, etag, digester) = match resume {
            Some(Resume { offset, etag, digester }) => (offset, Some(etag), Some(digester)),
            None => (0, None, None),
        };
        let get = Get {
            id,
            name: Text::from(name.as_str()),
            offset: (offset > 0).then_some(offset),
            etag: etag.map(Text::from),
        };
        message::write(&get, &mut self.core.outbox)?;
        self.core.ask(id, Step::Get { offset, digester });
        Ok(id)
    }

    /// Asks to store a file of `size` bytes; `etag` names its version.
    ///
    /// # Errors
    /// See [`list`](Client::list).
    pub fn put(
        &mut self,
        name: &Name,
        size: u64,
        etag: &str,
        overwrite: bool,
    ) -> Result<u64, Error> {
        let id = self.core.next_id();
        let (name, etag) = (Text::from(name.as_str()), Text::from(etag));
        message::write(&Put { id, name, size, etag, overwrite }, &mut self.core.outbox)?;
        self.core.ask(id, Step::Put { size });
        Ok(id)
    }

    /// Begins to send a file that the server is ready for; `digester` has seen what lies before the
    /// offset it named.
    ///
    /// # Errors
    /// [`Error::Misuse`] if `id` is not a put that was granted.
    pub fn start_put(&mut self, id: u64, digester: Digester) -> Result<(), Error> {
        let chunk_len = chunk_len_max(self.core.frame_bytes_max);
        match self.core.pending.front_mut() {
            Some((front, step)) if *front == id => {
                let Step::Granted { size, offset } = *step else {
                    return Err(Error::Misuse("that put is not granted"));
                };
                let sender = Sender::new(id, offset, size, chunk_len, digester);
                *step = Step::Sending(Box::new(sender));
                self.core.steps += 1;
                Ok(())
            }
            _ => Err(Error::Misuse("that request is not at its turn")),
        }
    }

    /// Gives up a request. It ends with the event [`Event::Failed`] and the code `cancelled`, or with
    /// whatever the server had said before it heard.
    ///
    /// # Errors
    /// See [`list`](Client::list).
    pub fn cancel(&mut self, id: u64) -> Result<(), Error> {
        let Some((_, step)) = self.core.pending.iter_mut().find(|(other, _)| *other == id) else {
            return Ok(());
        };
        if !matches!(step, Step::Dropped { .. }) {
            message::write(&Cancel { id }, &mut self.core.outbox)?;
            *step = Step::Dropped { told: false };
        }
        Ok(())
    }

    /// Says that no more requests will be made: the session wants to close once all are answered.
    pub fn end(&mut self) {
        self.core.ended = true;
    }

    /// How many requests are not answered yet.
    pub fn pending(&self) -> usize {
        self.core.pending.len()
    }

    /// Of which put, from which offset and how many bytes it would take now; 0 bytes at its end, where
    /// an empty offer makes it say so. `None` unless a file is being sent and `out` has room.
    pub fn wanted(&self, out: &Buffer) -> Option<(u64, u64, usize)> {
        match self.core.pending.front() {
            Some((id, Step::Sending(sender))) => {
                sender.wanted(out).map(|len| (*id, sender.offset(), len))
            }
            _ => None,
        }
    }

    /// Whether the payload of a chunk is on its way in: large reads pay.
    pub fn in_payload(&self) -> bool {
        self.reader.in_payload()
    }

    /// Tells the server that it took too long, and closes.
    pub fn abort(&mut self, code: &str, text: &str) {
        self.core.close_with(code, text);
    }
}

impl Core {
    fn greet(&mut self) {
        let digests = self.config.digests.iter().map(|kind| Text::from(kind.as_str())).collect();
        let hello = ClientHello {
            versions: vec![VERSION],
            max_frame: self.config.limits.frame_bytes_max,
            digests,
            nonce: Text::from(&*self.nonce),
            agent: Some(Text::from(self.config.agent.as_str())),
        };
        // An empty outbox has room for one hello.
        let _ = message::write(&hello, &mut self.outbox);
    }

    fn next_id(&self) -> u64 {
        self.last_id + 1
    }

    fn ask(&mut self, id: u64, step: Step) {
        self.last_id = id;
        self.pending.push_back((id, step));
        self.steps += 1;
    }

    fn message<'a>(&mut self, message: Message<'a>, at: u64) -> Result<Option<Event<'a>>, Error> {
        match (&self.state, message) {
            (_, Message::Error(error)) => self.error(error, at),
            (_, Message::Unknown(_)) => Ok(None),
            (State::Hello, Message::ServerHello(hello)) => self.hello(&hello, at),
            (State::Auth { .. }, Message::Welcome(welcome)) => self.welcome(&welcome).map(Some),
            (State::Ready, message) => self.answer(message, at),
            _ => Err(unexpected(at)),
        }
    }

    fn hello(&mut self, hello: &ServerHello<'_>, at: u64) -> Result<Option<Event<'static>>, Error> {
        let digest = DigestKind::from_name(&hello.digest);
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
            (Some(nonce), Some(token)) if is_nonce(nonce) => {
                let mac = prove(token, Role::Client, &self.nonce, nonce);
                message::write(&Auth { mac: Text::from(mac.as_str()) }, &mut self.outbox)?;
                self.state = State::Auth { server_nonce: (&**nonce).into() };
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

    fn welcome(&mut self, welcome: &Welcome<'_>) -> Result<Event<'static>, Error> {
        let (State::Auth { server_nonce }, Some(token)) = (&self.state, &self.config.token) else {
            return Err(Error::Misuse("no welcome is waited for"));
        };
        if !verify(token, Role::Server, &self.nonce, server_nonce, &welcome.mac) {
            return Err(refused("unauthorized", "the server knows another token"));
        }
        self.state = State::Ready;
        self.steps += 1;
        Ok(Event::Welcome(self.digest))
    }

    fn answer<'a>(&mut self, message: Message<'a>, at: u64) -> Result<Option<Event<'a>>, Error> {
        let Some((id, step)) = self.pending.front_mut() else { return Err(unexpected(at)) };
        let id = *id;
        if message.id() != Some(id) {
            return Err(unexpected(at));
        }
        match (step, message) {
            (
                Step::Dropped { told },
                Message::Entries(Entries { more: false, .. }) | Message::End(_) | Message::Done(_),
            ) => {
                let told = *told;
                self.finish();
                let (code, text) = (Text::from("cancelled"), Text::from("as asked"));
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
                if done.digest.as_deref() != digest.as_deref() {
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

    fn file<'a>(&mut self, file: File<'a>, at: u64) -> Result<Event<'a>, Error> {
        let Some((id, Step::Get { offset, digester })) = self.pending.front_mut() else {
            return Err(unexpected(at));
        };
        let (id, offset) = (*id, *offset);
        if file.offset != offset || offset > file.size {
            let rule = "a file begins where it was asked to";
            return Err(Error::malformed(rule, at, "PROTOCOL §7.2"));
        }
        if !is_etag(&file.etag) {
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

    fn end_of_file(&mut self, end: &End<'_>) -> Event<'static> {
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
    fn give_up(&mut self, id: u64, code: &'static str) -> Result<Option<Event<'static>>, Error> {
        message::write(&Cancel { id }, &mut self.outbox)?;
        self.pending[0].1 = Step::Dropped { told: true };
        Ok(Some(failed(id, code)))
    }

    fn error<'a>(&mut self, error: ErrorMessage<'a>, at: u64) -> Result<Option<Event<'a>>, Error> {
        if error.fatal || error.id.is_none() {
            return Err(refused(&error.code, &error.text));
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
            // The error of a request that has failed here meanwhile.
            (_, Some(id)) if id <= self.last_id => Ok(None),
            _ => Err(unexpected(at)),
        }
    }

    fn chunk_start(&mut self, chunk: &Chunk, at: u64) -> Result<(), Error> {
        match self.pending.front_mut() {
            Some((id, Step::Receiving(receiver))) if *id == chunk.id => {
                receiver.chunk_start(chunk, at)
            }
            Some((id, Step::Dropped { .. })) if *id == chunk.id => Ok(()),
            _ => Err(unexpected(at)),
        }
    }

    fn payload<'a>(&mut self, bytes: &'a [u8], at: u64) -> Result<Option<Event<'a>>, Error> {
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
    fn finish(&mut self) {
        self.pending.pop_front();
        self.steps += 1;
    }

    fn close_with(&mut self, code: &str, text: &str) {
        if !matches!(self.state, State::Closing) {
            let (code, text) = (Text::from(code), Text::from(text));
            let last_words = ErrorMessage { id: None, code, text, fatal: true };
            // What still waits to be asked is void; a full outbox only means that nothing more is said.
            let _ = message::write(&last_words, &mut self.outbox);
            self.state = State::Closing;
        }
    }

    /// Remembers an error for ever, and tells the server if it is its fault.
    fn fail(&mut self, error: Error) -> Error {
        if matches!(error, Error::Malformed { .. } | Error::TooLarge { .. }) {
            self.close_with(error.kind(), &error.to_string());
        }
        self.state = State::Closing;
        self.failed = Some(Box::new(error.clone()));
        error
    }
}

impl Session for Client {
    type Event<'a> = Event<'a>;

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        room: &'a mut [u8],
    ) -> Result<Received<Event<'a>>, Error> {
        if let Some(error) = &self.core.failed {
            return Err((**error).clone());
        }
        self.reader.set_frame_limit(self.core.frame_bytes_max);
        let Read { consumed, at, item } = match self.reader.receive(input, room) {
            Ok(read) => read,
            Err(error) => return Err(self.core.fail(error)),
        };
        let event = match item {
            None => Ok(None),
            Some(Item::ChunkStart(chunk)) => self.core.chunk_start(&chunk, at).map(|()| None),
            Some(Item::Payload(bytes)) => self.core.payload(bytes, at),
            Some(Item::Message(message)) => self.core.message(message, at),
        };
        match event {
            Ok(event) => Ok(Received { consumed, event }),
            Err(error) => Err(self.core.fail(error)),
        }
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        let finished = self.reader.finish().and_then(|()| {
            let expected = match (&self.core.state, self.core.pending.front()) {
                (State::Hello | State::Auth { .. }, _) => "the server's hello",
                (_, Some((_, Step::Receiving(_)))) => "the end of the file",
                (_, Some(_)) => "an answer",
                (_, None) => return Ok(()),
            };
            let offset = self.reader.offset();
            Err(Error::Incomplete { expected, offset, section: "PROTOCOL §3.5" })
        });
        self.core.ended = true;
        finished.map_err(|error| self.core.fail(error))
    }

    fn offer(&mut self, payload: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        self.transmit(out);
        if !self.core.outbox.is_empty() {
            return Ok(0);
        }
        let Some((_, step)) = self.core.pending.front_mut() else { return Ok(0) };
        let Step::Sending(sender) = step else { return Ok(0) };
        let taken = sender.offer(payload, out)?;
        self.core.payload += taken as u64;
        if sender.is_at_end() && sender.end(out) {
            *step = Step::Sent { digest: sender.digest().map(str::to_owned) };
            self.core.steps += 1;
        }
        Ok(taken)
    }

    fn transmit(&mut self, out: &mut Buffer) {
        move_rows(&mut self.core.outbox, out);
    }

    fn wants(&self) -> Wants {
        match (&self.core.state, self.core.pending.front()) {
            (State::Closing, _) => Wants::Close,
            (_, Some((_, Step::Sending(_)))) => Wants::Payload,
            (_, None) if self.core.ended => Wants::Close,
            _ => Wants::Read,
        }
    }

    fn patience(&self) -> Duration {
        let limits = &self.core.config.limits;
        match self.core.pending.front() {
            Some((_, Step::Get { offset, .. })) => {
                limits.answer_wait + Duration::from_secs(offset / limits.hash_rate)
            }
            Some((_, Step::Receiving(_) | Step::Sending(_))) => limits.transfer_wait,
            Some((_, Step::Sent { .. } | Step::Granted { .. })) => limits.done_wait,
            _ => limits.answer_wait,
        }
    }

    fn progress(&self) -> u64 {
        self.core.steps + self.core.payload / self.core.config.limits.payload_quantum
    }
}

fn failed(id: u64, code: &'static str) -> Event<'static> {
    Event::Failed { id, code: Text::from(code), text: Text::from("the file arrived wrong") }
}

fn refused(code: &str, text: &str) -> Error {
    Error::Refused { code: code.into(), text: text.into() }
}

fn unexpected(at: u64) -> Error {
    Error::malformed("an answer to what was asked, in order", at, "PROTOCOL §4.3")
}
