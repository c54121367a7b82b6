//! Messages that are changed on their way: what each side must notice (§4 to §7).

use crate::app::App;
use crate::host::words;
use crate::link::{From, Link};
use serde_json::{Value, json};
use wirewright::digest::DigestKind;
use wirewright::error::Error;
use wirewright::session::Session as _;
use wirewright::transfer::client;
use wirewright::transfer::server;

/// A lie.
type Change = fn(&mut Value);

fn app() -> App {
    App::with(&[("a", b"abcdefgh"), ("b", b"second")])
}

/// Changes the first message of that type that `from` says.
fn once(from: From, kind: &'static str, change: Change) -> impl FnMut(From, &mut Value) -> bool {
    let mut done = false;
    move |side, message| {
        if !done && side == from && message["type"] == kind {
            done = true;
            change(message);
        }
        true
    }
}

/// A get of `a` and one of `b` through a server whose messages are changed.
fn get_two(piece: usize, kind: &'static str, change: Change) -> Link {
    let mut link = Link::plain(app(), piece);
    link.tamper(once(From::Server, kind, change));
    link.get("a");
    link.get("b");
    link.run();
    link
}

#[test]
fn a_chunk_that_arrives_wrong_fails_its_file_once() {
    let changes: [Change; 3] = [
        |chunk| chunk["filedata"] = "YWJjZGVmZ2k=".into(),
        |chunk| chunk["crc32"] = "00000000".into(),
        |chunk| chunk["crc32"] = "aeef2a51".into(),
    ];
    for piece in [1, 7, 1000, usize::MAX] {
        for change in changes {
            let link = get_two(piece, "chunk", change);
            let ends = link.ends();
            assert_eq!(ends[0], "failed 1 checksum_mismatch", "{ends:?}");
            assert!(ends[1].starts_with("received 2 blake3:"), "{ends:?}");
            assert_eq!((ends.len(), link.client.pending()), (2, 0));
            assert!(!link.log.iter().any(|line| line.starts_with("verified 1")));
            assert_eq!((&link.error, &link.host.error), (&None, &None));
        }
    }
}

/// A receiver checks the checksum if there is one; without it the digest still tells.
#[test]
fn without_a_checksum_the_digest_tells() {
    let link = get_two(64, "chunk", |chunk| {
        chunk.as_object_mut().unwrap().remove("crc32");
    });
    assert!(link.ends()[0].starts_with("received 1 blake3:"));
    let link = get_two(64, "chunk", |chunk| {
        chunk["crc32"] = Value::Null;
        chunk["filedata"] = "YWJjZGVmZ2k=".into();
    });
    assert_eq!(link.ends()[0], "failed 1 digest_mismatch");
    assert!(link.ends()[1].starts_with("received 2"));
}

#[test]
fn an_end_that_lies_fails_its_file() {
    let changes: [Change; 5] = [
        |end| end["digest"] = format!("blake3:{}", "0".repeat(64)).into(),
        |end| end["digest"] = Value::Null,
        |end| end["digest"] = end["digest"].as_str().unwrap().replace("blake3", "sha256").into(),
        |end| end["size"] = 7.into(),
        |end| end["size"] = 9.into(),
    ];
    for change in changes {
        for piece in [1, 1000] {
            let link = get_two(piece, "end", change);
            assert_eq!(link.ends()[0], "failed 1 digest_mismatch");
            assert!(link.ends()[1].starts_with("received 2"));
        }
    }
}

/// One where none was agreed is another than was expected, too.
#[test]
fn a_digest_that_was_not_agreed() {
    let config = client::Config { digests: vec![DigestKind::None], ..client::Config::default() };
    for put in [false, true] {
        let mut link = Link::new(config.clone(), server::Config::default(), app(), 64);
        link.run();
        let from = if put { From::Client } else { From::Server };
        link.tamper(once(from, "end", |end| {
            end["digest"] = format!("blake3:{}", "0".repeat(64)).into();
        }));
        match put {
            true => link.put("x", b"abc", false),
            false => link.get("a"),
        };
        link.get("b");
        link.run();
        assert_eq!(link.ends()[0], "failed 1 digest_mismatch");
        assert!(link.ends()[1].starts_with("received 2"), "{:?}", link.ends());
    }
}

