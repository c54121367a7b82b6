//! Writes a message incrementally into a bounded buffer.
//!
//! ```text
//!   next(out) ─▶ Bytes            out is full: send it, call next again
//!             ─▶ NeedFile(n)      pass the content of file n to offer(), then call end_file()
//!             ─▶ Done             everything was written
//! ```
//!
//! Specification: RFC 2045 §6 (encodings); the parts are laid out in `structure`.
//!
//! Memory besides the message does not depend on the length of a file: at most one line of a file
//! is held.

use super::message::Message;
use super::raw::Normaliser;
use super::structure::{Part, Text};
use super::transfer_encoding::{Base64Lines, OUT_MIN, TransferEncoding, quoted_line};
use crate::buffer::Buffer;
use crate::error::Error;
use std::sync::Arc;

/// The buffer for text with normalised line ends that is then encoded as base64, in bytes.
const SCRATCH: usize = 4096;

/// The answer of [`Writer::next`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The output is full: empty it and call [`Writer::next`] again.
    Bytes,
    /// The content of the file of this number is needed, from where the last
    /// [`Writer::offer`] stopped.
    NeedFile(usize),
    /// The whole message has been written.
    Done,
}

/// Writes a message, once or again after [`Writer::restart`].
#[derive(Debug)]
pub struct Writer {
    message: Arc<Message>,
    /// The index of the part that is being written.
    part: usize,
    /// Bytes of that part that were consumed.
    taken: u64,
    /// [`Writer::end_file`] was called; the last line of the file may still have to be written.
    file_ended: bool,
    lines: Base64Lines,
    ends: Normaliser,
    /// Text with normalised line ends that has not been encoded as base64 yet.
    scratch: Buffer,
    made: u64,
    failed: Option<Error>,
}

impl Writer {
    /// A writer at the beginning of the message.
    pub fn new(message: impl Into<Arc<Message>>) -> Writer {
        Writer {
            message: message.into(),
            part: 0,
            taken: 0,
            file_ended: false,
            lines: Base64Lines::new(),
            ends: Normaliser::new(),
            scratch: Buffer::with_limit(SCRATCH),
            made: 0,
            failed: None,
        }
    }

    /// Starts again at the first octet, to send the message to another server.
    pub fn restart(&mut self) {
        *self = Writer::new(self.message.clone());
    }

    /// The message.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The number of bytes written so far.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// Writes as much as fits into `out`.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the limit of `out` is less than [`OUT_MIN`] bytes. After
    /// [`offer`](Writer::offer) or [`end_file`](Writer::end_file) failed, their error again.
    pub fn next(&mut self, out: &mut Buffer) -> Result<Step, Error> {
        self.check()?;
        if out.limit() < OUT_MIN {
            return Err(Error::Misuse("the output buffer holds at least OUT_MIN bytes"));
        }
        let before = out.len();
        let step = self.parts(out);
        self.made += (out.len() - before) as u64;
        let step = step?;
        debug_assert!(self.made <= self.message.size());
        debug_assert!(step != Step::Done || self.made == self.message.size());
        Ok(step)
    }

    /// Encodes a prefix of `content`, the next bytes of the file that [`next`](Writer::next) asked
    /// for: as much as fits into `out`. Returns the length of the prefix.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no file was asked for; [`Error::TooLarge`] if the file is longer than
    /// [announced](super::Attachment::len), and the same on every later call.
    pub fn offer(&mut self, content: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        let len = self.file_len()?;
        if content.len() as u64 > len - self.taken {
            return self.fail(Error::TooLarge {
                limit: "announced length of the file",
                max: len,
                offset: len,
                section: "RFC 1870 §6.3",
            });
        }
        let before = out.len();
        let taken = self.lines.push(content, out);
        self.made += (out.len() - before) as u64;
        self.taken += taken as u64;
        Ok(taken)
    }

    /// Ends the file that [`next`](Writer::next) asked for, and checks its length.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no file was asked for; [`Error::Incomplete`] if the file is shorter
    /// than announced, and the same on every later call.
    pub fn end_file(&mut self) -> Result<(), Error> {
        let len = self.file_len()?;
        if self.taken < len {
            let expected = "the end of the announced length of the file";
            let offset = self.taken;
            return self.fail(Error::Incomplete { expected, offset, section: "RFC 1870 §6" });
        }
        self.file_ended = true;
        Ok(())
    }

    fn parts(&mut self, out: &mut Buffer) -> Result<Step, Error> {
        let message = self.message.clone();
        loop {
            let is_whole = match message.part(self.part) {
                None => return Ok(Step::Done),
                Some(Part::File(index, _)) if !self.file_ended => return Ok(Step::NeedFile(index)),
                Some(Part::File(..)) => self.last_line(out),
                Some(Part::Bytes(bytes)) => self.bytes(bytes, out)?,
                Some(Part::Text(text)) => self.text(text, out)?,
            };
            if !is_whole {
                return Ok(Step::Bytes);
            }
            (self.part, self.taken, self.file_ended) = (self.part + 1, 0, false);
            self.ends = Normaliser::new();
        }
    }

    fn bytes(&mut self, bytes: &[u8], out: &mut Buffer) -> Result<bool, Error> {
        let rest = &bytes[self.taken as usize..];
        let len = rest.len().min(out.free_tail_len());
        out.append(&rest[..len])?;
        self.taken += len as u64;
        Ok(len == rest.len())
    }

    fn text(&mut self, text: &Text, out: &mut Buffer) -> Result<bool, Error> {
        let bytes = text.content.as_bytes();
        match text.encoding {
            TransferEncoding::SevenBit => self.seven_bit(bytes, out),
            TransferEncoding::QuotedPrintable => self.quoted(bytes, out),
            TransferEncoding::Base64 => self.base64(bytes, out),
        }
    }

    fn seven_bit(&mut self, text: &[u8], out: &mut Buffer) -> Result<bool, Error> {
        self.taken += self.ends.push(&text[self.taken as usize..], out)? as u64;
        Ok(self.taken == text.len() as u64)
    }

    fn quoted(&mut self, text: &[u8], out: &mut Buffer) -> Result<bool, Error> {
        let mut line = [0; 78];
        while self.taken < text.len() as u64 {
            if out.free_tail_len() < line.len() {
                return Ok(false);
            }
            let (len, next) = quoted_line(text, self.taken as usize, &mut line);
            out.append(&line[..len])?;
            self.taken = next as u64;
        }
        Ok(true)
    }

    fn base64(&mut self, text: &[u8], out: &mut Buffer) -> Result<bool, Error> {
        loop {
            if self.scratch.is_empty() {
                let rest = &text[self.taken as usize..];
                if rest.is_empty() {
                    return Ok(self.last_line(out));
                }
                self.taken += self.ends.push(rest, &mut self.scratch)? as u64;
            }
            let taken = self.lines.push(self.scratch.readable(), out);
            self.scratch.consume(taken);
            if !self.scratch.is_empty() {
                return Ok(false);
            }
        }
    }

    /// Writes the last line of base64, if there is one. `false` if it does not fit into `out`.
    fn last_line(&mut self, out: &mut Buffer) -> bool {
        out.free_tail_len() >= OUT_MIN && self.lines.end(out)
    }

    /// The announced length of the file that was asked for.
    fn file_len(&self) -> Result<u64, Error> {
        self.check()?;
        match self.message.part(self.part) {
            Some(Part::File(_, len)) if !self.file_ended => Ok(len),
            _ => Err(Error::Misuse("no file was asked for")),
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn fail<T>(&mut self, error: Error) -> Result<T, Error> {
        self.failed = Some(error.clone());
        Err(error)
    }
}
