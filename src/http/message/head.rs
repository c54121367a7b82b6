//! Heads: the status line and the fields of a response, and the fields of a trailer section.
//!
//! ```text
//!   HTTP/1.1 200 OK CR LF            status line   §4
//!   Server: x CR LF                  field line    §5
//!   Via: a, CR LF
//!    SP b CR LF                      a folded line: it continues the field before it, §5.2
//!   CR LF                            the end
//! ```
//!
//! Specification: RFC 9112 §2.2 (line ends), §2.3 (version), §4 (status line), §5 (fields).
//!
//! Lines are stored as they arrive, and each is checked as soon as it is complete. So an error has
//! the offset of the first wrong byte and does not wait for the end of the head. No byte is
//! searched twice for its line end. In a complete head, folds are replaced in place (by as many
//! spaces, so that offsets stay valid). Then httparse parses it once into names and values: only a
//! head that both parsers accept is accepted.

use super::headers::{Headers, Span, is_token, is_value};
use crate::error::Error;
use crate::http::config::{Limits, Remark, Remarks};
use crate::text::PeerText;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// The beginning of every response.
const PREFIX: &[u8; 5] = b"HTTP/";

/// The head of a response.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    /// The minor version: 0 for HTTP/1.0, 1 for HTTP/1.1. The major one is always 1.
    pub minor: u8,
    /// The status code, from 100 to 999.
    pub status: u16,
    /// The fields, in their order.
    pub headers: Headers,
    /// Offset in the stream of its first byte.
    pub offset: u64,
    reason: Range<usize>,
}

impl Head {
    /// The reason phrase: text for people without a meaning for the protocol (RFC 9112 §4).
    pub fn reason(&self) -> &[u8] {
        &self.headers.bytes()[self.reason.clone()]
    }

    /// Whether it is an interim response, after which another one follows: RFC 9110 §15.2.
    pub fn is_interim(&self) -> bool {
        self.status < 200
    }

    /// All its bytes as they were received, with the empty line; folds are replaced by spaces.
    pub fn bytes(&self) -> &[u8] {
        self.headers.bytes()
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = PeerText::from_bytes(self.reason());
        write!(f, "HTTP/1.{} {} {reason:?} {:?}", self.minor, self.status, self.headers)
    }
}

/// The kind of a section of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A head: a status line, then fields.
    Head,
    /// A trailer section: fields. A bare LF is not a line end here, because the next response
    /// begins after the empty line.
    Trailers,
}

/// Stores and checks the lines of a head or a trailer section.
#[derive(Debug)]
pub(crate) struct Lines {
    kind: Kind,
    line_bytes_max: usize,
    bytes_max: usize,
    fields_max: usize,
    /// Offset of the first byte in the stream.
    at: u64,
    bytes: Vec<u8>,
    /// Where the current line begins in `bytes`.
    line_at: usize,
    status: Option<StatusLine>,
    fields: usize,
    folded: bool,
}

#[derive(Debug, Clone)]
struct StatusLine {
    minor: u8,
    status: u16,
    reason: Range<usize>,
    /// Where the first field begins in `bytes`.
    end: usize,
}

impl Lines {
    /// A section that begins at offset `at` of the stream.
    pub(crate) fn new(kind: Kind, limits: &Limits, at: u64) -> Lines {
        Lines {
            kind,
            line_bytes_max: limits.line_bytes_max,
            bytes_max: match kind {
                Kind::Head => limits.head_bytes_max,
                Kind::Trailers => limits.trailer_bytes_max,
            },
            fields_max: limits.fields_max,
            at,
            bytes: Vec::new(),
            line_at: 0,
            status: None,
            fields: 0,
            folded: false,
        }
    }

    /// Whether no byte of it was received yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Allocated memory, in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Consumes `input` up to the empty line. Returns how many bytes, and whether the empty line
    /// was among them.
    pub(crate) fn feed(
        &mut self,
        input: &[u8],
        remarks: &mut Remarks,
    ) -> Result<(usize, bool), Error> {
        let mut consumed = 0;
        while consumed < input.len() {
            let space = self.line_space()?;
            let seen = &input[consumed..input.len().min(consumed.saturating_add(space))];
            let line_end = memchr::memchr(b'\n', seen);
            let seen = &seen[..line_end.map_or(seen.len(), |at| at + 1)];
            let from = self.bytes.len();
            self.bytes.extend_from_slice(seen);
            consumed += seen.len();
            self.check_prefix(from)?;
            self.check_returns(from)?;
            if line_end.is_some() && self.end_line(remarks)? {
                return Ok((consumed, true));
            }
        }
        Ok((consumed, false))
    }

    /// How many bytes the limits still allow in this line; at least one.
    fn line_space(&self) -> Result<usize, Error> {
        let (len, line_len) = (self.bytes.len(), self.bytes.len() - self.line_at);
        if line_len >= self.line_bytes_max {
            let max = self.line_bytes_max as u64;
            return Err(Error::too_large("line_bytes_max", max, self.offset(len), "RFC 9110 §5.4"));
        }
        if len >= self.bytes_max {
            let limit = match self.kind {
                Kind::Head => "head_bytes_max",
                Kind::Trailers => "trailer_bytes_max",
            };
            let max = self.bytes_max as u64;
            return Err(Error::too_large(limit, max, self.offset(len), "RFC 9110 §5.4"));
        }
        Ok((self.line_bytes_max - line_len).min(self.bytes_max - len))
    }

