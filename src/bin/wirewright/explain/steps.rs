//! The steps of a parser: its reports on the bytes, in the order of the stream.
//!
//! ```text
//!              ┌─ take, reach: the open span ─┐                  ┌─▶ Events  JSON, line by line
//!   a parser ──┤                              ├─▶ Steps ─▶ Step ─┤
//!              └─ entry, event, remark, … ────┘                  └─▶ Page    text for people
//! ```
//!
//! A parser is fed so that no step holds two events: outside bodies and payload one byte at a time.
//! So each byte is shown with the state of the parser before it, and the division of the input into
//! pieces has no effect.

use super::events::Event;
use super::span::{Past, Span};
use crate::Failure;
use crate::output::report::{Out, thousands};
use crate::output::style::Hue;
use wirewright::digest::{DigestKind, Digester};
use wirewright::error::Error;
use wirewright::http::message::headers::text;

/// One step of a parser.
#[derive(Debug)]
pub enum Step<'a> {
    /// A span of bytes and its meaning.
    Entry(&'a Span, Entry),
    /// An event, for `--json`.
    Event(Event<'a>),
    /// A tolerated fault. The entry with the fault comes next.
    Remark(Remark),
    /// One line of the summary: its label and its text.
    Summary(&'static str, String),
    /// The parser refuses the input.
    Error(Refusal<'a>),
    /// The input has ended.
    End,
}

/// A fault that was tolerated.
#[derive(Debug)]
pub struct Remark {
    pub text: &'static str,
    pub offset: u64,
    pub section: &'static str,
}

/// An error, and the bytes that are not part of an entry yet.
#[derive(Debug)]
pub struct Refusal<'a> {
    pub error: &'a Error,
    pub open: &'a Span,
    /// A guess at the form of the input, such as JSON without a frame.
    pub hint: Option<&'static str>,
}

/// Writes the steps in one form.
pub trait Writer {
    /// Writes one step; `past` holds the last bytes of the stream.
    fn write(&mut self, step: Step<'_>, past: &Past, out: &mut Out) -> Result<(), Failure>;
}

/// Collects the steps and passes them to a writer.
pub struct Steps {
    pub past: Past,
    /// The bytes since the last entry.
    pub open: Span,
    writer: Box<dyn Writer>,
    out: Out,
}

impl Steps {
    /// Steps at the beginning of the stream, with the parser in `state`.
    pub fn new(state: &'static str, writer: Box<dyn Writer>) -> Steps {
        Steps { past: Past::default(), open: Span::new(0, state), writer, out: Out::new() }
    }

    /// Adds bytes that the parser has consumed.
    pub fn take(&mut self, bytes: &[u8]) {
        self.past.push(bytes);
        self.open.push(bytes);
    }

    /// Adds a state that the parser has reached.
    pub fn reach(&mut self, state: &'static str) {
        self.open.reach(state);
    }

    /// Ends the open span, and returns it.
    pub fn cut(&mut self) -> Span {
        let next = Span::new(self.open.end(), self.open.state());
        std::mem::replace(&mut self.open, next)
    }

    /// Writes the open span as an entry.
    pub fn entry(&mut self, entry: Entry) -> Result<(), Failure> {
        let span = self.cut();
        self.write(Step::Entry(&span, entry))
    }

    pub fn event(&mut self, event: Event<'_>) -> Result<(), Failure> {
        self.write(Step::Event(event))
    }

    /// Writes a remark on a tolerated fault.
    pub fn remark(
        &mut self,
        text: &'static str,
        offset: u64,
        section: &'static str,
    ) -> Result<(), Failure> {
        self.write(Step::Remark(Remark { text, offset, section }))
    }

    pub fn summary(&mut self, label: &'static str, text: String) -> Result<(), Failure> {
        self.write(Step::Summary(label, text))
    }

    /// Writes the error that ends the steps.
    pub fn error(&mut self, error: &Error, hint: Option<&'static str>) -> Result<(), Failure> {
        let offset = error.offset().unwrap_or(self.past.end());
        if offset < self.open.at && self.open.len() > 0 {
            let detected = "with these bytes the parser detected a fault in earlier ones";
            let mut entry = Entry::new("detected here", "").note(detected);
            (entry.hue, entry.is_event) = (Hue::Strong, false);
            self.entry(entry)?;
        }
        let open = self.cut();
        self.write(Step::Error(Refusal { error, open: &open, hint }))
    }

    pub fn write(&mut self, step: Step<'_>) -> Result<(), Failure> {
        self.writer.write(step, &self.past, &mut self.out)
    }

    pub fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush()
    }
}

/// The meaning of a span of bytes.
#[derive(Debug)]
pub struct Entry {
    /// The name; the summary counts entries by name.
    pub name: &'static str,
    /// The colour of the name.
    pub hue: Hue,
    /// Whether the summary counts the entry.
    pub is_event: bool,
    /// The section of the specification with the rule.
    pub section: &'static str,
    /// The text of the bytes.
    pub quote: String,
    /// The meaning, in sentences.
    pub notes: Vec<String>,
    /// The limits that apply.
    pub limits: Vec<Limit>,
}

impl Entry {
    pub fn new(name: &'static str, section: &'static str) -> Entry {
        Entry {
            name,
            hue: Hue::In,
            is_event: true,
            section,
            quote: String::new(),
            notes: Vec::new(),
            limits: Vec::new(),
        }
    }

    /// Adds a sentence.
    pub fn note(mut self, sentence: impl Into<String>) -> Entry {
        self.notes.push(sentence.into());
        self
    }

    /// Sets the text of the bytes, which a peer may have written.
    pub fn quote(mut self, text: impl Into<String>) -> Entry {
        self.quote = text.into();
        self
    }

    /// Adds a limit of ours, in bytes.
    pub fn limit(self, what: &'static str, used: u64, max: usize) -> Entry {
        self.limit_of(Limit::ours(what, used, max))
    }

    /// Adds a limit.
    pub fn limit_of(mut self, limit: Limit) -> Entry {
        self.limits.push(limit);
        self
    }
}

/// How much of a limit is used.
#[derive(Debug)]
pub struct Limit {
    /// The limited quantity: `length of the line`.
    pub what: &'static str,
    pub used: u64,
    pub max: u64,
    /// The unit: `bytes`; empty for a plain number.
    pub unit: &'static str,
    /// `our limit`, or `limit` where the specification sets it.
    pub whose: &'static str,
}

impl Limit {
    /// A limit of ours, in bytes.
    pub fn ours(what: &'static str, used: u64, max: usize) -> Limit {
        Limit { what, used, max: max as u64, unit: "bytes", whose: "our limit" }
    }
}

// ---- what several parsers share ----------------------------------------------------------------

/// How often each name occurred, in the order of first occurrence.
#[derive(Debug, Default)]
pub struct Counts(Vec<(String, u64)>);

impl Counts {
    pub fn add(&mut self, name: &str) {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, count)) => *count += 1,
            None => self.0.push((name.to_owned(), 1)),
        }
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// `prefix, message ×2, chunk ×1,536`; empty if nothing was counted.
    pub fn words(&self) -> String {
        let words = |(name, count): &(String, u64)| match count {
            1 => name.clone(),
            count => format!("{name} ×{}", thousands(*count)),
        };
        self.0.iter().map(words).collect::<Vec<_>>().join(", ")
    }
}

/// `1 byte`, `2 bytes`, `1,536 bytes`.
pub fn counted(count: u64, unit: &str) -> String {
    format!("{} {unit}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// [`counted`] for bytes.
pub fn bytes(len: u64) -> String {
    counted(len, "byte")
}

/// A digest of the bytes of a body or payload.
pub fn sha256() -> Digester {
    Digester::new(DigestKind::Sha256)
}

/// The digest as text; the digester starts again.
pub fn take_digest(digester: &mut Digester) -> String {
    std::mem::replace(digester, Digester::None).finish().unwrap_or_default()
}

/// The kept text of a span, trimmed.
pub fn text_of(span: &Span) -> String {
    if !span.is_cut() {
        return text(span.first().trim_ascii()).as_raw_str().to_owned();
    }
    // The kept bytes may end within a character.
    let first = span.first().trim_ascii_start();
    let whole = match str::from_utf8(first) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => first.len(),
    };
    text(&first[..whole]).as_raw_str().to_owned() + "…"
}
