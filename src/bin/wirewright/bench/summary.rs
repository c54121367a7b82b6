//! From the figures of the rungs to the [`Report`]: limits, ratios, costs and verdicts.

use super::NULL;
use super::machine::Machine;
use super::result::{Constant, Cost, Report, RungReport, Spent, Sweep};
use super::rung::Figure;
use super::setup::{ROUNDS, Setup};
use super::stats::{Spread, difference, median};
use super::verdict;
use std::time::SystemTime;
use wirewright::text::escape;

/// The report of a run that has ended now.
pub fn report(figures: &[Figure], sweeps: Vec<Sweep>, setup: &Setup, machine: Machine) -> Report {
    let rungs: Vec<RungReport> = figures.iter().map(|figure| rung(figure, figures)).collect();
    let noise = null(figures);
    let constant = constant(&rungs, noise);
    let args: Vec<String> =
        std::env::args_os().skip(1).map(|arg| escape(&arg.to_string_lossy())).collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(now.as_secs());
    Report {
        noise,
        quotable: rungs.iter().all(|rung| rung.quotable),
        warnings: warnings(&rungs, constant),
        constant,
        rungs,
        sweeps,
        machine,
        when: wirewright::net::files::rfc3339(now),
        command: format!("wirewright {}", args.join(" ")),
        size: setup.size,
        seconds: setup.slice.as_secs_f64() * ROUNDS as f64,
        connections: setup.connections,
        threads: setup.threads,
        raw: setup.raw_if_known(),
    }
}

fn rung(figure: &Figure, all: &[Figure]) -> RungReport {
    let named = |name: &str| all.iter().find(|figure| figure.rung.name == name);
    let gb_per_s = Spread::of(&figure.rates);
    let limit = figure.rung.limit.of(|name| Some(median(&named(name)?.rates)));
    let spent = spent(figure);
    let why = why(figure, all);
    let cost_limit = figure.rung.limit.cost_of(|name| Some(self::spent(named(name)?).total()));
    RungReport {
        name: figure.rung.name.to_owned(),
        what: figure.rung.what.to_owned(),
        place: figure.rung.place,
        gb_per_s,
        samples: figure.rates.clone(),
        limit,
        ratio: limit.map(|limit| gb_per_s.median / limit),
        quotable: why.is_none(),
        why,
        cpu_s_per_gb: spent,
        cost: Cost {
            seconds_per_gb: spent.total(),
            limit: cost_limit,
            ratio: cost_limit.filter(|limit| *limit > 0.0).map(|limit| spent.total() / limit),
        },
        peak_rss_bytes: figure.peak_rss,
    }
}

fn spent(figure: &Figure) -> Spent {
    let receiver = median(&figure.receiver);
    match figure.sender.is_empty() {
        true => Spent::All { all: receiver },
        false => Spent::Sides { sender: median(&figure.sender), receiver },
    }
}

/// The difference between the two null rungs.
fn null(figures: &[Figure]) -> f64 {
    let rates = |name: &str| {
        let figure = figures.iter().find(|figure| figure.rung.name == name);
        figure.map(|figure| &figure.rates[..])
    };
    verdict::null(rates(NULL[0]), rates(NULL[1]))
}

/// Why a figure cannot be quoted: because of its own rounds, or because a rung of its limit cannot.
fn why(figure: &Figure, all: &[Figure]) -> Option<String> {
    let null = null(all);
    let own = |figure: &Figure| verdict::why(&figure.rates, &figure.load, null);
    own(figure).or_else(|| {
        let mut parts = figure.rung.limit.parts().iter();
        let rung = |part: &&str| all.iter().find(|other| other.rung.name == *part);
        let (part, why) = parts.find_map(|part| Some((part, own(rung(part)?)?)))?;
        Some(format!("its limit includes {part}, where {why}"))
    })
}

fn constant(rungs: &[RungReport], null: f64) -> Option<Constant> {
    let spread = |name: &str| rungs.iter().find(|rung| rung.name == name).map(|r| r.gb_per_s);
    let (random, constant) = spread("loopback").zip(spread("loopback-constant"))?;
    let difference = difference(random.median, constant.median);
    Some(Constant { difference, noise: random.width().max(constant.width()).max(null) })
}

