//! Replies: one or more lines, each beginning with the same three-digit code.
//!
//! ```text
//!   250-mx.example.org CR LF          code, hyphen: another line follows
//!   250-SIZE 10240000 CR LF
//!   250 8BITMIME CR LF                code, space: the last line
//!   250 2.1.5 Ok CR LF                an enhanced code in front of the text    RFC 2034
//!   250 CR LF   250 CR LF             no text, with or without the space
//! ```
//!
//! ```text
//!   Code ─3 digits─▶ Separator ─SP or -─▶ Text ─CR─▶ LineFeed ─LF─▶ Code
//!                        └─────── CR ────────────────▶┘
//! ```
//!
//! Specification: RFC 5321 §4.2 and §4.2.1 (replies), §2.3.8 (lines), §4.5.3.1.5 (lengths); RFC
//! 2034 §4 and RFC 3463 §2 (enhanced codes).
//!
//! The parser checks each byte as it comes, so an error has the offset of the first wrong byte,
//! however the input is divided.
//!
//! Framing is strict, because it decides how many replies there are and which code each has.
//! Errors are: a code that is not three digits; anything but a space, a hyphen or CR LF behind the
//! code; a code that changes within a reply; a lone CR or LF, which some parsers take for a line
//! end; a value beyond a limit.
//!
//! The text is not checked: RFC 5321 §4.2 tells a client to act on the code alone. A [`Remark`]
//! marks text outside the grammar: a control character, or an octet that is not ASCII (with
//! SMTPUTF8 a server may send UTF-8, RFC 6531 §3.7.4.1). A second digit above 5 (`571` is common)
//! gets a remark, too.
//!
//! The parser holds one reply and reuses its memory for the next.

pub use super::enhanced::Enhanced;
use super::limits::Limits;
use super::secrets::Secrets;
use crate::error::Error;
use crate::text::PeerText;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

const SECTION: &str = "RFC 5321 §4.2";
const CODES: &str = "RFC 5321 §4.2.1";
const LINES: &str = "RFC 5321 §2.3.8";

/// A complete reply.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    /// The text of all lines, without codes and line ends.
    bytes: Vec<u8>,
    /// For each line the end of its text in `bytes`, and its offset in the stream.
    ends: Vec<(usize, u64)>,
    offset: u64,
}

impl Reply {
    /// The reply code, from 200 to 599.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The offset in the stream of the first byte of the reply.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The text of each line, unchanged, including an enhanced code; at least one line.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.placed_lines().map(|(_, line)| line)
    }

    /// The [lines](Reply::lines), each with the offset in the stream of its first digit.
    pub fn placed_lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        begins.zip(&self.ends).map(|(begin, &(end, at))| (at, &self.bytes[begin..end]))
    }

    /// The text of all lines, joined by spaces.
    pub fn text(&self) -> PeerText<'static> {
        let lines: Vec<PeerText<'_>> = self.lines().map(text).collect();
        let lines: Vec<&str> = lines.iter().map(PeerText::as_raw_str).collect();
        PeerText::from(lines.join(" "))
    }

    /// A copy with only the first `bytes_max` bytes of text, for callers that keep many replies.
    #[must_use]
    pub fn shortened(&self, bytes_max: usize) -> Reply {
        let mut short = Reply { code: self.code, offset: self.offset, ..Reply::default() };
        for (at, line) in self.placed_lines() {
            let mut end = line.len().min(bytes_max - short.bytes.len());
            // Do not cut within a UTF-8 character.
            while end > 0 && line.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
                end -= 1;
            }
            short.bytes.extend_from_slice(&line[..end]);
            short.ends.push((short.bytes.len(), at));
            if end < line.len() || short.bytes.len() == bytes_max {
                break;
            }
        }
        short
    }

    /// The enhanced code at the beginning of the first line, if its class is the first digit of the
    /// reply code (RFC 2034 §4).
    pub fn enhanced(&self) -> Option<Enhanced> {
        let line = self.lines().next()?;
        Enhanced::parse(line).filter(|enhanced| u16::from(enhanced.class) == self.code / 100)
    }

    /// 2yz: positive completion (RFC 5321 §4.2.1).
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 3yz: positive intermediate, the server awaits more.
    pub fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// 4yz: transient failure, the same command may succeed later.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// The reply as an [`Error::Refused`].
    pub fn refusal(&self) -> Error {
        Error::Refused { code: PeerText::from(self.code.to_string()), text: self.text() }
    }

    /// Masks secrets in the text.
    fn mask(&mut self, secrets: &Secrets) {
        let masked: Vec<Option<Vec<u8>>> =
            self.lines().map(|line| secrets.mask_text(line)).collect();
        if masked.iter().all(Option::is_none) {
            return;
        }
        let (mut bytes, mut begin) = (Vec::with_capacity(self.bytes.len()), 0);
        for ((end, _), masked) in self.ends.iter_mut().zip(masked) {
            bytes.extend_from_slice(masked.as_deref().unwrap_or(&self.bytes[begin..*end]));
            begin = std::mem::replace(end, bytes.len());
        }
        self.bytes = bytes;
    }

    fn restart(&mut self, offset: u64) {
        self.code = 0;
        self.bytes.clear();
        self.ends.clear();
        self.offset = offset;
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.code, self.lines().map(text).collect::<Vec<_>>())
    }
}

