//! The limits of a response, and the policy for tolerable faults of a server.
//!
//! ```text
//!   a fault ─┬─ that makes the end of the message ambiguous ──▶ always an error
//!            └─ that does not, and that real servers have ─▶ a Remark (Strict: an error)
//! ```
//!
//! Specification: RFC 9112, where it leaves the choice to the recipient. Each remark cites its
//! section.

use crate::error::Error;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

/// The limits of an exchange. Each holds for one connection or one response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line of a head or a trailer section in bytes, with its line end.
    pub line_bytes_max: usize,
    /// The longest head in bytes, from the status line to the empty line.
    pub head_bytes_max: usize,
    /// The longest trailer section in bytes, with its empty line.
    pub trailer_bytes_max: usize,
    /// The most fields in a head or a trailer section.
    pub fields_max: usize,
    /// The most interim (1xx) responses before a final one.
    pub interim_max: u32,
    /// The longest chunk-size line in bytes, without the size and its line end: leading zeros,
    /// white space and extensions.
    pub chunk_ext_bytes_max: usize,
    /// The same for all chunk-size lines of a body together.
    pub chunk_ext_total_bytes_max: u64,
    /// The longest body in bytes, without the chunked framing and before content decoding.
    pub body_bytes_max: u64,
    /// The longest body in bytes after content decoding.
    pub decoded_bytes_max: u64,
    /// The greatest ratio of decoded to coded bytes.
    pub decoded_ratio_max: u64,
    /// The decoded length in bytes from which on the ratio is checked.
    pub decoded_ratio_from_bytes: u64,
    /// The most content codings of one body.
    pub codings_max: usize,
    /// The most redirects in a chain.
    pub redirects_max: usize,
    /// The longest wait for the first byte of the response, once the request was sent.
    pub first_byte_wait: Duration,
    /// The longest wait for the rest of a head after its first byte.
    pub head_wait: Duration,
    /// The longest wait for the next [`payload_quantum`](Limits::payload_quantum) bytes of a body,
    /// in either direction.
    pub body_wait: Duration,
    /// How many bytes of a body count as progress.
    pub payload_quantum: u64,
    /// The longest wait of a connection for its next request.
    pub idle_wait: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            line_bytes_max: 16_384,
            head_bytes_max: 131_072,
            trailer_bytes_max: 16_384,
            fields_max: 256,
            interim_max: 32,
            chunk_ext_bytes_max: 4096,
            chunk_ext_total_bytes_max: 1 << 20,
            body_bytes_max: u64::MAX,
            decoded_bytes_max: u64::MAX,
            decoded_ratio_max: 250,
            decoded_ratio_from_bytes: 16 << 20,
            codings_max: 5,
            redirects_max: 10,
            first_byte_wait: Duration::from_secs(60),
            head_wait: Duration::from_secs(30),
            body_wait: Duration::from_secs(30),
            payload_quantum: 4096,
            idle_wait: Duration::from_secs(60),
        }
    }
}

impl Limits {
    /// Raises every wait for a response that is shorter than `time` to `time`.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Limits {
        Limits {
            first_byte_wait: self.first_byte_wait.max(time),
            head_wait: self.head_wait.max(time),
            body_wait: self.body_wait.max(time),
            ..self
        }
    }
}

/// What is done about a fault that does not make the message ambiguous.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Policy {
    /// It is reported as a [`Remark`], and the message is accepted.
    #[default]
    Tolerant,
    /// It is an error.
    Strict,
}

/// The configuration of an exchange.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Config {
    /// Limits and waits.
    pub limits: Limits,
    /// What is done about tolerable faults.
    pub policy: Policy,
}

/// A fault that was tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remark {
    /// The fault, for people; under [`Policy::Strict`] the rule of the error.
    pub text: &'static str,
    /// Offset of its first byte in the stream.
    pub offset: u64,
    /// The section of the specification that states the rule.
    pub section: &'static str,
}

/// The remarks on one message that wait to be reported. Each kind is reported once, at its first
/// offset, so that a head of folded lines does not cause hundreds of events.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    policy: Policy,
    waiting: VecDeque<Remark>,
    reported: Vec<&'static str>,
}

impl Remarks {
    pub(super) fn new(policy: Policy) -> Remarks {
        Remarks { policy, ..Remarks::default() }
    }

    /// Begins another message, whose faults are reported again.
    pub(super) fn restart(&mut self) {
        self.reported.clear();
    }

    /// Adds a remark, unless there was one of its kind.
    ///
    /// # Errors
    /// [`Error::Malformed`] under [`Policy::Strict`].
    pub(super) fn note(&mut self, remark: Remark) -> Result<(), Error> {
        let Remark { text, offset, section } = remark;
        if self.policy == Policy::Strict {
            return Err(Error::Malformed { rule: Cow::Borrowed(text), offset, section });
        }
        if !self.reported.contains(&text) {
            self.reported.push(text);
            self.waiting.push_back(remark);
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn take(&mut self) -> Option<Remark> {
        self.waiting.pop_front()
    }
}

/// A body longer than `body_bytes_max` allows. Where nothing limits it, no option helps: the length
/// does not fit the 64 bits of a count.
pub(crate) fn body_too_large(max: u64, offset: u64, section: &'static str) -> Error {
    match max {
        u64::MAX => Error::too_large("64 bits", max, offset, section),
        max => Error::too_large("body_bytes_max", max, offset, section),
    }
}
