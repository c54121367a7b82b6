//! `-L`.

use super::server::{Reply, Server, go, good, run_in};
use crate::command::{assert_fails, report};
use serde_json::json;

fn to(status: &str, location: &str) -> Reply {
    Reply::with(status, &[&format!("Location: {location}")], "moved")
}

#[test]
fn methods_and_bodies() {
    for (status, method, then, keeps) in [
        ("301 Moved", "POST", "GET", false),
        ("302 Found", "POST", "GET", false),
        ("301 Moved", "PUT", "PUT", true),
        ("302 Found", "DELETE", "DELETE", true),
        ("303 See Other", "POST", "GET", false),
        ("303 See Other", "PUT", "GET", false),
        ("307 Again", "POST", "POST", true),
        ("308 For Good", "PATCH", "PATCH", true),
    ] {
        let server = Server::new(move |request| match request.target() {
            "/" => to(status, "there?x"),
            _ => Reply::ok("there"),
        });
        let told = report(&go(&["http", "--json", method, &server.url, "-L", "-d", "body"]));
        let requests = server.requests();
        assert_eq!(requests.len(), 2, "{status} {method}");
        assert_eq!(requests[1].line(), format!("{then} /there?x HTTP/1.1"));
        assert_eq!(requests[1].text(), if keeps { "body" } else { "" });
        assert_eq!(requests[1].get("Content-Type").is_some(), keeps);
        assert_eq!(requests[1].connection, 1);
        assert_eq!(told["method"], then);
        assert_eq!(told["url"], server.at("/there?x"));
        let status: u16 = status[..3].parse().unwrap();
        assert_eq!(told["redirects"], json!([{"status": status, "url": server.at("/")}]));
        assert_eq!(told["reused"], true);
    }
}

#[test]
fn head_stays_head() {
    let server = Server::new(|request| match request.target() {
        "/" => {
            Reply::raw("HTTP/1.1 303 See Other\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
        }
        _ => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    });
    good(&["http", "HEAD", &server.url, "-L"]);
    assert_eq!(server.requests()[1].line(), "HEAD /there HTTP/1.1");
}

#[test]
fn credentials_stay_with_the_first_origin() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "secret").unwrap();
    let other = Server::new(|request| match request.target() {
        "/back" => {
            Reply::with("302 Found", &[&format!("Location: {}", back(request.head.as_str()))], "")
        }
        _ => Reply::ok("other"),
    });
    let (away, and_back) = (other.at("/x"), other.at("/back"));
    let first = Server::new(move |request| match request.target() {
        "/same" => to("302 Found", "/here"),
        "/away" => to("307 Away", &away),
        "/and-back" => to("307 Away", &and_back),
        _ => Reply::ok("first"),
    });
    let ask = |path: &str| {
        let from = format!("X-Back: {}", first.at("/home"));
        let args = [
            "http",
            &first.at(path),
            "-L",
            "-H",
            "Cookie: a=b",
            "-H",
            "Proxy-Authorization: x",
            "-H",
            &from,
            "--user",
            "u",
            "--password-file",
            "password",
        ];
        let ended = run_in(folder.path(), &args);
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    };
    ["/same", "/away", "/and-back"].into_iter().for_each(ask);
    let secrets = ["Authorization", "Cookie", "Proxy-Authorization"];
    for request in first.requests() {
        let is_home = request.target() == "/home";
        for name in secrets {
            assert_eq!(request.get(name).is_none(), is_home, "{name} in {}", request.head);
        }
    }
    assert_eq!(first.requests().len(), 5);
    for request in other.requests() {
        assert!(secrets.iter().all(|name| request.get(name).is_none()), "{}", request.head);
        assert_eq!(request.get("Host"), Some(&*other.address));
    }
    assert_eq!(other.requests().len(), 2);
}

/// Where a request says that it wants to be sent back to.
fn back(head: &str) -> &str {
    let line = head.lines().find_map(|line| line.strip_prefix("X-Back: "));
    line.unwrap()
}

#[test]
fn what_is_not_followed() {
    let server = Server::new(|request| match request.target() {
        "/loop" => to("302 Found", "/pool"),
        "/pool" => to("302 Found", "/loop"),
        "/self" => to("302 Found", "/self"),
        "/file" => to("302 Found", "file:///etc/passwd"),
        "/user" => to("302 Found", "http://user@127.0.0.1/"),
        "/ftp" => to("302 Found", "ftp://u:secret@x/y"),
        "/cut" => to("302 Found", "http://[::1"),
        "/none" => Reply::new("302 Found", ""),
        "/two" => Reply::with("302 Found", &["Location: /a", "Location: /b"], ""),
        "/300" => Reply::with("300 Choose", &["Location: /a"], "choices"),
        "/304" => Reply::raw("HTTP/1.1 304 Not Modified\r\nLocation: /a\r\n\r\n"),
        target => {
            let number: u32 = target[1..].parse().unwrap();
            to("302 Found", &format!("/{}", number + 1))
        }
    });
    for (path, what) in [
        ("/loop", "a redirect must not lead back to where it came from"),
        ("/self", "a redirect must not lead back to where it came from"),
        ("/file", "must lead to an http or https URL, and this one leads to file:///etc/passwd ("),
        ("/ftp", "leads to ftp://***@x/y ("),
        ("/cut", "leads to http://[::1 ("),
        ("/user", "a redirect must not name a user"),
        ("/none", "must have a Location, and this one has none"),
        ("/two", "must have one Location, and this one has several"),
        ("/1", "more than 10 redirects (redirects_max); follow more with --max-redirects N"),
    ] {
        let ended = go(&["http", &server.at(path), "-L"]);
        assert_fails(&ended, 1, what);
        assert_eq!(ended.stdout, b"");
    }
    assert_eq!(server.requests().last().unwrap().target(), "/11");
    let ended = go(&["http", &server.at("/5"), "-L", "--max-redirects", "2"]);
    assert_fails(&ended, 1, "more than 2 redirects (redirects_max)");
    assert_eq!(server.requests().last().unwrap().target(), "/7");
    assert_eq!(good(&["http", &server.at("/300"), "-L"]), b"choices");
    assert_eq!(good(&["http", &server.at("/304"), "-L"]), b"");
}

#[test]
fn not_followed_unless_asked_for() {
    let server = Server::new(|_| to("302 Found", "/there"));
    assert_eq!(good(&["http", &server.url]), b"moved");
    assert_eq!(server.requests().len(), 1);
}
