//! Hello, digests, the token (§4.1, §4.2, §8).

use crate::app::App;
use crate::host::{HELLO, Host, SERVER_NONCE, frame, objects};
use crate::link::{From, Link, PIECES};
use wirewright::digest::DigestKind;
use wirewright::digest::DigestKind::{Blake3, None as NoDigest, Sha256};
use wirewright::error::Error;
use wirewright::session::{Session as _, Wants};
use wirewright::transfer::client;
use wirewright::transfer::server;
use wirewright::transfer::token::{Hellos, Role, Token};

fn files() -> App {
    App::with(&[("a", b"abc")])
}

fn client_config(digests: &[DigestKind], token: Option<&str>) -> client::Config {
    let token = token.map(|text| Token::new(text.as_bytes()));
    client::Config { digests: digests.to_vec(), token, ..client::Config::default() }
}

fn server_config(digests: &[DigestKind], token: Option<&str>) -> server::Config {
    let token = token.map(|text| Token::new(text.as_bytes()));
    server::Config { digests: digests.to_vec(), token, ..server::Config::default() }
}

fn with_tokens(client: Option<&str>, server: Option<&str>, piece: usize) -> Link {
    let all = &DigestKind::ALL;
    Link::new(client_config(all, client), server_config(all, server), files(), piece)
}

#[test]
fn the_first_digest_of_the_client_that_the_server_can_do() {
    const SHA256: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const BLAKE3: &str = "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
    for (offered, known, agreed, digest) in [
        (&[Blake3, Sha256, NoDigest][..], &[Blake3, Sha256, NoDigest][..], "blake3", BLAKE3),
        (&[Sha256], &[Blake3, Sha256, NoDigest], "sha256", SHA256),
        (&[Sha256, NoDigest], &[Blake3, NoDigest], "none", "none"),
        (&[Blake3, Sha256], &[Sha256, Blake3], "blake3", BLAKE3),
        (&[Sha256, Blake3], &[Blake3, Sha256], "sha256", SHA256),
        (&[NoDigest, Blake3], &[Blake3, NoDigest], "none", "none"),
        (&[Blake3], &[Blake3], "blake3", BLAKE3),
    ] {
        for piece in PIECES {
            let (client, server) = (client_config(offered, None), server_config(known, None));
            let mut link = Link::new(client, server, files(), piece);
            link.run();
            link.get("a");
            link.put("b", b"abc", false);
            link.run();
            let expected = [
                format!("welcome {agreed}"),
                "file 1 3 from 0".to_owned(),
                "verified 1 0+3".to_owned(),
                format!("received 1 {digest}"),
                "ready 2 from 0".to_owned(),
                format!("done 2 {digest} fsync"),
            ];
            assert_eq!(link.log, expected, "{offered:?} {known:?} by {piece}");
            assert_eq!(link.host.app.files["b"], b"abc");
        }
    }
}

#[test]
fn no_common_digest_is_unsupported() {
    for (offered, known) in
        [(&[Sha256][..], &[Blake3, NoDigest][..]), (&[], &[Blake3]), (&[NoDigest], &[Sha256])]
    {
        for piece in PIECES {
            let (client, server) = (client_config(offered, None), server_config(known, None));
            let mut link = Link::new(client, server, files(), piece);
            link.run();
            assert_eq!(link.refused(), Some("unsupported"));
            assert!(matches!(&link.host.error, Some(Error::Refused { .. })));
            link.stays();
            link.host.stays();
        }
    }
}

#[test]
fn both_sides_prove_the_token() {
    for piece in PIECES {
        let mut link = with_tokens(Some("sesame"), Some("sesame"), piece);
        link.run();
        assert_eq!(link.take_log(), ["welcome blake3"]);
        let id = link.get("a");
        link.run();
        assert_eq!(link.got[&id], b"abc");
        assert_eq!((link.error, link.host.error), (None, None));
    }
}

#[test]
fn another_token_is_unauthorized() {
    for piece in PIECES {
        let mut link = with_tokens(Some("sesame"), Some("Sesame"), piece);
        link.run();
        assert_eq!(link.refused(), Some("unauthorized"));
        assert!(link.log.is_empty(), "{:?}", link.log);
        link.stays();
        link.host.stays();
    }
}

#[test]
fn a_token_on_one_side_only() {
    for (client, server) in [(None, Some("sesame")), (Some("sesame"), None)] {
        for piece in PIECES {
            let mut link = with_tokens(client, server, piece);
            link.run();
            assert_eq!(link.refused(), Some("unauthorized"), "{client:?} {server:?}");
            assert!(link.log.is_empty(), "{:?}", link.log);
            assert_eq!(link.host.app.log, Vec::<String>::new());
            link.stays();
        }
    }
}

