//! An unfinished file: it grows beside its final name and survives an interruption.
//!
//! Specification: `PROTOCOL.md` §6 and §7.
//!
//! ```text
//!   look → leftover? → verify_step … → begin → (write_at, chunk_verified) … → finish | discard
//!                                               record_if_due                dropped: recorded
//!
//!   part   |== recorded ==|== verified ==|-- written --|
//!           in the journal   recorded by time, and when it is dropped
//! ```
//!
//! Bytes count once the caller has said that their chunk was right, or from when they are written
//! where a digest of the whole file will be compared ([`Partial::count_unverified`]). A kill at
//! any moment leaves the final name absent or complete, and loses what was written since the last
//! record: by size less than twice [`SEGMENT_BYTES_MIN`], and by time what came in the last
//! [`RECORD_WAIT`] before it. A file that is complete sooner has no journal. The part is locked
//! from the first look at it to the end.

mod recording;

pub use recording::RECORD_WAIT;

use super::FileError;
use super::finish::{Durability, Finish};
use super::journal::{Header, Journal, Reader, SEGMENT_BYTES_MIN};
use super::place::Place;
use super::provenance::Provenance;
use super::verify::Check;
use super::write_behind::{FileWriter, WriteBehind};
use crate::digest::crc32;
use crate::name::Name;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The size to begin with where the sender does not say one; then [`Partial::finish`] cannot check
/// that the file is whole, the caller has to.
pub const SIZE_UNKNOWN: u64 = u64::MAX;

/// A file that has not got its name yet.
///
/// Dropped unfinished, it keeps the bytes that count for the next run, or deletes itself if there
/// are none.
#[derive(Debug)]
pub struct Partial {
    place: Place,
    /// Locked.
    part: Option<Arc<File>>,
    leftover: Option<Header>,
    check: Option<Check>,
    growth: Option<Growth>,
    /// What is remembered with it when it has its name.
    provenance: Option<Provenance>,
}

/// A part that is growing. `recorded ≤ verified ≤ written`, all in bytes.
#[derive(Debug)]
struct Growth {
    header: Header,
    /// What its journal has to name.
    mark: String,
    recorded: u64,
    verified: u64,
    written: u64,
    /// Of the bytes from `recorded` to `verified`.
    crc32: crc32fast::Hasher,
    journal: Option<Journal>,
    journalled: bool,
    /// Where the provisional record ends, if there is one.
    provisional: u64,
    /// Whether bytes are recorded before their chunk is verified.
    counts_unverified: bool,
    /// When what is not recorded is recorded.
    record_due: Option<Instant>,
    /// Writes for it, where it is large and there is a thread for that.
    writer: Option<FileWriter>,
}

impl Partial {
    /// Looks for what is left over of the file that shall stand at a local path, which its user
    /// chose; its directory must exist.
    ///
    /// # Errors
    /// Those of [`Root::partial`](super::Root::partial).
    pub fn at_path(path: &Path) -> Result<Partial, FileError> {
        Partial::look(Place::at_path(path)?)
    }

    /// Without a look at what is left over.
    pub(super) fn new(place: Place) -> Partial {
        Partial { place, part: None, leftover: None, check: None, growth: None, provenance: None }
    }

    pub(super) fn look(place: Place) -> Result<Partial, FileError> {
        let mut place = place;
        let part = place.lock_part(false)?.map(Arc::new);
        let reader = match &part {
            Some(part) => {
                let mark = place.mark(part)?;
                place.open_journal()?.and_then(|journal| Reader::open(journal, &mark))
            }
            None => None,
        };
        let (leftover, check) = match reader {
            Some((header, reader)) => (Some(header), Some(Check::new(reader))),
            None => (None, None),
        };
        Ok(Partial { place, part, leftover, check, growth: None, provenance: None })
    }

    /// The etag and the size in bytes of the file that something is left over of, before `begin`.
    pub fn leftover(&self) -> Option<(&str, u64)> {
        self.leftover.as_ref().map(|header| (&*header.etag, header.size))
    }

