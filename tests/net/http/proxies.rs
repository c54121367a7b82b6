//! Through a proxy: in which form it is asked, with what secret, and over which connections.

use super::server::{Server, answer, ok};
use crate::asking::{client, code, fetch, get, good, request, why};
use std::sync::{Arc, Mutex};
use wirewright::http::proxy::Proxies;
use wirewright::http::url::Url;
use wirewright::net::http::{Client, Fetch};

/// `user:s3cret`
const SECRET: &str = "dXNlcjpzM2NyZXQ=";

fn proxied(server: &Server, lines: &Arc<Mutex<Vec<String>>>) -> Client {
    let proxy = format!("http://user:s3cret@{}", **server);
    let proxies = Proxies::from_lookup(|name| match name {
        "all_proxy" => Some(proxy.clone()),
        "no_proxy" => Some("direct.example, 127.0.0.1".to_owned()),
        _ => None,
    });
    let proxies = proxies.unwrap();
    let shown = format!("{proxies:?}");
    assert!(!shown.contains("s3cret") && !shown.contains(SECRET), "{shown}");
    let lines = lines.clone();
    client(|options| {
        (options.proxies, options.redirects, options.in_flight_max) = (proxies, true, 1);
        options.trace = Some(Arc::new(move |_, _, _, line: &wirewright::text::PeerText<'_>| {
            lines.lock().unwrap().push(line.to_string());
        }));
    })
}

fn is_masked(lines: &Mutex<Vec<String>>) {
    let lines = lines.lock().unwrap();
    assert!(!lines.is_empty());
    let tells = |line: &&String| line.contains("s3cret") || line.contains(SECRET);
    assert_eq!(lines.iter().find(tells), None);
}

#[test]
fn all_origins_in_clear_share_a_connection() {
    let server = Server::answering(|request| match request.target() {
        "http://a.example/there" => {
            answer("307 There", "Location: http://c.example:81/x?y\r\n", "")
        }
        target => ok(target),
    });
    let lines = Arc::default();
    let mut client = proxied(&server, &lines);
    for (url, host) in [
        ("http://a.example/1?x=%20#part", "a.example"),
        ("http://b.example:8080", "b.example:8080"),
        ("http://[::1]:81/2", "[::1]:81"),
        ("http://me:mine@a.example/3", "a.example"),
    ] {
        let (report, heard) = good(&mut client, Fetch::get(Url::parse(url).unwrap()));
        let absolute = url.replace("me:mine@", "").replace("#part", "").replace("8080", "8080/");
        assert_eq!((heard.text(), report.address), (&*absolute, Some(*server)));
        let seen = server.requests().pop().unwrap();
        assert_eq!((seen.target(), seen.get("Host")), (&*absolute, Some(host)));
        let authorization = format!("Basic {SECRET}");
        assert_eq!(seen.get("Proxy-Authorization"), Some(&*authorization));
        let shown = format!("{report:?}");
        assert!(!shown.contains("s3cret") && !shown.contains(SECRET), "{shown}");
    }
    // The secrets of the first origin stay there; that of the proxy is for the proxy.
    let mut away = Fetch::get(Url::parse("http://a.example/there").unwrap());
    away.headers.push("Authorization", b"Basic own").unwrap();
    let (_, heard) = good(&mut client, away);
    assert_eq!(heard.text(), "http://c.example:81/x?y");
    let seen = server.requests().pop().unwrap();
    assert_eq!((seen.get("Authorization"), seen.all("Proxy-Authorization").len()), (None, 1));
    assert_eq!(server.accepts(), 1);
    is_masked(&lines);
}

#[test]
fn some_hosts_are_asked_themselves() {
    let proxy = Server::answering(|_| answer("500 Never", "", ""));
    let server = Server::answering(|_| ok("itself"));
    let mut client = proxied(&proxy, &Arc::default());
    let (report, heard) = good(&mut client, get(*server, "/x"));
    assert_eq!((heard.text(), report.address), ("itself", Some(*server)));
    let seen = server.requests().pop().unwrap();
    assert_eq!((seen.target(), seen.get("Proxy-Authorization")), ("/x", None));
    assert_eq!(proxy.accepts(), 0);
}

/// A proxy answers in clear as an origin would, and the answer is the user's.
#[test]
fn what_a_proxy_says_in_clear() {
    let server = Server::answering(|_| answer("407 Who?", "Proxy-Authenticate: Basic\r\n", "no"));
    let mut client = proxied(&server, &Arc::default());
    let (_, heard) = good(&mut client, get("a.example", "/"));
    assert_eq!((heard.status, heard.text()), (407, "no"));
}

#[test]
fn tunnels_that_are_refused() {
    for status in ["407 Proxy Authentication Required", "502 Bad Gateway", "302 Found"] {
        let server = Server::answering(move |_| {
            let fields = "Location: http://elsewhere.example/\r\n";
            answer(status, fields, "a page of words")
        });
        let lines = Arc::default();
        let mut client = proxied(&server, &lines);
        let mut asked = request("POST", "a.example", "/", Some(b"body"));
        asked.url = Url::parse("https://a.example/").unwrap();
        asked.headers.push("Authorization", b"Basic own").unwrap();
        let (report, _) = fetch(&mut client, asked);
        assert_eq!(code(&report), "proxy_refused", "{report:?}");
        assert!(why(&report).contains(status), "{}", why(&report));
        assert!(!report.sent, "the proxy saw nothing of the request");
        let all = server.requests();
        assert_eq!((all.len(), all[0].method()), (1, "CONNECT"));
        assert_eq!((all[0].target(), all[0].get("Host")), ("a.example:443", Some("a.example:443")));
        assert_eq!(all[0].get("Proxy-Authorization"), Some(&*format!("Basic {SECRET}")));
        assert_eq!((all[0].get("Authorization"), all[0].get("Content-Length")), (None, None));
        is_masked(&lines);
    }
}

#[test]
fn tunnels_that_end_early() {
    for said in ["", "HTTP/1.1 200 Conn", "garbage\r\n"] {
        let server = Server::start(move |mut conn| {
            conn.must();
            conn.send(said);
        });
        let mut client = proxied(&server, &Arc::default());
        let (report, _) = fetch(&mut client, Fetch::get(Url::parse("https://a.example/").unwrap()));
        let expected = if said.starts_with('g') { "malformed" } else { "incomplete" };
        assert_eq!(code(&report), expected, "{said:?}: {report:?}");
        assert_eq!((server.accepts(), report.sent), (1, false));
    }
}

#[test]
fn a_proxy_that_is_not_there() {
    let server = Server::start(drop);
    let address = *server;
    let mut client = proxied(&server, &Arc::default());
    drop(server);
    let (report, _) = fetch(&mut client, get("a.example", "/"));
    assert_eq!(code(&report), "unreachable", "{report:?}");
    assert!(why(&report).contains(&address.to_string()), "{}", why(&report));
}
