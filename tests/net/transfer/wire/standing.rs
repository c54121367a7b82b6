//! A put whose name is taken (§7.3).

use super::server::{Running, words};
use crate::peer::Peer;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::os::unix::fs::{MetadataExt as _, symlink};
use wirewright::net::files::Durability;

fn sha256(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn put(id: u64, name: &str, size: usize) -> String {
    format!(r#"{{"type":"put","id":{id},"name":"{name}","size":{size},"etag":"mine"}}"#)
}

fn end(id: u64, bytes: &[u8]) -> String {
    let (size, digest) = (bytes.len(), sha256(bytes));
    format!(r#"{{"type":"end","id":{id},"size":{size},"digest":"{digest}"}}"#)
}

/// What stands in a folder: name, content, inode.
fn seen(server: &Running, names: &[&str]) -> Vec<(Vec<u8>, u64)> {
    let seen = |name: &&str| {
        let path = server.path(name);
        (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().ino())
    };
    names.iter().map(seen).collect()
}

#[test]
fn the_same_content_is_done_without_a_byte() {
    for durability in [Durability::Fsync, Durability::Rename, Durability::None] {
        let server = Running::start(|options, _| options.durability = durability);
        let long = vec![7; 1_000_000];
        std::fs::create_dir_all(server.path("d/e")).unwrap();
        let files: [(&str, &[u8]); 4] =
            [("a", b"abc"), ("d/e/long", &long), ("empty", b""), ("-x", b"x")];
        for (name, bytes) in files {
            std::fs::write(server.path(name), bytes).unwrap();
        }
        let names = files.map(|(name, _)| name);
        let before = seen(&server, &names);
        let mut peer = server.greeted(r#""sha256""#);
        for (id, (name, bytes)) in (1..).zip(files) {
            peer.say(&put(id, name, bytes.len())).unwrap();
            let ready = peer.hear().unwrap().unwrap();
            assert_eq!(
                (words(&ready), &ready["offset"]),
                (format!("ready {id}"), &bytes.len().into())
            );
            peer.say(&end(id, bytes)).unwrap();
            let done = peer.hear().unwrap().unwrap();
            assert_eq!(words(&done), format!("done {id}"));
            let told = (&done["size"], &done["digest"], &done["durability"]);
            let (digest, durability) = (sha256(bytes).into(), durability.as_str().into());
            assert_eq!(told, (&bytes.len().into(), &digest, &durability));
        }
        assert_eq!(seen(&server, &names), before, "nothing was written or replaced");
        assert_eq!(std::fs::read_dir(server.folder.path()).unwrap().count(), 4);
    }
}

#[test]
fn other_content_is_a_conflict_and_the_connection_goes_on() {
    let server = Running::start(|_, _| {});
    std::fs::write(server.path("a"), "abc").unwrap();
    let mut peer = server.greeted(r#""sha256""#);
    peer.say(&put(1, "a", 3)).unwrap();
    assert_eq!(words(&peer.hear().unwrap().unwrap()), "ready 1");
    peer.say(&end(1, b"abd")).unwrap();
    assert_eq!(words(&peer.hear().unwrap().unwrap()), "error 1 exists");
    for (id, size) in [(2, 2), (3, 4), (4, 0)] {
        peer.say(&put(id, "a", size)).unwrap();
        assert_eq!(words(&peer.hear().unwrap().unwrap()), format!("error {id} exists"));
    }
    // Given up, it is not looked at any more.
    peer.say(&put(5, "a", 3)).unwrap();
    assert_eq!(words(&peer.hear().unwrap().unwrap()), "ready 5");
    peer.say(r#"{"type":"cancel","id":5}"#).unwrap();
    assert_eq!(words(&peer.hear().unwrap().unwrap()), "error 5 cancelled");
    peer.say(&put(6, "b", 0)).unwrap();
    assert_eq!(words(&peer.hear().unwrap().unwrap()), "ready 6");
    peer.say(&end(6, b"")).unwrap();
    assert_eq!(words(&peer.hear().unwrap().unwrap()), "done 6");
    assert_eq!(std::fs::read(server.path("a")).unwrap(), b"abc");
}

#[test]
fn without_a_digest_nothing_can_be_compared() {
    let server = Running::start(|_, _| {});
    std::fs::write(server.path("a"), "abc").unwrap();
    let mut peer = Peer::greeted(&server.address());
    peer.say(&put(1, "a", 3)).unwrap();
    assert_eq!(words(&peer.hear().unwrap().unwrap()), "error 1 exists");
}

/// Only a regular file under the name itself is compared.
#[test]
fn what_is_no_regular_file_is_a_conflict() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("target"), "abc").unwrap();
    let server = Running::start(|_, _| {});
    std::fs::write(server.path("file"), "abc").unwrap();
    std::fs::create_dir(server.path("folder")).unwrap();
    symlink(outside.path().join("target"), server.path("out")).unwrap();
    symlink("file", server.path("within")).unwrap();
    symlink("nowhere", server.path("dangling")).unwrap();
    symlink("circle", server.path("circle")).unwrap();
    let size = std::fs::metadata(server.path("folder")).unwrap().len().try_into().unwrap();
    let mut peer = server.greeted(r#""sha256""#);
    let cases = [
        ("folder", size),
        ("out", 3),
        ("within", 3),
        ("dangling", 3),
        ("circle", 3),
        ("file/x", 3),
    ];
    for (id, (name, size)) in (1..).zip(cases) {
        peer.say(&put(id, name, size)).unwrap();
        let answer: Value = peer.hear().unwrap().unwrap();
        assert_eq!(words(&answer), format!("error {id} exists"), "{name}");
    }
}

/// The file is looked at once more before success is said.
#[test]
fn a_file_that_changes_meanwhile_is_a_conflict() {
    let changes: [fn(&Running); 3] = [
        |server| std::fs::write(server.path("a"), "abd").unwrap(),
        |server| std::fs::remove_file(server.path("a")).unwrap(),
        |server| {
            std::fs::write(server.path("b"), "abc").unwrap();
            std::fs::rename(server.path("b"), server.path("a")).unwrap();
        },
    ];
    for change in changes {
        let server = Running::start(|_, _| {});
        std::fs::write(server.path("a"), "abc").unwrap();
        let mut peer = server.greeted(r#""sha256""#);
        peer.say(&put(1, "a", 3)).unwrap();
        assert_eq!(words(&peer.hear().unwrap().unwrap()), "ready 1");
        change(&server);
        peer.say(&end(1, b"abc")).unwrap();
        assert_eq!(words(&peer.hear().unwrap().unwrap()), "error 1 exists");
    }
}
