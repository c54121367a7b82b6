//! Where a body goes, and what is told about it.

use super::server::{Reply, Server, go, good, run_in, wirewright};
use crate::bytes::bytes;
use crate::command::{assert_fails, json, names_in, report};
use crate::process::{Process, wait_for};
use serde_json::{Value, json};
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;

/// `http --json` that has to succeed: its document.
fn document(args: &[&str]) -> Value {
    report(&go(&[&["http", "--json"], args].concat()))
}

#[test]
fn a_status_is_no_failure_unless_asked_for() {
    let server = Server::new(|request| match request.target() {
        "/404" => Reply::new("404 Not Found", "sorry"),
        "/500" => Reply::new("500 ", "oops"),
        "/302" => Reply::with("302 Found", &["Location: /404"], "elsewhere"),
        _ => Reply::new("299 Fine", "fine"),
    });
    for (path, body) in [("/404", "sorry"), ("/500", "oops"), ("/302", "elsewhere"), ("/", "fine")]
    {
        assert_eq!(good(&["http", &server.at(path)]), body.as_bytes());
    }
    for (path, body) in [("/302", "elsewhere"), ("/", "fine")] {
        assert_eq!(good(&["http", "--fail", &server.at(path)]), body.as_bytes());
    }
    for (path, what) in
        [("/404", "/404: the server answered 404"), ("/500", "/500: the server answered 500;")]
    {
        let ended = go(&["http", "--fail", "-i", &server.at(path)]);
        assert_fails(&ended, 1, what);
        assert_eq!(ended.stdout, b"");
    }
}

#[test]
fn the_head_before_the_body() {
    let response = "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\nhi";
    let server = Server::new(move |_| Reply::raw(response));
    assert_eq!(good(&["http", "-i", &server.url]), response.as_bytes());
}

#[test]
fn files_and_directories() {
    let server = Server::new(|request| Reply::ok(request.target().as_bytes()));
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("there")).unwrap();
    std::fs::write(folder.path().join("old"), "older and longer").unwrap();
    for (path, output, at) in [
        ("/a/b%20c.txt?q", "there", "there/b c.txt"),
        ("/x", "made/below/", "made/below/x"),
        ("/", "there/", "there/index.html"),
        ("/..%2fetc", "there", "there/_._etc"),
        ("/any", "old", "old"),
        ("/any", "new", "new"),
    ] {
        let ended = run_in(folder.path(), &["http", &server.at(path), "-o", output]);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert_eq!(ended.stdout, b"");
        assert!(ended.stderr.contains(": 200, ") && ended.stderr.lines().count() == 1);
        assert_eq!(std::fs::read_to_string(folder.path().join(at)).unwrap(), path);
    }
    assert_eq!(names_in(folder.path()), ["made", "new", "old", "there"]);
    let ended = run_in(folder.path(), &["http", &server.url, "-o", "none/x", "--quiet"]);
    assert_fails(&ended, 1, "error: none/x: the directory none does not exist; create it first");
}

#[test]
fn devices_and_stdout_are_written_directly() {
    let content = bytes(2_000_003);
    let expected = content.clone();
    let server = Server::new(move |_| Reply::ok(&content));
    assert!(good(&["http", &server.url]) == expected);
    assert!(good(&["http", &server.url, "-o", "-"]) == expected);
    let told = document(&[&server.url, "-o", "/dev/null"]);
    assert_eq!((&told["bytes"], &told["path"]), (&json!(2_000_003), &Value::Null));
    assert_eq!(told["durability"], Value::Null);
    assert_eq!(told.get("body"), None);
    assert_fails(&go(&["http", &server.url, "-o", "/dev/full"]), 1, "no space left");
}

#[test]
fn a_reader_that_goes_away_ends_it_without_a_word() {
    let content = bytes(20_000_000);
    let server = Server::new(move |_| Reply::ok(&content));
    let mut command = wirewright(&std::env::temp_dir(), &["http", &server.url]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 100];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut some).unwrap();
    drop(stdout);
    let status = wait_for("the end of a process", || child.try_wait().unwrap());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((status.code(), &*said), (Some(1), ""));
}

