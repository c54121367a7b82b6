//! The machine: what it is, what the process takes of it, and random bytes.

use serde_json::{Value, json};
use std::time::Duration;

/// Random bytes that are the same in every run: a xorshift generator (Marsaglia 2003).
pub fn random(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// What the machine is, as far as it says so.
pub fn describe() -> Value {
    let cpu = read("/proc/cpuinfo");
    let field = |name: &str| {
        let line = cpu.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let flags = field("flags").unwrap_or_default();
    let has: Vec<&str> = ["avx2", "avx512vbmi", "vpclmulqdq"]
        .into_iter()
        .filter(|flag| flags.split(' ').any(|other| other == *flag))
        .collect();
    json!({
        "cpu": field("model name"),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "vector": has,
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "load": read("/proc/loadavg").split(' ').next().unwrap_or(""),
        "version": env!("CARGO_PKG_VERSION"),
        "base64": wirewright::envelope::KERNEL,
    })
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Lets the peak of resident memory count from here.
pub fn reset_peak() {
    // Where the kernel does not allow it, the peak is that of the whole run.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The peak of resident memory in bytes; 0 where the system does not say.
pub fn peak_rss() -> u64 {
    let status = read("/proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Clock ticks a second in `/proc`: a constant of Linux.
const TICKS: u64 = 100;

/// Processor time of this process so far, of all threads, in user and kernel.
pub fn processor_time() -> Duration {
    let stat = read("/proc/self/stat");
    // Behind the name, which may hold anything: fields 14 and 15 of proc(5).
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let tick = |at: usize| fields.split(' ').nth(at).and_then(|text| text.parse::<u64>().ok());
    let ticks = tick(12).unwrap_or(0) + tick(13).unwrap_or(0);
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// A folder that goes away.
pub mod tempdir {
    use std::path::{Path, PathBuf};

    /// In the system's folder for temporary files.
    pub struct Folder(PathBuf);

    impl Folder {
        pub fn new() -> Result<Folder, String> {
            let path =
                std::env::temp_dir().join(format!("wirewright-bench-{}", std::process::id()));
            std::fs::create_dir_all(&path).map_err(|error| error.to_string())?;
            Ok(Folder(path))
        }

        pub fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // What stays is in the folder for what may be deleted.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
