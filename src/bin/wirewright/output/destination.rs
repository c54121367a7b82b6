//! The destinations of data: standard output, and the path of `-o`.
//!
//! ```text
//!   data ─▶ Out (gathers) ─┐
//!   mail --dry-run ────────┼─▶ Stdout ─▶ a duplicate of descriptor 1
//!   http on a terminal ────┘
//!   -o PATH ─▶ place ─▶ stdout | another descriptor | device | FILE | DIR/
//! ```
//!
//! A command that was started with standard output closed (`>&-`) must not claim success for data
//! that went nowhere. std opens `/dev/null` in place of a closed stream before `main`, so the
//! streams are looked at before that.

use super::advice::{Verb, local_failure};
use super::watch;
use crate::Failure;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use wirewright::net;
use wirewright::text::in_short;

use wirewright::net::files::{Destination, descriptor, outlet};

/// The number of standard output.
const STDOUT: i32 = 1;

/// A bit for each of the descriptors 0, 1 and 2 that was closed when the process began.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Runs before `main`, and therefore calls nothing but fcntl(2).
#[ctor::ctor]
fn look_at_streams() {
    use rustix::stdio::{stderr, stdin, stdout};
    for (number, stream) in [stdin(), stdout(), stderr()].into_iter().enumerate() {
        if rustix::io::fcntl_getfd(stream).is_err() {
            CLOSED.fetch_or(1 << number, Ordering::Relaxed);
        }
    }
}

/// A duplicate of a descriptor that was open when the process began.
fn open(number: i32) -> io::Result<File> {
    let closed = CLOSED.load(Ordering::Relaxed);
    if (0..=2).contains(&number) && closed & (1 << number) != 0 {
        return Err(io::Error::other("it was closed when the command began"));
    }
    descriptor::open(number)
}

/// With `--json` the document is all that goes to stdout, so `-o` has to lead elsewhere.
pub fn check_beside_json(path: &Path, is_json: bool) -> Result<(), Failure> {
    let is_stdout = path.as_os_str() == "-" || descriptor::at_path(path) == Some(STDOUT);
    if !is_json || !is_stdout {
        return Ok(());
    }
    let what = "the data and the document of --json would both go to stdout";
    Err(Failure::usage("-o", what, "give the name of a file, or leave out --json"))
}

/// What `-o` names.
pub fn place(path: &Path) -> Result<Destination, Failure> {
    let is_stdout = path.as_os_str() == "-";
    let number = if is_stdout { Some(STDOUT) } else { descriptor::at_path(path) };
    if let Some(number) = number {
        return match open(number) {
            Ok(file) => Ok(Destination::Device(file.into())),
            Err(error) if is_stdout => Err(Failure::stdout(&error)),
            Err(error) => {
                Err(Failure::new(path.display(), in_short(&error), "open it for writing"))
            }
        };
    }
    let place = watch::blocking(path, || Destination::from_path(path));
    place.map_err(|error| failed_place(path, &error))
}

/// Why nothing can be written at the path that `-o` names.
pub fn failed_place(path: &Path, why: impl Into<net::Failure>) -> Failure {
    local_failure(Verb::Write, path, &why.into(), "", false)
}

/// Standard output without a buffer. Every byte of data that a command writes there goes through
/// this type.
#[derive(Debug)]
pub struct Stdout(Option<File>);

impl Stdout {
    /// Where standard output is closed, every write fails.
    pub fn new() -> Stdout {
        Stdout(None)
    }

    fn file(&mut self) -> io::Result<&File> {
        match &mut self.0 {
            Some(file) => Ok(file),
            none => Ok(none.insert(open(STDOUT)?)),
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        outlet::write_some(self.file()?, bytes, watch::deadline())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
