//! A client and a server of the framed wire: together in memory, and each against raw bytes.
//!
//! Specification: PROTOCOL.md, all of it. `app` is what stands behind the server, `host` drives it,
//! `link` holds both sides together; the others are the cases. `vectors` replays `tests/data/wire`.

mod abuse;
mod app;
mod conversations;
mod dialogues;
mod ends;
mod faults;
#[path = "../support/faulty_values.rs"]
mod faulty_values;
mod forms;
mod greeting;
mod host;
mod lies;
mod limits;
mod link;
#[path = "../support/serde_words.rs"]
mod serde_words;
mod standing;
mod transfers;
mod vectors;
