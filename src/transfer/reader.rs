//! Parses the frames of one direction into messages and runs of payload.
//!
//! Specification: `PROTOCOL.md` §3 to §5.
//!
//! ```text
//!   prefix ─▶ body ─┬────────────────────────────────▶ Message      (no payload)
//!                   └▶ ChunkStart ─▶ Payload … ─▶ Message(Chunk)    (payload)
//! ```
//!
//! Payload is passed on while its frame is still arriving, so a frame is never stored, only its
//! other members. A peer may write the payload *before* `id` and `offset`. Then the payload of that
//! frame is stored until both are known.

use super::chunk;
use super::form;
use super::frame::{FRAME_BYTES_HELLO_MAX, Frames};
use super::message::{self, Chunk, Message, PAYLOAD_KEY, Side};
use super::place::Place;
use crate::envelope::{Decoder, Event, Limits};
use crate::error::Error;
use crate::text::PeerText;
use serde::Deserialize;

/// What was parsed.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// The payload of a chunk follows. The checksum is `None` if it comes after the payload; the
    /// message has it.
    ChunkStart(Chunk),
    /// Bytes of a file.
    Payload(&'a [u8]),
    /// A complete message. The payload of a chunk precedes it.
    Message(Message<'a>),
}

/// The result of one call of [`Reader::receive`].
#[derive(Debug)]
pub struct Read<'a> {
    /// How many bytes of the input were consumed.
    pub consumed: usize,
    /// The place in the stream of the message that the item belongs to.
    pub at: Place<'a>,
    /// What was parsed; `None` if more input is needed.
    pub item: Option<Item<'a>>,
}

/// What is done with the payload of the current frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// No payload has begun.
    None,
    /// Pass it on as it arrives.
    Stream,
    /// Store it until the end of the frame, since its id or offset is not known yet.
    Hold,
    /// Discard it: it belongs to a message that has no payload, or an unknown type.
    Drop,
}

/// What is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Prefix,
    Body,
    /// The frame has ended: stored payload, if any, and the message are passed on.
    HeldStart,
    HeldPayload,
    Message,
}

/// The type of a message, if it is known when its payload begins.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<PeerText<'a>>,
}

/// Parses one direction of a connection.
#[derive(Debug)]
pub struct Reader {
    from: Side,
    frames: Frames,
    decoder: Decoder,
    stage: Stage,
    mode: Mode,
    held: Vec<u8>,
    /// Offset in the stream of the body of this frame.
    body_at: u64,
    failed: Option<Box<Error>>,
}

impl Reader {
    /// A reader of what `from` sends, at the beginning of the stream.
    pub fn new(from: Side) -> Reader {
        let limits = Limits { rest_bytes_max: FRAME_BYTES_HELLO_MAX as usize };
        Reader {
            from,
            frames: Frames::new(),
            decoder: Decoder::new(PAYLOAD_KEY, limits),
            stage: Stage::Prefix,
            mode: Mode::None,
            held: Vec::new(),
            body_at: 0,
            failed: None,
        }
    }

    /// Changes the limit of frames, from the next one on.
    pub fn set_frame_limit(&mut self, bytes: u32) {
        self.frames.set_limit(bytes);
    }

    /// How many bytes of the stream were consumed.
    pub fn offset(&self) -> u64 {
        self.frames.offset()
    }

    /// Allocated memory, in bytes.
    pub fn capacity(&self) -> usize {
        self.decoder.capacity() + self.held.capacity()
    }

