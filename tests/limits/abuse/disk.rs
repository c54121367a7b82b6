//! The disk fills, and files change while they are sent.

use super::host::{GOOD_BYTES, Host};
use crate::client::run;
use crate::mounted::Mounted;
use crate::peer::Peer;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::net::Shutdown;
use std::path::Path;
use std::time::{Duration, Instant};

/// Puts through the command; gives status and what it said.
fn put(host: &Host, path: &Path) -> (Option<i32>, String) {
    let path = path.to_str().unwrap();
    let ran = run(&["put", host.address(), path, "--json"], Duration::from_secs(60));
    (ran.status, ran.out + &ran.err)
}

/// Puts `len` bytes under a name by hand; gives the answers from `ready` on, up to the last.
fn put_by_hand(peer: &mut Peer, id: u64, name: &str, len: usize) -> Vec<Value> {
    let put = json!({"type": "put", "id": id, "name": name, "size": len, "etag": "e"});
    peer.say(&put.to_string()).unwrap();
    let mut answers = vec![peer.hear().unwrap().unwrap()];
    if answers[0]["type"] == "ready" {
        for offset in (0..len).step_by(30_000) {
            let data = "AAAA".repeat(30_000.min(len - offset) / 3);
            let chunk = json!({"type": "chunk", "id": id, "offset": offset, "filedata": data});
            peer.say(&chunk.to_string()).unwrap();
        }
        peer.say(&json!({"type": "end", "id": id, "size": len}).to_string()).unwrap();
        answers.push(peer.hear().unwrap().unwrap());
    }
    answers
}

#[test]
fn a_full_disk_ends_that_transfer_if_a_tmpfs_may_be_mounted() {
    let host = Host::start(&[]);
    let Some(small) = Mounted::tmpfs(host.path("small"), "size=1m") else {
        println!("skipped: mounting a tmpfs is not permitted here");
        return;
    };
    let mut peer = host.greeted();
    for id in [1, 3] {
        let answers = put_by_hand(&mut peer, id, "small/large", 3_000_000);
        let last = answers.last().unwrap();
        assert_eq!(
            (&last["code"], &last["id"], &last["fatal"]),
            (&"no_space".into(), &id.into(), &false.into()),
            "{last}"
        );
        // What did not fit does not stand in the way of what does.
        let answers = put_by_hand(&mut peer, id + 1, &format!("small/fits-{id}"), 300_000);
        assert_eq!(answers.last().unwrap()["type"], "done", "{answers:?}");
    }
    let mut left: Vec<_> = std::fs::read_dir(&small.0).unwrap().flatten().collect();
    left.retain(|entry| !entry.file_name().to_str().unwrap().starts_with("fits-"));
    assert!(left.is_empty(), "{left:?}");
    drop(peer);
    host.is_well();
}

#[test]
fn a_client_says_that_the_disk_of_the_server_is_full_if_a_tmpfs_may_be_mounted() {
    let mut host = Host::start(&[]);
    let Some(small) = Mounted::tmpfs(host.path("small"), "size=1m") else {
        println!("skipped: mounting a tmpfs is not permitted here");
        return;
    };
    let arguments = ["--writable", "--durability", "none"];
    let large = host.path("good");
    host.serving = crate::serving::Serving::start(&small.0, &arguments);
    let (status, said) = put(&host, &large);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("\"code\":\"no_space\"") || said.contains("\"code\": \"no_space\""));
    let fits = host.path("fits");
    std::fs::write(&fits, vec![3; 300_000]).unwrap();
    let (status, said) = put(&host, &fits);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(std::fs::metadata(small.0.join("fits")).unwrap().len(), 300_000);
}

/// Begins to get the good file, changes it, and listens to the end of that request.
fn changed(host: &Host, change: impl FnOnce(&mut File)) {
    let mut peer = host.greeted();
    peer.say(r#"{"type":"get","id":1,"name":"changes"}"#).unwrap();
    assert_eq!(peer.hear().unwrap().unwrap()["type"], "file");
    change(&mut File::options().write(true).open(host.path("changes")).unwrap());
    let mut last = peer.hear().unwrap().unwrap();
    while last["type"] == "chunk" {
        last = peer.hear().unwrap().unwrap();
    }
    assert_eq!((&last["code"], &last["fatal"]), (&"changed".into(), &false.into()), "{last}");
    peer.say(r#"{"type":"list","id":2}"#).unwrap();
    assert_eq!(peer.hear().unwrap().unwrap()["type"], "entries");
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_changed() {
    let host = Host::start(&[]);
    // Larger than what the server and the kernel hold of it ahead.
    let size = 8 * GOOD_BYTES as u64;
    let fresh = || File::create(host.path("changes")).unwrap().set_len(size).unwrap();
    fresh();
    changed(&host, |file| file.set_len(size - 1).unwrap());
    // Inside a chunk that was not read yet, with every rest of a group of three.
    for rest in 0..4 {
        fresh();
        changed(&host, |file| file.set_len(size - 2 * 196_608 + rest).unwrap());
    }
    fresh();
    changed(&host, |file| file.set_len(1000).unwrap());
    fresh();
    changed(&host, |file| file.set_len(size + 1).unwrap());
    fresh();
    changed(&host, |file| {
        file.seek(SeekFrom::Start(size - 3)).unwrap();
        file.write_all(b"new").unwrap();
    });
    fresh();
    changed(&host, |file| file.write_all(b"new").unwrap());
    host.is_well();
}

/// Begins a put and goes away after `len` bytes of it.
fn leave_after(host: &Host, len: usize) {
    let mut peer = host.greeted();
    peer.say(r#"{"type":"put","id":1,"name":"left","size":90000000,"etag":"e"}"#).unwrap();
    let ready = peer.hear().unwrap().unwrap();
    assert_eq!(ready["type"], "ready", "{ready}");
    let offset = usize::try_from(ready["offset"].as_u64().unwrap()).unwrap();
    for offset in (offset..len).step_by(300_000) {
        let data = "AAAA".repeat(100_000);
        let chunk = json!({"type": "chunk", "id": 1, "offset": offset, "filedata": data});
        peer.say(&chunk.to_string()).unwrap();
    }
}

/// Asks to go on with it until that is granted. Gives the offset.
fn granted(host: &Host) -> u64 {
    let until = Instant::now() + Duration::from_secs(15);
    loop {
        let mut peer = host.greeted();
        peer.say(r#"{"type":"put","id":1,"name":"left","size":90000000,"etag":"e"}"#).unwrap();
        let answer = peer.hear().unwrap().unwrap();
        if answer["type"] == "ready" {
            return answer["offset"].as_u64().unwrap();
        }
        assert_eq!(answer["code"], "busy", "{answer}");
        assert!(Instant::now() < until, "a client that has gone still locks the file");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_client_that_has_gone_locks_nothing() {
    let host = Host::start(&[]);
    leave_after(&host, 45_000_000);
    assert!(granted(&host) > 40_000_000);
    // Gone before the server has looked through what it has.
    for _ in 0..5 {
        let mut peer = host.greeted();
        for id in 1..4 {
            let put = json!({"type": "put", "id": id, "name": "left", "size": 90_000_000,
                "etag": "e"});
            peer.say(&put.to_string()).unwrap();
        }
        peer.stream.shutdown(Shutdown::Write).unwrap();
        assert!(granted(&host) > 40_000_000);
        drop(peer);
    }
    host.is_well();
}
