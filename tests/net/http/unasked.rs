//! A 408 on a connection that was used before may be no answer: RFC 9110 §15.5.9.

use super::server::{Server, answer, ok};
use crate::asking::{client, code, fetch, get, good, request, why};

/// The first connections answer one request, and say this to the second one, which they read.
fn saying(count: usize, said: &'static str) -> Server {
    Server::start(move |mut conn| {
        while let Some(request) = conn.request() {
            if request.target() == "/first" || conn.number > count {
                conn.send(ok(request.target()));
                continue;
            }
            conn.send(answer(said, "Connection: close\r\n", "words"));
            return conn.gone();
        }
    })
}

/// The 408 may have been on its way before the request: the client cannot tell.
#[test]
fn a_request_timeout_of_a_used_connection_is_tried_once_on_a_new_one() {
    for (method, goes_again) in [
        ("GET", true),
        ("PUT", true),
        ("DELETE", true),
        ("OPTIONS", true),
        ("POST", false),
        ("PATCH", false),
    ] {
        let server = saying(1, "408 Request Timeout");
        let mut client = client(|_| {});
        good(&mut client, get(*server, "/first"));
        let body = (method != "GET").then_some(&b"body"[..]);
        let (report, heard) = fetch(&mut client, request(method, *server, "/x", body));
        assert_eq!((report.retried, report.sent), (goes_again, true), "{method}: {report:?}");
        if goes_again {
            assert_eq!((code(&report), report.status), ("ok", Some(200)), "{method}");
            assert_eq!((heard.text(), report.reused), ("/x", false), "{method}");
            let seen = server.requests();
            assert_eq!((&seen[1].head, &seen[1].body), (&seen[2].head, &seen[2].body));
            assert_eq!((seen.len(), server.accepts()), (3, 2));
        } else {
            assert_eq!((code(&report), report.status), ("unanswered", None), "{method}");
            assert!(why(&report).contains(&format!("{method} is not sent again")), "{report:?}");
            assert_eq!((server.requests().len(), server.accepts()), (2, 1));
        }
    }
}

#[test]
fn on_a_new_connection_it_is_the_answer() {
    for method in ["GET", "POST"] {
        let server = saying(9, "408 Request Timeout");
        let mut client = client(|_| {});
        let (report, _) = good(&mut client, request(method, *server, "/x", None));
        assert_eq!((report.status, report.retried), (Some(408), false), "{method}");
        assert_eq!(server.requests().len(), 1);
    }
    // Once more, and not again.
    let server = saying(9, "408 Request Timeout");
    let mut client = client(|_| {});
    good(&mut client, get(*server, "/first"));
    let (report, heard) = good(&mut client, get(*server, "/x"));
    assert_eq!((report.status, report.retried, heard.text()), (Some(408), true, "words"));
    assert_eq!((server.requests().len(), server.accepts()), (3, 2));
}

/// Only 408 says that the server did not see the request; a server may say the others to it.
#[test]
fn other_errors_are_answers() {
    for said in ["400 Bad Request", "503 Service Unavailable", "500 No"] {
        let server = saying(1, said);
        let mut client = client(|_| {});
        good(&mut client, get(*server, "/first"));
        let (report, heard) = good(&mut client, get(*server, "/x"));
        assert_eq!((report.status, report.retried), (said[..3].parse().ok(), false), "{said}");
        assert_eq!((heard.text(), report.reused, server.accepts()), ("words", true, 1));
    }
}
