//! Clients of servers that are not as they should be.

use super::setup::{assert_fails, command, names_in};
use crate::process::{Ended, run};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

fn frame(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat()
}

const HELLO: &str = r#"{"type":"hello","version":1,"max_frame":1048576,"digest":"blake3"}"#;

/// It ends the connection, with words that would do things to a terminal.
const REFUSAL: &str = concat!(
    r#"{"type":"error","id":1,"code":"io\u001b[31m","#,
    r#""text":"\u001b]0;\u0007\n\r\u202e\u0000","fatal":true}"#
);

/// Another file than the one that was asked for.
const OTHER: &str = concat!(
    r#"{"type":"file","id":1,"name":"other","size":0,"#,
    r#""modified":"2026-11-21T18:43:00Z","etag":"e","offset":0}"#
);

/// Runs a client against a server that says `words` once the client has spoken, if it is to speak.
fn against(words: Vec<u8>, speaks: bool, args: &[&str]) -> (Ended, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        if speaks {
            peer.read_exact(&mut [0; 4]).unwrap();
        }
        peer.write_all(&words).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        // The client may end by a reset.
        let _ = peer.read_to_end(&mut Vec::new());
    });
    let to = tempfile::tempdir().unwrap();
    let named = |arg: &&str| if *arg == "ADDRESS" { address.clone() } else { (*arg).to_owned() };
    let args: Vec<String> = args.iter().map(named).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ended = run(&mut command(to.path(), &args));
    server.join().unwrap();
    (ended, names_in(to.path()))
}

#[test]
fn whatever_the_server_says_is_one_harmless_line() {
    for (words, what) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "rule broken"),
        (b"SSH-2.0-x\r\n".to_vec(), "rule broken"),
        (b"\0\0\0\0".to_vec(), "rule broken"),
        (b"\0\xff\xff\xff".to_vec(), "too large"),
        (b"\xff\xff\xff\xff".to_vec(), "rule broken"),
        (Vec::new(), "the stream ended "),
        (frame("{}"), "rule broken"),
        (frame(HELLO)[..20].to_vec(), "the stream ended "),
        // The end may be read together with the hello, before anything was asked.
        (frame(HELLO), "the stream ended "),
        (frame(REFUSAL), "\\u{1b}[31m"),
        ([frame(HELLO), frame(REFUSAL)].concat(), "\\u{1b}[31m"),
        ([frame(HELLO), frame(OTHER)].concat(), ""),
    ] {
        let shown = String::from_utf8_lossy(&words).into_owned();
        for args in [&["get", "ADDRESS", "name"][..], &["ls", "ADDRESS"]] {
            let (ended, left) = against(words.clone(), true, args);
            println!("{args:?} {shown:?}: {}", ended.stderr);
            assert_fails(&ended, 1, what);
            assert_eq!(left, Vec::<String>::new());
        }
    }
}

#[test]
fn classic_servers_are_not_believed_either() {
    for (words, what) in [
        (&b""[..], ""),
        (b"{\"filename\":\"a\",\"filedata\":\"aGk=\"", "the stream ended "),
        (b"{\"filename\":\"a\",\"filedata\":\"aGl=\"}", "rule broken"),
        (b"{\"filename\":\"a\",\"filedata\":\"aGk\"}", "rule broken"),
        (
            b"{\"filename\":\"a\",\"filename\":\"b\",\"filedata\":\"aGk=\"}",
            "requires unique member names",
        ),
        (b"{\"filename\":\"a\",\"filedata\":\"aGk=\"}x", "rule broken"),
        (b"{\"filename\":\"a\"}", ""),
        (b"{\"filedata\":\"aGk=\"}", ""),
        (b"{\"filename\":1,\"filedata\":\"aGk=\"}", "rule broken"),
        (b"\x1b[31mred", "rule broken"),
    ] {
        let (ended, left) = against(words.to_vec(), false, &["get", "--classic", "ADDRESS"]);
        println!("{:?}: {}", String::from_utf8_lossy(words), ended.stderr);
        assert_fails(&ended, 1, what);
        assert_eq!(left, Vec::<String>::new());
    }
    let good = b" {\"x\":[1],\"filedata\":\"aGk\\u003d\",\"filename\":\"a b\"}\n".to_vec();
    let (ended, left) = against(good, false, &["get", "--classic", "ADDRESS"]);
    assert_eq!((ended.status.code(), left), (Some(0), vec!["a b".to_owned()]));
}

