//! Happy Eyeballs: decides which of a host's addresses to connect to, and when.
//!
//! ```text
//!   [v6a v6b v4a]  as the resolver sorted them
//!    v6a v4a v6b   families alternating
//!     │
//!     ├ v6a ────────────────────────────── … connect_wait, then it has failed
//!     │←250 ms→├ v4a ─── refused
//!     │                    ├ v6b ────────  at once after a failure
//!     └ the first one connected ends the others
//! ```
//!
//! Specification: RFC 8305 §4 (alternating families, First Address Family Count 1), §5 (connection
//! attempts and their delay), §8 (values). `getaddrinfo` does the queries of §3, and the sorting by
//! RFC 6724 that §4 begins with.
//!
//! | limit | default | what it guards against |
//! |---|---|---|
//! | [`attempt_delay`] | 250 ms | waiting for an address that never answers |
//! | [`connect_wait`] | 10 s | the system's own timeout, which is minutes |
//! | [`attempts_at_once_max`] | 8 | attempts to all addresses of a name at once |
//! | [`attempts_max`] | 16 | a name with thousands of addresses |
//!
//! [`attempt_delay`]: Limits::attempt_delay
//! [`connect_wait`]: Limits::connect_wait
//! [`attempts_at_once_max`]: Limits::attempts_at_once_max
//! [`attempts_max`]: Limits::attempts_max
//!
//! This module uses no sockets and no clock. The caller calls [`Dial::next`] until there is nothing
//! to do now, waits for its sockets or for the given instant, and reports failed attempts:
//!
//! ```
//! use std::time::{Duration, Instant};
//! use wirewright::net::transport::dial::{Dial, Limits, Step};
//!
//! let (v6, v4) = ("[2001:db8::1]:80".parse()?, "192.0.2.1:80".parse()?);
//! let now = Instant::now();
//! let mut dial = Dial::new(vec![v6, v4], &Limits::default(), now);
//! assert_eq!(dial.next(now), Step::Try(v6));
//! let later = now + Duration::from_millis(250);
//! assert_eq!(dial.next(now), Step::Wait(later));
//! assert_eq!(dial.next(later), Step::Try(v4));
//! # Ok::<(), std::net::AddrParseError>(())
//! ```

use super::later;
use crate::text::in_short;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The least delay between attempts (RFC 8305 §8, Minimum Connection Attempt Delay).
const ATTEMPT_DELAY_MIN: Duration = Duration::from_millis(10);

/// How many addresses the text of [`Attempts`] names.
const NAMED_MAX: usize = 4;

/// The limits of connecting to one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long after an attempt the next one starts beside it. RFC 8305 §8 recommends 100 ms to 2
    /// s; less than 10 ms is taken for 10 ms.
    pub attempt_delay: Duration,
    /// How long one attempt may take.
    pub connect_wait: Duration,
    /// How many attempts run at the same time; 0 is taken for 1.
    pub attempts_at_once_max: usize,
    /// How many addresses are tried in all.
    pub attempts_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            attempt_delay: Duration::from_millis(250),
            connect_wait: Duration::from_secs(10),
            attempts_at_once_max: 8,
            attempts_max: 16,
        }
    }
}

impl Limits {
    /// Raises `connect_wait` to at least `time`, for a caller that accepts longer waits.
    /// `attempt_delay` is not changed.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Limits {
        Limits { connect_wait: self.connect_wait.max(time), ..self }
    }
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Start to connect to this address, and call [`Dial::next`] again.
    Try(SocketAddr),
    /// Attempts are running. Call again at this instant, unless one of them ends before: then the
    /// next one may start, or one has taken too long.
    Wait(Instant),
    /// No address is left; see [`Dial::into_attempts`].
    Failed,
}

/// Connecting to one host, by any of its addresses.
#[derive(Debug)]
pub struct Dial {
    limits: Limits,
    /// Addresses that were not tried yet, in order.
    waiting: VecDeque<SocketAddr>,
    /// Running attempts and when they began, the oldest first.
    running: VecDeque<(SocketAddr, Instant)>,
    /// When the first of `waiting` may be started.
    next_at: Instant,
    attempts: Attempts,
}

impl Dial {
    /// Takes addresses in the resolver's order; duplicates are dropped.
    pub fn new(addresses: Vec<SocketAddr>, limits: &Limits, now: Instant) -> Dial {
        let mut waiting = alternate(addresses);
        let untried = waiting.len().saturating_sub(limits.attempts_max);
        waiting.truncate(limits.attempts_max);
        Dial {
            limits: *limits,
            waiting,
            running: VecDeque::new(),
            next_at: now,
            attempts: Attempts { failed: Vec::new(), untried },
        }
    }

