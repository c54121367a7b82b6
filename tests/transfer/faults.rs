//! A fault behind requests: each of them is answered, in order, then the fault is told (§9).

use crate::app::App;
use crate::faulty_values::faulty_values;
use crate::host::{CLIENT_NONCE, HELLO, Host, frame, frames};
use crate::link::Link;
use wirewright::error::Error;
use wirewright::session::{Session as _, Wants};
use wirewright::transfer::client::{self, Client};
use wirewright::transfer::server;

const PIECES: [usize; 6] = [1, 2, 7, 100, 3000, usize::MAX];

const PUT: &str = r#"{"type":"put","id":2,"name":"x","size":6,"etag":"e"}"#;
const CHUNK: &str = r#"{"type":"chunk","id":2,"offset":0,"filedata":"YWJj"}"#;

fn two() -> App {
    App::with(&[("a", &[7; 100_000]), ("b", b"second")])
}

fn get(id: u64, name: &str) -> String {
    format!(r#"{{"type":"get","id":{id},"name":"{name}"}}"#)
}

/// What breaks a rule, and the code it is told with.
fn faults() -> Vec<(Vec<u8>, &'static str)> {
    vec![
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "malformed"),
        (b"\0\xff\xff\xff".to_vec(), "too_large"),
        (frame("[]"), "malformed"),
        (frame(r#"{"type":"get","id":1,"name":"b"}"#), "malformed"),
        (frame(r#"{"type":"get","id":99,"name":"b","offset":1}"#), "malformed"),
        (frame(r#"{"type":"done","id":1,"size":0,"durability":"none"}"#), "unexpected"),
        (frame(r#"{"type":"chunk","id":99,"offset":0,"filedata":"YWJj"}"#), "unexpected"),
        (frame(HELLO), "unexpected"),
    ]
}

/// Says it in pieces of one size; where the application holds its answers they come at the end.
fn words_after(app: App, bytes: &[u8], piece: usize) -> (Vec<String>, Host) {
    let mut host = Host::greeted(app);
    for piece in bytes.chunks(piece.min(1 << 24)) {
        host.feed(piece);
    }
    while host.app.asked.is_some() {
        host.app.answer(&mut host.server);
        host.turn();
    }
    let mut words = host.words();
    // How a file is cut into chunks is not at stake.
    words.dedup();
    (words, host)
}

#[test]
fn every_request_before_a_fault_has_its_answer() {
    let requests = [
        get(1, "a"),
        PUT.to_owned(),
        get(3, "nothing"),
        get(4, ".."),
        r#"{"type":"list","id":5}"#.to_owned(),
        r#"{"type":"put","id":6,"name":"b","size":1,"etag":"e"}"#.to_owned(),
        get(7, "b"),
    ];
    let requests: Vec<u8> = requests.iter().flat_map(|text| frame(text)).collect();
    let answers = [
        "file 1",
        "chunk 1",
        "end 1",
        "ready 2",
        "error 2 cancelled",
        "error 3 not_found",
        "error 4 bad_name",
        "entries 5",
        "error 6 exists",
        "file 7",
        "chunk 7",
        "end 7",
    ];
    for (fault, code) in faults() {
        let behind = frames(&[&get(98, "b"), r#"{"type":"list","id":99}"#]);
        let bytes = [&requests[..], &fault, &behind].concat();
        let mut first = None;
        for hold in [false, true] {
            for piece in PIECES {
                let (words, mut host) = words_after(App { hold, ..two() }, &bytes, piece);
                let last = format!("error {code} fatal");
                let expected: Vec<&str> = answers.into_iter().chain([&*last]).collect();
                assert_eq!(words, expected, "{code} by {piece}, hold {hold}");
                let error = host.error.clone().expect("the fault");
                assert_eq!(*first.get_or_insert(error.clone()), error, "for every cut");
                assert_eq!(host.server.wants(), Wants::Close);
                assert!(host.app.log.contains(&"abandoned, forget false".to_owned()));
                host.stays();
            }
        }
    }
}

/// A put that is coming in cannot go on; the requests that came between its chunks are answered.
#[test]
fn a_fault_in_the_middle_of_a_put() {
    for (fault, code) in faults() {
        for piece in PIECES {
            let mut host = Host::greeted(two());
            host.hear(&[&get(1, "nothing"), PUT]);
            assert_eq!(host.words(), ["error 1 not_found", "ready 2"]);
            let said = frames(&[CHUNK, &get(3, "b"), r#"{"type":"list","id":4}"#]);
            for piece in [said, fault.clone()].concat().chunks(piece.min(1 << 24)) {
                host.feed(piece);
            }
            let last = format!("error {code} fatal");
            let expected = ["error 2 cancelled", "file 3", "chunk 3", "end 3", "entries 4", &last];
            assert_eq!(host.words(), expected, "by {piece}");
            assert_eq!(host.app.unfinished["x"].bytes, b"abc", "what counts is kept");
            host.stays();
        }
    }
}

/// While the answers go out nothing is kept of the bytes that were at fault.
#[test]
fn a_fault_costs_no_memory() {
    let mut host = Host::greeted(App { hold: true, ..two() });
    host.hear(&[&get(1, "b")]);
    host.words();
    let long = format!(r#"{{"x":"{}","#, "y".repeat(500_000));
    host.feed(&[&[0, 0x0f, 0xff, 0xff], long.as_bytes(), b"]"].concat());
    host.feed(&vec![b'z'; 100_000]);
    assert!(host.server.memory() <= 2048, "{}", host.server.memory());
    assert_eq!((host.words().len(), host.inbox.len(), &host.error), (0, 0, &None));
    host.app.answer(&mut host.server);
    host.turn();
    assert_eq!(host.words(), ["file 1", "chunk 1", "end 1", "error malformed fatal"]);
}

/// A put that has come whole is finished first.
#[test]
fn a_fault_behind_a_put() {
    let digest = "sha256:bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721";
    let end = format!(r#"{{"type":"end","id":2,"size":6,"digest":"{digest}"}}"#);
    let rest = r#"{"type":"chunk","id":2,"offset":3,"filedata":"ZGVm"}"#;
    for piece in PIECES {
        let mut host = Host::greeted(two());
        host.hear(&[PUT]);
        assert_eq!(host.words(), ["ready 2"]);
        for piece in frames(&[CHUNK, rest, &end, "[]"]).chunks(piece.min(1 << 24)) {
            host.feed(piece);
        }
        assert_eq!(host.words(), ["done 2", "error malformed fatal"]);
        assert_eq!(host.app.files["x"], b"abcdef");
    }
}

/// The stream may also end in the middle of a frame, or of a put: then nothing is told of that.
#[test]
fn requests_before_an_end_in_the_middle() {
    let put = frames(&[PUT, CHUNK]);
    for hold in [false, true] {
        for (rest, in_put) in [(&frame("{}")[..1], false), (&frame("{}")[..5], false), (&put, true)]
        {
            let app = App { hold: hold && !in_put, ..two() };
            let mut host = Host::greeted(app);
            host.hear(&[&get(1, "b")]);
            host.feed(rest);
            host.eof();
            while host.app.asked.is_some() {
                host.app.answer(&mut host.server);
                host.turn();
            }
            let mut expected = vec!["file 1", "chunk 1", "end 1"];
            if in_put {
                expected.extend(["ready 2", "error 2 cancelled"]);
            }
            assert_eq!(host.words(), expected);
            assert_eq!(host.error.as_ref().map(Error::kind), Some("incomplete"));
            host.stays();
        }
    }
}

/// A put that is only granted when the stream has ended: nothing of it can come.
#[test]
fn a_put_that_is_granted_after_the_end() {
    let mut host = Host::greeted(App { hold: true, ..two() });
    host.hear(&[PUT, &get(3, "b")]);
    host.eof();
    assert_eq!((host.words().len(), host.server.wants()), (0, Wants::Read));
    while host.app.asked.is_some() {
        host.app.answer(&mut host.server);
        host.turn();
    }
    let expected = ["ready 2", "error 2 cancelled", "file 3", "chunk 3", "end 3"];
    assert_eq!(host.words(), expected);
    assert_eq!(host.error.as_ref().map(Error::kind), Some("incomplete"));
}

/// §5: what comes of a put that is not decided is judged when it is.
#[test]
fn a_chunk_before_its_put_is_decided() {
    let end = r#"{"type":"end","id":2,"size":0,"digest":null}"#;
    for early in [CHUNK, end, r#"{"filedata":"YWJj","id":2,"type":"chunk","offset":0}"#] {
        for waiting in [false, true] {
            for read_only in [false, true] {
                let mut host = Host::greeted(App { hold: true, read_only, ..two() });
                if waiting {
                    host.hear(&[&get(1, "b")]);
                }
                host.hear(&[PUT, early, early, &get(3, "b")]);
                host.hear(&[r#"{"type":"list","id":4}"#]);
                assert_eq!((host.words().len(), &host.error), (0, &None));
                while host.app.asked.is_some() {
                    host.app.answer(&mut host.server);
                    host.turn();
                }
                let mut expected = match waiting {
                    true => vec!["file 1", "chunk 1", "end 1"],
                    false => vec![],
                };
                expected.extend(match read_only {
                    true => ["error 2 read_only", "file 3", "chunk 3", "end 3", "entries 4"].iter(),
                    // What came behind the chunk that had no place was never heard.
                    false => ["ready 2", "error 2 cancelled", "error unexpected fatal"].iter(),
                });
                assert_eq!(host.words(), expected, "{early}, read only {read_only}");
                assert_eq!(host.error.is_none(), read_only);
            }
        }
    }
}

/// The first of several faults counts, even where it is judged later.
#[test]
fn a_chunk_too_early_and_then_another_fault() {
    for read_only in [false, true] {
        let mut host = Host::greeted(App { hold: true, read_only, ..two() });
        let other = r#"{"type":"put","id":3,"name":"y","size":6,"etag":"e"}"#;
        host.hear(&[PUT, CHUNK, other]);
        host.feed(b"x");
        while host.app.asked.is_some() {
            host.app.answer(&mut host.server);
            host.turn();
        }
        let expected: &[&str] = match read_only {
            true => &["error 2 read_only", "error 3 read_only", "error malformed fatal"],
            false => &["ready 2", "error 2 cancelled", "error unexpected fatal"],
        };
        assert_eq!(host.words(), expected);
    }
}

/// A put that is cancelled takes with it what came too early of it.
#[test]
fn a_chunk_too_early_of_a_put_that_is_given_up() {
    let cancel = r#"{"type":"cancel","id":2}"#;
    let error = r#"{"type":"error","id":2,"code":"io","text":"","fatal":false}"#;
    for (given_up, said) in [(cancel, &["error 2 cancelled"][..]), (error, &[])] {
        for waiting in [false, true] {
            let mut host = Host::greeted(App { hold: true, ..two() });
            if waiting {
                host.hear(&[&get(1, "nothing")]);
            }
            host.hear(&[PUT, CHUNK, given_up, CHUNK, &get(3, "nothing")]);
            assert_eq!(host.words(), said);
            while host.app.asked.is_some() {
                host.app.answer(&mut host.server);
                host.turn();
            }
            let words = host.words();
            assert_eq!(words.last().map(String::as_str), Some("error 3 not_found"), "{words:?}");
            assert_eq!(host.error, None);
        }
    }
}

/// A chunk or an end of what takes none is dropped, whether that waits, runs or has ended: what was
/// there when it was read would depend on the cuts.
#[test]
fn chunks_of_what_is_no_put() {
    let strays = [
        r#"{"type":"chunk","id":1,"offset":0,"filedata":"YWJj"}"#,
        r#"{"type":"end","id":1,"size":0}"#,
    ];
    for request in [get(1, "b"), r#"{"type":"list","id":1}"#.to_owned(), get(1, "..")] {
        for hold in [false, true] {
            let texts = [&request, strays[0], strays[1], &get(2, "nothing")];
            let (words, host) = words_after(App { hold, ..two() }, &frames(&texts), 7);
            assert_eq!(words.last().map(String::as_str), Some("error 2 not_found"), "{words:?}");
            assert_eq!(host.error, None);
        }
    }
}

/// The other side's `error` for a request that waits touches no other.
#[test]
fn an_error_for_a_request_that_waits() {
    let mut host = Host::greeted(App { hold: true, ..two() });
    host.hear(&[&get(1, "b"), &get(2, "nothing"), &get(3, "b"), &get(4, "nothing")]);
    host.hear(&[r#"{"type":"error","id":3,"code":"io","text":"","fatal":false}"#]);
    while host.app.asked.is_some() {
        host.app.answer(&mut host.server);
        host.turn();
    }
    let expected = ["file 1", "chunk 1", "end 1", "error 2 not_found", "error 4 not_found"];
    assert_eq!((host.words(), host.error), (expected.map(str::to_owned).to_vec(), None));

    let mut link = Link::plain(App { hold: true, ..two() }, 64);
    for name in ["b", "a", "b", "b"] {
        link.get(name);
    }
    link.run();
    link.hear(&[r#"{"type":"error","id":3,"code":"busy","text":"","fatal":false}"#]);
    assert_eq!(link.ends(), ["failed 3 busy"]);
    assert_eq!((link.client.pending(), &link.error), (3, &None));
    // The server knows nothing of that error, and answers the request all the same: of a request
    // that has ended nothing has a place any more.
    link.host.app.hold = false;
    link.host.app.answer(&mut link.host.server);
    link.run();
    assert_eq!(link.ends().len(), 3, "{:?}", link.log);
    assert_eq!(link.error.as_ref().map(Error::kind), Some("unexpected"));
}

/// The 65th request that waits is too many; the running one does not count among them.
#[test]
fn so_many_requests_may_wait() {
    for (waiting, good) in [(63, true), (64, true), (65, false)] {
        for piece in [7, usize::MAX] {
            let mut host = Host::greeted(two());
            host.hear(&[PUT]);
            let requests: Vec<u8> = (3..3 + waiting).flat_map(|id| frame(&get(id, ".."))).collect();
            for piece in requests.chunks(piece.min(1 << 20)) {
                host.feed(piece);
            }
            let mut expected = vec!["ready 2".to_owned()];
            if !good {
                // Those that may wait have their answers before the fault is told.
                expected.push("error 2 cancelled".to_owned());
                expected.extend((3..3 + 64).map(|id| format!("error {id} bad_name")));
                expected.push("error too_large fatal".to_owned());
            }
            assert_eq!(host.words(), expected, "{waiting} by {piece}");
            assert_eq!(host.error.is_none(), good);
        }
    }
}

/// The error of a value points at that value, not at its message. `explain` has the same table.
#[test]
fn a_faulty_value_is_pointed_at() {
    for faulty in faulty_values() {
        let hello = if faulty.from_client { HELLO } else { SERVER_HELLO };
        let before = match (faulty.is_hello, faulty.text.contains("\"chunk\"")) {
            (true, _) => Vec::new(),
            (false, true) => frames(&[hello, PUT_ONE]),
            (false, false) => frame(hello),
        };
        let offset = (before.len() + 4 + faulty.at) as u64;
        let bytes = [before, frame(&faulty.text)].concat();
        for piece in PIECES {
            let pieces = bytes.chunks(piece.min(1 << 24));
            let error = match faulty.from_client {
                true => error_of_server(pieces),
                false => error_of_client(pieces),
            };
            let found = error.as_ref().and_then(Error::offset);
            assert_eq!(found, Some(offset), "{error:?}, by {piece}, in {}", faulty.text);
        }
    }
}

const PUT_ONE: &str = r#"{"type":"put","id":1,"name":"x","size":6,"etag":"e"}"#;

const SERVER_HELLO: &str = r#"{"type":"hello","version":1,"max_frame":1048576,"digest":"blake3"}"#;

fn error_of_server<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<Error> {
    let mut host = Host::new(server::Config::default(), App::default());
    pieces.for_each(|piece| host.feed(piece));
    host.error
}

fn error_of_client<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<Error> {
    let mut client = Client::new(client::Config::default(), CLIENT_NONCE);
    let mut room = vec![0; 70_000];
    for mut input in pieces {
        loop {
            match client.receive(input, &mut room) {
                Ok(received) if received.consumed == 0 && !received.is_event() => break,
                Ok(received) => input = &input[received.consumed..],
                Err(error) => return Some(error),
            }
        }
    }
    None
}
