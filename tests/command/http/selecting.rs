//! `--from` and `--select`.

use super::server::{Reply, Server, run_in, wirewright};
use crate::command::{assert_fails, json, names_in, report};
use crate::process::Process;
use std::io::Write as _;
use std::process::Stdio;

/// The API of the chapter, and its pictures.
fn pictures() -> Server {
    Server::new(|request| match request.target() {
        "/meinv/?key=APIKey&num=2" => Reply::ok(
            r#"{"code": 200, "newslist": [{"title": "a", "picUrl": "/pics/a.jpg"},
                {"picUrl": "../b.jpg?x"}]}"#,
        ),
        "/list" => Reply::ok("[\"/pics/a.jpg\", \"/pics/a.jpg\"]"),
        "/moved" => Reply::with("302 Found", &["Location: /below/list"], ""),
        "/below/list" => Reply::ok("[\"c.jpg\"]"),
        "/empty" => Reply::ok("[]"),
        "/blank" => Reply::ok(" \n"),
        "/object" => Reply::ok("{\"a\": \"/x\"}"),
        "/number" => Reply::ok("[\"/x\", 5]"),
        "/elsewhere" => Reply::ok("[\"ftp://h/x\"]"),
        "/error" => Reply::new("500 Broken", "[]"),
        "/torn" => Reply::ok("[\"/x\""),
        path => Reply::ok(path.as_bytes()),
    })
}

#[test]
fn the_program_of_the_chapter() {
    let server = pictures();
    let folder = tempfile::tempdir().unwrap();
    let api = server.at("/meinv/?key=APIKey&num=2");
    let args = ["download", "--json", "--from", &api, "--select", "/newslist/*/picUrl", "-j", "1"];
    let told = report(&run_in(folder.path(), &[&args[..], &["-o", "pictures"]].concat()));
    assert_eq!((told["failed"].as_u64(), &told["files"][1]["name"]), (Some(0), &"b.jpg".into()));
    let there = folder.path().join("pictures");
    assert_eq!(std::fs::read(there.join("a.jpg")).unwrap(), b"/pics/a.jpg");
    assert_eq!(std::fs::read(there.join("b.jpg")).unwrap(), b"/b.jpg?x");
    // The connection of the API carries the pictures, too.
    assert_eq!((server.accepted(), server.requests().len()), (1, 3));
    assert_eq!(told["files"][0]["reused"], true);
}

