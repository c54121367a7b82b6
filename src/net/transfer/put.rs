//! The errand of putting files, and that of listing.
//!
//! ```text
//!   queue ─▶ asked ─▶ Ready ─▶ Hashing what is there ─▶ sending ─▶ sent ─▶ Done
//!     ▲                                                   │         │
//!     ├──────────── it changed: again ◀───────────────────┘         │
//!     └──────────── the connection is lost: again on another ◀──────┘
//! ```

mod batch;

pub(crate) use batch::Batch;

use super::DISK_WAIT;
use crate::buffer::Buffer;
use crate::digest::DigestKind;
use crate::name::Name;
use crate::net::connection::{Application, Turn};
use crate::net::files::{FileError, FileSender, Source, SourceFile};
use crate::net::report::{Activity, Failure};
use crate::net::transport::{Error, Spoken};
use crate::session::{Session, Wait};
use crate::text::PeerText;
use crate::transfer::Code;
use crate::transfer::client::{Client, Event};
use batch::Job;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How many requests are on their way at once, on one connection.
const PIPELINE: usize = 16;

/// How often a file that changes while it is sent is begun again.
const CHANGES_MAX: u32 = 5;

/// How far a put is.
enum Step {
    Asked,
    Hashing,
    Sending,
    /// All of it was sent, and the answer is not there yet.
    Sent,
}

struct Running {
    id: u64,
    job: Job,
    sender: FileSender,
    step: Step,
    /// Given up here: the file changed, or cannot be read.
    broken: Option<FileError>,
}

pub(crate) struct Putting {
    batch: Rc<RefCell<Batch>>,
    digest: Option<DigestKind>,
    running: VecDeque<Running>,
    /// Steps of hashing.
    worked: u64,
}

impl Putting {
    pub(crate) fn new(batch: Rc<RefCell<Batch>>) -> Putting {
        Putting { batch, digest: None, running: VecDeque::new(), worked: 0 }
    }

    /// Asks for the next file.
    fn ask(&mut self, session: &mut Client) -> Result<bool, Error> {
        let mut batch = self.batch.borrow_mut();
        let Some(mut job) = batch.jobs.pop_front() else { return Ok(false) };
        let source = match SourceFile::from_path(&job.path) {
            Ok(source) => source,
            // Those that are open are closed one after the other.
            Err(FileError::NoDescriptors) if !self.running.is_empty() => {
                batch.put_back(job);
                return Ok(false);
            }
            Err(error) => {
                batch.fail(&job, Failure::from(&error));
                return Ok(true);
            }
        };
        if job.sent.as_deref().is_some_and(|etag| etag != source.etag()) {
            if !batch.overwrite {
                batch.fail(&job, Failure::from(&FileError::Changed));
                return Ok(true);
            }
            (job.sent, job.overwrite) = (None, true);
        }
        let id = session.put(&job.name, source.size(), source.etag(), job.overwrite)?;
        batch.reports[job.index].bytes = source.size();
        if job.since.is_none() {
            batch.meter.add_total(source.size());
            job.since = Some(Instant::now());
        }
        let (sender, step) = (FileSender::new(Source::File(source)), Step::Asked);
        self.running.push_back(Running { id, job, sender, step, broken: None });
        Ok(true)
    }

    fn take(&mut self, id: u64) -> Option<Running> {
        let at = self.running.iter().position(|running| running.id == id)?;
        self.running.remove(at)
    }

    fn failed(&mut self, id: u64, code: Code, text: &PeerText<'_>) {
        let Some(mut running) = self.take(id) else { return };
        let mut batch = self.batch.borrow_mut();
        let changed = matches!(running.broken, Some(FileError::Changed));
        if changed && running.job.changes < CHANGES_MAX {
            running.job.changes += 1;
            // What was sent of the old content travels in vain, and adds to what has to travel.
            let report = &batch.reports[running.job.index];
            batch.meter.add_total(report.resumed_from + report.moved);
            return batch.jobs.push_front(running.job);
        }
        let digest = self.digest.unwrap_or(DigestKind::None);
        match &running.broken {
            Some(error) => batch.fail(&running.job, Failure::from(error)),
            None => batch.refused(running.job, digest, Failure::new(code, text.keep())),
        }
    }

