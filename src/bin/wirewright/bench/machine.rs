//! The machine, the memory and processor time of processes, random bytes, a temporary folder.

use serde::{Deserialize, Serialize};
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use wirewright::net::transport::endpoint;

/// Random bytes that are the same in every run: a xorshift generator (Marsaglia 2003).
pub fn random(len: usize) -> Arc<[u8]> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = zeros(len);
    for piece in Arc::get_mut(&mut bytes).unwrap_or_default().chunks_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        piece.copy_from_slice(&state.to_le_bytes()[..piece.len()]);
    }
    bytes
}

/// `len` zeros.
pub fn zeros(len: usize) -> Arc<[u8]> {
    std::iter::repeat_n(0, len).collect()
}

/// The machine, as far as the system describes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Machine {
    pub cpu: Option<String>,
    pub cores: usize,
    /// The vector instructions of the processor that the kernels can use.
    pub vector: Vec<String>,
    pub kernel: String,
    /// The average number of runnable threads over the last minute.
    pub load: Option<f64>,
    /// The share of all processor time that the hypervisor gave to other guests during the run.
    pub steal: Option<f64>,
    /// The congestion control that the system gives to a new TCP socket.
    pub congestion_control: Option<String>,
    pub version: String,
    /// The name of the base64 kernel.
    pub base64: String,
}

