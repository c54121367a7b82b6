//! A file without a name until it is whole: what is quickest for one that is not worth going on
//! with.
//!
//! Specification: open(2) (`O_TMPFILE`), link(2), flock(2).
//!
//! ```text
//!   open(directory, O_TMPFILE) → write … → (fsync) → link to its name → (fsync of the directory)
//!                                              └ taken: lock, link to the part, rename
//! ```
//!
//! It needs no lock, no other name beside its own, and leaves nothing behind where it is killed:
//! four calls of the system where a [`Partial`] makes twelve. One that takes long becomes a partial
//! file, if it can be resumed. If the name exists, the file is linked as a locked part file first
//! and then renamed; a kill between may leave it to the next run. The lock keeps other processes
//! from taking the part for a leftover.

use super::finish::Durability;
use super::partial::{Partial, RECORD_WAIT};
use super::place::{Place, link};
use super::provenance::Provenance;
use super::source_file::read_full_at;
use super::{FileError, SEGMENT_BYTES_MIN};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::time::Instant;

/// The largest file that is made this way, in bytes: it is cheap to make again as a [`Partial`].
pub const ANONYMOUS_BYTES_MAX: u64 = SEGMENT_BYTES_MIN;

/// How much is copied at a time where the file has to be made in another way after all, in bytes.
const COPY_BYTES: usize = 64 << 10;

/// See the head of this module. Dropped, it was never there.
#[derive(Debug)]
pub struct AnonymousFile {
    place: Place,
    file: File,
    size: u64,
    written: u64,
    /// Of a file that can be gone on with.
    etag: Option<Box<str>>,
    /// When it becomes a partial file.
    record_due: Option<Instant>,
}

impl Partial {
    /// The same file, of `size` bytes, as one without a name. `None` if the file system has no such
    /// files, if the file is larger than [`ANONYMOUS_BYTES_MAX`], or if an earlier run left a part
    /// of it. Called instead of `begin`.
    ///
    /// With an etag the file can be resumed, and becomes a `Partial` when it takes long.
    pub fn anonymous(&self, size: u64, etag: Option<&str>) -> Option<AnonymousFile> {
        self.is_unused().then(|| AnonymousFile::new(self.place(), size, etag)).flatten()
    }
}

impl AnonymousFile {
    /// A file of `size` bytes; `None` where it is too large for this, or where the file system has
    /// no files without names. With an etag it can be gone on with.
    pub(super) fn new(place: &Place, size: u64, etag: Option<&str>) -> Option<AnonymousFile> {
        if size > ANONYMOUS_BYTES_MAX {
            return None;
        }
        let mut place = place.clone();
        if place.dir().is_err() {
            place.prepare().ok()?;
        }
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = rustix::fs::openat(place.dir().ok()?, ".", flags, Mode::from(0o666)).ok()?;
        let (file, etag) = (file.into(), etag.map(Box::from));
        Some(AnonymousFile { place, file, size, written: 0, etag, record_due: None })
    }

    /// Adds bytes behind those that are there.
    ///
    /// # Errors
    /// Those of the disk; [`FileError::Io`] for more than it was made for.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        if bytes.len() as u64 > self.size - self.written {
            return Err(FileError::misuse("more bytes than the length of the file"));
        }
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        if self.etag.is_some() {
            self.record_due.get_or_insert_with(|| Instant::now() + RECORD_WAIT);
        }
        Ok(())
    }

    /// When [`record_if_due`](AnonymousFile::record_if_due) has something to record.
    pub fn record_due(&self) -> Option<Instant> {
        self.record_due
    }

    /// Makes a partial file of one whose first byte was written [`RECORD_WAIT`] ago, with a record
    /// of what has come. `None` where that is not so, or cannot be done; the file goes on then.
    pub fn record_if_due(&mut self, now: Instant) -> Option<Partial> {
        self.record_due.take_if(|due| *due <= now)?;
        self.record()
    }

    /// Makes a partial file of it, with a record of what has come. `None` where it cannot be gone
    /// on with, or that cannot be done; the file goes on then.
    pub fn record(&self) -> Option<Partial> {
        let mut partial = self.copied(self.etag.as_deref()?).ok()?;
        partial.checkpoint().ok()?;
        Some(partial)
    }

    /// Remembers with the file where it came from; nothing is written to it after that.
    pub fn keep_provenance(&self, provenance: &Provenance) {
        provenance.keep(&self.file);
    }

    /// Gives it its name; with `overwrite` in place of what stands there.
    ///
    /// # Errors
    /// Those of the disk; [`FileError::Exists`] if the name was not to be taken from another file,
    /// [`FileError::InTheWay`] if a directory has the name, [`FileError::Busy`] if another transfer
    /// is writing that file.
    pub fn finish(self, durability: Durability, overwrite: bool) -> Result<(), FileError> {
        if self.written != self.size {
            return Err(FileError::misuse("finished before it was whole"));
        }
        if durability == Durability::Fsync {
            self.file.sync_all()?;
        }
        match link(&self.file, self.place.dir()?, self.place.base()) {
            Ok(()) => {}
            Err(Errno::EXIST) if overwrite => self.replace(durability)?,
            Err(error) => return Err(error.into()),
        }
        durability.sync_names(&self.place)
    }

    /// Takes the place of what has the name.
    fn replace(&self, durability: Durability) -> Result<(), FileError> {
        self.file.try_lock().map_err(|_| FileError::Busy)?;
        match link(&self.file, self.place.dir()?, self.place.part().as_ref()) {
            Ok(()) => {}
            // Somebody's, or left over: a partial file knows which.
            Err(Errno::EXIST) => return self.copy(durability),
            Err(error) => return Err(error.into()),
        }
        let renamed = self.place.rename(&self.file, true);
        if renamed.is_err() {
            self.place.remove_part(&self.file)?;
        }
        renamed
    }

    /// Makes it again, beside its name.
    fn copy(&self, durability: Durability) -> Result<(), FileError> {
        let mut partial = self.copied("")?;
        partial.without_journal();
        partial.finish(durability, true).run()
    }

    /// A partial file of the same bytes.
    fn copied(&self, etag: &str) -> Result<Partial, FileError> {
        let mut partial = Partial::look(self.place.clone())?;
        partial.begin(etag, self.size)?;
        let (mut block, mut at) = (vec![0; COPY_BYTES], 0);
        while at < self.written {
            let read = read_full_at(&self.file, &mut block, at)?;
            partial.append(&block[..read], at)?;
            at += read as u64;
        }
        Ok(partial)
    }
}
