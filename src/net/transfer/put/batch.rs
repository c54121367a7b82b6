//! Which files are put, what became of each, and which are put again.
//!
//! Specification: `PROTOCOL.md` §7.3.
//!
//! A connection that ends after `end` and before `done` leaves open whether the file is stored. The
//! file is put again then, at first without `overwrite`: the server compares the file that stands
//! under the name with the digest of ours, and nothing is sent or replaced if they are equal.
//!
//! | the answer to that put | digest | outcome |
//! |---|---|---|
//! | `done` | any | success: the file stands there |
//! | `exists` | agreed | failure: another content stands there (*) |
//! | `exists` | `none` | unknown: what stands there cannot be compared (*) |
//! | `busy` | any | it is put again: the server has not noticed the loss yet |
//! | another error | any | unknown: it says nothing about what was sent before |
//! | lost again | any | it is put again, at most [`LOSSES_MAX`] times; then unknown |
//! | none, nobody there, time over | any | unknown |
//! | not asked: the file changed here | any | unknown: nobody has the old content any more (*) |
//!
//! (*) With `overwrite` the file is put once more, to replace what stands there.
//!
//! An `error` that names the put, before the connection ends, is an answer like `done`: a failure.

use crate::digest::DigestKind;
use crate::name::Name;
use crate::net::report::{Failure, Failures, FileReport, Meter};
use crate::net::transport::Error;
use crate::text::PeerText;
use crate::transfer::Code;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a file is put again because the connection was lost before the answer.
const LOSSES_MAX: u32 = 3;

/// A file to put.
pub(super) struct Job {
    pub(super) index: usize,
    pub(super) name: Name,
    pub(super) path: PathBuf,
    /// How often it changed while it was sent.
    pub(super) changes: u32,
    /// Whether the server may replace what stands under the name, this time.
    pub(super) overwrite: bool,
    /// The etag of what was sent whole before, to which the answer was lost.
    pub(super) sent: Option<Box<str>>,
    /// How often the connection was lost before the answer.
    losses: u32,
    /// It was begun anew, because what the server had kept of it was wrong.
    begun_anew: bool,
    /// When it was asked for first.
    pub(super) since: Option<Instant>,
}

/// What all connections of a put share.
pub(crate) struct Batch {
    pub(super) jobs: VecDeque<Job>,
    /// Those that are put again when there is another connection.
    again: Vec<Job>,
    pub(crate) reports: Vec<FileReport>,
    failures: Failures,
    /// What ended the last connection.
    pub(crate) ended: Option<Error>,
    pub(super) overwrite: bool,
    pub(super) meter: Arc<Meter>,
}

impl Batch {
    pub(crate) fn new(files: &[(Name, PathBuf)], overwrite: bool, meter: Arc<Meter>) -> Batch {
        let report = |(name, path): &(Name, PathBuf)| {
            let text = PeerText::from(name.as_str()).keep();
            FileReport::failed(text, Some(path.clone()), Failure::not_started(None))
        };
        let job = |(index, (name, path)): (usize, &(Name, PathBuf))| Job {
            index,
            name: name.clone(),
            path: path.clone(),
            changes: 0,
            overwrite,
            sent: None,
            losses: 0,
            begun_anew: false,
            since: None,
        };
        Batch {
            jobs: files.iter().enumerate().map(job).collect(),
            again: Vec::new(),
            reports: files.iter().map(report).collect(),
            failures: Failures::default(),
            ended: None,
            overwrite,
            meter,
        }
    }

    /// Whether another connection is needed to find out about files, or to put those that were
    /// busy.
    pub(crate) fn needs_another(&self) -> bool {
        !self.again.is_empty()
    }

