//! What a downloaded file is called, and what it replaces.

use super::server::{Reply, Server, run_in};
use crate::command::{assert_fails, json, names_in};

#[test]
fn a_download_replaces_nothing_unless_asked_to() {
    let body = vec![b'n'; 5 << 20];
    let expected = body.clone();
    let server = Server::new(move |request| match request.target() {
        "/long" => Reply::ok(&body),
        _ => Reply::ok("new"),
    });
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("long"), "old").unwrap();
    std::fs::write(path("short"), "old").unwrap();
    std::os::unix::fs::symlink("nothing", path("link")).unwrap();
    for name in ["long", "short", "link"] {
        let ended = run_in(folder.path(), &["download", &server.at(&format!("/{name}")), "-q"]);
        assert_fails(&ended, 1, "a file of that name exists");
        assert!(ended.stderr.contains("--overwrite"), "{}", ended.stderr);
    }
    assert!(server.requests().is_empty(), "what cannot be stored is not asked for");
    let urls = ["/long", "/short", "/link", "/other"].map(|target| server.at(target));
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let ended = run_in(folder.path(), &[&["download", "--json"], &urls[..]].concat());
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    assert_eq!(json(&ended.stdout)["files"][1]["error"]["code"], "exists");
    assert_eq!(std::fs::read(path("long")).unwrap(), b"old");
    assert_eq!(std::fs::read(path("short")).unwrap(), b"old");
    assert_eq!(std::fs::read(path("other")).unwrap(), b"new");
    std::fs::remove_file(path("other")).unwrap();
    let ended = run_in(folder.path(), &[&["download", "--overwrite", "-q"], &urls[..]].concat());
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(std::fs::read(path("long")).unwrap() == expected);
    for name in ["short", "link", "other"] {
        assert_eq!(std::fs::read(path(name)).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(path(name)).unwrap().is_file());
    }
    assert_eq!(names_in(folder.path()), ["link", "long", "other", "short"]);
}

#[test]
fn a_name_out_of_a_url_is_made_safe() {
    let server = Server::new(|_| Reply::ok("new"));
    for (target, expected) in [
        ("/%2Ebashrc", "_bashrc"),
        ("/-rf", "_rf"),
        ("/%E2%80%AEgpj.exe", "_gpj.exe"),
        ("/a%0Ab%1B", "a_b_"),
        ("/..%2F..%2Fx", "_._.._x"),
        ("/com1", "_com1"),
        ("/%20", "unnamed"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for args in [&["download"][..], &["http", "-o", "./"]] {
            let ended = run_in(folder.path(), &[args, &[&server.at(target), "-q"]].concat());
            assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
            assert_eq!(names_in(folder.path()), [expected], "{target}");
        }
    }
}
