//! `explain frame` over the vectors: what a peer refuses because of one message alone, `explain`
//! refuses, of the same kind, at the same byte and by a section that says so.

use super::load::{Vector, in_place, is_well_said, load};
use serde_json::Value;
use std::process::Command;
use wirewright::error::Error;

const FILES: [&str; 12] = [
    "counted",
    "duplicates",
    "faults",
    "frames",
    "hello",
    "limits",
    "members",
    "messages",
    "nesting",
    "objects",
    "payload",
    "requests",
];

/// A longer stream takes long, and has shorter ones beside it.
const BYTES_MAX: usize = 200_000;

/// How many vectors are judged otherwise, and why: `explain` sees each message alone, and what is
/// wrong with these shows in the conversation.
const OTHERWISE: &[(&str, usize)] = &[
    // Messages in the wrong place, and messages of the other side (§12).
    ("unexpected", 20),
    // A hello that has nothing in common with the other side (§4.2).
    ("unsupported", 5),
    // Ids that do not rise (§4.3).
    ("an id that was used", 5),
    // Frames beyond the limit that the hellos agreed on (§3.3), which is that of the other side.
    ("the agreed frame limit", 3),
    // The same layer is given a limit; before any hello a peer has 65,536.
    ("a higher limit in the layer of messages", 2),
    // The layer `messages` has no sessions: what they demand of values is not judged there.
    ("id 0 in the layer of messages", 12),
    ("an empty page in the layer of messages", 1),
];

/// The error that `explain frame --json` ends with.
fn refused(vector: &Vector) -> Option<Value> {
    let path = format!("{}/explained.bin", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, &vector.bytes).expect("a file of a test");
    let command = Command::new(env!("CARGO_BIN_EXE_wirewright"))
        .args(["explain", "frame", "--json", "--quiet", &path])
        .output();
    let output = command.expect("the command runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let last = text.lines().last().filter(|line| line.starts_with("{\"event\":\"error\""));
    assert_eq!(output.status.code(), Some(i32::from(last.is_some())), "{}", vector.name);
    last.map(|line| serde_json::from_str(line).expect("JSON"))
}

/// The error of an event, to have its words and its section checked.
fn as_error(event: &Value) -> Error {
    let text = |key: &str| event[key].as_str().expect("a text").to_owned();
    let offset = event["offset"].as_u64().expect("an offset");
    Error::Malformed { rule: text("reason").into(), offset, section: text("spec").leak() }
}

fn is_same(expected: &Value, error: &Value) -> bool {
    expected["kind"] == error["kind"]
        && in_place(&expected["offset"], error["offset"].as_u64())
        && is_well_said(&expected["spec"], &as_error(error))
}

/// Why the judgement of a vector differs; `None` if it is the same.
fn otherwise(vector: &Vector, expected: &Value, error: Option<&Value>) -> Option<String> {
    let is_fault = expected["event"] == "error";
    let fatal = expected["answer"]["code"].as_str();
    let fatal = fatal.filter(|_| expected["answer"]["fatal"] == true);
    match (error, fatal) {
        (Some(error), _) if is_fault && is_same(expected, error) => None,
        (None, None) if !is_fault => None,
        (None, Some(code)) => Some(code.to_owned()),
        (None, None) if expected["kind"] == "malformed" => Some("an id that was used".to_owned()),
        (Some(error), _) if expected["spec"] == "PROTOCOL §3.3" && is_fault => {
            let is_unseen = error["kind"] == "incomplete";
            Some(if is_unseen { "the agreed frame limit" } else { "another error" }.to_owned())
        }
        (Some(error), _) if vector.frame_limit > 65_536 && error["spec"] == "PROTOCOL §3.3" => {
            Some("a higher limit in the layer of messages".to_owned())
        }
        (Some(error), _) if expected["message"]["id"] == 0 && error["spec"] == "PROTOCOL §4.3" => {
            Some("id 0 in the layer of messages".to_owned())
        }
        (Some(error), _) if !is_fault && error["spec"] == "PROTOCOL §4.6" => {
            Some("an empty page in the layer of messages".to_owned())
        }
        (error, _) => Some(format!("{error:?} instead of {expected}")),
    }
}

#[test]
fn explain_refuses_what_a_message_alone_is_refused_for() {
    let (mut refusals, mut counts) = (0, Vec::<(String, usize)>::new());
    for file in FILES {
        for vector in load(file).iter().filter(|vector| vector.bytes.len() <= BYTES_MAX) {
            let error = refused(vector);
            let expected = vector.events.last().unwrap_or(&Value::Null);
            let Some(why) = otherwise(vector, expected, error.as_ref()) else {
                refusals += usize::from(error.is_some());
                continue;
            };
            println!("{file}: {}: {why}", vector.name);
            match counts.iter_mut().find(|(other, _)| *other == why) {
                Some((_, count)) => *count += 1,
                None => counts.push((why, 1)),
            }
        }
    }
    for (why, count) in OTHERWISE {
        assert!(counts.contains(&((*why).to_owned(), *count)), "{why}: {counts:?}");
    }
    assert_eq!(counts.len(), OTHERWISE.len(), "{counts:?}");
    assert_eq!(refusals, 726, "refused as a peer refuses them");
}
