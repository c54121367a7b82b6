//! `explain envelope` for people: one JSON object in which one member is base64.
//!
//! ```text
//!   {"filename":"hi",   member          Start ─▶ Key ─▶ Colon ─▶ Value ─▶ After ─▶ Key
//!    "filedata":"       payload start   Key ─▶ Colon ─▶ Value ─▶ Payload
//!   aGVsbG8=            payload         Payload
//!   "}                  end             Payload ─▶ After ─▶ Done
//! ```
//!
//! Specification: RFC 8259, RFC 4648 §4; `PROTOCOL.md` §2 for the classic wire.

use super::super::{ROOM_BYTES, Stop, Subject};
use super::{Card, Lesson, Limit, bytes, looked_at, text_of};
use crate::Failure;
use crate::output::report::{Out, size};
use wirewright::digest::{DigestKind, Digester};
use wirewright::envelope::{Decoder, Event, Limits, State, Step, run_len};
use wirewright::error::Error;

/// How many decoded bytes are shown.
const DECODED_BYTES: usize = 8;

/// The decoder, and what it said so far.
pub struct Envelope {
    lesson: Lesson,
    key: String,
    object: Object,
    digester: Digester,
    /// How much was fed, in bytes.
    fed: u64,
}

impl Envelope {
    /// At the beginning of an object with that payload member.
    pub fn new(key: &str, lesson: Lesson) -> Envelope {
        let object = Object::new(key);
        let title = "envelope: one JSON object with one base64 member (RFC 8259, RFC 4648)";
        let lesson = lesson.entitled(title, object.decoder.state().as_str());
        let digester = Digester::new(DigestKind::Sha256);
        Envelope { lesson, key: key.to_owned(), object, digester, fed: 0 }
    }

    /// Takes one step into `input`, which is not empty, and gives how long it was.
    fn step(&mut self, input: &[u8], out: &mut Out) -> Result<usize, Stop> {
        let before = self.object.decoder.state();
        let part = self.object.part(input);
        let fed = self.object.feed(part);
        let step = fed.inspect_err(|error| {
            self.lesson.take(looked_at(part, error, self.fed));
        })?;
        let after = self.object.decoder.state();
        if before == State::Payload && after == State::After {
            self.payload(out)?;
        }
        self.lesson.take(&part[..step.consumed]);
        self.lesson.reach(after.as_str());
        self.fed += step.consumed as u64;
        match step.event {
            Event::Payload(len) => self.digester.update(&self.object.room[..len]),
            Event::PayloadStart => {
                let card = self.object.start_card(text_of(&self.lesson.open));
                let card = card.limit(self.object.limit());
                self.lesson.card(card, out)?;
            }
            Event::End => self.end(out)?,
            Event::More if after == State::Key && !matches!(before, State::Start | State::Key) => {
                self.member(out)?;
            }
            Event::More => {}
        }
        Ok(step.consumed)
    }

    fn member(&mut self, out: &mut Out) -> Result<(), Failure> {
        let card = match self.lesson.open.path().first() {
            Some(&before) if before == State::Payload.as_str() => {
                Card::new("end of payload", State::After.section())
                    .says("the quote ends the payload, the comma the member")
            }
            _ => Card::new("member", State::Key.section())
                .quote(text_of(&self.lesson.open))
                .says("a member beside the payload: a name, a colon, a value"),
        };
        self.lesson.card(card.limit(self.object.limit()), out)
    }

    fn payload(&mut self, out: &mut Out) -> Result<(), Failure> {
        match self.lesson.open.len() {
            0 => Ok(()),
            chars => self.lesson.card(self.object.payload_card(chars), out),
        }
    }

    fn end(&mut self, out: &mut Out) -> Result<(), Failure> {
        let card = Card::new("end", State::After.section()).quote(text_of(&self.lesson.open));
        let card = card.says("the object is whole; only white space may follow");
        self.lesson.card(card.limit(self.object.limit()), out)
    }
}

