//! All that a run found, before it is a table, a document or a page.
//!
//! ```text
//!   figures ─▶ rows ─┐
//!   sweeps ──────────┼─▶ Findings ─▶ table (stdout) | document (--json) | page (--html)
//!   facts, noise ────┘              warnings (stderr)
//! ```

use super::machine::Machine;
use super::raw::RawSizes;
use super::rung::{Figure, Place};
use super::setup::Setup;
use super::stats::{Spread, difference, median};
use super::sweep::Sweep;
use serde::{Serialize, Serializer};
use std::time::SystemTime;
use wirewright::text::escape;

/// A difference between the two null rungs beyond which the machine is too noisy to quote.
const NOISE_MAX: f64 = 0.10;

/// Processor seconds for 10⁹ bytes of FILE.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase", untagged)]
pub enum Spent {
    Sides { sender: f64, receiver: f64 },
    All { all: f64 },
}

/// One line of the ladder.
#[derive(Debug, Clone)]
pub struct Row {
    pub name: &'static str,
    pub what: &'static str,
    pub place: Place,
    /// Bytes of FILE a second in units of 10⁹.
    pub rate: Spread,
    pub limit: Option<f64>,
    pub spent: Spent,
    pub peak_rss: u64,
}

impl Row {
    /// The median as a share of the limit.
    pub fn ratio(&self) -> Option<f64> {
        self.limit.map(|limit| self.rate.median / limit)
    }
}

/// The figures as lines of the ladder.
pub fn rows(figures: &[Figure]) -> Vec<Row> {
    let rate = |name: &str| {
        let figure = figures.iter().find(|figure| figure.rung.name == name)?;
        Some(median(&figure.rates))
    };
    let row = |figure: &Figure| Row {
        name: figure.rung.name,
        what: figure.rung.what,
        place: figure.rung.place,
        rate: Spread::of(&figure.rates),
        limit: figure.rung.limit.of(rate),
        spent: spent(figure),
        peak_rss: figure.peak_rss,
    };
    figures.iter().map(row).collect()
}

fn spent(figure: &Figure) -> Spent {
    let receiver = median(&figure.receiver);
    match figure.sender.is_empty() {
        true => Spent::All { all: receiver },
        false => Spent::Sides { sender: median(&figure.sender), receiver },
    }
}

/// How a run was made.
#[derive(Debug, Clone)]
pub struct Facts {
    /// When it ended, in RFC 3339.
    pub when: String,
    pub command: String,
    pub machine: Machine,
    pub size: u64,
    pub connections: usize,
    pub threads: usize,
    /// Of each rung in all, in seconds.
    pub seconds: f64,
    /// `None` where no rung needed them.
    pub raw: Option<RawSizes>,
}

impl Facts {
    pub fn of(setup: &Setup) -> Facts {
        let args: Vec<String> =
            std::env::args_os().skip(1).map(|arg| escape(&arg.to_string_lossy())).collect();
        let whole = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let second = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(whole.as_secs());
        Facts {
            when: wirewright::net::files::rfc3339(second),
            command: format!("wirewright {}", args.join(" ")),
            machine: Machine::look(),
            size: setup.size,
            connections: setup.connections,
            threads: setup.threads,
            seconds: setup.slice.as_secs_f64() * super::setup::ROUNDS as f64,
            raw: setup.raw_if_known(),
        }
    }
}

/// How far figures of this run can be trusted.
#[derive(Debug, Clone, Copy)]
pub struct Noise {
    /// How much the medians of the two null rungs differ, as a share.
    pub null: f64,
    /// How much random and constant bytes differ over loopback, as a share, and how much they may:
    /// as the rounds of each differ among themselves.
    pub constant: Option<(f64, f64)>,
}

impl Noise {
    /// Of lines of the ladder; the null rungs are among them in every run.
    pub fn of(rows: &[Row]) -> Noise {
        let row = |name: &str| rows.iter().find(|row| row.name == name);
        let pair = |a: &str, b: &str| row(a).zip(row(b));
        let apart = |(a, b): (&Row, &Row)| difference(a.rate.median, b.rate.median);
        // Without them nothing is known, and nothing can be quoted.
        let null = pair("copy", "copy-again").map_or(1.0, apart);
        let constant = pair("loopback", "loopback-constant").map(|(random, constant)| {
            let width = random.rate.width().max(constant.rate.width());
            (apart((random, constant)), width.max(null))
        });
        Noise { null, constant }
    }

