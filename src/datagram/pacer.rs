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
//!
//! With units of one byte this is the token bucket of a limit on a stream: [`Pacer::due`] tells how
//! many bytes may pass, [`Pacer::spend`] counts those that did.

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
        self.due_ns(1)
    }

    /// When the next `count` are due, the last of them included. It saturates as
    /// [`next_ns`](Pacer::next_ns) does.
    pub fn due_ns(&self, count: u64) -> u64 {
        let before = u128::from(self.sent) + u128::from(count.max(1) - 1);
        let span = (before * u128::from(self.bits)).saturating_mul(1_000_000_000);
        let span = u64::try_from(span.div_ceil(u128::from(self.rate))).unwrap_or(u64::MAX);
        self.origin_ns.saturating_add(span)
    }

    /// How many are due. What is owed beyond the catch-up is forgotten.
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

    /// So many count as sent, whether or not they were due.
    pub fn spend(&mut self, count: u64) {
        self.sent = self.sent.saturating_add(count);
    }

    /// Whether the next one is due; then it counts as sent. What is owed beyond the catch-up is
    /// forgotten.
    pub fn take(&mut self, now_ns: u64) -> bool {
        let is_due = self.due(now_ns) > 0;
        self.spend(u64::from(is_due));
        is_due
    }
}
