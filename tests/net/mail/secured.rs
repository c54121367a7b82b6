//! TLS, from the beginning and begun on the way.

use super::letters::{TAKEN, content, letter, long, long_content, named, sent};
use super::server::{Conn, Server};
use native_tls::{Identity, TlsAcceptor};
use wirewright::net::mail::{Options, check};
use wirewright::net::transport::tls::ClientTls;
use wirewright::smtp::auth::{Credentials, Mechanism};

/// It signed itself, for `localhost`.
const CERTIFICATE: &[u8] = include_bytes!("../../../src/bin/wirewright/bench/localhost.pem");
const KEY: &[u8] = include_bytes!("../../../src/bin/wirewright/bench/localhost.key");

/// Trusts that certificate alone.
fn trusting(scheme: &str, server: &Server) -> Options {
    let mut options = named(&format!("{scheme}://{}", server.address()));
    options.tls = Some(ClientTls::new(Some(CERTIFICATE)).unwrap());
    options.tls_name = Some("localhost".to_owned());
    options
}

/// A server whose connections begin with TLS, or come to it by STARTTLS.
fn serve(is_tls: bool, script: impl Fn(Conn) + Send + Sync + 'static) -> Server {
    let acceptor = TlsAcceptor::new(Identity::from_pkcs8(CERTIFICATE, KEY).unwrap()).unwrap();
    Server::start(move |mut conn| {
        if !is_tls {
            conn.open(&["STARTTLS", "SIZE 10", "AUTH XOAUTH2"]);
            conn.hear("STARTTLS");
            conn.say(&["220 go"]);
        }
        // A client that does not trust the certificate hangs up.
        let Ok(stream) = acceptor.accept(conn.socket.try_clone().unwrap()) else { return };
        conn.stream = Box::new(stream);
        if is_tls {
            conn.say(&["220 mx.example ready"]);
        }
        script(conn);
    })
}

/// What was offered in clear is forgotten, the limit of size among it.
#[test]
fn letters_go() {
    for (scheme, is_tls) in [("smtp", false), ("smtps", true)] {
        let server = serve(is_tls, |mut conn| {
            conn.hear("EHLO [127.0.0.1]");
            conn.offer(&["PIPELINING", "AUTH PLAIN"]);
            conn.hear("AUTH PLAIN AG1lAHNlY3JldA==");
            conn.say(&["235 2.7.0 welcome"]);
            conn.take_all();
        });
        let mut options = trusting(scheme, &server);
        options.credentials = Some(Credentials::new("me", "secret").unwrap());
        let told = sent(options.clone(), vec![letter(1), long(1 << 20), letter(3)]);
        assert_eq!(told, [TAKEN; 3]);
        assert!(server.messages() == [content(1), long_content(1 << 20), content(3)]);
        let (probe, why) = check(options).unwrap();
        assert!(why.is_none(), "{why:?}");
        assert_eq!(probe.in_clear.is_some(), !is_tls);
        assert_eq!(probe.mechanism, Some(Mechanism::Plain));
        assert_eq!(probe.capabilities().unwrap().size_max, None);
        assert_eq!(server.accepts(), 2);
    }
}

/// An end of the stream that TLS does not vouch for is still the end: of what was answered,
/// nothing is taken back.
#[test]
fn losses() {
    for (scheme, is_tls) in [("smtp", false), ("smtps", true)] {
        for is_answered in [true, false] {
            let server = serve(is_tls, move |mut conn| {
                conn.hear("EHLO [127.0.0.1]");
                conn.offer(&[]);
                conn.envelope().unwrap();
                conn.content();
                if is_answered {
                    conn.say(&["250 2.0.0 queued"]);
                }
                conn.socket.shutdown(std::net::Shutdown::Both).unwrap();
            });
            let told = sent(trusting(scheme, &server), vec![letter(1)]);
            match is_answered {
                true => assert_eq!(told, [TAKEN]),
                false => assert!(told[0].starts_with("unknown: unknown; "), "{told:?}"),
            }
        }
    }
}

/// Nothing is said to a server that cannot show who it is, and nothing is sent in clear instead.
#[test]
fn a_certificate_of_somebody_else() {
    for (scheme, is_tls) in [("smtp", false), ("smtps", true)] {
        for is_other in [true, false] {
            let server = serve(is_tls, |mut conn| {
                assert_eq!(conn.gone(), b"");
            });
            let mut options = trusting(scheme, &server);
            match is_other {
                // What the system trusts, which is not that.
                true => options.tls = None,
                false => options.tls_name = Some("mx.other".to_owned()),
            }
            let told = sent(options, vec![letter(1), letter(2)]);
            assert!(told.iter().all(|told| told.starts_with("later: unsent; TLS: ")), "{told:?}");
            assert_eq!((server.accepts(), server.messages().len()), (1, 0));
            assert!(server.said()[0].those("MAIL").is_empty());
        }
    }
}

/// A server that speaks in clear where TLS was to begin.
#[test]
fn no_tls_behind_220() {
    let server = Server::start(|mut conn| {
        conn.open(&["STARTTLS"]);
        conn.hear("STARTTLS");
        conn.say(&["220 go"]);
        conn.some(1);
        conn.say(&["250 hello again"]);
        conn.gone();
    });
    let told = sent(trusting("smtp", &server), vec![letter(1)]);
    assert!(told[0].starts_with("later: unsent; TLS: "), "{told:?}");
}
