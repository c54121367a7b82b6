//! Sweeps: the same measurement at many sizes, numbers and rates.
//!
//! ```text
//!   round 1:  point 1  point 2  point 3 …      interleaved like the rungs, so that a mood of the
//!   round 2:  point 1  point 2  point 3 …      machine hits all points
//!   …         ─▶ min, median, max of each
//! ```

mod child;
mod connections;
mod crowd;
mod echo;
mod latency;
mod sizes;
mod small;
mod talker;

use super::setup::{ROUNDS, Setup};
use super::stats::Spread;
use crate::args::SweepKind as Kind;
use crate::output::report;
use clap::ValueEnum as _;

impl Kind {
    const EACH: [Kind; 6] = [
        Kind::FileSize,
        Kind::ChunkSize,
        Kind::WriteSize,
        Kind::Connections,
        Kind::SmallFiles,
        Kind::Latency,
    ];

    /// Those that were asked for, each once, in the order above.
    pub fn chosen(asked: &[Kind]) -> Vec<Kind> {
        let wanted = |kind: &Kind| asked.contains(kind) || asked.contains(&Kind::All);
        Kind::EACH.into_iter().filter(wanted).collect()
    }

    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// What numbers stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    /// Bytes of FILE a second in units of 10⁹.
    GbPerS,
    /// Processor seconds.
    Seconds,
    Count,
    PerSecond,
    Microseconds,
    /// Hundredths of all; 100 is the greatest of all.
    Percentile,
}

impl Unit {
    /// For programs.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Bytes => "bytes",
            Unit::GbPerS => "GB/s",
            Unit::Seconds => "s",
            Unit::Count => "count",
            Unit::PerSecond => "1/s",
            Unit::Microseconds => "us",
            Unit::Percentile => "percentile",
        }
    }

    /// A number for people.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Bytes => report::size(value as u64),
            Unit::GbPerS | Unit::Seconds => match value {
                v if v >= 0.1 || v == 0.0 => format!("{v:.2}"),
                v => format!("{v:.4}"),
            },
            Unit::Count | Unit::PerSecond => grouped(value),
            Unit::Microseconds => match value {
                v if v >= 1000.0 => grouped(v),
                v => format!("{v:.1}"),
            },
            Unit::Percentile if value >= 100.0 => "max".to_owned(),
            Unit::Percentile => format!("p{value}"),
        }
    }
}

/// A whole number in groups of three digits.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let first = digits.len() % 3;
    let mut text = digits[..first].to_owned();
    for group in digits.as_bytes()[first..].chunks(3) {
        if !text.is_empty() {
            text.push(',');
        }
        text.extend(group.iter().map(|byte| char::from(*byte)));
    }
    text
}

/// One of the two directions of a picture.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    pub label: &'static str,
    pub unit: Unit,
}

/// Another number of a point.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Its name for programs.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    pub unit: Unit,
    pub value: f64,
}

impl Measure {
    /// In a few words.
    pub fn text(&self) -> String {
        format!("{} {}", self.label, self.unit.show(self.value))
    }
}

/// What was measured at one place.
#[derive(Debug, Clone)]
pub struct Point {
    /// To which line of the picture it belongs; empty where there is only one.
    pub line: &'static str,
    pub x: f64,
    pub y: Spread,
    pub more: Vec<Measure>,
}

/// What a sweep found.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub name: &'static str,
    /// What was done, in a sentence.
    pub what: String,
    pub x: Axis,
    pub y: Axis,
    pub points: Vec<Point>,
    /// What has to be known besides.
    pub notes: Vec<String>,
}

impl Sweep {
    /// Its lines, in the order of their first points.
    pub fn lines(&self) -> Vec<&'static str> {
        let mut lines = Vec::new();
        for point in &self.points {
            if !lines.contains(&point.line) {
                lines.push(point.line);
            }
        }
        lines
    }
}

/// What belongs to these sweeps and has to be measured before anything else is.
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
        Kind::All => Err("these are many".to_owned()),
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
pub mod tests {
    use super::*;

    /// A sweep of two points.
    pub fn sweep() -> Sweep {
        let memory =
            Measure { key: "memory_bytes", label: "memory", unit: Unit::Bytes, value: 4096.0 };
        let point = |x: f64, median: f64| Point {
            line: "",
            x,
            y: Spread { min: median / 2.0, median, max: median * 1.5 },
            more: vec![memory],
        };
        Sweep {
            name: "file-size",
            what: "what <it> does".to_owned(),
            x: Axis { label: "file", unit: Unit::Bytes },
            y: Axis { label: "GB/s", unit: Unit::GbPerS },
            points: vec![point(1024.0, 2.0), point(4096.0, 3.0)],
            notes: vec!["a note".to_owned()],
        }
    }

    #[test]
    fn numbers_for_people() {
        for (unit, value, text) in [
            (Unit::Bytes, 1024.0, "1.0 KiB"),
            (Unit::GbPerS, 3.456, "3.46"),
            (Unit::GbPerS, 0.01234, "0.0123"),
            (Unit::Count, 7.0, "7"),
            (Unit::Count, 100.0, "100"),
            (Unit::Count, 10_000.0, "10,000"),
            (Unit::PerSecond, 1_234_567.8, "1,234,568"),
            (Unit::Microseconds, 12.34, "12.3"),
            (Unit::Microseconds, 12_345.6, "12,346"),
            (Unit::Percentile, 99.9, "p99.9"),
            (Unit::Percentile, 100.0, "max"),
        ] {
            assert_eq!(unit.show(value), text);
        }
    }

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
        assert_eq!(Kind::chosen(&[Kind::All, Kind::Latency]), Kind::EACH);
        assert_eq!(Kind::SmallFiles.name(), "small-files");
    }
}
