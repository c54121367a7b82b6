//! Names that would leave the root, and things that are no files.

use super::host::Host;
use crate::peer::Peer;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SECRET: &str = "outside, and nobody's business";

/// Asks, and gives the answer; the connection goes on.
fn ask(peer: &mut Peer, request: &Value) -> Value {
    peer.say(&request.to_string()).unwrap();
    peer.hear().unwrap().expect("an answer")
}

fn get(peer: &mut Peer, id: u64, name: &str) -> Value {
    ask(peer, &json!({"type": "get", "id": id, "name": name}))
}

fn put(peer: &mut Peer, id: u64, name: &str) -> Value {
    let request = json!({"type": "put", "id": id, "name": name, "size": 3, "etag": "e",
        "overwrite": true});
    ask(peer, &request)
}

#[test]
fn names_that_break_the_grammar_are_refused_one_by_one() {
    let host = Host::start(&[]);
    let long = format!("a/{}", "b".repeat(256));
    let deep = "a/".repeat(600) + "b";
    let names = [
        "",
        ".",
        "..",
        "../x",
        "../../../../../../etc/passwd",
        "a/../b",
        "a/..",
        "./a",
        "/",
        "//",
        "/etc/passwd",
        "a//b",
        "a/",
        "good\0",
        "\0",
        "a\\b",
        "..\\x",
        "a\nb",
        "\u{1b}[2J",
        "\u{7f}",
        "a\u{85}b",
        ".wirewright-",
        ".wirewright-0123456789abcdef.part",
        "a/.wirewright-x/b",
        &long,
        &deep,
    ];
    let mut peer = host.greeted();
    let mut id = 0;
    for name in names {
        for request in [get, put] {
            id += 1;
            let answer = request(&mut peer, id, name);
            assert_eq!(answer["code"], "bad_name", "{name:?}: {answer}");
            assert_eq!((&answer["id"], &answer["fatal"]), (&id.into(), &false.into()));
        }
    }
    drop(peer);
    host.is_well();
}

#[test]
fn what_leads_outside_or_is_no_file_is_not_there() {
    let host = Host::start(&[]);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), SECRET).unwrap();
    symlink(outside.path().join("secret"), host.path("to-file")).unwrap();
    symlink(outside.path(), host.path("to-folder")).unwrap();
    symlink("/dev/zero", host.path("to-zero")).unwrap();
    symlink("..", host.path("up")).unwrap();
    symlink("circle", host.path("circle")).unwrap();
    std::fs::create_dir(host.path("folder")).unwrap();
    mknodat(CWD, host.path("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(host.path("socket")).unwrap();
    let mut names = vec![
        "to-file",
        "to-folder/secret",
        "to-zero",
        "up/x",
        "circle",
        "folder",
        "fifo",
        "socket",
        "nothing",
        "good/x",
    ];
    // The numbers of /dev/zero.
    let zero = rustix::fs::makedev(1, 5);
    match mknodat(CWD, host.path("zero"), FileType::CharacterDevice, Mode::RUSR, zero) {
        Ok(()) => names.push("zero"),
        Err(error) => println!("no device is tried: mknod is not permitted here: {error}"),
    }
    let mut peer = host.greeted();
    for (id, name) in (1..).zip(&names) {
        let answer = get(&mut peer, id, name);
        assert_eq!(answer["code"], "not_found", "{name}: {answer}");
    }
    for (id, name) in (100..).zip(["to-folder/new", "up/new", "folder", "good/x"]) {
        let answer = put(&mut peer, id, name);
        assert_eq!(answer["type"], "error", "{name}: {answer}");
    }
    let listed = ask(&mut peer, &json!({"type": "list", "id": 1000}));
    let listed: Vec<&str> =
        listed["entries"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!(listed, ["good", "warm"]);
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1, "nothing was put outside");
    drop(peer);
    host.is_well();
}

/// What three hundred gets and puts through a link that is swapped all the time came to.
fn race(host: &Host) -> (usize, usize) {
    let mut peer = host.greeted();
    let (mut arrived, mut refused) = (0, 0);
    for id in 1..=300 {
        let mut answer = get(&mut peer, 2 * id, "link/secret");
        while answer["type"] == "file" || answer["type"] == "chunk" {
            assert_ne!(answer["filedata"], "b3V0c2lkZSwgYW5kIG5vYm9keSdzIGJ1c2luZXNz");
            answer = peer.hear().unwrap().unwrap();
        }
        if answer["type"] == "end" {
            arrived += 1
        } else {
            refused += 1
        }
        if put(&mut peer, 2 * id + 1, "link/new")["type"] == "ready" {
            let chunk = json!({"type": "chunk", "id": 2 * id + 1, "offset": 0, "filedata": "AAAA"});
            let end = json!({"type": "end", "id": 2 * id + 1, "size": 3});
            peer.say(&chunk.to_string()).unwrap();
            ask(&mut peer, &end);
        }
    }
    (arrived, refused)
}

#[test]
fn a_symlink_that_is_swapped_in_leads_nowhere() {
    let host = Host::start(&[]);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), SECRET).unwrap();
    std::fs::create_dir(host.path("link")).unwrap();
    std::fs::write(host.path("link/secret"), "inside").unwrap();
    symlink(outside.path(), host.path("other")).unwrap();
    let (ended, until) = (AtomicBool::new(false), Instant::now() + Duration::from_secs(60));
    let (arrived, refused) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) && Instant::now() < until {
                let (one, two) = (host.path("link"), host.path("other"));
                renameat_with(CWD, one, CWD, two, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let came = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| race(&host)));
        ended.store(true, Ordering::Relaxed);
        came.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    println!("a link that is swapped: {arrived} gets found the inside, {refused} nothing");
    let left: Vec<_> = std::fs::read_dir(outside.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "nothing was put outside: {left:?}");
    host.is_well();
}
