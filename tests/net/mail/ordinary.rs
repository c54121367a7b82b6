//! Letters that arrive: in order, over several connections, to many recipients, in chunks.

use super::letters::{TAKEN, content, letter, letter_to, long, long_content, options, sent};
use super::server::{Server, narrow};
use crate::listening::WAIT;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

#[test]
fn letters_follow_each_other_on_one_connection() {
    for (offers, is_dripping) in [
        (&[][..], false),
        (&["PIPELINING"], false),
        (&["PIPELINING", "SIZE 1000"], true),
        (&["8BITMIME"], true),
    ] {
        let server = Server::start(move |mut conn| {
            conn.drips = is_dripping;
            conn.open(offers);
            conn.take_all();
        });
        let told = sent(options(&server), (1..=5).map(letter).collect());
        assert_eq!(told, [TAKEN; 5]);
        assert_eq!(server.messages(), (1..=5).map(content).collect::<Vec<_>>());
        assert_eq!(server.accepts(), 1);
        let size = if offers.contains(&"SIZE 1000") { " SIZE=21" } else { "" };
        let mail = format!("MAIL FROM:<a@example.org>{size}");
        let one = [&*mail, "RCPT TO:<b@example.net>", "DATA"];
        let expected = [&["EHLO [127.0.0.1]"], &one.repeat(5)[..], &["QUIT"]].concat();
        assert_eq!(server.said()[0].lines, expected);
    }
}

#[test]
fn no_letters_are_no_work() {
    let server = Server::start(|conn| panic!("connection {} for nothing", conn.number));
    assert_eq!(sent(options(&server), Vec::new()), [""; 0]);
}

/// Each connection waits for all four, so fewer would not do; and more are never made.
#[test]
fn several_connections_share_the_letters() {
    let come = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |mut conn| {
        come.fetch_add(1, Ordering::AcqRel);
        let until = Instant::now() + WAIT;
        while come.load(Ordering::Acquire) < 4 {
            assert!(Instant::now() < until, "four connections");
            std::thread::yield_now();
        }
        conn.open(&["PIPELINING"]);
        conn.take_all();
    });
    let mut options = options(&server);
    options.connections_max = 4;
    let told = sent(options, (1..=40).map(letter).collect());
    assert_eq!(told, [TAKEN; 40]);
    assert_eq!(server.accepts(), 4);
    let (mut came, mut all) = (server.messages(), (1..=40).map(content).collect::<Vec<_>>());
    assert_eq!(came.len(), 40);
    came.sort();
    all.sort();
    assert_eq!(came, all);
    // What one connection carried is in the order of the letters.
    for said in server.said() {
        let numbers: Vec<usize> = said
            .messages
            .iter()
            .map(|message| {
                String::from_utf8_lossy(message)[9..].split('\r').next().unwrap().parse()
            })
            .map(Result::unwrap)
            .collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
        assert_eq!(said.those("QUIT").len(), 1);
    }
}

#[test]
fn more_connections_than_letters_are_not_made() {
    let server = Server::start(|mut conn| {
        conn.open(&[]);
        conn.take_all();
    });
    let mut options = options(&server);
    options.connections_max = 100;
    assert_eq!(sent(options, (1..=3).map(letter).collect()), [TAKEN; 3]);
    assert!(server.accepts() <= 3, "{}", server.accepts());
}

#[test]
fn many_recipients_are_told_of_in_chunks() {
    for (offers, is_pipelining) in [(&[][..], false), (&["PIPELINING"], true)] {
        let server = Server::start(move |mut conn| {
            conn.open(offers);
            conn.take_all();
        });
        let addresses: Vec<String> = (0..250).map(|at| format!("n{at}@example.net")).collect();
        let addresses: Vec<&str> = addresses.iter().map(|address| &**address).collect();
        let letters = vec![letter_to(1, &addresses), letter(2)];
        let told = sent(options(&server), letters);
        assert_eq!(told, ["accepted: 250 taken; 250 2.0.0 queued", TAKEN], "{is_pipelining}");
        let said = &server.said()[0];
        let told: Vec<String> = addresses.iter().map(|to| format!("RCPT TO:<{to}>")).collect();
        assert_eq!(said.those("RCPT TO:<n"), told);
        assert_eq!(said.those("MAIL").len(), 4);
        assert_eq!(server.messages(), [content(1), content(1), content(1), content(2)]);
    }
}

