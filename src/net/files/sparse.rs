//! An unfinished file that is written in any order, for bytes that come so and never come again.
//!
//! Specification: flock(2), rename(2).
//!
//! ```text
//!   lock(part) → write_at, is_same … → digest → fsync → rename(part, base) → fsync(directory)
//!                                        dropped before: the part is removed
//! ```
//!
//! It keeps no journal, since there is nothing to go on with: whoever sends the file once more
//! sends all of it. What lies between the pieces is a hole, so the disk holds what came and no
//! more.

use super::FileError;
use super::finish::Durability;
use super::place::Place;
use super::source_file::read_full_at;
use crate::datagram::DIGEST_BYTES;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How much is read at a time, in bytes.
const BLOCK_BYTES: usize = 64 << 10;

/// See the head of this module. Dropped unfinished, nothing of it is left.
#[derive(Debug)]
pub struct SparseFile {
    place: Place,
    /// Locked.
    part: File,
    has_name: bool,
}

impl SparseFile {
    /// An empty file that shall stand at a local path, which its user chose; its directory must
    /// exist. What is left over there of an interrupted transfer is given up.
    ///
    /// # Errors
    /// [`FileError::Busy`] if another transfer is writing that file, [`FileError::InTheWay`] if a
    /// directory has its name, and those of the disk.
    pub fn at_path(path: &Path) -> Result<SparseFile, FileError> {
        let mut place = Place::at_path(path)?;
        place.prepare()?;
        let part = place.lock_part(true)?.ok_or(FileError::NotFound)?;
        let file = SparseFile { place, part, has_name: false };
        file.place.remove_journal()?;
        file.part.set_len(0)?;
        Ok(file)
    }

    /// Writes bytes at an offset in bytes, whatever stands there.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), FileError> {
        Ok(self.part.write_all_at(bytes, offset)?)
    }

    /// Whether these bytes stand at an offset in bytes.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn is_same(&self, bytes: &[u8], offset: u64) -> Result<bool, FileError> {
        let mut there = vec![0; bytes.len()];
        let read = read_full_at(&self.part, &mut there, offset)?;
        Ok(read == bytes.len() && there == bytes)
    }

    /// BLAKE3 of the first `size` bytes, as the disk has them.
    ///
    /// # Errors
    /// Those of the disk; [`FileError::Changed`] if there are not so many.
    pub fn digest(&self, size: u64) -> Result<[u8; DIGEST_BYTES], FileError> {
        let (mut hasher, mut block, mut at) = (blake3::Hasher::new(), vec![0; BLOCK_BYTES], 0);
        while at < size {
            let len = usize::try_from(size - at).map_or(BLOCK_BYTES, |left| left.min(BLOCK_BYTES));
            let read = read_full_at(&self.part, &mut block[..len], at)?;
            if read < len {
                return Err(FileError::Changed);
            }
            hasher.update(&block[..read]);
            at += read as u64;
        }
        Ok(*hasher.finalize().as_bytes())
    }

    /// Gives it its name, in place of what stands there. May take long.
    ///
    /// # Errors
    /// Those of the disk, and then nothing is left of it; but if its directory could not be synced
    /// it stands under its name.
    pub fn finish(mut self, durability: Durability) -> Result<(), FileError> {
        if durability == Durability::Fsync {
            self.part.sync_all()?;
        }
        self.place.rename(&self.part, true)?;
        self.has_name = true;
        durability.sync_names(&self.place)
    }
}

impl Drop for SparseFile {
    fn drop(&mut self) {
        if !self.has_name {
            // What cannot be removed now is taken over by the next run.
            let _ = self.place.remove_part(&self.part);
        }
    }
}