#[test]
fn a_server_that_knows_another_token_is_left_without_a_word() {
    let mut link = with_tokens(Some("sesame"), Some("sesame"), 7);
    link.tamper(|from, message| {
        if from == From::Server && message["type"] == "welcome" {
            message["mac"] = "00".repeat(32).into();
        }
        assert!(from == From::Server || message["type"] != "error", "it hangs up");
        true
    });
    link.run();
    assert_eq!(link.refused(), Some("unauthorized"));
    assert!(link.log.is_empty());
    link.stays();
}

/// A mirrored proof of the client's is none of the server's.
#[test]
fn a_reflected_proof_is_none() {
    let mut link = with_tokens(Some("sesame"), Some("sesame"), 64);
    let mut proof = None;
    link.tamper(move |_, message| {
        match message["type"].as_str() {
            Some("auth") => proof = Some(message["mac"].clone()),
            Some("welcome") => message["mac"] = proof.clone().expect("auth came first"),
            _ => {}
        }
        true
    });
    link.run();
    assert_eq!(link.refused(), Some("unauthorized"));
}

#[test]
fn nothing_is_answered_before_the_proof() {
    let asked = [
        r#"{"type":"list","id":1}"#,
        r#"{"type":"get","id":1,"name":"a"}"#,
        r#"{"type":"put","id":1,"name":"a","size":0,"etag":"x"}"#,
        r#"{"type":"cancel","id":1}"#,
        r#"{"type":"chunk","id":1,"offset":0,"filedata":"YWJj"}"#,
        r#"{"filedata":"YWJj","type":"chunk","id":1,"offset":0}"#,
        r#"{"type":"end","id":1,"size":0}"#,
        r#"{"type":"entries","id":1,"entries":[],"more":false}"#,
        r#"{"type":"welcome","mac":"00"}"#,
        r#"{"type":"note"}"#,
        r#"{"type":"auth","mac":""}"#,
        r#"{"type":"auth","mac":"nothing of the kind"}"#,
        HELLO,
    ];
    for request in asked {
        let mut host = Host::new(server_config(&DigestKind::ALL, Some("sesame")), files());
        host.hear(&[HELLO, request]);
        assert_eq!(host.words(), ["hello", "error unauthorized fatal"], "{request}");
        assert!(host.app.log.is_empty());
        host.stays();
    }
    // The form of a message is judged before its place.
    for (request, code) in [
        (r#"{"type":"get","id":1}"#, "malformed"),
        (r#"{"type":"get","id":1,"name":"a","etag":""}"#, "malformed"),
        (r#"{"type":"get","id":0,"name":"a"}"#, "malformed"),
        (r#"{"type":"auth"}"#, "malformed"),
        (r#"{"type":"error","code":"io","text":"","fatal":true}"#, ""),
    ] {
        let mut host = Host::new(server_config(&DigestKind::ALL, Some("sesame")), files());
        host.hear(&[HELLO, request]);
        let last = if code.is_empty() { "hello".into() } else { format!("error {code} fatal") };
        assert_eq!(host.words().last(), Some(&last), "{request}");
        host.stays();
    }
    let mut host = Host::new(server_config(&DigestKind::ALL, Some("sesame")), files());
    let error = r#"{"type":"error","code":"io","text":"","fatal":false}"#;
    host.hear(&[HELLO, error, error]);
    assert_eq!((host.words(), &host.error), (vec!["hello".to_owned()], &None));
}

/// §4: a message of unknown type is ignored by a client, but not in the place of the hello.
#[test]
fn an_unknown_type_in_the_greeting() {
    let note = r#"{"type":"note","id":1}"#;
    let mut host = Host::new(server::Config::default(), files());
    host.hear(&[note, HELLO]);
    assert_eq!(host.words(), ["error unexpected fatal"]);
    host.stays();

    let mut link = with_tokens(None, None, 7);
    link.hear(&[note]);
    assert_eq!(link.error.as_ref().map(Error::kind), Some("unexpected"));
    link.stays();

    // Behind the server's hello, while the client waits for `welcome`.
    let mut link = with_tokens(Some("sesame"), Some("sesame"), 7);
    link.tamper(|_, message| message["type"] != "welcome");
    link.run();
    link.hear(&[note]);
    assert_eq!((&link.error, link.log.len()), (&None, 0));
}

/// An `error` that is not fatal ends the connection all the same while no hello has been read.
#[test]
fn an_error_before_hello_ends_the_connection() {
    for fatal in [false, true] {
        let error = format!(r#"{{"type":"error","id":7,"code":"io","text":"x","fatal":{fatal}}}"#);
        let mut host = Host::new(server::Config::default(), files());
        host.hear(&[&error, HELLO]);
        assert!(matches!(&host.error, Some(Error::Refused { code, .. }) if code == "io"));
        assert_eq!(host.words(), Vec::<String>::new());
        host.stays();

        let mut link = with_tokens(None, None, 7);
        link.hear(&[&error]);
        assert_eq!(link.refused(), Some("io"));
        link.stays();
    }
}

/// The proof of that side over both hellos as they were sent.
fn proof(token: &[u8], role: Role, client: &[u8], server: &[u8]) -> String {
    let mut hellos = Hellos::new(&Token::new(token));
    hellos.update(client);
    hellos.update(server);
    hellos.prove(role)
}

#[test]
fn the_proof_is_over_both_hellos_and_the_role() {
    let mut config = server_config(&[Sha256], Some("sesame"));
    config.agent = "a server".to_owned();
    let mut host = Host::new(config.clone(), files());
    host.hear(&[HELLO]);
    let (client, server) = (frame(HELLO), host.out.readable().to_vec());
    assert_eq!(host.said()[0]["nonce"], SERVER_NONCE);
    let right = proof(b"sesame", Role::Client, &client, &server);
    let spaced = frame(&HELLO.replace(':', ": "));
    let weaker = frame(&HELLO.replace("\"sha256\",", ""));
    for (mac, good) in [
        (right.clone(), true),
        (right.to_uppercase(), false),
        (right[..62].to_owned(), false),
        (String::new(), false),
        (proof(b"sesame", Role::Server, &client, &server), false),
        (proof(b"sesame", Role::Client, &server, &client), false),
        (proof(b"sesame", Role::Client, &client, &client), false),
        (proof(b"sesame", Role::Client, &client[4..], &server[4..]), false),
        (proof(b"sesame", Role::Client, &spaced, &server), false),
        (proof(b"sesame", Role::Client, &weaker, &server), false),
        (proof(b"", Role::Client, &client, &server), false),
    ] {
        for piece in [1, 7, usize::MAX] {
            let mut host = Host::new(config.clone(), files());
            for piece in client.chunks(piece.min(1000)) {
                host.feed(piece);
            }
            assert_eq!(host.out.readable(), server);
            host.said();
            host.hear(&[&format!(r#"{{"type":"auth","mac":"{mac}"}}"#)]);
            let expected = if good { "welcome" } else { "error unauthorized fatal" };
            assert_eq!(host.words(), [expected], "{mac}");
            assert_eq!(host.error.is_none(), good);
        }
    }
}

/// Nothing in a hello can be changed on its way, be it as harmless as a space.
#[test]
fn a_hello_that_was_changed_is_noticed() {
    let changes: [fn(&mut serde_json::Value); 5] = [
        |hello| hello["agent"] = "another".into(),
        |hello| hello["max_frame"] = 65_536.into(),
        |hello| hello["later"] = true.into(),
        |hello| hello["digests"] = serde_json::json!(["sha256"]),
        |hello| hello["nonce"] = "0f".repeat(16).into(),
    ];
    for side in [From::Client, From::Server] {
        for change in changes {
            let mut link = with_tokens(Some("sesame"), Some("sesame"), 64);
            link.tamper(move |from, message| {
                if from == side && message["type"] == "hello" {
                    change(message);
                }
                true
            });
            link.run();
            assert_eq!(link.refused(), Some("unauthorized"), "{side:?}");
            assert!(link.log.is_empty(), "{:?}", link.log);
        }
    }
}

/// Every peer can do `sha256` and `none`; who does not ask for `none` is not given it.
#[test]
fn digests_that_are_offered_and_done() {
    let mut client = client::Client::new(client::Config::default(), &"0f".repeat(16));
    let mut out = wirewright::buffer::Buffer::with_limit(10_000);
    client.transmit(&mut out);
    assert_eq!(objects(out.readable())[0]["digests"], serde_json::json!(["blake3", "sha256"]));
    for name in ["sha256", "none"] {
        let mut host = Host::new(server::Config::default(), files());
        let from = r#""digests":["sha256","none"]"#;
        assert!(HELLO.contains(from));
        host.hear(&[&HELLO.replace(from, &format!(r#""digests":["md5","{name}"]"#))]);
        assert_eq!(host.said()[0]["digest"], name);
    }
}

#[test]
fn without_a_token_the_server_offers_no_nonce() {
    let mut host = Host::new(server::Config::default(), files());
    host.feed(&frame(HELLO));
    assert!(host.said()[0].get("nonce").is_none());
    assert_eq!(host.server.wants(), Wants::Read);
}

/// §4.1: the first flight may carry hello and get together.
#[test]
fn hello_and_requests_in_one_flight() {
    for cut in 1..300 {
        let mut host = Host::new(server::Config::default(), files());
        let flight = crate::host::frames(&[
            HELLO,
            r#"{"type":"get","id":1,"name":"a"}"#,
            r#"{"type":"list","id":2}"#,
        ]);
        let (first, second) = flight.split_at(cut.min(flight.len()));
        host.feed(first);
        host.feed(second);
        assert_eq!(host.words(), ["hello", "file 1", "chunk 1", "end 1", "entries 2"]);
    }
}
