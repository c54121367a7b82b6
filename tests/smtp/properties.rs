//! The oracles over made-up streams.

use crate::{data_oracle, reply_oracle, session_oracle};
use proptest::prelude::*;

fn of(pieces: &'static [&'static str], count: usize) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(pieces);
    prop::collection::vec(piece, 0..count).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn replies(
        choice in 0u8..2, step in 0u8..20, small in any::<u8>(),
        text in of(&[
            "250 ok\r\n", "250-ok\r\n", "250\r\n", "250-\r\n", "250 ", "550 5.1.1 no\r\n",
            "571 x\r\n",
            "251-x\r\n", "\r\n", "\r", "\n", "\t", "2.0.0 ", "\0", "caf\u{e9}", "199 x\r\n", "25",
            "SIZE 10", "AUTH=PLAIN LOGIN", "x",
        ], 9),
    ) {
        reply_oracle::check(&[&[choice, step, small], &text[..]].concat());
    }

    #[test]
    fn messages(
        step in any::<u8>(), room in 0u8..90, cut in any::<u8>(),
        text in of(&["\r\n", "\r", "\n", ".", "..", "hello", "\r\n.\r\n", "\n.\n", "x"], 14),
    ) {
        data_oracle::check(&[&[step, room, cut], &text[..]].concat());
    }

    #[test]
    fn conversations(
        head in prop::collection::vec(any::<u8>(), 4),
        tape in prop::collection::vec(prop_oneof![3 => 0u8..24, 1 => any::<u8>()], 0..90),
    ) {
        session_oracle::check(&[&head[..], &tape[..]].concat());
    }
}
