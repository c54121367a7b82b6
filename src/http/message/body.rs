//! Framing: how long the body of a response is, decided once, in one function.
//!
//! ```text
//!   RFC 9112 §6.3        what is there                            what it means
//!   1   HEAD, 1xx, 204, 304                                        no body, whatever is said
//!   2   2xx to CONNECT                                             no body: a tunnel begins
//!   3   Transfer-Encoding and a good Content-Length                chunked counts, then close
//!   4   Transfer-Encoding                                          chunked, or refused
//!   5   Content-Length that is no number, or several               refused, unless all the same
//!   6   Content-Length                                             so many bytes
//!   7   (requests alone)
//!   8   nothing                                                    up to the end of the stream
//! ```
//!
//! Specification: RFC 9112 §6.3, with §6.1 and §7 for Transfer-Encoding and RFC 9110 §8.6 for
//! Content-Length. Where the RFC lets a client read to the end of the stream (step 4, chunked not
//! last) this one refuses: no
//! transfer coding was offered in TE, so none may come, and what was read could not be decoded.
//!
//! Two readings of one length are how a second response is smuggled past a client. So whatever
//! could be read twice is refused, and what the RFC lets pass closes the connection behind it.

use super::head::Head;
use super::headers::is_token;
use crate::error::Error;
use crate::http::config::{Remark, too_large};
use crate::http::request::Method;
use crate::text::PeerText;
use std::borrow::Cow;

const LENGTH: &str = "Content-Length";
const CODING: &str = "Transfer-Encoding";

/// Where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// After so many bytes.
    Length(u64),
    /// Where its chunks end.
    Chunked,
    /// Where the stream ends.
    Close,
}

impl Framing {
    /// Its stable name: `none`, `length`, `chunked`, `close`.
    pub fn as_str(self) -> &'static str {
        match self {
            Framing::None => "none",
            Framing::Length(_) => "length",
            Framing::Chunked => "chunked",
            Framing::Close => "close",
        }
    }
}

/// What [`framing`] decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Where the body ends.
    pub framing: Framing,
    /// What was tolerated on the way.
    pub remarks: Vec<Remark>,
    /// Why the connection has to be closed behind this response, as far as its framing goes.
    pub close: Vec<&'static str>,
}

impl Decision {
    fn new(framing: Framing) -> Decision {
        Decision { framing, remarks: Vec::new(), close: Vec::new() }
    }

    /// The remarks in the order of their places.
    fn sorted(mut self) -> Decision {
        self.remarks.sort_by_key(|remark| remark.offset);
        self
    }

    fn remark(&mut self, text: &'static str, offset: u64, section: &'static str) {
        self.remarks.push(Remark { text, offset, section });
    }
}

/// Where the body of the response to a request with `method` ends. A length beyond `bytes_max` is
/// too large.
///
/// # Errors
/// [`Error::Malformed`] and [`Error::TooLarge`] with the offset of the value that is wrong.
pub fn framing(method: &Method, head: &Head, bytes_max: u64) -> Result<Decision, Error> {
    // 1. No body, whatever the fields say.
    if method.is_head() || head.is_interim() || matches!(head.status, 204 | 304) {
        return Ok(bodiless(method, head));
    }
    // 2. What follows is no message any more.
    if method.is_connect() && head.status < 300 {
        return Ok(Decision::new(Framing::None));
    }
    let mut decision = Decision::new(Framing::Close);
    if let Some(coding) = head.headers.get(CODING) {
        // 4, before 3: a coding that is not understood helps nobody.
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
    // 7 is about requests. 8: neither, and the stream's end is the body's.
    if decision.framing == Framing::Close {
        decision.close.push("the body ended with the stream");
    }
    Ok(decision.sorted())
}

/// Step 1. A server that announces a body where there can be none may well send it, too.
fn bodiless(method: &Method, head: &Head) -> Decision {
    let mut decision = Decision::new(Framing::None);
    let may_announce = head.status == 304 || (method.is_head() && !forbids_body(head));
    if may_announce {
        return decision;
    }
    for (name, section, text) in [
        (LENGTH, "RFC 9110 §8.6", "Content-Length where no body can be"),
        (CODING, "RFC 9112 §6.1", "Transfer-Encoding where no body can be"),
    ] {
        let Some(field) = head.headers.get(name) else { continue };
        decision.remark(text, field.offset, section);
        // What announces nothing leaves no doubt.
        if head.headers.all(name).any(|field| field.value != b"0") {
            decision.close.push("the response announced a body that cannot be");
        }
    }
    decision.sorted()
}

fn forbids_body(head: &Head) -> bool {
    head.is_interim() || head.status == 204
}

/// Steps 4 and 3: the one coding that is understood is `chunked`, once and alone.
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

/// Steps 5 and 6: digits, and where there are several, all the same number.
fn content_length(head: &Head, bytes_max: u64, decision: &mut Decision) -> Result<u64, Error> {
    let mut first = None;
    for (digits, offset) in head.headers.list(LENGTH) {
        let length = number(digits, offset, bytes_max)?;
        match first {
            None => first = Some(length),
            Some(other) if other == length => {
                let text = "a Content-Length said again";
                decision.remark(text, offset, "RFC 9112 §6.3");
            }
            Some(_) => {
                let rule = "all values of Content-Length are the same";
                return Err(Error::malformed(rule, offset, "RFC 9112 §6.3"));
            }
        }
    }
    // A field that is there has an element, if only an empty one, which is no number.
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
        .ok_or_else(|| too_large("body_bytes_max", bytes_max, offset, "RFC 9110 §8.6"))
}
