//! Short files that have no name before they are whole.

use super::*;
use crate::net::files::{ANONYMOUS_BYTES_MAX, AnonymousFile, Durability};

fn anonymous(root: &Root, text: &str, size: usize) -> AnonymousFile {
    let partial = root.partial(&name(text)).unwrap();
    partial.anonymous(size as u64, None).expect("the file system has anonymous files")
}

fn stored(root: &Root, text: &str, data: &[u8]) -> Result<(), FileError> {
    let mut file = anonymous(root, text, data.len());
    data.chunks(1000).for_each(|bytes| file.write(bytes).unwrap());
    file.finish(Durability::Rename, true)
}

#[test]
fn it_stands_under_its_name_alone() {
    let (dir, root) = scene();
    for size in [0, 1, 10_000, 200_000] {
        let data = content(size);
        stored(&root, "sub/file", &data).unwrap();
        assert_eq!(std::fs::read(dir.path().join("sub/file")).unwrap(), data);
        assert_eq!(names_in(&dir.path().join("sub")), ["file"]);
    }
    let data = content(5);
    let mut file = anonymous(&root, "synced", 5);
    file.write(&data).unwrap();
    file.finish(Durability::Fsync, true).unwrap();
    assert_eq!(std::fs::read(dir.path().join("synced")).unwrap(), data);
}

#[test]
fn what_is_not_whole_was_never_there() {
    let (dir, root) = scene();
    let mut file = anonymous(&root, "file", 10);
    file.write(&[1; 9]).unwrap();
    assert_eq!(code(file.write(&[1; 2])), "io");
    assert_eq!(code(file.finish(Durability::Rename, true)), "io");
    drop(anonymous(&root, "other", 10));
    assert!(names_in(dir.path()).is_empty());
}

#[test]
fn a_directory_stays_in_its_way() {
    let (dir, root) = scene();
    std::fs::create_dir(dir.path().join("file")).unwrap();
    assert_eq!(code(stored(&root, "file", b"data")), "exists");
    assert_eq!(names_in(dir.path()), ["file"]);
}

#[test]
fn a_leftover_gives_way() {
    let (dir, root) = scene();
    std::fs::write(dir.path().join("file"), b"old").unwrap();
    let file = anonymous(&root, "file", 4);
    // Somebody else begins with the same file in between, and is interrupted.
    let mut other = root.partial(&name("file")).unwrap();
    other.begin("etag", 1 << 30).unwrap();
    let mut file = file;
    file.write(b"data").unwrap();
    assert_eq!(code(file.finish(Durability::Rename, true)), "busy");
    grow(&mut other, &content(CHUNK), 0, CHUNK);
    drop(other);
    stored_over(&root);
    assert_eq!(std::fs::read(dir.path().join("file")).unwrap(), b"data");
    assert_eq!(names_in(dir.path()), ["file"]);
}

/// Made before the leftover is looked at, as a download is that looked when it was not there.
fn stored_over(root: &Root) {
    let mut file = root.new_partial(&name("file")).unwrap().anonymous(4, None).unwrap();
    file.write(b"data").unwrap();
    file.finish(Durability::Rename, true).unwrap();
}

#[test]
fn what_is_worth_going_on_with_is_not_made_so() {
    let (_dir, root) = scene();
    let partial = || root.partial(&name("file")).unwrap();
    assert!(partial().anonymous(ANONYMOUS_BYTES_MAX, None).is_some());
    assert!(partial().anonymous(ANONYMOUS_BYTES_MAX + 1, None).is_none());
    let mut begun = partial();
    begun.begin("etag", 4).unwrap();
    assert!(begun.anonymous(4, None).is_none());
}
