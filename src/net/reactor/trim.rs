//! Memory that the allocator gives back after a peak of connections.
//!
//! glibc gives memory back only from the end of its heap, and only when a large block is freed.
//! Two things keep it from that after thousands of small blocks were freed: they are not joined
//! yet, and each thread keeps a few freed blocks of every small size for itself, some of which
//! stand at that end (malloc/malloc.c: fastbins, tcache). Both can be undone by allocating and
//! freeing; with another allocator the same calls do nothing but that.
//!
//! A thread frees a block to the heap only when it keeps as many of that size as it may. So blocks
//! are reserved before the first connection comes, at the beginning of the heap: they are freed
//! first, and fill up what the thread keeps.

use super::Reactor;
use std::hint::black_box;

/// A peak of fewer connections leaves too little memory behind to be worth the calls.
const PEAK_MIN: usize = 128;

/// Connections that held fewer bytes together leave too little memory behind, however few they
/// are.
const PEAK_BYTES_MIN: usize = 4 << 20;

/// Memory is given back when this part of such a peak is still held, or less: one in so many.
const PEAK_BYTES_LEFT: usize = 8;

/// To free so many bytes at once joins all free blocks and gives the end of the heap back
/// (FASTBIN_CONSOLIDATION_THRESHOLD, 64 KiB). From 128 KiB on a block is no part of the heap.
const JOINING_BYTES: usize = 96 << 10;

/// How many blocks of each size a thread keeps (TCACHE_FILL_COUNT).
const KEPT: usize = 7;

/// The greatest block that a thread keeps, and the step from one size to the next, in bytes.
const KEPT_BYTES_MAX: usize = 1032;
const KEPT_BYTES_STEP: usize = 16;

/// For so many connections tables are reserved at most.
const RESERVED_MAX: usize = 1 << 16;

/// What stands between a block and the next one, in bytes.
const HEAD_BYTES: usize = 8;

/// So many blocks of a size are taken at most to find some of just that size.
const TRIED_MAX: usize = 512;

/// As many blocks of a size as a thread keeps.
pub(super) type Blocks = [Vec<u8>; KEPT];

impl Reactor {
    /// Expects so many connections: reserves the tables for them, and what gives memory back
    /// later, before any connection comes. A table that grows among the memory of thousands of
    /// connections keeps the allocator from giving that back when they have gone. Pages that are
    /// never used take no memory.
    pub fn expect(&mut self, connections: usize) {
        let count = connections.min(RESERVED_MAX);
        self.slots.reserve_exact(count);
        self.free.reserve_exact(count);
        self.ready.reserve_exact(count);
        self.later.reserve_exact(count);
        self.timers.reserve_exact(2 * count);
        self.reserve = sizes().map(|bytes| first(take_exact(bytes))).collect();
    }

    /// Gives memory back each time that half of the connections of a peak have closed, and once
    /// when most of the bytes are free that connections held.
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

/// Leaves the thread no block of its own, joins what is free, and gives the end back.
fn trim(reserve: &mut [Blocks]) {
    let taken: Vec<_> = sizes().map(take_kept).collect();
    // The reserve fills up what the thread keeps, and the others go to the heap.
    for blocks in reserve.iter_mut() {
        blocks.fill_with(Vec::new);
    }
    drop(taken);
    join();
    for (blocks, bytes) in reserve.iter_mut().zip(sizes()) {
        *blocks = take(bytes);
    }
}

/// Takes all blocks of a size that the thread keeps.
///
/// It may keep fewer than are taken here. The others come from lists of free blocks, and the
/// thread puts more of such a list by for itself (malloc/malloc.c: "stash"). To free as many as it
/// keeps fills that up again, whatever is there; then as many are taken from there and from
/// nowhere else.
fn take_kept(bytes: usize) -> Blocks {
    drop(take_exact(bytes));
    take(bytes)
}

/// Takes blocks of which at least `KEPT` are of just that size. They are the first.
///
/// A block is longer by one step where what was left over would be too short to be a block. One
/// that the next block follows without a gap is not.
fn take_exact(bytes: usize) -> Vec<Vec<u8>> {
    let mut taken = Vec::with_capacity(TRIED_MAX);
    let mut exact = 0;
    while exact < KEPT && taken.len() < TRIED_MAX {
        let next = block(bytes);
        let end = |block: &Vec<u8>| block.as_ptr().wrapping_add(bytes + HEAD_BYTES);
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
    (24..=KEPT_BYTES_MAX).step_by(KEPT_BYTES_STEP)
}

fn join() {
    drop(black_box(Vec::<u8>::with_capacity(JOINING_BYTES)));
}
