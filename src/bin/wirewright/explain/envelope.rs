//! `explain envelope`: one JSON object in which one member is base64.
//!
//! ```text
//!   {"filename":"hi",   member          Start ─▶ Key ─▶ Colon ─▶ Value ─▶ After ─▶ Key
//!    "filedata":"       payload start   Key ─▶ Colon ─▶ Value ─▶ Payload
//!   aGVsbG8=            payload         Payload
//!   "}                  end             Payload ─▶ After ─▶ Done
//! ```
//!
//! Specification: RFC 8259, RFC 4648 §4; `PROTOCOL.md` §2 for the classic wire.

use super::events::{Event as Report, Members};
use super::page;
use super::steps::{Entry, Steps, bytes, counted, sha256, take_digest, text_of};
use super::{Parser, SCRATCH_BYTES, Stop, looked_at};
use crate::Failure;
use crate::output::report::size;
use wirewright::digest::Digester;
use wirewright::envelope::{Decoder, Event, Limits, State, Step, run_len};
use wirewright::error::Error;

/// How many decoded bytes are shown.
const DECODED_BYTES: usize = 8;

/// The decoder and its counters.
pub struct Envelope {
    key: String,
    object: Object,
    digester: Digester,
    /// Bytes fed so far.
    fed: u64,
    /// Offset of the first character of the payload, until the payload is reported.
    payload_at: Option<u64>,
}

impl Envelope {
    /// A parser at the beginning of an object whose payload member is `key`.
    pub fn new(key: &str) -> Envelope {
        let object = Object::new(key);
        Envelope { key: key.to_owned(), object, digester: sha256(), fed: 0, payload_at: None }
    }

    fn start(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        self.payload_at = Some(self.fed);
        let (offset, spec) = (self.fed - 1, State::Payload.section());
        steps.event(Report::PayloadStart { offset, spec })?;
        let entry = self.object.start_entry(text_of(&steps.open));
        steps.entry(self.object.limit(entry))
    }

    fn member(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        let entry = match steps.open.path().first() {
            Some(&before) if before == State::Payload.as_str() => {
                Entry::new("end of payload", State::After.section())
                    .note("the quote ends the payload, the comma the member")
            }
            _ => Entry::new("member", State::Key.section())
                .quote(text_of(&steps.open))
                .note("a member beside the payload: a name, a colon, a value"),
        };
        steps.entry(self.object.limit(entry))
    }

    /// Reports the decoded payload, all runs merged.
    fn report_payload(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        match (self.payload_at.take(), self.object.decoder.payload_len()) {
            (Some(offset), Some(payload_len @ 1..)) => {
                steps.event(Report::Payload { offset, payload_len })
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        let entry = Entry::new("end", State::After.section()).quote(text_of(&steps.open));
        let entry = entry.note("the object is complete; only white space may follow");
        steps.entry(self.object.limit(entry))
    }
}

impl Parser for Envelope {
    fn state(&self) -> &'static str {
        self.object.decoder.state().as_str()
    }

    fn step(&mut self, input: &[u8], steps: &mut Steps) -> Result<usize, Stop> {
        let before = self.object.decoder.state();
        let part = self.object.part(input);
        let fed = self.object.feed(part);
        let step = fed.inspect_err(|error| steps.take(looked_at(part, error, self.fed)))?;
        let after = self.object.decoder.state();
        if before == State::Payload && after == State::After {
            self.report_payload(steps)?;
            self.object.payload_entry(steps)?;
        }
        steps.take(&part[..step.consumed]);
        steps.reach(after.as_str());
        self.fed += step.consumed as u64;
        match step.event {
            Event::Payload(len) => self.digester.update(&self.object.scratch[..len]),
            Event::PayloadStart => self.start(steps)?,
            Event::End => self.end(steps)?,
            Event::More if after == State::Key && !matches!(before, State::Start | State::Key) => {
                self.member(steps)?;
            }
            Event::More => {}
        }
        Ok(step.consumed)
    }

    fn finish(&mut self, steps: &mut Steps) -> Result<(), Stop> {
        self.object.decoder.finish()?;
        if steps.open.len() > 0 {
            let entry = Entry::new("white space", State::Done.section());
            steps.entry(entry.note("white space behind the object is ignored"))?;
        }
        let payload_len = self.object.decoder.payload_len();
        let digest = payload_len.map(|_| take_digest(&mut self.digester));
        steps.event(Report::EnvelopeEnd {
            rest: Members::new(&self.object.decoder, &self.key),
            payload_len,
            payload_sha256: digest.as_deref().map(|text| text.trim_start_matches("sha256:")),
        })?;
        match (payload_len, digest) {
            (Some(len), Some(digest)) => {
                steps.summary("payload", in_words(len))?;
                steps.summary("digest", digest)?;
            }
            _ => steps.summary("payload", format!("there is no member \"{}\"", self.key))?,
        }
        Ok(())
    }

    fn refuse(&mut self, error: &Error, steps: &mut Steps) -> Result<(), Failure> {
        self.report_payload(steps)?;
        if let Some(len @ 1..) = self.object.decoder.payload_len() {
            steps.summary("payload", format!("{} decoded before that", in_words(len)))?;
        }
        steps.error(error, None)
    }
}

/// A length in bytes, and a long one also in a larger unit.
pub(super) fn in_words(len: u64) -> String {
    match len {
        0..1024 => bytes(len),
        _ => format!("{} ({})", bytes(len), size(len)),
    }
}

/// A decoder that is fed so that no step holds two events; also used for frames.
pub(super) struct Object {
    pub(super) decoder: Decoder,
    limits: Limits,
    pub(super) scratch: Vec<u8>,
    /// The first bytes of the payload.
    decoded: Vec<u8>,
    /// Bytes outside the payload and its quotes.
    outside: u64,
}

impl Object {
    pub(super) fn new(key: &str) -> Object {
        let limits = Limits::default();
        Object {
            decoder: Decoder::new(key.to_owned(), limits),
            limits,
            scratch: vec![0; SCRATCH_BYTES],
            decoded: Vec::new(),
            outside: 0,
        }
    }

