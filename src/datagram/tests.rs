//! The encoding, the counts and the pace: case tables, and comparison with naive implementations.

mod file;

use super::*;
use proptest::prelude::*;

const RUN: u64 = 0x0102_0304_0506_0708;

fn data(run: u64, sequence: u64, time_ns: u64) -> Vec<u8> {
    let mut out = Vec::new();
    Datagram { kind: Kind::Data, run, sequence, time_ns, payload: b"" }.encode(&mut out);
    out
}

fn end(run: u64, sent: u64) -> Vec<u8> {
    let mut out = Vec::new();
    Datagram { kind: Kind::End, run, sequence: sent, time_ns: 0, payload: b"" }.encode(&mut out);
    out
}

fn part(sequence: u64, part: Part<'_>) -> Vec<u8> {
    let (mut payload, mut out) = (Vec::new(), Vec::new());
    part.encode(&mut payload);
    Datagram { kind: Kind::Part, run: RUN, sequence, time_ns: 0, payload: &payload }
        .encode(&mut out);
    out
}

fn file_end(sent: u64, file_end: FileEnd) -> Vec<u8> {
    let (mut payload, mut out) = (Vec::new(), Vec::new());
    file_end.encode(&mut payload);
    Datagram { kind: Kind::FileEnd, run: RUN, sequence: sent, time_ns: 0, payload: &payload }
        .encode(&mut out);
    out
}

fn small() -> Receiver {
    Receiver::new(Limits { window: 64, ahead_max: 1000, ..Limits::default() })
}

#[test]
fn the_encoding_is_that_of_the_documentation() {
    let datagram =
        Datagram { kind: Kind::End, run: RUN, sequence: 258, time_ns: 1 << 40, payload: b"xyz" };
    let mut out = b"old".to_vec();
    datagram.encode(&mut out);
    let expected = b"wwdg\x01\x01\x00\x23\x01\x02\x03\x04\x05\x06\x07\x08\
        \x00\x00\x00\x00\x00\x00\x01\x02\x00\x00\x01\x00\x00\x00\x00\x00xyz";
    assert_eq!(out, expected);
    assert_eq!(Datagram::decode(&out), Ok(datagram));
}

#[test]
fn invalid_datagrams_are_refused_with_the_reason() {
    let good = data(RUN, 1, 2);
    for len in 0..good.len() {
        assert_eq!(Datagram::decode(&good[..len]), Err(DecodeError::Short), "{len}");
    }
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    for (bytes, alien) in [
        (with(0, b'W'), DecodeError::Foreign),
        (with(3, 0), DecodeError::Foreign),
        (with(4, 2), DecodeError::Foreign),
        (with(5, 2), DecodeError::Foreign),
        (with(5, 4), DecodeError::Foreign),
        (with(7, 33), DecodeError::Short),
        (with(6, 255), DecodeError::Short),
        (with(7, 31), DecodeError::Foreign),
        ([&good[..], b"x"].concat(), DecodeError::Foreign),
        (vec![0; 100], DecodeError::Foreign),
    ] {
        assert_eq!(Datagram::decode(&bytes), Err(alien), "{bytes:?}");
    }
}

#[test]
fn the_greatest_datagram_fits() {
    let payload = vec![7; DATAGRAM_BYTES_MAX - HEADER_BYTES];
    let mut out = Vec::new();
    Datagram { kind: Kind::Data, run: 1, sequence: 0, time_ns: 0, payload: &payload }
        .encode(&mut out);
    assert_eq!(out.len(), DATAGRAM_BYTES_MAX);
    assert_eq!(Datagram::decode(&out).unwrap().payload, payload);
}

#[test]
fn every_datagram_is_classified() {
    use Arrival::{
        Duplicate, End, Foreign, Implausible, Late, OtherRun, Received, Reordered, Short,
    };
    let mut receiver = small();
    let beyond = 1_104 + 1_001;
    for (bytes, arrival) in [
        (vec![], Short),
        (b"hello".to_vec(), Short),
        (vec![0; 40], Foreign),
        (data(RUN, 0, 0), Received),
        (data(RUN, 0, 0), Duplicate),
        (data(RUN + 1, 1, 0), OtherRun),
        (end(RUN + 1, 1), OtherRun),
        (data(RUN, 3, 0), Received),
        (data(RUN, 1, 0), Reordered),
        (data(RUN, 1, 0), Duplicate),
        (data(RUN, 3, 0), Duplicate),
        (data(RUN, 66, 0), Received),
        // Numbers 3 to 66 are in the window of 64.
        (data(RUN, 3, 0), Duplicate),
        (data(RUN, 2, 0), Late),
        (data(RUN, 4, 0), Reordered),
        (data(RUN, 67 + 1_001, 0), Implausible),
        (end(RUN, 66), Implausible),
        (data(RUN, 1_103, 0), Implausible),
        (data(RUN, 1_067, 0), Received),
        (data(RUN, 1_066, 0), Reordered),
        (data(RUN, 1_003, 0), Late),
        (end(RUN, beyond), Implausible),
        (end(RUN, 1_070), End),
        (end(RUN, 1_070), End),
        (end(RUN, 1_071), Implausible),
        (data(RUN, 1_070, 0), Implausible),
        (data(RUN, 1_069, 0), Received),
    ] {
        assert_eq!(receiver.receive(&bytes, 0), arrival, "{bytes:?}");
    }
    let report = receiver.report();
    let expected = Report {
        received: 8,
        lost: 1_062,
        duplicated: 4,
        reordered: 3,
        late: 2,
        short: 2,
        foreign: 1,
        other_run: 2,
        implausible: 6,
        bytes: 8 * 32,
        sent: Some(1_070),
        ..Report::default()
    };
    assert_eq!(report, expected);
    assert_eq!(receiver.run(), Some(RUN));
}

