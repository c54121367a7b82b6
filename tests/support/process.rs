//! Processes that a test starts: bounded in time, and never left behind.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often is looked, and how many times: two minutes, for a machine that is busy.
const STEP: Duration = Duration::from_millis(10);
const STEPS_MAX: usize = 12_000;

/// Asks again and again until there is an answer; panics where none comes.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..STEPS_MAX {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(STEP);
    }
    panic!("waited in vain for {what}");
}

/// What a process wrote so far, gathered by a thread.
#[derive(Default)]
struct Gathered {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Gathered {
    fn start(mut pipe: impl Read + Send + 'static) -> Gathered {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let into = bytes.clone();
        let thread = std::thread::spawn(move || {
            let mut piece = vec![0; 65_536];
            while let Ok(read @ 1..) = pipe.read(&mut piece) {
                into.lock().unwrap().extend_from_slice(&piece[..read]);
            }
        });
        Gathered { bytes, thread: Some(thread) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn all(&mut self) -> Vec<u8> {
        self.thread.take().unwrap().join().unwrap();
        std::mem::take(&mut self.bytes.lock().unwrap())
    }
}

/// A process; killed when it is dropped.
pub struct Process {
    pub child: Child,
    stdout: Gathered,
    stderr: Gathered,
}

/// How a process ended, and all that it wrote.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Process {
    /// Starts it, with nothing on stdin unless `command` says otherwise.
    pub fn start(command: &mut Command) -> Process {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = Gathered::start(child.stdout.take().unwrap());
        let stderr = Gathered::start(child.stderr.take().unwrap());
        Process { child, stdout, stderr }
    }

    /// The address behind `listening on `, on stdout or on stderr.
    pub fn address(&mut self) -> String {
        wait_for("listening on ADDR:PORT", || {
            let said = self.stdout_so_far() + &self.stderr.so_far();
            let whole = said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            let address = whole.filter_map(|line| line.strip_prefix("listening on ")).next();
            let ended = self.child.try_wait().unwrap();
            assert!(address.is_some() || ended.is_none(), "{ended:?} {said:?}");
            address.map(|address| address.trim().to_owned())
        })
    }

    /// What it has written to stdout until now.
    pub fn stdout_so_far(&self) -> String {
        self.stdout.so_far()
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Ended {
        let status = wait_for("the end of a process", || self.child.try_wait().unwrap());
        let stderr = String::from_utf8(self.stderr.all()).expect("stderr is UTF-8");
        Ended { status, stdout: self.stdout.all(), stderr }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    Process::start(command.stdin(Stdio::null())).finish()
}
