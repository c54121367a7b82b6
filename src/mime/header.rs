//! Header fields: names, values and folding.
//!
//! ```text
//!   Subject: a value that is longer than a line CR LF
//!    goes on behind white space CR LF             CR LF is put before white space of the value
//!   └──────────────── at most 78 columns, 76 beside an encoded word, never more than 998 ────┘
//! ```
//!
//! Specification: RFC 5322 §2.1.1 (length of lines), §2.2.3 (folding), §3.6.8 (names); RFC 2047 §5
//! (which values may hold encoded words).
//!
//! A value is given unfolded and undecoded; a mail program that unfolds and decodes the field reads
//! the same value, spaces included. Names and values with control characters are refused, so a
//! value cannot add a second field.

use super::word::{self, Encoding, WORD_LINE_MAX};
use crate::error::Error;

/// The preferred greatest length of a line in characters, without its CR LF: RFC 5322 §2.1.1.
pub const LINE_PREFERRED_MAX: usize = 78;

/// The greatest length of a line in characters, without its CR LF: RFC 5322 §2.1.1.
pub const LINE_MAX: usize = 998;

/// The longest name of a field in bytes. The name and its colon fit into a line of
/// [`LINE_PREFERRED_MAX`].
pub const NAME_MAX: usize = 76;

/// The longest word that is written without encoding, in bytes, with the white space before it: a
/// field name and this word fit into [`LINE_MAX`].
const RAW_MAX: usize = 900;

/// Fields that a caller cannot add: the builder writes them, they are removed before sending
/// (`Bcc`), or a server adds them (`Received`, `Return-Path`). Every field whose name begins with
/// `Content-` is refused as well.
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

/// Structured fields: their values are written without encoded words, which RFC 2047 §5 allows
/// only at certain places of their grammars. So are those of fields whose names begin with one of
/// [`STRUCTURED_BEGIN`].
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

/// Fields that a caller may add at most once: RFC 5322 §3.6.
const ONCE: [&str; 3] = ["In-Reply-To", "References", "Sender"];

const STRUCTURED_BEGIN: [&str; 3] = ["ARC-", "List-", "Resent-"];

/// A header field that a caller adds to a message: a checked name and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    name: Box<str>,
    value: Box<str>,
}

impl Header {
    /// A field of this name and value.
    ///
    /// # Errors
    /// The offset is that in the name or in the value.
    ///
    /// - [`Error::Malformed`] for a name that is not printable ASCII without a colon, or is
    ///   [owned by the builder](is_owned); for a value with a control character other than the tab;
    ///   in a structured field, for a value that is not ASCII or has a word longer than 900 bytes.
    /// - [`Error::TooLarge`] for a name longer than [`NAME_MAX`].
    pub fn new(name: &str, value: &str) -> Result<Header, Error> {
        check_name(name)?;
        check_value(value)?;
        if is_structured(name) {
            check_structured(value)?;
        }
        Ok(Header { name: name.into(), value: value.into() })
    }

    /// Parses `Name: value`. White space around the value is removed.
    ///
    /// # Errors
    /// As [`Header::new`], with the offset in `line`, and [`Error::Malformed`] without a colon.
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

    /// The value, unfolded and undecoded.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a caller may add the field at most once.
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

/// Whether a name is one of [`OWNED`], ASCII case ignored, or begins with `Content-`.
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
        let rule = "the message builder writes this field itself or leaves it out";
        return Err(Error::malformed(rule, 0, "RFC 5322 §3.6"));
    }
    Ok(())
}

/// Refuses control characters: they end lines, or change what a terminal shows.
///
/// # Errors
/// [`Error::Malformed`] with the offset of the first control character but the tab.
pub(super) fn check_value(value: &str) -> Result<(), Error> {
    match value.char_indices().find(|(_, c)| c.is_control() && *c != '\t') {
        None => Ok(()),
        Some((at, _)) => {
            let rule = "a field value holds no control character but the tab";
            Err(Error::malformed(rule, at as u64, "RFC 5322 §2.2"))
        }
    }
}

fn check_structured(value: &str) -> Result<(), Error> {
    if let Some(at) = value.bytes().position(|byte| !byte.is_ascii()) {
        let rule = "a structured field holds no encoded words, so its value is ASCII";
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

/// The words of a value, each with the white space before it, and the offset where it begins. White
/// space at the end of the value is a word of its own.
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

/// Writes one field and folds its lines.
#[derive(Debug)]
pub(super) struct Line<'a> {
    out: &'a mut Vec<u8>,
    column: usize,
    /// The greatest length of this line: [`WORD_LINE_MAX`] once it holds an encoded word.
    max: usize,
    /// Only the name has been written.
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

    /// Appends `token`, which begins with white space, and folds the line before it where the line
    /// would be too long. The first token stays beside the name, however long it is: after a fold
    /// there the first line of the value is empty, and some programs then show an empty field.
    pub(super) fn token(&mut self, token: &str) {
        if !self.is_fresh && self.column + token.len() > self.max {
            self.fold();
        }
        self.push(token);
    }

    /// Writes a value without encoded words, folded at its white space.
    pub(super) fn raw(&mut self, value: &str) {
        self.raw_part(value.trim_matches(is_white));
    }

    /// Writes unstructured text. The span from the first to the last word that has to be encoded
    /// becomes encoded words; the rest is written as it is.
    pub(super) fn unstructured(&mut self, value: &str) {
        let (from, to) = encoded_span(value);
        self.raw_part(&value[..from]);
        self.words(&value[from..to]);
        self.raw_part(&value[to..]);
    }

    /// Writes a part of a value with its white space. A part that begins the value gets the space
    /// that follows the colon.
    fn raw_part(&mut self, part: &str) {
        for (_, word) in words(part) {
            if !word.starts_with(is_white) {
                self.token(&format!(" {word}"));
            } else if !word.trim_matches(is_white).is_empty() {
                self.token(word);
            } // otherwise the one space before encoded words, which `words` writes
        }
    }

    /// Writes text as encoded words with a space before each. A line with an encoded word has at
    /// most 76 characters (RFC 2047 §2). Where a long field name leaves no space for the first
    /// word, the line is folded behind the name.
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

/// The range of a value that has to be encoded: whole words, and white space at either end of the
/// value. The range ends where a single space separates it from a plain word: white space between
/// an encoded word and a plain one is shown, and a single space is written there in any case.
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
