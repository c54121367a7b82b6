//! Directories in which somebody else may write as well.
//!
//! ```text
//!   .wirewright-….part, .journal   of another user, a link, a FIFO, a directory, locked, writable
//!   → the transfer begins anew beside them, ends well, and leaves them as they are
//! ```

use super::*;
use crate::net::files::{Durability, SparseFile};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

/// Another user than the one that runs the tests.
const OTHER: u32 = 54_321;

const ETAG: &str = "etag";

/// Whether files can be given to somebody else, as the attacker's have to be.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The names that belong to the file `f`.
fn reserved(dir: &Path) -> [std::path::PathBuf; 2] {
    let stem = &blake3::hash(b"f").to_hex()[..16];
    ["part", "journal"].map(|extension| dir.join(format!(".wirewright-{stem}.{extension}")))
}

/// A directory that everybody may write in.
fn shared(sticky: bool) -> (TempDir, Root) {
    let (dir, root) = scene();
    let mode = if sticky { 0o1777 } else { 0o777 };
    fs::set_permissions(dir.path(), Permissions::from_mode(mode)).unwrap();
    (dir, root)
}

/// What an interrupted transfer of `data` leaves of which `len` bytes count.
fn leftover(root: &Root, data: &[u8], len: usize) {
    let mut partial = root.partial(&name("f")).unwrap();
    partial.begin(ETAG, data.len() as u64).unwrap();
    grow(&mut partial, data, 0, len);
    drop(partial);
}

/// A transfer of `data` from 0 that has to succeed, whatever stands in its way.
fn transfer_anew(dir: &Path, root: &Root, data: &[u8], what: &str) {
    let mut partial = root.partial(&name("f")).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(verify(&mut partial, MIB).len(), 0, "{what}");
    let begun = partial.begin(ETAG, data.len() as u64);
    begun.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(partial.verified(), 0, "{what}");
    grow(&mut partial, data, 0, data.len());
    partial.finish(Durability::Rename, true).run().unwrap();
    let file = dir.join("f");
    assert!(fs::read(&file).unwrap() == data, "{what}");
    let about = fs::symlink_metadata(&file).unwrap();
    assert_eq!((about.uid(), about.nlink()), (rustix::process::geteuid().as_raw(), 1), "{what}");
    fs::remove_file(&file).unwrap();
}

/// A way to put something foreign where a part or a journal would stand.
type Trap = (&'static str, fn(&Path, &Path));

fn give_away(path: &Path) {
    chown(path, Some(OTHER), Some(OTHER)).unwrap();
}

/// Each is given the reserved name, and a file outside that must not be changed.
const TRAPS: [Trap; 7] = [
    ("a directory", |at, _| fs::create_dir(at).unwrap()),
    ("a symlink to a file", |at, outside| symlink(outside, at).unwrap()),
    ("a dangling symlink", |at, _| symlink("nothing", at).unwrap()),
    ("a FIFO", |at, _| {
        let mode = rustix::fs::Mode::from(0o666);
        rustix::fs::mknodat(rustix::fs::CWD, at, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    }),
    ("a socket", |at, _| drop(std::os::unix::net::UnixListener::bind(at).unwrap())),
    ("another user's file", |at, _| {
        fs::write(at, "theirs").unwrap();
        fs::set_permissions(at, Permissions::from_mode(0o666)).unwrap();
        give_away(at);
    }),
    ("a hard link to another user's file", |at, outside| {
        give_away(outside);
        fs::hard_link(outside, at).unwrap();
    }),
];

#[test]
fn what_is_foreign_is_left_alone_and_blocks_nothing() {
    let data = content(5 * MIB);
    for (what, set) in TRAPS.iter().filter(|(what, _)| is_root() || !what.contains("user")) {
        for sticky in [true, false] {
            for at in 0..2 {
                let (dir, root) = shared(sticky);
                let outside = TempDir::new().unwrap();
                let victim = outside.path().join("victim");
                fs::write(&victim, "untouched").unwrap();
                let trap = &reserved(dir.path())[at];
                set(trap, &victim);
                let before = fs::symlink_metadata(trap).unwrap();
                transfer_anew(dir.path(), &root, &data, what);
                let sparse = SparseFile::at_path(&dir.path().join("f")).unwrap();
                sparse.write_at(b"pieces", 0).unwrap();
                sparse.finish(Durability::Rename).unwrap();
                assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"pieces");
                // As a short file takes the place of a file that is there.
                let mut short = root.new_partial(&name("f")).unwrap().anonymous(4, None).unwrap();
                short.write(b"tiny").unwrap();
                short.finish(Durability::Rename, true).unwrap();
                assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"tiny");
                let after = fs::symlink_metadata(trap).unwrap();
                assert_eq!((before.ino(), before.mode()), (after.ino(), after.mode()), "{what}");
                assert_eq!(names_in(dir.path()).len(), 2, "{what}: {:?}", names_in(dir.path()));
                assert_eq!(fs::read(&victim).unwrap(), b"untouched", "{what}");
            }
        }
    }
}

/// The bytes of an attacker and a journal that proves them: what the next run went on with once.
#[test]
fn a_leftover_of_another_user_is_not_gone_on_with() {
    if !is_root() {
        return;
    }
    let (bait, data) = (vec![b'A'; 9 * MIB], content(9 * MIB));
    for sticky in [true, false] {
        for given in [&[0, 1][..], &[0], &[1]] {
            let (dir, root) = shared(sticky);
            leftover(&root, &bait, 8 * MIB);
            given.iter().for_each(|at| give_away(&reserved(dir.path())[*at]));
            transfer_anew(dir.path(), &root, &data, "a foreign leftover");
            given.iter().for_each(|at| {
                assert_eq!(fs::metadata(&reserved(dir.path())[*at]).unwrap().uid(), OTHER);
            });
            assert_eq!(names_in(dir.path()).len(), given.len());
        }
    }
}

