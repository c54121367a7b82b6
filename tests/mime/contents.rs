//! Contents: which encoding a text gets, and every encoder at every length.

use crate::oracle::{Sample, build, check_sample, write};
use TransferEncoding::{Base64, QuotedPrintable, SevenBit};
use wirewright::buffer::Buffer;
use wirewright::mime::{Base64Lines, TransferEncoding, base64_len};

#[test]
fn the_encoding_follows_the_content() {
    let line = |len: usize| "x".repeat(len);
    for (text, encoding) in [
        ("", SevenBit),
        ("Good morning\r\n\tand good night\n", SevenBit),
        (&line(997), SevenBit),
        (&line(998), SevenBit),
        (&line(999), QuotedPrintable),
        (&format!("{}\r\n{}\r{}\n", line(998), line(998), line(998)), SevenBit),
        ("From me", QuotedPrintable),
        ("a\rFrom me", QuotedPrintable),
        ("a From me", SevenBit),
        ("a \nb", QuotedPrintable),
        ("a\t", QuotedPrintable),
        ("ab\u{1B}cdef", QuotedPrintable),
        ("Caf\u{E9} au lait", QuotedPrintable),
        ("\u{E9}1234567890", QuotedPrintable),
        ("\u{E9}123456789", Base64),
        ("附件中有本月数据请查收", Base64),
    ] {
        assert_eq!(TransferEncoding::of_text(text), encoding, "{text:?}");
        let sample = Sample { text: Some(text.to_owned()), ..Sample::default() };
        let octets = String::from_utf8(write(&build(&sample), &sample, 1, 200)).unwrap();
        assert!(octets.contains(&format!("Content-Transfer-Encoding: {}\r\n", encoding.name())));
        check_sample(&sample);
    }
}

#[test]
fn quoted_printable_at_every_length() {
    for end in ["", "\r\n", "\n\n", " ", "\u{E9}", "\u{E9}\n"] {
        for len in 0..170 {
            let text = format!("From .{}{end}é", "x".repeat(len));
            let both = Sample { text: Some(text.clone()), html: Some(text), ..Sample::default() };
            check_sample(&both);
        }
    }
}

#[test]
fn base64_at_every_length_and_cut() {
    let content: Vec<u8> = (0..=255).collect();
    for len in 0..=content.len() {
        let mut expected = Vec::new();
        for piece in [1, 56, 57, 58, 300] {
            let (mut lines, mut out) = (Base64Lines::new(), Buffer::with_limit(1000));
            for piece in content[..len].chunks(piece) {
                assert_eq!(lines.push(piece, &mut out), piece.len());
            }
            assert!(lines.end(&mut out));
            assert_eq!(out.len() as u64, base64_len(len as u64).unwrap());
            if piece == 1 {
                expected = out.readable().to_vec();
            }
            assert_eq!(out.readable(), expected, "{len}");
        }
    }
    assert_eq!(base64_len(u64::MAX), None);
}

#[test]
fn files_of_every_length_in_small_rooms() {
    for len in (0..200).chain(57 * 96 - 2..57 * 96 + 3) {
        let files = vec![("f".to_owned(), vec![0xA5; len], false), ("g".to_owned(), vec![], false)];
        let sample = Sample { files, piece: 61, out_max: 128, ..Sample::default() };
        check_sample(&sample);
    }
}

#[test]
fn a_boundary_is_not_in_a_text() {
    let plain =
        Sample { text: Some("x".to_owned()), html: Some("y".to_owned()), ..Sample::default() };
    let octets = String::from_utf8(write(&build(&plain), &plain, 1, 4096)).unwrap();
    let boundary = octets.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let text = Some(format!("--{boundary}\r\n--{boundary}--"));
    let tricky = Sample { text, ..plain.clone() };
    check_sample(&tricky);
    let octets = String::from_utf8(write(&build(&tricky), &tricky, 1, 4096)).unwrap();
    assert_eq!(octets.matches(boundary).count(), 2, "only where the text has it");
    let same = write(&build(&plain), &plain, 1, 4096);
    assert_eq!(same, write(&build(&plain), &plain, 1, 4096), "the seed decides");
    let other = Sample { seed: 1, ..plain };
    assert_ne!(same, write(&build(&other), &other, 1, 4096));
}

/// A line as long as the whole text: each byte is looked at a few times, not once for each piece
/// that is written. It would take minutes otherwise.
#[test]
fn a_long_line_is_read_in_linear_time() {
    let text = "\u{738b}".repeat(2 << 20);
    let sample = Sample { text: Some(text), ..Sample::default() };
    let message = build(&sample);
    let size = message.size();
    assert_eq!(write(&message, &sample, 4096, 4096).len() as u64, size);
}