    /// Checks the first bytes of a response, so that another protocol is detected even if it never
    /// ends a line.
    fn check_prefix(&self, from: usize) -> Result<(), Error> {
        if self.kind == Kind::Trailers || from >= PREFIX.len() {
            return Ok(());
        }
        match self.bytes.iter().zip(PREFIX).position(|(byte, expected)| byte != expected) {
            Some(at) => Err(self.malformed("a response begins with HTTP/", at, "RFC 9112 §2.3")),
            None => Ok(()),
        }
    }

    /// Checks that an LF follows each CR, without waiting for the end of the line.
    fn check_returns(&self, from: usize) -> Result<(), Error> {
        // The byte before may be a CR, whose LF was not received yet.
        let from = from.saturating_sub(1).max(self.line_at);
        for at in memchr::memchr_iter(b'\r', &self.bytes[from..]) {
            if self.bytes.get(from + at + 1).is_some_and(|byte| *byte != b'\n') {
                let rule = "a CR is followed by a LF";
                return Err(self.malformed(rule, from + at, "RFC 9112 §2.2"));
            }
        }
        Ok(())
    }

    /// Checks a complete line; true if it is empty.
    fn end_line(&mut self, remarks: &mut Remarks) -> Result<bool, Error> {
        let (from, line_feed) = (self.line_at, self.bytes.len() - 1);
        let bare = line_feed == from || self.bytes[line_feed - 1] != b'\r';
        let to = if bare { line_feed } else { line_feed - 1 };
        self.line_at = line_feed + 1;
        let is_last = from == to;
        if self.kind == Kind::Head && self.status.is_none() {
            self.status = Some(self.status_line(from, to, remarks)?);
        } else if !is_last {
            self.field_line(from, to, remarks)?;
        }
        if bare && self.kind == Kind::Trailers {
            let rule = "a line of a trailer section ends with CR LF";
            return Err(self.malformed(rule, line_feed, "RFC 9112 §7.1.2"));
        }
        if bare {
            let text = "a bare LF for a line end";
            remarks.note(self.remark(text, line_feed, "RFC 9112 §2.2"))?;
        }
        Ok(is_last)
    }

    /// `HTTP/1.1 SP 200 SP reason`.
    fn status_line(
        &self,
        from: usize,
        to: usize,
        remarks: &mut Remarks,
    ) -> Result<StatusLine, Error> {
        let line = &self.bytes[from..to];
        let byte = |at: usize| line.get(at).copied().unwrap_or(b'\n');
        let wrong = |rule, at: usize, section| {
            Err(self.malformed(rule, from + at.min(line.len()), section))
        };
        if byte(5) != b'1' {
            return wrong("the version is HTTP/1.0 or HTTP/1.1", 5, "RFC 9112 §2.3");
        }
        if byte(6) != b'.' || !byte(7).is_ascii_digit() {
            let at = if byte(6) == b'.' { 7 } else { 6 };
            return wrong("a version is a digit, a dot and a digit", at, "RFC 9112 §2.3");
        }
        if byte(8) != b' ' {
            return wrong("one space follows the version", 8, "RFC 9112 §4");
        }
        let is_digit = |at: usize| byte(at).is_ascii_digit() && (at > 9 || byte(at) != b'0');
        if let Some(at) = (9..12).find(|at| !is_digit(*at)) {
            return wrong("a status is three digits, 100 to 999", at, "RFC 9112 §4");
        }
        if byte(12) != b' ' && line.len() > 12 {
            return wrong("one space follows the status", 12, "RFC 9112 §4");
        }
        let reason = line.len().min(13);
        if let Some(at) = line[reason..].iter().position(|byte| !is_value(*byte)) {
            let rule = "a reason phrase holds no control character but the tab";
            return wrong(rule, reason + at, "RFC 9112 §4");
        }
        if line.len() == 12 {
            let text = "a status line without its second space";
            remarks.note(self.remark(text, from + 12, "RFC 9112 §4"))?;
        }
        let status = line[9..12].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        let (minor, reason) = (line[7] - b'0', from + reason..to);
        Ok(StatusLine { minor, status, reason, end: self.line_at })
    }

