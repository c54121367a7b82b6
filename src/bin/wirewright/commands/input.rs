//! Input besides argv: small files, secrets, and bodies of any length.
//!
//! ```text
//!   FILE         read, or sent directly from the file
//!   -, a pipe    read; a body or a message is copied to an anonymous file, so that its length is
//!                known and it can be read twice; so is a file in /proc or /sys, whose size is not
//!                its length
//! ```

use crate::Failure;
use crate::output::advice::{Verb, failed_file};
use crate::output::watch;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use wirewright::net::files::{FileError, SourceFile};
use wirewright::net::http::Body;

/// The error text for a text that is not JSON.
pub fn not_json(error: &serde_json::Error) -> String {
    match error.is_eof() {
        true => "it is not JSON: it ends too early".to_owned(),
        false => {
            let (line, column) = (error.line(), error.column());
            format!("it is not JSON: the fault is in line {line}, column {column}")
        }
    }
}

/// The advice for a program without TLS.
pub const BUILD_WITH_TLS: &str = "build with the feature tls";

/// Refuses an option that this program cannot serve because it was built without TLS.
pub fn need_tls(place: &str, is_wanted: bool, hint: &str) -> Result<(), Failure> {
    match is_wanted && !cfg!(feature = "tls") {
        true => Err(Failure::usage(place, "built without TLS", hint)),
        false => Ok(()),
    }
}

/// The maximum size of a token, password or certificate file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Standard input without a buffer. A read fails when `--timeout` runs out.
pub struct Stdin;

impl Read for Stdin {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let stdin = io::stdin();
        let left = watch::left().and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], left.as_ref()) {
            Ok(0) => Err(io::Error::new(ErrorKind::TimedOut, "nothing came before --timeout")),
            Ok(_) => Ok(rustix::io::read(&stdin, bytes)?),
            Err(error) => Err(error.into()),
        }
    }
}

/// The path after the `@` of an argument; it need not be UTF-8.
pub fn file_of(argument: &OsStr) -> Option<&Path> {
    argument.as_bytes().strip_prefix(b"@").map(|path| Path::new(OsStr::from_bytes(path)))
}

/// Reads a small file, `-` for stdin.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let max = FILE_BYTES_MAX + 1;
    let read = match path.as_os_str() == "-" {
        true => Stdin.take(max).read_to_end(&mut bytes),
        false => watch::blocking(path, || {
            File::open(path).and_then(|file| file.take(max).read_to_end(&mut bytes))
        }),
    };
    match read {
        Ok(len) if len as u64 > FILE_BYTES_MAX => {
            let what = format!("more than {FILE_BYTES_MAX} bytes");
            Err(Failure::new(path.display(), what, "give a shorter file"))
        }
        Ok(_) => Ok(bytes),
        Err(error) => Err(failed_file(Verb::Read, path, error)),
    }
}

/// Reads a secret from a file, without one trailing line end.
pub fn secret(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = read_file(path)?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(bytes)
}

/// The body of a request, from a file or with `-` from stdin.
pub fn body(path: &Path) -> Result<Body, Failure> {
    let file = spooled(path)?;
    let metadata = file.metadata();
    let len = metadata.map_err(|error| failed_file(Verb::Read, path, error))?.len();
    Ok(Body::File(Arc::new(file), len))
}

/// Opens a regular file. Input from a pipe, from stdin (`-`), or from a file whose size is not its
/// length is copied to an anonymous file.
pub fn spooled(path: &Path) -> Result<File, Failure> {
    let spooled = match path.as_os_str() == "-" {
        true => spool(&mut Stdin),
        false => watch::blocking(path, || {
            File::open(path).and_then(|mut file| match has_true_size(&file)? {
                true => Ok(file),
                false => spool(&mut file),
            })
        }),
    };
    spooled.map_err(|error| failed_file(Verb::Read, path, error))
}

/// Whether a file is regular and its size is its length.
fn has_true_size(file: &File) -> io::Result<bool> {
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    match SourceFile::from_file(file.try_clone()?)?.check_size() {
        Ok(()) => Ok(true),
        Err(FileError::FalseSize) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Copies all input to an anonymous file.
fn spool(from: &mut impl Read) -> io::Result<File> {
    let (folder, flags) = (std::env::temp_dir(), OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC);
    let mut file = match rustix::fs::open(&folder, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => File::from(file),
        // The file system does not support O_TMPFILE.
        Err(_) => named_and_removed(&folder)?,
    };
    io::copy(from, &mut file)?;
    Ok(file)
}

fn named_and_removed(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!("wirewright-{}.body", std::process::id()));
    let mut options = File::options();
    let file = options.read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_no_part_of_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (text, expected) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            (" a \n", " a "),
            ("\n", ""),
            ("", ""),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(secret(&path).unwrap(), expected.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (len, is_read) in [(FILE_BYTES_MAX, true), (FILE_BYTES_MAX + 1, false)] {
            std::fs::write(&path, vec![b'x'; len as usize]).unwrap();
            match read_file(&path) {
                Ok(bytes) => assert!(is_read && bytes.len() as u64 == len),
                Err(failure) => assert!(!is_read && failure.line.unwrap().contains("more than")),
            }
        }
    }

    #[test]
    fn what_is_spooled_can_be_read_again() {
        for mut file in [spool(&mut &b"twice"[..]).unwrap(), {
            let folder = tempfile::tempdir().unwrap();
            let mut file = named_and_removed(folder.path()).unwrap();
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
            io::copy(&mut &b"twice"[..], &mut file).unwrap();
            file
        }] {
            for _ in 0..2 {
                let mut text = String::new();
                io::Seek::rewind(&mut file).unwrap();
                file.read_to_string(&mut text).unwrap();
                assert_eq!(text, "twice");
            }
        }
    }
}
