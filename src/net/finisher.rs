//! Waiting for the disk on a thread of its own.
//!
//! A sync may take seconds, and the reactor has others to serve: what is whole and verified is
//! handed over here, synced and renamed, and the reactor is woken. Many small files are handed over
//! together, once for each turn of the reactor, for waking a thread costs as much as writing one.
//! The thread that writes large files behind belongs to it as well.
//!
//! ```text
//!   run ───────────────▶ [job] ────────▶ thread ─▶ outcome, wake
//!   later, later … send ▶ [job, job …] ─▶        ─▶ outcomes, wake
//! ```

use super::files::{Behind, FileError, Finish, Partial, Small, WRITE_BEHIND_FROM};
use mio::Waker;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

enum Job {
    Finish(Finish),
    Small(Small),
}

type Asked = (Job, Sender<Result<(), FileError>>);

/// Runs jobs in order, on one thread that begins with the first of them.
pub struct Finisher {
    waker: Arc<Waker>,
    worker: Option<(Sender<Vec<Asked>>, JoinHandle<()>)>,
    /// What is handed over with the next [`send`](Finisher::send).
    later: Vec<Asked>,
    /// Once it was asked for: none where there is no processor for it.
    behind: Option<Option<Behind>>,
}

/// A job that was handed over.
#[derive(Debug)]
pub struct Pending(Receiver<Result<(), FileError>>);

impl Pending {
    /// The outcome, once there is one.
    pub fn poll(&self) -> Option<Result<(), FileError>> {
        match self.0.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                Some(Err(FileError::Io(io::Error::other("the worker has gone"))))
            }
        }
    }
}

impl Finisher {
    /// Will wake a reactor by `waker`.
    pub fn new(waker: Arc<Waker>) -> Finisher {
        Finisher { waker, worker: None, later: Vec::new(), behind: None }
    }

    /// Lets a file that has begun, of that size in bytes, be written behind if it is large.
    pub fn write_behind(&mut self, partial: &mut Partial, size: u64) {
        if size < WRITE_BEHIND_FROM {
            return;
        }
        if let Some(behind) = self.behind.get_or_insert_with(Behind::start) {
            partial.write_behind(behind.clone());
        }
    }

    /// Hands a job over.
    pub fn run(&mut self, job: Finish) -> Pending {
        let (sender, receiver) = channel();
        self.hand_over(vec![(Job::Finish(job), sender)]);
        Pending(receiver)
    }

    /// Keeps a small file until the next [`send`](Finisher::send).
    pub fn later(&mut self, file: Small) -> Pending {
        let (sender, receiver) = channel();
        self.later.push((Job::Small(file), sender));
        Pending(receiver)
    }

    /// Hands over what was kept.
    pub fn send(&mut self) {
        if !self.later.is_empty() {
            let jobs = std::mem::take(&mut self.later);
            self.hand_over(jobs);
        }
    }

    fn hand_over(&mut self, batch: Vec<Asked>) {
        let waker = &self.waker;
        let (jobs, _) = self.worker.get_or_insert_with(|| start(waker.clone()));
        // If the worker has gone the senders are dropped here, and `poll` says so.
        let _ = jobs.send(batch);
    }
}

impl Drop for Finisher {
    /// Waits for the jobs that were handed over.
    fn drop(&mut self) {
        if let Some((jobs, thread)) = self.worker.take() {
            drop(jobs);
            let _ = thread.join();
        }
    }
}

fn start(waker: Arc<Waker>) -> (Sender<Vec<Asked>>, JoinHandle<()>) {
    let (sender, batches) = channel::<Vec<Asked>>();
    let thread = std::thread::spawn(move || {
        for batch in batches {
            for (job, outcome) in batch {
                let done = match job {
                    Job::Finish(finish) => finish.run(),
                    Job::Small(small) => small.store(),
                };
                // Who asked may have gone; the file stands under its name all the same.
                let _ = outcome.send(done);
            }
            let _ = waker.wake();
        }
    });
    (sender, thread)
}
