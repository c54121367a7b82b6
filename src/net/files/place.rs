//! Where a file will stand: its directory, its three names, and the lock that makes it ours.
//!
//! Specification: `PROTOCOL.md` §10 (reserved names); flock(2), renameat2(2).
//!
//! ```text
//!   base      report.pdf
//!   part      .wirewright-<first 8 bytes of blake3(base), in hexadecimal>.part
//!   journal   .wirewright-<the same>.journal
//!             .wirewright-<the same>-<8 bytes of chance>.…      where one of those is foreign
//! ```
//!
//! All three are in one directory that is held by its descriptor, so a rename needs no path. The
//! lock is an flock on the part. Whoever has it, and only he, changes or removes the two reserved
//! names; a lock counts only if the locked file is still the one under the name. Only files that
//! are [`ours`] are used.

use super::ours::Found;
use super::{FileError, attributes, ours};
use crate::name::RESERVED_PREFIX;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{Access, AtFlags, RenameFlags};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often the lock is tried where others finish, discard and begin at the same moment.
const LOCK_TRIES_MAX: usize = 16;

/// How many names of a directory are looked at for parts under other names.
const LOOKED_AT_MAX: usize = 100_000;

/// What came of locking the part under one pair of names.
enum Locked {
    Ours(File),
    Nothing,
    /// One of the names belongs to somebody else.
    Foreign,
}

#[derive(Debug, Clone)]
pub(super) struct Place {
    root: Arc<Dir>,
    /// Relative to the root; empty for the root itself.
    parent: PathBuf,
    /// The parent, if it exists.
    dir: Option<Arc<Dir>>,
    base: OsString,
    /// Tells this file from others of its directory: the beginning of a hash of its base name.
    mark: String,
    part: String,
    journal: String,
    /// The directories in which parents were created, relative to the root.
    made_in: Vec<PathBuf>,
}

