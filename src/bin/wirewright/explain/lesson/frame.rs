//! `explain frame` for people: length prefixes, and the form of each message. The summary says
//! what is not judged.
//!
//! ```text
//!   00 00 00 47                       prefix          Prefix ─▶ Body
//!   {"type":"chunk",…,"filedata":"    payload start   Body ─▶ Payload
//!   aGk=                              payload         Payload
//!   "}                                message         Payload ─▶ Done ─▶ Prefix
//! ```
//!
//! Specification: `PROTOCOL.md` §3 to §5 and §13.

use super::super::{Stop, Subject, frames, unfinished};
use super::super::{judge_before_payload, judge_message};
use super::envelope::Object;
use super::words::{self, message};
use super::{Card, Lesson, Limit, bytes, counted, looked_at, members};
use crate::Failure;
use crate::output::report::Out;
use serde::Deserialize;
use std::borrow::Cow;
use wirewright::envelope::{Event, Limits, State};
use wirewright::error::Error;
use wirewright::text::PeerText;
use wirewright::transfer::frame::{self, Frames};
use wirewright::transfer::message::PAYLOAD_KEY;

/// What cannot be judged where only one direction of a conversation is at hand, and what is not.
const NOT_JUDGED: &str = "crc32 (PROTOCOL §5.4) and names (§10); and what needs the other \
                          direction: the frame limit of both hellos (§3.3), ids that rise (§4.3), \
                          and the place of a message (§12)";

/// What is said of frames with another payload member.
const ONLY_JSON: &str = "the members of messages; only frames and JSON are judged where another \
                         payload member is named";

/// How much of the members of a message is shown, in bytes.
const MEMBERS_BYTES: usize = 400;

/// How many types of messages are told apart in the summary.
const TYPES_MAX: usize = 32;

/// The parsers, and what they said so far.
pub struct Frame {
    lesson: Lesson,
    key: String,
    frames: Frames,
    object: Object,
    /// Offset of the body.
    body_at: u64,
    /// The longest body so far, in bytes.
    longest: u64,
    payload_len: u64,
    /// How many messages there were of each type.
    types: Vec<(String, u64)>,
}

impl Frame {
    /// At the beginning of a stream whose messages have that payload member.
    pub fn new(key: &str, lesson: Lesson) -> Frame {
        let frames = frames(key);
        let title = "frame: messages as length-prefixed JSON (PROTOCOL.md, RFC 8259, RFC 4648)";
        Frame {
            lesson: lesson.entitled(title, frames.state().as_str()),
            key: key.to_owned(),
            frames,
            object: Object::new(key),
            body_at: 0,
            longest: 0,
            payload_len: 0,
            types: Vec::new(),
        }
    }

    /// Takes one byte of a prefix.
    fn take_prefix(&mut self, byte: u8, out: &mut Out) -> Result<(), Stop> {
        self.lesson.take(&[byte]);
        let before = self.frames.state();
        let Some(len) = self.frames.take_prefix(&[byte])?.1 else { return Ok(()) };
        self.lesson.reach(self.frames.state().as_str());
        self.body_at = self.frames.offset();
        self.longest = self.longest.max(u64::from(len));
        self.object.restart(Limits { rest_bytes_max: len as usize });
        let max = u64::from(self.frames.limit());
        let says = format!("00, then 24 bits, big-endian: {} follow", bytes(u64::from(len)));
        let card = Card::new("prefix", before.section()).says(says).limit(Limit {
            what: "length of the frame",
            used: u64::from(len),
            max,
            unit: "bytes",
            whose: "limit",
        });
        Ok(self.lesson.card(card, out)?)
    }

    /// Takes a step into the body, and gives how long it was.
    fn take_body(&mut self, input: &[u8], out: &mut Out) -> Result<usize, Stop> {
        let body = &input[..input.len().min(self.frames.body_left() as usize)];
        let before = self.object.decoder.state();
        let part = self.object.part(body);
        let fed = self.object.feed(part).map_err(|error| error.shifted(self.body_at));
        let step = fed.inspect_err(|error| {
            self.lesson.take(looked_at(part, error, self.frames.offset()));
            self.lesson.reach(before.as_str());
        })?;
        let after = self.object.decoder.state();
        if before == State::Payload && after == State::After && self.lesson.open.len() > 0 {
            let card = self.object.payload_card(self.lesson.open.len());
            self.lesson.card(card, out)?;
        }
        self.lesson.take(&part[..step.consumed]);
        self.frames.take_body(step.consumed);
        if step.event == Event::PayloadStart {
            self.lesson.reach(after.as_str());
            judge_before_payload(&self.object.decoder, &self.key, self.body_at)?;
            let card = self.start_card()?;
            self.lesson.card(card, out)?;
        }
        if self.frames.body_left() == 0 {
            self.lesson.reach(after.as_str());
            if !self.object.decoder.is_done() {
                return Err(Stop::Refused(unfinished(self.frames.offset())));
            }
            judge_message(&self.object.decoder, &self.key, self.body_at, &mut self.frames)?;
            self.lesson.reach(self.frames.state().as_str());
            self.end_message(out)?;
        }
        Ok(step.consumed)
    }

