//! A file out of datagrams: which of its bytes came, and which did not.
//!
//! ```text
//!   part ─▶ admit ─ no ─▶ counted: of another size, or beyond a limit
//!             │ yes
//!             ├─ overlaps ─▶ the caller compares with what it kept ─ differs ─▶ disagree
//!             ├─ gaps ─────▶ the caller stores
//!             └─ enter          …          seal ─▶ size, digest ─▶ missing · is_complete
//! ```
//!
//! Bytes that came once are never replaced: who could choose among two that differ? The digest
//! tells in the end whether the first were right. It owns no bytes of the file, and its own memory
//! follows the holes: at most [`ranges_max`](Limits::ranges_max) ranges.

use super::{DIGEST_BYTES, Limits, Part, Ranges, Seal};
use std::ops::Range;

/// What is known of a file on its way.
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
    /// Nothing is known yet.
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

    /// Whether a part is taken. One that says another size than the first, and one beyond the
    /// limits, is counted and not taken. One of which nothing is new is taken like any other.
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

    /// What of a part came before: offset, bytes. They have to be the same as then.
    pub fn overlaps<'p>(&self, part: &Part<'p>) -> impl Iterator<Item = (u64, &'p [u8])> {
        let part = *part;
        self.ranges.covered(part.offset..part.end()).map(move |range| cut(&part, &range))
    }

    /// What of a part is new: offset, bytes.
    pub fn gaps<'p>(&self, part: &Part<'p>) -> impl Iterator<Item = (u64, &'p [u8])> {
        let part = *part;
        self.ranges.gaps(part.offset..part.end()).map(move |range| cut(&part, &range))
    }

    /// The part that was admitted is there now.
    pub fn enter(&mut self, part: &Part<'_>) {
        let new: u64 = self.gaps(part).map(|(_, bytes)| bytes.len() as u64).sum();
        self.received += new;
        self.ranges.insert(part.offset..part.end());
    }

    /// The part that was admitted differs from what came before: it is counted and not taken.
    pub fn disagree(&mut self) {
        self.disagreeing += 1;
    }

    /// The end of the file was told, maybe once more. The first word counts.
    pub fn seal(&mut self, seal: &Seal) {
        if !self.agree_on(seal.size) {
            return;
        }
        match (self.digest, seal.digest) {
            (Some(known), Some(told)) if known != told => self.disagreeing += 1,
            (known, told) => self.digest = known.or(told),
        }
    }

    /// Size of the file in bytes, once a datagram has told it.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// BLAKE3 of the whole file, once it was told.
    pub fn digest(&self) -> Option<[u8; DIGEST_BYTES]> {
        self.digest
    }

    /// How many bytes of the file came.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Datagrams that contradict one before: another size, another digest, other bytes.
    pub fn disagreeing(&self) -> u64 {
        self.disagreeing
    }

    /// Datagrams beyond the limits: more ranges than are remembered, or too large a file.
    pub fn unplaced(&self) -> u64 {
        self.unplaced
    }

    /// Whether all of the file came, as far as its size tells.
    pub fn is_complete(&self) -> bool {
        self.size == Some(self.received)
    }

    /// What did not come, in order; ranges as large as can be.
    pub fn missing(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ranges.gaps(0..self.size.unwrap_or(0))
    }
}

/// The bytes of a part that stand in a range which lies within it.
fn cut<'p>(part: &Part<'p>, range: &Range<u64>) -> (u64, &'p [u8]) {
    let at = |place: u64| (place - part.offset) as usize;
    (range.start, &part.bytes[at(range.start)..at(range.end)])
}
