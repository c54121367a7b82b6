//! Transfers of many files are made in batches: what is known of a file while it moves takes far
//! more memory than its name, so only the files of one batch are held at once. The report of a
//! batch is written before the next batch begins.

use crate::output::watch;
use wirewright::net::transfer::client::Options;
use wirewright::net::{Error, Failure, FailureKind, FileReport};

/// How many files are moved, and held in memory, at once.
pub const BATCH_FILES: usize = 2048;

/// Moves the files of one batch in what is left of `--timeout`.
pub fn run_batch(
    options: &mut Options,
    act: impl FnOnce(&Options) -> Result<Vec<FileReport>, Error>,
) -> Result<Vec<FileReport>, Error> {
    // No reactor sees a signal that comes between two batches.
    if watch::was_signalled() {
        return Err(Error::Interrupted);
    }
    options.run.timeout = watch::left();
    act(options)
}

/// Why files of a batch were not asked for. No other file can be asked for then.
pub fn why_not_started(reports: &[FileReport]) -> Option<Failure> {
    let mut failures = reports.iter().filter_map(|report| report.outcome.as_ref().err());
    failures.find(|why| why.kind == FailureKind::NotStarted).cloned()
}