#[test]
fn an_implausible_datagram_does_not_choose_the_run() {
    // Otherwise it would exclude the real run, whose end would never be counted.
    for stranger in [data(1, 1_001, 0), end(1, 1_001), data(1, u64::MAX, 0), end(1, u64::MAX)] {
        let mut receiver = small();
        assert_eq!(receiver.receive(&stranger, 0), Arrival::Implausible);
        assert_eq!(receiver.run(), None);
        assert_eq!(receiver.receive(&data(RUN, 0, 0), 0), Arrival::Received);
        assert_eq!(receiver.receive(&stranger, 0), Arrival::OtherRun);
        assert_eq!(receiver.run(), Some(RUN));
        assert_eq!((receiver.report().implausible, receiver.report().other_run), (1, 1));
    }
}

#[test]
fn a_refused_datagram_counts_as_foreign() {
    let mut receiver = small();
    assert_eq!(receiver.refuse(), Arrival::Foreign);
    assert_eq!(receiver.report(), Report { foreign: 1, ..Report::default() });
    assert_eq!(receiver.run(), None);
}

#[test]
fn a_run_carries_a_file_or_none() {
    let part = part(0, Part { size: 9, offset: 0, bytes: b"x" });
    let file_end = file_end(1, FileEnd { size: 9, digest: None });
    for (first, others) in
        [(data(RUN, 0, 0), [&part, &file_end]), (part.clone(), [&data(RUN, 1, 0), &end(RUN, 1)])]
    {
        let mut receiver = small();
        assert_eq!(receiver.receive(&first, 0), Arrival::Received);
        for other in others {
            assert_eq!(receiver.receive(other, 0), Arrival::Implausible);
        }
    }
    let mut receiver = small();
    assert_eq!(receiver.receive(&part, 0), Arrival::Received);
    assert_eq!(receiver.receive(&part, 0), Arrival::Duplicate);
    assert_eq!(receiver.receive(&file_end, 0), Arrival::End);
    assert_eq!(receiver.report().sent, Some(1));
}

#[test]
fn limits_are_exact() {
    for (ahead, arrival) in
        [(999, Arrival::Received), (1000, Arrival::Received), (1001, Arrival::Implausible)]
    {
        assert_eq!(small().receive(&data(RUN, ahead, 0), 0), arrival, "{ahead}");
    }
    for (newest, arrival) in [(63, Arrival::Duplicate), (64, Arrival::Late)] {
        let mut receiver = small();
        receiver.receive(&data(RUN, 0, 0), 0);
        receiver.receive(&data(RUN, newest, 0), 0);
        assert_eq!(receiver.receive(&data(RUN, 0, 0), 0), arrival, "{newest}");
    }
}

#[test]
fn the_greatest_sequences_do_not_overflow() {
    let mut receiver =
        Receiver::new(Limits { window: 1, ahead_max: u64::MAX, ..Limits::default() });
    // The number of sent datagrams after it would not fit into 64 bits.
    assert_eq!(receiver.receive(&data(RUN, u64::MAX, 0), 0), Arrival::Implausible);
    assert_eq!(receiver.receive(&data(RUN, u64::MAX - 1, u64::MAX), u64::MAX), Arrival::Received);
    assert_eq!(receiver.receive(&data(RUN, 0, 0), 0), Arrival::Late);
    assert_eq!(receiver.receive(&end(RUN, u64::MAX), 0), Arrival::End);
    assert_eq!(receiver.report().lost, u64::MAX - 1);
}

