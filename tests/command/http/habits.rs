//! Short options that hands know, and --raw.

use super::server::{Reply, Server, go, good, run_in};
use crate::command::{assert_fails, names_in};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: br\r\n\
                       \r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nSum: 5\r\n\r\n";

fn server() -> Server {
    Server::new(|request| match (request.method(), request.target()) {
        (_, "/chunked") => Reply::raw(CHUNKED),
        (_, "/moved") => Reply::with("302 There", &["Location: /chunked"], "moved"),
        (_, "/interim") => Reply::raw("HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 204 No\r\n\r\n"),
        (_, "/closed") => Reply::raw("HTTP/1.0 200 OK\r\n\r\nto the end").and_close(),
        ("HEAD", _) => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"),
        (method, _) => Reply::ok(format!("{method}\n")),
    })
}

#[test]
fn the_method_by_option() {
    let server = server();
    assert_eq!(good(&["http", "-X", "DELETE", &server.url]), b"DELETE\n");
    assert_eq!(good(&["http", "-XPUT", "-d", "x", &server.url]), b"PUT\n");
    assert_eq!(good(&["http", &server.url, "-X", "OPTIONS", "-s"]), b"OPTIONS\n");
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
    assert_eq!(good(&["http", "-I", &server.url]), head);
    assert_eq!(good(&["http", "-I", "HEAD", &server.url]), head);
    for args in [
        &["-X", "GET", "PUT"][..],
        &["-I", "PUT"],
        &["-I", "-X", "GET"],
        &["-I", "-d", "x"],
        &["-X", "G T"],
        &["-X", "CONNECT"],
        &["-X", "A\r\nB: c"],
        &["-4", "-6"],
        &["-O", "-o", "x"],
        &["--raw", "-i"],
    ] {
        let ended = go(&[&["http"], args, &[&server.url]].concat());
        assert_fails(&ended, 2, "");
    }
}

#[test]
fn the_name_out_of_the_url() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    for (path, name) in [("/a/b.txt?c", "b.txt"), ("/%2e%2e%2fx", "_._x"), ("/", "index.html")] {
        let ended = run_in(folder.path(), &["http", "-sO", &server.at(path)]);
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""), "{path}");
        assert_eq!(std::fs::read(folder.path().join(name)).unwrap(), b"GET\n", "{path}");
    }
    assert_eq!(names_in(folder.path()).len(), 3);
}

#[test]
fn quiet_and_trace_by_one_letter() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    for command in [&["http"][..], &["download", "--overwrite"]] {
        let ended = run_in(folder.path(), &[command, &["-v", &server.at("/x")]].concat());
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(ended.stderr.contains("-> GET /x HTTP/1.1"), "{}", ended.stderr);
        let ended = run_in(folder.path(), &[command, &["-s", &server.at("/x")]].concat());
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    }
    let ended = go(&["http", "-k", &server.url]);
    assert!(ended.stderr.starts_with("warning: --insecure"), "{}", ended.stderr);
}

#[test]
fn one_family_of_addresses() {
    let server = server();
    let port = server.address.rsplit(':').next().unwrap();
    good(&["http", "-4", &server.url]);
    good(&["http", "-4", &format!("http://localhost:{port}/")]);
    assert_fails(&go(&["http", "-6", &server.url]), 1, "no IPv6 address");
    assert_fails(&go(&["http", "-4", "http://[::1]:1/"]), 1, "no IPv4 address");
}

#[test]
fn raw_is_as_it_came() {
    let server = server();
    assert_eq!(good(&["http", "--raw", &server.at("/chunked")]), CHUNKED.as_bytes());
    assert_eq!(good(&["http", "--raw", "-L", &server.at("/moved")]), CHUNKED.as_bytes());
    let moved = good(&["http", "--raw", &server.at("/moved")]);
    assert!(moved.starts_with(b"HTTP/1.1 302") && moved.ends_with(b"\r\n\r\nmoved"));
    let interim = "HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 204 No\r\n\r\n";
    assert_eq!(good(&["http", "--raw", &server.at("/interim")]), interim.as_bytes());
    let closed = "HTTP/1.0 200 OK\r\n\r\nto the end";
    assert_eq!(good(&["http", "--raw", &server.at("/closed")]), closed.as_bytes());
    let folder = tempfile::tempdir().unwrap();
    let ended = run_in(folder.path(), &["http", "--raw", "-s", "-o", "f", &server.at("/chunked")]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(std::fs::read(folder.path().join("f")).unwrap(), CHUNKED.as_bytes());
}
