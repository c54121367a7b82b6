//! Servers that fall silent: each step has its own patience, and all of it has one.

use super::letters::{TAKEN, letter, long, options, sent};
use super::server::{Conn, PATIENCE, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wirewright::net::mail::check;
use wirewright::smtp::auth::{Credentials, Mechanism};
use wirewright::smtp::config::Limits;

const SHORT: Duration = Duration::from_millis(200);

/// Goes up to `verb` and says no more.
fn silent(verb: &'static str, offers: &'static [&'static str]) -> Server {
    Server::start(move |mut conn| {
        if verb != "greeting" {
            conn.say(&["220 mx.example ready"]);
            listen(&mut conn, verb, offers);
        }
        conn.gone();
    })
}

fn listen(conn: &mut Conn, verb: &str, offers: &[&str]) {
    loop {
        let Some(line) = conn.line().filter(|line| !line.starts_with(verb)) else { return };
        match &*line {
            "EHLO [127.0.0.1]" => conn.offer(offers),
            "QUIT" => conn.say(&["221 bye"]),
            "DATA" => {
                conn.say(&["354 go"]);
                if verb == "content" {
                    return;
                }
                conn.content();
                if verb == "." {
                    return;
                }
                conn.say(&["250 2.0.0 queued"]);
            }
            "RSET" => conn.say(&["250 Ok"]),
            line if line.starts_with("RCPT TO:<refused") => conn.say(&["550 no"]),
            _ => conn.say(&["250 Ok"]),
        }
    }
}

#[test]
fn each_step_has_its_own() {
    type Set = fn(&mut Limits);
    let cases: [(_, Set, _); 8] = [
        ("greeting", |limits| limits.greeting_wait = SHORT, "the greeting"),
        ("EHLO", |limits| limits.hello_wait = SHORT, "the reply to EHLO"),
        ("AUTH", |limits| limits.auth_wait = SHORT, "the reply to AUTH"),
        ("MAIL", |limits| limits.mail_wait = SHORT, "the reply to MAIL"),
        ("RCPT", |limits| limits.rcpt_wait = SHORT, "the reply to RCPT"),
        ("DATA", |limits| limits.data_wait = SHORT, "the reply to DATA"),
        ("content", |limits| limits.block_wait = SHORT, "the server to read the message"),
        (".", |limits| limits.end_wait = SHORT, "the reply to the end of the message"),
    ];
    for (verb, set, state) in cases {
        let over: Arc<AtomicBool> = Arc::default();
        let is_over = over.clone();
        let server = match verb {
            // It says nothing, and reads nothing.
            "content" => Server::start(move |mut conn| {
                conn.open(&[]);
                conn.envelope().unwrap();
                let until = Instant::now() + PATIENCE;
                while !is_over.load(Ordering::Acquire) && Instant::now() < until {
                    std::thread::sleep(SHORT / 10);
                }
            }),
            _ => silent(verb, &["AUTH PLAIN"]),
        };
        let mut options = options(&server);
        set(&mut options.session_limits);
        if verb == "AUTH" {
            options.credentials = Some(Credentials::new("me", "secret").unwrap());
            (options.insecure_auth, options.mechanisms) = (true, vec![Mechanism::Plain]);
        }
        let first = if verb == "content" { long(24 << 20) } else { letter(1) };
        let told = sent(options, vec![first, letter(2)]);
        over.store(true, Ordering::Release);
        let verdict = if verb == "." { "unknown: unknown" } else { "later: unsent" };
        assert_eq!(told[0], format!("{verdict}; timed out waiting for {state}"), "{verb}");
        assert_eq!(told[1], format!("later: unsent; timed out waiting for {state}"), "{verb}");
        assert_eq!(server.accepts(), 1);
    }
}

/// Nothing depends on the answer to QUIT.
#[test]
fn good_bye_is_not_waited_for() {
    let server = silent("QUIT", &[]);
    let mut options = options(&server);
    options.session_limits.quit_wait = SHORT;
    assert_eq!(sent(options, vec![letter(1), letter(2)]), [TAKEN; 2]);
    assert_eq!(server.accepts(), 1);
}

/// After a failure RSET is answered, or the connection is not used again.
#[test]
fn a_silent_reset() {
    let server = Server::start(|mut conn| {
        conn.open(&[]);
        if conn.number > 1 {
            return conn.take_all();
        }
        conn.hear_verb("MAIL");
        conn.say(&["550 no"]);
        conn.hear("RSET");
        conn.gone();
    });
    let mut options = options(&server);
    options.session_limits.reset_wait = SHORT;
    let told = sent(options, (1..=3).map(letter).collect());
    assert_eq!(told[0], "never: mail 550 no; 550 no");
    assert_eq!(told[1..], [TAKEN; 2]);
    assert_eq!(server.accepts(), 2);
}

/// The whole has a limit, too: what was not begun is unsent, and after the dot nobody knows.
#[test]
fn all_of_it() {
    for (verb, why) in [
        ("greeting", "timed out waiting for the greeting"),
        ("MAIL", "timed out waiting for the reply to MAIL"),
        (".", "timed out waiting for the reply to the end of the message"),
    ] {
        for offers in [&[][..], &["PIPELINING"]] {
            let server = silent(verb, offers);
            let mut options = options(&server);
            options.run.timeout = Some(SHORT);
            let told = sent(options, vec![letter(1), letter(2), letter(3)]);
            let (first, rest) = (told[0].as_str(), &told[1..]);
            let verdict = if verb == "." { "unknown: unknown" } else { "later: unsent" };
            assert_eq!(first, format!("{verdict}; {why}"), "{verb} {offers:?}");
            assert_eq!(rest, [0; 2].map(|_| format!("later: unsent; {why}")));
            assert_eq!(server.messages().len(), usize::from(verb == "."));
        }
    }
}

#[test]
fn a_visit() {
    let server = silent("EHLO", &[]);
    let mut options = options(&server);
    options.session_limits.hello_wait = SHORT;
    let (probe, why) = check(options).unwrap();
    assert_eq!(probe.greeting, Some("mx.example ready".into()));
    assert_eq!(probe.address, Some(server.address()));
    assert_eq!(why.unwrap().to_string(), "timed out waiting for the reply to EHLO");
}