    /// What to do at the instant `now`. To be called until it returns no further [`Step::Try`],
    /// after [`expired`](Dial::expired) has returned `None`.
    pub fn next(&mut self, now: Instant) -> Step {
        let may_join = self.running.len() < self.limits.attempts_at_once_max;
        let is_due = (may_join && self.next_at <= now) || self.running.is_empty();
        if is_due && let Some(address) = self.waiting.pop_front() {
            self.running.push_back((address, now));
            self.next_at = later(now, self.limits.attempt_delay.max(ATTEMPT_DELAY_MIN));
            return Step::Try(address);
        }
        let Some((_, since)) = self.running.front() else { return Step::Failed };
        let expiry = later(*since, self.limits.connect_wait);
        let joins = may_join && !self.waiting.is_empty();
        Step::Wait(if joins { expiry.min(self.next_at) } else { expiry })
    }

    /// Reports that the attempt at `address` has failed. The next attempt starts at once. Ignored
    /// if `address` is not being tried, because its attempt has expired.
    pub fn failed(&mut self, address: SocketAddr, error: io::Error, now: Instant) {
        let found = self.running.iter().position(|(running, _)| *running == address);
        if found.and_then(|at| self.running.remove(at)).is_some() {
            self.attempts.failed.push((address, error));
            self.next_at = now;
        }
    }

    /// The address of an attempt that has taken too long and has now failed; the caller drops its
    /// socket. To be called until it returns `None`.
    pub fn expired(&mut self, now: Instant) -> Option<SocketAddr> {
        let (address, since) = *self.running.front()?;
        if now.saturating_duration_since(since) < self.limits.connect_wait {
            return None;
        }
        let why = format!("no answer in {} s", self.limits.connect_wait.as_secs_f64());
        self.failed(address, io::Error::new(io::ErrorKind::TimedOut, why), now);
        Some(address)
    }

    /// The failed attempts.
    pub fn into_attempts(self) -> Attempts {
        self.attempts
    }
}

/// Alternates the families, that of the first address first (RFC 8305 §4).
fn alternate(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let mut seen = BTreeSet::new();
    let unique = addresses.into_iter().filter(|address| seen.insert(*address));
    let (first, other): (VecDeque<_>, VecDeque<_>) =
        unique.partition(|address| address.is_ipv6() == first_is_v6);
    let mut out = VecDeque::with_capacity(first.len() + other.len());
    let (mut first, mut other) = (first.into_iter(), other.into_iter());
    while first.len() + other.len() > 0 {
        out.extend(first.next().into_iter().chain(other.next()));
    }
    out
}

/// The failed attempts to connect to one host, each with its error.
#[derive(Debug)]
pub struct Attempts {
    failed: Vec<(SocketAddr, io::Error)>,
    untried: usize,
}

impl Attempts {
    /// Addresses and errors, in the order in which they failed.
    pub fn failed(&self) -> &[(SocketAddr, io::Error)] {
        &self.failed
    }

    /// The error of the only address, if there was only one.
    ///
    /// # Errors
    /// All attempts, if there was more than one address.
    pub(crate) fn into_only(mut self) -> Result<io::Error, Attempts> {
        match self.failed.pop() {
            Some((_, error)) if self.failed.is_empty() && self.untried == 0 => Ok(error),
            last => {
                self.failed.extend(last);
                Err(self)
            }
        }
    }

    /// How many addresses were beyond [`Limits::attempts_max`].
    pub fn untried(&self) -> usize {
        self.untried
    }
}

impl fmt::Display for Attempts {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.failed.is_empty() {
            f.write_str("no address was tried")?;
        }
        for (at, (address, error)) in self.failed.iter().take(NAMED_MAX).enumerate() {
            let before = if at > 0 { "; " } else { "" };
            write!(f, "{before}{address}: {}", in_short(error))?;
        }
        if let more @ 1.. = self.failed.len().saturating_sub(NAMED_MAX) {
            write!(f, "; and {more} more")?;
        }
        match self.untried {
            0 => Ok(()),
            untried => write!(f, "; {untried} not tried"),
        }
    }
}

impl std::error::Error for Attempts {}

#[cfg(test)]
mod tests;
