//! A file that grows and gets its name, or does not.
//!
//! ```text
//!   begin → write → verified → finish → report.pdf, and nothing beside it
//! ```

use super::*;
use crate::net::files::{Durability, SIZE_UNKNOWN};
use rustix::fs::{FileType, Mode};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

fn all_of(root: &Root, text: &str, data: &[u8]) -> Partial {
    let mut partial = root.partial(&name(text)).unwrap();
    partial.begin("etag", data.len() as u64).unwrap();
    grow(&mut partial, data, 0, data.len());
    partial
}

#[test]
fn every_size_arrives_and_nothing_is_left_beside_it() {
    let (dir, root) = scene();
    for size in [0, 1, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 9 * MIB] {
        let data = content(size);
        let partial = all_of(&root, "f", &data);
        assert_eq!(partial.verified(), size as u64);
        let journal = with_extension(dir.path(), ".journal");
        assert_eq!(journal.is_some(), size >= 4 * MIB, "{size}");
        partial.finish(Durability::Fsync, true).run().unwrap();
        assert!(fs::read(dir.path().join("f")).unwrap() == data, "{size}");
        assert_eq!(names_in(dir.path()), ["f"]);
    }
}

#[test]
fn directories_are_made_when_writing_begins_and_not_before() {
    let (dir, root) = scene();
    let mut partial = root.partial(&name("a/b/c d/f")).unwrap();
    assert_eq!(names_in(dir.path()), [""; 0]);
    partial.begin("e", 2).unwrap();
    assert_eq!(names_in(&dir.path().join("a/b/c d")).len(), 1);
    grow(&mut partial, b"hi", 0, 2);
    partial.finish(Durability::Fsync, false).run().unwrap();
    let path = dir.path().join("a/b/c d/f");
    assert_eq!(fs::read(&path).unwrap(), b"hi");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7111, 0);
}

#[test]
fn an_existing_file_is_replaced_or_stays() {
    let (dir, root) = scene();
    let path = dir.path().join("f");
    fs::write(&path, "old").unwrap();
    let finish = all_of(&root, "f", b"new").finish(Durability::Rename, false);
    assert_eq!(code(finish.run()), "exists");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names_in(dir.path()), ["f"], "what arrived is removed");
    all_of(&root, "f", b"new").finish(Durability::None, true).run().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    fs::remove_file(&path).unwrap();
    symlink("nowhere", &path).unwrap();
    let finish = all_of(&root, "f", b"new").finish(Durability::Rename, false);
    assert_eq!(code(finish.run()), "exists");
    assert_eq!(names_in(dir.path()), ["f"]);
}

#[test]
fn the_second_link_does_what_the_rename_does() {
    let (dir, root) = scene();
    fs::write(dir.path().join("taken"), "old").unwrap();
    let partial = all_of(&root, "taken", b"new");
    assert!(matches!(partial.place().link(partial.whole().unwrap()), Err(FileError::Exists)));
    drop(partial);
    let mut partial = all_of(&root, "free", b"new");
    partial.place().link(partial.whole().unwrap()).unwrap();
    partial.let_go();
    assert_eq!(fs::read(dir.path().join("free")).unwrap(), b"new");
    assert_eq!(fs::metadata(dir.path().join("free")).unwrap().nlink(), 1);
}

#[test]
fn a_kill_between_link_and_unlink_does_not_touch_the_file() {
    let (dir, root) = scene();
    all_of(&root, "f", b"first").abandon();
    let part = with_extension(dir.path(), ".part").unwrap();
    fs::hard_link(&part, dir.path().join("f")).unwrap();
    let partial = all_of(&root, "f", b"second one");
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"first");
    partial.finish(Durability::Rename, true).run().unwrap();
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"second one");
    assert_eq!(names_in(dir.path()), ["f"]);
}

