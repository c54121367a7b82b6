//! The form of a message, apart from its place: what §4 says of the values of its members.
//!
//! Specification: `PROTOCOL.md` §4 and §13. [`Message::parse`] has checked the types of the
//! members; here their values are judged, before the session asks whether the message has a place.
//!
//! ```text
//!   frame ─▶ JSON ─▶ types of members ─▶ form ─▶ place (the states of a session)
//!   §3       §3.4    §4                  here    §12
//! ```
//!
//! # Limits
//!
//! | name | value | what it guards against |
//! |---|---|---|
//! | [`agent_bytes_max`] | 256 | a name that is a book |
//! | [`versions_max`] | 32 | a list without end |
//! | [`digests_max`] | 32 | a list without end |
//! | [`digest_name_bytes_max`] | 32 | a name that is a book |
//! | [`page_entries_max`] | 4,096 | a page that takes many times its length in memory |
//! | [`code_bytes_max`] | 64 | a code that is a text: it is unknown, and counts as `io` |
//! | [`text_bytes_max`] | 4,096 | a text that nobody reads to its end: the rest is cut off |
//! | [`modified_bytes_max`] | 40 | a time that is none |
//!
//! [`agent_bytes_max`]: Limits::agent_bytes_max
//! [`versions_max`]: Limits::versions_max
//! [`digests_max`]: Limits::digests_max
//! [`digest_name_bytes_max`]: Limits::digest_name_bytes_max
//! [`page_entries_max`]: Limits::page_entries_max
//! [`code_bytes_max`]: Limits::code_bytes_max
//! [`text_bytes_max`]: Limits::text_bytes_max
//! [`modified_bytes_max`]: Limits::modified_bytes_max

use super::code::Code;
use super::frame::{FRAME_BYTES_END, FRAME_BYTES_HELLO_MAX};
use super::message::{ClientHello, Entries, Entry, Get, Message, ServerHello};
use super::place::Place;
use super::token::is_nonce;
use crate::digest::DigestKind;
use crate::error::Error;
use crate::name::Name;
use crate::text::{PEER_TEXT_BYTES_MAX, PeerText};

/// How long the members of a message may be. The protocol fixes the values, so peers rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The greatest length of `agent`, in bytes.
    pub agent_bytes_max: usize,
    /// The greatest number of `versions`.
    pub versions_max: usize,
    /// The greatest number of `digests`.
    pub digests_max: usize,
    /// The greatest length of the name of a digest, in bytes.
    pub digest_name_bytes_max: usize,
    /// The greatest number of `entries` in one page.
    pub page_entries_max: usize,
    /// The greatest length of the `code` of an error, in bytes.
    pub code_bytes_max: usize,
    /// The greatest length of the `text` of an error, in bytes.
    pub text_bytes_max: usize,
    /// The greatest length of a time, in bytes.
    pub modified_bytes_max: usize,
}

/// The values of `PROTOCOL.md` §13.
pub const LIMITS: Limits = Limits {
    agent_bytes_max: 256,
    versions_max: 32,
    digests_max: 32,
    digest_name_bytes_max: 32,
    page_entries_max: 4096,
    code_bytes_max: 64,
    text_bytes_max: PEER_TEXT_BYTES_MAX,
    modified_bytes_max: 40,
};

/// Judges the form of a message, which stands at that place.
///
/// # Errors
/// [`Error::Malformed`] for a value that breaks a rule, [`Error::TooLarge`] for a longer one than
/// there may be; the offset is that of the value.
pub(super) fn check(message: &Message<'_>, at: Place<'_>) -> Result<(), Error> {
    match message {
        // The id of a message of unknown type means nothing, and that of an error may be missing.
        Message::Error(_) | Message::Unknown(_) => {}
        message => message.id().map_or(Ok(()), |id| check_id(id, at))?,
    }
    match message {
        Message::ClientHello(hello) => client_hello(hello, at),
        Message::ServerHello(hello) => server_hello(hello, at),
        Message::Entries(page) => entries(page, at),
        Message::Get(message) => get(message, at),
        Message::File(file) => etag(&file.etag, at),
        Message::Put(put) => etag(&put.etag, at),
        Message::End(end) => digest(end.digest.as_ref(), at),
        Message::Done(done) => digest(done.digest.as_ref(), at),
        _ => Ok(()),
    }
}

/// Judges an id.
pub(super) fn check_id(id: u64, at: Place<'_>) -> Result<(), Error> {
    let error = || Error::malformed("ids are at least 1", at.value("id"), "PROTOCOL §4.3");
    (id > 0).then_some(()).ok_or_else(error)
}

