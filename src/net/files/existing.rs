//! A file that stands under its name already, while the same name is put again.
//!
//! Specification: `PROTOCOL.md` §7.3.
//!
//! ```text
//!   put d/x, 5 bytes ─▶ d/x stands, 5 bytes ─▶ read_at … (its digest) ─▶ equal ─▶ finish:
//!                                                   fsync(file), fsync(d), fsync(root)
//! ```
//!
//! Nothing is written or replaced. The file may have been put by a run that was killed before the
//! last sync, so success makes it as durable as if it had just been put.

use super::place::Place;
use super::{Durability, FileError, SourceFile};
use crate::digest::Digester;

/// A regular file under its final name, open for reading.
#[derive(Debug)]
pub struct ExistingFile {
    place: Place,
    source: SourceFile,
}

impl ExistingFile {
    pub(super) fn new(
        place: Place,
        source: Result<SourceFile, FileError>,
    ) -> Result<ExistingFile, FileError> {
        let source = match source {
            // A directory, a device, a symlink that leads nowhere or out of the root.
            Err(FileError::NotFound) => return Err(FileError::Exists),
            source => source?,
        };
        match place.is_name_of(source.file()) {
            true => Ok(ExistingFile { place, source }),
            false => Err(FileError::Exists),
        }
    }

    /// What it holds.
    pub fn source(&self) -> &SourceFile {
        &self.source
    }

    /// Hashes at most one `scratch` full from `at` on, and moves `at`. True when the whole file is
    /// hashed.
    ///
    /// # Errors
    /// [`FileError::Exists`] if it was written meanwhile, so that other content has the name, and
    /// those of the disk.
    pub(crate) fn hash_piece(
        &self,
        at: &mut u64,
        digester: &mut Digester,
        scratch: &mut [u8],
    ) -> Result<bool, FileError> {
        let left = self.source.size() - *at;
        if left > 0 {
            let len = usize::try_from(left).unwrap_or(usize::MAX);
            let bytes = self.source.read_piece(*at, len, scratch).map_err(|error| match error {
                FileError::Changed => FileError::Exists,
                error => error,
            })?;
            digester.update(bytes);
            *at += bytes.len() as u64;
        }
        Ok(*at == self.source.size())
    }

    /// Makes the file and its name durable, as if it had just been put. May take long.
    ///
    /// # Errors
    /// [`FileError::Exists`] if it is not the file any more that was opened, and those of the disk.
    pub fn finish(self, durability: Durability) -> Result<(), FileError> {
        if !self.source.unchanged()? || !self.place.is_name_of(self.source.file()) {
            return Err(FileError::Exists);
        }
        if durability != Durability::Fsync {
            return Ok(());
        }
        self.source.file().sync_all()?;
        self.place.sync_directories_above()
    }
}
