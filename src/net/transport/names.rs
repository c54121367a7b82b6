//! Name resolution on threads of its own, so that the reactor does not block.
//!
//! ```text
//!   ask ─┬ an address ───────────────────────────────▶ Lookup, answered at once
//!        ├ cached ───────────────────────────────────▶ Lookup, answered at once
//!        ├ pending ──────────────────────────────────▶ Lookup of the same answer
//!        └ queue ─▶ up to four threads ─ getaddrinfo ─▶ answer, Waker ─▶ Lookup::poll
//! ```
//!
//! Specification: POSIX `getaddrinfo`; RFC 1035 §2.3.4 (255 octets a name); RFC 4343 (case).
//!
//! | limit | default | what it guards against |
//! |---|---|---|
//! | [`threads_max`] | 4 | a thread for each of a thousand names |
//! | [`addresses_max`] | 32 | a name with thousands of addresses |
//! | [`names_max`] | 4,096 | a cache that grows without bound |
//! | [`name_bytes_max`] | 255 | text that is no host name |
//! | [`found_keep`] | 60 s | stale addresses |
//! | [`failed_keep`] | 1 s | a stale failure |
//!
//! [`threads_max`]: Limits::threads_max
//! [`addresses_max`]: Limits::addresses_max
//! [`names_max`]: Limits::names_max
//! [`name_bytes_max`]: Limits::name_bytes_max
//! [`found_keep`]: Limits::found_keep
//! [`failed_keep`]: Limits::failed_keep
//!
//! A lookup may block for half a minute and cannot be cancelled. So the threads are never joined:
//! dropping [`Names`] ends the idle threads at once and each other one after its lookup, and the
//! process can end before that.
//!
//! `getaddrinfo` does not return the TTL of an answer. So answers are cached only briefly, long
//! enough for many requests to one host to share one lookup; failures are cached for even less.

use mio::Waker;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The limits of [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many lookups run at the same time, each on a thread; 0 is taken for 1.
    pub threads_max: usize,
    /// How many addresses of a name are kept: the first ones, which the resolver prefers.
    pub addresses_max: usize,
    /// How many names are cached or pending.
    pub names_max: usize,
    /// The longest name in bytes.
    pub name_bytes_max: usize,
    /// How long addresses are cached.
    pub found_keep: Duration,
    /// How long a failure is cached.
    pub failed_keep: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            threads_max: 4,
            addresses_max: 32,
            names_max: 4096,
            name_bytes_max: 255,
            found_keep: Duration::from_secs(60),
            failed_keep: Duration::from_secs(1),
        }
    }
}

/// Finds the addresses of a name; may block. The ports are ignored.
pub type Resolve = Box<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// Addresses, whose ports are ignored; or the kind and text of an error, because an [`io::Error`]
/// cannot be cloned for each lookup.
type Found = Result<Box<[SocketAddr]>, (io::ErrorKind, String)>;

/// The result of a lookup, and when it came.
type Answer = Arc<OnceLock<(Found, Instant)>>;

/// A caching resolver.
pub struct Names {
    limits: Limits,
    known: BTreeMap<String, Answer>,
    resolver: Arc<Resolver>,
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    fn has(self, address: &SocketAddr) -> bool {
        address.is_ipv4() == (self == Family::V4)
    }
}

/// A lookup, pending or answered.
#[derive(Debug)]
pub struct Lookup {
    answer: Answer,
    port: u16,
    family: Option<Family>,
}

impl Lookup {
    /// Restricts the lookup to the addresses of one family; `None` is both.
    #[must_use]
    pub fn only(self, family: Option<Family>) -> Lookup {
        Lookup { family, ..self }
    }

