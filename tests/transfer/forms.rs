//! The values of members (§13): each limit at n−1, n and n+1; and what makes no sense in a listing.

use crate::app::App;
use crate::host::{HELLO, Host};
use crate::link::{From, Link};
use serde_json::{Value, json};
use wirewright::error::Error;
use wirewright::transfer::Code;
use wirewright::transfer::client;
use wirewright::transfer::form::LIMITS;
use wirewright::transfer::server;

fn app() -> App {
    App::with(&[("a", b"abc"), ("b", b"abc"), ("c", b"abc"), ("d", b"abc")])
}

/// Something of every length around a limit, and whether it keeps it.
fn around(limit: usize) -> [(usize, bool); 3] {
    [(limit - 1, true), (limit, true), (limit + 1, false)]
}

fn too_large(error: Option<&Error>) -> Option<&'static str> {
    match error {
        Some(Error::TooLarge { limit, .. }) => Some(limit),
        None => None,
        Some(error) => panic!("{error}"),
    }
}

/// What the server says to a hello with that member.
fn server_after(member: &str, value: Value) -> Host {
    let mut hello: Value = serde_json::from_str(HELLO).expect("JSON");
    hello[member] = value;
    let mut host = Host::new(server::Config::default(), app());
    host.hear(&[&hello.to_string()]);
    host
}

#[test]
fn the_hello_of_a_client() {
    type Make = fn(usize) -> Value;
    let cases: [(&str, &str, usize, Make); 4] = [
        ("agent", "agent_bytes_max", LIMITS.agent_bytes_max, |len| "x".repeat(len).into()),
        ("versions", "versions_max", LIMITS.versions_max, |count| {
            (1..=count).collect::<Vec<_>>().into()
        }),
        ("digests", "digests_max", LIMITS.digests_max, |count| {
            let names = (1..count).map(|at| format!("d{at}")).chain(["sha256".to_owned()]);
            names.collect::<Vec<_>>().into()
        }),
        ("digests", "digest_name_bytes_max", LIMITS.digest_name_bytes_max, |len| {
            json!(["x".repeat(len), "sha256"])
        }),
    ];
    for (member, limit, max, make) in cases {
        for (count, good) in around(max) {
            let mut host = server_after(member, make(count));
            assert_eq!(too_large(host.error.as_ref()), (!good).then_some(limit), "{count}");
            let expected = if good { "hello" } else { "error too_large fatal" };
            assert_eq!(host.words(), [expected], "{limit}: {count}");
        }
    }
}

#[test]
fn the_hello_of_a_server() {
    for (len, good) in around(LIMITS.agent_bytes_max) {
        let mut link = Link::new(client::Config::default(), Default::default(), app(), 7);
        link.hear(&[&json!({
            "type": "hello", "version": 1, "max_frame": 65536, "digest": "sha256",
            "agent": "x".repeat(len),
        })
        .to_string()]);
        assert_eq!(too_large(link.error.as_ref()), (!good).then_some("agent_bytes_max"));
    }
    for (len, good) in around(LIMITS.digest_name_bytes_max) {
        let mut link = Link::new(client::Config::default(), Default::default(), app(), 7);
        let hello = json!({
            "type": "hello", "version": 1, "max_frame": 65536, "digest": "x".repeat(len),
        });
        link.hear(&[&hello.to_string()]);
        // A name that may be so long is one that was not offered.
        let kind = if good { "malformed" } else { "too_large" };
        assert_eq!(link.error.as_ref().map(Error::kind), Some(kind), "{len}");
    }
}

/// What we say of ourselves keeps the limits, whatever the application gives.
#[test]
fn our_own_texts_are_cut() {
    let agent = "ü".repeat(200);
    let client = client::Config { agent: agent.clone(), ..client::Config::default() };
    let server = server::Config { agent, ..server::Config::default() };
    let mut link = Link::new(client, server, App { hold: true, ..app() }, 64);
    link.tamper(|_, message| {
        if message["type"] == "hello" {
            assert_eq!(message["agent"].as_str().map(str::len), Some(256));
        }
        if message["type"] == "error" {
            assert_eq!(message["text"].as_str().map(str::len), Some(LIMITS.text_bytes_max));
        }
        true
    });
    link.run();
    link.get("a");
    link.run();
    link.host.server.refuse(Code::Io, &"x".repeat(5000)).expect("a get waits");
    link.run();
    assert_eq!(link.ends(), ["failed 1 io"]);
}

