//! The push decoder: it stores the members in a bounded buffer and decodes the payload into the
//! caller's scratch space.
//!
//! Specification: RFC 8259, RFC 4648 §4; the grammar and the states are on the page of the module.
//!
//! Two rules hold for every way of cutting the input: the same events (adjacent payload runs
//! merged), and the same error at the same offset. Bytes decoded before an error are always
//! reported first.

use super::escape::Escape;
use super::rest;
use super::rule::{self, Rule};
use super::scan::{ByteRole, ScanState, Scanner};
use super::state::State;
use crate::base64::{Fault, Quads};
use crate::buffer::SCRATCH_BYTES_MIN;
use crate::error::Error;
use std::borrow::Cow;

/// Stands for the payload in the stored members.
const PLACEHOLDER: &[u8] = b"null";

/// The limits of a decoder.
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

/// What the consumed bytes meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Nothing yet: more input is needed.
    More,
    /// The payload begins. [`Decoder::rest`] has the members before it as a validated object.
    PayloadStart,
    /// So many bytes of payload were written to the beginning of the scratch space.
    Payload(usize),
    /// The object ended. [`Decoder::rest`] has all its other members.
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

/// Where the payload is.
#[derive(Debug, Clone, Copy)]
struct Payload {
    /// Position of the placeholder in the stored text.
    rest_at: usize,
    /// Offset in the stream of the opening quote.
    text_from: u64,
    /// Offset in the stream after the closing quote; equal to `text_from` until it was read.
    text_to: u64,
    raw_len: u64,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy)]
enum Within {
    Rest,
    Run,
    Escape(Escape),
}

/// Length in bytes of the run of payload at the beginning of `text`: up to the next `"` or `\`.
pub fn run_len(text: &[u8]) -> usize {
    memchr::memchr2(b'"', b'\\', text).unwrap_or(text.len())
}

/// Decodes one JSON object with one base64 member.
#[derive(Debug)]
pub struct Decoder {
    key: Cow<'static, str>,
    limits: Limits,
    scanner: Scanner,
    within: Within,
    quads: Quads,
    /// Offset in the stream of the last base64 character that was consumed, or of its escape.
    character_at: u64,
    rest: Vec<u8>,
    /// Length of the prefix of `rest` that was checked when the payload began.
    checked: usize,
    key_at: usize,
    payload_next: bool,
    payload: Option<Payload>,
    offset: u64,
    failed: Option<Box<Error>>,
}

/// The section that allows limits on the size of a text.
const LIMITS_SECTION: &str = "RFC 8259 §9";

