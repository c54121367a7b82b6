//! How messages travel: groups of commands, rooms too small for a row, chunks, many in a row.

use wirewright::buffer::Buffer;
use wirewright::session::{Session as _, Wants};
use wirewright::smtp::client::{Client, Envelope, Event, Verdict};
use wirewright::smtp::command::{Domain, Path};
use wirewright::smtp::config::{Config, StartTls};

fn config() -> Config {
    let name = Domain::parse("c.example").expect("a domain");
    Config { starttls: StartTls::Never, ..Config::new(name) }
}

/// Hears all of it, and counts the messages that were accepted.
fn hear(client: &mut Client, mut input: &[u8]) -> usize {
    let mut accepted = 0;
    loop {
        let received = client.receive(input, &mut []).expect("no error");
        input = &input[received.consumed..];
        match received.into_event() {
            Some(Event::Outcome(outcome)) => {
                accepted += usize::from(outcome.verdict == Verdict::Accepted);
            }
            Some(_) => {}
            None => return accepted,
        }
    }
}

fn ready(offers: &str, config: Config, room: usize) -> (Client, Buffer) {
    let (mut client, mut out) = (Client::new(config, false), Buffer::with_limit(room));
    hear(&mut client, b"220 mx\r\n");
    for _ in 0..9 {
        client.transmit(&mut out);
        out.consume(out.len());
    }
    hear(&mut client, format!("250-mx\r\n250-SIZE\r\n250 {offers}\r\n").as_bytes());
    (client, out)
}

fn envelope(recipients: usize) -> Envelope {
    let path = |text: &str| Path::parse(text).expect("a path");
    Envelope {
        from: path("a@b"),
        recipients: (0..recipients).map(|at| path(&format!("r{at}@x"))).collect(),
        size: None,
        is_8bit: false,
        needs_smtputf8: false,
    }
}

/// Content, its end, and the envelope of the next message are handed out at once.
#[test]
fn one_write_for_each_message() {
    let (mut client, mut out) = ready("PIPELINING", config(), 1 << 16);
    client.send(envelope(2)).expect("it is sent");
    client.transmit(&mut out);
    let group = b"MAIL FROM:<a@b>\r\nRCPT TO:<r0@x>\r\nRCPT TO:<r1@x>\r\nDATA\r\n";
    assert_eq!(out.readable(), group);
    let mut accepted = 0;
    for _ in 0..1000 {
        out.consume(out.len());
        accepted += hear(&mut client, b"250 a\r\n250 b\r\n250 c\r\n354 d\r\n");
        assert_eq!(client.wants(), Wants::Payload);
        assert_eq!(client.offer(b"hello\r\n", &mut out), Ok(7));
        client.finish_message().expect("it has ended");
        assert!(!client.is_ready());
        client.transmit(&mut out);
        assert!(client.is_ready() && !client.is_idle());
        client.send(envelope(2)).expect("the next one");
        client.transmit(&mut out);
        assert_eq!(out.readable(), [&b"hello\r\n.\r\n"[..], group].concat());
        let known: Vec<Verdict> = client.unfinished().map(|outcome| outcome.verdict).collect();
        assert_eq!(known, [Verdict::Unknown, Verdict::Refused { retryable: true }]);
        accepted += hear(&mut client, b"250 taken\r\n");
    }
    assert_eq!(accepted, 1000);
}

