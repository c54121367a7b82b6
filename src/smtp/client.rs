//! The client session of one connection: from the greeting to the reply to QUIT.
//!
//! ```text
//!   Opening:  220 ─▶ EHLO (─▶ HELO) ─▶ STARTTLS ─▶ Upgrading ─upgraded()─▶ EHLO ─▶ AUTH ─▶ Ready
//!   Ready:    send ─▶ MAIL RCPT… DATA ─354─▶ offer… finish_message ─▶ . ─250─▶ Outcome
//!                         └ send of the next one: its MAIL travels behind the dot ┘
//!   end():    QUIT ─▶ Quitting ─221─▶ Closing
//! ```
//!
//! Specification: RFC 5321 §3 and §4 (procedures and commands), RFC 2920 (groups of commands), RFC
//! 3207 (STARTTLS), RFC 4954 (AUTH), RFC 1870 (SIZE), RFC 3030 (BDAT).
//!
//! # Whose reply is it?
//!
//! Replies come in the order of commands. A command is added to the list of expected replies when
//! its bytes are written to `out`, not before, so that a reply that comes earlier is recognised as
//! unsolicited. 354 is accepted for DATA alone, and DATA accepts no other positive reply. A server
//! whose replies are out of step is therefore detected before the next message begins, and a
//! message is accepted only by the reply to its own end. The last chunk of BDAT is written after
//! the replies to all others. The session sees only what it is given: before a caller ends a
//! message, it has to give the session what the socket holds.
//!
//! With PIPELINING, [`Client::send`] may be called as soon as the end of the previous message was
//! written. At most two messages are then without an outcome. Only the older one can be
//! [unknown](Verdict::Unknown): the content of the younger one is sent after the reply to its DATA,
//! which follows the outcome of the older one.
//!
//! # The point of no return
//!
//! Once the end of a message was written to `out`, the server may have accepted the message,
//! whatever happens then; before, it cannot have. Where a connection ends without the replies (an
//! error, a time-out, the end of the stream), [`Client::unfinished`] reports the messages that had
//! no [`Event::Outcome`]. A message whose content has begun can be withdrawn only by closing the
//! connection before its end, as happens after an early refusal and after [`Client::abort`].
//!
//! # Refusals
//!
//! [`Error::Refused`] has the code of the server's reply, or one of these codes of the client:
//! `no-starttls`, `no-tls` (credentials would be sent in clear), `no-auth` (AUTH is not offered),
//! `no-mechanism` (no usable mechanism is offered). [`Client::send`] returns `size`, `no-8bitmime`
//! or `no-smtputf8`, which do not end the session.
//!
//! [`Session::receive`] may be called with no input: more than one event can be ready.

mod event;
mod opening;
mod refusal;
mod replies;
mod rows;
mod transaction;

pub use event::{Event, Outcome, Stage, Verdict};
pub use refusal::Refusal;
pub use transaction::{Envelope, Sent};

use super::auth::{Mechanism, Sasl};
use super::capabilities::Capabilities;
use super::config::Config;
use super::reply::Remark;
use super::reply::{Parser, Reply};
use super::secrets::Secrets;
use crate::buffer::Buffer;
use crate::error::Error;
use crate::session::{AbortReason, Received, Session, Wait, Wanted, Wants};
use rows::{Expect, Row};
use std::collections::VecDeque;
use std::time::Duration;
use transaction::{Step, Transaction};

/// The state of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Before messages can be sent.
    Opening,
    /// The TLS handshake comes next; bytes in clear are an error.
    Upgrading,
    Ready,
    /// QUIT was sent.
    Quitting,
    /// Nothing more is sent, and input is ignored.
    Closing,
}

/// An event to report, without the borrows of [`Event`].
#[derive(Debug, Clone, Copy)]
enum Due {
    Remark(Remark),
    Greeting,
    Capabilities,
    Secured,
    Authenticated(Mechanism),
    Ready,
    Recipient { message: u64, index: usize },
    Outcome,
    Closing,
}

