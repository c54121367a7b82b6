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
pub struct SourceFile {
    file: File,
    size: u64,
    modified: SystemTime,
    etag: Box<str>,
}

impl SourceFile {
    /// Opens a local file that its user named, wherever it is.
    ///
    /// # Errors
    /// [`FileError::NotRegular`] if it is no regular file; a FIFO does not block. Those of
    /// [`check_size`](SourceFile::check_size).
    pub fn from_path(path: &Path) -> Result<SourceFile, FileError> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(FileError::NotRegular);
        }
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | quiet_flags();
        let source = SourceFile::from_file(rustix::fs::open(path, flags, Mode::empty())?.into())?;
        source.check_size()?;
        Ok(source)
    }

    /// Takes an open file, if it is a regular one. It is read by offsets, wherever it stands.
    ///
    /// # Errors
    /// [`FileError::NotRegular`] if it is not, and those of fstat.
    pub fn from_file(file: File) -> Result<SourceFile, FileError> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(FileError::NotRegular);
        }
        let (size, modified, etag) = (metadata.len(), metadata.modified()?, etag_of(&metadata));
        Ok(SourceFile { file, size, modified, etag })
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

    /// Looks whether the file ends where its size says, by reading around that place. Files in
    /// `/proc` and `/sys` do not.
    ///
    /// # Errors
    /// [`FileError::FalseSize`] if it does not, [`FileError::Changed`] if it does not because it
    /// has just been written, and those of the disk.
    pub fn check_size(&self) -> Result<(), FileError> {
        let last = self.size.saturating_sub(1);
        self.read_piece(last, (self.size - last) as usize, &mut [0; 2]).map(drop)
    }

    /// Reads the bytes that are sent next into the beginning of `scratch`: `len` of them from
    /// `offset`, which lie within the size, or as many as `scratch` has room for. Behind the last
    /// byte of the file it looks whether this is still the file that was opened.
    ///
    /// # Errors
    /// [`FileError::Changed`] if the file has become shorter, or, with the last byte, if it has
    /// changed in any way since it was opened. [`FileError::FalseSize`] if it has not changed and
    /// holds fewer or more bytes than its size says. Those of the disk.
    pub fn read_piece<'a>(
        &self,
        offset: u64,
        len: usize,
        scratch: &'a mut [u8],
    ) -> Result<&'a [u8], FileError> {
        let len = len.min(scratch.len());
        let end = offset + len as u64;
        let mut read = read_full_at(&self.file, &mut scratch[..len], offset)?;
        if end >= self.size {
            // Behind its size there is nothing.
            read += read_full_at(&self.file, &mut [0], end)?;
        }
        if read < len || end >= self.size {
            // Asked behind the read: a change before it would otherwise go unnoticed.
            match (self.unchanged()?, read == len) {
                (true, true) => {}
                (true, false) => return Err(FileError::FalseSize),
                (false, _) => return Err(FileError::Changed),
            }
        }
        Ok(&scratch[..len])
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
    let modified = (metadata.mtime(), metadata.mtime_nsec());
    etag(metadata.len(), modified, (metadata.ctime(), metadata.ctime_nsec()), metadata.ino())
}

/// What a file is known by that has this size in bytes, was last written and last changed at these
/// times in seconds and nanoseconds, and has this inode.
pub(super) fn etag(size: u64, modified: (i64, i64), altered: (i64, i64), inode: u64) -> Box<str> {
    let nanos = |time: (i64, i64)| i128::from(time.0) * 1_000_000_000 + i128::from(time.1);
    let (modified, altered) = (nanos(modified), nanos(altered));
    format!("{size:x}-{modified:x}-{altered:x}-{inode:x}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Around a file of 12 bytes, for every piece: what a change of its length leads to.
    #[test]
    fn a_piece_is_whole_or_an_error() {
        const SIZE: usize = 12;
        let mut scratch = [0; 32];
        for now in 0..=SIZE + 2 {
            let named = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(named.path(), [7; SIZE]).unwrap();
            let source = SourceFile::from_path(named.path()).unwrap();
            if now != SIZE {
                named.as_file().set_len(now as u64).unwrap();
            }
            for offset in 0..=SIZE {
                for len in 0..=SIZE - offset {
                    let piece = source.read_piece(offset as u64, len, &mut scratch);
                    let end = offset + len;
                    // A change of what lies behind a piece is noticed with the last one.
                    let is_good = (len == 0 || end <= now) && (end < SIZE || now == SIZE);
                    match piece {
                        Ok(piece) => assert!(is_good && piece == &[7; SIZE][..len], "{now}"),
                        Err(FileError::Changed) => assert!(!is_good, "{now} {offset} {len}"),
                        Err(error) => panic!("{now} {offset} {len}: {error}"),
                    }
                }
            }
        }
    }

    #[test]
    fn a_piece_is_as_long_as_there_is_room() {
        let named = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(named.path(), [7; 12]).unwrap();
        let source = SourceFile::from_path(named.path()).unwrap();
        for room in 1..14 {
            let mut scratch = vec![0; room];
            assert_eq!(source.read_piece(0, 12, &mut scratch).unwrap().len(), room.min(12));
        }
    }

    /// Regular files that hold more than their size says, and less.
    #[test]
    fn a_false_size_is_told_from_a_change() {
        for path in ["/proc/version", "/sys/kernel/uevent_seqnum"] {
            assert!(
                matches!(SourceFile::from_path(path.as_ref()), Err(FileError::FalseSize)),
                "{path}"
            );
            let source = SourceFile::from_file(File::open(path).unwrap()).unwrap();
            let len = usize::try_from(source.size()).unwrap();
            let piece = source.read_piece(0, len, &mut [0; 8192]).map(<[u8]>::len);
            assert!(matches!(piece, Err(FileError::FalseSize)), "{path}: {piece:?}");
        }
    }
}
