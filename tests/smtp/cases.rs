//! The tables: `tests/data/smtp/cases/*.txt`.
//!
//! ```text
//!   # a comment
//!   = small                      the limits; until the next one
//!   < 250-mx\r\n                 bytes of the server; further lines go on
//!   < 250 2.0.0 ok\r\n
//!   > 250 "mx" "2.0.0 ok"        what comes of it: replies, remarks `~`, the error `!`
//! ```

use crate::reply_oracle::{Outcome, run};
use crate::text::unescape;
use std::path::Path;
use wirewright::smtp::config::Limits;

struct Case {
    place: String,
    limits: Limits,
    stream: Vec<u8>,
    expected: String,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/smtp/cases");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("cases")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    paths.sort();
    paths.iter().flat_map(|path| read(path)).collect()
}

fn read(path: &Path) -> Vec<Case> {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).expect("a text");
    let (mut cases, mut limits, mut stream) = (Vec::new(), Limits::default(), None);
    for (at, line) in text.lines().enumerate() {
        let (mark, rest) = line.split_at(line.len().min(1));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let place = format!("{name}:{}", at + 1);
        match mark {
            "" | "#" => {}
            "=" => limits = limits_of(rest, &place),
            "<" => stream.get_or_insert_with(Vec::new).extend(unescape(rest)),
            ">" => cases.push(Case {
                limits,
                stream: stream.take().unwrap_or_else(|| panic!("{place}: no stream")),
                expected: rest.trim_end().to_owned(),
                place,
            }),
            _ => panic!("{place}: {line}"),
        }
    }
    assert!(stream.is_none(), "{name}: a stream without a verdict");
    cases
}

fn limits_of(word: &str, place: &str) -> Limits {
    match word {
        "default" => Limits::default(),
        "small" => Limits {
            reply_line_bytes_max: 12,
            reply_lines_max: 2,
            reply_bytes_max: 20,
            ..Limits::default()
        },
        _ => panic!("{place}: {word}"),
    }
}

fn shown(outcome: &Outcome) -> String {
    let mut parts: Vec<String> = Vec::new();
    for reply in &outcome.replies {
        let enhanced = reply.enhanced.as_ref().map_or(String::new(), |code| format!(" [{code}]"));
        let lines = reply.lines.iter().map(|line| format!(" \"{}\"", line.escape_ascii()));
        parts.push(format!("{}{enhanced}{}", reply.code, lines.collect::<String>()));
    }
    parts.extend(outcome.remarks.iter().map(|r| format!("~{} {}", r.offset, r.section)));
    if let Some(error) = &outcome.error {
        let (at, section) = (error.offset().expect("a place"), error.section().expect("a section"));
        parts.push(format!("! {} {at} {section}", error.kind()));
    }
    parts.join(" | ")
}

/// Whole, bytewise and at every cut the same.
fn every_cut(stream: &[u8], case: &Case) -> Outcome {
    let whole = run([stream], &case.limits);
    assert_eq!(whole, run(stream.chunks(1), &case.limits), "{}: bytewise", case.place);
    for cut in 0..=stream.len().min(300) {
        let (a, b) = stream.split_at(cut);
        assert_eq!(whole, run([a, b], &case.limits), "{}: cut at {cut}", case.place);
    }
    whole
}

#[test]
fn tables() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let got = shown(&every_cut(&case.stream, case));
        if got != case.expected {
            wrong.push(format!("{}\n  expected {}\n  got      {got}", case.place, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 80, "{} cases", cases.len());
}

/// What stands behind a whole stream is another reply, and changes nothing of those before; behind
/// an error it is not even looked at.
#[test]
fn trailing_bytes() {
    let (mut ended, mut failed) = (0, 0);
    for case in cases() {
        let whole = run([&case.stream[..]], &case.limits);
        let kind = whole.error.as_ref().map(|error| error.kind());
        for behind in [&b"250 x\r\n"[..], b"\r\n", b"x", b"\0"] {
            let stream = [&case.stream[..], behind].concat();
            let longer = every_cut(&stream, &case);
            match kind {
                None => {
                    assert_eq!(longer.replies[..whole.replies.len()], whole.replies);
                    assert_eq!(longer.error.is_none(), behind[0] == b'2', "{}", case.place);
                    ended += 1;
                }
                Some("incomplete") => {}
                _ => {
                    assert_eq!(longer, whole, "{}", case.place);
                    failed += 1;
                }
            }
        }
    }
    assert!(ended > 100 && failed > 80, "{ended} {failed}");
}

/// The runner sees what is wrong.
#[test]
fn a_bent_case_fails() {
    let cases = cases();
    let bent = cases.iter().filter(|case| {
        let shorter = run([&case.stream[..case.stream.len() - 1]], &case.limits);
        shown(&shorter) != case.expected
    });
    assert!(bent.count() > cases.len() / 2);
}
