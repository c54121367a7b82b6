//! The push decoder: members into a bounded buffer, the payload into the caller's scratch space.
//!
//! Specification: RFC 8259, RFC 4648 §4; see the page of the module for the picture.
//!
//! Two rules hold for every way of cutting the input: the same events (adjacent payload runs
//! merged), and the same error at the same offset. Bytes decoded before an error are always
//! reported first.

use super::rest;
use super::rule::{self, Rule};
use super::scan::{Place, Scanner, Sight};
use super::state::State;
use crate::base64::{Fault, Quads};
use crate::buffer::SCRATCH_BYTES_MIN;
use crate::error::Error;
use std::borrow::Cow;

/// What the payload is replaced by in the gathered members.
const PLACEHOLDER: &[u8] = b"null";

/// The bounds of a decoder.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The greatest length in bytes of everything outside the payload and its quotes.
    pub rest_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { rest_bytes_max: 65_536 }
    }
}

/// What one step met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Nothing yet: more input, please.
    More,
    /// The payload begins; [`Decoder::rest`] holds the members before it, closed as an object and
    /// already judged.
    PayloadStart,
    /// So many bytes of payload were laid into the beginning of the room.
    Payload(usize),
    /// The object ended; [`Decoder::rest`] holds all its other members.
    End,
}

/// What one call of [`Decoder::feed`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How many bytes of the input were eaten.
    pub consumed: usize,
    /// What they meant.
    pub event: Event,
}

/// Where the payload stands.
#[derive(Debug, Clone, Copy)]
struct Payload {
    /// Position of the placeholder in the gathered text.
    rest_at: usize,
    /// Offset in the stream of the opening quote.
    text_from: u64,
    /// Offset in the stream behind the closing quote, once it was there.
    text_to: u64,
    raw_len: u64,
}

/// An escape in the payload, `\` and what was there of the rest.
#[derive(Debug, Clone, Copy)]
struct Escape {
    at: u64,
    /// `\u` was seen.
    unicode: bool,
    digits: u8,
    value: u16,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy)]
enum Within {
    Rest,
    Run,
    Escape(Escape),
}

/// Length of the run of payload at the beginning of `text`: up to the next `"` or `\`, or all of
/// it.
pub fn run_len(text: &[u8]) -> usize {
    memchr::memchr2(b'"', b'\\', text).unwrap_or(text.len())
}

/// Decodes one JSON object in which one member is base64.
#[derive(Debug)]
pub struct Decoder {
    key: Cow<'static, str>,
    limits: Limits,
    scanner: Scanner,
    within: Within,
    quads: Quads,
    /// Offset in the stream of the last base64 character that was taken, or of its escape.
    character_at: u64,
    rest: Vec<u8>,
    /// How much of `rest` was judged when the payload began.
    judged: usize,
    key_at: usize,
    payload_next: bool,
    payload: Option<Payload>,
    offset: u64,
    failed: Option<Box<Error>>,
}

/// The section that allows limits on a text.
const LIMITS_SECTION: &str = "RFC 8259 §9";

/// More capacity than this is not kept from one object to the next, in bytes.
const REST_KEPT_MAX: usize = 1024;

impl Decoder {
    /// A decoder of one object whose payload is the member `payload_key`.
    pub fn new(payload_key: impl Into<Cow<'static, str>>, limits: Limits) -> Decoder {
        Decoder {
            key: payload_key.into(),
            limits,
            scanner: Scanner::new(),
            within: Within::Rest,
            quads: Quads::default(),
            character_at: 0,
            rest: Vec::new(),
            judged: 0,
            key_at: 0,
            payload_next: false,
            payload: None,
            offset: 0,
            failed: None,
        }
    }

    /// Begins again with another object and other limits, keeping the storage. Offsets count from
    /// 0.
    pub fn restart(&mut self, limits: Limits) {
        let mut rest = std::mem::take(&mut self.rest);
        rest.clear();
        rest.shrink_to(REST_KEPT_MAX);
        let key = std::mem::replace(&mut self.key, Cow::Borrowed(""));
        *self = Decoder { rest, ..Decoder::new(key, limits) };
    }

