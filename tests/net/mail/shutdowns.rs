//! 421 at every stage: the server closes, and says so.

use super::letters::{TAKEN, content, letter, long, options, sent};
use super::server::{Conn, Server};

const SHUT: &str = "421 4.3.2 closing";

/// Goes up to a stage on its first connection, says 421 there, and closes; others are polite.
fn shutting(stage: &'static str, offers: &'static [&'static str]) -> Server {
    Server::start(move |mut conn| {
        if conn.number > 1 {
            conn.open(offers);
            return conn.take_all();
        }
        shut(&mut conn, stage, offers);
        conn.say(&[SHUT]);
        if stage != "content" {
            conn.gone();
        }
    })
}

fn shut(conn: &mut Conn, stage: &str, offers: &[&str]) {
    if stage == "greeting" {
        return;
    }
    conn.say(&["220 mx.example ready"]);
    conn.hear("EHLO [127.0.0.1]");
    if stage == "EHLO" {
        return;
    }
    conn.offer(offers);
    if stage.starts_with("next ") {
        conn.take();
    }
    match stage.trim_start_matches("next ") {
        "content" => {
            conn.envelope().unwrap();
            conn.some(100_000);
        }
        "end" => {
            conn.envelope().unwrap();
            conn.content();
        }
        verb => {
            while !conn.line().unwrap().starts_with(verb) {
                conn.say(&["250 Ok"]);
            }
        }
    }
}

/// Whatever it answers it is a refusal for now, in the place of that answer.
#[test]
fn at_every_stage() {
    for offers in [&[][..], &["PIPELINING"]] {
        for (stage, told) in [
            ("greeting", "later: unsent; refused: 421: 4.3.2 closing"),
            ("EHLO", "later: unsent; refused: 421: 4.3.2 closing"),
            ("MAIL", "later: mail 421 4.3.2 closing; 421 4.3.2 closing"),
            ("RCPT", "later: rcpt 421 4.3.2 closing; 421 4.3.2 closing"),
            ("DATA", "later: data 421 4.3.2 closing; 421 4.3.2 closing"),
            ("content", "later: message 421 4.3.2 closing; 421 4.3.2 closing"),
            ("end", "later: message 421 4.3.2 closing; 421 4.3.2 closing"),
        ] {
            let server = shutting(stage, offers);
            let letters = vec![if stage == "content" { long(8 << 20) } else { letter(1) }];
            assert_eq!(sent(options(&server), letters), [told], "{offers:?} {stage}");
            assert_eq!((server.accepts(), server.said()[0].those("QUIT").len()), (1, 0));
        }
    }
}

/// Others go on, and a letter of whose content nothing was sent goes with them.
#[test]
fn others_go_on() {
    for offers in [&[][..], &["PIPELINING"]] {
        for (stage, second) in [
            ("next MAIL", TAKEN),
            ("next RCPT", TAKEN),
            ("next DATA", TAKEN),
            ("next content", "later: message 421 4.3.2 closing; 421 4.3.2 closing"),
            ("next end", "later: message 421 4.3.2 closing; 421 4.3.2 closing"),
        ] {
            let server = shutting(stage, offers);
            let middle = if stage.ends_with("content") { long(8 << 20) } else { letter(2) };
            let told = sent(options(&server), vec![letter(1), middle, letter(3)]);
            assert_eq!(told, [TAKEN, second, TAKEN], "{offers:?} {stage}");
            assert_eq!(server.accepts(), 2);
            let messages = server.messages();
            assert_eq!((&messages[0], messages.last().unwrap()), (&content(1), &content(3)));
            assert_eq!(messages.len(), if stage == "next content" { 2 } else { 3 });
        }
    }
}
