//! A JSON parser for errors. It finds the first byte of an invalid text that breaks a rule of RFC
//! 8259, and the member of a valid text that a byte belongs to.
//!
//! Specification: RFC 8259 §3 to §7, §8.2. It runs only after serde_json has refused a text or a
//! type, and does not decide that itself. So it is written for clarity, not for speed.

use super::rule::{self, Rule, more_specific, not_a_value};
use super::scan::{DEPTH_REFUSED, is_space};
use std::ops::Range;

/// The first rule that `text` breaks, and the offset of the byte that breaks it; `None` if the text
/// is valid.
pub(super) fn first_fault(text: &str) -> Option<(Rule, usize)> {
    Parser::new(text, Target::Nothing).document().err()
}

/// A value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// The range of the name of its member, without the quotes.
    pub(super) name: Range<usize>,
    pub(super) is_element: bool,
    pub(super) start: usize,
}

/// The innermost value of a member, or element of the array that is the value of a member, which
/// covers the byte at `sought` of a valid text.
pub(super) fn owner(text: &str, sought: usize) -> Option<Owner> {
    let mut parser = Parser::new(text, Target::Byte(sought));
    parser.document().ok().and(parser.found)
}

/// Where the value of a member of the outermost object of a valid text begins; with `element`,
/// where that element of the array begins which is the value.
pub(super) fn value_start(text: &str, name: &str, element: Option<usize>) -> Option<usize> {
    let mut parser = Parser::new(text, Target::Value { name, element });
    parser.document().ok().and(parser.found).map(|owner| owner.start)
}

/// Which value to find.
#[derive(Clone, Copy)]
enum Target<'t> {
    Nothing,
    /// The innermost value of a member around this byte.
    Byte(usize),
    /// The value of a member of the outermost object, or an element of it.
    Value {
        name: &'t str,
        element: Option<usize>,
    },
}

type Step = Result<(), (Rule, usize)>;