#[test]
fn the_text_of_an_error_is_cut() {
    for (len, cut) in [(4095, 4095), (4096, 4096), (4097, 4096), (60_000, 4096)] {
        for fatal in [false, true] {
            let error = json!({
                "type": "error", "id": 1, "code": "io", "text": "x".repeat(len), "fatal": fatal,
            });
            let mut link = Link::plain(App { hold: true, ..app() }, 1000);
            link.get("a");
            link.run();
            link.hear(&[&error.to_string()]);
            let told = match &link.error {
                Some(Error::Refused { text, .. }) => text.len(),
                _ => link.texts.pop().expect("it failed").len(),
            };
            assert_eq!(told, cut, "{len}");

            let mut host = Host::greeted(app());
            host.hear(&[&error.to_string()]);
            if let Some(Error::Refused { text, .. }) = &host.error {
                assert_eq!(text.len(), cut, "{len}");
            }
            assert_eq!(host.error.is_some(), fatal);
        }
    }
}

/// §9: a code that nobody knows counts as `io`; the text says which it was.
#[test]
fn a_code_that_is_not_known() {
    for code in ["", "later", "IO", "not_found ", &"x".repeat(64), &"x".repeat(65)] {
        for fatal in [false, true] {
            let mut link = Link::plain(App { hold: true, ..app() }, 1000);
            link.get("a");
            link.run();
            let error =
                json!({"type": "error", "id": 1, "code": code, "text": "why", "fatal": fatal});
            link.hear(&[&error.to_string()]);
            let text = match (&link.error, fatal) {
                (Some(Error::Refused { code, text }), true) => {
                    assert_eq!(code, "io");
                    text.as_raw_str().to_owned()
                }
                _ => {
                    assert_eq!(link.ends(), ["failed 1 io"]);
                    link.texts.pop().expect("its text")
                }
            };
            let known = &code[..code.len().min(LIMITS.code_bytes_max)];
            assert_eq!(text, format!("{known}: why"));
        }
    }
}

/// A listing whose first page is changed.
fn listing(change: impl Fn(&mut Value) + 'static) -> Link {
    let mut link = Link::plain(App { page: 4, ..app() }, 1000);
    link.tamper(move |from, message| {
        if from == From::Server && message["type"] == "entries" {
            change(&mut message["entries"]);
        }
        true
    });
    link.client.list().unwrap();
    link.run();
    link
}

#[test]
fn entries_that_make_no_sense_are_left_out_and_counted() {
    for name in ["", "/", "../x", "a/../b", "a\\b", "a\u{7}", ".wirewright-x", &"x".repeat(256)] {
        let name = name.to_owned();
        let link = listing(move |entries| entries[1]["name"] = name.clone().into());
        assert_eq!(link.log, ["entries 1 [a c d] less 1 more false"]);
        assert_eq!(link.error, None);
    }
    for time in ["", "yesterday", "2026-11-21T18:43:00", "2026-02-30T00:00:00Z", &"9".repeat(50)] {
        let time = time.to_owned();
        let link = listing(move |entries| {
            entries[0]["modified"] = time.clone().into();
            entries[3]["name"] = "..".into();
        });
        assert_eq!(link.log, ["entries 1 [b c] less 2 more false"]);
    }
    let link = listing(|entries| {
        entries.as_array_mut().expect("a list").iter_mut().for_each(|e| e["name"] = "".into());
    });
    assert_eq!(link.log, ["entries 1 [] less 4 more false"]);
    // What is no entry at all is malformed.
    let link = listing(|entries| entries[0]["size"] = "3".into());
    assert_eq!(link.error.as_ref().map(Error::kind), Some("malformed"));
}

#[test]
fn so_many_entries_in_a_page() {
    for (count, good) in around(LIMITS.page_entries_max) {
        let link = listing(move |entries| {
            let entry = entries[0].clone();
            *entries = vec![entry; count].into();
        });
        assert_eq!(too_large(link.error.as_ref()), (!good).then_some("page_entries_max"));
        assert_eq!(link.log.len(), usize::from(good), "{count}");
    }
}

