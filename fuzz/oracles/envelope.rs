//! Oracles of the envelope decoder: split invariance, and equality with serde_json + `base64`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;
use wirewright::envelope::{Decoder, Event, Limits};
use wirewright::error::Error;

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

/// Feeds `pieces` one after the other, with `room` bytes of room.
pub fn run<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: Limits, room: usize) -> Outcome {
    let mut decoder = Decoder::new(KEY, limits);
    let mut room = vec![0; room];
    let mut out = Outcome { rest: None, head: None, payload: Vec::new(), error: None };
    for piece in pieces {
        let mut input = piece;
        while !input.is_empty() {
            let step = match decoder.feed(input, &mut room) {
                Ok(step) => step,
                Err(error) => {
                    assert_eq!(decoder.feed(b"}", &mut room), Err(error.clone()), "errors stay");
                    out.error = Some(error);
                    return out;
                }
            };
            assert!(step.consumed > 0, "no progress");
            input = &input[step.consumed..];
            match step.event {
                Event::More => {}
                Event::PayloadStart => out.head = Some(decoder.rest().to_vec()),
                Event::Payload(len) => out.payload.extend_from_slice(&room[..len]),
                Event::End => out.rest = Some(decoder.rest().to_vec()),
            }
        }
    }
    out.error = decoder.finish().err();
    let len = decoder.payload_len();
    assert_eq!(len.unwrap_or(0), out.payload.len() as u64, "payload_len tells the truth");
    out
}

/// The property: whole, bytewise and in pieces of `step` the same; and accepted with the same meaning
/// exactly where serde_json and the strict engine of `base64` accept.
pub fn check(data: &[u8]) {
    let Some((&step, text)) = data.split_first() else { return };
    let limits = Limits { rest_bytes_max: 1 << 20 };
    let whole = run([text], limits, 1 << 16);
    assert_eq!(whole, run(text.chunks(1), limits, 64), "bytewise");
    assert_eq!(whole, run(text.chunks(usize::from(step) + 2), limits, 67), "in pieces");
    differential(text, &whole);
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

/// A JSON value without duplicate members: written apart from the product's own check.
struct Unique(serde_json::Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Unique)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = serde_json::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(serde_json::Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = serde_json::Map::new();
        while let Some((key, Unique(value))) = map.next_entry::<String, Unique>()? {
            if members.insert(key, value).is_some() {
                return Err(A::Error::custom("duplicate"));
            }
        }
        Ok(members.into())
    }
}
