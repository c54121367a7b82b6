//! Messages on the wire: examples, every text over a small alphabet, and every cut of it.

use crate::data_oracle::{naive, normalised, stuffed, unstuffed};
use wirewright::error::Error;

#[test]
fn examples() {
    for (text, wire) in [
        (&b""[..], &b".\r\n"[..]),
        (b"a", b"a\r\n.\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a\r\n\r\n", b"a\r\n\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"..a", b"...a\r\n.\r\n"),
        (b"a.\r\n.b", b"a.\r\n..b\r\n.\r\n"),
        (b"a\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r.\rb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r\n.\r\nMAIL FROM:<x@y>\r\n", b"a\r\n..\r\nMAIL FROM:<x@y>\r\n.\r\n"),
        (b"a\r\r\n", b"a\r\n\r\n.\r\n"),
        (b"\n\r", b"\r\n\r\n.\r\n"),
        (b"a\r", b"a\r\n.\r\n"),
        (b"\0\xff", b"\0\xff\r\n.\r\n"),
    ] {
        assert_eq!(stuffed([text], 100, true), wire, "{}", text.escape_ascii());
    }
}

/// All texts of up to seven characters that matter, cut everywhere: the naive reading.
#[test]
fn every_short_text_at_every_cut() {
    let alphabet = [b'\r', b'\n', b'.', b'a'];
    let mut texts = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..7 {
        let until = texts.len();
        for at in from..until {
            for byte in alphabet {
                let text: Vec<u8> = [&texts[at][..], &[byte]].concat();
                texts.push(text);
            }
        }
        from = until;
    }
    assert_eq!(texts.len(), (4usize.pow(8) - 1) / 3);
    for text in &texts {
        let message = normalised(text);
        let wire = naive(&message);
        for cut in 0..=text.len() {
            let (a, b) = text.split_at(cut);
            assert_eq!(stuffed([a, b], 64, true), wire, "{} at {cut}", text.escape_ascii());
        }
        assert_eq!(stuffed([&text[..]], 2, true), wire, "{} without room", text.escape_ascii());
        assert_eq!(stuffed([&text[..]], 2, false), message, "{} as chunks", text.escape_ascii());
    }
}

#[test]
fn the_reader_is_strict() {
    let wrong = |offset| {
        Err(Some(Error::Malformed {
            rule: "CR and LF occur only together".into(),
            offset,
            section: "RFC 5321 §2.3.8",
        }))
    };
    for (wire, text, end) in [
        (&b".\r\n"[..], &b""[..], Ok(3)),
        (b"..\r\n.\r\nQUIT", b".\r\n", Ok(7)),
        (b".a\r\n.\r\n", b"a\r\n", Ok(7)),
        (b"a\r\n.\n", b"a\r\n", wrong(4)),
        (b"a\n.\r\n", b"a", wrong(1)),
        (b"a\r.\r\n", b"a", wrong(2)),
        (b".\rx", b"", wrong(2)),
        (b"a\r\n.\r", b"a\r\n", Err(None)),
        (b"a", b"a", Err(None)),
    ] {
        for step in 1..=wire.len() {
            assert_eq!(unstuffed(wire, step), (text.to_vec(), end.clone()), "{step}");
        }
    }
}
