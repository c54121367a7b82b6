//! How requests and connections end: cancel, the queue, order, eof, wind-down, abort.

use crate::app::App;
use crate::host::{HELLO, Host, frame, frames};
use crate::link::{Link, PIECES};
use wirewright::digest::{DigestKind, Digester};
use wirewright::error::Error;
use wirewright::session::{AbortReason, Session as _, Wants};
use wirewright::transfer::Code;
use wirewright::transfer::client;
use wirewright::transfer::message::Durability;
use wirewright::transfer::server;

fn two() -> App {
    App::with(&[("a", &[7; 100_000]), ("b", b"second")])
}

fn get(id: u64, name: &str) -> String {
    format!(r#"{{"type":"get","id":{id},"name":"{name}"}}"#)
}

#[test]
fn a_get_is_given_up_at_any_moment() {
    for piece in [100, 1000, 70_000, usize::MAX] {
        for steps in 0..30 {
            let mut link = Link::plain(two(), piece);
            let (first, second) = (link.get("a"), link.get("b"));
            for _ in 0..steps {
                link.step();
            }
            link.client.cancel(first).unwrap();
            link.client.cancel(first).unwrap();
            link.run();
            let ends = link.ends();
            assert_eq!(ends.len(), 2, "{ends:?}");
            let whole = ends[0].starts_with("received 1 ");
            assert!(whole || ends[0] == "failed 1 cancelled", "{ends:?}");
            assert!(ends[1].starts_with("received 2 "), "{ends:?}");
            assert_eq!(link.got[&second], b"second");
            assert_eq!((link.client.pending(), &link.error), (0, &None));
        }
    }
}

#[test]
fn a_request_that_waits_is_given_up() {
    for piece in PIECES {
        let mut link = Link::plain(App { hold: true, ..two() }, piece);
        let ids = [link.get("b"), link.get("a"), link.get("b")];
        link.client.list().unwrap();
        link.run();
        link.client.cancel(ids[1]).unwrap();
        link.client.cancel(4).unwrap();
        link.client.cancel(99).unwrap();
        link.run();
        assert_eq!(link.ends(), ["failed 2 cancelled", "failed 4 cancelled"]);
        link.host.app.hold = false;
        link.host.app.answer(&mut link.host.server);
        link.run();
        assert_eq!(link.host.app.log, ["Get", "Get"]);
        assert_eq!(link.ends().len(), 4);
        assert_eq!((&link.got[&1], &link.got[&3]), (&b"second".to_vec(), &b"second".to_vec()));
    }
}

/// The answer was on its way when it was given up: the request still ends, once.
#[test]
fn a_list_is_given_up_at_any_moment() {
    for hold in [false, true] {
        for steps in 0..12 {
            let mut link = Link::plain(App { page: 1, hold, ..two() }, 50);
            link.client.list().unwrap();
            link.get("b");
            for _ in 0..steps {
                link.step();
            }
            link.client.cancel(1).unwrap();
            link.run();
            if link.host.app.asked.is_some() {
                link.host.app.hold = false;
                link.host.app.answer(&mut link.host.server);
            }
            link.run();
            assert_eq!(link.got.get(&2).map(Vec::as_slice), Some(&b"second"[..]), "{steps}");
            assert_eq!((link.client.pending(), &link.error), (0, &None));
        }
    }
}

#[test]
fn a_put_is_given_up_at_any_moment() {
    for piece in [1000, 30_000] {
        for steps in 0..40 {
            let mut link = Link::plain(App::default(), piece);
            link.put("a", &[7; 100_000], false);
            link.put("b", b"second", false);
            for _ in 0..steps {
                link.step();
            }
            link.client.cancel(1).unwrap();
            link.run();
            let ends = link.ends();
            assert_eq!(ends.len(), 2, "{ends:?} after {steps}");
            assert!(ends[1].starts_with("done 2 "), "{ends:?}");
            assert_eq!(link.host.app.files["b"], b"second");
            assert!(link.host.app.unfinished.is_empty(), "what there was is forgotten");
            assert_eq!((link.client.pending(), &link.error), (0, &None));
        }
    }
}

/// A cancel of what is finished, or never was, is ignored.
#[test]
fn cancel_of_nothing() {
    let mut host = Host::greeted(two());
    host.hear(&[&get(1, "b")]);
    assert_eq!(host.words(), ["file 1", "chunk 1", "end 1"]);
    host.hear(&[r#"{"type":"cancel","id":1}"#, r#"{"type":"cancel","id":5}"#, &get(2, "b")]);
    assert_eq!(host.words(), ["file 2", "chunk 2", "end 2"]);
}

/// 64 requests may wait; more of them are not read, and none is lost.
#[test]
fn two_hundred_requests_in_one_flight() {
    for limit in [1, 63, 64, 65] {
        let mut config = server::Config::default();
        config.limits.pending_max = limit;
        let mut host = Host::new(config, App { hold: true, ..two() });
        host.feed(&frame(HELLO));
        let requests: Vec<u8> = (1..=200).flat_map(|id| frame(&get(id, "b"))).collect();
        host.feed(&requests);
        let left = host.inbox.len();
        let taken = (requests.len() - left) as f64 / requests.len() as f64 * 200.0;
        assert!((taken - limit as f64 - 1.0).abs() < 2.0, "{taken} are taken of {limit}");
        assert_eq!((host.app.log.len(), host.server.wants()), (1, Wants::Read));
        host.turn();
        assert_eq!(host.inbox.len(), left, "nothing is read while they wait");
        host.app.hold = false;
        host.app.answer(&mut host.server);
        host.turn();
        let words = host.words();
        let ends: Vec<String> = (1..=200).map(|id| format!("end {id}")).collect();
        let said: Vec<&String> = words.iter().filter(|word| word.starts_with("end")).collect();
        assert_eq!(said, ends.iter().collect::<Vec<_>>());
        assert!(host.inbox.is_empty());
    }
}

#[test]
fn two_hundred_requests_of_a_client() {
    for piece in [3, 64, 1000, usize::MAX] {
        let mut link = Link::plain(two(), piece);
        for _ in 0..200 {
            link.get("b");
        }
        link.run();
        assert_eq!(link.ends().len(), 200);
        assert!(link.ends().iter().all(|end| end.starts_with("received")));
        assert_eq!(link.got.len(), 200);
        assert!(link.got.values().all(|bytes| bytes == b"second"));
    }
}

/// A peer that reads nothing is not read either: what waits to be said is bounded.
#[test]
fn a_peer_that_does_not_read_is_not_served() {
    let mut host = Host::greeted(two());
    host.out.set_limit(2000);
    let asked: Vec<u8> = (1..=5000).flat_map(|id| frame(&get(id, "nothing"))).collect();
    host.feed(&asked);
    assert!(host.inbox.len() > asked.len() / 2, "{} of {}", host.inbox.len(), asked.len());
    assert!(host.server.memory() < 140_000, "{}", host.server.memory());
    let mut said = 0;
    loop {
        let words = host.words();
        said += words.len();
        if words.is_empty() {
            break;
        }
        host.turn();
    }
    assert_eq!((said, host.error), (5000, None));
}

#[test]
fn answers_come_in_the_order_of_requests() {
    let asked = [
        get(1, "nothing"),
        get(2, "../x"),
        get(3, "b"),
        get(4, ".."),
        r#"{"type":"list","id":5}"#.to_owned(),
        get(6, "nothing"),
        r#"{"type":"put","id":7,"name":"b","size":0,"etag":"x"}"#.to_owned(),
        get(8, "/"),
    ];
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let expected = [
        "error 1 not_found",
        "error 2 bad_name",
        "file 3",
        "chunk 3",
        "end 3",
        "error 4 bad_name",
        "entries 5",
        "error 6 not_found",
        "error 7 exists",
        "error 8 bad_name",
    ];
    for piece in PIECES {
        let mut host = Host::greeted(two());
        for piece in frames(&asked).chunks(piece.min(10_000)) {
            host.feed(piece);
        }
        assert_eq!(host.words(), expected, "by {piece}");
    }
}

#[test]
fn the_client_leaves() {
    let put = r#"{"type":"put","id":1,"name":"x","size":8,"etag":"x"}"#;
    let chunk = r#"{"type":"chunk","id":1,"offset":0,"filedata":"YWJj"}"#;
    let long = get(1, "a");
    for (texts, cut, good) in [
        (&[][..], 0, true),
        (&[HELLO], 0, true),
        (&[HELLO], 1, false),
        (&[HELLO, r#"{"type":"list","id":1}"#], 0, true),
        (&[HELLO, &long], 0, true),
        (&[HELLO, put], 0, false),
        (&[HELLO, put, chunk], 0, false),
        (&[HELLO, put, chunk], 5, false),
    ] {
        let mut host = Host::new(server::Config::default(), two());
        let bytes = frames(texts);
        host.feed(&bytes[..bytes.len() - cut]);
        host.eof();
        let incomplete = matches!(host.error, Some(Error::Incomplete { offset, .. })
            if offset == (bytes.len() - cut) as u64);
        assert_eq!((host.error.is_none(), incomplete), (good, !good), "{texts:?} less {cut}");
        assert_eq!(host.server.wants(), Wants::Close, "{texts:?} less {cut}");
        if !good {
            host.stays();
        }
    }
}

/// Half-closed: what was asked before is still answered.
#[test]
fn the_client_ends_its_half_and_is_answered() {
    let mut host = Host::greeted(App { hold: true, ..two() });
    host.hear(&[&get(1, "b"), &get(2, "nothing")]);
    host.eof();
    assert_eq!((host.server.wants(), host.words().len()), (Wants::Read, 0));
    host.app.hold = false;
    host.app.answer(&mut host.server);
    host.turn();
    assert_eq!(host.words(), ["file 1", "chunk 1", "end 1", "error 2 not_found"]);
    assert_eq!((host.server.wants(), host.error), (Wants::Close, None));
}

#[test]
fn the_server_leaves() {
    for steps in 0..40 {
        let mut link = Link::new(client::Config::default(), server::Config::default(), two(), 5000);
        for _ in 0..steps.min(1) {
            link.step();
        }
        let asked = link.log.len() == 1;
        if asked {
            link.get("a");
        }
        for _ in 1..steps {
            link.step();
        }
        let whole = link.ends().len() == 1;
        link.client_eof();
        assert_eq!(link.error.is_none(), whole, "after {steps}: {:?}", link.log);
        if !whole {
            let incomplete = matches!(link.error, Some(Error::Incomplete { .. }));
            assert!(incomplete, "{:?}", link.error);
            link.stays();
        }
        assert_eq!(link.client.wants(), Wants::Close);
    }
}

#[test]
fn a_client_that_is_through_wants_to_close() {
    let mut link = Link::plain(two(), 1000);
    assert_eq!(link.client.wants(), Wants::Read);
    link.get("b");
    link.client.end();
    assert_eq!(link.client.wants(), Wants::Read);
    link.run();
    assert_eq!((link.ends().len(), link.client.wants()), (1, Wants::Close));
}

#[test]
fn a_server_that_winds_down_answers_what_came_and_takes_no_more() {
    let mut host = Host::greeted(App { hold: true, ..two() });
    host.hear(&[&get(1, "b"), &get(2, "b")]);
    host.server.wind_down();
    host.hear(&[&get(3, "b"), r#"{"type":"list","id":4}"#]);
    assert_eq!(host.server.wants(), Wants::Read);
    host.app.hold = false;
    host.app.answer(&mut host.server);
    host.turn();
    let (three, four) = ("error 3 shutting_down", "error 4 shutting_down");
    let expected = ["file 1", "chunk 1", "end 1", "file 2", "chunk 2", "end 2", three, four];
    assert_eq!(host.words(), expected);
    assert_eq!((host.server.wants(), host.app.log.len()), (Wants::Close, 2));

    let mut idle = Host::greeted(two());
    idle.server.wind_down();
    assert_eq!(idle.server.wants(), Wants::Close);
}

#[test]
fn a_put_under_way_is_finished_while_the_server_winds_down() {
    let mut link = Link::plain(App::default(), 1000);
    link.put("x", &[7; 50_000], false);
    for _ in 0..10 {
        link.step();
    }
    link.host.server.wind_down();
    link.run();
    assert_eq!(link.ends().len(), 1);
    assert!(link.ends()[0].starts_with("done 1"), "{:?}", link.ends());
    assert_eq!(link.host.server.wants(), Wants::Close);
}

#[test]
fn a_server_that_aborts_says_so_and_asks_nothing_more() {
    for asked in 0..3 {
        let mut host = Host::greeted(App { hold: true, ..two() });
        for id in 1..=asked {
            host.hear(&[&get(id, "b")]);
        }
        host.server.abort(AbortReason::ShuttingDown, "the server ends");
        host.server.abort(AbortReason::Io, "once is enough");
        host.hear(&[&get(9, "b")]);
        assert_eq!(host.words(), ["error shutting_down fatal"]);
        assert_eq!((host.server.wants(), host.error.is_none()), (Wants::Close, true));
        assert_eq!(host.app.log.len(), usize::from(asked > 0), "{:?}", host.app.log);
        assert!(host.inbox.is_empty(), "what still comes is read away");
    }
}

#[test]
fn a_server_that_aborts_midway_sends_no_more_of_the_file() {
    let mut host = Host::greeted(two());
    host.out.set_limit(60_000);
    host.hear(&[&get(1, "a")]);
    assert_eq!(host.words(), ["file 1"]);
    host.turn();
    assert_eq!(host.words(), ["chunk 1"]);
    assert_eq!(host.server.wants(), Wants::Payload);
    host.server.abort(AbortReason::TimedOut, "too slow");
    host.turn();
    assert_eq!(host.words(), ["error timed_out fatal"]);
    assert_eq!(host.server.wants(), Wants::Close);
}

#[test]
fn a_client_that_aborts_says_so() {
    for piece in PIECES {
        let mut link = Link::plain(two(), piece);
        link.put("x", b"abc", false);
        link.client.abort(AbortReason::TimedOut, "the server took too long");
        link.run();
        assert_eq!(link.client.wants(), Wants::Close);
        assert!(matches!(&link.host.error, Some(Error::Refused { code, .. })
            if *code == "timed_out"));
        assert!(!link.host.app.files.contains_key("x"));
    }
}

/// §9: an error with an id ends that request, one without ends the connection.
#[test]
fn errors_of_the_client() {
    let put = r#"{"type":"put","id":1,"name":"x","size":8,"etag":"x"}"#;
    let mut host = Host::greeted(two());
    host.hear(&[put]);
    assert_eq!(host.words(), ["ready 1"]);
    host.hear(&[r#"{"type":"error","id":1,"code":"io","text":"my disk","fatal":false}"#]);
    assert_eq!(host.app.log, ["Put", "abandoned, forget false"]);
    // What was on its way is dropped, and nobody answers it.
    host.hear(&[
        r#"{"type":"chunk","id":1,"offset":0,"filedata":"YWJj"}"#,
        r#"{"filedata":"YWJj","offset":77,"id":1,"type":"chunk"}"#,
        r#"{"type":"end","id":1,"size":8}"#,
        r#"{"type":"cancel","id":1}"#,
    ]);
    assert_eq!((host.words().len(), host.server.wants()), (0, Wants::Read));
    assert_eq!(host.app.log, ["Put", "abandoned, forget false"]);
    host.hear(&[&get(2, "b")]);
    assert_eq!(host.words(), ["file 2", "chunk 2", "end 2"]);
    host.hear(&[r#"{"type":"error","id":2,"code":"io","text":"late","fatal":false}"#]);
    assert_eq!((host.words().len(), host.server.wants()), (0, Wants::Read));

    host.hear(&[r#"{"type":"error","code":"io","text":"of nothing","fatal":false}"#]);
    assert_eq!((host.words().len(), host.server.wants()), (0, Wants::Read));

    for last in [
        r#"{"type":"error","code":"io","text":"all","fatal":true}"#,
        r#"{"type":"error","id":2,"code":"io","text":"all","fatal":true}"#,
    ] {
        let mut host = Host::greeted(two());
        host.hear(&[last, &get(3, "b")]);
        assert!(matches!(&host.error, Some(Error::Refused { code, .. }) if *code == "io"));
        assert!(host.words().is_empty(), "nobody listens");
        host.stays();
    }
}

/// The same of the server's.
#[test]
fn errors_of_the_server() {
    for (error, ends) in [
        (r#"{"type":"error","id":1,"code":"io","text":"","fatal":false}"#, false),
        (r#"{"type":"error","id":1,"code":"io","text":"","fatal":true}"#, true),
        (r#"{"type":"error","code":"io","text":"","fatal":false}"#, false),
        (r#"{"type":"error","id":null,"code":"io","text":"","fatal":true}"#, true),
    ] {
        let mut link = Link::plain(App { hold: true, ..two() }, 7);
        link.get("b");
        link.run();
        let heard = frame(error);
        let ended = link.client.receive(&heard, &mut [0; 64]).is_err();
        assert_eq!(ended, ends, "{error}");
        assert_eq!(link.client.pending() == 0, !ends && error.contains("\"id\""));
    }
}

#[test]
fn misuse_is_told_and_harms_nothing() {
    let mut host = Host::greeted(two());
    let none = Digester::new(DigestKind::None);
    assert!(matches!(host.server.ready(0, none.clone()), Err(Error::Misuse(_))));
    assert!(matches!(host.server.done(Durability::Fsync), Err(Error::Misuse(_))));
    assert!(matches!(host.server.refuse(Code::Io, ""), Err(Error::Misuse(_))));
    assert!(matches!(host.server.entries(Vec::new(), false), Err(Error::Misuse(_))));
    let mut link = Link::plain(two(), 64);
    assert!(matches!(link.client.start_put(1, none), Err(Error::Misuse(_))));
    link.get("b");
    link.run();
    assert_eq!(link.ends().len(), 1);
    host.hear(&[&get(1, "b")]);
    assert_eq!(host.words().len(), 3);
}

/// A cancel that crosses `done` changes nothing: the file stands, and that is said (§4.5).
#[test]
fn a_cancel_of_a_put_may_come_too_late() {
    let digests = vec![DigestKind::None];
    let config = client::Config { digests, ..client::Config::default() };
    let mut client = client::Client::new(config, &"0f".repeat(16));
    let mut out = wirewright::buffer::Buffer::with_limit(1 << 20);
    let hear = |client: &mut client::Client, text: &str| {
        let (heard, mut room) = (frame(text), [0; 64]);
        let received = client.receive(&heard, &mut room).unwrap();
        received.into_event().map(|event| format!("{event:?}"))
    };
    hear(&mut client, r#"{"type":"hello","version":1,"max_frame":65536,"digest":"none"}"#);
    let name = wirewright::name::Name::new("f").unwrap();
    let id = client.put(&name, 0, "e", false).unwrap();
    hear(&mut client, r#"{"type":"ready","id":1,"offset":0}"#);
    client.start_put(id, Digester::new(DigestKind::None)).unwrap();
    client.offer(&[], &mut out).unwrap();
    client.cancel(id).unwrap();
    let done = r#"{"type":"done","id":1,"size":0,"digest":null,"durability":"fsync"}"#;
    let event = hear(&mut client, done).unwrap();
    assert!(event.starts_with("Done"), "{event}");
    assert_eq!(client.pending(), 0);
}
