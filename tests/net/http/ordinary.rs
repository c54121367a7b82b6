//! Requests and responses as they should be.

use super::server::{Server, answer, ok};
use crate::asking::{client, code, fetch, fetch_all, get, good, request, url, why};
use crate::bytes::bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use std::io::{Seek as _, Write as _};
use std::sync::Arc;
use wirewright::http::request::Method;
use wirewright::net::FailureKind;
use wirewright::net::http::{Body, Client, Fetch, Report};

/// On which side it failed.
fn kind(report: &Report) -> FailureKind {
    report.outcome.as_ref().expect_err("it has failed").kind
}

#[test]
fn bodies_travel_whole_both_ways() {
    let server = Server::answering(|request| ok(&request.body));
    let mut client = client(|_| {});
    for method in ["POST", "PUT", "PATCH", "GET", "DELETE"] {
        for len in [0, 1, 100 << 10] {
            let sent = bytes(len);
            let (report, heard) = good(&mut client, request(method, *server, "/x?y", Some(&sent)));
            assert!(heard.body == sent, "{method} with {len} bytes");
            assert_eq!((heard.status, heard.len), (200, Some(len as u64)));
            assert_eq!((report.received, report.status), (len as u64, Some(200)));
            let last = server.requests().pop().unwrap();
            assert_eq!((last.method(), last.target()), (method, "/x?y"));
            assert_eq!(last.get("Content-Length"), Some(&*len.to_string()));
            assert_eq!(last.get("Host"), Some(&*server.to_string()));
        }
    }
    assert_eq!(server.accepts(), 1);
}

#[test]
fn a_file_is_sent_from_its_beginning() {
    let server = Server::answering(|request| ok(&request.body));
    let mut client = client(|_| {});
    let sent = bytes(5 << 20);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&sent).unwrap();
    file.seek(std::io::SeekFrom::Start(17)).unwrap();
    let mut fetch = Fetch::new(Method::POST, url(*server, "/"));
    fetch.body = Body::File(Arc::new(file), sent.len() as u64);
    let (report, heard) = good(&mut client, fetch);
    assert!(heard.body == sent, "{} of {} bytes", heard.body.len(), sent.len());
    assert_eq!(report.received, sent.len() as u64);
}

#[test]
fn a_file_that_is_too_short_fails_the_request() {
    let server = Server::start(|mut conn| conn.gone());
    let mut client = client(|_| {});
    let file = tempfile::tempfile().unwrap();
    file.set_len(100).unwrap();
    let mut put = request("PUT", *server, "/", None);
    put.body = Body::File(Arc::new(file), 1000);
    let (report, _) = fetch(&mut client, put);
    assert_eq!(code(&report), "io", "{report:?}");
    assert!(why(&report).contains("the body of the request"), "{}", why(&report));
}

