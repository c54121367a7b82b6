//! Who is let in: connections and descriptors, counted for all threads of a server together.
//!
//! ```text
//!   a peer comes ─▶ connection? ─┬ a permit, for the thread that has the fewest ─▶ served
//!                                └ none ─▶ told `busy`
//!   a put comes ──▶ file? ───────┬ a permit ─▶ its partial file is opened
//!                                └ none ─▶ refused as `busy`
//! ```
//!
//! Specification: getrlimit(2) `RLIMIT_NOFILE`.
//!
//! | held by | descriptors |
//! |---|---|
//! | the process | [`PROCESS_DESCRIPTORS`], and [`THREAD_DESCRIPTORS`] for each thread |
//! | peers that are told `busy` | one each, at least one and at most [`REFUSALS_MAX`] |
//! | a connection | 2: its socket, and the file that is sent or a folder that is listed |
//! | a put | 2 more: beside the partial file its journal and its directory |
//!
//! A server that takes files keeps enough for one put, however few there are; where they suffice
//! for less than one connection it does not start.
//!
//! A permit gives back what it stands for when it is dropped, so nothing is counted twice and
//! nothing is forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Standard streams, the root, the listener, signals, and some that the libraries hold.
const PROCESS_DESCRIPTORS: usize = 16;

/// The poll of a reactor and its waker.
const THREAD_DESCRIPTORS: usize = 2;

/// How many peers that are told `busy` are held at the same time, at most.
const REFUSALS_MAX: usize = 64;

const CONNECTION_DESCRIPTORS: usize = 2;

/// Of a put, beside those of its connection.
const PUT_DESCRIPTORS: usize = 2;

/// Counts what a server holds.
#[derive(Debug)]
pub(crate) struct Admission {
    connections_max: usize,
    descriptors_max: usize,
    refusals_max: usize,
    descriptors: AtomicUsize,
    /// How many connections each thread has.
    loads: Box<[AtomicUsize]>,
}

