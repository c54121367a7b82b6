//! Time and memory: patience (§11), progress, what an idle connection costs.

use crate::app::{App, Unfinished, etag};
use crate::host::{CLIENT_NONCE, HELLO, Host, SERVER_NONCE, frame};
use crate::link::Link;
use std::mem::size_of;
use std::sync::Arc;
use wirewright::buffer::Buffer;
use wirewright::digest::{DigestKind, Digester};
use wirewright::name::Name;
use wirewright::session::Session as _;
use wirewright::transfer::client::{self, Client, Resume};
use wirewright::transfer::message::Durability;
use wirewright::transfer::server::{self, FileMeta, Server};
use wirewright::transfer::token::Token;

const GIB: u64 = 1 << 30;

/// What a running transfer counts besides, in bytes: its state and the digest that is being made.
pub const TRANSFER: usize = 2560;

fn seconds(session: &impl wirewright::session::Session) -> u64 {
    session.idle_timeout().as_secs()
}

/// Feeds frames to a bare server, answering nothing.
fn hear(server: &mut Server, texts: &[&str]) {
    for text in texts {
        let bytes = frame(text);
        let (mut input, mut room) = (&bytes[..], [0; 64]);
        loop {
            let received = server.receive(input, &mut room).expect("no error");
            let none = !received.is_event() && received.consumed == 0;
            input = &input[received.consumed..];
            if none {
                break;
            }
        }
    }
}

