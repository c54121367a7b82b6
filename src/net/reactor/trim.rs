//! Returns memory to the system after a peak of connections.
//!
//! glibc returns memory only from the end of its heap, and only when a large block is freed. After
//! thousands of small blocks were freed two things prevent that: freed blocks are not merged yet,
//! and each thread caches a few freed blocks of every small size, some of which are at the end of
//! the heap (malloc/malloc.c: fastbins, tcache). Both can be undone by allocating and freeing
//! blocks. With another allocator these calls have no further effect.
//!
//! A thread frees a block to the heap only when its cache for that size is full. So blocks are
//! reserved at the beginning of the heap, before the first connection: they are freed first, and
//! fill the cache.

use super::Reactor;
use std::hint::black_box;

/// A peak of fewer connections leaves too little free memory to be worth the calls.
const PEAK_MIN: usize = 128;

/// A peak of fewer bytes leaves too little free memory to be worth the calls, when the number of
/// connections had no peak.
const PEAK_BYTES_MIN: usize = 4 << 20;

/// Memory is returned when at most one in so many parts of such a peak is still held.
const PEAK_BYTES_LEFT: usize = 8;

/// Freeing a block of this length merges all free blocks and returns the end of the heap
/// (FASTBIN_CONSOLIDATION_THRESHOLD, 64 KiB). Blocks from 128 KiB on are mapped outside the heap.
const MERGING_BYTES: usize = 96 << 10;

/// How many blocks of each size a thread caches (TCACHE_FILL_COUNT).
const CACHED: usize = 7;

/// The largest block that a thread caches, and the step from one size to the next, in bytes.
const CACHED_BYTES_MAX: usize = 1032;
const CACHED_BYTES_STEP: usize = 16;

/// The most connections that tables are reserved for.
const RESERVED_MAX: usize = 1 << 16;

/// The header of a block, between its predecessor and its content, in bytes.
const HEADER_BYTES: usize = 8;

/// How many blocks are allocated, at most, to find [`CACHED`] of exactly one size.
const TRIED_MAX: usize = 512;

/// As many blocks of one size as a thread caches.
pub(super) type Blocks = [Vec<u8>; CACHED];

impl Reactor {
    /// Reserves the tables for `connections` connections, and the blocks for returning memory after
    /// a peak. To be called before the first connection: a table that grows amid the memory of
    /// thousands of connections would keep the allocator from returning that memory. Reserved pages
    /// take no memory until they are used.
    pub fn expect(&mut self, connections: usize) {
        let count = connections.min(RESERVED_MAX);
        self.slots.reserve_exact(count);
        self.free.reserve_exact(count);
        self.ready.reserve_exact(count);
        self.later.reserve_exact(count);
        self.timers.reserve_exact(2 * count);
        self.reserve = sizes().map(|bytes| first(take_exact(bytes))).collect();
    }

    /// Returns memory each time that half of the connections of a peak have closed, and once when
    /// most of the memory of a peak is free.
    pub(super) fn trim(&mut self) {
        let held = self.shared.held();
        if held >= PEAK_BYTES_MIN {
            self.peak_bytes = self.peak_bytes.max(held);
        } else if self.peak_bytes > 0 && held <= self.peak_bytes / PEAK_BYTES_LEFT {
            self.peak_bytes = 0;
            trim(&mut self.reserve);
        }
        if self.live >= PEAK_MIN {
            self.peak = self.peak.max(self.live);
        } else if self.live <= self.peak / 2 && self.peak > 0 {
            self.peak = self.live;
            trim(&mut self.reserve);
        }
    }
}

/// Empties the thread's cache, merges the free blocks, and returns the end of the heap.
fn trim(reserve: &mut [Blocks]) {
    let taken: Vec<_> = sizes().map(take_cached).collect();
    // The reserve fills the thread's cache, so the blocks of `taken` are freed to the heap.
    for blocks in reserve.iter_mut() {
        blocks.fill_with(Vec::new);
    }
    drop(taken);
    merge();
    for (blocks, bytes) in reserve.iter_mut().zip(sizes()) {
        *blocks = take(bytes);
    }
}

/// Takes all blocks of one size out of the thread's cache.
///
/// The cache may hold fewer blocks than are taken. Then malloc takes blocks from its free lists,
/// and moves more of such a list into the cache (malloc/malloc.c: "stash"). So the cache is filled
/// first, by freeing enough blocks, and then exactly its blocks are taken.
fn take_cached(bytes: usize) -> Blocks {
    drop(take_exact(bytes));
    take(bytes)
}

/// Allocates blocks of which the first `CACHED` have exactly this size, if enough are found.
///
/// malloc makes a block one step longer if the remainder would be too short for a block. A block
/// that the next block follows without a gap has exactly its size.
fn take_exact(bytes: usize) -> Vec<Vec<u8>> {
    let mut taken = Vec::with_capacity(TRIED_MAX);
    let mut exact = 0;
    while exact < CACHED && taken.len() < TRIED_MAX {
        let next = block(bytes);
        let end = |block: &Vec<u8>| block.as_ptr().wrapping_add(bytes + HEADER_BYTES);
        if taken.last().is_some_and(|last| end(last) == next.as_ptr()) {
            let last = taken.len() - 1;
            taken.swap(exact, last);
            exact += 1;
        }
        taken.push(next);
    }
    taken
}

fn take(bytes: usize) -> Blocks {
    std::array::from_fn(|_| block(bytes))
}

fn first(blocks: Vec<Vec<u8>>) -> Blocks {
    let mut blocks = blocks.into_iter();
    std::array::from_fn(|_| blocks.next().unwrap_or_default())
}

fn block(bytes: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(bytes))
}

fn sizes() -> impl Iterator<Item = usize> {
    (24..=CACHED_BYTES_MAX).step_by(CACHED_BYTES_STEP)
}

fn merge() {
    drop(black_box(Vec::<u8>::with_capacity(MERGING_BYTES)));
}
