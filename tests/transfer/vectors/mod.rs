//! The vectors of `tests/data/wire`: bytes in hexadecimal, the events they must give. Each is read
//! whole, byte by byte, at every cut, and with a further frame behind it.
//!
//! What is expected was worked out from PROTOCOL.md by `tests/data/wire/generate.py`, which knows
//! nothing of this crate; the README beside it explains the format.

mod connection;
#[cfg(feature = "cli")]
mod explained;
mod load;
mod messages;

use load::{Layer, Vector, load};

/// The least number of vectors a file holds: a file that was emptied proves nothing.
fn replay(file: &str, at_least: usize) {
    let vectors = load(file);
    assert!(vectors.len() >= at_least, "{file} holds {} vectors", vectors.len());
    let failures: Vec<String> = vectors.iter().flat_map(failures).collect();
    assert!(
        failures.is_empty(),
        "{file}: {} of {} vectors\n{}",
        failures.len(),
        vectors.len(),
        failures.join("\n")
    );
}

fn failures(vector: &Vector) -> Option<String> {
    let result = match vector.layer {
        Layer::Messages => messages::replay(vector),
        Layer::Connection => connection::replay(vector),
    };
    result.err().map(|why| format!("- {}: {why}", vector.name))
}

#[test]
fn frames() {
    replay("frames", 50);
}

#[test]
fn objects() {
    replay("objects", 100);
}

#[test]
fn duplicates() {
    replay("duplicates", 30);
}

#[test]
fn nesting() {
    replay("nesting", 15);
}

#[test]
fn every_message() {
    replay("messages", 150);
}

#[test]
fn members() {
    replay("members", 350);
}

#[test]
fn counted() {
    replay("counted", 14);
}

#[test]
fn payload() {
    replay("payload", 40);
}

#[test]
fn hello() {
    replay("hello", 40);
}

#[test]
fn faults() {
    replay("faults", 45);
}

#[test]
fn limits() {
    replay("limits", 15);
}

#[test]
fn requests() {
    replay("requests", 100);
}

/// The replay itself sees what is wrong: each vector that is bent must fail.
#[test]
fn a_bent_vector_fails() {
    let mut bent = 0;
    for file in ["frames", "messages", "payload", "hello", "requests", "faults"] {
        for vector in load(file).into_iter().filter(|vector| vector.bytes.len() < 400).take(40) {
            let mut fewer = vector.clone();
            if fewer.events.pop().is_some() {
                assert!(failures(&fewer).is_some(), "{}: an event less", vector.name);
                bent += 1;
            }
            if let Some(event) = vector.events.iter().position(|event| event["offset"].is_u64()) {
                let mut moved = vector.clone();
                let at = moved.events[event]["offset"].as_u64().expect("a number") + 1;
                moved.events[event]["offset"] = at.into();
                assert!(failures(&moved).is_some(), "{}: an offset moved", vector.name);
                bent += 1;
            }
            if let Some(at) = vector.events.iter().position(|e| e["message"]["id"].is_u64()) {
                let mut other = vector.clone();
                other.events[at]["message"]["id"] = 4321.into();
                let messages = vector.layer == Layer::Messages;
                assert!(!messages || failures(&other).is_some(), "{}: another id", vector.name);
                bent += 1;
            }
        }
    }
    assert!(bent > 150, "{bent}");
}

/// The files are what the script beside them writes.
#[test]
fn the_files_are_as_generated() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/wire/generate.py");
    let run = std::process::Command::new("python3").arg(script).arg("--check").output();
    let run = run.expect("python3 runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
