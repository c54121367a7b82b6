//! Servers that mean no good: each ends with the right word, and costs bounded time and memory.

use super::server::{Conn, Server, ok};
use crate::asking::{client, code, fetch, get, good, request, why};
use std::time::Duration;
use wirewright::net::http::Client;

/// The patience of a client here; whatever passes it takes far less than the whole call may.
const SHORT: Duration = Duration::from_millis(200);

/// How much a server may get rid of before the client has had enough, and kernels are full.
const TAKEN_BYTES_MAX: usize = 32 << 20;

fn hasty() -> Client {
    client(|options| {
        let limits = &mut options.session.limits;
        (limits.first_byte_wait, limits.head_wait, limits.body_wait) = (SHORT, SHORT, SHORT);
    })
}

/// Says something without end.
fn endless(before: &'static str, piece: &'static [u8]) -> Server {
    let block = piece.repeat((64 << 10) / piece.len() + 1);
    Server::start(move |mut conn| {
        conn.must();
        conn.send(before);
        let sent = (0..).take_while(|_| conn.send(&block)).count() * block.len();
        assert!(sent < TAKEN_BYTES_MAX, "{sent} bytes were taken of {before:?}");
    })
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn things_without_end() {
    for (case, before, piece, limit) in [
        ("head", "HTTP/1.1 200 OK\r\n", &b"Name: value\r\n"[..], ["fields_max", "head_bytes_max"]),
        ("long fields", "HTTP/1.1 200 OK\r\n", &[b'a'; 1000], ["line_bytes_max"; 2]),
        ("status line", "HTTP/1.1 200 ", b"very ", ["line_bytes_max"; 2]),
        ("interim", "", b"HTTP/1.1 102 Processing\r\n\r\n", ["interim_max"; 2]),
        ("extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"x", {
            ["chunk_ext_bytes_max"; 2]
        }),
        ("extensions", CHUNKED, b"1;abcdefghijklmnopqrstuvwxyz\r\nx\r\n", {
            ["chunk_ext_total_bytes_max"; 2]
        }),
        ("chunk size", CHUNKED, b"0", ["chunk_ext_bytes_max"; 2]),
        ("trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n", {
            ["fields_max", "trailer_bytes_max"]
        }),
    ] {
        let server = endless(before, piece);
        let (report, _) = fetch(&mut client(|_| {}), get(*server, "/"));
        assert_eq!(code(&report), "too_large", "{case}: {report:?}");
        assert!(limit.iter().any(|name| why(&report).contains(name)), "{case}: {}", why(&report));
        assert_eq!(server.accepts(), 1, "{case}");
    }
}

#[test]
fn a_body_has_a_limit() {
    for before in
        [CHUNKED, "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"]
    {
        let server = endless(before, b"8\r\n12345678\r\n");
        let mut client = client(|options| options.session.limits.body_bytes_max = 1 << 20);
        let (report, heard) = fetch(&mut client, get(*server, "/"));
        assert_eq!(code(&report), "too_large", "{before:?}: {report:?}");
        assert!(why(&report).contains("body_bytes_max"), "{}", why(&report));
        assert!(heard.body.len() <= 1 << 20, "{}", heard.body.len());
    }
}

