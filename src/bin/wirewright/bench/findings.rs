//! All that a run found, before it is a table, a document or a page.
//!
//! ```text
//!   figures ─▶ rows ─┐
//!   sweeps ──────────┼─▶ Findings ─▶ table (stdout) | document (--json) | page (--html)
//!   facts, noise ────┘              warnings (stderr)
//! ```

use super::NULL;
use super::machine::Machine;
use super::raw::RawSizes;
use super::rung::{Figure, Place};
use super::setup::Setup;
use super::stats::{Spread, difference, median};
use super::sweep::Sweep;
use super::verdict;
use serde::{Serialize, Serializer};
use std::time::SystemTime;
use wirewright::text::escape;

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
    /// The same of each round.
    pub samples: Vec<f64>,
    /// Why it cannot be quoted; `None` where it can.
    pub why: Option<String>,
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
        samples: figure.rates.clone(),
        why: why(figure, figures),
        limit: figure.rung.limit.of(rate),
        spent: spent(figure),
        peak_rss: figure.peak_rss,
    };
    figures.iter().map(row).collect()
}

/// Why a figure cannot be quoted: for its own sake, or for the sake of a rung that its limit is
/// made of.
fn why(figure: &Figure, all: &[Figure]) -> Option<String> {
    let rung = |name: &str| all.iter().find(|other| other.rung.name == name);
    let rates = |name: &str| rung(name).map(|figure| &figure.rates[..]);
    let null = verdict::null(rates(NULL[0]), rates(NULL[1]));
    let own = |figure: &Figure| verdict::why(&figure.rates, &figure.load, null);
    own(figure).or_else(|| {
        let mut parts = figure.rung.limit.parts().iter().filter_map(|part| rung(part));
        let (part, why) = parts.find_map(|part| Some((part.rung.name, own(part)?)))?;
        Some(format!("its limit is made of {part}, and there {why}"))
    })
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
        let rates = |name: &str| row(name).map(|row| &row.samples[..]);
        let null = verdict::null(rates(NULL[0]), rates(NULL[1]));
        let constant = pair("loopback", "loopback-constant").map(|(random, constant)| {
            let width = random.rate.width().max(constant.rate.width());
            (apart((random, constant)), width.max(null))
        });
        Noise { null, constant }
    }

    /// What has to be said of all rungs together.
    fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        let percent = |share: f64| share * 100.0;
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
}

/// All that a run found.
#[derive(Debug, Clone)]
pub struct Findings {
    pub facts: Facts,
    pub rows: Vec<Row>,
    pub sweeps: Vec<Sweep>,
    pub noise: Noise,
}

impl Findings {
    /// The rungs that cannot be quoted, and why.
    pub fn unquotable(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.rows.iter().filter_map(|row| Some((row.name, row.why.as_deref()?)))
    }

    /// Whether every rung can be quoted.
    pub fn is_quotable(&self) -> bool {
        self.unquotable().next().is_none()
    }

    /// How many connections the rung of that name moved its bytes over; `None` where it was not
    /// measured.
    pub fn connections(&self) -> Option<usize> {
        let is_measured = self.rows.iter().any(|row| row.name == "connections");
        is_measured.then_some(self.facts.connections)
    }

    /// What has to be said, whoever listens.
    pub fn warnings(&self) -> Vec<String> {
        let names: Vec<&str> = self.unquotable().map(|(name, _)| name).collect();
        let unquotable = (!names.is_empty()).then(|| {
            let list = names.join(", ");
            format!("{} of {} rungs cannot be quoted: {list}", names.len(), self.rows.len())
        });
        unquotable.into_iter().chain(self.noise.warnings()).collect()
    }

    /// The verdict in a sentence or two.
    pub fn verdict(&self) -> String {
        let null = format!("Two runs of the null rung differ by {:.1} %.", self.noise.null * 100.0);
        match (self.unquotable().count(), self.rows.len()) {
            (0, all) => format!("{null} All {all} rungs can be quoted."),
            (some, all) => format!("{null} {some} of {all} rungs cannot be quoted."),
        }
    }
}

impl Serialize for RawSizes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({ "write": self.write, "read": self.read }).serialize(serializer)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::bench::rung::{Limit, Moved, Rung};
    use crate::bench::setup::tests::small;
    use crate::bench::verdict::Load;

    /// A line with this name and these rates.
    pub fn row(name: &'static str, min: f64, median: f64, max: f64) -> Row {
        let spent = Spent::Sides { sender: 0.1, receiver: 0.2 };
        let rate = Spread { min, median, max };
        let (samples, place) = (vec![min, median, max], Place::Wire);
        let (why, limit) = (verdict::why(&samples, &Load::default(), 0.0), None);
        Row { name, what: "", place, rate, samples, why, limit, spent, peak_rss: 1 << 20 }
    }

    /// Findings with a noisy ladder of two and a sweep of two points.
    pub fn findings() -> Findings {
        let rows = vec![
            row("copy", 1.0, 2.0, 3.0),
            Row { limit: Some(2.0), what: "<once> & again", ..row("copy-again", 0.5, 1.0, 1.5) },
        ];
        let noise = Noise::of(&rows);
        let facts = Facts { command: "wirewright bench <x>".to_owned(), ..Facts::of(&small()) };
        Findings { facts, rows, sweeps: vec![crate::bench::sweep::tests::sweep()], noise }
    }

    #[test]
    fn noise_is_said() {
        let quiet = Findings {
            rows: vec![row("copy", 9.9, 10.0, 10.1), row("copy-again", 9.0, 9.5, 10.0)],
            ..findings()
        };
        assert!(quiet.is_quotable() && quiet.warnings().is_empty(), "{quiet:?}");
        assert!(quiet.verdict().ends_with("All 2 rungs can be quoted."), "{}", quiet.verdict());
        let noisy = findings();
        assert!(!noisy.is_quotable());
        assert!(
            noisy.verdict().ends_with(" 2 of 2 rungs cannot be quoted."),
            "{}",
            noisy.verdict()
        );
        assert_eq!(noisy.warnings(), ["2 of 2 rungs cannot be quoted: copy, copy-again"]);
    }

    /// What was measured on a rung with this limit.
    fn figure(name: &'static str, limit: Limit, rates: [f64; 3]) -> Figure {
        let run = |_: &Setup| Ok(Moved::alone(1));
        let check = |_: &Setup| Ok(());
        let rung = Rung { name, what: "", place: Place::Wire, limit, run, check };
        Figure { rates: rates.to_vec(), receiver: vec![1.0], ..Figure::new(&rung) }
    }

    #[test]
    fn a_rung_is_no_better_than_its_limit() {
        let calm = [1.0, 1.0, 1.0];
        let of = |raw, again| {
            let figures = [
                figure("copy", Limit::None, calm),
                figure("raw", Limit::None, raw),
                figure("held", Limit::Share("raw", 0.75), calm),
                figure("copy-again", Limit::Share("copy", 1.0), again),
            ];
            rows(&figures).iter().map(|row| row.why.is_none()).collect::<Vec<bool>>()
        };
        assert_eq!(of(calm, calm), [true; 4]);
        assert_eq!(of([1.0, 2.0, 3.0], calm), [true, false, false, true]);
        assert_eq!(of(calm, [2.0, 2.0, 2.0]), [false; 4]);
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
