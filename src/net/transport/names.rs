//! Names looked up off the reactor's thread.
//!
//! ```text
//!   ask ─┬ an address ───────────────────────────────▶ Lookup, answered at once
//!        ├ known, and not too long ago ──────────────▶ Lookup, answered at once
//!        ├ on its way ───────────────────────────────▶ Lookup of the same answer
//!        └ queue ─▶ up to four threads ─ getaddrinfo ─▶ answer, Waker ─▶ Lookup::poll
//! ```
//!
//! Specification: POSIX `getaddrinfo`; RFC 1035 §2.3.4 (255 octets a name); RFC 4343 (case).
//!
//! | limit | default | what it guards against |
//! |---|---|---|
//! | [`threads_max`] | 4 | a thread for each of a thousand names |
//! | [`addresses_max`] | 32 | a name with thousands of addresses |
//! | [`names_max`] | 4,096 | memory that grows with what was asked for |
//! | [`name_bytes_max`] | 255 | a text that is no name |
//! | [`found_keep`] | 60 s | addresses that are true no more |
//! | [`failed_keep`] | 1 s | a failure that is over |
//!
//! [`threads_max`]: Limits::threads_max
//! [`addresses_max`]: Limits::addresses_max
//! [`names_max`]: Limits::names_max
//! [`name_bytes_max`]: Limits::name_bytes_max
//! [`found_keep`]: Limits::found_keep
//! [`failed_keep`]: Limits::failed_keep
//!
//! A lookup may block for half a minute and cannot be called off. So its threads are never waited
//! for: dropping [`Names`] ends those that are idle, lets each of the others end with its lookup,
//! and does not keep the process from ending before.
//!
//! How long an answer is true is known to the system's resolver alone. It is kept here only for so
//! long that a thousand requests to one host are one question; a failure, for so long that they are
//! one failure.

use mio::Waker;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The bounds of [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many lookups run at the same time, each on a thread; 0 is taken for 1.
    pub threads_max: usize,
    /// How many addresses of a name are kept; the resolver puts the best first.
    pub addresses_max: usize,
    /// How many names are kept, those on their way counted.
    pub names_max: usize,
    /// The longest name in bytes.
    pub name_bytes_max: usize,
    /// How long addresses are kept from when they came.
    pub found_keep: Duration,
    /// How long a failure is.
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

/// Finds the addresses of a name, which it may block for. Their port means nothing.
pub type Resolve = Box<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// Addresses with a port that means nothing; or a kind and a text, since an [`io::Error`] cannot be
/// given to everyone who asked.
type Found = Result<Box<[SocketAddr]>, (io::ErrorKind, String)>;

/// What came of a lookup, and when.
type Answer = Arc<OnceLock<(Found, Instant)>>;

/// The names that were asked for, and who looks them up.
pub struct Names {
    limits: Limits,
    known: BTreeMap<String, Answer>,
    resolver: Arc<Resolver>,
}

/// A family of addresses.
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

/// Addresses that were asked for.
#[derive(Debug)]
pub struct Lookup {
    answer: Answer,
    port: u16,
    family: Option<Family>,
}

impl Lookup {
    /// The same lookup, of which only the addresses of one family count.
    #[must_use]
    pub fn only(self, family: Option<Family>) -> Lookup {
        Lookup { family, ..self }
    }

    /// The addresses, at least one, in the resolver's order; once they are known. To be asked
    /// before waiting: no waker is called for what is known already.
    pub fn poll(&self) -> Option<io::Result<Vec<SocketAddr>>> {
        let (found, _) = self.answer.get()?;
        Some(match found {
            Ok(addresses) => {
                let at_port = |address: &SocketAddr| {
                    let mut address = *address;
                    address.set_port(self.port);
                    address
                };
                let is_meant =
                    |address: &&SocketAddr| self.family.is_none_or(|family| family.has(address));
                let addresses: Vec<_> = addresses.iter().filter(is_meant).map(at_port).collect();
                match (addresses.is_empty(), self.family) {
                    (true, Some(Family::V4)) => Err(none_of("the host has no IPv4 address")),
                    (true, Some(Family::V6)) => Err(none_of("the host has no IPv6 address")),
                    _ => Ok(addresses),
                }
            }
            Err((kind, why)) => Err(io::Error::new(*kind, why.clone())),
        })
    }
}

fn none_of(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrNotAvailable, what)
}

