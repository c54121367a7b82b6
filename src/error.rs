//! The error of the protocol modules, which do no I/O.
//!
//! An error says which side is at fault, and at which byte. It is a small value with `PartialEq`: a
//! machine returns the same error for ever, and a test compares two runs over the same bytes.
//! Errors of the operating system belong to `net`, which has an error type of its own.

use crate::text::{PeerText, escape};
use std::borrow::Cow;
use std::fmt;

/// Why a session or a codec stopped.
///
/// A session or codec that returned an error returns the same error on every later call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The peer broke a rule of the protocol.
    Malformed {
        /// The rule that was broken, as a phrase for people. Text of the peer in it is escaped.
        rule: Cow<'static, str>,
        /// Offset of the first byte that breaks the rule, in bytes from the beginning of the
        /// stream.
        offset: u64,
        /// The section of the specification that states the rule.
        section: &'static str,
    },
    /// A limit was exceeded.
    TooLarge {
        /// The name of the limit. A limit of this crate is a field of the `Limits` of its module
        /// and ends in `_max`. A limit that the specification sets has another ending, or cites
        /// `PROTOCOL.md`.
        limit: &'static str,
        /// The value of the limit, in the unit that its name tells.
        max: u64,
        /// Offset of the byte that exceeded the limit, in bytes from the beginning of the stream.
        offset: u64,
        /// The section of the specification that sets the limit or allows one; empty if there is
        /// none.
        section: &'static str,
    },
    /// The peer sent something well-formed that the current state does not allow.
    Unexpected {
        /// What was expected instead, as a phrase for people.
        expected: &'static str,
        /// Offset of what was not expected, in bytes from the beginning of the stream.
        offset: u64,
        /// The section of the specification that states what is expected.
        section: &'static str,
    },
    /// The stream ended too early.
    Incomplete {
        /// What was expected next, as a phrase for people.
        expected: &'static str,
        /// Length of the stream in bytes.
        offset: u64,
        /// The section of the specification that requires it.
        section: &'static str,
    },
    /// The peer refused the request, or reported that it failed.
    Refused {
        /// The code of the peer's answer: a code of `PROTOCOL.md` §9, a reply code of SMTP, or a
        /// word of this crate that the module documents.
        code: PeerText<'static>,
        /// The explanation, for people.
        text: PeerText<'static>,
    },
    /// The caller called a method that the current state does not allow, or with a wrong argument.
    Misuse(&'static str),
}

impl Error {
    /// [`Error::Malformed`] with a fixed rule.
    pub(crate) fn malformed(rule: &'static str, offset: u64, section: &'static str) -> Error {
        Error::Malformed { rule: Cow::Borrowed(rule), offset, section }
    }

    /// [`Error::TooLarge`] with these fields.
    pub(crate) fn too_large(
        limit: &'static str,
        max: u64,
        offset: u64,
        section: &'static str,
    ) -> Error {
        Error::TooLarge { limit, max, offset, section }
    }

    /// The stable name of the kind: `malformed`, `too_large`, `unexpected`, `incomplete`,
    /// `refused`, `misuse`.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::Malformed { .. } => "malformed",
            Error::TooLarge { .. } => "too_large",
            Error::Unexpected { .. } => "unexpected",
            Error::Incomplete { .. } => "incomplete",
            Error::Refused { .. } => "refused",
            Error::Misuse(_) => "misuse",
        }
    }

    /// The offset in the stream in bytes, if the error has one.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Error::Malformed { offset, .. }
            | Error::TooLarge { offset, .. }
            | Error::Unexpected { offset, .. }
            | Error::Incomplete { offset, .. } => Some(*offset),
            Error::Refused { .. } | Error::Misuse(_) => None,
        }
    }

    /// The section of the specification, if the error has one.
    pub fn section(&self) -> Option<&'static str> {
        match self {
            Error::Malformed { section, .. }
            | Error::TooLarge { section, .. }
            | Error::Unexpected { section, .. }
            | Error::Incomplete { section, .. } => Some(*section).filter(|s| !s.is_empty()),
            Error::Refused { .. } | Error::Misuse(_) => None,
        }
    }

    /// What was wrong, without the kind and the offset. Text of the peer in it is escaped.
    pub fn reason(&self) -> String {
        match self {
            Error::Malformed { rule, .. } => escape(rule),
            Error::TooLarge { limit, max, section, .. } => {
                let whose = if is_ours(limit, section) { "our" } else { "the" };
                format!("more than {whose} limit of {max} ({limit})")
            }
            Error::Unexpected { expected, .. } => format!("expected {expected}"),
            Error::Incomplete { expected, .. } => format!("the stream ended before {expected}"),
            Error::Refused { code, text } => format!("{code}: {text}"),
            Error::Misuse(what) => (*what).to_owned(),
        }
    }

    /// The same error with `base` bytes added to its offset: for an inner parser whose offsets
    /// count from byte `base` of the stream.
    #[must_use]
    pub fn shifted(mut self, base: u64) -> Error {
        if let Error::Malformed { offset, .. }
        | Error::TooLarge { offset, .. }
        | Error::Unexpected { offset, .. }
        | Error::Incomplete { offset, .. } = &mut self
        {
            *offset += base;
        }
        self
    }
}

/// Whether the limit is set by this crate and not by a specification.
fn is_ours(limit: &str, section: &str) -> bool {
    limit.ends_with("_max") && !section.starts_with("PROTOCOL")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused { .. } => write!(f, "refused: {}", self.reason()),
            Error::Misuse(what) => write!(f, "misuse: {what}"),
            _ => {
                let at = self.offset().unwrap_or(0);
                match self {
                    Error::Incomplete { expected, offset: 0, .. } => {
                        write!(f, "the stream ended without any data, before {expected}")?;
                    }
                    Error::Incomplete { expected, .. } => {
                        write!(f, "the stream ended at byte {at}, before {expected}")?;
                    }
                    // The reason is the rule, which must not read as what was found.
                    Error::Malformed { .. } => {
                        write!(f, "rule broken at byte {at}: {}", self.reason())?;
                    }
                    _ => write!(
                        f,
                        "{} at byte {at}: {}",
                        self.kind().replace('_', " "),
                        self.reason()
                    )?,
                }
                self.section().map_or(Ok(()), |section| write!(f, " ({section})"))
            }
        }
    }
}

impl std::error::Error for Error {}
