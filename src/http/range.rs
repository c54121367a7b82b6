//! Resuming a download: the validator of the request, and the range of the response.
//!
//! ```text
//!   Range: bytes=500-        If-Range: "v1"              request: the rest of that version
//!   206  Content-Range: bytes 500-999/1000               response: the rest
//!   200                                                  or all of another version
//!   416  Content-Range: bytes */500                      or nothing from that offset on
//! ```
//!
//! Specification: RFC 9110 §14.4 (Content-Range), §8.8.3 (entity tags), §13.1.5 (If-Range). Only a
//! strong entity tag is used as a validator: a weak one does not promise the same bytes, and a file
//! can change twice within the one-second resolution of a date.

use super::message::headers::Headers;
use crate::error::Error;

/// The part of a representation that a response has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentRange {
    /// The bytes from `first` to `last`, both inclusive and counted from 0.
    Satisfied {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
        /// Length of the complete representation in bytes, if it is known.
        complete: Option<u64>,
    },
    /// Nothing, because the requested range begins after its end.
    Unsatisfied {
        /// Length of the complete representation in bytes.
        complete: u64,
    },
}

impl ContentRange {
    /// Parses the value of `Content-Range`, which is at `offset` of the stream.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is not a valid range of bytes.
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
    // `parse` alone would accept a sign.
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The `Content-Range` of a response, if there is exactly one and it is valid.
pub fn of(headers: &Headers) -> Option<ContentRange> {
    let mut ranges = headers.all("Content-Range");
    let range = ranges.next().and_then(|field| ContentRange::parse(field.value, 0).ok());
    range.filter(|_| ranges.next().is_none())
}

/// Whether an entity tag is well-formed and strong, as `If-Range` requires.
pub fn is_strong(tag: &[u8]) -> bool {
    let inner = tag.strip_prefix(b"\"").and_then(|tag| tag.strip_suffix(b"\""));
    let is_etagc = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7E | 0x80..);
    inner.is_some_and(|inner| inner.iter().all(is_etagc))
}

/// The validator of a response with which it can be resumed: its strong entity tag, if there is
/// exactly one.
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
