//! The bounds and waits of a client session.

use super::super::config;
use super::super::frame::FRAME_BYTES_DEFAULT_MAX;
use crate::digest::DigestKind;
use std::time::Duration;

/// The bounds of a client session.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest frame, in bytes.
    pub frame_bytes_max: u32,
    /// How long it waits for an answer.
    pub answer_wait: Duration,
    /// How long a transfer may go without [`payload_quantum`](Limits::payload_quantum) bytes.
    pub transfer_wait: Duration,
    /// How many bytes of payload count as progress.
    pub payload_quantum: u64,
    /// How long the server may take to make a file durable.
    pub done_wait: Duration,
    /// How many files a listing may name, over all its pages.
    pub list_entries_max: u64,
    /// How fast a server is taken to hash what it does not send on resume, in bytes a second.
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
    /// Raises every wait that is shorter than `time`: for a caller who wants to wait so long.
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

/// What a client session is made with.
pub type Config = config::Config<Limits>;

impl Default for Config {
    /// Offers the digests that verify a file; `none` is offered only where it is asked for.
    fn default() -> Config {
        Config::new(vec![DigestKind::Blake3, DigestKind::Sha256])
    }
}
