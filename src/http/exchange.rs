//! The client's side of a connection, as a session: one request, its response, the next request.
//!
//! ```text
//!   Idle ─send─▶ Lines ─head─┬─▶ Interim (1xx) ─▶ Lines
//!                            └─▶ Final ─▶ Length | Chunked | Close ─▶ Trailers ─▶ End
//!
//!   End ─┬─ nothing against it ─▶ Idle, for the next request
//!        ├─ a reason to close ──▶ Closing
//!        └─ 2xx to CONNECT ─────▶ Tunnel
//!
//!   at the same time, the body of the request:  Owed ─offer…─▶ Sent, or Stopped by the response
//! ```
//!
//! Specification: RFC 9112 §6 (body), §8 (incomplete messages), §9 (connections), RFC 9110 §15.2
//! (interim responses).
//!
//! Requests are not pipelined. A response may begin before the request has been sent; if its status
//! is an error, the rest of the request body is not sent (RFC 9112 §9.5). Bytes that are received
//! while no request is outstanding are an error, never a response (§9.2).
//!
//! [`Session::receive`] may be called with no input: an event can be ready without input, such as
//! the end of a response without a body.

mod event;
mod response;
mod state;

pub use event::{End, Event};
pub use state::State;

use super::config::{Config, Remarks};
use super::message::body::Framing;
use super::message::chunked;
use super::message::chunked::LAST_CHUNK;
use super::message::head::{Head, Lines};
use super::message::headers::Headers;
use super::request::{Method, Request, RequestBody};
use super::reuse;
use crate::buffer::Buffer;
use crate::error::Error;
use crate::session::{Received, Session, Wait, WaitKind, Wanted, Wants};
use std::time::Duration;

/// The longest head of a request, in bytes.
const OUTBOX_BYTES_MAX: usize = 1 << 20;

/// What is next in the response.
#[derive(Debug)]
enum Stage {
    /// No request is outstanding.
    Idle,
    /// Lines of a head.
    Lines(Lines),
    /// A complete head is to be reported.
    Interim,
    Final,
    /// So many bytes of the body.
    Length(u64),
    Chunked(Box<chunked::Decoder>),
    /// A body up to the end of the stream.
    Close,
    /// The trailer section, then the end, is to be reported.
    Trailers,
    End,
    /// The stream is a tunnel: its bytes are not HTTP any more.
    Tunnel,
    /// No further request is taken.
    Closing,
}

/// What is left of the request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    Length(u64),
    Chunked,
    /// Only the last chunk.
    LastChunk,
    Sent,
    /// Nothing is sent any more: the response came first.
    Stopped,
}

/// The client's side of one connection.
#[derive(Debug)]
pub struct Exchange {
    config: Config,
    stage: Stage,
    sending: Sending,
    outbox: Buffer,
    /// The method of the outstanding request.
    method: Method,
    /// The last complete head.
    head: Option<Box<Head>>,
    trailers: Headers,
    framing: Framing,
    /// Why the connection has to be closed after this response.
    close: Vec<&'static str>,
    interim: u32,
    body_len: u64,
    remarks: Remarks,
    /// Offset in the stream of the next byte.
    offset: u64,
    ended: bool,
    eof: bool,
    steps: u64,
    /// Bytes of all bodies sent and received.
    payload: u64,
    failed: Option<Box<Error>>,
}

impl Exchange {
    /// A session at the beginning of a connection, without a request.
    pub fn new(config: Config) -> Exchange {
        Exchange {
            config,
            stage: Stage::Idle,
            sending: Sending::Sent,
            outbox: Buffer::with_limit(OUTBOX_BYTES_MAX),
            method: Method::GET,
            head: None,
            trailers: Headers::new(),
            framing: Framing::None,
            close: Vec::new(),
            interim: 0,
            body_len: 0,
            remarks: Remarks::new(config.policy),
            offset: 0,
            ended: false,
            eof: false,
            steps: 0,
            payload: 0,
            failed: None,
        }
    }

