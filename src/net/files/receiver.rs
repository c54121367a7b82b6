//! One file that is received, wherever it goes.
//!
//! Specification: `PROTOCOL.md` §6 and §7.
//!
//! ```text
//!   partial ──▶ verify_step … ─▶ begin ─▶ write, chunk_verified … or append … ─▶ finish: its name
//!                                  dropped, or keep: what counts is left for the next run
//!   existing ─▶ verify_step … ─▶ its digest is compared ───────────────────────▶ finish: synced
//! ```
//!
//! What is left over of an earlier run, and a file that stands there already, are read and hashed
//! in the same steps. A device and a function keep nothing: their bytes have left at once.

use super::finisher::{Finisher, Job};
use super::outlet;
use super::{AnonymousFile, Durability, ExistingFile, FileError, Partial, Provenance};
use super::{SIZE_UNKNOWN, SinkFn};
use crate::digest::{DigestKind, Digester};
use crate::name::Name;
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

/// Where the bytes of one file go.
pub(super) enum Sink {
    Partial(Box<Partial>),
    Anonymous(Box<AnonymousFile>),
    Device(Arc<File>),
    Function(SinkFn),
    /// Nothing is written: a file stands there already. `etag` names the version of the peer.
    Existing {
        file: Box<ExistingFile>,
        hashed: u64,
        etag: Box<str>,
    },
}

/// See the head of this module.
pub(crate) struct FileReceiver {
    sink: Sink,
    kind: DigestKind,
    /// Has seen what is here of the file, as far as it was read.
    digester: Digester,
}

impl FileReceiver {
    pub(super) fn new(sink: Sink, kind: DigestKind) -> FileReceiver {
        FileReceiver { sink, kind, digester: Digester::None }
    }

    /// Of an unfinished file that has not begun.
    pub(crate) fn partial(partial: Partial, kind: DigestKind) -> FileReceiver {
        let has_leftover = partial.leftover().is_some();
        let digester = if has_leftover { Digester::new(kind) } else { Digester::None };
        FileReceiver { sink: Sink::Partial(Box::new(partial)), kind, digester }
    }

    /// Of a file that stands there already, which is compared with the version `etag`.
    pub(crate) fn existing(file: ExistingFile, etag: &str, kind: DigestKind) -> FileReceiver {
        let sink = Sink::Existing { file: Box::new(file), hashed: 0, etag: etag.into() };
        FileReceiver { sink, kind, digester: Digester::new(kind) }
    }

    fn unfinished(&mut self) -> Option<&mut Partial> {
        if let Sink::Partial(partial) = &mut self.sink { Some(partial) } else { None }
    }

    /// Whether a file stands there already, so that nothing is written.
    pub(crate) fn is_existing(&self) -> bool {
        matches!(self.sink, Sink::Existing { .. })
    }

    /// Whether what was written has left, and cannot be taken back.
    pub(crate) fn is_output(&self) -> bool {
        matches!(self.sink, Sink::Device(_) | Sink::Function(_))
    }

    /// The etag and the size in bytes of what is here of the file, before `begin`.
    pub(crate) fn leftover(&self) -> Option<(&str, u64)> {
        match &self.sink {
            Sink::Partial(partial) => partial.leftover(),
            Sink::Existing { file, etag, .. } => Some((etag, file.source().size())),
            _ => None,
        }
    }

    /// Reads at most one `scratch` full of what is here of the file; true when that is done.
    pub(crate) fn verify_step(&mut self, scratch: &mut [u8]) -> Result<bool, FileError> {
        let digester = &mut self.digester;
        match &mut self.sink {
            Sink::Partial(partial) => {
                partial.verify_step(scratch, &mut |bytes| digester.update(bytes))
            }
            Sink::Existing { file, hashed, .. } => file.hash_piece(hashed, digester, scratch),
            _ => Ok(true),
        }
    }

    /// How many bytes from the beginning of the file count.
    pub(crate) fn verified(&self) -> u64 {
        match &self.sink {
            Sink::Partial(partial) => partial.verified(),
            Sink::Existing { hashed, .. } => *hashed,
            _ => 0,
        }
    }

    /// The digest that has seen the bytes that count, for the session that receives the rest.
    pub(crate) fn take_digester(&mut self) -> Digester {
        match self.verified() {
            0 => Digester::new(self.kind),
            _ => std::mem::replace(&mut self.digester, Digester::None),
        }
    }

    /// Removes what is left over, so that the file begins anew.
    pub(crate) fn discard_leftover(&mut self) -> Result<(), FileError> {
        self.unfinished().map_or(Ok(()), Partial::discard_leftover)
    }

    /// Creates a file without a name if possible, which is faster for a short file: see
    /// [`Partial::anonymous`]. Called instead of `begin`; then only `append` writes.
    pub(crate) fn begin_anonymous(&mut self, size: u64, etag: Option<&str>) -> bool {
        let Sink::Partial(partial) = &self.sink else { return false };
        let Some(file) = partial.anonymous(size, etag) else { return false };
        self.sink = Sink::Anonymous(Box::new(file));
        true
    }

