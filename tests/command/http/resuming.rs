//! Downloads that were cut in the middle, and go on.

use super::server::{Reply, Request, Server, run_in};
use crate::bytes::bytes;
use crate::command::{assert_fails, names_in, report};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const LEN: usize = 9_000_000;

/// Where the first response stops: behind at least one segment that is recorded.
const CUT: usize = 8_500_000;

/// The file is cut once; then `rest` answers.
fn cut_once(
    content: &[u8],
    tag: &'static str,
    rest: impl Fn(&Request, &[u8]) -> Reply + Send + Sync + 'static,
) -> Server {
    let (content, was_cut) = (Arc::new(content.to_vec()), AtomicBool::new(false));
    Server::new(move |request| match was_cut.swap(true, Ordering::SeqCst) {
        false => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LEN}\r\n{tag}\r\n");
            Reply::raw([head.as_bytes(), &content[..CUT]].concat()).and_close()
        }
        true => rest(request, &content),
    })
}

/// The first run, which is cut.
fn cut(server: &Server, folder: &Path) {
    let ended = run_in(folder, &["download", &server.at("/file"), "--quiet", "--retry", "0"]);
    assert_fails(&ended, 1, "the stream ended at byte ");
    assert!(!folder.join("file").exists());
}

/// Where a request wants to go on, and of which version.
fn asked(request: &Request) -> Option<(usize, &str)> {
    let range = request.get("Range")?;
    let from = range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().unwrap();
    Some((from, request.get("If-Range").unwrap()))
}

fn part(content: &[u8], from: usize, tag: &str) -> Reply {
    let range = format!("Content-Range: bytes {from}-{}/{}", content.len() - 1, content.len());
    Reply::with("206 Partial Content", &[&range, tag], &content[from..])
}

#[test]
fn it_goes_on_where_it_stopped() {
    const TAG: &str = "ETag: \"one\"\r\n";
    let content = bytes(LEN);
    let server = cut_once(&content, TAG, |request, content| {
        let (from, tag) = asked(request).unwrap();
        assert_eq!(tag, "\"one\"");
        part(content, from, "ETag: \"one\"")
    });
    let folder = tempfile::tempdir().unwrap();
    cut(&server, folder.path());
    let told = report(&run_in(folder.path(), &["download", "--json", &server.at("/file")]));
    assert!(std::fs::read(folder.path().join("file")).unwrap() == content);
    let file = &told["files"][0];
    let from = file["resumed_from"].as_u64().unwrap() as usize;
    assert!(from > 0 && from <= CUT, "{from}");
    assert_eq!((&file["bytes"], &file["status"]), (&LEN.into(), &206.into()));
    assert_eq!(file["received"], LEN - from);
    assert_eq!(names_in(folder.path()), ["file"]);
}

#[test]
fn it_begins_anew_where_that_is_right() {
    let changed = bytes(5000);
    let (again, first) = (changed.clone(), bytes(LEN));
    // What the server says to the request with a range, and what it is asked then.
    type Answer = Box<dyn Fn(&Request, &[u8]) -> Reply + Send + Sync>;
    let whole = move || Reply::with("200 OK", &["ETag: \"two\""], &again);
    let (one, two, three, four) = (whole.clone(), whole.clone(), whole.clone(), whole);
    let answers: [(&str, usize, Answer); 4] = [
        ("changed: 200", 2, Box::new(move |_, _| one())),
        (
            "too short now: 416",
            3,
            Box::new(move |request, _| match asked(request) {
                Some(_) => Reply::with("416 No", &["Content-Range: bytes */5000"], ""),
                None => two(),
            }),
        ),
        (
            "another part",
            3,
            Box::new(move |request, content| match asked(request) {
                Some((from, _)) => part(content, from + 1, "ETag: \"one\""),
                None => three(),
            }),
        ),
        (
            "of another version",
            3,
            Box::new(move |request, content| match asked(request) {
                Some((from, _)) => part(content, from, "ETag: \"two\""),
                None => four(),
            }),
        ),
    ];
    for (what, requests, answer) in answers {
        let server = cut_once(&first, "ETag: \"one\"\r\n", answer);
        let folder = tempfile::tempdir().unwrap();
        cut(&server, folder.path());
        let told = report(&run_in(folder.path(), &["download", "--json", &server.at("/file")]));
        assert!(std::fs::read(folder.path().join("file")).unwrap() == changed, "{what}");
        assert_eq!(told["files"][0]["resumed_from"], 0, "{what}");
        assert_eq!(server.requests().len(), requests, "{what}");
        assert!(asked(&server.requests()[1]).is_some(), "{what}");
        assert_eq!(names_in(folder.path()), ["file"], "{what}");
    }
}

#[test]
fn without_a_strong_tag_or_with_no_resume_nothing_is_left() {
    let content = bytes(LEN);
    for (tag, args) in [
        ("", &[][..]),
        ("ETag: W/\"weak\"\r\n", &[]),
        ("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", &[]),
        ("ETag: \"one\"\r\n", &["--no-resume"]),
    ] {
        let server = cut_once(&content, tag, |request, content| {
            assert_eq!(request.get("Range"), None);
            Reply::ok(content)
        });
        let folder = tempfile::tempdir().unwrap();
        let url = server.at("/file");
        let all = [&["download", &url, "--quiet", "--retry", "0"], args].concat();
        assert_fails(&run_in(folder.path(), &all), 1, "the stream ended at byte ");
        assert_eq!(names_in(folder.path()), Vec::<String>::new(), "{tag:?}");
        assert_eq!(run_in(folder.path(), &all).status.code(), Some(0));
        assert!(std::fs::read(folder.path().join("file")).unwrap() == content);
    }
}

#[test]
fn no_resume_takes_nothing_from_what_is_left() {
    let content = bytes(LEN);
    let server = cut_once(&content, "ETag: \"one\"\r\n", |request, content| {
        assert_eq!(request.get("Range"), None);
        Reply::ok(content)
    });
    let folder = tempfile::tempdir().unwrap();
    cut(&server, folder.path());
    let args = ["download", "--json", "--no-resume", &server.at("/file")];
    assert_eq!(report(&run_in(folder.path(), &args))["files"][0]["received"], LEN);
    assert!(std::fs::read(folder.path().join("file")).unwrap() == content);
    assert_eq!(names_in(folder.path()), ["file"]);
}

#[test]
fn a_file_of_another_url_is_not_gone_on_with() {
    let content = bytes(LEN);
    let asked_for = Arc::new(AtomicUsize::new(0));
    let counted = asked_for.clone();
    let server = cut_once(&content, "ETag: \"one\"\r\n", move |request, content| {
        counted.fetch_add(usize::from(request.get("Range").is_some()), Ordering::SeqCst);
        Reply::with("200 OK", &["ETag: \"one\""], &content[..100])
    });
    let folder = tempfile::tempdir().unwrap();
    cut(&server, folder.path());
    report(&run_in(folder.path(), &["download", "--json", &server.at("/another/file")]));
    assert_eq!(asked_for.load(Ordering::SeqCst), 0);
    assert!(std::fs::read(folder.path().join("file")).unwrap() == content[..100]);
}
