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
use crate::shared_cases::{self, at_every_cut, judge};
use crate::shown::shown;
use wirewright::http::config::{Config, Policy};
use wirewright::http::request::Method;

type Case = shared_cases::Case<Setting>;

fn cases() -> Vec<Case> {
    shared_cases::cases("http/cases", settings)
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
fn every_cut(stream: &[u8], case: &Case) -> Outcome {
    let whole = invariant(stream, &case.setting, 7);
    at_every_cut(stream, &whole, &case.place, |parts| run(parts, &case.setting));
    whole
}

#[test]
fn tables() {
    judge(&cases(), 200, |case| shown(&every_cut(&case.stream, case)));
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
            let longer = every_cut(&stream, &case);
            match kind {
                None if !closes => {
                    let leftover = [&whole.leftover[..], behind].concat();
                    assert_eq!(longer, Outcome { leftover, ..whole.clone() }, "{}", case.place);
                    ended += 1;
                }
                Some("malformed" | "too_large") => {
                    assert_eq!(longer, whole, "{}", case.place);
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
