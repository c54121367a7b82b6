//! The outcome of the files of a download, as text and as JSON.
//!
//! ```text
//!   a retry ─────▶ one line: why, and the wait                    while the call runs
//!   a file fails ▶ one line: `error: URL: why; what to do`        while the call runs
//!   the end ─────▶ a row for each file, and the sum; or the document of --json
//! ```
//!
//! With `--quiet` and `--json` nothing is said while the call runs; one final line says how many
//! files failed and why. It also covers the files that the timeout or a signal cut off.

use super::super::secret::Secret;
use super::super::web;
use super::NoUrl;
use crate::args::http::Download as Args;
use crate::output::advice::{Verb, advice, local_failure};
use crate::output::report::{Out, rate, size};
use crate::{Exit, Failure, say_line};
use serde_json::{Value, json};
use std::time::Duration;
use wirewright::net::files::Durability;
use wirewright::net::http::{Download, Notice, Report};
use wirewright::net::{Failure as Why, FailureKind};
use wirewright::text::PeerText;

/// How many rows the table has.
const ROWS_MAX: usize = 50;

/// The maximum number of lines about elements that are not URLs.
const FAULTS_MAX: usize = 20;

/// How many characters of a name it shows.
const NAME_CHARS_MAX: usize = 40;

/// The outcome of one wanted element.
#[derive(Clone, Copy)]
pub enum Row<'a> {
    File(&'a Download),
    NoUrl(&'a NoUrl),
}

/// All outcomes in the order of the elements. They are borrowed, because there may be thousands.
pub fn rows<'a>(done: &'a [Download], faults: &'a [Option<Box<NoUrl>>]) -> Vec<Row<'a>> {
    let mut done = done.iter();
    let row = |fault: &'a Option<Box<NoUrl>>| match fault {
        Some(fault) => Some(Row::NoUrl(fault)),
        None => done.next().map(Row::File),
    };
    faults.iter().filter_map(row).collect()
}

impl<'a> Row<'a> {
    fn why(&self) -> Option<&Why> {
        match self {
            Row::File(one) => one.report.outcome.as_ref().err(),
            Row::NoUrl(no_url) => Some(&no_url.why),
        }
    }

    /// The one line, where `more` says how many others failed.
    fn failure(&self, why: &Why, more: &str) -> Failure {
        match self {
            Row::File(one) => failure(&one.report, why, more),
            Row::NoUrl(no_url) => no_url.failure(more),
        }
    }

    /// Whether the line was said while the call ran, where lines are.
    fn was_told(&self) -> bool {
        match self {
            Row::File(one) => !one.report.given_up,
            Row::NoUrl(_) => true,
        }
    }

    /// The file, if it is there.
    fn there(&self) -> Option<&'a Download> {
        if let Row::File(one) = self { Some(*one).filter(|one| why(one).is_none()) } else { None }
    }

    /// Whether an earlier run left it and it has not changed since.
    fn is_unchanged(&self) -> bool {
        self.there().is_some_and(|one| one.is_unchanged)
    }

    /// Bytes of the file received in this run, without those of an error page.
    fn received(&self) -> u64 {
        if let Row::File(one) = self { one.report.taken } else { 0 }
    }

    /// How many bytes of a file arrived.
    fn bytes(&self) -> u64 {
        self.there().map_or(0, |one| one.bytes)
    }

    fn json(&self, secret: &Secret) -> Value {
        match self {
            Row::File(one) => file(one, secret),
            Row::NoUrl(no_url) => json!({
                "name": null, "path": null, "url": null, "status": null, "bytes": 0,
                "received": 0, "seconds": 0.0, "resumed_from": 0, "reused": false,
                "attempts": 0, "error": web::error(&no_url.why),
            }),
        }
    }
}

impl NoUrl {
    fn failure(&self, more: &str) -> Failure {
        Failure::new(&self.document, format!("{}{more}", self.why.text.short()), self.advice)
    }
}

