//! Downloads into files: names, what is a failure, and what stands there afterwards.

use super::server::{Server, answer, ok};
use crate::asking::{client, code, get, why};
use crate::bytes::bytes;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::sync::Arc;
use wirewright::net::files::Destination;
use wirewright::net::files::Durability;
use wirewright::net::http::{Accepts, Client, Download, Fetch, Saving, download};

pub fn into(path: &Path) -> Saving {
    Saving::new(Destination::Directory(path.to_owned())).with_overwrite(true)
}

pub fn one(client: &mut Client, fetch: Fetch, saving: &Saving) -> Download {
    download(client, vec![fetch], saving).unwrap().pop().unwrap()
}

/// What stands in a directory, in order; a directory has a `/` behind its name.
pub fn names(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
    let mut names: Vec<String> = entries
        .map(|entry| {
            let slash = if entry.path().is_dir() { "/" } else { "" };
            format!("{}{slash}", entry.file_name().to_str().unwrap())
        })
        .collect();
    names.sort();
    names
}

#[test]
fn files_of_all_sizes() {
    let server = Server::answering(|request| {
        let len: usize = request.target().rsplit('/').next().unwrap().parse().unwrap();
        answer("200 OK", "ETag: \"v\"\r\n", bytes(len))
    });
    for durability in [Durability::Fsync, Durability::Rename, Durability::None] {
        let folder = tempfile::tempdir().unwrap();
        let mut client = client(|_| {});
        let saving = into(folder.path()).with_durability(durability);
        let sizes = [0, 1, 65_536, 5_000_001];
        let fetches: Vec<_> = sizes.iter().map(|len| get(*server, &format!("/a/{len}"))).collect();
        for (got, len) in download(&mut client, fetches, &saving).unwrap().iter().zip(sizes) {
            assert_eq!(code(&got.report), "ok", "{got:?}");
            assert_eq!((got.name.as_raw_str(), got.bytes), (&*len.to_string(), len as u64));
            assert_eq!((got.resumed_from, got.report.received), (0, len as u64));
            let path = got.path.as_ref().unwrap();
            assert_eq!(path, &folder.path().join(len.to_string()));
            assert!(std::fs::read(path).unwrap() == bytes(len));
        }
        assert_eq!(names(folder.path()), ["0", "1", "5000001", "65536"]);
    }
}

#[test]
fn equal_names_are_told_apart() {
    let server = Server::answering(|request| ok(request.target()));
    let folder = tempfile::tempdir().unwrap();
    let mut client = client(|_| {});
    let paths = ["/1/x.jpg", "/2/x.jpg", "/3/X.jpg", "/", "/..%2F..%2Fup", "/.hidden"];
    let fetches: Vec<_> = paths.iter().map(|path| get(*server, path)).collect();
    let all = download(&mut client, fetches, &into(folder.path())).unwrap();
    let expected = ["x.jpg", "x-2.jpg", "X-3.jpg", "index.html", "_._.._up", "_hidden"];
    for ((got, name), path) in all.iter().zip(expected).zip(paths) {
        assert_eq!((got.name.as_raw_str(), code(&got.report)), (name, "ok"));
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), path);
    }
    assert_eq!(names(folder.path()).len(), paths.len());
}

#[test]
fn a_status_can_be_a_failure() {
    let server = Server::answering(|request| match request.target() {
        "/gone" => answer("404 Not Found", "", "words"),
        "/part" => answer("206 Partial", "Content-Range: bytes 0-4/9\r\n", "words"),
        "/moved" => answer("302 Found", "Location: /x\r\n", "words"),
        _ => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
    });
    let folder = tempfile::tempdir().unwrap();
    let mut client = client(|_| {});
    let saving = into(folder.path());
    for (path, expected) in
        [("/gone", "http_404"), ("/part", "http_206"), ("/moved", "http_302"), ("/empty", "ok")]
    {
        let got = one(&mut client, get(*server, path), &saving);
        assert_eq!(code(&got.report), expected, "{got:?}");
        assert_eq!(got.bytes, 0);
    }
    assert_eq!(names(folder.path()), ["empty"]);
    let saving = saving.with_accepts(Accepts::Any);
    for path in ["/gone", "/part", "/moved"] {
        let got = one(&mut client, get(*server, path), &saving);
        assert_eq!((code(&got.report), got.bytes), ("ok", 5), "{got:?}");
        assert_eq!(std::fs::read(got.path.unwrap()).unwrap(), b"words");
    }
    assert_eq!(server.accepts(), 1, "the bodies of failures are read away");
}

