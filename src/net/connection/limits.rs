//! The bounds of the connections of a reactor.

use std::time::Duration;

/// The bounds of the pump.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most output a connection may hold, and so its largest write, in bytes: two chunks of the
    /// wire. More is slower, for it leaves the cache before it is sent (`benches/README.md`).
    pub write_bytes_max: usize,
    /// The largest read where a file is on its way in, in bytes: it is decoded while in the cache.
    pub read_bytes_max: usize,
    /// What all connections together may hold of unsent output, and of input that waits for it,
    /// before each gets less, in bytes.
    pub out_bytes_budget: usize,
    /// The least output a connection may hold, in bytes.
    pub out_bytes_min: usize,
    /// What all connections together may hold of all kinds, what each one costs included, before
    /// the greediest of them are ended, in bytes.
    pub memory_bytes_budget: usize,
    /// What the kernel may hold for all connections together of sent bytes that the peers have not
    /// read, before those that do not read are ended, in bytes.
    pub kernel_bytes_budget: usize,
    /// How much input a session may leave over while it waits for the rest of a message, in bytes.
    /// Sessions that keep such a part themselves leave nothing over.
    pub leftover_bytes_max: usize,
    /// How many bytes a lone connection may move before others have their turn.
    pub wake_bytes_budget: usize,
    /// How long a reactor rests before it waits for events, after it emptied sockets of at least
    /// `nap_after_bytes` bytes of files.
    pub nap: Duration,
    /// How many bytes of files have to come in between two waits to be worth a nap: more than one
    /// segment.
    pub nap_after_bytes: usize,
    /// How many bytes have to be written to count as progress.
    pub written_quantum: u64,
    /// How long the TLS handshake may take.
    pub handshake_wait: Duration,
    /// How long last words may take to be written.
    pub flush_wait: Duration,
    /// How long the peer is listened to after we ended our half.
    pub linger_wait: Duration,
    /// How many bytes are read away then.
    pub linger_bytes_max: usize,
    /// How many bytes a second all connections of the reactor may move together, in both directions
    /// together; `u64::MAX` is no limit. See [`rate`](crate::net::transport::rate).
    pub bytes_per_second_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            write_bytes_max: 528 << 10,
            read_bytes_max: 256 << 10,
            out_bytes_budget: 4 << 20,
            out_bytes_min: 16 << 10,
            memory_bytes_budget: 14 << 20,
            kernel_bytes_budget: 128 << 20,
            leftover_bytes_max: 1 << 20,
            wake_bytes_budget: 8 << 20,
            nap: Duration::from_micros(20),
            nap_after_bytes: 96 << 10,
            written_quantum: 4096,
            handshake_wait: Duration::from_secs(10),
            flush_wait: Duration::from_secs(5),
            linger_wait: Duration::from_secs(2),
            linger_bytes_max: 1 << 20,
            bytes_per_second_max: u64::MAX,
        }
    }
}

impl Limits {
    /// Raises the wait for the handshake, if it is shorter than `time`: for a caller who wants to
    /// wait so long. Last words and lingering are no step of what a caller waits for.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Limits {
        Limits { handshake_wait: self.handshake_wait.max(time), ..self }
    }

    /// The limit on bytes a second, where there is one.
    pub fn rate(&self) -> Option<u64> {
        (self.bytes_per_second_max < u64::MAX).then_some(self.bytes_per_second_max)
    }
}