    /// Sends a request. Its body, if it has one, is passed to [`Session::offer`].
    ///
    /// # Errors
    /// [`Error::Misuse`] if a request is outstanding or the connection takes no more;
    /// [`Error::TooLarge`] for a head beyond 1 MiB.
    pub fn send(&mut self, request: &Request) -> Result<(), Error> {
        if !self.is_idle() {
            return Err(Error::Misuse("this connection takes no request now"));
        }
        request.encode(&mut self.outbox)?;
        self.sending = match request.body() {
            RequestBody::Length(len) if len > 0 => Sending::Length(len),
            RequestBody::Chunked => Sending::Chunked,
            RequestBody::None | RequestBody::Length(_) => Sending::Sent,
        };
        self.method = request.method().clone();
        self.close = reuse::of_request(request.headers()).into_iter().collect();
        (self.head, self.trailers) = (None, Headers::new());
        (self.interim, self.body_len) = (0, 0);
        self.stage = self.lines();
        self.steps += 1;
        Ok(())
    }

    /// Ends the body of a request that is sent in chunks.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no such body is being sent.
    pub fn finish_body(&mut self) -> Result<(), Error> {
        match self.sending {
            Sending::Chunked => self.sending = Sending::LastChunk,
            Sending::Stopped => {}
            _ => return Err(Error::Misuse("no body of unknown length is being sent")),
        }
        Ok(())
    }

    /// Declares that no more requests will be sent: the session wants to close once none is
    /// outstanding.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Tells the session that the stream ended with a reset, or with TLS without close_notify. A
    /// body up to the end of the stream is then incomplete (RFC 9112 §9.8).
    ///
    /// # Errors
    /// [`Error::Incomplete`] if the response is incomplete.
    pub fn receive_abort(&mut self) -> Result<(), Error> {
        if matches!(self.stage, Stage::Close) || self.awaits(Framing::Close) {
            let expected = "an orderly close, which ends this body";
            let (offset, section) = (self.offset, "RFC 9112 §9.8");
            let error = Error::Incomplete { expected, offset, section };
            self.fail(error.clone());
            return Err(error);
        }
        self.receive_eof()
    }

    /// Whether a request can be sent: none is outstanding, and the connection is open and was not
    /// ended.
    pub fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle) && !self.ended && !self.eof && self.failed.is_none()
    }

    /// Whether a part of the request body is still to be offered.
    pub fn has_unsent_body(&self) -> bool {
        matches!(self.sending, Sending::Length(_) | Sending::Chunked)
    }

    /// What is next in the response; [`Closing`](State::Closing) after an error.
    pub fn state(&self) -> State {
        State::from(&self.stage)
    }

    /// How many bytes of the stream were consumed.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

