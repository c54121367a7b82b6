//! The output of `--json`: one JSON object a line. The members are part of the command's interface.
//!
//! ```text
//!   {"event":"frame","offset":0,"len":44,"message":{"type":"end",…},"payload_len":null}
//!   {"event":"error","kind":"malformed","offset":48,"reason":"…","spec":"PROTOCOL §3.2"}
//! ```

use super::members;
use super::span::Past;
use super::steps::{Refusal, Remark, Step, Writer};
use crate::Failure;
use crate::output::report::Out;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use wirewright::envelope::Decoder;
use wirewright::http::message::headers::{Headers, text};
use wirewright::text::PeerText;

/// An event as `--json` shows it.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event<'a> {
    PayloadStart {
        offset: u64,
        spec: &'static str,
    },
    /// Base64 that was decoded, adjacent runs merged.
    Payload {
        offset: u64,
        payload_len: u64,
    },
    #[serde(rename = "end")]
    EnvelopeEnd {
        rest: Members,
        payload_len: Option<u64>,
        payload_sha256: Option<&'a str>,
    },
    Frame {
        offset: u64,
        len: u32,
        message: Members,
        payload_len: Option<u64>,
    },
    Interim {
        status: u16,
    },
    Head {
        version: String,
        status: u16,
        reason: &'a str,
        headers: Vec<[String; 2]>,
    },
    Trailers {
        headers: Vec<[String; 2]>,
    },
    #[serde(rename = "end")]
    HttpEnd {
        body_len: u64,
        body_sha256: &'a str,
        framing: &'static str,
        reuse: bool,
        leftover: u64,
    },
    Reply {
        code: u16,
        enhanced: Option<String>,
        lines: Vec<PeerText<'a>>,
    },
    Remark {
        offset: u64,
        text: &'static str,
        spec: &'static str,
    },
    Error {
        kind: &'static str,
        offset: u64,
        reason: String,
        spec: &'static str,
    },
}

/// Writes the events and skips steps that only the page shows.
pub struct Events;

impl Writer for Events {
    fn write(&mut self, step: Step<'_>, _: &Past, out: &mut Out) -> Result<(), Failure> {
        match step {
            Step::Event(event) => out.json(&event),
            Step::Remark(Remark { text, offset, section }) => {
                out.json(&Event::Remark { offset, text, spec: section })
            }
            Step::Error(Refusal { error, .. }) => out.json(&Event::Error {
                kind: error.kind(),
                offset: error.offset().unwrap_or(0),
                reason: error.reason(),
                spec: error.section().unwrap_or(""),
            }),
            Step::Entry(..) | Step::Summary(..) | Step::End => Ok(()),
        }
    }
}

/// The members of an object beside its payload, as compact JSON.
#[derive(Debug)]
pub struct Members(String);

impl Members {
    /// The members that the decoder has collected, without `leave_out`.
    pub fn new(decoder: &Decoder, leave_out: &str) -> Members {
        let mut members = String::new();
        members::compact(decoder, leave_out, |piece| members.push_str(piece));
        Members(members)
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Names and values, in their order.
pub fn pairs(headers: &Headers) -> Vec<[String; 2]> {
    let pair = |name: &str, value| [name.to_owned(), text(value).as_raw_str().to_owned()];
    headers.iter().map(|field| pair(field.name, field.value)).collect()
}
