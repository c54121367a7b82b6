//! How responses become files, and which of them do.

use crate::net::files::Destination;
use crate::net::files::Durability;

/// How responses become files.
#[derive(Clone)]
#[non_exhaustive]
pub struct Saving {
    /// Where to.
    pub destination: Destination,
    /// What is synced before a file gets its name.
    pub durability: Durability,
    /// Whether what an interrupted run left is used, and something is left for the next.
    pub resume: bool,
    /// Which responses become files.
    pub accepts: Accepts,
    /// Whether the head of the response stands before the body.
    pub with_head: bool,
    /// Whether a file in a directory is replaced; one that the destination names always is.
    pub overwrite: bool,
    /// Whether the response becomes the file as it came: with its head, and with its body coded
    /// and framed as it was. Nothing of it is gone on with, and `with_head` does not matter.
    pub raw: bool,
}

impl Saving {
    /// Saves whole files whose status is 2xx, resumed where they can be; nothing in a directory is
    /// overwritten. Nothing is synced before the rename.
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

    /// Whether a later run may ask if a file of this one has changed.
    pub(super) fn is_repeatable(&self) -> bool {
        let is_plain = self.accepts == Accepts::Success && !self.with_head && !self.raw;
        is_plain && self.resume && matches!(self.destination, Destination::Directory(_))
    }

    /// Whether a file that stands there may be replaced.
    pub(super) fn may_overwrite(&self) -> bool {
        self.overwrite || self.destination.names_the_file()
    }
}

/// Which responses are taken; any other is a failure, and its body of no interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// All.
    Any,
    /// Those whose status is below 400.
    NoError,
    /// Those whose status is 2xx, parts (206) that nobody asked for excepted.
    Success,
}

impl Accepts {
    /// Whether a response with this status becomes a file.
    pub(super) fn takes(self, status: u16) -> bool {
        match self {
            Accepts::Any => true,
            Accepts::NoError => status < 400,
            Accepts::Success => (200..300).contains(&status),
        }
    }
}