    /// Eats a prefix of `input`, and lays decoded payload into `scratch`: at most three bytes for
    /// every four of its text, so a room of 3/4 of the input is never full too early.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`] with the offset counted from the beginning of
    /// the object; [`Error::Misuse`] if payload comes and the room is smaller than
    /// [`SCRATCH_BYTES_MIN`](crate::buffer::SCRATCH_BYTES_MIN). The same again on every later
    /// call.
    pub fn feed(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Step, Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        let step = match self.within {
            Within::Rest => self.feed_rest(input),
            Within::Run | Within::Escape(_) => self.feed_payload(input, scratch),
        };
        match &step {
            Ok(step) => self.offset += step.consumed as u64,
            Err(error) => self.failed = Some(Box::new(error.clone())),
        }
        step
    }

    /// The stream ended here.
    ///
    /// # Errors
    /// [`Error::Incomplete`] unless the object has ended, or the error the decoder is in.
    pub fn finish(&self) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        let expected = match self.within {
            Within::Rest => self.scanner.place.expected(),
            Within::Run | Within::Escape(_) => Some("the end of the payload"),
        };
        match expected {
            Some(expected) => {
                Err(Error::Incomplete { expected, offset: self.offset, section: "RFC 8259 §2" })
            }
            None => Ok(()),
        }
    }

    /// The members outside the payload as one JSON object, in which the payload is `null`: those
    /// before the payload from [`Event::PayloadStart`] on, all of them after [`Event::End`].
    pub fn rest(&self) -> &[u8] {
        &self.rest
    }

    /// [`rest`](Decoder::rest) as a typed value. `section` is the section of the specification
    /// that demands these members; errors cite it.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a member is missing or is not what the type demands.
    pub fn parse<'a, T: serde::Deserialize<'a>>(
        &'a self,
        section: &'static str,
    ) -> Result<T, Error> {
        rest::parse(&self.rest).map_err(|(words, at)| Error::Malformed {
            rule: Cow::Owned(words),
            offset: self.stream_offset(at),
            section,
        })
    }

    /// Length in bytes of the payload decoded so far; `None` if that member has not come.
    pub fn payload_len(&self) -> Option<u64> {
        self.payload.map(|payload| payload.raw_len)
    }

    /// Whether the object has ended.
    pub fn is_done(&self) -> bool {
        self.scanner.place == Place::Done
    }

    /// What is expected next. After an error it is what was expected where the bytes were refused.
    pub fn state(&self) -> State {
        match self.within {
            Within::Rest => self.scanner.place.into(),
            Within::Run => State::Payload,
            Within::Escape(_) => State::Escape,
        }
    }

    /// Memory taken from the allocator, in bytes.
    pub fn capacity(&self) -> usize {
        self.rest.capacity()
    }

    // ---- outside the payload -------------------------------------------------------------------

    fn feed_rest(&mut self, input: &[u8]) -> Result<Step, Error> {
        let done = self.is_done();
        let placeholder = if self.payload.is_some() { PLACEHOLDER.len() } else { 0 };
        let mut gathered = 0;
        for (at, &byte) in input.iter().enumerate() {
            let offset = self.offset + at as u64;
            let sight = match self.scanner.step(byte) {
                Ok(sight) => sight,
                Err(rule) => {
                    self.rest.extend_from_slice(&input[gathered..at]);
                    return Err(self.first_fault(broken(rule, offset)));
                }
            };
            let outside = self.rest.len() - placeholder + (at - gathered);
            if !done && outside >= self.limits.rest_bytes_max {
                return Err(self.too_large(offset));
            }
            if sight == Sight::Plain {
                continue;
            }
            let opens_payload = self.payload_next && sight == Sight::TextStart;
            let upto = if opens_payload { at } else { at + 1 };
            self.rest.extend_from_slice(&input[gathered..upto]);
            gathered = at + 1;
            let event = self.see(sight, offset)?;
            if event != Event::More {
                return Ok(Step { consumed: at + 1, event });
            }
        }
        if !done {
            self.rest.extend_from_slice(&input[gathered..]);
        }
        Ok(Step { consumed: input.len(), event: Event::More })
    }

    /// Acts on a byte of structure, which is gathered already.
    fn see(&mut self, sight: Sight, offset: u64) -> Result<Event, Error> {
        match sight {
            Sight::KeyStart => self.key_at = self.rest.len(),
            Sight::KeyEnd => self.see_key(offset)?,
            Sight::TextStart if self.payload_next => return self.open_payload(offset),
            Sight::OtherStart if self.payload_next => {
                return Err(self.first_fault(broken(rule::PAYLOAD, offset)));
            }
            Sight::End => {
                self.judge_end()?;
                return Ok(Event::End);
            }
            Sight::Plain | Sight::TextStart | Sight::OtherStart => {}
        }
        Ok(Event::More)
    }

    /// A member name has ended: is it the payload's?
    fn see_key(&mut self, offset: u64) -> Result<(), Error> {
        let raw = &self.rest[self.key_at..self.rest.len() - 1];
        self.payload_next = if raw.contains(&b'\\') {
            let quoted = &self.rest[self.key_at - 1..];
            serde_json::from_slice::<String>(quoted).is_ok_and(|key| key == self.key)
        } else {
            raw == self.key.as_bytes()
        };
        if self.payload_next && self.payload.is_some() {
            return Err(broken(rule::DUPLICATE, offset));
        }
        Ok(())
    }

    fn open_payload(&mut self, offset: u64) -> Result<Event, Error> {
        self.payload_next = false;
        let rest_at = self.rest.len();
        self.payload = Some(Payload { rest_at, text_from: offset, text_to: offset, raw_len: 0 });
        self.rest.extend_from_slice(PLACEHOLDER);
        self.rest.push(b'}');
        self.judge()?;
        self.judged = self.rest.len();
        self.within = Within::Run;
        Ok(Event::PayloadStart)
    }

    /// The object has ended. What was judged when the payload began is not judged again if only
    /// white space and the brace came behind it: the common case of a chunk.
    fn judge_end(&self) -> Result<(), Error> {
        let since = self.rest.get(self.judged.saturating_sub(1)..).unwrap_or(&[]);
        match self.judged > 0 && since.trim_ascii() == b"}" {
            true => Ok(()),
            false => self.judge(),
        }
    }

    fn judge(&self) -> Result<(), Error> {
        rest::check(&self.rest).map_err(|fault| self.place(fault))
    }

    /// The error to report where the walk met `error`: what was gathered before has not been
    /// judged yet, and a fault in it comes first.
    fn first_fault(&self, error: Error) -> Error {
        match rest::check(&self.rest) {
            Err(rest::Fault::Rule { rule: rule::WHOLE, .. }) | Ok(()) => error,
            Err(fault) => self.place(fault),
        }
    }

    fn place(&self, fault: rest::Fault) -> Error {
        match fault {
            rest::Fault::Rule { rule, at } => broken(rule, self.stream_offset(at)),
            rest::Fault::Members { at } => Error::TooLarge {
                limit: "members_max",
                max: rest::MEMBERS_MAX as u64,
                offset: self.stream_offset(at),
                section: LIMITS_SECTION,
            },
        }
    }

    /// Where a byte of the gathered text stood in the stream.
    pub(super) fn stream_offset(&self, rest_at: usize) -> u64 {
        match self.payload {
            Some(payload) if rest_at >= payload.rest_at + PLACEHOLDER.len() => {
                payload.text_to + (rest_at - payload.rest_at - PLACEHOLDER.len()) as u64
            }
            Some(payload) if rest_at >= payload.rest_at => payload.text_from,
            _ => rest_at as u64,
        }
    }

    fn too_large(&self, offset: u64) -> Error {
        let max = self.limits.rest_bytes_max as u64;
        Error::TooLarge { limit: "rest_bytes_max", max, offset, section: LIMITS_SECTION }
    }

    // ---- inside the payload --------------------------------------------------------------------

    fn feed_payload(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Step, Error> {
        if scratch.len() < SCRATCH_BYTES_MIN {
            return Err(Error::Misuse("the scratch space for payload is too short"));
        }
        let (mut eaten, mut made) = (0, 0);
        let mut failed = None;
        while eaten < input.len() && scratch.len() - made >= 3 {
            let step = match self.within {
                Within::Rest => break,
                Within::Run => self.take_run(&input[eaten..], &mut scratch[made..], eaten),
                Within::Escape(part) => self.take_escape(part, input[eaten], &mut scratch[made..]),
            };
            eaten += step.eaten;
            made += step.made;
            if step.failed.is_some() {
                failed = step.failed;
                break;
            }
        }
        if let Some(payload) = &mut self.payload {
            payload.raw_len += made as u64;
        }
        match failed {
            // Nothing behind `eaten` was taken, so the next call meets the same error at once.
            Some(error) if made == 0 => Err(error),
            _ if made > 0 => Ok(Step { consumed: eaten, event: Event::Payload(made) }),
            _ => Ok(Step { consumed: eaten, event: Event::More }),
        }
    }

    /// Takes the longest run up to the next `"` or `\`, or that byte if it is the first. `before`
    /// is how much of this input was eaten already.
    fn take_run(&mut self, input: &[u8], scratch: &mut [u8], before: usize) -> Taken {
        let window = &input[..input.len().min(scratch.len() / 3 * 4 + 4)];
        let run = run_len(window);
        let offset = self.offset + before as u64;
        if run > 0 {
            let did = self.quads.run(&window[..run], scratch);
            let at = offset + did.eaten as u64;
            if did.eaten > 0 {
                self.character_at = at - 1;
            }
            let failed = did.fault.map(|fault| match window[did.eaten] {
                0..b' ' => broken(rule::CONTROL, at),
                _ => self.base64_error(fault, at),
            });
            return Taken { eaten: did.eaten, made: did.made, failed };
        }
        if window[0] == b'\\' {
            let escape = Escape { at: offset, unicode: false, digits: 0, value: 0 };
            self.within = Within::Escape(escape);
            return Taken { eaten: 1, made: 0, failed: None };
        }
        self.close_payload(offset)
    }

    fn close_payload(&mut self, offset: u64) -> Taken {
        if !self.quads.is_whole() {
            let rule = "base64 text is a multiple of four characters";
            let failed = Some(Error::malformed(rule, offset, "RFC 4648 §3.2"));
            return Taken { eaten: 0, made: 0, failed };
        }
        if let Some(payload) = &mut self.payload {
            payload.text_to = offset + 1;
        }
        // The brace that closed the members for the reader of PayloadStart goes away again.
        self.rest.pop();
        self.within = Within::Rest;
        self.scanner.place = Place::After;
        Taken { eaten: 1, made: 0, failed: None }
    }

    /// Takes one byte of an escape (RFC 8259 §7).
    fn take_escape(&mut self, mut escape: Escape, byte: u8, scratch: &mut [u8]) -> Taken {
        let bad = |rule| Some(broken(rule, escape.at));
        let character = if !escape.unicode {
            match byte {
                b'u' => None,
                b'"' | b'\\' | b'/' => Some(u16::from(byte)),
                // Legal in JSON, but never of the alphabet.
                b'b' | b'f' | b'n' | b'r' | b't' => Some(u16::from(b' ')),
                _ => return Taken { eaten: 0, made: 0, failed: bad(rule::ESCAPE) },
            }
        } else {
            let Some(digit) = char::from(byte).to_digit(16) else {
                return Taken { eaten: 0, made: 0, failed: bad(rule::FOUR_DIGITS) };
            };
            escape.value = escape.value << 4 | digit as u16;
            escape.digits += 1;
            (escape.digits == 4).then_some(escape.value)
        };
        let Some(character) = character else {
            self.within = Within::Escape(Escape { unicode: true, ..escape });
            return Taken { eaten: 1, made: 0, failed: None };
        };
        // A character beyond one byte is as foreign as a space.
        match self.quads.push(u8::try_from(character).unwrap_or(b' ')) {
            Err(fault) => {
                let failed = Some(self.base64_error(fault, escape.at));
                Taken { eaten: 0, made: 0, failed }
            }
            Ok((bytes, made)) => {
                self.character_at = escape.at;
                scratch[..made].copy_from_slice(&bytes[..made]);
                self.within = Within::Run;
                Taken { eaten: 1, made, failed: None }
            }
        }
    }

    /// The fault that the character at `offset` showed. Bits that have to be zero stand in the
    /// character before the padding.
    fn base64_error(&self, fault: Fault, offset: u64) -> Error {
        let offset = if fault == Fault::UnusedBits { self.character_at } else { offset };
        Error::malformed(fault.rule(), offset, fault.section())
    }
}

/// What was taken of the input inside the payload.
struct Taken {
    eaten: usize,
    made: usize,
    failed: Option<Error>,
}

fn broken(rule: Rule, offset: u64) -> Error {
    Error::malformed(rule.words, offset, rule.section)
}
