//! What a session says next, and what the replies to it will answer.
//!
//! ```text
//!   next_row ─▶ row ─move_to(out)─▶ said: the reply to it is now expected
//!      └ as many as there is room for, if the server takes groups; else one at a time
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

/// What a reply answers.
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
    /// The end of a message that is none, because nobody would get it.
    LoneDot,
    Chunk,
    /// The end of a message in chunks.
    LastChunk,
    Rset,
    Quit,
    /// Nothing: it had begun before what was said next.
    Unasked,
}

impl Expect {
    /// How long that reply may take.
    pub(super) fn idle_timeout(self, limits: &Limits) -> Duration {
        match self {
            Expect::Greeting => limits.greeting_wait,
            Expect::Ehlo | Expect::Helo | Expect::StartTls => limits.hello_wait,
            Expect::Auth => limits.auth_wait,
            Expect::Mail => limits.mail_wait,
            Expect::Rcpt(_) => limits.rcpt_wait,
            Expect::Data => limits.data_wait,
            Expect::Chunk | Expect::Unasked => limits.block_wait,
            Expect::Dot | Expect::LoneDot | Expect::LastChunk => limits.end_wait,
            Expect::Rset => limits.reset_wait,
            Expect::Quit => limits.quit_wait,
        }
    }

    /// The wait for it.
    pub(super) fn wait(self) -> Wait {
        let kind = match self {
            Expect::Greeting => WaitKind::FirstWords,
            _ => WaitKind::Other,
        };
        Wait::new(kind, self.words())
    }

    /// What it is, for people.
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
            Expect::Chunk => "the reply to a part of the message",
            Expect::LastChunk => "the reply to the last part of the message",
            Expect::Rset => "the reply to RSET",
            Expect::Quit => "the reply to QUIT",
            Expect::Unasked => "the rest of a reply",
        }
    }

    /// Whether the reply belongs to the message whose envelope or content is on its way.
    fn is_of_current(self) -> bool {
        matches!(self, Expect::Mail | Expect::Rcpt(_) | Expect::Data | Expect::LoneDot)
    }
}

/// A line that waits for room.
#[derive(Default)]
pub(super) struct Row {
    bytes: Vec<u8>,
    moved: usize,
    expect: Option<Expect>,
}

/// It may be one of AUTH, so nothing of it is shown.
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

    /// A command, whose reply will be expected.
    pub(super) fn say(&mut self, command: Command<'_>, expect: Expect) {
        command.encode(&mut self.bytes);
        self.expect = Some(expect);
    }

    /// A line without its end, or the dot.
    pub(super) fn say_bytes(&mut self, parts: &[&[u8]], expect: Expect) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.expect = Some(expect);
    }

    /// Last words, to which no reply is heard.
    pub(super) fn say_quit(&mut self) {
        Command::Quit.encode(&mut self.bytes);
    }

    /// Hands it to `out`, and says whether all of it is there. It waits for room, unless it is
    /// longer than an empty `out` can hold.
    pub(super) fn move_to(&mut self, out: &mut Buffer) -> bool {
        let rest = &self.bytes[self.moved..];
        let len = match rest.len() <= out.room() || out.is_empty() {
            true => rest.len().min(out.room()),
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
    /// The row is in `out`: its reply is expected from now on.
    pub(super) fn said(&mut self) {
        let Some(expect) = self.row.expect.take() else { return };
        self.expect(expect);
        match &mut self.current {
            Some(current) if expect.is_of_current() => current.owed += 1,
            // The point of no return.
            _ if matches!(expect, Expect::Dot | Expect::LastChunk) => {
                self.awaited = self.current.take();
            }
            _ => {}
        }
    }

    /// Something was handed out. A reply of which some was heard before cannot be to that.
    pub(super) fn expect(&mut self, expect: Expect) {
        if self.expected.is_empty() && !self.parser.is_between() {
            self.expected.push_back(Expect::Unasked);
        }
        self.expected.push_back(expect);
    }

    /// Makes the next row, if something is to be said now.
    pub(super) fn next_row(&mut self) -> bool {
        let may_say = self.expected.is_empty() || self.is_pipelining();
        if self.phase != Phase::Ready || !may_say {
            return false;
        }
        // Good-bye ends a transaction, too.
        let is_leaving = self.ended && self.current.is_none();
        if std::mem::take(&mut self.reset_due) && !is_leaving {
            self.row.say(Command::Rset, Expect::Rset);
            return true;
        }
        let Some(current) = &mut self.current else { return self.quit_row() };
        let envelope = &current.envelope;
        match current.step {
            Step::Mail => {
                let mail = Command::Mail(&envelope.from, current.parameters);
                self.row.say(mail, Expect::Mail);
                current.step = Step::Rcpt(0);
            }
            Step::Rcpt(index) => {
                self.row.say(Command::Rcpt(&envelope.recipients[index]), Expect::Rcpt(index));
                current.step = match index + 1 < envelope.recipients.len() {
                    true => Step::Rcpt(index + 1),
                    false if current.waits => Step::Verdict,
                    false => Step::Data,
                };
            }
            Step::Data => {
                self.row.say(Command::Data, Expect::Data);
                current.step = Step::Held;
            }
            Step::End if current.is_chunked => {
                self.row.say(Command::Bdat(0, true), Expect::LastChunk);
                current.step = Step::Held;
            }
            Step::End => {
                self.row.say_bytes(&[current.stuffer.end()], Expect::Dot);
                current.step = Step::Held;
            }
            Step::LoneDot => {
                self.row.say_bytes(&[b".\r\n"], Expect::LoneDot);
                current.step = Step::Held;
            }
            Step::Verdict | Step::Held | Step::Content => return false,
        }
        true
    }

    fn quit_row(&mut self) -> bool {
        if self.ended {
            self.row.say(Command::Quit, Expect::Quit);
            self.phase = Phase::Quitting;
        }
        self.ended
    }
}