    /// Hashes a piece of what the server has, or sends.
    fn go_on(
        &mut self,
        session: &mut Client,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        let Some(running) = self.running.front_mut() else { return Ok(Turn::Done) };
        if running.broken.is_some() {
            return Ok(Turn::Done);
        }
        let did = match running.step {
            Step::Asked | Step::Sent => return Ok(Turn::Done),
            Step::Hashing => {
                self.worked += 1;
                running.hash(session, scratch)?.map(|()| Turn::Again)
            }
            Step::Sending => {
                let batch = &mut *self.batch.borrow_mut();
                let report = &mut batch.reports[running.job.index];
                let sent = running.sender.send(session, out, scratch, |bytes| {
                    report.moved += bytes as u64;
                    batch.meter.add(bytes as u64);
                })?;
                if session.awaits_done(running.id) {
                    running.step = Step::Sent;
                }
                batch.meter.set(running.job.name.as_str(), running.activity());
                sent.map(|()| Turn::Done)
            }
        };
        did.or_else(|error| {
            running.broken = Some(error);
            session.cancel(running.id)?;
            Ok(Turn::Done)
        })
    }
}

impl Running {
    /// What it is called where progress is shown.
    fn activity(&self) -> Activity {
        match self.step {
            Step::Asked => Activity::Waiting,
            Step::Hashing if self.sender.offset() > 0 => Activity::Verifying,
            Step::Hashing | Step::Sending => Activity::Moving,
            Step::Sent => Activity::AwaitingServer,
        }
    }

    /// Hashes a piece of what the server has, or begins to send the rest.
    fn hash(
        &mut self,
        session: &mut Client,
        scratch: &mut [u8],
    ) -> Result<Result<(), FileError>, Error> {
        if !self.sender.is_hashed() {
            return Ok(self.sender.hash_step(scratch));
        }
        self.step = Step::Sending;
        session.start_put(self.id, self.sender.take_digester())?;
        Ok(Ok(()))
    }
}

impl Application<Client> for Putting {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        match event {
            Event::Welcome(digest) => self.digest = Some(digest),
            Event::Ready { id, offset } => {
                let kind = self.digest.unwrap_or(DigestKind::None);
                let mut batch = self.batch.borrow_mut();
                if let Some(running) = self.running.iter_mut().find(|running| running.id == id) {
                    let report = &mut batch.reports[running.job.index];
                    // What was sent before, to which the answer was lost, belongs to this run.
                    if running.job.sent.is_none() {
                        (report.resumed_from, report.moved) = (offset, 0);
                        batch.meter.add_kept(offset);
                    }
                    // Files are asked for ahead: before, the time is that of the files before it.
                    running.job.since = Some(Instant::now());
                    running.sender.start_at(offset, kind);
                    running.step = Step::Hashing;
                    batch.meter.set(running.job.name.as_str(), running.activity());
                }
            }
            Event::Done { id, digest, durability } => {
                let Some(running) = self.take(id) else { return Ok(()) };
                let batch = &mut *self.batch.borrow_mut();
                batch.meter.end(running.job.name.as_str(), true);
                let report = &mut batch.reports[running.job.index];
                report.digest = digest;
                report.durability = Some(durability);
                report.elapsed = running.job.since.map_or(Duration::ZERO, |at| at.elapsed());
                report.outcome = Ok(());
            }
            Event::Failed { id, code, text } => self.failed(id, code, &text),
            _ => {}
        }
        Ok(())
    }

    fn poll(
        &mut self,
        session: &mut Client,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        if self.digest.is_none() {
            return Ok(Turn::Done);
        }
        if self.running.len() < PIPELINE && self.ask(session)? {
            return Ok(Turn::Again);
        }
        if self.running.is_empty() {
            session.end();
        }
        let turn = self.go_on(session, out, scratch)?;
        session.check_end()?;
        Ok(turn)
    }

    fn waits_for(&self, session: &Client) -> Wait {
        match self.running.front().map(|running| &running.step) {
            Some(Step::Hashing) => Wait::from("the disk"),
            _ => session.waits_for(),
        }
    }

    fn progress(&self) -> u64 {
        self.worked
    }

    fn idle_timeout(&self, session: &Client) -> Duration {
        match self.running.front().map(|running| &running.step) {
            Some(Step::Hashing) => session.idle_timeout().max(DISK_WAIT),
            _ => session.idle_timeout(),
        }
    }

    fn speaks(&self) -> Option<Spoken> {
        Some(Spoken::Framed)
    }

    fn closed(&mut self, _session: &mut Client, outcome: Result<(), Error>) {
        let Err(error) = outcome else { return };
        let mut batch = self.batch.borrow_mut();
        for running in self.running.drain(..).rev() {
            let Running { job, sender, step, broken, .. } = running;
            match (broken, step) {
                (Some(broken), _) => batch.fail(&job, Failure::from(&broken)),
                (None, Step::Asked) if job.sent.is_none() => batch.put_back(job),
                (None, Step::Sent) => {
                    batch.lost(job, Some(sender.source().etag().into()), &error);
                }
                (None, _) => batch.lost(job, None, &error),
            }
        }
        batch.ended = Some(error);
    }
}

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Relative, `/`-separated.
    pub name: Name,
    /// In bytes.
    pub size: u64,
    /// RFC 3339, UTC, as the server wrote it.
    pub modified: PeerText<'static>,
    /// What this version of it is known by, where the server says it.
    pub etag: Option<Box<str>>,
}

