//! `explain smtp`: the replies of a server, line by line, as the client reads them.
//!
//! ```text
//!   250-mx.example.org CR LF    reply line    Code ─▶ Separator ─▶ Text ─▶ LineFeed ─▶ Code
//!   250 SIZE 1000 CR LF         reply         the same states; the reply is complete
//! ```
//!
//! Specification: RFC 5321 §4.2, RFC 2034, RFC 3463.

use super::events::Event;
use super::meanings::{reply, reply_class, subject};
use super::steps::{Counts, Entry, Steps, text_of};
use super::{Parser, Stop};
use crate::Failure;
use crate::output::report::thousands;
use wirewright::error::Error;
use wirewright::smtp::config::Limits;
use wirewright::smtp::reply::Remark;
use wirewright::smtp::reply::{self as grammar, Enhanced, State, text};

/// The parser of replies and its counters.
pub struct Smtp {
    parser: grammar::Parser,
    limits: Limits,
    /// Lines and bytes of the current reply.
    lines: u64,
    bytes: u64,
    /// The number of replies of each class.
    classes: Counts,
}

impl Smtp {
    /// A parser at the beginning of a connection.
    pub fn new() -> Smtp {
        let limits = Limits::default();
        let parser = grammar::Parser::new(&limits);
        Smtp { parser, limits, lines: 0, bytes: 0, classes: Counts::default() }
    }

    /// Writes the entry of a complete line, which may end the reply.
    fn line(&mut self, is_whole: bool, steps: &mut Steps) -> Result<(), Failure> {
        let len = steps.open.len();
        self.lines += 1;
        self.bytes += len;
        let code = self.parser.reply().code();
        let (meaning, section) = reply(code);
        let name = if is_whole { "reply" } else { "reply line" };
        let mut entry = Entry::new(name, section).quote(text_of(&steps.open));
        if self.lines == 1 {
            entry = entry.note(format!("{code}: {meaning}"));
        }
        entry = entry.note(match (is_whole, self.lines) {
            (false, _) => "a hyphen behind the code: another line follows".to_owned(),
            (true, 1) => "no hyphen behind the code: the reply is complete".to_owned(),
            (true, lines) => {
                format!("no hyphen: the reply is complete, {} lines", thousands(lines))
            }
        });
        entry = entry.limit("length of the line", len, self.limits.reply_line_bytes_max);
        if is_whole {
            if let Some(enhanced) = self.parser.reply().enhanced() {
                entry = entry.note(enhanced_words(enhanced));
            }
            if self.lines > 1 {
                let max = self.limits.reply_bytes_max;
                entry = entry.limit("length of the reply", self.bytes, max);
            }
            self.end_reply(steps)?;
        }
        steps.entry(entry)
    }

    fn end_reply(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        (self.lines, self.bytes) = (0, 0);
        self.tell_remarks(steps)?;
        let reply = self.parser.reply();
        self.classes.add(reply_class(reply.code()));
        let enhanced = reply.enhanced().map(|enhanced| enhanced.to_string());
        let lines = reply.lines().map(text).collect();
        steps.event(Event::Reply { code: reply.code(), enhanced, lines })
    }

    fn tell_remarks(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        while let Some(Remark { text, offset, section }) = self.parser.take_remark() {
            steps.remark(text, offset, section)?;
        }
        Ok(())
    }

    fn summarize(&self, steps: &mut Steps) -> Result<(), Failure> {
        match self.classes.len() {
            0 => Ok(()),
            _ => steps.summary("replies", self.classes.words()),
        }
    }
}

impl Parser for Smtp {
    fn state(&self) -> &'static str {
        self.parser.state().as_str()
    }

    fn step(&mut self, input: &[u8], steps: &mut Steps) -> Result<usize, Stop> {
        let before = self.parser.state();
        steps.take(&input[..1]);
        let (_, is_whole) = self.parser.feed(&input[..1])?;
        steps.reach(self.parser.state().as_str());
        if before == State::LineFeed {
            self.line(is_whole, steps)?;
        }
        Ok(1)
    }

    fn finish(&mut self, steps: &mut Steps) -> Result<(), Stop> {
        self.parser.finish()?;
        Ok(self.summarize(steps)?)
    }

    fn refuse(&mut self, error: &Error, steps: &mut Steps) -> Result<(), Failure> {
        self.tell_remarks(steps)?;
        self.summarize(steps)?;
        steps.error(error, None)
    }
}

/// The meaning of the three numbers: RFC 3463 §2.
fn enhanced_words(enhanced: Enhanced) -> String {
    let class = reply_class(u16::from(enhanced.class) * 100);
    let about = subject(enhanced.subject);
    format!("{enhanced}: {class}, about {about} (RFC 3463 §2)")
}
