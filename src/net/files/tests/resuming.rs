//! What an interruption leaves, and what of it counts.
//!
//! ```text
//!   part      |####|####|##x#|##
//!   journal   |head|rec |rec |to       verified: up to the first that is torn or wrong
//! ```

use super::*;
use crate::net::files::{Durability, ETAG_BYTES_MAX};
use std::fs;
use std::os::unix::fs::FileExt;

const ETAG: &str = "5e8c-18a3%20\"W/ é\n-2a41";

/// An unfinished file of which `len` bytes are verified and of which nobody holds the lock.
fn interrupted(root: &Root, data: &[u8], len: usize) {
    let mut partial = root.partial(&name("f")).unwrap();
    partial.begin(ETAG, data.len() as u64).unwrap();
    grow(&mut partial, data, 0, len);
    partial.abandon();
}

/// Goes on where it stopped, to the end.
fn complete(dir: &Path, mut partial: Partial, data: &[u8]) {
    partial.begin(ETAG, data.len() as u64).unwrap();
    let from = partial.verified() as usize;
    grow(&mut partial, data, from, data.len());
    partial.finish(Durability::Rename, true).run().unwrap();
    assert!(fs::read(dir.join("f")).unwrap() == data);
    assert_eq!(names_in(dir), ["f"]);
    fs::remove_file(dir.join("f")).unwrap();
}

#[test]
fn a_kill_loses_less_than_a_segment_and_a_chunk() {
    let (dir, root) = scene();
    let data = content(14 * MIB);
    for (len, scratch) in [(1, 64), (5 * MIB, MIB), (11 * MIB + 3, 16 * MIB), (14 * MIB, 100_003)] {
        interrupted(&root, &data, len);
        let mut partial = root.partial(&name("f")).unwrap();
        if partial.leftover().is_some() {
            assert_eq!(partial.leftover(), Some((ETAG, data.len() as u64)));
        }
        let seen = verify(&mut partial, scratch);
        assert!(seen.len() <= len && seen.len() + 4 * MIB + CHUNK > len, "{} {len}", seen.len());
        assert!(seen == data[..seen.len()]);
        complete(dir.path(), partial, &data);
    }
}

#[test]
fn a_graceful_end_loses_nothing_that_was_verified() {
    let (dir, root) = scene();
    let data = content(6 * MIB);
    let mut at = 0;
    for to in [3, 5, 4 * MIB, 4 * MIB + 7, 6 * MIB] {
        let mut partial = root.partial(&name("f")).unwrap();
        assert!(verify(&mut partial, MIB) == data[..at]);
        partial.begin(ETAG, data.len() as u64).unwrap();
        assert_eq!(partial.verified(), at as u64);
        grow(&mut partial, &data, at, to);
        // A torn tail that is not verified, as far as there is room for one.
        let tail = (data.len() - to).min(10);
        partial.write_at(&vec![0; tail], to as u64).unwrap();
        drop(partial);
        at = to;
    }
    let mut partial = root.partial(&name("f")).unwrap();
    assert_eq!(verify(&mut partial, 1 << 16).len(), data.len());
    complete(dir.path(), partial, &data);
}

#[test]
fn the_torn_tail_is_cut_off() {
    let (dir, root) = scene();
    let data = content(5 * MIB);
    let mut partial = root.partial(&name("f")).unwrap();
    partial.begin(ETAG, data.len() as u64).unwrap();
    grow(&mut partial, &data, 0, 100);
    partial.write_at(&[7; 900], 100).unwrap();
    drop(partial);
    let part = with_extension(dir.path(), ".part").unwrap();
    assert_eq!(fs::metadata(&part).unwrap().len(), 1000);
    let mut partial = root.partial(&name("f")).unwrap();
    verify(&mut partial, MIB);
    partial.begin(ETAG, data.len() as u64).unwrap();
    assert_eq!(fs::metadata(&part).unwrap().len(), 100);
}

#[test]
fn another_etag_or_size_or_no_verification_starts_anew() {
    let (dir, root) = scene();
    let data = content(9 * MIB);
    let size = data.len() as u64;
    for (etag, size, scratch) in
        [("other", size, MIB), (ETAG, size + 1, MIB), (ETAG, size, 0), (ETAG, size, 1)]
    {
        interrupted(&root, &data, data.len());
        let mut partial = root.partial(&name("f")).unwrap();
        match scratch {
            0 => {}
            1 => assert!(!partial.verify_step(&mut vec![0; 8 * MIB], &mut |_| ()).unwrap()),
            _ => assert!(verify(&mut partial, scratch).len() >= 8 * MIB),
        }
        partial.begin(etag, size).unwrap();
        assert_eq!((partial.verified(), partial.leftover()), (0, None));
        assert_eq!(with_extension(dir.path(), ".journal"), None);
        let part = with_extension(dir.path(), ".part").unwrap();
        assert_eq!(fs::metadata(part).unwrap().len(), 0);
        partial.discard().unwrap();
    }
}

