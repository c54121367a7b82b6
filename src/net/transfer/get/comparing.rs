//! Files that a listing named, and whether they are here already.
//!
//! Specification: `PROTOCOL.md` §4.6 and §7.2.
//!
//! ```text
//!   listed: size, etag ─▶ a file of that size here? ─▶ its digest ─▶ get, offset = size, etag
//!                              └ no: get                                │
//!      skipped ◀── end with that digest, no payload ◀───────────────────┤
//!      get from 0 ◀── another digest, or changed ◀──────────────────────┘
//! ```
//!
//! A size and a time are not trusted: both sides read the file. A server may hash no more than
//! [`COMPARED_MAX`] files in a row for a client that takes nothing of them (§7.2), so a connection
//! ends after so many, and another goes on.

use super::{Batch, Getting, Job};
use crate::digest::{DigestKind, Digester};
use crate::name::Name;
use crate::net::files::{ExistingFile, FileReceiver};

/// How many files one connection compares.
const COMPARED_MAX: u32 = 64;

/// A file to get.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its name on the wire.
    pub name: Name,
    /// What a listing said of it. A file that is here and equal is then skipped.
    pub listed: Option<Version>,
}

/// A version of a file, as a listing names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// In bytes.
    pub size: u64,
    /// What the server knows it by.
    pub etag: Box<str>,
}

impl Batch {
    /// The file that is here, if it may be equal to the one that was listed.
    fn existing(&mut self, job: &mut Job) -> Option<(ExistingFile, Version)> {
        let listed = job.listed.take()?;
        let existing = self.destination.existing(&job.name, &mut self.root)?;
        (existing.source().size() == listed.size).then_some((existing, listed))
    }

    /// A file is here and equal.
    pub(super) fn skip(&mut self, job: &Job, digest: Option<String>, size: u64) {
        let report = &mut self.reports[job.index];
        (report.bytes, report.resumed_from, report.moved) = (size, size, 0);
        (report.digest, report.is_skipped) = (digest, true);
        self.end(job, Ok(()));
    }

    /// A file is here and is not equal, or cannot be compared.
    pub(super) fn fetch_after_all(&mut self, mut job: Job) {
        let report = &mut self.reports[job.index];
        (report.bytes, report.resumed_from) = (0, 0);
        (job.attempt, job.open) = (job.attempt + 1, None);
        self.jobs.push_front(job);
    }
}

/// What is to be done about a file that may be here already.
pub(super) enum Look {
    /// Compare it.
    Compare(FileReceiver),
    /// Get it.
    Get,
    /// Nothing: it is here.
    Skipped,
    /// This connection compares no more.
    Later,
}

impl Getting {
    /// Looks whether a file that a listing named is here already.
    pub(super) fn look(&mut self, batch: &mut Batch, job: &mut Job, kind: DigestKind) -> Look {
        if kind == DigestKind::None {
            return Look::Get;
        }
        let Some((existing, listed)) = batch.existing(job) else { return Look::Get };
        if listed.size == 0 {
            batch.skip(job, Digester::new(kind).finish(), 0);
            return Look::Skipped;
        }
        if self.compared == COMPARED_MAX {
            job.listed = Some(listed);
            return Look::Later;
        }
        self.compared += 1;
        Look::Compare(FileReceiver::existing(existing, &listed.etag, kind))
    }
}
