//! Every limit of the room at n−1, n and n+1.

use crate::oracle::{Outcome, Seen, Setting, invariant, run};
use wirewright::error::Error;
use wirewright::http::config::{Config, Limits};

fn with(limits: Limits) -> Setting {
    Setting { config: Config { limits, ..Config::default() }, ..Setting::default() }
}

/// The limit that was passed, its value and the offset; `None` where it ended well.
fn passed(outcome: &Outcome) -> Option<(&'static str, u64, u64)> {
    match &outcome.error {
        Some(Error::TooLarge { limit, max, offset, .. }) => Some((limit, *max, *offset)),
        Some(error) => panic!("{error}"),
        None => None,
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A limit of n allows n−1 and n and refuses n+1, where `stream` makes so much of it and `at` says
/// where one too many is.
fn exact(
    name: &'static str,
    n: usize,
    set: impl Fn(&mut Limits, usize),
    stream: impl Fn(usize) -> String,
    at: impl Fn(usize) -> usize,
) {
    let text = stream(n);
    for max in [n - 1, n, n + 1] {
        let mut limits = Limits::default();
        set(&mut limits, max);
        let outcome = invariant(text.as_bytes(), &with(limits), 9);
        let expected = (max < n).then(|| (name, max as u64, at(n) as u64));
        assert_eq!(passed(&outcome), expected, "{name} of {max} for {n}: {text:?}");
    }
}

#[test]
fn a_line() {
    let line = |n: usize| format!("X: {}\r\n", "y".repeat(n - 5));
    let stream = |n: usize| format!("{OK}{}Content-Length: 0\r\n\r\n", line(n));
    exact("line_bytes_max", 100, |limits, n| limits.line_bytes_max = n, stream, |n| 17 + n - 1);
    let status = |n: usize| format!("HTTP/1.1 200 {}\r\nA: b\r\n\r\n", "y".repeat(n - 15));
    exact("line_bytes_max", 100, |limits, n| limits.line_bytes_max = n, status, |n| n - 1);
    let trailer = |n: usize| format!("{CHUNKED}0\r\n{}\r\n", line(n));
    exact(
        "line_bytes_max",
        100,
        |limits, n| limits.line_bytes_max = n,
        trailer,
        |n| CHUNKED.len() + 3 + n - 1,
    );
}

#[test]
fn a_head() {
    let stream = |n: usize| {
        let rest = OK.len() + "Content-Length: 0\r\n\r\nX: \r\n".len();
        format!("{OK}X: {}\r\nContent-Length: 0\r\n\r\n", "y".repeat(n - rest))
    };
    exact("head_bytes_max", 200, |limits, n| limits.head_bytes_max = n, stream, |n| n - 1);
    assert_eq!(stream(200).len(), 200);
}

#[test]
fn a_trailer_section() {
    let stream = |n: usize| format!("{CHUNKED}0\r\nX: {}\r\n\r\n", "y".repeat(n - 7));
    exact(
        "trailer_bytes_max",
        60,
        |limits, n| limits.trailer_bytes_max = n,
        stream,
        |n| CHUNKED.len() + 3 + n - 1,
    );
}

#[test]
fn fields() {
    let stream = |n: usize| format!("{OK}{}Content-Length: 0\r\n\r\n", "X: y\r\n".repeat(n - 1));
    exact("fields_max", 10, |limits, n| limits.fields_max = n, stream, |n| 17 + 6 * (n - 1));
    let trailers = |n: usize| format!("{CHUNKED}0\r\n{}\r\n", "X: y\r\n".repeat(n));
    exact(
        "fields_max",
        10,
        |limits, n| limits.fields_max = n,
        trailers,
        |n| CHUNKED.len() + 3 + 6 * (n - 1),
    );
    // Folds make a field longer, not more.
    let folded = format!("{OK}X: y\r\n{}\r\n", " z\r\n".repeat(300));
    assert_eq!(passed(&run([folded.as_bytes()], &Setting::default())), None);
}

#[test]
fn interim_responses() {
    let interim = "HTTP/1.1 103 x\r\n\r\n";
    let stream = |n: usize| format!("{}{OK}Content-Length: 0\r\n\r\n", interim.repeat(n));
    exact(
        "interim_max",
        5,
        |limits, n| limits.interim_max = n.try_into().unwrap(),
        stream,
        |n| interim.len() * (n - 1),
    );
    let endless = interim.repeat(20_000);
    let outcome = run([endless.as_bytes()], &Setting::default());
    assert_eq!(passed(&outcome), Some(("interim_max", 32, 32 * interim.len() as u64)));
    assert_eq!(outcome.seen.len(), 32);
}

#[test]
fn chunk_extensions() {
    let at = CHUNKED.len();
    let stream = |n: usize| format!("{CHUNKED}5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(n - 1));
    exact("chunk_ext_bytes_max", 20, |l, n| l.chunk_ext_bytes_max = n, stream, |n| at + n);
    let zeros = |n: usize| format!("{CHUNKED}{}5\r\nhello\r\n0\r\n\r\n", "0".repeat(n));
    // The first zero might be the whole size; the digit behind the zeros is one too many.
    exact("chunk_ext_bytes_max", 20, |l, n| l.chunk_ext_bytes_max = n, zeros, |n| at + n);
    let total = |n: usize| format!("{CHUNKED}{}0\r\n\r\n", "1;x\r\na\r\n".repeat(n / 2));
    exact(
        "chunk_ext_total_bytes_max",
        20,
        |limits, n| limits.chunk_ext_total_bytes_max = n as u64,
        total,
        |n| at + 8 * (n / 2 - 1) + 2,
    );
    let endless = format!("{CHUNKED}5;{}", "x".repeat(100_000));
    assert_eq!(passed(&run([endless.as_bytes()], &Setting::default())).unwrap().1, 4096);
}

#[test]
fn bodies() {
    let set = |limits: &mut Limits, n: usize| limits.body_bytes_max = n as u64;
    let length = |n: usize| format!("{OK}Content-Length: {n}\r\n\r\n{}", "x".repeat(n));
    exact("body_bytes_max", 50, set, length, |_| 33);
    let close = |n: usize| format!("{OK}\r\n{}", "x".repeat(n));
    exact("body_bytes_max", 50, set, close, |n| OK.len() + 2 + n - 1);
    let one = |n: usize| format!("{CHUNKED}{n:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(n));
    exact("body_bytes_max", 50, set, one, |_| CHUNKED.len());
    let many = |n: usize| format!("{CHUNKED}{}0\r\n\r\n", "1\r\nx\r\n".repeat(n));
    exact("body_bytes_max", 50, set, many, |n| CHUNKED.len() + 6 * (n - 1));
    // What the limit lets in is told before the error.
    let limits = Limits { body_bytes_max: 10, ..Limits::default() };
    for stream in [close(50), many(50)] {
        let outcome = run([stream.as_bytes()], &with(limits));
        assert_eq!(outcome.seen.last(), Some(&Seen::Body(vec![b'x'; 10])), "{stream}");
    }
}

/// What cli.md promises: 8 KiB a line, 100 fields, 64 KiB in all.
#[test]
fn the_defaults_take_what_was_promised() {
    let line = format!("X: {}\r\n", "y".repeat(8192 - 5));
    let lines = format!("{OK}{}Content-Length: 0\r\n\r\n", line.repeat(8));
    let fields = format!("{OK}{}Content-Length: 0\r\n\r\n", "A: b\r\n".repeat(254));
    for stream in [lines, fields] {
        assert_eq!(passed(&run([stream.as_bytes()], &Setting::default())), None);
    }
}

/// A head near its limits, too. How long it takes is for `benches/chunked.rs` to say.
#[test]
fn a_long_head_byte_by_byte_is_the_same() {
    let lines: String = (0..200).map(|n| format!("X-{n}: {}\r\n", "y".repeat(300))).collect();
    let stream = format!("{OK}{lines}Content-Length: 0\r\n\r\n");
    assert!(stream.len() > 60_000);
    let whole = run([stream.as_bytes()], &Setting::default());
    assert_eq!(whole, run(stream.as_bytes().chunks(1), &Setting::default()));
    assert_eq!(whole.error, None);
}
