//! Minimum, median, maximum and percentiles.

use serde::{Deserialize, Serialize};

/// The minimum, the median and the maximum of measured numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

impl Spread {
    /// The spread of some numbers; of none, all 0.
    pub fn of(numbers: &[f64]) -> Spread {
        let min = numbers.iter().copied().reduce(f64::min).unwrap_or(0.0);
        let max = numbers.iter().copied().reduce(f64::max).unwrap_or(0.0);
        Spread { min, median: median(numbers), max }
    }

    /// The minimum, the median and the maximum, in the order of the columns of a table.
    pub fn numbers(&self) -> [f64; 3] {
        [self.min, self.median, self.max]
    }

    /// The range as a share of the median.
    pub fn width(&self) -> f64 {
        if self.median > 0.0 { (self.max - self.min) / self.median } else { 0.0 }
    }
}

/// The median; of an even count the mean of the two middle numbers, of none 0.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        len => (sorted[(len - 1) / 2] + sorted[len / 2]) / 2.0,
    }
}

/// A percentile by nearest rank; of none 0.
pub fn percentile(sorted: &[u64], share: f64) -> u64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(0)
}

/// The difference of two numbers as a share of the greater.
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
