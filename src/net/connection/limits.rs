//! The limits of the connections of a reactor.

use std::time::Duration;

/// The limits of a reactor and its connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most output that a connection may hold, and so its largest write, in bytes: two chunks
    /// of the file transfer. More is slower, because the output leaves the cache before it is sent
    /// (`benches/README.md`).
    pub write_bytes_max: usize,
    /// The largest read while a file is received, in bytes: the input is decoded while it is in the
    /// cache.
    pub read_bytes_max: usize,
    /// How much unsent output, and input that waits for it, all connections may hold together
    /// before each gets less, in bytes.
    pub out_bytes_budget: usize,
    /// The least output that a connection may hold, in bytes. When memory is scarce it may be 4,096
    /// bytes.
    pub out_bytes_min: usize,
    /// How much memory all connections may hold together, their fixed costs included, before those
    /// that hold the most are ended, in bytes.
    pub memory_bytes_budget: usize,
    /// How many written bytes the kernel may hold for all connections together before connections
    /// whose peers do not read are ended, in bytes.
    pub kernel_bytes_budget: usize,
    /// How much input a session may leave unconsumed while it waits for the rest of a message, in
    /// bytes. Over it the connection ends with [`Misuse`](crate::error::Error::Misuse).
    pub leftover_bytes_max: usize,
    /// How many bytes one connection may move before others are driven. Divided by the number of
    /// connections with work, but at least 256 KiB.
    pub wake_bytes_budget: usize,
    /// How long a reactor sleeps before it waits for events, if it has read at least
    /// `nap_after_bytes` bytes of files since the last sleep.
    pub nap: Duration,
    /// How many bytes of files have to be received before a reactor sleeps for `nap`: more than one
    /// segment.
    pub nap_after_bytes: usize,
    /// How many bytes have to be written to count as progress.
    pub written_quantum: u64,
    /// How long the TLS handshake may take.
    pub handshake_wait: Duration,
    /// How long writing the final message may take.
    pub flush_wait: Duration,
    /// How long input is discarded, waiting for the peer's end, after the sending half was shut
    /// down.
    pub linger_wait: Duration,
    /// How many bytes are discarded then, at most.
    pub linger_bytes_max: usize,
    /// How many bytes a second all connections of the reactor may move, in both directions
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
    /// Raises `handshake_wait` to at least `time`, for a caller that accepts longer waits. A caller
    /// does not wait for flushing and lingering, so their limits stay.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Limits {
        Limits { handshake_wait: self.handshake_wait.max(time), ..self }
    }

    /// The limit on bytes a second, where there is one.
    pub fn rate(&self) -> Option<u64> {
        (self.bytes_per_second_max < u64::MAX).then_some(self.bytes_per_second_max)
    }
}
