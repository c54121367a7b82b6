//! Secrets that were said, and what a server repeats of them.
//!
//! ```text
//!   said    AUTH PLAIN AHVzZXIAc2VjcmV0
//!   heard   500 what is "AUTH PLAIN AHVzZXIAc2VjcmV0"?   ─▶   500 what is "AUTH PLAIN ***"?
//! ```
//!
//! Specification: RFC 4954 §9 (what of AUTH has to be kept from others).
//!
//! Servers quote a command that they do not understand, whole or cut short, and some in capitals.
//! What they say is shown to people and written to logs, so it is masked before anybody sees it.
//!
//! A short password is also a code: `250` or the `1` of `5.1.1`. The codes at the beginning of a
//! line are no words of the server, so they are never masked.

use super::reply::Enhanced;
use std::fmt;

/// Instead of a secret.
pub(super) const MASK: &str = "***";

/// A shorter secret is looked for as a whole word only: it is a part of many words.
const WORD_BYTES_MIN: usize = 4;

/// So much of a secret is enough to know it by, where a server cut it short, in bytes.
const BEGIN_BYTES: usize = 8;

/// What stands where a long line was cut for being shown. Any beginning of a secret before it is
/// masked, for the rest may have been cut off.
const CUT: &str = "…";

/// The most secrets that are remembered.
const COUNT_MAX: usize = 32;

/// What nobody is to see.
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

    /// Remembers one, each once.
    pub(super) fn add(&mut self, secret: &[u8]) {
        let is_new = self.0.iter().all(|known| **known != *secret);
        if !secret.is_empty() && is_new && self.0.len() < COUNT_MAX {
            self.0.push(secret.into());
        }
    }

    /// The text with each of them masked; `None` if it holds none.
    pub(super) fn mask(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.mask_from(0, text)
    }

    /// The same of the text of a reply, which may begin with an enhanced code.
    pub(super) fn mask_text(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.mask_from(enhanced_len(text), text)
    }

    /// The same of a line of a reply.
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

/// How much of a secret stands in a text at `at`; of a short one all of it, as a word of its own.
fn found_len(secret: &[u8], text: &[u8], at: usize) -> usize {
    if secret.len() >= WORD_BYTES_MIN {
        return begun_len(secret, &text[at..]);
    }
    // A byte beyond ASCII is a part of a letter.
    let is_part = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    if is_part(before) {
        return 0;
    }
    let is_whole = text[at..].starts_with(secret) && !is_part(text.get(at + secret.len()));
    if is_whole { secret.len() } else { cut_len(secret, &text[at..]) }
}

/// How much of a secret stands at the beginning of a text, if that is enough to know it by.
fn begun_len(secret: &[u8], text: &[u8]) -> usize {
    let same = secret.iter().zip(text).take_while(|(a, b)| a.eq_ignore_ascii_case(b));
    let len = same.count();
    if len >= secret.len().min(BEGIN_BYTES) { len } else { cut_len(secret, text) }
}

/// The same where the text was cut within the secret.
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
