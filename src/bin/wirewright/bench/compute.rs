//! The rungs without a wire: what one core does to bytes in its cache.
//!
//! ```text
//!   chunk (192 KiB, random) ─▶ kernel ─▶ room of its own       64 times between two looks at the
//!                                                              clock, always the same buffers
//! ```

use super::bytes::same;
use super::rung::Moved;
use super::setup::Setup;
use std::hint::black_box;
use wirewright::base64;
use wirewright::buffer::Buffer;
use wirewright::digest::{DigestKind, Digester};
use wirewright::envelope::{self, Decoder, Event, Limits};

/// How many chunks are done between two looks at the clock.
const TIMES: usize = 64;

fn total(setup: &Setup) -> Moved {
    Moved::alone((setup.chunk().len() * TIMES) as u64)
}

/// Nothing of what a rung computes may be optimised away, and the buffers stay the same, so that
/// they stay in cache.
struct Bench<'a> {
    raw: &'a [u8],
    text: Vec<u8>,
    out: Vec<u8>,
}

impl Bench<'_> {
    fn new(setup: &Setup) -> Bench<'_> {
        let raw = setup.chunk();
        let mut text = vec![0; base64::encoded_len(raw.len())];
        base64::encode_into(raw, &mut text);
        Bench { raw, text, out: vec![0; raw.len() * 2] }
    }
}

fn copy_once(bench: &mut Bench<'_>) {
    bench.out[..bench.raw.len()].copy_from_slice(black_box(bench.raw));
    black_box(&mut bench.out);
}

pub fn copy(setup: &Setup) -> Result<Moved, String> {
    let mut bench = Bench::new(setup);
    for _ in 0..TIMES {
        copy_once(&mut bench);
    }
    Ok(total(setup))
}

pub fn check_copy(setup: &Setup) -> Result<(), String> {
    check_copy_by(setup, copy_once)
}

fn check_copy_by(setup: &Setup, copy: fn(&mut Bench<'_>)) -> Result<(), String> {
    let mut bench = Bench::new(setup);
    copy(&mut bench);
    same(bench.raw, &bench.out[..bench.raw.len()])
}

pub fn encode(setup: &Setup) -> Result<Moved, String> {
    let mut bench = Bench::new(setup);
    for _ in 0..TIMES {
        black_box(base64::encode_into(black_box(bench.raw), &mut bench.text));
    }
    Ok(total(setup))
}

/// The kernel, held against the slow way of writing base64.
pub fn check_encode(setup: &Setup) -> Result<(), String> {
    check_encode_by(setup, |raw, text| {
        base64::encode_into(raw, text);
    })
}

fn check_encode_by(setup: &Setup, encode: fn(&[u8], &mut [u8])) -> Result<(), String> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let raw = setup.chunk();
    let mut slow = Vec::with_capacity(base64::encoded_len(raw.len()));
    for group in raw.chunks_exact(3) {
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        slow.extend([18, 12, 6, 0].map(|shift| alphabet[(bits >> shift & 63) as usize]));
    }
    let mut text = vec![0; slow.len()];
    encode(raw, &mut text);
    same(&slow, &text)
}

pub fn decode(setup: &Setup) -> Result<Moved, String> {
    let mut bench = Bench::new(setup);
    for _ in 0..TIMES {
        let len = base64::decode_strict(black_box(&bench.text), &mut bench.out);
        black_box(len.ok_or("refused")?);
    }
    Ok(total(setup))
}

pub fn check_decode(setup: &Setup) -> Result<(), String> {
    check_decode_by(setup, base64::decode_strict)
}

/// Decodes text into room; gives the length, `None` where it was refused.
type Decode = fn(&[u8], &mut [u8]) -> Option<usize>;

fn check_decode_by(setup: &Setup, decode: Decode) -> Result<(), String> {
    let mut bench = Bench::new(setup);
    let len = decode(&bench.text, &mut bench.out).ok_or("refused")?;
    same(bench.raw, &bench.out[..len])
}

/// Counted in bytes of FILE like all others: the text is a third longer.
pub fn search(setup: &Setup) -> Result<Moved, String> {
    let bench = Bench::new(setup);
    for _ in 0..TIMES {
        if envelope::run_len(black_box(&bench.text)) != bench.text.len() {
            return Err("found what is not there".to_owned());
        }
    }
    Ok(total(setup))
}

pub fn check_search(setup: &Setup) -> Result<(), String> {
    check_search_by(setup, envelope::run_len)
}

fn check_search_by(setup: &Setup, search: fn(&[u8]) -> usize) -> Result<(), String> {
    let mut bench = Bench::new(setup);
    let end = bench.text.len() - 1;
    bench.text[end] = b'"';
    match search(&bench.text) == end {
        true => Ok(()),
        false => Err("missed the quote".to_owned()),
    }
}

/// The members that a chunk has.
fn head() -> serde_json::Value {
    serde_json::json!({"type": "chunk", "id": 7, "offset": 393_216, "crc32": "9ae0daaf"})
}

