//! Connecting and streams: name resolution, Happy Eyeballs, socket options, TLS, rate limits.
//!
//! Specification: RFC 8305 (Happy Eyeballs), RFC 8446 (TLS 1.3), RFC 9293 (TCP).

pub mod dial;
pub mod endpoint;
mod error;
pub mod idn;
pub mod names;
pub mod rate;
mod socket;
mod spoken;
pub mod stream;
pub mod tls;

pub use error::Error;
pub use spoken::Spoken;
pub(crate) use spoken::refuse_tls;

use std::time::{Duration, Instant};

/// The longest wait: an `Instant` plus a longer one may overflow.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The end of a wait that begins `at` an instant. Waits beyond a century end after a century.
pub(crate) fn later(at: Instant, wait: Duration) -> Instant {
    at + wait.min(CENTURY)
}