#[test]
fn the_document() {
    let server = Server::new(|_| {
        Reply::raw(
            "HTTP/1.1 200 Very Well\nTransfer-Encoding: chunked\r\nA: 1\r\na: \u{e9}\r\n\r\n\
             6\r\nh\u{e9}llo\r\n0\r\nDigest: x\r\n\r\n",
        )
    });
    let told = document(&[&server.at("/x?y#z"), "-i"]);
    for (member, value) in [
        ("url", json!(server.at("/x?y"))),
        ("method", json!("GET")),
        ("status", json!(200)),
        ("reason", json!("Very Well")),
        ("version", json!("1.1")),
        ("headers", json!([["Transfer-Encoding", "chunked"], ["A", "1"], ["a", "\u{e9}"]])),
        ("trailers", json!([["Digest", "x"]])),
        ("redirects", json!([])),
        ("address", json!(server.address)),
        ("reused", json!(false)),
        ("received", json!(6)),
        ("bytes", json!(6)),
        ("body", json!("h\u{e9}llo")),
        ("path", Value::Null),
        ("durability", Value::Null),
        ("remarks", json!([{"text": "a bare LF for a line end", "section": "RFC 9112 §2.2"}])),
    ] {
        assert_eq!(told[member], value, "{member} of {told}");
    }
    let timings = told["timings"].as_object().unwrap();
    assert_eq!(timings.len(), 5);
    assert!(timings["name"].is_null() && timings["tls"].is_null());
    let at = |name: &str| timings[name].as_f64().unwrap();
    assert!(at("connect") <= at("first_byte") && at("first_byte") <= at("last_byte"));
    assert!(told.get("error").is_none() && told.get("body_omitted").is_none());
}

#[test]
fn the_document_of_a_file() {
    let server = Server::new(|_| Reply::ok("content"));
    let folder = tempfile::tempdir().unwrap();
    for (durability, args) in [("rename", &[][..]), ("fsync", &["--durability", "fsync"])] {
        let all = [&["http", "--json", &server.url, "-o", "f"], args].concat();
        let told = report(&run_in(folder.path(), &all));
        assert_eq!(told["durability"], durability);
        assert!(Path::new(told["path"].as_str().unwrap()).ends_with("f"));
        assert_eq!(told.get("body"), None);
    }
    assert_eq!(names_in(folder.path()), ["f"]);
}

#[test]
fn bodies_in_the_document() {
    let server = Server::new(|request| match request.target() {
        "/binary" => Reply::ok([0xff, 0, 1]),
        "/most" => Reply::ok(vec![b'x'; 1 << 20]),
        "/more" => Reply::ok(vec![b'x'; (1 << 20) + 1]),
        _ => Reply::ok("\u{1b}[31m\u{9b}\u{202e}"),
    });
    let told = document(&[&server.at("/binary")]);
    assert_eq!((told["body_base64"].as_str(), told.get("body")), (Some("/wAB"), None));
    assert_eq!(document(&[&server.at("/most")])["body"].as_str().unwrap().len(), 1 << 20);
    let told = document(&[&server.at("/more")]);
    assert_eq!((&told["body"], &told["body_omitted"]), (&Value::Null, &json!(true)));
    assert_eq!(told["bytes"], (1 << 20) + 1);
    let ended = go(&["http", "--json", &server.at("/seen")]);
    assert!(!String::from_utf8(ended.stdout.clone()).unwrap().contains(['\u{9b}', '\u{202e}']));
    assert_eq!(json(&ended.stdout)["body"], "\u{1b}[31m\u{9b}\u{202e}");
}