/// The greatest capacity of `rest` that is kept from one object to the next, in bytes.
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
            checked: 0,
            key_at: 0,
            payload_next: false,
            payload: None,
            offset: 0,
            failed: None,
        }
    }

    /// Starts over with another object and other limits; offsets begin at 0. Keeps the storage.
    pub fn restart(&mut self, limits: Limits) {
        let mut rest = std::mem::take(&mut self.rest);
        rest.clear();
        rest.shrink_to(REST_KEPT_MAX);
        let key = std::mem::replace(&mut self.key, Cow::Borrowed(""));
        *self = Decoder { rest, ..Decoder::new(key, limits) };
    }

    /// Consumes a prefix of `input`, and decodes payload into `scratch`: three bytes for every four
    /// characters, so scratch space of 3/4 of the input never fills up before the input ends.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`] with the offset counted from the beginning of
    /// the object; [`Error::Misuse`] if there is payload and `scratch` is shorter than
    /// [`SCRATCH_BYTES_MIN`](crate::buffer::SCRATCH_BYTES_MIN). Every later call returns the same
    /// error.
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

    /// Tells the decoder that the stream has ended.
    ///
    /// # Errors
    /// [`Error::Incomplete`] unless the object has ended; the earlier error if the decoder failed.
    pub fn finish(&self) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        let expected = match self.within {
            Within::Rest => self.scanner.state.expected(),
            Within::Run | Within::Escape(_) => Some("the end of the payload"),
        };
        match expected {
            Some(expected) => {
                Err(Error::Incomplete { expected, offset: self.offset, section: "RFC 8259 §2" })
            }
            None => Ok(()),
        }
    }

    /// The members as one JSON object in which the payload is `null`: those before the payload from
    /// [`Event::PayloadStart`] on, all of them after [`Event::End`].
    pub fn rest(&self) -> &[u8] {
        &self.rest
    }

    /// [`rest`](Decoder::rest) as a typed value. Errors cite `section`, the section of the
    /// specification that requires these members.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a member is missing or has a type or value that `T` does not accept.
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

    /// Offset in the stream of the value of a member of the object, or of an element of the value
    /// if that is an array. If there is no such value, the offset of the last byte that was stored:
    /// the closing brace, once the object has ended.
    pub(crate) fn value_offset(&self, name: &str, element: Option<usize>) -> u64 {
        self.stream_offset(rest::value_start(&self.rest, name, element))
    }

    /// Length in bytes of the payload decoded so far; `None` if the payload has not begun.
    pub fn payload_len(&self) -> Option<u64> {
        self.payload.map(|payload| payload.raw_len)
    }

    /// Whether the object has ended.
    pub fn is_done(&self) -> bool {
        self.scanner.state == ScanState::Done
    }

    /// What is expected next. After an error, what was expected at its offset.
    pub fn state(&self) -> State {
        match self.within {
            Within::Rest => self.scanner.state.into(),
            Within::Run => State::Payload,
            Within::Escape(_) => State::Escape,
        }
    }

    /// Allocated memory, in bytes.
    pub fn capacity(&self) -> usize {
        self.rest.capacity()
    }

    // ---- outside the payload -------------------------------------------------------------------

    fn feed_rest(&mut self, input: &[u8]) -> Result<Step, Error> {
        let done = self.is_done();
        let placeholder = if self.payload.is_some() { PLACEHOLDER.len() } else { 0 };
        let mut stored = 0;
        for (at, &byte) in input.iter().enumerate() {
            let offset = self.offset + at as u64;
            let role = match self.scanner.step(byte) {
                Ok(role) => role,
                Err(rule) => {
                    self.rest.extend_from_slice(&input[stored..at]);
                    return Err(self.first_fault(broken(rule, offset)));
                }
            };
            let outside = self.rest.len() - placeholder + (at - stored);
            if !done && outside >= self.limits.rest_bytes_max {
                return Err(self.too_large(offset));
            }
            if role == ByteRole::Plain {
                continue;
            }
            let opens_payload = self.payload_next && role == ByteRole::TextStart;
            let upto = if opens_payload { at } else { at + 1 };
            self.rest.extend_from_slice(&input[stored..upto]);
            stored = at + 1;
            let event = self.act_on(role, offset)?;
            if event != Event::More {
                return Ok(Step { consumed: at + 1, event });
            }
        }
        if !done {
            self.rest.extend_from_slice(&input[stored..]);
        }
        Ok(Step { consumed: input.len(), event: Event::More })
    }

    /// Acts on a structural byte, which is stored already.
    fn act_on(&mut self, role: ByteRole, offset: u64) -> Result<Event, Error> {
        match role {
            ByteRole::KeyStart => self.key_at = self.rest.len(),
            ByteRole::KeyEnd => self.end_key(offset)?,
            ByteRole::TextStart if self.payload_next => return self.open_payload(offset),
            ByteRole::OtherStart if self.payload_next => {
                return Err(self.first_fault(broken(rule::PAYLOAD, offset)));
            }
            ByteRole::End => {
                self.check_end()?;
                return Ok(Event::End);
            }
            ByteRole::Plain | ByteRole::TextStart | ByteRole::OtherStart => {}
        }
        Ok(Event::More)
    }

    /// A member name has ended: finds out whether the payload is next.
    fn end_key(&mut self, offset: u64) -> Result<(), Error> {
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
        self.check()?;
        self.checked = self.rest.len();
        self.within = Within::Run;
        Ok(Event::PayloadStart)
    }

    /// Validates the object at its end. What was checked when the payload began is not checked
    /// again if only white space and the brace follow the payload, as in most chunks.
    fn check_end(&self) -> Result<(), Error> {
        let since = self.rest.get(self.checked.saturating_sub(1)..).unwrap_or(&[]);
        match self.checked > 0 && since.trim_ascii() == b"}" {
            true => Ok(()),
            false => self.check(),
        }
    }

    fn check(&self) -> Result<(), Error> {
        rest::check(&self.rest).map_err(|fault| self.locate(fault))
    }

    /// The error to report where the scanner found `error`. The members before it have not been
    /// validated yet, so an error in them is reported instead.
    fn first_fault(&self, error: Error) -> Error {
        match rest::check(&self.rest) {
            Err(rest::Fault::Rule { rule: rule::COMPLETE, .. }) | Ok(()) => error,
            Err(fault) => self.locate(fault),
        }
    }

    fn locate(&self, fault: rest::Fault) -> Error {
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

    /// The offset in the stream of a byte of the stored text.
    fn stream_offset(&self, rest_at: usize) -> u64 {
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
        let (mut consumed, mut decoded) = (0, 0);
        let mut failed = None;
        while consumed < input.len() && scratch.len() - decoded >= 3 {
            let step = match self.within {
                Within::Rest => break,
                Within::Run => self.take_run(&input[consumed..], &mut scratch[decoded..], consumed),
                Within::Escape(part) => {
                    self.take_escape(part, input[consumed], &mut scratch[decoded..])
                }
            };
            consumed += step.consumed;
            decoded += step.decoded;
            if step.failed.is_some() {
                failed = step.failed;
                break;
            }
        }
        if let Some(payload) = &mut self.payload {
            payload.raw_len += decoded as u64;
        }
        match failed {
            // Nothing after `consumed` was taken, so the next call finds the same error at once.
            Some(error) if decoded == 0 => Err(error),
            _ if decoded > 0 => Ok(Step { consumed, event: Event::Payload(decoded) }),
            _ => Ok(Step { consumed, event: Event::More }),
        }
    }

    /// Takes the longest run up to the next `"` or `\`, or that byte if it is the first. `before`
    /// is how many bytes of the input of this call were consumed already.
    fn take_run(&mut self, input: &[u8], scratch: &mut [u8], before: usize) -> Taken {
        let window = &input[..input.len().min(scratch.len() / 3 * 4 + 4)];
        let len = run_len(window);
        let offset = self.offset + before as u64;
        if len > 0 {
            let run = self.quads.run(&window[..len], scratch);
            let at = offset + run.consumed as u64;
            if run.consumed > 0 {
                self.character_at = at - 1;
            }
            let failed = run.fault.map(|fault| match window[run.consumed] {
                0..b' ' => broken(rule::CONTROL, at),
                _ => self.base64_error(fault, at),
            });
            return Taken { consumed: run.consumed, decoded: run.written, failed };
        }
        if window[0] == b'\\' {
            self.within = Within::Escape(Escape::new(offset));
            return Taken { consumed: 1, decoded: 0, failed: None };
        }
        self.close_payload(offset)
    }

    fn close_payload(&mut self, offset: u64) -> Taken {
        if !self.quads.is_complete() {
            let rule = "base64 text is a multiple of four characters";
            let failed = Some(Error::malformed(rule, offset, "RFC 4648 §3.2"));
            return Taken { consumed: 0, decoded: 0, failed };
        }
        if let Some(payload) = &mut self.payload {
            payload.text_to = offset + 1;
        }
        // Removes the brace that completed the object for the caller at PayloadStart.
        self.rest.pop();
        self.within = Within::Rest;
        self.scanner.state = ScanState::After;
        Taken { consumed: 1, decoded: 0, failed: None }
    }

    /// Takes one byte of an escape (RFC 8259 §7).
    fn take_escape(&mut self, mut escape: Escape, byte: u8, scratch: &mut [u8]) -> Taken {
        let failed = match escape.push(byte) {
            Ok(None) => {
                self.within = Within::Escape(escape);
                return Taken { consumed: 1, decoded: 0, failed: None };
            }
            Ok(Some(character)) => match self.quads.push(character) {
                Ok((bytes, decoded)) => {
                    self.character_at = escape.at;
                    scratch[..decoded].copy_from_slice(&bytes[..decoded]);
                    self.within = Within::Run;
                    return Taken { consumed: 1, decoded, failed: None };
                }
                Err(fault) => self.base64_error(fault, escape.at),
            },
            Err(rule) => broken(rule, escape.at),
        };
        Taken { consumed: 0, decoded: 0, failed: Some(failed) }
    }

    /// The error for the fault that was found at `offset`. Unused bits that are not zero are in the
    /// character before the padding.
    fn base64_error(&self, fault: Fault, offset: u64) -> Error {
        let offset = if fault == Fault::UnusedBits { self.character_at } else { offset };
        Error::malformed(fault.rule(), offset, fault.section())
    }
}

/// The result of one step inside the payload.
struct Taken {
    consumed: usize,
    decoded: usize,
    failed: Option<Error>,
}

fn broken(rule: Rule, offset: u64) -> Error {
    Error::malformed(rule.words, offset, rule.section)
}
