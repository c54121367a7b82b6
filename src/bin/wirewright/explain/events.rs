//! The form for programs: one JSON object a line, a contract.
//!
//! ```text
//!   {"event":"frame","offset":0,"len":44,"message":{"type":"end",…},"payload_len":null}
//!   {"event":"error","kind":"malformed","offset":48,"reason":"…","spec":"PROTOCOL §3.2"}
//! ```

mod envelope;
mod frame;
mod http;
mod smtp;

pub use envelope::Envelope;
pub use frame::Frame;
pub use http::Http;
pub use smtp::Smtp;

use super::members;
use crate::Failure;
use crate::output::report::Out;
use serde::Serialize;
use wirewright::envelope::Decoder;
use wirewright::error::Error;

#[derive(Serialize)]
struct ErrorEvent {
    event: &'static str,
    kind: &'static str,
    offset: u64,
    reason: String,
    spec: &'static str,
}

/// A fault that was tolerated.
#[derive(Serialize)]
struct RemarkEvent {
    event: &'static str,
    offset: u64,
    text: &'static str,
    spec: &'static str,
}

impl RemarkEvent {
    fn new(offset: u64, text: &'static str, spec: &'static str) -> RemarkEvent {
        RemarkEvent { event: "remark", offset, text, spec }
    }
}

fn write_error(error: &Error, out: &mut Out) -> Result<(), Failure> {
    out.json(&ErrorEvent {
        event: "error",
        kind: error.kind(),
        offset: error.offset().unwrap_or(0),
        reason: error.reason(),
        spec: error.section().unwrap_or(""),
    })
}

/// The members that a decoder gathered, as compact JSON without `leave_out`.
fn write_members(decoder: &Decoder, leave_out: &str, out: &mut Out) -> Result<(), Failure> {
    // Judged before as UTF-8, so nothing is lost, and nothing copied.
    let text = String::from_utf8_lossy(decoder.rest());
    members::compact(&text, leave_out, |piece| out.json_text(piece))
}

/// A number, or `null`.
fn number(value: Option<u64>) -> String {
    value.map_or("null".to_owned(), |value| value.to_string())
}
