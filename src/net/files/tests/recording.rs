//! Records by time: what a kill leaves of a file that arrives slowly.

use super::*;
use crate::net::files::{Durability, RECORD_WAIT};
use std::fs;
use std::time::Instant;

const ETAG: &str = "etag";

fn begun(root: &Root, size: usize) -> Partial {
    let mut partial = root.partial(&name("f")).unwrap();
    partial.begin(ETAG, size as u64).unwrap();
    partial
}

/// The time at which something that was written now is due, and more.
fn later() -> Instant {
    Instant::now() + 2 * RECORD_WAIT
}

/// How much of it the next run finds.
fn found(root: &Root, data: &[u8]) -> usize {
    let mut partial = root.partial(&name("f")).unwrap();
    let seen = verify(&mut partial, 1000);
    assert!(seen == data[..seen.len()]);
    seen.len()
}

#[test]
fn what_was_written_is_recorded_when_it_is_due() {
    let (_dir, root) = scene();
    let data = content(9 * MIB);
    let mut partial = begun(&root, data.len());
    assert_eq!(partial.record_due(), None);
    grow(&mut partial, &data, 0, 3000);
    let due = partial.record_due().expect("bytes without a record");
    assert!(due <= Instant::now() + RECORD_WAIT);
    // Not before its time.
    partial.record_if_due(due - RECORD_WAIT / 2);
    assert_eq!(partial.record_due(), Some(due));
    partial.record_if_due(due);
    assert_eq!(partial.record_due(), None);
    // Bytes that no record has are lost, and no others.
    grow(&mut partial, &data, 3000, 4000);
    partial.abandon();
    assert_eq!(found(&root, &data), 3000);
}

#[test]
fn bytes_of_an_open_chunk_count_where_a_digest_will_be_compared() {
    let (_dir, root) = scene();
    let data = content(MIB);
    for (counts, expected) in [(true, 700), (false, 300)] {
        let mut partial = begun(&root, data.len());
        if counts {
            partial.count_unverified();
        }
        grow(&mut partial, &data, 0, 300);
        partial.write_at(&data[300..700], 300).unwrap();
        partial.record_if_due(later());
        partial.abandon();
        assert_eq!(found(&root, &data), expected);
        root.partial(&name("f")).unwrap().begin("another", 1).unwrap();
    }
    // An end in order leaves as much.
    let mut partial = begun(&root, data.len());
    partial.count_unverified();
    partial.write_at(&data[..700], 0).unwrap();
    drop(partial);
    assert_eq!(found(&root, &data), 700);
}

/// However slowly a file comes, its journal has a line for each segment, and one more.
#[test]
fn the_journal_stays_short() {
    let (dir, root) = scene();
    let data = content(13 * MIB);
    let mut partial = begun(&root, data.len());
    partial.count_unverified();
    for (from, chunk) in (0..).step_by(CHUNK).zip(data.chunks(CHUNK)) {
        let half = chunk.len() / 2;
        for (at, part) in [(from, &chunk[..half]), (from + half, &chunk[half..])] {
            partial.write_at(part, at as u64).unwrap();
            partial.record_if_due(later());
            let journal = fs::read(with_extension(dir.path(), ".journal").unwrap()).unwrap();
            let lines = journal.iter().filter(|byte| **byte == b'\n').count();
            assert!(lines <= 2 + at / (4 * MIB), "{lines} at {at}");
        }
        let crc32 = crc32fast::hash(chunk);
        partial.chunk_verified(from as u64, chunk.len() as u64, crc32).unwrap();
    }
    partial.abandon();
    assert_eq!(found(&root, &data), data.len(), "the last record has all that was written");
    let mut partial = root.partial(&name("f")).unwrap();
    verify(&mut partial, MIB);
    partial.begin(ETAG, data.len() as u64).unwrap();
    partial.finish(Durability::Rename, true).run().unwrap();
    assert!(fs::read(dir.path().join("f")).unwrap() == data);
    assert_eq!(names_in(dir.path()), ["f"]);
}

