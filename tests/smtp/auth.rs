//! Logging in: the examples of the specifications, and what is refused.

use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::session::Session as _;
use wirewright::smtp::auth::{Credentials, Mechanism, Sasl};
use wirewright::smtp::client::Client;
use wirewright::smtp::command::Domain;
use wirewright::smtp::config::{Config, Limits, StartTls};

fn sasl(mechanism: Mechanism, user: &str, secret: &str, nonce: &str) -> Sasl {
    let credentials = Credentials::new(user, secret).expect("credentials");
    Sasl::new(mechanism, &credentials, nonce, &Limits::default())
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn plain(text: &str) -> String {
    use base64::Engine as _;
    let raw = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    String::from_utf8(raw).expect("a text")
}

#[test]
fn plain_is_that_of_the_examples() {
    // RFC 4616 §4, the first exchange; RFC 4954 §4.1 shows such a line in SMTP.
    let mut sasl = sasl(Mechanism::Plain, "tim", "tanstaaftanstaaf", "");
    assert_eq!(sasl.begin(), format!("AUTH PLAIN {}", base64("\0tim\0tanstaaftanstaaf")));
    assert!(sasl.is_done());
    // A server that asks for it again is told once more, and not for ever.
    for question in ["", "=", "who?", "\u{7}"] {
        let mut sasl = sasl.clone();
        let answer = sasl.answer(question.as_bytes(), 3);
        assert_eq!(answer, Ok(base64("\0tim\0tanstaaftanstaaf")), "{question:?}");
        assert!(sasl.is_done());
        assert!(matches!(sasl.answer(b"", 7), Err(Error::Malformed { offset: 7, .. })));
    }
}

/// A client that has said AUTH with the best of these mechanisms, and what the server says then.
fn said_after(mechanisms: &str, is_tls: bool, reply: &str) -> (Result<(), Error>, String) {
    let mut config = Config::new(Domain::parse("client.example").unwrap());
    config.credentials = Some(Credentials::new("tim", "secret").unwrap());
    (config.starttls, config.insecure_auth) = (StartTls::Never, true);
    config.nonce = "nonce".into();
    let mut client = Client::new(config, is_tls);
    let mut out = Buffer::with_limit(4096);
    let mut heard = Ok(());
    for said in ["220 mx\r\n", &format!("250-mx\r\n250 AUTH {mechanisms}\r\n"), reply] {
        client.transmit(&mut out);
        out.consume(out.readable().len());
        let mut input = said.as_bytes();
        heard = loop {
            match client.receive(input, &mut []) {
                Err(error) => break Err(error),
                Ok(received) if !received.is_event() => break Ok(()),
                Ok(received) => input = &input[received.consumed..],
            }
        };
    }
    client.transmit(&mut out);
    (heard, String::from_utf8(out.readable().to_vec()).unwrap())
}

#[test]
fn a_refused_mechanism_is_followed_by_the_next_and_a_refused_password_by_none() {
    for (code, goes_on) in [
        (501, true),
        (504, true),
        (535, false),
        (534, false),
        (538, false),
        (530, false),
        (500, false),
        (503, false),
        (454, false),
        (432, false),
    ] {
        let (heard, said) = said_after("PLAIN LOGIN", true, &format!("{code} no\r\n"));
        let expected = if goes_on { "AUTH LOGIN\r\n" } else { "QUIT\r\n" };
        assert_eq!((heard.is_ok(), &*said), (goes_on, expected), "{code}");
    }
}

#[test]
fn in_clear_no_mechanism_is_followed_by_one_that_shows_the_password() {
    for (mechanisms, under_tls, in_clear) in [
        ("SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN", "AUTH CRAM-MD5", "AUTH CRAM-MD5"),
        ("SCRAM-SHA-256 PLAIN", "AUTH PLAIN AHRpbQBzZWNyZXQ=", "QUIT"),
        ("CRAM-MD5 LOGIN", "AUTH LOGIN", "QUIT"),
        ("PLAIN LOGIN", "AUTH LOGIN", "AUTH LOGIN"),
        ("LOGIN", "QUIT", "QUIT"),
    ] {
        for (is_tls, expected) in [(true, under_tls), (false, in_clear)] {
            let (_, said) = said_after(mechanisms, is_tls, "504 5.5.4 no\r\n");
            assert_eq!(said.trim_end(), expected, "{mechanisms} {is_tls}");
        }
    }
}

#[test]
fn login_answers_two_challenges() {
    for challenges in [["VXNlcm5hbWU6", "UGFzc3dvcmQ6"], ["", "what?"]] {
        let mut sasl = sasl(Mechanism::Login, "user", "p\u{e4}ss", "");
        assert_eq!(sasl.begin(), "AUTH LOGIN");
        assert!(!sasl.is_done());
        assert_eq!(sasl.answer(challenges[0].as_bytes(), 0).as_deref(), Ok(&*base64("user")));
        assert!(!sasl.is_done());
        assert_eq!(sasl.answer(challenges[1].as_bytes(), 0), Ok(base64("p\u{e4}ss")));
        assert!(sasl.is_done());
        assert!(sasl.answer(b"", 0).is_err());
    }
}

#[test]
fn cram_md5_is_that_of_the_example() {
    // RFC 2195 §2.
    let mut sasl = sasl(Mechanism::CramMd5, "tim", "tanstaaftanstaaf", "");
    assert_eq!(sasl.begin(), "AUTH CRAM-MD5");
    let challenge = "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+";
    let answer = "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw";
    assert_eq!(sasl.answer(challenge.as_bytes(), 0).as_deref(), Ok(answer));
    assert!(sasl.is_done());
}

/// RFC 7677 §3.
const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                     s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                     p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SHOWN: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

#[test]
fn scram_is_that_of_the_example() {
    let mut sasl = sasl(Mechanism::ScramSha256, "user", "pencil", NONCE);
    let line = sasl.begin();
    let initial = line.strip_prefix("AUTH SCRAM-SHA-256 ").expect("with an initial response");
    assert_eq!(plain(initial), format!("n,,n=user,r={NONCE}"));
    let answer = sasl.answer(base64(FIRST).as_bytes(), 0).expect("an answer");
    assert_eq!(plain(&answer), FINAL);
    assert!(!sasl.is_done(), "the server has not proved anything yet");
    let mut extended = sasl.clone();
    assert_eq!(sasl.answer(base64(SHOWN).as_bytes(), 0).as_deref(), Ok(""));
    assert!(sasl.is_done());
    // RFC 5802 §7: extensions that nobody knows may follow.
    let shown = format!("{SHOWN},x=y");
    assert_eq!(extended.answer(base64(&shown).as_bytes(), 0).as_deref(), Ok(""));
    assert!(extended.is_done());
}

#[test]
fn scram_refuses() {
    for (first, rule) in [
        ("e=no", "begins with a nonce"),
        ("m=x,r=1", "begins with a nonce"),
        (&FIRST.replace("rOpr", "xOpr"), "continues that of the client"),
        (&format!("r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), "continues that of the client"),
        (&FIRST.replace("s=W2", "s=*"), "a salt in base64"),
        (&FIRST.replace("i=4096", "i=x"), "an iteration count"),
        (&FIRST.replace("i=4096", "i=4095"), "at least 4096"),
        (&FIRST.replace(",i=4096", ""), "an iteration count"),
    ] {
        let mut sasl = sasl(Mechanism::ScramSha256, "user", "pencil", NONCE);
        sasl.begin();
        let error = sasl.answer(base64(first).as_bytes(), 3).expect_err(first);
        assert!(error.reason().contains(rule), "{first}: {error}");
        assert_eq!(error.offset(), Some(3));
    }
    // An empty challenge asks for the first message again, once.
    let mut empty = sasl(Mechanism::ScramSha256, "user", "pencil", NONCE);
    let begun = empty.begin();
    let again = empty.answer(b"", 3).expect("asked again");
    assert!(begun.ends_with(&format!(" {again}")), "{begun} {again}");
    assert!(empty.answer(b"", 3).expect_err("twice").reason().contains("begins with a nonce"));
    let mut many = sasl(Mechanism::ScramSha256, "user", "pencil", NONCE);
    many.begin();
    let error = many.answer(base64(&FIRST.replace("4096", "1000001")).as_bytes(), 0);
    assert!(matches!(error, Err(Error::TooLarge { limit: "scram_iterations_max", .. })));
    for shown in ["v=AAAA", "e=other-error", "", &SHOWN[..SHOWN.len() - 4]] {
        let mut sasl = sasl(Mechanism::ScramSha256, "user", "pencil", NONCE);
        sasl.begin();
        sasl.answer(base64(FIRST).as_bytes(), 0).expect("an answer");
        assert!(sasl.answer(base64(shown).as_bytes(), 0).is_err(), "{shown}");
        assert!(!sasl.is_done());
    }
    let mut sasl = sasl(Mechanism::ScramSha256, "user", "pencil", NONCE);
    sasl.begin();
    assert!(sasl.answer(b"not base64", 0).is_err());
}

#[test]
fn names_are_escaped_and_tokens_sent() {
    let mut scram = sasl(Mechanism::ScramSha256, "a=b,c", "x", "n");
    assert!(plain(&scram.begin()["AUTH SCRAM-SHA-256 ".len()..]).contains("n=a=3Db=2Cc,r=n"));
    let mut token = sasl(Mechanism::XOAuth2, "a@b", "ya29.x", "");
    let line = token.begin();
    let initial = plain(line.strip_prefix("AUTH XOAUTH2 ").expect("a token"));
    assert_eq!(initial, "user=a@b\u{1}auth=Bearer ya29.x\u{1}\u{1}");
    // An error is told in a challenge, which has to be answered.
    assert_eq!(token.answer(base64("{\"status\":\"401\"}").as_bytes(), 0).as_deref(), Ok(""));
}

#[test]
fn rounds_are_bounded() {
    let mut sasl = sasl(Mechanism::XOAuth2, "u", "t", "");
    sasl.begin();
    for _ in 0..Limits::default().auth_rounds_max {
        sasl.answer(b"", 0).expect("one more");
    }
    let error = sasl.answer(b"", 9);
    assert!(matches!(error, Err(Error::TooLarge { limit: "auth_rounds_max", offset: 9, .. })));
}

#[test]
fn what_scram_takes() {
    let takes = |user, secret, nonce| {
        let credentials = Credentials::new(user, secret).expect("credentials");
        assert!(Mechanism::Plain.takes(&credentials, ""));
        Mechanism::ScramSha256.takes(&credentials, nonce)
    };
    assert!(takes("user", "pencil", NONCE));
    assert!(!takes("user", "p\u{e4}ss", NONCE), "it would have to be prepared");
    assert!(!takes("\u{738b}", "pencil", NONCE));
    assert!(!takes("", "pencil", NONCE));
    assert!(!takes("user", "pencil", ""));
    assert!(!takes("user", "pencil", "a,b"));
}

fn xoauth2(user: &str, token: &str) -> String {
    base64(&format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"))
}

/// What a session that logs in shows of itself, before and after each thing it says.
fn shown_at_each_step(mechanism: Mechanism, credentials: &Credentials) -> String {
    let mut config = Config::new(Domain::parse("client.example").unwrap());
    config.credentials = Some(credentials.clone());
    (config.starttls, config.insecure_auth) = (StartTls::Never, true);
    config.mechanisms = vec![mechanism];
    let (mut client, mut shown) = (Client::new(config, false), String::new());
    let challenges = "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n";
    let offers = format!("250-mx\r\n250 AUTH {}\r\n", mechanism.name());
    for said in ["220 mx\r\n", &offers, &challenges[..18], &challenges[18..], "535 no\r\n"] {
        let mut input = said.as_bytes();
        while let Ok(received) = client.receive(input, &mut []) {
            input = &input[received.consumed..];
            if !received.is_event() {
                break;
            }
        }
        let mut out = Buffer::with_limit(4096);
        shown += &format!("{client:?}\n");
        client.transmit(&mut out);
        shown += &format!("{client:?} {out:?}\n");
    }
    shown
}

#[test]
fn secrets_are_not_shown() {
    let credentials = Credentials::new("tim", "hunter2").expect("credentials");
    let mut sasl = Sasl::new(Mechanism::Plain, &credentials, "", &Limits::default());
    sasl.begin();
    for shown in [format!("{credentials:?}"), format!("{sasl:?}"), format!("{sasl:#?}")] {
        assert!(!shown.contains("hunter2") && !shown.contains(&base64("hunter2")), "{shown}");
    }
    for mechanism in [Mechanism::Plain, Mechanism::XOAuth2, Mechanism::Login] {
        let shown = shown_at_each_step(mechanism, &credentials);
        assert!(!shown.contains("hunter2"), "{shown}");
        for said in [base64("hunter2"), base64("\0tim\0hunter2"), xoauth2("tim", "hunter2")] {
            // As text, and as the numbers of its bytes.
            let numbers = format!("{:?}", said.as_bytes());
            let numbers = numbers.trim_matches(['[', ']']);
            assert!(!shown.contains(&said) && !shown.contains(numbers), "{mechanism:?}: {shown}");
        }
    }
    for (user, secret, at) in [("a\0", "b", 1), ("a", "\0b", 0), ("a\n", "b", 1), ("a", "b\r", 1)] {
        let error = Credentials::new(user, secret).expect_err("refused");
        assert_eq!(error.offset(), Some(at));
        assert!(!error.to_string().contains('b'.to_string().repeat(3).as_str()));
    }
}

/// Not even the bytes that wait for room are shown.
#[test]
fn nothing_shows_what_is_said() {
    use wirewright::session::Session as _;
    use wirewright::smtp::client::Client;
    use wirewright::smtp::command::Domain;
    use wirewright::smtp::config::Config;
    use wirewright::smtp::transcript::Transcript;
    let name = Domain::parse("c.example").expect("a domain");
    let credentials = Some(Credentials::new("user", "secret").expect("credentials"));
    let mut client = Client::new(Config { credentials, ..Config::new(name) }, true);
    let mut out = Buffer::with_limit(1 << 10);
    for reply in [&b"220 mx\r\n"[..], b"250-mx\r\n250 AUTH PLAIN\r\n"] {
        let mut input = reply;
        while !input.is_empty() {
            input = &input[client.receive(input, &mut []).expect("no error").consumed..];
        }
        while client.receive(b"", &mut []).expect("no error").is_event() {}
        if reply.starts_with(b"220") {
            client.transmit(&mut out);
        }
    }
    // The row that waits begins with AUTH.
    assert!(!format!("{client:?}").contains("65, 85, 84, 72"), "{client:?}");
    let mut transcript = Transcript::new();
    transcript.said(b"AUTH PLAIN AHVz", &mut |_| {});
    assert!(!format!("{transcript:?}").contains("65, 85, 84, 72"), "{transcript:?}");
}