/// What is no digest at all is no mismatch: the message is malformed.
#[test]
fn a_text_that_is_no_digest() {
    let hex = "0".repeat(64);
    for text in [
        String::new(),
        hex.clone(),
        format!("md5:{hex}"),
        format!("none:{hex}"),
        format!("blake3:{}", &hex[1..]),
        format!("blake3:0{hex}"),
        format!("blake3:{}A", &hex[1..]),
        format!("BLAKE3:{hex}"),
        format!("blake3: {}", &hex[1..]),
        format!(":{hex}"),
    ] {
        for (from, kind) in [(From::Server, "end"), (From::Client, "end"), (From::Server, "done")] {
            let mut link = Link::plain(app(), 64);
            let text = text.clone();
            link.tamper(move |side, message| {
                if side == from && message["type"] == kind {
                    message["digest"] = text.clone().into();
                }
                true
            });
            match (from, kind) {
                (From::Server, "end") => link.get("a"),
                _ => link.put("x", b"abc", false),
            };
            link.run();
            let malformed = matches!(link.error, Some(Error::Malformed { .. }));
            assert!(malformed || link.refused() == Some("malformed"), "{:?}", link.error);
            assert!(!link.host.app.files.contains_key("x") || kind == "done");
        }
    }
}

#[test]
fn etags_of_any_length_that_is_allowed() {
    for change in [
        (|file| file["etag"] = "!".into()) as Change,
        |file| file["etag"] = "~".repeat(127).into(),
        |file| file["etag"] = "x".repeat(128).into(),
    ] {
        let link = get_two(7, "file", change);
        assert_eq!((link.ends().len(), &link.error), (2, &None));
        assert!(link.ends()[0].starts_with("received 1"));
    }
}

/// A file whose chunks are lost has no digest that is right.
#[test]
fn a_chunk_that_is_lost() {
    let mut link = Link::plain(app(), 64);
    link.tamper(|from, message| from == From::Client || message["type"] != "chunk");
    link.get("a");
    link.run();
    assert_eq!(link.ends(), ["failed 1 digest_mismatch"]);
}

#[test]
fn what_the_server_must_not_say() {
    let lies: [(&str, Change, &str); 22] = [
        ("file", |file| file["offset"] = 3.into(), "malformed"),
        ("file", |file| file["etag"] = "".into(), "malformed"),
        ("file", |file| file["etag"] = "x".repeat(129).into(), "malformed"),
        ("file", |file| file["etag"] = "a b".into(), "malformed"),
        ("file", |file| file["id"] = 0.into(), "malformed"),
        ("file", |file| file["id"] = 2.into(), "unexpected"),
        ("file", |file| file["id"] = 77.into(), "unexpected"),
        ("file", |file| file["type"] = "ready".into(), "unexpected"),
        ("chunk", |chunk| chunk["offset"] = 1.into(), "malformed"),
        ("chunk", |chunk| chunk["offset"] = u64::MAX.into(), "malformed"),
        ("chunk", |chunk| chunk["id"] = 2.into(), "unexpected"),
        ("chunk", |chunk| chunk["filedata"] = "".into(), "malformed"),
        ("chunk", |chunk| chunk["filedata"] = "YWJjZA==".into(), "malformed"),
        ("chunk", |chunk| chunk["filedata"] = "YWJjZGVmZ2hp".into(), "malformed"),
        ("chunk", |chunk| chunk["filedata"] = "YWJjZGVmZ2=".into(), "malformed"),
        ("chunk", |chunk| chunk["offset"] = json!(0.0), "malformed"),
        ("end", |end| end["id"] = 2.into(), "unexpected"),
        (
            "end",
            |end| *end = json!({"type": "entries", "id": 1, "entries": [], "more": false}),
            "unexpected",
        ),
        // Types of the client's own.
        ("end", |end| *end = json!({"type": "list", "id": 1}), "unexpected"),
        ("end", |end| *end = json!({"type": "cancel", "id": 1}), "unexpected"),
        ("end", |end| *end = json!({"type": "auth", "mac": ""}), "unexpected"),
        (
            "end",
            |end| {
                *end = json!({"type": "hello", "version": 1, "max_frame": 65536, "digest": "none"})
            },
            "unexpected",
        ),
    ];
    for (kind, change, code) in lies {
        for piece in [1, 1000] {
            let mut link = get_two(piece, kind, change);
            let error = link.error.clone().unwrap_or_else(|| panic!("{kind}: {:?}", link.log));
            assert_eq!(error.kind(), code, "{error}");
            assert_eq!(link.ends(), Vec::<String>::new(), "{error}");
            link.stays();
            assert!(
                matches!(&link.host.error, Some(Error::Refused { code: told, .. })
                if told == code),
                "the server is told: {:?}",
                link.host.error
            );
        }
    }
}