impl Admission {
    /// For so many connections at most, on so many threads, of a process that may hold so many
    /// descriptors; `takes_files` keeps some of them for a put.
    pub(crate) fn new(
        connections_max: usize,
        threads: usize,
        descriptors: u64,
        takes_files: bool,
    ) -> Admission {
        let threads = threads.max(1);
        let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
        let left = descriptors.saturating_sub(kept(threads));
        let refusals_max = (left / 8).clamp(left.min(1), REFUSALS_MAX);
        let descriptors_max = left - refusals_max;
        let for_connections = descriptors_max.saturating_sub(for_put(takes_files));
        Admission {
            connections_max: connections_max.min(for_connections / CONNECTION_DESCRIPTORS),
            descriptors_max,
            refusals_max,
            descriptors: AtomicUsize::new(0),
            loads: (0..threads).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    /// How many descriptors are needed for one connection, and for a put where files are taken.
    pub(crate) fn descriptors_min(threads: usize, takes_files: bool) -> usize {
        kept(threads.max(1)) + 1 + CONNECTION_DESCRIPTORS + for_put(takes_files)
    }

    /// How many connections there may be at the same time.
    pub(crate) fn connections_max(&self) -> usize {
        self.connections_max
    }

    /// How many peers may be told `busy` at the same time.
    pub(crate) fn refusals_max(&self) -> usize {
        self.refusals_max
    }

    /// How many connections a thread has.
    pub(crate) fn load(&self, thread: usize) -> usize {
        self.loads[thread].load(Ordering::Acquire)
    }

    /// Lets a connection in, on the thread that has the fewest. Only one thread asks.
    pub(crate) fn connection(self: &Arc<Admission>) -> Option<Permit> {
        let open: usize = (0..self.loads.len()).map(|thread| self.load(thread)).sum();
        if open >= self.connections_max || !self.take(CONNECTION_DESCRIPTORS) {
            return None;
        }
        let thread = (0..self.loads.len()).min_by_key(|thread| self.load(*thread))?;
        self.loads[thread].fetch_add(1, Ordering::AcqRel);
        let thread = Some(thread);
        Some(Permit { admission: self.clone(), descriptors: CONNECTION_DESCRIPTORS, thread })
    }

    /// Lets a put begin.
    pub(crate) fn put(self: &Arc<Admission>) -> Option<Permit> {
        let admission = self.take(PUT_DESCRIPTORS).then(|| self.clone())?;
        Some(Permit { admission, descriptors: PUT_DESCRIPTORS, thread: None })
    }

    fn take(&self, count: usize) -> bool {
        let max = self.descriptors_max;
        let add = |used: usize| used.checked_add(count).filter(|used| *used <= max);
        self.descriptors.fetch_update(Ordering::AcqRel, Ordering::Acquire, add).is_ok()
    }
}

/// What the process holds whoever comes.
fn kept(threads: usize) -> usize {
    PROCESS_DESCRIPTORS + THREAD_DESCRIPTORS * threads
}

/// What is kept for a put.
fn for_put(takes_files: bool) -> usize {
    if takes_files { PUT_DESCRIPTORS } else { 0 }
}

/// The right to hold descriptors, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    descriptors: usize,
    /// The thread of a connection.
    thread: Option<usize>,
}

impl Permit {
    /// Which thread the connection is for.
    pub(crate) fn thread(&self) -> usize {
        self.thread.unwrap_or(0)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.descriptors.fetch_sub(self.descriptors, Ordering::AcqRel);
        if let Some(thread) = self.thread {
            self.admission.loads[thread].fetch_sub(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(connections: usize, threads: usize, descriptors: u64) -> Arc<Admission> {
        Arc::new(Admission::new(connections, threads, descriptors, true))
    }

    #[test]
    fn connections_are_counted_for_all_threads() {
        let admission = admission(5, 2, 20_000);
        let mut held: Vec<Permit> = (0..5).map(|_| admission.connection().unwrap()).collect();
        assert!(admission.connection().is_none());
        assert_eq!((admission.load(0), admission.load(1)), (3, 2));
        // Where one has left there is room for the next, on the same thread.
        let left = held.swap_remove(1).thread();
        assert_eq!(left, 1);
        assert_eq!(admission.connection().map(|permit| permit.thread()), Some(1));
        drop(held);
        assert_eq!((admission.load(0), admission.load(1)), (0, 0));
        assert_eq!(admission.descriptors.load(Ordering::Acquire), 0);
    }

    #[test]
    fn descriptors_bound_connections_and_puts() {
        let admission = admission(10_000, 1, 300);
        let max = admission.connections_max();
        assert!((100..141).contains(&max), "{max}");
        let connections: Vec<Permit> = (0..max / 2).map_while(|_| admission.connection()).collect();
        let puts: Vec<Permit> = std::iter::from_fn(|| admission.put()).collect();
        assert!(puts.len() * 2 >= max && admission.connection().is_none());
        let held = 2 * (connections.len() + puts.len()) + admission.refusals_max();
        assert!(held + PROCESS_DESCRIPTORS + THREAD_DESCRIPTORS <= 300, "{held}");
        drop(puts);
        assert!(admission.connection().is_some());
    }

    #[test]
    fn a_low_limit_is_shared_out_and_none_is_none() {
        for (descriptors, least) in [(64, 18), (32, 4), (20, 0), (0, 0)] {
            let admission = Admission::new(10_000, 1, descriptors, false);
            let max = admission.connections_max();
            assert!((least..least + 4).contains(&max), "{descriptors}: {max}");
        }
        let unlimited = Admission::new(7, 3, u64::MAX, true);
        assert_eq!((unlimited.connections_max(), unlimited.refusals_max()), (7, REFUSALS_MAX));
    }

    #[test]
    fn with_the_fewest_descriptors_there_is_one_of_each() {
        for (threads, takes_files) in [(1, false), (1, true), (3, false), (3, true)] {
            let least = Admission::descriptors_min(threads, takes_files);
            let with = |descriptors: usize| {
                Arc::new(Admission::new(9, threads, descriptors as u64, takes_files))
            };
            assert_eq!(with(least - 1).connections_max(), 0, "{threads} {takes_files}");
            let admission = with(least);
            assert_eq!((admission.connections_max(), admission.refusals_max()), (1, 1));
            let held = admission.connection();
            assert!(held.is_some() && admission.connection().is_none());
            assert_eq!(admission.put().is_some(), takes_files);
            assert_eq!(with(least + 2).connections_max(), 2);
        }
    }
}