/// A server that takes 100 recipients and has no room for the next (RFC 5321 §4.5.3.1.10): the rest
/// gets a transaction of its own.
#[test]
fn the_101st_recipient() {
    let addresses: Vec<String> = (0..150).map(|at| format!("n{at}@example.net")).collect();
    let addresses: Vec<&str> = addresses.iter().map(|address| &**address).collect();
    let script = |mut conn: super::server::Conn| {
        conn.open(&["PIPELINING"]);
        while let Some(mail) = conn.line().filter(|line| line.starts_with("MAIL")) {
            assert_eq!(mail, "MAIL FROM:<a@example.org>");
            conn.say(&["250 Ok"]);
            let mut count = 0;
            while conn.line().expect("DATA").starts_with("RCPT") {
                count += 1;
                conn.say(&[if count > 100 { "452 4.5.3 too many" } else { "250 Ok" }]);
            }
            conn.say(&["354 go"]);
            conn.content();
            conn.say(&["250 2.0.0 queued"]);
        }
        conn.say(&["221 bye"]);
    };
    let server = Server::start(script);
    let mut all_at_once = options(&server);
    all_at_once.session_limits.transaction_recipients_max = 1000;
    let told = sent(all_at_once, vec![letter_to(1, &addresses)]);
    assert_eq!(told, ["accepted: 150 taken; 250 2.0.0 queued"]);
    assert_eq!(server.messages().len(), 2);
    drop(server);
    let server = Server::start(script);
    let told = sent(options(&server), vec![letter_to(1, &addresses)]);
    assert_eq!(told, ["accepted: 150 taken; 250 2.0.0 queued"]);
    drop(server);
    // Who wants all or nothing names all at once, and then nobody gets it.
    let server = Server::start(|mut conn| {
        conn.open(&["PIPELINING"]);
        conn.hear_verb("MAIL");
        conn.say(&["250 Ok"]);
        for count in 1..=150 {
            conn.hear_verb("RCPT");
            conn.say(&[if count > 100 { "452 4.5.3 too many" } else { "250 Ok" }]);
        }
        conn.hear("RSET");
        conn.say(&["250 Ok"]);
        conn.hear("QUIT");
        conn.say(&["221 bye"]);
    });
    let mut strict = options(&server);
    strict.all_or_nothing = true;
    let told = sent(strict, vec![letter_to(1, &addresses)]);
    assert_eq!(told, ["later: 100 unsent, 50 rcpt 452 4.5.3 too many"]);
}

#[test]
fn each_chunk_of_recipients_has_its_own_outcome() {
    let server = Server::start(|mut conn| {
        conn.open(&["PIPELINING"]);
        conn.take();
        conn.envelope().unwrap();
        conn.content();
        conn.say(&["554 5.6.0 not again"]);
        conn.take_all();
    });
    let addresses: Vec<String> = (0..205).map(|at| format!("n{at}@example.net")).collect();
    let addresses: Vec<&str> = addresses.iter().map(|address| &**address).collect();
    let told = sent(options(&server), vec![letter_to(1, &addresses), letter(2)]);
    let partial = "partial: 100 taken, 100 message 554 5.6.0 not again, 5 taken; 250 2.0.0 queued";
    assert_eq!(told, [partial, TAKEN]);
}

/// A window of a few KiB, read in sips: nothing is lost, whatever the socket takes at a time.
#[test]
fn a_server_that_reads_slowly_gets_all_of_it() {
    let server = Server::on(narrow(), |mut conn| {
        conn.open(&["PIPELINING"]);
        conn.envelope().unwrap();
        for len in (0..200_000).step_by(1000) {
            conn.some(len);
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        conn.content();
        conn.say(&["250 2.0.0 queued"]);
        conn.take_all();
    });
    let told = sent(options(&server), vec![long(1 << 20), letter(2)]);
    assert_eq!(told, [TAKEN; 2]);
    assert!(server.messages() == [long_content(1 << 20), content(2)]);
}
