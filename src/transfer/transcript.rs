//! A transcript of a connection: one line for each message, without payload, with secrets masked.
//!
//! ```text
//!   bytes of one direction ─▶ framed? classic? neither? ─▶ {"type":"chunk",…}
//!                                                            [196608 bytes of filedata]
//! ```
//!
//! It uses the frame reader and the envelope decoder of the sessions, but does not check the
//! messages. At bytes that cannot be parsed it reports the error, and ignores the rest of the
//! direction.

use super::frame::{FRAME_BYTES_END, Frames};
use super::message::PAYLOAD_KEY;
use crate::envelope::{Decoder, Event, Limits};
use crate::error::Error;
use crate::text::PeerText;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The length at which a message is cut, in bytes.
const LINE_BYTES_MAX: usize = 2048;

/// Members whose value is not escaped_prefix.
const SECRETS: [&str; 1] = ["mac"];

/// Receives the lines, which contain text of the peers.
type Emit<'a> = &'a mut dyn FnMut(&PeerText<'_>);

#[derive(Debug)]
enum Wire {
    Unknown,
    Framed,
    Classic,
    /// It cannot be parsed, or is another protocol.
    Other,
}

/// One direction of a connection.
#[derive(Debug)]
pub struct Transcript {
    wire: Wire,
    frames: Frames,
    decoder: Decoder,
    scratch: Box<[u8]>,
    /// Bytes received of an incomplete object.
    pending: u64,
}

impl Transcript {
    /// A transcript at the beginning of a direction.
    pub fn new() -> Transcript {
        let mut frames = Frames::new();
        frames.set_limit(FRAME_BYTES_END - 1);
        Transcript {
            wire: Wire::Unknown,
            frames,
            decoder: Decoder::new(PAYLOAD_KEY, limits()),
            scratch: vec![0; 65_536].into(),
            pending: 0,
        }
    }

    /// Takes bytes, and passes a line for each complete message to `emit`.
    pub fn feed(&mut self, mut input: &[u8], emit: Emit<'_>) {
        while let Some(&first) = input.first() {
            let taken = match self.wire {
                Wire::Unknown => {
                    self.wire = match first {
                        0 => Wire::Framed,
                        b'{' => Wire::Classic,
                        _ => Wire::Other,
                    };
                    if matches!(self.wire, Wire::Other) {
                        emit(&PeerText::from(format!(
                            "bytes of another protocol: {}",
                            escaped_prefix(input)
                        )));
                    }
                    Ok(0)
                }
                Wire::Framed => self.framed(input, emit),
                Wire::Classic => self.object(input, emit),
                Wire::Other => Ok(input.len()),
            };
            match taken {
                Ok(taken) => input = &input[taken..],
                Err(error) => {
                    emit(&PeerText::from(format!("bytes that break a rule: {error}")));
                    self.wire = Wire::Other;
                }
            }
        }
    }

    /// Ends the direction: passes a line to `emit` if a message is incomplete.
    pub fn finish(&self, emit: Emit<'_>) {
        if self.pending > 0 && !matches!(self.wire, Wire::Other) {
            emit(&PeerText::from(format!(
                "ended within a message, after {} bytes of it",
                self.pending
            )));
        }
    }

    fn framed(&mut self, input: &[u8], emit: Emit<'_>) -> Result<usize, Error> {
        if self.frames.body_left() == 0 {
            let (taken, len) = self.frames.take_prefix(input)?;
            if len.is_some() {
                self.decoder.restart(limits());
            }
            self.pending = 1;
            return Ok(taken);
        }
        let body = &input[..input.len().min(self.frames.body_left() as usize)];
        let taken = self.object(body, emit)?;
        self.frames.take_body(taken);
        Ok(taken)
    }

    fn object(&mut self, input: &[u8], emit: Emit<'_>) -> Result<usize, Error> {
        let step = self.decoder.feed(input, &mut self.scratch)?;
        self.pending += step.consumed as u64;
        if step.event == Event::End {
            emit(&PeerText::from(&*line(&self.decoder)));
            self.pending = 0;
        }
        Ok(step.consumed)
    }
}

impl Default for Transcript {
    fn default() -> Transcript {
        Transcript::new()
    }
}

fn limits() -> Limits {
    Limits { rest_bytes_max: FRAME_BYTES_END as usize }
}

/// A complete message in one line.
fn line(decoder: &Decoder) -> String {
    let mut text = masked(decoder.rest());
    if text.len() > LINE_BYTES_MAX {
        let cut = text.floor_char_boundary(LINE_BYTES_MAX);
        text = format!("{}… ({} bytes in all)", &text[..cut], text.len());
    }
    match decoder.payload_len() {
        Some(len) => format!("{text} [{len} bytes of {PAYLOAD_KEY}]"),
        None => text,
    }
}

fn masked(rest: &[u8]) -> String {
    let text = PeerText::from_bytes(rest);
    let text = text.as_raw_str();
    if !SECRETS.iter().any(|secret| text.contains(secret)) && !text.contains('\\') {
        return text.to_owned();
    }
    let Ok(Members(members)) = serde_json::from_slice(rest) else { return text.to_owned() };
    let members = members.iter().map(|(name, value)| {
        let value = if SECRETS.contains(&&**name) { "\"***\"" } else { value.get() };
        format!("{}:{value}", serde_json::Value::from(&**name))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// The members of an object in their order, each value as it was sent.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// The beginning of the bytes of another protocol, escaped.
fn escaped_prefix(input: &[u8]) -> String {
    input[..input.len().min(40)].escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], piece: usize) -> Vec<String> {
        let (mut transcript, mut lines) = (Transcript::new(), Vec::new());
        for part in input.chunks(piece) {
            transcript.feed(part, &mut |line| lines.push(line.as_raw_str().to_owned()));
        }
        transcript.finish(&mut |line| lines.push(line.as_raw_str().to_owned()));
        lines
    }

    fn frame(text: &str) -> Vec<u8> {
        [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat()
    }

    #[test]
    fn lines_are_the_same_for_every_cut() {
        let framed = [
            frame(r#"{"type":"auth","mac":"c0ffee"}"#),
            frame(r#"{"type":"chunk","id":1,"offset":0,"filedata":"aGk="}"#),
        ]
        .concat();
        for (input, expected) in [
            (
                framed,
                vec![
                    r#"{"type":"auth","mac":"***"}"#,
                    r#"{"type":"chunk","id":1,"offset":0,"filedata":null} [2 bytes of filedata]"#,
                ],
            ),
            (
                br#"{"filename":"a","filedata":"aGk="}"#.to_vec(),
                vec![r#"{"filename":"a","filedata":null} [2 bytes of filedata]"#],
            ),
            (frame("{}")[..5].to_vec(), vec!["ended within a message, after 2 bytes of it"]),
        ] {
            for piece in [1, 2, 3, 7, 1000] {
                assert_eq!(lines(&input, piece), expected, "{piece}");
            }
        }
    }

    #[test]
    fn another_protocol_is_reported_once() {
        assert_eq!(lines(b"GET / HTTP/1.1\r\n\r\n", 1000).len(), 1);
        assert_eq!(lines(&frame("[]"), 1).len(), 1);
    }

    #[test]
    fn an_escaped_secret_is_masked_too() {
        let text = frame(r#"{"type":"auth","\u006dac":"c0ffee"}"#);
        assert_eq!(lines(&text, 9), [r#"{"type":"auth","mac":"***"}"#]);
    }

    #[test]
    fn members_keep_their_order() {
        let hello = r#"{"type":"hello","version":1,"z":"a\\b","a":1.50,"mac":[1],"nonce":"x"}"#;
        let escaped_prefix =
            r#"{"type":"hello","version":1,"z":"a\\b","a":1.50,"mac":"***","nonce":"x"}"#;
        assert_eq!(lines(&frame(hello), 7), [escaped_prefix]);
    }
}