fn object(raw: &[u8], out: &mut Buffer) -> Result<(), wirewright::error::Error> {
    envelope::begin(&head(), "filedata", out)?;
    let len = base64::encode_into(raw, out.space(base64::encoded_len(raw.len()))?);
    out.commit(len);
    envelope::finish(out)
}

pub fn envelope_encode(setup: &Setup) -> Result<Moved, String> {
    let mut out = Buffer::with_limit(setup.chunk().len() * 2);
    for _ in 0..TIMES {
        out.truncate(0);
        object(black_box(setup.chunk()), &mut out).map_err(|error| error.to_string())?;
        black_box(out.readable());
    }
    Ok(total(setup))
}

/// serde_json and the slow decoder of the check must read what was written.
pub fn check_envelope_encode(setup: &Setup) -> Result<(), String> {
    let mut out = Buffer::with_limit(setup.chunk().len() * 2);
    object(setup.chunk(), &mut out).map_err(|error| error.to_string())?;
    let value: serde_json::Value =
        serde_json::from_slice(out.readable()).map_err(|error| error.to_string())?;
    let text = value["filedata"].as_str().ok_or("no payload")?;
    same(&Bench::new(setup).text, text.as_bytes())
}

/// Decodes one object whole; gives the length of its payload, laid into `room` piece by piece.
fn read(object: &[u8], room: &mut [u8], seen: &mut dyn FnMut(&[u8])) -> Result<u64, String> {
    let mut decoder = Decoder::new("filedata", Limits::default());
    let mut input = object;
    while !input.is_empty() {
        let step = decoder.feed(input, room).map_err(|error| error.to_string())?;
        input = &input[step.consumed..];
        if let Event::Payload(len) = step.event {
            seen(&room[..len]);
        }
    }
    decoder.finish().map_err(|error| error.to_string())?;
    decoder.payload_len().ok_or_else(|| "no payload".to_owned())
}

pub fn envelope_decode(setup: &Setup) -> Result<Moved, String> {
    let mut out = Buffer::with_limit(setup.chunk().len() * 2);
    object(setup.chunk(), &mut out).map_err(|error| error.to_string())?;
    let mut room = vec![0; setup.chunk().len()];
    for _ in 0..TIMES {
        let len = read(black_box(out.readable()), &mut room, &mut |bytes| {
            black_box(bytes);
        })?;
        if len != setup.chunk().len() as u64 {
            return Err("another length came out".to_owned());
        }
    }
    Ok(total(setup))
}

pub fn check_envelope_decode(setup: &Setup) -> Result<(), String> {
    let mut out = Buffer::with_limit(setup.chunk().len() * 2);
    object(setup.chunk(), &mut out).map_err(|error| error.to_string())?;
    let (mut room, mut got) = (vec![0; 65_536], Vec::new());
    read(out.readable(), &mut room, &mut |bytes| got.extend_from_slice(bytes))?;
    same(setup.chunk(), &got)
}

pub fn crc32(setup: &Setup) -> Result<Moved, String> {
    for _ in 0..TIMES {
        black_box(wirewright::digest::crc32(black_box(setup.chunk())));
    }
    Ok(total(setup))
}

/// The check value of the catalogue of CRCs.
pub fn check_crc32(_: &Setup) -> Result<(), String> {
    match wirewright::digest::crc32(b"123456789") {
        0xCBF4_3926 => Ok(()),
        other => Err(format!("{other:08x} is not the check value")),
    }
}

pub fn blake3(setup: &Setup) -> Result<Moved, String> {
    let mut digester = Digester::new(DigestKind::Blake3);
    for _ in 0..TIMES {
        digester.update(black_box(setup.chunk()));
    }
    black_box(digester.finish());
    Ok(total(setup))
}

/// The first of the test vectors of BLAKE3: no input.
pub fn check_blake3(_: &Setup) -> Result<(), String> {
    let empty = "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    match Digester::new(DigestKind::Blake3).finish().as_deref() == Some(empty) {
        true => Ok(()),
        false => Err("another digest came out".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn kernels_that_do_nothing_fail() {
        let setup = small();
        assert!(check_copy(&setup).is_ok() && check_copy_by(&setup, |_| ()).is_err());
        assert!(check_encode(&setup).is_ok() && check_encode_by(&setup, |_, _| ()).is_err());
        assert!(check_decode(&setup).is_ok());
        assert!(check_decode_by(&setup, |_, _| None).is_err());
        assert!(check_decode_by(&setup, |text, _| Some(text.len() / 4 * 3)).is_err());
        assert!(check_search(&setup).is_ok() && check_search_by(&setup, <[u8]>::len).is_err());
    }

    #[test]
    fn objects_hold_what_was_put_in() {
        let setup = small();
        assert_eq!(check_envelope_encode(&setup), Ok(()));
        assert_eq!(check_envelope_decode(&setup), Ok(()));
        assert_eq!(same(b"ab", b"ab"), Ok(()));
        for other in [&b""[..], b"a", b"abc", b"ax"] {
            assert!(same(b"ab", other).is_err());
        }
    }
}
