//! The server's side of a framed connection, as a session.
//!
//! Specification: `PROTOCOL.md` §4, §8, §9, §11 to §13.
//!
//! ```text
//!   Hello ─hello─▶ (Auth ─auth─▶) Ready ─ fatal error, or the end ─▶ Closing
//!
//!   in Ready:  Idle ─request─▶ Asked ─┬ entries … ─────────────────────▶ Idle
//!                                     ├ file ──▶ Sending ─ the end ────▶ Idle
//!                                     ├ ready ─▶ Receiving ─▶ Finishing ▶ Idle
//!                                     ├ ready ─▶ Comparing ─▶ Finishing ▶ Idle
//!                                     └ refuse ────────────────────────▶ Idle
//! ```
//!
//! Requests are queued and answered in order, one at a time. An error after them is reported when
//! all of them are answered. The session passes requests to the application as events. The
//! application answers with [`Server::file`], [`Server::entries`], [`Server::ready`],
//! [`Server::compare`], [`Server::done`] and [`Server::refuse`].

mod config;
mod event;
mod fault;
mod incoming;
mod queue;
mod state;

pub use config::{Config, Limits};
pub use event::{Event, FileMeta, Request};
pub use state::PAGE_BYTES;

use super::code::Code;
use queue::Queue;
use state::{Active, Core, OUTBOX_BYTES_MAX, State};

use super::code;
use super::frame::{FRAME_BYTES_HELLO_MAX, move_frames};
use super::message::{self, Done, Durability, Entries, Entry, File, Ready, Side};
use super::reader::{Item, Read, Reader};
use super::receiver::Receiver;
use super::sender::{Sender, chunk_len_max};
use super::token::Hellos;
use crate::buffer::Buffer;
use crate::digest::{DigestKind, Digester};
use crate::error::Error;
use crate::session::{AbortReason, Received, Session, Wait, Wanted, Wants};
use crate::text::PeerText;
use std::sync::Arc;
use std::time::Duration;

/// The server's side of one connection.
#[derive(Debug)]
pub struct Server {
    reader: Reader,
    core: Core,
}

impl Server {
    /// A session at the beginning of a connection. `nonce` is 16 to 64 random bytes in lower-case
    /// hexadecimal, different for every connection.
    pub fn new(config: Arc<Config>, nonce: &str) -> Server {
        let core = Core {
            hellos: config.token.as_ref().map(|token| Box::new(Hellos::new(token))),
            config,
            nonce: nonce.into(),
            state: State::Hello,
            frame_bytes_max: FRAME_BYTES_HELLO_MAX,
            digest: DigestKind::None,
            queue: Queue::default(),
            active: Active::Idle,
            outbox: Buffer::with_limit(OUTBOX_BYTES_MAX),
            eof: false,
            winds_down: false,
            steps: 0,
            payload: 0,
            fault: None,
            failed: None,
        };
        Server { reader: Reader::new(Side::Client), core }
    }

    /// The digest that was negotiated for this connection.
    pub fn digest_kind(&self) -> DigestKind {
        self.core.digest
    }

    /// Whether [`entries`](Server::entries) may be called with another page.
    pub fn takes_entries(&self) -> bool {
        matches!(self.core.active, Active::Asked { request: Request::List, .. })
            && self.core.outbox.len() <= OUTBOX_BYTES_MAX / 4
    }

    /// Whether no request is running or waiting, and no error is still to be reported.
    pub fn is_idle(&self) -> bool {
        let idle = matches!(self.core.active, Active::Idle) && self.core.queue.is_empty();
        idle && self.core.fault.is_none()
    }

    /// Answers a get: the file is sent from `meta.offset` on. `digester` has digested the bytes
    /// before that.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no get waits.
    pub fn file(&mut self, meta: &FileMeta<'_>, digester: Digester) -> Result<(), Error> {
        let core = &mut self.core;
        let Active::Asked { id, request: Request::Get { name, .. }, .. } = &core.active else {
            return Err(Error::Misuse("no get waits for an answer"));
        };
        let file = File {
            id: *id,
            name: PeerText::from(name.as_str()),
            size: meta.size,
            modified: PeerText::from(meta.modified),
            etag: PeerText::from(meta.etag),
            offset: meta.offset,
        };
        message::write(&file, &mut core.outbox)?;
        let chunk_len = chunk_len_max(core.frame_bytes_max);
        let sender = Sender::new(*id, meta.offset, meta.size, chunk_len, digester);
        core.active = Active::Sending(Box::new(sender));
        core.steps += 1;
        Ok(())
    }

    /// Answers a list with a page; `more` announces another one.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no list waits, or the page is longer than [`PAGE_BYTES`] allows.
    pub fn entries(&mut self, entries: Vec<Entry<'_>>, more: bool) -> Result<(), Error> {
        self.page(entries, more, None)
    }

