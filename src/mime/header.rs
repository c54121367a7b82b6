//! Header fields: names, values, and where their lines are folded.
//!
//! ```text
//!   Subject: a value that is longer than a line CR LF
//!    goes on behind white space CR LF             a fold stands before white space of the value
//!   └──────────────── at most 78 columns, 76 beside an encoded word, never more than 998 ────┘
//! ```
//!
//! Specification: RFC 5322 §2.1.1 (length of lines), §2.2.3 (folding), §3.6.8 (names); RFC 2047 §5
//! (which values may hold encoded words).
//!
//! A value is what a reader sees: it gets back exactly that, spaces included. A name or a value
//! that holds a control character cannot be made, so no value brings a second field with it.

use super::word::{self, Encoding, WORD_LINE_MAX};
use crate::error::Error;

/// The preferred length of a line without its line end: RFC 5322 §2.1.1.
pub const LINE_PREFERRED_MAX: usize = 78;

/// The greatest length of a line without its line end: RFC 5322 §2.1.1.
pub const LINE_MAX: usize = 998;

/// The longest name of a field, so that an encoded word fits beside it into the next line and every
/// name fits into the first.
pub const NAME_MAX: usize = 76;

/// The longest word that is written as it is, white space before it counted: with a name it fits
/// into [`LINE_MAX`].
const RAW_MAX: usize = 900;

/// Fields that the builder writes itself, that a message does not carry on its way (`Bcc`), or that
/// only the last server adds (`Return-Path`). Every `Content-` field is the builder's as well.
pub const OWNED: [&str; 12] = [
    "Bcc",
    "Cc",
    "Date",
    "From",
    "Message-ID",
    "MIME-Version",
    "Received",
    "Reply-To",
    "Resent-Bcc",
    "Return-Path",
    "Subject",
    "To",
];

/// Fields with a grammar of their own, in which no encoded word may be put by somebody who does not
/// read it; and every field that begins with one of [`STRUCTURED_BEGIN`].
const STRUCTURED: [&str; 12] = [
    "Authentication-Results",
    "Auto-Submitted",
    "Disposition-Notification-To",
    "DKIM-Signature",
    "Errors-To",
    "Importance",
    "In-Reply-To",
    "Keywords",
    "References",
    "Return-Receipt-To",
    "Sender",
    "Sensitivity",
];

/// Fields of the caller that stand at most once: RFC 5322 §3.6.
const ONCE: [&str; 3] = ["In-Reply-To", "References", "Sender"];

const STRUCTURED_BEGIN: [&str; 3] = ["ARC-", "List-", "Resent-"];

/// A field of the caller: a name and a value that may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    name: Box<str>,
    value: Box<str>,
}

impl Header {
    /// A field that is not the builder's own.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the offset in the name or the value: a name that is not visible
    /// ASCII without a colon, is longer than [`NAME_MAX`] or one of [`OWNED`]; a value with a
    /// control character other than the tab; in a structured field, text that is not ASCII or a
    /// word too long for a line.
    pub fn new(name: &str, value: &str) -> Result<Header, Error> {
        check_name(name)?;
        check_value(value)?;
        if is_structured(name) {
            check_structured(value)?;
        }
        Ok(Header { name: name.into(), value: value.into() })
    }

    /// The same from `Name: value`; white space around the value does not count.
    ///
    /// # Errors
    /// As [`Header::new`], the offset in the line.
    pub fn parse(line: &str) -> Result<Header, Error> {
        let Some((name, value)) = line.split_once(':') else {
            let rule = "a header is a name, a colon and a value";
            return Err(Error::malformed(rule, line.len() as u64, "RFC 5322 §2.2"));
        };
        check_name(name)?;
        let text = value.trim_matches([' ', '\t']);
        let at = line.len() - value.trim_start_matches([' ', '\t']).len();
        Header::new(name, text).map_err(|error| error.shifted(at as u64))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, as it is to be read.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a message has the field at most once.
    pub(super) fn stands_once(&self) -> bool {
        ONCE.iter().any(|once| once.eq_ignore_ascii_case(&self.name))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut line = Line::begin(&self.name, out);
        if is_structured(&self.name) {
            line.raw(&self.value);
        } else {
            line.unstructured(&self.value);
        }
        line.end();
    }
}

/// Whether a name is one of [`OWNED`], in any case, or a `Content-` field.
pub fn is_owned(name: &str) -> bool {
    OWNED.iter().any(|owned| owned.eq_ignore_ascii_case(name)) || begins(name, "Content-")
}

fn is_structured(name: &str) -> bool {
    STRUCTURED.iter().any(|other| other.eq_ignore_ascii_case(name))
        || STRUCTURED_BEGIN.iter().any(|begin| begins(name, begin))
}

fn begins(name: &str, begin: &str) -> bool {
    name.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin))
}

fn check_name(name: &str) -> Result<(), Error> {
    let wrong = name.bytes().position(|byte| !byte.is_ascii_graphic() || byte == b':');
    if let Some(at) = wrong.or(name.is_empty().then_some(0)) {
        let rule = "a field name is visible ASCII without a colon";
        return Err(Error::malformed(rule, at as u64, "RFC 5322 §3.6.8"));
    }
    if name.len() > NAME_MAX {
        let (limit, max) = ("NAME_MAX", NAME_MAX as u64);
        return Err(Error::TooLarge { limit, max, offset: max, section: "RFC 5322 §2.1.1" });
    }
    if is_owned(name) {
        let rule = "this field is the builder's own: it stands once, or not at all";
        return Err(Error::malformed(rule, 0, "RFC 5322 §3.6"));
    }
    Ok(())
}