impl Machine {
    /// The machine after a run that began when `before` was read.
    pub fn after(before: Option<Ticks>) -> Machine {
        let steal = before.zip(Ticks::now()).and_then(|(before, now)| now.steal_since(before));
        let congestion = read("/proc/sys/net/ipv4/tcp_congestion_control").trim().to_owned();
        let cpu = read("/proc/cpuinfo");
        let field = |name: &str| {
            let line = cpu.lines().find(|line| line.starts_with(name))?;
            line.split_once(':').map(|(_, value)| value.trim().to_owned())
        };
        let flags = field("flags").unwrap_or_default();
        let has = |flag: &&str| flags.split(' ').any(|other| other == *flag);
        let vector = ["avx2", "avx512vbmi", "vpclmulqdq"].into_iter().filter(has);
        Machine {
            cpu: field("model name"),
            cores: cores() as usize,
            vector: vector.map(str::to_owned).collect(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()),
            steal,
            congestion_control: Some(congestion).filter(|name| !name.is_empty()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            base64: wirewright::base64::KERNEL.to_owned(),
        }
    }

    /// A description in one line.
    pub fn line(&self) -> String {
        let cpu = self.cpu.as_deref().unwrap_or("an unknown processor");
        let cores = if self.cores == 1 { "core" } else { "cores" };
        format!("{cpu}, {} {cores}, kernel {}", self.cores, self.kernel)
    }
}

/// How many processors this process may use.
pub fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

// ---- memory ------------------------------------------------------------------------------------

/// Resets the peak of resident memory of this process.
pub fn reset_peak() {
    // Where the kernel does not allow it, the peak is that of the whole run.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The peak of resident memory in bytes; 0 where the system does not report it.
pub fn peak_rss() -> u64 {
    peak_rss_of("self").unwrap_or(0)
}

/// The peak of resident memory of a process (`self`, or its id) in bytes.
pub fn peak_rss_of(process: &str) -> Option<u64> {
    status(process, "VmHWM:")
}

/// Resident memory of a process (`self`, or its id) in bytes.
pub fn rss(process: &str) -> Option<u64> {
    status(process, "VmRSS:")
}

fn status(process: &str, key: &str) -> Option<u64> {
    let status = read(&format!("/proc/{process}/status"));
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kib = line.trim().trim_end_matches(" kB").parse::<u64>().ok()?;
    Some(kib * 1024)
}

// ---- time --------------------------------------------------------------------------------------

/// Clock ticks a second in `/proc`: a constant of Linux.
const TICKS: u64 = 100;

/// Processor time of another process so far, by its id. Threads that have ended are counted. The
/// process may have ended, too, as long as nobody has waited for it.
pub fn processor_time_of(process: &str) -> Duration {
    let stat = read(&format!("/proc/{process}/stat"));
    // The name may hold any character, so fields 14 and 15 of proc(5) are counted behind it.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let tick = |at: usize| fields.split(' ').nth(at).and_then(|text| text.parse::<u64>().ok());
    let ticks = tick(12).unwrap_or(0) + tick(13).unwrap_or(0);
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// The clock ticks of all processors since the system was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticks {
    /// Of all processes, and of other guests of the machine (`steal`). Interrupts are left out: on
    /// loopback they do the work of the process that is measured.
    busy: u64,
    steal: u64,
    all: u64,
}

impl Ticks {
    /// `None` where the system does not tell.
    pub fn now() -> Option<Ticks> {
        Ticks::parse(&read("/proc/stat"))
    }

    /// The first line of `/proc/stat`, proc_stat(5): user, nice, system, idle, iowait, irq,
    /// softirq, steal.
    fn parse(stat: &str) -> Option<Ticks> {
        let fields = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = fields.split_whitespace().flat_map(str::parse).take(8).collect();
        let [user, nice, system, _, _, _, _, steal] = ticks[..] else { return None };
        Some(Ticks { busy: user + nice + system + steal, steal, all: ticks.iter().sum() })
    }

    /// The processor time of all processes and other guests since then.
    pub fn busy_since(self, before: Ticks) -> Duration {
        Duration::from_millis(self.busy.saturating_sub(before.busy) * 1000 / TICKS)
    }

    /// The share that other guests took since then; `None` where no tick has passed.
    fn steal_since(self, before: Ticks) -> Option<f64> {
        let share = |part: u64, all: u64| (all > 0).then(|| part as f64 / all as f64);
        share(self.steal.saturating_sub(before.steal), self.all.saturating_sub(before.all))
    }
}

// ---- descriptors -------------------------------------------------------------------------------

/// Raises the descriptor limit of this process and its children to the hard limit, and returns it.
pub fn raise_descriptors() -> u64 {
    endpoint::raise_descriptors_max();
    endpoint::descriptors_max()
}

// ---- a folder ----------------------------------------------------------------------------------

/// A folder of this run in the system's folder for temporary files. It is removed when dropped.
pub struct Folder(PathBuf);

/// The number of folders that this process has made.
static FOLDERS: AtomicU32 = AtomicU32::new(0);

impl Folder {
    pub fn new() -> Result<Folder, String> {
        loop {
            let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
            let name = format!("wirewright-bench-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Folder(path)),
                // An earlier process with the same id was killed and left its folder.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && number < 1000 => {}
                Err(error) => return Err(format!("{}: {error}", path.display())),
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the cleaner of temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_are_the_same_in_every_run_and_no_two_alike() {
        let bytes = random(10_003);
        assert_eq!((bytes.len(), &bytes), (10_003, &random(10_003)));
        assert!((0..=255).all(|value| bytes.contains(&value)));
    }

    #[test]
    fn a_folder_goes_away() {
        let (folder, other) = (Folder::new().unwrap(), Folder::new().unwrap());
        let path = folder.path().to_owned();
        assert!(path.is_dir() && path != other.path());
        drop(folder);
        assert!(!path.exists() && other.path().is_dir());
    }

    #[test]
    fn time_of_all_processes() {
        let stat = "cpu  100 10 50 9999 777 55 66 40 1 2\ncpu0 1 2 3\n";
        let now = Ticks::parse(stat).unwrap();
        let zero = Ticks::parse("cpu  0 0 0 0 0 0 0 0\n").unwrap();
        assert_eq!(now.busy_since(zero), Duration::from_secs(2));
        assert_eq!(now.steal_since(zero), Some(40.0 / 11_097.0));
        assert_eq!(now.steal_since(now), None);
        for stat in ["", "cpu0 1 2 3 4 5 6 7 8\n", "cpu  1 2 3 4\n"] {
            assert_eq!(Ticks::parse(stat), None, "{stat}");
        }
        if cfg!(target_os = "linux") {
            assert!(Ticks::now().is_some_and(|ticks| ticks.busy > 0));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_of_a_process() {
        assert!(rss("self").is_some_and(|bytes| bytes > 0 && bytes <= peak_rss()));
        assert_eq!(rss("no such process"), None);
    }
}
