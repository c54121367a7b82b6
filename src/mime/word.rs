//! Encoded words: Unicode text in the ASCII of a header field.
//!
//! ```text
//!   王大锤   ─▶   =?UTF-8?B?546L5aSn6ZSk?=
//!                 └┬┘└─┬─┘│└────┬─────┘└ at most 75 characters in all
//!               begin  │  │     the octets of whole characters
//!                charset  B: base64, or Q: =XX for what is not a letter, a digit or one of !*+-/
//! ```
//!
//! Specification: RFC 2047. §2: a word has at most 75 characters, a line with a word at most 76.
//! §5: no character is divided between two words; in a phrase (a display name) the Q encoding
//! leaves only the small set above unencoded, and it does so everywhere here. §6.2: white space
//! between two words is not shown, so a space of the text is encoded within a word.
//!
//! Only unstructured text and display names become encoded words (§5). Addresses, parameters and
//! quoted strings do not, with one exception for old mail programs: see
//! [`Builder::compat_names`](super::Builder::compat_names).

use crate::base64::{encode_into, encoded_len};

/// The longest encoded word in characters: RFC 2047 §2.
pub const WORD_MAX: usize = 75;

/// The longest line that holds an encoded word, in characters without its CR LF: RFC 2047 §2.
pub const WORD_LINE_MAX: usize = 76;

/// The beginning of a word, up to the letter of the encoding.
const BEGIN: &str = "=?UTF-8?";

/// `=?UTF-8?B?` and `?=`.
const FRAME: usize = BEGIN.len() + 4;

/// The encoding of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Base64, RFC 2047 §4.1.
    B,
    /// Similar to quoted-printable, RFC 2047 §4.2.
    Q,
}

impl Encoding {
    /// The shorter of the two for this text; at equal length Q, which people can read.
    pub fn of(text: &str) -> Encoding {
        let quoted: usize = text.bytes().map(q_len).sum();
        if quoted <= encoded_len(text.len()) { Encoding::Q } else { Encoding::B }
    }
}

/// Whether a word has to be encoded: it is not ASCII, or it would be taken for an encoded word.
pub(super) fn needs(word: &str) -> bool {
    !word.is_ascii() || word.contains("=?")
}

/// Encodes the longest prefix of `text` whose word has at most `max` characters. Returns the word
/// and the length of the prefix in bytes; `None` if the first character does not fit.
pub(super) fn first(text: &str, encoding: Encoding, max: usize) -> Option<(String, usize)> {
    let space = max.min(WORD_MAX).checked_sub(FRAME)?;
    let len = match encoding {
        Encoding::B => floor(text, space / 4 * 3),
        Encoding::Q => q_prefix(text, space),
    };
    (len > 0).then(|| (encode(&text[..len], encoding), len))
}

/// The length of the longest prefix of whole characters that is no longer than `max`.
fn floor(text: &str, max: usize) -> usize {
    if text.len() <= max {
        return text.len();
    }
    (0..=max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The length of the longest prefix of whole characters whose Q encoding is no longer than `max`.
fn q_prefix(text: &str, max: usize) -> usize {
    let mut width = 0;
    let mut fits = |character: &char| {
        let mut bytes = [0; 4];
        width += character.encode_utf8(&mut bytes).bytes().map(q_len).sum::<usize>();
        width <= max
    };
    text.chars().take_while(|character| fits(character)).map(char::len_utf8).sum()
}

fn encode(text: &str, encoding: Encoding) -> String {
    let body = match encoding {
        Encoding::B => {
            let mut base64 = vec![0; encoded_len(text.len())];
            encode_into(text.as_bytes(), &mut base64);
            base64.into_iter().map(char::from).collect()
        }
        Encoding::Q => text.bytes().map(q_byte).collect::<String>(),
    };
    format!("{BEGIN}{encoding:?}?{body}?=")
}

/// Whether Q leaves an octet unencoded: the set of RFC 2047 §5 (3).
fn is_q_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!*+-/".contains(&byte)
}

fn q_len(byte: u8) -> usize {
    if byte == b' ' || is_q_literal(byte) { 1 } else { 3 }
}

fn q_byte(byte: u8) -> String {
    match byte {
        b' ' => "_".to_owned(),
        byte if is_q_literal(byte) => char::from(byte).to_string(),
        byte => format!("={byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_encoding_is_taken() {
        for (text, word) in [
            ("王大锤", "=?UTF-8?B?546L5aSn6ZSk?="),
            ("Café du nord", "=?UTF-8?Q?Caf=C3=A9_du_nord?="),
            ("a=?b", "=?UTF-8?Q?a=3D=3Fb?="),
            ("=?x", "=?UTF-8?B?PT94?="),
            ("a_b.c plain words", "=?UTF-8?Q?a=5Fb=2Ec_plain_words?="),
        ] {
            let made = first(text, Encoding::of(text), WORD_MAX);
            assert_eq!(made, Some((word.to_owned(), text.len())));
        }
    }

    #[test]
    fn words_end_at_75_and_between_characters() {
        for encoding in [Encoding::B, Encoding::Q] {
            for character in ["a", "é", "王", "🦀", " "] {
                let text = character.repeat(100);
                for room in 0..90 {
                    let Some((word, len)) = first(&text, encoding, room) else {
                        let least = match encoding {
                            Encoding::B => encoded_len(character.len()),
                            Encoding::Q => character.bytes().map(q_len).sum(),
                        };
                        assert!(room < FRAME + least, "{character} in {room}");
                        continue;
                    };
                    assert!(word.len() <= room.min(75), "{word}");
                    assert_eq!(len % character.len(), 0, "{word}");
                    assert!(encode(&text[..len + character.len()], encoding).len() > room.min(75));
                }
            }
        }
        assert_eq!(first("", Encoding::B, 75), None);
    }
}
