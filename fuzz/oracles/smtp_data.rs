//! The oracle of message data (RFC 5321 §4.5.2): unstuffing returns the message that was stuffed,
//! with CR LF line ends, and the terminator occurs once, at the end.

use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::smtp::data::{Event, Stuffer, Unstuffer};

/// The property. The input: the size of pieces, the output limit, the cut; then the text.
pub fn check(data: &[u8]) {
    let [step, out_max, cut, text @ ..] = data else { return };
    let (step, out_max) = (usize::from(*step) % 64 + 1, usize::from(*out_max) + 2);
    let message = normalised(text);
    let wire = naive(&message);
    assert_eq!(stuffed(text.chunks(step), out_max, true), wire);
    let (a, b) = text.split_at(usize::from(*cut).min(text.len()));
    assert_eq!(stuffed([a, b], 1 << 20, true), wire);
    assert_eq!(stuffed(text.chunks(step), out_max, false), message, "without dots");
    ends_once(&wire);
    measures(text, out_max);
    let mut expected = message;
    if !expected.is_empty() && !expected.ends_with(b"\r\n") {
        expected.extend_from_slice(b"\r\n");
    }
    for step in [1, step, usize::MAX] {
        let behind = [&wire[..], b"MAIL FROM:<>\r\n"].concat();
        assert_eq!(unstuffed(&behind, step), (expected.clone(), Ok(wire.len())), "by {step}");
    }
    // The unstuffer gets arbitrary bytes.
    let whole = unstuffed(text, usize::MAX);
    assert_eq!(whole, unstuffed(text, 1), "bytewise");
    assert_eq!(whole, unstuffed(text, step), "by {step}");
    assert_eq!(whole, naive_back(text));
}

/// The text with every CR LF, lone CR and lone LF as CR LF, by a naive reading.
pub fn normalised(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\r' => {
                out.extend_from_slice(b"\r\n");
                at += usize::from(text.get(at + 1) == Some(&b'\n'));
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            byte => out.push(byte),
        }
        at += 1;
    }
    out
}

/// A message on the wire, line by line.
pub fn naive(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for byte in message {
        if *byte == b'.' && (wire.is_empty() || wire.ends_with(b"\r\n")) {
            wire.push(b'.');
        }
        wire.push(*byte);
    }
    if !wire.is_empty() && !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// The output of the stuffer, with the terminator if `dots`.
pub fn stuffed<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    out_max: usize,
    dots: bool,
) -> Vec<u8> {
    let mut stuffer = if dots { Stuffer::new() } else { Stuffer::without_dots() };
    let (mut made, mut out) = (Vec::new(), Buffer::with_limit(out_max));
    let mut extra = 0;
    for mut piece in pieces {
        let mut stalls = 0;
        while !piece.is_empty() {
            let taken = stuffer.push(piece, &mut out).expect("no error of its own");
            stalls = if taken == 0 { stalls + 1 } else { 0 };
            assert!(stalls < 3, "it goes on");
            piece = &piece[taken..];
            made.extend_from_slice(out.readable());
            out.consume(out.len());
        }
    }
    let is_extra = |at: &usize| made[*at] == b'.' && (*at == 0 || made[..*at].ends_with(b"\r\n"));
    if dots {
        extra = (0..made.len()).filter(is_extra).count() as u64;
    }
    assert_eq!(stuffer.made() + extra, made.len() as u64);
    if dots {
        made.extend_from_slice(stuffer.end());
    }
    made
}

/// The terminator occurs at the end only, and there is no lone CR or LF.
fn ends_once(wire: &[u8]) {
    let seen = [b"\r\n", wire].concat();
    let ends = seen.windows(5).filter(|five| *five == b"\r\n.\r\n").count();
    assert_eq!(ends, 1);
    assert!(wire.ends_with(b".\r\n"));
    for (at, byte) in wire.iter().enumerate() {
        match byte {
            b'\r' => assert_eq!(wire.get(at + 1), Some(&b'\n')),
            b'\n' => assert!(at > 0 && wire[at - 1] == b'\r'),
            _ => {}
        }
    }
}

/// `measure` returns what `push` then does.
fn measures(text: &[u8], out_max: usize) {
    let mut stuffer = Stuffer::without_dots();
    let mut rest = text;
    while !rest.is_empty() {
        let expected = stuffer.measure(rest, out_max);
        let mut out = Buffer::with_limit(out_max);
        let taken = stuffer.push(rest, &mut out).expect("no error of its own");
        assert_eq!((taken, out.len()), expected);
        assert!(taken > 0);
        rest = &rest[taken..];
    }
}

type Back = (Vec<u8>, Result<usize, Option<Error>>);

/// The output of the unstuffer, and the offset behind the terminator; `Err(None)` without one.
pub fn unstuffed(wire: &[u8], step: usize) -> Back {
    let (mut unstuffer, mut text, mut done) = (Unstuffer::new(), Vec::new(), 0);
    for mut piece in wire.chunks(step.min(wire.len().max(1))) {
        while !piece.is_empty() {
            let (taken, event) = match unstuffer.feed(piece) {
                Ok(step) => step,
                Err(error) => {
                    assert_eq!(unstuffer.feed(b"x"), Err(error.clone()), "it stays");
                    return (text, Err(Some(error)));
                }
            };
            done += taken;
            piece = &piece[taken..];
            match event {
                Event::Text(bytes) => text.extend_from_slice(bytes),
                Event::End => return (text, Ok(done)),
                Event::More => assert!(piece.is_empty(), "more is wanted, and is there"),
            }
        }
    }
    (text, Err(None))
}

/// The same, by a naive reading of the whole text.
fn naive_back(wire: &[u8]) -> Back {
    let (mut text, mut at) = (Vec::new(), 0);
    let wrong = |at: usize| {
        Err(Some(Error::Malformed {
            rule: "CR and LF occur only together".into(),
            offset: at as u64,
            section: "RFC 5321 §2.3.8",
        }))
    };
    while at < wire.len() {
        let is_start = at == 0 || wire[..at].ends_with(b"\r\n");
        match &wire[at..] {
            [b'.', b'\r', b'\n', ..] if is_start => return (text, Ok(at + 3)),
            // More input may complete the terminator.
            [b'.'] | [b'.', b'\r'] if is_start => return (text, Err(None)),
            [b'.', b'\r', ..] if is_start => return (text, wrong(at + 2)),
            [b'.', b'\n', ..] if is_start => return (text, wrong(at + 1)),
            [b'.', byte, ..] if is_start => {
                text.push(*byte);
                at += 2;
            }
            [b'\r', b'\n', ..] => {
                text.extend_from_slice(b"\r\n");
                at += 2;
            }
            [b'\r'] => return (text, Err(None)),
            [b'\r', ..] => return (text, wrong(at + 1)),
            [b'\n', ..] => return (text, wrong(at)),
            [byte, ..] => {
                text.push(*byte);
                at += 1;
            }
            [] => {}
        }
    }
    (text, Err(None))
}