#[test]
fn the_patience_of_a_server() {
    let token = Some(Token::new(b"sesame"));
    let mut server =
        Server::new(Arc::new(server::Config { token, ..Default::default() }), SERVER_NONCE);
    assert_eq!(seconds(&server), 10, "hello");
    hear(&mut server, &[HELLO]);
    assert_eq!(seconds(&server), 10, "auth");

    let mut server = Server::new(Arc::new(server::Config::default()), SERVER_NONCE);
    let none = || Digester::new(DigestKind::None);
    hear(&mut server, &[HELLO]);
    assert_eq!(seconds(&server), 300, "the next request");
    hear(&mut server, &[r#"{"type":"get","id":1,"name":"a"}"#]);
    let meta = FileMeta { size: 3, modified: "", etag: "e", offset: 0 };
    server.file(&meta, none()).unwrap();
    assert_eq!(seconds(&server), 30, "the other side to take bytes");
    let mut out = Buffer::with_limit(10_000);
    assert_eq!(server.offer(b"abc", &mut out), Ok(3));
    assert_eq!(seconds(&server), 300, "idle again");

    let put = |id| format!(r#"{{"type":"put","id":{id},"name":"a","size":3,"etag":"e"}}"#);
    hear(&mut server, &[&put(2)]);
    server.ready(0, none()).unwrap();
    assert_eq!(seconds(&server), 30, "payload");
    hear(&mut server, &[r#"{"type":"chunk","id":2,"offset":0,"filedata":"YWJj"}"#]);
    assert_eq!(seconds(&server), 30, "the end");
    hear(&mut server, &[r#"{"type":"end","id":2,"size":3}"#]);
    assert_eq!(seconds(&server), 600, "it is being synced");
    server.done(Durability::Fsync).unwrap();
    assert_eq!(seconds(&server), 300, "idle again");
}

/// §7.5: a second for every 64 MiB that the sender hashes without sending.
#[test]
fn the_patience_of_a_server_on_resume() {
    for (offset, wait) in [(0, 30), (GIB, 46), (10 * GIB, 190)] {
        let mut server = Server::new(Arc::new(server::Config::default()), SERVER_NONCE);
        let size = 20 * GIB;
        let put = format!(r#"{{"type":"put","id":1,"name":"a","size":{size},"etag":"e"}}"#);
        hear(&mut server, &[HELLO, &put]);
        server.ready(offset, Digester::new(DigestKind::None)).unwrap();
        assert_eq!(seconds(&server), wait, "before the first chunk");
        let chunk = format!(r#"{{"type":"chunk","id":1,"offset":{offset},"filedata":"YWJj"}}"#);
        hear(&mut server, &[&chunk]);
        assert_eq!(seconds(&server), 30, "afterwards");
    }
}

#[test]
fn the_patience_of_a_client() {
    let name = Name::new("a").unwrap();
    let mut link = Link::new(
        client::Config::default(),
        server::Config::default(),
        App { hold: true, ..App::with(&[("a", &[1; 100_000])]) },
        1000,
    );
    assert_eq!(seconds(&link.client), 30, "hello");
    link.run();
    link.client.list().unwrap();
    assert_eq!(seconds(&link.client), 30, "entries");
    link.run();
    link.host.app.answer(&mut link.host.server);
    link.get("a");
    link.run();
    assert_eq!(seconds(&link.client), 30, "file");
    link.host.app.answer(&mut link.host.server);
    for _ in 0..10 {
        link.step();
    }
    assert!(!link.got[&2].is_empty());
    assert_eq!(seconds(&link.client), 30, "payload");
    link.run();

    link.put("x", &[1; 100_000], false);
    link.run();
    assert_eq!(seconds(&link.client), 30, "ready");
    link.host.app.answer(&mut link.host.server);
    for _ in 0..3 {
        link.up.set_limit(300);
        link.step();
    }
    assert!(link.client.wanted(&Buffer::with_limit(1000)).is_some());
    assert_eq!(seconds(&link.client), 30, "the other side to take bytes");
    link.up.set_limit(1 << 20);
    link.tamper(|_, message| message["type"] != "done");
    link.run();
    assert_eq!(seconds(&link.client), 600, "done");

    for (offset, wait) in [(0, 30), (GIB, 46), (100 * GIB, 1630)] {
        let mut client = Client::new(client::Config::default(), CLIENT_NONCE);
        let digester = Digester::new(DigestKind::None);
        client.get(&name, Some(Resume { offset, etag: "e", digester })).unwrap();
        assert_eq!(seconds(&client), wait, "a file from {offset}");
    }
}

/// Frames without payload, and payload in crumbs, do not extend a wait.
#[test]
fn floods_are_no_progress() {
    let mut host = Host::greeted(App { hold: true, ..App::default() });
    host.hear(&[r#"{"type":"put","id":1,"name":"x","size":1000000,"etag":"e"}"#]);
    host.app.answer(&mut host.server);
    let before = host.server.progress();
    for round in 0..1365_u64 {
        let offset = round * 3;
        host.hear(&[
            &format!(r#"{{"type":"chunk","id":1,"offset":{offset},"filedata":"YWJj"}}"#),
            r#"{"type":"note","id":5}"#,
            r#"{"type":"cancel","id":77}"#,
            r#"{"type":"error","id":77,"code":"io","text":"","fatal":false}"#,
        ]);
        host.words();
    }
    assert_eq!(host.error, None);
    assert_eq!(host.server.progress(), before, "4,095 bytes are none");
    host.hear(&[r#"{"type":"chunk","id":1,"offset":4095,"filedata":"YWJj"}"#]);
    assert_eq!(host.server.progress(), before + 1, "4,096 are one");
    let long = frame(&format!(r#"{{"type":"list","id":9,"x":"{}"}}"#, "x".repeat(5000)));
    for byte in &long[..long.len() - 1] {
        host.feed(&[*byte]);
    }
    assert_eq!(host.server.progress(), before + 1, "bytes of a frame that does not end");
}

#[test]
fn chunks_of_what_is_long_over_are_no_progress() {
    let mut host = Host::greeted(App { read_only: true, ..App::default() });
    host.hear(&[r#"{"type":"put","id":1,"name":"x","size":1000000,"etag":"e"}"#]);
    assert_eq!(host.words(), ["error 1 read_only"]);
    let before = host.server.progress();
    let data = "AAAA".repeat(10_000);
    for _ in 0..20 {
        host.hear(&[&format!(r#"{{"type":"chunk","id":1,"offset":0,"filedata":"{data}"}}"#)]);
    }
    assert_eq!((host.server.progress(), host.error), (before, None));
}

/// A download that is taken is progress for as long as it lasts.
#[test]
fn sending_is_progress_on_both_sides() {
    let mut link = Link::plain(App::with(&[("a", &[1; 300_000])]), 20_000);
    link.up.set_limit(20_000);
    link.host.out.set_limit(20_000);
    for put in [false, true] {
        match put {
            false => link.get("a"),
            true => link.put("b", &[1; 300_000], false),
        };
        let now = |link: &Link| (link.client.progress(), link.host.server.progress());
        let first = now(&link);
        while link.ends().is_empty() {
            let before = now(&link);
            link.step();
            let after = now(&link);
            assert!(after.0 - before.0 < 12 && after.1 - before.1 < 12, "{before:?} {after:?}");
        }
        let last = now(&link);
        assert!(last.0 - first.0 >= 300_000 / 4096, "put {put}: {first:?} {last:?}");
        assert!(last.1 - first.1 >= 300_000 / 4096, "put {put}: {first:?} {last:?}");
        link.take_log();
    }
}

/// The client's side of floods.
#[test]
fn crumbs_from_a_server_are_no_progress() {
    let config = client::Config { digests: vec![DigestKind::None], ..client::Config::default() };
    let mut client = Client::new(config, CLIENT_NONCE);
    let mut room = [0; 64];
    let mut hear = |client: &mut Client, text: &str| {
        let bytes = frame(text);
        let mut input = &bytes[..];
        loop {
            let received = client.receive(input, &mut room).expect("no error");
            let none = !received.is_event() && received.consumed == 0;
            input = &input[received.consumed..];
            if none {
                return;
            }
        }
    };
    hear(&mut client, r#"{"type":"hello","version":1,"max_frame":65536,"digest":"none"}"#);
    client.get(&Name::new("a").unwrap(), None).unwrap();
    let file = concat!(
        r#"{"type":"file","id":1,"name":"a","size":1000000,"#,
        r#""modified":"","etag":"e","offset":0}"#
    );
    hear(&mut client, file);
    let before = client.progress();
    for round in 0..1365_u64 {
        let offset = round * 3;
        let chunk = format!(r#"{{"type":"chunk","id":1,"offset":{offset},"filedata":"YWJj"}}"#);
        hear(&mut client, &chunk);
        hear(&mut client, r#"{"type":"note"}"#);
    }
    assert_eq!(client.progress(), before);
    hear(&mut client, r#"{"type":"chunk","id":1,"offset":4095,"filedata":"YWJj"}"#);
    assert_eq!(client.progress(), before + 1);
}

/// What a connection costs: the machine itself, and what it took from the allocator.
#[test]
fn an_idle_connection_holds_next_to_nothing() {
    let (server, client) = (size_of::<Server>(), size_of::<Client>());
    println!("a Server has {server} bytes, a Client {client}");
    assert!(server <= 1024, "a Server has {server} bytes");
    assert!(client <= 1024, "a Client has {client} bytes");

    let long = "x".repeat(60_000);
    let data = "AAAA".repeat(200_000);
    let long_hello = HELLO.replace("{\"type\"", &format!("{{\"x\":\"{long}\",\"type\""));
    let names: Vec<(String, Vec<u8>)> = (0..500).map(|i| (format!("{i:0200}"), vec![])).collect();
    let app = App { files: names.into_iter().collect(), page: 50, ..App::default() };
    let mut host = Host::new(server::Config::default(), app);
    host.hear(&[&long_hello]);
    idle(&mut host, "a long hello");
    host.hear(&[r#"{"type":"list","id":1}"#]);
    idle(&mut host, "a listing of 100 kB");
    host.hear(&[&format!(r#"{{"type":"get","id":2,"name":"no","x":"{long}"}}"#)]);
    idle(&mut host, "a long request");
    host.hear(&[r#"{"type":"put","id":3,"name":"x","size":3000000,"etag":"e"}"#]);
    idle(&mut host, "a put that begins");
    host.hear(&[&format!(r#"{{"type":"chunk","id":3,"offset":0,"filedata":"{data}"}}"#)]);
    idle(&mut host, "a chunk");
    host.hear(&[&format!(r#"{{"filedata":"{data}","offset":600000,"id":3,"type":"chunk"}}"#)]);
    idle(&mut host, "a chunk whose payload came first");
    host.hear(&[r#"{"type":"cancel","id":3}"#]);
    idle(&mut host, "a cancel");
    for id in 10..2000 {
        host.hear(&[&format!(r#"{{"type":"get","id":{id},"name":".."}}"#)]);
    }
    idle(&mut host, "many requests");
}

fn idle(host: &mut Host, what: &str) {
    host.words();
    host.turn();
    assert_eq!(host.error, None);
    let capacity = host.server.memory();
    let allowed = if host.server.is_receiving() { 2048 + TRANSFER } else { 2048 };
    assert!(capacity <= allowed, "{capacity} bytes after {what}");
}

/// While a chunk of a megabyte arrives, nothing of it is kept.
#[test]
fn a_chunk_is_never_gathered() {
    let mut host = Host::greeted(App::default());
    host.hear(&[r#"{"type":"put","id":1,"name":"x","size":3000000,"etag":"e"}"#]);
    let data = "AAAA".repeat(200_000);
    let chunk = frame(&format!(r#"{{"type":"chunk","id":1,"offset":0,"filedata":"{data}"}}"#));
    for piece in chunk.chunks(1000) {
        host.feed(piece);
        let capacity = host.server.memory();
        assert!(capacity <= 2048 + TRANSFER, "{capacity}");
        assert!(host.inbox.is_empty());
    }
    assert_eq!(host.app.unfinished["x"].bytes.len(), 600_000);
}

/// A put that goes on is hashed from its beginning, so its end is checked against the whole.
#[test]
fn a_resumed_put_whose_beginning_is_wrong() {
    let bytes = [5; 90];
    let mut app = App::default();
    let (etag, size) = (etag(&bytes), 90);
    let file = Unfinished { etag, size, bytes: vec![6; 30], ..Unfinished::default() };
    app.unfinished.insert("x".into(), file);
    let mut link = Link::plain(app, 64);
    link.put("x", &bytes, false);
    link.run();
    assert_eq!(link.ends(), ["failed 1 digest_mismatch"]);
    assert!(link.host.app.files.is_empty() && link.host.app.unfinished.is_empty());
}
