//! Listings: what they hold, in which order, and how much memory they take.
//!
//! ```text
//!   sorted:    a  b/c  b/d  e          held ≤ limits
//!   streamed:  e  b/d  a  b/c          nothing held
//! ```

use super::*;
use crate::net::files::{Limits, Step};
use rustix::fs::{CWD, FileType, Mode};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

fn put(dir: &Path, text: &str) {
    let path = dir.join(text);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn list(root: &Root) -> Vec<String> {
    root.walk().map(|entry| entry.name.as_str().to_owned()).collect()
}

#[test]
fn everything_below_in_order() {
    let (dir, root) = scene();
    assert_eq!(list(&root), [""; 0]);
    let all = ["a", "b/a", "b/c/d", "b.x", "z z", "é"];
    all.iter().for_each(|text| put(dir.path(), text));
    fs::create_dir(dir.path().join("empty")).unwrap();
    assert_eq!(list(&root), ["a", "b/a", "b/c/d", "b.x", "z z", "é"]);
    let first = root.walk().next().unwrap();
    let real = fs::metadata(dir.path().join("a")).unwrap();
    assert_eq!((first.size, first.modified), (1, real.modified().unwrap()));
}

#[test]
fn what_cannot_be_asked_for_is_passed_over() {
    let (dir, root) = scene();
    let outside = TempDir::new().unwrap();
    put(outside.path(), "secret");
    put(dir.path(), "d/file");
    put(dir.path(), ".wirewright-0.part");
    put(dir.path(), ".wirewright-d/file");
    put(dir.path(), "back\\slash");
    put(dir.path(), "new\nline/file");
    fs::write(dir.path().join(OsStr::from_bytes(b"\xff")), "x").unwrap();
    let link = |to: &Path, at: &str| symlink(to, dir.path().join(at)).unwrap();
    link("d/file".as_ref(), "link");
    link("d".as_ref(), "dirlink");
    link("..".as_ref(), "d/circle");
    link("nowhere".as_ref(), "dangling");
    link(&outside.path().join("secret"), "out");
    link(outside.path(), "outdir");
    let fifo = dir.path().join("fifo");
    rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert_eq!(list(&root), ["d/file", "link"]);
    for limits in [Limits::default(), Limits { names_held_max: 0, name_bytes_held_max: 0 }] {
        let mut walk = root.walk_within(limits);
        let mut passed_over: Vec<(Vec<u8>, String)> = Vec::new();
        loop {
            match walk.step() {
                Step::NotOffered(one) => {
                    passed_over.push((one.path.as_os_str().as_bytes().to_vec(), one.why));
                }
                Step::End => break,
                _ => {}
            }
        }
        passed_over.sort();
        let found: Vec<&[u8]> = passed_over.iter().map(|(path, _)| &path[..]).collect();
        assert_eq!(found, [&b"back\\slash"[..], b"new\nline", b"\xff"]);
        assert!(passed_over[0].1.contains("backslash") && passed_over[2].1.contains("UTF-8"));
    }
    let link = root.walk().find(|entry| entry.name.as_str() == "link").unwrap();
    assert_eq!(link.size, 6, "that of the file it leads to");
}

#[test]
fn names_beyond_the_limit_are_streamed_and_all_come() {
    let (dir, root) = scene();
    let mut all: Vec<String> = (0..200).map(|i| format!("f{:03}", i * 7 % 200)).collect();
    all.iter().for_each(|text| put(dir.path(), text));
    all.sort();
    let walk = |names_held_max, name_bytes_held_max| {
        let limits = Limits { names_held_max, name_bytes_held_max };
        root.walk_within(limits).map(|e| e.name.as_str().to_owned()).collect::<Vec<_>>()
    };
    for (names, bytes, sorted) in [
        (199, 9999, false),
        (200, 9999, true),
        (201, 9999, true),
        (999, 799, false),
        (999, 800, true),
        (0, 0, false),
    ] {
        let mut found = walk(names, bytes);
        assert_eq!(found == all, sorted, "{names} {bytes}");
        found.sort();
        assert_eq!(found, all);
    }
}

#[test]
fn the_limit_holds_over_all_directories_on_the_way_down() {
    let (dir, root) = scene();
    let mut all = Vec::new();
    for depth in 0..6 {
        for i in 0..4 {
            all.push(format!("{}f{i}", "a/".repeat(depth)));
        }
    }
    all.iter().for_each(|text| put(dir.path(), text));
    let mut walk = root.walk_within(Limits { names_held_max: 7, name_bytes_held_max: 99 });
    let (mut found, mut names_held_most) = (Vec::new(), 0);
    loop {
        names_held_most = names_held_most.max(walk.held().0);
        match walk.step() {
            Step::Entry(entry) => found.push(entry.name.as_str().to_owned()),
            Step::More | Step::NotOffered(_) => {}
            Step::End => break,
        }
    }
    assert!((5..=7).contains(&names_held_most), "{names_held_most}");
    assert_eq!(walk.held(), (0, 0));
    assert_eq!(walk.step(), Step::End);
    found.sort();
    all.sort();
    assert_eq!(found, all);
}

#[test]
fn depth_is_bounded_by_the_length_of_a_name() {
    let (dir, root) = scene();
    let mut here = cap_std::fs::Dir::open_ambient_dir(dir.path(), cap_std::ambient_authority());
    for _ in 0..520 {
        let at = here.unwrap();
        at.write("f", "x").unwrap();
        at.create_dir("d").unwrap();
        here = at.open_dir("d");
    }
    // "d/" 511 times and "f" are 1,023 bytes; one more would be 1,025.
    assert_eq!(list(&root).len(), 512);
    assert_eq!(list(&root).iter().map(String::len).max(), Some(1023));
}
