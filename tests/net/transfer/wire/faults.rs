//! A fault behind requests, cancels, offsets: what a stranger's client sees, whatever the cuts.

use super::server::{Running, hello, words};
use crate::peer::{Peer, frame};
use std::io::Write as _;
use std::net::Shutdown;

/// Greets, says all of it in pieces of that size, and hears what comes until the stream ends.
fn heard(server: &Running, bytes: &[u8], piece: usize, ends: bool) -> Vec<String> {
    let mut peer = Peer::connect(&server.address());
    let flight = [frame(hello(r#""sha256""#).as_bytes()), bytes.to_vec()].concat();
    for piece in flight.chunks(piece.min(1 << 20)) {
        // The server may have ended meanwhile.
        let _ = peer.stream.write_all(piece);
    }
    if ends {
        let _ = peer.stream.shutdown(Shutdown::Write);
    }
    let mut heard = Vec::new();
    while let Some(message) = peer.hear().unwrap() {
        heard.push(words(&message));
    }
    heard.dedup();
    heard
}

fn frames(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|text| frame(text.as_bytes())).collect()
}

fn serving() -> Running {
    Running::start(|_, folder| {
        std::fs::write(folder.join("f"), "content").unwrap();
        std::fs::write(folder.join("long"), vec![7; 2_000_000]).unwrap();
    })
}

/// The case of the report: a get and a faulty frame in one write.
#[test]
fn every_request_before_a_fault_is_answered() {
    let server = serving();
    let requests = frames(&[
        r#"{"type":"get","id":1,"name":"f"}"#,
        r#"{"type":"get","id":2,"name":"nothing"}"#,
        r#"{"type":"list","id":3}"#,
        r#"{"type":"put","id":4,"name":"new","size":3,"etag":"e"}"#,
        r#"{"type":"get","id":5,"name":"long"}"#,
        r#"{"type":"put","id":6,"name":"f","size":3,"etag":"e"}"#,
    ]);
    let answers = [
        "hello",
        "file 1",
        "chunk 1",
        "end 1",
        "error 2 not_found",
        "entries 3",
        "ready 4",
        "error 4 cancelled",
        "file 5",
        "chunk 5",
        "end 5",
        "error 6 exists",
    ];
    let faults: [(&[u8], &str); 4] = [
        (b"x", "malformed"),
        (b"\0\xff\xff\xff", "too_large"),
        (&frames(&[r#"{"type":"list","id":1}"#]), "malformed"),
        (&frames(&[r#"{"type":"entries","id":9,"entries":[],"more":false}"#]), "unexpected"),
    ];
    for (fault, code) in faults {
        for piece in [usize::MAX, 1, 50] {
            let got = heard(&server, &[&requests[..], fault].concat(), piece, false);
            let last = format!("error {code} fatal");
            let expected: Vec<&str> = answers.into_iter().chain([&*last]).collect();
            assert_eq!(got, expected, "by {piece}");
        }
    }
    assert_eq!(std::fs::read_dir(server.folder.path()).unwrap().count(), 2, "nothing is left");
}

/// A stream that ends in the middle of a frame: the requests before it are answered all the same.
#[test]
fn every_request_before_a_cut_is_answered() {
    let server = serving();
    let requests =
        [r#"{"type":"get","id":1,"name":"long"}"#, r#"{"type":"get","id":2,"name":"f"}"#];
    let expected = ["hello", "file 1", "chunk 1", "end 1", "file 2", "chunk 2", "end 2"];
    for rest in [&b"\0\0"[..], b"\0\0\0\x09{", b""] {
        let got = heard(&server, &[&frames(&requests)[..], rest].concat(), usize::MAX, true);
        assert_eq!(got, expected);
    }
}

/// A chunk that did not wait for `ready` is dropped with a put that is refused.
#[test]
fn a_chunk_that_did_not_wait() {
    let server = serving();
    let texts = |name| {
        let put = format!(r#"{{"type":"put","id":1,"name":"{name}","size":3,"etag":"e"}}"#);
        let chunk = r#"{"type":"chunk","id":1,"offset":0,"filedata":"YWJj"}"#;
        let get = r#"{"type":"get","id":2,"name":"f"}"#;
        frames(&[&put, chunk, get])
    };
    let got = heard(&server, &texts("f"), usize::MAX, true);
    assert_eq!(got, ["hello", "error 1 exists", "file 2", "chunk 2", "end 2"]);
    let got = heard(&server, &texts("new"), usize::MAX, false);
    assert_eq!(got, ["hello", "ready 1", "error 1 cancelled", "error unexpected fatal"]);
}

/// §4.5: a cancel ends any request. The long file is more than the kernel takes unread.
#[test]
fn a_cancel_ends_any_request() {
    let server = Running::start(|_, folder| {
        std::fs::write(folder.join("f"), "content").unwrap();
        std::fs::write(folder.join("long"), vec![7; 40_000_000]).unwrap();
    });
    let mut peer = server.greeted(r#""sha256""#);
    for text in [
        r#"{"type":"get","id":1,"name":"long"}"#,
        r#"{"type":"list","id":2}"#,
        r#"{"type":"get","id":3,"name":"f"}"#,
        r#"{"type":"put","id":4,"name":"new","size":3,"etag":"e"}"#,
        r#"{"type":"get","id":5,"name":"f"}"#,
        // Waiting ones, the running one, and one that never was.
        r#"{"type":"cancel","id":2}"#,
        r#"{"type":"cancel","id":4}"#,
        r#"{"type":"cancel","id":3}"#,
        r#"{"type":"cancel","id":1}"#,
        r#"{"type":"cancel","id":77}"#,
    ] {
        peer.say(text).unwrap();
    }
    let mut ends = Vec::new();
    while ends.last().map(String::as_str) != Some("end 5") {
        let message = peer.hear().unwrap().expect("an answer");
        if message["type"] != "chunk" && message["type"] != "file" {
            ends.push(words(&message));
        }
    }
    let cancelled = |id| format!("error {id} cancelled");
    assert_eq!(ends, [cancelled(2), cancelled(4), cancelled(3), cancelled(1), "end 5".into()]);
}

/// A get that goes on names the version it began with: nothing is hashed for one that does not.
#[test]
fn an_offset_goes_with_an_etag() {
    let server = serving();
    let get = |more: &str| format!(r#"{{"type":"get","id":1,"name":"f"{more}}}"#);
    let got = heard(&server, &frames(&[&get(r#","offset":3"#)]), usize::MAX, false);
    assert_eq!(got, ["hello", "error malformed fatal"]);
    for more in [r#","offset":3,"etag":"another""#, r#","offset":0,"etag":"another""#] {
        let got = heard(&server, &frames(&[&get(more)]), usize::MAX, true);
        assert_eq!(got, ["hello", "error 1 changed"], "{more}");
    }
    let mut peer = server.greeted(r#""sha256""#);
    peer.say(&get("")).unwrap();
    let etag = peer.hear().unwrap().unwrap()["etag"].as_str().unwrap().to_owned();
    for (more, answer) in [
        (
            format!(r#","offset":3,"etag":"{etag}""#),
            ["hello", "file 1", "chunk 1", "end 1"].as_slice(),
        ),
        (format!(r#","offset":7,"etag":"{etag}""#), &["hello", "file 1", "end 1"]),
        (format!(r#","offset":8,"etag":"{etag}""#), &["hello", "error 1 bad_offset"]),
    ] {
        assert_eq!(heard(&server, &frames(&[&get(&more)]), usize::MAX, true), answer, "{more}");
    }
}

/// What lies before an offset is hashed for nothing where nothing is sent behind it.
#[test]
fn offsets_for_nothing_come_to_an_end() {
    let server = serving();
    let mut peer = server.greeted(r#""sha256""#);
    let mut ask = |id: u32, more: &str| {
        peer.say(&format!(r#"{{"type":"get","id":{id},"name":"f"{more}}}"#)).unwrap();
        let answer = peer.hear().unwrap().unwrap();
        if answer["type"] == "error" {
            return Err(answer["code"].as_str().unwrap().to_owned());
        }
        while peer.hear().unwrap().unwrap()["type"] != "end" {}
        Ok(answer["etag"].as_str().unwrap().to_owned())
    };
    let etag = ask(1, "").unwrap();
    let at_the_end = format!(r#","offset":7,"etag":"{etag}""#);
    let refused = (2..).find_map(|id| ask(id, &at_the_end).err().map(|code| (id, code)));
    assert_eq!(refused, Some((2 + 64, "bad_offset".to_owned())));
    assert_eq!(ask(100, ""), Ok(etag), "the whole file is there for everybody");
}

/// A size that no file can have is refused before anything is sent.
#[test]
fn a_size_that_cannot_be_taken() {
    let server = serving();
    for size in [u64::MAX, 1 << 63] {
        let put = format!(r#"{{"type":"put","id":1,"name":"new","size":{size},"etag":"e"}}"#);
        let get = r#"{"type":"get","id":2,"name":"f"}"#;
        let got = heard(&server, &frames(&[&put, get]), usize::MAX, true);
        assert_eq!(got, ["hello", "error 1 too_large", "file 2", "chunk 2", "end 2"]);
    }
}

/// A put of a client that has ended its half is refused for what else is wrong with it first.
#[test]
fn a_put_before_the_end() {
    let server = serving();
    let put = |name| format!(r#"{{"type":"put","id":1,"name":"{name}","size":3,"etag":"e"}}"#);
    let got = heard(&server, &frames(&[&put("f")]), usize::MAX, true);
    assert_eq!(got, ["hello", "error 1 exists"]);
    let got = heard(&server, &frames(&[&put("new")]), usize::MAX, true);
    assert_eq!(got.last().map(String::as_str), Some("error 1 cancelled"));
    assert_eq!(std::fs::read_dir(server.folder.path()).unwrap().count(), 2, "nothing is left");
}
