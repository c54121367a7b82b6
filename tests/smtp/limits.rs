//! Limits at n−1, n and n+1; waits by state; memory.

use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::session::{AbortReason, Session as _, Wants};
use wirewright::smtp::client::{Client, Envelope};
use wirewright::smtp::command::{Domain, Path};
use wirewright::smtp::config::{Config, Limits, StartTls};
use wirewright::smtp::reply::Parser;

fn config() -> Config {
    let name = Domain::parse("c.example").expect("a domain");
    Config { starttls: StartTls::Never, ..Config::new(name) }
}

fn hear(client: &mut Client, mut input: &[u8]) {
    loop {
        let received = client.receive(input, &mut []).expect("no error");
        input = &input[received.consumed..];
        if !received.is_event() {
            break assert!(input.is_empty());
        }
    }
}

fn ready(offers: &str, config: Config) -> (Client, Buffer) {
    let (mut client, mut out) = (Client::new(config, false), Buffer::with_limit(1 << 16));
    hear(&mut client, b"220 mx\r\n");
    client.transmit(&mut out);
    hear(&mut client, format!("250-mx\r\n250 {offers}\r\n").as_bytes());
    out.consume(out.len());
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

#[test]
fn replies() {
    let limits = Limits {
        reply_line_bytes_max: 100,
        reply_lines_max: 3,
        reply_bytes_max: 250,
        ..Limits::default()
    };
    let judge = |text: String| match Parser::new(&limits).feed(text.as_bytes()) {
        Ok((taken, is_whole)) => {
            assert!(is_whole && taken == text.len());
            "fits"
        }
        Err(Error::TooLarge { limit, max, offset, .. }) => {
            assert!(offset < text.len() as u64 && max > 0);
            limit
        }
        Err(error) => panic!("{error}"),
    };
    for (len, verdict) in [(99, "fits"), (100, "fits"), (101, "reply_line_bytes_max")] {
        assert_eq!(judge(format!("250 {}\r\n", "x".repeat(len - 6))), verdict, "{len}");
    }
    for (count, verdict) in [(2, "fits"), (3, "fits"), (4, "reply_lines_max")] {
        assert_eq!(judge("250-x\r\n".repeat(count - 1) + "250 x\r\n"), verdict, "{count}");
    }
    for (len, verdict) in [(249, "fits"), (250, "fits"), (251, "reply_bytes_max")] {
        let lines = format!("250-{}\r\n", "x".repeat(94)).repeat(2);
        let text = format!("{lines}250 {}\r\n", "x".repeat(len - 206));
        assert_eq!(judge(text), verdict, "{len}");
    }
}

#[test]
fn recipients() {
    for (count, fits) in [(9_999, true), (10_000, true), (10_001, false)] {
        let (mut client, _) = ready("PIPELINING", config());
        match client.send(envelope(count)) {
            Ok(sent) => {
                let rest = sent.unserved.expect("more than one transaction").recipients;
                assert!(fits && rest.len() == count - 100 && rest[0].as_str() == "r100@x");
            }
            Err(error) => {
                let wrong = matches!(error, Error::TooLarge { limit: "recipients_max", .. });
                assert!(!fits && wrong);
                assert!(client.is_idle(), "the session goes on");
            }
        }
    }
    for (count, is_whole) in [(99, true), (100, true), (101, false)] {
        let (mut client, _) = ready("PIPELINING", config());
        let sent = client.send(envelope(count)).expect("it is sent");
        assert_eq!(sent.unserved.is_none(), is_whole);
    }
}

#[test]
fn sizes() {
    for (size, fits) in [(999, true), (1000, true), (1001, false)] {
        let (mut client, _) = ready("SIZE 1000", config());
        let sent = client.send(Envelope { size: Some(size), ..envelope(1) });
        assert_eq!(sent.is_ok(), fits);
        if let Err(error) = sent {
            let words = "size: the message has 1001 bytes, the server accepts at most 1000";
            assert_eq!(error.reason(), words);
        }
    }
    for offers in ["SIZE", "SIZE 0", "SIZE x", "SIZE 99999999999999999999", "HELP"] {
        let (mut client, _) = ready(offers, config());
        assert!(client.send(Envelope { size: Some(1 << 40), ..envelope(1) }).is_ok(), "{offers}");
    }
}

/// A message is exactly as long as announced, or it is not sent.
#[test]
fn announced_sizes() {
    for (len, fits) in [(9, false), (10, true), (11, false)] {
        let (mut client, mut out) = ready("SIZE 1000", config());
        client.send(Envelope { size: Some(10), ..envelope(1) }).expect("it is sent");
        for reply in ["250 a\r\n", "250 b\r\n", "354 c\r\n"] {
            client.transmit(&mut out);
            hear(&mut client, reply.as_bytes());
        }
        let content = "\r\n.......................";
        let offered = client.offer(&content.as_bytes()[..len], &mut out);
        let finished = offered.clone().and_then(|_| client.finish_message());
        assert_eq!(finished.is_ok(), fits, "{len}");
        assert_eq!(offered.is_ok(), len <= 10);
        if !fits {
            client.abort(AbortReason::Io, "");
            out.consume(out.len());
            client.transmit(&mut out);
            assert!(out.is_empty() && client.wants() == Wants::Close);
            assert_eq!(client.unfinished().count(), 1);
        }
    }
}

#[test]
fn waits_follow_the_state() {
    let limits = Limits::default();
    let (mut client, mut out) = (Client::new(config(), false), Buffer::with_limit(4096));
    let mut seen = Vec::new();
    let mut see = |client: &Client| seen.push((client.waits_for().phrase(), client.idle_timeout()));
    see(&client);
    for (reply, acts) in [
        ("220 mx\r\n", 0),
        ("250 mx\r\n", 1),
        ("250 a\r\n", 0),
        ("250 b\r\n", 0),
        ("354 c\r\n", 2),
        ("250 d\r\n", 3),
    ] {
        hear(&mut client, reply.as_bytes());
        see(&client);
        match acts {
            1 => assert_eq!(client.send(envelope(1)).map(|sent| sent.message), Ok(1)),
            2 => client.finish_message().expect("an empty message"),
            3 => client.end(),
            _ => {}
        }
        client.transmit(&mut out);
        see(&client);
    }
    let expected = [
        ("the greeting", limits.greeting_wait),
        ("the server to read a command", limits.hello_wait),
        ("the reply to EHLO", limits.hello_wait),
        ("the next message", limits.idle_wait),
        ("the reply to MAIL", limits.mail_wait),
        ("the server to read the message", limits.block_wait),
        ("the reply to RCPT", limits.rcpt_wait),
        ("the server to read the message", limits.block_wait),
        ("the reply to DATA", limits.data_wait),
        ("the server to read the message", limits.block_wait),
        ("the reply to the end of the message", limits.end_wait),
        ("the next message", limits.idle_wait),
        ("the reply to QUIT", limits.quit_wait),
    ];
    assert_eq!(seen, expected);
}

/// Progress is made by replies and by content, and by nothing else.
#[test]
fn progress() {
    let (mut client, mut out) = ready("PIPELINING", config());
    client.send(envelope(1)).expect("it is sent");
    let before = client.progress();
    client.transmit(&mut out);
    hear(&mut client, b"250 a\r\n250");
    assert_eq!(client.progress(), before + 1);
    hear(&mut client, b" b\r\n354 c\r\n");
    assert_eq!(client.progress(), before + 3);
    client.offer(&[b'x'; 4095], &mut out).expect("it is taken");
    assert_eq!(client.progress(), before + 3);
    client.offer(b"x", &mut out).expect("it is taken");
    assert_eq!(client.progress(), before + 4);
}

/// Memory follows the replies that came, and a message that goes out is not held.
#[test]
fn memory() {
    let (mut client, mut out) = ready("PIPELINING", config());
    assert!(client.memory() < 2048, "{}", client.memory());
    client.send(envelope(1)).expect("it is sent");
    client.transmit(&mut out);
    hear(&mut client, b"250 a\r\n250 b\r\n354 c\r\n");
    let held = client.memory();
    for _ in 0..1000 {
        out.consume(out.len());
        client.offer(&[b'x'; 1000], &mut out).expect("it is taken");
    }
    assert_eq!(client.memory(), held);
    assert!(held < 4096, "{held}");
}

/// Who wants to close does not wait for the other side as long as for an answer.
#[test]
fn a_close_takes_no_longer_than_good_bye() {
    let quit_wait = Limits::default().quit_wait;
    let (mut client, mut out) = ready("PIPELINING", config());
    client.send(envelope(1)).expect("it is sent");
    client.transmit(&mut out);
    hear(&mut client, b"250 a\r\n250 b\r\n354 c\r\n");
    assert_eq!(client.idle_timeout(), Limits::default().block_wait);
    // The server has had enough of it, and may read nothing of what is still to be written.
    hear(&mut client, b"552 too much\r\n");
    assert_eq!((client.wants(), client.idle_timeout()), (Wants::Close, quit_wait));
    let (mut client, _) = ready("PIPELINING", config());
    client.send(envelope(1)).expect("it is sent");
    client.abort(AbortReason::Io, "");
    assert_eq!((client.wants(), client.idle_timeout()), (Wants::Close, quit_wait));
}

/// What is kept of a reply, where very many are: whole characters of its first lines.
#[test]
fn a_reply_is_shortened() {
    let mut parser = Parser::new(&Limits::default());
    parser.feed("550-5.1.1 \u{e9}\u{e9}\r\n550 end\r\n".as_bytes()).unwrap();
    for (max, text) in [
        (0, ""),
        (6, "5.1.1 "),
        (7, "5.1.1 "),
        (8, "5.1.1 \u{e9}"),
        (10, "5.1.1 \u{e9}\u{e9}"),
        (12, "5.1.1 \u{e9}\u{e9} en"),
        (13, "5.1.1 \u{e9}\u{e9} end"),
        (4096, "5.1.1 \u{e9}\u{e9} end"),
    ] {
        let short = parser.reply().shortened(max);
        assert_eq!((short.code(), short.text()), (550, text.into()), "{max}");
    }
}
