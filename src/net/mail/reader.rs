//! Reads and encodes the content of a message, block by block.
//!
//! ```text
//!   file ─ read at an offset ─▶ block ─ base64, or line ends ─▶ encoded ─▶ session ─▶ out
//! ```
//!
//! Memory is bounded by `encoded`, whatever the length of a file. An attached file is opened when
//! its first block is read, and closed after its last.

use super::message::{BLOCK_BYTES, Content, OutgoingMessage};
use crate::buffer::Buffer;
use crate::mime::{Normaliser, Step, Writer};
use crate::net::files::{FileError, SourceFile};
use crate::net::transport::Error;
use std::io;

/// How much content is encoded ahead, in bytes.
const ENCODED_BYTES: usize = 128 << 10;

/// The length of a base64 line with CR LF, and of what it encodes, in bytes (RFC 2045 §6.8).
const LINE: (usize, usize) = (78, 57);

/// Reads the content of one message once.
pub(super) struct ContentReader {
    content: Content,
    encoder: Encoder,
    /// The attached file that is being read, if it was opened for that.
    opened: Option<SourceFile>,
    /// The offset of the next read.
    offset: u64,
    encoded: Buffer,
    is_done: bool,
}

enum Encoder {
    Built(Box<Writer>),
    Raw(Normaliser),
}

impl ContentReader {
    pub(super) fn new(content: Content) -> ContentReader {
        let encoder = match &content {
            Content::Built(message, _) => Encoder::Built(Box::new(Writer::new(message.clone()))),
            Content::Raw(_) => Encoder::Raw(Normaliser::new()),
        };
        let encoded = Buffer::with_limit(ENCODED_BYTES);
        ContentReader { content, encoder, opened: None, offset: 0, encoded, is_done: false }
    }

    /// The content that is encoded and not yet consumed.
    pub(super) fn encoded(&self) -> &[u8] {
        self.encoded.readable()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.encoded.consume(count);
    }

    pub(super) fn capacity(&self) -> usize {
        self.encoded.capacity()
    }

    /// Encodes more if nothing is left; `block` is the buffer for reading. False when the whole
    /// content was encoded and consumed.
    ///
    /// # Errors
    /// [`FileError::Changed`] if a file has another length than before; those of opening and
    /// reading a file.
    pub(super) fn fill(&mut self, block: &mut [u8]) -> Result<bool, Error> {
        while self.encoded.is_empty() && !self.is_done {
            match (&mut self.encoder, &self.content) {
                (Encoder::Built(writer), Content::Built(_, files)) => {
                    match writer.next(&mut self.encoded)? {
                        Step::Bytes => {}
                        Step::Done => self.is_done = true,
                        Step::NeedFile(index) => {
                            let file = files[index].source(&mut self.opened)?;
                            let (offset, encoded) = (&mut self.offset, &mut self.encoded);
                            if copy(writer, file, offset, block, encoded)? {
                                self.opened = None;
                            }
                        }
                    }
                }
                (Encoder::Raw(ends), Content::Raw(raw)) => {
                    let piece = read(raw.source(), self.offset, block)?;
                    self.offset += ends.push(piece, &mut self.encoded)? as u64;
                    self.is_done = piece.is_empty();
                    let is_short = self.is_done && ends.made() != self.content.size();
                    if is_short || ends.made() > self.content.size() {
                        return Err(FileError::Changed.into());
                    }
                }
                _ => self.is_done = true,
            }
        }
        Ok(!self.encoded.is_empty())
    }
}

impl OutgoingMessage {
    /// Writes the message as it would be sent, before dot-stuffing (RFC 5321 §4.5.2).
    ///
    /// # Errors
    /// [`Error::File`] if a file cannot be opened or has changed; [`Error::Io`] if a file cannot be
    /// read or `out` cannot be written.
    pub fn write(&self, out: &mut dyn io::Write) -> Result<(), Error> {
        let (mut reader, mut block) =
            (ContentReader::new(self.content.clone()), vec![0; BLOCK_BYTES]);
        while reader.fill(&mut block)? {
            let written = out.write_all(reader.encoded());
            written.map_err(|error| Error::Io("writing the message", error))?;
            reader.consume(reader.encoded().len());
        }
        Ok(())
    }
}

/// Encodes the next block of a file. True if the file has ended.
fn copy(
    writer: &mut Writer,
    file: &SourceFile,
    offset: &mut u64,
    block: &mut [u8],
    encoded: &mut Buffer,
) -> Result<bool, Error> {
    let left = file.size() - *offset;
    let lines = (encoded.free_tail_len() / LINE.0).saturating_sub(1);
    let len = block.len().min((lines * LINE.1).max(1));
    let piece = read(file, *offset, &mut block[..len])?;
    if piece.len() as u64 > left || (piece.is_empty() && left > 0) {
        return Err(FileError::Changed.into());
    }
    if piece.is_empty() {
        *offset = 0;
        writer.end_file()?;
        return Ok(true);
    }
    *offset += writer.offer(piece, encoded)? as u64;
    Ok(false)
}

fn read<'a>(source: &SourceFile, offset: u64, block: &'a mut [u8]) -> Result<&'a [u8], Error> {
    let read = source.read_at(block, offset);
    let read = read.map_err(|error| Error::Io("reading what is sent", error))?;
    Ok(&block[..read])
}