    /// The result, if it is known: at least one address, in the resolver's order. To be called
    /// before waiting, because the waker is not called for answers that are known at once.
    pub fn poll(&self) -> Option<io::Result<Vec<SocketAddr>>> {
        let (found, _) = self.answer.get()?;
        Some(match found {
            Ok(addresses) => {
                let at_port = |address: &SocketAddr| {
                    let mut address = *address;
                    address.set_port(self.port);
                    address
                };
                let is_wanted =
                    |address: &&SocketAddr| self.family.is_none_or(|family| family.has(address));
                let addresses: Vec<_> = addresses.iter().filter(is_wanted).map(at_port).collect();
                match (addresses.is_empty(), self.family) {
                    (true, Some(Family::V4)) => Err(unavailable("the host has no IPv4 address")),
                    (true, Some(Family::V6)) => Err(unavailable("the host has no IPv6 address")),
                    _ => Ok(addresses),
                }
            }
            Err((kind, why)) => Err(io::Error::new(*kind, why.clone())),
        })
    }
}

fn unavailable(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrNotAvailable, what)
}

impl Names {
    /// Resolves by the system's `getaddrinfo`. `waker` is called for each answer.
    pub fn new(waker: Arc<Waker>) -> Names {
        Names::with(waker, Limits::default(), Box::new(system))
    }

    /// Resolves by `resolve`, which is called on several threads at a time.
    pub fn with(waker: Arc<Waker>, limits: Limits, resolve: Resolve) -> Names {
        let resolver =
            Resolver { resolve, waker, limits, jobs: Mutex::default(), notify: Condvar::new() };
        Names { limits, known: BTreeMap::new(), resolver: Arc::new(resolver) }
    }

    /// Looks up a host: a name, or an address, an IPv6 address with or without brackets. An invalid
    /// host is answered with an error.
    pub fn ask(&mut self, host: &str, port: u16, now: Instant) -> Lookup {
        Lookup { answer: self.answer(host, now), port, family: None }
    }

    /// Looks up the host of `HOST:PORT`.
    pub fn ask_endpoint(&mut self, endpoint: &str, now: Instant) -> Lookup {
        if let Ok(address) = endpoint.parse::<SocketAddr>() {
            let answer = known(Ok([address].into()), now);
            return Lookup { answer, port: address.port(), family: None };
        }
        let refuse = |why: &str| {
            let answer = known(Err((io::ErrorKind::InvalidInput, why.to_owned())), now);
            Lookup { answer, port: 0, family: None }
        };
        let Some((host, port)) = endpoint.rsplit_once(':') else {
            return refuse("invalid socket address");
        };
        match port.parse() {
            Ok(port) => self.ask(host, port, now),
            Err(_) => refuse("invalid port value"),
        }
    }

    fn answer(&mut self, host: &str, now: Instant) -> Answer {
        if let Some(address) = literal(host) {
            return known(Ok([SocketAddr::new(address, 0)].into()), now);
        }
        if host.len() > self.limits.name_bytes_max {
            let why = format!("a name has at most {} bytes", self.limits.name_bytes_max);
            return known(Err((io::ErrorKind::InvalidInput, why)), now);
        }
        let name = host.to_ascii_lowercase();
        if let Some(answer) = self.known.get(&name).filter(|answer| self.limits.keeps(answer, now))
        {
            return answer.clone();
        }
        self.known.remove(&name);
        if !self.evict(now) {
            let why = format!("{} names are being looked up", self.known.len());
            return known(Err((io::ErrorKind::QuotaExceeded, why)), now);
        }
        let answer = Answer::default();
        self.known.insert(name.clone(), answer.clone());
        self.resolver.enqueue(Job { name, answer: answer.clone() });
        answer
    }

    /// Removes a name from the cache if it is full: stale answers first, then the oldest. False if
    /// all names are pending.
    fn evict(&mut self, now: Instant) -> bool {
        if self.known.len() < self.limits.names_max {
            return true;
        }
        let limits = self.limits;
        self.known.retain(|_, answer| limits.keeps(answer, now));
        if self.known.len() >= limits.names_max {
            let answered = self.known.iter().filter_map(|(name, a)| Some((a.get()?.1, name)));
            let Some((_, oldest)) = answered.min() else { return false };
            let oldest = oldest.clone();
            self.known.remove(&oldest);
        }
        true
    }
}