    /// Consumes a prefix of `input` up to the next item. May be called without input: an item can
    /// be ready without any.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::TooLarge`], with the offset in the stream. Every later
    /// call returns the same error.
    pub fn receive<'a>(
        &'a mut self,
        input: &[u8],
        scratch: &'a mut [u8],
    ) -> Result<Read<'a>, Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        let (consumed, next) = match self.advance(input, scratch) {
            Ok(advanced) => advanced,
            Err(error) => return Err(fail(&mut self.failed, error)),
        };
        let at = Place::new(&self.decoder, self.body_at);
        let item = match next {
            Next::More => None,
            Next::Start(chunk) => Some(Item::ChunkStart(chunk)),
            Next::Payload(len) => Some(Item::Payload(&scratch[..len])),
            Next::Held => Some(Item::Payload(&self.held)),
            Next::Message => match Message::parse(&self.decoder, self.from) {
                Ok(message) => Some(Item::Message(message)),
                Err(error) => return Err(fail(&mut self.failed, error.shifted(self.body_at))),
            },
        };
        Ok(Read { consumed, at, item })
    }

    /// Discards a chunk whose payload is stored, if there is one, because the session ignores it.
    /// Its items would consume no input, and with neither an event nor consumed input the session
    /// would seem to need more input.
    pub fn discard_held(&mut self) {
        let is_held = matches!(self.stage, Stage::HeldPayload | Stage::Message);
        if is_held && self.mode == Mode::Hold {
            self.held = Vec::new();
            self.stage = Stage::Prefix;
        }
    }

    /// Tells the reader that the stream has ended.
    ///
    /// # Errors
    /// [`Error::Incomplete`] inside a frame; the earlier error of a reader that failed.
    pub fn finish(&self) -> Result<(), Error> {
        match &self.failed {
            Some(error) => Err((**error).clone()),
            None => self.frames.finish(),
        }
    }

    fn advance(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<(usize, Next), Error> {
        let mut consumed = 0;
        loop {
            let input = &input[consumed..];
            match self.stage {
                Stage::Prefix if input.is_empty() => {
                    self.release();
                    return Ok((consumed, Next::More));
                }
                Stage::Prefix => consumed += self.take_prefix(input)?,
                // Only now: the items of the last bytes are passed on before an error at the end of
                // the body.
                Stage::Body if self.frames.body_left() == 0 => self.end_body()?,
                Stage::Body => {
                    let (taken, next) = self.take_body(input, scratch)?;
                    consumed += taken;
                    if next != Next::More || taken == 0 {
                        return Ok((consumed, next));
                    }
                }
                Stage::HeldStart => {
                    self.stage = Stage::HeldPayload;
                    return Ok((consumed, Next::Start(self.held_chunk()?)));
                }
                Stage::HeldPayload => {
                    self.stage = Stage::Message;
                    return Ok((consumed, Next::Held));
                }
                Stage::Message => {
                    self.stage = Stage::Prefix;
                    return Ok((consumed, Next::Message));
                }
            }
        }
    }

    /// Frees memory between frames, so that an idle connection does not keep the memory of a long
    /// frame.
    fn release(&mut self) {
        self.held = Vec::new();
        self.decoder.restart(Limits { rest_bytes_max: 0 });
    }

    fn take_prefix(&mut self, input: &[u8]) -> Result<usize, Error> {
        let (taken, len) = self.frames.take_prefix(input)?;
        if let Some(len) = len {
            self.decoder.restart(Limits { rest_bytes_max: len as usize });
            self.held = Vec::new();
            self.mode = Mode::None;
            self.body_at = self.frames.offset();
            self.stage = Stage::Body;
        }
        Ok(taken)
    }

    fn take_body(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<(usize, Next), Error> {
        let body = &input[..input.len().min(self.frames.body_left() as usize)];
        let step = self.decoder.feed(body, scratch).map_err(|error| error.shifted(self.body_at))?;
        self.frames.take_body(step.consumed);
        let next = match step.event {
            Event::More | Event::End => Next::More,
            Event::PayloadStart => self.start_payload()?,
            Event::Payload(len) => self.pass_on(&scratch[..len]),
        };
        Ok((step.consumed, next))
    }

    fn start_payload(&mut self) -> Result<Next, Error> {
        let (mode, next) =
            payload_mode(&self.decoder).map_err(|error| error.shifted(self.body_at))?;
        self.mode = mode;
        Ok(next)
    }

    fn pass_on(&mut self, bytes: &[u8]) -> Next {
        match self.mode {
            Mode::Stream => return Next::Payload(bytes.len()),
            Mode::Hold => self.held.extend_from_slice(bytes),
            Mode::Drop | Mode::None => {}
        }
        Next::More
    }

    fn end_body(&mut self) -> Result<(), Error> {
        if !self.decoder.is_done() {
            let rule = "one JSON object that ends within its frame";
            return Err(Error::malformed(rule, self.frames.offset(), "PROTOCOL §3.4"));
        }
        check_payload(Place::new(&self.decoder, self.body_at), &self.decoder)?;
        self.stage = if self.mode == Mode::Hold && is_chunk(&self.decoder) {
            Stage::HeldStart
        } else {
            Stage::Message
        };
        Ok(())
    }

    fn held_chunk(&self) -> Result<Chunk, Error> {
        chunk::complete(&self.decoder).map_err(|error| error.shifted(self.body_at))
    }
}

// ---- one message alone -------------------------------------------------------------------------

/// Checks the members before a payload that begins. `at` is the offset of the frame's body in the
/// stream.
///
/// # Errors
/// [`Error::Malformed`] for a member of the wrong type, as from [`Reader::receive`].
pub fn check_before_payload(decoder: &Decoder, at: u64) -> Result<(), Error> {
    payload_mode(decoder).map(drop).map_err(|error| error.shifted(at))
}

/// Checks a complete message: all that [`Reader::receive`] and the sessions check before the
/// protocol state. `at` is the offset of the frame's body in the stream.
///
/// # Errors
/// [`Error::Malformed`] and [`Error::TooLarge`], as from a session.
pub fn check_message(decoder: &Decoder, from: Side, at: u64) -> Result<(), Error> {
    let place = Place::new(decoder, at);
    check_payload(place, decoder)?;
    let message = Message::parse(decoder, from).map_err(|error| error.shifted(at))?;
    form::check(&message, place)
}

/// Checks that a chunk has a payload.
fn check_payload(at: Place<'_>, decoder: &Decoder) -> Result<(), Error> {
    if decoder.payload_len().unwrap_or(0) == 0 && is_chunk(decoder) {
        let rule = "a chunk carries filedata, at least one byte";
        return Err(Error::malformed(rule, at.value(PAYLOAD_KEY), "PROTOCOL §5.2"));
    }
    Ok(())
}

fn is_chunk(decoder: &Decoder) -> bool {
    let kind = message::members::<Kind<'_>>(decoder);
    kind.is_ok_and(|kind| kind.kind.is_some_and(|kind| kind == "chunk"))
}

/// What to do with the payload that begins. Its `id` and `offset` have a meaning only if the type
/// is known to be `chunk`.
fn payload_mode(decoder: &Decoder) -> Result<(Mode, Next), Error> {
    match message::members::<Kind<'_>>(decoder)?.kind.as_ref().map(PeerText::as_raw_str) {
        Some("chunk") => {}
        Some(_) => return Ok((Mode::Drop, Next::More)),
        None => return Ok((Mode::Hold, Next::More)),
    }
    Ok(match chunk::head(decoder)? {
        Some(chunk) => (Mode::Stream, Next::Start(chunk)),
        None => (Mode::Hold, Next::More),
    })
}

/// The result of [`Reader::advance`], without borrowing.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    More,
    Start(Chunk),
    Payload(usize),
    Held,
    Message,
}

/// Stores the error for every later call.
fn fail(failed: &mut Option<Box<Error>>, error: Error) -> Error {
    *failed = Some(Box::new(error.clone()));
    error
}