fn warnings(rungs: &[RungReport], constant: Option<Constant>) -> Vec<String> {
    let mut all = Vec::new();
    let names: Vec<&str> =
        rungs.iter().filter(|rung| !rung.quotable).map(|rung| &*rung.name).collect();
    if !names.is_empty() {
        let (count, list) = (names.len(), names.join(", "));
        all.push(format!("{count} of {} rungs cannot be quoted: {list}", rungs.len()));
    }
    if let Some(Constant { difference, noise }) = constant.filter(|c| c.difference > c.noise) {
        all.push(format!(
            "random and constant bytes differ by {:.0} % over loopback, more than the noise of \
             {:.0} %: something takes the data into account",
            difference * 100.0,
            noise * 100.0
        ));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::rung::Limit;
    use crate::bench::rung::tests::figure;
    use crate::bench::setup::tests::small;

    const CALM: [f64; 3] = [1.0, 1.0, 1.0];

    fn of(figures: &[Figure]) -> Report {
        report(figures, Vec::new(), &small(), Machine::default())
    }

    #[test]
    fn a_rung_is_no_better_than_its_limit() {
        let quotable = |raw, again| {
            let report = of(&[
                figure("copy", Limit::None, CALM),
                figure("raw", Limit::None, raw),
                figure("held", Limit::Share("raw", 0.75), CALM),
                figure("copy-again", Limit::Share("copy", 1.0), again),
            ]);
            report.rungs.iter().map(|rung| rung.quotable).collect::<Vec<bool>>()
        };
        assert_eq!(quotable(CALM, CALM), [true; 4]);
        assert_eq!(quotable([1.0, 2.0, 3.0], CALM), [true, false, false, true]);
        assert_eq!(quotable(CALM, [2.0, 2.0, 2.0]), [false; 4]);
    }

    #[test]
    fn rates_and_costs_are_compared_with_those_of_the_limit() {
        let sides = |sender: f64, figure: Figure| Figure { sender: vec![sender], ..figure };
        let report = of(&[
            sides(0.5, figure("raw", Limit::None, [4.0; 3])),
            sides(3.0, figure("held", Limit::Share("raw", 0.75), [2.0; 3])),
        ]);
        let [raw, held] = &report.rungs[..] else { unreachable!() };
        assert_eq!(
            (raw.limit, raw.ratio, raw.cost.limit, raw.cost.ratio),
            (None, None, None, None)
        );
        assert_eq!((held.limit, held.ratio), (Some(3.0), Some(2.0 / 3.0)));
        assert_eq!(held.cpu_s_per_gb, Spent::Sides { sender: 3.0, receiver: 1.0 });
        let cost = Cost { seconds_per_gb: 4.0, limit: Some(2.0), ratio: Some(2.0) };
        assert_eq!(held.cost, cost);
    }

    #[test]
    fn rungs_that_cannot_be_quoted_are_named() {
        let pair = |again| {
            of(&[
                figure("copy", Limit::None, [9.9, 10.0, 10.1]),
                figure("copy-again", Limit::None, again),
            ])
        };
        let quiet = pair([9.0, 9.5, 10.0]);
        assert!(quiet.quotable && quiet.warnings.is_empty(), "{quiet:?}");
        assert!(quiet.verdict().ends_with("All 2 rungs can be quoted."), "{}", quiet.verdict());
        let noisy = pair([1.0, 1.0, 1.0]);
        assert_eq!(noisy.warnings, ["2 of 2 rungs cannot be quoted: copy, copy-again"]);
        assert!(noisy.verdict().ends_with(" 2 of 2 rungs cannot be quoted."), "{noisy:?}");
    }

    #[test]
    fn a_rate_that_depends_on_the_data_is_a_warning() {
        let with = |constant| {
            of(&[
                figure("copy", Limit::None, CALM),
                figure("copy-again", Limit::None, CALM),
                figure("loopback", Limit::None, [1.9, 2.0, 2.1]),
                figure("loopback-constant", Limit::None, constant),
            ])
            .warnings
        };
        assert_eq!(with([1.9, 2.1, 2.2]), Vec::<String>::new());
        let warnings = with([2.9, 3.0, 3.1]);
        assert!(warnings.len() == 1 && warnings[0].contains("33 %"), "{warnings:?}");
    }
}