impl Place {
    pub(super) fn new(root: Arc<Dir>, parent: PathBuf, base: OsString) -> Result<Place, FileError> {
        let mark = blake3::hash(base.as_bytes()).to_hex()[..16].to_owned();
        let (part, journal) = (part_of(&mark), journal_of(&mark));
        let made_in = Vec::new();
        let mut place = Place { root, parent, dir: None, base, mark, part, journal, made_in };
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

    /// Makes the directory, if it is not there, and refuses the final name where a directory, a
    /// device, a pipe or a socket has it: a rename would destroy the last three. A symlink is
    /// replaced, and what it leads to stays.
    pub(super) fn prepare(&mut self) -> Result<(), FileError> {
        if self.dir.is_none() {
            self.create_parents()?;
            self.dir = Some(self.open_dir(&self.parent)?);
        }
        match self.dir()?.symlink_metadata(&self.base) {
            Ok(there) if there.is_file() || there.is_symlink() => Ok(()),
            Ok(_) => Err(FileError::InTheWay),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether this user may create files in the directory. After `prepare`.
    pub(super) fn check_writable(&self) -> Result<(), FileError> {
        let access = Access::WRITE_OK | Access::EXEC_OK;
        let may = rustix::fs::accessat(self.dir()?, ".", access, AtFlags::EACCESS);
        may.map_err(|error| io::Error::from(error).into())
    }

    /// Whether anything has the final name.
    pub(super) fn is_taken(&self) -> Result<bool, FileError> {
        Ok(ours::status(self.dir()?, &*self.base)?.is_some())
    }

    /// Changes the final name; part and journal keep theirs.
    pub(super) fn rename_to(&mut self, base: &str) -> Result<(), FileError> {
        self.base = base.into();
        self.prepare()
    }

    /// Opens the part and locks it; `None` if there is none and none shall be created.
    ///
    /// Where something foreign has one of the two names, it stays as it is, and another pair of
    /// names is used: one of ours that an earlier run has left, or else one that nobody can guess.
    pub(super) fn lock_part(&mut self, create: bool) -> Result<Option<File>, FileError> {
        let Some(dir) = self.dir.clone() else { return Ok(None) };
        match self.lock(&dir, create)? {
            Locked::Ours(part) => return Ok(Some(part)),
            Locked::Nothing => return Ok(None),
            Locked::Foreign => {}
        }
        for stem in self.spare_stems(&dir)? {
            self.use_stem(&stem);
            if let Locked::Ours(part) = self.lock(&dir, false)? {
                return Ok(Some(part));
            }
        }
        for _ in 0..if create { LOCK_TRIES_MAX } else { 0 } {
            self.use_stem(&format!("{}-{}", self.mark, ours::random_hex()?));
            if let Locked::Ours(part) = self.lock(&dir, true)? {
                return Ok(Some(part));
            }
        }
        self.use_stem(&self.mark.clone());
        if create { Err(FileError::Busy) } else { Ok(None) }
    }

    /// What stands between the prefix and the extension of part and journal from here on.
    fn use_stem(&mut self, stem: &str) {
        (self.part, self.journal) = (part_of(stem), journal_of(stem));
    }

    /// The same under the names that are in use now.
    fn lock(&self, dir: &Dir, create: bool) -> Result<Locked, FileError> {
        let journal_is_usable = ours::is_free_or_ours(dir, &self.journal)?;
        let name = &*self.part;
        for _ in 0..LOCK_TRIES_MAX {
            let (part, about) = match ours::find(dir, name)? {
                Found::Ours(part, about) => (part, about),
                Found::Foreign => {
                    if create {
                        // A journal of ours without its part proves nothing.
                        self.remove_journal()?;
                    }
                    return Ok(Locked::Foreign);
                }
                Found::Nothing if !journal_is_usable => return Ok(Locked::Foreign),
                Found::Nothing if !create => return Ok(Locked::Nothing),
                Found::Nothing => match ours::create(dir, name) {
                    Ok(part) => {
                        let about = part.metadata()?;
                        (part, about)
                    }
                    Err(Errno::EXIST) => continue,
                    Err(error) => return Err(error.into()),
                },
            };
            match part.try_lock() {
                Ok(()) => {}
                // Anybody who can open a file can hold its lock for ever.
                Err(TryLockError::WouldBlock) if ours::is_open_to_others(&about) => {
                    return Ok(Locked::Foreign);
                }
                Err(TryLockError::WouldBlock) => return Err(FileError::Busy),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            // Meanwhile another may have finished it: then this is the final file.
            if !is_under(dir, name, &part)? {
                continue;
            }
            match (journal_is_usable, create) {
                (true, _) if ours::is_private(&about) => return Ok(Locked::Ours(part)),
                (true, false) => return Ok(Locked::Nothing),
                (false, false) => return Ok(Locked::Foreign),
                // A second link may be the final name, left by a kill between link and unlink.
                (_, true) => ours::remove(dir, name)?,
            }
        }
        Err(FileError::Busy)
    }

    /// Other stems under which an earlier run has left a part of this file.
    fn spare_stems(&self, dir: &Dir) -> io::Result<Vec<String>> {
        let prefix = format!("{RESERVED_PREFIX}{}-", self.mark);
        let stem = |name: OsString| {
            let name = name.into_string().ok()?;
            name.starts_with(&prefix).then_some(())?;
            Some(name.strip_prefix(RESERVED_PREFIX)?.strip_suffix(".part")?.to_owned())
        };
        let entries = dir.entries()?.take(LOOKED_AT_MAX).filter_map(Result::ok);
        Ok(entries.filter_map(|entry| stem(entry.file_name())).take(LOCK_TRIES_MAX).collect())
    }

    /// Opens the journal of a part that is locked, if it is ours alone.
    pub(super) fn open_journal(&self) -> Result<Option<File>, FileError> {
        match ours::find(self.dir()?, &self.journal)? {
            Found::Ours(journal, about) if ours::is_private(&about) => Ok(Some(journal)),
            _ => Ok(None),
        }
    }

    /// Makes the journal of a part that is locked; `None` where something foreign has its name.
    pub(super) fn create_journal(&self) -> Result<Option<File>, FileError> {
        let dir = self.dir()?;
        ours::remove(dir, &self.journal)?;
        match ours::create(dir, &self.journal) {
            Err(Errno::EXIST) => Ok(None),
            made => Ok(Some(made?)),
        }
    }

    pub(super) fn remove_journal(&self) -> Result<(), FileError> {
        ours::remove(self.dir()?, &self.journal)
    }

    /// Removes the journal after the part has got its name and with it taken the lock away: the
    /// journal that stands there may already be the next transfer's.
    pub(super) fn remove_this_journal(&self, held: &File) {
        if let Some(dir) = &self.dir
            && is_under(dir, &*self.journal, held).unwrap_or(false)
        {
            // If it cannot be removed, the file is there all the same, and it harms nobody.
            let _ = rustix::fs::unlinkat(&**dir, &*self.journal, AtFlags::empty());
        }
    }

    /// Removes the part, unless somebody has put another file under its name.
    pub(super) fn remove_part(&self, held: &File) -> Result<(), FileError> {
        let dir = self.dir()?;
        match is_under(dir, &*self.part, held)? {
            true => ours::remove(dir, &self.part),
            false => Ok(()),
        }
    }

    /// What a journal has to name, so that it speaks of this file and of this part.
    pub(super) fn mark(&self, part: &File) -> io::Result<String> {
        Ok(format!("{}:{:x}", self.mark, part.metadata()?.ino()))
    }

    /// Gives the part its final name, and the owner, mode and access list that belong to it.
    ///
    /// A rename goes by names. Who may rename in the directory can put another file under the name
    /// of the part between the first look and the rename; the second look then finds it.
    ///
    /// # Errors
    /// [`FileError::Moved`] if the part, or then the file, is not under its name.
    pub(super) fn rename(&self, part: &File, overwrite: bool) -> Result<(), FileError> {
        let (dir, base) = (self.dir()?, self.base.as_os_str());
        attributes::adopt(part, dir, base)?;
        if !is_under(dir, &*self.part, part)? {
            return Err(FileError::Moved);
        }
        match overwrite {
            true => rustix::fs::renameat(dir, &*self.part, dir, base)?,
            false => self.rename_to_free(part)?,
        }
        let stands = ours::status(dir, base)?;
        match stands.is_some_and(|there| ours::is_ours(&there)) {
            true => Ok(()),
            false => Err(FileError::Moved),
        }
    }

    fn rename_to_free(&self, part: &File) -> Result<(), FileError> {
        let (dir, name, base) = (self.dir()?, &*self.part, self.base.as_os_str());
        let outcome = match rustix::fs::renameat_with(dir, name, dir, base, RenameFlags::NOREPLACE)
        {
            // A file system or a kernel that does not know the flag.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => self.link(part),
            other => other.map_err(FileError::from),
        };
        match outcome {
            Err(FileError::Exists) if dir.symlink_metadata(base).is_ok_and(|old| old.is_dir()) => {
                Err(FileError::InTheWay)
            }
            other => other,
        }
    }

    /// As a rename to a name that is free, by a second link.
    pub(super) fn link(&self, part: &File) -> Result<(), FileError> {
        link(part, self.dir()?, &self.base)?;
        self.remove_part(part)
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
        let dir = self.dir.as_deref();
        dir.is_some_and(|dir| is_under(dir, &*self.base, file).unwrap_or(false))
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

fn part_of(stem: &str) -> String {
    format!("{RESERVED_PREFIX}{stem}.part")
}

fn journal_of(stem: &str) -> String {
    format!("{RESERVED_PREFIX}{stem}.journal")
}

/// Links an open file, which may have no name at all, to a name.
pub(super) fn link(file: &File, dir: &Dir, name: &OsStr) -> rustix::io::Result<()> {
    match rustix::fs::linkat(file, c"", dir, name, AtFlags::EMPTY_PATH) {
        // Kernels before 6.10 let only root do that; by this way everybody may.
        Err(Errno::NOENT) => {
            let here = format!("/proc/self/fd/{}", file.as_raw_fd());
            rustix::fs::linkat(rustix::fs::CWD, here, dir, name, AtFlags::SYMLINK_FOLLOW)
        }
        linked => linked,
    }
}

fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// Whether the file that stands under a name is the one that is held.
fn is_under(dir: &Dir, name: impl rustix::path::Arg, held: &File) -> Result<bool, FileError> {
    let held = rustix::fs::fstat(held)?;
    let there = ours::status(dir, name)?;
    Ok(there.is_some_and(|there| (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)))
}

/// A directory that is held only as a place (`O_PATH`) has to be opened for reading to be synced.
fn sync(dir: &Dir) -> Result<(), FileError> {
    Ok(dir.open(".")?.sync_all()?)
}
