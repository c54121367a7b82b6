//! The codes of errors.
//!
//! Specification: `PROTOCOL.md` §9.

use crate::session::AbortReason;
use crate::text::PeerText;
use std::fmt;

/// The reason that a side gives when it refuses a request or ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// A message or a frame breaks a rule.
    Malformed,
    /// A limit was exceeded.
    TooLarge,
    /// There is no common version or digest.
    Unsupported,
    /// The token is missing or wrong.
    Unauthorized,
    /// A message has no place where it came.
    Unexpected,
    /// The peer was silent, or too slow.
    TimedOut,
    /// The server is about to end.
    ShuttingDown,
    /// There is no room for this now.
    Busy,
    /// The type of a message is not known.
    UnknownType,
    /// The name of a file breaks the grammar.
    BadName,
    /// There is no such file.
    NotFound,
    /// A file of that name exists.
    Exists,
    /// Nothing is taken here.
    ReadOnly,
    /// The file changed meanwhile.
    Changed,
    /// The offset lies outside the file, or too many were asked for.
    BadOffset,
    /// A chunk arrived wrong.
    ChecksumMismatch,
    /// The whole file arrived wrong.
    DigestMismatch,
    /// There is no space for the file.
    NoSpace,
    /// Anything else that failed on that side.
    Io,
    /// The request was given up.
    Cancelled,
}

impl Code {
    /// All codes, in the order of the specification.
    pub const ALL: [Code; 20] = [
        Code::Malformed,
        Code::TooLarge,
        Code::Unsupported,
        Code::Unauthorized,
        Code::Unexpected,
        Code::TimedOut,
        Code::ShuttingDown,
        Code::Busy,
        Code::UnknownType,
        Code::BadName,
        Code::NotFound,
        Code::Exists,
        Code::ReadOnly,
        Code::Changed,
        Code::BadOffset,
        Code::ChecksumMismatch,
        Code::DigestMismatch,
        Code::NoSpace,
        Code::Io,
        Code::Cancelled,
    ];

    /// The code as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::Malformed => "malformed",
            Code::TooLarge => "too_large",
            Code::Unsupported => "unsupported",
            Code::Unauthorized => "unauthorized",
            Code::Unexpected => "unexpected",
            Code::TimedOut => "timed_out",
            Code::ShuttingDown => "shutting_down",
            Code::Busy => "busy",
            Code::UnknownType => "unknown_type",
            Code::BadName => "bad_name",
            Code::NotFound => "not_found",
            Code::Exists => "exists",
            Code::ReadOnly => "read_only",
            Code::Changed => "changed",
            Code::BadOffset => "bad_offset",
            Code::ChecksumMismatch => "checksum_mismatch",
            Code::DigestMismatch => "digest_mismatch",
            Code::NoSpace => "no_space",
            Code::Io => "io",
            Code::Cancelled => "cancelled",
        }
    }

    /// The code with that text, if there is one.
    pub fn of(text: &str) -> Option<Code> {
        Code::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Code> for PeerText<'static> {
    fn from(code: Code) -> PeerText<'static> {
        PeerText::from(code.as_str())
    }
}

/// The code for a reason to end a session that is not the peer's fault.
pub(super) fn of_abort(reason: AbortReason) -> Code {
    match reason {
        AbortReason::TimedOut => Code::TimedOut,
        AbortReason::ShuttingDown => Code::ShuttingDown,
        AbortReason::OverBudget => Code::Busy,
        AbortReason::Io => Code::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_text_and_nothing_else_is() {
        for code in Code::ALL {
            assert_eq!(Code::of(code.as_str()), Some(code));
        }
        for text in ["", "Io", "io ", "incomplete"] {
            assert_eq!(Code::of(text), None, "{text:?}");
        }
    }
}
