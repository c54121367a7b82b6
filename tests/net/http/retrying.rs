//! When a connection dies under a request: what is sent again, and what is not.

use super::server::{Conn, Server, answer, ok};
use crate::asking::{client, code, fetch, fetch_all, get, good, request, why};
use crate::listening::WAIT;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wirewright::http::message::headers::Headers;
use wirewright::net::Failure;
use wirewright::net::files::finisher::Finisher;
use wirewright::net::http::{After, Announced, Recipient};

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ends {
    Fin,
    Rst,
}

const BOTH: [Ends; 2] = [Ends::Fin, Ends::Rst];

fn end(conn: Conn, how: Ends) {
    if how == Ends::Rst {
        conn.reset();
    }
}

/// The first connections answer one request and end with the second, after these bytes.
fn dying(deaths: usize, how: Ends, last: &'static [u8]) -> Server {
    Server::start(move |mut conn| {
        while let Some(request) = conn.request() {
            let is_first = request.target() == "/first";
            if conn.number <= deaths && !is_first {
                conn.send(last);
                if !last.is_empty() {
                    // A reset would overtake the bytes.
                    std::thread::sleep(Duration::from_millis(30));
                }
                return end(conn, how);
            }
            conn.send(ok(request.target()));
        }
    })
}

#[test]
fn an_idempotent_request_goes_once_more() {
    for how in BOTH {
        for (method, goes_again) in [
            ("GET", true),
            ("HEAD", true),
            ("PUT", true),
            ("DELETE", true),
            ("OPTIONS", true),
            ("POST", false),
            ("PATCH", false),
        ] {
            let server = dying(1, how, b"");
            let mut client = client(|_| {});
            good(&mut client, get(*server, "/first"));
            let body = (method == "PUT").then_some(&b"body"[..]);
            let (report, _) = fetch(&mut client, request(method, *server, "/", body));
            let expected = if goes_again { "ok" } else { "incomplete" };
            assert_eq!(code(&report), expected, "{method} {how:?} {report:?}");
            assert_eq!((report.retried, report.sent), (goes_again, true), "{method}");
            let seen = server.requests();
            assert_eq!(seen.len(), if goes_again { 3 } else { 2 }, "{method} {how:?}");
            if goes_again {
                assert_eq!((&seen[1].head, &seen[1].body), (&seen[2].head, &seen[2].body));
                assert!(!report.reused, "the second one was fresh");
            }
        }
    }
}

#[test]
fn never_twice_more() {
    for how in BOTH {
        let server = dying(2, how, b"");
        let mut client = client(|_| {});
        good(&mut client, get(*server, "/first"));
        let (report, _) = fetch(&mut client, get(*server, "/"));
        assert_eq!((code(&report), report.retried), ("incomplete", true), "{report:?}");
        assert_eq!((server.requests().len(), server.accepts()), (3, 2));
    }
}

#[test]
fn one_byte_of_an_answer_is_an_answer() {
    for (how, last, expected) in [
        (Ends::Fin, &b"H"[..], "incomplete"),
        (Ends::Rst, b"H", "incomplete"),
        (Ends::Fin, b"HTTP/1.1 100 Continue\r\n\r\n", "incomplete"),
        (Ends::Fin, b"\0", "malformed"),
        (Ends::Fin, b"SSH-2.0-x\r\n\r\n", "malformed"),
    ] {
        let server = dying(9, how, last);
        let mut client = client(|_| {});
        good(&mut client, get(*server, "/first"));
        let (report, _) = fetch(&mut client, get(*server, "/"));
        let seen = (code(&report), report.retried, server.requests().len());
        assert_eq!(seen, (expected, false, 2), "{how:?} {last:?}: {report:?}");
    }
}

#[test]
fn a_fresh_connection_that_dies_is_no_reason() {
    for how in BOTH {
        let server = dying(9, how, b"");
        let mut client = client(|_| {});
        let (report, _) = fetch(&mut client, get(*server, "/"));
        assert_eq!((code(&report), report.retried), ("incomplete", false), "{how:?} {report:?}");
        assert_eq!((server.requests().len(), server.accepts()), (1, 1));
    }
}

/// The end may be there before the request is sent, or come behind it: it is the same to the user.
#[test]
fn a_connection_that_ends_at_once() {
    let server = Server::start(|conn| {
        let how = BOTH[conn.number % 2];
        end(conn, how);
    });
    let mut client = client(|options| options.in_flight_max = 1);
    for (report, _) in fetch_all(&mut client, (0..100).map(|_| get(*server, "/")).collect()) {
        assert!(["incomplete", "io", "unreachable"].contains(&code(&report)), "{report:?}");
        assert!(!why(&report).contains("interrupted"), "{report:?}");
    }
    // Where the end was there before the request, another connection was tried: one.
    assert!((100..=200).contains(&server.accepts()), "{}", server.accepts());
}

