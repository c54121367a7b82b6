//! What `/proc` says of the memory of a process.

/// A line of `/proc/PID/status` in KiB; `None` once the process has ended.
pub fn kib(pid: u32, key: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().ok()
}
