//! The command as the tests run it, and what they say about how it ended.

use crate::process::Ended;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// The command, started in `folder`.
pub fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

/// The JSON of a run that went well: one line, and nothing on stderr.
pub fn report(ended: &Ended) -> Value {
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
    json(&ended.stdout)
}

/// One JSON document on a line of its own.
pub fn json(stdout: &[u8]) -> Value {
    let text = std::str::from_utf8(stdout).unwrap();
    assert!(text.ends_with('\n') && text.matches('\n').count() == 1, "{text:?}");
    serde_json::from_str(text).unwrap()
}

/// The status, exactly one line of error, and `what` in it.
pub fn assert_fails(ended: &Ended, status: i32, what: &str) {
    let line = &ended.stderr;
    assert_eq!(ended.status.code(), Some(status), "{line:?}");
    assert!(line.starts_with("error: ") && line.ends_with('\n'), "{line:?}");
    assert!(!line.trim_end_matches('\n').contains(char::is_control), "{line:?}");
    assert!(line.contains(what), "{line:?} says {what:?}");
}

/// The names in a folder, hidden ones too, sorted.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
