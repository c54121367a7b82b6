//! The document of `get --json` and `put --json`, written file by file to bound its memory.
//!
//! ```text
//!   begin ─▶ add, for each file ─┬─▶ end: the totals
//!                                └─▶ the process has to end: another thread calls end_now
//! ```

use crate::Failure;
use crate::output::advice::{Verb, is_device, local_failure_below};
use crate::output::report::Out;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use wirewright::net::{Failure as Why, FailureKind, FileReport};
use wirewright::text::PeerText;

/// The document that has been begun and not ended. Another thread ends it where this one is blocked
/// and the process has to end.
static OPEN: Mutex<Option<Document>> = Mutex::new(None);

/// Held while the files of a batch are added: another thread ends the document only after them.
static ADDING: Mutex<()> = Mutex::new(());

/// A document that is being written.
struct Document {
    out: Out,
    verb: Verb,
    /// The destination of the files.
    output: Option<PathBuf>,
    totals: Totals,
}

/// The totals at the end of the document.
#[derive(Default)]
struct Totals {
    files: u64,
    bytes: u64,
    skipped: u64,
    /// Files that were not started and are only counted.
    not_told: u64,
    durability: Option<wirewright::transfer::message::Durability>,
}

/// Begins the document of this process. `output` is the destination of the files.
pub fn begin(verb: Verb, output: Option<&Path>) -> Result<(), Failure> {
    let output = output.map(Path::to_owned);
    let mut document = Document { out: Out::new(), verb, output, totals: Totals::default() };
    document.out.raw("{\"files\":[")?;
    *lock(&OPEN) = Some(document);
    Ok(())
}

/// Adds the files of a batch.
pub fn adding<T>(act: impl FnOnce() -> T) -> T {
    let _added_together = lock(&ADDING);
    act()
}

/// Adds a file. Nothing is added to a document that another thread has ended.
pub fn add(report: &FileReport) -> Result<(), Failure> {
    with_open(|document| document.add(report))
}

/// Counts a file that was not started, in place of adding it.
pub fn count_not_started() -> Result<(), Failure> {
    with_open(|document| {
        document.totals.not_told += 1;
        Ok(())
    })
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with_open(act: impl FnOnce(&mut Document) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut open = lock(&OPEN);
    let done = open.as_mut().map_or(Ok(()), act);
    if done.is_err() {
        // After a write error the document cannot be ended.
        *open = None;
    }
    done
}

/// Ends the document. `error` is why the whole run failed.
pub fn end(seconds: f64, error: Option<&Value>) -> Result<(), Failure> {
    // Another thread that ends the process waits for the lock, so that the document is whole.
    let mut open = lock(&OPEN);
    open.take().map_or(Ok(()), |mut document| document.end(seconds, error))
}

/// Ends a document that has been begun, as soon as no other thread writes to it. False if there is
/// none, or none any more.
pub fn end_now(seconds: f64, error: &Value) -> bool {
    let _none_added = lock(&ADDING);
    let mut open = lock(&OPEN);
    open.take().is_some_and(|mut document| document.end(seconds, Some(error)).is_ok())
}

impl Document {
    fn add(&mut self, report: &FileReport) -> Result<(), Failure> {
        let Document { out, verb, output, totals } = self;
        out.raw(if totals.files == 0 { "" } else { "," })?;
        out.json_text(&file(report, *verb, output.as_deref()).to_string())?;
        totals.files += 1;
        totals.skipped += u64::from(report.is_skipped);
        if report.outcome.is_ok() {
            totals.bytes += report.bytes;
            totals.durability = totals.durability.or(report.durability);
        }
        Ok(())
    }

    fn end(&mut self, seconds: f64, error: Option<&Value>) -> Result<(), Failure> {
        let Document { out, totals, .. } = self;
        out.raw("]")?;
        let counts = [("skipped", totals.skipped), ("not_started", totals.not_told)];
        for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            out.raw(&format!(",\"{name}\":{count}"))?;
        }
        let (bytes, durability) = (totals.bytes, json!(totals.durability));
        out.raw(&format!(",\"bytes\":{bytes},\"seconds\":{seconds},\"durability\":{durability}"))?;
        if let Some(error) = error {
            out.raw(",\"error\":")?;
            out.json_text(&error.to_string())?;
        }
        out.raw("}\n")?;
        out.flush()
    }
}

/// The report of a file that was not started, because the run failed before.
pub fn not_started(name: &str, path: Option<PathBuf>, why: &Why) -> FileReport {
    let mut why = why.clone();
    why.kind = FailureKind::NotStarted;
    FileReport::failed(PeerText::from(name).keep(), path, why)
}

/// The outcome of a file, in one word.
fn outcome(report: &FileReport) -> &'static str {
    match report.outcome.as_ref().map_err(|why| why.kind) {
        Ok(()) => "done",
        Err(FailureKind::Unknown) => "unknown",
        Err(FailureKind::NotStarted) => "not_started",
        Err(_) => "failed",
    }
}

fn file(report: &FileReport, verb: Verb, output: Option<&Path>) -> Value {
    let moved_key = if verb == Verb::Put { "sent" } else { "received" };
    let path = report.path.as_deref().or_else(|| output.filter(|path| is_device(path)));
    let mut file = json!({
        "name": report.name,
        "path": path.map(Path::to_string_lossy),
        "bytes": report.bytes,
        moved_key: report.moved,
        "seconds": report.elapsed.as_secs_f64(),
        "resumed_from": report.resumed_from,
        "digest": report.digest,
        "outcome": outcome(report),
    });
    if report.is_skipped {
        file["skipped"] = true.into();
    }
    if let Err(why) = &report.outcome {
        file["error"] = match (why.kind, path) {
            // The same text as in the error line, with details such as the missing directory.
            (FailureKind::Local, Some(path)) => {
                let text = local_failure_below(verb, output, path, why, "", false).what;
                json!({ "code": why.code, "text": text })
            }
            _ => json!({ "code": why.code, "text": why.text }),
        };
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    /// The thread that ends the process comes while another one adds files to the document.
    #[test]
    fn a_document_that_is_in_use_is_ended_as_soon_as_it_is_free() {
        begin(Verb::Get, None).unwrap();
        let ending = adding(|| {
            let ending = thread::spawn(|| end_now(1.0, &json!({ "code": "interrupted" })));
            thread::sleep(Duration::from_millis(20));
            assert!(!ending.is_finished());
            count_not_started().unwrap();
            ending
        });
        assert!(ending.join().unwrap());
        assert!(lock(&OPEN).is_none());
    }
}