#[test]
fn jitter_by_hand() {
    let mut receiver = small();
    // Sent each 1,000 ns; transit 500, 500, 660, 340: differences 0, 160, 320.
    for (sequence, transit) in [500, 500, 660, 340].into_iter().enumerate() {
        let sent = sequence as u64 * 1000;
        receiver.receive(&data(RUN, sequence as u64, sent), sent + transit);
    }
    // 16 J: 0, then 160, then 160 + 320 - (168 >> 4) = 470.
    assert_eq!(receiver.report().jitter_ns, 470 >> 4);
    // From 500 to 3,340 three further datagrams of 32 bytes.
    assert_eq!(receiver.report().elapsed_ns, 2840);
    assert_eq!(receiver.report().bits_per_second, 3 * 32 * 8 * 1_000_000_000 / 2840);
}

#[test]
fn hostile_stamps_keep_the_jitter_bounded() {
    let mut receiver = small();
    for sequence in 0..200 {
        let stamp = if sequence % 2 == 0 { 0 } else { u64::MAX };
        receiver.receive(&data(RUN, sequence, stamp), sequence);
    }
    assert!(receiver.report().jitter_ns <= 1 << 52);
}

#[test]
fn the_pace_is_exact_and_catching_up_is_bounded() {
    // 1,400 bytes at 1 Gbit/s: 11,200 ns each.
    let mut pacer = Pacer::new(1400, 1_000_000_000, 100_000, 50);
    assert!(!pacer.take(49) && pacer.take(50) && !pacer.take(50));
    assert_eq!(pacer.next_ns(), 50 + 11_200);
    let late = (0..).take_while(|_| pacer.take(50 + 100_000)).count();
    assert_eq!(late, 8, "11,200 to 89,600");
    // The sender is late by a second; it catches up 100 µs of that.
    let late = (0..).take_while(|_| pacer.take(1_000_100_000)).count();
    assert_eq!(late, 9);
    assert!(pacer.next_ns() > 1_000_100_000 && pacer.next_ns() <= 1_000_111_200);
}

#[test]
fn bytes_pass_at_the_rate_and_not_faster() {
    const SECOND: u64 = 1_000_000_000;
    // 1,000 bytes a second, and a burst of at most 100 ms after a delay.
    let mut pacer = Pacer::new(1, 8000, SECOND / 10, 5);
    assert_eq!((pacer.due(4), pacer.due(5)), (0, 1));
    assert_eq!(pacer.due_ns(51), 5 + SECOND / 20);
    assert_eq!((pacer.due(4 + SECOND / 20), pacer.due(5 + SECOND / 20)), (50, 51));
    pacer.spend(51);
    assert_eq!(pacer.due(5 + SECOND / 20), 0);
    assert_eq!(pacer.next_ns(), 5 + SECOND * 51 / 1000);
    // A delay of nine seconds is made up for only as far as the catch-up allows.
    assert_eq!(pacer.due(9 * SECOND), 101);
    pacer.spend(101);
    assert_eq!(pacer.due(9 * SECOND), 0);
    // More than was due was sent, so the next ones wait longer.
    pacer.spend(1000);
    assert_eq!(pacer.due(10 * SECOND - 1_000_000), 0);
    assert_eq!(pacer.due(10 * SECOND + 1_000_000), 1);
}

proptest! {
    #[test]
    fn however_often_it_is_asked_the_rate_holds(
        rate in 1u64..1_000_000_000, steps in proptest::collection::vec(1u64..2_000_000_000, 1..60),
    ) {
        let catch_up = 100_000_000;
        let mut pacer = Pacer::new(1, rate * 8, catch_up, 0);
        let (mut now, mut passed) = (0, 0);
        for step in steps {
            now += step;
            let due = pacer.due(now);
            pacer.spend(due);
            passed += due;
            let most = u128::from(rate) * u128::from(now + catch_up) / 1_000_000_000 + 1;
            prop_assert!(u128::from(passed) <= most, "{passed} of {most}");
            prop_assert_eq!(pacer.due(now), 0);
        }
    }

    #[test]
    fn no_error_adds_up(
        bytes in 1usize..65_507, rate in 1u64..1_000_000_000_000, count in 0u64..9999,
    ) {
        let mut pacer = Pacer::new(bytes, rate, 0, 7);
        for _ in 0..count {
            let at = pacer.next_ns();
            prop_assert!(pacer.take(at));
        }
        let exact = u128::from(count) * bytes as u128 * 8_000_000_000;
        prop_assert_eq!(u128::from(pacer.next_ns() - 7), exact.div_ceil(u128::from(rate)));
    }

    #[test]
    fn an_encoded_datagram_decodes(
        is_end: bool, run: u64, sequence: u64, time_ns: u64,
        payload in proptest::collection::vec(any::<u8>(), 0..99),
    ) {
        let kind = if is_end { Kind::End } else { Kind::Data };
        let datagram = Datagram { kind, run, sequence, time_ns, payload: &payload };
        let mut out = Vec::new();
        datagram.encode(&mut out);
        prop_assert_eq!(Datagram::decode(&out), Ok(datagram));
    }
}
