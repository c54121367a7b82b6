//! Getting files.
//!
//! ```text
//!   queue ─▶ Preparing (re-verify what is there) ─▶ asked ─▶ File ─▶ Payload … ─▶ Received
//!     ▲                                               │                              │
//!     └──────────── changed: again from 0 ◀───────────┘        other thread: fsync, rename
//! ```

mod comparing;
mod preparing;

pub use comparing::{Version, Wanted};

use super::DISK_WAIT;
use crate::buffer::Buffer;
use crate::digest::DigestKind;
use crate::name::Name;
use crate::net::connection::{Application, Turn};
use crate::net::files::finisher::{Finisher, Pending};
use crate::net::files::{Destination, Durability, FileError, FileReceiver, Root};
use crate::net::report::{Activity, Failure, Failures, FileReport, Meter};
use crate::net::transport::{Error, Spoken};
use crate::session::Session;
use crate::text::PeerText;
use crate::transfer::Code;
use crate::transfer::client::{Client, Event};
use preparing::Preparing;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many requests are on their way at once, on one connection, and half of how many files may be
/// open: those on their way, and those that wait for the disk.
const PIPELINE: usize = 64;

/// How often a file that changes under way is begun again.
const ATTEMPTS_MAX: u32 = 5;

/// How often a file that was opened is begun again because it lacked further descriptors.
const SHORT_MAX: u32 = 20;

/// A file to get.
struct Job {
    index: usize,
    name: Name,
    /// When it was last taken in hand.
    since: Instant,
    attempt: u32,
    fresh: bool,
    /// What a listing said of it, until that was compared with what is here.
    listed: Option<Version>,
    /// Its file is open.
    open: Option<Rc<()>>,
    /// How often it lacked a descriptor after that.
    short: u32,
}

/// What all connections of a call share.
pub(crate) struct Batch {
    jobs: VecDeque<Job>,
    pub(crate) reports: Vec<FileReport>,
    failures: Failures,
    pub(crate) ended: Option<Error>,
    destination: Destination,
    root: Option<Root>,
    durability: Durability,
    finisher: Finisher,
    meter: Arc<Meter>,
    /// How many requests one connection has on its way at once.
    pipeline: usize,
    /// Held once for each file that is open, by all connections.
    open: Rc<()>,
    /// Files that wait for the disk and whose connection has ended.
    finishing: Vec<Finishing>,
    /// When the whole operation has to be over, for an output that takes no bytes.
    pub(crate) deadline: Option<Instant>,
}

impl Batch {
    pub(crate) fn new(
        files: Vec<Wanted>,
        destination: Destination,
        durability: Durability,
        resume: bool,
        finisher: Finisher,
        meter: Arc<Meter>,
    ) -> Batch {
        let since = Instant::now();
        let job = |(index, wanted): (usize, Wanted)| Job {
            index,
            name: wanted.name,
            since,
            attempt: 0,
            fresh: !resume,
            listed: wanted.listed,
            open: None,
            short: 0,
        };
        let reports = files.iter().map(|wanted| blank(&wanted.name, &destination)).collect();
        let jobs = files.into_iter().enumerate().map(job).collect();
        let root = None;
        let pipeline = PIPELINE;
        Batch {
            jobs,
            reports,
            failures: Failures::default(),
            ended: None,
            destination,
            root,
            durability,
            finisher,
            meter,
            pipeline,
            open: Rc::default(),
            finishing: Vec::new(),
            deadline: None,
        }
    }

    /// Many connections share what one would have on its way: each file that is means descriptors.
    pub(crate) fn share(&mut self, connections: usize) {
        self.pipeline = (2 * PIPELINE / connections.max(1)).clamp(1, PIPELINE);
    }

    /// How many files no connection has asked for yet.
    pub(crate) fn waiting(&self) -> usize {
        self.jobs.len()
    }

    fn open(&mut self, name: &Name, kind: DigestKind) -> Result<FileReceiver, FileError> {
        self.destination.open(name, kind, false, &mut self.root)
    }

