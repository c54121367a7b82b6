//! Connections that are lost: what is then known of each letter, and which go on.

use super::letters::{TAKEN, content, letter, letter_to, long, long_content, options, sent};
use super::server::{Conn, Server};

/// What the first connection does; all others are polite.
fn first(script: impl Fn(Conn) + Send + Sync + 'static, offers: &'static [&'static str]) -> Server {
    Server::start(move |mut conn| {
        conn.open(offers);
        if conn.number == 1 {
            return script(conn);
        }
        conn.take_all();
    })
}

/// Closed behind an answer, before or after the next letter was heard of: that one travels on
/// another connection, and none travels twice.
#[test]
fn between_letters() {
    for offers in [&[][..], &["PIPELINING"]] {
        for step in 0..4 {
            let server = first(
                move |mut conn| {
                    conn.take();
                    match step {
                        0 => {}
                        1 => drop(conn.hear_verb("MAIL")),
                        2 => {
                            conn.hear_verb("MAIL");
                            conn.say(&["250 Ok"]);
                            conn.hear_verb("RCPT");
                        }
                        _ => conn.reset(),
                    }
                },
                offers,
            );
            let told = sent(options(&server), (1..=4).map(letter).collect());
            assert_eq!(told, [TAKEN; 4], "{offers:?} {step}");
            assert_eq!(server.messages(), (1..=4).map(content).collect::<Vec<_>>());
            assert_eq!(server.accepts(), 2);
        }
    }
}

/// A letter some of whose recipients this server cannot be told of goes on like the others, and the
/// next connection may offer what the first did not.
#[test]
fn a_letter_with_an_address_that_is_not_ascii() {
    for offers in [&[][..], &["SMTPUTF8"]] {
        let server = Server::start(move |mut conn| {
            let is_first = conn.number == 1;
            conn.open(if is_first { &[] } else { offers });
            if is_first {
                conn.take();
                drop(conn.hear_verb("MAIL"));
            } else {
                conn.take_all();
            }
        });
        let foreign = letter_to(2, &["\u{9a86}@example.net", "b@example.net"]);
        let told = sent(options(&server), vec![letter(1), foreign, letter(3)]);
        let refused = "partial: rcpt no-smtputf8: the server does not offer SMTPUTF8 (RFC 6531), \
                       which \u{9a86}@example.net needs, taken; 250 2.0.0 queued";
        let taken = "accepted: 2 taken; 250 2.0.0 queued";
        let expected = if offers.is_empty() { refused } else { taken };
        assert_eq!(told, [TAKEN, expected, TAKEN]);
        assert_eq!(server.messages(), (1..=3).map(content).collect::<Vec<_>>());
        assert_eq!(server.accepts(), 2);
    }
}

/// A server that closes after each message is a slow one, and no more.
#[test]
fn one_message_a_connection() {
    let server = Server::start(|mut conn| {
        conn.open(&["PIPELINING"]);
        conn.take();
    });
    let told = sent(options(&server), (1..=10).map(letter).collect());
    assert_eq!(told, [TAKEN; 10]);
    assert_eq!(server.messages(), (1..=10).map(content).collect::<Vec<_>>());
    assert_eq!(server.accepts(), 10);
}

/// A letter that is met with silence is begun twice, not for ever; others go on.
#[test]
fn a_letter_that_nobody_answers_is_begun_twice() {
    let server = Server::start(|mut conn| {
        conn.open(&["SIZE"]);
        loop {
            let line = conn.line().unwrap();
            match &*line {
                "QUIT" => return conn.say(&["221 bye"]),
                "DATA" => {
                    conn.say(&["354 go"]);
                    conn.content();
                    conn.say(&["250 2.0.0 queued"]);
                }
                // The second letter is the long one.
                mail if mail.starts_with("MAIL") && !mail.ends_with("SIZE=21") => return,
                _ => conn.say(&["250 Ok"]),
            }
        }
    });
    let letters = vec![letter(1), long(640), letter(3), letter(4)];
    let told = sent(options(&server), letters);
    let lost = "later: unsent; the stream ended";
    assert!(told[1].starts_with(lost), "{told:?}");
    assert_eq!([&told[0], &told[2], &told[3]], [TAKEN; 3]);
    assert_eq!(server.messages(), [content(1), content(3), content(4)]);
    assert_eq!(server.accepts(), 3);
}

/// Lost before the dot: it cannot have been taken, and is not begun again by itself.
#[test]
fn within_the_content() {
    for (offers, how) in [(&[][..], 0), (&["PIPELINING"], 0), (&[], 1), (&["PIPELINING"], 1)] {
        let server = first(
            move |mut conn| {
                conn.take();
                conn.envelope().unwrap();
                conn.some(100_000);
                if how == 1 {
                    conn.reset();
                }
            },
            offers,
        );
        let letters = vec![letter(1), long(8 << 20), letter(3)];
        let told = sent(options(&server), letters);
        assert_eq!([&told[0], &told[2]], [TAKEN; 2]);
        assert!(told[1].starts_with("later: unsent; "), "{}", told[1]);
        assert_eq!(server.messages(), [content(1), content(3)]);
        assert_eq!(server.accepts(), 2);
    }
}

/// Lost after the dot: nobody knows, and it is never sent again; others go on where the connection
/// has carried one. Where it has not, nothing says that the next one would.
#[test]
fn after_the_dot() {
    for offers in [&[][..], &["PIPELINING"]] {
        for half in ["", "250-2.0.0 half"] {
            for is_second in [false, true] {
                let server = first(
                    move |mut conn| {
                        if is_second {
                            conn.take();
                        }
                        conn.envelope().unwrap();
                        conn.content();
                        if !half.is_empty() {
                            conn.say(&[half]);
                        }
                    },
                    offers,
                );
                let told = sent(options(&server), (1..=3).map(letter).collect());
                let count = if is_second { 3 } else { 1 };
                let why = match half {
                    "" => "the reply to the end of the message (RFC 5321 §3.8)",
                    _ => "the end of the reply (RFC 5321 §4.2)",
                };
                let is_lost = |told: &str, verdict: &str| {
                    assert!(told.starts_with(verdict) && told.ends_with(why), "{told}");
                };
                is_lost(
                    &told[usize::from(is_second)],
                    "unknown: unknown; the stream ended at byte ",
                );
                match is_second {
                    true => assert_eq!([&told[0], &told[2]], [TAKEN; 2]),
                    false => told[1..].iter().for_each(|told| is_lost(told, "later: unsent; ")),
                }
                assert_eq!(server.messages(), (1..=count).map(content).collect::<Vec<_>>());
            }
        }
    }
}

/// A connection that comes to nothing ends all.
#[test]
fn before_the_first_letter() {
    for (step, why) in [
        "the stream ended without any data, before the greeting (RFC 5321 §3.8)",
        "the stream ended at byte 22, before the reply to EHLO (RFC 5321 §3.8)",
        "the stream ended at byte 48, before the reply to MAIL (RFC 5321 §3.8)",
    ]
    .into_iter()
    .enumerate()
    {
        let server = Server::start(move |mut conn| {
            if step == 0 {
                return;
            }
            conn.say(&["220 mx.example ready"]);
            conn.hear("EHLO [127.0.0.1]");
            if step == 2 {
                conn.offer(&[]);
                conn.hear_verb("MAIL");
            }
        });
        let told = sent(options(&server), (1..=3).map(letter).collect());
        assert_eq!(told, [0; 3].map(|_| format!("later: unsent; {why}")), "{step}");
        assert_eq!(server.accepts(), 1);
    }
}

#[test]
fn a_long_letter_is_whole() {
    let server = first(|mut conn| conn.take_all(), &["PIPELINING"]);
    assert_eq!(sent(options(&server), vec![long(8 << 20)]), [TAKEN]);
    assert!(server.messages() == [long_content(8 << 20)]);
}
