//! `wirewright serve` in a process of its own, whose memory and processor time are its own too.

use crate::bench::{machine, said, sides};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A server process; it ends when this is dropped.
pub struct Child {
    process: std::process::Child,
    pub endpoint: String,
}

impl Child {
    /// Serves a folder on a free port of loopback.
    pub fn serve(folder: &Path, threads: usize) -> Result<Child, String> {
        let this = std::env::current_exe().map_err(said)?;
        let mut process = Command::new(this)
            .args(["serve", "--quiet", "--listen", "127.0.0.1:0", "--grace", "0", "--threads"])
            .arg(threads.to_string())
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(said)?;
        let endpoint = process.stdout.take().and_then(|stdout| {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).ok()?;
            line.trim_end().strip_prefix("listening on ").map(str::to_owned)
        });
        // If it does not listen it is stopped all the same.
        let child = Child { process, endpoint: endpoint.unwrap_or_default() };
        match child.endpoint.is_empty() {
            true => Err("the server process does not listen".to_owned()),
            false => Ok(child),
        }
    }

    /// Processor time so far.
    pub fn spent(&self) -> Duration {
        sides::of_process(self.process.id()).unwrap_or_default()
    }

    /// Resident memory now, in bytes.
    pub fn rss(&self) -> u64 {
        machine::rss(&self.process.id().to_string()).unwrap_or(0)
    }

    /// The most it ever was, in bytes.
    pub fn peak_rss(&self) -> u64 {
        machine::peak_rss_of(&self.process.id().to_string()).unwrap_or(0)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended; then there is nothing to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