    pub fn is_quotable(&self) -> bool {
        self.null <= NOISE_MAX
    }

    /// What has to be said, whoever listens.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        let percent = |share: f64| share * 100.0;
        if !self.is_quotable() {
            all.push(format!(
                "two runs of the same memory copy differ by {:.0} %: this machine is too noisy now \
                 to quote",
                percent(self.null)
            ));
        }
        if let Some((apart, allowed)) = self.constant.filter(|(apart, allowed)| apart > allowed) {
            all.push(format!(
                "random and constant bytes differ by {:.0} % over loopback, more than the noise of \
                 {:.0} %: something takes the data into account",
                percent(apart),
                percent(allowed)
            ));
        }
        all
    }

    /// The verdict in a sentence.
    pub fn verdict(&self) -> String {
        let null = format!("Two runs of the null rung differ by {:.1} %", self.null * 100.0);
        match self.is_quotable() {
            true => format!("{null}: quiet enough to quote."),
            false => format!("{null}: too noisy to quote."),
        }
    }
}

/// All that a run found.
#[derive(Debug, Clone)]
pub struct Findings {
    pub facts: Facts,
    pub rows: Vec<Row>,
    pub sweeps: Vec<Sweep>,
    pub noise: Noise,
}

impl Serialize for RawSizes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({ "write": self.write, "read": self.read }).serialize(serializer)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::cli::bench::setup::tests::small;

    /// A line with this name and these rates.
    pub fn row(name: &'static str, min: f64, median: f64, max: f64) -> Row {
        let spent = Spent::Sides { sender: 0.1, receiver: 0.2 };
        let rate = Spread { min, median, max };
        Row { name, what: "", place: Place::Wire, rate, limit: None, spent, peak_rss: 1 << 20 }
    }

    /// Findings with a noisy ladder of two and a sweep of two points.
    pub fn findings() -> Findings {
        let rows = vec![
            row("copy", 1.0, 2.0, 3.0),
            Row { limit: Some(2.0), what: "<once> & again", ..row("copy-again", 0.5, 1.0, 1.5) },
        ];
        let noise = Noise::of(&rows);
        let facts = Facts { command: "wirewright bench <x>".to_owned(), ..Facts::of(&small()) };
        Findings { facts, rows, sweeps: vec![crate::cli::bench::sweep::tests::sweep()], noise }
    }

    #[test]
    fn noise_is_said() {
        let quiet = Noise::of(&[row("copy", 9.0, 10.0, 11.0), row("copy-again", 9.0, 9.5, 11.0)]);
        assert!(quiet.is_quotable() && quiet.warnings().is_empty(), "{quiet:?}");
        let noisy = Noise::of(&[row("copy", 9.0, 10.0, 11.0), row("copy-again", 8.0, 8.9, 9.0)]);
        assert!(!noisy.is_quotable() && noisy.verdict().contains("11.0 %"), "{noisy:?}");
        assert!(noisy.warnings()[0].contains("too noisy"));
        assert!(!Noise::of(&[]).is_quotable());
    }

    #[test]
    fn data_that_matters_is_said() {
        let with = |constant: Row| {
            let rows = [
                row("copy", 9.9, 10.0, 10.1),
                row("copy-again", 9.9, 10.0, 10.1),
                row("loopback", 1.9, 2.0, 2.1),
                constant,
            ];
            Noise::of(&rows).warnings()
        };
        assert_eq!(with(row("loopback-constant", 1.9, 2.1, 2.2)), Vec::<String>::new());
        let warnings = with(row("loopback-constant", 2.9, 3.0, 3.1));
        assert!(warnings.len() == 1 && warnings[0].contains("33 %"), "{warnings:?}");
    }

    #[test]
    fn a_line_knows_its_ratio() {
        let held = Row { limit: Some(4.0), ..row("x", 1.0, 3.0, 5.0) };
        assert_eq!((held.ratio(), row("x", 1.0, 3.0, 5.0).ratio()), (Some(0.75), None));
    }
}
