//! Where a file will stand: its directory, its three names, and the lock that makes it ours.
//!
//! Specification: `PROTOCOL.md` §10 (reserved names); flock(2), renameat2(2).
//!
//! ```text
//!   base      report.pdf
//!   part      .wirewright-<first 8 bytes of blake3(base), in hexadecimal>.part
//!   journal   .wirewright-<the same>.journal
//! ```
//!
//! All three are in one directory that is held by its descriptor, so a rename needs no path. The
//! lock is an flock on the part. Whoever has it, and only he, changes or removes the two reserved
//! names; a lock counts only if the locked file is still the one under the name.

use super::FileError;
use super::source::quiet_flags;
use crate::transfer::name::RESERVED_PREFIX;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, OFlags, RenameFlags};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often the lock is tried where others finish, discard and begin at the same moment.
const LOCK_TRIES_MAX: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct Place {
    root: Arc<Dir>,
    /// Relative to the root; empty for the root itself.
    parent: PathBuf,
    /// The parent, if it exists.
    dir: Option<Arc<Dir>>,
    base: OsString,
    part: String,
    journal: String,
    /// The directories in which parents were created, relative to the root.
    made_in: Vec<PathBuf>,
}

impl Place {
    pub(super) fn new(root: Arc<Dir>, parent: PathBuf, base: OsString) -> Result<Place, FileError> {
        let stem = &blake3::hash(base.as_bytes()).to_hex()[..16];
        let part = format!("{RESERVED_PREFIX}{stem}.part");
        let journal = format!("{RESERVED_PREFIX}{stem}.journal");
        let mut place = Place { root, parent, dir: None, base, part, journal, made_in: Vec::new() };
        place.dir = match place.open_dir(&place.parent) {
            Ok(dir) => Some(dir),
            // It can be created when there is something to put into it.
            Err(error) if is_absent(&error) => None,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(FileError::InTheWay);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(place)
    }

    /// The place of a local path, whose directory must exist.
    pub(super) fn at_path(path: &Path) -> Result<Place, FileError> {
        let base = path.file_name().ok_or(FileError::BadName)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let dir = Dir::open_ambient_dir(parent.unwrap_or(Path::new(".")), ambient_authority())?;
        Place::new(Arc::new(dir), PathBuf::new(), base.to_owned())
    }

    /// Makes the directory, if it is not there, and refuses a directory under the final name.
    pub(super) fn prepare(&mut self) -> Result<(), FileError> {
        if self.dir.is_none() {
            self.create_parents()?;
            self.dir = Some(self.open_dir(&self.parent)?);
        }
        match self.dir()?.symlink_metadata(&self.base) {
            Ok(metadata) if metadata.is_dir() => Err(FileError::InTheWay),
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the final name; part and journal keep theirs.
    pub(super) fn rename_to(&mut self, base: &str) -> Result<(), FileError> {
        self.base = base.into();
        self.prepare()
    }

    /// Opens the part and locks it; `None` if there is none and none shall be created.
    pub(super) fn lock_part(&self, create: bool) -> Result<Option<File>, FileError> {
        let Some(dir) = &self.dir else { return Ok(None) };
        for _ in 0..LOCK_TRIES_MAX {
            let file = match open(dir, &self.part, create) {
                Ok(file) => file,
                // Nothing, or a symlink, which is not ours and is not followed.
                Err(error) if !create && (is_absent(&error) || is_symlink(&error)) => {
                    return Ok(None);
                }
                Err(error) if is_symlink(&error) => {
                    remove(dir, &self.part)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(FileError::Busy),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            let ours = Metadata::from_file(&file)?;
            // Meanwhile another may have finished it: then this is the final file.
            if !is_under(dir, &self.part, &ours) {
                continue;
            }
            // A second link may be the final name, left by a kill between link and unlink.
            if ours.is_file() && ours.nlink() == 1 {
                return Ok(Some(file));
            }
            if !create {
                return Ok(None);
            }
            dir.remove_file(&self.part)?;
        }
        Err(FileError::Busy)
    }

    /// Opens the journal of a part that is locked.
    pub(super) fn open_journal(&self, create: bool) -> Result<File, FileError> {
        let file = open(self.dir()?, &self.journal, create)?;
        if !file.metadata()?.is_file() {
            return Err(FileError::InTheWay);
        }
        Ok(file)
    }

    pub(super) fn remove_journal(&self) -> Result<(), FileError> {
        remove(self.dir()?, &self.journal)
    }

    /// Removes the journal after the part has got its name and with it taken the lock away: the
    /// journal that stands there may already be the next transfer's.
    pub(super) fn remove_this_journal(&self, held: &File) {
        if let (Some(dir), Ok(held)) = (&self.dir, Metadata::from_file(held))
            && is_under(dir, &self.journal, &held)
        {
            // If it cannot be removed, the file is there all the same, and it harms nobody.
            let _ = dir.remove_file(&self.journal);
        }
    }

    pub(super) fn remove_part(&self) -> Result<(), FileError> {
        remove(self.dir()?, &self.part)
    }

    /// Gives the part its final name.
    pub(super) fn rename(&self, overwrite: bool) -> Result<(), FileError> {
        let (dir, part, base) = (self.dir()?, self.part.as_str(), self.base.as_os_str());
        if overwrite {
            return Ok(rustix::fs::renameat(dir, part, dir, base)?);
        }
        let outcome = match rustix::fs::renameat_with(dir, part, dir, base, RenameFlags::NOREPLACE)
        {
            // A file system or a kernel that does not know the flag.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => self.link(),
            other => other.map_err(FileError::from),
        };
        match outcome {
            Err(FileError::Exists) if dir.symlink_metadata(base).is_ok_and(|old| old.is_dir()) => {
                Err(FileError::InTheWay)
            }
            other => other,
        }
    }

    /// As [`Place::rename`] without overwriting, by a second link.
    pub(super) fn link(&self) -> Result<(), FileError> {
        let (dir, part) = (self.dir()?, self.part.as_str());
        rustix::fs::linkat(dir, part, dir, self.base.as_os_str(), AtFlags::empty())?;
        self.remove_part()
    }

    /// Makes durable that the name is in its directory, and that directory in its own.
    pub(super) fn sync_directories(&self) -> Result<(), FileError> {
        sync(self.dir()?)?;
        for path in self.made_in.iter().rev() {
            let dir = self.open_dir(path)?;
            sync(&dir)?;
        }
        Ok(())
    }

    /// The same for every directory from the parent up to the root: who made them is not known.
    pub(super) fn sync_directories_above(&self) -> Result<(), FileError> {
        for path in self.parent.ancestors() {
            let dir = self.open_dir(path)?;
            sync(&dir)?;
        }
        Ok(())
    }

    /// Whether the final name itself is that of an open file: no symlink to it, and no other file.
    pub(super) fn is_name_of(&self, file: &File) -> bool {
        match (&self.dir, Metadata::from_file(file)) {
            (Some(dir), Ok(held)) => is_under(dir, &self.base, &held),
            _ => false,
        }
    }

    pub(super) fn base(&self) -> &OsStr {
        &self.base
    }

    pub(super) fn part(&self) -> &str {
        &self.part
    }

    pub(super) fn dir(&self) -> Result<&Dir, FileError> {
        self.dir.as_deref().ok_or_else(|| FileError::misuse("there is no directory yet"))
    }

    fn open_dir(&self, path: &Path) -> io::Result<Arc<Dir>> {
        if path.as_os_str().is_empty() {
            return Ok(Arc::clone(&self.root));
        }
        self.root.open_dir(path).map(Arc::new)
    }

    fn create_parents(&mut self) -> Result<(), FileError> {
        let mut path = PathBuf::new();
        for segment in &self.parent {
            let above = path.clone();
            path.push(segment);
            match self.root.create_dir(&path) {
                Ok(()) => self.made_in.push(above),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                    return Err(FileError::InTheWay);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Opens one of the reserved names for reading and writing; never through a symlink.
fn open(dir: &Dir, name: &str, create: bool) -> io::Result<File> {
    let flags = quiet_flags() | OFlags::NOFOLLOW;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create).custom_flags(flags.bits().cast_signed());
    dir.open_with(name, &options).map(cap_std::fs::File::into_std)
}

fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// Whether an open failed because it would have had to follow a symlink.
fn is_symlink(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}

/// Whether the file that stands under a name is the one that is held.
fn is_under(dir: &Dir, name: impl AsRef<Path>, held: &Metadata) -> bool {
    dir.symlink_metadata(name)
        .is_ok_and(|there| (there.dev(), there.ino()) == (held.dev(), held.ino()))
}

fn remove(dir: &Dir, name: &str) -> Result<(), FileError> {
    match dir.remove_file(name) {
        Err(error) if !is_absent(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

/// A directory that is held only as a place (`O_PATH`) has to be opened for reading to be synced.
fn sync(dir: &Dir) -> Result<(), FileError> {
    Ok(dir.open(".")?.sync_all()?)
}
