//! Why a request is refused, and why work for it stops.

use crate::net::files::FileError;
use crate::net::transport::Error;
use crate::transfer::Code;

/// Why a request is refused.
pub(super) enum No {
    Code(Code, &'static str),
    File(FileError),
}

impl From<FileError> for No {
    fn from(error: FileError) -> No {
        No::File(error)
    }
}

/// Why work stopped: the request is refused, or the connection ends.
pub(super) enum Stop {
    No(No),
    Error(Error),
}

impl From<No> for Stop {
    fn from(no: No) -> Stop {
        Stop::No(no)
    }
}

impl From<FileError> for Stop {
    fn from(error: FileError) -> Stop {
        Stop::No(No::File(error))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Error(error)
    }
}
