//! What is said in clear, and what never is: TLS that is required, and credentials.

use super::letters::{TAKEN, letter, named, options, sent};
use super::server::Server;
use wirewright::net::mail::{Options, check};
use wirewright::smtp::auth::Credentials;
use wirewright::smtp::config::StartTls;

const NO_TLS: &str = "later: unsent; refused: no-tls: the connection has no TLS, and credentials \
                      are not sent in clear";

fn starting(server: &Server, starttls: StartTls) -> Options {
    let mut options = named(&format!("smtp://{}", server.address()));
    options.starttls = starttls;
    options
}

fn me() -> Option<Credentials> {
    Some(Credentials::new("me", "secret").unwrap())
}

#[test]
fn tls_is_required_and_not_offered() {
    let server = Server::start(|mut conn| {
        conn.open(&["AUTH PLAIN"]);
        match conn.number {
            1 => conn.hear("QUIT"),
            _ => return conn.take_all(),
        }
        conn.gone();
    });
    let told = sent(starting(&server, StartTls::Required), vec![letter(1), letter(2)]);
    let why = "refused: no-starttls: TLS is required, and the server does not offer STARTTLS";
    assert_eq!(told, [0; 2].map(|_| format!("later: unsent; {why}")));
    let told = sent(starting(&server, StartTls::Opportunistic), vec![letter(1)]);
    assert_eq!(told, [TAKEN]);
}

#[test]
fn tls_is_offered_and_refused() {
    let server = Server::start(|mut conn| {
        conn.open(&["STARTTLS", "AUTH PLAIN"]);
        conn.hear("STARTTLS");
        conn.say(&["454 4.7.0 not now"]);
        match conn.number {
            2 => conn.take_all(),
            _ => conn.hear("QUIT"),
        }
        conn.gone();
    });
    let told = sent(starting(&server, StartTls::Required), vec![letter(1), letter(2)]);
    assert_eq!(told, ["later: unsent; refused: 454: 4.7.0 not now"; 2]);
    assert_eq!(sent(starting(&server, StartTls::Opportunistic), vec![letter(1)]), [TAKEN]);
    // With credentials there has to be TLS, whatever else is put up with.
    let mut options = starting(&server, StartTls::Opportunistic);
    options.credentials = me();
    assert_eq!(sent(options, vec![letter(1)]), [NO_TLS]);
}

/// Bytes in clear behind 220 would be taken for bytes under TLS: with it, or just after it.
#[test]
fn injected_bytes() {
    for injected in ["220 go\r\n250 injected", "220 go\r\n\u{16}", "220 go\r\n\r\n"] {
        let server = Server::start(move |mut conn| {
            conn.open(&["STARTTLS"]);
            conn.hear("STARTTLS");
            conn.say(&[injected]);
            let came = conn.gone();
            assert_eq!(came, b"", "nothing is said to whoever injects");
        });
        for when in [StartTls::Required, StartTls::Opportunistic] {
            let told = sent(starting(&server, when), vec![letter(1), letter(2)]);
            let why = "nothing follows the reply to STARTTLS in clear (RFC 3207 §4.2)";
            let why = format!("later: unsent; rule broken at byte 60: {why}");
            assert_eq!(told, [&*why; 2]);
        }
        assert_eq!(server.accepts(), 2);
    }
}

#[test]
fn credentials_stay_where_there_is_no_tls() {
    let server = Server::start(|mut conn| {
        conn.open(&["AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256"]);
        conn.hear("QUIT");
        conn.gone();
    });
    let mut options = options(&server);
    options.credentials = me();
    assert_eq!(sent(options.clone(), vec![letter(1), letter(2)]), [NO_TLS; 2]);
    let (probe, why) = check(options).unwrap();
    assert_eq!(probe.capabilities().unwrap().auth.len(), 4);
    assert_eq!((why.unwrap().code(), probe.mechanism), ("no-tls".into(), None));
    assert_eq!(server.said()[0].lines, ["EHLO [127.0.0.1]", "QUIT"]);
}

#[test]
fn nobody_sends_without_the_login_that_was_asked_for() {
    let server = Server::start(|mut conn| {
        conn.open(&[]);
        conn.hear("QUIT");
        conn.gone();
    });
    let mut options = options(&server);
    (options.credentials, options.insecure_auth) = (me(), true);
    let told = "later: unsent; refused: no-auth: the server offers no AUTH";
    assert_eq!(sent(options, vec![letter(1)]), [told]);
}
