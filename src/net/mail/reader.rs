//! Writes the content of a message out, block by block.
//!
//! ```text
//!   file ─ read at an offset ─▶ block ─ base64, or line ends ─▶ made ─▶ session ─▶ out
//! ```
//!
//! What is held is what `made` holds, whatever the length of a file. An attached file is opened
//! when its first block is read, and closed behind its last.

use super::message::Content;
use crate::buffer::Buffer;
use crate::mime::{Normaliser, Step, Writer};
use crate::net::files::{FileError, SourceFile};
use crate::net::transport::Error;

/// How much is made ahead, in bytes.
const MADE_BYTES: usize = 128 << 10;

/// A line of base64 with its end, and what it encodes, in bytes: RFC 2045 §6.8.
const LINE: (usize, usize) = (78, 57);

/// See the head of this module.
pub(super) struct ContentReader {
    content: Content,
    script: Script,
    /// The attached file that is being read, where it was opened for that.
    opened: Option<SourceFile>,
    /// How far the file is read.
    offset: u64,
    made: Buffer,
    is_done: bool,
}

enum Script {
    Built(Box<Writer>),
    Raw(Normaliser),
}

impl ContentReader {
    pub(super) fn new(content: Content) -> ContentReader {
        let script = match &content {
            Content::Built(message, _) => Script::Built(Box::new(Writer::new(message.clone()))),
            Content::Raw(_) => Script::Raw(Normaliser::new()),
        };
        let made = Buffer::with_limit(MADE_BYTES);
        ContentReader { content, script, opened: None, offset: 0, made, is_done: false }
    }

    /// What was made and not yet consumed.
    pub(super) fn made(&self) -> &[u8] {
        self.made.readable()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.made.consume(count);
    }

    pub(super) fn capacity(&self) -> usize {
        self.made.capacity()
    }

    /// Makes more where nothing is left; `block` is for reading. False when all was made and
    /// consumed.
    ///
    /// # Errors
    /// [`FileError::Changed`] if a file is not as long as it was, and those of reading it.
    pub(super) fn fill(&mut self, block: &mut [u8]) -> Result<bool, Error> {
        while self.made.is_empty() && !self.is_done {
            match (&mut self.script, &self.content) {
                (Script::Built(writer), Content::Built(_, files)) => {
                    match writer.next(&mut self.made)? {
                        Step::Bytes => {}
                        Step::Done => self.is_done = true,
                        Step::NeedFile(index) => {
                            let file = files[index].source(&mut self.opened)?;
                            let (offset, made) = (&mut self.offset, &mut self.made);
                            if copy(writer, file, offset, block, made)? {
                                self.opened = None;
                            }
                        }
                    }
                }
                (Script::Raw(ends), Content::Raw(raw)) => {
                    let piece = read(raw.source(), self.offset, block)?;
                    self.offset += ends.push(piece, &mut self.made)? as u64;
                    self.is_done = piece.is_empty();
                    let is_short = self.is_done && ends.made() != self.content.size();
                    if is_short || ends.made() > self.content.size() {
                        return Err(FileError::Changed.into());
                    }
                }
                _ => self.is_done = true,
            }
        }
        Ok(!self.made.is_empty())
    }
}

/// Goes on with a file, or ends it and says so.
fn copy(
    writer: &mut Writer,
    file: &SourceFile,
    offset: &mut u64,
    block: &mut [u8],
    made: &mut Buffer,
) -> Result<bool, Error> {
    let left = file.size() - *offset;
    let lines = (made.tail_room() / LINE.0).saturating_sub(1);
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
    *offset += writer.offer(piece, made)? as u64;
    Ok(false)
}

fn read<'a>(source: &SourceFile, offset: u64, block: &'a mut [u8]) -> Result<&'a [u8], Error> {
    let read = source.read_at(block, offset);
    let read = read.map_err(|error| Error::Io("reading what is sent", error))?;
    Ok(&block[..read])
}
