//! Owner, mode and access list of what gets its name.

use super::*;
use crate::net::files::{Durability, SparseFile};
use rustix::fs::XattrFlags;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

/// The mode that an ordinary new file has here.
fn new_mode(dir: &Path) -> u32 {
    let path = dir.join("ordinary");
    fs::write(&path, "").unwrap();
    let mode = fs::metadata(&path).unwrap().mode() & 0o7777;
    fs::remove_file(path).unwrap();
    mode
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// A way in which a file is made: what it is called, and how it is done.
type Way = (&'static str, fn(&Root, &Path));

const WAYS: [Way; 3] = [
    ("growing", |root, _| {
        let mut partial = root.partial(&name("f")).unwrap();
        partial.begin("", 3).unwrap();
        grow(&mut partial, b"new", 0, 3);
        partial.finish(Durability::Rename, true).run().unwrap();
    }),
    ("anonymous", |root, _| {
        let mut file = root.partial(&name("f")).unwrap().anonymous(3, None).unwrap();
        file.write(b"new").unwrap();
        file.finish(Durability::Rename, true).unwrap();
    }),
    ("scattered", |_, path| {
        let file = SparseFile::at_path(path).unwrap();
        file.write_at(b"new", 0).unwrap();
        file.finish(Durability::Rename).unwrap();
    }),
];

#[test]
fn an_unfinished_file_is_private() {
    let (dir, root) = scene();
    let data = content(9 * MIB);
    let mut partial = root.partial(&name("f")).unwrap();
    partial.begin("", data.len() as u64).unwrap();
    grow(&mut partial, &data, 0, data.len());
    for extension in [".part", ".journal"] {
        assert_eq!(mode(&with_extension(dir.path(), extension).unwrap()), 0o600);
    }
    partial.finish(Durability::Fsync, true).run().unwrap();
    assert_eq!(mode(&dir.path().join("f")), new_mode(dir.path()));
}

#[test]
fn a_new_file_has_the_umask_s_mode_and_a_replaced_one_keeps_its_own() {
    for (way, make) in WAYS {
        let (dir, root) = scene();
        let path = dir.path().join("f");
        make(&root, &path);
        assert_eq!(mode(&path), new_mode(dir.path()), "{way}");
        for (old, expected) in
            [(0o600, 0o600), (0o640, 0o640), (0o444, 0o444), (0o666, 0o666), (0o6755, 0o755)]
        {
            fs::set_permissions(&path, Permissions::from_mode(old)).unwrap();
            make(&root, &path);
            assert_eq!(fs::read(&path).unwrap(), b"new", "{way}");
            assert_eq!(mode(&path), expected, "{way} {old:o}");
        }
        // What a link leads to is not what is replaced.
        fs::rename(&path, dir.path().join("aside")).unwrap();
        fs::set_permissions(dir.path().join("aside"), Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink("aside", &path).unwrap();
        make(&root, &path);
        assert!(fs::symlink_metadata(&path).unwrap().is_file(), "{way}");
        assert_eq!(mode(&path), new_mode(dir.path()), "{way}");
    }
}

#[test]
fn a_replaced_file_of_another_user_gives_no_right_away() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for (way, make) in WAYS {
        let (dir, root) = scene();
        let path = dir.path().join("f");
        let new = new_mode(dir.path());
        for old in [0o600, 0o666, 0o644, 0o6777] {
            fs::write(&path, "theirs").unwrap();
            chown(&path, Some(54_321), Some(54_321)).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(old)).unwrap();
            make(&root, &path);
            let about = fs::metadata(&path).unwrap();
            assert_eq!((about.uid(), about.gid()), (0, 0), "{way}");
            assert_eq!(about.mode() & 0o7777, old & new & 0o777, "{way} {old:o}");
            fs::remove_file(&path).unwrap();
        }
        // The group of a file of ours stays, and so does what it may do.
        fs::write(&path, "ours").unwrap();
        chown(&path, None, Some(54_321)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        make(&root, &path);
        assert_eq!((fs::metadata(&path).unwrap().gid(), mode(&path)), (54_321, 0o640), "{way}");
    }
}

/// An access list as the kernel keeps it: version 2, then tag, permissions and id of each entry.
fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let entry = |(tag, bits, id): &(u16, u16, u32)| {
        [&tag.to_le_bytes()[..], &bits.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    [2_u32.to_le_bytes().to_vec(), entries.iter().flat_map(entry).collect()].concat()
}

const NONE: u32 = u32::MAX;
const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

fn access(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 4096];
    let len = rustix::fs::getxattr(path, ACCESS, &mut *bytes).ok()?;
    Some(bytes[..len].to_vec())
}

#[test]
fn access_lists_are_kept_and_default_ones_obeyed() {
    // owner rw, user 54321 r, group none, mask r, others none
    let kept = [(1, 6, NONE), (2, 4, 54_321), (4, 0, NONE), (16, 4, NONE), (32, 0, NONE)];
    let kept = list(&kept);
    for (way, make) in WAYS {
        let (dir, root) = scene();
        let path = dir.path().join("f");
        fs::write(&path, "old").unwrap();
        if rustix::fs::setxattr(&path, ACCESS, &kept, XattrFlags::empty()).is_err() {
            eprintln!("skipped: this file system has no access lists");
            return;
        }
        make(&root, &path);
        assert_eq!(access(&path).as_ref(), Some(&kept), "{way}");
        assert_eq!(mode(&path), 0o640, "{way}");
        // A file without a list in a directory with a default one.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        rustix::fs::setxattr(dir.path(), DEFAULT, &kept, XattrFlags::empty()).unwrap();
        make(&root, &path);
        assert_eq!((access(&path), mode(&path)), (None, 0o600), "{way}");
        // A new one there.
        fs::remove_file(&path).unwrap();
        let ordinary = new_mode(dir.path());
        make(&root, &path);
        assert_eq!((access(&path), mode(&path)), (Some(kept.clone()), ordinary), "{way}");
        assert_eq!(names_in(dir.path()), ["f"], "{way}");
    }
}
