//! The processor time of each side of a rung. Both sides run in this process.
//!
//! ```text
//!   process ─ all threads ────────────────────────────── clock_gettime(CLOCK_PROCESS_CPUTIME_ID)
//!     └ threads named `bench-server` ─ the sender ─ /proc/self/task/*/schedstat, first number
//!     └ the rest ───────────────────── the receiver
//! ```
//!
//! A thread without a name inherits the name of its creator, so the threads of a server count as
//! the server's. The times of threads are read before the server is stopped, because the time of a
//! thread that has ended is only in the sum of the process.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// The name of threads that serve.
pub const SERVER: &str = "bench-server";

/// Processor time of this process so far, of all threads, in user and kernel.
pub fn process() -> Duration {
    clock(ClockId::ProcessCPUTime)
}

/// Processor time of this thread so far.
pub fn thread() -> Duration {
    clock(ClockId::ThreadCPUTime)
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    // Neither part is ever negative for these clocks.
    Duration::new(time.tv_sec.max(0) as u64, time.tv_nsec.max(0) as u32)
}

/// Processor time of the server threads that still run; `None` where the system does not report it.
pub fn servers() -> Option<Duration> {
    tasks("self", |name| name == SERVER)
}

/// Processor time of the running threads of another process; `None` where the system does not
/// report it.
pub fn of_process(pid: &str) -> Option<Duration> {
    tasks(pid, |_| true)
}

fn tasks(process: &str, counts: impl Fn(&str) -> bool) -> Option<Duration> {
    let mut sum = None;
    for task in std::fs::read_dir(format!("/proc/{process}/task")).ok()?.flatten() {
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if counts(name.trim_end()) {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            sum = Some(sum.unwrap_or(Duration::ZERO) + on_processor(&stat)?);
        }
    }
    sum
}

/// The first number of a `schedstat`: nanoseconds on a processor.
fn on_processor(stat: &str) -> Option<Duration> {
    stat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn what_a_schedstat_says() {
        assert_eq!(on_processor("576009 738663 2\n"), Some(Duration::from_nanos(576_009)));
        assert_eq!(on_processor(""), None);
        assert_eq!(on_processor("x 1 2"), None);
    }

    #[test]
    fn work_counts_on_the_side_that_did_it() {
        let (done, wait) = (mpsc::channel::<()>(), mpsc::channel::<()>());
        let (served, stop) = (done.0, wait.1);
        let server = std::thread::Builder::new().name(SERVER.to_owned()).spawn(move || {
            let began = thread();
            while thread() - began < Duration::from_millis(30) {
                std::hint::spin_loop();
            }
            served.send(()).unwrap();
            stop.recv().unwrap();
        });
        done.1.recv().unwrap();
        // The kernel updates the time of a thread when the thread goes to sleep.
        let spent = (0..1000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(1));
            servers().filter(|time| *time >= Duration::from_millis(25))
        });
        wait.0.send(()).unwrap();
        server.unwrap().join().unwrap();
        assert!(spent.is_some_and(|spent| process() >= spent), "{spent:?}");
    }
}
