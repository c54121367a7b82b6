//! Transfers of many files run in batches: the state of a running transfer takes far more memory
//! than a name, so only one batch has such state. The reports of a batch are written before the
//! next batch begins.

use crate::output::watch;
use wirewright::net::transfer::client::Options;
use wirewright::net::{Error, Failure, FailureKind, FileReport};

/// The number of files of a batch.
pub const BATCH_FILES: usize = 2048;

/// Transfers the files of one batch within the rest of `--timeout`.
pub fn run_batch(
    options: &mut Options,
    act: impl FnOnce(&Options) -> Result<Vec<FileReport>, Error>,
) -> Result<Vec<FileReport>, Error> {
    // Between two batches no reactor runs that would see a signal.
    if watch::was_signalled() {
        return Err(Error::Interrupted);
    }
    options.run.timeout = watch::left();
    act(options)
}

/// Why files of a batch were not started. No further batch can start then.
pub fn why_not_started(reports: &[FileReport]) -> Option<Failure> {
    let mut failures = reports.iter().filter_map(|report| report.outcome.as_ref().err());
    failures.find(|why| why.kind == FailureKind::NotStarted).cloned()
}
