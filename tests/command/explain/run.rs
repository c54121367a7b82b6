//! The command as a user meets it: run once, with its input and its output in hand.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// Runs the command with `input` on stdin.
pub fn run(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wirewright"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    // It may end before it has read all.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("the command ends")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("all output is UTF-8")
}

/// Exactly one line that says where and what.
pub fn assert_error_line(output: &Output, what: &str) {
    let line = text(&output.stderr);
    assert!(line.starts_with("error: ") && line.ends_with('\n'), "{line:?}");
    assert_eq!(line.matches('\n').count(), 1, "{line:?}");
    assert!(!line.trim_end_matches('\n').contains(char::is_control), "{line:?}");
    assert!(line.contains(what), "{line:?} says {what:?}");
}
