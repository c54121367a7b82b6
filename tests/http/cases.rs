//! The tables: `tests/data/http/cases/*.txt`.
//!
//! ```text
//!   # a comment
//!   = HEAD strict abort            the method, the policy, how the stream ends; until the next one
//!   < HTTP/1.1 200 OK\r\n          bytes of the stream; further lines go on
//!   < \r\n
//!   > 1.1 200 OK { } close | …     what comes of it, as `shown` writes it
//! ```

use crate::oracle::{Ending, Outcome, Seen, Setting, invariant, run};
use crate::shown::shown;
use crate::text::unescape;
use std::path::Path;
use wirewright::http::config::{Config, Policy};
use wirewright::http::request::Method;

pub struct Case {
    pub place: String,
    pub setting: Setting,
    pub stream: Vec<u8>,
    pub expected: String,
}

/// All cases of all files.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/http/cases");
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
    let (mut cases, mut setting, mut stream) = (Vec::new(), Setting::default(), None);
    for (at, line) in text.lines().enumerate() {
        let (mark, rest) = line.split_at(line.len().min(1));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let place = format!("{name}:{}", at + 1);
        match mark {
            "" | "#" => {}
            "=" => setting = settings(rest, &place),
            "<" => stream.get_or_insert_with(Vec::new).extend(unescape(rest)),
            ">" => cases.push(Case {
                setting: setting.clone(),
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

fn settings(words: &str, place: &str) -> Setting {
    let mut setting = Setting::default();
    for word in words.split_whitespace() {
        match word {
            "GET" | "HEAD" | "POST" | "CONNECT" => {
                setting.method = Method::new(word).expect("a method");
            }
            "strict" => {
                setting.config = Config { policy: Policy::Strict, ..Config::default() };
            }
            "abort" => setting.ending = Ending::Abort,
            "open" => setting.ending = Ending::Open,
            _ => panic!("{place}: {word}"),
        }
    }
    setting
}

/// Whole, bytewise, in pieces, and at every cut the same.
fn every_cut(case: &Case) -> Outcome {
    let whole = invariant(&case.stream, &case.setting, 7);
    for cut in 0..=case.stream.len().min(300) {
        let (a, b) = case.stream.split_at(cut);
        assert_eq!(whole, run([a, b], &case.setting), "{}: cut at {cut}", case.place);
    }
    whole
}

#[test]
fn tables() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let got = shown(&every_cut(case));
        if got != case.expected {
            wrong.push(format!("{}\n  expected {}\n  got      {got}", case.place, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 200, "{} cases", cases.len());
}

/// What stands behind the end of a response is left over, whatever it is, and changes nothing; with
/// the error of a case it is the same error.
#[test]
fn trailing_bytes() {
    let (mut ended, mut failed) = (0, 0);
    for case in cases() {
        let whole = run([&case.stream[..]], &case.setting);
        let closes = whole.seen.iter().any(|seen| match seen {
            Seen::End { framing, .. } => framing.as_str() == "close",
            _ => false,
        });
        let kind = whole.error.as_ref().map(|error| error.kind());
        for behind in [&b"HTTP/1.1 200 OK\r\n\r\n"[..], b"\r\n", b"x", b"\0"] {
            let stream = [&case.stream[..], behind].concat();
            let Case { place, setting, expected, .. } = &case;
            let case = Case {
                place: place.clone(),
                setting: setting.clone(),
                stream,
                expected: expected.clone(),
            };
            let longer = every_cut(&case);
            match kind {
                None if !closes => {
                    let leftover = [&whole.leftover[..], behind].concat();
                    assert_eq!(longer, Outcome { leftover, ..whole.clone() }, "{place}");
                    ended += 1;
                }
                Some("malformed" | "too_large") => {
                    assert_eq!(longer, whole, "{place}");
                    failed += 1;
                }
                _ => {}
            }
        }
    }
    assert!(ended > 200 && failed > 200, "{ended} {failed}");
}

/// The runner sees what is wrong.
#[test]
fn a_bent_case_fails() {
    let mut bent = 0;
    for case in cases().iter().filter(|case| case.setting.ending == Ending::Eof).take(40) {
        let mut stream = case.stream.clone();
        stream.pop();
        let shorter = run([&stream[..]], &case.setting);
        bent += usize::from(shown(&shorter) != case.expected);
    }
    assert!(bent > 20, "{bent}");
}