fn client_hello(hello: &ClientHello<'_>, at: Place<'_>) -> Result<(), Error> {
    nonce(&hello.nonce, at)?;
    max_frame(hello.max_frame, at)?;
    let (versions, digests) = (hello.versions.len(), hello.digests.len());
    let last = |name, max| move || at.element(name, max);
    let Limits { versions_max, digests_max, .. } = LIMITS;
    within("versions_max", versions_max, versions, last("versions", versions_max))?;
    within("digests_max", digests_max, digests, last("digests", digests_max))?;
    for (index, name) in hello.digests.iter().enumerate() {
        digest_name(name, || at.element("digests", index))?;
    }
    check_agent(hello.agent.as_ref(), at)
}

fn server_hello(hello: &ServerHello<'_>, at: Place<'_>) -> Result<(), Error> {
    max_frame(hello.max_frame, at)?;
    digest_name(&hello.digest, || at.value("digest"))?;
    hello.nonce.as_ref().map_or(Ok(()), |text| nonce(text, at))?;
    check_agent(hello.agent.as_ref(), at)
}

fn entries(page: &Entries<'_>, at: Place<'_>) -> Result<(), Error> {
    if page.more && page.entries.is_empty() {
        let rule = "a page that another follows has an entry";
        return Err(Error::malformed(rule, at.value("entries"), "PROTOCOL §4.6"));
    }
    let max = LIMITS.page_entries_max;
    within("page_entries_max", max, page.entries.len(), || at.element("entries", max))
}

fn get(get: &Get<'_>, at: Place<'_>) -> Result<(), Error> {
    if get.offset.unwrap_or(0) > 0 && get.etag.is_none() {
        let rule = "an offset goes with the etag of the file it was begun with";
        return Err(Error::malformed(rule, at.value("offset"), "PROTOCOL §7.2"));
    }
    get.etag.as_ref().map_or(Ok(()), |text| etag(text, at))
}

fn nonce(text: &PeerText<'_>, at: Place<'_>) -> Result<(), Error> {
    let rule = "a nonce is 16 to 64 bytes in lower-case hexadecimal";
    is_nonce(text.as_raw_str())
        .then_some(())
        .ok_or_else(|| Error::malformed(rule, at.value("nonce"), "PROTOCOL §8.1"))
}

fn max_frame(bytes: u32, at: Place<'_>) -> Result<(), Error> {
    let in_range = (FRAME_BYTES_HELLO_MAX..FRAME_BYTES_END).contains(&bytes);
    let rule = "65,536 ≤ max_frame < 2²⁴";
    let error = || Error::malformed(rule, at.value("max_frame"), "PROTOCOL §4.2");
    in_range.then_some(()).ok_or_else(error)
}

/// What a side says of itself, within the limit; nothing where it has no name.
pub(super) fn agent(text: &str) -> Option<PeerText<'_>> {
    let agent = cut_to(text, LIMITS.agent_bytes_max);
    (!agent.is_empty()).then(|| PeerText::from(agent))
}

fn check_agent(text: Option<&PeerText<'_>>, at: Place<'_>) -> Result<(), Error> {
    let len = text.map_or(0, |text| text.len());
    within("agent_bytes_max", LIMITS.agent_bytes_max, len, || at.value("agent"))
}

fn digest_name(text: &PeerText<'_>, offset: impl FnOnce() -> u64) -> Result<(), Error> {
    within("digest_name_bytes_max", LIMITS.digest_name_bytes_max, text.len(), offset)
}

fn is_etag(text: &PeerText<'_>) -> bool {
    let visible = text.as_raw_str().bytes().all(|c| (0x21..=0x7E).contains(&c));
    (1..=128).contains(&text.len()) && visible
}

fn etag(text: &PeerText<'_>, at: Place<'_>) -> Result<(), Error> {
    let rule = "an etag is 1 to 128 visible ASCII characters";
    let error = || Error::malformed(rule, at.value("etag"), "PROTOCOL §4.4");
    is_etag(text).then_some(()).ok_or_else(error)
}

/// A digest is null or one of §6, whichever was agreed.
fn digest(text: Option<&PeerText<'_>>, at: Place<'_>) -> Result<(), Error> {
    let good = text.is_none_or(|text| DigestKind::of(text.as_raw_str()).is_some());
    let rule = "a digest is its name, a colon and 64 lower-case hexadecimal digits";
    let error = || Error::malformed(rule, at.value("digest"), "PROTOCOL §6.1");
    good.then_some(()).ok_or_else(error)
}

fn within(
    limit: &'static str,
    max: usize,
    count: usize,
    offset: impl FnOnce() -> u64,
) -> Result<(), Error> {
    let (max, is_within) = (max as u64, count <= max);
    let error = || Error::TooLarge { limit, max, offset: offset(), section: "PROTOCOL §13" };
    is_within.then_some(()).ok_or_else(error)
}

/// The code of an error and its text as they count: an unknown code is `io`, and stands in front of
/// the text instead; a text that is too long is cut.
pub(super) fn words<'a>(code: &PeerText<'_>, text: PeerText<'a>) -> (Code, PeerText<'a>) {
    match Code::of(code.as_raw_str()) {
        Some(known) => (known, cut(text)),
        None => {
            let code = cut_to(code.as_raw_str(), LIMITS.code_bytes_max);
            (Code::Io, PeerText::from([code, ": ", text.as_raw_str()].concat()))
        }
    }
}

