//! `--trace`: the conversation on stderr.

use super::setup::{bytes, command, serve};
use crate::process::{Process, run};
use rustix::process::{Pid, Signal, kill_process};

/// The secret, and the beginning of a file as base64 would show it.
const SECRET: &str = "correct horse battery staple";
const CONTENT: &[u8] = b"this must not be shown in any form";
const AS_BASE64: &str = "dGhpcyBtdXN0";

/// Every line has a mark, no line has a secret or payload.
fn assert_harmless(trace: &str) {
    for line in trace.lines() {
        let marked = ["-> ", "<- ", "** "].iter().any(|mark| line.starts_with(mark));
        assert!(marked && !line.contains(char::is_control), "{line:?}");
    }
    for secret in [SECRET, AS_BASE64, "must not be shown"] {
        assert!(!trace.contains(secret), "{trace}");
    }
    assert!(trace.contains("\"mac\":\"***\""), "{trace}");
}

fn assert_has(trace: &str, mark: &str, words: &[&str]) {
    let mut lines = trace.lines().filter(|line| line.starts_with(mark));
    assert!(lines.any(|line| words.iter().all(|word| line.contains(word))), "{words:?}\n{trace}");
}

#[test]
fn both_sides_tell_the_same() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), SECRET).unwrap();
    let token = folder.path().join("token").to_str().unwrap().to_owned();
    let served = serve(&["--writable", "--trace", "--token-file", &token]);
    served.write("a\u{301} file", CONTENT);
    std::fs::write(folder.path().join("to put"), bytes(7)).unwrap();
    let client = |verb: &str, args: &[&str]| {
        let common = ["--trace", "--quiet", "--token-file", &token];
        let ended = served.client(folder.path(), verb, &[args, &common].concat());
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert_harmless(&ended.stderr);
        ended.stderr
    };
    let trace = client("get", &["a\u{301} file"]);
    assert_has(&trace, "-> ", &["\"type\":\"hello\"", "\"versions\":[1]"]);
    assert_has(&trace, "<- ", &["\"type\":\"hello\"", "\"digest\":\"blake3\""]);
    assert_has(&trace, "-> ", &["\"auth\""]);
    assert_has(&trace, "<- ", &["\"welcome\""]);
    assert_has(&trace, "-> ", &["\"type\":\"get\"", "a\u{301} file"]);
    assert_has(&trace, "<- ", &["\"type\":\"chunk\"", &format!("{} bytes", CONTENT.len())]);
    assert_has(&trace, "<- ", &["\"type\":\"end\"", "blake3:"]);
    assert_has(&trace, "** ", &["closed"]);
    let trace = client("put", &["to put"]);
    assert_has(&trace, "-> ", &["\"type\":\"chunk\"", "7 bytes"]);
    assert_has(&trace, "<- ", &["\"type\":\"done\""]);
    assert_has(&client("ls", &[]), "<- ", &["\"entries\"", "to put"]);

    kill_process(Pid::from_child(&served.process.child), Signal::TERM).unwrap();
    let trace = served.process.finish().stderr;
    assert_harmless(&trace);
    assert_has(&trace, "<- ", &["\"type\":\"get\"", "a\u{301} file"]);
    assert_has(&trace, "-> ", &["\"type\":\"chunk\"", &format!("{} bytes", CONTENT.len())]);
    assert_has(&trace, "<- ", &["\"type\":\"chunk\"", "7 bytes"]);
}

/// Whether a line begins with a time as curl writes it.
fn is_timed(line: &str) -> bool {
    let shape: String =
        line.chars().take(16).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "00:00:00.000000 "
}

#[test]
fn with_times_the_lines_are_the_same() {
    let served = serve(&["--writable", "--trace-time"]);
    served.write("a", CONTENT);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b"), CONTENT).unwrap();
    for (verb, args) in [("get", &["a"][..]), ("put", &["b"]), ("ls", &[])] {
        // It asks for a trace by itself.
        let timed = served.client(folder.path(), verb, &[args, &["--trace-time", "-q"]].concat());
        assert_eq!(timed.status.code(), Some(0), "{}", timed.stderr);
        assert!(timed.stderr.lines().count() > 3, "{}", timed.stderr);
        for line in timed.stderr.lines() {
            let marked = ["-> ", "<- ", "** "].iter().any(|mark| line[16..].starts_with(mark));
            assert!(is_timed(line) && marked, "{line:?}");
        }
        // Content of files stays elided, whatever is asked for.
        let shown =
            served.client(folder.path(), verb, &[args, &["--trace-content", "-q"]].concat());
        assert_eq!(shown.status.code(), Some(0), "{}", shown.stderr);
        assert!(!shown.stderr.contains(AS_BASE64) && shown.stderr.starts_with("-> "));
    }
    kill_process(Pid::from_child(&served.process.child), Signal::TERM).unwrap();
    let said = served.process.finish().stderr;
    let lines = || said.lines();
    assert!(lines().count() > 10 && lines().all(is_timed), "{said}");
}

#[test]
fn a_classic_transfer_is_elided_whatever_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), CONTENT).unwrap();
    let serve = ["serve", "a", "--classic", "--listen", "127.0.0.1:0"];
    let mut server = Process::start(&mut command(folder.path(), &serve));
    let address = server.address();
    let get = ["get", "--classic", &address, "-o", "b", "--trace-content", "--trace-time", "-q"];
    let ended = run(&mut command(folder.path(), &get));
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stderr.lines().all(is_timed), "{}", ended.stderr);
    assert!(ended.stderr.contains(" <- {\"filename\":\"a\",\"filedata\":null} ["));
    assert!(!ended.stderr.contains(AS_BASE64), "{}", ended.stderr);
}
