//! The codes of the message `error`.
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
    /// A message is not allowed in the current state.
    Unexpected,
    /// The peer sent nothing, or was too slow.
    TimedOut,
    /// The server is about to end.
    ShuttingDown,
    /// The server has no capacity for this now.
    Busy,
    /// The type of a message is not known.
    UnknownType,
    /// A file name does not conform to the grammar.
    BadName,
    /// There is no such file.
    NotFound,
    /// A file of that name exists.
    Exists,
    /// The server stores no files.
    ReadOnly,
    /// The file changed during the transfer, or since its etag.
    Changed,
    /// The offset is outside the file.
    BadOffset,
    /// The checksum of a chunk is wrong.
    ChecksumMismatch,
    /// The digest or the size of the file is wrong.
    DigestMismatch,
    /// The disk has no space for the file.
    NoSpace,
    /// Anything else that failed on that side.
    Io,
    /// The request was cancelled.
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

    /// The text of the code in messages.
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
