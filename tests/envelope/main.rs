//! The envelope decoder against a table of cases, each run whole, byte by byte, at every cut, and
//! with trailing bytes; and against its oracles.

mod faults;
#[path = "../../fuzz/oracles/envelope.rs"]
mod oracle;
#[path = "../support/serde_words.rs"]
mod serde_words;

use oracle::{Outcome, differential, run};
use proptest::prelude::*;
use wirewright::envelope::Limits;

const LIMITS: Limits = Limits { rest_bytes_max: 4096 };

/// What a case must give.
enum Verdict {
    /// The other members (payload as null), and the payload.
    Good(&'static str, Option<&'static [u8]>),
    /// Kind, offset and section of the error.
    Bad(&'static str, u64, &'static str),
}
use Verdict::{Bad, Good};

const CASES: &[(&str, Verdict)] = &[
    // Shapes of whole envelopes.
    ("{}", Good("{}", None)),
    (" \r\n\t{ } \n", Good(" \r\n\t{ }", None)),
    (r#"{"filedata":""}"#, Good(r#"{"filedata":null}"#, Some(b""))),
    (r#"{"filedata":"Zg=="}"#, Good(r#"{"filedata":null}"#, Some(b"f"))),
    (
        r#"{"filename": "a", "filedata": "Zm9v"}"#,
        Good(r#"{"filename": "a", "filedata": null}"#, Some(b"foo")),
    ),
    (
        r#"{"filedata":"Zm9vYmE=","filename":"a"}"#,
        Good(r#"{"filedata":null,"filename":"a"}"#, Some(b"fooba")),
    ),
    (
        r#"{"a":[1,{"filedata":"!"}],"filedata" : "Zm9v" , "b":{"c":[]}}"#,
        Good(r#"{"a":[1,{"filedata":"!"}],"filedata" : null , "b":{"c":[]}}"#, Some(b"foo")),
    ),
    (r#"{"file\u0064ata":"Zm9v"}"#, Good(r#"{"file\u0064ata":null}"#, Some(b"foo"))),
    (
        r#"{"x":"filedata","filedata":"Zm9v"}"#,
        Good(r#"{"x":"filedata","filedata":null}"#, Some(b"foo")),
    ),
    (r#"{"x":"\"}","y":"\\"}"#, Good(r#"{"x":"\"}","y":"\\"}"#, None)),
    (
        r#"{"n":-1.5e3,"t":true,"f":false,"z":null}"#,
        Good(r#"{"n":-1.5e3,"t":true,"f":false,"z":null}"#, None),
    ),
    // Escapes in the payload: PHP writes \/, .NET \u002B.
    (r#"{"filedata":"\/\/\/\/"}"#, Good(r#"{"filedata":null}"#, Some(b"\xff\xff\xff"))),
    (r#"{"filedata":"\u002b\u002B++"}"#, Good(r#"{"filedata":null}"#, Some(b"\xfb\xef\xbe"))),
    (r#"{"filedata":"Z\u0067\u003d="}"#, Good(r#"{"filedata":null}"#, Some(b"f"))),
    (r#"{"filedata":"Zm9v\n"}"#, Bad("malformed", 17, "RFC 4648 §3.3")),
    (r#"{"filedata":"Zm9v\u0100AAA"}"#, Bad("malformed", 17, "RFC 4648 §3.3")),
    (r#"{"filedata":"Zm9v\q"}"#, Bad("malformed", 17, "RFC 8259 §7")),
    (r#"{"filedata":"Zm9v\u00g0"}"#, Bad("malformed", 17, "RFC 8259 §7")),
    // Strict base64.
    (r#"{"filedata":"Zg="}"#, Bad("malformed", 16, "RFC 4648 §3.2")),
    (r#"{"filedata":"Zg"}"#, Bad("malformed", 15, "RFC 4648 §3.2")),
    (r#"{"filedata":"Zh=="}"#, Bad("malformed", 14, "RFC 4648 §3.5")),
    (r#"{"filedata":"Zm9="}"#, Bad("malformed", 15, "RFC 4648 §3.5")),
    (r#"{"filedata":"===="}"#, Bad("malformed", 13, "RFC 4648 §4")),
    (r#"{"filedata":"Zg==Zg=="}"#, Bad("malformed", 17, "RFC 4648 §3.3")),
    (r#"{"filedata":"Zm9v Zm9v"}"#, Bad("malformed", 17, "RFC 4648 §3.3")),
    (r#"{"filedata":"Zm9-"}"#, Bad("malformed", 16, "RFC 4648 §3.3")),
    // The payload is a string, and there is one.
    (r#"{"filedata":null}"#, Bad("malformed", 12, "RFC 4648 §4")),
    (r#"{"filedata":["Zg=="]}"#, Bad("malformed", 12, "RFC 4648 §4")),
    (r#"{"filedata":"","filedata":""}"#, Bad("malformed", 24, "RFC 8259 §4")),
    (r#"{"filedata":"","f\u0069ledata":""}"#, Bad("malformed", 29, "RFC 8259 §4")),
    (r#"{"a":1,"a":2}"#, Bad("malformed", 9, "RFC 8259 §4")),
    (r#"{"a":1,"filedata":"Zm9v","a":2}"#, Bad("malformed", 27, "RFC 8259 §4")),
    (r#"{"a":1,"a":2,"filedata":"Zm9v"}"#, Bad("malformed", 9, "RFC 8259 §4")),
    (r#"{"o":{"b":1,"b":2},"filedata":"Zm9v"}"#, Bad("malformed", 14, "RFC 8259 §4")),
    // Structure.
    ("", Bad("incomplete", 0, "RFC 8259 §2")),
    ("[]", Bad("malformed", 0, "RFC 8259 §4")),
    ("GET / HTTP/1.1", Bad("malformed", 0, "RFC 8259 §4")),
    ("\u{feff}{}", Bad("malformed", 0, "RFC 8259 §8.1")),
    ("{,}", Bad("malformed", 1, "RFC 8259 §4 and §7")),
    ("{1:2}", Bad("malformed", 1, "RFC 8259 §4 and §7")),
    (r#"{"a" 1}"#, Bad("malformed", 5, "RFC 8259 §4")),
    (r#"{"a":1 2}"#, Bad("malformed", 7, "RFC 8259 §4")),
    (r#"{"a":1,}"#, Bad("malformed", 7, "RFC 8259 §4")),
    (r#"{"a":x}"#, Bad("malformed", 5, "RFC 8259 §3")),
    (r#"{"a":[}"#, Bad("malformed", 6, "RFC 8259 §4 and §5")),
    (r#"{"a":{]"#, Bad("malformed", 6, "RFC 8259 §4 and §5")),
    (r#"{"a":01}"#, Bad("malformed", 6, "RFC 8259 §6")),
    (r#"{"a":tru}"#, Bad("malformed", 8, "RFC 8259 §3")),
    (r#"{"a":[1 2]}"#, Bad("malformed", 8, "RFC 8259 §5")),
    (r#"{"filedata":"Zm9v","a":tru}"#, Bad("malformed", 26, "RFC 8259 §3")),
    (r#"{"filedata":"Zm9v"x}"#, Bad("malformed", 18, "RFC 8259 §4")),
    ("{\"a\":\"\n\"}", Bad("malformed", 6, "RFC 8259 §7")),
    (r#"{"filedata":"Zm9v","a":1"#, Bad("incomplete", 24, "RFC 8259 §2")),
    (r#"{"filedata":"Zm9"#, Bad("incomplete", 16, "RFC 8259 §2")),
    (r#"{"filedata":"Zm9\u00"#, Bad("incomplete", 20, "RFC 8259 §2")),
];

/// Every way of cutting gives the same.
fn every_cut(text: &[u8], limits: Limits) -> Outcome {
    let whole = run([text], limits, 4096);
    assert_eq!(whole, run(text.chunks(1), limits, 64), "bytewise");
    for cut in 0..=text.len().min(400) {
        let (a, b) = text.split_at(cut);
        assert_eq!(whole, run([a, b], limits, 65), "cut at {cut}");
    }
    whole
}

#[test]
fn table() {
    for (text, verdict) in CASES {
        let outcome = every_cut(text.as_bytes(), LIMITS);
        differential(text.as_bytes(), &outcome);
        match verdict {
            Good(rest, payload) => {
                assert_eq!(outcome.error, None, "{text}");
                assert_eq!(outcome.rest.as_deref(), Some(rest.as_bytes()), "{text}");
                let got = outcome.head.is_some().then_some(&*outcome.payload);
                assert_eq!(got, *payload, "{text}");
            }
            Bad(kind, offset, section) => {
                let error = outcome.error.expect(text);
                let got = (error.kind(), error.offset(), error.section());
                assert_eq!(got, (*kind, Some(*offset), Some(*section)), "{text}: {error}");
            }
        }
    }
}

#[test]
fn trailing_bytes() {
    for (text, verdict) in CASES {
        if let Good(..) = verdict {
            let spaced = every_cut(format!("{text} \n").as_bytes(), LIMITS);
            assert_eq!(spaced.error, None, "{text}");
            let followed = every_cut(format!("{text}\nx").as_bytes(), LIMITS);
            let error = followed.error.expect(text);
            assert_eq!(error.offset(), Some(text.len() as u64 + 1), "{text}");
        }
    }
}

#[test]
fn rest_limit_is_exact() {
    let text = br#"{"a":"0123456789","filedata":"Zm9vZm9v"}"#;
    let outside = text.len() - 10;
    for (max, good) in [(outside - 1, false), (outside, true), (outside + 1, true)] {
        let outcome = every_cut(text, Limits { rest_bytes_max: max });
        assert_eq!(outcome.error.is_none(), good, "{max}: {:?}", outcome.error);
    }
    let outcome = every_cut(&[b' '; 100], Limits { rest_bytes_max: 50 });
    assert_eq!(outcome.error.map(|e| (e.kind(), e.offset())), Some(("too_large", Some(50))));
}

#[test]
fn depth_limit_is_that_of_serde_json() {
    for (levels, good) in [(125, true), (126, true), (127, false), (100_000, false)] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inner = if open == "[" { "" } else { "1" };
            let text = format!("{{\"a\":{}{inner}{}}}", open.repeat(levels), close.repeat(levels));
            let outcome = run([text.as_bytes()], Limits { rest_bytes_max: 1 << 20 }, 64);
            differential(text.as_bytes(), &outcome);
            assert_eq!(outcome.error.is_none(), good, "{levels}: {:?}", outcome.error);
        }
    }
}

#[test]
fn long_payloads_at_every_alignment() {
    let raw: Vec<u8> =
        (0..20_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    use base64::Engine as _;
    for len in [0, 1, 2, 3, 47, 48, 49, 191, 192, 193, 4095, 20_000] {
        let text = base64::engine::general_purpose::STANDARD.encode(&raw[..len]);
        let text = format!("{{\"filedata\":\"{text}\"}}");
        for piece in [1, 3, 4, 5, 63, 64, 65, 1000, 30_000] {
            for room in [64, 65, 66, 67, 1 << 16] {
                let outcome = run(text.as_bytes().chunks(piece), LIMITS, room);
                assert_eq!(outcome.error, None);
                assert_eq!(outcome.payload, &raw[..len], "{len} by {piece} into {room}");
            }
        }
    }
}

#[test]
fn memory_follows_the_rest_not_the_payload() {
    let mut decoder = wirewright::envelope::Decoder::new("filedata", LIMITS);
    let mut room = vec![0; 65_536];
    decoder.feed(b"{\"filedata\":\"", &mut room).unwrap();
    let text = vec![b'A'; 87_380];
    for _ in 0..1000 {
        let mut input = &text[..];
        while !input.is_empty() {
            input = &input[decoder.feed(input, &mut room).unwrap().consumed..];
        }
    }
    assert_eq!(decoder.payload_len(), Some(65_535_000));
    assert!(decoder.capacity() <= 64, "{}", decoder.capacity());
}

fn json() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\n",
        "\"filedata\"",
        "\"a\"",
        "\"b\"",
        "1",
        "-0.5",
        "true",
        "null",
        "\"",
        "\\",
        "\"Zm9v\"",
        "\"Zg==\"",
        "\"Zh==\"",
        "{\"filedata\":\"Zm9v",
        "Zm9v",
        "=",
        "\\/",
        "\\u002b",
        "\"filedata\":\"",
        "\"é\"",
        "\u{1}",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn equals_the_oracle_however_cut(text in json(), step in any::<u8>()) {
        let mut data = vec![step];
        data.extend(text);
        oracle::check(&data);
    }
}