/// The one line about a file, where `more` says how many others failed.
fn failure(report: &Report, why: &Why, more: &str) -> Failure {
    let retries = match report.retries {
        0 => String::new(),
        1 => " (after 1 retry)".to_owned(),
        retries => format!(" (after {retries} retries)"),
    };
    let is_kept = report.kept > 0;
    let kept = match is_kept {
        true => format!(" ({} are kept)", size(report.kept)),
        false => String::new(),
    };
    let more = format!("{retries}{kept}{more}");
    match (&report.path, why.kind) {
        (Some(path), FailureKind::Local) => {
            local_failure(Verb::Download, path, why, &more, is_kept)
        }
        _ => {
            let (what, advice) = (why.text.short(), advice(Verb::Download, why, is_kept));
            Failure::advised(&report.url, format!("{what}{more}"), advice)
        }
    }
}

// ---- while the call runs ---------------------------------------------------------------------

/// Whether anything is said while the call runs.
pub fn is_told(args: &Args) -> bool {
    !args.common.quiet && !args.common.json
}

/// Says that another try follows, or that a file has failed by itself.
pub fn tell_notice(notice: &Notice<'_>, secret: &Secret) {
    match notice {
        Notice::Ended(report) if !report.given_up => {
            if let Err(why) = &report.outcome {
                let failure = failure(report, &secret.hide_why(why), "");
                say_failure(secret.hide_in_failure(failure));
            }
        }
        notice => web::tell_retry(notice, secret),
    }
}

/// Says which elements of the document are no URLs.
pub fn tell_faults(faults: &[Option<Box<NoUrl>>]) {
    let mut faults = faults.iter().flatten();
    faults.by_ref().take(FAULTS_MAX).for_each(|fault| say_failure(fault.failure("")));
    if let Some(next) = faults.next() {
        let more = match faults.count() {
            0 => String::new(),
            more => format!(" (and {more} more that are no URLs)"),
        };
        say_failure(next.failure(&more));
    }
}

fn say_failure(failure: Failure) {
    if let Some(line) = failure.line {
        say_line(&format!("error: {line}"));
    }
}

// ---- at the end ------------------------------------------------------------------------------