/// The outcome to report.
#[derive(Debug)]
struct Ended {
    message: u64,
    verdict: Verdict,
    stage: Stage,
    accepted: usize,
    refused: usize,
    reply: Decisive,
}

/// The reply that decided an outcome.
#[derive(Debug)]
enum Decisive {
    None,
    /// The last one.
    Last,
    Earlier(Box<Reply>),
}

/// The client session of one connection.
#[derive(Debug)]
pub struct Client {
    config: Config,
    phase: Phase,
    parser: Parser,
    capabilities: Capabilities,
    is_tls: bool,
    /// TLS was begun by STARTTLS.
    is_upgraded: bool,
    /// STARTTLS was refused, and the session went on in clear.
    tls_refused: bool,
    sasl: Option<Box<Sasl>>,
    /// The mechanisms that the server refused.
    refused: Vec<Mechanism>,
    /// What was sent in AUTH: servers quote commands that they do not understand.
    secrets: Secrets,
    /// What the next replies answer, in order.
    expected: VecDeque<Expect>,
    row: Row,
    /// RSET is to be sent before any other command.
    reset_due: bool,
    /// The message whose envelope or content is being sent.
    current: Option<Box<Transaction>>,
    /// The previous message, whose end was written and whose outcome is awaited.
    awaited: Option<Box<Transaction>>,
    due: VecDeque<Due>,
    outcome: Option<Ended>,
    messages: u64,
    ended: bool,
    steps: u64,
    /// Bytes of content written, of all messages.
    payload: u64,
    failed: Option<Box<Error>>,
}

impl Client {
    /// A session at the beginning of a connection. `is_tls` says that the connection began with
    /// TLS (`smtps`, RFC 8314 §3.3).
    pub fn new(config: Config, is_tls: bool) -> Client {
        Client {
            phase: Phase::Opening,
            parser: Parser::new(&config.limits),
            config,
            capabilities: Capabilities::default(),
            is_tls,
            is_upgraded: false,
            tls_refused: false,
            sasl: None,
            refused: Vec::new(),
            secrets: Secrets::default(),
            expected: VecDeque::from([Expect::Greeting]),
            row: Row::default(),
            reset_due: false,
            current: None,
            awaited: None,
            due: VecDeque::new(),
            outcome: None,
            messages: 0,
            ended: false,
            steps: 0,
            payload: 0,
            failed: None,
        }
    }

    /// Says that the TLS handshake is complete, as [`Wants::Upgrade`] asked for (RFC 3207 §4).
    ///
    /// # Errors
    /// [`Error::Misuse`] if TLS was not asked for.
    pub fn upgraded(&mut self) -> Result<(), Error> {
        if self.phase != Phase::Upgrading {
            return Err(Error::Misuse("TLS was not asked for"));
        }
        (self.phase, self.is_tls, self.is_upgraded) = (Phase::Opening, true, true);
        self.due.push_back(Due::Secured);
        self.steps += 1;
        self.send_hello();
        Ok(())
    }