#[test]
fn a_hello_that_breaks_a_rule() {
    let lies: [Change; 10] = [
        |hello| hello["version"] = 2.into(),
        |hello| hello["version"] = 0.into(),
        |hello| hello["version"] = (1_u64 << 32 | 1).into(),
        |hello| hello["digest"] = "md5".into(),
        |hello| hello["digest"] = "sha256".into(),
        |hello| hello["max_frame"] = 65_535.into(),
        |hello| hello["max_frame"] = (1 << 24).into(),
        |hello| hello["max_frame"] = json!(65_536.5),
        |hello| hello["nonce"] = "0f".repeat(15).into(),
        |hello| hello["nonce"] = "0f".repeat(65).into(),
    ];
    for (at, change) in lies.into_iter().enumerate() {
        let mut config = client::Config::default();
        config.digests.retain(|kind| kind.as_str() != "sha256");
        let mut link = Link::new(config, server::Config::default(), app(), 7);
        link.tamper(once(From::Server, "hello", change));
        link.run();
        assert!(matches!(link.error, Some(Error::Malformed { .. })), "{at}: {:?}", link.error);
        assert!(link.log.is_empty());
        link.stays();
    }
    for max_frame in [65_536, 65_537, (1 << 24) - 1] {
        let mut link = Link::new(client::Config::default(), server::Config::default(), app(), 7);
        link.tamper(move |from, message| {
            if from == From::Server && message["type"] == "hello" {
                message["max_frame"] = max_frame.into();
            }
            true
        });
        link.run();
        assert_eq!(link.log, ["welcome blake3"], "{max_frame}");
    }
}

/// The same on the way up: the server notices, tells, and forgets where it must.
#[test]
fn a_put_that_arrives_wrong() {
    let lies: [(&str, Change, &str, bool); 6] = [
        ("chunk", |chunk| chunk["filedata"] = "YWJjZGVmZ2k=".into(), "checksum_mismatch", false),
        ("chunk", |chunk| chunk["crc32"] = "00000000".into(), "checksum_mismatch", false),
        ("end", |end| end["digest"] = Value::Null, "digest_mismatch", true),
        (
            "end",
            |end| end["digest"] = format!("sha256:{}", "0".repeat(64)).into(),
            "digest_mismatch",
            true,
        ),
        ("end", |end| end["size"] = 7.into(), "digest_mismatch", true),
        ("end", |end| end["size"] = u64::MAX.into(), "digest_mismatch", true),
    ];
    for (kind, change, code, forget) in lies {
        for piece in [1, 7, 1000] {
            let mut link = Link::plain(App::default(), piece);
            link.tamper(once(From::Client, kind, change));
            link.put("x", b"abcdefgh", false);
            link.put("y", b"second", false);
            link.run();
            let ends = link.ends();
            assert_eq!(ends[0], format!("failed 1 {code}"), "{ends:?}");
            assert!(ends[1].starts_with("done 2 blake3:"), "{ends:?}");
            assert!(!link.host.app.files.contains_key("x"));
            assert_eq!(link.host.app.files["y"], b"second");
            assert!(link.host.app.log.contains(&format!("abandoned, forget {forget}")));
            assert_eq!((&link.error, &link.host.error), (&None, &None));
        }
    }
}

#[test]
fn what_the_client_must_not_say() {
    let lies: [(&str, Change, &str); 12] = [
        ("chunk", |chunk| chunk["offset"] = 1.into(), "malformed"),
        ("chunk", |chunk| chunk["offset"] = 3.into(), "malformed"),
        ("chunk", |chunk| chunk["offset"] = 8.into(), "malformed"),
        ("chunk", |chunk| chunk["offset"] = u64::MAX.into(), "malformed"),
        ("chunk", |chunk| chunk["offset"] = json!(0.0), "malformed"),
        ("chunk", |chunk| chunk["filedata"] = "".into(), "malformed"),
        ("chunk", |chunk| chunk["filedata"] = "YWJjZA==".into(), "malformed"),
        ("chunk", |chunk| chunk["filedata"] = "YWJjZGVmZ2hp".into(), "malformed"),
        ("chunk", |chunk| chunk["id"] = 99.into(), "unexpected"),
        ("end", |end| end["id"] = 99.into(), "unexpected"),
        ("put", |put| put["id"] = 0.into(), "malformed"),
        ("put", |put| put["size"] = json!(-1), "malformed"),
    ];
    for (kind, change, code) in lies {
        for piece in [1, 1000] {
            let mut link = Link::plain(App::default(), piece);
            link.tamper(once(From::Client, kind, change));
            link.put("x", b"abcdefgh", false);
            link.run();
            assert_eq!(link.refused(), Some(code), "{kind}: {:?}", link.log);
            assert!(link.host.error.is_some() && link.host.app.files.is_empty());
            link.host.stays();
            link.stays();
        }
    }
}

