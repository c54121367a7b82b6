//! A server in a separate process, so that its memory and processor time can be measured.

use super::{machine, said, sides};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server process; it is killed when this is dropped.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    pub endpoint: String,
}

impl ServerProcess {
    /// Starts a command that prints `listening on ADDR:PORT` on stdout.
    pub fn start(command: &mut Command) -> Result<ServerProcess, String> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(said)?;
        let mut server = ServerProcess { child, endpoint: String::new() };
        let mut line = String::new();
        if let Some(stdout) = server.child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(said)?;
        }
        let endpoint = line.trim_end().strip_prefix("listening on ");
        server.endpoint = endpoint.ok_or("the server process does not listen")?.to_owned();
        Ok(server)
    }

    /// Runs `wirewright serve` on a folder and a free port of loopback.
    pub fn serve(folder: &Path, threads: usize) -> Result<ServerProcess, String> {
        let mut command = Command::new(std::env::current_exe().map_err(said)?);
        command
            .args(["serve", "--quiet", "--listen", "127.0.0.1:0", "--grace", "0", "--threads"])
            .arg(threads.to_string())
            .arg(folder);
        ServerProcess::start(command.stderr(Stdio::null()))
    }

    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// The processor time so far.
    pub fn spent(&self) -> Duration {
        sides::of_process(&self.pid()).unwrap_or_default()
    }

    /// The resident memory now, in bytes.
    pub fn rss(&self) -> u64 {
        machine::rss(&self.pid()).unwrap_or(0)
    }

    /// The peak of resident memory so far, in bytes.
    pub fn peak_rss(&self) -> u64 {
        machine::peak_rss_of(&self.pid()).unwrap_or(0)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // The process may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_listen_is_an_error() {
        let error = ServerProcess::start(Command::new("/bin/sh").args(["-c", "exit 1"]));
        assert_eq!(error.unwrap_err(), "the server process does not listen");
    }
}
