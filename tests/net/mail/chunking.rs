//! Messages in chunks: RFC 3030.

use super::letters::{TAKEN, content, letter, long, long_content, options, sent};
use super::server::{Conn, Server};
use wirewright::net::mail::Options;

fn chunked(server: &Server, bytes_max: usize) -> Options {
    let mut options = options(server);
    options.chunking = true;
    options.session_limits.chunk_bytes_max = bytes_max;
    options
}

/// An envelope up to its last recipient; none for QUIT.
fn envelope(conn: &mut Conn) -> Option<()> {
    let line = conn.line()?;
    if line == "QUIT" {
        conn.say(&["221 bye"]);
        return None;
    }
    assert!(line.starts_with("MAIL"), "{line}");
    conn.say(&["250 Ok"]);
    conn.hear_verb("RCPT");
    conn.say(&["250 Ok"]);
    Some(())
}

/// One chunk, and whether it is the last.
fn chunk(conn: &mut Conn) -> (Vec<u8>, bool) {
    let line = conn.hear_verb("BDAT ");
    let (len, is_last) = match line[5..].split_once(' ') {
        Some((len, "LAST")) => (len, true),
        None => (&line[5..], false),
        Some(_) => panic!("{line}"),
    };
    (conn.exactly(len.parse().unwrap()), is_last)
}

/// A message, each chunk answered; and how many chunks it had.
fn message(conn: &mut Conn) -> (Vec<u8>, usize) {
    let (mut message, mut count) = (Vec::new(), 0);
    loop {
        let (piece, is_last) = chunk(conn);
        message.extend_from_slice(&piece);
        count += 1;
        conn.say(&[if is_last { "250 2.0.0 queued" } else { "250 go on" }]);
        if is_last {
            return (message, count);
        }
    }
}

#[test]
fn one_chunk_and_several() {
    for offers in [&["CHUNKING"][..], &["PIPELINING", "CHUNKING"]] {
        let server = Server::start(move |mut conn| {
            conn.open(offers);
            for expected in [content(1), long_content(50_000), content(3)] {
                envelope(&mut conn).unwrap();
                let (message, count) = message(&mut conn);
                assert!(message == expected, "{} bytes", message.len());
                // The last chunk is an empty one.
                assert_eq!(count > 2, expected.len() > 1000, "{count}");
            }
            assert!(envelope(&mut conn).is_none());
        });
        let letters = vec![letter(1), long(50_000), letter(3)];
        assert_eq!(sent(chunked(&server, 1000), letters), [TAKEN; 3]);
        assert_eq!((server.accepts(), server.said()[0].those("DATA").len()), (1, 0));
    }
}

/// Lines that begin with a dot, and line ends of all kinds: dots stay single, line ends do not.
#[test]
fn octets_are_not_stuffed() {
    let server = Server::start(|mut conn| {
        conn.open(&["CHUNKING"]);
        envelope(&mut conn).unwrap();
        assert_eq!(message(&mut conn).0, b"S: x\r\n\r\n.\r\n..\r\n.a\r\n.\r\n.");
        assert!(envelope(&mut conn).is_none());
    });
    let letter = super::letters::raw(b"S: x\n\n.\r..\r\n.a\n.\n.", &["b@example.net"]);
    assert_eq!(sent(chunked(&server, 4096), vec![letter]), [TAKEN]);
}

#[test]
fn not_where_it_is_not_offered() {
    let server = Server::start(|mut conn| {
        conn.open(&["PIPELINING"]);
        conn.take_all();
    });
    assert_eq!(sent(chunked(&server, 1000), vec![long(5000)]), [TAKEN]);
    assert_eq!(server.messages(), [long_content(5000)]);
}

/// A chunk is refused: no further one than were on their way, then RSET, and the next letter goes.
#[test]
fn a_refusal_in_the_middle() {
    for offers in [&["CHUNKING"][..], &["PIPELINING", "CHUNKING"]] {
        let server = Server::start(move |mut conn| {
            conn.open(offers);
            envelope(&mut conn).unwrap();
            let (_, is_last) = chunk(&mut conn);
            assert!(!is_last);
            conn.say(&["250 go on"]);
            let mut count = 1;
            while let Some(line) = conn.line() {
                if line == "RSET" {
                    conn.say(&["250 Ok"]);
                    break;
                }
                let len = line.strip_prefix("BDAT ").unwrap().split(' ').next().unwrap();
                conn.exactly(len.parse().unwrap());
                count += 1;
                // The first refusal is what is told.
                conn.say(&[if count == 2 { "552 5.3.4 big" } else { "503 5.5.1 no" }]);
            }
            assert!(count < 100, "all chunks came");
            envelope(&mut conn).unwrap();
            assert!(message(&mut conn).0 == content(2));
            assert!(envelope(&mut conn).is_none());
        });
        let told = sent(chunked(&server, 10_000), vec![long(2 << 20), letter(2)]);
        assert_eq!(told, ["never: message 552 5.3.4 big; 552 5.3.4 big", TAKEN], "{offers:?}");
        assert_eq!(server.accepts(), 1);
    }
}

/// Lost between chunks it cannot have been taken; after the last one nobody knows.
#[test]
fn a_loss() {
    for (is_last, verdict) in
        [(false, "later: unsent; the stream ended"), (true, "unknown: unknown; ")]
    {
        let server = Server::start(move |mut conn| {
            conn.open(&["CHUNKING"]);
            envelope(&mut conn).unwrap();
            while chunk(&mut conn).1 != is_last {
                conn.say(&["250 go on"]);
            }
        });
        let told = sent(chunked(&server, 1000), vec![long(5000)]);
        assert!(told[0].starts_with(verdict), "{told:?}");
        assert_eq!(server.accepts(), 1);
    }
}