#[test]
fn a_leftover_that_others_could_write_is_given_up() {
    let (bait, data) = (vec![b'A'; 9 * MIB], content(9 * MIB));
    for mode in [0o620, 0o602, 0o666] {
        for at in 0..2 {
            let (dir, root) = shared(false);
            leftover(&root, &bait, 8 * MIB);
            let path = &reserved(dir.path())[at];
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            transfer_anew(dir.path(), &root, &data, "a leftover that is writable");
            assert!(names_in(dir.path()).is_empty());
        }
    }
    // A second name of the part or the journal, by which it may be changed later.
    for at in 0..2 {
        let (dir, root) = shared(false);
        leftover(&root, &bait, 8 * MIB);
        fs::hard_link(&reserved(dir.path())[at], dir.path().join("link")).unwrap();
        transfer_anew(dir.path(), &root, &data, "a leftover with two links");
        assert_eq!(names_in(dir.path()), ["link"]);
    }
}

#[test]
fn a_lock_that_anybody_can_hold_blocks_nothing() {
    let data = content(5 * MIB);
    let (dir, root) = shared(true);
    let [part, _] = reserved(dir.path());
    fs::write(&part, "").unwrap();
    fs::set_permissions(&part, Permissions::from_mode(0o644)).unwrap();
    let held = File::open(&part).unwrap();
    held.lock().unwrap();
    transfer_anew(dir.path(), &root, &data, "a lock");
    // Nobody else can hold the lock of a private file: that is another transfer.
    fs::set_permissions(&part, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(code(root.partial(&name("f"))), "busy");
}

#[test]
fn what_was_begun_under_another_name_is_gone_on_with() {
    let data = content(9 * MIB);
    let (dir, root) = shared(true);
    let [trap, _] = reserved(dir.path());
    fs::create_dir(&trap).unwrap();
    leftover(&root, &data, 8 * MIB);
    assert_eq!(names_in(dir.path()).len(), 3);
    let mut partial = root.partial(&name("f")).unwrap();
    assert_eq!(partial.leftover(), Some((ETAG, data.len() as u64)));
    assert_eq!(verify(&mut partial, MIB).len(), 8 * MIB);
    partial.begin(ETAG, data.len() as u64).unwrap();
    grow(&mut partial, &data, 8 * MIB, data.len());
    partial.finish(Durability::Fsync, true).run().unwrap();
    assert!(fs::read(dir.path().join("f")).unwrap() == data);
    assert_eq!(names_in(dir.path()).len(), 2);
    // A name by chance is no other file's, even if that file is called almost the same.
    assert_eq!(root.partial(&name("g")).unwrap().leftover(), None);
}

/// Parts and journals of ours that somebody who may rename in the directory has exchanged.
#[test]
fn a_journal_proves_its_own_part_alone() {
    let (bait, data) = (vec![b'A'; 9 * MIB], content(9 * MIB));
    let (dir, root) = shared(false);
    leftover(&root, &bait, 8 * MIB);
    let [part, journal] = reserved(dir.path());
    let other = |path: &Path| {
        let stem = blake3::hash(b"f").to_hex()[..16].to_owned();
        let twin = blake3::hash(b"g").to_hex()[..16].to_owned();
        dir.path().join(path.file_name().unwrap().to_str().unwrap().replace(&stem, &twin))
    };
    fs::rename(&part, other(&part)).unwrap();
    fs::rename(&journal, other(&journal)).unwrap();
    let moved = root.partial(&name("g")).unwrap();
    assert_eq!(moved.leftover(), None, "the pair of another name");
    drop(moved);
    fs::rename(other(&journal), &journal).unwrap();
    fs::copy(other(&part), &part).unwrap();
    fs::set_permissions(&part, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(root.partial(&name("f")).unwrap().leftover(), None, "another inode");
    transfer_anew(dir.path(), &root, &data, "a journal of another part");
}

#[test]
fn a_part_that_is_exchanged_under_way_does_not_get_the_name() {
    let data = content(5 * MIB);
    type Exchange = fn(&Path, &Path);
    let ways: [Exchange; 3] = [
        |part, _| fs::remove_file(part).unwrap(),
        |part, aside| {
            fs::rename(part, aside).unwrap();
            fs::write(part, "theirs").unwrap();
        },
        |part, aside| {
            fs::rename(part, aside).unwrap();
            symlink(aside, part).unwrap();
        },
    ];
    for exchange in ways {
        let (dir, root) = shared(false);
        let mut partial = root.partial(&name("f")).unwrap();
        partial.begin(ETAG, data.len() as u64).unwrap();
        grow(&mut partial, &data, 0, data.len());
        let [part, _] = reserved(dir.path());
        exchange(&part, &dir.path().join("aside"));
        assert_eq!(code(partial.finish(Durability::Rename, true).run()), "io");
        assert!(!dir.path().join("f").exists());
    }
    // A journal that is put there meanwhile costs the journal, not the transfer.
    let (dir, root) = shared(false);
    let mut partial = root.partial(&name("f")).unwrap();
    partial.begin(ETAG, data.len() as u64).unwrap();
    fs::create_dir(&reserved(dir.path())[1]).unwrap();
    grow(&mut partial, &data, 0, data.len());
    partial.finish(Durability::Rename, true).run().unwrap();
    assert!(fs::read(dir.path().join("f")).unwrap() == data);
}
