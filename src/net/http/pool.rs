//! Where jobs wait, and how many run: the account that lines and engine keep together.
//!
//! ```text
//!   submit ─▶ waiting ─▶ take ─▶ (a line works) ─▶ settle ─▶ done
//!                ▲                     │
//!                ├────── requeue ──────┤        redirect, other fields, a dead connection
//!                └───── postpone ──────┘        another try, after a wait
//!
//!   in use = opening + busy ≤ in_flight_max      of all routes; each route: ≤ per_host_max
//!   in use + idle           ≤ in_flight_max      the oldest idle one has to go
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

/// What a line does, as the account sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionState {
    /// It is being made, or was woken for a job that it has not taken yet.
    Opening,
    /// It works on a job.
    Busy,
    /// It waits for one.
    Idle,
    /// It takes no more.
    Gone,
}

/// What a line and the account know of each other.
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
    /// Whether it stands in the queue of those that may need a line.
    queued: bool,
}

/// Where fetches come from.
pub(super) type Feed = Box<dyn Iterator<Item = (Fetch, Box<dyn Recipient>)>>;

/// So many fetches for each place wait at least, as long as there are more to come: those for a
/// host that has its share must not hide those for others.
const WAITING_PER_PLACE: usize = 4;
const WAITING_MIN: usize = 256;

/// See the head of this module.
pub(super) struct Pool {
    pub(super) options: Options,
    pub(super) finisher: Finisher,
    /// Where packed bodies are unpacked: one place for all, for it is used for a moment only.
    pub(super) unpacked: Vec<u8>,
    queues: Vec<RouteQueue>,
    /// Hashed with fixed keys: routes come from the user, and a system without randomness has
    /// none.
    by_route: HashMap<Rc<Route>, usize, BuildHasherDefault<DefaultHasher>>,
    needy: VecDeque<usize>,
    in_use: usize,
    /// The one that has waited longest first.
    idle: VecDeque<Rc<ConnectionSlot>>,
    /// Those that wait for another try, by its time.
    postponed: BTreeMap<(Instant, usize), Job>,
    /// When the call ends.
    pub(super) ends: Option<Instant>,
    /// Whole, but for a job on another thread.
    finishing: Vec<(Job, Pending)>,
    done: Vec<Option<Report>>,
    outstanding: usize,
    /// How many of the outstanding ones wait at their routes.
    waiting: usize,
    /// Those that are still to come.
    feed: Option<Feed>,
    /// Nothing is begun any more.
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

    /// Takes fetches, when there is soon a place for them.
    pub(super) fn feed(&mut self, feed: Feed) {
        self.feed = Some(feed);
        self.refill();
    }

    /// Fetches wait again, if there are more.
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

    /// A line asks for work: it is busy now if there is some, and idle if there is none. One that
    /// asks for the first time is fresh.
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

    /// A line has nothing to do with its job any more, and takes the next one or none.
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

    /// The response of a job is whole, or enough of it has come.
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

    /// A try of a job has failed: another one follows, or the job has failed.
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

    /// Makes another try of a job after a wait, if its recipient can take one.
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

    /// When the next of those that wait for another try is due.
    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.postponed.first_key_value().map(|((due, _), _)| *due)
    }

    /// Lets those go on that have waited for another try.
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

    /// A connection that had served others died under a job, or before its request was ready: a
    /// fresh one gets it. The idle ones, which have waited as long, are not trusted either.
    pub(super) fn retry(&mut self, mut job: Job, route: usize) -> Vec<Handle> {
        (job.moved, job.wants_fresh) = (true, true);
        self.wait(job, true);
        let suspects: Vec<_> =
            self.idle.iter().filter(|idle| idle.route == route).cloned().collect();
        suspects.iter().filter_map(|slot| self.retire(slot)).collect()
    }

    /// The next job that waits for a line: some of them for a fresh one.
    fn next(&mut self, route: usize, is_fresh: bool) -> Option<Job> {
        let waiting = &mut self.queues[route].waiting;
        let at = waiting.iter().position(|job| is_fresh || !job.wants_fresh)?;
        let job = waiting.remove(at)?;
        self.waiting -= 1;
        Some(job)
    }

    /// A line could not be made: what it was to be made for fails.
    pub(super) fn not_made(&mut self, route: usize, failure: Failure) {
        if let Some(job) = self.next(route, true) {
            self.failed(job, failure);
        }
    }

    /// The same, where it may be tried once more.
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

    // ---- lines -------------------------------------------------------------------------------

    pub(super) fn route(&self, at: usize) -> &Rc<Route> {
        &self.queues[at].route
    }

    /// The next route that needs a line, as far as the limits allow.
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

    /// An idle line of that route, which was idle for the shortest time; none where a fresh one is
    /// needed.
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

    /// A line is being made.
    pub(super) fn opening(&mut self, route: usize) {
        self.queues[route].opening += 1;
        self.in_use += 1;
        self.consider(route);
    }

    /// What was to become a line did not.
    pub(super) fn not_opened(&mut self, route: usize) {
        self.queues[route].opening -= 1;
        self.in_use -= 1;
        self.consider(route);
    }

    /// Makes place for a new line, where there are as many as there may be: who has been idle for
    /// longest has to go. The reactor is to wake it.
    pub(super) fn make_place(&mut self) -> Option<Handle> {
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

    /// How TLS is spoken with a host. The system's roots are read when they are needed first, and
    /// unless its user has said otherwise.
    pub(super) fn tls(&mut self, name: &str) -> Result<NamedTls, Error> {
        let tls = match &self.options.tls {
            Some(tls) => tls,
            None => self.options.tls.insert(ClientTls::new(None)?),
        };
        tls.named(name)
    }

    // ---- the end -----------------------------------------------------------------------------

    /// Settles what waited for another thread.
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

    /// What waits fails, and so does what is still to come.
    pub(super) fn give_up(&mut self, why: &dyn Fn() -> Error) {
        self.given_up = true;
        self.refill();
        while let Some((_, job)) = self.postponed.pop_first() {
            self.options.run.meter.resume();
            self.give_back(job, Failure::from(&why()));
        }
        for at in 0..self.queues.len() {
            while let Some(job) = self.next(at, true) {
                self.failed(job, Failure::from(&why()));
            }
        }
    }

    /// What has come of the fetches, in the order in which they were submitted.
    pub(super) fn results(&mut self) -> Vec<Report> {
        self.given_up = false;
        std::mem::take(&mut self.done).into_iter().flatten().collect()
    }
}
