//! Framing: one function decides where the body of a response ends.
//!
//! ```text
//!   step of RFC 9112 §6.3                                          framing
//!   1   HEAD, 1xx, 204, 304                                        no body, whatever is sent
//!   2   2xx to CONNECT                                             no body: a tunnel begins
//!   3   Transfer-Encoding and a valid Content-Length               chunked, then close
//!   4   Transfer-Encoding                                          chunked, or refused
//!   5   invalid Content-Length, or several that differ             refused
//!   6   Content-Length                                             so many bytes
//!   7   (requests alone)
//!   8   neither field                                              up to the end of the stream
//! ```
//!
//! Specification: RFC 9112 §6.3, with §6.1 and §7 for Transfer-Encoding and RFC 9110 §8.6 for
//! Content-Length. In step 4 the RFC lets a client read to the end of the stream if chunked is not
//! last. This client refuses the response instead: it offered no transfer coding in TE, so none is
//! allowed, and it could not decode one.
//!
//! A length that two parsers interpret differently lets a server smuggle a second response past one
//! of them. So ambiguous framing is refused, or closes the connection after the response where the
//! RFC requires it to be accepted.

use super::head::Head;
use super::headers::is_token;
use crate::error::Error;
use crate::http::config::{Remark, body_too_large};
use crate::http::request::Method;
use crate::text::PeerText;
use std::borrow::Cow;

const LENGTH: &str = "Content-Length";
const CODING: &str = "Transfer-Encoding";

/// Where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// After so many bytes.
    Length(u64),
    /// Where its chunks end.
    Chunked,
    /// Where the stream ends.
    Close,
}

impl Framing {
    /// The stable name: `none`, `length`, `chunked`, `close`.
    pub fn as_str(self) -> &'static str {
        match self {
            Framing::None => "none",
            Framing::Length(_) => "length",
            Framing::Chunked => "chunked",
            Framing::Close => "close",
        }
    }
}

/// The result of [`framing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Where the body ends.
    pub framing: Framing,
    /// The faults that were tolerated.
    pub remarks: Vec<Remark>,
    /// Why the framing requires the connection to be closed after this response.
    pub close: Vec<&'static str>,
}

impl Decision {
    fn new(framing: Framing) -> Decision {
        Decision { framing, remarks: Vec::new(), close: Vec::new() }
    }

    /// Sorts the remarks by offset.
    fn sorted(mut self) -> Decision {
        self.remarks.sort_by_key(|remark| remark.offset);
        self
    }

    fn remark(&mut self, text: &'static str, offset: u64, section: &'static str) {
        self.remarks.push(Remark { text, offset, section });
    }
}

/// Decides where the body of the response to a request with `method` ends. A length beyond
/// `bytes_max` is too large.
///
/// # Errors
/// [`Error::Malformed`] and [`Error::TooLarge`] with the offset of the value that is wrong.
pub fn framing(method: &Method, head: &Head, bytes_max: u64) -> Result<Decision, Error> {
    // 1. No body, whatever the fields say.
    if method.is_head() || head.is_interim() || matches!(head.status, 204 | 304) {
        return Ok(bodiless(method, head));
    }
    // 2. What follows is not HTTP any more.
    if method.is_connect() && head.status < 300 {
        return Ok(Decision::new(Framing::None));
    }
    let mut decision = Decision::new(Framing::Close);
    if let Some(coding) = head.headers.get(CODING) {
        // 4 before 3: an unsupported coding is refused in either case.
        decision.framing = transfer_coding(head, &mut decision)?;
        // 3. Both: the coding counts.
        if let Some(length) = head.headers.get(LENGTH) {
            content_length(head, u64::MAX, &mut decision)?;
            let text = "Content-Length beside Transfer-Encoding";
            decision.remark(text, length.offset, "RFC 9112 §6.3");
            decision.close.push("the response had two lengths");
        }
        if head.minor == 0 {
            let text = "Transfer-Encoding in an HTTP/1.0 response";
            decision.remark(text, coding.offset, "RFC 9112 §6.1");
            decision.close.push("an HTTP/1.0 response had a transfer coding");
        }
    // 5 and 6.
    } else if head.headers.get(LENGTH).is_some() {
        decision.framing = Framing::Length(content_length(head, bytes_max, &mut decision)?);
    }
    // 7 is about requests. 8: the body ends with the stream.
    if decision.framing == Framing::Close {
        decision.close.push("the body ended with the stream");
    }
    Ok(decision.sorted())
}

