//! Frames: the length prefix of a message.
//!
//! Specification: `PROTOCOL.md` §3.
//!
//! ```text
//!   0x00 | N, 24 bits, big-endian | N bytes
//! ```
//!
//! Reading: [`Frames`] collects the four bytes of a prefix, wherever the input is cut, and then
//! counts the bytes of the body, which it does not see. Writing: [`FrameGuard`] reserves the prefix
//! and fills it in when the length is known, or removes the frame.

use crate::buffer::Buffer;
use crate::error::Error;
use std::ops::{Deref, DerefMut};

/// Length of the prefix in bytes.
pub const PREFIX_LEN: usize = 4;

/// The body of every frame is shorter than this, in bytes, so that its first byte is 0.
pub const FRAME_BYTES_END: u32 = 1 << 24;

/// The limit of a frame's body up to and including both hellos, in bytes.
pub const FRAME_BYTES_HELLO_MAX: u32 = 65_536;

/// The default of the limit that a side offers in its hello, in bytes.
pub const FRAME_BYTES_DEFAULT_MAX: u32 = 1_048_576;

/// What the next byte of the stream belongs to: `Prefix ─N─▶ Body ─N bytes─▶ Prefix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A length prefix.
    Prefix,
    /// The JSON object of a frame.
    Body,
}

impl State {
    /// The name of the state.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Prefix => "Prefix",
            State::Body => "Body",
        }
    }

    /// The section of the specification that states what is expected.
    pub fn section(self) -> &'static str {
        match self {
            State::Prefix => "PROTOCOL §3.1",
            State::Body => "PROTOCOL §3.4",
        }
    }
}

/// The state of reading frames.
#[derive(Debug, Clone)]
pub struct Frames {
    prefix: [u8; PREFIX_LEN],
    have: usize,
    left: u32,
    limit: u32,
    offset: u64,
}

impl Frames {
    /// A reader at the beginning of a stream, with the limit of the hellos.
    pub fn new() -> Frames {
        Frames { prefix: [0; 4], have: 0, left: 0, limit: FRAME_BYTES_HELLO_MAX, offset: 0 }
    }

    /// Changes the limit, from the next frame on.
    pub fn set_limit(&mut self, bytes: u32) {
        self.limit = bytes;
    }

    /// The limit of the next frame, in bytes.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// How many bytes of the current body are left; 0 between frames.
    pub fn body_left(&self) -> u32 {
        self.left
    }

    /// What the next byte belongs to.
    pub fn state(&self) -> State {
        if self.left == 0 { State::Prefix } else { State::Body }
    }

    /// How many bytes of the stream were consumed.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Consumes bytes of a prefix. Returns how many, and the length of the body once it is known.
    ///
    /// # Errors
    /// [`Error::Malformed`] at a first byte that is not 0, or for the length 0; [`Error::TooLarge`]
    /// for a length beyond the limit, with the offset of the prefix.
    pub fn take_prefix(&mut self, input: &[u8]) -> Result<(usize, Option<u32>), Error> {
        let mut taken = 0;
        for &byte in input {
            if self.have == 0 && byte != 0 {
                let rule = "a frame begins with 0x00";
                return Err(Error::malformed(rule, self.offset, "PROTOCOL §3.2"));
            }
            self.prefix[self.have] = byte;
            self.have += 1;
            self.offset += 1;
            taken += 1;
            if self.have == PREFIX_LEN {
                let len = u32::from_be_bytes(self.prefix);
                self.check_length(len)?;
                self.have = 0;
                self.left = len;
                return Ok((taken, Some(len)));
            }
        }
        Ok((taken, None))
    }

    /// Consumes `count` bytes of the body.
    ///
    /// # Panics
    /// If `count` exceeds [`body_left`](Frames::body_left).
    pub fn take_body(&mut self, count: usize) {
        assert!(count <= self.left as usize, "took more than the frame has");
        self.left -= count as u32;
        self.offset += count as u64;
    }

    /// Tells the reader that the stream has ended.
    ///
    /// # Errors
    /// [`Error::Incomplete`] inside a frame.
    pub fn finish(&self) -> Result<(), Error> {
        let expected = match (self.have, self.left) {
            (0, 0) => return Ok(()),
            (_, 0) => "the end of a length prefix",
            _ => "the end of a frame",
        };
        Err(Error::Incomplete { expected, offset: self.offset, section: "PROTOCOL §3.5" })
    }

    fn check_length(&self, len: u32) -> Result<(), Error> {
        let at = self.offset - PREFIX_LEN as u64;
        if len == 0 {
            return Err(Error::malformed("a frame has at least one byte", at, "PROTOCOL §3.2"));
        }
        if len > self.limit {
            return Err(Error::TooLarge {
                limit: "frame_bytes_max",
                max: u64::from(self.limit),
                offset: at,
                section: "PROTOCOL §3.3",
            });
        }
        Ok(())
    }
}

impl Default for Frames {
    fn default() -> Frames {
        Frames::new()
    }
}