    /// Whether a message can be sent now.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready && self.current.is_none() && !self.ended
    }

    /// Whether every message has its outcome and another can be sent.
    pub fn is_idle(&self) -> bool {
        self.is_ready() && self.awaited.is_none()
    }

    /// Begins a message. Its content is given to [`Session::offer`] when the session wants it. At
    /// most `transaction_recipients_max` recipients are part of the transaction; the others are
    /// returned as an envelope, to be sent with the same content in another transaction.
    ///
    /// # Errors
    /// [`Error::Refused`] if the server does not offer what the message needs: `size`,
    /// `no-8bitmime`, `no-smtputf8`; the session goes on. [`Error::Misuse`] if no message can be
    /// sent now, or there is no recipient. [`Error::TooLarge`] beyond `recipients_max` recipients.
    pub fn send(&mut self, envelope: Envelope) -> Result<Sent, Error> {
        if !self.is_ready() {
            return Err(Error::Misuse("no message can be sent on this connection now"));
        }
        let parameters = envelope.check(&self.capabilities, &self.config.limits)?;
        let (served, unserved) = envelope.split(self.config.limits.transaction_recipients_max);
        self.messages += 1;
        self.steps += 1;
        let waits = self.config.all_or_nothing || self.is_chunking();
        let chunked = self.is_chunking();
        let transaction = Transaction::new(self.messages, served, parameters, waits, chunked);
        self.current = Some(Box::new(transaction));
        Ok(Sent { message: self.messages, unserved })
    }

    /// Ends the content of the current message.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no message is being sent, or if the content is shorter than
    /// [announced](Envelope::size); then the connection can only be [aborted](Client::abort).
    pub fn finish_message(&mut self) -> Result<(), Error> {
        match &mut self.current {
            Some(current) if current.step == Step::Content => current.finish(),
            _ => Err(Error::Misuse("no message is being sent")),
        }
    }

    /// Ends the session: QUIT is sent after the messages in progress.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The outcomes of messages that had no [`Event::Outcome`], the oldest first; at most two. Call
    /// this when the connection has ended in any way.
    pub fn unfinished(&self) -> impl Iterator<Item = Outcome<'_>> {
        let strict = self.config.all_or_nothing;
        let awaited = self.awaited.iter().map(move |message| message.outcome(true, strict));
        awaited.chain(self.current.iter().map(move |message| message.outcome(false, strict)))
    }

    /// The extensions in the last reply to EHLO.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The offset in the server's stream of the next byte to parse.
    pub fn offset(&self) -> u64 {
        self.parser.offset()
    }

    /// Whether messages are sent with BDAT.
    fn is_chunking(&self) -> bool {
        self.config.chunking && self.capabilities.chunking
    }

    /// Whether commands are sent in groups.
    fn is_pipelining(&self) -> bool {
        self.config.pipelining && self.capabilities.pipelining
    }

    /// Stores the error that all later calls return. After a refusal in the opening, QUIT is sent.
    fn fail(&mut self, error: Error) {
        let is_polite = match &error {
            Error::Refused { code, .. } => {
                Refusal::of(code.as_raw_str()) != Some(Refusal::Reply(421))
            }
            _ => false,
        };
        let says_quit = is_polite && self.phase == Phase::Opening && self.expected.is_empty();
        self.close();
        if says_quit {
            self.row.set_last_quit();
        }
        self.failed = Some(Box::new(error));
    }

    /// Stops sending, and ignores further input.
    fn close(&mut self) {
        self.phase = Phase::Closing;
        self.expected.clear();
        self.row.clear();
        self.reset_due = false;
    }
}

