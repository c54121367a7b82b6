//! The limit of a process for the length of its files.
//!
//! Specification: setrlimit(2) `RLIMIT_FSIZE`, write(2) `EFBIG`, signal(7) `SIGXFSZ`.
//!
//! ```text
//!   a write beyond the limit ─▶ SIGXFSZ ─┬ not caught: the process ends
//!                                        └ caught ─▶ EFBIG ─▶ FileError::TooLarge, of that file
//! ```

use rustix::process::{Resource, getrlimit};
use std::io;
use std::sync::Arc;

/// Catches the signal of a write beyond `RLIMIT_FSIZE`, so that the write fails and the process
/// goes on. A matter of the whole process, so its program decides: to be called once, before files
/// are written.
///
/// # Errors
/// Those of the system.
pub fn catch_size_signal() -> io::Result<()> {
    // The flag is never read: the failed write itself tells which file it was.
    let noted = Arc::default();
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noted).map(drop)
}

/// The length in bytes that no file of this process may exceed; `None`: no limit.
pub fn file_bytes_max() -> Option<u64> {
    getrlimit(Resource::Fsize).current
}
