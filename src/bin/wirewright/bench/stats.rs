//! Few numbers from many: middle, ends, percentiles.

use serde::{Deserialize, Serialize};

/// The least, the middle and the greatest of what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

impl Spread {
    /// Of some numbers; all 0 of none.
    pub fn of(numbers: &[f64]) -> Spread {
        let min = numbers.iter().copied().reduce(f64::min).unwrap_or(0.0);
        let max = numbers.iter().copied().reduce(f64::max).unwrap_or(0.0);
        Spread { min, median: median(numbers), max }
    }

    /// The minimum, the median and the maximum, as they stand in a table.
    pub fn numbers(&self) -> [f64; 3] {
        [self.min, self.median, self.max]
    }

    /// How far the ends are apart, as a share of the middle.
    pub fn width(&self) -> f64 {
        if self.median > 0.0 { (self.max - self.min) / self.median } else { 0.0 }
    }
}

/// The middle of some numbers, of an even count the mean of the two in the middle; 0 of none.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        len => (sorted[(len - 1) / 2] + sorted[len / 2]) / 2.0,
    }
}

/// The least number that `share` of all are not greater than (nearest rank); 0 of none.
pub fn percentile(sorted: &[u64], share: f64) -> u64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(0)
}

/// How much two numbers differ, as a share of the greater.
pub fn difference(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { (a - b).abs() / a.abs().max(b.abs()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_and_ends() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 2.5);
        let spread = Spread::of(&[3.0, 1.0, 2.0]);
        assert_eq!(spread, Spread { min: 1.0, median: 2.0, max: 3.0 });
        assert_eq!((spread.width(), Spread::of(&[]).width()), (1.0, 0.0));
    }

    #[test]
    fn percentiles_by_nearest_rank() {
        let all: Vec<u64> = (1..=1000).collect();
        for (share, value) in [(0.0, 1), (0.5, 500), (0.99, 990), (0.999, 999), (1.0, 1000)] {
            assert_eq!(percentile(&all, share), value, "{share}");
        }
        assert_eq!((percentile(&[7], 0.5), percentile(&[], 0.5)), (7, 0));
    }

    #[test]
    fn differences() {
        assert_eq!((difference(0.0, 0.0), difference(2.0, 2.0)), (0.0, 0.0));
        assert_eq!((difference(1.0, 2.0), difference(2.0, 1.0)), (0.5, 0.5));
    }
}