    /// Removes what came of a file in whose place another file of this run has made a directory:
    /// the same run could never finish it.
    fn forget_conflict(&mut self, name: &Name) {
        let is_below = |report: &FileReport| {
            let rest = report.name.as_raw_str().strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        if self.reports.iter().any(is_below) {
            // What cannot be removed now is overwritten by the next run.
            let _ = self.open(name, DigestKind::None).map(FileReceiver::discard);
        }
    }

    /// A file is opened later, for no descriptor is left and those that are open will be closed.
    /// False where none is: then it cannot be opened at all. Fewer are open at once from now on, so
    /// that what comes after the opening has descriptors, too.
    fn waits_for_descriptor(&mut self, job: &mut Job) -> bool {
        job.open = None;
        let open = Rc::strong_count(&self.open) - 1;
        self.pipeline = self.pipeline.min((open / 2).max(1));
        open > 0
    }

    /// The disk has a file now, or cannot have it.
    fn finished(&mut self, finishing: Finishing, outcome: Result<(), FileError>) {
        let job = finishing.job;
        match outcome {
            Ok(()) => self.end(&job, Ok(())),
            Err(error) => {
                if matches!(error, FileError::InTheWay) {
                    self.forget_conflict(&job.name);
                }
                self.broken(job, error);
            }
        }
    }

    /// Waits for the files whose connection has ended before the disk had them.
    pub(crate) fn wait_for_disk(&mut self) {
        for finishing in std::mem::take(&mut self.finishing) {
            let outcome = finishing.pending.wait();
            self.finished(finishing, outcome);
        }
    }

    /// A file could not be written.
    fn broken(&mut self, mut job: Job, error: FileError) {
        if matches!(error, FileError::NoDescriptors) && job.short < SHORT_MAX {
            // Those that held the others may have been closed since it failed.
            self.waits_for_descriptor(&mut job);
            job.short += 1;
            self.reports[job.index].durability = None;
            return self.jobs.push_back(job);
        }
        self.fail(&job, Failure::from(&Error::from(error)));
    }

    /// The connection ended before anything of a file came: another connection may get it.
    fn put_back(&mut self, mut job: Job) {
        job.open = None;
        self.jobs.push_front(job);
    }

    fn fail(&mut self, job: &Job, failure: Failure) {
        let failure = self.failures.keep(failure);
        self.end(job, Err(failure));
    }

    fn end(&mut self, job: &Job, outcome: Result<(), Failure>) {
        self.meter.end(job.name.as_str(), outcome.is_ok());
        let report = &mut self.reports[job.index];
        (report.elapsed, report.outcome) = (job.since.elapsed(), outcome);
    }
}

fn blank(name: &Name, destination: &Destination) -> FileReport {
    let text = PeerText::from(name.as_str()).keep();
    FileReport::failed(text, destination.path(name), Failure::not_started(None))
}

/// A file that was asked for.
struct Running {
    id: u64,
    job: Job,
    receiver: FileReceiver,
    begun: bool,
    broken: Option<FileError>,
}

/// A file that waits for the disk.
struct Finishing {
    job: Job,
    pending: Pending,
}

pub(crate) struct Getting {
    batch: Rc<RefCell<Batch>>,
    digest: Option<DigestKind>,
    preparing: Option<Preparing>,
    running: Vec<Running>,
    finishing: Vec<Finishing>,
    /// Requests to be given up, by id.
    cancel: Vec<u64>,
    /// Steps of verifying.
    worked: u64,
    /// When something of a file that is arriving is to be recorded.
    record_at: Option<Instant>,
    /// How many files that are here were compared.
    compared: u32,
}

impl Getting {
    pub(crate) fn new(batch: Rc<RefCell<Batch>>) -> Getting {
        Getting {
            batch,
            digest: None,
            preparing: None,
            running: Vec::new(),
            finishing: Vec::new(),
            cancel: Vec::new(),
            worked: 0,
            record_at: None,
            compared: 0,
        }
    }

    fn running(&mut self, id: u64) -> Option<&mut Running> {
        self.running.iter_mut().find(|running| running.id == id)
    }