impl Session for Client {
    type Event<'a> = Event<'a>;

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _room: &'a mut [u8],
    ) -> Result<Received<Event<'a>>, Error> {
        if self.failed.is_none() {
            match self.advance(input) {
                Ok((consumed, due)) => {
                    let event = due.map(|due| self.event(due));
                    return Ok(Received::maybe(consumed, event));
                }
                Err(error) => self.fail(error),
            }
        }
        // Events from before the error are reported first.
        match (self.due.pop_front(), &self.failed) {
            (Some(due), _) => Ok(Received::event(0, self.event(due))),
            (None, Some(error)) => Err((**error).clone()),
            (None, None) => Ok(Received::need_input(0)),
        }
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        let is_over = match self.phase {
            Phase::Closing => return Ok(()),
            Phase::Quitting => self.awaited.is_none(),
            Phase::Ready => self.awaited.is_none() && self.current.is_none(),
            Phase::Opening | Phase::Upgrading => false,
        };
        let expected = match (self.expected.front(), self.phase) {
            (Some(expect), _) => expect.words(),
            (None, Phase::Upgrading) => "the TLS handshake",
            (None, _) => "the end of the message",
        };
        let (offset, section) = (self.offset(), "RFC 5321 §3.8");
        let ended = match self.parser.finish() {
            Ok(()) if !is_over => Err(Error::Incomplete { expected, offset, section }),
            ended => ended,
        };
        match ended {
            Ok(()) => self.close(),
            Err(ref error) => self.fail(error.clone()),
        }
        ended
    }

    fn offer(&mut self, payload: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        self.transmit(out);
        if self.wants() != Wants::Payload || !self.row.is_empty() {
            return Ok(0);
        }
        let Some(current) = &mut self.current else { return Ok(0) };
        let offered = match current.is_chunked {
            true => current.offer_chunk(payload, out, self.config.limits.chunk_bytes_max),
            false => current.stuffer.push(payload, out).map(|taken| (taken, false)),
        };
        let (taken, is_chunk) = offered?;
        current.unanswered += usize::from(is_chunk);
        let is_too_long = current.is_too_long();
        if is_chunk {
            self.expect(Expect::Chunk);
        }
        self.payload += taken as u64;
        if is_too_long {
            let error = Error::Misuse("the message is longer than its announced size");
            self.fail(error.clone());
            return Err(error);
        }
        Ok(taken)
    }

    fn transmit(&mut self, out: &mut Buffer) {
        loop {
            if !self.row.is_empty() {
                if !self.row.move_to(out) {
                    return;
                }
                self.said();
            }
            if !self.next_row() {
                return;
            }
        }
    }

    fn wants(&self) -> Wants {
        match &self.current {
            _ if self.phase == Phase::Closing => Wants::Close,
            _ if self.phase == Phase::Upgrading => Wants::Upgrade,
            Some(current) if current.step == Step::Content => {
                let max = self.config.limits.chunks_unanswered_max;
                let max = if self.is_pipelining() { max } else { 1 };
                if current.is_chunked && current.unanswered >= max {
                    Wants::Read
                } else {
                    Wants::Payload
                }
            }
            _ => Wants::Read,
        }
    }

    fn idle_timeout(&self) -> Duration {
        let limits = &self.config.limits;
        match (self.expected.front(), &self.current) {
            // The outcome of no message depends on the bytes that are still to be written.
            _ if self.phase == Phase::Closing => limits.quit_wait,
            (Some(expect), _) => expect.idle_timeout(limits),
            (None, Some(_)) => limits.block_wait,
            (None, None) if self.phase == Phase::Ready => limits.idle_wait,
            (None, None) => limits.hello_wait,
        }
    }

    fn progress(&self) -> u64 {
        self.steps + self.payload / self.config.limits.payload_quantum
    }

    /// `offset` counts the content of all messages of this connection. The caller ends a message
    /// with [`finish_message`](Client::finish_message).
    fn wanted(&self, out: &Buffer) -> Option<Wanted> {
        let takes = self.wants() == Wants::Payload && self.row.is_empty() && out.free_len() > 0;
        takes.then(|| Wanted { offset: self.payload, len: out.free_len() })
    }

    fn memory(&self) -> usize {
        let messages = self.current.iter().chain(&self.awaited).map(|message| message.capacity());
        self.parser.capacity() + self.row.capacity() + messages.sum::<usize>()
    }

    fn waits_for(&self) -> Wait {
        Wait::from(match (self.expected.front(), &self.current) {
            (Some(expect), _) => return expect.wait(),
            (None, Some(_)) => "the server to read the message",
            (None, None) if self.phase == Phase::Upgrading => "TLS",
            (None, None) if self.phase == Phase::Opening => "the server to read a command",
            (None, None) => "the next message",
        })
    }

    /// Closes the connection without QUIT. The server discards a message whose content is not
    /// complete (RFC 5321 §4.1.1.10).
    fn abort(&mut self, _reason: AbortReason, _text: &str) {
        self.close();
    }
}