/// Refuses what could end a line or hide something on a screen.
///
/// # Errors
/// [`Error::Malformed`] with the offset of the first control character but the tab.
pub(super) fn check_value(value: &str) -> Result<(), Error> {
    match value.char_indices().find(|(_, c)| c.is_control() && *c != '\t') {
        None => Ok(()),
        Some((at, _)) => {
            let rule = "a value holds no control character but the tab";
            Err(Error::malformed(rule, at as u64, "RFC 5322 §2.2"))
        }
    }
}

fn check_structured(value: &str) -> Result<(), Error> {
    if let Some(at) = value.bytes().position(|byte| !byte.is_ascii()) {
        let rule = "no encoded word stands in a structured field, so its value is ASCII";
        return Err(Error::malformed(rule, at as u64, "RFC 2047 §5"));
    }
    match words(value).find(|(_, word)| word.len() > RAW_MAX) {
        None => Ok(()),
        Some((at, _)) => {
            let rule = "a line can be folded only at white space, and has at most 998 characters";
            Err(Error::malformed(rule, at as u64, "RFC 5322 §2.1.1"))
        }
    }
}

/// The words of a value, each with the white space before it, and where they begin. Only the last
/// may be white space alone.
fn words(value: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = value.get(at..).filter(|rest| !rest.is_empty())?;
        let from = rest.find(|c| !is_white(c)).unwrap_or(rest.len());
        let len = rest[from..].find(is_white).map_or(rest.len(), |len| from + len);
        at += len;
        Some((at - len, &rest[..len]))
    })
}

fn is_white(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

/// A field that is being written: it knows the column, and so where to fold.
#[derive(Debug)]
pub(super) struct Line<'a> {
    out: &'a mut Vec<u8>,
    column: usize,
    /// The length this line may have: shorter once it holds an encoded word.
    max: usize,
    /// Only the name stands here yet.
    is_fresh: bool,
}

impl<'a> Line<'a> {
    pub(super) fn begin(name: &str, out: &'a mut Vec<u8>) -> Line<'a> {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        Line { out, column: name.len() + 1, max: LINE_PREFERRED_MAX, is_fresh: true }
    }

    pub(super) fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }

    /// Appends `token`, which begins with its white space; before it the line may be folded. The
    /// first token stays beside the name, however long it is: a fold there would make the first
    /// line of the value empty, and some programs then show an empty field.
    pub(super) fn token(&mut self, token: &str) {
        if !self.is_fresh && self.column + token.len() > self.max {
            self.fold();
        }
        self.push(token);
    }

    /// A value in which nothing is encoded; lines are folded at its white space.
    pub(super) fn raw(&mut self, value: &str) {
        self.raw_part(value.trim_matches(is_white));
    }

    /// A value that people read: from the first word that has to be encoded to the last one it
    /// becomes encoded words, all else stays.
    pub(super) fn unstructured(&mut self, value: &str) {
        let (from, to) = encoded_span(value);
        self.raw_part(&value[..from]);
        self.words(&value[from..to]);
        self.raw_part(&value[to..]);
    }

    /// A part whose white space counts; where it begins the value, the field's own comes first.
    fn raw_part(&mut self, part: &str) {
        for (_, word) in words(part) {
            if !word.starts_with(is_white) {
                self.token(&format!(" {word}"));
            } else if !word.trim_matches(is_white).is_empty() {
                self.token(word);
            } // else one space before encoded words, which they bring
        }
    }

    /// Text as encoded words, with a space before each. Beside a long name there may be no room
    /// for the first of them: a line with an encoded word has at most 76 characters (RFC 2047 §2),
    /// so the line is folded even there.
    pub(super) fn words(&mut self, text: &str) {
        let encoding = Encoding::of(text);
        let mut rest = text;
        while !rest.is_empty() {
            let room = WORD_LINE_MAX.saturating_sub(self.column + 1);
            let Some((word, len)) = word::first(rest, encoding, room) else {
                self.fold();
                continue;
            };
            self.push(" ");
            self.push(&word);
            self.max = WORD_LINE_MAX;
            rest = &rest[len..];
        }
    }

    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.column += text.len();
        self.is_fresh = false;
    }

    fn fold(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        (self.column, self.max, self.is_fresh) = (0, LINE_PREFERRED_MAX, false);
    }
}

/// What of a value has to be encoded: whole words, and the white space at either end of the value.
/// Beside plain words exactly one space is left, which is the one that stands there anyway.
fn encoded_span(value: &str) -> (usize, usize) {
    let all: Vec<(usize, &str)> = words(value).collect();
    let is_last = |at: usize| at + 1 == all.len();
    let has = |at: usize| {
        let (_, word) = all[at];
        let text = word.trim_start_matches(is_white);
        let at_end = (at == 0 && text.len() < word.len()) || (is_last(at) && text.is_empty());
        at_end || word::needs(text) || word.len() > RAW_MAX
    };
    let Some(mut first) = (0..all.len()).find(|at| has(*at)) else {
        return (value.len(), value.len());
    };
    let mut last = (first..all.len()).rev().find(|at| has(*at)).unwrap_or(first);
    let is_one_space = |at: usize| {
        let (_, word) = all[at];
        word.starts_with(' ') && !word[1..].starts_with(is_white) && word.len() > 1
    };
    while first > 0 && !is_one_space(first) {
        first -= 1;
    }
    while !is_last(last) && !is_one_space(last + 1) {
        last += 1;
    }
    let from = if first == 0 { 0 } else { all[first].0 + 1 };
    (from, all[last].0 + all[last].1.len())
}
