//! The chunked decoder alone: equal to the naive one at every size, cut and alignment, in both of
//! its ways.

use crate::oracle::naive;
use proptest::prelude::*;
use wirewright::error::Error;
use wirewright::http::config::{Limits, Policy};
use wirewright::http::message::chunked::{Decoder, Event};

/// The body, and how long the coded text was; or the error.
fn decode(pieces: &[&[u8]], room: usize) -> Result<(Vec<u8>, usize), Error> {
    let mut decoder = Decoder::new(Limits::default(), Policy::Tolerant, 0);
    let (mut body, mut eaten, mut room) = (Vec::new(), 0, vec![0; room]);
    for piece in pieces {
        let mut input = *piece;
        loop {
            let step = decoder.feed(input, &mut room)?;
            let (taken, rest) = input.split_at(step.consumed);
            eaten += step.consumed;
            input = rest;
            match step.event {
                Event::More => break,
                Event::Run(len) => body.extend_from_slice(&taken[taken.len() - len..]),
                Event::Copied(len) => body.extend_from_slice(&room[..len]),
                Event::Remark(_) => {}
                Event::End => {
                    assert_eq!(decoder.body_len(), body.len() as u64);
                    return Ok((body, eaten));
                }
            }
        }
    }
    decoder.finish()?;
    Ok((body, eaten))
}

fn encode(raw: &[u8], size: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for piece in raw.chunks(size) {
        text.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        text.extend_from_slice(piece);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"0\r\n\r\n");
    text
}

#[test]
fn every_size_at_every_alignment() {
    let raw: Vec<u8> = (0..4200u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for size in (1..36).chain([255, 256, 257, 511, 512, 513, 4095, 4096, 4097]) {
        let text = encode(&raw, size);
        assert_eq!(naive(&text), Some((raw.clone(), text.len())), "{size}");
        for piece in [1, 3, 19, 64, 1000, 100_000] {
            for room in [0, 1, 16, 33, 600, 8192] {
                let pieces: Vec<&[u8]> = text.chunks(piece).collect();
                let got = decode(&pieces, room);
                assert_eq!(got, Ok((raw.clone(), text.len())), "{size} by {piece} into {room}");
            }
        }
    }
}

/// Many small chunks become one event: as many as there is room for.
#[test]
fn small_chunks_are_copied() {
    let text = encode(&[7; 1600], 16);
    let mut room = [0; 800];
    let mut decoder = Decoder::new(Limits::default(), Policy::Tolerant, 0);
    let mut input = &text[..];
    let mut events = Vec::new();
    while events.last() != Some(&Event::End) {
        let step = decoder.feed(input, &mut room).unwrap();
        input = &input[step.consumed..];
        events.push(step.event);
    }
    assert_eq!(events, [Event::Copied(800), Event::Copied(800), Event::End]);
}

/// A large chunk is not copied.
#[test]
fn large_chunks_are_borrowed() {
    let text = encode(&[7; 100_000], 50_000);
    let mut decoder = Decoder::new(Limits::default(), Policy::Tolerant, 0);
    let step = decoder.feed(&text, &mut [0; 65_536]).unwrap();
    assert_eq!((step.consumed, step.event), (50_006, Event::Run(50_000)));
}

fn chunked() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "5\r\nhello\r\n",
        "1\r\na\r\n",
        "10\r\n0123456789abcdef\r\n",
        "0A;x=y\r\n0123456789\r\n",
        "2 ;x\r\nhi\r\n",
        "0\r\n\r\n",
        "0\r\n",
        "A: b\r\n",
        "\r\n",
        "\r",
        "\n",
        "5",
        " ",
        ";",
        "x",
        "\0",
        "ffffffffffffffff",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn equals_the_naive_one(text in chunked(), size in 1usize..9, room in 0usize..40) {
        let expected = naive(&text);
        let whole = decode(&[&text], room);
        let cut: Vec<&[u8]> = text.chunks(size).collect();
        prop_assert_eq!(&whole, &decode(&cut, room));
        prop_assert_eq!(whole.ok(), expected);
    }
}
