//! A limit on the bytes a second that connections move, in both directions together: a token
//! bucket.
//!
//! Specification: none. The bucket is a [`Pacer`] with units of one byte.
//!
//! ```text
//!   Pacer: bytes that are due ─▶ granted to waiting connections in turn ──▶ read(2), write(2)
//!     ▲                                                                             │
//!     └──────────────────────────── bytes that moved ◀──────────────────────────────┘
//! ```
//!
//! The limit is enforced where sockets are read and written, so it counts all bytes on the wire:
//! base64, headers and TLS records included. A socket whose connection has no grant left returns
//! `WouldBlock`, and the reactor wakes that connection by a timer. Bytes that are not read stay in
//! the kernel, whose receive window then slows the peer down; so the window is small when the rate
//! is low.

use crate::datagram::Pacer;
use std::cell::{Cell, OnceCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Burst allowance: at most the bytes of this much time may accumulate, so an interval exceeds the
/// rate by no more than that.
const CATCH_UP: Duration = Duration::from_millis(100);

/// Waiting connections are woken when the bytes of this fraction of a second are due, or
/// [`BATCH_BYTES_MAX`].
const BATCHES_PER_SECOND: u64 = 20;

/// The most bytes that have to be due before waiting connections are woken.
const BATCH_BYTES_MAX: u64 = 256 << 10;

/// The least that is granted to one of several waiting connections, in bytes.
const GRANT_BYTES_MIN: usize = 1024;

/// A buffer holds what moves in this fraction of a second.
const BUFFERS_PER_SECOND: u64 = 4;

/// The least receive window, in bytes.
const WINDOW_BYTES_MIN: usize = 4 << 10;

/// A limit on bytes a second. Clones share one limit, also between reactors.
#[derive(Debug, Clone)]
pub struct RateLimit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bytes_per_second: u64,
    began: Instant,
    pacer: Mutex<Pacer>,
    /// How many connections of all reactors wait.
    waiting: AtomicUsize,
}

impl RateLimit {
    /// A limit of `bytes_per_second`; 0 is taken for 1.
    pub fn new(bytes_per_second: u64) -> RateLimit {
        let bytes_per_second = bytes_per_second.max(1);
        let catch_up = u64::try_from(CATCH_UP.as_nanos()).unwrap_or(u64::MAX);
        let pacer = Pacer::new(1, bytes_per_second.saturating_mul(8), catch_up, 0);
        let (began, waiting) = (Instant::now(), AtomicUsize::new(0));
        RateLimit(Arc::new(Shared { bytes_per_second, began, pacer: Mutex::new(pacer), waiting }))
    }

    /// How many bytes have to be due before waiting connections are woken.
    fn batch(&self) -> u64 {
        (self.0.bytes_per_second / BATCHES_PER_SECOND).clamp(1, BATCH_BYTES_MAX)
    }

