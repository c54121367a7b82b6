//! The chunked transfer coding: a body in pieces, each after its size, and trailer fields.
//!
//! ```text
//!   5 CR LF              a size in hexadecimal digits; 5;name=value CR LF has an extension
//!   hello CR LF          so many bytes, and exactly CR LF
//!   0 CR LF              the last chunk
//!   Digest: x CR LF      trailer fields, or none
//!   CR LF                the end
//!
//!   Size ─┬─CR─▶ SizeEnd ─LF─┬─▶ Data ─▶ DataCr ─▶ DataLf ─▶ Size
//!         ├─SP─▶ Space ─;─┐  └0▶ Trailers ─▶ Done
//!         └─;──▶ Extension┴─CR─▶ SizeEnd
//! ```
//!
//! Specification: RFC 9112 §7.1; §7.1.1 for extensions, which are parsed and ignored; §7.1.2 for
//! trailer fields, which are not merged with the fields of the head.
//!
//! Bytes of the body are not copied: an event refers to the input. Only small chunks are copied,
//! many of them together, into the caller's scratch space, because an event for each 16 bytes would
//! cost more than the copy. A small chunk that is completely in the input is parsed in one step.
//! The state machine, which takes one byte at a time, handles the rest: chunks that are cut, and
//! rare forms.

mod state;

pub use state::State;

use super::head::{Kind, Lines};
use super::headers::{Headers, is_value};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::http::config::{Limits, Policy, Remark, Remarks, body_too_large};

const SECTION: &str = "RFC 9112 §7.1";
const EXTENSIONS: &str = "RFC 9112 §7.1.1";

/// The length from which on a piece of a chunk is not copied, in bytes.
const BORROW_LEN: usize = 512;

/// The fast path copies so many bytes for a shorter chunk, too, if they fit: a copy of fixed length
/// takes two instructions instead of a call.
const COPY_LEN: usize = 32;

/// Fields that have no meaning after a body, or that have to be known before it: RFC 9110 §6.5.1.
const NOT_IN_TRAILERS: [&str; 16] = [
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Host",
    "Keep-Alive",
    "Location",
    "Proxy-Authenticate",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "WWW-Authenticate",
];

/// What the consumed bytes meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Nothing yet: more input is needed.
    More,
    /// So many bytes of body, the last of the consumed input.
    Run(usize),
    /// So many bytes of body were copied to the beginning of the scratch space.
    Copied(usize),
    /// A fault was tolerated.
    Remark(Remark),
    /// The body has ended. [`Decoder::trailers`] has the fields after it.
    End,
}

/// The result of one call of [`Decoder::feed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How many bytes of the input were consumed.
    pub consumed: usize,
    /// What they meant.
    pub event: Event,
}

/// Decodes one chunked body.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    state: State,
    /// Offset in the stream of the next byte.
    offset: u64,
    /// Offset in the stream of the current or last chunk size.
    size_at: u64,
    has_digits: bool,
    /// Offset in the stream of the white space after the size.
    space_at: u64,
    /// The size as far as it was parsed; in the data, the number of bytes left.
    left: u64,
    body_len: u64,
    /// Bytes of the current size line, and of all size lines, that are not the size.
    line_extra: usize,
    total_extra: u64,
    lines: Lines,
    trailers: Headers,
    /// The event [`Event::End`] was returned.
    end_reported: bool,
    remarks: Remarks,
    failed: Option<Box<Error>>,
}

impl Decoder {
    /// A decoder of a body that begins at offset `at` of the stream.
    pub fn new(limits: Limits, policy: Policy, at: u64) -> Decoder {
        Decoder {
            limits,
            state: State::Size,
            offset: at,
            size_at: at,
            has_digits: false,
            space_at: at,
            left: 0,
            body_len: 0,
            line_extra: 0,
            total_extra: 0,
            lines: Lines::new(Kind::Trailers, &limits, at),
            trailers: Headers::new(),
            end_reported: false,
            remarks: Remarks::new(policy),
            failed: None,
        }
    }

