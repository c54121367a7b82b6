//! `explain envelope`: one JSON object in which one member is base64.
//!
//! Specification: RFC 8259, RFC 4648 §4; `PROTOCOL.md` §2 for the classic wire.

use super::{Page, PayloadEvent, ROOM_BYTES, Stop, Subject};
use crate::cli::Failure;
use crate::cli::report;
use serde::Serialize;
use wirewright::envelope::{Decoder, Event, Limits};
use wirewright::transfer::digest::{DigestKind, Digester};

/// The section that rules members, and the one that rules the payload.
const SPEC_MEMBERS: &str = "RFC 8259 §4";
const SPEC_PAYLOAD: &str = "RFC 4648 §4";

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
    /// Offset of the brace that ended the object.
    end_at: Option<u64>,
}

#[derive(Serialize)]
struct StartEvent {
    event: &'static str,
    offset: u64,
    spec: &'static str,
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
            end_at: None,
        }
    }

    fn start(&mut self, page: &mut Page) -> Result<(), Failure> {
        let quote_at = self.fed - 1;
        self.payload_at = Some(self.fed);
        if page.json {
            let (event, offset, spec) = ("payload-start", quote_at, SPEC_PAYLOAD);
            return page.out.json(&StartEvent { event, offset, spec });
        }
        page.open(quote_at, "payload-start")?;
        page.out.raw("the members before it: ")?;
        page.members(&self.decoder, &self.key)?;
        page.close(SPEC_MEMBERS)
    }

    /// The whole input was one object: writes the last line.
    fn end(&mut self, page: &mut Page) -> Result<(), Failure> {
        let len = self.decoder.payload_len();
        let digester = std::mem::replace(&mut self.digester, Digester::None);
        let digest = len.and(digester.finish());
        let sha256 = digest.as_deref().map(|text| text.trim_start_matches("sha256:"));
        if page.json {
            page.out.raw("{\"event\":\"end\",\"rest\":")?;
            page.members(&self.decoder, &self.key)?;
            let len = len.map_or("null".to_owned(), |len| len.to_string());
            let sha256 = sha256.map_or("null".to_owned(), |digest| format!("\"{digest}\""));
            let tail = format!(",\"payload_len\":{len},\"payload_sha256\":{sha256}}}\n");
            return page.out.raw(&tail);
        }
        page.open(self.end_at.unwrap_or(self.fed), "end")?;
        page.members(&self.decoder, &self.key)?;
        page.out.raw(&match (len, sha256) {
            (Some(len), Some(sha256)) => format!(", payload of {len} bytes, sha256 {sha256}"),
            _ => format!(", no payload \"{}\"", report::escape(&self.key)),
        })?;
        page.close(SPEC_MEMBERS)
    }
}

impl Subject for Envelope {
    fn feed(&mut self, piece: &[u8], page: &mut Page) -> Result<(), Stop> {
        let mut input = piece;
        while !input.is_empty() {
            let step = self.decoder.feed(input, &mut self.room)?;
            input = &input[step.consumed..];
            self.fed += step.consumed as u64;
            match step.event {
                Event::More => {}
                Event::PayloadStart => self.start(page)?,
                Event::Payload(len) => self.digester.update(&self.room[..len]),
                Event::End => self.end_at = Some(self.fed - 1),
            }
        }
        Ok(())
    }

    fn finish(&mut self, page: &mut Page) -> Result<(), Stop> {
        self.decoder.finish()?;
        self.settle(page)?;
        Ok(self.end(page)?)
    }

    fn settle(&mut self, page: &mut Page) -> Result<(), Failure> {
        let len = self.decoder.payload_len().unwrap_or(0);
        match self.payload_at.take() {
            Some(at) if len > 0 => payload(at, len, page),
            _ => Ok(()),
        }
    }
}

/// Writes the event of a payload, all its runs merged.
pub fn payload(at: u64, len: u64, page: &mut Page) -> Result<(), Failure> {
    if page.json {
        return page.out.json(&PayloadEvent { event: "payload", offset: at, payload_len: len });
    }
    let short = if len < 1024 { String::new() } else { format!(" ({})", report::size(len)) };
    let text = format!("base64 of {len} bytes{short}");
    page.line(at, "payload", &text, SPEC_PAYLOAD)
}