impl Subject for Envelope {
    fn feed(&mut self, piece: &[u8], out: &mut Out) -> Result<(), Stop> {
        let mut input = piece;
        while !input.is_empty() {
            input = &input[self.step(input, out)?..];
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Out) -> Result<(), Stop> {
        self.object.decoder.finish()?;
        if self.lesson.open.len() > 0 {
            let card = Card::new("white space", State::Done.section());
            self.lesson.card(card.says("white space behind the object means nothing"), out)?;
        }
        let digester = std::mem::replace(&mut self.digester, Digester::None);
        match (self.object.decoder.payload_len(), digester.finish()) {
            (Some(len), Some(digest)) => {
                self.lesson.add("payload", in_words(len));
                self.lesson.add("digest", digest);
            }
            _ => self.lesson.add("payload", format!("there is no member \"{}\"", self.key)),
        }
        Ok(self.lesson.finish(out)?)
    }

    fn refuse(&mut self, error: &Error, out: &mut Out) -> Result<(), Failure> {
        if let Some(len @ 1..) = self.object.decoder.payload_len() {
            self.lesson.add("payload", format!("{} decoded before that", in_words(len)));
        }
        self.lesson.error(error, out)
    }
}

/// A length, and where it is long also in a larger unit.
fn in_words(len: u64) -> String {
    match len {
        0..1024 => bytes(len),
        _ => format!("{} ({})", bytes(len), size(len)),
    }
}

/// A decoder that is fed in steps of one event, for the lesson of frames as well.
pub(super) struct Object {
    pub(super) decoder: Decoder,
    pub(super) limits: Limits,
    pub(super) room: Vec<u8>,
    /// The first bytes of the payload.
    decoded: Vec<u8>,
    /// How many bytes there were outside of the payload and its quotes.
    outside: u64,
}

impl Object {
    pub(super) fn new(key: &str) -> Object {
        let limits = Limits::default();
        Object {
            decoder: Decoder::new(key.to_owned(), limits),
            limits,
            room: vec![0; ROOM_BYTES],
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

    /// The beginning of `input` in which nothing but one thing can happen, not before its end.
    pub(super) fn part<'a>(&self, input: &'a [u8]) -> &'a [u8] {
        let len = match self.decoder.state() {
            // Padding is judged one character at a time: it may show a fault of one before it.
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
        let step = self.decoder.feed(part, &mut self.room)?;
        let is_inside = matches!(before, State::Payload | State::Escape | State::Done);
        if !is_inside && step.event != Event::PayloadStart {
            self.outside += step.consumed as u64;
        }
        if let Event::Payload(len) = step.event {
            let wanted = len.min(DECODED_BYTES - self.decoded.len());
            self.decoded.extend_from_slice(&self.room[..wanted]);
        }
        Ok(step)
    }

    /// How near everything beside the payload is to its limit.
    pub(super) fn limit(&self) -> Limit {
        let max = self.limits.rest_bytes_max as u64;
        Limit {
            what: "outside the payload",
            used: self.outside,
            max,
            unit: "bytes",
            whose: "our limit",
        }
    }

    pub(super) fn start_card(&self, text: String) -> Card {
        let says = "the payload member: base64 up to the next quote";
        Card::new("payload start", State::Payload.section()).quote(text).says(says)
    }

    /// The payload, `chars` characters of text.
    pub(super) fn payload_card(&self, chars: u64) -> Card {
        let len = self.decoder.payload_len().unwrap_or(0);
        let hex: Vec<String> = self.decoded.iter().map(|byte| format!("{byte:02x}")).collect();
        let more = if len > self.decoded.len() as u64 { " …" } else { "" };
        let text: String = self.decoded.iter().map(|byte| super::card::seen(*byte)).collect();
        let says = format!(
            "{} of base64 for {} (4 for each 3)",
            bytes(chars).replace("byte", "character"),
            bytes(len),
        );
        let card = Card::new("payload", State::Payload.section());
        card.quote(format!("{}{more}  {text}{more}", hex.join(" "))).says(says)
    }
}
