//! The form for people: every byte once, in its order, beside what the parser made of it; what is
//! judged late is shown once more.
//!
//! ```text
//!   bytes ─▶ open span ─ an event ends it ─▶ card: bytes │ name, states, meaning, limits, section
//!              └▶ past, for what is judged late and points back
//! ```
//!
//! A lesson feeds the parser so that no step can hold two events: outside of bodies and payload one
//! byte at a time. So each byte is seen with the very state it meets, and it does not matter how
//! the input was cut. What is shown of a long run is its beginning and its end.

mod card;
mod envelope;
mod frame;
mod http;
mod sections;
mod smtp;
mod span;
mod words;

pub use envelope::Envelope;
pub use frame::Frame;
pub use http::Http;
pub use smtp::Smtp;

use super::members;
use crate::Failure;
use crate::output::report::{Out, thousands};
use crate::output::voice::{Hue, Paint};
use card::{Card, LEFT_COLUMNS, Limit};
use rustix::termios::tcgetwinsize;
use span::{Past, ROW_BYTES, Row, Span};
use std::io::{IsTerminal, Stdout};
use wirewright::error::Error;
use wirewright::http::message::headers::text;
use wirewright::text::escape;

/// The narrowest and the widest page, in columns.
pub const WIDTHS: std::ops::RangeInclusive<u16> = 80..=100;

/// What stands between the left side and the right one.
const BAR: &str = "│ ";

/// Columns of the words before a line of the summary.
const LABEL_COLUMNS: usize = 11;

/// How much is shown on either side of a byte that was passed before, in bytes.
const CONTEXT_BYTES: u64 = 12;