impl Drop for Names {
    /// Joins no thread: see the head of this module.
    fn drop(&mut self) {
        let mut jobs = self.resolver.jobs();
        jobs.closed = true;
        let left = std::mem::take(&mut jobs.queue);
        drop(jobs);
        self.resolver.notify.notify_all();
        for job in left {
            self.resolver.finish(&job, Err(io::Error::other("no names are looked up any more")));
        }
    }
}

impl Limits {
    /// Whether an answer is pending or not yet stale.
    fn keeps(&self, answer: &Answer, now: Instant) -> bool {
        answer.get().is_none_or(|(found, at)| {
            let keep = if found.is_ok() { self.found_keep } else { self.failed_keep };
            now.saturating_duration_since(*at) < keep
        })
    }
}

/// Parses a host that is an address.
fn literal(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

fn known(found: Found, now: Instant) -> Answer {
    Arc::new(OnceLock::from((found, now)))
}

fn system(host: &str) -> io::Result<Vec<SocketAddr>> {
    (host, 0).to_socket_addrs().map(Iterator::collect)
}

/// A name to be looked up, and its answer.
struct Job {
    name: String,
    answer: Answer,
}

/// The job queue, and what its threads need.
struct Resolver {
    resolve: Resolve,
    waker: Arc<Waker>,
    limits: Limits,
    jobs: Mutex<Jobs>,
    /// Notified when a job was queued, or the queue was closed.
    notify: Condvar,
}

#[derive(Default)]
struct Jobs {
    queue: VecDeque<Job>,
    /// How many threads have been started.
    threads: usize,
    /// How many of them wait for a job.
    idle: usize,
    closed: bool,
}

impl Resolver {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job, and starts a thread if none is idle and the limit allows one more.
    fn enqueue(self: &Arc<Resolver>, job: Job) {
        let mut jobs = self.jobs();
        jobs.queue.push_back(job);
        if jobs.queue.len() > jobs.idle && jobs.threads < self.limits.threads_max.max(1) {
            let resolver = self.clone();
            let thread = std::thread::Builder::new().name("names".to_owned());
            match thread.spawn(move || resolver.work()) {
                Ok(_) => jobs.threads += 1,
                // The running threads will take the job.
                Err(_) if jobs.threads > 0 => {}
                Err(error) => {
                    if let Some(job) = jobs.queue.pop_back() {
                        let why = format!("no thread can be started for it: {error}");
                        self.finish(&job, Err(io::Error::other(why)));
                    }
                }
            }
        }
        self.notify.notify_one();
    }

    /// The body of a thread.
    fn work(&self) {
        while let Some(job) = self.next() {
            // A panic must not end the thread: it is counted and not replaced.
            let found = catch_unwind(AssertUnwindSafe(|| (self.resolve)(&job.name)));
            let panicked = || Err(io::Error::other("the lookup has panicked"));
            self.finish(&job, found.unwrap_or_else(|_| panicked()));
        }
    }

    /// Waits for a job; `None` if the queue was closed.
    fn next(&self) -> Option<Job> {
        let mut jobs = self.jobs();
        loop {
            if jobs.closed {
                return None;
            }
            if let Some(job) = jobs.queue.pop_front() {
                return Some(job);
            }
            jobs.idle += 1;
            jobs = self.notify.wait(jobs).unwrap_or_else(PoisonError::into_inner);
            jobs.idle -= 1;
        }
    }

    fn finish(&self, job: &Job, found: io::Result<Vec<SocketAddr>>) {
        let found = match found {
            Ok(mut addresses) if !addresses.is_empty() => {
                addresses.truncate(self.limits.addresses_max);
                Ok(addresses.into())
            }
            Ok(_) => Err((io::ErrorKind::NotFound, "it has no address".to_owned())),
            Err(error) => Err((error.kind(), error.to_string())),
        };
        // Each job is answered once, so this does not fail.
        let _ = job.answer.set((found, Instant::now()));
        // An error means that the reactor is gone.
        let _ = self.waker.wake();
    }
}

#[cfg(test)]
mod tests;
