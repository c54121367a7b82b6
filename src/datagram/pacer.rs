//! When the next datagram may be sent: a steady rate, computed in whole nanoseconds.
//!
//! ```text
//!   origin        origin + 1·g      origin + 2·g         g = bits of one · 10⁹ / rate
//!     │ 0             │ 1               │ 2 …
//!     └── a late sender sends what is due at once, at most that of `catch_up`;
//!         the origin moves by the rest of the delay
//! ```
//!
//! Each time is computed from the origin and not from the one before, so that rounding errors do
//! not add up. The pacer has no clock: the caller passes the time in nanoseconds.
//!
//! With units of one byte this is a token bucket that limits the rate of a stream: [`Pacer::due`]
//! tells how many bytes may be sent, [`Pacer::spend`] counts those that were.

/// Paces datagrams, or units of any size, at a steady rate.
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
    /// A pacer for datagrams of `bytes` bytes at `rate` bits a second from `now_ns` on. A late
    /// sender catches up at most `catch_up_ns`. A rate of 0 counts as 1.
    pub fn new(bytes: usize, rate: u64, catch_up_ns: u64, now_ns: u64) -> Pacer {
        let bits = bytes as u64 * 8;
        Pacer { bits, rate: rate.max(1), catch_up_ns, origin_ns: now_ns, sent: 0 }
    }

    /// When the next one is due, in nanoseconds; saturates at `u64::MAX`.
    pub fn next_ns(&self) -> u64 {
        self.due_ns(1)
    }

    /// When the last of the next `count` is due, in nanoseconds; saturates at `u64::MAX`.
    pub fn due_ns(&self, count: u64) -> u64 {
        let before = u128::from(self.sent) + u128::from(count.max(1) - 1);
        let span = (before * u128::from(self.bits)).saturating_mul(1_000_000_000);
        let span = u64::try_from(span.div_ceil(u128::from(self.rate))).unwrap_or(u64::MAX);
        self.origin_ns.saturating_add(span)
    }

    /// How many are due. A delay beyond the catch-up is not made up for.
    pub fn due(&mut self, now_ns: u64) -> u64 {
        let next = self.next_ns();
        if next > now_ns {
            return 0;
        }
        self.origin_ns += (now_ns - next).saturating_sub(self.catch_up_ns);
        let span = u128::from(now_ns - self.origin_ns) * u128::from(self.rate);
        let all = span / (u128::from(self.bits) * 1_000_000_000) + 1;
        u64::try_from(all - u128::from(self.sent)).unwrap_or(u64::MAX)
    }

    /// Counts `count` as sent, whether or not they were due.
    pub fn spend(&mut self, count: u64) {
        self.sent = self.sent.saturating_add(count);
    }

    /// Whether the next one is due; if so, counts it as sent. A delay beyond the catch-up is not
    /// made up for.
    pub fn take(&mut self, now_ns: u64) -> bool {
        let is_due = self.due(now_ns) > 0;
        self.spend(u64::from(is_due));
        is_due
    }
}
