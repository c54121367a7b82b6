//! Which files under a reserved name are ours, in a directory where others may write as well.
//!
//! Specification: `PROTOCOL.md` §7.1; open(2) (`O_NOFOLLOW`, `O_EXCL`), `/proc/sys/fs` (sticky
//! directories).
//!
//! ```text
//!   open(O_NOFOLLOW) ─▶ fstat ─▶ regular, of our effective user ─▶ ours
//!                                anything else ─▶ foreign
//!   ours ─▶ one link, no write permission for group and others ─▶ private
//! ```
//!
//! The names of unfinished files can be guessed. Another user who may write in the directory can
//! create such a name first, with any bytes or as a link to another file. So a file that is found
//! under a reserved name is judged by its descriptor, never by its path, and only a private file is
//! used.

use super::FileError;
use super::source_file::quiet_flags;
use crate::name::RESERVED_PREFIX;
use cap_std::fs::Dir;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;

/// What stands under a reserved name.
#[derive(Debug)]
pub(super) enum Found {
    Nothing,
    /// A regular file of our user, and what fstat says of it.
    Ours(File, Metadata),
    /// Another user's file, or no regular file.
    Foreign,
}

/// Opens what stands under a name for reading and writing, if it is ours.
pub(super) fn find(dir: &Dir, name: &str) -> Result<Found, FileError> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | quiet_flags();
    let file = match rustix::fs::openat(dir, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(Found::Nothing),
        // A symlink, a directory, a socket or device, a file of another user, one that is executed.
        Err(
            Errno::LOOP
            | Errno::ISDIR
            | Errno::NXIO
            | Errno::NODEV
            | Errno::ACCESS
            | Errno::PERM
            | Errno::TXTBSY,
        ) => return Ok(Found::Foreign),
        Err(error) => return Err(error.into()),
    };
    let about = file.metadata()?;
    match about.is_file() && about.uid() == our_user() {
        true => Ok(Found::Ours(file, about)),
        false => Ok(Found::Foreign),
    }
}

/// Makes a file that nobody else can open; an error if anything stands under its name.
pub(super) fn create(dir: &Dir, name: &str) -> rustix::io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(dir, name, flags, Mode::RUSR | Mode::WUSR).map(File::from)
}

/// Whether nobody else can have written into a file of ours, or stand behind another name of it.
pub(super) fn is_private(about: &Metadata) -> bool {
    about.nlink() == 1 && about.mode() & 0o022 == 0
}

/// Whether others may open a file of ours, and hold a lock on it.
pub(super) fn is_open_to_others(about: &Metadata) -> bool {
    about.mode() & 0o077 != 0
}

/// Whether a name is free, or stands for a regular file of ours.
pub(super) fn is_free_or_ours(dir: &Dir, name: &str) -> Result<bool, FileError> {
    Ok(status(dir, name)?.is_none_or(|there| is_ours(&there)))
}

/// Removes a name if it stands for a regular file of ours.
pub(super) fn remove(dir: &Dir, name: &str) -> Result<(), FileError> {
    if status(dir, name)?.is_some_and(|there| is_ours(&there)) {
        match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What stands under a name, not followed; `None` for nothing.
pub(super) fn status(dir: &Dir, name: impl rustix::path::Arg) -> rustix::io::Result<Option<Stat>> {
    match rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(there) => Ok(Some(there)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn is_ours(there: &Stat) -> bool {
    FileType::from_raw_mode(there.st_mode).is_file() && there.st_uid == our_user()
}

fn our_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Eight bytes of chance, in hexadecimal.
pub(super) fn random_hex() -> io::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(crate::digest::hex(&bytes))
}

/// A reserved name that nobody can guess.
pub(super) fn random_name() -> io::Result<String> {
    Ok(format!("{RESERVED_PREFIX}{}", random_hex()?))
}
