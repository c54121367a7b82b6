//! The queues of jobs and the limits of connections. The connections and the engine share it.
//!
//! ```text
//!   feed ─▶ waiting ─▶ take ─▶ (on a connection) ─▶ settle ─▶ done
//!              ▲                     │
//!              ├──────── wait ───────┤        redirect, other fields, a dead connection
//!              └────── postpone ─────┘        a retry, after a wait
//!
//!   in use = opening + busy ≤ in_flight_max      over all routes; each route: ≤ per_host_max
//!   in use + idle           ≤ in_flight_max      else the connection idle for longest is closed
//! ```

use super::fetch::Fetch;
use super::job::{Job, UNPACK_BYTES};
use super::notice::Notice;
use super::options::Options;
use super::recipient::{After, Recipient};
use super::report::Report;
use super::route::Route;
use crate::net::files::finisher::{Finisher, Pending};
use crate::net::reactor::Handle;
use crate::net::report::{Activity, Failure, FailureKind};
use crate::net::transport::tls::{ClientTls, NamedTls};
use crate::net::transport::{Error, later};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The state of a connection in the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionState {
    /// Being opened, or woken for a job that it has not taken yet.
    Opening,
    /// Has a job.
    Busy,
    /// Open and without a job.
    Idle,
    /// Takes no more jobs.
    Gone,
}

/// The entry that a connection and the pool share.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    pub(super) route: usize,
    pub(super) state: Cell<ConnectionState>,
    pub(super) handle: Cell<Option<Handle>>,
}

struct RouteQueue {
    route: Rc<Route>,
    waiting: VecDeque<Job>,
    opening: usize,
    busy: usize,
    /// Whether the route is in the queue of routes that may need a connection.
    queued: bool,
}

/// The fetches of a call and their recipients.
pub(super) type Feed = Box<dyn Iterator<Item = (Fetch, Box<dyn Recipient>)>>;

/// As long as there are more fetches, so many wait for each place in flight: the fetches for a host
/// at `per_host_max` must not keep those for other hosts from being read.
const WAITING_PER_PLACE: usize = 4;
const WAITING_MIN: usize = 256;

/// See the head of this module.
pub(super) struct Pool {
    pub(super) options: Options,
    pub(super) finisher: Finisher,
    /// Output of the content decoders. All jobs share it: it is in use only during an event.
    pub(super) unpacked: Vec<u8>,
    queues: Vec<RouteQueue>,
    /// Hashed with fixed keys: routes come from the user, and `RandomState` panics where the system
    /// has no randomness.
    by_route: HashMap<Rc<Route>, usize, BuildHasherDefault<DefaultHasher>>,
    needy: VecDeque<usize>,
    in_use: usize,
    /// The connection that has been idle for longest comes first.
    idle: VecDeque<Rc<ConnectionSlot>>,
    /// Jobs that wait for a retry, by the time of the retry.
    postponed: BTreeMap<(Instant, usize), Job>,
    /// The deadline of the call.
    pub(super) ends: Option<Instant>,
    /// Jobs whose file is being finished on another thread.
    finishing: Vec<(Job, Pending)>,
    done: Vec<Option<Report>>,
    outstanding: usize,
    /// How many of the outstanding jobs wait in the queue of their route.
    waiting: usize,
    /// The fetches that have not been read yet.
    feed: Option<Feed>,
    /// The call has been given up: no job is started any more.
    given_up: bool,
}

impl Pool {
    pub(super) fn new(options: Options, finisher: Finisher) -> Pool {
        Pool {
            options,
            finisher,
            unpacked: vec![0; UNPACK_BYTES],
            queues: Vec::new(),
            by_route: HashMap::default(),
            needy: VecDeque::new(),
            in_use: 0,
            idle: VecDeque::new(),
            postponed: BTreeMap::new(),
            ends: None,
            finishing: Vec::new(),
            done: Vec::new(),
            outstanding: 0,
            waiting: 0,
            feed: None,
            given_up: false,
        }
    }

    // ---- jobs --------------------------------------------------------------------------------

