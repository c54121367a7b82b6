//! The limits and waits of a client session.

use super::super::config;
use super::super::frame::FRAME_BYTES_DEFAULT_MAX;
use crate::digest::DigestKind;
use std::time::Duration;

/// The limits of a client session, and the longest wait without progress in each state.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest frame, in bytes.
    pub frame_bytes_max: u32,
    /// The longest wait for an answer.
    pub answer_wait: Duration,
    /// The longest wait for the next [`payload_quantum`](Limits::payload_quantum) bytes of a
    /// transfer.
    pub transfer_wait: Duration,
    /// How many bytes of payload count as progress.
    pub payload_quantum: u64,
    /// The longest wait for the server to store a file that was sent.
    pub done_wait: Duration,
    /// How many files a listing may name, over all its pages.
    pub list_entries_max: u64,
    /// The rate at which a server is assumed to hash the bytes that it does not send on resume, in
    /// bytes a second. It extends `answer_wait`.
    pub hash_rate: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame_bytes_max: FRAME_BYTES_DEFAULT_MAX,
            answer_wait: Duration::from_secs(30),
            transfer_wait: Duration::from_secs(30),
            payload_quantum: 4096,
            done_wait: Duration::from_secs(600),
            list_entries_max: 1 << 24,
            hash_rate: 64 << 20,
        }
    }
}

impl Limits {
    /// Raises every wait that is shorter than `time` to `time`.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Limits {
        Limits {
            answer_wait: self.answer_wait.max(time),
            transfer_wait: self.transfer_wait.max(time),
            done_wait: self.done_wait.max(time),
            ..self
        }
    }
}

/// The configuration of a client session.
pub type Config = config::Config<Limits>;

impl Default for Config {
    /// Offers the digests that verify a file, but not `none`.
    fn default() -> Config {
        Config::new(vec![DigestKind::Blake3, DigestKind::Sha256])
    }
}
