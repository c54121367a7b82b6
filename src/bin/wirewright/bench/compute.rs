//! The rungs without I/O: kernels on one core, with data in its cache.
//!
//! ```text
//!   chunk (192 KiB, random) ─▶ kernel ─▶ output buffer     64 times between two reads of the
//!                                                          clock, always the same buffers
//! ```

use super::bytes::same;
use super::rung::{Moved, Transfer};
use super::said;
use super::setup::Setup;
use std::hint::black_box;
use wirewright::base64;
use wirewright::buffer::Buffer;
use wirewright::digest::{DigestKind, Digester, crc32 as crc32_of};
use wirewright::envelope::{self, Decoder, Event, Limits};
use wirewright::error::Error;

/// How many chunks are processed between two reads of the clock.
const TIMES: usize = 64;

/// The buffers of a kernel. They are reused, so that they stay in cache.
struct Buffers<'a> {
    raw: &'a [u8],
    text: Vec<u8>,
    out: Vec<u8>,
}

impl Buffers<'_> {
    fn new(raw: &[u8]) -> Buffers<'_> {
        let mut text = vec![0; base64::encoded_len(raw.len())];
        base64::encode_into(raw, &mut text);
        Buffers { raw, text, out: vec![0; raw.len() * 2] }
    }
}

/// Runs a kernel repeatedly. The check runs it once and compares the beginning of `out`.
fn repeat(
    transfer: &Transfer<'_>,
    mut kernel: impl FnMut(&mut Buffers<'_>) -> Result<(), String>,
) -> Result<Moved, String> {
    let mut buffers = Buffers::new(transfer.block);
    let len = buffers.raw.len();
    if let Some(compared) = &transfer.compared {
        kernel(&mut buffers)?;
        compared.note(0, &buffers.out[..len]);
        return Ok(Moved::alone(len as u64));
    }
    for _ in 0..TIMES {
        // Otherwise the compiler could remove work whose result is not used.
        kernel(black_box(&mut buffers))?;
        black_box(&mut buffers);
    }
    Ok(Moved::alone((len * TIMES) as u64))
}

pub fn copy(transfer: &Transfer<'_>) -> Result<Moved, String> {
    repeat(transfer, |buffers| {
        buffers.out[..buffers.raw.len()].copy_from_slice(buffers.raw);
        Ok(())
    })
}

pub fn encode(transfer: &Transfer<'_>) -> Result<Moved, String> {
    repeat(transfer, |buffers| {
        base64::encode_into(buffers.raw, &mut buffers.text);
        Ok(())
    })
}

/// Compares the kernel with a simple base64 encoder.
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

pub fn decode(transfer: &Transfer<'_>) -> Result<Moved, String> {
    repeat(transfer, |buffers| {
        let len = base64::decode_strict(&buffers.text, &mut buffers.out);
        len.map(|_| ()).ok_or_else(|| "refused".to_owned())
    })
}

/// Counted in bytes of FILE like all other rungs: the text that is searched is a third longer.
pub fn search(transfer: &Transfer<'_>) -> Result<Moved, String> {
    repeat(transfer, |buffers| match envelope::run_len(&buffers.text) == buffers.text.len() {
        true => Ok(()),
        false => Err("the search found a quote that is not there".to_owned()),
    })
}

pub fn check_search(setup: &Setup) -> Result<(), String> {
    check_search_by(setup, envelope::run_len)
}

fn check_search_by(setup: &Setup, search: fn(&[u8]) -> usize) -> Result<(), String> {
    let mut text = Buffers::new(setup.chunk()).text;
    let end = text.len() - 1;
    text[end] = b'"';
    match search(&text) == end {
        true => Ok(()),
        false => Err("the search missed the quote".to_owned()),
    }
}

/// An empty buffer for an object.
fn empty(raw: &[u8]) -> Buffer {
    Buffer::with_limit(raw.len() * 2)
}

/// Writes a chunk with the members that it has on the wire.
fn object(raw: &[u8], out: &mut Buffer) -> Result<(), Error> {
    let head = serde_json::json!({
        "type": "chunk", "id": 7, "offset": 393_216, "crc32": "9ae0daaf"
    });
    envelope::begin(&head, "filedata", out)?;
    let len = base64::encode_into(raw, out.space(base64::encoded_len(raw.len()))?);
    out.commit(len);
    envelope::finish(out)
}

pub fn envelope_encode(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let mut out = empty(transfer.block);
    repeat(transfer, |buffers| {
        out.truncate(0);
        object(buffers.raw, black_box(&mut out)).map_err(said)
    })
}

/// serde_json has to decode the object to the same base64 text.
pub fn check_envelope_encode(setup: &Setup) -> Result<(), String> {
    let mut out = empty(setup.chunk());
    object(setup.chunk(), &mut out).map_err(said)?;
    let value: serde_json::Value = serde_json::from_slice(out.readable()).map_err(said)?;
    let text = value["filedata"].as_str().ok_or("no payload")?;
    same(&Buffers::new(setup.chunk()).text, text.as_bytes())
}

pub fn envelope_decode(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let mut whole = empty(transfer.block);
    object(transfer.block, &mut whole).map_err(said)?;
    repeat(transfer, |buffers| {
        let (mut decoder, mut done) = (Decoder::new("filedata", Limits::default()), 0);
        let mut input = black_box(whole.readable());
        while !input.is_empty() {
            let step = decoder.feed(input, &mut buffers.out[done..]).map_err(said)?;
            input = &input[step.consumed..];
            if let Event::Payload(len) = step.event {
                done += len;
            }
        }
        decoder.finish().map_err(said)?;
        match decoder.payload_len() == Some(buffers.raw.len() as u64) {
            true => Ok(()),
            false => Err("the decoded length is wrong".to_owned()),
        }
    })
}

pub fn crc32(transfer: &Transfer<'_>) -> Result<Moved, String> {
    repeat(transfer, |buffers| {
        black_box(crc32_of(buffers.raw));
        Ok(())
    })
}

/// The check value of the catalogue of CRCs.
pub fn check_crc32(_: &Setup) -> Result<(), String> {
    match crc32_of(b"123456789") {
        0xCBF4_3926 => Ok(()),
        other => Err(format!("{other:08x} is not the check value of CRC-32")),
    }
}

pub fn blake3(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let mut digester = Digester::new(DigestKind::Blake3);
    let moved = repeat(transfer, |buffers| {
        digester.update(buffers.raw);
        Ok(())
    });
    black_box(digester.finish());
    moved
}

/// The first of the test vectors of BLAKE3: no input.
pub fn check_blake3(_: &Setup) -> Result<(), String> {
    let empty = "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    match Digester::new(DigestKind::Blake3).finish().as_deref() == Some(empty) {
        true => Ok(()),
        false => Err("the digest is not that of the test vector".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn kernels_that_do_nothing_fail() {
        let setup = small();
        assert!(check_encode(&setup).is_ok() && check_encode_by(&setup, |_, _| ()).is_err());
        assert!(check_search(&setup).is_ok() && check_search_by(&setup, <[u8]>::len).is_err());
        let transfer = Transfer::check(&setup, setup.chunk(), setup.chunk(), 0);
        repeat(&transfer, |_| Ok(())).unwrap();
        assert!(transfer.compared.unwrap().verdict(setup.chunk().len() as u64).is_err());
    }

    #[test]
    fn equal_is_equal_to_the_last_byte() {
        assert_eq!(same(b"ab", b"ab"), Ok(()));
        for other in [&b""[..], b"a", b"abc", b"ax"] {
            assert!(same(b"ab", other).is_err());
        }
    }
}