    fn with_pacer<T>(&self, act: impl FnOnce(&mut Pacer, u64) -> T) -> T {
        let now = u64::try_from(self.0.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // A panic cannot leave the numbers inconsistent.
        act(&mut self.0.pacer.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// How many bytes may move now.
    fn due(&self) -> usize {
        self.with_pacer(|pacer, now| usize::try_from(pacer.due(now)).unwrap_or(usize::MAX))
    }

    fn spend(&self, bytes: usize) {
        self.with_pacer(|pacer, _| pacer.spend(bytes as u64));
    }

    /// When waiting connections are to be woken.
    pub(crate) fn due_at(&self) -> Instant {
        let at = self.with_pacer(|pacer, _| pacer.due_ns(self.batch()));
        self.0.began + Duration::from_nanos(at)
    }

    /// How many bytes may be granted now; 0 if less than a batch is due.
    pub(crate) fn grantable(&self) -> usize {
        let due = self.due();
        if due as u64 >= self.batch() { due } else { 0 }
    }

    /// The part of `grantable` for one connection, if it is granted to all that wait.
    pub(crate) fn grant(&self, grantable: usize) -> usize {
        let waiting = self.0.waiting.load(Ordering::Acquire).max(1);
        (grantable / waiting).max(GRANT_BYTES_MIN).min(grantable)
    }

    /// One more connection waits.
    pub(crate) fn enter(&self) {
        self.0.waiting.fetch_add(1, Ordering::AcqRel);
    }

    /// One connection fewer waits.
    pub(crate) fn leave(&self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How much output a connection may hold at that rate, in bytes. Buffered output is no progress,
/// and is lost when the run is interrupted.
pub(crate) fn out_bytes_max(bytes_per_second: u64) -> usize {
    usize::try_from(bytes_per_second / BUFFERS_PER_SECOND).unwrap_or(usize::MAX)
}

/// The receive window for that rate, in bytes.
pub(crate) fn window_bytes(bytes_per_second: u64) -> usize {
    out_bytes_max(bytes_per_second).max(WINDOW_BYTES_MIN)
}

/// One connection's share of a rate limit.
#[derive(Debug, Default)]
pub(crate) struct Share {
    limit: OnceCell<RateLimit>,
    granted: Cell<usize>,
    starved: Cell<bool>,
    lifted: Cell<bool>,
}

impl Share {
    /// Sets the limit of this connection.
    pub(crate) fn set(&self, limit: RateLimit) {
        // A connection is added to one reactor, once.
        let _ = self.limit.set(limit);
    }

    /// Removes the limit, for the final message, whose time is short.
    pub(crate) fn lift(&self) {
        self.lifted.set(true);
        self.starved.set(false);
    }

    /// Whether there is a limit.
    pub(crate) fn is_limited(&self) -> bool {
        self.limit.get().is_some() && !self.lifted.get()
    }

    /// Whether the limit kept the socket from being read or written since the last grant.
    pub(crate) fn is_starved(&self) -> bool {
        self.starved.get()
    }

    /// Grants `granted` bytes.
    pub(crate) fn resume(&self, granted: usize) {
        self.granted.set(granted);
        self.starved.set(false);
    }

    /// How many of `len` bytes may be moved now; `None` if none may.
    pub(crate) fn allowed(&self, len: usize) -> Option<usize> {
        let Some(limit) = self.limit.get().filter(|_| !self.lifted.get()) else { return Some(len) };
        let allowed = len.min(self.granted.get());
        let allowed = if allowed > 0 { allowed.min(limit.due()) } else { 0 };
        if allowed == 0 && len > 0 {
            self.starved.set(true);
            return None;
        }
        Some(allowed)
    }

    /// Counts bytes that were moved.
    pub(crate) fn moved(&self, bytes: usize) {
        if let Some(limit) = self.limit.get().filter(|_| !self.lifted.get()) {
            self.granted.set(self.granted.get().saturating_sub(bytes));
            limit.spend(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_limit_all_may_move() {
        let share = Share::default();
        assert_eq!(share.allowed(usize::MAX), Some(usize::MAX));
        assert!(!share.is_limited() && !share.is_starved());
    }

    #[test]
    fn nothing_moves_without_a_grant_and_no_more_than_granted() {
        let (limit, share) = (RateLimit::new(u64::MAX), Share::default());
        share.set(limit);
        assert_eq!((share.allowed(0), share.is_starved()), (Some(0), false));
        assert_eq!((share.allowed(9), share.is_starved()), (None, true));
        share.resume(5);
        assert_eq!((share.allowed(9), share.is_starved()), (Some(5), false));
        share.moved(4);
        assert_eq!(share.allowed(9), Some(1));
        share.moved(1);
        assert_eq!((share.allowed(9), share.is_starved()), (None, true));
        share.lift();
        assert_eq!((share.allowed(9), share.is_starved()), (Some(9), false));
    }

    #[test]
    fn a_grant_does_not_raise_the_rate() {
        // One byte a second: the first is due at once, and nobody waits for the second here.
        let (limit, share) = (RateLimit::new(1), Share::default());
        share.set(limit.clone());
        share.resume(1000);
        assert_eq!(share.allowed(1000), Some(1));
        share.moved(1);
        assert_eq!(share.allowed(1000), None);
        assert!(limit.due_at() > Instant::now() && limit.grantable() == 0);
    }

    #[test]
    fn those_that_wait_share_what_is_due() {
        let limit = RateLimit::new(1 << 20);
        assert_eq!(limit.grant(9000), 9000);
        (0..3).for_each(|_| limit.enter());
        assert_eq!((limit.grant(9000), limit.grant(2000), limit.grant(7)), (3000, 1024, 7));
        limit.leave();
        assert_eq!(limit.grant(9000), 4500);
    }

    #[test]
    fn buffers_are_small_where_the_rate_is() {
        assert_eq!((out_bytes_max(1024), window_bytes(1024)), (256, 4 << 10));
        assert_eq!((out_bytes_max(1 << 20), window_bytes(1 << 20)), (256 << 10, 256 << 10));
    }
}