    /// Begins to write, behind what counts of the same version and size in bytes. Without an etag
    /// nothing is left for a later run. A large file is written behind.
    pub(crate) fn begin(
        &mut self,
        etag: Option<&str>,
        size: Option<u64>,
        finisher: &mut Finisher,
    ) -> Result<(), FileError> {
        let Sink::Partial(partial) = &mut self.sink else { return Ok(()) };
        partial.begin(etag.unwrap_or_default(), size.unwrap_or(SIZE_UNKNOWN))?;
        if etag.is_none() {
            partial.without_journal();
        }
        if self.kind != DigestKind::None {
            partial.count_unverified();
        }
        finisher.write_behind(partial, size.unwrap_or(0));
        Ok(())
    }

    /// Writes bytes. A device that accepts no bytes now is awaited until `deadline` at the latest.
    pub(crate) fn write(
        &mut self,
        offset: u64,
        bytes: &[u8],
        deadline: Option<Instant>,
    ) -> Result<(), FileError> {
        match &mut self.sink {
            Sink::Partial(partial) => partial.write_at(bytes, offset),
            Sink::Anonymous(file) => file.write(bytes),
            Sink::Device(device) => Ok(outlet::write(device, bytes, deadline)?),
            Sink::Function(take) => {
                take(offset, bytes);
                Ok(())
            }
            Sink::Existing { .. } => Err(FileError::Changed),
        }
    }

    /// Says that bytes that were written were right: see [`Partial::chunk_verified`].
    pub(crate) fn chunk_verified(
        &mut self,
        offset: u64,
        len: u64,
        crc32: u32,
    ) -> Result<(), FileError> {
        self.unfinished().map_or(Ok(()), |partial| partial.chunk_verified(offset, len, crc32))
    }

    /// Writes bytes that count at once, since the protocol has no checksums for them.
    pub(crate) fn append(
        &mut self,
        offset: u64,
        bytes: &[u8],
        deadline: Option<Instant>,
    ) -> Result<(), FileError> {
        match &mut self.sink {
            Sink::Partial(partial) => partial.append(bytes, offset),
            _ => self.write(offset, bytes, deadline),
        }
    }

    /// The chunk that was being written is wrong. Bytes that cannot be retracted are caught by the
    /// digest of the whole file.
    pub(crate) fn distrust_unverified(&mut self) {
        let _ = self.unfinished().map(Partial::distrust_unverified);
    }

    /// When [`record_if_due`](FileReceiver::record_if_due) has something to record.
    pub(crate) fn record_due(&self) -> Option<Instant> {
        match &self.sink {
            Sink::Partial(partial) => partial.record_due(),
            Sink::Anonymous(file) => file.record_due(),
            _ => None,
        }
    }

    /// Records the received bytes if a record is due. A kill then loses only what came later.
    pub(crate) fn record_if_due(&mut self, now: Instant) {
        match &mut self.sink {
            Sink::Partial(partial) => partial.record_if_due(now),
            Sink::Anonymous(file) => {
                if let Some(partial) = file.record_if_due(now) {
                    self.sink = Sink::Partial(Box::new(partial));
                }
            }
            _ => {}
        }
    }

    /// Remembers with the finished file where it came from.
    pub(crate) fn set_provenance(&mut self, provenance: Provenance) {
        match &mut self.sink {
            Sink::Partial(partial) => partial.set_provenance(provenance),
            Sink::Anonymous(file) => file.keep_provenance(&provenance),
            _ => {}
        }
    }

    /// Whether a file can stand there, as far as is seen without writing.
    pub(crate) fn check(&mut self, overwrite: bool) -> Result<(), FileError> {
        let Sink::Partial(partial) = &mut self.sink else { return Ok(()) };
        partial.check()?;
        if !overwrite && partial.is_taken()? { Err(FileError::Exists) } else { Ok(()) }
    }

    /// Gives it another final name in the same directory.
    pub(crate) fn rename_to(&mut self, name: &Name) -> Result<(), FileError> {
        self.unfinished().map_or(Ok(()), |partial| partial.rename_to(name))
    }

    /// The job that makes what is whole durable, and with `overwrite` puts it in place of what has
    /// its name; `None` where nothing is stored.
    pub(crate) fn finish(self, durability: Durability, overwrite: bool) -> Option<Job> {
        match self.sink {
            Sink::Partial(partial) => {
                Some(Job::Finish(Box::new(partial.finish(durability, overwrite))))
            }
            Sink::Anonymous(file) => Some(Job::AnonymousFile(*file, durability, overwrite)),
            Sink::Existing { file, .. } => Some(Job::ExistingFile(*file, durability)),
            Sink::Device(_) | Sink::Function(_) => None,
        }
    }

    /// Ends an unfinished file. Returns whether its received part is kept for a later run.
    pub(crate) fn keep(self) -> bool {
        match self.sink {
            Sink::Partial(_) => true,
            Sink::Anonymous(file) => file.record().is_some(),
            _ => false,
        }
    }

    /// Removes the received part of the file.
    pub(crate) fn discard(self) {
        if let Sink::Partial(partial) = self.sink {
            // What cannot be removed now is overwritten by the next run.
            let _ = partial.discard();
        }
    }
}