/// What the other side says ends the connection.
pub(super) fn refusal(code: &PeerText<'_>, text: PeerText<'_>) -> Error {
    let (code, text) = words(code, text);
    Error::Refused { code: code.into(), text: text.keep() }
}

/// A text of at most [`Limits::text_bytes_max`] bytes: what is longer is cut off.
pub(super) fn cut(text: PeerText<'_>) -> PeerText<'_> {
    if text.len() > LIMITS.text_bytes_max { text.keep() } else { text }
}

/// The beginning of a text, whole characters of at most `max` bytes.
pub(super) fn cut_to(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Whether an entry of a listing can be what it claims to be: its name obeys the grammar, its time
/// is one.
pub(super) fn makes_sense(entry: &Entry<'_>) -> bool {
    Name::new(entry.name.as_raw_str()).is_ok() && is_time(entry.modified.as_raw_str())
}

/// An etag of an entry that is none is left out: the entry stands for itself.
pub(super) fn drop_bad_etag(entry: &mut Entry<'_>) {
    entry.etag.take_if(|text| !is_etag(text));
}

/// Whether a text is a date and time of RFC 3339 §5.6, in UTC.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() > LIMITS.modified_bytes_max || bytes.len() < 20 || !text.is_ascii() {
        return false;
    }
    let pattern = b"0000-00-00T00:00:00";
    let fits = |(c, p): (&u8, &u8)| match p {
        b'0' => c.is_ascii_digit(),
        b'T' => matches!(c, b'T' | b't'),
        _ => c == p,
    };
    let rest = text[19..].trim_start_matches('.');
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let fraction = bytes.len() - 19 - rest.len();
    let zone = matches!(&rest[digits..], "Z" | "z" | "+00:00" | "-00:00");
    let whole = bytes.iter().zip(pattern).all(fits) && zone;
    whole && fraction <= 1 && (fraction == 1) == (digits > 0) && is_date(text)
}

/// Whether the numbers of a date and time are in range.
fn is_date(text: &str) -> bool {
    let number = |from: usize, to: usize| text[from..to].parse::<u32>().unwrap_or(u32::MAX);
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day) && number(11, 13) < 24 && number(14, 16) < 60 && number(17, 19) <= 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for good in [
            "2026-11-21T18:43:00Z",
            "2026-11-21t18:43:00z",
            "2026-11-21T18:43:00.1Z",
            "2026-11-21T18:43:00.123456789Z",
            "2026-11-21T18:43:60Z",
            "2024-02-29T00:00:00+00:00",
            "0000-01-01T00:00:00-00:00",
        ] {
            assert!(is_time(good), "{good}");
        }
        for bad in [
            "",
            "then",
            "2026-11-21",
            "2026-11-21 18:43:00Z",
            "2026-11-21T18:43:00",
            "2026-11-21T18:43:00.Z",
            "2026-11-21T18:43:00..1Z",
            "2026-11-21T18:43:001Z",
            "2026-11-21T18:43:00+02:00",
            "2026-11-21T24:00:00Z",
            "2026-11-21T18:60:00Z",
            "2026-11-21T18:43:61Z",
            "2026-02-29T18:43:00Z",
            "2026-13-01T18:43:00Z",
            "2026-00-01T18:43:00Z",
            "2026-11-00T18:43:00Z",
            "2026-11-31T18:43:00Z",
            "2026-11-21T18:43:00Z ",
            "2026-11-21T18:43:00Z\u{7}",
            "２026-11-21T18:43:00Z",
            "2026-11-21T18:43:00é",
        ] {
            assert!(!is_time(bad), "{bad}");
        }
        let long = |digits: usize| format!("2026-11-21T18:43:00.{}Z", "1".repeat(digits));
        for (digits, good) in [(18, true), (19, true), (20, false)] {
            assert_eq!(is_time(&long(digits)), good, "{digits}");
        }
    }

    #[test]
    fn words_that_are_not_known_or_too_long() {
        let of = |code: &str, text: &str| {
            let (code, text) = words(&PeerText::from(code), PeerText::from(text));
            (code, text.keep())
        };
        assert_eq!(of("exists", "it is"), (Code::Exists, PeerText::from("it is")));
        assert_eq!(of("new", "it is"), (Code::Io, PeerText::from("new: it is")));
        for (len, cut) in [(4095, 4095), (4096, 4096), (4097, 4096)] {
            assert_eq!(of("io", &"x".repeat(len)).1.len(), cut);
        }
        for (len, kept) in [(63, 63), (64, 64), (65, 64)] {
            let (code, text) = of(&"x".repeat(len), "y");
            assert_eq!((code, text.len()), (Code::Io, kept + 3), "a code of {len} bytes");
        }
    }
}
