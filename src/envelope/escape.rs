//! An escape in the payload, taken one byte at a time.
//!
//! Specification: RFC 8259 §7. No character of the base64 alphabet needs an escape, but JSON allows
//! one for any character: `\/` and `\u002b` are usual.

use super::rule::{self, Rule};

/// Stands for a character that is not of the base64 alphabet.
const NOT_BASE64: u8 = b' ';

/// An incomplete escape: `\` and what follows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escape {
    /// The offset of the `\` in the stream.
    pub(super) at: u64,
    /// It begins with `\u`.
    unicode: bool,
    digits: u8,
    value: u16,
}

impl Escape {
    /// The escape whose `\` is at offset `at`.
    pub(super) fn new(at: u64) -> Escape {
        Escape { at, unicode: false, digits: 0, value: 0 }
    }

    /// Takes a byte after the `\`. Returns the character at the end of the escape; the error is the
    /// rule that the byte breaks.
    pub(super) fn push(&mut self, byte: u8) -> Result<Option<u8>, Rule> {
        if self.unicode {
            let digit = char::from(byte).to_digit(16).ok_or(rule::FOUR_DIGITS)?;
            self.value = self.value << 4 | digit as u16;
            self.digits += 1;
            let is_whole = self.digits == 4;
            return Ok(is_whole.then(|| u8::try_from(self.value).unwrap_or(NOT_BASE64)));
        }
        match byte {
            b'u' => self.unicode = true,
            b'"' | b'\\' | b'/' => return Ok(Some(byte)),
            b'b' | b'f' | b'n' | b'r' | b't' => return Ok(Some(NOT_BASE64)),
            _ => return Err(rule::ESCAPE),
        }
        Ok(None)
    }
}