/// Moves whole frames from one buffer to another, oldest first, as many as fit. The limit of an
/// empty buffer is raised for a longer frame, since a frame is never cut.
pub(super) fn move_frames(from: &mut Buffer, to: &mut Buffer) {
    while let Some(prefix) = from.readable().first_chunk::<PREFIX_LEN>() {
        let len = PREFIX_LEN + u32::from_be_bytes(*prefix) as usize;
        if to.is_empty() && len > to.limit() {
            to.set_limit(len);
        }
        if to.append(&from.readable()[..len]).is_err() {
            return;
        }
        from.consume(len);
    }
}

/// A frame that is being written. [`close`](FrameGuard::close) fills in the prefix. A guard that is
/// dropped before that removes what was written.
#[derive(Debug)]
pub struct FrameGuard<'a> {
    out: &'a mut Buffer,
    at: usize,
    closed: bool,
}

impl<'a> FrameGuard<'a> {
    /// Begins a frame with space for its prefix.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if it does not fit into `out`.
    pub fn open(out: &'a mut Buffer) -> Result<FrameGuard<'a>, Error> {
        let at = out.len();
        out.append(&[0; PREFIX_LEN])?;
        Ok(FrameGuard { out, at, closed: false })
    }

    /// Fills in the prefix.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the body is empty or too long for a frame. The frame is then removed.
    pub fn close(mut self) -> Result<(), Error> {
        let len = self.out.len() - self.at - PREFIX_LEN;
        match u32::try_from(len) {
            Ok(len) if (1..FRAME_BYTES_END).contains(&len) => {
                self.out.overwrite(self.at, &len.to_be_bytes());
                self.closed = true;
                Ok(())
            }
            _ => Err(Error::Misuse("a frame has 1 to 2^24 - 1 bytes")),
        }
    }
}

impl Deref for FrameGuard<'_> {
    type Target = Buffer;

    fn deref(&self) -> &Buffer {
        self.out
    }
}

impl DerefMut for FrameGuard<'_> {
    fn deref_mut(&mut self) -> &mut Buffer {
        self.out
    }
}

impl Drop for FrameGuard<'_> {
    fn drop(&mut self) {
        if !self.closed {
            self.out.truncate(self.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(input: &[u8], limit: u32) -> Result<Vec<u32>, Error> {
        let mut frames = Frames::new();
        frames.set_limit(limit);
        let (mut rest, mut found) = (input, Vec::new());
        while !rest.is_empty() {
            if frames.body_left() > 0 {
                frames.take_body(1);
                rest = &rest[1..];
                continue;
            }
            let (taken, len) = frames.take_prefix(&rest[..1])?;
            rest = &rest[taken..];
            found.extend(len);
        }
        frames.finish().map(|()| found)
    }

    #[test]
    fn table() {
        let malformed = |offset| Some(("malformed", offset));
        for (input, limit, error) in [
            (&b"\0\0\0\x02{}"[..], 9, None),
            (b"\0\0\0\x02{}\0\0\0\x01x", 9, None),
            (b"", 9, None),
            (b"\0", 9, Some(("incomplete", 1))),
            (b"\0\0\0\x02{", 9, Some(("incomplete", 5))),
            (b"\0\0\0\0", 9, malformed(0)),
            (b"\0\0\0\x01x\0\0\0\0", 9, malformed(5)),
            (b"\xff\xff\xff\xff", 9, malformed(0)),
            (b"GET / HTTP/1.1", 9, malformed(0)),
            (b"{\"type\"", 9, malformed(0)),
            (b"\x16\x03\x01", 9, malformed(0)),
            (b"\0\0\0\x08xxxxxxxx", 9, None),
            (b"\0\0\0\x09xxxxxxxxx", 9, None),
            (b"\0\0\0\x0a", 9, Some(("too_large", 0))),
            (b"\0\xff\xff\xff", FRAME_BYTES_END - 1, Some(("incomplete", 4))),
            (b"\0\xff\xff\xff", FRAME_BYTES_END - 2, Some(("too_large", 0))),
        ] {
            let got = lengths(input, limit).err().map(|e| (e.kind(), e.offset().unwrap()));
            assert_eq!(got, error, "{input:?}");
        }
    }

    #[test]
    fn frames_that_do_not_fit_wait() {
        let (mut from, mut to) = (Buffer::with_limit(64), Buffer::with_limit(13));
        from.append(b"\0\0\0\x02{}\0\0\0\x03{ }\0\0\0\x02{}").unwrap();
        move_frames(&mut from, &mut to);
        assert_eq!((from.len(), to.readable()), (6, &b"\0\0\0\x02{}\0\0\0\x03{ }"[..]));
        move_frames(&mut from, &mut to);
        to.consume(13);
        move_frames(&mut from, &mut to);
        assert_eq!((from.len(), to.readable()), (0, &b"\0\0\0\x02{}"[..]));
    }

    #[test]
    fn a_guard_fills_in_or_takes_back() {
        let mut out = Buffer::with_limit(20);
        let mut frame = FrameGuard::open(&mut out).unwrap();
        frame.append(b"{}").unwrap();
        frame.close().unwrap();
        assert_eq!(out.readable(), b"\0\0\0\x02{}");
        let mut frame = FrameGuard::open(&mut out).unwrap();
        frame.append(b"{\"half\"").unwrap();
        drop(frame);
        assert_eq!(out.readable(), b"\0\0\0\x02{}");
        assert!(FrameGuard::open(&mut out).unwrap().close().is_err());
        assert_eq!(out.len(), 6);
    }
}
