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
/// After one of these a machine stays in it: every later call gives the same value again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The peer broke a rule of the protocol.
    Malformed {
        /// The rule that was broken, as a phrase for people. Where it repeats what the peer said,
        /// that is escaped.
        rule: Cow<'static, str>,
        /// Offset in bytes from the beginning of the stream of the first byte that breaks it.
        offset: u64,
        /// The section of the specification that holds the rule.
        section: &'static str,
    },
    /// A limit was passed.
    TooLarge {
        /// The name of the limit. A limit of ours is a field of the `Limits` of its module and ends
        /// in `_max`; one that the specification sets is named otherwise, or its section is of
        /// `PROTOCOL.md`.
        limit: &'static str,
        /// Its value, in the unit its name says.
        max: u64,
        /// Offset in bytes from the beginning of the stream of the byte that passed it.
        offset: u64,
        /// The section of the specification that sets the limit or allows one; empty where none
        /// speaks of it.
        section: &'static str,
    },
    /// The peer said something that is well formed and has no place here.
    Unexpected {
        /// What was called for, as a phrase for people.
        expected: &'static str,
        /// Offset in bytes from the beginning of the stream of what has no place.
        offset: u64,
        /// The section of the specification that rules it.
        section: &'static str,
    },
    /// The stream ended where more had to come.
    Incomplete {
        /// What was expected next.
        expected: &'static str,
        /// Length of the stream in bytes.
        offset: u64,
        /// The section of the specification that calls for it.
        section: &'static str,
    },
    /// The peer's own answer: it will not, or it cannot.
    Refused {
        /// The stable code of the answer.
        code: PeerText<'static>,
        /// The peer's words.
        text: PeerText<'static>,
    },
    /// The caller asked for what this state does not offer.
    Misuse(&'static str),
}

impl Error {
    /// [`Error::Malformed`] with a fixed rule.
    pub(crate) fn malformed(rule: &'static str, offset: u64, section: &'static str) -> Error {
        Error::Malformed { rule: Cow::Borrowed(rule), offset, section }
    }

    /// The stable name of the word: `malformed`, `too_large`, `unexpected`, `incomplete`,
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

    /// The offset in the stream, where there is one.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Error::Malformed { offset, .. }
            | Error::TooLarge { offset, .. }
            | Error::Unexpected { offset, .. }
            | Error::Incomplete { offset, .. } => Some(*offset),
            Error::Refused { .. } | Error::Misuse(_) => None,
        }
    }

    /// The section of the specification, where there is one.
    pub fn section(&self) -> Option<&'static str> {
        match self {
            Error::Malformed { section, .. }
            | Error::TooLarge { section, .. }
            | Error::Unexpected { section, .. }
            | Error::Incomplete { section, .. } => Some(*section).filter(|s| !s.is_empty()),
            Error::Refused { .. } | Error::Misuse(_) => None,
        }
    }

    /// What was wrong, without the kind and the place. What a peer said in it is escaped.
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

    /// The same error, its offset counted from `base` bytes earlier in the stream.
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

/// Whether a limit is ours alone: no specification sets it.
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