    /// Begins with another object.
    pub(super) fn restart(&mut self, limits: Limits) {
        self.decoder.restart(limits);
        self.limits = limits;
        self.decoded.clear();
        self.outside = 0;
    }

    /// The prefix of `input` that holds at most one event, at its end.
    pub(super) fn part<'a>(&self, input: &'a [u8]) -> &'a [u8] {
        let len = match self.decoder.state() {
            // Padding is fed one character at a time: it may reveal a fault of an earlier one.
            State::Payload => {
                let run = &input[..run_len(input)];
                memchr::memchr(b'=', run).unwrap_or(run.len()).max(1)
            }
            State::Done => input.len(),
            _ => 1,
        };
        &input[..len]
    }

    pub(super) fn feed(&mut self, part: &[u8]) -> Result<Step, Error> {
        let before = self.decoder.state();
        let step = self.decoder.feed(part, &mut self.scratch)?;
        let is_inside = matches!(before, State::Payload | State::Escape | State::Done);
        if !is_inside && step.event != Event::PayloadStart {
            self.outside += step.consumed as u64;
        }
        if let Event::Payload(len) = step.event {
            let wanted = len.min(DECODED_BYTES - self.decoded.len());
            self.decoded.extend_from_slice(&self.scratch[..wanted]);
        }
        Ok(step)
    }

    /// Adds how much of the limit for bytes outside the payload is used.
    fn limit(&self, entry: Entry) -> Entry {
        entry.limit("outside the payload", self.outside, self.limits.rest_bytes_max)
    }

    pub(super) fn start_entry(&self, text: String) -> Entry {
        let note = "the payload member: base64 up to the next quote";
        Entry::new("payload start", State::Payload.section()).quote(text).note(note)
    }

    /// Writes the open span as the payload, unless it is empty.
    pub(super) fn payload_entry(&self, steps: &mut Steps) -> Result<(), Failure> {
        let chars = steps.open.len();
        if chars == 0 {
            return Ok(());
        }
        let len = self.decoder.payload_len().unwrap_or(0);
        let hex: Vec<String> = self.decoded.iter().map(|byte| format!("{byte:02x}")).collect();
        let more = if len > self.decoded.len() as u64 { " …" } else { "" };
        let text: String = self.decoded.iter().map(|byte| page::seen(*byte)).collect();
        let chars = counted(chars, "character");
        let note = format!("{chars} of base64 for {} (4 for each 3)", bytes(len));
        let entry = Entry::new("payload", State::Payload.section());
        let quote = format!("{}{more}  {text}{more}", hex.join(" "));
        steps.entry(entry.quote(quote).note(note))
    }
}
