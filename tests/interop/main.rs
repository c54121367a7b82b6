//! The product and peers of other makes: Python scripts of the classic kind, `examples/peer.py`,
//! nginx and Python's http.server; and the pages of `examples/`, each run.
//!
//! These tests start processes, so none of them transfers files in this process: see `tests/net`.
#![cfg(feature = "cli")]

#[path = "../support/asking.rs"]
mod asking;
#[path = "../support/bytes.rs"]
mod bytes;
#[path = "../support/installed.rs"]
mod installed;

mod classic;
mod examples;
mod framed;
mod http;
#[path = "../support/process.rs"]
mod process;

use bytes::bytes;
use process::{Process, run};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A script of this repository, started in `folder`.
fn python(folder: &Path, script: &str, args: &[&str]) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let mut command = Command::new("python3");
    command.arg(script).args(args).current_dir(folder).stdin(Stdio::null());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// The product, started in `folder`.
fn wirewright(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs a command that has to succeed; what it wrote to stdout.
fn good(command: &mut Command) -> String {
    let ended = run(command);
    assert!(ended.status.success(), "{command:?}: {}", ended.stderr);
    String::from_utf8(ended.stdout).unwrap()
}

/// A server of either make, and its address.
fn listening(command: &mut Command) -> (Process, String) {
    let mut server = Process::start(command);
    let address = server.address();
    (server, address)
}

/// The paths of the files beneath a folder, hidden ones too.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
