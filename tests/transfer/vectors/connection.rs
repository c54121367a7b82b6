//! Vectors of the layer `connection`, through a server that has no files and takes none.

use super::load::{Vector, cuts, in_place, is_well_said, pieces};
use serde_json::{Value, json};
use std::sync::Arc;
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::session::{Session as _, Wants};
use wirewright::transfer::Code;
use wirewright::transfer::server::{Config, Event, Request, Server};

/// What a server said to a stream.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    answers: Vec<Value>,
    error: Option<Error>,
}

/// Replays a vector in every way.
pub fn replay(vector: &Vector) -> Result<(), String> {
    let whole = serve(&vector.bytes, &[vector.bytes.len().max(1)]);
    for cut in cuts(vector.bytes.len()) {
        let seen = serve(&vector.bytes, &cut);
        if seen != whole {
            return Err(format!("cut as {cut:?} gives {seen:?}\n  instead of {whole:?}"));
        }
    }
    compare(&whole, &vector.events)
}

fn serve(bytes: &[u8], cut: &[usize]) -> Seen {
    let mut server = Server::new(Arc::new(Config::default()), &"5e".repeat(16));
    let mut out = Buffer::with_limit(1 << 20);
    let mut room = [0; 4096];
    let mut error = None;
    'all: for mut input in pieces(bytes, cut) {
        loop {
            let (consumed, event) = match server.receive(input, &mut room) {
                Ok(received) => (received.consumed, request(received.into_event())),
                Err(found) => {
                    error = Some(found);
                    break 'all;
                }
            };
            input = &input[consumed..];
            let stuck = consumed == 0 && event.is_none();
            if let Some(request) = event {
                answer(&mut server, &request);
            }
            server.transmit(&mut out);
            if stuck {
                assert!(input.is_empty(), "input is left and nothing happens");
                break;
            }
        }
    }
    server.transmit(&mut out);
    if let Some(error) = &error {
        assert_eq!(server.receive(b"x", &mut room).as_ref(), Err(error), "an error stays");
        assert_eq!(server.wants(), Wants::Close);
    }
    Seen { answers: answers(out.readable()), error }
}

fn request(event: Option<Event<'_>>) -> Option<Request> {
    match event {
        None => None,
        Some(Event::Request(request)) => Some(request),
        Some(event) => panic!("an event of a transfer that never began: {event:?}"),
    }
}

fn answer(server: &mut Server, request: &Request) {
    let answered = match request {
        Request::List => server.entries(Vec::new(), false),
        Request::Get { .. } => server.refuse(Code::NotFound, "no such file"),
        Request::Put { .. } => server.refuse(Code::ReadOnly, "nothing is taken here"),
    };
    answered.expect("the request waits for it");
}

fn answers(mut bytes: &[u8]) -> Vec<Value> {
    let mut found = Vec::new();
    while let Some((prefix, behind)) = bytes.split_first_chunk::<4>() {
        let (body, rest) = behind.split_at(u32::from_be_bytes(*prefix) as usize);
        found.push(serde_json::from_slice(body).expect("an answer is JSON"));
        bytes = rest;
    }
    assert!(bytes.is_empty(), "whole frames");
    found
}

fn compare(seen: &Seen, events: &[Value]) -> Result<(), String> {
    let expected: Vec<Value> = events.iter().filter_map(answer_of).collect();
    if seen.answers.len() != expected.len() {
        return Err(format!("answers {:?}\n  instead of {expected:?}", seen.answers));
    }
    for (got, expected) in seen.answers.iter().zip(&expected) {
        let members = expected.as_object().expect("an answer is an object");
        if !members.iter().all(|(name, value)| got[name] == *value) {
            return Err(format!("the answer {got}\n  instead of {expected}"));
        }
    }
    let last = events.last().unwrap_or(&Value::Null);
    let as_expected = match &seen.error {
        None => last["event"] != "error" && last["answer"]["fatal"] != true,
        Some(Error::Unexpected { .. }) => last["answer"]["code"] == "unexpected",
        Some(Error::Refused { code, .. }) => last["answer"]["code"] == code.as_raw_str(),
        Some(error) => {
            let is_there = in_place(&last["offset"], error.offset());
            last["kind"] == error.kind() && is_there && is_well_said(&last["spec"], error)
        }
    };
    match as_expected {
        true => Ok(()),
        false => Err(format!("ends with {:?}\n  instead of {last}", seen.error)),
    }
}

/// The answer that an event calls for: an error of the bytes is told to the peer before the end.
fn answer_of(event: &Value) -> Option<Value> {
    if event["event"] == "error" {
        return Some(json!({"type": "error", "id": null, "code": event["kind"], "fatal": true}));
    }
    match &event["answer"] {
        Value::Null if event["message"]["type"] == "hello" => Some(json!({"type": "hello"})),
        Value::Null => None,
        answer => Some(answer.clone()),
    }
}