    /// Reads again what is left over, at most one `scratch` full; true when that is done.
    ///
    /// `seen` is given the bytes that count, each once and in order, for digesting; none that
    /// fail.
    ///
    /// # Errors
    /// Those of the disk; what merely is not as the journal says does not count.
    pub fn verify_step(
        &mut self,
        scratch: &mut [u8],
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<bool, FileError> {
        match (&self.part, &mut self.check) {
            (Some(part), Some(check)) => check.step(part, scratch, seen),
            _ => Ok(true),
        }
    }

    /// How many bytes from the beginning of the file count.
    pub fn verified(&self) -> u64 {
        match (&self.growth, &self.check) {
            (Some(growth), _) => growth.verified,
            (None, Some(check)) => check.verified(),
            (None, None) => 0,
        }
    }

    /// Begins to write a file of that etag and size in bytes, or [`SIZE_UNKNOWN`].
    ///
    /// Goes on at [`Partial::verified`] if what is left over is of the same etag and size and
    /// [`Partial::verify_step`] has come to its end; otherwise starts anew: then `verified()` is 0
    /// and a digest has to start anew too. Creates directories where they are missing.
    ///
    /// # Errors
    /// [`FileError::Busy`] if another transfer is writing that file, [`FileError::InTheWay`] if a
    /// directory has its name, and those of the disk.
    pub fn begin(&mut self, etag: &str, size: u64) -> Result<(), FileError> {
        if self.growth.is_some() {
            return Err(FileError::misuse("begun twice"));
        }
        let header = Header::new(etag, size)?;
        self.place.prepare()?;
        let (verified, journal) = match self.proven(&header) {
            Some((verified, reader)) => (verified, Some(Journal::resume(reader)?)),
            None => (0, None),
        };
        let part = match self.part.take() {
            Some(part) => part,
            None => Arc::new(self.place.lock_part(true)?.ok_or(FileError::NotFound)?),
        };
        let part = self.part.insert(part);
        if journal.is_none() {
            self.place.remove_journal()?;
        }
        // Whatever is behind has not been proven.
        part.set_len(verified)?;
        self.leftover = None;
        self.growth = Some(Growth {
            header,
            mark: self.place.mark(part)?,
            recorded: verified,
            verified,
            written: verified,
            crc32: crc32fast::Hasher::new(),
            journal,
            journalled: true,
            provisional: 0,
            counts_unverified: false,
            record_due: None,
            writer: None,
        });
        Ok(())
    }

    /// Makes the directory of the file, if it is missing, and sees that none has its name and that
    /// this user may create files there.
    ///
    /// # Errors
    /// [`FileError::InTheWay`] if one has, and those of the disk.
    pub fn check(&mut self) -> Result<(), FileError> {
        self.place.prepare()?;
        self.place.check_writable()
    }

    /// Whether there is no part, neither of this run nor of an earlier one.
    pub(super) fn is_unused(&self) -> bool {
        self.part.is_none() && self.growth.is_none()
    }

    /// Whether something has the final name already, be it a dangling symlink. After `check`.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn is_taken(&self) -> Result<bool, FileError> {
        self.place.is_taken()
    }

    /// Keeps no journal from here on: an interruption then costs the whole file. After `begin`.
    pub fn without_journal(&mut self) {
        if let Some(growth) = &mut self.growth {
            growth.journalled = false;
        }
    }

    /// Lets a thread write for it, which pays from
    /// [`WRITE_BEHIND_FROM`](super::WRITE_BEHIND_FROM). After `begin`.
    pub fn write_behind(&mut self, behind: WriteBehind) {
        if let (Some(part), Some(growth)) = (&self.part, &mut self.growth) {
            growth.writer = Some(FileWriter::new(behind, part.clone()));
        }
    }

    /// Writes bytes at an offset in bytes that is not verified yet and leaves no gap.
    ///
    /// # Errors
    /// Those of the disk; `InvalidInput` for an offset that is not allowed.
    pub fn write_at(&mut self, bytes: &[u8], offset: u64) -> Result<(), FileError> {
        let (Some(part), Some(growth)) = (&self.part, &mut self.growth) else {
            return Err(FileError::misuse("not begun"));
        };
        let end = offset.checked_add(bytes.len() as u64);
        let end = end.filter(|end| *end <= growth.header.size);
        let (Some(end), true) = (end, (growth.verified..=growth.written).contains(&offset)) else {
            return Err(FileError::misuse("bytes where none are due"));
        };
        match &growth.writer {
            Some(writer) => writer.write_at(bytes, offset)?,
            None => part.write_all_at(bytes, offset)?,
        }
        growth.written = growth.written.max(end);
        growth.record_due.get_or_insert_with(|| Instant::now() + RECORD_WAIT);
        Ok(())
    }

    /// Writes bytes that count at once, of a protocol that has no checksums, behind those that do.
    ///
    /// # Errors
    /// Those of [`Partial::write_at`] and [`Partial::chunk_verified`].
    pub fn append(&mut self, bytes: &[u8], offset: u64) -> Result<(), FileError> {
        self.write_at(bytes, offset)?;
        self.chunk_verified(offset, bytes.len() as u64, crc32(bytes))
    }

    /// Says that the `len` bytes written at `offset`, where the verified ones end, were right and
    /// have this crc32 (zlib's). Records it once [`SEGMENT_BYTES_MIN`] have come together.
    ///
    /// # Errors
    /// Those of the disk; `InvalidInput` if the bytes are not next, or have not been written.
    pub fn chunk_verified(&mut self, offset: u64, len: u64, crc32: u32) -> Result<(), FileError> {
        let growth = self.growth.as_mut().ok_or_else(|| FileError::misuse("not begun"))?;
        if offset != growth.verified || len > growth.written - offset {
            return Err(FileError::misuse("a chunk that is not next, or not written"));
        }
        growth.crc32.combine(&crc32fast::Hasher::new_with_initial_len(crc32, len));
        growth.verified += len;
        let due = growth.verified - growth.recorded;
        // A record waits for the writer, but not for ever.
        let waits =
            due < 2 * SEGMENT_BYTES_MIN && growth.writer.as_ref().is_some_and(FileWriter::is_busy);
        match due < SEGMENT_BYTES_MIN || waits {
            true => Ok(()),
            false => self.checkpoint(),
        }
    }

