//! `--trace`: the conversation on stderr.

use crate::setup::{bytes, serve};
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
