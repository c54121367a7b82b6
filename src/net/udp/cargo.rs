//! What the datagrams of a run carry: filling, or a file as it is read.
//!
//! Specification: [`crate::datagram`], [`Part`] and [`Seal`].
//!
//! ```text
//!   filling   load ─▶ zeros            load ─▶ zeros           … end ─▶ nothing
//!   file      load ─▶ bytes 0 … k−1    load ─▶ bytes k … 2k−1  … end ─▶ size, digest
//! ```
//!
//! The file is read once, in order, and digested as it leaves: what is sealed is what was sent.

use super::{FileSent, SendOptions};
use crate::datagram::{HEADER_BYTES, Kind, PART_HEADER_BYTES, Part, Seal};
use crate::net::files::{FileError, SourceFile};
use crate::net::report::Meter;
use std::sync::Arc;

/// What stands in a datagram before the bytes of a file, in bytes.
pub(super) const PART_OVERHEAD_BYTES: usize = HEADER_BYTES + PART_HEADER_BYTES;

pub(super) enum Cargo {
    Filling,
    File(Box<Reading>),
}

pub(super) struct Reading {
    source: Arc<SourceFile>,
    hasher: blake3::Hasher,
    sent: u64,
    meter: Arc<Meter>,
    /// As many bytes as a part has.
    room: Vec<u8>,
    /// Set with the end.
    seal: Option<Seal>,
}

impl Cargo {
    pub(super) fn new(options: &SendOptions) -> Cargo {
        match &options.file {
            None => Cargo::Filling,
            Some(source) => Cargo::File(Box::new(Reading {
                source: source.clone(),
                hasher: blake3::Hasher::new(),
                sent: 0,
                meter: options.run.meter.clone(),
                room: vec![0; options.size.saturating_sub(PART_OVERHEAD_BYTES).max(1)],
                seal: None,
            })),
        }
    }

    /// How many datagrams it makes; `None` where its time decides.
    pub(super) fn datagrams(&self) -> Option<u64> {
        match self {
            Cargo::Filling => None,
            Cargo::File(file) => Some(file.source.size().div_ceil(file.room.len() as u64)),
        }
    }

    /// Lays the payload of the next datagram into `payload`, which stays as it is for filling.
    ///
    /// # Errors
    /// Those of the disk; [`FileError::Changed`] where the file has become shorter.
    pub(super) fn load(&mut self, payload: &mut Vec<u8>) -> Result<Kind, FileError> {
        match self {
            Cargo::Filling => Ok(Kind::Data),
            Cargo::File(file) => file.load(payload).map(|()| Kind::Part),
        }
    }

    /// Lays the payload of the end into `payload`; the first call decides what it says. A file that
    /// is not the one that was opened is [`FileError::Changed`], and its end is told all the same,
    /// without a digest.
    pub(super) fn end(&mut self, payload: &mut Vec<u8>) -> (Kind, Result<(), FileError>) {
        payload.clear();
        match self {
            Cargo::Filling => (Kind::End, Ok(())),
            Cargo::File(file) => (Kind::Seal, file.end(payload)),
        }
    }

    pub(super) fn report(&self) -> Option<FileSent> {
        let Cargo::File(file) = self else { return None };
        let digest = file.seal.and_then(|seal| seal.digest);
        let digest = digest.map(|digest| super::keeping::digest_text(&digest));
        Some(FileSent { size: file.source.size(), bytes: file.sent, digest })
    }
}

impl Reading {
    fn load(&mut self, payload: &mut Vec<u8>) -> Result<(), FileError> {
        let (size, offset) = (self.source.size(), self.sent);
        let left = usize::try_from(size - offset).unwrap_or(usize::MAX);
        let len = left.min(self.room.len());
        let bytes = &mut self.room[..len];
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
        if self.seal.is_none() {
            let is_whole = self.sent == size;
            let is_same = self.source.unchanged().unwrap_or(false);
            let digest = (is_whole && is_same).then(|| *self.hasher.finalize().as_bytes());
            self.seal.insert(Seal { size, digest }).encode(payload);
            return if is_same { Ok(()) } else { Err(FileError::Changed) };
        }
        self.seal.iter().for_each(|seal| seal.encode(payload));
        Ok(())
    }
}
