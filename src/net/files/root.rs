//! The root: the directory, or the one file, that a peer may name things beneath.
//!
//! Specification: `PROTOCOL.md` §10; the second of its two walls.
//!
//! ```text
//!   Root::open("/srv/pub")         Name "a/b.txt"  →  openat2(root, "a/b.txt", BENEATH)
//!   Root::open("/srv/guido.jpg")   Name "guido.jpg" and no other
//! ```
//!
//! A path is only ever resolved by the kernel and beneath the root's descriptor, so a symlink that
//! is swapped in at the last moment leads nowhere outside. What is not a regular file is not there.

use super::place::Place;
use super::source_file::quiet_flags;
use super::walk::{Entry, Limits, Walk};
use super::{ExistingFile, FileError, Partial, SourceFile};
use crate::name::{Name, RESERVED_PREFIX};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// How many names of a directory are looked at before leftovers are taken to be there.
const LOOKED_AT_MAX: usize = 10_000;

/// A directory, or one single file that is served under its base name. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Root(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Directory(Arc<Dir>),
    /// The directory and the base name of the file behind any symlinks, and the name it is given.
    Single(Arc<Dir>, OsString, Name),
}

impl Root {
    /// Opens a directory, or one file; symlinks in `path` itself are followed, its user chose it.
    ///
    /// # Errors
    /// Those of the file system; `InvalidInput` if `path` is neither a directory nor a regular
    /// file, or is a file whose base name breaks the grammar of names, or that does not end where
    /// its size says.
    pub fn open(path: &Path) -> io::Result<Root> {
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            let dir = Dir::open_ambient_dir(path, ambient_authority())?;
            return Ok(Root(Kind::Directory(Arc::new(dir))));
        }
        if !metadata.is_file() {
            return Err(invalid("neither a directory nor a regular file"));
        }
        let base = path.file_name().and_then(|base| base.to_str());
        let name = base.and_then(|base| Name::single(base).ok());
        let name = name.ok_or_else(|| invalid("a file of this name cannot be served"))?;
        let real = std::fs::canonicalize(path)?;
        let (Some(parent), Some(base)) = (real.parent(), real.file_name()) else {
            return Err(invalid("not the path of a file"));
        };
        let dir = Dir::open_ambient_dir(parent, ambient_authority())?;
        let root = Root(Kind::Single(Arc::new(dir), base.to_owned(), name.clone()));
        match root.source(&name)?.check_size() {
            Ok(()) | Err(FileError::Changed) => Ok(root),
            Err(error) => Err(error.into()),
        }
    }

    /// The name of the single file, if the root is one.
    pub fn single_name(&self) -> Option<&Name> {
        match &self.0 {
            Kind::Directory(_) => None,
            Kind::Single(_, _, name) => Some(name),
        }
    }

    /// Opens a regular file for reading, without waiting for anybody.
    ///
    /// # Errors
    /// [`FileError::NotFound`] for all that is no regular file beneath the root: directories,
    /// devices, FIFOs, sockets, and symlinks that lead out of it.
    pub fn source(&self, name: &Name) -> Result<SourceFile, FileError> {
        let (dir, path) = self.resolve(name).ok_or(FileError::NotFound)?;
        // Asked first, because opening alone does things to some devices.
        if !dir.metadata(path)?.is_file() {
            return Err(FileError::NotFound);
        }
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(quiet_flags().bits().cast_signed());
        SourceFile::from_file(dir.open_with(path, &options)?.into_std())
    }

    /// Lists all regular files of the root, in bounded memory.
    pub fn walk(&self) -> Walk {
        self.walk_within(Limits::default())
    }

    /// Lists all regular files of the root within limits of the caller's.
    pub fn walk_within(&self, limits: Limits) -> Walk {
        match &self.0 {
            Kind::Directory(dir) => Walk::new(Arc::clone(dir), limits),
            Kind::Single(_, _, name) => Walk::single(self.source(name).ok().map(|source| Entry {
                name: name.clone(),
                size: source.size(),
                modified: source.modified(),
                etag: source.etag().into(),
            })),
        }
    }

    /// Whether anything stands under that name, be it a file, a directory or a dangling symlink.
    pub fn exists(&self, name: &Name) -> bool {
        self.resolve(name).is_some_and(|(dir, path)| dir.symlink_metadata(path).is_ok())
    }

    /// The regular file that stands under a name itself, not behind a symlink.
    ///
    /// # Errors
    /// [`FileError::Exists`] if anything else has the name, [`FileError::InTheWay`] if something
    /// else stands where one of its directories belongs, and those of opening it.
    pub fn existing(&self, name: &Name) -> Result<ExistingFile, FileError> {
        ExistingFile::new(self.place(name)?, self.source(name))
    }

    /// Looks for what is left over of an unfinished file of that name. Creates nothing.
    ///
    /// # Errors
    /// [`FileError::ReadOnly`] if the root is a single file, [`FileError::Busy`] if another
    /// transfer is writing that file, [`FileError::NotFound`] if the name leads out of the root.
    pub fn partial(&self, name: &Name) -> Result<Partial, FileError> {
        Partial::look(self.place(name)?)
    }

    /// The same without looking: where [`has_leftovers`](Root::has_leftovers) has said that there
    /// is nothing.
    ///
    /// # Errors
    /// Those of [`Root::partial`].
    pub fn new_partial(&self, name: &Name) -> Result<Partial, FileError> {
        Ok(Partial::new(self.place(name)?))
    }

    /// Whether something may be left over of unfinished files in the directory itself. One look at
    /// all its names instead of one for each file that shall come; where there are very many the
    /// answer is yes.
    pub fn has_leftovers(&self) -> bool {
        let Kind::Directory(dir) = &self.0 else { return false };
        let Ok(entries) = dir.entries() else { return true };
        for (count, entry) in entries.enumerate() {
            let is_one = |entry: &cap_std::fs::DirEntry| {
                entry.file_name().as_bytes().starts_with(RESERVED_PREFIX.as_bytes())
            };
            if count == LOOKED_AT_MAX || entry.as_ref().map_or(true, is_one) {
                return true;
            }
        }
        false
    }

    /// Where a file of that name will stand.
    pub(super) fn place(&self, name: &Name) -> Result<Place, FileError> {
        match &self.0 {
            Kind::Single(..) => Err(FileError::ReadOnly),
            Kind::Directory(dir) => {
                let parent = name.parent().unwrap_or_default();
                Place::new(Arc::clone(dir), parent.into(), name.base().into())
            }
        }
    }

    /// The directory and the path in it that a name means, if it can mean anything.
    fn resolve<'a>(&'a self, name: &'a Name) -> Option<(&'a Dir, &'a Path)> {
        match &self.0 {
            Kind::Directory(dir) => Some((dir, name.as_str().as_ref())),
            Kind::Single(dir, base, only) => (only == name).then_some((dir, base.as_ref())),
        }
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
