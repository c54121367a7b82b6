//! `explain frame`: length prefixes, and the object in each frame, whatever its type.
//!
//! Specification: `PROTOCOL.md` §3 to §5.

use super::envelope::payload;
use super::{Page, ROOM_BYTES, Stop, Subject};
use crate::cli::Failure;
use serde::Deserialize;
use std::borrow::Cow;
use wirewright::envelope::{Decoder, Event, Limits};
use wirewright::error::Error;
use wirewright::transfer::frame::{FRAME_BYTES_END, Frames, PREFIX_LEN};

/// The parser, and what it said so far of this frame.
pub struct Frame {
    key: String,
    frames: Frames,
    decoder: Decoder,
    room: Vec<u8>,
    /// The bytes of the prefix that were seen and are not written, and where they begin.
    prefix: Vec<u8>,
    prefix_at: u64,
    /// Length of the body as the prefix says, in bytes.
    len: u32,
    /// Offset of the body.
    body_at: u64,
    /// Offset of the first character of the payload, if it has begun.
    payload_at: Option<u64>,
}

impl Frame {
    /// At the beginning of a stream whose messages have that payload member. The limit of a frame
    /// is the greatest that two sides can agree on.
    pub fn new(key: &str) -> Frame {
        let mut frames = Frames::new();
        frames.set_limit(FRAME_BYTES_END - 1);
        Frame {
            key: key.to_owned(),
            frames,
            decoder: Decoder::new(key.to_owned(), Limits::default()),
            room: vec![0; ROOM_BYTES],
            prefix: Vec::with_capacity(PREFIX_LEN),
            prefix_at: 0,
            len: 0,
            body_at: 0,
            payload_at: None,
        }
    }

    /// Takes one byte of a prefix, so that those of a bad one are known.
    fn take_prefix(&mut self, byte: u8, page: &mut Page) -> Result<(), Stop> {
        if self.prefix.is_empty() {
            self.prefix_at = self.frames.offset();
        }
        self.prefix.push(byte);
        let Some(len) = self.frames.take_prefix(&[byte])?.1 else {
            return Ok(());
        };
        self.len = len;
        self.body_at = self.frames.offset();
        self.decoder.restart(Limits { rest_bytes_max: len as usize });
        let text = format!("a frame of {len} bytes");
        Ok(self.write_prefix(&text, page)?)
    }

    fn write_prefix(&mut self, what: &str, page: &mut Page) -> Result<(), Failure> {
        let hex: Vec<String> = self.prefix.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = self.prefix.iter().map(|&byte| printable(byte)).collect();
        let line = format!("{:<11}  \"{text}\"  {what}", hex.join(" "));
        self.prefix.clear();
        match page.json {
            true => Ok(()),
            false => page.line(self.prefix_at, "prefix", &line, "PROTOCOL §3.1"),
        }
    }

    /// Takes what the decoder eats of the body, and gives how much that was.
    fn take_body(&mut self, input: &[u8], page: &mut Page) -> Result<usize, Stop> {
        let body = &input[..input.len().min(self.frames.body_left() as usize)];
        let fed = self.decoder.feed(body, &mut self.room);
        let step = fed.map_err(|error| error.shifted(self.body_at))?;
        self.frames.take_body(step.consumed);
        if step.event == Event::PayloadStart {
            self.payload_at = Some(self.frames.offset());
        }
        if self.frames.body_left() == 0 {
            if !self.decoder.is_done() {
                return Err(Stop::Refused(Error::Malformed {
                    rule: Cow::Borrowed("one JSON object that ends within its frame"),
                    offset: self.frames.offset(),
                    section: "PROTOCOL §3.4",
                }));
            }
            self.write_message(page)?;
        }
        Ok(step.consumed)
    }

    /// The frame has ended with its object.
    fn write_message(&mut self, page: &mut Page) -> Result<(), Failure> {
        let len = self.decoder.payload_len();
        if page.json {
            let (at, frame_len) = (self.prefix_at, self.len);
            let head = format!("{{\"event\":\"frame\",\"offset\":{at},\"len\":{frame_len}");
            page.out.raw(&head)?;
            page.out.raw(",\"message\":")?;
            page.members(&self.decoder, &self.key)?;
            let len = len.map_or("null".to_owned(), |len| len.to_string());
            self.payload_at = None;
            return page.out.raw(&format!(",\"payload_len\":{len}}}\n"));
        }
        let (meaning, section) = meaning(&self.decoder);
        page.open(self.body_at, "message")?;
        page.members(&self.decoder, &self.key)?;
        page.out.raw("  ")?;
        page.out.raw(meaning)?;
        page.close(section)?;
        self.settle(page)
    }
}

impl Subject for Frame {
    fn feed(&mut self, piece: &[u8], page: &mut Page) -> Result<(), Stop> {
        let mut input = piece;
        while !input.is_empty() {
            let taken = match self.frames.body_left() {
                0 => self.take_prefix(input[0], page).map(|()| 1)?,
                _ => self.take_body(input, page)?,
            };
            input = &input[taken..];
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Page) -> Result<(), Stop> {
        Ok(self.frames.finish()?)
    }

    fn settle(&mut self, page: &mut Page) -> Result<(), Failure> {
        if !self.prefix.is_empty() {
            let what = match self.prefix[0] {
                b'{' => "no prefix, but JSON: see `wirewright explain envelope`",
                0 => "no whole prefix, or one with a length that is refused",
                _ => "no prefix: another protocol?",
            };
            self.write_prefix(what, page)?;
        }
        let len = self.decoder.payload_len().unwrap_or(0);
        match self.payload_at.take() {
            Some(at) if len > 0 && !page.json => payload(at, len, page),
            _ => Ok(()),
        }
    }
}

fn printable(byte: u8) -> char {
    match byte {
        b' '..=b'~' => char::from(byte),
        _ => '.',
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// What a message of that type means, and where that is written.
fn meaning(decoder: &Decoder) -> (&'static str, &'static str) {
    let Ok(Head { kind }) = decoder.parse::<Head<'_>>() else {
        return ("no type, which a peer refuses", "PROTOCOL §4");
    };
    match &*kind {
        "hello" => ("the first message of a side", "PROTOCOL §4.1"),
        "auth" => ("the client proves the token", "PROTOCOL §8.3"),
        "welcome" => ("the server proves the token", "PROTOCOL §8.3"),
        "list" => ("what is there?", "PROTOCOL §4"),
        "entries" => ("a page of what is there", "PROTOCOL §4.6"),
        "get" => ("send me this file", "PROTOCOL §4"),
        "file" => ("here it comes", "PROTOCOL §4"),
        "put" => ("may I send this file?", "PROTOCOL §4"),
        "ready" => ("yes, from this offset", "PROTOCOL §7.3"),
        "chunk" => ("bytes of the file", "PROTOCOL §5"),
        "end" => ("all chunks are out", "PROTOCOL §6"),
        "done" => ("the file stands under its name", "PROTOCOL §7.6"),
        "cancel" => ("stop that transfer", "PROTOCOL §4.5"),
        "error" => ("it did not work", "PROTOCOL §9"),
        _ => ("a message of unknown type", "PROTOCOL §4"),
    }
}
