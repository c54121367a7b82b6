//! `explain frame`: length prefixes, and the form of each message. The summary of the page lists
//! the rules that are not checked.
//!
//! ```text
//!   00 00 00 47                       prefix          Prefix ─▶ Body
//!   {"type":"chunk",…,"filedata":"    payload start   Body ─▶ Payload
//!   aGk=                              payload         Payload
//!   "}                                message         Payload ─▶ Done ─▶ Prefix
//! ```
//!
//! Specification: `PROTOCOL.md` §3 to §5 and §13.

use super::envelope::Object;
use super::events::{Event as Report, Members};
use super::meanings::{self, message};
use super::steps::{Counts, Entry, Limit, Steps, bytes};
use super::{Parser, Stop, looked_at, members};
use crate::Failure;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use wirewright::envelope::{Decoder, Event, Limits, State};
use wirewright::error::Error;
use wirewright::text::PeerText;
use wirewright::transfer::frame::{self, FRAME_BYTES_END, Frames, PREFIX_LEN};
use wirewright::transfer::message::{Message, PAYLOAD_KEY, Side};
use wirewright::transfer::reader;

/// The rules that are not checked; some need both directions of a connection.
const NOT_CHECKED: &str = "crc32 (PROTOCOL §5.4) and names (§10); and what needs the other \
                           direction: the frame limit of both hellos (§3.3), ids that rise \
                           (§4.3), and the order of messages (§12)";

/// The rules that are not checked in frames with another payload member.
const ONLY_JSON: &str = "the members of messages; with another payload member only frames and \
                         JSON are checked";

/// How many bytes of the members of a message are shown.
const MEMBERS_BYTES: usize = 400;

/// How many types of messages the summary lists.
const TYPES_MAX: usize = 32;

/// The parsers and their counters.
pub struct Frame {
    key: String,
    frames: Frames,
    object: Object,
    /// Offset of the body.
    body_at: u64,
    /// Length of the body, and of the longest one so far, in bytes.
    len: u32,
    longest: u32,
    payload_len: u64,
    /// How many messages there were of each type.
    types: Counts,
}

impl Frame {
    /// A parser at the beginning of a stream whose messages have the payload member `key`. With
    /// another payload member than that of `PROTOCOL.md`, the only limit is that of the length
    /// prefix.
    pub fn new(key: &str) -> Frame {
        let mut frames = Frames::new();
        if key != PAYLOAD_KEY {
            frames.set_limit(FRAME_BYTES_END - 1);
        }
        Frame {
            key: key.to_owned(),
            frames,
            object: Object::new(key),
            body_at: 0,
            len: 0,
            longest: 0,
            payload_len: 0,
            types: Counts::default(),
        }
    }

    /// Takes one byte of a prefix.
    fn take_prefix(&mut self, byte: &[u8], steps: &mut Steps) -> Result<(), Stop> {
        steps.take(byte);
        let before = self.frames.state();
        let Some(len) = self.frames.take_prefix(byte)?.1 else { return Ok(()) };
        steps.reach(self.frames.state().as_str());
        (self.len, self.body_at) = (len, self.frames.offset());
        self.longest = self.longest.max(len);
        self.object.restart(Limits { rest_bytes_max: len as usize });
        let note = format!("00, then 24 bits, big-endian: {} follow", bytes(len.into()));
        let entry = Entry::new("prefix", before.section()).note(note).limit_of(Limit {
            what: "length of the frame",
            used: len.into(),
            max: self.frames.limit().into(),
            unit: "bytes",
            whose: "limit",
        });
        Ok(steps.entry(entry)?)
    }

    /// Takes a step into the body and returns its length.
    fn take_body(&mut self, input: &[u8], steps: &mut Steps) -> Result<usize, Stop> {
        let body = &input[..input.len().min(self.frames.body_left() as usize)];
        let before = self.object.decoder.state();
        let part = self.object.part(body);
        let fed = self.object.feed(part).map_err(|error| error.shifted(self.body_at));
        let step = fed.inspect_err(|error| {
            steps.take(looked_at(part, error, self.frames.offset()));
            steps.reach(before.as_str());
        })?;
        let after = self.object.decoder.state();
        if before == State::Payload && after == State::After {
            self.object.payload_entry(steps)?;
        }
        steps.take(&part[..step.consumed]);
        self.frames.take_body(step.consumed);
        if step.event == Event::PayloadStart {
            steps.reach(after.as_str());
            self.check_before_payload()?;
            steps.entry(self.start_entry())?;
        }
        if self.frames.body_left() == 0 {
            steps.reach(after.as_str());
            self.check_message()?;
            steps.reach(self.frames.state().as_str());
            self.end_message(steps)?;
        }
        Ok(step.consumed)
    }

    /// Checks the members before a payload as the product does. With another payload member than
    /// that of `PROTOCOL.md`, only frames and objects are checked.
    fn check_before_payload(&self) -> Result<(), Error> {
        match self.key == PAYLOAD_KEY {
            true => reader::check_before_payload(&self.object.decoder, self.body_at),
            false => Ok(()),
        }
    }