    fn take(&mut self, id: u64) -> Option<Running> {
        let at = self.running.iter().position(|running| running.id == id)?;
        Some(self.running.swap_remove(at))
    }

    /// Something local went wrong with a file: the server may stop sending it.
    fn broke(&mut self, id: u64, error: FileError) {
        if let Some(running) = self.running(id)
            && running.broken.is_none()
        {
            running.broken = Some(error);
            self.cancel.push(id);
        }
    }

    fn file(&mut self, id: u64, size: u64, etag: &str, offset: u64) {
        let batch = self.batch.clone();
        let mut batch = batch.borrow_mut();
        let Some(running) = self.running(id) else { return };
        // Requests are sent ahead: before, the time is that of the files before this one.
        (running.begun, running.job.since) = (true, Instant::now());
        let report = &mut batch.reports[running.job.index];
        (report.bytes, report.resumed_from, report.moved) = (size, offset, 0);
        if running.receiver.is_existing() {
            // Skipped: no content is requested.
            return;
        }
        let begun = running.receiver.begin(Some(etag), Some(size), &mut batch.finisher);
        let begun = begun.and_then(|()| match running.receiver.verified() == offset {
            true => Ok(()),
            false => Err(FileError::Changed),
        });
        batch.meter.set(running.job.name.as_str(), Activity::Moving);
        batch.meter.add_total(size);
        batch.meter.add_kept(offset);
        if let Err(error) = begun {
            self.broke(id, error);
        }
    }

    fn payload(&mut self, id: u64, offset: u64, bytes: &[u8]) {
        let batch = self.batch.clone();
        let Some(running) = self.running(id) else { return };
        if running.broken.is_some() {
            return;
        }
        let mut batch = batch.borrow_mut();
        let written = running.receiver.write(offset, bytes, batch.deadline);
        let due = running.receiver.record_due();
        batch.reports[running.job.index].moved += bytes.len() as u64;
        batch.meter.add(bytes.len() as u64);
        // Files are due in the order in which they began, so the earlier time stays.
        self.record_at = self.record_at.or(due);
        if let Err(error) = written {
            self.broke(id, error);
        }
    }

    fn received(&mut self, id: u64, digest: Option<String>) {
        let Some(running) = self.take(id) else { return };
        let mut batch = self.batch.borrow_mut();
        if let Some(error) = running.broken {
            return batch.broken(running.job, error);
        }
        let index = running.job.index;
        if running.receiver.is_existing() {
            return batch.skip(&running.job, digest, running.receiver.verified());
        }
        batch.reports[index].digest = digest;
        let durability = batch.durability;
        match running.receiver.finish(durability, true) {
            Some(job) => {
                let pending = batch.finisher.run(job);
                batch.reports[index].durability = Some(durability.into());
                batch.meter.set(running.job.name.as_str(), Activity::Storing);
                self.finishing.push(Finishing { job: running.job, pending });
            }
            None => batch.end(&running.job, Ok(())),
        }
    }

    fn failed(&mut self, id: u64, code: Code, text: &PeerText<'_>) {
        let Some(mut running) = self.take(id) else { return };
        let mut batch = self.batch.borrow_mut();
        let stale = matches!(code, Code::Changed | Code::BadOffset);
        let resumed = batch.reports[running.job.index].resumed_from > 0;
        let torn = code == Code::DigestMismatch && resumed;
        if (stale || torn) && running.receiver.is_existing() {
            return batch.fetch_after_all(running.job);
        }
        let has_left = running.receiver.is_output() && running.begun;
        if let Some(error) = running.broken {
            return batch.broken(running.job, error);
        }
        if (stale || torn) && !has_left && running.job.attempt < ATTEMPTS_MAX {
            running.receiver.discard();
            running.job.attempt += 1;
            (running.job.fresh, running.job.open) = (true, None);
            let report = &batch.reports[running.job.index];
            let missing = report.bytes.saturating_sub(report.resumed_from + report.moved);
            batch.meter.take_from_total(missing);
            return batch.jobs.push_front(running.job);
        }
        match code {
            Code::DigestMismatch => running.receiver.discard(),
            Code::ChecksumMismatch => running.receiver.distrust_unverified(),
            _ => {}
        }
        batch.fail(&running.job, Failure::new(code, text.keep()));
    }

