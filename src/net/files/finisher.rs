//! Waiting for the disk on a thread of its own.
//!
//! A sync may take seconds, and the reactor has others to serve: what is whole and verified is
//! handed over here, synced and renamed, and the reactor is woken. The thread that writes large
//! files behind belongs to it as well. Where the system gives no thread, a job is done at once, on
//! the reactor's own: the others wait for the disk then, and nothing is lost.

use super::{
    AnonymousFile, Durability, ExistingFile, FileError, Finish, Partial, WRITE_BEHIND_FROM,
    WriteBehind,
};
use mio::Waker;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

/// How a job ended.
type Outcome = Result<(), FileError>;

/// What is to be done.
#[derive(Debug)]
pub enum Job {
    /// The end of a file that grew beside its name.
    Finish(Box<Finish>),
    /// The end of one that had none, and whether it may replace another.
    AnonymousFile(AnonymousFile, Durability, bool),
    /// A file that stood under its name already.
    ExistingFile(ExistingFile, Durability),
}

impl Job {
    /// Gives up what has arrived where it fills the disk: see [`Finish::make_room`].
    pub(crate) fn make_room(&mut self) {
        if let Job::Finish(finish) = self {
            finish.make_room();
        }
    }

    /// Does it here and now. May take long.
    pub(crate) fn run(self) -> Outcome {
        match self {
            Job::Finish(finish) => finish.run(),
            Job::AnonymousFile(file, durability, overwrite) => file.finish(durability, overwrite),
            Job::ExistingFile(file, durability) => file.finish(durability),
        }
    }
}

/// A job, what is kept until it has ended, and where its outcome goes.
type Asked = (Job, Box<dyn Send>, Sender<Outcome>);

/// Runs jobs in order, on one thread that begins with the first of them.
pub struct Finisher {
    waker: Arc<Waker>,
    worker: Option<(Sender<Asked>, JoinHandle<()>)>,
    /// Once it was asked for: none where there is no processor for it.
    behind: Option<Option<WriteBehind>>,
}

/// A job that was handed over.
#[derive(Debug)]
pub struct Pending(Receiver<Outcome>);

impl Pending {
    /// The outcome, once there is one.
    pub fn poll(&self) -> Option<Outcome> {
        match self.0.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(worker_gone())),
        }
    }

    /// Waits for the outcome.
    ///
    /// # Errors
    /// Those of the job.
    pub fn wait(&self) -> Outcome {
        self.0.recv().unwrap_or_else(|_| Err(worker_gone()))
    }
}

fn worker_gone() -> FileError {
    FileError::Io(io::Error::other("the worker has gone"))
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
        if let Some(behind) = self.behind.get_or_insert_with(WriteBehind::start) {
            partial.write_behind(behind.clone());
        }
    }

    /// Hands a job over.
    pub fn run(&mut self, job: Job) -> Pending {
        self.run_holding(job, ())
    }

    /// Hands a job over, and drops `held` when it has ended.
    pub fn run_holding(&mut self, job: Job, held: impl Send + 'static) -> Pending {
        let (sender, receiver) = channel();
        if self.worker.is_none() {
            self.worker = start(self.waker.clone()).ok();
        }
        match &self.worker {
            // If the worker has gone the sender is dropped here, and `poll` says so.
            Some((jobs, _)) => drop(jobs.send((job, Box::new(held), sender))),
            None => {
                // The receiver stands below, so the outcome arrives.
                let _ = sender.send(job.run());
                let _ = self.waker.wake();
            }
        }
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

fn start(waker: Arc<Waker>) -> io::Result<(Sender<Asked>, JoinHandle<()>)> {
    let (sender, jobs) = channel::<Asked>();
    let work = move || {
        for (job, held, outcome) in jobs {
            let done = job.run();
            drop(held);
            // Who asked may have gone; the file stands under its name all the same.
            let _ = outcome.send(done);
            let _ = waker.wake();
        }
    };
    let thread = std::thread::Builder::new().name("finisher".to_owned()).spawn(work)?;
    Ok((sender, thread))
}
