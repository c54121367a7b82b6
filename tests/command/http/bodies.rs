//! Bodies from files and pipes, which are as long as they like.

use super::server::{Reply, Server, run_in, wirewright};
use crate::bytes::bytes;
use crate::command::assert_fails;
use crate::process::Process;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

#[test]
fn a_file_and_stdin_travel_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let content = bytes(3_000_001);
    std::fs::write(folder.path().join("data"), &content).unwrap();
    let server = Server::new(|_| Reply::ok(""));
    let ended = run_in(folder.path(), &["http", &server.url, "-d", "@data"]);
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));

    let mut piped = Process::start(
        wirewright(folder.path(), &["http", "PUT", &server.url, "-d", "@-"]).stdin(Stdio::piped()),
    );
    let mut stdin = piped.child.stdin.take().unwrap();
    stdin.write_all(&content).unwrap();
    drop(stdin);
    let ended = piped.finish();
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    let requests = server.requests();
    assert_eq!(requests.iter().map(|r| r.method()).collect::<Vec<_>>(), ["POST", "PUT"]);
    for request in requests {
        assert!(request.body == content);
        assert_eq!(request.get("Content-Length"), Some("3000001"));
    }
}

/// The system says that this file holds nothing, and that 4096 bytes.
#[test]
fn a_file_with_a_false_size_travels_as_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(|_| Reply::ok(""));
    for path in ["/proc/version", "/sys/kernel/uevent_seqnum"] {
        let content = std::fs::read(path).unwrap();
        assert_ne!(std::fs::metadata(path).unwrap().len(), content.len() as u64);
        let ended = run_in(folder.path(), &["http", &server.url, "-d", &format!("@{path}")]);
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
        // The sequence number may have grown meanwhile.
        assert_eq!(server.requests().last().unwrap().body.len(), content.len());
    }
}

/// Every argument that takes a file takes a path that is not UTF-8, and `-d` such data, too.
#[test]
fn paths_that_are_not_utf_8() {
    let folder = tempfile::tempdir().unwrap();
    let named = |octets: &[u8]| OsStr::from_bytes(octets).to_owned();
    std::fs::write(folder.path().join(named(b"\xe9")), "[\"content\"]").unwrap();
    let server = Server::new(|_| Reply::ok(""));
    let run = |args: &[&[u8]]| {
        let mut command = wirewright(folder.path(), &["http", "POST", &server.url]);
        crate::process::run(command.args(args.iter().map(|arg| OsStr::from_bytes(arg))))
    };
    for (args, body) in [
        (&[&b"-d"[..], b"@\xe9"][..], &b"[\"content\"]"[..]),
        (&[b"--json-body", b"@\xe9"], b"[\"content\"]"),
        (&[b"-d", b"caf\xe9"], b"caf\xe9"),
        (&[b"-d", b"x", b"--user", b"a", b"--password-file", b"\xe9"], b"x"),
    ] {
        let ended = run(args);
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""), "{args:?}");
        assert_eq!(server.requests().last().unwrap().body, body);
    }
    assert_fails(&run(&[b"--json-body", b"\"\xe9\""]), 2, "--json-body: it is not JSON");
    assert_fails(&run(&[b"-d", b"@missing \xe9"]), 1, "missing \u{fffd}: ");
    assert_fails(&run(&[b"-d", b"x", b"--cacert", b"\xe9"]), 1, "certificate");
}

#[test]
fn what_came_from_a_pipe_is_sent_again_behind_a_redirect() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("json"), "[\"twice\"]").unwrap();
    let server = Server::new(|request| match request.target() {
        "/" => Reply::with("307 Temporary Redirect", &["Location: /there"], ""),
        _ => Reply::ok("there"),
    });
    let stdin = File::open(folder.path().join("json")).unwrap();
    let args = ["http", &server.url, "-L", "--json-body", "@-"];
    let ended = Process::start(wirewright(folder.path(), &args).stdin(stdin)).finish();
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    assert_eq!(ended.stdout, b"there");
    for request in server.requests() {
        assert_eq!((request.method(), request.text()), ("POST", "[\"twice\"]"));
        assert_eq!(request.get("Content-Type"), Some("application/json"));
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_file_that_cannot_be_read() {
    let server = Server::new(|_| Reply::ok(""));
    let folder = tempfile::tempdir().unwrap();
    for args in [["-d", "@nothing"], ["--json-body", "@nothing"]] {
        let ended = run_in(folder.path(), &[&["http", server.url.as_str()], &args[..]].concat());
        assert_fails(&ended, 1, "error: nothing: ");
    }
    assert_eq!(server.accepted(), 0);
}
