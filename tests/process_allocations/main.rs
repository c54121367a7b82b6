//! No heap allocation per chunk, on either side: a long file costs as many blocks as a short one.
//!
//! ```text
//!   blocks  ▲                    ╱  allocates per chunk
//!           │  ────────────────╱──  the same for 16 chunks and for 128
//!           └──────────────────────▶ chunks
//! ```
//!
//! The allocator counts what the whole process asks for, server and client, all threads; so there
//! is one test here, which does one thing after the other. A warm-up run comes first and is not
//! counted: tables that are made once, and what the test harness says when it begins.

#![cfg(feature = "net")]

#[path = "../support/bytes.rs"]
mod bytes;

mod loopback;
mod sessions;

use bytes::bytes;
use sessions::Way;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::path::Path;
use std::sync::Arc;
use wirewright::digest::DigestKind;
use wirewright::transfer::sender::CHUNK_BYTES;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many chunks a short file has, and how many times as many a long one.
const CHUNKS: usize = 16;
const TIMES: usize = 8;

/// What a long file may cost more than a short one, in blocks, however long it is. The journal of a
/// file that is received is opened with its first record, after 4 MiB, and the storage of its line
/// grows to the longest record: 4 were seen. Whether a thread that finishes a file says so before
/// or after somebody waits for it is chance: 2. Pieces that are written behind are used again, but
/// how many of the 8 there may be a short file needs, and to which length they grow, is chance too:
/// 16. There are 112 chunks more in the long one, so one block for each would still be seen.
const ONCE: usize = 22;

/// How often the allocator was asked for a block, or for a longer one, while that ran.
fn blocks(run: impl FnOnce()) -> usize {
    let before = HEAP.stats();
    run();
    let spent = HEAP.stats() - before;
    spent.allocations + spent.reallocations
}

/// A file in memory and in a folder.
struct Sample {
    bytes: Arc<[u8]>,
    folder: tempfile::TempDir,
}

impl Sample {
    fn new(chunks: usize) -> Sample {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Arc<[u8]> = bytes(chunks * CHUNK_BYTES).into();
        std::fs::write(folder.path().join("file"), &bytes).unwrap();
        Sample { bytes, folder }
    }

    fn from(&self) -> &Path {
        self.folder.path()
    }
}

/// Both samples, and what was found.
struct Bench {
    short: Sample,
    long: Sample,
    found: Vec<String>,
}

impl Bench {
    /// Moves the short and the long file, and holds their blocks against each other.
    fn hold(&mut self, what: &str, run: impl Fn(&Sample, &Path)) {
        let spent = |sample| {
            let to = tempfile::tempdir().unwrap();
            blocks(|| run(sample, to.path()))
        };
        spent(&self.short);
        let (short, long) = (spent(&self.short), spent(&self.long));
        println!("{what}: {short} blocks for {CHUNKS} chunks, {long} for {TIMES} times as many");
        if long > short + ONCE {
            self.found.push(format!("{what}: {short} blocks became {long}"));
        }
    }

    fn sessions(&mut self) {
        for digest in [DigestKind::None, DigestKind::Blake3, DigestKind::Sha256] {
            for way in [Way::Get, Way::Put] {
                let what = format!("sessions, {way:?}, {digest}");
                self.hold(&what, |sample, _| sessions::framed(way, digest, &sample.bytes));
            }
        }
        self.hold("sessions, classic", |sample, _| sessions::classic(&sample.bytes));
    }

    fn loopback(&mut self) {
        for digest in [DigestKind::None, DigestKind::Blake3] {
            let what = format!("loopback, memory to memory, {digest}");
            self.hold(&what, |sample, _| loopback::get(digest, &sample.bytes));
            let what = format!("loopback, get, file to file, {digest}");
            self.hold(&what, |sample, to| {
                loopback::get_file(digest, &sample.bytes, sample.from(), to);
            });
            let what = format!("loopback, put, file to file, {digest}");
            self.hold(&what, |sample, to| {
                loopback::put_file(digest, &sample.bytes, sample.from(), to);
            });
        }
        self.hold("loopback, classic, memory to memory", |sample, _| {
            loopback::classic(&sample.bytes);
        });
        self.hold("loopback, classic, file to file", |sample, to| {
            loopback::classic_file(&sample.bytes, sample.from(), to);
        });
    }
}

#[test]
fn a_long_file_takes_no_more_blocks_than_a_short_one() {
    // The counter counts: storage that has to grow is a block, and one for each time it grows.
    assert_eq!(blocks(|| drop(std::hint::black_box(vec![0_u8; 100]))), 1);
    let grown = blocks(|| {
        let mut grown = std::hint::black_box(vec![0_u8; 100]);
        grown.reserve_exact(1000);
    });
    assert_eq!(grown, 2);

    let (short, long) = (Sample::new(CHUNKS), Sample::new(CHUNKS * TIMES));
    let mut bench = Bench { short, long, found: Vec::new() };
    bench.sessions();
    bench.loopback();
    assert!(bench.found.is_empty(), "\n{}", bench.found.join("\n"));
}