/// Says on stdout (`--json`) or stderr what became of the files, and gives the status.
pub fn tell(
    done: &[Row<'_>],
    elapsed: Duration,
    durability: Durability,
    args: &Args,
    secret: &Secret,
) -> Result<Exit, Failure> {
    if args.common.json {
        write_document(done, elapsed, durability, secret)?;
    } else if !args.common.quiet {
        table(done, elapsed);
    }
    let failed = done.iter().filter(|one| one.why().is_some()).count();
    if failed == 0 {
        return Ok(Exit::Done);
    }
    let is_untold = |one: &&Row<'_>| !is_told(args) || !one.was_told();
    let mut untold = done.iter().filter(is_untold).filter_map(|one| Some((one, one.why()?)));
    let failure = match untold.next() {
        Some((first, why)) => {
            let others = untold.count();
            let more = match others {
                0 => String::new(),
                others => format!(" (and {others} more failed)"),
            };
            first.failure(why, &more)
        }
        None => Failure::unsaid("some files failed"),
    };
    Err(if failed < done.len() { failure.of_some() } else { failure })
}

fn why(one: &Download) -> Option<&Why> {
    one.report.outcome.as_ref().err()
}

fn seconds(one: &Download) -> Duration {
    match one.report.retries {
        0 => one.report.timings.last_byte.unwrap_or_default(),
        // The timings of the last attempt are too short for the bytes of all attempts.
        _ => one.report.elapsed,
    }
}

/// How many bytes of files arrived.
fn arrived(done: &[Row<'_>]) -> u64 {
    done.iter().map(Row::bytes).sum()
}

/// Writes the document file by file, so that it costs no memory for thousands of them.
fn write_document(
    done: &[Row<'_>],
    elapsed: Duration,
    durability: Durability,
    secret: &Secret,
) -> Result<(), Failure> {
    let mut out = Out::new();
    out.raw("{\"files\":[")?;
    for (at, one) in done.iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," })?;
        out.json_text(&one.json(secret).to_string())?;
    }
    let failed = done.iter().filter(|one| one.why().is_some()).count();
    let (bytes, seconds) = (arrived(done), elapsed.as_secs_f64());
    let durability = durability.as_str();
    out.raw(&format!(
        "],\"bytes\":{bytes},\"seconds\":{seconds},\"durability\":\"{durability}\",\
         \"failed\":{failed}}}\n"
    ))?;
    out.flush()
}

fn file(one: &Download, secret: &Secret) -> Value {
    let path = one.path.as_ref().filter(|_| why(one).is_none());
    let mut file = json!({
        "name": one.name,
        "path": path.map(|path| path.to_string_lossy()),
        "url": secret.hide(&one.report.url.to_string()),
        "status": one.report.status,
        "bytes": one.bytes,
        "received": one.report.received,
        "seconds": seconds(one).as_secs_f64(),
        "resumed_from": one.resumed_from,
        "reused": one.report.reused,
        "attempts": attempts(&one.report),
    });
    if let Some(why) = why(one) {
        file["error"] = web::error(why);
        file["kept"] = one.report.kept.into();
    }
    file
}

/// The number of attempts; 0 where the call ended before the fetch began.
fn attempts(report: &Report) -> u32 {
    let had_its_turn = !report.given_up || !report.elapsed.is_zero();
    report.retries + u32::from(had_its_turn)
}

/// A row for each file that is there, unless there are many, and the sum.
fn table(done: &[Row<'_>], elapsed: Duration) {
    let failed = done.iter().filter(|one| one.why().is_some()).count();
    if done.len() <= ROWS_MAX {
        let there = done.iter().filter_map(Row::there);
        let rows: Vec<(&Download, String)> = there.map(|one| (one, shown(&one.name))).collect();
        let width = rows.iter().map(|(_, name)| name.chars().count()).max().unwrap_or(0);
        rows.iter().for_each(|(one, name)| say_line(&row(one, name, width)));
    }
    let unchanged = done.iter().filter(|one| one.is_unchanged()).count();
    let received: u64 = done.iter().map(Row::received).sum();
    let count = |number: usize, what: &str| match number {
        0 => String::new(),
        number => format!(", {number} {what}"),
    };
    let fetched = done.len() - failed - unchanged;
    let plural = if fetched == 1 { "" } else { "s" };
    say_line(&format!(
        "{fetched} file{plural}, {} in {:.1} s, {}{}{}",
        size(received),
        elapsed.as_secs_f64(),
        rate(received, elapsed),
        count(unchanged, "unchanged"),
        count(failed, "failed"),
    ));
}

/// A name, cut where it is long.
fn shown(name: &PeerText<'_>) -> String {
    let name = name.to_string();
    match name.chars().count() > NAME_CHARS_MAX {
        true => name.chars().take(NAME_CHARS_MAX - 1).chain(['…']).collect(),
        false => name,
    }
}

fn row(one: &Download, name: &str, width: usize) -> String {
    let status = one.report.status.map_or("-".to_owned(), |status| status.to_string());
    if one.is_unchanged {
        return format!("{name:<width$}  {status:>3}  {:>10}  unchanged", size(one.bytes));
    }
    let resumed = match one.resumed_from {
        0 => String::new(),
        from => format!("  resumed at {}", size(from)),
    };
    let retried = match one.report.retries {
        0 => String::new(),
        1 => "  1 retry".to_owned(),
        retries => format!("  {retries} retries"),
    };
    let rate = rate(one.report.taken, seconds(one));
    format!("{name:<width$}  {status:>3}  {:>10}  {rate:>12}{resumed}{retried}", size(one.bytes))
}