#[test]
fn the_document_of_a_failure() {
    let server = Server::new(|_| Reply::new("404 Gone Fishing", "sorry"));
    let ended = go(&["http", "--json", "--fail", &server.url]);
    assert_fails(&ended, 1, "the server answered 404 Gone Fishing");
    let told = json(&ended.stdout);
    assert_eq!((&told["status"], &told["reason"]), (&json!(404), &json!("Gone Fishing")));
    let text = "the server answered 404 Gone Fishing";
    assert_eq!(told["error"], json!({"code": "http_404", "text": text}));
    assert_eq!(told.get("body"), None);

    let ended = go(&["http", "--json", "http://127.0.0.2:9/"]);
    assert_fails(&ended, 1, "no connection");
    let told = json(&ended.stdout);
    assert_eq!((&told["status"], &told["headers"]), (&Value::Null, &json!([])));
    assert_eq!((&told["address"], &told["error"]["code"]), (&Value::Null, &json!("unreachable")));
}

#[test]
fn what_was_tolerated_is_said() {
    let server = Server::new(|_| Reply::raw("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi"));
    let ended = go(&["http", &server.url]);
    assert_eq!(ended.stdout, b"hi");
    let remark = "remark: a status line without its second space (RFC 9112 §4)\n";
    assert_eq!(ended.stderr, remark);
    assert_eq!(go(&["http", "--quiet", &server.url]).stderr, "");
    let ended = go(&["http", "--strict", &server.url]);
    assert_fails(&ended, 1, "a status line without its second space");
    assert_eq!(ended.stdout, b"");
}

#[test]
fn gzip_is_asked_for_and_undone() {
    let server = Server::new(|request| {
        let fields = ["Content-Encoding: gzip", "Content-Type: text/plain"];
        match request.get("Accept-Encoding") {
            Some("gzip, deflate") => Reply::with("200 OK", &fields, gzip(b"unpacked")),
            Some("identity") => Reply::ok("as it is"),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(good(&["http", &server.url]), b"unpacked");
    assert_eq!(good(&["http", "--identity", &server.url]), b"as it is");
    let told = document(&[&server.url]);
    assert_eq!((&told["bytes"], &told["body"]), (&json!(8), &json!("unpacked")));
    assert_eq!(told["received"], gzip(b"unpacked").len());
}

/// RFC 1952, with the bytes in one stored block (RFC 1951 §3.2.4).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap();
    let mut all = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1];
    all.extend_from_slice(&len.to_le_bytes());
    all.extend_from_slice(&(!len).to_le_bytes());
    all.extend_from_slice(bytes);
    all.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
    all.extend_from_slice(&u32::from(len).to_le_bytes());
    all
}

#[test]
fn a_framed_server_is_no_web_server() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["serve", ".", "--listen", "127.0.0.1:0"];
    let mut framed = Process::start(&mut wirewright(folder.path(), &args));
    let url = format!("http://{}/", framed.address());
    let ended = go(&["http", &url, "--timeout", "60"]);
    assert_fails(&ended, 1, &format!("error: {url}: "));
    assert_eq!(ended.stdout, b"");
}

/// Whoever reads the output sleeps: the command can be ended all the same, and by `--timeout`, too.
#[test]
fn a_pipe_that_nobody_reads_holds_nobody() {
    let server = Server::new(|_| Reply::ok(bytes(5 << 20)));
    for (args, expected) in
        [(&["http", "--timeout", "1"][..], "timed out"), (&["http"][..], "interrupted")]
    {
        let folder = tempfile::tempdir().unwrap();
        let mut command = wirewright(folder.path(), &[args, &[server.url.as_str()]].concat());
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        if args.len() == 1 {
            // It has written what the pipe holds when that can be read without waiting; a byte is
            // enough to know that it is at it.
            child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(300));
            let killed = std::process::Command::new("kill").arg(child.id().to_string()).status();
            assert!(killed.unwrap().success());
        }
        let status = wait_for("its end", || child.try_wait().unwrap());
        let mut said = String::new();
        child.stderr.unwrap().read_to_string(&mut said).unwrap();
        match args.len() {
            // A client dies by the signal; on a busy machine before it comes to words.
            1 => {
                assert!(status.signal() == Some(15) && (said.is_empty() || said.contains(expected)))
            }
            _ => {
                assert_eq!(status.code(), Some(1), "{said}");
                assert!(said.lines().last().unwrap_or("").contains(expected), "{said}");
            }
        }
    }
}
