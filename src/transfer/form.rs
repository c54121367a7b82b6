//! Validation of the values of a message's members, whatever the state of the session.
//!
//! Specification: `PROTOCOL.md` §4 and §13. [`Message::parse`] has checked the types of the
//! members. This module checks their values, before the session checks whether its state allows the
//! message.
//!
//! ```text
//!   frame ─▶ JSON ─▶ types of members ─▶ values ─▶ state of the session
//!   §3       §3.4    §4                  here      §12
//! ```
//!
//! # Limits
//!
//! | name | value | what it guards against |
//! |---|---|---|
//! | [`agent_bytes_max`] | 256 | an endless name |
//! | [`versions_max`] | 32 | an endless list |
//! | [`digests_max`] | 32 | an endless list |
//! | [`digest_name_bytes_max`] | 32 | an endless name |
//! | [`page_entries_max`] | 4,096 | a page that takes many times its length in memory |
//! | [`code_bytes_max`] | 64 | an endless code: it is cut, and counts as `io` |
//! | [`text_bytes_max`] | 4,096 | an endless text: it is cut |
//! | [`modified_bytes_max`] | 40 | an endless time |
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
use crate::calendar::days_in_month;
use crate::digest::DigestKind;
use crate::error::Error;
use crate::name::Name;
use crate::text::{PEER_TEXT_BYTES_MAX, PeerText};

/// The limits of a message's members. The protocol fixes the values, so that peers can rely on
/// them.
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

/// The limits of `PROTOCOL.md` §13.
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

/// Checks the values of a message, which is at `at` in the stream.
///
/// # Errors
/// [`Error::Malformed`] for a value that breaks a rule, [`Error::TooLarge`] for one that exceeds a
/// limit, with the offset of the value.
pub(super) fn check(message: &Message<'_>, at: Place<'_>) -> Result<(), Error> {
    match message {
        // The id of a message of unknown type has no meaning, and that of an error is optional.
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

/// Checks an id.
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
        let rule = "a page with more true has an entry";
        return Err(Error::malformed(rule, at.value("entries"), "PROTOCOL §4.6"));
    }
    let max = LIMITS.page_entries_max;
    within("page_entries_max", max, page.entries.len(), || at.element("entries", max))
}

fn get(get: &Get<'_>, at: Place<'_>) -> Result<(), Error> {
    if get.offset.unwrap_or(0) > 0 && get.etag.is_none() {
        let rule = "an offset requires the etag of the version that was begun";
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

/// The member `agent`, cut to its limit; `None` if it is empty.
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

/// A digest is null or has the form of §6, whichever kind was negotiated.
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

/// The code of an error and its text. An unknown code counts as `io` and is put before the text. A
/// text that is too long is cut.
pub(super) fn code_and_text<'a>(code: &PeerText<'_>, text: PeerText<'a>) -> (Code, PeerText<'a>) {
    match Code::of(code.as_raw_str()) {
        Some(known) => (known, cut(text)),
        None => {
            let code = cut_to(code.as_raw_str(), LIMITS.code_bytes_max);
            (Code::Io, PeerText::from([code, ": ", text.as_raw_str()].concat()))
        }
    }
}

/// The error for a fatal `error` of the peer.
pub(super) fn refusal(code: &PeerText<'_>, text: PeerText<'_>) -> Error {
    let (code, text) = code_and_text(code, text);
    Error::Refused { code: code.into(), text: text.keep() }
}

/// Cuts a text to at most [`Limits::text_bytes_max`] bytes.
pub(super) fn cut(text: PeerText<'_>) -> PeerText<'_> {
    if text.len() > LIMITS.text_bytes_max { text.keep() } else { text }
}

/// The longest prefix of a text with whole characters and at most `max` bytes.
pub(super) fn cut_to(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Whether the name of an entry conforms to the grammar and its time is valid.
pub(super) fn is_valid_entry(entry: &Entry<'_>) -> bool {
    Name::new(entry.name.as_raw_str()).is_ok() && is_time(entry.modified.as_raw_str())
}

/// Removes an invalid etag from an entry, which is valid without it.
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
    let number = |from: usize| text[from..from + 2].parse().unwrap_or(u8::MAX);
    let year = text[..4].parse().unwrap_or(0);
    let days = days_in_month(year, number(5));
    (1..=days).contains(&number(8)) && number(11) < 24 && number(14) < 60 && number(17) <= 60
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
            let (code, text) = code_and_text(&PeerText::from(code), PeerText::from(text));
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
