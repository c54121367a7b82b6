//! A file that is finished and unchanged is not fetched again; plain lists; figures of this run.

use super::server::{Reply, Request, Server, run_in, wirewright};
use crate::command::{assert_fails, names_in, report};
use crate::process::Process;
use std::io::Write as _;
use std::process::Stdio;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Says 304 where the conditions are those of its one version.
fn versions() -> Server {
    Server::new(|request: &Request| {
        let is_old = match request.target() {
            "/tag" => request.get("If-None-Match") == Some("W/\"v1\""),
            "/both" => request.get("If-None-Match") == Some("\"v1\""),
            _ => request.get("If-Modified-Since") == Some(DATE),
        };
        let date = format!("Last-Modified: {DATE}");
        match request.target() {
            _ if is_old => Reply::raw("HTTP/1.1 304 Not Modified\r\n\r\n"),
            "/tag" => Reply::with("200 OK", &["ETag: W/\"v1\""], "content"),
            "/both" => Reply::with("200 OK", &["ETag: \"v1\"", &date], "content"),
            "/none" => Reply::ok("content"),
            _ => Reply::with("200 OK", &[&date], "content"),
        }
    })
}

/// The attributes that this needs are those of ext4, XFS, btrfs, and tmpfs since Linux 6.6.
fn has_attributes(folder: &std::path::Path) -> bool {
    let path = folder.join("probe");
    std::fs::write(&path, "").unwrap();
    let flags = rustix::fs::XattrFlags::empty();
    let has = rustix::fs::setxattr(&path, "user.probe", b"x", flags).is_ok();
    std::fs::remove_file(path).unwrap();
    has
}

#[test]
fn what_is_unchanged_is_not_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    if !has_attributes(folder.path()) {
        return;
    }
    for path in ["/date", "/tag", "/both"] {
        let (server, name) = (versions(), &path[1..]);
        let args = ["download", "--json", &server.at(path)];
        let told = report(&run_in(folder.path(), &args));
        assert_eq!((&told["files"][0]["status"], &told["bytes"]), (&200.into(), &7.into()));
        let told = report(&run_in(folder.path(), &args));
        let file = &told["files"][0];
        assert_eq!((&file["status"], &file["received"]), (&304.into(), &0.into()), "{path}");
        assert_eq!((&file["bytes"], &file["resumed_from"]), (&7.into(), &0.into()), "{path}");
        let ended = run_in(folder.path(), &["download", &server.at(path)]);
        assert!(ended.stderr.contains("0 files, 0 B in "), "{}", ended.stderr);
        assert!(ended.stderr.contains("1 unchanged"), "{}", ended.stderr);
        // Written to since, fetched by another URL, or fetched anew because that was asked for.
        let file = std::fs::File::options().append(true).open(folder.path().join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now()).unwrap();
        let before = server.requests().len();
        let ended = run_in(folder.path(), &["download", "--overwrite", "--json", args[2]]);
        assert_eq!(report(&ended)["files"][0]["status"], 200, "{path}");
        let anew = ["download", "--overwrite", "--no-resume", "--json", args[2]];
        assert_eq!(report(&run_in(folder.path(), &anew))["files"][0]["status"], 200, "{path}");
        let conditions = server.requests().split_off(before).into_iter().filter(|request| {
            request.get("If-Modified-Since").or(request.get("If-None-Match")).is_some()
        });
        assert_eq!(conditions.count(), 0, "{path}");
        let other = format!("{}?other", server.at(path));
        run_in(folder.path(), &["download", "--quiet", "--overwrite", &other]);
        let last = server.requests().pop().unwrap();
        assert_eq!(last.get("If-Modified-Since"), None, "{path}");
    }
    assert_eq!(names_in(folder.path()), ["both", "date", "tag"]);
}

