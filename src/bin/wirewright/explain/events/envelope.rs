//! `explain envelope --json`: one JSON object in which one member is base64.
//!
//! Specification: RFC 8259, RFC 4648 §4; `PROTOCOL.md` §2 for the classic wire.

use super::super::{ROOM_BYTES, Stop, Subject};
use super::{number, write_error, write_members};
use crate::Failure;
use crate::output::report::Out;
use serde::Serialize;
use wirewright::digest::{DigestKind, Digester};
use wirewright::envelope::{Decoder, Event, Limits, State};
use wirewright::error::Error;

/// The decoder, and what it said so far.
pub struct Envelope {
    key: String,
    decoder: Decoder,
    room: Vec<u8>,
    digester: Digester,
    /// How much was fed, in bytes.
    fed: u64,
    /// Offset of the first character of the payload, as long as the payload is not written.
    payload_at: Option<u64>,
}

#[derive(Serialize)]
struct StartEvent {
    event: &'static str,
    offset: u64,
    spec: &'static str,
}

/// Bytes of base64 that were decoded, adjacent runs merged.
#[derive(Serialize)]
struct PayloadEvent {
    event: &'static str,
    offset: u64,
    payload_len: u64,
}

impl Envelope {
    /// At the beginning of an object with that payload member.
    pub fn new(key: &str) -> Envelope {
        Envelope {
            key: key.to_owned(),
            decoder: Decoder::new(key.to_owned(), Limits::default()),
            room: vec![0; ROOM_BYTES],
            digester: Digester::new(DigestKind::Sha256),
            fed: 0,
            payload_at: None,
        }
    }

    /// Writes the event of the payload, all its runs merged.
    fn settle(&mut self, out: &mut Out) -> Result<(), Failure> {
        let payload_len = self.decoder.payload_len().unwrap_or(0);
        match self.payload_at.take() {
            Some(offset) if payload_len > 0 => {
                out.json(&PayloadEvent { event: "payload", offset, payload_len })
            }
            _ => Ok(()),
        }
    }

    /// The whole input was one object: writes the last line.
    fn end(&mut self, out: &mut Out) -> Result<(), Failure> {
        let len = self.decoder.payload_len();
        let digester = std::mem::replace(&mut self.digester, Digester::None);
        let digest = len.and(digester.finish());
        let sha256 = digest.as_deref().map(|text| text.trim_start_matches("sha256:"));
        out.raw("{\"event\":\"end\",\"rest\":")?;
        write_members(&self.decoder, &self.key, out)?;
        let sha256 = sha256.map_or("null".to_owned(), |digest| format!("\"{digest}\""));
        let len = number(len);
        out.raw(&format!(",\"payload_len\":{len},\"payload_sha256\":{sha256}}}\n"))
    }
}

impl Subject for Envelope {
    fn feed(&mut self, piece: &[u8], out: &mut Out) -> Result<(), Stop> {
        let mut input = piece;
        while !input.is_empty() {
            let step = self.decoder.feed(input, &mut self.room)?;
            input = &input[step.consumed..];
            self.fed += step.consumed as u64;
            match step.event {
                Event::PayloadStart => {
                    self.payload_at = Some(self.fed);
                    let (offset, spec) = (self.fed - 1, State::Payload.section());
                    out.json(&StartEvent { event: "payload-start", offset, spec })?;
                }
                Event::Payload(len) => self.digester.update(&self.room[..len]),
                Event::More | Event::End => {}
            }
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Out) -> Result<(), Stop> {
        self.decoder.finish()?;
        self.settle(out)?;
        Ok(self.end(out)?)
    }

    fn refuse(&mut self, error: &Error, out: &mut Out) -> Result<(), Failure> {
        self.settle(out)?;
        write_error(error, out)
    }
}