/// A group that does not fit goes out row by row as there is room, and a row longer than all of the
/// room in parts; the server sees the same.
#[test]
fn small_rooms() {
    let mut expected = None;
    for room in [1 << 16, 64, 20, 16, 7] {
        let (mut client, mut out) = ready("PIPELINING", config(), room);
        let mut said = Vec::new();
        client.send(envelope(5)).expect("it is sent");
        let mut drain = |client: &mut Client, out: &mut Buffer| {
            for _ in 0..100 {
                client.transmit(out);
                said.extend_from_slice(out.readable());
                out.consume(out.len());
            }
        };
        drain(&mut client, &mut out);
        hear(&mut client, b"250 m\r\n250 a\r\n250 b\r\n250 c\r\n250 d\r\n250 e\r\n354 go\r\n");
        let content = b"one\r\n.two\r\nthree";
        let mut taken = 0;
        while taken < content.len() {
            taken += client.offer(&content[taken..], &mut out).expect("it is taken");
            drain(&mut client, &mut out);
        }
        client.finish_message().expect("it has ended");
        drain(&mut client, &mut out);
        assert_eq!(hear(&mut client, b"250 ok\r\n"), 1);
        assert!(said.ends_with(b"DATA\r\none\r\n..two\r\nthree\r\n.\r\n"));
        assert_eq!(*expected.get_or_insert(said.clone()), said, "{room}");
    }
}

/// RFC 3030: each chunk has its length in front and its reply behind; no dots are doubled.
#[test]
fn chunks() {
    let mut config = Config { chunking: true, ..config() };
    config.limits.chunk_bytes_max = 1000;
    config.limits.chunks_unanswered_max = 2;
    let (mut client, mut out) = ready("CHUNKING", config, 1 << 16);
    assert!(client.capabilities().chunking && !client.capabilities().pipelining);
    client.send(Envelope { size: Some(6), ..envelope(1) }).expect("it is sent");
    client.transmit(&mut out);
    assert_eq!(out.readable(), b"MAIL FROM:<a@b> SIZE=6\r\n");
    hear(&mut client, b"250 a\r\n");
    client.transmit(&mut out);
    hear(&mut client, b"250 b\r\n");
    out.consume(out.len());
    assert_eq!(client.offer(b".\n", &mut out), Ok(2));
    assert_eq!(out.readable(), b"BDAT 3\r\n.\r\n");
    assert_eq!(client.wants(), Wants::Read, "one at a time without PIPELINING");
    assert_eq!(client.offer(b"x", &mut out), Ok(0));
    hear(&mut client, b"250 taken\r\n");
    assert_eq!(client.offer(b"a\n", &mut out), Ok(2));
    client.finish_message().expect("it has ended");
    client.transmit(&mut out);
    assert!(out.readable().ends_with(b"BDAT 3\r\na\r\n"), "the end waits");
    hear(&mut client, b"250 taken\r\n");
    client.transmit(&mut out);
    assert!(out.readable().ends_with(b"BDAT 0 LAST\r\n"));
    let known: Vec<Verdict> = client.unfinished().map(|outcome| outcome.verdict).collect();
    assert_eq!(known, [Verdict::Unknown]);
    assert_eq!(hear(&mut client, b"250 taken\r\n"), 1);
}

/// A chunk is never longer than its limit or its room, and none is begun for a handful of bytes.
#[test]
fn chunks_fit() {
    let mut config = Config { chunking: true, ..config() };
    config.limits.chunk_bytes_max = 1000;
    let (mut client, mut out) = ready("CHUNKING", config, 4096);
    client.send(envelope(1)).expect("it is sent");
    for reply in ["250 a\r\n", "250 b\r\n"] {
        client.transmit(&mut out);
        hear(&mut client, reply.as_bytes());
    }
    out.consume(out.len());
    let content = [b'x'; 3000];
    assert_eq!(client.offer(&content, &mut out), Ok(1000));
    assert_eq!(out.len(), b"BDAT 1000\r\n".len() + 1000);
    hear(&mut client, b"250 a\r\n");
    out.append(&[0; 2600]).expect("there is room");
    assert_eq!(client.offer(&content, &mut out), Ok(0), "too little room");
    out.consume(out.len());
    out.append(&[0; 3500]).expect("there is room");
    let taken = client.offer(&content, &mut out).expect("some");
    assert!((500..570).contains(&taken) && out.free_len() < 32, "{taken} {}", out.free_len());
}