/// Parses a text, and finds a value in it.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    depth: u8,
    target: Target<'a>,
    found: Option<Owner>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, target: Target<'a>) -> Parser<'a> {
        Parser { text: text.as_bytes(), at: 0, depth: 0, target, found: None }
    }

    fn document(&mut self) -> Step {
        self.space();
        self.expect(b'{', rule::OBJECT)?;
        self.object()?;
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => self.fail(rule::AFTER_OBJECT),
        }
    }

    // ---- structure -----------------------------------------------------------------------------

    /// The members of an object, after its opening brace.
    fn object(&mut self) -> Step {
        self.enter()?;
        if self.take(b'}') {
            return self.leave();
        }
        loop {
            let name_at = self.at;
            self.expect(b'"', rule::NAME)?;
            self.string()?;
            let name = name_at + 1..self.at - 1;
            self.space();
            self.expect(b':', rule::COLON)?;
            self.space();
            let start = self.at;
            self.value(&name)?;
            self.record(&name, None, start);
            self.space();
            if self.take(b'}') {
                return self.leave();
            }
            self.expect(b',', rule::AFTER_MEMBER)?;
            self.space();
            if self.peek() == Some(b'}') {
                return self.fail(rule::NAME_AFTER_COMMA);
            }
        }
    }

    /// The elements of an array, after its opening bracket.
    fn array(&mut self, name: &Range<usize>) -> Step {
        self.enter()?;
        if self.take(b']') {
            return self.leave();
        }
        for index in 0.. {
            let start = self.at;
            self.value(name)?;
            self.record(name, Some(index), start);
            self.space();
            if self.take(b']') {
                return self.leave();
            }
            self.expect(b',', rule::AFTER_ELEMENT)?;
            self.space();
            if self.peek() == Some(b']') {
                return self.fail(rule::ELEMENT_AFTER_COMMA);
            }
        }
        Ok(())
    }

    /// A value of the member with the name at `name`.
    fn value(&mut self, name: &Range<usize>) -> Step {
        let Some(byte) = self.peek() else { return self.fail(rule::COMPLETE) };
        match byte {
            b'{' | b'[' | b'"' => {
                self.at += 1;
                match byte {
                    b'{' => self.object(),
                    b'[' => self.array(name),
                    _ => self.string(),
                }
            }
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.fail(not_a_value(byte)),
        }
    }

    fn enter(&mut self) -> Step {
        self.depth += 1;
        if self.depth >= DEPTH_REFUSED {
            return Err((rule::DEPTH, self.at - 1));
        }
        self.space();
        Ok(())
    }

    fn leave(&mut self) -> Step {
        self.depth -= 1;
        Ok(())
    }

    /// Records the value from `start` to here if it is the target. `element` is its index in an
    /// array.
    fn record(&mut self, name: &Range<usize>, element: Option<usize>, start: usize) {
        let is_sought = match self.target {
            Target::Nothing => false,
            Target::Byte(byte) => (start..self.at).contains(&byte),
            Target::Value { name: sought, element: index } => {
                let depth = if index.is_some() { 2 } else { 1 };
                self.depth == depth && element == index && self.is_named(name, sought)
            }
        };
        if is_sought && self.found.is_none() {
            self.found = Some(Owner { name: name.clone(), is_element: element.is_some(), start });
        }
    }

    /// Whether the name at `name` equals `sought` once its escapes are decoded.
    fn is_named(&self, name: &Range<usize>, sought: &str) -> bool {
        let quoted = &self.text[name.start - 1..name.end + 1];
        serde_json::from_slice::<String>(quoted).is_ok_and(|name| name == sought)
    }

    // ---- scalars -------------------------------------------------------------------------------

    fn literal(&mut self, word: &[u8]) -> Step {
        for &byte in word {
            self.expect(byte, rule::LITERAL)?;
        }
        match self.peek() {
            Some(byte) if byte.is_ascii_alphanumeric() => self.fail(rule::LITERAL),
            _ => Ok(()),
        }
    }

    fn number(&mut self) -> Step {
        let start = self.at;
        if self.take(b'-') && !self.digit() {
            return self.fail(rule::AFTER_MINUS);
        }
        if self.take(b'0') && self.digit() {
            return self.fail(rule::LEADING_ZERO);
        }
        self.digits();
        if self.take(b'.') {
            self.one_or_more_digits(rule::FRACTION)?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.one_or_more_digits(rule::EXPONENT)?;
        }
        match self.peek() {
            Some(b'.' | b'+' | b'-' | b'_') => return self.fail(rule::NUMBER),
            Some(byte) if byte.is_ascii_alphanumeric() => return self.fail(rule::NUMBER),
            _ => {}
        }
        let digits = str::from_utf8(&self.text[start..self.at]).unwrap_or("");
        match digits.parse::<f64>() {
            Ok(number) if number.is_infinite() => Err((rule::NUMBER_RANGE, start)),
            _ => Ok(()),
        }
    }

    fn one_or_more_digits(&mut self, rule: Rule) -> Step {
        if !self.digit() {
            return self.fail(rule);
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while self.digit() {
            self.at += 1;
        }
    }

    fn digit(&self) -> bool {
        self.peek().is_some_and(|byte| byte.is_ascii_digit())
    }

    /// The rest of a string, after its opening quotation mark.
    fn string(&mut self) -> Step {
        loop {
            match self.peek() {
                None => return self.fail(rule::COMPLETE),
                Some(0..b' ') => return self.fail(rule::CONTROL),
                Some(b'\\') => self.escape()?,
                Some(byte) => {
                    self.at += 1;
                    if byte == b'"' {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn escape(&mut self) -> Step {
        let start = self.at;
        match self.escaped()? {
            Some(0xDC00..=0xDFFF) => Err((rule::SURROGATE, start)),
            Some(0xD800..=0xDBFF) => match self.peek() {
                Some(b'\\') => match self.escaped()? {
                    Some(0xDC00..=0xDFFF) => Ok(()),
                    _ => Err((rule::SURROGATE, start)),
                },
                _ => Err((rule::SURROGATE, start)),
            },
            _ => Ok(()),
        }
    }

    /// A backslash escape; the value of a `\u` escape.
    fn escaped(&mut self) -> Result<Option<u32>, (Rule, usize)> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                return Ok(None);
            }
            Some(b'u') => self.at += 1,
            _ => return Err((rule::ESCAPE, self.at)),
        }
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            value = value << 4 | digit.ok_or((rule::FOUR_DIGITS, self.at))?;
            self.at += 1;
        }
        Ok(Some(value))
    }

    // ---- bytes ---------------------------------------------------------------------------------

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// Takes `byte`, or fails with `rule`.
    fn expect(&mut self, byte: u8, rule: Rule) -> Step {
        match self.take(byte) {
            true => Ok(()),
            false => self.fail(rule),
        }
    }

    fn space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// The error of the current byte, which breaks `rule`.
    fn fail(&self, rule: Rule) -> Step {
        match self.peek() {
            None => Err((rule::COMPLETE, self.at)),
            Some(byte) => Err((more_specific(rule, byte), self.at)),
        }
    }
}
