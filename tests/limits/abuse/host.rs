//! The server that is abused: a writable folder with one good file in it.

use crate::client::run;
use crate::memory::kib;
use crate::peer::Peer;
use crate::serving::Serving;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a client may take that moves a MiB or so, on a machine that is busy.
const CLIENT_WAIT: Duration = Duration::from_secs(60);

/// How long connections that have ended may need to be gone.
const SETTLE_WAIT: Duration = Duration::from_secs(20);

/// What the good file holds.
pub const GOOD_BYTES: usize = 8 << 20;

/// What may stay of memory that was used once. glibc gives its heap back only when twice the
/// largest block that was ever freed is free at its end, and our largest is 4 MiB.
pub const SLACK_KIB: u64 = 10 << 10;

/// The bound of every command of ours. A build without optimisation maps 13 MiB of its own code and
/// of libraries where an optimised one maps 7 MiB.
pub const RESIDENT_KIB_MAX: u64 = if cfg!(debug_assertions) { 38 << 10 } else { 32 << 10 };

pub struct Host {
    pub serving: Serving,
    pub folder: TempDir,
    /// Where the good file is fetched to.
    aside: TempDir,
    /// Anonymous memory after a good get and put, in KiB.
    before: u64,
}

impl Host {
    pub fn start(arguments: &[&str]) -> Host {
        let (folder, aside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let good: Vec<u8> = (0..GOOD_BYTES).map(|at| ((at * 7) >> 3) as u8).collect();
        std::fs::write(folder.path().join("good"), good).unwrap();
        let mut all = vec!["--writable", "--durability", "none"];
        all.extend(arguments);
        let serving = Serving::start(folder.path(), &all);
        let mut host = Host { serving, folder, aside, before: 0 };
        host.get();
        host.put("warm");
        host.before = host.memory();
        host
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn address(&self) -> &str {
        &self.serving.address
    }

    pub fn greeted(&self) -> Peer {
        Peer::greeted(self.address())
    }

    pub fn pid(&self) -> u32 {
        self.serving.process.0.id()
    }

    /// Anonymous memory of the server in KiB.
    pub fn memory(&self) -> u64 {
        kib(self.pid(), "RssAnon").expect("the server runs")
    }

    /// How much anonymous memory it has taken since the beginning, in KiB.
    pub fn grown(&self) -> u64 {
        self.memory().saturating_sub(self.before)
    }

    /// An ordinary client gets the good file.
    pub fn get(&self) {
        let to = self.aside.path().join("got");
        let to = to.to_str().unwrap();
        let patient = ["--timeout", "60"];
        let get = [&["get", self.address(), "good", "-o", to][..], &patient].concat();
        let ran = run(&get, CLIENT_WAIT);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        let (ours, theirs) =
            (std::fs::read(to).unwrap(), std::fs::read(self.path("good")).unwrap());
        assert!(ours == theirs, "the good file arrived wrong");
    }

    /// An ordinary client puts it.
    pub fn put(&self, name: &str) {
        let from = self.aside.path().join(name);
        std::fs::copy(self.path("good"), &from).unwrap();
        let from = from.to_str().unwrap();
        let ran = run(&["put", self.address(), from, "--overwrite"], CLIENT_WAIT);
        assert_eq!(ran.status, Some(0), "{ran:?}");
    }

    /// The server serves, and the memory is back.
    pub fn is_well(&self) {
        self.get();
        let until = Instant::now() + SETTLE_WAIT;
        while self.grown() > SLACK_KIB && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        println!("memory: {} KiB before, {} KiB after", self.before, self.memory());
        assert!(self.grown() <= SLACK_KIB, "{} KiB did not come back", self.grown());
        let resident = kib(self.pid(), "VmRSS").unwrap();
        assert!(resident <= RESIDENT_KIB_MAX, "{resident} KiB resident");
    }
}
