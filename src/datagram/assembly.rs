//! Reassembles a file from datagrams: which of its bytes were received, and which are missing.
//!
//! ```text
//!   part ─▶ admit ─ no ─▶ counted: another size, or beyond a limit
//!             │ yes
//!             ├─ overlaps ─▶ the caller compares with what it stored ─ differs ─▶ disagree
//!             ├─ gaps ─────▶ the caller stores
//!             └─ insert         …          file_end ─▶ size, digest ─▶ missing · is_complete
//! ```
//!
//! Bytes that were received are never replaced, since nothing tells which of two versions is right.
//! In the end the digest tells whether the first one was. The assembly stores no bytes of the file,
//! only the ranges that were received: at most [`ranges_max`](Limits::ranges_max).

use super::{DIGEST_BYTES, FileEnd, Limits, Part, Ranges};
use std::ops::Range;

/// The received ranges, the size and the digest of a file.
#[derive(Debug)]
pub struct Assembly {
    limits: Limits,
    size: Option<u64>,
    digest: Option<[u8; DIGEST_BYTES]>,
    ranges: Ranges,
    received: u64,
    disagreeing: u64,
    unplaced: u64,
}

impl Assembly {
    /// An assembly of a file of which nothing was received.
    pub fn new(limits: Limits) -> Assembly {
        Assembly {
            limits,
            size: None,
            digest: None,
            ranges: Ranges::default(),
            received: 0,
            disagreeing: 0,
            unplaced: 0,
        }
    }

    /// Whether a part is accepted. A part with another file size than the first one, or beyond the
    /// limits, is counted and not accepted. A part without new bytes is accepted.
    pub fn admit(&mut self, part: &Part<'_>) -> bool {
        if !self.agree_on(part.size) {
            return false;
        }
        let is_full = self.ranges.count() >= self.limits.ranges_max;
        if is_full && !self.ranges.touches(&(part.offset..part.end())) {
            self.unplaced += 1;
            return false;
        }
        true
    }

    fn agree_on(&mut self, size: u64) -> bool {
        match self.size {
            Some(known) if known != size => self.disagreeing += 1,
            None if size > self.limits.file_bytes_max => self.unplaced += 1,
            _ => {
                self.size = Some(size);
                return true;
            }
        }
        false
    }

    /// The bytes of a part that were received before, each run with its offset in the file. They
    /// have to be equal to the earlier ones.
    pub fn overlaps<'p>(&self, part: &Part<'p>) -> impl Iterator<Item = (u64, &'p [u8])> {
        let part = *part;
        self.ranges.covered(part.offset..part.end()).map(move |range| cut(&part, &range))
    }

    /// The bytes of a part that are new, each run with its offset in the file.
    pub fn gaps<'p>(&self, part: &Part<'p>) -> impl Iterator<Item = (u64, &'p [u8])> {
        let part = *part;
        self.ranges.gaps(part.offset..part.end()).map(move |range| cut(&part, &range))
    }

    /// Records a part that was accepted and stored.
    pub fn insert(&mut self, part: &Part<'_>) {
        let new: u64 = self.gaps(part).map(|(_, bytes)| bytes.len() as u64).sum();
        self.received += new;
        self.ranges.insert(part.offset..part.end());
    }

    /// Counts a part that was accepted and differs from earlier bytes, so that it was not stored.
    pub fn disagree(&mut self) {
        self.disagreeing += 1;
    }

    /// Records the end of the file, which may be repeated. The first one counts.
    pub fn file_end(&mut self, file_end: &FileEnd) {
        if !self.agree_on(file_end.size) {
            return;
        }
        match (self.digest, file_end.digest) {
            (Some(known), Some(new)) if known != new => self.disagreeing += 1,
            (known, new) => self.digest = known.or(new),
        }
    }

    /// Size of the file in bytes, once a datagram with it was received.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// BLAKE3 of the whole file, once a [`FileEnd`] with it was received.
    pub fn digest(&self) -> Option<[u8; DIGEST_BYTES]> {
        self.digest
    }

    /// How many bytes of the file were received.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How many datagrams contradict an earlier one: another size, another digest, other bytes.
    pub fn disagreeing(&self) -> u64 {
        self.disagreeing
    }

    /// How many datagrams exceed the limits: too many ranges, or too large a file.
    pub fn unplaced(&self) -> u64 {
        self.unplaced
    }

    /// Whether as many bytes were received as the file has.
    pub fn is_complete(&self) -> bool {
        self.size == Some(self.received)
    }

    /// The ranges that are missing, in order and as large as possible.
    pub fn missing(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ranges.gaps(0..self.size.unwrap_or(0))
    }
}

/// The bytes of a part in `range`, which is within the part.
fn cut<'p>(part: &Part<'p>, range: &Range<u64>) -> (u64, &'p [u8]) {
    let at = |place: u64| (place - part.offset) as usize;
    (range.start, &part.bytes[at(range.start)..at(range.end)])
}