    /// Answers a list with its last page. `not_offered` counts the files and directories that are
    /// left out, because the name breaks the grammar of names (§10) or because they cannot be read.
    ///
    /// # Errors
    /// Those of [`entries`](Server::entries).
    pub fn last_entries(&mut self, entries: Vec<Entry<'_>>, not_offered: u64) -> Result<(), Error> {
        self.page(entries, false, Some(not_offered).filter(|count| *count > 0))
    }

    fn page(
        &mut self,
        entries: Vec<Entry<'_>>,
        more: bool,
        not_offered: Option<u64>,
    ) -> Result<(), Error> {
        let Active::Asked { id, request: Request::List, .. } = self.core.active else {
            return Err(Error::Misuse("no list waits for an answer"));
        };
        message::write(&Entries { id, entries, more, not_offered }, &mut self.core.outbox)?;
        self.core.steps += 1;
        if !more {
            self.core.become_idle();
        }
        Ok(())
    }

    /// Answers a put: the client may send the file from `offset` on. `digester` has digested the
    /// bytes before that.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no put waits.
    pub fn ready(&mut self, offset: u64, digester: Digester) -> Result<(), Error> {
        let receiver = self.grant(Some(offset), digester)?;
        self.core.active = Active::Receiving(receiver);
        Ok(())
    }

    /// Answers a put whose name belongs to a file of the same size: the client sends no content,
    /// only the digest of its file. `digester` has digested the existing file.
    ///
    /// If the digests are equal, the event is [`Event::Received`], which [`done`](Server::done)
    /// answers. If they differ, the request ends with the error `exists`.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no put waits.
    pub fn compare(&mut self, digester: Digester) -> Result<(), Error> {
        let receiver = self.grant(None, digester)?;
        self.core.active = Active::Comparing(receiver);
        Ok(())
    }

    /// Sends `ready` with `offset`, or with the size of the file.
    fn grant(&mut self, offset: Option<u64>, digester: Digester) -> Result<Box<Receiver>, Error> {
        let Active::Asked { id, request: Request::Put { size, .. }, early } = self.core.active
        else {
            return Err(Error::Misuse("no put waits for an answer"));
        };
        let offset = offset.unwrap_or(size);
        message::write(&Ready { id, offset }, &mut self.core.outbox)?;
        self.core.check_early(early);
        self.core.steps += 1;
        Ok(Box::new(Receiver::new(id, offset, size, digester)))
    }

    /// Answers a put whose file is stored under its name.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no put is being finished.
    pub fn done(&mut self, durability: Durability) -> Result<(), Error> {
        let Active::Finishing { id, size, digest } = &self.core.active else {
            return Err(Error::Misuse("no put is being finished"));
        };
        let digest = digest.as_deref().map(PeerText::from);
        let done = Done { id: *id, size: *size, digest, durability };
        message::write(&done, &mut self.core.outbox)?;
        self.core.become_idle();
        Ok(())
    }

    /// Ends the running request with an error of `PROTOCOL.md` §9.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no request is running.
    pub fn refuse(&mut self, code: Code, text: &str) -> Result<(), Error> {
        let Some(id) = self.core.active.id() else {
            return Err(Error::Misuse("no request is running"));
        };
        self.core.send_error(Some(id), code.as_str(), text);
        self.core.become_idle();
        Ok(())
    }

    /// Accepts no further requests: new ones are refused with `shutting_down`, and the connection
    /// closes when the earlier ones are answered.
    pub fn wind_down(&mut self) {
        self.core.winds_down = true;
    }
}