impl Names {
    /// Asks the system, and wakes a reactor by `waker` with every answer.
    pub fn new(waker: Arc<Waker>) -> Names {
        Names::with(waker, Limits::default(), Box::new(system))
    }

    /// Asks `resolve`, on several threads at a time.
    pub fn with(waker: Arc<Waker>, limits: Limits, resolve: Resolve) -> Names {
        let resolver =
            Resolver { resolve, waker, limits, jobs: Mutex::default(), called: Condvar::new() };
        Names { limits, known: BTreeMap::new(), resolver: Arc::new(resolver) }
    }

    /// Asks for the addresses of a host: a name, or an address, of which an IPv6 one may stand in
    /// brackets. What cannot be asked is answered with an error.
    pub fn ask(&mut self, host: &str, port: u16, now: Instant) -> Lookup {
        Lookup { answer: self.answer(host, now), port, family: None }
    }

    /// Asks for the addresses of `HOST:PORT`.
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
        if !self.make_room(now) {
            let why = format!("{} names are being looked up", self.known.len());
            return known(Err((io::ErrorKind::QuotaExceeded, why)), now);
        }
        let answer = Answer::default();
        self.known.insert(name.clone(), answer.clone());
        self.resolver.take(Job { name, answer: answer.clone() });
        answer
    }

    /// Makes room for one more name: those past their time go first, then the oldest answer. False
    /// if all are on their way.
    fn make_room(&mut self, now: Instant) -> bool {
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
    /// Waits for nobody: see the head of this module.
    fn drop(&mut self) {
        let mut jobs = self.resolver.jobs();
        jobs.closed = true;
        let left = std::mem::take(&mut jobs.queue);
        drop(jobs);
        self.resolver.called.notify_all();
        for job in left {
            self.resolver.finish(&job, Err(io::Error::other("no names are looked up any more")));
        }
    }
}

impl Limits {
    /// Whether an answer is on its way or not yet too old.
    fn keeps(&self, answer: &Answer, now: Instant) -> bool {
        answer.get().is_none_or(|(found, at)| {
            let keep = if found.is_ok() { self.found_keep } else { self.failed_keep };
            now.saturating_duration_since(*at) < keep
        })
    }
}

/// An address, which needs no lookup.
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

/// A name to be looked up, and where the answer goes.
struct Job {
    name: String,
    answer: Answer,
}

/// Where jobs are laid down and threads take them up.
struct Resolver {
    resolve: Resolve,
    waker: Arc<Waker>,
    limits: Limits,
    jobs: Mutex<Jobs>,
    /// A job was laid down, or there will be none any more.
    called: Condvar,
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

    /// Lays a job down, and starts a thread if none is free for it and one more is allowed.
    fn take(self: &Arc<Resolver>, job: Job) {
        let mut jobs = self.jobs();
        jobs.queue.push_back(job);
        if jobs.queue.len() > jobs.idle && jobs.threads < self.limits.threads_max.max(1) {
            let resolver = self.clone();
            let thread = std::thread::Builder::new().name("names".to_owned());
            match thread.spawn(move || resolver.work()) {
                Ok(_) => jobs.threads += 1,
                // Those that run will come to it.
                Err(_) if jobs.threads > 0 => {}
                Err(error) => {
                    if let Some(job) = jobs.queue.pop_back() {
                        let why = format!("no thread can be started for it: {error}");
                        self.finish(&job, Err(io::Error::other(why)));
                    }
                }
            }
        }
        self.called.notify_one();
    }

    /// What a thread does, from its beginning to its end.
    fn work(&self) {
        while let Some(job) = self.next() {
            // A thread that is lost would be missed by every lookup after this one.
            let found = catch_unwind(AssertUnwindSafe(|| (self.resolve)(&job.name)));
            let panicked = || Err(io::Error::other("the lookup has panicked"));
            self.finish(&job, found.unwrap_or_else(|_| panicked()));
        }
    }

    /// Waits for a job; `None`: there will be none any more.
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
            jobs = self.called.wait(jobs).unwrap_or_else(PoisonError::into_inner);
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
        // Nobody else answers this job.
        let _ = job.answer.set((found, Instant::now()));
        // If the reactor has gone there is nobody to wake.
        let _ = self.waker.wake();
    }
}

#[cfg(test)]
mod tests;