#[test]
fn a_request_says_what_it_has_to() {
    let server = Server::answering(|_| ok(""));
    let mut client = client(|_| {});
    good(&mut client, get(*server, "/a#fragment"));
    let mut own = get(format!("user:secret@{}", *server), "/b");
    own.headers.push("user-agent", b"mine").unwrap();
    own.headers.push("Accept", b"text/plain").unwrap();
    own.headers.push("Host", b"other.example").unwrap();
    good(&mut client, own);
    good(&mut client, request("POST", *server, "/c", None));
    let form = Fetch::post_form(url(*server, "/d"), &[("a", "1 2"), ("b", "\u{e4}&")]);
    good(&mut client, form);

    let all = server.requests();
    assert_eq!(all[0].target(), "/a");
    assert!(all[0].get("User-Agent").unwrap().starts_with("wirewright/"));
    assert_eq!(all[0].get("Accept"), Some("*/*"));
    assert_eq!(all[0].get("Accept-Encoding"), Some("gzip, deflate"));
    assert_eq!(all[0].get("Content-Length"), None);
    assert_eq!(all[1].get("User-Agent"), Some("mine"));
    assert_eq!(all[1].get("Accept"), Some("text/plain"));
    assert_eq!(all[1].get("Host"), Some("other.example"));
    assert!(!all[1].head.contains("secret"), "{}", all[1].head);
    assert_eq!(all[2].get("Content-Length"), Some("0"));
    assert_eq!(all[3].body, b"a=1+2&b=%C3%A4%26");
    assert_eq!(all[3].get("Content-Type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn responses_without_a_body_leave_the_connection_in_use() {
    let server = Server::answering(|request| {
        let head = match request.target() {
            "/head" => "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n",
            "/chunked" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "/gzip" => "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n",
            "/204" => "HTTP/1.1 204 No Content\r\n\r\n",
            _ => "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
        };
        head.into()
    });
    let mut client = client(|_| {});
    for (method, path, status) in [
        ("HEAD", "/head", 200),
        ("HEAD", "/chunked", 200),
        ("HEAD", "/gzip", 200),
        ("GET", "/204", 204),
        ("POST", "/204", 204),
        ("GET", "/304", 304),
    ] {
        let (report, heard) = good(&mut client, request(method, *server, path, None));
        assert_eq!((heard.status, heard.body.len()), (status, 0), "{method} {path}");
        assert_eq!(report.received, 0);
    }
    assert_eq!(server.accepts(), 1);
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n\
                       5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nSum: 42\r\n\r\n";
const CLOSED: &str = "HTTP/1.1 200 OK\r\n\r\nup to the end";
const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
                       HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend";

/// Whole, and a byte at a time.
#[test]
fn framings() {
    for pieces in [false, true] {
        let server = Server::start(move |mut conn| {
            while let Some(request) = conn.request() {
                let response = match request.target() {
                    "/chunked" => CHUNKED,
                    "/interim" => INTERIM,
                    _ => CLOSED,
                };
                match pieces {
                    true => assert!(conn.drip(response.as_bytes(), std::time::Duration::ZERO)),
                    false => assert!(conn.send(response)),
                }
                if response == CLOSED {
                    return;
                }
            }
        });
        let mut client = client(|_| {});
        let (_, heard) = good(&mut client, get(*server, "/chunked"));
        assert_eq!((heard.text(), heard.len), ("hello!", None));
        assert_eq!(heard.trailers.get("Sum").unwrap().value, b"42");
        assert!(heard.headers.get("Sum").is_none());
        let (report, heard) = good(&mut client, get(*server, "/interim"));
        assert_eq!((heard.text(), heard.len), ("end", Some(3)));
        assert_eq!((heard.interims, report.reused), (vec![100, 103], true));
        let (_, heard) = good(&mut client, get(*server, "/closed"));
        assert_eq!((heard.text(), heard.len), ("up to the end", None));
        assert_eq!(server.accepts(), 1);
    }
}

/// A body that is packed as `path` says.
fn packed(path: &str) -> (&'static str, Vec<u8>) {
    let plain = bytes(100_000);
    match path {
        "/deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&plain).unwrap();
            ("deflate", encoder.finish().unwrap())
        }
        "/raw" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&plain).unwrap();
            ("deflate", encoder.finish().unwrap())
        }
        _ => {
            let plain = if path == "/bomb" { vec![0; 8 << 20] } else { plain };
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&plain).unwrap();
            let mut packed = encoder.finish().unwrap();
            match path {
                "/cut" => packed.truncate(50_000),
                "/sum" => packed.truncate(packed.len() - 1),
                "/wrong" => packed[60_000] ^= 1,
                "/more" => packed.push(b'x'),
                _ => {}
            }
            ("gzip", packed)
        }
    }
}

fn packing() -> Server {
    Server::answering(|request| {
        let (coding, body) = packed(request.target());
        answer("200 OK", &format!("Content-Encoding: {coding}\r\n"), body)
    })
}

