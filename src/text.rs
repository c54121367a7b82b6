//! Text that came from a peer, which cannot be printed as it came.
//!
//! A peer chooses the bytes of its names, reasons and replies. Printed raw, an escape sequence
//! changes the window's title or the colour of everything behind it, a line feed forges a second
//! line of a log, and a right-to-left override shows `exe.gpj` as `jpg.exe`. So text of a peer is
//! kept as [`PeerText`], whose `Display` and `Debug` escape such characters. The raw text is given
//! out by [`as_raw_str`](PeerText::as_raw_str) alone, so that each raw use can be found by name.
//!
//! ```
//! use wirewright::text::PeerText;
//!
//! let text = PeerText::from("don't \u{1b}[31m\u{202e}\n");
//! assert_eq!(text.to_string(), r"don't \u{1b}[31m\u{202e}\n");
//! assert_eq!(text.as_raw_str(), "don't \u{1b}[31m\u{202e}\n");
//! ```
//!
//! | limit | value | |
//! |---|---|---|
//! | [`PEER_TEXT_BYTES_MAX`] | 4,096 | of a text that is kept after its message |
//! | [`SHORT_CHARS_MAX`] | 200 | of a text in an error or a table |

#[cfg(feature = "net")]
mod content;
mod lines;

#[cfg(feature = "net")]
pub(crate) use content::Content;
pub(crate) use lines::{LINE_BYTES_MAX, Line};

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io;

/// The length of a text that is kept, in bytes. A longer one is cut at a character's end, and `…`
/// is put behind it, within this length.
pub const PEER_TEXT_BYTES_MAX: usize = 4096;

/// How many characters of a text are shown where it is one of several things in a line.
pub const SHORT_CHARS_MAX: usize = 200;

/// Stands for what was cut off.
const ELLIPSIS: &str = "…";

/// Text of a peer: borrowed while its message is being read, owned where it is kept.
///
/// An owned text with a `'static` lifetime was made by [`keep`](PeerText::keep) or from a
/// [`String`], both of which cut it at [`PEER_TEXT_BYTES_MAX`]: what a peer says costs no more than
/// that, however long it was.
///
/// `Display` and `Debug` escape what [`is_unseen`]. `Serialize` writes the raw text: a serializer
/// has its own escapes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PeerText<'a>(Cow<'a, str>);

impl<'a> PeerText<'a> {
    /// Bytes as text: UTF-8 if they are that, else ISO-8859-1, in which each byte is a character.
    pub fn from_bytes(bytes: &'a [u8]) -> PeerText<'a> {
        PeerText(match str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
        })
    }

    /// The text as it came, for comparing, parsing and JSON. It must not be printed.
    pub fn as_raw_str(&self) -> &str {
        &self.0
    }

    /// The length of the raw text in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no character in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, cut at [`PEER_TEXT_BYTES_MAX`], for as long as it is wanted.
    #[must_use]
    pub fn keep(&self) -> PeerText<'static> {
        self.keep_within(PEER_TEXT_BYTES_MAX)
    }

    /// The same, cut at another length in bytes: where very many texts are kept.
    #[must_use]
    pub fn keep_within(&self, bytes_max: usize) -> PeerText<'static> {
        PeerText(Cow::Owned(match cut(&self.0, bytes_max) {
            Some(head) => [head, ELLIPSIS].concat(),
            None => self.0.as_ref().to_owned(),
        }))
    }

    /// The text, cut at [`SHORT_CHARS_MAX`] characters.
    #[must_use]
    pub fn short(&self) -> PeerText<'_> {
        PeerText(match self.0.char_indices().nth(SHORT_CHARS_MAX) {
            Some((end, _)) => Cow::Owned([&self.0[..end], ELLIPSIS].concat()),
            None => Cow::Borrowed(&self.0),
        })
    }
}

/// The beginning of a text that is too long to be kept.
fn cut(text: &str, bytes_max: usize) -> Option<&str> {
    let end = text.floor_char_boundary(bytes_max.saturating_sub(ELLIPSIS.len()));
    (text.len() > bytes_max).then(|| &text[..end])
}

impl<'a> From<&'a str> for PeerText<'a> {
    fn from(text: &'a str) -> PeerText<'a> {
        PeerText(Cow::Borrowed(text))
    }
}

impl<'a> From<Cow<'a, str>> for PeerText<'a> {
    fn from(text: Cow<'a, str>) -> PeerText<'a> {
        PeerText(text)
    }
}

/// Cuts the text at [`PEER_TEXT_BYTES_MAX`].
impl From<String> for PeerText<'static> {
    fn from(text: String) -> PeerText<'static> {
        match cut(&text, PEER_TEXT_BYTES_MAX) {
            Some(_) => PeerText::from(text.as_str()).keep(),
            None => PeerText(Cow::Owned(text)),
        }
    }
}

