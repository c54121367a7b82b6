//! Where a finished file came from, remembered with the file itself.
//!
//! Specification: xattr(7), RFC 9110 §5.6.7 (HTTP-date), §8.8.
//!
//! ```text
//!   modification time            Last-Modified, in whole seconds
//!   user.wirewright.source       which URL, and the entity tag of the response
//! ```
//!
//! A later run can so ask whether the file has changed. A file that somebody has written to since
//! has another modification time, with a fraction of a second, and is not asked about. Where the
//! file system keeps no attributes nothing is remembered, and the file is fetched again.

use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use rustix::fs::XattrFlags;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const NAME: &str = "user.wirewright.source";

/// The longest text that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 512;

/// What is remembered of a finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// When it was last modified at its source, in whole seconds.
    pub modified: SystemTime,
    /// What identifies its source and its version, for whoever writes it.
    pub text: String,
}

impl Provenance {
    /// What is known of the file at a path; `None` where that is nothing, or where it was written
    /// to since.
    pub fn of(path: &Path) -> Option<Provenance> {
        let meta = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let modified = meta.modified().ok()?;
        let age = modified.duration_since(UNIX_EPOCH).ok()?;
        let mut text = vec![0; TEXT_BYTES_MAX];
        let len = rustix::fs::lgetxattr(path, NAME, &mut text[..]).ok()?;
        text.truncate(len);
        let text = String::from_utf8(text).ok()?;
        (age.subsec_nanos() == 0).then_some(Provenance { modified, text })
    }

    /// Remembers it with a file that is whole. Where that fails the file is fetched again one day.
    pub(super) fn keep(&self, file: &File) {
        if self.text.len() <= TEXT_BYTES_MAX {
            let _ = rustix::fs::fsetxattr(file, NAME, self.text.as_bytes(), XattrFlags::empty());
            let _ = file.set_modified(self.modified);
        }
    }
}

/// Reads an HTTP-date in its preferred form.
pub fn parse_http_date(text: &str) -> Option<SystemTime> {
    let date = text.strip_suffix("GMT")?;
    let timestamp = DateTimeParser::new().parse_timestamp(format!("{date}+0000")).ok()?;
    let seconds = u64::try_from(timestamp.as_second()).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Writes an HTTP-date.
pub fn http_date(time: SystemTime) -> Option<String> {
    let timestamp = Timestamp::try_from(time).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&timestamp).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let text = "Sun, 06 Nov 1994 08:49:37 GMT";
        let time = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(parse_http_date(text), Some(time));
        assert_eq!(http_date(time).as_deref(), Some(text));
        for text in ["", "yesterday", "Sun, 06 Nov 1994 08:49:37", "784111777"] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_remembered_until_somebody_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "x").unwrap();
        assert_eq!(Provenance::of(&path), None);
        let modified = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let known = Provenance { modified, text: "a \"v1\"".to_owned() };
        known.keep(&File::options().write(true).open(&path).unwrap());
        // A file system without attributes remembers nothing.
        let found = Provenance::of(&path);
        assert!(found.is_none() || found == Some(known));
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(modified + Duration::from_nanos(1)).unwrap();
        assert_eq!(Provenance::of(&path), None);
    }
}