    /// `name: value`, or a folded line, which continues the field before it.
    fn field_line(&mut self, from: usize, to: usize, remarks: &mut Remarks) -> Result<(), Error> {
        let line = &self.bytes[from..to];
        if matches!(line[0], b' ' | b'\t') {
            if self.fields == 0 {
                let rule = "no white space precedes the first field";
                return Err(self.malformed(rule, from, "RFC 9112 §2.2"));
            }
            self.check_value(from, to)?;
            self.folded = true;
            let text = "a folded field line";
            return remarks.note(self.remark(text, from, "RFC 9112 §5.2"));
        }
        if self.fields == self.fields_max {
            let (max, at) = (self.fields_max as u64, self.offset(from));
            return Err(Error::too_large("fields_max", max, at, "RFC 9110 §5.4"));
        }
        self.fields += 1;
        let name_len = line.iter().take_while(|byte| is_token(**byte)).count();
        if name_len == 0 || line.get(name_len) != Some(&b':') {
            return Err(self.bad_name(from, to, name_len));
        }
        self.check_value(from + name_len + 1, to)
    }

    /// The error for a field line without a token and a colon at its beginning.
    fn bad_name(&self, from: usize, to: usize, name_len: usize) -> Error {
        let rest = &self.bytes[from + name_len..to];
        let colon = rest.iter().position(|byte| *byte == b':');
        let (rule, section) = if colon.is_none() {
            ("a field line has a colon", "RFC 9112 §5")
        } else if name_len == 0 && rest[0] == b':' {
            ("a field name is not empty", "RFC 9110 §5.1")
        } else if rest.trim_ascii_start().first() == Some(&b':') {
            ("no white space precedes the colon", "RFC 9112 §5.1")
        } else {
            let name = &self.bytes[from..from + name_len + colon.unwrap_or_default()];
            let rule = format!(
                "a field name is a token, unlike \"{}\"",
                PeerText::from_bytes(name).short()
            );
            let (offset, section) = (self.offset(from + name_len), "RFC 9110 §5.1");
            return Error::Malformed { rule: Cow::Owned(rule), offset, section };
        };
        self.malformed(rule, from + name_len, section)
    }

    fn check_value(&self, from: usize, to: usize) -> Result<(), Error> {
        let wrong = self.bytes[from..to].iter().position(|byte| !is_value(*byte));
        match wrong.map(|at| (from + at, self.bytes[from + at])) {
            None => Ok(()),
            Some((at, 0)) => Err(self.malformed("a field value holds no NUL", at, "RFC 9110 §5.5")),
            Some((at, _)) => {
                let rule = "a field value holds no control character but the tab";
                Err(self.malformed(rule, at, "RFC 9110 §5.5"))
            }
        }
    }

    /// The complete head. May be called once, after [`feed`](Lines::feed) has found the empty line.
    pub(crate) fn head(&mut self) -> Result<Head, Error> {
        let Some(StatusLine { minor, status, reason, end }) = self.status.take() else {
            return Err(Error::Misuse("the head is not complete"));
        };
        let headers = self.headers(end)?;
        Ok(Head { minor, status, headers, offset: self.at, reason })
    }

    /// The complete trailer section, under the same condition.
    pub(crate) fn trailers(&mut self) -> Result<Headers, Error> {
        self.headers(0)
    }

    /// The fields, which begin at `from`.
    fn headers(&mut self, from: usize) -> Result<Headers, Error> {
        let mut bytes = std::mem::take(&mut self.bytes);
        if self.folded {
            unfold(&mut bytes);
        }
        let spans = parse_fields(&bytes, from, self.fields).map_err(|error| Error::Malformed {
            rule: Cow::Owned(format!("fields can be parsed: {error}")),
            offset: self.offset(from),
            section: "RFC 9112 §5",
        })?;
        Ok(Headers::received(bytes, spans, self.at))
    }

    fn offset(&self, at: usize) -> u64 {
        self.at + at as u64
    }

    fn malformed(&self, rule: &'static str, at: usize, section: &'static str) -> Error {
        Error::malformed(rule, self.offset(at), section)
    }

    fn remark(&self, text: &'static str, at: usize, section: &'static str) -> Remark {
        Remark { text, offset: self.offset(at), section }
    }
}

/// Replaces each fold (line end and white space) by as many spaces.
fn unfold(bytes: &mut [u8]) {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    for at in 0..bytes.len() {
        if bytes[at] != b'\n' || !is_space(bytes.get(at + 1)) {
            continue;
        }
        let from = if at > 0 && bytes[at - 1] == b'\r' { at - 1 } else { at };
        let spaces = bytes[at + 1..].iter().take_while(|byte| is_space(Some(byte))).count();
        bytes[from..at + 1 + spaces].fill(b' ');
    }
}

/// Finds the names and values with httparse.
fn parse_fields(bytes: &[u8], from: usize, fields: usize) -> Result<Vec<Span>, httparse::Error> {
    let mut slots = vec![httparse::EMPTY_HEADER; fields];
    let (_, found) = match httparse::parse_headers(&bytes[from..], &mut slots)? {
        httparse::Status::Complete(found) => found,
        httparse::Status::Partial => return Err(httparse::Error::NewLine),
    };
    let range = |part: &[u8]| {
        let begin = part.as_ptr() as usize - bytes.as_ptr() as usize;
        begin..begin + part.len()
    };
    let span = |field: &httparse::Header<'_>| Span {
        name: range(field.name.as_bytes()),
        value: range(field.value),
    };
    Ok(found.iter().map(span).collect())
}
