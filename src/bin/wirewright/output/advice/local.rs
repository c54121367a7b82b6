//! Errors of local files: which path is at fault, and what to do about it.

use super::{Advice, Verb, path};
use crate::Failure;
use std::io::ErrorKind as Io;
use std::path::Path;
use wirewright::net;
use wirewright::net::files::FileError;
use wirewright::net::transport::endpoint::descriptors_max;
use wirewright::text::escape;
use wirewright::transfer::Code;

/// What to do about a device that takes no more.
const DEVICE: &str = "that device takes no more bytes; write to another place";

/// What to do about a local file. `is_kept`: the same command goes on with what is there of it.
pub fn advice(verb: Verb, code: &str, io: Option<Io>, is_kept: bool) -> Option<&'static str> {
    let (reads, writes) = (verb.reads(), verb.writes());
    Some(match (Code::of(code), io) {
        (_, Some(Io::PermissionDenied)) if writes => "check that this user may write there",
        (_, Some(Io::PermissionDenied)) => "check that this user may read it",
        (_, Some(Io::QuotaExceeded)) => "allow more open files with ulimit -n",
        (_, Some(Io::FileTooLarge)) if is_kept => {
            "raise the limit with ulimit -f, and run the same command again to go on; or use \
             another file system"
        }
        (_, Some(Io::FileTooLarge)) => "raise the limit with ulimit -f, or use another file system",
        (_, Some(Io::InvalidData)) if reads => "copy it to a regular file, and give the copy",
        (_, Some(Io::InvalidInput)) if reads => "give a regular file",
        (_, Some(Io::NotADirectory)) if writes => "give another path with -o",
        (_, Some(Io::NotADirectory)) if reads => "check the path",
        (Some(Code::NotFound), _) if reads => "check the path",
        (Some(Code::NotFound), _) if writes => "create it first",
        (Some(Code::Exists), Some(Io::AlreadyExists)) if verb == Verb::Classic => {
            "use --overwrite to replace it, or give another path with -o"
        }
        (Some(Code::Exists), Some(Io::IsADirectory)) if verb == Verb::Download => {
            "choose another directory with -o"
        }
        (Some(Code::Exists), _) if verb == Verb::Download => {
            "choose another directory with -o, or replace files with --overwrite"
        }
        (Some(Code::Exists), _) if reads => "give a regular file",
        (Some(Code::Exists | Code::ReadOnly), _) if writes => "give another path with -o",
        (Some(Code::BadName), _) if verb == Verb::Download => {
            "fetch it with wirewright http -o FILE"
        }
        (Some(Code::BadName), _) if writes => "give another name with -o",
        (Some(Code::Busy), _) => "wait until the other transfer of that file has ended",
        (Some(Code::NoSpace), _) if is_kept => {
            "free some space there, and run the same command again to go on"
        }
        (Some(Code::NoSpace), _) => "free some space there",
        (Some(Code::Changed), _) => "try again when nothing writes to it any more",
        _ => return None,
    })
}

/// The one line about a local file, which the path names and not the server. `more` stands behind
/// the words of the error.
pub fn local_failure(
    verb: Verb,
    path: &Path,
    why: &net::Failure,
    more: &str,
    is_kept: bool,
) -> Failure {
    local_failure_below(verb, None, path, why, more, is_kept)
}

/// The same for a file below a directory that nothing leaves.
pub fn local_failure_below(
    verb: Verb,
    root: Option<&Path>,
    path: &Path,
    why: &net::Failure,
    more: &str,
    is_kept: bool,
) -> Failure {
    let mut why = why.clone();
    let mut words = why.text.to_string();
    if let Some(io) = why.io
        && let Some((kind, what)) = path::fault(path, root, verb.writes(), io)
    {
        (why.io, words) = (Some(kind), what);
    }
    let hint: Option<Advice> = match why.io {
        Some(Io::StorageFull) if is_device(path) => Some(DEVICE.into()),
        _ => super::advice(verb, &why, is_kept),
    };
    Failure::advised(escape(&path.to_string_lossy()), words + more, hint).with_code(&why.code)
}

/// The same for an error of the system.
pub fn failed_file(verb: Verb, path: &Path, error: impl Into<FileError>) -> Failure {
    local_failure(verb, path, &net::Failure::from(&error.into()), "", false)
}

/// No descriptor is left, which is the fault of neither a path nor the other side.
pub fn of_descriptors(verb: Verb, why: &net::Failure) -> Option<Failure> {
    let max = (why.io == Some(Io::QuotaExceeded)).then(descriptors_max)?;
    let what = format!("a limit of {max} (ulimit -n) is too low: {}", why.text.short());
    let hint: Option<Advice> = super::advice(verb, why, false);
    Some(Failure::advised("descriptors", what, hint).with_code(&why.code))
}

/// Whether output goes to a device, of which no space can be freed.
pub fn is_device(path: &Path) -> bool {
    let path = if path.as_os_str() == "-" { Path::new("/proc/self/fd/1") } else { path };
    std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}
