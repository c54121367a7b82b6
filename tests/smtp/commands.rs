//! What is said: paths and domains that are taken and refused, and the lines they become.

use wirewright::error::Error;
use wirewright::smtp::command::{Command, Domain, Parameters, Path};

fn line(command: Command<'_>) -> String {
    let mut line = Vec::new();
    command.encode(&mut line);
    String::from_utf8(line).expect("a text")
}

#[test]
fn lines() {
    let name = Domain::parse("[IPv6:2001:db8::1]").expect("a domain");
    let path = Path::parse("\"a b\"@example.org").expect("a path");
    let all = Parameters { size: Some(12), is_8bit: true, smtputf8: true };
    for (command, expected) in [
        (Command::Ehlo(&name), "EHLO [IPv6:2001:db8::1]\r\n"),
        (Command::Helo(&name), "HELO [IPv6:2001:db8::1]\r\n"),
        (Command::StartTls, "STARTTLS\r\n"),
        (Command::Mail(&path, Parameters::default()), "MAIL FROM:<\"a b\"@example.org>\r\n"),
        (Command::Mail(&Path::null(), all), "MAIL FROM:<> SIZE=12 BODY=8BITMIME SMTPUTF8\r\n"),
        (Command::Rcpt(&path), "RCPT TO:<\"a b\"@example.org>\r\n"),
        (Command::Data, "DATA\r\n"),
        (Command::Bdat(7, false), "BDAT 7\r\n"),
        (Command::Bdat(0, true), "BDAT 0 LAST\r\n"),
        (Command::Rset, "RSET\r\n"),
        (Command::Quit, "QUIT\r\n"),
    ] {
        assert_eq!(line(command), expected);
    }
}

/// What a client calls itself is said before anybody has offered UTF-8: RFC 6531 §3.7.1.
#[test]
fn a_host_is_ascii() {
    for text in ["client.example", "[192.0.2.1]", "a_b"] {
        assert_eq!(Domain::parse(text).map(|domain| domain.as_str() == text), Ok(true));
    }
    for (text, at) in [("b\u{fc}cher.example", 1), ("a.\u{738b}", 2), ("a b", 1), ("", 0)] {
        assert_eq!(Domain::parse(text).unwrap_err().offset(), Some(at), "{text}");
    }
}

#[test]
fn paths_that_are_taken() {
    for text in [
        "a@b",
        "a.b+c=d@example.org",
        "!#$%&'*+-/=?^_`{|}~@x",
        "\"\"@x",
        "\"a@b\"@x",
        "\"a\\\"b\\\\\"@x",
        "\"<>,; \"@x",
        "a@[192.0.2.1]",
        "a@[IPv6:2001:db8::1]",
        "a@b_c-d.e",
        "postmaster",
        "Postmaster",
        "\u{738b}@example.org",
        "a@\u{738b}.example",
    ] {
        let path = Path::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(path.as_str(), text);
        assert_eq!(path.needs_smtputf8(), !text.is_ascii());
        assert!(!path.is_null());
    }
    assert!(Path::null().is_null());
}

#[test]
fn paths_that_are_refused() {
    for (text, at) in [
        ("", 0),
        ("@b", 0),
        ("a", 1),
        ("a@", 2),
        ("a b@c", 1),
        ("a@b c", 3),
        ("a@b>", 3),
        ("a@b> SIZE=1", 3),
        ("<a@b>", 0),
        (".a@b", 0),
        ("a.@b", 2),
        ("a..b@c", 2),
        ("a@.b", 2),
        ("a@b.", 4),
        ("a@b..c", 4),
        ("\"a@b", 4),
        ("\"a\"b@c", 3),
        ("\"a\\", 3),
        ("a@[b", 4),
        ("a@[]", 3),
        ("a@[b]c", 5),
        ("a@b\r\nRCPT TO:<x@y>", 3),
        ("a\r\n@b", 1),
        ("a@b\0", 3),
        ("\"a\r\n\"@b", 2),
        ("\"\\\r\"@b", 2),
        ("a\u{85}@b", 1),
        ("a@b\u{85}", 3),
        ("a@b@c", 3),
        ("a,b@c", 1),
        ("a@[b c]", 4),
        ("postmaster@", 11),
    ] {
        let error = Path::parse(text).expect_err(text);
        assert_eq!((error.kind(), error.offset()), ("malformed", Some(at)), "{text:?}: {error}");
    }
}

/// Each limit at n−1, n and n+1.
#[test]
fn lengths() {
    let label = "x".repeat(63);
    for (local, fits) in [(64, true), (65, true), (254, true), (255, true), (256, false)] {
        let text = format!("{}@b", "a".repeat(local));
        let error = Path::parse(&text).err();
        assert_eq!(error.is_none(), fits, "{local}");
        let wrong = |error| matches!(error, Error::TooLarge { limit: "local_bytes_max", .. });
        assert!(error.is_none_or(wrong));
    }
    for (domain, fits) in [(254, true), (255, true), (256, false)] {
        let text: String = format!("{label}.").repeat(5)[..domain - 1].to_owned() + "x";
        assert_eq!(Domain::parse(&text).is_ok(), fits, "{domain}");
    }
    for (domain, fits) in [(254, true), (255, true), (256, false)] {
        let domain: String = format!("{label}.").repeat(5)[..domain - 1].to_owned() + "x";
        let error = Path::parse(&format!("{}@{domain}", "a".repeat(255))).err();
        assert_eq!(error.is_none(), fits, "{}", domain.len());
        let wrong = |error| matches!(error, Error::TooLarge { limit: "DOMAIN_MAX", .. });
        assert!(error.is_none_or(wrong));
    }
}

/// RFC 5321 §4.5.3.1.4: 512 bytes, for addresses that every server has to take; 574 for the longest
/// that are sent.
#[test]
fn the_longest_lines() {
    let domain = |len: usize| format!("{}.", "x".repeat(63)).repeat(4)[..len - 1].to_owned() + "x";
    for (local, domain, max) in [(64, domain(189), 512), (255, domain(255), 574)] {
        let path = Path::parse(&format!("{}@{domain}", "a".repeat(local))).expect("a path");
        let all = Parameters { size: Some(u64::MAX), is_8bit: true, smtputf8: true };
        let len = line(Command::Mail(&path, all)).len();
        assert!(len <= max, "{len}");
    }
}

#[test]
fn domains_that_are_refused() {
    for text in ["", " ", "a b", "a\r\n", "a.", ".a", "[", "[x", "a[b]", "a\0", "a@b", "[a]]"] {
        assert!(Domain::parse(text).is_err(), "{text:?}");
    }
}