/// Converts the text of a reply: UTF-8 is kept (RFC 6531 §3.7.4.1), each byte that is not part of a
/// UTF-8 character becomes `\xNN`. Control characters are not escaped here.
pub fn text(bytes: &[u8]) -> PeerText<'_> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return PeerText::from(text);
    }
    let mut shown = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        shown.push_str(chunk.valid());
        shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    PeerText::from(Cow::Owned(shown))
}

/// A fault that was tolerated, or a fallback that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remark {
    /// A description.
    pub text: &'static str,
    /// The offset in the server's stream of the first byte concerned.
    pub offset: u64,
    /// The section of the specification that has the rule.
    pub section: &'static str,
}

/// What the parser expects next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Digit 0, 1 or 2 of the code.
    Code(u8),
    /// The space or hyphen behind the code, or the CR of a line without text.
    Separator,
    /// A byte of the text, or the CR behind it.
    Text,
    /// The LF behind the CR.
    LineFeed,
}

impl State {
    /// The name in the chart at the head of this module.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Code(_) => "Code",
            State::Separator => "Separator",
            State::Text => "Text",
            State::LineFeed => "LineFeed",
        }
    }

    /// The section of the specification with the rule for what is expected.
    pub fn section(self) -> &'static str {
        match self {
            State::Code(_) => CODES,
            State::Separator | State::Text => SECTION,
            State::LineFeed => LINES,
        }
    }
}

/// Parses replies from a stream that comes in pieces of any length.
#[derive(Debug)]
pub struct Parser {
    line_bytes_max: usize,
    lines_max: usize,
    bytes_max: usize,
    next: State,
    /// The digits of this line.
    code: u16,
    is_last: bool,
    line_len: usize,
    /// Bytes of the whole reply so far.
    len: usize,
    reply: Reply,
    /// Offset in the stream of the next byte.
    offset: u64,
    remarks: VecDeque<Remark>,
    failed: Option<Box<Error>>,
}

impl Parser {
    /// A parser at the beginning of a stream.
    pub fn new(limits: &Limits) -> Parser {
        Parser {
            line_bytes_max: limits.reply_line_bytes_max,
            lines_max: limits.reply_lines_max,
            bytes_max: limits.reply_bytes_max,
            next: State::Code(0),
            code: 0,
            is_last: false,
            line_len: 0,
            len: 0,
            reply: Reply::default(),
            offset: 0,
            remarks: VecDeque::new(),
            failed: None,
        }
    }

    /// Consumes `input` up to the end of a reply. Returns the number of bytes consumed and whether
    /// a reply is complete.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the grammar is broken, [`Error::TooLarge`] beyond a limit of
    /// [`Limits`]; the same again on every later call.
    pub fn feed(&mut self, input: &[u8]) -> Result<(usize, bool), Error> {
        match &self.failed {
            Some(error) => Err((**error).clone()),
            None => self.take(input).inspect_err(|error| {
                self.failed = Some(Box::new(error.clone()));
            }),
        }
    }

    /// The last complete reply; valid until the next one begins.
    pub fn reply(&self) -> &Reply {
        &self.reply
    }

    /// Masks secrets in the last reply.
    pub(super) fn mask(&mut self, secrets: &Secrets) {
        self.reply.mask(secrets);
    }

    /// Takes the next remark on the last reply.
    pub fn take_remark(&mut self) -> Option<Remark> {
        self.remarks.pop_front()
    }

    /// What the parser expects next; after an error, what it expected at the offset of the error.
    pub fn state(&self) -> State {
        self.next
    }

    /// Whether the stream stands between two replies.
    pub fn is_between(&self) -> bool {
        self.len == 0
    }

    /// The offset in the stream of the next byte.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// [`Error::Incomplete`] within a reply, or the error that [`feed`](Parser::feed) returned.
    pub fn finish(&self) -> Result<(), Error> {
        let (expected, offset) = ("the end of the reply", self.offset);
        match &self.failed {
            Some(error) => Err((**error).clone()),
            None if self.is_between() => Ok(()),
            None => Err(Error::Incomplete { expected, offset, section: SECTION }),
        }
    }

    /// Memory held, in bytes.
    pub fn capacity(&self) -> usize {
        self.reply.bytes.capacity() + self.reply.ends.capacity() * size_of::<(usize, u64)>()
    }