impl Session for Exchange {
    type Event<'a> = Event<'a>;

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        scratch: &'a mut [u8],
    ) -> Result<Received<Event<'a>>, Error> {
        if self.failed.is_none() {
            match self.advance(input, scratch) {
                Ok((consumed, next)) => {
                    let event = self.event(&next, &input[..consumed], scratch);
                    return Ok(Received::maybe(consumed, event));
                }
                Err(error) => self.fail(error),
            };
        }
        // Remarks on bytes before the error are reported before it.
        match (self.remarks.take(), &self.failed) {
            (Some(remark), _) => Ok(Received::event(0, Event::Remark(remark))),
            (None, Some(error)) => Err((**error).clone()),
            (None, None) => Ok(Received::need_input(0)),
        }
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        self.eof = true;
        let (offset, section) = (self.offset, "RFC 9112 §8");
        let ended = match (&self.stage, self.missing()) {
            (Stage::Chunked(decoder), _) => decoder.finish(),
            (_, Some(expected)) => Err(Error::Incomplete { expected, offset, section }),
            (_, None) => Ok(()),
        };
        ended.inspect_err(|error| self.fail(error.clone()))
    }

    fn offer(&mut self, payload: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        self.transmit(out);
        if !self.outbox.is_empty() {
            return Ok(0);
        }
        let taken = match self.sending {
            Sending::Length(left) if payload.len() as u64 > left => {
                return Err(Error::Misuse("more bytes than the length of the body"));
            }
            Sending::Length(left) => {
                let taken = payload.len().min(out.free_len());
                out.append(&payload[..taken])?;
                self.sending = match left - taken as u64 {
                    0 => Sending::Sent,
                    left => Sending::Length(left),
                };
                taken
            }
            Sending::Chunked => chunked::encode(payload, out)?,
            Sending::LastChunk | Sending::Sent | Sending::Stopped => 0,
        };
        self.payload += taken as u64;
        Ok(taken)
    }

    fn transmit(&mut self, out: &mut Buffer) {
        if self.failed.is_some() || matches!(self.stage, Stage::Closing) {
            // HTTP/1.1 has no message for an error: closing cancels an incomplete request.
            self.outbox.truncate(0);
            return;
        }
        let len = match out.is_empty() {
            // A head that is longer than `out` is sent in parts.
            true => self.outbox.len().min(out.free_len()),
            false if self.outbox.len() > out.free_len() => 0,
            false => self.outbox.len(),
        };
        if len > 0 && out.append(&self.outbox.readable()[..len]).is_ok() {
            self.outbox.consume(len);
        }
        if self.outbox.is_empty() && self.outbox.capacity() > 0 {
            self.outbox = Buffer::with_limit(OUTBOX_BYTES_MAX);
        }
        let is_last = self.sending == Sending::LastChunk && self.outbox.is_empty();
        if is_last && out.append(LAST_CHUNK).is_ok() {
            self.sending = Sending::Sent;
        }
    }

    fn wants(&self) -> Wants {
        match &self.stage {
            _ if self.failed.is_some() => Wants::Close,
            Stage::Closing => Wants::Close,
            Stage::Idle if self.ended || self.eof => Wants::Close,
            Stage::Idle => Wants::Read,
            Stage::Tunnel => Wants::Upgrade,
            _ if self.has_unsent_body() => Wants::Payload,
            _ => Wants::Read,
        }
    }

    fn idle_timeout(&self) -> Duration {
        let limits = &self.config.limits;
        match &self.stage {
            Stage::Idle | Stage::Tunnel | Stage::Closing => limits.idle_wait,
            Stage::Lines(lines) if !lines.is_empty() => limits.head_wait,
            Stage::Lines(_) if self.is_sending() => limits.body_wait,
            Stage::Lines(_) | Stage::Interim | Stage::Final => limits.first_byte_wait,
            _ => limits.body_wait,
        }
    }

    fn progress(&self) -> u64 {
        self.steps + self.payload / self.config.limits.payload_quantum
    }

    /// `offset` counts the bytes of all request bodies of this connection.
    fn wanted(&self, out: &Buffer) -> Option<Wanted> {
        let left = match self.sending {
            Sending::Length(left) => usize::try_from(left).unwrap_or(usize::MAX),
            Sending::Chunked => usize::MAX,
            Sending::LastChunk | Sending::Sent | Sending::Stopped => 0,
        };
        let len = left.min(out.free_len());
        (len > 0).then_some(Wanted { offset: self.payload, len })
    }

    fn memory(&self) -> usize {
        let held = match &self.stage {
            Stage::Lines(lines) => lines.capacity(),
            Stage::Chunked(decoder) => decoder.capacity(),
            _ => 0,
        };
        let head = self.head.as_ref().map_or(0, |head| head.headers.capacity());
        held + head + self.trailers.capacity() + self.outbox.capacity()
    }

    fn is_receiving(&self) -> bool {
        matches!(self.stage, Stage::Length(_) | Stage::Chunked(_) | Stage::Close)
    }

    fn waits_for(&self) -> Wait {
        match &self.stage {
            Stage::Idle | Stage::Tunnel | Stage::Closing => Wait::from("the next request"),
            Stage::Lines(_) if self.is_sending() => {
                Wait::new(WaitKind::Body, "the server to take the request")
            }
            Stage::Lines(lines) if lines.is_empty() => {
                Wait::new(WaitKind::FirstByte, "the first byte of the response")
            }
            Stage::Lines(_) | Stage::Interim | Stage::Final => Wait::from("the rest of the head"),
            _ => Wait::new(WaitKind::Body, "the rest of the body"),
        }
    }
}