    fn poll_finishing(&mut self) {
        let batch = &mut *self.batch.borrow_mut();
        let mut at = 0;
        while let Some(finishing) = self.finishing.get(at) {
            let Some(outcome) = finishing.pending.poll() else {
                at += 1;
                continue;
            };
            batch.finished(self.finishing.remove(at), outcome);
        }
    }
}

impl Getting {
    /// Asks for files, and says good-bye when all have come.
    fn go_on(&mut self, session: &mut Client, scratch: &mut [u8]) -> Result<Turn, Error> {
        for id in self.cancel.drain(..) {
            session.cancel(id)?;
        }
        self.poll_finishing();
        let Some(kind) = self.digest else { return Ok(Turn::Done) };
        if self.preparing.is_some() {
            return self.go_on_preparing(session, scratch);
        }
        if self.refill(kind, session, scratch)? == Turn::Again {
            return Ok(Turn::Again);
        }
        if !self.finishing.is_empty() {
            return Ok(Turn::Parked);
        }
        if self.running.is_empty() {
            session.end();
        }
        Ok(Turn::Done)
    }
}

impl Application<Client> for Getting {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        match event {
            Event::Welcome(digest) => self.digest = Some(digest),
            Event::File { id, size, etag, offset, .. } => {
                self.file(id, size, etag.as_raw_str(), offset)
            }
            Event::Payload { id, offset, bytes } => self.payload(id, offset, bytes),
            Event::Verified { id, chunk } => {
                let Some(Running { receiver, broken: None, .. }) = self.running(id) else {
                    return Ok(());
                };
                if let Err(error) = receiver.chunk_verified(chunk.offset, chunk.len, chunk.crc32) {
                    self.broke(id, error);
                }
            }
            Event::Received { id, digest } => self.received(id, digest),
            Event::Failed { id, code, text } => self.failed(id, code, &text),
            Event::Entries { .. } | Event::Ready { .. } | Event::Done { .. } => {}
        }
        Ok(())
    }

    fn poll(
        &mut self,
        session: &mut Client,
        _out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        let turn = self.go_on(session, scratch)?;
        session.check_end()?;
        Ok(turn)
    }

    fn progress(&self) -> u64 {
        self.worked
    }

    fn idle_timeout(&self, session: &Client) -> Duration {
        let is_busy = self.preparing.is_some() || !self.finishing.is_empty();
        if is_busy { session.idle_timeout().max(DISK_WAIT) } else { session.idle_timeout() }
    }

    fn speaks(&self) -> Option<Spoken> {
        Some(Spoken::Framed)
    }

    fn tick_at(&self) -> Option<Instant> {
        self.record_at
    }

    fn tick(&mut self, now: Instant) {
        let receivers = self.running.iter_mut().map(|running| &mut running.receiver);
        self.record_at = receivers.fold(None, |at, receiver| {
            receiver.record_if_due(now);
            at.into_iter().chain(receiver.record_due()).min()
        });
    }

    fn closed(&mut self, _session: &mut Client, outcome: Result<(), Error>) {
        let mut batch = self.batch.borrow_mut();
        batch.finishing.append(&mut self.finishing);
        let Err(error) = outcome else { return };
        // Put back in their order: those that were asked for last first.
        self.running.sort_unstable_by_key(|running| running.id);
        let preparing = self.preparing.take().map(|preparing| preparing.job);
        preparing.into_iter().for_each(|job| batch.put_back(job));
        for Running { job, begun, broken, .. } in self.running.drain(..).rev() {
            match broken {
                Some(error) => batch.broken(job, error),
                None if begun => batch.fail(&job, Failure::from(&error)),
                None => batch.put_back(job),
            }
        }
        batch.ended.get_or_insert(error);
    }
}