impl Session for Server {
    type Event<'a> = Event<'a>;

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        scratch: &'a mut [u8],
    ) -> Result<Received<Event<'a>>, Error> {
        if let Some(error) = &self.core.failed {
            return Err((**error).clone());
        }
        if matches!(self.core.state, State::Closing) {
            return Ok(Received::need_input(input.len()));
        }
        if let Some(event) = self.core.go_on(self.reader.offset())? {
            return Ok(Received::event(0, event));
        }
        if self.core.fault.is_some() {
            // Nothing after an error is parsed, and the memory of the reader is freed.
            if self.reader.offset() > 0 {
                self.reader = Reader::new(Side::Client);
            }
            return Ok(Received::need_input(input.len()));
        }
        if self.core.must_drain() || (self.core.is_full() && !self.is_receiving()) {
            return Ok(Received::need_drain());
        }
        receive_or_fail(self, input, scratch)
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        self.core.eof = true;
        if let Some(error) = &self.core.failed {
            return Err((**error).clone());
        }
        if self.core.fault.is_none()
            && let Err(error) = self.reader.finish()
        {
            self.core.set_fault(error);
        }
        let is_answered = matches!(self.core.active, Active::Idle) && self.core.queue.is_empty();
        // Requests before the end of the stream are answered first.
        if is_answered { self.core.go_on(self.reader.offset()).map(drop) } else { Ok(()) }
    }

    fn offer(&mut self, payload: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        self.transmit(out);
        if !self.core.outbox.is_empty() || matches!(self.core.state, State::Closing) {
            return Ok(0);
        }
        let Active::Sending(sender) = &mut self.core.active else { return Ok(0) };
        let taken = sender.offer(payload, out)?;
        self.core.payload += taken as u64;
        if sender.is_at_end() && sender.end(out) {
            self.core.become_idle();
        }
        Ok(taken)
    }

    fn transmit(&mut self, out: &mut Buffer) {
        let outbox = &mut self.core.outbox;
        move_frames(outbox, out);
        if outbox.is_empty() && outbox.capacity() > 0 {
            *outbox = Buffer::with_limit(OUTBOX_BYTES_MAX);
        }
    }

    fn wants(&self) -> Wants {
        match (&self.core.state, &self.core.active) {
            (State::Closing, _) => Wants::Close,
            (_, Active::Sending(_)) => Wants::Payload,
            (_, Active::Idle) if self.core.takes_no_more() => Wants::Close,
            _ => Wants::Read,
        }
    }

    fn idle_timeout(&self) -> Duration {
        let limits = &self.core.config.limits;
        match (&self.core.state, &self.core.active) {
            (State::Hello | State::Auth, _) => limits.hello_wait,
            (_, Active::Idle) => limits.idle_wait,
            (_, Active::Sending(_)) => limits.transfer_wait,
            (_, Active::Receiving(receiver) | Active::Comparing(receiver)) => {
                let hashing = receiver.silent_bytes() / limits.hash_rate;
                limits.transfer_wait + Duration::from_secs(hashing)
            }
            // The client does not read the last page.
            (_, Active::Asked { request: Request::List, .. }) if !self.takes_entries() => {
                limits.transfer_wait
            }
            (_, Active::Asked { .. } | Active::Finishing { .. }) => limits.answer_wait,
        }
    }

    fn progress(&self) -> u64 {
        self.core.steps + self.core.payload / self.core.config.limits.payload_quantum
    }

    /// At the end of a file `len` is 0: an empty offer makes the session write the end.
    fn wanted(&self, out: &Buffer) -> Option<Wanted> {
        match (&self.core.state, &self.core.active) {
            (State::Closing, _) => None,
            (_, Active::Sending(sender)) => sender.wanted_part(out),
            _ => None,
        }
    }

    fn memory(&self) -> usize {
        self.reader.capacity() + self.core.outbox.capacity() + self.core.requests_bytes()
    }

    fn is_receiving(&self) -> bool {
        matches!(self.core.active, Active::Receiving(_))
    }

    fn waits_for(&self) -> Wait {
        Wait::from(match &self.core.active {
            Active::Sending(_) => "the client to read",
            Active::Receiving(_) | Active::Comparing(_) => "the client's file",
            Active::Idle => "a request",
            Active::Asked { .. } | Active::Finishing { .. } => "the application",
        })
    }

    /// Sends `error` with the code that `PROTOCOL.md` §9 has for the reason.
    fn abort(&mut self, reason: AbortReason, text: &str) {
        self.core.close_with(code::of_abort(reason).as_str(), text);
        // Nothing more is parsed, so an incomplete message is dropped.
        self.reader = Reader::new(Side::Client);
    }
}

/// Parses one item; an error ends the connection. Not part of the method, because the borrow
/// checker would extend the borrow of an event to the error.
fn receive_or_fail<'a>(
    server: &'a mut Server,
    input: &'a [u8],
    scratch: &'a mut [u8],
) -> Result<Received<Event<'a>>, Error> {
    server.reader.set_frame_limit(server.core.frame_bytes_max);
    if !server.core.takes_payload() {
        server.reader.discard_held();
    }
    let Read { consumed, at, item } = match server.reader.receive(input, scratch) {
        Ok(read) => read,
        Err(error) => return fault_or_fail(&mut server.core, error, input.len()),
    };
    let core = &mut server.core;
    if let (State::Hello, Some(hellos)) = (&core.state, &mut core.hellos) {
        hellos.update(&input[..consumed]);
    }
    let event = match item {
        None => Ok(None),
        Some(Item::ChunkStart(chunk)) => core.chunk_start(&chunk, at).map(|()| None),
        Some(Item::Payload(bytes)) => core.payload(bytes, at),
        Some(Item::Message(message)) => core.message(message, at),
    };
    match event {
        Ok(event) => Ok(Received::maybe(consumed, event)),
        Err(error) => fault_or_fail(core, error, input.len()),
    }
}

/// Ends the connection with an error: at once if the client ended it or the error is a misuse of
/// this session, else when all earlier requests are answered.
fn fault_or_fail(
    core: &mut Core,
    error: Error,
    left: usize,
) -> Result<Received<Event<'static>>, Error> {
    if matches!(core.state, State::Closing) || matches!(error, Error::Misuse(_)) {
        return Err(core.fail(error));
    }
    core.set_fault(error);
    Ok(Received::maybe(left, core.go_on(0)?))
}