#[test]
fn packed_bodies_are_unpacked() {
    let server = packing();
    let mut client = client(|options| {
        let limits = &mut options.session.limits;
        (limits.decoded_ratio_from_bytes, limits.decoded_ratio_max) = (1 << 20, 100);
    });
    for path in ["/gzip", "/deflate", "/raw"] {
        let (report, heard) = good(&mut client, get(*server, path));
        assert!(heard.body == bytes(100_000), "{path}");
        assert_eq!((heard.len, report.received), (None, packed(path).1.len() as u64), "{path}");
    }
    for (path, expected) in [
        ("/cut", "content_coding"),
        ("/sum", "content_coding"),
        ("/wrong", "content_coding"),
        ("/more", "content_coding"),
        ("/bomb", "too_large"),
    ] {
        let (report, _) = fetch(&mut client, get(*server, path));
        assert_eq!(code(&report), expected, "{path}: {report:?}");
        assert_eq!(kind(&report), FailureKind::Peer, "{path}: {report:?}");
    }
}

/// Where the end of the connection ends the body, what is missing may be lost with it.
#[test]
fn a_packed_body_that_the_connection_ends_may_be_cut_off() {
    let server = Server::start(|mut conn| {
        let request = conn.must();
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
        conn.send([head.as_bytes(), &packed(request.target()).1].concat());
    });
    let mut client = client(|_| {});
    good(&mut client, get(*server, "/gzip"));
    for (path, expected, fault) in [
        ("/cut", "incomplete", FailureKind::Connection),
        ("/sum", "incomplete", FailureKind::Connection),
        ("/wrong", "content_coding", FailureKind::Peer),
    ] {
        let (report, _) = fetch(&mut client, get(*server, path));
        assert_eq!((code(&report), kind(&report)), (expected, fault), "{path}: {report:?}");
    }
}

#[test]
fn what_nobody_asked_to_unpack_is_left_packed() {
    let server = packing();
    let mut client = client(|options| options.codings = false);
    let mut own = get(*server, "/gzip");
    own.headers.push("Accept-Encoding", b"gzip").unwrap();
    let (_, heard) = good(&mut client, own);
    assert!(heard.body == packed("/gzip").1);
    good(&mut client, get(*server, "/gzip"));
    let asked = server.requests();
    assert_eq!(asked[0].get("Accept-Encoding"), Some("gzip"));
    assert_eq!(asked[1].get("Accept-Encoding"), Some("identity"));
}

#[test]
fn asking_gathers_up_to_its_limit() {
    let server = Server::answering(|request| {
        let len: usize = request.target()[1..].parse().unwrap();
        answer("404 Not Found", "X: y\r\n", vec![7; len])
    });
    let mut client = client(|_| {});
    let max = Client::COLLECTED_BYTES_MAX;
    for len in [0, 1, max] {
        let answer = client.ask(get(*server, &format!("/{len}"))).unwrap();
        assert_eq!((answer.status, answer.body.len()), (404, len));
        assert_eq!(answer.headers.get("x").unwrap().value, b"y");
        assert_eq!(answer.url, url(*server, &format!("/{len}")));
        assert_eq!(answer.report.reused, len > 0);
    }
    let failure = client.ask(get(*server, &format!("/{}", max + 1))).unwrap_err();
    assert_eq!(failure.code, "too_large", "{failure:?}");
    assert!(failure.to_string().contains("collected_bytes_max"), "{failure:?}");
}

#[test]
fn reports_stand_in_the_order_of_their_fetches() {
    let server = Server::answering(|request| ok(request.target()));
    let mut client = client(|options| options.in_flight_max = 3);
    assert!(fetch_all(&mut client, Vec::new()).is_empty());
    let paths: Vec<String> = (0..30).map(|at| format!("/{at}")).collect();
    let all = fetch_all(&mut client, paths.iter().map(|path| get(*server, path)).collect());
    for (path, (report, heard)) in paths.iter().zip(&all) {
        assert_eq!((heard.text(), report.url.path()), (&**path, &**path));
        assert_eq!((code(report), report.address), ("ok", Some(*server)));
        let times = &report.timings;
        assert!(times.first_byte.is_some() && times.first_byte <= times.last_byte);
        assert_eq!((times.connect.is_none(), times.name), (report.reused, None));
    }
}
