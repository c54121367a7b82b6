//! A put whose name is taken: the same content is success, nothing travels (§7.3).

use crate::app::App;
use crate::host::Host;
use crate::link::{From, Link, PIECES};
use serde_json::Value;
use wirewright::digest::{DigestKind, Digester};
use wirewright::transfer::client;
use wirewright::transfer::server;

const CONTENT: &[u8] = b"abcdefgh";

fn standing() -> App {
    App::with(&[("x", CONTENT), ("empty", b"")])
}

fn digest_of(bytes: &[u8]) -> String {
    let mut digester = Digester::new(DigestKind::Blake3);
    digester.update(bytes);
    digester.finish().expect("a digest")
}

#[test]
fn the_same_content_again_is_done_and_nothing_travels() {
    for piece in PIECES {
        let mut link = Link::plain(standing(), piece);
        link.tamper(|_, message| {
            assert_ne!(message["type"], "chunk", "nothing is sent");
            true
        });
        link.put("x", CONTENT, false);
        link.put("empty", b"", false);
        link.put("new", b"", false);
        link.run();
        let expected = [
            "ready 1 from 8".to_owned(),
            format!("done 1 {} fsync", digest_of(CONTENT)),
            "ready 2 from 0".to_owned(),
            format!("done 2 {} fsync", digest_of(b"")),
            "ready 3 from 0".to_owned(),
            format!("done 3 {} fsync", digest_of(b"")),
        ];
        assert_eq!(link.log, expected, "by {piece}");
        assert_eq!((&link.error, &link.host.error), (&None, &None));
        assert_eq!(link.host.app.files["x"], CONTENT);
    }
}

#[test]
fn other_content_is_a_conflict_that_ends_nothing_else() {
    for piece in PIECES {
        let mut link = Link::plain(standing(), piece);
        link.put("x", b"ABCDEFGH", false);
        link.put("x", b"abc", false);
        link.put("y", b"second", false);
        link.put("x", b"ABCDEFGH", true);
        link.run();
        let ends = [
            "failed 1 exists".to_owned(),
            "failed 2 exists".to_owned(),
            format!("done 3 {} fsync", digest_of(b"second")),
            format!("done 4 {} fsync", digest_of(b"ABCDEFGH")),
        ];
        assert_eq!(link.ends(), ends, "by {piece}");
        assert_eq!((&link.error, &link.host.error), (&None, &None));
    }
}

#[test]
fn without_a_digest_an_existing_file_is_a_conflict() {
    let config = client::Config { digests: vec![DigestKind::None], ..client::Config::default() };
    let mut link = Link::new(config, server::Config::default(), standing(), 64);
    link.run();
    link.put("x", CONTENT, false);
    link.put("empty", b"", false);
    link.run();
    assert_eq!(link.ends(), ["failed 1 exists", "failed 2 exists"]);
}

/// What else a client may say where only `end` is due.
#[test]
fn what_may_come_instead_of_the_end() {
    let put = r#"{"type":"put","id":1,"name":"x","size":8,"etag":"e"}"#;
    let end = |size: u64, digest: &str| {
        format!(r#"{{"type":"end","id":1,"size":{size},"digest":{digest}}}"#)
    };
    let sha256 = r#""sha256:9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab""#;
    let blake3 = format!("\"{}\"", digest_of(CONTENT));
    let cases = [
        (end(8, sha256), "done 1"),
        (end(8, &sha256.replace('9', "8")), "error 1 exists"),
        (end(8, "null"), "error 1 digest_mismatch"),
        (end(8, &blake3), "error 1 digest_mismatch"),
        (end(7, sha256), "error 1 digest_mismatch"),
        (r#"{"type":"cancel","id":1}"#.to_owned(), "error 1 cancelled"),
        (
            r#"{"type":"chunk","id":1,"offset":8,"filedata":"YWJj"}"#.to_owned(),
            "error malformed fatal",
        ),
        (
            r#"{"type":"chunk","id":1,"offset":0,"filedata":"YWJj"}"#.to_owned(),
            "error malformed fatal",
        ),
    ];
    for (text, answer) in cases {
        let mut host = Host::greeted(standing());
        host.hear(&[put, &text]);
        let words = host.words();
        let last = words.last().map(String::as_str);
        assert_eq!((words[0].as_str(), last), ("ready 1", Some(answer)), "{text}");
        assert_eq!(host.app.files["x"], CONTENT);
        if host.error.is_none() {
            host.hear(&[r#"{"type":"get","id":2,"name":"x"}"#]);
            assert_eq!(host.words(), ["file 2", "chunk 2", "end 2"], "{text}");
        }
    }
}

/// The client gives it up with an error of its own: that is not answered.
#[test]
fn the_client_cannot_read_its_file() {
    let mut host = Host::greeted(standing());
    host.hear(&[r#"{"type":"put","id":1,"name":"x","size":8,"etag":"e"}"#]);
    assert_eq!(host.said()[0]["offset"], 8);
    host.hear(&[r#"{"type":"error","id":1,"code":"io","text":"","fatal":false}"#]);
    host.hear(&[r#"{"type":"list","id":2}"#]);
    assert_eq!(host.words(), ["entries 2"]);
    assert_eq!(host.app.log, ["Put", "abandoned, forget false", "List"]);
}

/// A `ready` that lies about what stands there is found out by the digest of the whole.
#[test]
fn a_server_that_only_claims_to_have_it() {
    let mut link = Link::plain(App::default(), 1000);
    link.tamper(|from, message| {
        if from == From::Server && message["type"] == "ready" {
            message["offset"] = Value::from(8);
        }
        true
    });
    link.put("x", CONTENT, false);
    link.run();
    assert_eq!(link.ends(), ["failed 1 digest_mismatch"]);
}
