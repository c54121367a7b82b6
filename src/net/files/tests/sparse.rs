//! Files that are written in any order.

use super::*;
use crate::net::files::{Durability, SparseFile};

#[test]
fn pieces_in_any_order_make_the_file() {
    let (dir, path) = place();
    let data = content(300_000);
    for durability in [Durability::Fsync, Durability::Rename, Durability::None] {
        let file = SparseFile::at_path(&path).unwrap();
        let mut pieces: Vec<usize> = (0..data.len()).step_by(1000).collect();
        pieces.reverse();
        for at in pieces {
            assert!(!file.is_same(&data[at..at + 1000], at as u64).unwrap());
            file.write_at(&data[at..at + 1000], at as u64).unwrap();
            assert!(file.is_same(&data[at..at + 1000], at as u64).unwrap());
        }
        let whole = *blake3::hash(&data).as_bytes();
        assert_eq!(file.digest(data.len() as u64).unwrap(), whole);
        let first = *blake3::hash(&data[..70_000]).as_bytes();
        assert_eq!(file.digest(70_000).unwrap(), first);
        assert_eq!(code(file.digest(data.len() as u64 + 1)), "changed");
        file.finish(durability).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), data);
        assert_eq!(names_in(dir.path()), ["file"]);
    }
}

fn place() -> (TempDir, std::path::PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file");
    (dir, path)
}

#[test]
fn dropped_it_leaves_what_stood_there() {
    let (dir, path) = place();
    std::fs::write(&path, "before").unwrap();
    let file = SparseFile::at_path(&path).unwrap();
    file.write_at(b"after", 1 << 30).unwrap();
    assert_eq!(code(SparseFile::at_path(&path)), "busy");
    drop(file);
    assert_eq!(std::fs::read(&path).unwrap(), b"before");
    assert_eq!(names_in(dir.path()), ["file"]);
}

#[test]
fn what_is_left_over_of_another_transfer_is_given_up() {
    let (dir, path) = place();
    let data = content(5 * MIB);
    let mut partial = Partial::at_path(&path).unwrap();
    partial.begin("etag", 2 * data.len() as u64).unwrap();
    grow(&mut partial, &data, 0, data.len());
    drop(partial);
    assert_eq!(names_in(dir.path()).len(), 2, "a part and its journal");
    let file = SparseFile::at_path(&path).unwrap();
    assert!(!file.is_same(&data[..10], 0).unwrap());
    file.write_at(b"new", 0).unwrap();
    file.finish(Durability::Rename).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
    assert_eq!(names_in(dir.path()), ["file"]);
}

#[test]
fn directories_are_in_the_way_and_have_to_be_there() {
    let (dir, path) = place();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(code(SparseFile::at_path(&path)), "exists");
    assert_eq!(code(SparseFile::at_path(&dir.path().join("none/file"))), "not_found");
    assert_eq!(names_in(dir.path()), ["file"]);
}
