//! Redirects: with which method, with what body, and without which secrets.

use super::server::{Request, Server, answer, ok};
use crate::asking::{client, code, fetch, get, good, request, url, why};
use crate::bytes::bytes;
use std::io::Write as _;
use std::sync::Arc;
use wirewright::net::http::{Body, Client};

fn following() -> Client {
    client(|options| options.redirects = true)
}

/// `/to/STATUS/REST` redirects to `/REST`; all else says where it was asked.
fn answers(request: &Request) -> Vec<u8> {
    let is_head = request.method() == "HEAD";
    let body = |text| if is_head { "" } else { text };
    let target = request.target();
    let Some(rest) = target.strip_prefix("/to/") else { return ok(body(target)) };
    let (status, path) = rest.split_once('/').unwrap();
    answer(&format!("{status} There"), &format!("Location: /{path}\r\n"), body("moved"))
}

/// What a method becomes, and whether the body is sent again.
fn becomes(status: u16, method: &'static str) -> (&'static str, bool) {
    match (status, method) {
        (301 | 302, "POST") => ("GET", false),
        (303, "HEAD") => ("HEAD", false),
        (303, _) => ("GET", false),
        (_, method) => (method, true),
    }
}

#[test]
fn methods_and_bodies() {
    let server = Server::answering(answers);
    let mut client = following();
    let mut file = tempfile::tempfile().unwrap();
    let sent = bytes(300_000);
    file.write_all(&sent).unwrap();
    let file = Arc::new(file);
    for status in [301, 302, 303, 307, 308] {
        for method in ["GET", "HEAD", "POST", "PUT"] {
            let bodies = match method {
                "POST" | "PUT" => {
                    vec![Body::Bytes(sent[..].into()), Body::File(file.clone(), sent.len() as u64)]
                }
                _ => vec![Body::None],
            };
            for body in bodies {
                let from = server.requests().len();
                let mut asked = request(method, *server, &format!("/to/{status}/end"), None);
                asked.headers.push("Content-Type", b"a/b").unwrap();
                asked.headers.push("Authorization", b"Basic x").unwrap();
                asked.body = body;
                let had_body = !asked.body.is_empty();
                let (report, heard) = good(&mut client, asked);
                let (expected, keeps) = becomes(status, method);
                let seen = server.requests().split_off(from);
                let case = format!("{status} {method}");
                assert_eq!((seen.len(), seen[0].method()), (2, method), "{case}");
                assert_eq!((seen[1].method(), seen[1].target()), (expected, "/end"), "{case}");
                let last = if had_body && keeps { &sent[..] } else { &[] };
                assert!(seen[1].body == last, "{case}: {} bytes", seen[1].body.len());
                assert_eq!(seen[1].get("Content-Type").is_some(), keeps, "{case}");
                assert_eq!(seen[1].get("Authorization"), Some("Basic x"), "{case}");
                assert_eq!(heard.text(), if expected == "HEAD" { "" } else { "/end" });
                let from = url(*server, &format!("/to/{status}/end"));
                assert_eq!(report.redirects, [(status, from)], "{case}");
                assert_eq!((&report.url, report.status), (&url(*server, "/end"), Some(200)));
            }
        }
    }
    assert_eq!(server.accepts(), 1, "short bodies of redirects are read away");
}

#[test]
fn nobody_follows_unasked() {
    let server = Server::answering(answers);
    let (report, heard) = good(&mut client(|_| {}), get(*server, "/to/302/end"));
    assert_eq!((heard.status, heard.text(), report.redirects.len()), (302, "moved", 0));
    // 300 and 304 are no redirects.
    let (_, heard) = good(&mut following(), get(*server, "/to/300/end"));
    assert_eq!(heard.status, 300);
}