    /// The members before a payload, which is about to begin.
    fn start_card(&self) -> Result<Card, Failure> {
        let card = self.object.start_card(self.members()?);
        Ok(match self.kind().as_deref().map(message) {
            Some((meaning, _)) => card.says(format!("the message: {meaning}")),
            None => card.says("its type has not been said yet"),
        })
    }

    /// The frame has ended with its object.
    fn end_message(&mut self, out: &mut Out) -> Result<(), Failure> {
        let kind = self.kind();
        let payload = self.object.decoder.payload_len();
        self.payload_len += payload.unwrap_or(0);
        let (meaning, section) = match &kind {
            Some(kind) => message(kind),
            None => ("no type, which a peer refuses", "PROTOCOL §4"),
        };
        let mut card = Card::new("message", section);
        card = match payload {
            // Its members stand in the card of the payload's beginning.
            Some(_) => card.says(format!("the message is whole: {meaning}")),
            None => card.quote(self.members()?).says(meaning),
        };
        self.count(kind);
        self.lesson.card(card, out)
    }

    fn count(&mut self, kind: Option<String>) {
        let kind = kind.unwrap_or_else(|| "without a type".to_owned());
        let is_listed = self.types.iter().any(|(other, _)| *other == kind);
        let is_told = is_listed || words::is_message(&kind) || self.types.len() < TYPES_MAX;
        let kind = if is_told { kind } else { "of other types".to_owned() };
        match self.types.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, count)) => *count += 1,
            None => self.types.push((kind, 1)),
        }
    }

    /// What the message calls itself, as far as that has come.
    fn kind(&self) -> Option<String> {
        let head = self.object.decoder.parse::<Head<'_>>("PROTOCOL §4");
        head.ok().map(|head| PeerText::from(&*head.kind).short().as_raw_str().to_owned())
    }

    /// The members so far, in their shortest form.
    fn members(&self) -> Result<String, Failure> {
        let text = String::from_utf8_lossy(self.object.decoder.rest());
        let mut shown = String::new();
        let mut is_cut = false;
        members::compact(&text, &self.key, |piece| {
            // A space where a line may be broken.
            let piece = if piece == "," { ", " } else { piece };
            match !is_cut && shown.len() + piece.len() <= MEMBERS_BYTES {
                true => shown.push_str(piece),
                false => is_cut = true,
            }
            Ok(())
        })?;
        if is_cut {
            shown.push('…');
        }
        Ok(shown)
    }
}

impl Subject for Frame {
    fn feed(&mut self, piece: &[u8], out: &mut Out) -> Result<(), Stop> {
        let mut input = piece;
        while !input.is_empty() {
            let taken = match self.frames.body_left() {
                0 => self.take_prefix(input[0], out).map(|()| 1)?,
                _ => self.take_body(input, out)?,
            };
            input = &input[taken..];
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Out) -> Result<(), Stop> {
        if self.frames.body_left() > 0 {
            self.lesson.reach(self.object.decoder.state().as_str());
        }
        self.frames.finish()?;
        self.summarize();
        Ok(self.lesson.finish(out)?)
    }

    fn refuse(&mut self, error: &Error, out: &mut Out) -> Result<(), Failure> {
        self.summarize();
        // The last byte of a body is in the frame still, whatever comes next.
        let is_outside = self.lesson.open.state() == frame::State::Prefix.as_str();
        if is_outside && self.lesson.open.first().first() == Some(&b'{') {
            self.lesson.hint = Some("JSON without a frame? See `wirewright explain envelope`");
        }
        self.lesson.error(error, out)
    }
}

impl Frame {
    fn summarize(&mut self) {
        if !self.types.is_empty() {
            self.count_up();
        }
        let is_ours = self.key == PAYLOAD_KEY;
        self.lesson.add("not judged", if is_ours { NOT_JUDGED } else { ONLY_JSON });
    }

    fn count_up(&mut self) {
        let count = |(kind, count): &(String, u64)| counted(kind, *count);
        let types: Vec<String> = self.types.iter().map(count).collect();
        self.lesson.add("messages", types.join(", "));
        self.lesson.add("payload", bytes(self.payload_len));
        self.lesson.add("longest", format!("a frame of {}", bytes(self.longest)));
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}
