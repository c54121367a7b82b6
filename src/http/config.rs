//! What a response may cost, and what is done about small faults of a server.
//!
//! ```text
//!   a fault ─┬─ that moves the end of the message, or hides a second one ─▶ always an error
//!            └─ that does not, and that real servers make ─▶ a Remark (Strict: an error)
//! ```
//!
//! Specification: RFC 9112 where it lets a recipient choose; each remark names its section.

use crate::error::Error;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

/// The bounds of this room. All of them hold for one connection or one response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line of a head or a trailer section in bytes, its line end counted.
    pub line_bytes_max: usize,
    /// The longest head in bytes, from the status line to the empty line.
    pub head_bytes_max: usize,
    /// The longest trailer section in bytes, its empty line counted.
    pub trailer_bytes_max: usize,
    /// The most fields in a head or a trailer section.
    pub fields_max: usize,
    /// The most interim (1xx) responses before a final one.
    pub interim_max: u32,
    /// What a chunk-size line may hold beside its size: zeros in front, white space, extensions;
    /// in bytes.
    pub chunk_ext_bytes_max: usize,
    /// The same in all lines of a body together.
    pub chunk_ext_total_bytes_max: u64,
    /// The longest body in bytes, as it travels but without the framing of chunks.
    pub body_bytes_max: u64,
    /// The longest body in bytes once its content coding is undone.
    pub decoded_bytes_max: u64,
    /// How many bytes one byte of coded body may become on the average.
    pub decoded_ratio_max: u64,
    /// Up to so many decoded bytes the ratio does not matter.
    pub decoded_ratio_from_bytes: u64,
    /// The most content codings of one body.
    pub codings_max: usize,
    /// The most redirects in a chain.
    pub redirects_max: usize,
    /// How long the server may take from the end of the request to its first byte.
    pub first_byte_wait: Duration,
    /// How long a head may take from its first byte to its last.
    pub head_wait: Duration,
    /// How long a body may go without [`payload_quantum`](Limits::payload_quantum) bytes, in
    /// either direction.
    pub body_wait: Duration,
    /// How many bytes of body count as progress.
    pub payload_quantum: u64,
    /// How long a connection may wait for its next request.
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
    /// Raises every wait of a response that is shorter than `time`: for a caller who
    /// wants to wait so long.
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

/// What is done about a fault that leaves no doubt about the message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Policy {
    /// It is remarked on, and the message is taken.
    #[default]
    Tolerant,
    /// It is an error.
    Strict,
}

/// What a client's side is made with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Config {
    /// Bounds and waits.
    pub limits: Limits,
    /// What is done about small faults.
    pub policy: Policy,
}

/// A fault that was tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remark {
    /// The fault, for people; under [`Policy::Strict`] the rule of the error.
    pub text: &'static str,
    /// Offset in the stream of the first byte of it.
    pub offset: u64,
    /// The section of the specification that rules it.
    pub section: &'static str,
}

/// The remarks on one message that wait to be told. Each kind is told once, at its first place, so
/// that a head of folded lines cannot make hundreds of them.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    policy: Policy,
    waiting: VecDeque<Remark>,
    made: Vec<&'static str>,
}

impl Remarks {
    pub(super) fn new(policy: Policy) -> Remarks {
        Remarks { policy, ..Remarks::default() }
    }

    /// Another message begins: its faults are told again.
    pub(super) fn restart(&mut self) {
        self.made.clear();
    }

    /// Keeps a remark, unless there was one of its kind.
    ///
    /// # Errors
    /// [`Error::Malformed`] where nothing is tolerated.
    pub(super) fn note(&mut self, remark: Remark) -> Result<(), Error> {
        let Remark { text, offset, section } = remark;
        if self.policy == Policy::Strict {
            return Err(Error::Malformed { rule: Cow::Borrowed(text), offset, section });
        }
        if !self.made.contains(&text) {
            self.made.push(text);
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

/// [`Error::TooLarge`] of this room.
pub(crate) fn too_large(
    limit: &'static str,
    max: u64,
    offset: u64,
    section: &'static str,
) -> Error {
    Error::TooLarge { limit, max, offset, section }
}
