//! The receiver's books and files beside naive ones that remember everything, over random runs.

#[path = "../../fuzz/oracles/datagram.rs"]
mod oracle;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn books_agree_with_naive_ones(script in proptest::collection::vec(any::<u8>(), 0..300)) {
        oracle::check(&script);
    }

    /// Small windows and mostly near numbers: the edge of the window is met often.
    #[test]
    fn the_edge_of_the_window(
        window in 0u8..=130,
        records in proptest::collection::vec((0u8..5, 60u8..70, any::<u8>()), 0..100),
    ) {
        let records = records.into_iter().flat_map(|(choice, argument, time)| {
            // Of a far step forward only one in two is taken.
            let argument = if choice == 2 && time % 2 == 0 { 1 } else { argument };
            [choice, argument, time]
        });
        let script: Vec<u8> = [window, 255].into_iter().chain(records).collect();
        oracle::check(&script);
    }

    /// Small parts all over a file, with room for few ranges: holes are made and filled.
    #[test]
    fn files_with_holes(
        ranges_max in 0u8..=40,
        records in proptest::collection::vec((4u8..20, any::<u8>(), 0u8..40), 0..150),
    ) {
        let records = records.into_iter().flat_map(|(choice, at, len)| [choice, at, len]);
        let script: Vec<u8> = [ranges_max, 255].into_iter().chain(records).collect();
        oracle::check(&script);
    }
}