    /// Takes the fetches of a call, and reads the first of them.
    pub(super) fn feed(&mut self, feed: Feed) {
        self.feed = Some(feed);
        self.refill();
    }

    /// Reads more fetches, until enough of them wait.
    pub(super) fn refill(&mut self) {
        let enough = self.options.in_flight_max.saturating_mul(WAITING_PER_PLACE).max(WAITING_MIN);
        while self.waiting + self.postponed.len() < enough {
            let Some((fetch, recipient)) = self.feed.as_mut().and_then(Iterator::next) else {
                self.feed = None;
                return;
            };
            let job = Job::new(self.done.len(), fetch, recipient, &self.options, self.ends);
            self.done.push(None);
            self.outstanding += 1;
            self.wait(job, false);
        }
    }

    /// The next job for a connection, which becomes busy, or idle without a job. `is_fresh`: the
    /// connection has had no job before.
    pub(super) fn take(&mut self, slot: &Rc<ConnectionSlot>, is_fresh: bool) -> Option<Job> {
        if matches!(slot.state.get(), ConnectionState::Idle | ConnectionState::Gone) {
            return None;
        }
        self.leave(slot);
        let job = self.next(slot.route, is_fresh);
        if job.is_some() {
            slot.state.set(ConnectionState::Busy);
            self.queues[slot.route].busy += 1;
            self.in_use += 1;
        } else {
            slot.state.set(ConnectionState::Idle);
            self.idle.push_back(slot.clone());
        }
        job
    }

    /// Removes a connection from the counts: it has ended its job, or takes no more.
    pub(super) fn leave(&mut self, slot: &ConnectionSlot) {
        let queue = &mut self.queues[slot.route];
        match slot.state.replace(ConnectionState::Gone) {
            ConnectionState::Opening => queue.opening -= 1,
            ConnectionState::Busy => queue.busy -= 1,
            ConnectionState::Idle => return self.idle.retain(|idle| !std::ptr::eq(&**idle, slot)),
            ConnectionState::Gone => return,
        }
        self.in_use -= 1;
        self.consider(slot.route);
    }

    /// The response of a job is complete, or no more of it is wanted.
    pub(super) fn ended(&mut self, mut job: Job) {
        if let Some((why, wait)) = job.postponed() {
            return self.postpone(job, why, wait);
        }
        match job.end(&mut self.finisher) {
            Ok(After::Again) => self.wait(job, true),
            Ok(After::Pending(pending)) => {
                self.options.run.meter.set(&job.label, Activity::Storing);
                self.finishing.push((job, pending));
            }
            Ok(After::Done) => self.settle(job, Ok(())),
            Err(failure) => {
                let failure = job.explained(failure);
                self.settle(job, Err(failure));
            }
        }
    }

    /// An attempt of a job has failed: a retry follows, or the job has failed.
    pub(super) fn failed(&mut self, mut job: Job, failure: Failure) {
        let wait = if self.given_up { None } else { job.wait_after(&failure) };
        match wait {
            Some(wait) => self.postpone(job, failure, wait),
            None => self.give_back(job, failure),
        }
    }

    fn give_back(&mut self, mut job: Job, failure: Failure) {
        job.recipient.failed();
        let failure = job.explained(failure);
        self.settle(job, Err(failure));
    }

    /// Retries a job after a wait, if its recipient can restart.
    fn postpone(&mut self, mut job: Job, why: Failure, wait: Duration) {
        job.stop_expecting(&self.options);
        if self.given_up || !job.restart(&self.options) {
            return self.give_back(job, why);
        }
        self.options.run.meter.postpone(&job.label);
        let (retry, retries_max) = (job.report.retries + 1, self.options.retries.count_max);
        self.tell(&Notice::Retry { url: &job.report.url, why: &why, wait, retry, retries_max });
        self.postponed.insert((later(Instant::now(), wait), job.id), job);
    }

