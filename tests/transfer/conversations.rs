//! Conversations as text: `tests/data/conversations/*.txt`, replayed against the server.
//!
//! ```text
//!   # a comment                       F: name = text       a file that the server has
//!   C: {"type":"list","id":1}         O: token = sesame    an option: token, read_only
//!   S: {"type":"entries",…,"x":"*"}   C! 00 00 00 00       raw bytes in hexadecimal
//!   C. the client's half ends         S. the server wants to close, and has said all
//! ```
//!
//! What the server says between two lines of the client's must be exactly the `S:` lines that stand
//! there; `"*"` stands for any text. Each conversation is held whole and byte by byte.

use crate::app::App;
use crate::host::{Host, frame};
use serde_json::Value;
use std::path::Path;
use wirewright::digest::DigestKind;
use wirewright::session::{Session as _, Wants};
use wirewright::transfer::server::Config;
use wirewright::transfer::token::Token;

#[test]
fn all() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/conversations");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("conversations") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|end| end != "txt") {
            continue;
        }
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a text");
        for piece in [1, 5, usize::MAX] {
            if let Err(why) = hold(&text, piece) {
                panic!("{name}, by {piece}: {why}");
            }
        }
        count += 1;
    }
    assert!(count >= 10, "{count} conversations");
}

fn hold(text: &str, piece: usize) -> Result<(), String> {
    let mut host = host(text);
    let mut said: Vec<Value> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let wrong = |what: String| format!("line {}: {what}", at + 1);
        let (mark, rest) = line.split_at(line.len().min(2));
        let rest = rest.trim();
        if matches!(mark, "C:" | "C!" | "C.") && !said.is_empty() {
            return Err(wrong(format!("the server also said {}", said[0])));
        }
        match mark {
            "C:" => feed(&mut host, &frame(rest), piece),
            "C!" => feed(&mut host, &unhex(rest), piece),
            "C." => host.eof(),
            "S:" if said.is_empty() => return Err(wrong("the server said nothing".into())),
            "S:" => {
                let (got, expected) = (said.remove(0), serde_json::from_str(rest));
                let expected: Value = expected.map_err(|error| wrong(error.to_string()))?;
                if !fits(&got, &expected) {
                    return Err(wrong(format!("the server said {got}")));
                }
            }
            "S." if host.server.wants() == Wants::Close && said.is_empty() => {}
            "S." => return Err(wrong(format!("{:?} {said:?}", host.server.wants()))),
            "F:" | "O:" | "" | "# " | "#" => {}
            _ => return Err(wrong(format!("what is {line:?}?"))),
        }
        said.extend(host.said());
    }
    match (said.first(), text.trim_end().ends_with("S.")) {
        (Some(more), _) => Err(format!("the server also said {more}")),
        (None, false) if host.server.wants() != Wants::Read => Err("it wants to end".into()),
        _ => Ok(()),
    }
}

fn host(text: &str) -> Host {
    let pairs = |mark: &'static str| {
        let lines = text.lines().filter_map(move |line| line.strip_prefix(mark));
        let pairs = lines.map(|line| line.split_once('=').expect("name = value"));
        pairs.map(|(name, value)| (name.trim(), value.trim()))
    };
    let mut app = App::with(&[]);
    app.files.extend(pairs("F:").map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())));
    let mut config = Config { agent: "server/1".into(), ..Config::default() };
    for (name, value) in pairs("O:") {
        match name {
            "token" => config.token = Some(Token::new(value.as_bytes())),
            "read_only" => app.read_only = value == "yes",
            "digests" => {
                config.digests = value.split(' ').filter_map(DigestKind::from_name).collect();
            }
            other => panic!("no option {other}"),
        }
    }
    Host::new(config, app)
}

fn feed(host: &mut Host, bytes: &[u8], piece: usize) {
    for piece in bytes.chunks(piece.min(1 << 20)) {
        host.feed(piece);
    }
}

fn unhex(text: &str) -> Vec<u8> {
    text.split(' ').map(|digits| u8::from_str_radix(digits, 16).expect("hexadecimal")).collect()
}

/// Whether a value is the expected one; `"*"` fits any text.
fn fits(got: &Value, expected: &Value) -> bool {
    match (got, expected) {
        (Value::String(_), Value::String(any)) if any == "*" => true,
        (Value::Object(got), Value::Object(expected)) => {
            let fits = |(name, value)| expected.get(name).is_some_and(|other| fits(value, other));
            got.len() == expected.len() && got.iter().all(fits)
        }
        (Value::Array(got), Value::Array(expected)) => {
            got.len() == expected.len() && got.iter().zip(expected).all(|(a, b)| fits(a, b))
        }
        _ => got == expected,
    }
}

/// The runner sees what is wrong.
#[test]
fn a_conversation_that_is_not_so_fails() {
    let good = "C: {\"type\":\"note\"}\nS: {\"type\":\"error\",\"id\":null,\"code\":\"unexpected\",\
                \"text\":\"*\",\"fatal\":true}\nS.\n";
    assert_eq!(hold(good, 1), Ok(()));
    for (from, to) in [
        ("\"unexpected\"", "\"malformed\""),
        ("\"id\":null,", ""),
        ("\"id\":null", "\"id\":null,\"x\":1"),
        ("S.\n", "S: {}\n"),
        ("\nS.", ""),
        ("\"*\"", "\"x\""),
    ] {
        assert!(hold(&good.replacen(from, to, 1), 1).is_err(), "{from} to {to}");
    }
    assert!(hold("C: {\"type\":\"note\"}\n", 1).is_err(), "an answer too many");
    assert!(hold("X: y\n", 1).is_err());
}
