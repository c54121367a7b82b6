//! A listing of all regular files beneath a directory, one at a time, in bounded memory.
//!
//! Specification: `PROTOCOL.md` §4.6 and §10.
//!
//! ```text
//!   root/            b  d/  z            stack:  [ z ]            prefix ""
//!   root/d/          a  e/                       [ ]              prefix "d"
//!   root/d/e/        x                           [ x ]            prefix "d/e"
//!   gives  b  d/a  d/e/x  z
//! ```
//!
//! A directory's names are sorted if they fit what may still be held, else they come in the order
//! of the directory, straight from the kernel. Symlinks to directories are not followed, so there
//! are no circles; the length of a name bounds the depth. A descriptor is open only for a directory
//! that is streamed.

use super::source_file::etag;
use crate::error::Error;
use crate::name::{Name, RESERVED_PREFIX};
use cap_std::fs::{Dir, Metadata, MetadataExt as _, ReadDir};
use std::ffi::OsStr;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use std::vec;

/// How much a walk may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The greatest number of names held, over all directories on the way down.
    pub names_held_max: usize,
    /// The greatest length of all of them together, in bytes.
    pub name_bytes_held_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { names_held_max: 65_536, name_bytes_held_max: 4 << 20 }
    }
}

/// A file that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, relative to the root.
    pub name: Name,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: SystemTime,
    /// What this version of it is known by, as [`SourceFile::etag`](super::SourceFile::etag).
    pub etag: Box<str>,
}

/// What a name takes beyond its own bytes, at most, and what an open directory takes, in bytes.
const NAME_BYTES: usize = 48;
const STREAM_BYTES: usize = 33 << 10;

/// A file, or a directory with all that is in it, that cannot be offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotOffered {
    /// Where it is, relative to the root.
    pub path: PathBuf,
    /// The reason, for people: the rule that the name breaks, or the error of the system where a
    /// directory cannot be read or an entry cannot be examined.
    pub why: String,
}

/// What one bounded piece of a walk's work came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A file.
    Entry(Entry),
    /// A file or a directory that cannot be offered; [`NotOffered::why`] has the reason.
    NotOffered(NotOffered),
    /// Nothing to tell; there is more to do.
    More,
    /// That was all.
    End,
}

/// A walk over the regular files of a [`Root`](super::Root).
///
/// As an iterator it passes over names that break the grammar and over directories that cannot be
/// read. Reserved names, and what is neither a regular file nor a directory, are passed over
/// always.
#[derive(Debug)]
pub struct Walk {
    at: Position,
    limits: Limits,
    names_held: usize,
    name_bytes_held: usize,
    /// What became of reading the root, to be told first.
    first: Step,
}

#[derive(Debug)]
enum Position {
    Single(Option<Entry>),
    Within(Arc<Dir>, Vec<Level>),
}

/// A directory on the way down.
#[derive(Debug)]
struct Level {
    prefix: String,
    names: Names,
}

#[derive(Debug)]
enum Names {
    Sorted(vec::IntoIter<Box<OsStr>>),
    Streamed(ReadDir),
}

impl Walk {
    pub(super) fn new(root: Arc<Dir>, limits: Limits) -> Walk {
        let at = Position::Within(root, Vec::new());
        let mut walk = Walk { at, limits, names_held: 0, name_bytes_held: 0, first: Step::More };
        walk.first = walk.descend(String::new());
        walk
    }

    pub(super) fn single(entry: Option<Entry>) -> Walk {
        let at = Position::Single(entry);
        Walk { at, limits: Limits::default(), names_held: 0, name_bytes_held: 0, first: Step::More }
    }

    /// One name's worth of work, or the reading of one directory: for callers that must not be
    /// away for long.
    pub fn step(&mut self) -> Step {
        if self.first != Step::More {
            return mem::replace(&mut self.first, Step::More);
        }
        let level = match &mut self.at {
            Position::Single(entry) => return entry.take().map_or(Step::End, Step::Entry),
            Position::Within(_, stack) => match stack.last_mut() {
                Some(level) => level,
                None => return Step::End,
            },
        };
        let name = match &mut level.names {
            Names::Sorted(names) => names.next().inspect(|name| {
                self.names_held -= 1;
                self.name_bytes_held -= name.len();
            }),
            Names::Streamed(entries) => match entries.next() {
                Some(Ok(entry)) => Some(entry.file_name().into()),
                Some(Err(error)) => {
                    let step = unreadable(&level.prefix, &error);
                    self.ascend();
                    return step;
                }
                None => None,
            },
        };
        let Some(name) = name else {
            self.ascend();
            return Step::More;
        };
        match name.to_str() {
            Some(text) => {
                let path = join(&level.prefix, text);
                self.visit(path)
            }
            None => {
                let path = Path::new(&level.prefix).join(&*name);
                self.pass_over(path, "a name is UTF-8".to_owned())
            }
        }
    }

