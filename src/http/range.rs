//! Going on where a download stopped: validators to ask with, and the range that came.
//!
//! ```text
//!   Range: bytes=500-        If-Range: "v1"              asked: the rest of that version
//!   206  Content-Range: bytes 500-999/1000               here it is
//!   200                                                  it is another version: all of it
//!   416  Content-Range: bytes */500                      there is nothing from there on
//! ```
//!
//! Specification: RFC 9110 §14.4 (Content-Range), §8.8.3 (entity tags), §13.1.5 (If-Range). Only a
//! strong entity tag is a validator here: a weak one does not promise the same bytes, and a date
//! has whole seconds, in which a file can change twice.

use super::message::headers::Headers;
use crate::error::Error;

/// What a response carries of a representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentRange {
    /// From `first` to `last`, both counted from 0 and both in it.
    Satisfied {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
        /// Length of the whole in bytes, if it is known.
        complete: Option<u64>,
    },
    /// Nothing, for the range that was asked for lies behind its end.
    Unsatisfied {
        /// Length of the whole in bytes.
        complete: u64,
    },
}

impl ContentRange {
    /// Reads the value of `Content-Range`, which stands at `offset` of the stream.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is no range of bytes, or one that cannot be.
    pub fn parse(value: &[u8], offset: u64) -> Result<ContentRange, Error> {
        let text = std::str::from_utf8(value).ok();
        let range = text.and_then(|text| text.split_once(' ')).and_then(|(unit, range)| {
            if unit.eq_ignore_ascii_case("bytes") { content_range(range) } else { None }
        });
        let rule = "Content-Range is bytes first-last/length, with first ≤ last < length";
        range.ok_or_else(|| Error::malformed(rule, offset, "RFC 9110 §14.4"))
    }
}

fn content_range(text: &str) -> Option<ContentRange> {
    let (range, complete) = text.split_once('/')?;
    if range == "*" {
        return number(complete).map(|complete| ContentRange::Unsatisfied { complete });
    }
    let complete = match complete {
        "*" => None,
        digits => Some(number(digits)?),
    };
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let is_good = first <= last && complete.is_none_or(|complete| last < complete);
    is_good.then_some(ContentRange::Satisfied { first, last, complete })
}

fn number(digits: &str) -> Option<u64> {
    // `parse` alone would take a sign.
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The range of a response: its one `Content-Range`, if there is one and it can be read.
pub fn of(headers: &Headers) -> Option<ContentRange> {
    let mut ranges = headers.all("Content-Range");
    let range = ranges.next().and_then(|field| ContentRange::parse(field.value, 0).ok());
    range.filter(|_| ranges.next().is_none())
}

/// Whether an entity tag is well formed and strong, so that it may stand in `If-Range`.
pub fn is_strong(tag: &[u8]) -> bool {
    let inner = tag.strip_prefix(b"\"").and_then(|tag| tag.strip_suffix(b"\""));
    let is_etagc = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7E | 0x80..);
    inner.is_some_and(|inner| inner.iter().all(is_etagc))
}

/// The validator that a response offers for going on with it later: its one strong entity tag.
pub fn validator(headers: &Headers) -> Option<&[u8]> {
    let mut tags = headers.all("ETag");
    let tag = tags.next().filter(|tag| is_strong(tag.value))?;
    tags.next().is_none().then_some(tag.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let satisfied =
            |first, last, complete| Some(ContentRange::Satisfied { first, last, complete });
        for (text, expected) in [
            ("bytes 0-0/1", satisfied(0, 0, Some(1))),
            ("bytes 500-999/1000", satisfied(500, 999, Some(1000))),
            ("BYTES 5-9/*", satisfied(5, 9, None)),
            ("bytes */500", Some(ContentRange::Unsatisfied { complete: 500 })),
            ("bytes 0-18446744073709551614/18446744073709551615", {
                satisfied(0, u64::MAX - 1, Some(u64::MAX))
            }),
            ("bytes 0-18446744073709551616/*", None),
            ("bytes 9-5/10", None),
            ("bytes 5-10/10", None),
            ("bytes +5-9/10", None),
            ("bytes 5-9/+10", None),
            ("bytes 5-/10", None),
            ("bytes -5/10", None),
            ("bytes */*", None),
            ("bytes  5-9/10", None),
            ("bytes=5-9/10", None),
            ("bytes 5-9", None),
            ("items 5-9/10", None),
            ("", None),
        ] {
            let got = ContentRange::parse(text.as_bytes(), 7);
            assert_eq!(got.as_ref().ok(), expected.as_ref(), "{text}");
            if let Err(error) = got {
                assert_eq!((error.kind(), error.offset()), ("malformed", Some(7)));
            }
        }
    }

    #[test]
    fn validators() {
        for (tag, strong) in [
            (&b"\"v1\""[..], true),
            (b"\"\"", true),
            (b"\"\xe9\"", true),
            (b"W/\"v1\"", false),
            (b"v1", false),
            (b"\"", false),
            (b"\"a\"b\"", false),
            (b"\"a b\"", false),
        ] {
            assert_eq!(is_strong(tag), strong, "{tag:?}");
        }
        let mut headers = Headers::new();
        assert_eq!(validator(&headers), None);
        headers.push("etag", b"\"v1\"").unwrap();
        assert_eq!(validator(&headers), Some(&b"\"v1\""[..]));
        headers.push("ETag", b"\"v2\"").unwrap();
        assert_eq!(validator(&headers), None);
    }
}
