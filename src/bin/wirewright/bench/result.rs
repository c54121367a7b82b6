//! The result of a run as plain data: everything that the table, the page and `--json` show.
//!
//! ```text
//!   figures ─▶ summary ─┐
//!   sweeps ─────────────┼─▶ Report ─▶ table (stdout) | serde (--json) | csv | page (--html)
//!   setup, machine ─────┘             warnings (stderr)
//! ```
//!
//! The document of `--json` is the serde form of [`Report`], and every renderer is a function of a
//! `&Report`. A stored document can therefore be read and rendered again.

use super::machine::Machine;
use super::raw::RawSizes;
use super::rung::Place;
use super::stats::Spread;
use crate::output::report::{size, thousands};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The result of one run of the ladder and of the sweeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    pub rungs: Vec<RungReport>,
    pub sweeps: Vec<Sweep>,
    /// The difference between the medians of the two null rungs, as a share.
    pub noise: f64,
    /// Whether every rung can be quoted.
    pub quotable: bool,
    /// `None` where the two rungs were not measured.
    pub constant: Option<Constant>,
    pub warnings: Vec<String>,
    pub machine: Machine,
    /// When the run ended, in RFC 3339.
    pub when: String,
    pub command: String,
    /// Bytes of FILE that a rung with a wire moves at a time.
    pub size: u64,
    /// The duration of each rung over all rounds, in seconds.
    pub seconds: f64,
    pub connections: usize,
    pub threads: usize,
    /// `None` where no rung needed them.
    pub raw: Option<RawSizes>,
}

/// Random bytes beside constant bytes over loopback.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Constant {
    /// The difference between the two medians, as a share.
    pub difference: f64,
    /// The difference that the spread of the rounds explains.
    pub noise: f64,
}

/// The result of one rung.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RungReport {
    pub name: String,
    pub what: String,
    pub place: Place,
    pub gb_per_s: Spread,
    /// 10⁹ bytes of FILE a second in each round.
    pub samples: Vec<f64>,
    pub limit: Option<f64>,
    /// The median as a share of the limit.
    pub ratio: Option<f64>,
    pub quotable: bool,
    /// Why the rung cannot be quoted.
    pub why: Option<String>,
    pub cpu_s_per_gb: Spent,
    pub cost: Cost,
    pub peak_rss_bytes: u64,
}

/// Processor seconds for 10⁹ bytes of FILE, of each side where two sides can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Spent {
    Sides { sender: f64, receiver: f64 },
    All { all: f64 },
}

impl Spent {
    /// The processor seconds of both sides together.
    pub fn total(self) -> f64 {
        match self {
            Spent::Sides { sender, receiver } => sender + receiver,
            Spent::All { all } => all,
        }
    }
}

/// Processor seconds of both sides together, and those of the rungs that make up the limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    pub seconds_per_gb: f64,
    pub limit: Option<f64>,
    /// The cost divided by that of the limit: at 2 the rung takes twice the processor time.
    pub ratio: Option<f64>,
}

/// The result of one sweep.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sweep {
    pub name: String,
    /// A description in one sentence.
    pub what: String,
    /// The unit of the horizontal axis.
    pub x: Unit,
    pub x_label: String,
    /// The unit of the vertical axis.
    pub unit: Unit,
    pub y_label: String,
    /// The names and units of the further numbers of a point.
    pub measures: Vec<Measure>,
    pub points: Vec<Point>,
    pub notes: Vec<String>,
}

/// One point of a sweep.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Point {
    /// The line of the picture that the point belongs to; empty where there is only one line.
    pub series: String,
    pub x: f64,
    #[serde(flatten)]
    pub y: Spread,
    /// Further numbers, by the key of their measure.
    #[serde(flatten)]
    pub more: BTreeMap<String, f64>,
}

/// A further number that points of a sweep have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    pub key: String,
    pub label: String,
    pub unit: Unit,
}

/// The label and the unit of an axis.
pub type Axis = (&'static str, Unit);

/// The unit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    #[serde(rename = "bytes")]
    Bytes,
    /// 10⁹ bytes of FILE a second.
    #[serde(rename = "GB/s")]
    GbPerS,
    /// Processor seconds.
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "count")]
    Count,
    #[serde(rename = "1/s")]
    PerSecond,
    #[serde(rename = "us")]
    Microseconds,
    /// A percentile; 100 is the maximum.
    #[serde(rename = "percentile")]
    Percentile,
}