/// Step 1. A server that announces a body which is not allowed may send it, too, so the connection
/// is closed.
fn bodiless(method: &Method, head: &Head) -> Decision {
    let mut decision = Decision::new(Framing::None);
    let may_announce = head.status == 304 || (method.is_head() && !forbids_body(head));
    if may_announce {
        return decision;
    }
    for (name, section, text) in [
        (LENGTH, "RFC 9110 §8.6", "Content-Length in a response without a body"),
        (CODING, "RFC 9112 §6.1", "Transfer-Encoding in a response without a body"),
    ] {
        let Some(field) = head.headers.get(name) else { continue };
        decision.remark(text, field.offset, section);
        // A length of 0 announces no body.
        if head.headers.all(name).any(|field| field.value != b"0") {
            decision.close.push("the response announced a body that it cannot have");
        }
    }
    decision.sorted()
}

fn forbids_body(head: &Head) -> bool {
    head.is_interim() || head.status == 204
}

/// Steps 4 and 3: the only supported coding is `chunked`, alone and once.
fn transfer_coding(head: &Head, decision: &mut Decision) -> Result<Framing, Error> {
    let mut chunked = false;
    let mut last = 0;
    for (coding, offset) in head.headers.list(CODING) {
        last = offset;
        if coding.is_empty() {
            let text = "an empty element of Transfer-Encoding";
            decision.remark(text, offset, "RFC 9110 §5.6.1");
            continue;
        }
        if chunked {
            return Err(Error::malformed("chunked comes last, and once", offset, "RFC 9112 §6.1"));
        }
        chunked = coding.eq_ignore_ascii_case(b"chunked");
        if !chunked {
            return Err(unknown_coding(coding, offset));
        }
    }
    match chunked {
        true => Ok(Framing::Chunked),
        false => {
            let rule = "Transfer-Encoding names a coding";
            Err(Error::malformed(rule, last, "RFC 9112 §6.1"))
        }
    }
}

fn unknown_coding(coding: &[u8], offset: u64) -> Error {
    let name = coding.split(|byte| *byte == b';').next().unwrap_or(coding).trim_ascii_end();
    if name.eq_ignore_ascii_case(b"chunked") {
        return Error::malformed("chunked has no parameters", offset, "RFC 9112 §7.1");
    }
    if !name.iter().all(|byte| is_token(*byte)) {
        return Error::malformed("Transfer-Encoding names codings", offset, "RFC 9112 §6.1");
    }
    let name = PeerText::from_bytes(name);
    let rule = format!(
        "a transfer coding comes only where it was offered in TE, and {} was not",
        name.short()
    );
    Error::Malformed { rule: Cow::Owned(rule), offset, section: "RFC 9110 §10.1.4" }
}

/// Steps 5 and 6: decimal digits; several values have to be the same number.
fn content_length(head: &Head, bytes_max: u64, decision: &mut Decision) -> Result<u64, Error> {
    let mut first = None;
    for (digits, offset) in head.headers.list(LENGTH) {
        let length = number(digits, offset, bytes_max)?;
        match first {
            None => first = Some(length),
            Some(other) if other == length => {
                let text = "a repeated Content-Length";
                decision.remark(text, offset, "RFC 9112 §6.3");
            }
            Some(_) => {
                let rule = "all values of Content-Length are the same";
                return Err(Error::malformed(rule, offset, "RFC 9112 §6.3"));
            }
        }
    }
    // A field has at least one element; an empty one is not a number.
    Ok(first.unwrap_or(0))
}

fn number(digits: &[u8], offset: u64, bytes_max: u64) -> Result<u64, Error> {
    let wrong = digits.iter().position(|byte| !byte.is_ascii_digit());
    if wrong.is_some() || digits.is_empty() {
        let at = offset + wrong.unwrap_or(0) as u64;
        return Err(Error::malformed("Content-Length is decimal digits", at, "RFC 9110 §8.6"));
    }
    let value = digits
        .iter()
        .try_fold(0u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
    value
        .filter(|value| *value <= bytes_max)
        .ok_or_else(|| body_too_large(bytes_max, offset, "RFC 9110 §8.6"))
}
