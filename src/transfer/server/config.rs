//! The bounds and waits of a server session.

use super::super::config;
use super::super::frame::FRAME_BYTES_DEFAULT_MAX;
use crate::digest::DigestKind;
use std::time::Duration;

/// The bounds of a server session; each wait is the patience of the state it names.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest frame, in bytes.
    pub frame_bytes_max: u32,
    /// How many requests may wait before it stops reading.
    pub pending_max: usize,
    /// How long it waits for the hello and the proof of the token.
    pub hello_wait: Duration,
    /// How long it waits for the next request.
    pub idle_wait: Duration,
    /// How long a transfer may go without [`payload_quantum`](Limits::payload_quantum) bytes.
    pub transfer_wait: Duration,
    /// How many bytes of payload count as progress.
    pub payload_quantum: u64,
    /// How long the application may take over an answer.
    pub answer_wait: Duration,
    /// How fast a client is taken to hash what it does not send on resume, in bytes a second.
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

/// What a server session is made with; shared by all connections of a server.
pub type Config = config::Config<Limits>;

impl Default for Config {
    /// Does every digest that a client may offer.
    fn default() -> Config {
        Config::new(DigestKind::ALL.to_vec())
    }
}