impl Unit {
    /// A number as text for people.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Bytes => size(value as u64),
            Unit::GbPerS | Unit::Seconds => match value {
                v if v >= 0.1 || v == 0.0 => format!("{v:.2}"),
                v => format!("{v:.4}"),
            },
            Unit::Microseconds if value < 1000.0 => format!("{value:.1}"),
            Unit::Count | Unit::PerSecond | Unit::Microseconds => thousands(value.round() as u64),
            Unit::Percentile if value >= 100.0 => "max".to_owned(),
            Unit::Percentile => format!("p{value}"),
        }
    }
}

impl Report {
    /// The rungs that cannot be quoted, and why.
    pub fn unquotable(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rungs.iter().filter_map(|rung| Some((&*rung.name, rung.why.as_deref()?)))
    }

    /// The verdict in two sentences.
    pub fn verdict(&self) -> String {
        let null = format!("Two runs of the null rung differ by {:.1} %.", self.noise * 100.0);
        match (self.unquotable().count(), self.rungs.len()) {
            (0, all) => format!("{null} All {all} rungs can be quoted."),
            (some, all) => format!("{null} {some} of {all} rungs cannot be quoted."),
        }
    }

    /// Sizes, durations and numbers of threads and connections, as the end of a sentence.
    pub fn amounts(&self) -> String {
        let has_rung = self.rungs.iter().any(|rung| rung.name == "connections");
        let threads = format!("{} server thread(s)", self.threads);
        match has_rung {
            true => format!("{threads}, {} connections in the rung of that name", self.connections),
            false => threads,
        }
    }
}

impl Sweep {
    /// A sweep without notes and without further numbers.
    pub fn new(name: &str, what: &str, [x, y]: [Axis; 2], points: Vec<Point>) -> Sweep {
        Sweep {
            name: name.to_owned(),
            what: what.to_owned(),
            x: x.1,
            x_label: x.0.to_owned(),
            unit: y.1,
            y_label: y.0.to_owned(),
            measures: Vec::new(),
            points,
            notes: Vec::new(),
        }
    }

    /// The names of the lines, in the order of their first points.
    pub fn lines(&self) -> Vec<&str> {
        let mut lines = Vec::new();
        for point in &self.points {
            if !lines.contains(&&*point.series) {
                lines.push(&*point.series);
            }
        }
        lines
    }

    /// The further numbers of a point as text.
    pub fn besides(&self, point: &Point) -> String {
        let text = |measure: &Measure| {
            let value = point.more.get(&measure.key)?;
            Some(format!("{} {}", measure.label, measure.unit.show(*value)))
        };
        self.measures.iter().filter_map(text).collect::<Vec<_>>().join(", ")
    }
}

impl Point {
    /// A point without further numbers.
    pub fn new(series: &str, x: f64, y: Spread) -> Point {
        Point { series: series.to_owned(), x, y, more: BTreeMap::new() }
    }
}

impl Measure {
    pub fn new(key: &str, label: &str, unit: Unit) -> Measure {
        Measure { key: key.to_owned(), label: label.to_owned(), unit }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::bench::{csv, page, table};
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    /// The text of a file of `tests/data/bench`.
    macro_rules! stored {
        ($name:literal) => {
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/bench/", $name))
        };
    }
    pub(crate) use stored;

    /// The stored result: six rungs, one of which cannot be quoted, and three sweeps.
    pub fn sample() -> Report {
        serde_json::from_str(stored!("report.json")).unwrap()
    }

    /// A stored document keeps all its members, and has the expected text.
    pub fn check_stored<T>(document: &str, text: fn(&T) -> String, expected: &str)
    where
        T: Serialize + DeserializeOwned,
    {
        let report: T = serde_json::from_str(document).unwrap();
        assert_eq!(text(&report), expected);
        let document: Value = serde_json::from_str(document).unwrap();
        assert_eq!(serde_json::to_value(&report).unwrap(), document);
    }

    #[test]
    fn every_output_is_a_function_of_the_stored_result() {
        let report = sample();
        check_stored(stored!("report.json"), table::text, stored!("report.txt"));
        assert_eq!(page::page(&report), stored!("report.html"));
        assert_eq!(csv::csv(&report), stored!("report.csv").replace('\n', "\r\n"));
    }

    #[test]
    fn numbers_for_people() {
        for (unit, value, text) in [
            (Unit::Bytes, 1024.0, "1.0 KiB"),
            (Unit::GbPerS, 3.456, "3.46"),
            (Unit::GbPerS, 0.01234, "0.0123"),
            (Unit::Count, 7.0, "7"),
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
}
