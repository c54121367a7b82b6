//! The client's side of a connection, as a session: from the greeting to good-bye.
//!
//! ```text
//!   Opening:  220 ─▶ EHLO (─▶ HELO) ─▶ STARTTLS ─▶ Upgrading ─upgraded()─▶ EHLO ─▶ AUTH ─▶ Ready
//!   Ready:    send ─▶ MAIL RCPT… DATA ─354─▶ offer… finish_message ─▶ . ─250─▶ Outcome
//!                         └ send of the next one: its MAIL travels behind the dot ┘
//!   end():    QUIT ─▶ Quitting ─221─▶ Closing
//! ```
//!
//! Specification: RFC 5321 §3 and §4 (the conversation), RFC 2920 (groups of commands), RFC 3207
//! (STARTTLS), RFC 4954 (AUTH), RFC 1870 (SIZE), RFC 3030 (BDAT).
//!
//! # Whose reply is it?
//!
//! Replies come in the order of commands. What each one has to answer is noted when the command is
//! handed to `out`, not before: so a reply to what was not yet said is seen as such. 354 is taken
//! for DATA alone, and DATA takes nothing else that is positive; a server that counted otherwise
//! is therefore found out before the next message begins, and nothing is ever called accepted but
//! by the reply to its own end.
//!
//! With PIPELINING, [`Client::send`] may be called as soon as the end of the message before is on
//! its way: two messages at most are then without an outcome, and only the older one can be
//! [unknown](Verdict::Unknown), for the younger one's DATA is answered behind it.
//!
//! # The point of no return
//!
//! A message whose end was handed to `out` may have been taken, whatever happens then; before, it
//! cannot have been. Where a conversation ends in any other way than by replies (an error, a
//! time-out, the end of the stream), [`Client::unfinished`] tells what is known about messages that
//! had no [`Event::Outcome`]. A message cannot be taken back but by closing without its end: that
//! is what happens after an early refusal, and after [`Client::abort`].
//!
//! # Refusals
//!
//! [`Error::Refused`] has the code of the server's reply, or one of these words of ours:
//! `no-starttls`, `no-tls` (credentials would travel in clear), `no-auth` (no AUTH is offered),
//! `no-mechanism` (none that can be used is), and, without ending the session, from
//! [`Client::send`]: `size`, `no-8bitmime`, `no-smtputf8`.
//!
//! [`Session::receive`] may be called with no input: more than one event can be ready.

mod event;
mod opening;
mod replies;
mod rows;
mod transaction;

pub use event::{Event, Outcome, Stage, Verdict};
pub use transaction::{Envelope, Sent};

use super::auth::{Mechanism, Sasl};
use super::capabilities::Capabilities;
use super::config::{Config, Remark};
use super::reply::{Parser, Reply};
use super::secrets::Secrets;
use crate::buffer::Buffer;
use crate::error::Error;
use crate::session::{AbortReason, Received, Session, Wait, Wanted, Wants};
use rows::{Expect, Row};
use std::collections::VecDeque;
use std::time::Duration;
use transaction::{Step, Transaction};

/// How far the conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Before messages can be sent.
    Opening,
    /// TLS is to be begun; nothing may come in clear.
    Upgrading,
    Ready,
    /// QUIT was said.
    Quitting,
    /// Nothing more is said or heard.
    Closing,
}

/// An event that is to be told, without borrowing.
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

/// The outcome that is to be told.
#[derive(Debug)]
struct Ended {
    message: u64,
    verdict: Verdict,
    stage: Stage,
    accepted: usize,
    refused: usize,
    reply: Decisive,
}

/// Which reply decided.
#[derive(Debug)]
enum Decisive {
    None,
    /// The last one.
    Last,
    Earlier(Box<Reply>),
}

/// The client's side of one connection.
#[derive(Debug)]
pub struct Client {
    config: Config,
    phase: Phase,
    parser: Parser,
    capabilities: Capabilities,
    is_tls: bool,
    /// TLS was begun by STARTTLS.
    is_upgraded: bool,
    /// STARTTLS was refused, and that was put up with.
    tls_refused: bool,
    sasl: Option<Box<Sasl>>,
    /// The mechanisms that the server does not take.
    refused: Vec<Mechanism>,
    /// What was said in AUTH: servers quote what they do not understand.
    secrets: Secrets,
    /// What the next replies answer.
    expected: VecDeque<Expect>,
    row: Row,
    /// RSET is to be said before anything else.
    reset_due: bool,
    /// The message whose envelope or content is on its way.
    current: Option<Box<Transaction>>,
    /// The one before, whose end was handed out.
    awaited: Option<Box<Transaction>>,
    due: VecDeque<Due>,
    outcome: Option<Ended>,
    messages: u64,
    ended: bool,
    steps: u64,
    /// Bytes of messages that were handed out.
    payload: u64,
    failed: Option<Box<Error>>,
}

impl Client {
    /// A session at the beginning of a connection. `is_tls`: it began with TLS.
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