/// What is no file is neither replaced nor written to: only a path that its user chose as a whole
/// is opened as a device or a pipe.
#[test]
fn a_pipe_or_a_socket_is_not_replaced() {
    let (dir, root) = scene();
    let fifo = dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
        .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    for text in ["fifo", "socket"] {
        let begun = root.partial(&name(text)).and_then(|mut partial| partial.begin("e", 1));
        assert!(matches!(begun, Err(FileError::InTheWay)), "{text}: {begun:?}");
        assert!(!fs::symlink_metadata(dir.path().join(text)).unwrap().is_file());
    }
    assert_eq!(names_in(dir.path()), ["fifo", "socket"]);
}

#[test]
fn what_is_in_the_way_is_said() {
    let (dir, root) = scene();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("file"), "x").unwrap();
    let mut partial = root.partial(&name("d")).unwrap();
    assert!(matches!(partial.begin("e", 1), Err(FileError::InTheWay)));
    let below = |text| root.partial(&name(text)).and_then(|mut partial| partial.begin("e", 1));
    assert!(matches!(below("file/a"), Err(FileError::InTheWay)));
    assert!(matches!(below("file/a/b"), Err(FileError::InTheWay)));
    for overwrite in [false, true] {
        let partial = all_of(&root, "later", b"x");
        fs::create_dir(dir.path().join("later")).unwrap();
        let outcome = partial.finish(Durability::Rename, overwrite).run();
        assert!(matches!(outcome, Err(FileError::InTheWay)), "{outcome:?}");
        assert!(with_extension(dir.path(), ".part").is_some(), "kept for the next run");
        fs::remove_dir(dir.path().join("later")).unwrap();
    }
}

#[test]
fn a_reserved_name_that_is_no_plain_file_is_not_written_through() {
    let (dir, root) = scene();
    all_of(&root, "f", b"x").abandon();
    let part = with_extension(dir.path(), ".part").unwrap();
    fs::remove_file(&part).unwrap();
    fs::write(dir.path().join("victim"), "precious").unwrap();
    symlink("victim", &part).unwrap();
    assert_eq!(root.partial(&name("f")).unwrap().leftover(), None);
    all_of(&root, "f", b"new").finish(Durability::Rename, false).run().unwrap();
    assert_eq!(fs::read(dir.path().join("victim")).unwrap(), b"precious");
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"new");
    // Who put it there is not known, so it stays.
    fs::remove_file(&part).unwrap();
    assert_eq!(names_in(dir.path()), ["f", "victim"]);
}

#[test]
fn one_writer_at_a_time() {
    let (dir, root) = scene();
    let early = &mut root.partial(&name("f")).unwrap();
    let mut first = root.partial(&name("f")).unwrap();
    first.begin("e", 4).unwrap();
    assert_eq!(code(root.partial(&name("f"))), "busy");
    assert_eq!(code(early.begin("e", 4)), "busy");
    assert!(root.partial(&name("g")).is_ok());
    grow(&mut first, b"1234", 0, 4);
    let finish = first.finish(Durability::Rename, false);
    assert_eq!(code(early.begin("e", 4)), "busy");
    finish.run().unwrap();
    early.begin("e", 4).unwrap();
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"1234");
}

