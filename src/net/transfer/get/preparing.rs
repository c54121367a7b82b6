//! What comes before a file is asked for: what is here of it is read.

use super::comparing::Look;
use super::{Getting, Job, Running};
use crate::digest::{DigestKind, Digester};
use crate::net::connection::Turn;
use crate::net::files::FileError;
use crate::net::files::Sink;
use crate::net::report::{Activity, Failure};
use crate::net::transport::Error;
use crate::transfer::client::{Client, Resume};
use std::time::Instant;

/// A file of which something is here that is being read.
pub(super) struct Preparing {
    pub(super) job: Job,
    target: Sink,
    digester: Digester,
    since: Instant,
}

impl Preparing {
    /// Reads a piece of what is here; true when that is done.
    fn read_here(&mut self, scratch: &mut [u8]) -> Result<bool, FileError> {
        let digester = &mut self.digester;
        match &mut self.target {
            Sink::Partial(partial) if partial.leftover().is_some() => {
                partial.verify_step(scratch, &mut |bytes| digester.update(bytes))
            }
            Sink::ExistingFile(comparing) => comparing.step(digester, scratch),
            _ => Ok(true),
        }
    }
}

/// From where a file is asked for, if not from its beginning. `digester` has seen what is here.
fn resume(target: &Sink, digester: Digester) -> Option<Resume<'_>> {
    let (offset, etag) = match target {
        Sink::Partial(partial) => (partial.verified(), partial.leftover()?.0),
        Sink::ExistingFile(comparing) => (comparing.size(), &*comparing.etag),
        _ => return None,
    };
    (offset > 0).then_some(Resume { offset, etag, digester })
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
        let listed = job.listed.clone();
        let mut opened = match self.look(&mut batch, &mut job, kind) {
            Look::Compare(comparing) => Ok(Sink::ExistingFile(comparing)),
            Look::Get => batch.open(&job.name),
            Look::Skipped => return true,
            Look::Later => {
                batch.jobs.push_front(job);
                return false;
            }
        };
        if let (true, Ok(Sink::Partial(partial))) = (job.fresh, &opened)
            && partial.leftover().is_some()
        {
            opened.map(Sink::discard).ok();
            opened = batch.open(&job.name);
        }
        match opened {
            Ok(target) => {
                job.open = Some(batch.open.clone());
                let digester = Digester::new(kind);
                self.preparing = Some(Preparing { job, target, digester, since: Instant::now() });
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
        match (preparing.read_here(scratch), &preparing.target) {
            (Ok(true), _) => {}
            (Ok(false), _) => {
                let meter = &self.batch.borrow().meter;
                meter.set(preparing.job.name.as_str(), Activity::Verifying);
                self.preparing = Some(preparing);
                return Ok(Turn::Again);
            }
            (Err(_), Sink::ExistingFile(_)) => {
                self.batch.borrow_mut().fetch_after_all(preparing.job);
                return Ok(Turn::Again);
            }
            (Err(error), _) => {
                let failure = Failure::from(&Error::from(error));
                self.batch.borrow_mut().fail(&preparing.job, failure);
                return Ok(Turn::Again);
            }
        }
        let Preparing { job, target, digester, since } = preparing;
        let id = session.get(&job.name, resume(&target, digester))?;
        self.running.push(Running { id, job, target, since, begun: false, broken: None });
        Ok(Turn::Again)
    }
}
