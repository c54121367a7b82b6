//! URLs, requests, redirects: what is accepted, what it becomes, and what is refused where.

use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::http::config::Limits;
use wirewright::http::message::headers::Headers;
use wirewright::http::redirect::{Chain, Redirect, is_redirect};
use wirewright::http::request::{Method, Request, RequestBody};
use wirewright::http::url::{Host, Scheme, Url};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn urls_that_are_good() {
    for (text, expected) in [
        ("http://example.org", "http://example.org/"),
        ("HTTP://Example.ORG/A?B=C#d", "http://example.org/A?B=C"),
        ("http://h:80/", "http://h/"),
        ("https://h:443/", "https://h/"),
        ("http://h:443/", "http://h:443/"),
        ("http://h:08080/x", "http://h:8080/x"),
        ("http://h:/x", "http://h/x"),
        ("http://h?q", "http://h/?q"),
        ("http://h/?", "http://h/?"),
        ("http://h#f", "http://h/"),
        ("http://user:pass@h/x", "http://h/x"),
        ("http://h/a/./b/../c", "http://h/a/c"),
        ("http://h/../../x", "http://h/x"),
        ("http://h/%2e%2E/x", "http://h/%2e%2E/x"),
        ("http://h/a%20b?c%20d", "http://h/a%20b?c%20d"),
        ("http://h/王?大=锤", "http://h/%E7%8E%8B?%E5%A4%A7=%E9%94%A4"),
        ("http://h/a[0]{b}|c^d\"<>`", "http://h/a%5B0%5D%7Bb%7D%7Cc%5Ed%22%3C%3E%60"),
        ("http://h/a?b?c/d:e@f", "http://h/a?b?c/d:e@f"),
        ("http://h/a//b", "http://h/a//b"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
        ("http://[::1]/", "http://[::1]/"),
        ("http://[2001:DB8::0:1]:81/", "http://[2001:db8::1]:81/"),
        ("http://[::ffff:1.2.3.4]/", "http://[::ffff:1.2.3.4]/"),
        ("http://a-b_c.example./", "http://a-b_c.example./"),
        ("http://1a.2b/", "http://1a.2b/"),
    ] {
        assert_eq!(url(text).to_string(), expected, "{text}");
        assert_eq!(url(expected).to_string(), expected, "again");
    }
}

#[test]
fn urls_that_are_not() {
    for (text, offset) in [
        ("", 0),
        ("example.org", 0),
        ("/path", 0),
        ("//h/x", 0),
        ("ftp://h/", 0),
        ("file:///etc/passwd", 0),
        ("httpx://h/", 0),
        ("http:", 5),
        ("http:h", 5),
        ("http:/h", 5),
        ("http://", 7),
        ("http:///x", 7),
        ("http://user@/x", 12),
        ("http://:80/", 7),
        ("http://h h/", 8),
        ("http://h/a b", 10),
        (" http://h/", 0),
        ("http://h/ ", 9),
        ("http://h/\r\nHost: x", 9),
        ("http://h/\nx", 9),
        ("http://h/x\0", 10),
        ("http://h\t/", 8),
        ("http://h/\x7f", 9),
        ("http://h\\x", 8),
        ("http://h/a\\b", 10),
        ("http://h/%", 9),
        ("http://h/%2", 9),
        ("http://h/%zz", 9),
        ("http://h/#%", 10),
        ("http://h:0/", 8),
        ("http://h:65536/", 8),
        ("http://h:+80/", 8),
        ("http://h:8a/", 8),
        ("http://h:80:80/", 8),
        ("http://a..b/", 7),
        ("http://.a/", 7),
        ("http://a,b/", 8),
        ("http://a%41/", 8),
        ("http://例え.jp/", 7),
        ("http://127.1/", 7),
        ("http://127.0.0.01/", 7),
        ("http://0x7f.1/", 7),
        ("http://0X7F000001/", 7),
        ("http://2130706433/", 7),
        ("http://1.2.3.4.5/", 7),
        ("http://1.2.3.256/", 7),
        ("http://example.1/", 7),
        ("http://[::1/", 7),
        ("http://::1/", 7),
        ("http://[::1]x/", 12),
        ("http://[1.2.3.4]/", 7),
        ("http://[fe80::1%25eth0]/", 7),
        ("http://[v1.x]/", 7),
        ("http://a@b@c/", 10),
    ] {
        let error = Url::parse(text).expect_err(text);
        assert_eq!(
            (error.kind(), error.offset()),
            ("malformed", Some(offset)),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn parts_of_urls() {
    let whole = url("https://us%65r:p%40:x@[::1]:8443/a/b;c?d=e#f");
    assert_eq!((whole.scheme(), whole.port()), (Scheme::Https, 8443));
    assert!(matches!(whole.host(), Host::V6(address) if address.is_loopback()));
    let userinfo = whole.userinfo().unwrap();
    assert_eq!((&userinfo.user[..], &userinfo.password[..]), (&b"user"[..], &b"p@:x"[..]));
    assert_eq!((whole.path(), whole.query()), ("/a/b;c", Some("d=e")));
    assert_eq!(whole.origin_form(), "/a/b;c?d=e");
    assert_eq!(whole.authority_form(), "[::1]:8443");
    assert_eq!(url("http://h/").authority_form(), "h:80");
    assert!(!format!("{whole:?} {whole} {userinfo:?}").contains("p@"));
    assert_eq!(url("http://h/a").origin(), url("http://H:80/b?c").origin());
    for other in ["https://h:80/", "http://h:81/", "http://g/", "http://h./"] {
        assert_ne!(url("http://h/").origin(), url(other).origin(), "{other}");
    }
}

/// RFC 3986 §5.4, as far as it stays within the two schemes; the rest is tested beside `resolve`.
#[test]
fn references_are_joined() {
    let base = url("http://user@a/b/c/d;p?q");
    for (reference, expected) in [
        ("g", "http://a/b/c/g"),
        ("./g/", "http://a/b/c/g/"),
        ("//g", "http://g/"),
        ("//g:81?x", "http://g:81/?x"),
        ("?y", "http://a/b/c/d;p?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("", "http://a/b/c/d;p?q"),
        ("../../../g", "http://a/g"),
        ("https://x/y/../z", "https://x/z"),
        ("/a:b", "http://a/a:b"),
        ("/a//b", "http://a/a//b"),
        ("/?u=http://x/", "http://a/?u=http://x/"),
    ] {
        let joined = base.join(reference.as_bytes()).unwrap();
        assert_eq!(joined.to_string(), expected, "{reference}");
        assert_eq!(joined.userinfo(), None);
    }
    let latin = base.join(b"/caf\xe9").unwrap();
    assert_eq!(latin.to_string(), "http://a/caf%E9");
    for (reference, offset) in [
        (&b"g:h"[..], 0),
        (b"http:g", 5),
        (b"javascript:alert(1)", 0),
        (b"//g h", 3),
        (b"//a,b/", 3),
        (b"/x y", 2),
        (b"/\xff\0", 2),
        (b"http://h\\@x/", 8),
        (b"//\xbd\xbd@a,b/", 6),
        (b"//a\xe9/", 3),
    ] {
        let error = base.join(reference).expect_err("refused");
        assert_eq!((error.kind(), error.offset()), ("malformed", Some(offset)), "{reference:?}");
    }
}

fn bytes(request: &Request) -> String {
    let mut out = Buffer::with_limit(1 << 16);
    request.encode(&mut out).unwrap();
    String::from_utf8(out.readable().to_vec()).unwrap()
}

#[test]
fn requests_become_bytes() {
    let place = url("http://user:pass@example.org:8080/a?b#c");
    let mut request = Request::new(Method::GET, &place);
    let head = "GET /a?b HTTP/1.1\r\nHost: example.org:8080\r\n";
    assert_eq!(bytes(&request), format!("{head}\r\n"));
    request.header("Accept", b" */* ").unwrap();
    request.header("X", "王".as_bytes()).unwrap();
    assert_eq!(bytes(&request), format!("{head}Accept: */*\r\nX: 王\r\n\r\n"));
    request.header("host", b"other").unwrap();
    let head = "GET /a?b HTTP/1.1\r\nhost: other\r\nAccept: */*\r\nX: 王\r\n";
    assert_eq!(bytes(&request), format!("{head}\r\n"));
    let proxied = Request::to_proxy(Method::HEAD, &place);
    let head = "HEAD http://example.org:8080/a?b HTTP/1.1\r\nHost: example.org:8080\r\n\r\n";
    assert_eq!(bytes(&proxied), head);
    let tunnel = Request::connect(url("https://[::1]/x").origin());
    assert_eq!(bytes(&tunnel), "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n");
}

#[test]
fn bodies_are_announced() {
    for (method, body, line) in [
        ("GET", RequestBody::None, ""),
        ("DELETE", RequestBody::None, ""),
        ("POST", RequestBody::None, "Content-Length: 0\r\n"),
        ("PUT", RequestBody::None, "Content-Length: 0\r\n"),
        ("GET", RequestBody::Length(0), "Content-Length: 0\r\n"),
        ("POST", RequestBody::Length(u64::MAX), "Content-Length: 18446744073709551615\r\n"),
        ("POST", RequestBody::Chunked, "Transfer-Encoding: chunked\r\n"),
    ] {
        let mut request = Request::new(Method::new(method).unwrap(), &url("http://h/"));
        request.set_body(body);
        assert_eq!(bytes(&request), format!("{method} / HTTP/1.1\r\nHost: h\r\n{line}\r\n"));
    }
}

/// Nothing that ends a line gets into a request.
#[test]
fn injection_is_refused() {
    for method in ["", "GE T", "GET\r\n", "G\0T", "GET / HTTP/1.1\r\nX:", "GÉT", "G:T"] {
        assert_eq!(Method::new(method).map_err(|error| error.kind()), Err("malformed"), "{method}");
    }
    let mut request = Request::new(Method::GET, &url("http://h/"));
    for (name, value, offset) in [
        ("", &b"x"[..], 0),
        ("a b", b"x", 1),
        ("a:", b"x", 1),
        ("a\r\nb", b"x", 1),
        ("é", b"x", 0),
        ("a", b"x\r\nHost: y", 1),
        ("a", b"\n", 0),
        ("a", b"x\r", 1),
        ("a", b"x\r\n", 1),
        ("a", b"x\0", 1),
        ("a", b"x\x1b[m", 1),
        ("a", b"x\x7f", 1),
    ] {
        let error = request.header(name, value).expect_err(name);
        assert_eq!((error.kind(), error.offset()), ("malformed", Some(offset)), "{name} {value:?}");
    }
    for name in ["content-length", "Transfer-Encoding", "Expect", "Upgrade", "TE", "Trailer"] {
        assert!(matches!(request.header(name, b"x"), Err(Error::Misuse(_))), "{name}");
    }
    assert!(request.headers().is_empty());
}

#[test]
fn secrets_mask_themselves() {
    let mut request = Request::new(Method::GET, &url("http://h/"));
    for name in ["authorization", "Cookie", "Proxy-Authorization", "Set-Cookie"] {
        request.header(name, b"sesame").unwrap();
    }
    request.header("X", b"open").unwrap();
    let shown = format!("{request:?}");
    assert!(!shown.contains("sesame") && shown.contains("open"), "{shown}");
    assert_eq!(shown.matches("***").count(), 4);
}

fn location(value: &str) -> Headers {
    let mut headers = Headers::new();
    headers.push("location", value.as_bytes()).unwrap();
    headers
}

fn follow(method: &str, status: u16, from: &str, to: &str) -> Result<Redirect, Error> {
    let method = Method::new(method).unwrap();
    Chain::new(&Limits::default(), &method, &url(from)).follow(status, 0, &location(to))
}

#[test]
fn methods_of_redirects() {
    for (status, method, becomes, keeps) in [
        (301, "GET", "GET", true),
        (301, "POST", "GET", false),
        (301, "PUT", "PUT", true),
        (302, "POST", "GET", false),
        (302, "HEAD", "HEAD", true),
        (302, "DELETE", "DELETE", true),
        (303, "GET", "GET", false),
        (303, "POST", "GET", false),
        (303, "PUT", "GET", false),
        (303, "HEAD", "HEAD", false),
        (307, "POST", "POST", true),
        (308, "POST", "POST", true),
        (308, "PUT", "PUT", true),
    ] {
        let redirect = follow(method, status, "http://h/", "/x").unwrap();
        assert_eq!(redirect.method.as_str(), becomes, "{status} {method}");
        assert_eq!(redirect.keep_body, keeps, "{status} {method}");
        assert!(is_redirect(status));
    }
    assert!(![200, 204, 300, 304, 305, 306, 309, 400].into_iter().any(is_redirect));
}

#[test]
fn places_of_redirects() {
    for (from, to, drops) in [
        ("http://h/a", "b", Some(false)),
        ("http://h/a", "http://H:80/b", Some(false)),
        ("http://h/a", "https://h/a", Some(true)),
        ("http://h/a", "http://g/a", Some(true)),
        ("http://h/a", "http://h:81/a", Some(true)),
        ("https://h/a", "https://h:443/b", Some(false)),
        ("https://h/a", "http://h/a", None),
        ("https://h/a", "//h/b", Some(false)),
        ("http://h/a", "ftp://h/", None),
        ("http://h/a", "javascript:x", None),
        ("http://h/a", "http://user@h/", None),
        ("http://h/a", "http://h/ x", Some(false)),
        ("http://h/a", "http://h /x", None),
        ("http://h/a", "http://h/a", None),
        ("http://h/a", "#f", None),
        ("http://h/a", "", None),
    ] {
        let redirect = follow("GET", 302, from, to);
        assert_eq!(redirect.as_ref().ok().map(|r| r.drop_credentials), drops, "{from} to {to}");
        if let Err(error) = redirect {
            assert_eq!(error.kind(), "malformed", "{error}");
        }
    }
}

#[test]
fn chains_of_redirects() {
    let limits = Limits { redirects_max: 3, ..Limits::default() };
    let mut chain = Chain::new(&limits, &Method::GET, &url("http://a/"));
    let mut step = |to: &str| {
        let redirect = chain.follow(302, 7, &location(to));
        redirect.map(|r| r.drop_credentials).map_err(|error| error.kind())
    };
    // Once away, always away, also back at the first origin.
    assert_eq!(step("/1"), Ok(false));
    assert_eq!(step("http://b/"), Ok(true));
    assert_eq!(step("http://a/"), Err("malformed"));
    assert_eq!(step("http://a/2"), Ok(true));
    assert_eq!(step("/3"), Err("too_large"));
    // A POST that becomes a GET for the same place is no loop.
    let method = Method::POST;
    let mut chain = Chain::new(&limits, &method, &url("http://a/"));
    assert!(chain.follow(303, 7, &location("/")).is_ok_and(|r| r.method == Method::GET));
    assert!(chain.follow(303, 7, &location("/")).is_err());
    let mut two = location("/x");
    two.push("Location", b"/y").unwrap();
    for headers in [Headers::new(), two] {
        let error = chain.follow(302, 7, &headers).expect_err("no one Location");
        assert_eq!((error.kind(), error.offset()), ("malformed", Some(7)));
    }
}

#[test]
fn what_must_not_come_along_is_taken_out() {
    let mut headers = Headers::new();
    for name in ["authorization", "Cookie", "X", "Content-Type", "PROXY-AUTHORIZATION", "Host"] {
        headers.push(name, b"v").unwrap();
    }
    headers.push("Cookie", b"w").unwrap();
    for (method, from, to, left) in [
        (
            "POST",
            "http://h/",
            "/x",
            &["authorization", "Cookie", "X", "PROXY-AUTHORIZATION", "Host", "Cookie"][..],
        ),
        ("PUT", "http://h/", "http://g/", &["X", "Content-Type"]),
        ("POST", "http://h/", "http://g/", &["X"]),
    ] {
        let mut headers = headers.clone();
        follow(method, 302, from, to).unwrap().prune(&mut headers);
        let names: Vec<&str> = headers.iter().map(|field| field.name).collect();
        assert_eq!(names, left, "{method} {from} to {to}");
    }
}

#[test]
fn methods_that_may_be_tried_again() {
    for (name, again) in [
        ("GET", true),
        ("HEAD", true),
        ("PUT", true),
        ("DELETE", true),
        ("OPTIONS", true),
        ("POST", false),
        ("PATCH", false),
        ("CONNECT", false),
        ("get", false),
    ] {
        assert_eq!(Method::new(name).unwrap().is_idempotent(), again, "{name}");
    }
}
