//! A small file that is whole in memory: it stands under its name at once, or not at all.
//!
//! Specification: open(2) (`O_TMPFILE`), linkat(2).
//!
//! ```text
//!   open(directory, O_TMPFILE) → write → (fsync) → link to its name → (fsync of the directory)
//!                        └ the name is taken, or the file system cannot: as a Partial does it
//! ```
//!
//! A file without a name needs no lock, no other name beside its own, and leaves nothing behind
//! wherever it is killed. That makes it three times as quick as a file that has to be able to grow
//! over several runs.

use super::FileError;
use super::finish::Durability;
use super::partial::Partial;
use super::place::Place;
use crate::transfer::digest::crc32;
use cap_std::fs::Dir;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The largest file that is small, in bytes.
pub const SMALL_BYTES_MAX: usize = 64 << 10;

/// How much all small files together may hold, in bytes.
const HELD_BYTES_MAX: usize = 8 << 20;

/// What small files hold that are not stored yet. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Held(Arc<AtomicUsize>);

/// The share of one file in what is held.
#[derive(Debug)]
struct Share {
    held: Held,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// See the head of this module.
#[derive(Debug)]
pub struct Small {
    place: Place,
    bytes: Vec<u8>,
    durability: Durability,
    share: Share,
}

impl Held {
    /// Room for a file of that length in bytes, if it is small and the others leave some.
    fn share(&self, bytes: usize) -> Option<Share> {
        if bytes > SMALL_BYTES_MAX {
            return None;
        }
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        let share = Share { held: self.clone(), bytes };
        (before + bytes <= HELD_BYTES_MAX).then_some(share)
    }
}

impl Small {
    /// A file of `len` bytes; `None` if that is not small, or if too much is held already.
    pub(super) fn new(
        place: &Place,
        len: u64,
        durability: Durability,
        held: &Held,
    ) -> Option<Small> {
        let share = held.share(usize::try_from(len).ok()?)?;
        let bytes = Vec::with_capacity(share.bytes);
        Some(Small { place: place.clone(), bytes, durability, share })
    }

    /// Adds bytes behind those that are there.
    ///
    /// # Errors
    /// [`FileError::Io`] for more than it was made for.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        if bytes.len() > self.share.bytes - self.bytes.len() {
            return Err(FileError::misuse("more bytes than the length of the file"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Stores it under its name, in place of what stands there.
    ///
    /// # Errors
    /// Those of the disk, and of [`Partial::begin`].
    pub fn store(mut self) -> Result<(), FileError> {
        if self.place.dir().is_err() {
            self.place.prepare()?;
        }
        match self.link() {
            Ok(()) => Ok(()),
            Err(FileError::NoSpace) => Err(FileError::NoSpace),
            // The name is taken, or there are no nameless files here: the long way says what is
            // wrong, if anything is.
            Err(_) => self.by_rename(),
        }
    }

    fn link(&self) -> Result<(), FileError> {
        let dir = self.place.dir()?;
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let mut file: File = rustix::fs::openat(dir, ".", flags, Mode::from(0o666))?.into();
        file.write_all(&self.bytes)?;
        if self.durability == Durability::Fsync {
            file.sync_all()?;
        }
        give_name(&file, dir, self.place.base())?;
        match self.durability {
            Durability::Fsync => self.place.sync_directories(),
            Durability::Rename | Durability::None => Ok(()),
        }
    }

    fn by_rename(self) -> Result<(), FileError> {
        let mut partial = Partial::look(self.place)?;
        partial.begin("", self.bytes.len() as u64)?;
        partial.without_journal();
        partial.write_at(&self.bytes, 0)?;
        partial.chunk_verified(0, self.bytes.len() as u64, crc32(&self.bytes))?;
        partial.finish(self.durability, true).run()
    }
}

/// Links a nameless file to its name.
fn give_name(file: &File, dir: &Dir, name: &OsStr) -> rustix::io::Result<()> {
    match rustix::fs::linkat(file, c"", dir, name, AtFlags::EMPTY_PATH) {
        // Kernels before 6.10 let only root do that; by this way everybody may.
        Err(Errno::NOENT) => {
            let here = format!("/proc/self/fd/{}", file.as_raw_fd());
            rustix::fs::linkat(rustix::fs::CWD, here, dir, name, AtFlags::SYMLINK_FOLLOW)
        }
        linked => linked,
    }
}