/// How wide a page is: as the terminal, as far as that makes sense; as wide as possible elsewhere.
pub fn width_of(stdout: &Stdout) -> u16 {
    let columns = tcgetwinsize(stdout).ok().filter(|_| stdout.is_terminal());
    let columns = columns.map(|size| size.ws_col).filter(|columns| *columns > 0);
    columns.unwrap_or(*WIDTHS.end()).clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// The card of the bytes that let the parser judge what came before. It is no event.
const JUDGED: &str = "judged here";

/// What is said of a byte that is meant and no longer at hand.
const LONG_AGO: &str = "which passed too long ago to be shown";

/// A page that is being written.
pub struct Lesson {
    paint: Paint,
    width: usize,
    title: String,
    is_begun: bool,
    past: Past,
    open: Span,
    /// What is told behind the next card.
    remarks: Vec<Remark>,
    /// How many cards of each name there were, in the order of the first ones.
    seen: Vec<(&'static str, u64)>,
    /// The summary, as far as it is known.
    summary: Vec<(Hue, &'static str, String)>,
    /// What whoever gave the bytes may have meant, for the error.
    hint: Option<&'static str>,
}

/// A fault that was tolerated.
struct Remark {
    text: &'static str,
    offset: u64,
    section: &'static str,
}

impl Lesson {
    /// An empty page of so many columns.
    pub fn new(paint: Paint, width: usize) -> Lesson {
        Lesson {
            paint,
            width,
            title: String::new(),
            is_begun: false,
            past: Past::default(),
            open: Span::new(0, ""),
            remarks: Vec::new(),
            seen: Vec::new(),
            summary: Vec::new(),
            hint: None,
        }
    }

    /// What is explained, and the state in which the parser begins.
    fn entitled(mut self, title: impl Into<String>, state: &'static str) -> Lesson {
        self.title = title.into();
        self.open = Span::new(0, state);
        self
    }

    // ---- bytes ---------------------------------------------------------------------------------

    /// The parser has eaten these bytes.
    fn take(&mut self, bytes: &[u8]) {
        self.past.push(bytes);
        self.open.push(bytes);
    }

    /// The parser has come to that state.
    fn reach(&mut self, state: &'static str) {
        self.open.reach(state);
    }

    /// Ends the open span, and gives it.
    fn cut(&mut self) -> Span {
        let next = Span::new(self.open.end(), self.open.state());
        std::mem::replace(&mut self.open, next)
    }

    // ---- cards ---------------------------------------------------------------------------------

    /// Writes the open span with what it means.
    fn card(&mut self, card: Card, out: &mut Out) -> Result<(), Failure> {
        let span = self.cut();
        self.card_of(&span, card, out)
    }

    /// Writes a span that was cut before.
    fn card_of(&mut self, span: &Span, mut card: Card, out: &mut Out) -> Result<(), Failure> {
        card.path = span.path().to_vec();
        self.write(&span.rows(), None, &card, out)?;
        self.tell_remarks(out)
    }

    /// A fault was tolerated; it is told behind the bytes that hold it.
    fn remark(&mut self, text: &'static str, offset: u64, section: &'static str) {
        self.remarks.push(Remark { text, offset, section });
    }

    fn tell_remarks(&mut self, out: &mut Out) -> Result<(), Failure> {
        for Remark { text, offset, section } in std::mem::take(&mut self.remarks) {
            let mut card = Card::new("** remark", section).says(format!("tolerated: {text}"));
            card.hue = Hue::Remark;
            let rows = self.around(offset);
            if rows.is_empty() {
                let place = format!("at byte {}, {LONG_AGO}", thousands(offset));
                card.says.push(place);
            }
            self.write(&rows, (!rows.is_empty()).then_some(offset), &card, out)?;
        }
        Ok(())
    }

    /// Writes the error that ends the page.
    fn error(&mut self, error: &Error, out: &mut Out) -> Result<(), Failure> {
        let offset = error.offset().unwrap_or(self.past.end());
        let is_open = offset >= self.open.at || self.open.len() == 0;
        if !is_open {
            let judged = "with these bytes the parser could judge what came before, and refused it";
            let mut card = Card::new(JUDGED, "").says(judged);
            (card.hue, card.is_event) = (Hue::Strong, false);
            self.card(card, out)?;
        }
        self.tell_remarks(out)?;
        let (mut rows, around, end) = (self.open.rows(), self.around(offset), self.past.end());
        // What passed too long ago is not at hand, and cannot be marked.
        if !around.is_empty() && (!is_open || !is_shown(&rows, offset, end)) {
            rows = around;
        }
        let marked = is_shown(&rows, offset, end).then_some(offset);
        let byte = self.past.slice(offset, offset + 1).1.first().copied();
        let byte = byte.or_else(|| rows.iter().find_map(|row| byte_in(row, offset)));
        let mut card = refusal(error, end, byte);
        card.says.extend(self.hint.map(str::to_owned));
        card.path = vec![self.open.state(), "refused"];
        self.write(&rows, marked, &card, out)?;
        let at = format!("at byte {}: {}", thousands(offset), error.reason());
        self.summary.push((Hue::Bad, "refused", at));
        self.finish(out)
    }

    /// The rows around a byte that was passed before.
    fn around(&self, offset: u64) -> Vec<Row> {
        let (from, to) = (offset.saturating_sub(CONTEXT_BYTES), offset + CONTEXT_BYTES);
        let (at, bytes) = self.past.slice(from, to);
        span::rows(at, bytes)
    }

    /// Writes a card: rows, a mark below one byte, and what that means.
    fn write(
        &mut self,
        rows: &[Row],
        marked: Option<u64>,
        card: &Card,
        out: &mut Out,
    ) -> Result<(), Failure> {
        self.begin(out)?;
        if card.is_event {
            self.count(card.name);
        }
        let paint = self.paint;
        let mut left: Vec<String> = Vec::new();
        let mut is_marked = marked.is_none();
        for row in rows {
            left.push(card::left(row, paint));
            let place = marked.and_then(|offset| place_in(row, offset)).filter(|_| !is_marked);
            left.extend(place.map(|place| card::mark(place, card.hue, paint)));
            is_marked |= place.is_some();
        }
        if let Some(offset) = marked.filter(|_| !is_marked) {
            // What is missing would have stood here.
            left.push(card::left(&Row::Bytes(offset, Vec::new()), paint));
            left.push(card::mark(0, card.hue, paint));
        }
        let right = card.lines(paint, self.width - LEFT_COLUMNS - card::columns(BAR));
        self.write_sides(&left, &right, out)
    }

    fn write_sides(&self, left: &[String], right: &[String], out: &mut Out) -> Result<(), Failure> {
        let bar = self.paint.paint(Hue::Faint, BAR.trim_end());
        let blank = " ".repeat(LEFT_COLUMNS);
        for at in 0..left.len().max(right.len()) {
            let left = left.get(at).unwrap_or(&blank);
            let right = right.get(at).map_or(String::new(), |line| format!(" {line}"));
            out.raw(&format!("{left}{bar}{right}\n"))?;
        }
        out.raw(&format!("{blank}{bar}\n"))
    }

    fn count(&mut self, name: &'static str) {
        match self.seen.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += 1,
            None => self.seen.push((name, 1)),
        }
    }

    // ---- the frame of the page -----------------------------------------------------------------

    fn begin(&mut self, out: &mut Out) -> Result<(), Failure> {
        if std::mem::replace(&mut self.is_begun, true) {
            return Ok(());
        }
        out.raw(&format!("{}\n\n", self.paint.paint(Hue::Strong, &self.title)))?;
        let right = self.width - LEFT_COLUMNS - card::columns(BAR);
        let (event, section) = ("event, states, meaning, limits", "section");
        let heads = match right.checked_sub(card::columns(event) + section.len() + 1) {
            Some(gap) => format!("{event}{:gap$} {section}", ""),
            None => event.to_owned(),
        };
        let line = format!("{:>9}  {:<24} {:<9}{BAR}{heads}", "offset", "hex", "text");
        out.raw(&format!("{}\n", self.paint.paint(Hue::Faint, &line)))?;
        self.rule('┼', out)
    }

    fn rule(&self, cross: char, out: &mut Out) -> Result<(), Failure> {
        let (left, right) = ("─".repeat(LEFT_COLUMNS), "─".repeat(self.width - LEFT_COLUMNS - 1));
        let line = format!("{left}{cross}{right}");
        out.raw(&format!("{}\n", self.paint.paint(Hue::Faint, &line)))
    }

    /// One line more of the summary.
    fn add(&mut self, label: &'static str, text: impl Into<String>) {
        self.summary.push((Hue::Strong, label, text.into()));
    }

    /// Writes the summary, which ends the page.
    fn finish(&mut self, out: &mut Out) -> Result<(), Failure> {
        self.begin(out)?;
        self.rule('┴', out)?;
        let seen: Vec<String> =
            self.seen.iter().map(|(name, count)| counted(name, *count)).collect();
        let seen = match seen.is_empty() {
            true => format!("{}, no event", bytes(self.past.end())),
            false => format!("{}: {}", bytes(self.past.end()), seen.join(", ")),
        };
        self.summary.insert(0, (Hue::Strong, "seen", seen));
        for (hue, label, text) in &self.summary {
            let label = format!("{label:<LABEL_COLUMNS$}");
            let lines = card::wrap(&escape(text), self.width - LABEL_COLUMNS);
            for (at, line) in lines.iter().enumerate() {
                let label = if at == 0 {
                    self.paint.paint(*hue, &label).into()
                } else {
                    " ".repeat(LABEL_COLUMNS)
                };
                out.raw(&format!("{label}{line}\n"))?;
            }
        }
        Ok(())
    }
}

/// Where in a row a byte stands, or the place behind the last one of a row that is not full.
fn place_in(row: &Row, offset: u64) -> Option<usize> {
    let Row::Bytes(at, bytes) = row else { return None };
    let place = usize::try_from(offset.checked_sub(*at)?).ok()?;
    (place < bytes.len() || (place == bytes.len() && place < ROW_BYTES)).then_some(place)
}

/// Whether a byte can be marked in these rows; the one behind the last always can.
fn is_shown(rows: &[Row], offset: u64, end: u64) -> bool {
    offset >= end || rows.iter().any(|row| place_in(row, offset).is_some())
}

/// The byte that stands there, if it stands in this row.
fn byte_in(row: &Row, offset: u64) -> Option<u8> {
    let place = place_in(row, offset)?;
    let Row::Bytes(_, bytes) = row else { return None };
    bytes.get(place).copied()
}

/// What an error says, `byte` being what stands at its offset, and `end` where the stream has come.
fn refusal(error: &Error, end: u64, byte: Option<u8>) -> Card {
    let offset = error.offset().unwrap_or(end);
    let (name, rule) = match error {
        Error::TooLarge { .. } => ("error: too large", error.reason()),
        Error::Incomplete { expected, .. } => ("error: incomplete", format!("missing: {expected}")),
        // Rules and limits of ours say so themselves.
        _ if error.reason().starts_with("our ") => ("error: malformed", error.reason()),
        _ => ("error: malformed", format!("the rule: {}", error.reason())),
    };
    let section = error.section().unwrap_or("");
    let found = match byte {
        Some(byte @ b' '..=b'~') => format!("found: {byte:02x} `{}`", char::from(byte)),
        Some(byte) => format!("found: {byte:02x}"),
        None if matches!(error, Error::Incomplete { .. }) => {
            "found: the end of the stream".to_owned()
        }
        // A frame may end where the stream goes on.
        None if offset == end => "found: the end of the frame".to_owned(),
        None => format!("found: a byte {LONG_AGO}"),
    };
    let mut card = Card::new(name, section).quote(rule);
    (card.hue, card.is_event) = (Hue::Bad, false);
    card = card.says(format!("{found}, at byte {}", thousands(offset)));
    if let Error::TooLarge { limit, .. } = error {
        card.says.extend(sections::limit(limit).map(|says| format!("the specification: {says}")));
        return card;
    }
    match sections::demand(section) {
        Some(demand) => card.says(format!("demanded: {demand}")),
        None => card,
    }
}

// ---- what several lessons share ----------------------------------------------------------------

/// How much of `input` was looked at when it was refused, of which `fed` bytes came before.
fn looked_at<'a>(input: &'a [u8], error: &Error, fed: u64) -> &'a [u8] {
    let behind = error.offset().and_then(|offset| offset.checked_sub(fed)).unwrap_or(0);
    let len = usize::try_from(behind).unwrap_or(usize::MAX).saturating_add(1);
    &input[..input.len().min(len)]
}

/// The text of a span as far as it is at hand, without white space around it.
fn text_of(span: &Span) -> String {
    if !span.is_cut() {
        return text(span.first().trim_ascii()).as_raw_str().to_owned();
    }
    // The cut may go through a character.
    let first = span.first().trim_ascii_start();
    let whole = match str::from_utf8(first) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => first.len(),
    };
    text(&first[..whole]).as_raw_str().to_owned() + "…"
}

/// `prefix`, `message ×2`, `chunk ×1,536`.
fn counted(name: &str, count: u64) -> String {
    match count {
        1 => name.to_owned(),
        count => format!("{name} ×{}", thousands(count)),
    }
}

/// `1 byte`, `2 bytes`, `1,536 bytes`.
fn bytes(len: u64) -> String {
    match len {
        1 => "1 byte".to_owned(),
        len => format!("{} bytes", thousands(len)),
    }
}