    /// Consumes a prefix of `input`. Small chunks are copied into `scratch`; if it is empty, each
    /// is an event of its own. May be called without input: an event can be ready without any.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::TooLarge`] with the offset in the stream. Bytes decoded
    /// before the error are returned first. Every later call returns the same error.
    pub fn feed(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Step, Error> {
        let (mut consumed, mut decoded) = (0, 0);
        let event = loop {
            if decoded > 0 && (self.failed.is_some() || !self.remarks.is_empty()) {
                break Event::Copied(decoded);
            }
            if let Some(remark) = self.remarks.take() {
                break Event::Remark(remark);
            }
            if let Some(error) = &self.failed {
                return Err((**error).clone());
            }
            let rest = &input[consumed..];
            match self.state {
                State::Done if decoded > 0 => break Event::Copied(decoded),
                State::Done if !self.end_reported => {
                    self.end_reported = true;
                    break Event::End;
                }
                _ if rest.is_empty() && decoded > 0 => break Event::Copied(decoded),
                _ if rest.is_empty() || self.state == State::Done => break Event::More,
                State::Data => {
                    let run = rest.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                    let fits = run < BORROW_LEN && run <= scratch.len() - decoded;
                    if decoded > 0 && !fits {
                        break Event::Copied(decoded);
                    }
                    self.take_data(run);
                    consumed += run;
                    if !fits {
                        break Event::Run(run);
                    }
                    scratch[decoded..decoded + run].copy_from_slice(&rest[..run]);
                    decoded += run;
                }
                State::Size if !self.has_digits => {
                    let (read, written) = self.take_small(rest, &mut scratch[decoded..]);
                    (consumed, decoded) = (consumed + read, decoded + written);
                    if read == 0 {
                        consumed += self.take_framing(rest);
                    }
                }
                _ => consumed += self.take_framing(rest),
            }
        };
        Ok(Step { consumed, event })
    }

    /// Tells the decoder that the stream has ended.
    ///
    /// # Errors
    /// [`Error::Incomplete`] unless the body has ended; the earlier error of a decoder that failed.
    pub fn finish(&self) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        let expected = match self.state {
            State::Done => return Ok(()),
            State::Size | State::Space | State::Extension | State::SizeEnd => {
                "the end of a chunk size"
            }
            State::Data => "the end of a chunk",
            State::DataCr | State::DataLf => "the CR LF after a chunk",
            State::Trailers => "the end of the trailer section",
        };
        Err(Error::Incomplete { expected, offset: self.offset, section: "RFC 9112 §8" })
    }

    /// What is expected next.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether the body and its trailer section have ended.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many bytes of body were decoded so far.
    pub fn body_len(&self) -> u64 {
        self.body_len
    }

    /// The trailer fields, once the body has ended.
    pub fn trailers(&self) -> &Headers {
        &self.trailers
    }

    /// Takes the trailer fields out of the decoder.
    pub(crate) fn take_trailers(&mut self) -> Headers {
        std::mem::take(&mut self.trailers)
    }

    /// Allocated memory, in bytes.
    pub fn capacity(&self) -> usize {
        self.lines.capacity() + self.trailers.capacity()
    }

    fn take_data(&mut self, run: usize) {
        self.offset += run as u64;
        self.body_len += run as u64;
        self.left -= run as u64;
        if self.left == 0 {
            self.state = State::DataCr;
        }
    }

