//! What a server offers, by the lines it says.

use wirewright::smtp::capabilities::Capabilities;
use wirewright::smtp::config::Limits;
use wirewright::smtp::reply::Parser;

fn of(lines: &[&str]) -> Capabilities {
    let mut parser = Parser::new(&Limits::default());
    let (last, before) = lines.split_last().expect("a line");
    let before: String = before.iter().map(|line| format!("250-{line}\r\n")).collect();
    let reply = format!("{before}250 {last}\r\n");
    assert_eq!(parser.feed(reply.as_bytes()), Ok((reply.len(), true)));
    Capabilities::of(parser.reply())
}

fn auth(line: &str) -> Vec<Box<str>> {
    of(&["mx", line]).auth
}

#[test]
fn what_is_offered() {
    let all = of(&[
        "mx.example.org greets you",
        "pipelining",
        "8BITMIME",
        "SmtpUtf8",
        "STARTTLS",
        "CHUNKING",
        "ENHANCEDSTATUSCODES",
        "SIZE 10240000",
        "AUTH PLAIN LOGIN",
        "XVERP anything",
    ]);
    assert_eq!(all.host, "mx.example.org");
    assert!(all.pipelining && all.eight_bit_mime && all.smtputf8 && all.starttls);
    assert!(all.chunking && all.enhanced_status_codes && all.size);
    assert_eq!(all.size_max, Some(10_240_000));
    assert_eq!(all.auth, ["PLAIN".into(), "LOGIN".into()]);
    assert_eq!(all.lines.len(), 9);
    assert_eq!(all.lines[8], "XVERP anything");
    let none = of(&["PIPELINING"]);
    assert_eq!(none, Capabilities { host: "PIPELINING".into(), ..Capabilities::default() });
}

#[test]
fn what_only_looks_so() {
    let none = of(&["", "PIPELININGS", "XSTARTTLS", "8BIT MIME", "SIZE=5", "", " ", "AUTHPLAIN"]);
    let lines = none.lines.clone();
    assert_eq!(none, Capabilities { lines, ..Capabilities::default() });
}

#[test]
fn sizes() {
    for (line, max) in [
        ("SIZE", None),
        ("SIZE 0", None),
        ("SIZE 1", Some(1)),
        ("SIZE  7", Some(7)),
        ("SIZE 18446744073709551615", Some(u64::MAX)),
        ("SIZE 18446744073709551616", None),
        ("SIZE +5", None),
        ("SIZE 5x", None),
    ] {
        let capabilities = of(&["mx", line]);
        assert!(capabilities.size, "{line}");
        assert_eq!(capabilities.size_max, max, "{line}");
    }
}

#[test]
fn mechanisms() {
    assert_eq!(auth("AUTH plain Login PLAIN"), ["PLAIN".into(), "LOGIN".into()]);
    assert_eq!(auth("AUTH=LOGIN CRAM-MD5"), ["LOGIN".into(), "CRAM-MD5".into()]);
    assert_eq!(auth("AUTH SCRAM-SHA-256"), ["SCRAM-SHA-256".into()]);
    for none in
        ["AUTH", "AUTH ", "AUTH=", "AUTH pl@in", "AUTH x\u{e4}", "AUTH ABCDEFGHIJKLMNOPQRSTU"]
    {
        assert!(auth(none).is_empty(), "{none}");
    }
    assert_eq!(of(&["mx", "AUTH=LOGIN", "AUTH PLAIN LOGIN"]).auth.len(), 2);
}