    /// Memory that it holds, in bytes.
    pub fn memory(&self) -> usize {
        let Position::Within(_, levels) = &self.at else { return 0 };
        let level = |level: &Level| match &level.names {
            Names::Sorted(names) => level.prefix.len() + names.as_slice().len() * NAME_BYTES,
            Names::Streamed(_) => level.prefix.len() + STREAM_BYTES,
        };
        self.name_bytes_held + levels.iter().map(level).sum::<usize>()
    }

    /// Names and bytes of names that are held.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        (self.names_held, self.name_bytes_held)
    }

    /// Looks at one thing in the current directory.
    fn visit(&mut self, path: String) -> Step {
        let Position::Within(root, _) = &self.at else { return Step::End };
        let name = match Name::new(&path) {
            Ok(name) => name,
            Err(error) => return self.pass_over(path.into(), rule(&error)),
        };
        let metadata = match root.symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => root.metadata(&path),
            Ok(metadata) if metadata.is_dir() => return self.descend(path),
            Err(error) => return unreadable(&path, &error),
            other => other,
        };
        match metadata.ok().and_then(|metadata| entry(name, &metadata)) {
            Some(entry) => Step::Entry(entry),
            None => Step::More,
        }
    }

    /// What has a name that breaks the grammar: is it one that somebody would miss?
    fn pass_over(&self, path: PathBuf, why: String) -> Step {
        let Position::Within(root, _) = &self.at else { return Step::End };
        let base = path.file_name().unwrap_or_default().as_encoded_bytes();
        let is_ours = base.starts_with(RESERVED_PREFIX.as_bytes());
        let is_file_or_dir = |found: Metadata| found.is_file() || found.is_dir();
        match root.metadata(&path).is_ok_and(is_file_or_dir) && !is_ours {
            true => Step::NotOffered(NotOffered { path, why }),
            false => Step::More,
        }
    }

    /// Goes into a directory, or says that it cannot be read.
    fn descend(&mut self, prefix: String) -> Step {
        let Position::Within(root, _) = &self.at else { return Step::End };
        let names = match self.sorted(root, &prefix) {
            Some(names) => Names::Sorted(names.into_iter()),
            None => match read(root, &prefix) {
                Ok(entries) => Names::Streamed(entries),
                Err(error) => return unreadable(&prefix, &error),
            },
        };
        if let Names::Sorted(names) = &names {
            self.names_held += names.len();
            self.name_bytes_held += names.as_slice().iter().map(|name| name.len()).sum::<usize>();
        }
        if let Position::Within(_, stack) = &mut self.at {
            stack.push(Level { prefix, names });
        }
        Step::More
    }

    fn ascend(&mut self) {
        if let Position::Within(_, stack) = &mut self.at {
            stack.pop();
        }
    }

    /// The sorted names of a directory, unless they are too many for what may still be held.
    fn sorted(&self, root: &Dir, prefix: &str) -> Option<Vec<Box<OsStr>>> {
        let mut names: Vec<Box<OsStr>> = Vec::new();
        let mut bytes = self.name_bytes_held;
        for entry in read(root, prefix).ok()? {
            let name = entry.ok()?.file_name();
            bytes += name.len();
            let count = self.names_held + names.len();
            if count >= self.limits.names_held_max || bytes > self.limits.name_bytes_held_max {
                return None;
            }
            names.push(name.into());
        }
        names.sort_unstable();
        Some(names)
    }
}

impl Iterator for Walk {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            match self.step() {
                Step::Entry(entry) => return Some(entry),
                Step::More | Step::NotOffered(_) => {}
                Step::End => return None,
            }
        }
    }
}

/// What a name has to be like, where this error was found in it.
fn rule(error: &Error) -> String {
    match error {
        Error::TooLarge { max, .. } => format!("a name has at most {max} bytes"),
        Error::Malformed { rule, .. } => format!("a name has {rule}"),
        error => error.reason(),
    }
}

fn read(root: &Dir, prefix: &str) -> io::Result<ReadDir> {
    if prefix.is_empty() { root.entries() } else { root.read_dir(prefix) }
}

/// What cannot be read is not offered, unless it was removed or replaced meanwhile.
fn unreadable(path: &str, error: &io::Error) -> Step {
    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
        return Step::More;
    }
    let path = if path.is_empty() { "." } else { path };
    Step::NotOffered(NotOffered { path: path.into(), why: format!("cannot be read: {error}") })
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") }
}

fn entry(name: Name, metadata: &Metadata) -> Option<Entry> {
    let modified = metadata.modified().ok()?.into_std();
    let size = metadata.len();
    let times =
        [(metadata.mtime(), metadata.mtime_nsec()), (metadata.ctime(), metadata.ctime_nsec())];
    metadata.is_file().then(|| Entry {
        name,
        size,
        modified,
        etag: etag(size, times[0], times[1], metadata.ino()),
    })
}
