//! What comes before a file is asked for: what is here of it is read.

use super::comparing::Look;
use super::{Getting, Job, Running};
use crate::digest::{DigestKind, Digester};
use crate::net::connection::Turn;
use crate::net::files::FileError;
use crate::net::files::Target;
use crate::net::report::{Activity, Failure};
use crate::net::transport::Error;
use crate::transfer::client::{Client, Resume};
use std::time::Instant;

/// A file of which something is here that is being read.
pub(super) struct Preparing {
    pub(super) job: Job,
    target: Target,
    digester: Digester,
    since: Instant,
}

impl Preparing {
    /// Reads a piece of what is here; true when that is done.
    fn read_here(&mut self, scratch: &mut [u8]) -> Result<bool, FileError> {
        let digester = &mut self.digester;
        match &mut self.target {
            Target::Partial(partial) if partial.leftover().is_some() => {
                partial.verify_step(scratch, &mut |bytes| digester.update(bytes))
            }
            Target::Standing(comparing) => comparing.step(digester, scratch),
            _ => Ok(true),
        }
    }
}

/// From where a file is asked for, if not from its beginning. `digester` has seen what is here.
fn resume(target: &Target, digester: Digester) -> Option<Resume<'_>> {
    let (offset, etag) = match target {
        Target::Partial(partial) => (partial.verified(), partial.leftover()?.0),
        Target::Standing(comparing) => (comparing.size(), &*comparing.etag),
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
        let pipeline = self.plan.borrow().pipeline;
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
        let plan = self.plan.clone();
        let mut plan = plan.borrow_mut();
        let Some(mut job) = plan.jobs.pop_front() else { return false };
        let listed = job.listed.clone();
        let mut opened = match self.look(&mut plan, &mut job, kind) {
            Look::Compare(comparing) => Ok(Target::Standing(comparing)),
            Look::Get => plan.open(&job.name),
            Look::Skipped => return true,
            Look::Later => {
                plan.jobs.push_front(job);
                return false;
            }
        };
        if let (true, Ok(Target::Partial(partial))) = (job.fresh, &opened)
            && partial.leftover().is_some()
        {
            opened.map(Target::discard).ok();
            opened = plan.open(&job.name);
        }
        match opened {
            Ok(target) => {
                job.open = Some(plan.open.clone());
                let digester = Digester::new(kind);
                self.preparing = Some(Preparing { job, target, digester, since: Instant::now() });
            }
            Err(FileError::NoDescriptors) if plan.waits_for_descriptor(&mut job) => {
                job.listed = listed;
                plan.jobs.push_front(job);
                return false;
            }
            Err(error) => plan.fail(&job, Failure::from(&Error::from(error))),
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
                let meter = &self.plan.borrow().meter;
                meter.set(preparing.job.name.as_str(), Activity::Verifying);
                self.preparing = Some(preparing);
                return Ok(Turn::Again);
            }
            (Err(_), Target::Standing(_)) => {
                self.plan.borrow_mut().fetch_after_all(preparing.job);
                return Ok(Turn::Again);
            }
            (Err(error), _) => {
                let failure = Failure::from(&Error::from(error));
                self.plan.borrow_mut().fail(&preparing.job, failure);
                return Ok(Turn::Again);
            }
        }
        let Preparing { job, target, digester, since } = preparing;
        let id = session.get(&job.name, resume(&target, digester))?;
        self.running.push(Running { id, job, target, since, begun: false, broken: None });
        Ok(Turn::Again)
    }
}
