//! Whether the body of a response is a complete file, or the missing part of one.
//!
//! Specification: RFC 9110 §14.4 (Content-Range), §14.6 (multipart/byteranges).
//!
//! ```text
//!   200                                          complete
//!   200  Content-Range: bytes 0-9/10             complete, if the body has 10 bytes
//!   200  Content-Range: bytes 5-9/10             a contradiction
//!   200  Content-Type: multipart/byteranges      a contradiction
//! ```

use super::recipient::Announced;
use crate::http::message::head::Head;
use crate::http::message::headers::{Headers, text};
use crate::http::range::{self, ContentRange};
use crate::net::report::Failure;

/// The verified part of an unfinished file, which can be resumed.
#[derive(Debug, Clone)]
pub(super) struct Leftover {
    pub(super) tag: String,
    pub(super) size: u64,
    pub(super) verified: u64,
}

impl Leftover {
    /// Whether a 206 carries exactly the bytes that are missing, of the same version.
    pub(super) fn is_continued_by(&self, head: &Head, announced: &Announced) -> bool {
        let Leftover { tag, size, verified: first } = self;
        let last = size.checked_sub(1).filter(|last| last >= first);
        let rest = last.map(|last| {
            let (first, complete) = (*first, Some(*size));
            ContentRange::Satisfied { first, last, complete }
        });
        // A 206 carries the tag that a 200 would (RFC 9110 §15.3.7). A server that sends none may
        // have ignored If-Range.
        let is_its = range::validator(&head.headers) == Some(tag.as_bytes());
        let fits = announced.len.is_none_or(|len| Some(len) == size.checked_sub(*first));
        let is_coded = announced.is_decoded || announced.undecodable.is_some();
        let is_one = !is_multipart(&head.headers);
        rest.is_some() && range::of(&head.headers) == rest && is_its && fits && is_one && !is_coded
    }

    /// Whether a 416 says that the unfinished file already has the length of the resource.
    pub(super) fn is_all(&self, head: &Head) -> bool {
        let unsatisfied = ContentRange::Unsatisfied { complete: self.size };
        let tag = range::validator(&head.headers);
        let is_other = tag.is_some_and(|tag| tag != self.tag.as_bytes());
        let is_all = self.size == self.verified && !is_other;
        is_all && range::of(&head.headers) == Some(unsatisfied)
    }
}

/// Whether nothing in the head of a successful response contradicts a complete file.
/// `Content-Range` has no meaning there (RFC 9110 §14.4), but a server that sends it may have sent
/// a part with the wrong status.
pub(super) fn is_complete(head: &Head, announced: &Announced) -> bool {
    if is_multipart(&head.headers) {
        return false;
    }
    let is_all = |first, last: u64, complete: Option<u64>| {
        let is_coded = announced.is_decoded || announced.undecodable.is_some();
        let fits = is_coded || announced.len.is_none_or(|len| Some(len) == complete);
        first == 0 && complete == last.checked_add(1) && fits
    };
    match (head.headers.get("Content-Range"), range::of(&head.headers)) {
        (None, _) => true,
        (_, Some(ContentRange::Satisfied { first, last, complete })) => {
            is_all(first, last, complete)
        }
        _ => false,
    }
}

/// Whether the body is `multipart/byteranges` (RFC 9110 §14.6).
fn is_multipart(headers: &Headers) -> bool {
    let kind = headers.get("Content-Type").map_or(&b""[..], |field| field.value);
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or(kind);
    kind.trim_ascii().eq_ignore_ascii_case(b"multipart/byteranges")
}

pub(super) fn contradiction(head: &Head) -> Failure {
    let said = match head.headers.get("Content-Range") {
        Some(range) => format!("Content-Range: {}", text(range.value).short()),
        None => "multipart/byteranges".to_owned(),
    };
    let what = format!("{} with {said}: the body may not be the whole file", head.status);
    Failure::new("malformed", what)
}