#[test]
fn a_journal_torn_at_any_byte_proves_what_is_before_it() {
    let (dir, root) = scene();
    let data = content(13 * MIB);
    interrupted(&root, &data, data.len());
    let path = with_extension(dir.path(), ".journal").unwrap();
    let journal = fs::read(&path).unwrap();
    let ends: Vec<usize> =
        journal.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect();
    assert_eq!(ends.len(), 4, "a header and three records");
    let mut proven = Vec::new();
    for cut in 0..=journal.len() {
        fs::write(&path, &journal[..cut]).unwrap();
        let mut partial = root.partial(&name("f")).unwrap();
        assert_eq!(partial.leftover().is_some(), cut >= ends[0], "{cut}");
        let seen = verify(&mut partial, 5 * MIB);
        let records = ends[1..].iter().filter(|end| **end <= cut).count();
        assert_eq!(seen.len().div_ceil(5 * MIB), records, "{cut}");
        assert!(seen == data[..seen.len()]);
        proven.push(seen.len());
    }
    assert_eq!(proven.last(), Some(&(proven[ends[3]])));
    // Goes on from the middle of a torn record, and what is appended then is good.
    fs::write(&path, &journal[..ends[2] - 1]).unwrap();
    let mut partial = root.partial(&name("f")).unwrap();
    verify(&mut partial, MIB);
    partial.begin(ETAG, data.len() as u64).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), ends[1] as u64, "the torn record is cut off");
    let from = partial.verified() as usize;
    assert!(from > 0);
    grow(&mut partial, &data, from, data.len());
    partial.abandon();
    let mut partial = root.partial(&name("f")).unwrap();
    assert_eq!(verify(&mut partial, MIB).len(), proven[ends[3]]);
    complete(dir.path(), partial, &data);
}

#[test]
fn a_changed_byte_in_the_journal_ends_it_there() {
    let (dir, root) = scene();
    let data = content(9 * MIB);
    interrupted(&root, &data, data.len());
    let path = with_extension(dir.path(), ".journal").unwrap();
    let journal = fs::read(&path).unwrap();
    let mut lens = Vec::new();
    for at in 0..journal.len() {
        let mut wrong = journal.clone();
        wrong[at] ^= 1;
        fs::write(&path, &wrong).unwrap();
        let mut partial = root.partial(&name("f")).unwrap();
        let seen = verify(&mut partial, 5 * MIB);
        assert!(seen == data[..seen.len()]);
        lens.push(seen.len());
    }
    assert!(lens.is_sorted(), "what is before the change still counts");
    assert_eq!((lens[0], lens[lens.len() - 1].div_ceil(5 * MIB)), (0, 1));
    // Lines that are good, but not of this journal or not in this order.
    let lines: Vec<&[u8]> = journal.split_inclusive(|byte| *byte == b'\n').collect();
    fs::write(&path, [lines[0], lines[2]].concat()).unwrap();
    assert_eq!(verify(&mut root.partial(&name("f")).unwrap(), MIB).len(), 0);
}

#[test]
fn a_changed_byte_in_the_part_ends_what_counts_before_its_segment() {
    let (dir, root) = scene();
    let data = content(13 * MIB);
    interrupted(&root, &data, data.len());
    let part = fs::OpenOptions::new()
        .write(true)
        .open(with_extension(dir.path(), ".part").unwrap())
        .unwrap();
    let mut lens = Vec::new();
    for at in [12 * MIB, 9 * MIB, 5 * MIB, 4 * MIB - 1, 0] {
        part.write_all_at(&[!data[at]], at as u64).unwrap();
        for scratch in [5 * MIB, 1 << 18] {
            let seen = verify(&mut root.partial(&name("f")).unwrap(), scratch);
            assert!(seen.len() <= at && seen == data[..seen.len()], "{at}");
            lens.push(seen.len().div_ceil(5 * MIB));
        }
    }
    assert_eq!(lens, [2, 2, 2, 2, 1, 1, 0, 0, 0, 0]);
    part.set_len(5 * MIB as u64).unwrap();
    part.write_all_at(&data[..5 * MIB], 0).unwrap();
    let mut partial = root.partial(&name("f")).unwrap();
    assert_eq!(verify(&mut partial, MIB).len().div_ceil(5 * MIB), 1, "too short for the second");
    complete(dir.path(), partial, &data);
}

#[test]
fn a_part_alone_or_a_journal_alone_is_nothing() {
    let (dir, root) = scene();
    let data = content(5 * MIB);
    for extension in [".part", ".journal"] {
        interrupted(&root, &data, data.len());
        fs::remove_file(with_extension(dir.path(), extension).unwrap()).unwrap();
        let mut partial = root.partial(&name("f")).unwrap();
        assert_eq!(partial.leftover(), None);
        assert_eq!(verify(&mut partial, MIB).len(), 0);
        complete(dir.path(), partial, &data);
    }
}

#[test]
fn looking_changes_nothing() {
    let (dir, root) = scene();
    let data = content(5 * MIB);
    interrupted(&root, &data, data.len());
    let all = |dir: &Path| -> Vec<Vec<u8>> {
        names_in(dir).iter().map(|name| fs::read(dir.join(name)).unwrap()).collect()
    };
    let before = all(dir.path());
    verify(&mut root.partial(&name("f")).unwrap(), MIB);
    drop(root.partial(&name("f")).unwrap());
    assert!(before == all(dir.path()));
}

#[test]
fn etags_are_kept_as_they_are_up_to_a_limit() {
    let (_dir, root) = scene();
    let longest = "é".repeat(ETAG_BYTES_MAX / 2);
    for etag in ["", " ", "%", "%41", "a b", "\u{0}\n\r", "\"W/x\"", &longest] {
        let mut partial = root.partial(&name("f")).unwrap();
        partial.begin(etag, 9).unwrap();
        grow(&mut partial, b"x", 0, 1);
        drop(partial);
        let partial = root.partial(&name("f")).unwrap();
        assert_eq!(partial.leftover(), Some((etag, 9)), "{etag:?}");
    }
    let mut partial = root.partial(&name("f")).unwrap();
    assert!(partial.begin(&(longest + "x"), 9).is_err());
}