/// What is waited for when the patience ends.
#[test]
fn silence_in_every_place() {
    for (said, state) in [
        ("", "the first byte of the response"),
        ("H", "the rest of the head"),
        ("HTTP/1.1 200 OK\r\nA: b\r\n", "the rest of the head"),
        ("HTTP/1.1 100 Continue\r\n\r\n", "the first byte of the response"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "the rest of the body"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1234", "the rest of the body"),
        ("HTTP/1.1 200 OK\r\n\r\n1234", "the rest of the body"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5", "the rest of the body"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "the rest of the body"),
    ] {
        let server = Server::start(move |mut conn| {
            conn.must();
            conn.send(said);
            conn.gone();
        });
        let (report, _) = fetch(&mut hasty(), get(*server, "/"));
        assert_eq!(code(&report), "timed_out", "{said:?}: {report:?}");
        assert_eq!(why(&report), format!("timed out waiting for {state}"), "{said:?}");
    }
}

/// It says something all the time, but never enough.
#[test]
fn a_byte_at_a_time() {
    let pace = SHORT / 20;
    for (quickly, slowly) in [
        ("", "HTTP/1.1 200 OK\r\nA-long-name: and a long value behind it\r\n"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
            "0123456789012345678901234567890123456789",
        ),
        (CHUNKED, "1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            "A-long-name: and a long value behind it",
        ),
    ] {
        let server = Server::start(move |mut conn| {
            conn.must();
            conn.send(quickly);
            conn.drip(slowly.as_bytes(), pace);
            conn.gone();
        });
        let (report, _) = fetch(&mut hasty(), get(*server, "/"));
        assert_eq!(code(&report), "timed_out", "{quickly:?}: {report:?}");
    }
}

/// The same pace is enough where a byte counts as progress.
#[test]
fn slow_but_steady_is_fine() {
    let server = Server::start(|mut conn| {
        conn.must();
        conn.send("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n");
        conn.drip(&[b'x'; 40], SHORT / 20);
        conn.gone();
    });
    let mut client = client(|options| {
        options.session.limits.body_wait = 10 * SHORT;
        options.session.limits.payload_quantum = 1;
    });
    assert_eq!(good(&mut client, get(*server, "/")).1.body, [b'x'; 40]);
}

/// It takes nothing of a large body.
#[test]
fn a_server_that_does_not_read() {
    let server = Server::start(|mut conn| {
        conn.begins();
        std::thread::sleep(10 * SHORT);
    });
    let body = vec![b'x'; 32 << 20];
    let (report, _) = fetch(&mut hasty(), request("POST", *server, "/", Some(&body)));
    assert_eq!(code(&report), "timed_out", "{report:?}");
    assert!(report.sent && !report.retried);
}

#[test]
fn ends_in_every_place() {
    fn reset(conn: Conn) {
        // A reset would overtake what was said.
        std::thread::sleep(Duration::from_millis(30));
        conn.reset();
    }
    for (end, is_reset) in [(drop::<Conn> as fn(Conn), false), (reset, true)] {
        for said in [
            "",
            "H",
            "HTTP/1.1 200 OK\r\nA: b\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1234",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n",
            "HTTP/1.1 200 OK\r\n\r\nup to the end",
        ] {
            let server = Server::start(move |mut conn| {
                conn.must();
                conn.send(said);
                end(conn);
            });
            let (report, heard) = fetch(&mut client(|_| {}), get(*server, "/"));
            let is_whole = said.ends_with("the end") && !is_reset;
            let expected = if is_whole { "ok" } else { "incomplete" };
            assert_eq!(code(&report), expected, "{said:?} {is_reset}: {report:?}");
            assert_eq!(why(&report).contains("reset"), is_reset, "{said:?}: {}", why(&report));
            assert_eq!((server.accepts(), heard.ended), (1, usize::from(is_whole)));
        }
    }
}

#[test]
fn what_is_no_answer() {
    for said in [
        &b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"[..],
        b"\0\0\0\0",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"<html>hello</html>\n\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx",
    ] {
        let server = Server::start(move |mut conn| {
            conn.must();
            conn.send(said);
            conn.gone();
        });
        let (report, heard) = fetch(&mut client(|_| {}), get(*server, "/"));
        let case = said.escape_ascii();
        assert_eq!(code(&report), "malformed", "{case}: {report:?}");
        assert_eq!((server.accepts(), heard.ended), (1, 0), "{case}");
    }
}

/// RFC 8446 §6: an alert is how a server that expects TLS answers to a request in clear.
#[test]
fn an_alert_of_tls_is_no_answer_in_clear() {
    for said in [&b"\x15\x03\x01\0\x02\x02\x46"[..], b"\x15\x03\x03\0\x02\x02\x0a"] {
        let server = Server::start(move |mut conn| {
            conn.must();
            conn.send(said);
            conn.gone();
        });
        let (report, _) = fetch(&mut client(|_| {}), get(*server, "/"));
        assert_eq!(code(&report), "tls", "{report:?}");
        assert!(why(&report).contains("speaks TLS on this port"), "{report:?}");
        assert_eq!(server.accepts(), 1, "it is not asked again");
    }
}

/// What comes before the request is no answer to it. Whether the client sees it before it has sent
/// its request is a matter of luck; but it is never taken for an answer to the next one.
#[test]
fn an_answer_before_the_question() {
    let server = Server::start(|mut conn| {
        conn.send(ok("early"));
        conn.gone();
    });
    let mut early = 0;
    for _ in 0..2 {
        let mut client = client(|options| options.session.limits.first_byte_wait = 5 * SHORT);
        let (report, heard) = fetch(&mut client, get(*server, "/"));
        match code(&report) {
            "malformed" => assert!(heard.body.is_empty() && !report.sent),
            _ => assert_eq!((code(&report), heard.text()), ("ok", "early")),
        }
        early += usize::from(report.outcome.is_ok());
        let (report, heard) = fetch(&mut client, get(*server, "/"));
        assert!(matches!(code(&report), "malformed" | "timed_out" | "ok"), "{report:?}");
        assert!(report.outcome.is_err() || !report.reused, "{heard:?}");
    }
    println!("{early} of 2 came too early to be told apart");
}
