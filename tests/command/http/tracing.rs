//! `--trace`: the conversation on stderr.

use super::server::{Reply, Server, run_in, wirewright};
use crate::process::run;

#[test]
fn the_conversation_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "geheim").unwrap();
    let other = Server::new(|_| Reply::ok("there"));
    let there = other.at("/there");
    let server = Server::new(move |_| {
        Reply::with("307 Over There", &[&format!("Location: {there}"), "Set-Cookie: s=geheim"], "")
    });
    let args = [
        &["http", &server.url, "--trace", "-L", "-d", "body!"][..],
        &["--user", "u", "--password-file", "password", "-H", "Cookie: geheim"],
    ]
    .concat();
    let ended = run(&mut wirewright(folder.path(), &args));
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, b"there");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let to = |a: &str| format!("** connected to {a} at {a}");
    for expected in [
        &*to(&server.address),
        "-> POST / HTTP/1.1",
        "-> Authorization: ***",
        "-> Cookie: ***",
        "-> Content-Length: 5",
        "-> [5 bytes of body]",
        "<- HTTP/1.1 307 Over There",
        "<- Set-Cookie: ***",
        "** connection 2",
        &*to(&other.address),
        "-> POST /there HTTP/1.1",
        "<- HTTP/1.1 200 OK",
        "<- [5 bytes of body]",
    ] {
        assert!(lines.contains(&expected), "{expected} in {}", ended.stderr);
    }
    assert!(lines.iter().all(|line| ["-> ", "<- ", "** "].iter().any(|m| line.starts_with(m))));
    assert!(!ended.stderr.contains("geheim") && !ended.stderr.contains("body!"));
    assert!(!lines.contains(&"** connection 1"), "{}", ended.stderr);
}

#[test]
fn one_connection_needs_no_name() {
    let server = Server::new(|_| Reply::ok("x"));
    let folder = tempfile::tempdir().unwrap();
    let urls = [server.at("/a"), server.at("/b")];
    let args = ["download", &urls[0], &urls[1], "-j", "1", "--trace", "--quiet"];
    let ended = run_in(folder.path(), &args);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("** connection "), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("** connected to ").count(), 1);
    assert_eq!(server.accepted(), 1);
}

#[test]
fn insecure_is_loud() {
    let server = Server::new(|_| Reply::ok("x"));
    for args in [
        &["http", &server.url, "--insecure", "--quiet", "--json"][..],
        &["download", &server.at("/x"), "--insecure", "--quiet", "--json"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ended = run_in(folder.path(), args);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(ended.stderr.starts_with("warning: --insecure: no certificate is checked"));
        assert_eq!(ended.stderr.lines().count(), 1);
    }
}

/// Bodies as text, what is no text by its length; secrets of the heads stay masked.
#[test]
fn content_is_shown_where_it_is_asked_for() {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"first\nsecond \x1b[31m\nlast").unwrap();
    let packed = packed.finish().unwrap();
    let server = Server::new(move |request| match request.target() {
        "/text" => Reply::with("200 OK", &["Content-Encoding: gzip"], &packed),
        "/binary" => Reply::ok(b"\x89PNG\r\n\x1a\n\0\0"),
        _ => Reply::ok("x".repeat(5000)),
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "geheim").unwrap();
    let ask = |path: &str, args: &[&str]| {
        let url = server.at(path);
        let user = ["--user", "u", "--password-file", "password", "-o", "out", "-q"];
        let args = [&["http", &url, "--trace-content"], &user[..], args].concat();
        let ended = run(&mut wirewright(folder.path(), &args));
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(!ended.stderr.contains("dTpnZWhlaW0") && !ended.stderr.contains("of body]"));
        assert!(ended.stderr.contains("-> Authorization: ***\n"), "{}", ended.stderr);
        ended.stderr
    };
    let said = ask("/text", &["-d", "a=1\nb=2"]);
    for lines in ["-> a=1\n-> b=2\n<- HTTP", "<- first\n<- second \\u{1b}[31m\n<- last\n"] {
        assert!(said.contains(lines), "{lines:?} in {said}");
    }
    assert!(ask("/binary", &[]).contains("<- <10 bytes>\n"));
    let said = ask("/long", &["--trace-time"]);
    let line = said.lines().find(|line| line.contains(" <- xxx")).unwrap();
    assert!(line.ends_with("x… (5000 bytes in all)") && line.len() < 2200, "{line}");
}

/// The length of a body is told as before where only times are asked for.
#[test]
fn times_stand_before_lines_that_are_the_same() {
    let server = Server::new(|_| Reply::ok("body"));
    let folder = tempfile::tempdir().unwrap();
    let args = ["download", &server.at("/a"), "-q", "--trace-time"];
    let ended = run_in(folder.path(), &args);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    for line in ended.stderr.lines() {
        let (time, rest) = line.split_once(' ').unwrap();
        assert_eq!((time.len(), time.matches(':').count()), (15, 2), "{line}");
        assert!(["-> ", "<- ", "** "].iter().any(|mark| rest.starts_with(mark)), "{line}");
    }
    assert!(ended.stderr.contains(" <- [4 bytes of body]\n"), "{}", ended.stderr);
}

/// The body of a response that is cut off is told, and not with that of the next one.
#[test]
fn a_body_that_is_cut_off_is_told_alone() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let server =
        Server::new(move |_| match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdef").and_close(),
            _ => Reply::ok("whole"),
        });
    let folder = tempfile::tempdir().unwrap();
    let args = ["download", &server.at("/a"), "-q", "--trace", "--retry", "1"];
    let ended = run_in(folder.path(), &args);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let told = |line: &&str| line.starts_with("<- [");
    let bodies: Vec<&str> = ended.stderr.lines().filter(told).collect();
    assert_eq!(bodies, ["<- [6 bytes of body]", "<- [5 bytes of body]"], "{}", ended.stderr);
}

/// The advice for an answer that cannot be parsed is `--trace`, which shows it.
#[test]
fn what_cannot_be_parsed_is_shown() {
    let long = [b"HTTP/1.1 200 OK\r\nX y\r\n".to_vec(), vec![b'z'; 3000]].concat();
    for (answer, expected) in [
        (
            &b"HTTP/1.1 200 OK\r\nSet-Cookie: s=1\r\nX y\x1b[31m: 1\r\n\r\n"[..],
            &[
                "** 49 bytes came that are not understood:",
                "<- HTTP/1.1 200 OK",
                "<- Set-Cookie: ***",
                "<- X y\\u{1b}[31m: 1",
            ][..],
        ),
        (
            b"+OK POP3 \xe4\r\n",
            &["** 12 bytes came that are not understood:", "<- +OK POP3 \u{e4}"],
        ),
        (b"HTTP/1.1 200 OK\r\nA: b", &["<- HTTP/1.1 200 OK", "<- A: b"]),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            &["** 5 bytes came that are not understood:", "<- xyz"],
        ),
        (&long, &["** 3022 bytes came that are not understood, the first 1024:", "<- X y"]),
    ] {
        let answer = answer.to_vec();
        let server = Server::new(move |_| Reply::raw(answer.clone()).and_close());
        let folder = tempfile::tempdir().unwrap();
        let ended = run_in(folder.path(), &["http", &server.url, "--trace"]);
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        let lines: Vec<&str> = ended.stderr.lines().collect();
        for line in expected {
            assert!(lines.contains(line), "{line} in {}", ended.stderr);
        }
        assert!(ended.stderr.len() < 2000, "{}", ended.stderr);
    }
}
