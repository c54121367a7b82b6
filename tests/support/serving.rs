//! The command as a process: one that is killed when it is dropped, and a server over a folder.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The command under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_wirewright");

/// How often a process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(2);

/// A process that is killed when it is dropped.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where it has gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Waits for its end, for so long at most. Gives its exit status, `None` after a signal.
    pub fn wait(&mut self, within: Duration) -> Option<i32> {
        let until = Instant::now() + within;
        while Instant::now() < until {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            sleep(POLL);
        }
        panic!("a process did not end within {within:?}");
    }
}

/// A running server.
pub struct Serving {
    pub process: Process,
    pub address: String,
}

impl Serving {
    /// Serves `what` on a free port.
    pub fn start(what: &Path, arguments: &[&str]) -> Serving {
        let mut command = Command::new(BINARY);
        command.arg("serve").arg(what).args(["--listen", "127.0.0.1:0", "--quiet"]);
        let child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = Process(child.unwrap());
        let mut line = String::new();
        BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").expect("the line of a server");
        Serving { process, address: address.to_owned() }
    }
}