#[test]
fn secrets_stay_with_the_first_origin() {
    let first = Arc::new(std::sync::OnceLock::<String>::new());
    let back = first.clone();
    let other = Server::answering(move |request| match request.target() {
        "/away" => answer("302 Back", &format!("Location: {}\r\n", back.get().unwrap()), ""),
        target => ok(target),
    });
    let away = url(*other, "/away");
    let server = Server::answering(move |request| match request.target() {
        "/" => answer("307 Here", "Location: /near\r\n", ""),
        "/near" => answer("307 Away", &format!("Location: {away}\r\n"), ""),
        target => ok(target),
    });
    first.set(url(*server, "/back").to_string()).unwrap();

    let mut asked = get(*server, "/");
    let secrets = ["Authorization", "cookie", "Proxy-Authorization"];
    for name in secrets {
        asked.headers.push(name, b"hidden").unwrap();
    }
    asked.headers.push("X-Kept", b"yes").unwrap();
    asked.headers.push("Host", b"first.example").unwrap();
    let (report, heard) = good(&mut following(), asked);
    assert_eq!((heard.text(), report.redirects.len()), ("/back", 3));
    let (at_first, at_other) = (server.requests(), other.requests());
    assert_eq!((at_first.len(), at_other.len()), (3, 1));
    for (seen, is_near) in
        [(&at_first[0], true), (&at_first[1], true), (&at_other[0], false), (&at_first[2], false)]
    {
        assert_eq!(secrets.map(|name| seen.get(name).is_some()), [is_near; 3], "{}", seen.head);
        assert_eq!(seen.get("X-Kept"), Some("yes"));
        let own = if std::ptr::eq(seen, &at_other[0]) { *other } else { *server };
        let own = own.to_string();
        assert_eq!(seen.get("Host"), Some(if is_near { "first.example" } else { &own }));
        assert!(is_near || !seen.head.contains("hidden"));
    }
}

#[test]
fn locations() {
    for (location, expected) in [
        ("end", "/a/b/end"),
        ("../end?x=1", "/a/end?x=1"),
        ("?only", "/a/b/c?only"),
        ("/root#fragment", "/root"),
        ("./../../../../end", "/end"),
        ("//HOST/net", "/net"),
        ("http://HOST/absolute", "/absolute"),
    ] {
        let host = Arc::new(std::sync::OnceLock::<String>::new());
        let its = host.clone();
        let server = Server::answering(move |request| match request.target() {
            "/a/b/c" => {
                let location = location.replace("HOST", its.get().unwrap());
                answer("302 Found", &format!("Location: {location}\r\n"), "")
            }
            target => ok(target),
        });
        host.set(server.to_string()).unwrap();
        let (_, heard) = good(&mut following(), get(*server, "/a/b/c"));
        assert_eq!(heard.text(), expected, "{location}");
    }
}

/// As curl mends them; each is a remark, and an error under the strict policy.
#[test]
fn careless_locations_are_mended() {
    for (fields, target) in [
        ("Location: /a b?c d#e f\r\n", "/a%20b?c+d"),
        ("Location: to  you\r\n", "/to%20%20you"),
        ("Location: /100%\r\n", "/100%"),
        ("Location: /a%zz?b=%&c=%4\r\n", "/a%zz?b=%&c=%4"),
        ("Location: /a\\b?c\\d\r\n", "/a%5Cb?c%5Cd"),
        ("Location: \\\\other.example\\x\r\n", "/%5C%5Cother.example%5Cx"),
        ("Location: /a%20b c\r\n", "/a%20b%20c"),
        ("Location: /caf\u{e9} 1\r\n", "/caf%C3%A9%201"),
        ("Location: /x\r\nLocation: /x\r\n", "/x"),
        ("Location: /x y\r\nLocation: /x y\r\nLocation: /x y\r\n", "/x%20y"),
    ] {
        let server = Server::answering(move |request| match request.target() {
            "/start" => answer("302 Found", fields, ""),
            target => ok(target),
        });
        let (report, heard) = fetch(&mut following(), get(*server, "/start"));
        assert_eq!((code(&report), heard.text()), ("ok", target), "{fields:?}: {report:?}");
        let again = fields.matches("Location").count() > 1;
        let mended =
            fields["Location: ".len()..].lines().next().unwrap().contains([' ', '%', '\\']);
        let texts: Vec<&str> = report.remarks.iter().map(|remark| remark.text).collect();
        assert_eq!(texts.len(), usize::from(again) + usize::from(mended), "{texts:?}");
        let mut strict = client(|options| {
            options.redirects = true;
            options.session.policy = wirewright::http::config::Policy::Strict;
        });
        let (report, _) = fetch(&mut strict, get(*server, "/start"));
        assert_eq!(code(&report), "malformed", "{fields:?}: {report:?}");
    }
    for fields in [
        "Location: http://127.0.0.1\\@other.example/\r\n",
        "Location: http://a b/\r\n",
        "Location: http:\\\\h\\x\r\n",
        "Location: /x\r\nLocation: /x/\r\n",
    ] {
        let server = Server::answering(move |_| answer("302 Found", fields, ""));
        let (report, _) = fetch(&mut following(), get(*server, "/start"));
        assert_eq!(code(&report), "malformed", "{fields:?}: {report:?}");
        assert_eq!(server.requests().len(), 1, "{fields:?}");
    }
}