/// Silence is no death: to ask again would double the wait, and the load of a slow server.
#[test]
fn silence_is_not_answered_with_another_request() {
    let short = Duration::from_millis(200);
    for in_all in [false, true] {
        let server = Server::start(|mut conn| {
            conn.must();
            conn.send(ok(""));
            conn.gone();
        });
        let mut client = client(|options| match in_all {
            true => options.run.timeout = Some(10 * short),
            false => options.session.limits.first_byte_wait = short,
        });
        good(&mut client, get(*server, "/first"));
        let (report, _) = fetch(&mut client, get(*server, "/"));
        assert_eq!((code(&report), report.retried), ("timed_out", false), "{report:?}");
        assert_eq!(server.accepts(), 1);
    }
}

/// A server that closes each connection without a word after two answers. Whatever other
/// connections do at that moment: a fetch that found a dead one gets a fresh one.
#[test]
fn a_server_that_closes_without_a_word() {
    let server = Server::start(|mut conn| {
        for _ in 0..2 {
            let Some(request) = conn.request() else { return };
            conn.send(ok(request.target()));
        }
        if conn.request().is_some() {
            end(conn, Ends::Rst);
        }
    });
    let mut client = client(|options| options.in_flight_max = 4);
    for (report, _) in fetch_all(&mut client, (0..200).map(|_| get(*server, "/")).collect()) {
        assert_eq!(code(&report), "ok", "{report:?}");
    }
}

/// Prepares until the server has closed the connection, and then some more.
struct Slow {
    closed: Arc<AtomicBool>,
    turns: usize,
}

impl Recipient for Slow {
    fn prepare(&mut self, _: &mut Headers, _: &mut [u8]) -> Result<bool, Failure> {
        if self.closed.load(Ordering::Acquire) {
            self.turns += 1;
        }
        Ok(self.turns > 100)
    }

    fn head(
        &mut self,
        _: &wirewright::http::message::head::Head,
        _: &Announced,
        _: &mut Finisher,
    ) -> Result<bool, Failure> {
        Ok(true)
    }

    fn body(&mut self, _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }

    fn end(&mut self, _: &mut Finisher) -> Result<After, Failure> {
        Ok(After::Done)
    }
}

/// Nothing was sent yet, so nothing can have been done twice.
#[test]
fn a_connection_that_ends_before_the_request_was_ready() {
    let closed = Arc::new(AtomicBool::new(false));
    let told = closed.clone();
    let server = Server::start(move |mut conn| {
        if conn.number == 1 {
            drop(conn);
            return told.store(true, Ordering::Release);
        }
        while conn.request().is_some() {
            conn.send(ok(""));
        }
    });
    let mut client = client(|_| {});
    let slow: Box<dyn Recipient> = Box::new(Slow { closed, turns: 0 });
    let reports = client.run([(request("POST", *server, "/", None), slow)]).unwrap();
    assert_eq!((code(&reports[0]), reports[0].retried), ("ok", false), "{:?}", reports[0]);
    assert_eq!(server.requests().len(), 1);
}

/// The body is larger than what kernels hold, so it is still being sent when the answer comes.
#[test]
fn an_early_answer_counts_though_the_connection_breaks() {
    let server = Server::start(|mut conn| {
        assert!(conn.begins().starts_with("POST / HTTP/1.1\r\n"));
        conn.send(answer("413 Content Too Large", "Connection: close\r\n", "too much"));
        std::thread::sleep(Duration::from_millis(50));
        end(conn, Ends::Rst);
    });
    let mut client = client(|_| {});
    let body = vec![b'x'; 32 << 20];
    let (report, heard) = fetch(&mut client, request("POST", *server, "/", Some(&body)));
    assert_eq!((code(&report), heard.status, heard.text()), ("ok", 413, "too much"), "{report:?}");
}

#[test]
fn an_early_answer_that_is_a_success_closes_the_connection() {
    let server = Server::start(|mut conn| {
        if conn.begins().starts_with("PUT") {
            conn.send(ok("enough"));
            std::thread::sleep(WAIT / 1000);
            return conn.gone();
        }
        conn.must();
        conn.send(ok("next"));
        conn.gone();
    });
    let mut client = client(|_| {});
    let body = vec![b'x'; 32 << 20];
    let (_, heard) = good(&mut client, request("PUT", *server, "/", Some(&body)));
    assert_eq!(heard.text(), "enough");
    let (report, heard) = good(&mut client, get(*server, "/"));
    assert_eq!((heard.text(), report.reused), ("next", false));
}
