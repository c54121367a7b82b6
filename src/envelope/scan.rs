//! The scanner for the members outside the payload: finds the keys, the values and the end of the
//! object.
//!
//! Specification: RFC 8259 §2 to §7, structure only. Of scalars, strings and nested values the
//! scanner only finds the end; serde_json validates them later in the stored text.

use super::rule::{self, Rule, more_specific, not_a_value};

/// What the scanner expects next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanState {
    /// White space, then `{`.
    Start,
    /// The first key, or `}`.
    FirstKey,
    /// A key, after a comma.
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

impl ScanState {
    /// What is missing if the stream ends here; `None` if it may end.
    pub(super) fn expected(self) -> Option<&'static str> {
        Some(match self {
            ScanState::Start => "the opening brace",
            ScanState::FirstKey | ScanState::Key => "a member",
            ScanState::InKey => "the end of a member name",
            ScanState::Colon => "a colon",
            ScanState::Value => "a value",
            ScanState::Text | ScanState::NestedText => "the end of a string",
            ScanState::Scalar | ScanState::Nested | ScanState::After => "the closing brace",
            ScanState::Done => return None,
        })
    }
}

/// The role of a byte in the outer object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteRole {
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

/// The nesting that serde_json refuses, and so do we. The outer object counts as one level.
pub(super) const DEPTH_REFUSED: u8 = 128;

/// Scans one byte at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner {
    pub(super) state: ScanState,
    /// The last byte was a `\` in a string.
    escaped: bool,
    /// How many braces and brackets are open.
    depth: u8,
    /// For each open one inside the outermost: 1 for a brace, 0 for a bracket. The innermost is the
    /// lowest bit.
    braces: u128,
}

impl Scanner {
    pub(super) fn new() -> Scanner {
        Scanner { state: ScanState::Start, escaped: false, depth: 0, braces: 0 }
    }

    /// Takes one byte; the error is the rule that the byte breaks.
    pub(super) fn step(&mut self, byte: u8) -> Result<ByteRole, Rule> {
        match self.state {
            ScanState::InKey => self.in_string(byte, ScanState::Colon, ByteRole::KeyEnd),
            ScanState::Text => self.in_string(byte, ScanState::After, ByteRole::Plain),
            ScanState::NestedText => self.in_string(byte, ScanState::Nested, ByteRole::Plain),
            ScanState::Nested => self.in_nested(byte),
            ScanState::Scalar if matches!(byte, b',' | b'}') || is_space(byte) => self.after(byte),
            ScanState::Scalar => Ok(ByteRole::Plain),
            _ if is_space(byte) => Ok(ByteRole::Plain),
            ScanState::Start => self.expect(byte, b'{', ScanState::FirstKey, not_an_object(byte)),
            ScanState::FirstKey if byte == b'}' => self.after(byte),
            ScanState::FirstKey | ScanState::Key => self.key(byte),
            ScanState::Colon => self.expect(byte, b':', ScanState::Value, rule::COLON),
            ScanState::Value => self.value(byte),
            ScanState::After => self.after(byte),
            ScanState::Done => Err(more_specific(rule::AFTER_OBJECT, byte)),
        }
    }

    fn expect(
        &mut self,
        byte: u8,
        wanted: u8,
        next: ScanState,
        rule: Rule,
    ) -> Result<ByteRole, Rule> {
        if byte != wanted {
            return Err(more_specific(rule, byte));
        }
        self.depth = 1;
        self.state = next;
        Ok(ByteRole::Plain)
    }

    fn key(&mut self, byte: u8) -> Result<ByteRole, Rule> {
        if byte == b'}' {
            return Err(rule::NAME_AFTER_COMMA);
        }
        if byte != b'"' {
            return Err(more_specific(rule::NAME, byte));
        }
        self.state = ScanState::InKey;
        Ok(ByteRole::KeyStart)
    }

    fn value(&mut self, byte: u8) -> Result<ByteRole, Rule> {
        match byte {
            b'"' => {
                self.state = ScanState::Text;
                return Ok(ByteRole::TextStart);
            }
            b'{' | b'[' => self.open(byte)?,
            b't' | b'f' | b'n' | b'-' | b'0'..=b'9' => self.state = ScanState::Scalar,
            _ => return Err(not_a_value(byte)),
        }
        Ok(ByteRole::OtherStart)
    }

    fn after(&mut self, byte: u8) -> Result<ByteRole, Rule> {
        match byte {
            b',' => self.state = ScanState::Key,
            b'}' => {
                self.state = ScanState::Done;
                return Ok(ByteRole::End);
            }
            _ if is_space(byte) => self.state = ScanState::After,
            _ => return Err(more_specific(rule::AFTER_MEMBER, byte)),
        }
        Ok(ByteRole::Plain)
    }

    fn in_string(&mut self, byte: u8, next: ScanState, end: ByteRole) -> Result<ByteRole, Rule> {
        if byte < b' ' {
            return Err(rule::CONTROL);
        }
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.state = next;
            return Ok(end);
        }
        Ok(ByteRole::Plain)
    }

    fn in_nested(&mut self, byte: u8) -> Result<ByteRole, Rule> {
        match byte {
            b'"' => self.state = ScanState::NestedText,
            b'{' | b'[' => self.open(byte)?,
            b'}' | b']' => self.close(byte)?,
            _ => {}
        }
        Ok(ByteRole::Plain)
    }

    fn open(&mut self, byte: u8) -> Result<(), Rule> {
        if self.depth + 1 >= DEPTH_REFUSED {
            return Err(rule::DEPTH);
        }
        self.depth += 1;
        self.braces = self.braces << 1 | u128::from(byte == b'{');
        self.state = ScanState::Nested;
        Ok(())
    }

    fn close(&mut self, byte: u8) -> Result<(), Rule> {
        if (self.braces & 1 == 1) != (byte == b'}') {
            return Err(rule::CLOSED_AS_OPENED);
        }
        self.braces >>= 1;
        self.depth -= 1;
        if self.depth == 1 {
            self.state = ScanState::After;
        }
        Ok(())
    }
}

/// The rule for a byte that does not begin an object.
fn not_an_object(byte: u8) -> Rule {
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
