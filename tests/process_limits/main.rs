//! Memory is bounded, whatever is moved and however many wait; and files beyond 4 GiB arrive equal.
//!
//! A build without optimisation moves about a tenth as much a second, so it moves less here, and
//! says so. The bounds of memory are the same.
#![cfg(all(feature = "cli", target_os = "linux"))]

#[path = "../support/memory.rs"]
mod memory;
#[path = "../support/peer.rs"]
mod peer;
#[path = "../support/serving.rs"]
mod serving;

use memory::kib;
use peer::Peer;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use serving::{BINARY, Process, Serving};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Of each process, in KiB.
const RESIDENT_KIB_MAX: u64 = 32 << 10;

/// For a connection that has said hello and waits, in bytes of user memory.
const IDLE_BYTES_MAX: u64 = 4096;

/// How many connections wait, where the limit of descriptors allows it.
const IDLE_MAX: u64 = 2000;

/// How long the slowest of these transfers may take, on a machine that is busy.
const TRANSFER_WAIT: Duration = Duration::from_secs(300);

/// One at a time: they are large.
static ALONE: Mutex<()> = Mutex::new(());

/// How large a file is in this build, in bytes.
fn size(optimised: u64) -> u64 {
    match cfg!(debug_assertions) {
        true => {
            println!("not optimised: {} bytes instead of {optimised}", optimised / 8);
            optimised / 8
        }
        false => optimised,
    }
}

/// A sparse file with some bytes in it that are not zero, one at each end of each of its eighths.
fn sparse(path: &Path, size: u64) {
    let file = File::create(path).unwrap();
    file.set_len(size).unwrap();
    for eighth in 1..=8 {
        let end = size / 8 * eighth;
        file.write_all_at(&[eighth as u8; 5], end.min(size) - 5).unwrap();
        file.write_all_at(&[eighth as u8 + 8; 3], (end - size / 8) + 1).unwrap();
    }
}

/// Runs a client to its end. Gives the report of its one file, and its peak of resident memory in
/// KiB as it was last seen, some milliseconds before its end.
fn watch(arguments: &[&str]) -> (Value, u64) {
    let mut command = Command::new(BINARY);
    command.args(arguments).arg("--json").stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut client = Process(child.unwrap());
    let until = Instant::now() + TRANSFER_WAIT;
    let mut peak = 0;
    while client.0.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "not within {TRANSFER_WAIT:?}: {arguments:?}");
        peak = kib(client.0.id(), "VmHWM").map_or(peak, |now| now.max(peak));
        sleep(Duration::from_millis(3));
    }
    let (mut out, mut err) = (String::new(), String::new());
    client.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    client.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(client.wait(TRANSFER_WAIT), Some(0), "{arguments:?}: {err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    (report["files"][0].clone(), peak)
}

/// The peaks of both sides of a transfer are within the bound.
fn bounded(what: &str, serving: &Serving, client: u64) {
    let server = kib(serving.process.0.id(), "VmHWM").expect("the server runs");
    println!("{what}: peak of the client {client} KiB, of the server {server} KiB");
    for (side, peak) in [("client", client), ("server", server)] {
        assert!((1..=RESIDENT_KIB_MAX).contains(&peak), "{what}: {peak} KiB in the {side}");
    }
}

/// Compares in blocks; gives the plain BLAKE3 of both.
fn compare(one: &Path, other: &Path) -> String {
    let (mut one, mut other) = (File::open(one).unwrap(), File::open(other).unwrap());
    assert_eq!(one.metadata().unwrap().len(), other.metadata().unwrap().len());
    let (mut left, mut right) = (vec![0; 4 << 20], vec![0; 4 << 20]);
    let mut hasher = blake3::Hasher::new();
    loop {
        let count = one.read(&mut left).unwrap();
        if count == 0 {
            return format!("blake3:{}", hasher.finalize().to_hex());
        }
        other.read_exact(&mut right[..count]).unwrap();
        assert!(left[..count] == right[..count], "they differ");
        hasher.update(&right[..count]);
    }
}

fn alone() -> std::sync::MutexGuard<'static, ()> {
    // One that panicked has left nothing behind.
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[test]
fn two_gibibytes_pass_in_bounded_memory() {
    let _alone = alone();
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let large = from.path().join("large");
    let bytes = size(2 << 30);
    sparse(&large, bytes);

    let serving = Serving::start(from.path(), &[]);
    let (report, peak) = watch(&["get", &serving.address, "large", "-o", "/dev/null"]);
    assert_eq!(report["received"], bytes);
    bounded("get", &serving, peak);

    let serving = Serving::start(&large, &["--classic"]);
    let (report, peak) = watch(&["get", "--classic", &serving.address, "-o", "/dev/null"]);
    assert_eq!(report["received"], bytes);
    bounded("get --classic", &serving, peak);

    let serving = Serving::start(to.path(), &["--writable", "--durability", "none"]);
    let (report, peak) = watch(&["put", &serving.address, large.to_str().unwrap()]);
    assert_eq!((&report["sent"], &report["bytes"]), (&bytes.into(), &bytes.into()));
    bounded("put", &serving, peak);
    assert_eq!(compare(&large, &to.path().join("large")), report["digest"]);
}

#[test]
fn five_gibibytes_arrive_equal() {
    let _alone = alone();
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (large, copy) = (from.path().join("large"), to.path().join("copy"));
    let bytes = size(5 << 30);
    sparse(&large, bytes);
    let serving = Serving::start(from.path(), &[]);
    let output = copy.to_str().unwrap();
    let (report, peak) =
        watch(&["get", &serving.address, "large", "-o", output, "--durability", "none"]);
    bounded("get into a file", &serving, peak);
    assert_eq!((&report["received"], &report["bytes"]), (&bytes.into(), &bytes.into()));
    assert_eq!(compare(&large, &copy), report["digest"]);
    assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 1);
}

/// Raises the limit of descriptors as far as it goes; gives how many of them may be used.
fn descriptors() -> u64 {
    let hard = getrlimit(Resource::Nofile).maximum;
    let wanted = hard.map_or(20_000, |hard| hard.min(20_000));
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: hard }).unwrap();
    wanted
}

#[test]
fn connections_that_wait_hold_next_to_nothing() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good"), vec![1; 3 << 20]).unwrap();
    // The server takes half of what its limit allows.
    let count = IDLE_MAX.min((descriptors() - 200) / 2);
    let serving = Serving::start(folder.path(), &[]);
    let used = |to: &str| watch(&["get", &serving.address, "good", "-o", to]);
    used("/dev/null");
    let warm: Vec<Peer> = (0..50).map(|_| Peer::greeted(&serving.address)).collect();
    let memory = || kib(serving.process.0.id(), "RssAnon").unwrap() * 1024;
    let before = memory();
    let waiting: Vec<Peer> = (0..count).map(|_| Peer::greeted(&serving.address)).collect();
    let each = memory().saturating_sub(before) / count;
    println!("{count} connections wait: {each} bytes each");
    assert!(each <= IDLE_BYTES_MAX, "{each} bytes each");
    drop((warm, waiting));
    used("/dev/null");
}
