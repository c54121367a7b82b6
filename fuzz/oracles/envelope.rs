//! Oracles of the envelope: split invariance, equality with serde_json + `base64` on accept and
//! reject, an exact limit, errors within the text, and the round trip through the encoder.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use unique::Unique;
use wirewright::buffer::Buffer;
use wirewright::envelope::{self, Decoder, Encoder, Event, Limits};
use wirewright::error::Error;

#[path = "unique.rs"]
mod unique;

/// The member that carries the payload in these tests.
pub const KEY: &str = "filedata";

/// What a decoder made of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The members outside the payload, if the object ended.
    pub rest: Option<Vec<u8>>,
    /// The members that were there when the payload began.
    pub head: Option<Vec<u8>>,
    /// All payload that was reported.
    pub payload: Vec<u8>,
    /// The error, if there was one.
    pub error: Option<Error>,
}

/// Feeds `pieces` one after the other, with `scratch` bytes of buffer.
pub fn run<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: Limits,
    scratch: usize,
) -> Outcome {
    let mut decoder = Decoder::new(KEY, limits);
    let mut scratch = vec![0; scratch];
    let mut out = Outcome { rest: None, head: None, payload: Vec::new(), error: None };
    for piece in pieces {
        let mut input = piece;
        while !input.is_empty() {
            let step = match decoder.feed(input, &mut scratch) {
                Ok(step) => step,
                Err(error) => {
                    assert_eq!(decoder.feed(b"}", &mut scratch), Err(error.clone()), "errors stay");
                    out.error = Some(error);
                    return out;
                }
            };
            assert!(step.consumed > 0, "no progress");
            input = &input[step.consumed..];
            match step.event {
                Event::More => {}
                Event::PayloadStart => out.head = Some(decoder.rest().to_vec()),
                Event::Payload(len) => out.payload.extend_from_slice(&scratch[..len]),
                Event::End => out.rest = Some(decoder.rest().to_vec()),
            }
        }
    }
    out.error = decoder.finish().err();
    let len = decoder.payload_len();
    assert_eq!(len.unwrap_or(0), out.payload.len() as u64, "payload_len tells the truth");
    out
}

/// The property: whole, bytewise and in pieces of `step` the same; accepted with the same meaning
/// exactly where serde_json and the strict engine of `base64` accept; the limit exact; what was
/// accepted, encoded again, decodes to the same.
pub fn check(data: &[u8]) {
    let Some((&step, text)) = data.split_first() else { return };
    let step = usize::from(step);
    let limits = Limits { rest_bytes_max: 1 << 20 };
    let whole = run([text], limits, 4096);
    assert_eq!(whole, run(text.chunks(1), limits, 64), "bytewise");
    assert_eq!(whole, run(text.chunks(step + 2), limits, 67), "in pieces");
    error_lies_within(text, &whole);
    differential(text, &whole);
    bounded(text, &whole, step);
    round_trip(&whole, step + 1);
}

/// The section that demands UTF-8.
const UTF_8: &str = "RFC 8259 §8.1";

/// An error has its place in the text, and a text that is too short is so at its end.
fn error_lies_within(text: &[u8], outcome: &Outcome) {
    let Some(error) = &outcome.error else { return };
    let (offset, len) = (error.offset().expect("an offset"), text.len() as u64);
    assert!(offset <= len, "{error} in {len} bytes");
    if let Error::Incomplete { .. } = error {
        assert_eq!(offset, len, "{error}");
    }
    // The fault stands at the first byte that no valid text could have there: what comes before it
    // is the beginning of one. Where UTF-8 is broken the rest of the text was not looked at.
    let of_json = error.section().is_some_and(|section| section.starts_with("RFC 8259"));
    if matches!(error, Error::Malformed { .. }) && of_json && error.section() != Some(UTF_8) {
        let before = serde_json::from_slice::<Unique>(&text[..offset as usize]).err();
        // serde_json takes no number beyond f64; the grammar of RFC 8259 §6 has no such bound.
        let is_beginning = |error: &serde_json::Error| {
            error.is_eof() || error.to_string().starts_with("number out of range")
        };
        assert!(before.as_ref().is_none_or(is_beginning), "{error}, {before:?}");
    }
}

/// A small limit changes nothing for what it allows, and stops everything else where it is passed.
fn bounded(text: &[u8], whole: &Outcome, max: usize) {
    let limits = Limits { rest_bytes_max: max };
    let small = run([text], limits, 4096);
    assert_eq!(small, run(text.chunks(1), limits, 65), "bytewise with a small limit");
    let placeholder = if whole.head.is_some() { 4 } else { 0 };
    let outside = whole.rest.as_ref().map(|rest| rest.len() - placeholder);
    if let Some(Error::TooLarge { max: said, offset, .. }) = small.error {
        assert_eq!(said, max as u64);
        assert!((said..text.len() as u64).contains(&offset), "{said} passed at {offset}");
        assert!(outside.is_none_or(|len| len > max), "{outside:?} bytes fit {max}");
    } else {
        assert_eq!(small, *whole);
        assert!(outside.is_none_or(|len| len <= max), "{outside:?} bytes do not fit {max}");
    }
}

/// What was accepted is encoded in pieces of `step` bytes, and decoded again.
fn round_trip(whole: &Outcome, step: usize) {
    let (Some(rest), Some(_), None) = (&whole.rest, &whole.head, &whole.error) else { return };
    let mut head: serde_json::Value = serde_json::from_slice(rest).expect("judged");
    head.as_object_mut().expect("an object").remove(KEY);
    let mut out = Buffer::with_limit(1 << 24);
    envelope::begin(&head, KEY, &mut out).expect("space in the output");
    let mut expected = out.readable()[..out.len() - 1].to_vec();
    expected.extend_from_slice(b"null}");
    let mut encoder = Encoder::new();
    for piece in whole.payload.chunks(step) {
        encoder.push(piece, &mut out).expect("space in the output");
    }
    encoder.finish(&mut out).expect("space in the output");
    let again = run([out.readable()], Limits { rest_bytes_max: 1 << 20 }, 4096);
    assert_eq!(again.error, None);
    assert_eq!(again.rest, Some(expected));
    assert_eq!(again.payload, whole.payload);
}

/// Holds an outcome against the oracle.
pub fn differential(text: &[u8], outcome: &Outcome) {
    let expected = expected(text);
    let got = outcome.error.is_none().then(|| {
        let rest = outcome.rest.as_deref().expect("a whole object");
        let mut rest: serde_json::Value = serde_json::from_slice(rest).expect("judged");
        let payload = outcome.head.as_ref().map(|_| outcome.payload.clone());
        if payload.is_some() {
            rest.as_object_mut().expect("an object").remove(KEY);
        }
        (rest, payload)
    });
    assert_eq!(got, expected, "{:?}", outcome.error);
}

/// What serde_json and the strict engine make of the whole text.
fn expected(text: &[u8]) -> Option<(serde_json::Value, Option<Vec<u8>>)> {
    let Unique(mut value) = serde_json::from_slice(text).ok()?;
    let payload = match value.as_object_mut()?.remove(KEY) {
        None => None,
        Some(serde_json::Value::String(text)) => Some(STANDARD.decode(text).ok()?),
        Some(_) => return None,
    };
    Some((value, payload))
}
