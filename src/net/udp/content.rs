//! The payload of a run's datagrams: padding, or a file as it is read.
//!
//! Specification: [`crate::datagram`], [`Part`] and [`FileEnd`].
//!
//! ```text
//!   padding   load ─▶ zeros            load ─▶ zeros           … end ─▶ nothing
//!   file      load ─▶ bytes 0 … k−1    load ─▶ bytes k … 2k−1  … end ─▶ size, digest
//! ```
//!
//! The file is read once, in order, and hashed as it is sent, so the digest at its end is that of
//! the bytes sent.

use super::{FileSent, SendOptions};
use crate::datagram::{FileEnd, HEADER_BYTES, Kind, PART_HEADER_BYTES, Part};
use crate::net::files::{FileError, SourceFile};
use crate::net::report::Meter;
use std::sync::Arc;

/// Length of the headers before the bytes of a file in a datagram, in bytes.
pub(super) const PART_OVERHEAD_BYTES: usize = HEADER_BYTES + PART_HEADER_BYTES;

pub(super) enum Content {
    Padding,
    File(Box<FileReader>),
}

pub(super) struct FileReader {
    source: Arc<SourceFile>,
    hasher: blake3::Hasher,
    sent: u64,
    meter: Arc<Meter>,
    /// The read buffer, as long as the bytes of one part.
    scratch: Vec<u8>,
    /// Set when the end is first composed.
    file_end: Option<FileEnd>,
}

impl Content {
    pub(super) fn new(options: &SendOptions) -> Content {
        match &options.file {
            None => Content::Padding,
            Some(source) => Content::File(Box::new(FileReader {
                source: source.clone(),
                hasher: blake3::Hasher::new(),
                sent: 0,
                meter: options.run.meter.clone(),
                scratch: vec![0; options.size.saturating_sub(PART_OVERHEAD_BYTES).max(1)],
                file_end: None,
            })),
        }
    }

    /// How many datagrams the file takes; `None` for padding, whose number depends on the span.
    pub(super) fn datagrams(&self) -> Option<u64> {
        match self {
            Content::Padding => None,
            Content::File(file) => Some(file.source.size().div_ceil(file.scratch.len() as u64)),
        }
    }

    /// Writes the payload of the next datagram into `payload`; leaves `payload` unchanged for
    /// padding.
    ///
    /// # Errors
    /// Those of reading the file; [`FileError::Changed`] if it has become shorter.
    pub(super) fn load(&mut self, payload: &mut Vec<u8>) -> Result<Kind, FileError> {
        match self {
            Content::Padding => Ok(Kind::Data),
            Content::File(file) => file.load(payload).map(|()| Kind::Part),
        }
    }

    /// Writes the payload of the end into `payload`; the first call decides its content. If the
    /// file has changed since it was opened, the result is [`FileError::Changed`] and the end has
    /// no digest.
    pub(super) fn end(&mut self, payload: &mut Vec<u8>) -> (Kind, Result<(), FileError>) {
        payload.clear();
        match self {
            Content::Padding => (Kind::End, Ok(())),
            Content::File(file) => (Kind::FileEnd, file.end(payload)),
        }
    }

    pub(super) fn report(&self) -> Option<FileSent> {
        let Content::File(file) = self else { return None };
        let digest = file.file_end.and_then(|file_end| file_end.digest);
        let digest = digest.map(|digest| super::file::digest_text(&digest));
        Some(FileSent { size: file.source.size(), bytes: file.sent, digest })
    }
}

impl FileReader {
    fn load(&mut self, payload: &mut Vec<u8>) -> Result<(), FileError> {
        let (size, offset) = (self.source.size(), self.sent);
        let left = usize::try_from(size - offset).unwrap_or(usize::MAX);
        let len = left.min(self.scratch.len());
        let bytes = &mut self.scratch[..len];
        if self.source.read_at(bytes, offset)? < len {
            return Err(FileError::Changed);
        }
        self.hasher.update(bytes);
        self.sent += len as u64;
        self.meter.add(len as u64);
        Part { size, offset, bytes }.encode(payload);
        Ok(())
    }

    fn end(&mut self, payload: &mut Vec<u8>) -> Result<(), FileError> {
        let size = self.source.size();
        if self.file_end.is_none() {
            let is_whole = self.sent == size;
            let is_same = self.source.unchanged().unwrap_or(false);
            let digest = (is_whole && is_same).then(|| *self.hasher.finalize().as_bytes());
            self.file_end.insert(FileEnd { size, digest }).encode(payload);
            return if is_same { Ok(()) } else { Err(FileError::Changed) };
        }
        self.file_end.iter().for_each(|file_end| file_end.encode(payload));
        Ok(())
    }
}
