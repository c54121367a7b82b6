//! Records by time, for a file that arrives slowly.
//!
//! ```text
//!   part      |== segment ==|== segment ==|-- what came since --|
//!   journal   | line        | line        | provisional line
//! ```
//!
//! A segment is recorded when it is full, which takes minutes on a slow line. So unrecorded bytes
//! get a provisional record [`RECORD_WAIT`] after the first of them. The next record, of either
//! kind, is written over that line, so the journal stays short. Nothing is
//! synced: what was written is in the page cache, which a kill of the process leaves alone. After a
//! loss of power the checksum of a record tells whether its bytes are there, and where the last
//! line is torn, what came since the last segment is lost.

use super::{Growth, Partial};
use crate::net::files::error::FileError;
use crate::net::files::source_file::read_full_at;
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

/// How long bytes may have been written before a record has them. Half of the second that a kill
/// may cost: the rest is for a machine that is busy.
pub const RECORD_WAIT: Duration = Duration::from_millis(500);

/// How much is read back at a time for a checksum, in bytes.
const READ_BYTES: usize = 64 << 10;

impl Partial {
    /// Counts bytes from when they are written, without waiting for the checksum of their chunk:
    /// on a slow line a chunk takes long. For a file whose digest will be compared as a whole,
    /// which finds what was wrong. After `begin`.
    pub fn count_unverified(&mut self) {
        if let Some(growth) = &mut self.growth {
            growth.counts_unverified = true;
        }
    }

    /// The chunk that was being written is wrong: nothing counts any more that is not verified.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn distrust_unverified(&mut self) -> Result<(), FileError> {
        let Some(growth) = &mut self.growth else { return Ok(()) };
        growth.counts_unverified = false;
        if growth.provisional > growth.verified
            && let Some(journal) = &mut growth.journal
        {
            journal.retract()?;
            growth.provisional = 0;
        }
        Ok(())
    }

    /// When [`record_if_due`](Partial::record_if_due) has something to record: `None` before more
    /// is written.
    pub fn record_due(&self) -> Option<Instant> {
        self.growth.as_ref().and_then(|growth| growth.record_due)
    }

    /// Records what counts, if some of it was written [`RECORD_WAIT`] ago. A failure is not told:
    /// the file may become whole without the record, and the next one is tried again.
    pub fn record_if_due(&mut self, now: Instant) {
        let Some(growth) = &mut self.growth else { return };
        if growth.record_due.take_if(|due| *due <= now).is_some() {
            let _ = self.record();
        }
    }

    /// Records provisionally all that counts.
    pub(super) fn record(&mut self) -> Result<(), FileError> {
        let (Some(growth), Some(part)) = (&mut self.growth, &self.part) else { return Ok(()) };
        let end = growth.counted();
        if !growth.journalled || end <= growth.recorded_in_all() {
            return Ok(());
        }
        growth.flush()?;
        let crc32 = growth.crc32_up_to(part, end)?;
        let Some(journal) = growth.journal(&mut self.place)? else { return Ok(()) };
        journal.append_provisional(end, crc32)?;
        growth.provisional = end;
        Ok(())
    }
}

impl Growth {
    /// How many bytes from the beginning of the file count.
    pub(super) fn counted(&self) -> u64 {
        if self.counts_unverified { self.written } else { self.verified }
    }

    /// How many of them a record has, be it provisional.
    pub(super) fn recorded_in_all(&self) -> u64 {
        self.recorded.max(self.provisional)
    }

    /// The checksum of what was recorded last to `end`; what is not verified is read back.
    fn crc32_up_to(&self, part: &File, end: u64) -> io::Result<u32> {
        let mut crc32 = self.crc32.clone();
        let mut at = self.verified;
        let mut piece = vec![0; READ_BYTES.min(usize::try_from(end - at).unwrap_or(READ_BYTES))];
        while at < end {
            let len = piece.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
            if read_full_at(part, &mut piece[..len], at)? < len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            crc32.update(&piece[..len]);
            at += len as u64;
        }
        Ok(crc32.finalize())
    }
}