    /// The fast path: takes complete small chunks. Returns how many bytes were consumed, and how
    /// many were copied.
    fn take_small(&mut self, input: &[u8], scratch: &mut [u8]) -> (usize, usize) {
        let (mut consumed, mut decoded) = (0, 0);
        let body_left = self.limits.body_bytes_max - self.body_len;
        while let Some((size_len, size)) = small_size(&input[consumed..]) {
            let rest = &input[consumed + size_len..];
            let is_whole = rest.get(size..size + 2) == Some(b"\r\n");
            if !is_whole || decoded + size > scratch.len() || (decoded + size) as u64 > body_left {
                break;
            }
            match (rest.first_chunk::<COPY_LEN>(), scratch[decoded..].first_chunk_mut::<COPY_LEN>())
            {
                (Some(from), Some(to)) if size <= COPY_LEN => *to = *from,
                _ => scratch[decoded..decoded + size].copy_from_slice(&rest[..size]),
            }
            decoded += size;
            consumed += size_len + size + 2;
        }
        self.offset += consumed as u64;
        self.body_len += decoded as u64;
        (consumed, decoded)
    }

    /// Takes bytes that are not data, and returns how many. An error is stored for the next
    /// iteration.
    fn take_framing(&mut self, input: &[u8]) -> usize {
        let taken = match self.state {
            State::Trailers => self.take_trailer_lines(input),
            _ => self.take_byte(input[0]).map(|()| 1),
        };
        match taken {
            Ok(taken) => {
                self.offset += taken as u64;
                taken
            }
            Err(error) => {
                self.failed = Some(Box::new(error));
                0
            }
        }
    }

    /// Takes one byte outside the data.
    fn take_byte(&mut self, byte: u8) -> Result<(), Error> {
        self.state = match (self.state, byte) {
            (State::Size, byte) if byte.is_ascii_hexdigit() => return self.take_digit(byte),
            (State::Size, _) if !self.has_digits => {
                let rule = "a chunk size begins with a hexadecimal digit";
                return Err(Error::malformed(rule, self.offset, SECTION));
            }
            (State::Size | State::Extension, b'\r') => State::SizeEnd,
            (State::Size | State::Space, b';') => {
                self.take_extra()?;
                self.end_space()?;
                State::Extension
            }
            (State::Size, b' ' | b'\t') => {
                self.take_extra()?;
                self.space_at = self.offset;
                State::Space
            }
            (State::Size, _) => {
                let rule = "a chunk size is hexadecimal digits up to CR LF or `;`";
                return Err(Error::malformed(rule, self.offset, SECTION));
            }
            (State::Space, b' ' | b'\t') => return self.take_extra(),
            (State::Space, _) => {
                let rule = "white space after a chunk size is allowed only before `;`";
                return Err(Error::malformed(rule, self.space_at, EXTENSIONS));
            }
            (State::Extension, byte) if is_value(byte) => return self.take_extra(),
            (State::Extension, _) => {
                let rule = "a chunk extension holds no control character and ends with CR LF";
                return Err(Error::malformed(rule, self.offset, EXTENSIONS));
            }
            (State::SizeEnd, b'\n') => return self.end_size(),
            (State::SizeEnd, _) => {
                let rule = "a CR is followed by a LF";
                return Err(Error::malformed(rule, self.offset - 1, SECTION));
            }
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size,
            (State::DataCr, _) => return Err(self.not_crlf_after_data(self.offset)),
            (State::DataLf, _) => return Err(self.not_crlf_after_data(self.offset - 1)),
            (State::Data | State::Trailers | State::Done, _) => self.state,
        };
        Ok(())
    }

    fn not_crlf_after_data(&self, at: u64) -> Error {
        Error::malformed("CR LF, and nothing else, follows the data of a chunk", at, SECTION)
    }

    fn take_digit(&mut self, digit: u8) -> Result<(), Error> {
        if !self.has_digits {
            (self.size_at, self.has_digits, self.line_extra) = (self.offset, true, 0);
        } else if self.left == 0 {
            // Leading zeros are counted, since there may be endlessly many.
            self.take_extra()?;
        }
        let value = u64::from(char::from(digit).to_digit(16).unwrap_or(0));
        let size = self.left.checked_mul(16).map(|size| size + value);
        let max = self.limits.body_bytes_max;
        let size = size.filter(|size| *size <= max - self.body_len);
        self.left = size.ok_or_else(|| body_too_large(max, self.size_at, SECTION))?;
        Ok(())
    }

