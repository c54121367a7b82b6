//! The grammar of the file names that a peer may use.
//!
//! Specification: `PROTOCOL.md` §10.
//!
//! ```text
//!   name    = segment *( "/" segment )     at most 1,024 bytes
//!   segment = 1*255 bytes, not "." or "..", no NUL, "\", control characters
//! ```
//!
//! A [`Name`] has been checked, and only a [`Name`] is joined to a path. This is one of two
//! protections. The other is that files are opened relative to a descriptor of the root directory.

mod safe;

pub(crate) use safe::percent_decode;
pub use safe::{Distinct, SAFE_BYTES_MAX, from_url_path, safe, safe_path};

use crate::error::Error;
use crate::text::PeerText;
use std::fmt;

const SECTION: &str = "PROTOCOL §10";

/// The prefix of the names of unfinished files and their journals. No name with it is served or
/// accepted.
pub const RESERVED_PREFIX: &str = ".wirewright-";

/// The greatest length of a name in bytes.
pub const NAME_BYTES_MAX: usize = 1024;

/// The greatest length of a segment in bytes.
pub const SEGMENT_BYTES_MAX: usize = 255;

/// A relative file name, `/`-separated, that conforms to the grammar. The grammar forbids control
/// characters. It allows characters that change the direction of writing and the like, which
/// `Display` escapes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>);

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the broken rule and the offset in the name; [`Error::TooLarge`]
    /// for more than [`NAME_BYTES_MAX`] or [`SEGMENT_BYTES_MAX`].
    pub fn new(text: &str) -> Result<Name, Error> {
        if text.len() > NAME_BYTES_MAX {
            return Err(too_large("name_bytes_max", NAME_BYTES_MAX));
        }
        let mut offset = 0;
        for segment in text.split('/') {
            check_segment(segment, offset)?;
            offset += segment.len() + 1;
        }
        Ok(Name(text.into()))
    }

    /// Checks a name that may have only one segment, as in the classic protocol.
    ///
    /// # Errors
    /// Those of [`Name::new`], and [`Error::Malformed`] if the name has a `/`.
    pub fn single(text: &str) -> Result<Name, Error> {
        match text.find('/') {
            Some(at) => Err(malformed("the name has only one segment", at)),
            None => Name::new(text),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn base(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The segments before the last one; `None` if there is only one.
    pub fn parent(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(parent, _)| parent)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PeerText::from(self.as_str()).fmt(f)
    }
}

fn check_segment(segment: &str, offset: usize) -> Result<(), Error> {
    if segment.is_empty() {
        return Err(malformed("a name does not begin or end with / or contain //", offset));
    }
    if segment == "." || segment == ".." {
        return Err(malformed("the segments . and .. are not allowed", offset));
    }
    if segment.len() > SEGMENT_BYTES_MAX {
        return Err(too_large("segment_bytes_max", SEGMENT_BYTES_MAX));
    }
    if segment.starts_with(RESERVED_PREFIX) {
        return Err(malformed("names of unfinished files are reserved", offset));
    }
    match segment.find(|c: char| c.is_control() || c == '\\') {
        Some(at) => Err(malformed("no control character and no backslash", offset + at)),
        None => Ok(()),
    }
}

fn malformed(rule: &'static str, offset: usize) -> Error {
    Error::malformed(rule, offset as u64, SECTION)
}

fn too_large(limit: &'static str, max: usize) -> Error {
    Error::TooLarge { limit, max: max as u64, offset: max as u64, section: SECTION }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammar() {
        let long = "x".repeat(255);
        for good in
            ["a", "a b", "é/ü", "..a", "a..", "...", "汇总数据.xlsx", "-", "~", "a/b/c", &long]
        {
            assert_eq!(Name::new(good).map(|n| n.as_str().to_owned()), Ok(good.to_owned()));
        }
        let too_long = "x".repeat(256);
        for (bad, offset) in [
            ("", 0),
            ("/", 0),
            ("/a", 0),
            ("a/", 2),
            ("a//b", 2),
            (".", 0),
            ("..", 0),
            ("../x", 0),
            ("a/../b", 2),
            ("a/.", 2),
            ("a\\b", 1),
            ("a\0", 1),
            ("é\n", 2),
            ("a/\u{85}", 2),
            (".wirewright-1.part", 0),
            ("d/.wirewright-x", 2),
            (&too_long, 255),
        ] {
            assert_eq!(Name::new(bad).unwrap_err().offset(), Some(offset), "{bad:?}");
        }
    }

    #[test]
    fn whole_length() {
        let of = |len: usize| "ab/".repeat(len / 3) + &"c".repeat(len % 3);
        assert!(Name::new(&of(1022)).is_ok());
        assert!(Name::new(&(of(1022) + "cc")).is_ok());
        assert!(Name::new(&(of(1022) + "ccc")).is_err());
    }

    #[test]
    fn single_has_no_directories() {
        assert!(Name::single("guido.jpg").is_ok());
        assert_eq!(Name::single("a/b").unwrap_err().offset(), Some(1));
    }

    #[test]
    fn parts() {
        let name = Name::new("a/b/c.txt").unwrap();
        assert_eq!((name.parent(), name.base()), (Some("a/b"), "c.txt"));
        assert_eq!(Name::new("c").unwrap().parent(), None);
    }
}
