//! The client's façade: list, get and put; a report for each file.
//!
//! What it is for: to list, get and put files of a server, from a program. The command's `ls`,
//! `get` and `put` are these calls and a report.
//!
//! Specification: `PROTOCOL.md`, by [`transfer::client`](crate::transfer::client); for the files
//! its §6 and §7.
//!
//! ```text
//!   "host:port" ─▶ reactor ─▶ connections ─▶ FileReport for each name, in order
//!                                  └ each gets, puts or lists
//! ```
//!
//! ```no_run
//! use wirewright::net::files::Destination;
//! use wirewright::net::transfer::client::{Options, get};
//! use wirewright::name::Name;
//!
//! let into = Destination::Directory("pictures".into());
//! for report in get("127.0.0.1:5566", &[Name::new("guido.jpg")?], &into, &Options::default())? {
//!     // Ok: verified, synced, renamed, its folder synced. Otherwise: why not.
//!     println!("{}: {:?}", report.name, report.outcome);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::classic::{ClassicGetting, Outcome};
use super::get::{self, Getting};
pub use super::get::{Version, Wanted};
pub use super::options::Options;
use super::put::{self, LeftOut, Listed, Listing, Putting};
use super::run::Run;
use crate::name::Name;
use crate::net::files::Destination;
use crate::net::report::{Failure, FailureKind, Failures, FileReport};
use crate::net::transport::Error;
use crate::net::transport::endpoint;
use crate::transfer::classic;
use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// How many connections have descriptors for their files.
fn affordable() -> usize {
    let left = endpoint::descriptors_max().saturating_sub(DESCRIPTORS_KEPT);
    usize::try_from(left / DESCRIPTORS_EACH).unwrap_or(usize::MAX).max(1)
}

/// How many descriptors a process has beside connections and their files, about.
const DESCRIPTORS_KEPT: u64 = 16;

/// What a connection needs at least: its socket, and a file with its journal and its directory.
const DESCRIPTORS_EACH: u64 = 4;

/// Gets files. The reports stand in the order of the names; what became of each is in it.
///
/// # Errors
/// Where no connection came about. What ended a connection later stands in the reports.
pub fn get(
    endpoint: &str,
    names: &[Name],
    destination: &Destination,
    options: &Options,
) -> Result<Vec<FileReport>, Error> {
    let wanted = |name: &Name| Wanted { name: name.clone(), listed: None };
    get_wanted(endpoint, names.iter().map(wanted).collect(), destination, options)
}

/// Gets files, except those that a listing named and that are here with the same content. The
/// reports stand in the order of the files; [`FileReport::is_skipped`] tells those that are here.
/// Nothing is skipped where the destination is no directory, or where no digest is agreed.
///
/// # Errors
/// As [`get`].
pub fn get_wanted(
    endpoint: &str,
    files: Vec<Wanted>,
    destination: &Destination,
    options: &Options,
) -> Result<Vec<FileReport>, Error> {
    let mut run = Run::new(endpoint, options)?;
    let mut waiting = files.len();
    let batch = Rc::new(RefCell::new(get::Batch::new(
        files,
        destination.clone(),
        options.durability,
        options.resume,
        run.finisher(),
        options.run.meter.clone(),
    )));
    batch.borrow_mut().deadline = run.deadline;
    loop {
        let connections = options.connections.clamp(1, waiting.max(1)).min(affordable());
        batch.borrow_mut().share(connections);
        for _ in 0..connections {
            run.add_framed(Duration::ZERO, Getting::new(batch.clone()), || {})?;
        }
        let opened = run.go(|| batch.borrow().waiting() > 0);
        // The files whose last bytes came are whole, whatever became of the connection.
        batch.borrow_mut().wait_for_disk();
        opened?;
        // A connection compares a bounded number of files that are here; another goes on.
        let left = batch.borrow().waiting();
        if left == 0 || left == waiting || batch.borrow().ended.is_some() || run.is_over() {
            break;
        }
        waiting = left;
    }
    let mut batch = batch.borrow_mut();
    let ended = batch.ended.take();
    Ok(settle(std::mem::take(&mut batch.reports), ended.as_ref()))
}

