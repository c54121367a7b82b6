//! The limits and waits of a server session.

use super::super::config;
use super::super::frame::FRAME_BYTES_DEFAULT_MAX;
use crate::digest::DigestKind;
use std::time::Duration;

/// The limits of a server session, and the longest wait without progress in each state.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest frame, in bytes.
    pub frame_bytes_max: u32,
    /// How many requests may wait before the session stops reading.
    pub pending_max: usize,
    /// The longest wait for the hello and the proof of the token.
    pub hello_wait: Duration,
    /// The longest wait for the next request.
    pub idle_wait: Duration,
    /// The longest wait for the next [`payload_quantum`](Limits::payload_quantum) bytes of a
    /// transfer.
    pub transfer_wait: Duration,
    /// How many bytes of payload count as progress.
    pub payload_quantum: u64,
    /// The longest wait for an answer of the application.
    pub answer_wait: Duration,
    /// The rate at which a client is assumed to hash the bytes that it does not send on resume, in
    /// bytes a second. It extends `transfer_wait`.
    pub hash_rate: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame_bytes_max: FRAME_BYTES_DEFAULT_MAX,
            pending_max: 64,
            hello_wait: Duration::from_secs(10),
            idle_wait: Duration::from_secs(300),
            transfer_wait: Duration::from_secs(30),
            payload_quantum: 4096,
            answer_wait: Duration::from_secs(600),
            hash_rate: 64 << 20,
        }
    }
}

/// The configuration of a server session, shared by all connections of a server.
pub type Config = config::Config<Limits>;

impl Default for Config {
    /// Supports every digest that a client may offer.
    fn default() -> Config {
        Config::new(DigestKind::ALL.to_vec())
    }
}
