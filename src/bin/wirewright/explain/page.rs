//! The page for people: every byte once, in order, beside its meaning. Where the parser detects a
//! fault only later, the bytes are shown again.
//!
//! ```text
//!   offset  hex  text │ name                 section
//!                     │ states, text, notes, limits
//! ```
//!
//! Of a long run the page shows only the two ends.

mod layout;

pub use layout::seen;

use super::sections;
use super::span::{self, Past, ROW_BYTES, Row};
use super::steps::{Counts, Entry, Refusal, Remark, Step, Writer, bytes};
use crate::Failure;
use crate::output::report::{Out, thousands};
use crate::output::style::{Hue, Paint};
use layout::LEFT_COLUMNS;
use rustix::termios::tcgetwinsize;
use std::io::{IsTerminal, Stdout};
use wirewright::error::Error;
use wirewright::text::escape;

/// The narrowest and the widest page, in columns.
const WIDTHS: std::ops::RangeInclusive<u16> = 80..=100;

/// Separates the left side from the right side.
const BAR: &str = "│ ";

/// Columns of the label of a line of the summary.
const LABEL_COLUMNS: usize = 11;

/// How many bytes are shown on either side of a byte of an earlier entry.
const CONTEXT_BYTES: u64 = 12;

/// The description of a byte that is no longer in memory.
const LONG_AGO: &str = "which passed too long ago to be shown";

