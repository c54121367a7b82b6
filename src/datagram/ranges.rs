//! A set of byte ranges: the parts of a file that were received.
//!
//! ```text
//!   0          a─────────b        c────d                       size
//!   ├──────────┼█████████┼────────┼████┼────────────────────────┤
//!      gap       covered    gap             gap
//! ```
//!
//! Adjacent ranges are merged, so that their number depends on the gaps and not on the pieces: a
//! file that arrives completely and in order is one range, whatever its size.

use std::collections::BTreeMap;
use std::ops::Range;

/// A set of half-open ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges {
    /// The end of each range by its beginning. No two overlap or touch, none is empty.
    ends: BTreeMap<u64, u64>,
}

impl Ranges {
    /// How many ranges there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// Adds a range, which may overlap others.
    pub fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let mut whole = range.clone();
        while let Some((from, to)) = self.last_touching(&range) {
            whole = whole.start.min(from)..whole.end.max(to);
            self.ends.remove(&from);
        }
        self.ends.insert(whole.start, whole.end);
    }

    /// Whether a range overlaps or adjoins one of these, so that adding it does not add to their
    /// number.
    pub fn touches(&self, range: &Range<u64>) -> bool {
        self.last_touching(range).is_some()
    }

    fn last_touching(&self, range: &Range<u64>) -> Option<(u64, u64)> {
        let (from, to) = self.ends.range(..=range.end).next_back()?;
        (*to >= range.start).then_some((*from, *to))
    }

    /// The covered parts of a range, in order.
    pub fn covered(&self, within: Range<u64>) -> impl Iterator<Item = Range<u64>> + '_ {
        let before = self.ends.range(..=within.start).next_back();
        let from = before.map_or(within.start, |(from, _)| *from);
        let found = self.ends.range(from..within.end.max(from));
        let cut = found.map(move |(from, to)| within.start.max(*from)..within.end.min(*to));
        cut.filter(|range| !range.is_empty())
    }

    /// The parts of a range that are not covered, in order.
    pub fn gaps(&self, within: Range<u64>) -> impl Iterator<Item = Range<u64>> + '_ {
        let (mut at, end) = (within.start, within.end);
        let covered = self.covered(within).chain(std::iter::once(end..end));
        let between = covered.map(move |range| std::mem::replace(&mut at, range.end)..range.start);
        between.filter(|range| !range.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(ranges: &[(u64, u64)]) -> Ranges {
        let mut all = Ranges::default();
        ranges.iter().for_each(|(from, to)| all.insert(*from..*to));
        all
    }

    fn ends(ranges: impl Iterator<Item = Range<u64>>) -> Vec<(u64, u64)> {
        ranges.map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn adjacent_ranges_are_merged() {
        const MAX: u64 = u64::MAX;
        for (ranges, expected) in [
            (&[][..], &[][..]),
            (&[(5, 5)], &[]),
            (&[(0, 1), (1, 2)], &[(0, 2)]),
            (&[(1, 2), (0, 1)], &[(0, 2)]),
            (&[(0, 1), (2, 3)], &[(0, 1), (2, 3)]),
            (&[(0, 1), (2, 3), (1, 2)], &[(0, 3)]),
            (&[(0, 9), (3, 4)], &[(0, 9)]),
            (&[(3, 4), (6, 7), (9, 10), (0, 20)], &[(0, 20)]),
            (&[(3, 4), (6, 7), (9, 10), (4, 9)], &[(3, 10)]),
            (&[(MAX - 1, MAX), (0, 1)], &[(0, 1), (MAX - 1, MAX)]),
        ] {
            let all = of(ranges);
            assert_eq!(ends(all.covered(0..MAX)), expected, "{ranges:?}");
            assert_eq!(all.count(), expected.len());
        }
    }

    #[test]
    fn touching_is_overlapping_or_adjoining() {
        let all = of(&[(10, 20)]);
        for (range, touches) in [
            (8..9, false),
            (8..10, true),
            (8..11, true),
            (12..13, true),
            (19..25, true),
            (20..25, true),
            (21..25, false),
        ] {
            assert_eq!(all.touches(&range), touches, "{range:?}");
        }
    }

    #[test]
    fn gaps_are_what_is_not_covered() {
        let all = of(&[(2, 4), (6, 8)]);
        for (within, gaps) in [
            (0..10, &[(0, 2), (4, 6), (8, 10)][..]),
            (2..8, &[(4, 6)]),
            (3..7, &[(4, 6)]),
            (2..4, &[]),
            (5..5, &[]),
            (4..6, &[(4, 6)]),
            (8..9, &[(8, 9)]),
        ] {
            assert_eq!(ends(all.gaps(within.clone())), gaps, "{within:?}");
        }
    }

    proptest! {
        /// Compares with a set that has a bit for each byte.
        #[test]
        fn agrees_with_bits(
            pieces in proptest::collection::vec((0usize..70, 0usize..12), 0..40),
            (from, len) in (0usize..80, 0usize..80),
        ) {
            let (mut all, mut bits) = (Ranges::default(), [false; 160]);
            for (at, len) in pieces {
                let range = at as u64..(at + len) as u64;
                if len > 0 {
                    let beside = &bits[at.saturating_sub(1)..=at + len];
                    prop_assert_eq!(all.touches(&range), beside.contains(&true));
                }
                all.insert(range);
                bits[at..at + len].fill(true);
            }
            let within = from as u64..(from + len) as u64;
            let mut seen = [None; 160];
            for range in all.covered(within.clone()) {
                seen[range.start as usize..range.end as usize].fill(Some(true));
            }
            for range in all.gaps(within) {
                seen[range.start as usize..range.end as usize].fill(Some(false));
            }
            for at in 0..160 {
                let expected = (from..from + len).contains(&at).then_some(bits[at]);
                prop_assert_eq!(seen[at], expected, "{}", at);
            }
            let runs = bits.windows(2).filter(|two| !two[0] && two[1]).count();
            prop_assert_eq!(all.count(), runs + usize::from(bits[0]));
        }
    }
}
