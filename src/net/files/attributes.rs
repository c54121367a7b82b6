//! Owner, mode and access list of a file that gets its name.
//!
//! Specification: umask(2), acl(5), chown(2).
//!
//! ```text
//!   the name is free              as a new file: umask, or the directory's default ACL
//!   a regular file of ours        its permission bits, its group, its ACL
//!   a file of another user        what the new file and the old one both allow; nothing else of it
//!   a symlink or a special file   as a new file: the link is replaced, not what it leads to
//! ```
//!
//! An unfinished file has mode 0600. The owner is always our user: to take it from the old file
//! would hand the new bytes to whoever created the name first. Set-user-ID, set-group-ID and sticky
//! bits are not kept, as write(2) does not keep them. Other extended attributes describe the old
//! content and are not kept.

use super::{FileError, ours};
use cap_std::fs::Dir;
use rustix::fs::{Gid, Mode, OFlags, Stat, XattrFlags};
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::OnceLock;

/// The extended attribute that holds an access list.
const ACL: &std::ffi::CStr = c"system.posix_acl_access";

/// The longest access list that is copied, in bytes: 8 for each entry and 4.
const ACL_BYTES_MAX: usize = 4096;

const PERMISSIONS: u32 = 0o777;
const GROUP: u32 = 0o070;

/// What a file is to have.
#[derive(Debug, Clone)]
struct Attributes {
    mode: u32,
    group: Option<u32>,
    acl: Option<Vec<u8>>,
}

/// Gives `file` what it has to have under the name `base`.
pub(super) fn adopt(file: &File, dir: &Dir, base: &OsStr) -> Result<(), FileError> {
    let Some(old) = ours::status(dir, base)?.filter(is_regular) else {
        return apply(file, of_new(file, dir)?);
    };
    if ours::is_ours(&old) {
        let old = rustix::fs::openat(dir, base, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?;
        return apply(file, of_ours(&old)?);
    }
    let new = of_new(file, dir)?;
    let mode = new.mode & old.st_mode;
    apply(file, Attributes { mode, ..new })
}

fn is_regular(there: &Stat) -> bool {
    rustix::fs::FileType::from_raw_mode(there.st_mode).is_file()
}

/// Those of a file of ours that is to be replaced, held as a place.
fn of_ours(old: &impl AsFd) -> Result<Attributes, FileError> {
    let about = rustix::fs::fstat(old)?;
    Ok(Attributes { mode: about.st_mode, group: Some(about.st_gid), acl: acl(old) })
}

/// Those of a file that is created in the directory in the ordinary way.
fn of_new(file: &File, dir: &Dir) -> Result<Attributes, FileError> {
    /// As the umask has it, where the directory has no default ACL.
    static PLAIN: OnceLock<u32> = OnceLock::new();
    // A default ACL shows in every file of the directory, and replaces the umask.
    let has_acl = acl(file).is_some();
    if let (false, Some(mode)) = (has_acl, PLAIN.get()) {
        return Ok(Attributes { mode: *mode, group: None, acl: None });
    }
    let probe = probe(dir)?;
    let mode = rustix::fs::fstat(&probe)?.st_mode;
    if !has_acl {
        PLAIN.get_or_init(|| mode);
    }
    Ok(Attributes { mode, group: None, acl: acl(&probe) })
}

/// An empty file, made in the ordinary way, that goes away with its descriptor.
fn probe(dir: &Dir) -> Result<File, FileError> {
    let mode = Mode::from(0o666);
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    if let Ok(file) = rustix::fs::openat(dir, ".", flags | OFlags::TMPFILE, mode) {
        return Ok(file.into());
    }
    let name = ours::random_name()?;
    let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
    let file = rustix::fs::openat(dir, &*name, flags, mode)?;
    ours::remove(dir, &name)?;
    Ok(file.into())
}

fn apply(file: &File, attributes: Attributes) -> Result<(), FileError> {
    let mut mode = attributes.mode & PERMISSIONS;
    let about = rustix::fs::fstat(file)?;
    if let Some(group) = attributes.group.filter(|group| *group != about.st_gid)
        && rustix::fs::fchown(file, None, Some(Gid::from_raw(group))).is_err()
    {
        // We are no member of that group, and what it might do is not for our own group to do.
        mode &= !GROUP;
    }
    let set = match &attributes.acl {
        Some(acl) => rustix::fs::fsetxattr(file, ACL, acl, XattrFlags::empty()),
        None if acl(file).is_some() => rustix::fs::fremovexattr(file, ACL),
        None => Ok(()),
    };
    if set.is_err() {
        mode &= !GROUP;
    }
    Ok(rustix::fs::fchmod(file, Mode::from(mode))?)
}

/// The access list of a file, if it has one beyond its mode. The descriptor may be a mere place.
fn acl(file: &impl AsFd) -> Option<Vec<u8>> {
    let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    let mut list = vec![0; ACL_BYTES_MAX];
    let len = rustix::fs::getxattr(&path, ACL, &mut *list).ok()?;
    list.truncate(len);
    Some(list)
}