    /// Records all that is verified so far.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn checkpoint(&mut self) -> Result<(), FileError> {
        let Some(growth) = &mut self.growth else { return Ok(()) };
        if !growth.journalled || growth.recorded == growth.verified {
            return Ok(());
        }
        growth.flush()?;
        let (end, crc32) = (growth.verified, growth.crc32.clone().finalize());
        let Some(journal) = growth.journal(&mut self.place)? else { return Ok(()) };
        journal.append(end, crc32)?;
        (growth.recorded, growth.provisional) = (end, 0);
        growth.crc32.reset();
        Ok(())
    }

    /// Removes what is left over, if there is anything; then nothing is. Before `begin`.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn discard_leftover(&mut self) -> Result<(), FileError> {
        self.leftover.take().map_or(Ok(()), |_| self.remove())
    }

    /// Forgets the file: removes what there is of it.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn discard(mut self) -> Result<(), FileError> {
        self.remove()
    }

    /// The job that gives the file its name, to be run where it may take long.
    pub fn finish(self, durability: Durability, overwrite: bool) -> Finish {
        Finish::new(self, durability, overwrite)
    }

    /// As a kill does it: the files are closed and that is all.
    #[cfg(test)]
    pub(super) fn abandon(mut self) {
        self.growth = None;
    }

    /// Gives it another final name in the same directory, for a file that says its name last.
    ///
    /// # Errors
    /// [`FileError::InTheWay`] if a directory has that name.
    pub fn rename_to(&mut self, name: &Name) -> Result<(), FileError> {
        self.place.rename_to(name.base())
    }

    /// Waits until all that was handed to a writer is written.
    pub(super) fn flush(&self) -> Result<(), FileError> {
        Ok(self.growth.as_ref().map_or(Ok(()), Growth::flush)?)
    }

    /// Remembers with the finished file where it came from.
    pub fn set_provenance(&mut self, provenance: Provenance) {
        self.provenance = Some(provenance);
    }

    /// Does so; nothing is written to the part after that.
    pub(super) fn keep_provenance(&self) {
        if let (Some(provenance), Ok(part)) = (&self.provenance, self.whole()) {
            provenance.keep(part);
        }
    }

    /// The part, if all of the file is in it.
    pub(super) fn whole(&self) -> Result<&File, FileError> {
        match (&self.part, &self.growth) {
            (Some(part), Some(growth)) if growth.is_whole() => Ok(part),
            _ => Err(FileError::misuse("finished before it was whole")),
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// How much a later run could go on with, in bytes.
    fn recorded(&self) -> u64 {
        self.growth.as_ref().map_or(0, Growth::recorded_in_all)
    }

    /// Has nothing more to do with the names, which are gone or belong to the next; gives back the
    /// journal that was written.
    pub(super) fn let_go(&mut self) -> Option<File> {
        self.growth.take()?.journal.map(Journal::into_file)
    }

    /// Removes the journal and the part, if we hold its lock.
    pub(super) fn remove(&mut self) -> Result<(), FileError> {
        self.let_go();
        self.check = None;
        let Some(part) = self.part.take() else { return Ok(()) };
        self.place.remove_journal()?;
        self.place.remove_part(&part)?;
        Ok(())
    }

    /// What of the leftover counts for a file of this header, with the journal that proves it.
    fn proven(&mut self, header: &Header) -> Option<(u64, Reader)> {
        let check = self.check.take()?;
        let verified = check.verified();
        let reader = check.into_reader()?;
        (verified > 0 && self.leftover.as_ref() == Some(header)).then_some((verified, reader))
    }
}

impl Growth {
    /// Waits until all is written that was to be.
    fn flush(&self) -> std::io::Result<()> {
        self.writer.as_ref().map_or(Ok(()), FileWriter::flush)
    }

    /// The journal, made with the first record; `None` where the file shall have none.
    fn journal(&mut self, place: &mut Place) -> Result<Option<&mut Journal>, FileError> {
        if self.journal.is_none() {
            let Some(file) = place.create_journal()? else {
                self.journalled = false;
                return Ok(None);
            };
            self.journal = Some(Journal::new(file, &self.header, &self.mark));
        }
        Ok(self.journal.as_mut())
    }

    fn is_whole(&self) -> bool {
        let known = self.header.size != SIZE_UNKNOWN;
        self.written == self.verified && (!known || self.verified == self.header.size)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let Some(growth) = &self.growth else { return };
        // Also for the lock's sake: a piece that waits keeps the part open. What failed is told by
        // the record.
        let _ = growth.flush();
        // There is nobody left to tell of a failure; the next run verifies what it finds.
        let worthless = growth.counted() == 0 || !growth.journalled;
        let _ = match worthless || (self.record().is_err() && self.recorded() == 0) {
            true => self.remove(),
            false => Ok(()),
        };
    }
}