impl PartialEq<str> for PeerText<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for PeerText<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for PeerText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_seen(&self.0, f)
    }
}

impl fmt::Debug for PeerText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        write_seen(&self.0, f)?;
        f.write_char('"')
    }
}

impl Serialize for PeerText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for PeerText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PeerText<'a>, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = PeerText<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<PeerText<'de>, E> {
                Ok(PeerText(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<PeerText<'de>, E> {
                Ok(PeerText(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Whether a character moves the cursor, turns the direction of writing, or hides: controls (C0,
/// DEL, C1), separators of lines, marks and overrides of direction, zero width, tags.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Text in one line that does nothing to a terminal. Text that was escaped before stays the same.
pub fn escape(text: &str) -> String {
    PeerText::from(text).to_string()
}

/// The system's words as part of a line: without the number, and with a small first letter.
pub fn in_short(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error ").next().unwrap_or(&text);
    // A word in capitals, such as TLS, stays as it is.
    let is_name = words.chars().nth(1).is_none_or(char::is_uppercase);
    match words.chars().next() {
        Some(first) if !is_name => first.to_lowercase().chain(words.chars().skip(1)).collect(),
        _ => words.to_owned(),
    }
}

fn write_seen(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    let mut written = 0;
    for (at, unseen) in text.char_indices().filter(|(_, c)| is_unseen(*c)) {
        write!(out, "{}{}", &text[written..at], unseen.escape_default())?;
        written = at + unseen.len_utf8();
    }
    out.write_str(&text[written..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unseen_characters_are_escaped_and_no_others() {
        for (text, shown) in [
            ("plain é 漢 \\ \"", "plain é 漢 \\ \""),
            (
                "don't 'quote' e\u{301} \u{1f600}\u{fe0f}",
                "don't 'quote' e\u{301} \u{1f600}\u{fe0f}",
            ),
            ("\x1b[31m", "\\u{1b}[31m"),
            ("a\nb\r\tc\0\x7f", "a\\nb\\r\\tc\\u{0}\\u{7f}"),
            ("\u{85}\u{9b}31m", "\\u{85}\\u{9b}31m"),
            ("\u{202e}gpj.exe\u{2066}", "\\u{202e}gpj.exe\\u{2066}"),
            ("\u{feff}\u{200b}\u{2028}", "\\u{feff}\\u{200b}\\u{2028}"),
            ("\u{e0041}x", "\\u{e0041}x"),
        ] {
            let text = PeerText::from(text);
            assert_eq!(text.to_string(), shown);
            assert_eq!(format!("{text:?}"), format!("\"{shown}\""));
            assert_eq!(escape(shown), shown, "escaping twice changes nothing");
        }
    }

    #[test]
    fn kept_text_is_cut_at_a_character() {
        let max = PEER_TEXT_BYTES_MAX;
        for (text, len) in [
            ("x".repeat(max - 1), max - 1),
            ("x".repeat(max), max),
            ("x".repeat(max + 1), max),
            ("漢".repeat(max), max - 1),
            ("x".repeat(900_000), max),
        ] {
            let kept = PeerText::from(text.as_str()).keep();
            assert_eq!(kept.len(), len);
            assert_eq!(kept.as_raw_str().ends_with(ELLIPSIS), text.len() > max);
            assert!(text.starts_with(kept.as_raw_str().trim_end_matches(ELLIPSIS)));
            assert_eq!(PeerText::from(text), kept);
        }
    }

    #[test]
    fn short_text_is_cut_before_it_is_escaped() {
        let most = "\u{e9}".repeat(SHORT_CHARS_MAX);
        assert_eq!(PeerText::from(&*most).short(), *most);
        let more = format!("{most}x");
        assert_eq!(PeerText::from(&*more).short(), *format!("{most}…"));
        let unseen = "\n".repeat(SHORT_CHARS_MAX);
        assert_eq!(PeerText::from(&*unseen).short().to_string(), "\\n".repeat(SHORT_CHARS_MAX));
    }

    #[test]
    fn bytes_are_utf_8_or_latin_1() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            ("é漢".as_bytes(), "é漢"),
            (b"\xe9\x85", "é\u{85}"),
            (b"", ""),
        ] {
            assert_eq!(PeerText::from_bytes(bytes), *text);
        }
    }

    #[test]
    fn serde_sees_the_raw_text() {
        let raw = "\"a\u{202e}\\n\"";
        let text: PeerText<'_> = serde_json::from_str(raw).unwrap();
        assert_eq!(text, *"a\u{202e}\n");
        assert_eq!(serde_json::to_string(&text).unwrap(), raw);
        assert!(serde_json::from_str::<PeerText<'_>>("1").is_err());
    }
}
