//! The client's side of a framed connection, as a session.
//!
//! Specification: `PROTOCOL.md` §4, §7, §8, §11 to §13.
//!
//! ```text
//!   Hello ─hello─▶ (Auth ─welcome─▶) Ready
//!   a get:  Asked ─file─▶ Receiving ─end─▶ (event Received)
//!   a put:  Asked ─ready─▶ Granted ─start_put─▶ Sending ─▶ Sent ─done─▶ (event Done)
//!   a list: Asked ─entries, more─▶ Asked … ─entries─▶ (event Entries, more = false)
//! ```
//!
//! Requests may be made after [`Event::Welcome`], many at a time. They are answered in order, and
//! each event has the id of its request.

mod config;
mod event;
mod state;

pub use config::{Config, Limits};
pub use event::{Event, Resume};

use state::{Core, OUTBOX_BYTES_MAX, State, Step};

use super::code;
use super::frame::{FRAME_BYTES_HELLO_MAX, move_frames};
use super::message::{self, Cancel, Get, List, Put, Side};
use super::reader::{Item, Read, Reader};
use super::sender::{Sender, chunk_len_max};
use super::token::Hellos;
use crate::buffer::Buffer;
use crate::digest::{DigestKind, Digester};
use crate::error::Error;
use crate::name::Name;
use crate::session::{AbortReason, Received, Session, Wait, WaitKind, Wanted, Wants};
use crate::text::PeerText;
use std::collections::VecDeque;
use std::time::Duration;

/// The client's side of one connection.
#[derive(Debug)]
pub struct Client {
    reader: Reader,
    core: Core,
}

impl Client {
    /// A session at the beginning of a connection, whose first [`transmit`](Session::transmit)
    /// appends its hello. `nonce` is 16 to 64 random bytes in lower-case hexadecimal, different for
    /// every connection.
    pub fn new(config: Config, nonce: &str) -> Client {
        let mut core = Core {
            hellos: config.token.as_ref().map(|token| Box::new(Hellos::new(token))),
            config,
            nonce: nonce.into(),
            state: State::Hello,
            frame_bytes_max: FRAME_BYTES_HELLO_MAX,
            digest: DigestKind::None,
            pending: VecDeque::new(),
            last_id: 0,
            outbox: Buffer::with_limit(OUTBOX_BYTES_MAX),
            ended: false,
            eof: false,
            steps: 0,
            payload: 0,
            failed: None,
        };
        core.greet();
        Client { reader: Reader::new(Side::Server), core }
    }

    /// Requests the list of files. Returns the id of the request.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the request does not fit into the buffer of unsent requests (256 KiB).
    pub fn list(&mut self) -> Result<u64, Error> {
        let id = self.core.next_id();
        message::write(&List { id }, &mut self.core.outbox)?;
        self.core.ask(id, Step::List { entries: 0 });
        Ok(id)
    }

    /// Requests a file, or the rest of one. Returns the id of the request.
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
            name: PeerText::from(name.as_str()),
            offset: (offset > 0).then_some(offset),
            etag: etag.map(PeerText::from),
        };
        message::write(&get, &mut self.core.outbox)?;
        self.core.ask(id, Step::Get { offset, digester });
        Ok(id)
    }

    /// Requests to store a file of `size` bytes, whose version is `etag`. Returns the id of the
    /// request.
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
        let (name, etag) = (PeerText::from(name.as_str()), PeerText::from(etag));
        message::write(&Put { id, name, size, etag, overwrite }, &mut self.core.outbox)?;
        self.core.ask(id, Step::Put { size });
        Ok(id)
    }

    /// Begins to send a file after [`Event::Ready`]. `digester` has digested the bytes before the
    /// offset of that event.
    ///
    /// # Errors
    /// [`Error::Misuse`] if `id` is not the put that the server is ready for.
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

    /// Cancels a request. It ends with the event [`Event::Failed`] and the code `cancelled`, or
    /// with the answer that the server sent before it received the cancel.
    ///
    /// # Errors
    /// See [`list`](Client::list).
    pub fn cancel(&mut self, id: u64) -> Result<(), Error> {
        let Some((_, step)) = self.core.pending.iter_mut().find(|(other, _)| *other == id) else {
            return Ok(());
        };
        match step {
            Step::Dropped { .. } => {}
            // If the cancel is too late, the file is stored, and the event is `Done`.
            Step::Sent { .. } => message::write(&Cancel { id }, &mut self.core.outbox)?,
            _ => {
                message::write(&Cancel { id }, &mut self.core.outbox)?;
                *step = Step::Dropped { reported: false };
            }
        }
        Ok(())
    }

    /// Declares that no more requests will be made: the session wants to close once all are
    /// answered.
    pub fn end(&mut self) {
        self.core.ended = true;
    }

    /// Whether all of a put has been sent with its end, and only the answer is missing.
    pub fn awaits_done(&self, id: u64) -> bool {
        matches!(self.core.pending.front(), Some((front, Step::Sent { .. })) if *front == id)
    }

    /// Checks for requests that were made after the end of the server's stream, which are never
    /// answered.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if there is one.
    pub fn check_end(&mut self) -> Result<(), Error> {
        if self.core.eof { self.receive_eof() } else { Ok(()) }
    }

    /// How many requests are not answered yet.
    pub fn pending(&self) -> usize {
        self.core.pending.len()
    }

    /// The id of the put whose payload is wanted now.
    pub fn sending_id(&self) -> Option<u64> {
        match self.core.pending.front() {
            Some((id, Step::Sending(_))) => Some(*id),
            _ => None,
        }
    }
}