    /// TLS is up on the connection, as [`Wants::Upgrade`] asked for.
    ///
    /// # Errors
    /// [`Error::Misuse`] if it was not asked for.
    pub fn upgraded(&mut self) -> Result<(), Error> {
        if self.phase != Phase::Upgrading {
            return Err(Error::Misuse("TLS was not asked for"));
        }
        (self.phase, self.is_tls, self.is_upgraded) = (Phase::Opening, true, true);
        self.due.push_back(Due::Secured);
        self.steps += 1;
        self.say_hello();
        Ok(())
    }

    /// Whether a message can be sent now.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready && self.current.is_none() && !self.ended
    }

    /// Whether nothing is on its way: every message has its outcome, and another can be sent.
    pub fn is_idle(&self) -> bool {
        self.is_ready() && self.awaited.is_none()
    }

    /// Begins a message; its content goes through [`Session::offer`] once that is wanted. Only as
    /// many recipients are served as one transaction takes: the others are given back, as an
    /// envelope to be sent with the same content once more.
    ///
    /// # Errors
    /// [`Error::Refused`] if the server has told that it cannot take it: `size`, `no-8bitmime`,
    /// `no-smtputf8`; the session goes on. [`Error::Misuse`] if it takes no message now, or there
    /// is no recipient; [`Error::TooLarge`] for too many of them.
    pub fn send(&mut self, envelope: Envelope) -> Result<Sent, Error> {
        if !self.is_ready() {
            return Err(Error::Misuse("this connection takes no message now"));
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

    /// The content has ended: its end follows.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no content is wanted, or if it was shorter than announced; then only
    /// [`abort`](Client::abort) is left.
    pub fn finish_message(&mut self) -> Result<(), Error> {
        match &mut self.current {
            Some(current) if current.step == Step::Content => current.finish(),
            _ => Err(Error::Misuse("no message is being sent")),
        }
    }

    /// No more messages will be sent: QUIT follows what is on its way.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// What is known about messages that had no [`Event::Outcome`], the oldest first; at most two.
    /// To be asked when the conversation has ended, however it did.
    pub fn unfinished(&self) -> impl Iterator<Item = Outcome<'_>> {
        let strict = self.config.all_or_nothing;
        let awaited = self.awaited.iter().map(move |message| message.outcome(true, strict));
        awaited.chain(self.current.iter().map(move |message| message.outcome(false, strict)))
    }

    /// What the server offers, as it told last.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// How many bytes of the stream were eaten.
    pub fn offset(&self) -> u64 {
        self.parser.offset()
    }

    /// Whether messages go in chunks.
    fn is_chunking(&self) -> bool {
        self.config.chunking && self.capabilities.chunking
    }

    /// Whether commands go in groups.
    fn is_pipelining(&self) -> bool {
        self.config.pipelining && self.capabilities.pipelining
    }

    /// Remembers an error for ever. After a refusal in the opening, good-bye is said.
    fn fail(&mut self, error: Error) {
        let is_polite = match &error {
            Error::Refused { code, .. } => *code != "421",
            _ => false,
        };
        let says_quit = is_polite && self.phase == Phase::Opening && self.expected.is_empty();
        self.close();
        if says_quit {
            self.row.say_quit();
        }
        self.failed = Some(Box::new(error));
    }

    /// Nothing more is said or heard.
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
        // What was heard before the error is told before it.
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
        current.owed += usize::from(is_chunk);
        let is_too_long = current.is_too_long();
        if is_chunk {
            self.expect(Expect::Chunk);
        }
        self.payload += taken as u64;
        if is_too_long {
            let error = Error::Misuse("more bytes than the announced size of the message");
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
                if current.is_chunked && current.owed >= max { Wants::Read } else { Wants::Payload }
            }
            _ => Wants::Read,
        }
    }

    fn idle_timeout(&self) -> Duration {
        let limits = &self.config.limits;
        match (self.expected.front(), &self.current) {
            // Nothing depends on what is still to be written.
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

    /// `offset` counts the content of all messages of this connection. The session does not know
    /// where a message ends: see [`finish_message`](Client::finish_message).
    fn wanted(&self, out: &Buffer) -> Option<Wanted> {
        let takes = self.wants() == Wants::Payload && self.row.is_empty() && out.room() > 0;
        takes.then(|| Wanted { offset: self.payload, len: out.room() })
    }

    fn memory(&self) -> usize {
        let messages = self.current.iter().chain(&self.awaited).map(|message| message.capacity());
        self.parser.capacity() + self.row.capacity() + messages.sum::<usize>()
    }

    fn waits_for(&self) -> Wait {
        Wait::from(match (self.expected.front(), &self.current) {
            (Some(expect), _) => return expect.wait(),
            (None, Some(_)) => "the server to take the message",
            (None, None) if self.phase == Phase::Upgrading => "TLS",
            (None, None) if self.phase == Phase::Opening => "the server to take a command",
            (None, None) => "the next message",
        })
    }

    /// Closes the connection without QUIT. A message whose content is not complete is thereby taken
    /// back (RFC 5321 §4.1.1.10).
    fn abort(&mut self, _reason: AbortReason, _text: &str) {
        self.close();
    }
}
