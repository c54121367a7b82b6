//! `--trace`: the conversation on stderr.

use crate::process::run;
use crate::server::{Reply, Server, run_in, wirewright};

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
