//! Connections between two calls, and what makes one useless.

use super::server::{Conn, Server, answer, ok};
use crate::asking::{client, code, fetch, fetch_all, get, good, request};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

/// A script that may be told to go on, and that tells when it has.
struct Cue {
    go: Mutex<Receiver<()>>,
    went: Sender<()>,
}

fn cue() -> (Cue, Sender<()>, Receiver<()>) {
    let ((go_on, go), (went, has_gone)) = (channel(), channel());
    (Cue { go: Mutex::new(go), went }, go_on, has_gone)
}

fn serve(mut conn: Conn) {
    while let Some(request) = conn.request() {
        assert!(conn.send(ok(request.target())));
    }
}

#[test]
fn a_connection_outlives_the_call() {
    let server = Server::answering(|request| ok(request.target()));
    let mut client = client(|_| {});
    let first = good(&mut client, get(*server, "/1")).0;
    let second = good(&mut client, request("POST", *server, "/2", Some(b"x"))).0;
    assert_eq!((first.reused, second.reused), (false, true));
    assert!(first.timings.connect.is_some() && second.timings.connect.is_none());
    assert_eq!(server.accepts(), 1);
}

/// A POST is not tried again, so it shows that the dead connection was not used at all.
#[test]
fn what_happened_in_between_is_noticed() {
    for late in [
        "",
        "x",
        "\x16\x03\x01",
        "HTTP/1.1 40",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfalse",
        "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nfalse",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 408 Request Timeout\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (cue, go_on, has_gone) = cue();
        let server = Server::start(move |mut conn| {
            if conn.number > 1 {
                return serve(conn);
            }
            conn.must();
            conn.send(ok("first"));
            cue.go.lock().unwrap().recv().unwrap();
            match late {
                "" => drop(conn),
                late => {
                    conn.send(late);
                    cue.went.send(()).unwrap();
                    return conn.gone();
                }
            }
            cue.went.send(()).unwrap();
        });
        let mut client = client(|_| {});
        good(&mut client, get(*server, "/1"));
        go_on.send(()).unwrap();
        has_gone.recv().unwrap();
        let (report, heard) = good(&mut client, request("POST", *server, "/2", None));
        assert_eq!((heard.text(), report.reused, report.retried), ("/2", false, false), "{late:?}");
        assert_eq!((server.accepts(), server.requests().len()), (2, 2));
    }
}

/// Each of these says that no other request comes on this connection, though it stays open.
#[test]
fn reasons_not_to_use_a_connection_again() {
    for (case, response) in [
        ("close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"),
        ("1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
        (
            "both lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n\
             2\r\nhi\r\n0\r\n\r\n",
        ),
    ] {
        let server = Server::start(move |mut conn| {
            conn.must();
            conn.send(response);
            conn.gone();
        });
        let mut client = client(|options| options.in_flight_max = 1);
        for (report, heard) in fetch_all(&mut client, vec![get(*server, "/"), get(*server, "/")]) {
            assert_eq!((code(&report), heard.text(), report.reused), ("ok", "hi", false), "{case}");
            assert_eq!(report.remarks.len(), usize::from(case == "both lengths"), "{case}");
        }
        assert_eq!(good(&mut client, get(*server, "/")).1.text(), "hi");
        assert_eq!(server.accepts(), 3, "{case}");
    }
    let server = Server::answering(|_| {
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi".into()
    });
    let mut client = client(|_| {});
    good(&mut client, get(*server, "/"));
    good(&mut client, get(*server, "/"));
    assert_eq!(server.accepts(), 1);
}

#[test]
fn bytes_behind_a_response_are_no_response() {
    let server = Server::start(|mut conn| {
        let request = conn.must();
        let forged = answer("200 OK", "", "forged");
        conn.send([ok(request.target()), forged].concat());
        conn.gone();
    });
    let mut client = client(|options| options.in_flight_max = 1);
    let fetches = (0..5).map(|at| get(*server, &format!("/{at}"))).collect();
    for (at, (report, heard)) in fetch_all(&mut client, fetches).iter().enumerate() {
        assert_eq!((code(report), heard.text()), ("ok", &*format!("/{at}")));
        assert!(!report.retried);
    }
    assert_eq!(server.accepts(), 5);
}

/// What could not be used is not counted as if it were: the limit is a limit of open connections,
/// and idle ones have to make room.
#[test]
fn idle_connections_make_room_for_other_hosts() {
    let hosts: Vec<Server> = (0..3).map(|_| Server::answering(|r| ok(r.target()))).collect();
    let mut client = client(|options| options.in_flight_max = 2);
    for at in [0, 1, 2, 2, 1, 0] {
        good(&mut client, get(*hosts[at], "/"));
    }
    assert_eq!(hosts.iter().map(Server::accepts).collect::<Vec<_>>(), [2, 1, 1]);
}

#[test]
fn a_call_with_a_timeout_leaves_nothing_for_the_next() {
    let server = Server::start(|mut conn| match conn.must().target() {
        "/silent" => conn.gone(),
        _ => {
            conn.send(ok("said"));
            conn.gone();
        }
    });
    let mut client = client(|options| {
        options.run.timeout = Some(std::time::Duration::from_secs(1));
        options.in_flight_max = 2;
    });
    let silent = (0..4).map(|_| get(*server, "/silent")).collect();
    for (report, _) in fetch_all(&mut client, silent) {
        assert_eq!(code(&report), "timed_out", "{report:?}");
    }
    assert_eq!(server.requests().len(), 2);
    let (report, heard) = fetch(&mut client, get(*server, "/"));
    assert_eq!((code(&report), heard.text()), ("ok", "said"), "{report:?}");
}

/// However long the response is, and so wherever the reads end: what a server says behind it is no
/// answer to a request that it has not seen.
#[test]
fn what_stands_behind_a_response_of_any_length_is_never_the_next() {
    let head_len = ok(vec![7; 16_000]).len() - 16_000;
    // The first read of a connection has 16 KiB; the next ones, while a body comes, 256.
    for whole in [16_384, 16_384 - 1, 16_384 + 1, 16_384 + 262_144, 100_000] {
        let len = whole - head_len;
        let server = Server::start(move |mut conn| {
            while let Some(request) = conn.request() {
                let mut said = ok(vec![7; len]);
                if request.target() == "/first" {
                    said.extend(ok("forged"));
                }
                conn.send(said);
            }
        });
        let mut client = client(|options| options.in_flight_max = 1);
        let fetches = vec![get(*server, "/first"), get(*server, "/second")];
        for (report, heard) in fetch_all(&mut client, fetches) {
            assert_eq!((code(&report), heard.body.len()), ("ok", len), "{report:?}");
            assert!(!report.reused, "{len}: {report:?}");
        }
    }
}
