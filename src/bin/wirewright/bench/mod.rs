//! `wirewright bench`: throughput of each step from memory copy to TLS (a *rung* of the *ladder*),
//! beside the limit of that step.
//!
//! ```text
//!   round 1:  copy  base64  envelope  …  loopback-raw  loopback  file     interleaved: noise of
//!   round 2:  copy  base64  envelope  …  loopback-raw  loopback  file     the machine hits all
//!   …         ─▶ min, median, max of bytes of FILE a second; ratio of medians to the limit
//! ```
//!
//! Every rung has a check that runs before the timed part and fails if the rung moved no bytes or
//! wrong bytes. A function measures or renders, never both: `result` is between the two.
//!
//! | files | subject |
//! |---|---|
//! | `ladder`, `rung`, `setup` | the list of rungs, the measurement of one, sizes and data |
//! | `compute`, `memory` | rungs in cache: kernels, sessions without sockets |
//! | `raw`, `reactor`, `wire`, `file`, `tls`, `running` | rungs with a wire, and their servers |
//! | `smtp/` | a file by mail; a load of messages for a server; a sink |
//! | `bytes`, `sides`, `stats`, `machine`, `process` | shared by the measurements |
//! | `verdict` | which figures can be quoted |
//! | `sweep/`, `peer/` | rates against sizes and numbers; comparison with tokio |
//! | `summary`, `result` | from figures to the result, which is the document of `--json` |
//! | `table`, `csv`, `page/`, `output_file` | the result as text, CSV, HTML |

mod bytes;
mod compute;
mod csv;
mod file;
mod ladder;
mod machine;
mod memory;
mod output_file;
mod page;
mod peer;
mod process;
mod raw;
mod reactor;
mod result;
mod rung;
mod running;
mod setup;
mod sides;
mod smtp;
mod stats;
mod summary;
mod sweep;
mod table;
#[cfg(feature = "tls")]
mod tls;
mod verdict;
mod wire;

use super::args;
use super::args::Bench;
use super::{Exit, Failure};
use crate::output::drawing::Steps;
use crate::output::report::Out;
use args::SweepKind as Kind;
use machine::{Machine, Ticks};
use output_file::OutputFile;
use result::Report;
use rung::{Figure, Rung};
use setup::{ROUNDS, Setup};
use std::time::Duration;
use wirewright::name::Name;

/// The null rungs, whose difference is noise. They belong to every run.
const NULL: [&str; 2] = ["copy", "copy-again"];

/// A nonce for sessions without a token.
const NONCE: &str = "00112233445566778899aabbccddeeff";

/// The rung that gives the scale of the sweeps.
const SCALE: &str = "loopback-raw";

pub fn run(args: &Bench) -> Result<Exit, Failure> {
    if args.peer.is_some() {
        return peer::run(args);
    }
    if let Some(load) = &args.load {
        return smtp::load::run(args, load);
    }
    let (rungs, kinds) = (chosen(args)?, Kind::chosen(&args.sweeps));
    let open = |path| OutputFile::open(path).map(Some);
    let html = args.html.as_deref().map_or(Ok(None), open)?;
    let files = [html, args.csv.as_deref().map_or(Ok(None), open)?];
    machine::raise_descriptors();
    let ticks = Ticks::now();
    let setup = Setup::new(args);
    let setup =
        setup.map_err(|error| Failure::new("bench", error, "give a TMPDIR that can be written"))?;
    let steps = rungs.len() * ROUNDS + kinds.len();
    let progress = Steps::new("bench", steps, "measurements", !args.quiet);
    let mut idle = sweep::first(&kinds, &setup).map_err(|error| broken("connections", &error))?;
    let figures = measure(&rungs, &setup, &progress)?;
    let mut sweeps = Vec::new();
    for (done, kind) in kinds.iter().enumerate() {
        sweeps.push(sweep::run(*kind, &setup).map_err(|error| broken(&kind.name(), &error))?);
        progress.done(rungs.len() * ROUNDS + done + 1);
    }
    sweeps.append(&mut idle);
    progress.finish();
    let report = summary::report(&figures, sweeps, &setup, Machine::after(ticks));
    show(&report, files, args)
}

