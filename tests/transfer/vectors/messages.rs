//! Vectors of the layer `messages`, through the reader.

use super::load::{Vector, cuts, frame, in_place, is_well_said, pieces};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wirewright::digest::hex;
use wirewright::error::Error;
use wirewright::transfer::message::{Chunk, Message, Side};
use wirewright::transfer::reader::{Item, Reader};

/// What was read of a stream.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// Messages as JSON without nulls, and the payload of chunks.
    messages: Vec<(Value, Option<Vec<u8>>)>,
    error: Option<Error>,
    /// Payload that was passed on before the error of its frame.
    partial: Vec<u8>,
}

/// Replays a vector in every way.
pub fn replay(vector: &Vector) -> Result<(), String> {
    let whole = read(vector, &vector.bytes, &[vector.bytes.len().max(1)]);
    for cut in cuts(vector.bytes.len()) {
        let seen = read(vector, &vector.bytes, &cut);
        if seen != whole {
            return Err(format!("cut as {cut:?} gives {seen:?}\n  instead of {whole:?}"));
        }
    }
    compare(&whole, &vector.events)?;
    followed(vector, &whole)
}

/// A further frame changes nothing in what was before it.
fn followed(vector: &Vector, whole: &Seen) -> Result<(), String> {
    let incomplete = matches!(whole.error, Some(Error::Incomplete { .. }));
    let mut expected = whole.clone();
    let next = match vector.from {
        Side::Client => json!({"type": "cancel", "id": 99}),
        Side::Server => json!({"type": "ready", "id": 99, "offset": 0}),
    };
    let bytes = [&vector.bytes[..], &frame(&next.to_string())].concat();
    if whole.error.is_none() {
        expected.messages.push((next, None));
    }
    let len = bytes.len();
    for cut in [vec![len], vec![1], vec![vector.bytes.len().max(1), len], vec![len - 3, len]] {
        let slow = len > 2_000_000 && cut == [1];
        let seen = if slow { expected.clone() } else { read(vector, &bytes, &cut) };
        if !incomplete && seen != expected {
            return Err(format!("with a further frame, cut as {cut:?}: {seen:?}"));
        }
    }
    Ok(())
}

/// Reads a stream to its end or its error, obeying the loop law.
fn read(vector: &Vector, bytes: &[u8], cut: &[usize]) -> Seen {
    let mut reader = Reader::new(vector.from);
    reader.set_frame_limit(vector.frame_limit);
    let mut seen = Seen::default();
    let mut room = vec![0; cut[0].clamp(64, 65_536)];
    let mut open = None;
    for mut input in pieces(bytes, cut) {
        loop {
            let len = input.len();
            match reader.receive(input, &mut room) {
                Ok(read) => {
                    input = &input[read.consumed..];
                    let stuck = read.consumed == 0 && read.item.is_none();
                    note(read.item, &mut seen, &mut open);
                    if stuck {
                        assert_eq!(len, 0, "input is left and nothing happens");
                        break;
                    }
                }
                Err(error) => return failed(reader, error, seen),
            }
        }
    }
    match reader.finish() {
        Ok(()) => seen,
        Err(error) => Seen { error: Some(error), ..seen },
    }
}

/// The same error for ever.
fn failed(mut reader: Reader, error: Error, seen: Seen) -> Seen {
    for input in [&b""[..], b"\0\0\0\x02{}", b"x"] {
        let again = reader.receive(input, &mut [0; 64]).expect_err("an error stays");
        assert_eq!(again, error);
    }
    assert_eq!(reader.finish(), Err(error.clone()));
    Seen { error: Some(error), ..seen }
}

