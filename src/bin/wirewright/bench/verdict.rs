//! Whether the figure of a rung can be quoted, and if not, why.
//!
//! ```text
//!   the rung's own rounds ── (max − min) / median ──── above 20 % ─┐
//!   other processes ──────── share of the processors ── above 10 % ─┼─▶ not quotable, because …
//!   the null rung twice ──── difference of medians ──── above 10 % ─┤
//!   the limit's rungs ────── one of them is not quotable ───────────┘
//! ```
//!
//! `benches/README.md` states the rule. Only numbers of the same run decide.

use super::stats::{Spread, difference, median};
use std::time::Duration;

/// The greatest spread of the rounds of one rung, as a share of their median.
pub const SPREAD_MAX: f64 = 0.20;

/// The greatest difference between the two null rungs, as a share.
pub const NULL_MAX: f64 = 0.10;

/// The greatest share of the processors that others may take while a rung is measured.
pub const OTHERS_MAX: f64 = 0.10;

/// The smallest number of rounds for which a spread is computed.
pub const ROUNDS_MIN: usize = 3;

/// Processor time of the machine while a rung was measured, over all of its rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    /// The time of other processes, and of other guests of the machine.
    pub others: Duration,
    /// The elapsed time multiplied by the number of processors.
    pub available: Duration,
}

impl Load {
    /// The share of other processes; `None` where the time is too short for the kernel's clock
    /// ticks.
    pub fn share(&self) -> Option<f64> {
        let is_known = self.available >= Duration::from_millis(100);
        is_known.then(|| self.others.as_secs_f64() / self.available.as_secs_f64())
    }
}

/// Why the figure of a rung cannot be quoted; `None` where it can. `null` is the difference between
/// the two null rungs, 1 where it is not known.
pub fn why(samples: &[f64], load: &Load, null: f64) -> Option<String> {
    let percent = |share: f64| (share * 100.0).round();
    let spread = Spread::of(samples).width();
    let others = load.share().unwrap_or(0.0);
    if samples.len() < ROUNDS_MIN {
        return Some(format!("only {} rounds, and {ROUNDS_MIN} are needed", samples.len()));
    }
    let is_a_rate = |sample: &f64| sample.is_finite() && *sample > 0.0;
    if !samples.iter().all(is_a_rate) {
        return Some("a round has no rate".to_owned());
    }
    for (share, max, what, of) in [
        (spread, SPREAD_MAX, "the rounds spread by", ""),
        (others, OTHERS_MAX, "other processes used", " of the processors"),
        (null, NULL_MAX, "two runs of the null rung differ by", ""),
    ] {
        if share > max {
            return Some(format!("{what} {} %{of}, more than {} %", percent(share), percent(max)));
        }
    }
    None
}

/// How much the two null rungs differ; 1 where one of them was not measured.
pub fn null(copy: Option<&[f64]>, again: Option<&[f64]>) -> f64 {
    let pair = copy.zip(again);
    pair.map_or(1.0, |(copy, again)| difference(median(copy), median(again)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(others: u64, available: u64) -> Load {
        let time = Duration::from_millis;
        Load { others: time(others), available: time(available) }
    }

    #[test]
    fn the_rule() {
        let calm = load(10, 1000);
        for (samples, load, null, expected) in [
            (&[1.0, 1.1, 1.2][..], calm, 0.0, None),
            (&[10.0, 11.0, 12.0, 11.0, 11.0], calm, 0.10, None),
            (&[1.0, 1.0, 1.0], load(100, 1000), 0.0, None),
            // Just above each bound.
            (&[1.0, 1.1, 1.23], calm, 0.0, Some("the rounds spread by 21 %, more than 20 %")),
            (&[1.0, 1.0, 3.0], calm, 0.0, Some("the rounds spread by 200 %, more than 20 %")),
            (
                &[1.0, 1.0, 1.0],
                load(111, 1000),
                0.0,
                Some("other processes used 11 % of the processors, more than 10 %"),
            ),
            (
                &[1.0, 1.0, 1.0],
                calm,
                0.11,
                Some("two runs of the null rung differ by 11 %, more than 10 %"),
            ),
            // The spread of the rung itself comes first.
            (
                &[1.0, 2.0, 3.0],
                load(900, 1000),
                1.0,
                Some("the rounds spread by 100 %, more than 20 %"),
            ),
            // The time is too short for the kernel's clock ticks.
            (&[1.0, 1.0, 1.0], load(50, 99), 0.0, None),
            (&[], calm, 0.0, Some("only 0 rounds, and 3 are needed")),
            (&[1.0, 1.0], calm, 0.0, Some("only 2 rounds, and 3 are needed")),
            (&[1.0, 0.0, 1.0], calm, 0.0, Some("a round has no rate")),
            (&[1.0, f64::NAN, 1.0], calm, 0.0, Some("a round has no rate")),
            (&[1.0, f64::INFINITY, 1.0], calm, 0.0, Some("a round has no rate")),
        ] {
            assert_eq!(why(samples, &load, null).as_deref(), expected, "{samples:?} {load:?}");
        }
    }

    /// One rung spreads threefold while the null rungs agree.
    #[test]
    fn a_rung_is_judged_by_its_own_rounds() {
        let agree = null(Some(&[100.0, 101.0, 100.5]), Some(&[100.2, 100.0, 101.0]));
        assert!(agree < 0.01);
        assert!(why(&[0.6, 1.1, 1.8], &Load::default(), agree).is_some());
        assert_eq!(why(&[1.0, 1.1, 1.15], &Load::default(), agree), None);
    }

    #[test]
    fn null_rungs_that_are_missing_agree_with_nothing() {
        assert_eq!(null(None, Some(&[1.0])), 1.0);
        assert_eq!(null(Some(&[1.0]), None), 1.0);
        assert_eq!(null(Some(&[1.0, 2.0, 3.0]), Some(&[4.0])), 0.5);
    }
}
