//! Masks secrets of AUTH that a server repeats in its replies.
//!
//! ```text
//!   C: AUTH PLAIN AHVzZXIAc2VjcmV0
//!   S: 500 what is "AUTH PLAIN AHVzZXIAc2VjcmV0"?   ─▶   500 what is "AUTH PLAIN ***"?
//! ```
//!
//! Specification: RFC 4954 §9 (security considerations of AUTH).
//!
//! Servers quote commands that they do not understand, in full or truncated, some in upper case.
//! Replies are shown to users and written to logs, so secrets are masked first.
//!
//! A short password may equal a reply code or a part of an enhanced code, such as `250` or the `1`
//! of `5.1.1`. The codes at the beginning of a line are never masked.

use super::enhanced::Enhanced;
use std::fmt;

/// Replaces a secret.
pub(super) const MASK: &str = "***";

/// The length in bytes below which a secret is masked only as a whole word: a shorter one occurs
/// within many words.
const WORD_BYTES_MIN: usize = 4;

/// How many bytes of a secret are masked as the beginning of a truncated one.
const BEGIN_BYTES: usize = 8;

/// The mark of a long line that was truncated for display. Any beginning of a secret before the
/// mark is masked, as the rest may have been cut off.
const CUT: &str = "…";

/// The largest number of secrets that are kept.
const COUNT_MAX: usize = 32;

/// The secrets to mask.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<Box<[u8]>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a secret, unless it is present.
    pub(super) fn add(&mut self, secret: &[u8]) {
        let is_new = self.0.iter().all(|known| **known != *secret);
        if !secret.is_empty() && is_new && self.0.len() < COUNT_MAX {
            self.0.push(secret.into());
        }
    }

    /// The text with all secrets masked; `None` if it holds none.
    pub(super) fn mask(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.mask_from(0, text)
    }

    /// As [`mask`](Secrets::mask), for the text of a reply, which may begin with an enhanced code.
    pub(super) fn mask_text(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.mask_from(enhanced_len(text), text)
    }

    /// As [`mask`](Secrets::mask), for a line of a reply with its code.
    pub(super) fn mask_line(&self, line: &[u8]) -> Option<Vec<u8>> {
        let is_coded = matches!(line, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..]);
        let from = if is_coded { 4 + enhanced_len(&line[4..]) } else { 0 };
        self.mask_from(from, line)
    }

    fn mask_from(&self, from: usize, text: &[u8]) -> Option<Vec<u8>> {
        let (mut masked, mut at, mut kept) = (Vec::new(), from, 0);
        while at < text.len() {
            match self.0.iter().map(|secret| found_len(secret, text, at)).max() {
                None | Some(0) => at += 1,
                Some(len) => {
                    masked.extend_from_slice(&text[kept..at]);
                    masked.extend_from_slice(MASK.as_bytes());
                    at += len;
                    kept = at;
                }
            }
        }
        if kept == 0 {
            return None;
        }
        masked.extend_from_slice(&text[kept..]);
        Some(masked)
    }
}

/// The length of the enhanced code that a text begins with.
fn enhanced_len(text: &[u8]) -> usize {
    let word = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    if Enhanced::parse(word).is_some() { word.len() } else { 0 }
}

/// How many bytes of `secret` the text holds at `at`, if they are to be masked: for a short secret
/// all of it, as a whole word.
fn found_len(secret: &[u8], text: &[u8], at: usize) -> usize {
    if secret.len() >= WORD_BYTES_MIN {
        return begun_len(secret, &text[at..]);
    }
    // A byte above 127 is part of a letter in UTF-8.
    let is_part = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    if is_part(before) {
        return 0;
    }
    let is_whole = text[at..].starts_with(secret) && !is_part(text.get(at + secret.len()));
    if is_whole { secret.len() } else { cut_len(secret, &text[at..]) }
}

/// How many bytes of `secret` a text begins with, if they are enough to be masked.
fn begun_len(secret: &[u8], text: &[u8]) -> usize {
    let same = secret.iter().zip(text).take_while(|(a, b)| a.eq_ignore_ascii_case(b));
    let len = same.count();
    if len >= secret.len().min(BEGIN_BYTES) { len } else { cut_len(secret, text) }
}

/// How many bytes of `secret` a text begins with, if [`CUT`] follows them.
fn cut_len(secret: &[u8], text: &[u8]) -> usize {
    let len = secret.iter().zip(text).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    if text[len..].starts_with(CUT.as_bytes()) { len } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_masked() {
        let mut secrets = Secrets::default();
        for secret in ["AHVzZXIAc2VjcmV0", "secret", "abc", "secret"] {
            secrets.add(secret.as_bytes());
        }
        for (text, masked) in [
            ("", None),
            ("nothing of it", None),
            ("abcd AHVzZXI", None),
            ("a dabc abc (abc) <abc@a.example>", Some("a dabc *** (***) <***@a.example>")),
            ("Abc ab abc\u{e9}", None),
            ("abc", Some("***")),
            ("secret", Some("***")),
            ("a secret, Secretly", Some("a ***, ***ly")),
            ("AUTH PLAIN AHVzZXIAc2VjcmV0?", Some("AUTH PLAIN ***?")),
            ("\"AUTH PLAIN AHVZZXIAC2\"", Some("\"AUTH PLAIN ***\"")),
            ("AHVzZXIAc2VjcmV0secret", Some("******")),
            ("AUTH PLAIN AHVz… (3000 bytes in all)", Some("AUTH PLAIN ***… (3000 bytes in all)")),
            ("the s…", Some("the ***…")),
            ("an ab…", Some("an ***…")),
            ("cab…", None),
            ("a word…", None),
        ] {
            let made = secrets.mask(text.as_bytes());
            assert_eq!(made.as_deref(), masked.map(str::as_bytes), "{text}");
        }
        assert_eq!(format!("{secrets:?}"), "Secrets(3)");
        assert_eq!(Secrets::default().mask(b"secret"), None);
    }

    /// A password that is a code, too: the codes stay, and words are masked.
    #[test]
    fn codes_are_no_words() {
        for (secret, line, masked) in [
            ("250", "250-the 250", Some("250-the ***")),
            ("250", "250 ok", None),
            ("1", "550 5.1.1 no 1", Some("550 5.1.1 no ***")),
            ("5", "550-5.7.8", None),
            ("7", "550 5.7 7", Some("550 5.*** ***")),
            ("250", "250", Some("***")),
            ("1", "1.1.1 x", Some("***.***.*** x")),
        ] {
            let mut secrets = Secrets::default();
            secrets.add(secret.as_bytes());
            let made = secrets.mask_line(line.as_bytes());
            assert_eq!(made.as_deref(), masked.map(str::as_bytes), "{secret}: {line}");
            if let Some(text) = line.strip_prefix("550 ") {
                let made = secrets.mask_text(text.as_bytes());
                let masked = masked.map(|masked| masked.strip_prefix("550 ").unwrap());
                assert_eq!(made.as_deref(), masked.map(str::as_bytes), "{secret}: {text}");
            }
        }
    }
}