/// Checks each rung, then measures all of them in interleaved rounds.
fn measure(rungs: &[Rung], setup: &Setup, progress: &Steps) -> Result<Vec<Figure>, Failure> {
    let mut figures: Vec<Figure> = rungs.iter().map(Figure::new).collect();
    for figure in &mut figures {
        figure.rung.check(setup).map_err(|error| broken(figure.rung.name, &error))?;
    }
    for round in 0..ROUNDS {
        for (done, figure) in figures.iter_mut().enumerate() {
            figure.measure(setup).map_err(|error| broken(figure.rung.name, &error))?;
            progress.done(round * rungs.len() + done + 1);
        }
    }
    Ok(figures)
}

fn broken(what: &str, error: &str) -> Failure {
    Failure::new(format_args!("bench: {what}"), error, "this is a fault of the product or machine")
}

/// The requested rungs in the order of the ladder, with the rungs of their limits and the null
/// rungs.
fn chosen(args: &Bench) -> Result<Vec<Rung>, Failure> {
    let all = ladder::ladder();
    if let Some(unknown) = args.rungs.iter().find(|name| all.iter().all(|r| r.name != **name)) {
        let names: Vec<&str> = all.iter().map(|rung| rung.name).collect();
        let hint = format!("the rungs are {}", names.join(", "));
        return Err(Failure::usage(unknown, "there is no such rung", hint));
    }
    let whole = args.rungs.is_empty() && args.sweeps.is_empty();
    let scale = !args.sweeps.is_empty();
    let asked = |name: &str| {
        whole
            || NULL.contains(&name)
            || (scale && name == SCALE)
            || args.rungs.iter().any(|other| other == name)
    };
    // The parts of a limit may have limits themselves.
    let mut wanted: Vec<&str> = all.iter().map(|rung| rung.name).filter(|n| asked(n)).collect();
    for rung in all.iter().rev() {
        if wanted.contains(&rung.name) {
            wanted.extend(rung.limit.parts());
        }
    }
    Ok(all.iter().filter(|rung| wanted.contains(&rung.name)).copied().collect())
}

/// Writes the report to all requested outputs.
fn show(
    report: &Report,
    files: [Option<OutputFile<'_>>; 2],
    args: &Bench,
) -> Result<Exit, Failure> {
    for (file, text) in files.iter().zip([page::page, csv::csv]) {
        file.as_ref().map_or(Ok(()), |file| file.write(&text(report)))?;
    }
    let mut out = Out::new();
    match args.json {
        true => out.json(&serde_json::json!(report))?,
        false => out.raw(&table::text(report))?,
    }
    out.flush()?;
    for warning in &report.warnings {
        super::say_line(&format!("warning: {warning}"));
    }
    Ok(Exit::Done)
}

/// Bytes a second in units of 10⁹.
fn gb_per_s(bytes: u64, elapsed: Duration) -> f64 {
    bytes as f64 / elapsed.as_secs_f64() / 1e9
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn name(text: &str) -> Result<Name, String> {
    Name::new(text).map_err(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn names(line: &str) -> Result<Vec<&'static str>, Failure> {
        let cli = args::Cli::try_parse_from(format!("wirewright bench {line}").split_whitespace());
        let Some(args::Command::Bench(args)) = cli.unwrap().command else { unreachable!() };
        Ok(chosen(&args)?.iter().map(|rung| rung.name).collect())
    }

    #[test]
    fn what_is_measured() {
        let all: Vec<&str> = ladder::ladder().iter().map(|rung| rung.name).collect();
        assert_eq!(names("").unwrap(), all);
        assert_eq!(names("copy").unwrap(), NULL);
        let tied = ["copy", "loopback-raw", "classic", "copy-again"];
        assert_eq!(names("classic classic").unwrap(), tied);
        // The limits of the limits are measured, too.
        let session = names("session").unwrap();
        assert!(["base64-encode", "search", "session"].iter().all(|name| session.contains(name)));
        assert_eq!(names("--sweep latency").unwrap(), ["copy", SCALE, "copy-again"]);
        assert!(names("memcpy").is_err());
    }
}