    /// When the next retry is due.
    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.postponed.first_key_value().map(|((due, _), _)| *due)
    }

    /// Queues the jobs whose retry is due.
    pub(super) fn retry_due(&mut self, now: Instant) {
        while self.next_retry().is_some_and(|due| due <= now) {
            let Some((_, mut job)) = self.postponed.pop_first() else { return };
            self.options.run.meter.resume();
            job.report.retries += 1;
            self.wait(job, true);
        }
    }

    fn tell(&self, notice: &Notice<'_>) {
        if let Some(notify) = &self.options.notify {
            notify(notice);
        }
    }

    /// A reused connection ended during a job, or before its request was ready: a fresh connection
    /// gets the job. The idle connections of the route are retired: they may have ended too.
    pub(super) fn retry(&mut self, mut job: Job, route: usize) -> Vec<Handle> {
        (job.moved, job.wants_fresh) = (true, true);
        self.wait(job, true);
        let suspects: Vec<_> =
            self.idle.iter().filter(|idle| idle.route == route).cloned().collect();
        suspects.iter().filter_map(|slot| self.retire(slot)).collect()
    }

    /// The next job of a route for a connection. Some jobs wait for a fresh connection.
    fn next(&mut self, route: usize, is_fresh: bool) -> Option<Job> {
        let waiting = &mut self.queues[route].waiting;
        let at = waiting.iter().position(|job| is_fresh || !job.wants_fresh)?;
        let job = waiting.remove(at)?;
        self.waiting -= 1;
        Some(job)
    }

    /// A connection could not be opened: a job that waits for it fails.
    pub(super) fn not_made(&mut self, route: usize, failure: Failure) {
        if let Some(job) = self.next(route, true) {
            self.failed(job, failure);
        }
    }

    /// The same, but the job gets one more connection.
    pub(super) fn not_made_yet(&mut self, route: usize, failure: Failure) {
        match self.next(route, true) {
            Some(job) if job.moved => self.failed(job, failure),
            Some(mut job) => {
                (job.moved, job.wants_fresh) = (true, true);
                self.wait(job, true);
            }
            None => {}
        }
    }

    fn wait(&mut self, job: Job, first: bool) {
        if self.given_up {
            let failure = Failure::from(&Error::Interrupted);
            return self.failed(job, failure);
        }
        let route = Rc::new(Route::new(&job.fetch.url, &self.options.proxies));
        let at = match self.by_route.get(&route) {
            Some(at) => *at,
            None => {
                let queue = RouteQueue {
                    route: route.clone(),
                    waiting: VecDeque::new(),
                    opening: 0,
                    busy: 0,
                    queued: false,
                };
                self.queues.push(queue);
                self.by_route.insert(route, self.queues.len() - 1);
                self.queues.len() - 1
            }
        };
        self.waiting += 1;
        match first {
            true => self.queues[at].waiting.push_front(job),
            false => self.queues[at].waiting.push_back(job),
        }
        self.consider(at);
    }

    fn settle(&mut self, mut job: Job, outcome: Result<(), Failure>) {
        if job.report.timings.last_byte.is_none() {
            job.report.timings.last_byte = Some(job.elapsed());
        }
        job.stop_expecting(&self.options);
        job.report.elapsed = job.elapsed_in_all();
        job.report.kept = if outcome.is_ok() { 0 } else { job.recipient.kept() };
        let is_local = outcome.as_ref().is_err_and(|why| why.kind == FailureKind::Local);
        job.report.path = is_local.then(|| job.recipient.path()).flatten();
        job.report.given_up = outcome.is_err() && self.given_up;
        job.report.outcome = outcome;
        self.options.run.meter.end(&job.label, job.report.outcome.is_ok());
        self.tell(&Notice::Ended(&job.report));
        self.outstanding -= 1;
        self.done[job.id] = Some(job.report);
    }

    // ---- connections -------------------------------------------------------------------------

    pub(super) fn route(&self, at: usize) -> &Rc<Route> {
        &self.queues[at].route
    }

    /// The next route that needs a connection, as far as the limits allow.
    pub(super) fn needy(&mut self) -> Option<usize> {
        while self.in_use < self.options.in_flight_max {
            let at = self.needy.pop_front()?;
            self.queues[at].queued = false;
            if self.is_needy(at) {
                return Some(at);
            }
        }
        None
    }

    /// The connection of that route that was idle for the shortest time; `None` where the next job
    /// needs a fresh one.
    pub(super) fn idle(&mut self, route: usize) -> Option<Handle> {
        if self.queues[route].waiting.front().is_some_and(|job| job.wants_fresh) {
            return None;
        }
        let at = self.idle.iter().rposition(|slot| slot.route == route)?;
        let slot = self.idle.remove(at)?;
        slot.state.set(ConnectionState::Opening);
        self.opening(route);
        slot.handle.get()
    }

    /// Counts a connection that is being opened.
    pub(super) fn opening(&mut self, route: usize) {
        self.queues[route].opening += 1;
        self.in_use += 1;
        self.consider(route);
    }

    /// Undoes [`opening`](Pool::opening) for a connection that could not be opened.
    pub(super) fn not_opened(&mut self, route: usize) {
        self.queues[route].opening -= 1;
        self.in_use -= 1;
        self.consider(route);
    }

    /// Retires the connection that has been idle for longest, where the limit of connections is
    /// reached. The caller has to wake it, so that it closes.
    pub(super) fn evict_idle(&mut self) -> Option<Handle> {
        if self.in_use + self.idle.len() < self.options.in_flight_max {
            return None;
        }
        let slot = self.idle.front()?.clone();
        self.retire(&slot)
    }

    fn retire(&mut self, slot: &Rc<ConnectionSlot>) -> Option<Handle> {
        self.leave(slot);
        slot.handle.get()
    }

    fn consider(&mut self, at: usize) {
        if !self.queues[at].queued && self.is_needy(at) {
            self.queues[at].queued = true;
            self.needy.push_back(at);
        }
    }

    fn is_needy(&self, at: usize) -> bool {
        let RouteQueue { waiting, opening, busy, .. } = &self.queues[at];
        waiting.len() > *opening && opening + busy < self.options.per_host_max
    }

    /// The TLS configuration for a host. Without [`Options::tls`] the system's roots are read when
    /// they are needed first.
    pub(super) fn tls(&mut self, name: &str) -> Result<NamedTls, Error> {
        let tls = match &self.options.tls {
            Some(tls) => tls,
            None => self.options.tls.insert(ClientTls::new(None)?),
        };
        tls.named(name)
    }

    // ---- the end -----------------------------------------------------------------------------

    /// Settles the jobs whose file has been finished on another thread.
    pub(super) fn collect(&mut self) {
        let mut at = 0;
        while let Some((_, pending)) = self.finishing.get(at) {
            match pending.poll() {
                None => at += 1,
                Some(outcome) => {
                    let (job, _) = self.finishing.swap_remove(at);
                    let outcome = outcome.map_err(|error| Failure::from(&Error::File(error)));
                    self.settle(job, outcome);
                }
            }
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.outstanding == 0 && self.feed.is_none()
    }

    /// Fails all jobs that wait, and all fetches that have not been read yet.
    pub(super) fn give_up(&mut self, why: &dyn Fn() -> Error) {
        self.given_up = true;
        self.refill();
        while let Some((_, job)) = self.postponed.pop_first() {
            self.options.run.meter.resume();
            self.give_back(job, Failure::from(&waiting_for("the next retry", why())));
        }
        for at in 0..self.queues.len() {
            let state = match self.queues[at].opening {
                0 => "a free connection",
                _ => "the connection to be established",
            };
            while let Some(job) = self.next(at, true) {
                self.failed(job, Failure::from(&waiting_for(state, why())));
            }
        }
    }

    /// The reports, in the order of the fetches.
    pub(super) fn results(&mut self) -> Vec<Report> {
        self.given_up = false;
        std::mem::take(&mut self.done).into_iter().flatten().collect()
    }
}

/// The error of a job that has no connection: a timeout names what the job was waiting for.
fn waiting_for(state: &'static str, error: Error) -> Error {
    match error {
        Error::TimedOut { .. } => Error::TimedOut { state: state.into() },
        other => other,
    }
}
