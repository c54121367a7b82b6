//! When the next datagram may be sent: a steady rate out of whole nanoseconds.
//!
//! ```text
//!   origin        origin + 1·g      origin + 2·g         g = bits of one · 10⁹ / rate
//!     │ 0             │ 1               │ 2 …
//!     └── who is late sends what is due at once, but never more than `catch_up` of it:
//!         the rest of the lost time is lost, and the origin moves
//! ```
//!
//! Each time is computed from the origin and never from the one before, so no error adds up,
//! whatever the rate. It knows no clock: nanoseconds come as arguments.

/// See the head of this module.
#[derive(Debug, Clone)]
pub struct Pacer {
    /// Bits of one datagram.
    bits: u64,
    /// Bits a second.
    rate: u64,
    catch_up_ns: u64,
    origin_ns: u64,
    /// How many were sent since the origin.
    sent: u64,
}

impl Pacer {
    /// Datagrams of `bytes` bytes at `rate` bits a second from `now_ns` on; who is late makes up
    /// for `catch_up_ns` at most. A rate of 0 is taken for 1.
    pub fn new(bytes: usize, rate: u64, catch_up_ns: u64, now_ns: u64) -> Pacer {
        let bits = bytes as u64 * 8;
        Pacer { bits, rate: rate.max(1), catch_up_ns, origin_ns: now_ns, sent: 0 }
    }

    /// When the next one is due. It saturates far beyond any run.
    pub fn next_ns(&self) -> u64 {
        let span = u128::from(self.sent) * u128::from(self.bits) * 1_000_000_000;
        let span = u64::try_from(span.div_ceil(u128::from(self.rate))).unwrap_or(u64::MAX);
        self.origin_ns.saturating_add(span)
    }

    /// Whether the next one is due; then it counts as sent. What is owed beyond the catch-up is
    /// forgotten.
    pub fn take(&mut self, now_ns: u64) -> bool {
        let next = self.next_ns();
        if next > now_ns {
            return false;
        }
        let late = now_ns - next;
        self.origin_ns += late.saturating_sub(self.catch_up_ns);
        self.sent += 1;
        true
    }
}
