//! What can go wrong with a file, in the words of the wire.
//!
//! Specification: `PROTOCOL.md` §9.
//!
//! ```text
//!   errno  ENOENT ELOOP EEXIST ENOSPC …  →  FileError  →  {"type":"error","code":"not_found",…}
//! ```
//!
//! The text of an error is one line and never holds a local path, so it may be sent to a peer.

use super::size_limit::file_bytes_max;
use crate::text::in_short;
use crate::transfer::Code;
use rustix::io::Errno;
use std::{fmt, io};

/// Why a file could not be read, written or finished.
#[derive(Debug)]
pub enum FileError {
    /// No such regular file, or the name leads out of the root.
    NotFound,
    /// It is a directory, a device, a pipe or a socket, and no regular file.
    NotRegular,
    /// A file of that name exists and was not to be replaced.
    Exists,
    /// A directory stands under that name, or something else where a directory is needed.
    InTheWay,
    /// The unfinished file is locked: another transfer is writing it.
    Busy,
    /// The disk or the quota is full.
    NoSpace,
    /// The file would be longer than the limit in bytes of this process (`RLIMIT_FSIZE`); or,
    /// without one, than the file system allows.
    TooLarge(Option<u64>),
    /// The file system, or this root, takes no files.
    ReadOnly,
    /// The file system cannot have a file of that name.
    BadName,
    /// The file is not what it was when it was opened.
    Changed,
    /// The file system gives another size than the file has, as for files in `/proc` and `/sys`.
    FalseSize,
    /// Somebody who may write in the directory has moved the unfinished file away, or put another
    /// in its place.
    Moved,
    /// This process, or the system, may open no further file.
    NoDescriptors,
    /// Anything else.
    Io(io::Error),
}

/// Whether no descriptor is left for what failed.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

impl FileError {
    /// The stable code of a local error: that of the wire, except for what is no regular file.
    pub fn code(&self) -> &'static str {
        match self {
            FileError::NotRegular => "not_regular",
            error => error.wire_code().as_str(),
        }
    }

    /// The code for a peer (`PROTOCOL.md` §9): what is no regular file is not there for it.
    pub fn wire_code(&self) -> Code {
        match self {
            FileError::NotFound | FileError::NotRegular => Code::NotFound,
            FileError::Exists | FileError::InTheWay => Code::Exists,
            FileError::Busy => Code::Busy,
            FileError::NoSpace => Code::NoSpace,
            FileError::TooLarge(_) => Code::TooLarge,
            FileError::ReadOnly => Code::ReadOnly,
            FileError::BadName => Code::BadName,
            FileError::Changed => Code::Changed,
            FileError::FalseSize | FileError::Moved => Code::Io,
            FileError::NoDescriptors | FileError::Io(_) => Code::Io,
        }
    }

    /// The kind of the error in the words of the system.
    pub fn io_kind(&self) -> io::ErrorKind {
        use io::ErrorKind as Kind;
        match self {
            FileError::NotFound => Kind::NotFound,
            FileError::NotRegular => Kind::InvalidInput,
            FileError::Exists => Kind::AlreadyExists,
            FileError::InTheWay => Kind::IsADirectory,
            FileError::Busy => Kind::ResourceBusy,
            FileError::NoSpace => Kind::StorageFull,
            FileError::TooLarge(_) => Kind::FileTooLarge,
            FileError::ReadOnly => Kind::ReadOnlyFilesystem,
            FileError::BadName => Kind::InvalidFilename,
            FileError::Changed | FileError::Moved => Kind::Other,
            FileError::FalseSize => Kind::InvalidData,
            FileError::NoDescriptors => Kind::QuotaExceeded,
            FileError::Io(error) => error.kind(),
        }
    }

    /// The caller did what the order of calls does not allow.
    pub(super) fn misuse(what: &'static str) -> FileError {
        FileError::Io(io::Error::new(io::ErrorKind::InvalidInput, what))
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileError::NotFound => "no such file",
            FileError::NotRegular => "it is not a regular file",
            FileError::Exists => "a file of that name exists",
            FileError::InTheWay => {
                "a directory, pipe, socket or device has this name, or a file is where a directory \
                 has to be"
            }
            FileError::Busy => "that file is being written by another transfer",
            FileError::NoSpace => "no space left",
            FileError::ReadOnly => "the file system is read-only",
            FileError::BadName => "the file system does not allow that name",
            FileError::Changed => "the file changed while it was read",
            FileError::FalseSize => {
                "the file system gives another size than the file has, as in /proc and /sys"
            }
            FileError::TooLarge(None) => "longer than the file system allows",
            FileError::TooLarge(Some(max)) => {
                return write!(f, "longer than the limit of {max} bytes for a file (RLIMIT_FSIZE)");
            }
            FileError::NoDescriptors => "too many open files",
            FileError::Moved => "somebody else moved the unfinished file, or replaced it",
            FileError::Io(error) => return f.write_str(&in_short(error)),
        })
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FileError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> io::Error {
        match error {
            FileError::Io(error) => error,
            error => io::Error::new(error.io_kind(), error),
        }
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> FileError {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::NotFound | Kind::NotADirectory => FileError::NotFound,
            // cap-std refuses a path that leaves the root with this kind and no errno.
            Kind::PermissionDenied if error.raw_os_error().is_none() => FileError::NotFound,
            Kind::AlreadyExists => FileError::Exists,
            Kind::IsADirectory => FileError::InTheWay,
            Kind::StorageFull | Kind::QuotaExceeded => FileError::NoSpace,
            Kind::FileTooLarge => FileError::TooLarge(file_bytes_max()),
            Kind::ReadOnlyFilesystem => FileError::ReadOnly,
            Kind::InvalidFilename => FileError::BadName,
            _ => match Errno::from_io_error(&error) {
                // A circle of symlinks; a socket, or a FIFO nobody writes.
                Some(Errno::LOOP | Errno::NXIO) => FileError::NotFound,
                Some(Errno::MFILE | Errno::NFILE) => FileError::NoDescriptors,
                _ => FileError::Io(error),
            },
        }
    }
}

impl From<Errno> for FileError {
    fn from(errno: Errno) -> FileError {
        io::Error::from(errno).into()
    }
}
