//! A regular file open for reading: bytes at an offset, and a tag that changes when they do.
//!
//! Specification: `PROTOCOL.md` §4 (`etag`) and §7.4 (the sender notices a change).
//!
//! ```text
//!   etag = size "-" mtime in ns "-" ctime in ns "-" inode       each in hexadecimal
//!   5e8c-18a3f0c2d1b4e7a0-18a3f0c2d1b4e7a0-2a41
//! ```
//!
//! The tag is made of what the file system knows, so it costs one fstat, outlives the process, and
//! needs no reading. It errs on the safe side: chmod, a new hard link or unlink changes it too.

use super::FileError;
use rustix::fs::{Mode, OFlags};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::SystemTime;

/// A regular file, open for reading.
#[derive(Debug)]
pub struct Source {
    file: File,
    size: u64,
    modified: SystemTime,
    etag: Box<str>,
}

impl Source {
    /// Opens a local file that its user named, wherever it is.
    ///
    /// # Errors
    /// [`FileError::NotFound`] if it is no regular file; a FIFO does not block.
    pub fn from_path(path: &Path) -> Result<Source, FileError> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(FileError::NotFound);
        }
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | quiet_flags();
        Source::from_file(rustix::fs::open(path, flags, Mode::empty())?.into())
    }

    /// Takes an open file, if it is a regular one. It is read by offsets, wherever it stands.
    ///
    /// # Errors
    /// [`FileError::NotFound`] if it is not, and those of fstat.
    pub fn from_file(file: File) -> Result<Source, FileError> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(FileError::NotFound);
        }
        let (size, modified, etag) = (metadata.len(), metadata.modified()?, etag_of(&metadata));
        Ok(Source { file, size, modified, etag })
    }

    /// Size in bytes when it was opened.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// When it was last written, when it was opened.
    pub fn modified(&self) -> SystemTime {
        self.modified
    }

    /// What its bytes are known by: visible ASCII, at most 128 bytes.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// Reads from `offset` in bytes until `buffer` is full or the file ends; says how many.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        read_full_at(&self.file, buffer, offset)
    }

    /// The open file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether the file is still the one that was opened, by its etag.
    ///
    /// # Errors
    /// Those of fstat.
    pub fn unchanged(&self) -> io::Result<bool> {
        Ok(etag_of(&self.file.metadata()?) == self.etag)
    }
}

/// Flags that keep an open from waiting for a FIFO's other end or taking a terminal.
pub(super) fn quiet_flags() -> OFlags {
    OFlags::NONBLOCK | OFlags::NOCTTY
}

/// Reads until `buffer` is full or the file ends; says how many bytes.
pub(super) fn read_full_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn etag_of(metadata: &Metadata) -> Box<str> {
    let nanos = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    let modified = nanos(metadata.mtime(), metadata.mtime_nsec());
    let altered = nanos(metadata.ctime(), metadata.ctime_nsec());
    format!("{:x}-{modified:x}-{altered:x}-{:x}", metadata.len(), metadata.ino()).into()
}