#[test]
fn redirects_that_are_refused() {
    for (fields, expected) in [
        ("", "has none"),
        ("Location: /a\r\nLocation: /b\r\n", "one Location"),
        ("Location: ftp://127.0.0.1/\r\n", "http"),
        ("Location: file:///etc/passwd\r\n", "http"),
        ("Location: javascript:alert(1)\r\n", "http"),
        ("Location: http://user:secret@127.0.0.1/\r\n", "must not name a user"),
        ("Location: http://\r\n", ""),
        ("Location: /start\r\n", "back"),
        ("Location: http://127.0.0.1:99999/\r\n", ""),
    ] {
        let server = Server::answering(move |request| match request.target() {
            "/start" => answer("302 Found", fields, ""),
            target => ok(target),
        });
        let (report, _) = fetch(&mut following(), get(*server, "/start"));
        assert_eq!(code(&report), "malformed", "{fields:?}: {report:?}");
        assert!(why(&report).contains(expected), "{fields:?}: {}", why(&report));
        assert!(!why(&report).contains("secret"), "{}", why(&report));
        assert_eq!(server.requests().len(), 1, "{fields:?}");
    }
}

#[test]
fn circles_and_long_chains_end() {
    let server = Server::answering(|request| {
        let (kind, at) = request.target()[1..].split_once('/').unwrap();
        let at: usize = at.parse().unwrap();
        let next = match kind {
            "circle" => (at + 1) % 3,
            _ => at + 1,
        };
        match (kind, at) {
            ("four", 4) => ok("there"),
            _ => answer("302 Found", &format!("Location: /{kind}/{next}\r\n"), ""),
        }
    });
    let mut exactly = client(|options| {
        options.redirects = true;
        options.session.limits.redirects_max = 4;
    });
    let (report, heard) = good(&mut exactly, get(*server, "/four/0"));
    assert_eq!((report.redirects.len(), heard.text()), (4, "there"));
    let (report, _) = fetch(&mut exactly, get(*server, "/chain/0"));
    assert_eq!((code(&report), report.redirects.len()), ("too_large", 4), "{report:?}");
    let (report, _) = fetch(&mut exactly, get(*server, "/circle/0"));
    assert_eq!((code(&report), report.redirects.len()), ("malformed", 2), "{report:?}");
    let (report, _) = fetch(&mut following(), get(*server, "/chain/0"));
    assert_eq!((code(&report), report.redirects.len()), ("too_large", 10), "{report:?}");
}

/// How much a server may get rid of before it notices that nobody reads: what kernels hold.
const UNREAD_BYTES_MAX: usize = 64 << 20;

#[test]
fn a_huge_body_of_a_redirect_is_not_read() {
    for framing in ["Content-Length: 1073741824\r\n", "Transfer-Encoding: chunked\r\n", ""] {
        let server = Server::start(move |mut conn| {
            if conn.must().target() == "/end" {
                conn.send(ok("there"));
                return conn.gone();
            }
            conn.send(format!("HTTP/1.1 302 Found\r\nLocation: /end\r\n{framing}\r\n"));
            let chunk = [&b"10000\r\n"[..], &[7; 65536], b"\r\n"].concat();
            let sent = (0..).take_while(|_| conn.send(&chunk)).count() * chunk.len();
            assert!(sent < UNREAD_BYTES_MAX, "{sent} bytes were read");
        });
        let (report, heard) = good(&mut following(), get(*server, "/"));
        assert_eq!((heard.text(), report.reused), ("there", false), "{framing}");
        assert_eq!(server.accepts(), 2);
    }
}

#[test]
fn what_is_read_away_of_a_redirect_has_a_bound() {
    for (len, accepts) in [(1000, 1), (1001, 2)] {
        let server = Server::answering(move |request| match request.target() {
            "/end" => ok("there"),
            _ => answer("302 Found", "Location: /end\r\n", vec![b'x'; len]),
        });
        let mut client = client(|options| {
            (options.redirects, options.discard_bytes_max) = (true, 1000);
        });
        assert_eq!(good(&mut client, get(*server, "/")).1.text(), "there");
        assert_eq!(server.accepts(), accepts, "{len}");
    }
}