#[test]
fn answers_to_a_put_that_lie() {
    let lies: [(&str, Change, &str); 4] = [
        ("ready", |ready| ready["offset"] = 9.into(), "malformed"),
        ("ready", |ready| ready["id"] = 2.into(), "unexpected"),
        (
            "ready",
            |ready| {
                *ready = json!({"type": "done", "id": 1, "size": 8, "durability": "fsync"});
            },
            "unexpected",
        ),
        ("done", |done| done["digest"] = "blake3:00".into(), "malformed"),
    ];
    for (kind, change, code) in lies {
        let mut link = Link::plain(App::default(), 64);
        link.tamper(once(From::Server, kind, change));
        link.put("x", b"abcdefgh", false);
        link.run();
        assert_eq!(link.error.as_ref().map(Error::kind), Some(code), "{kind}: {:?}", link.log);
        assert_eq!(link.ends(), Vec::<String>::new());
        link.stays();
    }
}

/// Everything in `done` is compared: a server that stored something else has failed.
#[test]
fn a_done_that_says_something_else() {
    let lies: [Change; 6] = [
        |done| done["size"] = 7.into(),
        |done| done["size"] = 9.into(),
        |done| done["size"] = 0.into(),
        |done| done["digest"] = Value::Null,
        |done| done["digest"] = format!("blake3:{}", "0".repeat(64)).into(),
        |done| done["digest"] = done["digest"].as_str().unwrap().replace("blake3", "sha256").into(),
    ];
    for change in lies {
        for again in [false, true] {
            let mut link = Link::plain(App::default(), 64);
            if again {
                // The same where the file stands there already.
                link.host.app.files.insert("x".into(), b"abcdefgh".to_vec());
            }
            link.tamper(once(From::Server, "done", change));
            link.put("x", b"abcdefgh", false);
            link.put("y", b"second", false);
            link.run();
            assert_eq!(link.ends()[0], "failed 1 digest_mismatch");
            assert!(link.ends()[1].starts_with("done 2"), "{:?}", link.ends());
            assert_eq!((&link.error, link.client.pending()), (&None, 0));
        }
    }
}

/// A member that nobody knows and a type that nobody knows change nothing.
#[test]
fn news_from_a_later_version_is_ignored() {
    for piece in [1, 7, 1000] {
        let mut link = Link::plain(app(), piece);
        link.tamper(|_, message| {
            message["later"] = json!({"type": "x", "filedata": [1.5]});
            true
        });
        link.get("a");
        link.put("c", b"abc", false);
        link.client.list().unwrap();
        link.run();
        assert_eq!(link.ends().len(), 2);
        assert_eq!(link.log.last().map(String::as_str), Some("entries 3 [a b c] more false"));
        assert_eq!((&link.error, &link.host.error), (&None, &None));
    }
}

/// `type` stands first, then `id`, and the payload last (§4).
#[test]
fn members_stand_in_the_order_that_senders_should_use() {
    let mut link = Link::plain(app(), usize::MAX);
    link.get("a");
    let mut out = wirewright::buffer::Buffer::with_limit(1 << 20);
    link.client.transmit(&mut out);
    link.host.feed(out.readable());
    let said = link.host.out.readable().to_vec();
    let kinds: Vec<String> = crate::host::objects(&said).iter().map(words).collect();
    assert_eq!(kinds, ["file 1", "chunk 1", "end 1"]);
    let text = String::from_utf8_lossy(&said);
    for kind in ["file", "chunk", "end"] {
        assert!(text.contains(&format!(r#"{{"type":"{kind}","id":1,"#)), "{text}");
    }
    assert!(text.contains(r#""filedata":"YWJjZGVmZ2g="}"#), "{text}");
}
