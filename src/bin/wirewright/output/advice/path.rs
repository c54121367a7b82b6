//! The fault of a path, where a check finds more than the error of the system tells.
//!
//! ```text
//!   above it      a directory is missing, or something else has its name
//!   the path      it is a directory, or not a regular file; it ends in `/`, and a file has that
//!                 name; a symbolic link that leads nowhere
//!   below ROOT    a symbolic link that leads out of ROOT, which is not followed
//! ```

use std::io::{Error, ErrorKind as Io};
use std::path::Path;

/// The kind that the advice goes by, and the words. `root` is the directory that nothing leaves,
/// where there is one. `None` where the words of the system stay.
pub fn fault(path: &Path, root: Option<&Path>, writes: bool, io: Io) -> Option<(Io, String)> {
    if !matches!(io, Io::NotFound | Io::AlreadyExists | Io::IsADirectory) {
        return None;
    }
    if let Some(what) = root.filter(|_| writes).and_then(|root| outward(path, root)) {
        return Some((Io::NotADirectory, what));
    }
    above(path, writes).or_else(|| at(path, writes, io)).or_else(|| {
        // The kernel refused it, and the directories above are there.
        (writes && io == Io::NotFound).then(|| (Io::NotADirectory, refused(path, root)))
    })
}

/// The symbolic link below the root that leads out of it, whatever is missing behind it.
fn outward(path: &Path, root: &Path) -> Option<String> {
    let real = root.canonicalize().ok()?;
    let below = path.ancestors().skip(1).take_while(|above| *above != root);
    let leads_out = |above: &&Path| {
        above.strip_prefix(root).is_ok()
            && above.symlink_metadata().is_ok_and(|about| about.is_symlink())
            && above.canonicalize().is_ok_and(|to| !to.starts_with(&real))
    };
    below.into_iter().find(leads_out).map(|link| not_followed(link, root))
}

fn not_followed(link: &Path, root: &Path) -> String {
    let (link, root) = (link.display(), root.display());
    format!("{link} is a symbolic link that leads out of {root}, so it is not followed")
}

/// What is wrong above it, from the beginning of the path on.
fn above(path: &Path, writes: bool) -> Option<(Io, String)> {
    let above: Vec<&Path> = path.ancestors().skip(1).collect();
    let named = above.into_iter().rev().filter(|above| !above.as_os_str().is_empty());
    for above in named {
        match std::fs::metadata(above) {
            Ok(about) if about.is_dir() => {}
            Ok(_) => return Some((Io::NotADirectory, not_a_directory(above))),
            Err(error) => {
                let link = link(above, &error).map(|leads| {
                    (Io::NotADirectory, format!("{} is a symbolic link {leads}", above.display()))
                });
                let absent = || {
                    let what = format!("the directory {} does not exist", above.display());
                    (writes && error.kind() == Io::NotFound).then_some((Io::NotFound, what))
                };
                return link.or_else(absent);
            }
        }
    }
    None
}

/// What is wrong with the path itself.
fn at(path: &Path, writes: bool, io: Io) -> Option<(Io, String)> {
    let file = path.components().as_path();
    let is_directory_meant = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if io == Io::IsADirectory && !is_directory_meant {
        let kind = std::fs::symlink_metadata(file).ok()?.file_type();
        let what = if kind.is_dir() { "it is a directory" } else { "it is not a regular file" };
        return (!kind.is_file() && !kind.is_symlink()).then(|| (io, what.to_owned()));
    }
    match std::fs::metadata(file) {
        Ok(about) if is_directory_meant && !about.is_dir() => {
            Some((Io::NotADirectory, not_a_directory(file)))
        }
        // A link that leads nowhere is replaced where a file is written.
        Err(error) if !writes || is_directory_meant => {
            let leads = link(file, &error)?;
            Some((Io::NotFound, format!("it is a symbolic link {leads}")))
        }
        _ => None,
    }
}

/// Why nothing can be created there.
fn refused(path: &Path, root: Option<&Path>) -> String {
    let is_below = |above: &&Path| root.is_some_and(|root| above.strip_prefix(root).is_ok());
    let is_link = |above: &&Path| above.symlink_metadata().is_ok_and(|about| about.is_symlink());
    let mut above = path.ancestors().skip(1).take_while(is_below);
    match (above.find(is_link), root) {
        // A root that is a link itself was followed.
        (Some(link), Some(root)) if link != root => not_followed(link, root),
        _ => "no file can be created there".to_owned(),
    }
}

fn not_a_directory(path: &Path) -> String {
    format!("{} is not a directory", path.display())
}

/// Where a symbolic link leads that cannot be followed.
fn link(path: &Path, why: &Error) -> Option<&'static str> {
    let is_link = path.symlink_metadata().is_ok_and(|about| about.is_symlink());
    match why.kind() {
        Io::NotFound if is_link => Some("that leads nowhere"),
        // The kind of ELOOP has no stable name.
        _ if is_link && why.raw_os_error() == Some(LOOP) => Some("that leads to itself"),
        _ => None,
    }
}

/// ELOOP.
const LOOP: i32 = rustix::io::Errno::LOOP.raw_os_error();