/// How often, and how long apart, it is tried again to put files whose outcome is not known, and
/// those that another connection is writing: the server may not have noticed yet that the run
/// before this one was killed, or may be starting again.
const PUT_TRIES: usize = 10;
const PUT_PAUSE: Duration = Duration::from_millis(200);

/// Puts files, each under a name.
///
/// # Errors
/// As [`get`].
pub fn put(
    endpoint: &str,
    files: &[(Name, PathBuf)],
    options: &Options,
) -> Result<Vec<FileReport>, Error> {
    let mut run = Run::new(endpoint, options)?;
    let batch = put::Batch::new(files, options.overwrite, options.run.meter.clone());
    let batch = Rc::new(RefCell::new(batch));
    let connections = options.connections.clamp(1, files.len().max(1));
    for _ in 0..connections {
        run.add_framed(Duration::ZERO, Putting::new(batch.clone()), || {})?;
    }
    run.go(|| batch.borrow().has_jobs())?;
    for _ in 0..PUT_TRIES {
        // What is known now is still the answer where nobody can be asked again.
        if run.is_over() || !batch.borrow().needs_another() {
            break;
        }
        let again = batch.clone();
        let begin = move || again.borrow_mut().begin_again();
        run.add_framed(PUT_PAUSE, Putting::new(batch.clone()), begin)?;
        // The server may be about to come back, but a connection that nobody answers takes long.
        if run.go(|| batch.borrow().has_jobs()).is_err_and(|error| !is_refused(&error)) {
            break;
        }
    }
    let mut batch = batch.borrow_mut();
    let ended = batch.ended.take();
    Ok(settle(std::mem::take(&mut batch.reports), ended.as_ref()))
}

/// Whether each address has answered that there is no connection.
fn is_refused(error: &Error) -> bool {
    match error {
        Error::Io(..) => true,
        Error::Unreachable(attempts) => {
            attempts.failed().iter().all(|(_, error)| error.kind() != io::ErrorKind::TimedOut)
        }
        _ => false,
    }
}

/// Files that were not started fail with what ended the connection.
fn settle(mut reports: Vec<FileReport>, ended: Option<&Error>) -> Vec<FileReport> {
    let waiting = reports.iter_mut().filter(
        |report| matches!(&report.outcome, Err(failure) if failure.kind == FailureKind::NotStarted),
    );
    let mut failures = Failures::default();
    waiting.for_each(|report| report.outcome = Err(failures.keep(Failure::not_started(ended))));
    reports
}

/// Lists what a server has; each file is given to `each` as it comes. Gives how many were left out.
///
/// # Errors
/// Where the listing did not come to its end.
pub fn list(
    endpoint: &str,
    options: &Options,
    each: impl FnMut(Listed) + 'static,
) -> Result<LeftOut, Error> {
    let mut run = Run::new(endpoint, options)?;
    let outcome = Rc::new(RefCell::new(None));
    run.add_framed(Duration::ZERO, Listing::new(each, outcome.clone()), || {})?;
    run.go(|| false)?;
    let ended = outcome.borrow_mut().take();
    ended.unwrap_or(Err(Error::Interrupted))
}

/// Gets the one file of a classic server. Where it has come and could not be stored, the report
/// says why.
///
/// # Errors
/// Where it did not arrive whole.
pub fn get_classic(
    endpoint: &str,
    destination: &Destination,
    options: &Options,
) -> Result<FileReport, Error> {
    let mut run = Run::new(endpoint, options)?;
    let outcome = Rc::new(RefCell::new(Outcome::default()));
    let (durability, meter) = (options.durability, options.run.meter.clone());
    let finisher = run.finisher();
    let mut limits = classic::Limits::default();
    limits.transfer_wait = limits.transfer_wait.max(options.run.timeout.unwrap_or_default());
    let mut getting = ClassicGetting::new(
        destination.clone(),
        durability,
        options.overwrite,
        finisher,
        meter,
        outcome.clone(),
    );
    getting.deadline = run.deadline;
    run.add(Duration::ZERO, classic::ClassicClient::new(limits), getting, || {});
    run.go(|| false)?;
    let mut outcome = outcome.borrow_mut();
    match (outcome.error.take(), outcome.report.take()) {
        (None, Some(report)) => Ok(report),
        (Some(error), _) => Err(error),
        (None, None) => Err(Error::Interrupted),
    }
}
