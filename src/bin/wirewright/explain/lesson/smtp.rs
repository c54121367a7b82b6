//! `explain smtp` for people: what a server says, line by line, as the client would read it.
//!
//! ```text
//!   250-mx.example.org CR LF    reply line    Code ─▶ Separator ─▶ Text ─▶ LineFeed ─▶ Code
//!   250 SIZE 1000 CR LF         reply         the same, and the reply is whole
//! ```
//!
//! Specification: RFC 5321 §4.2, RFC 2034, RFC 3463.

use super::super::{Stop, Subject};
use super::words::{reply, reply_class, subject};
use super::{Card, Lesson, Limit, counted, text_of};
use crate::Failure;
use crate::output::report::{Out, thousands};
use wirewright::error::Error;
use wirewright::smtp::config::{Limits, Remark};
use wirewright::smtp::reply::{Enhanced, Parser, State};

/// The parser, and what it said so far.
pub struct Smtp {
    lesson: Lesson,
    parser: Parser,
    limits: Limits,
    /// Of this reply.
    lines: u64,
    bytes: u64,
    /// How many replies there were of each class.
    classes: Vec<(&'static str, u64)>,
}

impl Smtp {
    /// At the beginning of what a server says on a connection.
    pub fn new(lesson: Lesson) -> Smtp {
        let limits = Limits::default();
        let parser = Parser::new(&limits);
        let title = "smtp: what a server says, as the client reads it (RFC 5321)";
        let lesson = lesson.entitled(title, parser.state().as_str());
        Smtp { lesson, parser, limits, lines: 0, bytes: 0, classes: Vec::new() }
    }

    /// Takes one byte.
    fn step(&mut self, byte: u8, out: &mut Out) -> Result<(), Stop> {
        let before = self.parser.state();
        self.lesson.take(&[byte]);
        let (_, is_whole) = self.parser.feed(&[byte])?;
        self.lesson.reach(self.parser.state().as_str());
        if before == State::LineFeed {
            self.line(is_whole, out)?;
        }
        Ok(())
    }

    /// A line has ended, and with it perhaps the reply.
    fn line(&mut self, is_whole: bool, out: &mut Out) -> Result<(), Failure> {
        let len = self.lesson.open.len();
        self.lines += 1;
        self.bytes += len;
        let code = self.parser.reply().code();
        let (meaning, section) = reply(code);
        let name = if is_whole { "reply" } else { "reply line" };
        let mut card = Card::new(name, section).quote(text_of(&self.lesson.open));
        if self.lines == 1 {
            card = card.says(format!("{code}: {meaning}"));
        }
        card = card.says(match (is_whole, self.lines) {
            (false, _) => "a hyphen behind the code: another line follows".to_owned(),
            (true, 1) => "no hyphen behind the code: the reply is whole".to_owned(),
            (true, lines) => format!("no hyphen: the reply is whole, {} lines", thousands(lines)),
        });
        card = card.limit(limit("length of the line", len, self.limits.reply_line_bytes_max));
        if is_whole {
            if let Some(enhanced) = self.parser.reply().enhanced() {
                card = card.says(enhanced_words(enhanced));
            }
            if self.lines > 1 {
                card = card.limit(limit(
                    "length of the reply",
                    self.bytes,
                    self.limits.reply_bytes_max,
                ));
            }
            self.end_reply(code);
        }
        self.lesson.card(card, out)?;
        Ok(())
    }

    fn end_reply(&mut self, code: u16) {
        (self.lines, self.bytes) = (0, 0);
        self.tell_remarks();
        let class = reply_class(code);
        match self.classes.iter_mut().find(|(other, _)| *other == class) {
            Some((_, count)) => *count += 1,
            None => self.classes.push((class, 1)),
        }
    }

    fn tell_remarks(&mut self) {
        while let Some(Remark { text, offset, section }) = self.parser.take_remark() {
            self.lesson.remark(text, offset, section);
        }
    }

    fn summarize(&mut self) {
        let count = |(class, count): &(&str, u64)| counted(class, *count);
        let classes: Vec<String> = self.classes.iter().map(count).collect();
        if !classes.is_empty() {
            self.lesson.add("replies", classes.join(", "));
        }
    }
}

impl Subject for Smtp {
    fn feed(&mut self, piece: &[u8], out: &mut Out) -> Result<(), Stop> {
        piece.iter().try_for_each(|byte| self.step(*byte, out))
    }

    fn finish(&mut self, out: &mut Out) -> Result<(), Stop> {
        self.parser.finish()?;
        self.summarize();
        Ok(self.lesson.finish(out)?)
    }

    fn refuse(&mut self, error: &Error, out: &mut Out) -> Result<(), Failure> {
        self.tell_remarks();
        self.summarize();
        self.lesson.error(error, out)
    }
}

fn limit(what: &'static str, used: u64, max: usize) -> Limit {
    Limit { what, used, max: max as u64, unit: "bytes", whose: "our limit" }
}

/// What the three numbers say: RFC 3463 §2.
fn enhanced_words(enhanced: Enhanced) -> String {
    let class = reply_class(u16::from(enhanced.class) * 100);
    let about = subject(enhanced.subject);
    format!("{enhanced}: {class}, about {about} (RFC 3463 §2)")
}
