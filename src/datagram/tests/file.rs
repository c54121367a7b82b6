//! Files in datagrams: the encoding, the parts that are accepted, and the missing ranges.

use super::*;

fn payload_of(part: Part<'_>) -> Vec<u8> {
    let mut payload = Vec::new();
    part.encode(&mut payload);
    payload
}

/// A datagram of a kind with any payload.
fn around(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Datagram { kind, run: RUN, sequence: 5, time_ns: 0, payload }.encode(&mut out);
    out
}

#[test]
fn the_encoding_of_a_file_is_that_of_the_documentation() {
    let whole = Part { size: 258, offset: 255, bytes: b"xyz" };
    let bytes = part(5, whole);
    assert_eq!(bytes[..8], *b"wwdg\x01\x02\x00\x33");
    assert_eq!(bytes[32..], *b"\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\0\xffxyz");
    let datagram = Datagram::decode(&bytes).unwrap();
    assert_eq!((datagram.part(), datagram.file_end()), (Some(whole), None));
    assert_eq!(whole.end(), 258);

    let told = FileEnd { size: 258, digest: Some([7; 32]) };
    let bytes = file_end(5, told);
    assert_eq!(bytes[..8], *b"wwdg\x01\x03\x00\x48");
    assert_eq!(bytes[32..40], *b"\0\0\0\0\0\0\x01\x02");
    assert_eq!(bytes[40..], [7; 32]);
    let datagram = Datagram::decode(&bytes).unwrap();
    assert_eq!((datagram.part(), datagram.file_end()), (None, Some(told)));

    let untold = FileEnd { size: 0, digest: None };
    assert_eq!(Datagram::decode(&file_end(0, untold)).unwrap().file_end(), Some(untold));
    let plain = data(RUN, 1, 2);
    assert_eq!(Datagram::decode(&plain).unwrap().part(), None);
}

#[test]
fn invalid_payloads_are_foreign() {
    for (size, offset, len, is_good) in [
        // At least one byte.
        (9, 0, 0, false),
        (9, 0, 1, true),
        // None beyond the size.
        (9, 5, 3, true),
        (9, 5, 4, true),
        (9, 5, 5, false),
        (9, 9, 1, false),
        (0, 0, 1, false),
        // No overflow of the end.
        (u64::MAX, u64::MAX - 2, 1, true),
        (u64::MAX, u64::MAX - 2, 2, true),
        (u64::MAX, u64::MAX - 2, 3, false),
        (u64::MAX, u64::MAX, 1, false),
    ] {
        let payload = payload_of(Part { size, offset, bytes: &vec![1; len] });
        let decoded = Datagram::decode(&around(Kind::Part, &payload)).map(|one| one.kind);
        let expected = if is_good { Ok(Kind::Part) } else { Err(DecodeError::Foreign) };
        assert_eq!(decoded, expected, "{size} {offset} {len}");
    }
    for len in 0..PART_HEADER_BYTES {
        let bytes = around(Kind::Part, &vec![0; len]);
        assert_eq!(Datagram::decode(&bytes), Err(DecodeError::Foreign), "{len}");
    }
    for len in 0..60 {
        let bytes = around(Kind::FileEnd, &vec![0; len]);
        let is_good = len == 8 || len == 8 + DIGEST_BYTES;
        assert_eq!(Datagram::decode(&bytes).is_ok(), is_good, "{len}");
    }
}

#[test]
fn the_greatest_part_fits() {
    let bytes = vec![3; DATAGRAM_BYTES_MAX - HEADER_BYTES - PART_HEADER_BYTES];
    let whole = Part { size: 1 << 40, offset: 17, bytes: &bytes };
    let datagram = part(0, whole);
    assert_eq!(datagram.len(), DATAGRAM_BYTES_MAX);
    assert_eq!(Datagram::decode(&datagram).unwrap().part(), Some(whole));
}

/// Handles a part like a receiver that stores it in `kept`; whether the part was accepted.
fn take(assembly: &mut Assembly, kept: &mut [u8], part: Part<'_>) -> bool {
    if !assembly.admit(&part) {
        return false;
    }
    let at = |offset: u64, len: usize| offset as usize..offset as usize + len;
    let differs =
        assembly.overlaps(&part).any(|(offset, bytes)| kept[at(offset, bytes.len())] != *bytes);
    if differs {
        assembly.disagree();
        return false;
    }
    for (offset, bytes) in assembly.gaps(&part) {
        kept[at(offset, bytes.len())].copy_from_slice(bytes);
    }
    assembly.insert(&part);
    true
}

