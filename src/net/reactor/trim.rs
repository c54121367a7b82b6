//! Memory that the allocator gives back when a crowd has gone.
//!
//! glibc gives memory back only from the end of its heap, and only when a large block is freed. Two
//! things keep it from that after thousands of small blocks were freed: they are not joined yet,
//! and each thread keeps a few freed blocks of every small size for itself, some of which stand at
//! that end (malloc/malloc.c: fastbins, tcache). Both can be undone by allocating and freeing; with
//! another allocator the same calls do nothing but that.

use super::Reactor;
use std::hint::black_box;

/// A crowd of fewer connections leaves nothing behind that is worth the calls.
const CROWD_MIN: usize = 128;

/// To free so many bytes at once joins all free blocks and gives the end of the heap back
/// (FASTBIN_CONSOLIDATION_THRESHOLD, 64 KiB). From 128 KiB on a block is no part of the heap.
const JOINING_BYTES: usize = 96 << 10;

/// How many blocks of each size a thread keeps (TCACHE_FILL_COUNT).
const KEPT: usize = 7;

/// What stands between blocks that were joined may be joined in the next pass.
const PASSES: usize = 3;

/// How many blocks of each size are taken.
const TAKEN: usize = 5 * KEPT;

/// The greatest block that a thread keeps, and the step from one size to the next, in bytes.
const KEPT_BYTES_MAX: usize = 1032;
const KEPT_BYTES_STEP: usize = 16;

/// For so many connections tables are reserved at most.
const RESERVED_MAX: usize = 1 << 16;

impl Reactor {
    /// Expects so many connections: reserves the tables for them before any connection comes. A
    /// table that grows among the memory of thousands of connections keeps the allocator from
    /// giving that back when they have gone. Pages that are never used take no memory.
    pub fn expect(&mut self, connections: usize) {
        let count = connections.min(RESERVED_MAX);
        self.slots.reserve_exact(count);
        self.free.reserve_exact(count);
        self.ready.reserve_exact(count);
        self.later.reserve_exact(count);
        self.timers.reserve_exact(2 * count);
    }

    /// Gives memory back each time that half of what was left of a crowd has gone.
    pub(super) fn trim(&mut self) {
        if self.live >= CROWD_MIN {
            self.crowd = self.crowd.max(self.live);
        } else if self.live <= self.crowd / 2 && self.crowd > 0 {
            self.crowd = self.live;
            trim();
        }
    }
}

fn trim() {
    join();
    for _ in 0..PASSES {
        // The blocks that are kept, wherever they stand, and others.
        let sizes = (24..=KEPT_BYTES_MAX).step_by(KEPT_BYTES_STEP);
        let mut taken = Vec::with_capacity(sizes.clone().count() * TAKEN);
        taken.extend(sizes.flat_map(|bytes| (0..TAKEN).map(move |_| block(bytes))));
        // Of each size those are freed first, and so kept from now on, that stand lowest.
        for of_a_size in taken.chunks_mut(TAKEN) {
            of_a_size.sort_unstable_by_key(|block| block.as_ptr());
            of_a_size[..KEPT].fill(Vec::new());
        }
        drop(taken);
        join();
    }
}

fn block(bytes: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(bytes))
}

fn join() {
    drop(black_box(Vec::<u8>::with_capacity(JOINING_BYTES)));
}
