//! `explain frame --json`: length prefixes, and the form of each message. Names,
//! checksums, and what only both directions show are not judged: see the form for people.
//!
//! Specification: `PROTOCOL.md` §3 to §5 and §13.

use super::super::{ROOM_BYTES, Stop, Subject, frames, unfinished};
use super::super::{judge_before_payload, judge_message};
use super::{number, write_error, write_members};
use crate::Failure;
use crate::output::report::Out;
use wirewright::envelope::{Decoder, Event, Limits};
use wirewright::error::Error;
use wirewright::transfer::frame::{Frames, PREFIX_LEN};

/// The parsers, and where this frame began.
pub struct Frame {
    key: String,
    frames: Frames,
    decoder: Decoder,
    room: Vec<u8>,
    /// Offset of the body.
    body_at: u64,
    /// Length of the body as the prefix says, in bytes.
    len: u32,
}

impl Frame {
    /// At the beginning of a stream whose messages have that payload member.
    pub fn new(key: &str) -> Frame {
        Frame {
            key: key.to_owned(),
            frames: frames(key),
            decoder: Decoder::new(key.to_owned(), Limits::default()),
            room: vec![0; ROOM_BYTES],
            body_at: 0,
            len: 0,
        }
    }

    /// Takes bytes of a prefix, and gives how many.
    fn take_prefix(&mut self, input: &[u8]) -> Result<usize, Stop> {
        let (taken, len) = self.frames.take_prefix(input)?;
        if let Some(len) = len {
            (self.len, self.body_at) = (len, self.frames.offset());
            self.decoder.restart(Limits { rest_bytes_max: len as usize });
        }
        Ok(taken)
    }

    /// Takes what the decoder eats of the body, and gives how much that was.
    fn take_body(&mut self, input: &[u8], out: &mut Out) -> Result<usize, Stop> {
        let body = &input[..input.len().min(self.frames.body_left() as usize)];
        let fed = self.decoder.feed(body, &mut self.room);
        let step = fed.map_err(|error| error.shifted(self.body_at))?;
        self.frames.take_body(step.consumed);
        if step.event == Event::PayloadStart {
            judge_before_payload(&self.decoder, &self.key, self.body_at)?;
        }
        if self.frames.body_left() == 0 {
            if !self.decoder.is_done() {
                return Err(Stop::Refused(unfinished(self.frames.offset())));
            }
            judge_message(&self.decoder, &self.key, self.body_at, &mut self.frames)?;
            self.write_message(out)?;
        }
        Ok(step.consumed)
    }

    /// The frame has ended with its object.
    fn write_message(&mut self, out: &mut Out) -> Result<(), Failure> {
        let (at, len) = (self.body_at - PREFIX_LEN as u64, self.len);
        let head = format!("{{\"event\":\"frame\",\"offset\":{at},\"len\":{len},\"message\":");
        out.raw(&head)?;
        write_members(&self.decoder, &self.key, out)?;
        out.raw(&format!(",\"payload_len\":{}}}\n", number(self.decoder.payload_len())))
    }
}

impl Subject for Frame {
    fn feed(&mut self, piece: &[u8], out: &mut Out) -> Result<(), Stop> {
        let mut input = piece;
        while !input.is_empty() {
            let taken = match self.frames.body_left() {
                0 => self.take_prefix(input)?,
                _ => self.take_body(input, out)?,
            };
            input = &input[taken..];
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Out) -> Result<(), Stop> {
        Ok(self.frames.finish()?)
    }

    fn refuse(&mut self, error: &Error, out: &mut Out) -> Result<(), Failure> {
        write_error(error, out)
    }
}