    /// Checks a complete message by itself as the product does. The first message sets the limit
    /// of later frames.
    fn check_message(&mut self) -> Result<(), Error> {
        let decoder = &self.object.decoder;
        if !decoder.is_done() {
            let rule = Cow::Borrowed("one JSON object that ends within its frame");
            let section = frame::State::Body.section();
            return Err(Error::Malformed { rule, offset: self.frames.offset(), section });
        }
        if self.key != PAYLOAD_KEY {
            return Ok(());
        }
        let from = side_of(decoder);
        reader::check_message(decoder, from, self.body_at)?;
        if self.body_at == PREFIX_LEN as u64 {
            self.frames.set_limit(limit_behind(decoder, from));
        }
        Ok(())
    }

    /// The entry of the members before a payload.
    fn start_entry(&self) -> Entry {
        let entry = self.object.start_entry(self.members());
        match self.kind().as_deref().map(message) {
            Some((meaning, _)) => entry.note(format!("the message: {meaning}")),
            None => entry.note("the type of the message has not come yet"),
        }
    }

    /// Ends the frame and its object.
    fn end_message(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        let kind = self.kind();
        let payload_len = self.object.decoder.payload_len();
        self.payload_len += payload_len.unwrap_or(0);
        let (meaning, section) = match &kind {
            Some(kind) => message(kind),
            None => ("no type, which a peer refuses", "PROTOCOL §4"),
        };
        let entry = Entry::new("message", section);
        let entry = match payload_len {
            // Its members are in the entry of the beginning of the payload.
            Some(_) => entry.note(format!("the message is complete: {meaning}")),
            None => entry.quote(self.members()).note(meaning),
        };
        self.count(kind.as_deref().unwrap_or("without a type"));
        steps.event(Report::Frame {
            offset: self.body_at - PREFIX_LEN as u64,
            len: self.len,
            message: Members::new(&self.object.decoder, &self.key),
            payload_len,
        })?;
        steps.entry(entry)
    }

    fn count(&mut self, kind: &str) {
        let is_told =
            self.types.contains(kind) || meanings::is_message(kind) || self.types.len() < TYPES_MAX;
        self.types.add(if is_told { kind } else { "of other types" });
    }

    /// The `type` of the message, if it has come.
    fn kind(&self) -> Option<String> {
        let head = self.object.decoder.parse::<Head<'_>>("PROTOCOL §4");
        head.ok().map(|head| PeerText::from(&*head.kind).short().as_raw_str().to_owned())
    }

    /// The members so far, without needless white space.
    fn members(&self) -> String {
        let mut shown = String::new();
        let mut is_cut = false;
        members::compact(&self.object.decoder, &self.key, |piece| {
            // A space where a line may be broken.
            let piece = if piece == "," { ", " } else { piece };
            match !is_cut && shown.len() + piece.len() <= MEMBERS_BYTES {
                true => shown.push_str(piece),
                false => is_cut = true,
            }
        });
        if is_cut {
            shown.push('…');
        }
        shown
    }

    fn summarize(&self, steps: &mut Steps) -> Result<(), Failure> {
        if self.types.len() > 0 {
            steps.summary("messages", self.types.words())?;
            steps.summary("payload", bytes(self.payload_len))?;
            steps.summary("longest", format!("a frame of {}", bytes(self.longest.into())))?;
        }
        let unchecked = if self.key == PAYLOAD_KEY { NOT_CHECKED } else { ONLY_JSON };
        steps.summary("unchecked", unchecked.to_owned())
    }
}

impl Parser for Frame {
    fn state(&self) -> &'static str {
        self.frames.state().as_str()
    }

    fn step(&mut self, input: &[u8], steps: &mut Steps) -> Result<usize, Stop> {
        match self.frames.body_left() {
            0 => self.take_prefix(&input[..1], steps).map(|()| 1),
            _ => self.take_body(input, steps),
        }
    }

    fn finish(&mut self, steps: &mut Steps) -> Result<(), Stop> {
        if self.frames.body_left() > 0 {
            steps.reach(self.object.decoder.state().as_str());
        }
        self.frames.finish()?;
        Ok(self.summarize(steps)?)
    }

    fn refuse(&mut self, error: &Error, steps: &mut Steps) -> Result<(), Failure> {
        self.summarize(steps)?;
        // The last byte of a body belongs to the frame, whatever follows.
        let is_outside = steps.open.state() == frame::State::Prefix.as_str();
        let is_json = is_outside && steps.open.first().first() == Some(&b'{');
        let hint = "JSON without a frame? See `wirewright explain envelope`";
        steps.error(error, is_json.then_some(hint))
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// The limit of the frames after the first message, as far as one direction shows it: the offer in
/// the hello. If the other side offers less, the limit is lower.
fn limit_behind(decoder: &Decoder, from: Side) -> u32 {
    match Message::parse(decoder, from) {
        Ok(Message::ClientHello(hello)) => hello.max_frame,
        Ok(Message::ServerHello(hello)) => hello.max_frame,
        _ => FRAME_BYTES_END - 1,
    }
}

/// The side that sent a message. Only `hello` has two forms, which differ in their members.
fn side_of(decoder: &Decoder) -> Side {
    #[derive(Deserialize)]
    struct Hello {
        versions: Option<IgnoredAny>,
        digests: Option<IgnoredAny>,
        version: Option<IgnoredAny>,
        digest: Option<IgnoredAny>,
    }
    match decoder.parse::<Hello>("PROTOCOL §4") {
        Ok(Hello { versions: None, digests: None, version, digest })
            if version.is_some() || digest.is_some() =>
        {
            Side::Server
        }
        _ => Side::Client,
    }
}
