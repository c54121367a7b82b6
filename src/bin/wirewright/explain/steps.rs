//! The steps of a parser: what it reports about the bytes it reads, in the order of the stream.
//!
//! ```text
//!              ┌─ take, reach: the open span ─┐                  ┌─▶ Events  JSON, line by line
//!   a parser ──┤                              ├─▶ Steps ─▶ Step ─┤
//!              └─ entry, event, remark, … ────┘                  └─▶ Page    text for people
//! ```
//!
//! A parser is fed so that no step holds two events: outside of bodies and payload one byte at a
//! time. So each byte is seen with the state that it meets, and the cuts of the input do not
//! matter.

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
    /// A span of bytes has a meaning of its own.
    Entry(&'a Span, Entry),
    /// The parser reports an event, as programs read it.
    Event(Event<'a>),
    /// The parser tolerates a fault. The entry that holds the fault comes next.
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

/// An error, and the bytes that no entry holds yet.
#[derive(Debug)]
pub struct Refusal<'a> {
    pub error: &'a Error,
    pub open: &'a Span,
    /// What the input may be instead.
    pub hint: Option<&'static str>,
}

/// Writes the steps in one form.
pub trait Writer {
    /// Writes one step; `past` holds the last bytes of the stream.
    fn write(&mut self, step: Step<'_>, past: &Past, out: &mut Out) -> Result<(), Failure>;
}

/// The steps so far, on their way to a writer.
pub struct Steps {
    pub past: Past,
    /// The bytes since the last entry.
    pub open: Span,
    writer: Box<dyn Writer>,
    out: Out,
}

impl Steps {
    /// Nothing was read, and the parser is in that state.
    pub fn new(state: &'static str, writer: Box<dyn Writer>) -> Steps {
        Steps { past: Past::default(), open: Span::new(0, state), writer, out: Out::new() }
    }

    /// The parser has consumed these bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        self.past.push(bytes);
        self.open.push(bytes);
    }

    /// The parser has reached that state.
    pub fn reach(&mut self, state: &'static str) {
        self.open.reach(state);
    }

    /// Ends the open span, and returns it.
    pub fn cut(&mut self) -> Span {
        let next = Span::new(self.open.end(), self.open.state());
        std::mem::replace(&mut self.open, next)
    }

    /// The open span is an entry.
    pub fn entry(&mut self, entry: Entry) -> Result<(), Failure> {
        let span = self.cut();
        self.write(Step::Entry(&span, entry))
    }

    pub fn event(&mut self, event: Event<'_>) -> Result<(), Failure> {
        self.write(Step::Event(event))
    }

    /// The parser tolerates a fault.
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

    /// The parser refuses the input.
    pub fn error(&mut self, error: &Error, hint: Option<&'static str>) -> Result<(), Failure> {
        let offset = error.offset().unwrap_or(self.past.end());
        if offset < self.open.at && self.open.len() > 0 {
            let judged = "with these bytes the parser could judge what came before, and refused it";
            let mut entry = Entry::new("judged here", "").note(judged);
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

/// What a span of bytes means.
#[derive(Debug)]
pub struct Entry {
    /// What it is; the summary counts entries by name.
    pub name: &'static str,
    /// The colour of the name.
    pub hue: Hue,
    /// Whether it is an event, which the summary counts.
    pub is_event: bool,
    /// The section that rules it.
    pub section: &'static str,
    /// The text of it.
    pub quote: String,
    /// What it means, each in one sentence.
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

    /// Sets the text of it, which a peer may have written.
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
    /// What is counted: `length of the line`.
    pub what: &'static str,
    pub used: u64,
    pub max: u64,
    /// In what it is counted: `bytes`; empty where that is what is counted.
    pub unit: &'static str,
    /// Whose it is: `our limit`, or `limit` where the specification sets it.
    pub whose: &'static str,
}

impl Limit {
    /// A limit of ours, in bytes.
    pub fn ours(what: &'static str, used: u64, max: usize) -> Limit {
        Limit { what, used, max: max as u64, unit: "bytes", whose: "our limit" }
    }
}

// ---- what several parsers share ----------------------------------------------------------------

/// How often each name was seen, in the order of the first ones.
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

    /// `prefix, message ×2, chunk ×1,536`; empty if nothing was seen.
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

/// The same of bytes.
pub fn bytes(len: u64) -> String {
    counted(len, "byte")
}

/// A digest of the bytes of a body or payload.
pub fn sha256() -> Digester {
    Digester::new(DigestKind::Sha256)
}

/// The text of a digest, which is taken.
pub fn take_digest(digester: &mut Digester) -> String {
    std::mem::replace(digester, Digester::None).finish().unwrap_or_default()
}

/// The text of a span as far as it was kept, trimmed.
pub fn text_of(span: &Span) -> String {
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
