//! Paths that lead to an open descriptor of this process, and a duplicate of that descriptor.
//!
//! Specification: proc_pid_fd(5), pidfd_getfd(2).
//!
//! ```text
//!   /dev/stdout ─▶ /proc/self/fd/1 ─▶ 1        /dev/fd/3 ─▶ /proc/self/fd/3 ─▶ 3
//! ```
//!
//! Such a path is not opened and its file is never replaced: a second open has a position of its
//! own, so it would write over what the descriptor wrote before, and a socket cannot be opened at
//! all. A duplicate shares the position, `O_APPEND` and everything else.

use rustix::fs::OFlags;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// How many symbolic links are followed, as in the kernel.
const LINKS_MAX: usize = 40;

/// The number of the descriptor that a path leads to, if it leads to one of this process.
pub fn at_path(path: &Path) -> Option<i32> {
    let own = [Path::new("/proc/self/fd"), Path::new("/proc/thread-self/fd")];
    let own = own.map(|directory| std::fs::canonicalize(directory).ok());
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let name = path.file_name()?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = std::fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()?;
        if own.iter().flatten().any(|directory| *directory == parent) {
            return number(name);
        }
        let target: PathBuf = std::fs::read_link(&path).ok()?;
        path = parent.join(target);
    }
    None
}

fn number(name: &OsStr) -> Option<i32> {
    let text = name.to_str()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A duplicate of a descriptor that this process was started with, for writing.
///
/// # Errors
/// `NotFound` if there is no such descriptor, `PermissionDenied` if it is open for reading only,
/// and those of the system.
pub fn open(number: i32) -> io::Result<File> {
    let flags = flags(number)?;
    // Nothing that survives exec(2) has this flag, and everything that we opened ourselves has it.
    if flags.contains(OFlags::CLOEXEC) {
        return Err(not_open());
    }
    if flags & OFlags::RWMODE == OFlags::RDONLY {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "it is open for reading only"));
    }
    let owned = match number {
        0 => io::stdin().as_fd().try_clone_to_owned()?,
        1 => io::stdout().as_fd().try_clone_to_owned()?,
        2 => io::stderr().as_fd().try_clone_to_owned()?,
        _ => duplicate(getpid(), number)?,
    };
    Ok(owned.into())
}

/// The flags of the open file and of its descriptor.
fn flags(number: i32) -> io::Result<OFlags> {
    let info = match std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(not_open()),
        info => info?,
    };
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok());
    flags.map(OFlags::from_bits_retain).ok_or_else(not_open)
}

fn not_open() -> io::Error {
    io::Error::new(ErrorKind::NotFound, "no such descriptor is open")
}

/// By its number, which std offers for the first three alone. Linux 5.6.
fn duplicate(process: Pid, number: i32) -> io::Result<std::os::fd::OwnedFd> {
    let process = pidfd_open(process, PidfdFlags::empty())?;
    Ok(pidfd_getfd(&process, number, PidfdGetfdFlags::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn paths_that_lead_to_descriptors() {
        let folder = tempfile::tempdir().unwrap();
        let here = |name: &str| folder.path().join(name);
        std::fs::write(here("file"), "").unwrap();
        for (link, target) in [
            ("one", "/dev/stdout"),
            ("two", "one"),
            ("fds", "/dev/fd"),
            ("round", "round"),
            ("to a file", "file"),
            ("dangling", "nothing"),
        ] {
            symlink(target, here(link)).unwrap();
        }
        let process = std::process::id();
        let own = format!("/proc/{process}/fd/7");
        let thread = format!("/proc/{process}/task/{process}/../../fd/8");
        for (path, expected) in [
            (Path::new("/dev/stdin"), Some(0)),
            (Path::new("/dev/stdout"), Some(1)),
            (Path::new("/dev/stderr"), Some(2)),
            (Path::new("/dev/fd/3"), Some(3)),
            (Path::new("/proc/self/fd/63"), Some(63)),
            (Path::new("/proc/thread-self/fd/5"), Some(5)),
            (Path::new(&own), Some(7)),
            (Path::new(&thread), Some(8)),
            (&here("one"), Some(1)),
            (&here("two"), Some(1)),
            (&here("fds/4"), Some(4)),
            (Path::new("/dev/null"), None),
            (Path::new("/dev/fd/x"), None),
            (Path::new("/dev/fd/+1"), None),
            (Path::new("/dev/fd/"), None),
            (Path::new("/proc/1/fd/1"), None),
            (Path::new("/"), None),
            (Path::new("-"), None),
            (Path::new(""), None),
            (&here("file"), None),
            (&here("to a file"), None),
            (&here("round"), None),
            (&here("dangling"), None),
            (&here("none/1"), None),
        ] {
            assert_eq!(at_path(path), expected, "{}", path.display());
        }
    }

    #[test]
    fn only_what_was_inherited_is_opened() {
        use std::os::fd::AsRawFd;
        let file = tempfile::tempfile().unwrap();
        let refused = open(file.as_raw_fd()).unwrap_err();
        assert_eq!(refused.to_string(), "no such descriptor is open");
        assert_eq!(open(i32::MAX).unwrap_err().kind(), ErrorKind::NotFound);
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
        let twin = open(file.as_raw_fd()).unwrap();
        rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(3)).unwrap();
        assert_eq!(rustix::fs::tell(&twin).unwrap(), 3);
    }
}