    /// Whether a file waits for a connection.
    pub(crate) fn has_jobs(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// There is another connection: those files come first.
    pub(crate) fn begin_again(&mut self) {
        self.again.drain(..).rev().for_each(|job| self.jobs.push_front(job));
    }

    /// Nothing more is done about a file. What was sent before may be stored all the same.
    pub(super) fn fail(&mut self, job: &Job, failure: Failure) {
        let is_open = job.sent.is_some();
        let failure = if is_open { failure.unknown() } else { failure };
        let report = &mut self.reports[job.index];
        report.elapsed = job.since.map_or(Duration::ZERO, |since| since.elapsed());
        report.outcome = Err(self.failures.keep(failure));
        self.meter.end(job.name.as_str(), false);
    }

    /// The server has refused a file.
    pub(super) fn refused(&mut self, mut job: Job, digest: DigestKind, failure: Failure) {
        match Code::of(failure.code.as_raw_str()) {
            Some(Code::Busy) => {
                self.fail(&job, failure);
                self.again.push(job);
            }
            Some(Code::Exists) if job.sent.is_some() => {
                if digest != DigestKind::None {
                    // It was compared, by its size or by its digest.
                    job.sent = None;
                }
                if self.overwrite && !job.overwrite {
                    job.overwrite = true;
                    return self.jobs.push_front(job);
                }
                self.fail(&job, failure);
            }
            // The server has forgotten what it had.
            Some(Code::DigestMismatch) if self.has_gone_on(&job) && !job.begun_anew => {
                job.begun_anew = true;
                let report = &self.reports[job.index];
                self.meter.add_total(report.resumed_from + report.moved);
                self.jobs.push_front(job);
            }
            _ => self.fail(&job, failure),
        }
    }

    /// Whether a file was sent from where the server's unfinished copy ended.
    fn has_gone_on(&self, job: &Job) -> bool {
        job.sent.is_none() && self.reports[job.index].resumed_from > 0
    }

    /// The connection ended before the answer to a file. `sent` is its etag if all of it was sent.
    pub(super) fn lost(&mut self, mut job: Job, sent: Option<Box<str>>, why: &Error) {
        job.sent = sent.or(job.sent);
        self.fail(&job, Failure::from(why));
        if job.sent.is_some() && may_come_back(why) && job.losses < LOSSES_MAX {
            job.losses += 1;
            job.overwrite = false;
            self.again.push(job);
        }
    }

    /// The connection ended before any of a file was sent: another connection may take it.
    pub(super) fn put_back(&mut self, job: Job) {
        self.jobs.push_front(job);
    }
}

/// Whether the server may answer on another connection. One that was silent, or that said what
/// makes no sense, is not asked again, and neither is anybody when we were asked to stop.
fn may_come_back(why: &Error) -> bool {
    use crate::error::Error as Session;
    match why {
        Error::Io(..) | Error::Tls(_) => true,
        Error::Session(error) => {
            matches!(error, Session::Incomplete { .. } | Session::Refused { .. })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::report::FailureKind::{self, Connection, Peer, Unknown};
    use std::io;

    fn batch(overwrite: bool) -> (Batch, Job) {
        let files = [(Name::new("a").unwrap(), PathBuf::from("a"))];
        let mut batch = Batch::new(&files, overwrite, Arc::default());
        let job = batch.jobs.pop_front().unwrap();
        (batch, job)
    }

    fn reset() -> Error {
        Error::Io("reading", io::ErrorKind::ConnectionReset.into())
    }

    /// A batch with one file that was sent whole and whose answer was lost: it is put again.
    fn lost(overwrite: bool) -> (Batch, Job) {
        let (mut batch, job) = batch(overwrite);
        assert_eq!(job.overwrite, overwrite);
        batch.lost(job, Some("etag".into()), &reset());
        assert_eq!(kind(&batch), Unknown);
        assert!(batch.needs_another());
        batch.begin_again();
        let job = batch.jobs.pop_front().unwrap();
        assert!(!job.overwrite && job.sent.as_deref() == Some("etag"));
        (batch, job)
    }

    fn kind(batch: &Batch) -> FailureKind {
        batch.reports[0].outcome.as_ref().unwrap_err().kind
    }

    /// What becomes of the second put, and how its third begins: replacing, with an open outcome.
    fn refused(overwrite: bool, digest: DigestKind, code: &'static str) -> String {
        let (mut batch, job) = lost(overwrite);
        batch.refused(job, digest, Failure::new(code, code));
        match (batch.jobs.pop_front(), batch.needs_another()) {
            (Some(job), _) => format!("replace, open: {}", job.sent.is_some()),
            (None, true) => format!("again, {:?}", kind(&batch)),
            (None, false) => format!("{:?}", kind(&batch)),
        }
    }

    #[test]
    fn the_answers_to_a_second_put() {
        use DigestKind::{Blake3, None};
        for (overwrite, digest, code, expected) in [
            (false, Blake3, "exists", "Peer"),
            (false, None, "exists", "Unknown"),
            (true, Blake3, "exists", "replace, open: false"),
            (true, None, "exists", "replace, open: true"),
            (false, Blake3, "busy", "again, Unknown"),
            (true, None, "busy", "again, Unknown"),
            (false, Blake3, "no_space", "Unknown"),
            (true, Blake3, "read_only", "Unknown"),
            (false, None, "what nobody knows", "Unknown"),
        ] {
            let told = refused(overwrite, digest, code);
            assert_eq!(told, expected, "{overwrite} {digest:?} {code}");
        }
    }

    #[test]
    fn an_answer_to_the_first_put_is_certain() {
        for (code, is_again) in [("exists", false), ("busy", true), ("no_space", false)] {
            let (mut batch, mut job) = batch(false);
            job.since = Some(Instant::now());
            batch.refused(job, DigestKind::Blake3, Failure::new(code, code));
            assert_eq!((kind(&batch), batch.needs_another()), (Peer, is_again), "{code}");
            assert!(batch.reports[0].elapsed > Duration::ZERO, "it took time");
        }
    }

    #[test]
    fn a_loss_in_the_middle_of_a_file_is_certain() {
        let (mut batch, job) = batch(false);
        batch.lost(job, None, &reset());
        assert_eq!((kind(&batch), batch.needs_another()), (Connection, false));
    }

    #[test]
    fn losses_are_counted() {
        let (mut batch, mut job) = lost(false);
        for count in 1..=LOSSES_MAX {
            batch.lost(job, None, &reset());
            assert_eq!(kind(&batch), Unknown);
            assert_eq!(batch.needs_another(), count < LOSSES_MAX, "{count}");
            batch.begin_again();
            match batch.jobs.pop_front() {
                Some(again) => job = again,
                None => return,
            }
        }
    }

    /// No new attempt is made after a timeout, a protocol error or a stop.
    #[test]
    fn who_is_asked_again() {
        use crate::error::Error as Session;
        let incomplete = Session::Incomplete { expected: "x", offset: 0, section: "x" };
        let malformed = Session::malformed("x", 0, "x");
        for (why, is_again) in [
            (reset(), true),
            (Error::Session(incomplete), true),
            (Error::Session(malformed), false),
            (Error::TimedOut { state: "x".into() }, false),
            (Error::Interrupted, false),
        ] {
            let (mut batch, job) = batch(true);
            batch.lost(job, Some("etag".into()), &why);
            assert_eq!((kind(&batch), batch.needs_another()), (Unknown, is_again), "{why}");
        }
    }
}
