//! Through a proxy that sees nothing of what is said.

use super::server::{End, ask, client, ok, proxy, serve};
use crate::authority::Authority;
use crate::installed::has_program;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use wirewright::http::proxy::Proxies;
use wirewright::net::http::Options;

fn by(proxy: SocketAddr) -> impl FnOnce(&mut Options) {
    let of_it = format!("http://user:s3cret@{proxy}");
    let lookup = move |name: &str| (name == "https_proxy").then(|| of_it.clone());
    move |options| options.proxies = Proxies::from_lookup(lookup).unwrap()
}

#[test]
fn a_tunnel_carries_many_requests() {
    if !has_program("openssl", "version", "a_tunnel_carries_many_requests") {
        return;
    }
    let authority = Authority::new();
    authority.sign("good", "ca", "");
    for reply in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let (server, heard) = serve(&authority, "good", ok("hello"), End::Stay);
        let (proxy, asked) = proxy(reply);
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = lines.clone();
        let mut client = client(&authority, |options| {
            by(proxy)(options);
            options.trace =
                Some(Arc::new(move |mark, is_tls, _, line: &wirewright::text::PeerText<'_>| {
                    kept.lock().unwrap().push(format!("{} {line}", mark.as_str(is_tls)));
                }));
        });
        for at in 0..2 {
            let answer = ask(&mut client, &format!("https://{server}/{at}"));
            let answer = answer.unwrap_or_else(|failure| panic!("{reply:?}: {failure}"));
            assert_eq!(answer.body, b"hello");
            assert_eq!((answer.report.reused, answer.report.address), (at == 1, Some(proxy)));
        }
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        let connect = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n");
        assert!(asked[0].starts_with(&connect), "{}", asked[0]);
        assert!(asked[0].contains("Proxy-Authorization: Basic dXNlcjpzM2NyZXQ="));
        let heard = heard.lock().unwrap();
        assert!(heard.len() == 2 && heard[1].starts_with("GET /1 HTTP/1.1\r\n"), "{heard:?}");
        assert!(heard.iter().all(|head| !head.contains("Proxy-")), "{heard:?}");
        let lines = lines.lock().unwrap();
        assert!(lines.contains(&format!("-> CONNECT {server} HTTP/1.1")), "{lines:?}");
        assert!(lines.contains(&"-> Proxy-Authorization: ***".to_owned()), "{lines:?}");
        assert!(lines.contains(&"~> GET /1 HTTP/1.1".to_owned()), "{lines:?}");
    }
}

#[test]
fn a_proxy_that_will_not() {
    if !has_program("openssl", "version", "a_proxy_that_will_not") {
        return;
    }
    for (reply, code) in [
        ("HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n", "proxy_refused"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\nno", "proxy_refused"),
        ("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\n\r\n", "proxy_refused"),
        ("SSH-2.0-x\r\n\r\n no HTTP", "malformed"),
        // Whoever stands there speaks before it was asked.
        ("HTTP/1.1 204 No Content\r\n\r\nhello", "malformed"),
    ] {
        let (proxy, _) = proxy(reply);
        let mut client = client(&Authority::new(), by(proxy));
        // The tunnel, where it is opened, leads to the proxy itself.
        let failure = ask(&mut client, &format!("https://{proxy}/")).unwrap_err();
        assert_eq!(failure.code, code, "{reply:?}: {failure}");
    }
}

#[test]
fn the_certificate_is_that_of_the_origin() {
    if !has_program("openssl", "version", "the_certificate_is_that_of_the_origin") {
        return;
    }
    let authority = Authority::new();
    authority.sign("stranger", "other", "");
    let (server, heard) = serve(&authority, "stranger", ok("hello"), End::Stay);
    let (proxy, _) = proxy("HTTP/1.1 200 OK\r\n\r\n");
    let failure = ask(&mut client(&authority, by(proxy)), &format!("https://{server}/"));
    assert_eq!(failure.unwrap_err().code, "tls");
    assert!(heard.lock().unwrap().is_empty());
}