    /// Counts a byte of a size line that is not part of the size.
    fn take_extra(&mut self) -> Result<(), Error> {
        let (line_max, total_max) =
            (self.limits.chunk_ext_bytes_max, self.limits.chunk_ext_total_bytes_max);
        if self.line_extra == line_max {
            let max = line_max as u64;
            return Err(Error::too_large("chunk_ext_bytes_max", max, self.offset, EXTENSIONS));
        }
        if self.total_extra == total_max {
            let limit = "chunk_ext_total_bytes_max";
            return Err(Error::too_large(limit, total_max, self.offset, EXTENSIONS));
        }
        self.line_extra += 1;
        self.total_extra += 1;
        Ok(())
    }

    /// At a `;`: white space before it is tolerated with a remark.
    fn end_space(&mut self) -> Result<(), Error> {
        if self.state != State::Space {
            return Ok(());
        }
        let offset = self.space_at;
        let text = "white space before a chunk extension";
        self.remarks.note(Remark { text, offset, section: EXTENSIONS })
    }

    fn end_size(&mut self) -> Result<(), Error> {
        self.has_digits = false;
        self.state = match self.left {
            0 => {
                self.lines = Lines::new(Kind::Trailers, &self.limits, self.offset + 1);
                State::Trailers
            }
            _ => State::Data,
        };
        Ok(())
    }

    fn take_trailer_lines(&mut self, input: &[u8]) -> Result<usize, Error> {
        let (taken, done) = self.lines.feed(input, &mut self.remarks)?;
        if done {
            self.trailers = self.lines.trailers()?;
            let is_out_of_place =
                |name: &str| NOT_IN_TRAILERS.iter().any(|other| other.eq_ignore_ascii_case(name));
            if let Some(field) = self.trailers.iter().find(|field| is_out_of_place(field.name)) {
                let text = "a trailer field that belongs before the body";
                let (offset, section) = (field.offset, "RFC 9110 §6.5.1");
                self.remarks.note(Remark { text, offset, section })?;
            }
            self.state = State::Done;
        }
        Ok(taken)
    }
}

/// The value of each hexadecimal digit; 255 for every other byte.
const DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

/// Parses a complete size line of the usual form at the beginning of `input`: one to three digits
/// without a leading zero, CR LF, and a size below [`BORROW_LEN`]. Returns its length and the size.
fn small_size(input: &[u8]) -> Option<(usize, usize)> {
    let (mut size, mut len) = (0, 0);
    if input.first() == Some(&b'0') {
        return None;
    }
    for byte in input.iter().take(3) {
        let digit = DIGITS[usize::from(*byte)];
        if digit > 15 {
            break;
        }
        size = size << 4 | usize::from(digit);
        len += 1;
    }
    let is_plain = input.get(len..len + 2) == Some(b"\r\n");
    (is_plain && len > 0 && size < BORROW_LEN).then_some((len + 2, size))
}

// ---- sending -----------------------------------------------------------------------------------

/// The last chunk, without trailer fields.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// The length of the longest chunk size that is sent, and of the two line ends, in bytes.
const CHUNK_EXTRA_BYTES: usize = 8 + 4;

/// Appends as much of `payload` as fits as one chunk, and returns how many bytes that was.
pub(crate) fn encode(payload: &[u8], out: &mut Buffer) -> Result<usize, Error> {
    let room = out.free_len().min(1 << 28).saturating_sub(CHUNK_EXTRA_BYTES);
    let len = payload.len().min(room);
    if len > 0 {
        out.append(format!("{len:x}\r\n").as_bytes())?;
        out.append(&payload[..len])?;
        out.append(b"\r\n")?;
    }
    Ok(len)
}