fn note(item: Option<Item<'_>>, seen: &mut Seen, open: &mut Option<Chunk>) {
    match item {
        None => {}
        Some(Item::ChunkStart(chunk)) => {
            assert!(open.is_none() && seen.partial.is_empty(), "a chunk within a chunk");
            *open = Some(chunk);
        }
        Some(Item::Payload(bytes)) => {
            assert!(open.is_some(), "payload before its chunk");
            seen.partial.extend_from_slice(bytes);
        }
        Some(Item::Message(message)) => {
            let payload = if let Message::Chunk(chunk) = &message {
                let start = open.take().expect("a chunk begins before it ends");
                assert_eq!((start.id, start.offset), (chunk.id, chunk.offset));
                assert!(start.crc32.is_none() || start.crc32 == chunk.crc32);
                Some(std::mem::take(&mut seen.partial))
            } else {
                None
            };
            assert!(open.is_none(), "another message within a chunk");
            seen.messages.push((as_json(&message), payload));
        }
    }
}

/// A message as the vectors write it.
fn as_json(message: &Message<'_>) -> Value {
    let json = match message {
        Message::ClientHello(message) => serde_json::to_value(message),
        Message::ServerHello(message) => serde_json::to_value(message),
        Message::Auth(message) => serde_json::to_value(message),
        Message::Welcome(message) => serde_json::to_value(message),
        Message::List(message) => serde_json::to_value(message),
        Message::Entries(message) => serde_json::to_value(message),
        Message::Get(message) => serde_json::to_value(message),
        Message::File(message) => serde_json::to_value(message),
        Message::Put(message) => serde_json::to_value(message),
        Message::Ready(message) => serde_json::to_value(message),
        Message::Chunk(message) => serde_json::to_value(message),
        Message::End(message) => serde_json::to_value(message),
        Message::Done(message) => serde_json::to_value(message),
        Message::Cancel(message) => serde_json::to_value(message),
        Message::Error(message) => serde_json::to_value(message),
        Message::Unknown(unknown) => {
            Ok(json!({"unknown": unknown.kind.as_raw_str(), "id": unknown.id}))
        }
    };
    let mut json = json.expect("a message is JSON");
    json.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    json
}

/// Holds what was seen against what the vector expects.
fn compare(seen: &Seen, events: &[Value]) -> Result<(), String> {
    let (messages, error) = match events.split_last() {
        Some((last, before)) if last["event"] == "error" => (before, Some(last)),
        _ => (events, None),
    };
    for (at, event) in messages.iter().enumerate() {
        let Some((json, payload)) = seen.messages.get(at) else {
            return Err(format!("no event {at}, but {:?}", seen.error));
        };
        if *json != expected_message(event) || !same_payload(event, payload.as_deref()) {
            return Err(format!("event {at} is {json} {payload:?}\n  instead of {event}"));
        }
    }
    if seen.messages.len() > messages.len() {
        return Err(format!("one more event: {:?}", seen.messages[messages.len()]));
    }
    match (&seen.error, error) {
        (None, None) => Ok(()),
        (Some(got), Some(expected)) if same_error(expected, got) => Ok(()),
        (got, expected) => Err(format!("ends with {got:?}\n  instead of {expected:?}")),
    }
}

fn expected_message(event: &Value) -> Value {
    if event["event"] == "unknown" {
        let mut unknown = json!({"unknown": event["type"], "id": event["id"]});
        unknown.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        return unknown;
    }
    event["message"].clone()
}

fn same_payload(event: &Value, payload: Option<&[u8]>) -> bool {
    match (payload, &event["payload_hex"], &event["payload_len"]) {
        (None, Value::Null, Value::Null) => true,
        (Some(payload), Value::String(digits), _) => hex(payload) == *digits,
        (Some(payload), Value::Null, len) => {
            len.as_u64() == Some(payload.len() as u64)
                && event["payload_sha256"] == hex(&Sha256::digest(payload))
        }
        _ => false,
    }
}

fn same_error(expected: &Value, error: &Error) -> bool {
    let is_there = in_place(&expected["offset"], error.offset());
    expected["kind"] == error.kind() && is_there && is_well_said(&expected["spec"], error)
}