    fn take(&mut self, input: &[u8]) -> Result<(usize, bool), Error> {
        let mut eaten = 0;
        while eaten < input.len() {
            let room = self.room()?;
            let rest = &input[eaten..input.len().min(eaten.saturating_add(room))];
            if self.len == 0 {
                self.reply.restart(self.offset);
                self.remarks.clear();
            }
            let taken = match self.next {
                State::Text => self.take_text(rest)?,
                _ => self.take_byte(rest[0]).map(|()| 1)?,
            };
            eaten += taken;
            self.offset += taken as u64;
            self.line_len += taken;
            self.len += taken;
            if self.next == State::Code(0) {
                self.line_len = 0;
                if self.is_last {
                    self.len = 0;
                    return Ok((eaten, true));
                }
            }
        }
        Ok((eaten, false))
    }

    /// How many bytes the limits still allow in this line: at least one, or the error.
    fn room(&self) -> Result<usize, Error> {
        let passed = |limit, max: usize, section| {
            Err(Error::too_large(limit, max as u64, self.offset, section))
        };
        if self.line_len >= self.line_bytes_max {
            return passed("reply_line_bytes_max", self.line_bytes_max, "RFC 5321 §4.5.3.1.5");
        }
        if self.len >= self.bytes_max {
            return passed("reply_bytes_max", self.bytes_max, CODES);
        }
        if self.line_len == 0 && self.len > 0 && self.reply.ends.len() >= self.lines_max {
            return passed("reply_lines_max", self.lines_max, CODES);
        }
        Ok((self.line_bytes_max - self.line_len).min(self.bytes_max - self.len))
    }

    fn take_byte(&mut self, byte: u8) -> Result<(), Error> {
        match self.next {
            State::Code(at) => self.take_digit(at, byte),
            State::Separator => {
                self.is_last = byte != b'-';
                self.next = match byte {
                    b' ' | b'-' => State::Text,
                    b'\r' => State::LineFeed,
                    _ => return self.wrong("a space or a hyphen follows the code", SECTION),
                };
                Ok(())
            }
            State::LineFeed if byte == b'\n' => {
                let at = self.offset - self.line_len as u64;
                self.reply.ends.push((self.reply.bytes.len(), at));
                self.next = State::Code(0);
                Ok(())
            }
            State::LineFeed => self.wrong("a CR is followed by a LF", LINES),
            State::Text => Ok(()),
        }
    }

    fn take_digit(&mut self, at: u8, byte: u8) -> Result<(), Error> {
        let is_good = match at {
            0 => matches!(byte, b'2'..=b'5'),
            _ => byte.is_ascii_digit(),
        };
        if !is_good {
            let rule = match at {
                0 => "a reply begins with a digit from 2 to 5",
                _ => "a reply code is three digits",
            };
            return self.wrong(rule, SECTION);
        }
        let digit = u16::from(byte - b'0');
        let before = if at == 0 { 0 } else { self.code };
        self.code = before * 10 + digit;
        if !self.reply.ends.is_empty()
            && self.reply.code / [100, 10, 1][usize::from(at)] != self.code
        {
            return self.wrong("all lines of a reply have the same code", CODES);
        }
        if at == 1 && digit > 5 {
            self.remark("a second digit above 5", self.offset, SECTION);
        }
        if at == 2 {
            self.reply.code = self.code;
        }
        self.next = if at == 2 { State::Separator } else { State::Code(at + 1) };
        Ok(())
    }

    /// Takes text up to and including a CR.
    fn take_text(&mut self, rest: &[u8]) -> Result<usize, Error> {
        let len = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        self.remark_on(&rest[..len]);
        self.reply.bytes.extend_from_slice(&rest[..len]);
        match rest.get(len) {
            None => Ok(len),
            Some(b'\r') => {
                self.next = State::LineFeed;
                Ok(len + 1)
            }
            Some(_) => {
                self.offset += len as u64;
                self.wrong("a line ends with CR LF", LINES)
            }
        }
    }

    /// Adds remarks on bytes of the text that are outside the grammar.
    fn remark_on(&mut self, text: &[u8]) {
        let foreign = text.iter().position(|byte| !byte.is_ascii());
        let control = text.iter().position(|byte| byte.is_ascii_control() && *byte != b'\t');
        let mut found =
            [(foreign, "text that is not ASCII"), (control, "a control character in the text")];
        found.sort();
        for (at, what) in found {
            if let Some(at) = at {
                self.remark(what, self.offset + at as u64, SECTION);
            }
        }
    }

    /// Keeps a remark, unless this reply has the same one already.
    fn remark(&mut self, text: &'static str, offset: u64, section: &'static str) {
        if self.remarks.iter().all(|remark| remark.text != text) {
            self.remarks.push_back(Remark { text, offset, section });
        }
    }

    fn wrong<T>(&self, rule: &'static str, section: &'static str) -> Result<T, Error> {
        Err(Error::malformed(rule, self.offset, section))
    }
}