#[test]
fn many_who_finish_at_once_leave_one_whole_file() {
    let (dir, root) = scene();
    let writers: Vec<_> = (0..4u8)
        .map(|i| {
            let root = root.clone();
            std::thread::spawn(move || {
                let data = vec![i; 1000 + usize::from(i)];
                let mut finished = 0;
                while finished < 50 {
                    let Ok(mut partial) = root.partial(&name("f")) else { continue };
                    if partial.begin("e", data.len() as u64).is_err() {
                        continue;
                    }
                    grow(&mut partial, &data, 0, data.len());
                    partial.finish(Durability::None, true).run().unwrap();
                    let seen = root.source(&name("f")).unwrap();
                    let mut bytes = vec![9; 2000];
                    let len = seen.read_at(&mut bytes, 0).unwrap();
                    assert_eq!(len, 1000 + usize::from(bytes[0]));
                    assert!(bytes[..len].iter().all(|byte| *byte == bytes[0]));
                    finished += 1;
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert_eq!(names_in(dir.path()), ["f"]);
}

#[test]
fn only_what_is_whole_gets_its_name() {
    let (dir, root) = scene();
    let mut partial = root.partial(&name("f")).unwrap();
    partial.begin("e", 4).unwrap();
    partial.write_at(b"1234", 0).unwrap();
    partial.chunk_verified(0, 3, crc32fast::hash(b"123")).unwrap();
    assert_eq!(code(partial.finish(Durability::Fsync, true).run()), "io");
    assert!(!dir.path().join("f").exists());
    let mut partial = root.partial(&name("f")).unwrap();
    partial.begin("e", SIZE_UNKNOWN).unwrap();
    grow(&mut partial, b"12", 0, 2);
    partial.write_at(b"3", 2).unwrap();
    assert_eq!(code(partial.finish(Durability::Fsync, true).run()), "io");
    assert!(!dir.path().join("f").exists());
}

#[test]
fn calls_out_of_order_are_refused() {
    let (_dir, root) = scene();
    let mut partial = root.partial(&name("f")).unwrap();
    assert!(partial.write_at(b"x", 0).is_err() && partial.chunk_verified(0, 1, 0).is_err());
    partial.begin("e", 4).unwrap();
    assert!(partial.begin("e", 4).is_err());
    assert!(partial.write_at(b"x", 1).is_err(), "a gap");
    assert!(partial.write_at(b"12345", 0).is_err(), "past the end");
    assert!(partial.write_at(b"x", u64::MAX).is_err());
    assert!(partial.chunk_verified(0, 1, 0).is_err(), "not written");
    partial.write_at(b"12", 0).unwrap();
    assert!(partial.chunk_verified(1, 1, 0).is_err(), "not next");
    assert!(partial.chunk_verified(0, 3, 0).is_err(), "not all written");
    partial.chunk_verified(0, 2, crc32fast::hash(b"12")).unwrap();
    assert!(partial.write_at(b"x", 1).is_err(), "verified already");
    partial.write_at(b"34", 2).unwrap();
    partial.write_at(b"34", 2).unwrap();
}

#[test]
fn nothing_stays_of_what_was_discarded_or_never_came_to_anything() {
    let (dir, root) = scene();
    let data = content(5 * MIB);
    let partial = all_of(&root, "f", &data);
    assert_eq!(names_in(dir.path()).len(), 2);
    partial.discard().unwrap();
    assert_eq!(names_in(dir.path()), [""; 0]);
    let mut partial = root.partial(&name("f")).unwrap();
    partial.begin("e", 9).unwrap();
    partial.write_at(b"unproven", 0).unwrap();
    drop(partial);
    assert_eq!(names_in(dir.path()), [""; 0]);
    let mut partial = root.partial(&name("f")).unwrap();
    partial.begin("e", data.len() as u64).unwrap();
    partial.without_journal();
    grow(&mut partial, &data, 0, data.len() - 1);
    assert_eq!(names_in(dir.path()).len(), 1, "no journal");
    drop(partial);
    assert_eq!(names_in(dir.path()), [""; 0]);
}

#[test]
fn a_local_path_of_any_name() {
    let (dir, _) = scene();
    let path = dir.path().join("back\\slash\n");
    let mut partial = Partial::at_path(&path).unwrap();
    partial.begin("e", 2).unwrap();
    grow(&mut partial, b"hi", 0, 2);
    partial.finish(Durability::Rename, true).run().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"hi");
    assert_eq!(code(Partial::at_path(&dir.path().join("no/f"))), "not_found");
    assert_eq!(code(Partial::at_path("/".as_ref())), "bad_name");
}
