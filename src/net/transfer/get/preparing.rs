//! What comes before a file is asked for: what is here of it is read.

use super::comparing::Look;
use super::{Getting, Job, Running};
use crate::digest::DigestKind;
use crate::net::connection::Turn;
use crate::net::files::{FileError, FileReceiver};
use crate::net::report::{Activity, Failure};
use crate::net::transport::Error;
use crate::transfer::client::{Client, Resume};
use std::time::Instant;

/// A file of which something is here that is being read.
pub(super) struct Preparing {
    pub(super) job: Job,
    receiver: FileReceiver,
}

/// From where a file is asked for, if not from its beginning.
fn resume(receiver: &mut FileReceiver) -> Option<Resume<'_>> {
    let offset = receiver.verified();
    let digester = (offset > 0).then(|| receiver.take_digester())?;
    let (etag, _) = receiver.leftover()?;
    Some(Resume { offset, etag, digester })
}

impl Getting {
    /// Asks for as many files as may be on their way, once only half as many are: requests that
    /// travel together are answered together, where one new request for each answer would cost
    /// both sides a system call each.
    pub(super) fn refill(
        &mut self,
        kind: DigestKind,
        session: &mut Client,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        let pipeline = self.batch.borrow().pipeline;
        if self.running.len() > pipeline / 2 {
            return Ok(Turn::Done);
        }
        for _ in self.running.len()..pipeline {
            // Each of them has its file open.
            let open = self.running.len() + self.finishing.len();
            if open >= 2 * pipeline || !self.prepare(kind) {
                return Ok(Turn::Done);
            }
            self.go_on_preparing(session, scratch)?;
            if self.preparing.is_some() {
                break;
            }
        }
        Ok(Turn::Again)
    }

    /// Takes the next file in hand. False if there is none.
    fn prepare(&mut self, kind: DigestKind) -> bool {
        let batch = self.batch.clone();
        let mut batch = batch.borrow_mut();
        let Some(mut job) = batch.jobs.pop_front() else { return false };
        job.since = Instant::now();
        let listed = job.listed.clone();
        let mut opened = match self.look(&mut batch, &mut job, kind) {
            Look::Compare(receiver) => Ok(receiver),
            Look::Get => batch.open(&job.name, kind),
            Look::Skipped => return true,
            Look::Later => {
                batch.jobs.push_front(job);
                return false;
            }
        };
        if let (true, Ok(receiver)) = (job.fresh, &mut opened) {
            // What cannot be removed now is overwritten.
            let _ = receiver.discard_leftover();
        }
        match opened {
            Ok(receiver) => {
                job.open = Some(batch.open.clone());
                self.preparing = Some(Preparing { job, receiver });
            }
            Err(FileError::NoDescriptors) if batch.waits_for_descriptor(&mut job) => {
                job.listed = listed;
                batch.jobs.push_front(job);
                return false;
            }
            Err(error) => batch.fail(&job, Failure::from(&Error::from(error))),
        }
        true
    }

    /// Reads a piece of what is here of the file in hand, or asks for it.
    pub(super) fn go_on_preparing(
        &mut self,
        session: &mut Client,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        let Some(mut preparing) = self.preparing.take() else { return Ok(Turn::Done) };
        self.worked += 1;
        match preparing.receiver.verify_step(scratch) {
            Ok(true) => {}
            Ok(false) => {
                let meter = &self.batch.borrow().meter;
                meter.set(preparing.job.name.as_str(), Activity::Verifying);
                self.preparing = Some(preparing);
                return Ok(Turn::Again);
            }
            Err(_) if preparing.receiver.is_existing() => {
                self.batch.borrow_mut().fetch_after_all(preparing.job);
                return Ok(Turn::Again);
            }
            Err(error) => {
                let failure = Failure::from(&Error::from(error));
                self.batch.borrow_mut().fail(&preparing.job, failure);
                return Ok(Turn::Again);
            }
        }
        let Preparing { job, mut receiver } = preparing;
        let id = session.get(&job.name, resume(&mut receiver))?;
        self.running.push(Running { id, job, receiver, begun: false, broken: None });
        Ok(Turn::Again)
    }
}
