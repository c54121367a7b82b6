//! The walk over the members outside the payload: where is a key, where a value, where the end?
//!
//! Specification: RFC 8259 §2 to §7, as far as structure goes. Inside scalars, strings and nested
//! values the scanner only finds the end; what stands there is judged later, as a whole, by
//! serde_json over the gathered text.

use super::rule::{self, Rule};
use super::syntax::{instead, no_value};

/// What the scanner expects next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// White space, then `{`.
    Start,
    /// The first key, or `}`.
    FirstKey,
    /// A key: a comma was there.
    Key,
    InKey,
    Colon,
    Value,
    /// In a string that is the value of a member.
    Text,
    /// In a number, `true`, `false` or `null` that is the value of a member.
    Scalar,
    /// In an array or object that is the value of a member, or deeper.
    Nested,
    NestedText,
    /// A comma, or `}`.
    After,
    /// White space to the end of the stream.
    Done,
}

impl Place {
    /// What is missing if the stream ends here; `None` if it may.
    pub(super) fn expected(self) -> Option<&'static str> {
        Some(match self {
            Place::Start => "the opening brace",
            Place::FirstKey | Place::Key => "a member",
            Place::InKey => "the end of a member name",
            Place::Colon => "a colon",
            Place::Value => "a value",
            Place::Text | Place::NestedText => "the end of a string",
            Place::Scalar | Place::Nested | Place::After => "the closing brace",
            Place::Done => return None,
        })
    }
}

/// What a byte meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    Plain,
    /// The quote that opens the name of a member of the outer object.
    KeyStart,
    /// The quote that closes it.
    KeyEnd,
    /// The quote that opens a string as the value of a member of the outer object.
    TextStart,
    /// The first byte of any other value of a member of the outer object.
    OtherStart,
    /// The brace that ends the outer object.
    End,
}

/// Nesting that serde_json refuses, and so do we: the outer object counts as one level.
pub(super) const DEPTH_REFUSED: u8 = 128;

/// The state of the walk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner {
    pub(super) place: Place,
    /// The last byte was a `\` in a string.
    escaped: bool,
    /// How many braces and brackets are open.
    depth: u8,
    /// For each open one below the outermost, lowest bit last: is it a brace?
    braces: u128,
}

impl Scanner {
    pub(super) fn new() -> Scanner {
        Scanner { place: Place::Start, escaped: false, depth: 0, braces: 0 }
    }

    /// Takes one byte; an error is the rule it breaks.
    pub(super) fn step(&mut self, byte: u8) -> Result<Sight, Rule> {
        match self.place {
            Place::InKey => self.in_string(byte, Place::Colon, Sight::KeyEnd),
            Place::Text => self.in_string(byte, Place::After, Sight::Plain),
            Place::NestedText => self.in_string(byte, Place::Nested, Sight::Plain),
            Place::Nested => self.in_nested(byte),
            Place::Scalar if matches!(byte, b',' | b'}') || is_space(byte) => self.after(byte),
            Place::Scalar => Ok(Sight::Plain),
            _ if is_space(byte) => Ok(Sight::Plain),
            Place::Start => self.expect(byte, b'{', Place::FirstKey, no_object(byte)),
            Place::FirstKey if byte == b'}' => self.after(byte),
            Place::FirstKey | Place::Key => self.key(byte),
            Place::Colon => self.expect(byte, b':', Place::Value, rule::COLON),
            Place::Value => self.value(byte),
            Place::After => self.after(byte),
            Place::Done => Err(instead(rule::BEHIND, byte)),
        }
    }

    fn expect(&mut self, byte: u8, wanted: u8, next: Place, rule: Rule) -> Result<Sight, Rule> {
        if byte != wanted {
            return Err(instead(rule, byte));
        }
        self.depth = 1;
        self.place = next;
        Ok(Sight::Plain)
    }

    fn key(&mut self, byte: u8) -> Result<Sight, Rule> {
        if byte == b'}' {
            return Err(rule::NAME_AFTER_COMMA);
        }
        if byte != b'"' {
            return Err(instead(rule::NAME, byte));
        }
        self.place = Place::InKey;
        Ok(Sight::KeyStart)
    }

    fn value(&mut self, byte: u8) -> Result<Sight, Rule> {
        match byte {
            b'"' => {
                self.place = Place::Text;
                return Ok(Sight::TextStart);
            }
            b'{' | b'[' => self.open(byte)?,
            b't' | b'f' | b'n' | b'-' | b'0'..=b'9' => self.place = Place::Scalar,
            _ => return Err(no_value(byte)),
        }
        Ok(Sight::OtherStart)
    }

    fn after(&mut self, byte: u8) -> Result<Sight, Rule> {
        match byte {
            b',' => self.place = Place::Key,
            b'}' => {
                self.place = Place::Done;
                return Ok(Sight::End);
            }
            _ if is_space(byte) => self.place = Place::After,
            _ => return Err(instead(rule::AFTER_MEMBER, byte)),
        }
        Ok(Sight::Plain)
    }

    fn in_string(&mut self, byte: u8, next: Place, end: Sight) -> Result<Sight, Rule> {
        if byte < b' ' {
            return Err(rule::CONTROL);
        }
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.place = next;
            return Ok(end);
        }
        Ok(Sight::Plain)
    }

    fn in_nested(&mut self, byte: u8) -> Result<Sight, Rule> {
        match byte {
            b'"' => self.place = Place::NestedText,
            b'{' | b'[' => self.open(byte)?,
            b'}' | b']' => self.close(byte)?,
            _ => {}
        }
        Ok(Sight::Plain)
    }

    fn open(&mut self, byte: u8) -> Result<(), Rule> {
        if self.depth + 1 >= DEPTH_REFUSED {
            return Err(rule::DEPTH);
        }
        self.depth += 1;
        self.braces = self.braces << 1 | u128::from(byte == b'{');
        self.place = Place::Nested;
        Ok(())
    }

    fn close(&mut self, byte: u8) -> Result<(), Rule> {
        if (self.braces & 1 == 1) != (byte == b'}') {
            return Err(rule::CLOSED_AS_OPENED);
        }
        self.braces >>= 1;
        self.depth -= 1;
        if self.depth == 1 {
            self.place = Place::After;
        }
        Ok(())
    }
}

/// Why a byte does not begin an object.
fn no_object(byte: u8) -> Rule {
    match byte {
        // The first byte of a byte order mark in UTF-8, UTF-16 and UTF-32.
        0xEF | 0xFE | 0xFF => rule::BYTE_ORDER_MARK,
        _ => rule::OBJECT,
    }
}

/// White space of RFC 8259 §2.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
