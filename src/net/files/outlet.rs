//! Writing to what may not take it now: a pipe, a terminal, a socket that stands for standard
//! output.
//!
//! Specification: poll(2), pipe(7).
//!
//! ```text
//!   wait until it takes bytes, a signal comes, or time is over ─▶ write what it takes at once
//! ```
//!
//! A blocking write would be begun again after every signal, and nobody could end a program whose
//! reader sleeps. A device such as `/dev/null` is written directly.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::unix::fs::FileTypeExt;
use std::time::Instant;

/// What a pipe that can be written to takes without waiting: `PIPE_BUF`, in bytes.
const PIECE_BYTES: usize = 4096;

/// Writes all of it, before `deadline` if there is one.
///
/// # Errors
/// Those of the system; `Interrupted` where a signal came while it waited, `TimedOut` past the
/// deadline.
pub(crate) fn write(out: &File, mut bytes: &[u8], deadline: Option<Instant>) -> io::Result<()> {
    while !bytes.is_empty() {
        match write_some(out, bytes, deadline)? {
            0 => return Err(ErrorKind::WriteZero.into()),
            written => bytes = &bytes[written..],
        }
    }
    Ok(())
}

/// Writes as much as it takes in one call, and says how many bytes that were. Only a pipe, a socket
/// and a terminal are waited for, until `deadline` if there is one.
///
/// # Errors
/// Those of the system; `Interrupted` where a signal came while it waited, `TimedOut` past the
/// deadline. Nothing was written then.
pub fn write_some(mut out: &File, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
    let kind = out.metadata()?.file_type();
    if !kind.is_fifo() && !kind.is_socket() && !out.is_terminal() {
        return out.write(bytes);
    }
    wait(out, deadline)?;
    out.write(&bytes[..bytes.len().min(PIECE_BYTES)])
}

fn wait(out: &File, deadline: Option<Instant>) -> io::Result<()> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let timeout = left.and_then(|left| Timespec::try_from(left).ok());
    match poll(&mut [PollFd::new(out, PollFlags::OUT)], timeout.as_ref()) {
        Ok(0) => Err(ErrorKind::TimedOut.into()),
        Ok(_) => Ok(()),
        Err(Errno::INTR) => Err(ErrorKind::Interrupted.into()),
        Err(error) => Err(error.into()),
    }
}
