//! The codes of errors.
//!
//! Specification: `PROTOCOL.md` §9.

use crate::session::AbortReason;

/// The code of `PROTOCOL.md` §9 for a reason to end a session that is not the peer's fault.
pub(super) fn of_abort(reason: AbortReason) -> &'static str {
    match reason {
        AbortReason::TimedOut => "timed_out",
        AbortReason::ShuttingDown => "shutting_down",
        AbortReason::OverBudget => "busy",
        AbortReason::Io => "io",
    }
}
