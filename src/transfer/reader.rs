//! From bytes to messages and runs of payload: frames around envelopes.
//!
//! Specification: `PROTOCOL.md` §3 to §5.
//!
//! ```text
//!   prefix ─▶ body ─┬────────────────────────────────▶ Message      (no payload)
//!                   └▶ ChunkStart ─▶ Payload … ─▶ Message(Chunk)    (payload)
//! ```
//!
//! Payload is passed on while its frame is still arriving, so a frame is never gathered: nothing
//! is kept but the few other members. Only where a peer writes the payload *before* `id` and
//! `offset`, which it may, is the payload of that one frame held until they are known.

use super::chunk;
use super::form;
use super::frame::{FRAME_BYTES_HELLO_MAX, Frames};
use super::message::{self, Chunk, Message, PAYLOAD_KEY, Side};
use super::place::Place;
use crate::envelope::{Decoder, Event, Limits};
use crate::error::Error;
use crate::text::PeerText;
use serde::Deserialize;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// The payload of a chunk follows. Its checksum may be missing here and come with the message.
    ChunkStart(Chunk),
    /// Bytes of a file.
    Payload(&'a [u8]),
    /// A whole message; for a chunk, its payload has been passed on before.
    Message(Message<'a>),
}

/// What one call of [`Reader::receive`] did.
#[derive(Debug)]
pub struct Read<'a> {
    /// How many bytes of the input were eaten.
    pub consumed: usize,
    /// The place in the stream of the message it stood in.
    pub at: Place<'a>,
    /// What was read; `None`: more input, please.
    pub item: Option<Item<'a>>,
}

/// What is done with the payload of this frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// There was none yet.
    None,
    /// It is passed on as it comes.
    Stream,
    /// It is held until the end of the frame, for its place is not known yet.
    Hold,
    /// It belongs to a message of unknown type and goes nowhere.
    Drop,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Prefix,
    Body,
    /// The frame has ended: its held payload, if any, and its message are passed on.
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

/// Reads one direction of a connection.
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
    /// Reads what `from` sends, from the beginning.
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

    /// How many bytes of the stream were taken.
    pub fn offset(&self) -> u64 {
        self.frames.offset()
    }

    /// Memory taken from the allocator, in bytes.
    pub fn capacity(&self) -> usize {
        self.decoder.capacity() + self.held.capacity()
    }

    /// Eats a prefix of `input` up to the next item. May be called with no input: an item can be
    /// ready without any.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::TooLarge`], with the offset in the stream; the same again
    /// on every later call.
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

    /// Lets go of a chunk that is held, if one is, for nobody wants it. Otherwise its items would
    /// come although no input is eaten any more, and a session that makes no event of them would
    /// seem to have nothing more.
    pub fn drop_held(&mut self) {
        let is_held = matches!(self.stage, Stage::HeldPayload | Stage::Message);
        if is_held && self.mode == Mode::Hold {
            self.held = Vec::new();
            self.stage = Stage::Prefix;
        }
    }

    /// The stream ended here.
    ///
    /// # Errors
    /// [`Error::Incomplete`] inside a frame, or the error it is in.
    pub fn finish(&self) -> Result<(), Error> {
        match &self.failed {
            Some(error) => Err((**error).clone()),
            None => self.frames.finish(),
        }
    }

    fn advance(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<(usize, Next), Error> {
        let mut eaten = 0;
        loop {
            let input = &input[eaten..];
            match self.stage {
                Stage::Prefix if input.is_empty() => {
                    self.release();
                    return Ok((eaten, Next::More));
                }
                Stage::Prefix => eaten += self.take_prefix(input)?,
                // Not earlier: what the last bytes meant is passed on before an error at their
                // end.
                Stage::Body if self.frames.body_left() == 0 => self.end_body()?,
                Stage::Body => {
                    let (taken, next) = self.take_body(input, scratch)?;
                    eaten += taken;
                    if next != Next::More || taken == 0 {
                        return Ok((eaten, next));
                    }
                }
                Stage::HeldStart => {
                    self.stage = Stage::HeldPayload;
                    return Ok((eaten, Next::Start(self.held_chunk()?)));
                }
                Stage::HeldPayload => {
                    self.stage = Stage::Message;
                    return Ok((eaten, Next::Held));
                }
                Stage::Message => {
                    self.stage = Stage::Prefix;
                    return Ok((eaten, Next::Message));
                }
            }
        }
    }

    /// Between frames: a long one must not cost an idle connection its memory.
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
        chunk::whole(&self.decoder).map_err(|error| error.shifted(self.body_at))
    }
}

// ---- one message alone -------------------------------------------------------------------------

/// Judges the members that stand before a payload, which begins. `at` is the offset of the frame's
/// body in the stream.
///
/// # Errors
/// [`Error::Malformed`] for one of the wrong type, as [`Reader::receive`] gives it.
pub fn check_before_payload(decoder: &Decoder, at: u64) -> Result<(), Error> {
    payload_mode(decoder).map(drop).map_err(|error| error.shifted(at))
}

/// Judges a whole message by itself: all that [`Reader::receive`] and the sessions demand of it
/// before they check the protocol state. `at` is the offset of the frame's body in the stream.
///
/// # Errors
/// [`Error::Malformed`] and [`Error::TooLarge`], as a session gives them.
pub fn check_message(decoder: &Decoder, from: Side, at: u64) -> Result<(), Error> {
    let place = Place::new(decoder, at);
    check_payload(place, decoder)?;
    let message = Message::parse(decoder, from).map_err(|error| error.shifted(at))?;
    form::check(&message, place)
}

/// A chunk has a payload.
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

/// What is done with the payload that begins. The members of a chunk have a meaning only where the
/// type is known to be that.
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

/// What [`Reader::advance`] found, without borrowing.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    More,
    Start(Chunk),
    Payload(usize),
    Held,
    Message,
}

/// Remembers an error for ever.
fn fail(failed: &mut Option<Box<Error>>, error: Error) -> Error {
    *failed = Some(Box::new(error.clone()));
    error
}
