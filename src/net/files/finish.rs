//! The end of an unfinished file: it gets its name, and success is said when that is true.
//!
//! Specification: `PROTOCOL.md` §7.6.
//!
//! ```text
//!   fsync(part) → rename(part, base) → unlink(journal) → fsync(directory)
//!   fsync only    NOREPLACE or not                       fsync only
//! ```
//!
//! A kill before the rename leaves what the next run can go on with; a kill after it leaves the
//! whole file, and perhaps a journal, which the next transfer of that name removes.

use super::place::Place;
use super::{FileError, Partial};
use crate::transfer::message;
use std::fmt;
use std::str::FromStr;

/// What is synced before success is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Durability {
    /// The file, then, after the rename, its directory, and those in which directories were made
    /// for it. Survives a loss of power.
    #[default]
    Fsync,
    /// Nothing. The rename is atomic for all who look, and a kill of the process leaves the name
    /// absent or complete; a loss of power soon after may leave it empty or short.
    Rename,
    /// Nothing, as with `Rename`, and none is promised either. There is still never anything
    /// partial under the final name. To also save the journal, see [`Partial::without_journal`].
    None,
}

/// A text that is none of `fsync`, `rename`, `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownDurability;

impl Durability {
    /// As on the wire and on the command line: `fsync`, `rename`, `none`.
    pub fn as_str(self) -> &'static str {
        match self {
            Durability::Fsync => "fsync",
            Durability::Rename => "rename",
            Durability::None => "none",
        }
    }

    /// Makes the names of a file and of its directories durable, where they shall be.
    pub(super) fn sync_names(self, place: &Place) -> Result<(), FileError> {
        if self == Durability::Fsync { place.sync_directories() } else { Ok(()) }
    }
}

impl FromStr for Durability {
    type Err = UnknownDurability;

    fn from_str(text: &str) -> Result<Durability, UnknownDurability> {
        let all = [Durability::Fsync, Durability::Rename, Durability::None];
        all.into_iter().find(|one| one.as_str() == text).ok_or(UnknownDurability)
    }
}

impl From<Durability> for message::Durability {
    fn from(durability: Durability) -> message::Durability {
        match durability {
            Durability::Fsync => message::Durability::Fsync,
            Durability::Rename => message::Durability::Rename,
            Durability::None => message::Durability::None,
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for UnknownDurability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("durability is one of fsync, rename, none")
    }
}

impl std::error::Error for UnknownDurability {}

/// A whole file that waits for its name. A job for another thread: a sync may take long.
///
/// Dropped without being run it is an interrupted [`Partial`].
#[derive(Debug)]
#[must_use = "the file has no name before it is run"]
pub struct Finish {
    partial: Partial,
    durability: Durability,
    overwrite: bool,
    /// Whether what has arrived gives way where it fills the disk.
    makes_room: bool,
}

impl Finish {
    pub(super) fn new(partial: Partial, durability: Durability, overwrite: bool) -> Finish {
        Finish { partial, durability, overwrite, makes_room: false }
    }

    /// Gives up what has arrived where it fills the disk, so that the disk does not stay full.
    pub fn make_room(&mut self) {
        self.makes_room = true;
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    /// [`FileError::Exists`] if the name was not to be taken from another file, which then stays;
    /// what arrived is removed. [`FileError::InTheWay`] if a directory has the name; what arrived
    /// is kept. Those of the disk: if the file could not be written, what is recorded of it is kept
    /// for the next run; if it could not be synced it is removed, since what a later sync says of
    /// it could not be trusted; if its directory could not be synced, it stands under its name.
    pub fn run(mut self) -> Result<(), FileError> {
        if let Err(error) = self.partial.flush() {
            if self.makes_room && matches!(error, FileError::NoSpace) {
                // What cannot be removed now is overwritten by the next run.
                let _ = self.partial.remove();
            }
            return Err(error);
        }
        self.partial.keep_provenance();
        let part = self.partial.whole()?;
        if self.durability == Durability::Fsync
            && let Err(error) = part.sync_all()
        {
            self.partial.remove()?;
            return Err(error.into());
        }
        match self.partial.place().rename(part, self.overwrite) {
            Err(FileError::Exists) => {
                self.partial.remove()?;
                return Err(FileError::Exists);
            }
            outcome => outcome?,
        }
        if let Some(journal) = self.partial.let_go() {
            self.partial.place().remove_this_journal(&journal);
        }
        self.durability.sync_names(self.partial.place())
    }
}