fn missing(assembly: &Assembly) -> Vec<(u64, u64)> {
    assembly.missing().map(|range| (range.start, range.end)).collect()
}

#[test]
fn a_file_out_of_parts() {
    let mut assembly = Assembly::new(Limits::default());
    let mut kept = [0; 10];
    assert_eq!((assembly.size(), assembly.is_complete()), (None, false));
    let whole = *b"0123456789";
    let of = |offset: u64, bytes: &'static [u8]| Part { size: 10, offset, bytes };
    for (part, taken, missing_then) in [
        (of(4, b"45"), true, &[(0, 4), (6, 10)][..]),
        (of(4, b"45"), true, &[(0, 4), (6, 10)]),
        (of(4, b"4x"), false, &[(0, 4), (6, 10)]),
        (of(5, b"56"), true, &[(0, 4), (7, 10)]),
        (of(6, b"x7"), false, &[(0, 4), (7, 10)]),
        (Part { size: 11, offset: 0, bytes: b"0" }, false, &[(0, 4), (7, 10)]),
        (of(9, b"9"), true, &[(0, 4), (7, 9)]),
        (of(2, b"2345678"), true, &[(0, 2)]),
        (of(0, b"0123456789"), true, &[]),
    ] {
        assert_eq!(take(&mut assembly, &mut kept, part), taken, "{part:?}");
        assert_eq!(missing(&assembly), missing_then, "{part:?}");
    }
    assert_eq!((kept, assembly.is_complete(), assembly.received()), (whole, true, 10));
    assert_eq!((assembly.disagreeing(), assembly.unplaced()), (3, 0));
}

#[test]
fn the_first_seal_counts() {
    let mut assembly = Assembly::new(Limits::default());
    let told = |size, byte: Option<u8>| FileEnd { size, digest: byte.map(|byte| [byte; 32]) };
    for (file_end, digest, disagreeing) in [
        (told(4, None), None, 0),
        (told(4, Some(1)), Some(1), 0),
        (told(4, Some(1)), Some(1), 0),
        (told(4, None), Some(1), 0),
        (told(4, Some(2)), Some(1), 1),
        (told(5, Some(1)), Some(1), 2),
    ] {
        assembly.file_end(&file_end);
        assert_eq!(assembly.digest(), digest.map(|byte| [byte; 32]), "{file_end:?}");
        assert_eq!(assembly.disagreeing(), disagreeing, "{file_end:?}");
    }
    assert_eq!(missing(&assembly), [(0, 4)]);
    let mut empty = Assembly::new(Limits::default());
    empty.file_end(&told(0, Some(1)));
    assert!(empty.is_complete() && missing(&empty).is_empty());
}

#[test]
fn the_limits_of_a_file_are_exact() {
    let limits = Limits { ranges_max: 2, file_bytes_max: 100, ..Limits::default() };
    for (size, unplaced) in [(99, 0), (100, 0), (101, 1)] {
        let mut assembly = Assembly::new(limits);
        let taken = assembly.admit(&Part { size, offset: 0, bytes: b"x" });
        assert_eq!((taken, assembly.unplaced()), (unplaced == 0, unplaced), "{size}");
        assert_eq!(assembly.size(), taken.then_some(size));
    }
    let (mut assembly, mut kept) = (Assembly::new(limits), [0; 100]);
    for (offset, taken, received) in [
        (10, true, 1),
        (20, true, 2),
        (30, false, 2),
        // A part that adjoins a range, or fills a gap, needs no further range.
        (11, true, 3),
        (9, true, 4),
        (20, true, 4),
        (30, false, 4),
        (21, true, 5),
    ] {
        let part = Part { size: 100, offset, bytes: b"x" };
        assert_eq!(take(&mut assembly, &mut kept, part), taken, "{offset}");
        assert_eq!(assembly.received(), received, "{offset}");
    }
    assert_eq!(assembly.unplaced(), 2);
    let bridge = Part { size: 100, offset: 12, bytes: b"xxxxxxxx" };
    assert!(take(&mut assembly, &mut kept, bridge));
    assert!(take(&mut assembly, &mut kept, Part { size: 100, offset: 30, bytes: b"x" }));
    assert_eq!(missing(&assembly), [(0, 9), (22, 30), (31, 100)]);
}
