//! The next command line of a session, and the reply that the line expects.
//!
//! ```text
//!   next_row ─▶ row ─move_to(out)─▶ said: the reply to the line is expected from now on
//!      └ as many as fit into `out`, if the server offers PIPELINING; else one at a time
//! ```
//!
//! Specification: RFC 2920 §3.1: DATA and QUIT end a group; the content of a message may begin one.

use super::super::command::Command;
use super::super::config::Limits;
use super::transaction::Step;
use super::{Client, Phase};
use crate::buffer::Buffer;
use crate::session::{Wait, WaitKind};
use std::fmt;
use std::time::Duration;

/// What the next reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Auth,
    Mail,
    Rcpt(usize),
    Data,
    /// The end of a message.
    Dot,
    /// The end of an empty message whose recipients were all refused.
    LoneDot,
    Chunk,
    /// The end of a message in chunks.
    LastChunk,
    Rset,
    Quit,
    /// No command: the reply had begun before the next command was written.
    Unsolicited,
}

impl Expect {
    /// The time that the server has for the reply.
    pub(super) fn idle_timeout(self, limits: &Limits) -> Duration {
        match self {
            Expect::Greeting => limits.greeting_wait,
            Expect::Ehlo | Expect::Helo | Expect::StartTls => limits.hello_wait,
            Expect::Auth => limits.auth_wait,
            Expect::Mail => limits.mail_wait,
            Expect::Rcpt(_) => limits.rcpt_wait,
            Expect::Data => limits.data_wait,
            Expect::Chunk | Expect::Unsolicited => limits.block_wait,
            Expect::Dot | Expect::LoneDot | Expect::LastChunk => limits.end_wait,
            Expect::Rset => limits.reset_wait,
            Expect::Quit => limits.quit_wait,
        }
    }

    /// The description of the wait for the reply.
    pub(super) fn wait(self) -> Wait {
        let kind = match self {
            Expect::Greeting => WaitKind::FirstWords,
            _ => WaitKind::Other,
        };
        Wait::new(kind, self.words())
    }

    /// The reply in words, for error messages.
    pub(super) fn words(self) -> &'static str {
        match self {
            Expect::Greeting => "the greeting",
            Expect::Ehlo => "the reply to EHLO",
            Expect::Helo => "the reply to HELO",
            Expect::StartTls => "the reply to STARTTLS",
            Expect::Auth => "the reply to AUTH",
            Expect::Mail => "the reply to MAIL",
            Expect::Rcpt(_) => "the reply to RCPT",
            Expect::Data => "the reply to DATA",
            Expect::Dot | Expect::LoneDot => "the reply to the end of the message",
            Expect::Chunk => "the reply to a chunk of the message",
            Expect::LastChunk => "the reply to the last chunk of the message",
            Expect::Rset => "the reply to RSET",
            Expect::Quit => "the reply to QUIT",
            Expect::Unsolicited => "the rest of a reply",
        }
    }

    /// Whether the reply belongs to the message whose envelope or content is being sent.
    fn is_of_current(self) -> bool {
        matches!(self, Expect::Mail | Expect::Rcpt(_) | Expect::Data | Expect::LoneDot)
    }
}

/// A line that has not been written to the output completely.
#[derive(Default)]
pub(super) struct Row {
    bytes: Vec<u8>,
    moved: usize,
    expect: Option<Expect>,
}

/// The line may hold a secret of AUTH, so `Debug` does not show it.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({} bytes, {:?})", self.bytes.len(), self.expect)
    }
}

impl Row {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        (self.moved, self.expect) = (0, None);
    }

    /// Sets a command and the reply that it expects.
    pub(super) fn set(&mut self, command: Command<'_>, expect: Expect) {
        command.encode(&mut self.bytes);
        self.expect = Some(expect);
    }

    /// Sets a line given in parts, and the reply that it expects.
    pub(super) fn set_line(&mut self, parts: &[&[u8]], expect: Expect) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.expect = Some(expect);
    }

    /// Sets QUIT whose reply is not awaited.
    pub(super) fn set_last_quit(&mut self) {
        Command::Quit.encode(&mut self.bytes);
    }

    /// Writes the line to `out` and returns whether it is complete. The line is written in one
    /// piece, unless it is longer than an empty `out` can hold.
    pub(super) fn move_to(&mut self, out: &mut Buffer) -> bool {
        let rest = &self.bytes[self.moved..];
        let len = match rest.len() <= out.free_len() || out.is_empty() {
            true => rest.len().min(out.free_len()),
            false => 0,
        };
        if out.append(&rest[..len]).is_ok() {
            self.moved += len;
        }
        if self.moved < self.bytes.len() {
            return false;
        }
        self.bytes.clear();
        self.moved = 0;
        true
    }
}

impl Client {
    /// The row is in `out`: expects its reply from now on.
    pub(super) fn said(&mut self) {
        let Some(expect) = self.row.expect.take() else { return };
        self.expect(expect);
        match &mut self.current {
            Some(current) if expect.is_of_current() => current.unanswered += 1,
            // The point of no return.
            _ if matches!(expect, Expect::Dot | Expect::LastChunk) => {
                self.awaited = self.current.take();
            }
            _ => {}
        }
    }

    /// Expects a reply to bytes just written. A reply of which a part was received before does not
    /// answer them.
    pub(super) fn expect(&mut self, expect: Expect) {
        if self.expected.is_empty() && !self.parser.is_between() {
            self.expected.push_back(Expect::Unsolicited);
        }
        self.expected.push_back(expect);
    }

    /// Makes the next row; `false` if no command is to be sent now.
    pub(super) fn next_row(&mut self) -> bool {
        let may_say = self.expected.is_empty() || self.is_pipelining();
        if self.phase != Phase::Ready || !may_say {
            return false;
        }
        // QUIT ends a transaction, so RSET is not needed before it.
        let is_leaving = self.ended && self.current.is_none();
        if std::mem::take(&mut self.reset_due) && !is_leaving {
            self.row.set(Command::Rset, Expect::Rset);
            return true;
        }
        let Some(current) = &mut self.current else { return self.quit_row() };
        let envelope = &current.envelope;
        match current.step {
            Step::Mail => {
                let mail = Command::Mail(&envelope.from, current.parameters);
                self.row.set(mail, Expect::Mail);
                current.step = Step::Rcpt(0);
            }
            Step::Rcpt(index) => {
                self.row.set(Command::Rcpt(&envelope.recipients[index]), Expect::Rcpt(index));
                current.step = match index + 1 < envelope.recipients.len() {
                    true => Step::Rcpt(index + 1),
                    false if current.waits => Step::Verdict,
                    false => Step::Data,
                };
            }
            Step::Data => {
                self.row.set(Command::Data, Expect::Data);
                current.step = Step::Held;
            }
            // A reply that is one too many would be taken for that to the last chunk.
            Step::End if current.is_chunked && current.unanswered > 0 => return false,
            Step::End if current.is_chunked => {
                self.row.set(Command::Bdat(0, true), Expect::LastChunk);
                current.step = Step::Held;
            }
            Step::End => {
                self.row.set_line(&[current.stuffer.end()], Expect::Dot);
                current.step = Step::Held;
            }
            Step::LoneDot => {
                self.row.set_line(&[b".\r\n"], Expect::LoneDot);
                current.step = Step::Held;
            }
            Step::Verdict | Step::Held | Step::Content => return false,
        }
        true
    }

    fn quit_row(&mut self) -> bool {
        if self.ended {
            self.row.set(Command::Quit, Expect::Quit);
            self.phase = Phase::Quitting;
        }
        self.ended
    }
}