impl Session for Client {
    type Event<'a> = Event<'a>;

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        scratch: &'a mut [u8],
    ) -> Result<Received<Event<'a>>, Error> {
        if let Some(error) = &self.core.failed {
            return Err((**error).clone());
        }
        self.reader.set_frame_limit(self.core.frame_bytes_max);
        if !self.core.takes_payload() {
            self.reader.discard_held();
        }
        let Read { consumed, at, item } = match self.reader.receive(input, scratch) {
            Ok(read) => read,
            Err(error) => return Err(self.core.fail(error)),
        };
        if let (State::Hello, Some(hellos)) = (&self.core.state, &mut self.core.hellos) {
            hellos.update(&input[..consumed]);
        }
        let event = match item {
            None => Ok(None),
            Some(Item::ChunkStart(chunk)) => self.core.chunk_start(&chunk, at).map(|()| None),
            Some(Item::Payload(bytes)) => self.core.payload(bytes, at),
            Some(Item::Message(message)) => self.core.message(message, at),
        };
        match event {
            Ok(event) => Ok(Received::maybe(consumed, event)),
            Err(error) => Err(self.core.fail(error)),
        }
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        if let Some(error) = &self.core.failed {
            return Err((**error).clone());
        }
        let finished = self.reader.finish().and_then(|()| {
            let expected = match (&self.core.state, self.core.pending.front()) {
                (State::Hello | State::Auth, _) => "the server's hello",
                (_, Some((_, Step::Receiving(_)))) => "the end of the file",
                (_, Some(_)) => "the server's answer",
                (_, None) => return Ok(()),
            };
            let offset = self.reader.offset();
            Err(Error::Incomplete { expected, offset, section: "PROTOCOL §3.5" })
        });
        (self.core.ended, self.core.eof) = (true, true);
        finished.map_err(|error| self.core.fail(error))
    }

    fn offer(&mut self, payload: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        self.transmit(out);
        if !self.core.outbox.is_empty() || matches!(self.core.state, State::Closing) {
            return Ok(0);
        }
        let Some((_, step)) = self.core.pending.front_mut() else { return Ok(0) };
        let Step::Sending(sender) = step else { return Ok(0) };
        let taken = sender.offer(payload, out)?;
        self.core.payload += taken as u64;
        if sender.is_at_end() && sender.end(out) {
            let (size, digest) = (sender.offset(), sender.digest().map(str::to_owned));
            *step = Step::Sent { size, digest };
            self.core.steps += 1;
        }
        Ok(taken)
    }

    fn transmit(&mut self, out: &mut Buffer) {
        move_frames(&mut self.core.outbox, out);
    }

    fn wants(&self) -> Wants {
        match (&self.core.state, self.core.pending.front()) {
            (State::Closing, _) => Wants::Close,
            (_, Some((_, Step::Sending(_)))) => Wants::Payload,
            (_, None) if self.core.ended => Wants::Close,
            _ => Wants::Read,
        }
    }

    fn idle_timeout(&self) -> Duration {
        let limits = &self.core.config.limits;
        match self.core.pending.front() {
            Some((_, Step::Get { offset, .. })) => {
                limits.answer_wait + Duration::from_secs(offset / limits.hash_rate)
            }
            // The server may have to hash what it has of the file before it answers with an offset.
            Some((_, Step::Put { size })) => {
                limits.answer_wait + Duration::from_secs(size / limits.hash_rate)
            }
            Some((_, Step::Receiving(_) | Step::Sending(_))) => limits.transfer_wait,
            Some((_, Step::Sent { .. } | Step::Granted { .. })) => limits.done_wait,
            _ => limits.answer_wait,
        }
    }

    fn progress(&self) -> u64 {
        self.core.steps + self.core.payload / self.core.config.limits.payload_quantum
    }

    /// At the end of a file `len` is 0: an empty offer makes the session write the end.
    fn wanted(&self, out: &Buffer) -> Option<Wanted> {
        match (&self.core.state, self.core.pending.front()) {
            (State::Closing, _) => None,
            (_, Some((_, Step::Sending(sender)))) => sender.wanted_part(out),
            _ => None,
        }
    }

    fn memory(&self) -> usize {
        self.reader.capacity() + self.core.outbox.capacity()
    }

    fn is_receiving(&self) -> bool {
        matches!(self.core.pending.front(), Some((_, Step::Receiving(_))))
    }

    fn waits_for(&self) -> Wait {
        Wait::from(match (&self.core.state, self.core.pending.front()) {
            (State::Hello | State::Auth, _) => {
                return Wait::new(WaitKind::FirstWords, "the server's hello");
            }
            (_, Some((_, Step::Receiving(_)))) => "the server's file",
            (_, Some((_, Step::Sending(_)))) => "the server to read",
            (_, Some((_, Step::Sent { .. }))) => "the server to store the file",
            _ => "the server's answer",
        })
    }

    /// Sends `error` with the code that `PROTOCOL.md` §9 has for the reason.
    fn abort(&mut self, reason: AbortReason, text: &str) {
        self.core.close_with(code::of_abort(reason).as_str(), text);
    }
}