/// The width of a page: that of the terminal within [`WIDTHS`]; the widest elsewhere.
pub fn width_of(stdout: &Stdout) -> u16 {
    let columns = tcgetwinsize(stdout).ok().filter(|_| stdout.is_terminal());
    let columns = columns.map(|size| size.ws_col).filter(|columns| *columns > 0);
    columns.unwrap_or(*WIDTHS.end()).clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// A page that is being written.
pub struct Page {
    paint: Paint,
    width: usize,
    title: &'static str,
    is_begun: bool,
    /// Remarks to write after the next entry.
    remarks: Vec<Remark>,
    /// The number of entries of each name.
    seen: Counts,
    /// The lines of the summary so far.
    summary: Vec<(Hue, &'static str, String)>,
}

impl Writer for Page {
    fn write(&mut self, step: Step<'_>, past: &Past, out: &mut Out) -> Result<(), Failure> {
        match step {
            Step::Entry(span, entry) => {
                self.entry(&span.rows(), None, &entry, span.path(), out)?;
                self.tell_remarks(past, out)
            }
            Step::Event(_) => Ok(()),
            Step::Remark(remark) => {
                self.remarks.push(remark);
                Ok(())
            }
            Step::Summary(label, text) => {
                self.summary.push((Hue::Strong, label, text));
                Ok(())
            }
            Step::Error(refusal) => self.error(&refusal, past, out),
            Step::End => self.finish(past, out),
        }
    }
}

impl Page {
    /// An empty page with `width` columns.
    pub fn new(paint: Paint, width: usize, title: &'static str) -> Page {
        Page {
            paint,
            width,
            title,
            is_begun: false,
            remarks: Vec::new(),
            seen: Counts::default(),
            summary: Vec::new(),
        }
    }

    // ---- entries -------------------------------------------------------------------------------

    fn tell_remarks(&mut self, past: &Past, out: &mut Out) -> Result<(), Failure> {
        for Remark { text, offset, section } in std::mem::take(&mut self.remarks) {
            let mut entry = Entry::new("** remark", section).note(format!("tolerated: {text}"));
            entry.hue = Hue::Remark;
            let rows = around(offset, past);
            if rows.is_empty() {
                entry = entry.note(format!("at byte {}, {LONG_AGO}", thousands(offset)));
            }
            self.entry(&rows, (!rows.is_empty()).then_some(offset), &entry, &[], out)?;
        }
        Ok(())
    }

    /// Writes the error that ends the page.
    fn error(&mut self, refusal: &Refusal<'_>, past: &Past, out: &mut Out) -> Result<(), Failure> {
        self.tell_remarks(past, out)?;
        let (error, end) = (refusal.error, past.end());
        let offset = error.offset().unwrap_or(end);
        let (mut rows, around) = (refusal.open.rows(), around(offset, past));
        // A byte that is no longer in memory cannot be marked.
        if !around.is_empty() && !is_shown(&rows, offset, end) {
            rows = around;
        }
        let marked = is_shown(&rows, offset, end).then_some(offset);
        let byte = past.slice(offset, offset + 1).1.first().copied();
        let byte = byte.or_else(|| rows.iter().find_map(|row| byte_in(row, offset)));
        let mut entry = refused(error, end, byte);
        entry.notes.extend(refusal.hint.map(str::to_owned));
        self.entry(&rows, marked, &entry, &[refusal.open.state(), "refused"], out)?;
        let at = format!("at byte {}: {}", thousands(offset), error.reason());
        self.summary.push((Hue::Bad, "refused", at));
        self.finish(past, out)
    }

    /// Writes an entry: rows with a mark below one byte on the left, the meaning on the right.
    fn entry(
        &mut self,
        rows: &[Row],
        marked: Option<u64>,
        entry: &Entry,
        path: &[&str],
        out: &mut Out,
    ) -> Result<(), Failure> {
        self.begin(out)?;
        if entry.is_event {
            self.seen.add(entry.name);
        }
        let paint = self.paint;
        let mut left: Vec<String> = Vec::new();
        let mut is_marked = marked.is_none();
        for row in rows {
            left.push(layout::left(row, paint));
            let place = marked.and_then(|offset| place_in(row, offset)).filter(|_| !is_marked);
            left.extend(place.map(|place| layout::mark(place, entry.hue, paint)));
            is_marked |= place.is_some();
        }
        if let Some(offset) = marked.filter(|_| !is_marked) {
            // The position of the missing byte.
            left.push(layout::left(&Row::Bytes(offset, Vec::new()), paint));
            left.push(layout::mark(0, entry.hue, paint));
        }
        let right = layout::right(entry, path, paint, self.right_columns());
        let bar = paint.paint(Hue::Faint, BAR.trim_end());
        let blank = " ".repeat(LEFT_COLUMNS);
        for at in 0..left.len().max(right.len()) {
            let left = left.get(at).unwrap_or(&blank);
            let right = right.get(at).map_or(String::new(), |line| format!(" {line}"));
            out.raw(&format!("{left}{bar}{right}\n"))?;
        }
        out.raw(&format!("{blank}{bar}\n"))
    }

    fn right_columns(&self) -> usize {
        self.width - LEFT_COLUMNS - layout::columns(BAR)
    }

    // ---- the frame of the page -----------------------------------------------------------------

    fn begin(&mut self, out: &mut Out) -> Result<(), Failure> {
        if std::mem::replace(&mut self.is_begun, true) {
            return Ok(());
        }
        out.raw(&format!("{}\n\n", self.paint.paint(Hue::Strong, self.title)))?;
        let (event, section) = ("event, states, meaning, limits", "section");
        let heads = match self.right_columns().checked_sub(event.len() + section.len() + 1) {
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

    /// Writes the summary, which ends the page.
    fn finish(&mut self, past: &Past, out: &mut Out) -> Result<(), Failure> {
        self.begin(out)?;
        self.rule('┴', out)?;
        let seen = match self.seen.len() {
            0 => format!("{}, no event", bytes(past.end())),
            _ => format!("{}: {}", bytes(past.end()), self.seen.words()),
        };
        self.summary.insert(0, (Hue::Strong, "seen", seen));
        for (hue, label, text) in &self.summary {
            let mut label =
                self.paint.paint(*hue, &format!("{label:<LABEL_COLUMNS$}")).into_owned();
            for line in layout::wrap(&escape(text), self.width - LABEL_COLUMNS) {
                out.raw(&format!("{label}{line}\n"))?;
                label = " ".repeat(LABEL_COLUMNS);
            }
        }
        Ok(())
    }
}

/// The rows around a byte of an earlier entry.
fn around(offset: u64, past: &Past) -> Vec<Row> {
    let (from, to) = (offset.saturating_sub(CONTEXT_BYTES), offset + CONTEXT_BYTES);
    let (at, bytes) = past.slice(from, to);
    span::rows(at, bytes)
}

/// The position of a byte in a row, also of the byte behind the last one of a row that is not full.
fn place_in(row: &Row, offset: u64) -> Option<usize> {
    let Row::Bytes(at, bytes) = row else { return None };
    let place = usize::try_from(offset.checked_sub(*at)?).ok()?;
    (place < bytes.len() || (place == bytes.len() && place < ROW_BYTES)).then_some(place)
}

/// Whether a byte can be marked in these rows; the byte behind the last one always can.
fn is_shown(rows: &[Row], offset: u64, end: u64) -> bool {
    offset >= end || rows.iter().any(|row| place_in(row, offset).is_some())
}

/// The byte at this offset, if it is in this row.
fn byte_in(row: &Row, offset: u64) -> Option<u8> {
    let place = place_in(row, offset)?;
    let Row::Bytes(_, bytes) = row else { return None };
    bytes.get(place).copied()
}

/// The entry of an error: `byte` is the byte at its offset, `end` the end of the bytes read.
fn refused(error: &Error, end: u64, byte: Option<u8>) -> Entry {
    let offset = error.offset().unwrap_or(end);
    let (name, rule) = match error {
        Error::TooLarge { .. } => ("error: too large", error.reason()),
        Error::Incomplete { expected, .. } => ("error: incomplete", format!("missing: {expected}")),
        // These texts name wirewright as the source of the rule.
        _ if error.reason().starts_with("wirewright ") => ("error: malformed", error.reason()),
        _ => ("error: malformed", format!("the rule: {}", error.reason())),
    };
    let section = error.section().unwrap_or("");
    let found = match byte {
        Some(byte @ b' '..=b'~') => format!("found: {byte:02x} `{}`", char::from(byte)),
        Some(byte) => format!("found: {byte:02x}"),
        None if matches!(error, Error::Incomplete { .. }) => {
            "found: the end of the stream".to_owned()
        }
        // The frame ends here; the stream may go on.
        None if offset == end => "found: the end of the frame".to_owned(),
        None => format!("found: a byte {LONG_AGO}"),
    };
    let mut entry = Entry::new(name, section).quote(rule);
    (entry.hue, entry.is_event) = (Hue::Bad, false);
    entry = entry.note(format!("{found}, at byte {}", thousands(offset)));
    if let Error::TooLarge { limit, .. } = error {
        let says = sections::limit(limit).map(|says| format!("the specification: {says}"));
        entry.notes.extend(says);
        return entry;
    }
    match sections::demand(section) {
        Some(demand) => entry.note(format!("demanded: {demand}")),
        None => entry,
    }
}
