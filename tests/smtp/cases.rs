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
use crate::shared_cases::{self, at_every_cut, judge};
use wirewright::smtp::config::Limits;

type Case = shared_cases::Case<Limits>;

fn cases() -> Vec<Case> {
    shared_cases::cases("smtp/cases", limits_of)
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
    let whole = run([stream], &case.setting);
    assert_eq!(whole, run(stream.chunks(1), &case.setting), "{}: bytewise", case.place);
    at_every_cut(stream, &whole, &case.place, |parts| run(parts, &case.setting));
    whole
}

#[test]
fn tables() {
    judge(&cases(), 80, |case| shown(&every_cut(&case.stream, case)));
}

/// What stands behind a whole stream is another reply, and changes nothing of those before; behind
/// an error it is not even looked at.
#[test]
fn trailing_bytes() {
    let (mut ended, mut failed) = (0, 0);
    for case in cases() {
        let whole = run([&case.stream[..]], &case.setting);
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
        let shorter = run([&case.stream[..case.stream.len() - 1]], &case.setting);
        shown(&shorter) != case.expected
    });
    assert!(bent.count() > cases.len() / 2);
}