/// How many files a listing left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LeftOut {
    /// Entries whose names or times make no sense.
    pub skipped: u64,
    /// Files and directories that the server cannot offer: the name breaks the grammar of names
    /// (`PROTOCOL.md` §10), or the system does not let the server read the directory, or examine
    /// the entry. Symbolic links out of the root, devices, pipes, sockets and the unfinished files
    /// of the server are not counted.
    pub not_offered: u64,
}

/// Lists; gives each file to a function as it comes.
pub(crate) struct Listing<F> {
    pub(crate) each: F,
    /// What was left out, or why the listing has no end.
    pub(crate) outcome: Rc<RefCell<Option<Result<LeftOut, Error>>>>,
    left_out: LeftOut,
    asked: bool,
    greeted: bool,
    ended: bool,
    refused: Option<Error>,
}

impl<F: FnMut(Listed)> Listing<F> {
    pub(crate) fn new(each: F, outcome: Rc<RefCell<Option<Result<LeftOut, Error>>>>) -> Listing<F> {
        let (asked, greeted, ended) = (false, false, false);
        let left_out = LeftOut::default();
        Listing { each, outcome, left_out, asked, greeted, ended, refused: None }
    }
}

impl<F: FnMut(Listed)> Application<Client> for Listing<F> {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        match event {
            Event::Welcome(_) => self.greeted = true,
            Event::Entries { entries, skipped, more, not_offered, .. } => {
                self.left_out.skipped += skipped as u64;
                self.left_out.not_offered = not_offered;
                for entry in entries {
                    let name = Name::new(entry.name.as_raw_str())?;
                    let modified = entry.modified.keep();
                    let etag = entry.etag.map(|etag| etag.as_raw_str().into());
                    (self.each)(Listed { name, size: entry.size, modified, etag });
                }
                self.ended = !more;
            }
            Event::Failed { code, text, .. } => {
                let (code, text) = (code.into(), text.keep());
                self.refused = Some(crate::error::Error::Refused { code, text }.into());
                self.ended = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn poll(
        &mut self,
        session: &mut Client,
        _out: &mut Buffer,
        _scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        if self.greeted && !self.asked {
            self.asked = true;
            session.list()?;
        }
        if self.ended {
            session.end();
        }
        session.check_end()?;
        Ok(Turn::Done)
    }

    fn speaks(&self) -> Option<Spoken> {
        Some(Spoken::Framed)
    }

    fn closed(&mut self, _session: &mut Client, outcome: Result<(), Error>) {
        let outcome = match (self.refused.take(), self.ended, outcome) {
            (Some(refused), ..) => Err(refused),
            (None, true, _) => Ok(self.left_out),
            (None, false, outcome) => outcome.map(|()| self.left_out),
        };
        *self.outcome.borrow_mut() = Some(outcome);
    }
}
