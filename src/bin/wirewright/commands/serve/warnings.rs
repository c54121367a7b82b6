//! Warnings at the start of a server.

use crate::say_line;
use rustix::fs::{Access, AtFlags, CWD, FsWord, PROC_SUPER_MAGIC, StatFs, accessat, statfs};
use std::path::Path;
use wirewright::net::files::Root;
use wirewright::text::in_short;

/// The type of the file system of `/sys`: statfs(2), `SYSFS_MAGIC`.
const SYSFS_MAGIC: FsWord = 0x6265_6572;

/// Warns if `--writable` has no effect.
pub fn say_unwritable(path: &Path, root: &Root) {
    let shown = path.display();
    if root.single_name().is_some() {
        return say_line(&format!(
            "warning: {shown}: --writable has no effect: it is a file, and files are stored in a \
             directory"
        ));
    }
    let access = Access::WRITE_OK | Access::EXEC_OK;
    if let Err(error) = accessat(CWD, path, access, AtFlags::EACCESS) {
        let why = in_short(&error.into());
        say_line(&format!("warning: {shown}: --writable has no effect: {why}"));
    }
}

/// Warns that files in /proc and /sys will be refused, because their sizes are not their lengths.
pub fn say_false_sizes(path: &Path) {
    let is_false = |about: StatFs| matches!(about.f_type, PROC_SUPER_MAGIC | SYSFS_MAGIC);
    if statfs(path).is_ok_and(is_false) {
        say_line(&format!(
            "warning: {}: the sizes of files in /proc and /sys are false: these files are listed, \
             and a get of one is refused; copy them to a regular directory",
            path.display()
        ));
    }
}
