//! `wirewright bench`: the ladder from memory copy to file, each rung beside its limit.
//!
//! ```text
//!   round 1:  copy  base64  envelope  …  loopback-raw  loopback  file     interleaved, so that a
//!   round 2:  copy  base64  envelope  …  loopback-raw  loopback  file     machine's moods hit all
//!   …         ─▶ min, median, max of bytes of FILE a second; ratio of medians to the limit
//! ```
//!
//! A figure counts only if its bytes were checked: every rung has a check that fails if it did
//! nothing, run outside the timed part where the table does not say otherwise.

mod compute;
mod machine;
mod rung;
mod table;
mod wire;

use super::args::Bench;
use super::report::{Out, Progress};
use super::{Exit, Failure};
use rung::{Figure, Limit, Rung};
use std::time::Duration;

/// How often each rung is measured; medians of fewer say little.
const ROUNDS: usize = 5;

/// A difference between the two null rungs beyond which the machine is too noisy to quote.
const NOISE_MAX: f64 = 0.10;

pub fn run(args: &Bench) -> Result<Exit, Failure> {
    let chosen = chosen(args)?;
    let setup =
        rung::Setup::new(args.size, args.connections as usize, args.seconds / ROUNDS as u32)
            .map_err(|error| Failure::new("bench", error, "see that /tmp is writable"))?;
    let progress = Progress::new(Some((chosen.len() * ROUNDS) as u64), "bench", !args.quiet);
    let mut figures: Vec<Figure> = chosen.iter().map(Figure::new).collect();
    for figure in &mut figures {
        figure.check(&setup).map_err(|error| broken(figure.rung.name, &error))?;
    }
    for round in 0..ROUNDS {
        for (done, figure) in figures.iter_mut().enumerate() {
            figure.measure(&setup).map_err(|error| broken(figure.rung.name, &error))?;
            progress.set((round * chosen.len() + done) as u64);
        }
    }
    progress.finish();
    show(&figures, &setup, args.json)?;
    Ok(Exit::Done)
}

fn broken(rung: &str, error: &str) -> Failure {
    Failure::new(format_args!("bench: {rung}"), error, "this is a fault of the product or machine")
}

/// The rungs that were asked for, in the order of the ladder, and those their limits come from.
fn chosen(args: &Bench) -> Result<Vec<Rung>, Failure> {
    let all = rung::ladder();
    if let Some(unknown) = args.rungs.iter().find(|name| all.iter().all(|r| r.name != **name)) {
        let names: Vec<&str> = all.iter().map(|rung| rung.name).collect();
        let hint = format!("the rungs are {}", names.join(", "));
        return Err(Failure::usage(unknown, "there is no such rung", hint));
    }
    let asked = |name: &str| args.rungs.is_empty() || args.rungs.iter().any(|r| r == name);
    let needed: Vec<&str> = all
        .iter()
        .filter(|rung| asked(rung.name))
        .flat_map(|rung| match &rung.limit {
            Limit::None => &[][..],
            Limit::Share(of, _) => std::slice::from_ref(of),
            Limit::Series(parts) => parts,
        })
        .copied()
        .collect();
    let wanted = |rung: &Rung| asked(rung.name) || needed.contains(&rung.name);
    Ok(all.into_iter().filter(wanted).collect())
}

fn show(figures: &[Figure], setup: &rung::Setup, json: bool) -> Result<(), Failure> {
    let noise = noise(figures);
    let mut out = Out::new();
    match json {
        true => out.json(&table::document(figures, setup, noise))?,
        false => out.raw(&table::text(figures, setup))?,
    }
    out.flush()?;
    if let Some(noise) = noise.filter(|noise| *noise > NOISE_MAX) {
        super::say_line(&format!(
            "warning: two runs of the same memory copy differ by {:.0} %: this machine is too \
             noisy now to quote",
            noise * 100.0
        ));
    }
    Ok(())
}

/// How much the two null rungs differ, as a share; `None` where they were not run.
fn noise(figures: &[Figure]) -> Option<f64> {
    let median = |name: &str| figures.iter().find(|f| f.rung.name == name)?.median();
    let (a, b) = (median("copy")?, median("copy-again")?);
    Some((a - b).abs() / a.max(b))
}

/// Bytes a second in units of 10⁹.
fn gb_per_s(bytes: u64, elapsed: Duration) -> f64 {
    bytes as f64 / elapsed.as_secs_f64() / 1e9
}
