//! Reads again what a journal claims, a bounded piece at a time.
//!
//! Specification: `PROTOCOL.md` §7.1.
//!
//! ```text
//!   journal:   | segment      | segment      | torn
//!   part:      |##############|#########x####|#####
//!              Checking→Giving  Checking: wrong crc32 → Done
//!              given to digest  never given to anybody
//! ```
//!
//! A digest cannot take bytes back, so a segment is proven before a byte of it is given away. It is
//! read once if it fits the caller's buffer and twice, the second time from the page cache, if not.

use super::FileError;
use super::journal::{Reader, Segment};
use super::source_file::read_full_at;
use std::fs::File;
use std::io;

/// A journal on its way through verification.
#[derive(Debug)]
pub(super) struct Check {
    reader: Reader,
    expect: Expect,
    verified: u64,
}

/// What comes next.
#[derive(Debug)]
enum Expect {
    Record,
    /// To read on at `at`, for the checksum.
    Checking {
        segment: Segment,
        at: u64,
        crc32: crc32fast::Hasher,
    },
    /// To read on at `at` and give it away.
    Giving {
        segment: Segment,
        at: u64,
    },
    Nothing,
}

impl Check {
    pub(super) fn new(reader: Reader) -> Check {
        Check { reader, expect: Expect::Record, verified: 0 }
    }

    /// Where the last segment ends that was proven and given away, in bytes.
    pub(super) fn verified(&self) -> u64 {
        self.verified
    }

    /// The journal, if all that it claims has been looked at.
    pub(super) fn into_reader(self) -> Option<Reader> {
        matches!(self.expect, Expect::Nothing).then_some(self.reader)
    }

    /// Reads at most one `scratch` full; true when there is nothing more to look at.
    pub(super) fn step(
        &mut self,
        part: &File,
        scratch: &mut [u8],
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<bool, FileError> {
        if scratch.is_empty() {
            return Err(FileError::misuse("verification needs a buffer"));
        }
        // Each arm leaves what is expected next; an error leaves nothing.
        match std::mem::replace(&mut self.expect, Expect::Nothing) {
            Expect::Record => {
                if let Some(segment) = self.reader.next() {
                    let crc32 = crc32fast::Hasher::new();
                    self.check(part, segment, segment.start, crc32, scratch, seen)?;
                }
            }
            Expect::Checking { segment, at, crc32 } => {
                self.check(part, segment, at, crc32, scratch, seen)?;
            }
            Expect::Giving { segment, at } => self.give(part, segment, at, scratch, seen)?,
            Expect::Nothing => {}
        }
        Ok(matches!(self.expect, Expect::Nothing))
    }

    fn check(
        &mut self,
        part: &File,
        segment: Segment,
        at: u64,
        mut crc32: crc32fast::Hasher,
        scratch: &mut [u8],
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<(), FileError> {
        let piece = piece(scratch, segment, at);
        // What cannot be read is not proven, and that is all.
        if !read_full_at(part, piece, at).is_ok_and(|read| read == piece.len()) {
            return Ok(());
        }
        crc32.update(piece);
        let next = at + piece.len() as u64;
        if next < segment.end {
            self.expect = Expect::Checking { segment, at: next, crc32 };
        } else if crc32.finalize() != segment.crc32 {
            return Ok(());
        } else if at == segment.start {
            seen(piece);
            self.accept(segment);
        } else {
            self.expect = Expect::Giving { segment, at: segment.start };
        }
        Ok(())
    }

    fn give(
        &mut self,
        part: &File,
        segment: Segment,
        at: u64,
        scratch: &mut [u8],
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<(), FileError> {
        let piece = piece(scratch, segment, at);
        if read_full_at(part, piece, at)? != piece.len() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        seen(piece);
        let next = at + piece.len() as u64;
        if next < segment.end {
            self.expect = Expect::Giving { segment, at: next };
        } else {
            self.accept(segment);
        }
        Ok(())
    }

    fn accept(&mut self, segment: Segment) {
        self.reader.accept();
        self.verified = segment.end;
        self.expect = Expect::Record;
    }
}

/// As much of the buffer as is left of the segment.
fn piece(scratch: &mut [u8], segment: Segment, at: u64) -> &mut [u8] {
    let left = usize::try_from(segment.end - at).unwrap_or(usize::MAX);
    let len = left.min(scratch.len());
    &mut scratch[..len]
}
