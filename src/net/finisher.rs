//! Waiting for the disk on a thread of its own.
//!
//! A sync may take seconds, and the reactor has others to serve: what is whole and verified is
//! handed over here, synced and renamed, and the reactor is woken. The thread that writes large
//! files behind belongs to it as well.

use super::files::{
    Behind, Durability, FileError, Finish, Nameless, Partial, Standing, WRITE_BEHIND_FROM,
};
use mio::Waker;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

/// What is to be done.
#[derive(Debug)]
pub enum Job {
    /// The end of a file that grew beside its name.
    Finish(Box<Finish>),
    /// The end of one that had none.
    Nameless(Nameless, Durability),
    /// A file that stood under its name already.
    Standing(Standing, Durability),
}

type Asked = (Job, Sender<Result<(), FileError>>);

/// Runs jobs in order, on one thread that begins with the first of them.
pub struct Finisher {
    waker: Arc<Waker>,
    worker: Option<(Sender<Asked>, JoinHandle<()>)>,
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
        Finisher { waker, worker: None, behind: None }
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
    pub fn run(&mut self, job: Job) -> Pending {
        let (sender, receiver) = channel();
        let waker = &self.waker;
        let (jobs, _) = self.worker.get_or_insert_with(|| start(waker.clone()));
        // If the worker has gone the sender is dropped here, and `poll` says so.
        let _ = jobs.send((job, sender));
        Pending(receiver)
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

fn start(waker: Arc<Waker>) -> (Sender<Asked>, JoinHandle<()>) {
    let (sender, jobs) = channel::<Asked>();
    let thread = std::thread::spawn(move || {
        for (job, outcome) in jobs {
            // Who asked may have gone; the file stands under its name all the same.
            let done = match job {
                Job::Finish(finish) => finish.run(),
                Job::Nameless(file, durability) => file.finish(durability),
                Job::Standing(file, durability) => file.finish(durability),
            };
            let _ = outcome.send(done);
            let _ = waker.wake();
        }
    });
    (sender, thread)
}