#[test]
fn so_many_entries_in_a_listing() {
    for (count, good) in [(3, true), (4, true), (5, false)] {
        let mut config = client::Config::default();
        config.limits.list_entries_max = 4;
        let mut link = Link::new(config, Default::default(), App { hold: true, ..app() }, 64);
        link.run();
        link.client.list().unwrap();
        link.run();
        link.take_log();
        for at in 1..=count {
            let (name, modified) = (if at == 2 { ".." } else { "a" }, "2026-11-21T18:43:00Z");
            let entry = json!({"name": name, "size": 3, "modified": modified});
            let page = json!({"type": "entries", "id": 1, "more": at < count, "entries": [entry]});
            link.hear(&[&page.to_string()]);
        }
        assert_eq!(too_large(link.error.as_ref()), (!good).then_some("list_entries_max"));
        assert_eq!(link.log.len(), count.min(4));
    }
}

/// A listing that goes on and names nothing would never end.
#[test]
fn an_empty_page_that_another_follows() {
    for (more, good) in [(false, true), (true, false)] {
        let mut link = Link::plain(App { hold: true, ..app() }, 64);
        link.client.list().unwrap();
        link.run();
        let page = json!({"type": "entries", "id": 1, "entries": [], "more": more});
        link.hear(&[&page.to_string()]);
        let kind = link.error.as_ref().map(Error::kind);
        assert_eq!(kind, (!good).then_some("malformed"));
    }
}

/// §7.2: an offset goes with an etag, and an etag that is given is compared, whatever the offset.
#[test]
fn offsets_and_etags() {
    let etag = crate::app::etag(b"abc");
    for (more, answer) in [
        (r#","offset":1"#.to_owned(), "error malformed fatal"),
        (r#","offset":1,"etag":null"#.to_owned(), "error malformed fatal"),
        (r#","offset":4,"etag":"another""#.to_owned(), "error 1 changed"),
        (r#","offset":0,"etag":"another""#.to_owned(), "error 1 changed"),
        (r#","etag":"another""#.to_owned(), "error 1 changed"),
        (format!(r#","offset":4,"etag":"{etag}""#), "error 1 bad_offset"),
        (format!(r#","offset":3,"etag":"{etag}""#), "end 1"),
        (format!(r#","offset":1,"etag":"{etag}""#), "end 1"),
        (format!(r#","etag":"{etag}""#), "end 1"),
        (r#","offset":0"#.to_owned(), "end 1"),
    ] {
        let mut host = Host::greeted(app());
        host.hear(&[&format!(r#"{{"type":"get","id":1,"name":"a"{more}}}"#)]);
        assert_eq!(host.words().last().map(String::as_str), Some(answer), "{more}");
    }
}

/// The form of a message is judged before its place, on both sides.
#[test]
fn form_before_place() {
    for text in [
        r#"{"type":"get","id":1,"name":"a","offset":1}"#,
        r#"{"type":"get","id":1,"name":"a","etag":""}"#,
        r#"{"type":"put","id":1,"name":"a","size":1,"etag":" "}"#,
        r#"{"type":"end","id":1,"size":1,"digest":"none"}"#,
        r#"{"type":"list","id":0}"#,
        r#"{"type":"chunk","id":1,"offset":0,"crc32":"XX","filedata":"YWJj"}"#,
        r#"{"type":"entries","id":1,"entries":[],"more":true}"#,
        r#"{"type":"done","id":1,"size":1,"digest":"none","durability":"fsync"}"#,
        r#"{"type":"file"}"#,
    ] {
        for before in [&[][..], &[HELLO]] {
            let mut host = Host::new(server::Config::default(), app());
            host.hear(before);
            host.words();
            host.hear(&[text]);
            assert_eq!(host.words(), ["error malformed fatal"], "{text}");
        }
        let mut link = Link::new(client::Config::default(), Default::default(), app(), 7);
        link.hear(&[text]);
        assert_eq!(link.error.as_ref().map(Error::kind), Some("malformed"), "{text}");
    }
}
