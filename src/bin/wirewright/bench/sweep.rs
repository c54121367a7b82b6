//! Sweeps: the same measurement at many sizes, numbers and rates.
//!
//! ```text
//!   round 1:  point 1  point 2  point 3 …      interleaved like the rungs, so that noise of the
//!   round 2:  point 1  point 2  point 3 …      machine affects all points
//!   …         ─▶ min, median, max of each
//! ```

mod clients;
mod connections;
mod echo;
mod latency;
mod plain_client;
mod sizes;
mod small;

use super::result::Sweep;
use super::setup::{ROUNDS, Setup};
use crate::args::SweepKind as Kind;
use clap::ValueEnum as _;

impl Kind {
    /// The requested sweeps without duplicates, in the order of the help.
    pub fn chosen(asked: &[Kind]) -> Vec<Kind> {
        let wanted = |kind: &Kind| asked.contains(kind) || asked.contains(&Kind::All);
        Kind::value_variants().iter().copied().filter(|k| *k != Kind::All && wanted(k)).collect()
    }

    /// The name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// The parts of these sweeps that have to be measured before anything else.
pub fn first(kinds: &[Kind], setup: &Setup) -> Result<Vec<Sweep>, String> {
    match kinds.contains(&Kind::Connections) {
        true => Ok(vec![connections::idle(setup)?]),
        false => Ok(Vec::new()),
    }
}

/// Runs a sweep.
pub fn run(kind: Kind, setup: &Setup) -> Result<Sweep, String> {
    match kind {
        Kind::FileSize => sizes::file_size(setup),
        Kind::ChunkSize => sizes::chunk_size(setup),
        Kind::WriteSize => sizes::write_size(setup),
        Kind::Connections => connections::connections(setup),
        Kind::SmallFiles => small::small_files(setup),
        Kind::Latency => latency::latency(setup),
        Kind::All => Err("`all` is not one sweep".to_owned()),
    }
}

/// Measures `count` points in interleaved rounds: for each of them one value of each round.
pub fn rounds(
    count: usize,
    mut measure: impl FnMut(usize) -> Result<f64, String>,
) -> Result<Vec<Vec<f64>>, String> {
    let mut all = vec![Vec::with_capacity(ROUNDS); count];
    for _ in 0..ROUNDS {
        for (which, values) in all.iter_mut().enumerate() {
            values.push(measure(which)?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_interleaved() {
        let mut order = Vec::new();
        let values = rounds(2, |which| {
            order.push(which);
            Ok(order.len() as f64)
        });
        assert_eq!(order, [0, 1].repeat(ROUNDS));
        assert_eq!(values.unwrap()[1], [2.0, 4.0, 6.0, 8.0, 10.0]);
        assert!(rounds(1, |_| Err("no".to_owned())).is_err());
    }

    #[test]
    fn what_is_chosen() {
        assert_eq!(Kind::chosen(&[]), []);
        let twice = [Kind::Latency, Kind::FileSize, Kind::Latency];
        assert_eq!(Kind::chosen(&twice), [Kind::FileSize, Kind::Latency]);
        let all = Kind::chosen(&[Kind::All, Kind::Latency]);
        assert_eq!((all.len(), all[0], all[5]), (6, Kind::FileSize, Kind::Latency));
        assert_eq!(Kind::SmallFiles.name(), "small-files");
    }
}