#[test]
fn what_is_cut_off_gets_no_name() {
    for (fields, body) in [
        ("Content-Length: 10\r\n", "12345"),
        ("Transfer-Encoding: chunked\r\n", "5\r\n12345\r\n"),
        ("Content-Length: 10\r\nETag: \"v\"\r\n", ""),
        ("Content-Length: 30\r\nContent-Encoding: gzip\r\n", "\x1f"),
    ] {
        let server = Server::start(move |mut conn| {
            conn.must();
            conn.send(format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}"));
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("old"), "kept").unwrap();
        let got = one(&mut client(|_| {}), get(*server, "/old"), &into(folder.path()));
        assert_eq!(code(&got.report), "incomplete", "{fields}: {got:?}");
        assert_eq!(std::fs::read(folder.path().join("old")).unwrap(), b"kept");
        assert_eq!(names(folder.path()), ["old"], "{fields}: without a tag nothing is left");
    }
}

/// Without the wish to go on later nothing is left over, tag or not.
#[test]
fn no_resuming_leaves_nothing() {
    let server = Server::start(|mut conn| {
        conn.must();
        conn.send("HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 10\r\n\r\n12345");
    });
    let folder = tempfile::tempdir().unwrap();
    let saving = into(folder.path()).with_resume(false);
    let got = one(&mut client(|_| {}), get(*server, "/f"), &saving);
    assert_eq!((code(&got.report), got.bytes), ("incomplete", 5), "{got:?}");
    assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
}

#[test]
fn something_in_the_way() {
    let server = Server::answering(|_| ok("x"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("f")).unwrap();
    let mut client = client(|_| {});
    let fetches = vec![get(*server, "/f"), get(*server, "/g")];
    let all = download(&mut client, fetches, &into(folder.path())).unwrap();
    assert_eq!((code(&all[0].report), code(&all[1].report)), ("exists", "ok"), "{all:?}");
    assert!(why(&all[0].report).contains("pipe, socket or device has this name"));
    assert_eq!(names(folder.path()), ["f/", "g"]);
    let nowhere = into(&folder.path().join("missing"));
    let got = one(&mut client, get(*server, "/f"), &nowhere);
    assert_eq!(code(&got.report), "not_found", "{got:?}");
}

#[test]
fn two_downloads_of_one_file_do_not_mix() {
    let server = Server::answering(|request| ok(request.target()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let saving = into(folder.path()).with_destination(Destination::File(path.clone()));
    let mut client = client(|_| {});
    let all = download(&mut client, vec![get(*server, "/1"), get(*server, "/2")], &saving).unwrap();
    let is_right = |got: &Download| matches!(code(&got.report), "ok" | "busy");
    assert!(all.iter().all(is_right), "{all:?}");
    let last = std::fs::read_to_string(&path).unwrap();
    assert!(["/1", "/2"].contains(&&*last), "{last}");
    assert_eq!(names(folder.path()), ["f"]);
}

#[test]
fn a_head_before_the_body() {
    let server = Server::answering(|_| answer("200 OK", "ETag: \"v\"\r\n", "body"));
    let folder = tempfile::tempdir().unwrap();
    let saving = into(folder.path()).with_head(true);
    let got = one(&mut client(|_| {}), get(*server, "/f"), &saving);
    assert_eq!(code(&got.report), "ok", "{got:?}");
    let expected = answer("200 OK", "ETag: \"v\"\r\n", "body");
    assert_eq!(std::fs::read(folder.path().join("f")).unwrap(), expected);
    assert_eq!((got.bytes, got.report.received), (expected.len() as u64, 4));
}

#[test]
fn straight_into_a_device() {
    let server = Server::answering(|request| answer("200 OK", "ETag: \"v\"\r\n", request.target()));
    let mut file = tempfile::tempfile().unwrap();
    let device: File = file.try_clone().unwrap();
    let saving = into(Path::new("")).with_destination(Destination::Device(Arc::new(device)));
    let mut client = client(|_| {});
    let got = one(&mut client, get(*server, "/12345"), &saving);
    assert_eq!((code(&got.report), got.bytes, got.path), ("ok", 6, None));
    let got = one(&mut client, get(*server, "/6"), &saving);
    assert_eq!(code(&got.report), "ok");
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "/12345/6");
    let null = Destination::from_path(Path::new("/dev/null")).unwrap();
    let got = one(&mut client, get(*server, "/x"), &saving.with_destination(null));
    assert_eq!((code(&got.report), got.bytes), ("ok", 2));
}