#[test]
fn without_a_pointer_it_is_an_array() {
    let server = pictures();
    let folder = tempfile::tempdir().unwrap();
    let args = ["download", "--json", &server.at("/own"), "--from", &server.at("/list")];
    let told = report(&run_in(folder.path(), &args));
    let names: Vec<&str> =
        told["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["own", "a.jpg", "a-2.jpg"]);
    assert_eq!(names_in(folder.path()), ["a-2.jpg", "a.jpg", "own"]);
}

#[test]
fn relative_to_where_the_document_was() {
    let server = pictures();
    let folder = tempfile::tempdir().unwrap();
    let args = ["download", "--json", "-L", "--from", &server.at("/moved")];
    report(&run_in(folder.path(), &args));
    assert_eq!(std::fs::read(folder.path().join("c.jpg")).unwrap(), b"/below/c.jpg");
}

#[test]
fn no_urls_are_no_failure() {
    let server = pictures();
    let folder = tempfile::tempdir().unwrap();
    let args = ["download", "--json", "--from", &server.at("/empty")];
    let told = report(&run_in(folder.path(), &args));
    assert_eq!((&told["files"], &told["failed"]), (&serde_json::json!([]), &0.into()));
}

#[test]
fn documents_that_are_of_no_use() {
    let server = pictures();
    let folder = tempfile::tempdir().unwrap();
    for (path, select, what) in [
        ("/object", None, "the document: an object is not an array"),
        ("/elsewhere", None, "/0: a URL begins with http:// or https://"),
        ("/error", None, "the server answered 500; try again later"),
        ("/torn", None, "it is not JSON: it ends too early"),
        ("/blank", None, "it is empty; give a JSON document, or a list with one URL a line"),
        ("/moved", None, "the server answered 302; follow it with -L"),
        ("/object", Some("/b"), "/b: it does not exist"),
        ("/list", Some("/*/x"), "/0: a string is neither array nor object (and 1 more failed)"),
    ] {
        let url = server.at(path);
        let mut args = vec!["download", "--from", &url];
        args.extend(select.into_iter().flat_map(|pointer| ["--select", pointer]));
        let ended = run_in(folder.path(), &[&args[..], &["--quiet"]].concat());
        assert_fails(&ended, 1, what);
        assert!(ended.stderr.starts_with(&format!("error: {url}: ")), "{}", ended.stderr);
    }
    assert_eq!(names_in(folder.path()), Vec::<String>::new());
}

#[test]
fn one_element_that_is_no_url_fails_alone() {
    let server = Server::new(|request| match request.target() {
        "/list" => Reply::ok("[\"/a\", null, \"\", 5, \"ftp://h/\", \"/b\"]"),
        "/deep" => Reply::ok("[{\"x\": \"/a\"}, null]"),
        path => Reply::ok(path.as_bytes()),
    });
    let folder = tempfile::tempdir().unwrap();
    let url = server.at("/list");
    let ended = run_in(folder.path(), &["download", "--json", "--from", &url]);
    let what = format!("error: {url}: /1: null is not a string (and 3 more failed); look at");
    assert_fails(&ended, 3, &what);
    let told = json(&ended.stdout);
    assert_eq!((told["failed"].as_u64(), told["bytes"].as_u64()), (Some(4), Some(4)));
    let files = told["files"].as_array().unwrap();
    for (file, name) in files.iter().zip([Some("a"), None, None, None, None, Some("b")]) {
        assert_eq!(file["name"].as_str(), name, "{file}");
        let code = if name.is_some() { None } else { Some("no_url") };
        assert_eq!(file["error"]["code"].as_str(), code, "{file}");
    }
    assert_eq!(files[2]["error"]["text"], "/2: an empty string is not a URL");
    assert_eq!(names_in(folder.path()), ["a", "b"]);
    let deep = server.at("/deep");
    let args = ["download", "--from", &deep, "--select", "/*/x", "--overwrite"];
    let ended = run_in(folder.path(), &args);
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    let what =
        format!("error: {deep}: /1: null is not a string; look at the document and --select");
    assert_eq!(ended.stderr.lines().filter(|line| *line == what).count(), 1, "{}", ended.stderr);
}

#[test]
fn an_element_without_the_member_fails_alone() {
    let server = Server::new(|request| match request.target() {
        "/list" => Reply::ok("{\"x\": [{\"y\": \"/a\"}, {\"z\": 1}, {\"y\": \"/b\"}], \"e\": []}"),
        "/none" => Reply::ok("{\"x\": [{\"z\": 0}, {\"z\": 1}]}"),
        path => Reply::ok(path.as_bytes()),
    });
    let folder = tempfile::tempdir().unwrap();
    let url = server.at("/list");
    let args = ["download", "--json", "--from", &url, "--select", "/x/*/y"];
    let ended = run_in(folder.path(), &args);
    assert_fails(&ended, 3, &format!("error: {url}: /x/1/y: it does not exist; look at"));
    let told = json(&ended.stdout);
    assert_eq!(told["files"][1]["error"]["text"], "/x/1/y: it does not exist", "{told}");
    assert_eq!(names_in(folder.path()), ["a", "b"]);
    let args = ["download", "--quiet", "--from", &server.at("/none"), "--select", "/x/*/y"];
    assert_fails(&run_in(folder.path(), &args), 1, "/x/0/y: it does not exist (and 1 more failed)");
    let args = ["download", "--json", "--from", &url, "--select", "/e/*/y"];
    assert_eq!(report(&run_in(folder.path(), &args))["failed"], 0);
}

#[test]
fn secrets_go_to_the_origin_of_the_document_alone() {
    let other = Server::new(|_| Reply::ok("other"));
    let list = format!("[\"{}\", \"/mine\"]", other.at("/theirs"));
    let server = Server::new(move |request| match request.target() {
        "/list" => Reply::ok(&list),
        _ => Reply::ok("mine"),
    });
    let folder = tempfile::tempdir().unwrap();
    let url = server.at("/list");
    let fields = ["-H", "Authorization: s", "-H", "Cookie: s", "-H", "X-Plain: p"];
    let named = other.at("/named");
    let args = [&["download", "--json", &named, "--from", &url], &fields[..]].concat();
    report(&run_in(folder.path(), &args));
    for request in server.requests() {
        assert_eq!((request.get("Authorization"), request.get("Cookie")), (Some("s"), Some("s")));
    }
    assert_eq!(other.requests().len(), 2);
    for theirs in other.requests() {
        assert_eq!((theirs.get("Authorization"), theirs.get("Cookie")), (None, None));
        assert_eq!(theirs.get("X-Plain"), Some("p"));
    }
}

#[test]
fn a_document_on_stdin() {
    let server = pictures();
    let folder = tempfile::tempdir().unwrap();
    let args = ["download", "--json", "--from", "-", "--select", "/x"];
    let ask = |document: &str| {
        let mut process = Process::start(wirewright(folder.path(), &args).stdin(Stdio::piped()));
        process.child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
        process.finish()
    };
    report(&ask(&format!("{{\"x\": \"{}\"}}", server.at("/pic"))));
    report(&ask(&format!("\u{feff}{{\"x\": \"{}\"}}", server.at("/marked"))));
    assert_eq!(std::fs::read(folder.path().join("marked")).unwrap(), b"/marked");
    assert_eq!(std::fs::read(folder.path().join("pic")).unwrap(), b"/pic");
    assert_fails(&ask("{\"x\": \"/pic\"}"), 1, "error: stdin: /x: a URL begins with");
}