/// It accepts, and never says a word.
#[test]
fn silence_has_an_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let to = tempfile::tempdir().unwrap();
    std::fs::write(to.path().join("file"), "x").unwrap();
    for args in [
        &["ls", &address][..],
        &["get", &address, "a"],
        &["put", &address, "file"],
        &["get", "--classic", &address],
    ] {
        let ended = run(&mut command(to.path(), &[args, &["--timeout", "0.3"]].concat()));
        assert_fails(&ended, 1, "timed out");
        assert!(ended.stderr.contains(&address));
    }
    assert_eq!(names_in(to.path()), ["file"]);
}

/// Runs a client against a server that greets, and answers the first request with `words`.
fn against_answer(words: Vec<u8>, args: &[&str]) -> Ended {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        for answer in [frame(HELLO), words] {
            let mut prefix = [0; 4];
            peer.read_exact(&mut prefix).unwrap();
            peer.read_exact(&mut vec![0; u32::from_be_bytes(prefix) as usize]).unwrap();
            peer.write_all(&answer).unwrap();
        }
        let _ = peer.read_to_end(&mut Vec::new());
    });
    let folder = tempfile::tempdir().unwrap();
    let args = [&["ls", &address], args].concat();
    let ended = run(&mut command(folder.path(), &args));
    server.join().unwrap();
    ended
}

/// Entries that make no sense are left out and counted; the listing goes on.
#[test]
fn a_listing_with_nonsense_in_it() {
    let entry = |name: &str, modified: &str| {
        format!(r#"{{"name":"{name}","size":3,"modified":"{modified}"}}"#)
    };
    let time = "2026-11-21T18:43:00Z";
    let page = |entries: &[String], more: bool| {
        let entries = entries.join(",");
        frame(&format!(r#"{{"type":"entries","id":1,"entries":[{entries}],"more":{more}}}"#))
    };
    let good = [entry("a", time), entry("b", time)];
    let bad = [entry("../x", time), entry("c", "\\u001b[31m"), entry("", time)];
    let pages =
        |first: &[String], second: &[String]| [page(first, true), page(second, false)].concat();
    let mixed = [&good[..1], &bad[..2]].concat();
    let words = pages(&mixed, &[bad[2].clone(), good[1].clone()]);
    let ended = against_answer(words.clone(), &[]);
    let lines = ended.stdout.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!((ended.status.code(), lines), (Some(0), 2));
    let warning = ended.stderr.lines().next().unwrap();
    assert!(
        warning.starts_with("warning: ") && warning.contains("3 entries left out"),
        "{warning}"
    );
    let ended = against_answer(words, &["--json"]);
    let told = super::setup::json(&ended.stdout);
    assert_eq!((told["entries"].as_array().unwrap().len(), &told["skipped"]), (2, &3.into()));
    // Where all is well nothing is said of it.
    let ended = against_answer(pages(&good, &good), &["--json"]);
    let told = super::setup::json(&ended.stdout);
    assert_eq!((&told["skipped"], &*ended.stderr), (&serde_json::Value::Null, ""));
}

/// Numbers of a listing read well, also those that only a server can claim.
#[test]
fn a_listing_that_leaves_out_one_or_very_many() {
    let bad = r#"{"name":"../x","size":3,"modified":"2026-11-21T18:43:00Z"}"#;
    let page = |entries: &str, not_offered: u64| {
        let beginning = r#"{"type":"entries","id":1,"entries":["#;
        frame(&format!(r#"{beginning}{entries}],"more":false,"not_offered":{not_offered}}}"#))
    };
    for (words, what) in [
        (page(bad, 0), ": 1 entry left out: its name or time makes no sense"),
        (page("", 1), "the server cannot offer 1 other file: its name breaks the rules"),
        (page("", 7), "the server cannot offer 7 other files: their names break the rules"),
        (page("", u64::MAX), "the server cannot offer many other files: their names break the"),
    ] {
        let ended = against_answer(words, &[]);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(ended.stderr.contains(what), "{}", ended.stderr);
    }
}