/// A server may ignore conditions, and answer 200 with all of the file (RFC 9110 §13.2.1).
#[test]
fn a_200_that_repeats_what_is_known_of_the_file_means_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    if !has_attributes(folder.path()) {
        return;
    }
    let (date, later) = (format!("Last-Modified: {DATE}"), "Sun, 06 Nov 1994 08:49:38 GMT");
    let later = format!("Last-Modified: {later}");
    let long = "content".repeat(100_000);
    for (at, (first, then, body, is_same)) in [
        (&["ETag: \"a\""][..], &["ETag: \"a\""][..], "content", true),
        (&["ETag: \"a\""], &["ETag: \"a\"", &later], "content", true),
        (&["ETag: W/\"a\""], &["ETag: W/\"a\""], "content", true),
        (&["ETag: W/\"a\""], &["ETag: \"a\""], "content", true),
        (&["ETag: \"a\"", &date], &["ETag: \"a\"", &date], &long, true),
        (&[&date], &[&date], "content", true),
        (&[&date], &[&date, "ETag: \"a\""], "content", true),
        (&["ETag: \"a\"", &date], &["ETag: \"b\"", &date], "content", false),
        (&["ETag: \"a\"", &date], &[&date], "content", false),
        (&["ETag: \"a\""], &["ETag: a"], "content", false),
        (&["ETag: \"a\""], &[], "content", false),
        (&[&date], &[&later], "content", false),
        // The length contradicts the tag.
        (&["ETag: \"a\""], &["ETag: \"a\""], "contents", false),
    ]
    .into_iter()
    .enumerate()
    {
        let lines = |fields: &[&str]| fields.iter().map(|line| line.to_string()).collect();
        let (heads, name): ([Vec<String>; 2], _) = ([lines(first), lines(then)], format!("f{at}"));
        let bodies = [body.replace("contents", "content"), body.to_owned()];
        let count = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::new(move |_| {
            let run = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst).min(1);
            let fields: Vec<&str> = heads[run].iter().map(String::as_str).collect();
            Reply::with("200 OK", &fields, bodies[run].clone())
        });
        let args = ["download", "--json", &server.at(&format!("/{name}"))];
        report(&run_in(folder.path(), &args));
        let ended = run_in(folder.path(), &args);
        if !is_same {
            assert_eq!(ended.status.code(), Some(1), "{name}: {}", ended.stderr);
            continue;
        }
        let told = report(&ended);
        let file = &told["files"][0];
        assert_eq!((&file["status"], &file["bytes"]), (&200.into(), &body.len().into()), "{name}");
        // A long body is not read.
        let received = file["received"].as_u64().unwrap();
        assert!(received <= 7, "{name}: {received}");
        for more in ["--quiet", "--overwrite"] {
            let ended = run_in(folder.path(), &["download", more, args[2]]);
            assert_eq!(ended.status.code(), Some(0), "{name}: {}", ended.stderr);
            let is_told = ended.stderr.contains("1 unchanged");
            assert_eq!(is_told, more != "--quiet", "{name}: {}", ended.stderr);
        }
        assert_eq!(std::fs::read(folder.path().join(&name)).unwrap(), body.as_bytes());
    }
}

#[test]
fn what_has_changed_is_fetched_only_with_overwrite() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::new(move |_| {
        let version = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Reply::with("200 OK", &[&format!("ETag: \"{version}\"")], format!("{version}"))
    });
    let url = server.at("/f");
    assert_eq!(run_in(folder.path(), &["download", "-s", &url]).status.code(), Some(0));
    assert_fails(&run_in(folder.path(), &["download", "-s", &url]), 1, "");
    assert_eq!(std::fs::read(folder.path().join("f")).unwrap(), b"0");
    let ended = run_in(folder.path(), &["download", "-s", "--overwrite", &url]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_ne!(std::fs::read(folder.path().join("f")).unwrap(), b"0");
    assert_eq!(names_in(folder.path()), ["f"]);
}

#[test]
fn a_plain_list_and_its_figures() {
    let server = Server::new(|request| match request.target() {
        "/list" => Reply::ok("\u{feff}/a\r\n\r\n  sub/b  \nftp://h/\n/404\n"),
        "/404" => Reply::new("404 No", "x"),
        path => Reply::ok(path),
    });
    let folder = tempfile::tempdir().unwrap();
    let ended = run_in(folder.path(), &["download", "--from", &server.at("/list")]);
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("line 4: a URL begins with http"), "{}", ended.stderr);
    assert!(ended.stderr.contains("\n2 files, "), "{}", ended.stderr);
    assert!(ended.stderr.contains(", 2 failed\n"), "{}", ended.stderr);
    assert_eq!(names_in(folder.path()), ["a", "b"]);

    let args = ["download", "--json", "--from", "-"];
    let mut process = Process::start(wirewright(folder.path(), &args).stdin(Stdio::piped()));
    let mut stdin = process.child.stdin.take().unwrap();
    stdin.write_all(format!("{}\n{}", server.at("/c"), server.at("/d")).as_bytes()).unwrap();
    drop(stdin);
    assert_eq!(report(&process.finish())["failed"], 0);
    assert_eq!(names_in(folder.path()), ["a", "b", "c", "d"]);
}
