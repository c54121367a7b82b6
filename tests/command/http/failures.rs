//! Servers that are not there, say nothing, stop in the middle, or say too much.

use super::server::{Reply, Server, go, run_in};
use crate::command::{assert_fails, json, names_in};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

#[test]
fn nobody_is_there() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = go(&["http", &format!("http://{free}/")]);
    assert_fails(&ended, 1, &format!("error: http://{free}/: no connection: {free}"));
}

#[test]
fn nothing_is_said() {
    let server = Server::new(|_| Reply::raw("").and_silence());
    let ended = go(&["http", &server.url, "--timeout", "1"]);
    assert_fails(&ended, 1, "timed out waiting for");
    let ended = go(&["http", &server.url, "--first-byte-timeout", "1"]);
    assert_fails(&ended, 1, "timed out waiting for the first byte of the response");
}

#[test]
fn half_of_it_is_none() {
    let server = Server::new(|request| match request.target() {
        "/length" => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").and_close(),
        "/chunks" => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            Reply::raw(format!("{head}4\r\nhalf\r\n")).and_close()
        }
        "/head" => Reply::raw("HTTP/1.1 200 OK\r\nContent-Le").and_close(),
        _ => Reply::raw("").and_close(),
    });
    let folder = tempfile::tempdir().unwrap();
    for path in ["/length", "/chunks", "/head", "/nothing"] {
        let ended_at = if path == "/nothing" { "without any data" } else { "at byte" };
        for output in ["file", "./"] {
            let args = ["http", &server.at(path), "-o", output, "--json"];
            let ended = run_in(folder.path(), &args);
            assert_fails(&ended, 1, &format!("{}: the stream ended {ended_at}", server.at(path)));
            assert_eq!(json(&ended.stdout)["error"]["code"], "incomplete");
            assert_eq!(json(&ended.stdout)["path"], serde_json::Value::Null);
        }
        assert_eq!(names_in(folder.path()), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn a_bomb_is_no_body() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        bomb.write_all(&[0; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let server = Server::new(move |_| Reply::with("200 OK", &["Content-Encoding: gzip"], &bomb));
    let folder = tempfile::tempdir().unwrap();
    let ended = run_in(folder.path(), &["http", &server.url, "-o", "bomb"]);
    assert_fails(&ended, 1, "(decoded_ratio_max)");
    let ended = run_in(folder.path(), &["http", &server.url, "-o", "bomb", "--max-body", "1M"]);
    assert_fails(&ended, 1, "more than our limit of 1048576 (decoded_bytes_max)");
    assert_eq!(names_in(folder.path()), Vec::<String>::new());
}

#[test]
fn limits() {
    let server = Server::new(|request| match request.target() {
        "/line" => Reply::raw(format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(20_000))),
        "/head" => {
            let field = format!("A: {}\r\n", "x".repeat(10_000));
            Reply::raw(format!("HTTP/1.1 200 OK\r\n{}", field.repeat(20)))
        }
        "/nines" => {
            Reply::raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", "9".repeat(23)))
        }
        "/interim" => Reply::raw("HTTP/1.1 100 Continue\r\n\r\n".repeat(40)),
        _ => Reply::ok(vec![0; 2000]),
    });
    for (path, what) in [
        ("/line", "(line_bytes_max)"),
        ("/head", "(head_bytes_max)"),
        ("/interim", "(interim_max)"),
        ("/body", "more than our limit of 1999 (body_bytes_max)"),
    ] {
        let ended = go(&["http", &server.at(path), "--max-body", "1999", "--json"]);
        assert_fails(&ended, 1, what);
        assert_eq!(json(&ended.stdout)["error"]["code"], "too_large");
    }
    let ended = go(&["http", &server.at("/nines")]);
    assert_fails(&ended, 1, "more than the limit of 18446744073709551615 (64 bits)");
    assert!(!ended.stderr.contains("--max-body"), "{}", ended.stderr);
    let ended = go(&["http", &server.at("/body"), "--max-body", "2000"]);
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(0), 2000));
}

