//! How responses are written to files, and which responses are.

use crate::net::files::Destination;
use crate::net::files::Durability;

/// How responses are written to files.
#[derive(Clone)]
#[non_exhaustive]
pub struct Saving {
    /// Where the files are written.
    pub destination: Destination,
    /// What is synced before a file is renamed into place.
    pub durability: Durability,
    /// Whether an unfinished file of an earlier run is resumed, and one of this run is kept.
    pub resume: bool,
    /// Which responses are written.
    pub accepts: Accepts,
    /// Whether the head of the response is written before the body.
    pub with_head: bool,
    /// Whether an existing file in a directory is replaced. A file that the destination names is
    /// always replaced.
    pub overwrite: bool,
    /// Whether the bytes of the response are written as they were received: the head, and the body
    /// with its content coding and its framing. Such a file is not resumed, and `with_head` is
    /// ignored.
    pub raw: bool,
}

impl Saving {
    /// Accepts [`Success`](Accepts::Success), resumes unfinished files, does not overwrite files in
    /// a directory, and syncs nothing before the rename.
    pub fn new(destination: Destination) -> Saving {
        Saving {
            destination,
            durability: Durability::Rename,
            resume: true,
            accepts: Accepts::Success,
            with_head: false,
            overwrite: false,
            raw: false,
        }
    }

    /// Sets [`destination`](Saving::destination).
    #[must_use]
    pub fn with_destination(self, destination: Destination) -> Saving {
        Saving { destination, ..self }
    }

    /// Sets [`durability`](Saving::durability).
    #[must_use]
    pub fn with_durability(self, durability: Durability) -> Saving {
        Saving { durability, ..self }
    }

    /// Sets [`resume`](Saving::resume).
    #[must_use]
    pub fn with_resume(self, resume: bool) -> Saving {
        Saving { resume, ..self }
    }

    /// Sets [`accepts`](Saving::accepts).
    #[must_use]
    pub fn with_accepts(self, accepts: Accepts) -> Saving {
        Saving { accepts, ..self }
    }

    /// Sets [`with_head`](Saving::with_head).
    #[must_use]
    pub fn with_head(self, with_head: bool) -> Saving {
        Saving { with_head, ..self }
    }

    /// Sets [`overwrite`](Saving::overwrite).
    #[must_use]
    pub fn with_overwrite(self, overwrite: bool) -> Saving {
        Saving { overwrite, ..self }
    }

    /// Sets [`raw`](Saving::raw).
    #[must_use]
    pub fn with_raw(self, raw: bool) -> Saving {
        Saving { raw, ..self }
    }

    /// Whether a later run may ask whether the resource has changed since this run.
    pub(super) fn is_repeatable(&self) -> bool {
        let is_plain = self.accepts == Accepts::Success && !self.with_head && !self.raw;
        is_plain && self.resume && matches!(self.destination, Destination::Directory(_))
    }

    /// Whether an existing file may be replaced.
    pub(super) fn may_overwrite(&self) -> bool {
        self.overwrite || self.destination.names_the_file()
    }
}

/// Which responses are written. Any other response is a failure, and its body is discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// Every final response.
    Any,
    /// Responses with a status below 400.
    NoError,
    /// Responses with a 2xx status, except for a 206 to a request without `Range`.
    Success,
}

impl Accepts {
    /// Whether a response with this status is written.
    pub(super) fn takes(self, status: u16) -> bool {
        match self {
            Accepts::Any => true,
            Accepts::NoError => status < 400,
            Accepts::Success => (200..300).contains(&status),
        }
    }
}
