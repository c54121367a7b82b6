//! A server and a client in a process each, measured from outside.
//!
//! ```text
//!   serve ─ "listening on ADDR" ───────────────────────────────── killed at the end
//!   get        ├─ started ── bytes ── ended ─┤  ├─ started ── …
//!              └──────── wall time ──────────┘     processor time, peak memory: /proc/PID
//! ```
//!
//! The wall time is that of the whole client process, with its start, for every implementation.

use super::super::process::ServerProcess;
use super::super::stats::median;
use super::super::{gb_per_s, machine, said};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The argument of a client that is replaced by the server's address.
pub const ADDRESS: &str = "ADDRESS";

/// The interval at which the peak memory of a client is read. The value is lost when the process
/// ends.
const LOOK: Duration = Duration::from_millis(4);

/// Compares bytes that were received with those that were sent.
pub type Compare = Box<dyn Fn() -> Result<(), String>>;

/// One side of a pair.
#[derive(Debug, Default)]
pub struct Side {
    /// Processor seconds for 10⁹ bytes of FILE, one for each round.
    pub processor: Vec<f64>,
    pub peak_rss: u64,
}

/// The command lines of a server and of its clients.
#[derive(Default)]
pub struct Commands {
    pub name: &'static str,
    /// A short description.
    pub what: String,
    pub program: PathBuf,
    /// How many bytes of FILE the client gets.
    pub bytes: u64,
    /// The arguments of the server, of the client, and of a client whose bytes are compared.
    pub serve: Vec<String>,
    pub get: Vec<String>,
    pub check: Vec<String>,
    /// Compares what the last client received, where that client does not compare by itself.
    pub compare: Option<Compare>,
}

/// A server and a client, and their figures.
pub struct Pair {
    pub commands: Commands,
    /// Bytes of FILE a second in units of 10⁹, one for each round.
    pub rates: Vec<f64>,
    pub server: Side,
    pub client: Side,
    server_process: Option<ServerProcess>,
}

impl Pair {
    pub fn new(commands: Commands) -> Pair {
        let (server, client) = Default::default();
        Pair { commands, rates: Vec::new(), server, client, server_process: None }
    }

    pub fn median(&self) -> f64 {
        median(&self.rates)
    }

    /// Starts the server, if it does not run.
    pub fn start(&mut self) -> Result<(), String> {
        if self.server_process.is_none() {
            let mut command = Command::new(&self.commands.program);
            command.args(&self.commands.serve);
            self.server_process = Some(ServerProcess::start(&mut command)?);
        }
        Ok(())
    }

    /// Ends the server.
    pub fn stop(&mut self) {
        if let Some(process) = self.server_process.take() {
            self.server.peak_rss = self.server.peak_rss.max(process.peak_rss());
        }
    }

    /// Gets the file once, and fails if the received bytes differ from those sent.
    pub fn check(&mut self) -> Result<(), String> {
        self.client(&self.commands.check)?;
        self.commands.compare.as_ref().map_or(Ok(()), |compare| compare())
    }

    /// One round: gets the file repeatedly until the slice is over.
    pub fn measure(&mut self, slice: Duration) -> Result<(), String> {
        let server = self.process()?.pid();
        let before = machine::processor_time_of(&server);
        let (mut gone, mut bytes, mut spent) = (Duration::ZERO, 0, Duration::ZERO);
        while bytes == 0 || gone < slice {
            let run = self.client(&self.commands.get)?;
            gone += run.elapsed;
            spent += run.processor;
            bytes += self.commands.bytes;
            self.client.peak_rss = self.client.peak_rss.max(run.peak_rss);
        }
        let served = machine::processor_time_of(&server).saturating_sub(before);
        let each_gb = |time: Duration| time.as_secs_f64() / (bytes as f64 / 1e9);
        self.rates.push(gb_per_s(bytes, gone));
        self.server.processor.push(each_gb(served));
        self.client.processor.push(each_gb(spent));
        Ok(())
    }

    fn process(&self) -> Result<&ServerProcess, String> {
        self.server_process.as_ref().ok_or_else(|| "no server runs".to_owned())
    }

    fn client(&self, words: &[String]) -> Result<Run, String> {
        let server = self.process()?;
        let word = |word: &String| match word.as_str() {
            ADDRESS => server.endpoint.clone(),
            _ => word.clone(),
        };
        let mut command = Command::new(&self.commands.program);
        run_client(command.args(words.iter().map(word)))
    }
}

/// The cost of one client process.
struct Run {
    elapsed: Duration,
    processor: Duration,
    peak_rss: u64,
}

fn run_client(command: &mut Command) -> Result<Run, String> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn().map_err(said)?;
    let (pid, over) = (child.id().to_string(), AtomicBool::new(false));
    let (elapsed, peak_rss) = std::thread::scope(|scope| {
        // Where the system refuses the thread, the peak is not known.
        let watch = std::thread::Builder::new().spawn_scoped(scope, || watch(&pid, &over)).ok();
        // The ended process stays, so that its processor time can be read.
        let id = Pid::from_child(&child);
        let ended = waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let elapsed = began.elapsed();
        over.store(true, Ordering::Relaxed);
        let peak_rss = watch.map_or(0, |watch| {
            watch.thread().unpark();
            watch.join().unwrap_or(0)
        });
        ended.map(|_| (elapsed, peak_rss)).map_err(said)
    })?;
    let processor = machine::processor_time_of(&pid);
    let mut words = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut words).map_err(said)?;
    }
    match child.wait().map_err(said)?.success() {
        true => Ok(Run { elapsed, processor, peak_rss }),
        false => Err(words.trim_end().to_owned()),
    }
}

/// Reads the memory of a process until `over`, and returns the peak.
fn watch(pid: &str, over: &AtomicBool) -> u64 {
    let mut peak = 0;
    while !over.load(Ordering::Relaxed) {
        peak = peak.max(machine::peak_rss_of(pid).unwrap_or(0));
        std::thread::park_timeout(LOOK);
    }
    peak
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Vec<String> {
        ["-c", text].map(str::to_owned).to_vec()
    }

    /// A pair of shells, whose server only prints that it listens.
    fn pair(get: &str) -> Pair {
        let mut commands = Commands {
            program: "/bin/sh".into(),
            bytes: 1000,
            serve: shell("echo listening on 127.0.0.1:1; exec sleep 60"),
            get: shell(get),
            ..Commands::default()
        };
        commands.get.push(ADDRESS.to_owned());
        Pair::new(commands)
    }

    #[test]
    fn a_client_is_told_the_address_and_measured() {
        let mut pair = pair("test $0 = 127.0.0.1:1 && sleep 0.05");
        assert!(pair.measure(Duration::ZERO).is_err(), "no server runs");
        pair.start().unwrap();
        pair.measure(Duration::ZERO).unwrap();
        pair.stop();
        assert_eq!((pair.rates.len(), pair.client.processor.len()), (1, 1));
        assert!(pair.rates[0] > 0.0 && pair.client.peak_rss > 0 && pair.server.peak_rss > 0);
    }

    #[test]
    fn a_client_that_fails_is_heard() {
        let mut pair = pair("echo no such file >&2; exit 1");
        pair.start().unwrap();
        assert_eq!(pair.measure(Duration::ZERO), Err("no such file".to_owned()));
        assert!(pair.rates.is_empty());
    }
}