#[test]
fn a_server_cannot_move_the_cursor() {
    let evil = "\u{9b}31m\u{202e}\u{1}";
    let server = Server::new(move |request| match request.target() {
        "/reason" => Reply::new("404 \u{9b}31m\u{202e}evil", ""),
        "/location" => Reply::with("302 Found", &["Location: \u{9b}:\u{202e}"], ""),
        "/json" => Reply::ok(serde_json::json!([format!("{evil}://h/")]).to_string()),
        _ => Reply::raw(format!("HTTP/1.1 200 OK\r\n{evil}: x\r\n\r\n")),
    });
    let json_from = server.at("/json");
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["http", "--fail", &server.at("/reason")][..],
        &["http", "-L", &server.at("/location")],
        &["http", &server.at("/name")],
        &["http", "--trace", "--fail", &server.at("/reason")],
        &["http", "--trace", &server.at("/location")],
        &["download", &server.at("/reason")],
        &["download", "--from", &json_from],
    ] {
        let ended = run_in(folder.path(), args);
        assert!(!ended.stderr.is_empty());
        for line in ended.stderr.lines() {
            let raw = |c: char| c.is_control() || c == '\u{202e}';
            assert!(!line.contains(raw), "{args:?}: {line:?}");
        }
    }
}

/// The line shows the name, which is the server's, and the section that it breaks.
#[test]
fn a_field_name_that_is_no_token_is_shown() {
    let field = "B\u{1b}[31md: x\r\n";
    let server = Server::new(move |request| match request.target() {
        "/head" => Reply::raw(format!("HTTP/1.1 200 OK\r\n{field}\r\n")),
        _ => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            Reply::raw(format!("{head}0\r\n{field}\r\n"))
        }
    });
    let folder = tempfile::tempdir().unwrap();
    for path in ["/head", "/trailers"] {
        let ended = run_in(folder.path(), &["http", &server.at(path)]);
        let expected = r#"a field name is a token, unlike "B\u{1b}[31md" (RFC 9110 §5.1); see "#;
        assert_fails(&ended, 1, expected);
    }
}

/// What was sent by POST may have been taken: status 4, and why. What can be sent again, what was
/// answered, and what was never sent is no such case.
#[test]
fn a_post_whose_answer_is_lost_is_unknown() {
    let server = Server::new(|request| match request.target() {
        "/lost" => Reply::raw("").and_close(),
        "/half" => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx").and_close(),
        "/garbage" => Reply::raw("what?\r\n\r\n").and_close(),
        "/moved" => Reply::with("307 There", &["Location: /late"], ""),
        "/astray" => Reply::with("307 There", &["Location: ftp://h/"], ""),
        "/late" if request.connection == 1 => Reply::new("408 Request Timeout", "").and_close(),
        "/late" => Reply::ok("good"),
        _ => Reply::new("500 No", ""),
    });
    let lost = |path: &str, what: &str| {
        let server_url = server.at(path);
        let ended = go(&["http", "-L", "-d", "x", &server_url]);
        assert_fails(&ended, 4, "the server may have accepted what was sent; ask the server");
        assert!(ended.stderr.contains(what), "{}", ended.stderr);
    };
    lost("/moved", "POST is not sent again by itself");
    lost("/lost", "a response");
    lost("/half", "Content-Length");
    lost("/garbage", "rule broken");
    for (args, path) in [
        (&["PUT"][..], "/lost"),
        (&["GET"], "/lost"),
        (&["--fail", "-d", "x"], "/500"),
        (&["-L", "-d", "x"], "/astray"),
    ] {
        let ended = go(&[&["http"], args, &[&server.at(path)]].concat());
        assert_eq!(ended.status.code(), Some(1), "{args:?} {path}: {}", ended.stderr);
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_fails(&go(&["http", "-d", "x", &format!("http://{free}/")]), 1, "no connection");
}