/// Each time it goes on in the middle of what would have been a chunk.
#[test]
fn a_run_after_a_run_after_a_run() {
    let (dir, root) = scene();
    let data = content(9 * MIB);
    let ends = [1, 2, 1000, 4 * MIB - 1, 4 * MIB + 5, 8 * MIB + 11];
    for end in ends {
        let mut partial = root.partial(&name("f")).unwrap();
        verify(&mut partial, MIB);
        partial.begin(ETAG, data.len() as u64).unwrap();
        partial.count_unverified();
        let at = partial.verified() as usize;
        partial.write_at(&data[at..end], at as u64).unwrap();
        partial.record_if_due(later());
        partial.abandon();
        assert_eq!(found(&root, &data), end);
    }
    let mut partial = root.partial(&name("f")).unwrap();
    verify(&mut partial, MIB);
    partial.begin(ETAG, data.len() as u64).unwrap();
    grow(&mut partial, &data, ends[5], data.len());
    partial.finish(Durability::Rename, true).run().unwrap();
    assert!(fs::read(dir.path().join("f")).unwrap() == data);
}

#[test]
fn a_wrong_chunk_is_taken_back() {
    let (_dir, root) = scene();
    let data = content(MIB);
    for verified in [0, 300] {
        let mut partial = begun(&root, data.len());
        partial.count_unverified();
        grow(&mut partial, &data, 0, verified);
        partial.write_at(&[7; 100], verified as u64).unwrap();
        partial.record_if_due(later());
        partial.distrust_unverified().unwrap();
        // By a kill and by an end in order.
        match verified {
            0 => partial.abandon(),
            _ => drop(partial),
        }
        assert_eq!(found(&root, &data), verified);
    }
}

/// A record that is torn costs no more than itself, and one of bytes that are not there, as after a
/// loss of power, proves nothing.
#[test]
fn a_torn_record_and_bytes_that_are_lost() {
    let (dir, root) = scene();
    let data = content(6 * MIB);
    let mut partial = begun(&root, data.len());
    partial.count_unverified();
    grow(&mut partial, &data, 0, 5 * MIB);
    partial.record_if_due(later());
    partial.abandon();
    assert_eq!(found(&root, &data), 5 * MIB);
    let part = fs::OpenOptions::new()
        .write(true)
        .open(with_extension(dir.path(), ".part").unwrap())
        .unwrap();
    part.set_len(5 * MIB as u64 - 1).unwrap();
    let segment = found(&root, &data);
    assert!((4 * MIB..5 * MIB).contains(&segment), "{segment}");
    let path = with_extension(dir.path(), ".journal").unwrap();
    let journal = fs::read(&path).unwrap();
    fs::write(&path, &journal[..journal.len() - 1]).unwrap();
    assert_eq!(found(&root, &data), segment);
}

#[test]
fn an_anonymous_file_that_takes_long_gets_a_name() {
    let (dir, root) = scene();
    let data = content(3000);
    for etag in [Some(ETAG), None] {
        let partial = root.partial(&name("f")).unwrap();
        let mut file = partial.anonymous(3000, etag).expect("the file system has anonymous files");
        file.write(&data[..1000]).unwrap();
        assert_eq!(file.record_due().is_some(), etag.is_some());
        assert!(file.record_if_due(Instant::now()).is_none());
        let named = file.record_if_due(later());
        assert_eq!(named.is_some(), etag.is_some());
        let Some(mut named) = named else { continue };
        named.write_at(&data[1000..], 1000).unwrap();
        named.abandon();
        assert_eq!(found(&root, &data), 1000);
        root.partial(&name("f")).unwrap().begin("another", 1).unwrap();
        assert!(names_in(dir.path()).iter().all(|name| name != "f"));
    }
}
