//! The errors of the net layer: those of the protocols, of the operating system and of the network.

use super::Spoken;
use super::dial::Attempts;
use super::tls::fault::Fault;
use crate::error;
use crate::net::files::FileError;
use crate::session::Wait;
use crate::text::{PeerText, in_short};
use std::fmt;
use std::io;

/// Why a connection or a transfer ended without success.
#[derive(Debug)]
pub enum Error {
    /// A protocol error, or a refusal by the peer.
    Session(error::Error),
    /// The peer speaks another protocol than the expected one, as its first bytes show.
    Foreign {
        /// The protocol that the peer speaks.
        spoken: Spoken,
        /// The rule of the expected protocol that the first bytes broke.
        error: error::Error,
    },
    /// A system call failed. The text says what was being done.
    Io(&'static str, io::Error),
    /// No address of a host could be connected to.
    Unreachable(Attempts),
    /// TLS failed.
    Tls(Fault),
    /// A wait took too long.
    TimedOut {
        /// What was waited for.
        state: Wait,
    },
    /// A local file could not be read or written.
    File(FileError),
    /// The reader of the output, a pipe or a socket, has closed its end.
    Unread,
    /// All connections together exceeded the memory budget, and this one was ended to free memory.
    OverBudget {
        /// The budget that was exceeded, in bytes.
        bytes_max: usize,
    },
    /// The call was stopped, by a signal or a [`StopHandle`](crate::net::reactor::StopHandle).
    Interrupted,
}

impl Error {
    /// The stable code of this error: that of the session or the file, or one of this layer.
    pub fn code(&self) -> PeerText<'_> {
        PeerText::from(match self {
            Error::Session(error::Error::Refused { code, .. }) => code.as_raw_str(),
            Error::Session(error) | Error::Foreign { error, .. } => error.kind(),
            Error::Io(..) => "io",
            Error::Unreachable(_) => "unreachable",
            Error::Tls(_) => "tls",
            Error::TimedOut { .. } => "timed_out",
            Error::File(error) => error.code(),
            Error::Unread => "broken_pipe",
            Error::OverBudget { .. } => "busy",
            Error::Interrupted => "interrupted",
        })
    }
}

impl From<error::Error> for Error {
    fn from(error: error::Error) -> Error {
        Error::Session(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Tls(fault)
    }
}

/// Only output to a pipe, a terminal or a socket fails in the first three ways, a regular file
/// never does.
impl From<FileError> for Error {
    fn from(error: FileError) -> Error {
        let kind = if let FileError::Io(error) = &error { Some(error.kind()) } else { None };
        match kind {
            Some(io::ErrorKind::BrokenPipe) => Error::Unread,
            Some(io::ErrorKind::Interrupted) => Error::Interrupted,
            Some(io::ErrorKind::TimedOut) => {
                Error::TimedOut { state: "somebody to read the output".into() }
            }
            _ => Error::File(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Session(error) => error.fmt(f),
            Error::Foreign { spoken, error } => write!(f, "the peer speaks {spoken}: {error}"),
            Error::Io(doing, error) => write!(f, "{doing}: {}", in_short(error)),
            Error::Unreachable(attempts) => write!(f, "no connection: {attempts}"),
            Error::Tls(why) => write!(f, "TLS: {why}"),
            Error::TimedOut { state } => write!(f, "timed out waiting for {state}"),
            Error::File(error) => error.fmt(f),
            Error::Unread => f.write_str("nobody reads the output any more"),
            Error::OverBudget { bytes_max } => {
                write!(f, "all connections together held more than {bytes_max} bytes")
            }
            Error::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Session(error) | Error::Foreign { error, .. } => Some(error),
            Error::Io(_, error) => Some(error),
            Error::Tls(fault) => Some(fault),
            Error::File(error) => Some(error),
            _ => None,
        }
    }
}
