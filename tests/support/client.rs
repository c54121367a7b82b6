//! An ordinary client, run to its end.

use crate::serving::{BINARY, Process};
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a client left behind.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a client to its end, for so long at most.
pub fn run(arguments: &[&str], within: Duration) -> Ran {
    let mut command = Command::new(BINARY);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Process(command.spawn().unwrap());
    // What a client says fits the pipes: a few lines.
    let status = process.wait(within);
    let (mut out, mut err) = (String::new(), String::new());
    process.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    process.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    Ran { status, out, err }
}
