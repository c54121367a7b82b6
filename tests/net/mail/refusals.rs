//! Refusals: what is said after one, and who goes on.

use super::letters::{TAKEN, content, letter, letter_to, long, options, sent};
use super::server::{Conn, Server};

/// Answers commands by their verbs; polite where it has nothing else to say. `said` is asked with
/// the number of the transaction, from 1.
fn answering(mut conn: Conn, said: impl Fn(usize, &str) -> Option<&'static str>) {
    let mut transaction = 0;
    while let Some(line) = conn.line() {
        transaction += usize::from(line.starts_with("MAIL"));
        let polite = match &*line {
            "DATA" => "354 go",
            "QUIT" => "221 bye",
            _ => "250 Ok",
        };
        let mut reply = said(transaction, &line).unwrap_or(polite);
        conn.say(&[reply]);
        if reply.starts_with("354") {
            conn.content();
            reply = said(transaction, ".").unwrap_or("250 2.0.0 queued");
            conn.say(&[reply]);
        }
    }
}

/// One refusal in the first of two letters: RSET is said behind it unless the transaction has ended
/// by itself, and the next letter goes on the same connection.
#[test]
fn the_next_letter_goes() {
    for (verb, reply, told, has_reset) in [
        ("MAIL", "550 5.7.1 not you", "never: mail 550 5.7.1 not you; 550 5.7.1 not you", true),
        ("RCPT", "450 4.2.0 grey", "later: rcpt 450 4.2.0 grey", true),
        ("DATA", "451 busy", "later: data 451 busy; 451 busy", true),
        (".", "552 5.3.4 big", "never: message 552 5.3.4 big; 552 5.3.4 big", false),
    ] {
        for offers in [&[][..], &["PIPELINING"]] {
            let server = Server::start(move |mut conn| {
                conn.open(offers);
                answering(conn, |transaction, line| {
                    let is_it = transaction == 1 && line.starts_with(verb);
                    // Once nobody is left, a server refuses DATA as well.
                    let is_after = transaction == 1 && line == "DATA" && has_reset;
                    if is_it { Some(reply) } else { is_after.then_some("503 no") }
                });
            });
            let letters = vec![letter(1), letter(2)];
            assert_eq!(sent(options(&server), letters), [told, TAKEN], "{verb} {offers:?}");
            assert_eq!(server.accepts(), 1);
            let said = &server.said()[0];
            assert_eq!(said.those("RSET").len(), usize::from(has_reset), "{:?}", said.lines);
            let of_first = if verb == "." { vec![content(1)] } else { Vec::new() };
            assert_eq!(said.messages, [of_first, vec![content(2)]].concat());
            if offers.is_empty() {
                let first = match verb {
                    "MAIL" => &["MAIL"][..],
                    "RCPT" => &["MAIL", "RCPT"],
                    _ => &["MAIL", "RCPT", "DATA"],
                };
                let reset = if has_reset { &["RSET"][..] } else { &[] };
                let next = ["MAIL", "RCPT", "DATA", "QUIT"];
                let verbs = said.lines.iter().skip(1).map(|line| line.split(' ').next().unwrap());
                assert!(verbs.eq([first, reset, &next].concat()), "{:?}", said.lines);
            }
        }
    }
}

/// A server that does not count: 354 though every recipient was refused. It gets an empty message,
/// whatever it says of it nobody has it, and the next letter goes.
#[test]
fn a_lone_dot() {
    for reply in ["554 5.5.1 no recipients", "250 2.0.0 queued"] {
        let server = Server::start(move |mut conn| {
            conn.open(&["PIPELINING"]);
            answering(conn, |transaction, line| match (transaction, line) {
                (1, ".") => Some(reply),
                (1, line) if line.starts_with("RCPT") => Some("550 5.1.1 who"),
                _ => None,
            });
        });
        let letters = vec![letter_to(1, &["b@example.net", "c@example.net"]), letter(2)];
        let told = sent(options(&server), letters);
        assert_eq!(told, ["never: 2 rcpt 550 5.1.1 who", TAKEN]);
        assert_eq!((server.accepts(), server.messages()), (1, vec![Vec::new(), content(2)]));
    }
}

#[test]
fn some_recipients_are_refused() {
    let server = Server::start(|mut conn| {
        conn.open(&["PIPELINING"]);
        answering(conn, |_, line| match line {
            "RCPT TO:<c@example.net>" => Some("550-5.1.1 no such\r\n550 5.1.1 user"),
            "RCPT TO:<d@example.net>" => Some("450 4.2.1 later"),
            _ => None,
        });
    });
    let to = ["b@example.net", "c@example.net", "d@example.net"];
    let told = sent(options(&server), vec![letter_to(1, &to), letter(2)]);
    let expected =
        "partial: taken, rcpt 550 5.1.1 no such 5.1.1 user, rcpt 450 4.2.1 later; 250 2.0.0 queued";
    assert_eq!(told, [expected, TAKEN]);
}

/// The answer to a message may come before it is whole. It is read, and the rest is not sent; what
/// would follow on that connection could be counted wrongly, so others go on another one.
#[test]
fn in_the_middle_of_the_content() {
    const LEN: usize = 24 << 20;
    for (reply, told) in [
        ("552 5.3.4 big", "never: message 552 5.3.4 big; 552 5.3.4 big"),
        ("451 4.3.0 full", "later: message 451 4.3.0 full; 451 4.3.0 full"),
    ] {
        let server = Server::start(move |mut conn| {
            conn.open(&["PIPELINING"]);
            if conn.number > 1 {
                return conn.take_all();
            }
            conn.envelope().unwrap();
            conn.some(100_000);
            conn.say(&[reply]);
            let came = conn.gone();
            assert!(came.len() < LEN, "all of it came");
            assert!(!came.windows(5).any(|five| five == b"\r\n.\r\n"));
        });
        let letters = vec![long(LEN), letter(2)];
        assert_eq!(sent(options(&server), letters), [told, TAKEN]);
        assert_eq!((server.accepts(), server.messages()), (2, vec![content(2)]));
    }
}

/// What a server does not take is not begun, and no reason to leave.
#[test]
fn what_is_known_beforehand() {
    let server = Server::start(|mut conn| {
        conn.open(&["SIZE 1000"]);
        conn.take_all();
    });
    let eight_bit = super::letters::raw(b"Subject: \xC3\xA4\r\n\r\n", &["b@example.net"]);
    let foreign = letter_to(1, &["\u{9a86}@example.net"]);
    let told = sent(options(&server), vec![long(2000), eight_bit, foreign, letter(4)]);
    let size = "the message has 2001 bytes, the server accepts at most 1000";
    let octets = "the message holds octets above 127, and the server has no 8BITMIME";
    let foreign = "no-smtputf8: the server does not offer SMTPUTF8 (RFC 6531), which \
                   \u{9a86}@example.net needs";
    assert_eq!(
        told,
        [
            &format!("never: unsent; refused: size: {size}"),
            &format!("never: unsent; refused: no-8bitmime: {octets}"),
            &format!("never: rcpt {foreign}; refused: {foreign}"),
            TAKEN
        ]
    );
    assert_eq!((server.accepts(), server.messages()), (1, vec![content(4)]));
}
