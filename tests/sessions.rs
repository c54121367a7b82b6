//! A client and a server of the framed wire: together in memory, and each against raw bytes.
//!
//! Specification: PROTOCOL.md, all of it. `app` is what stands behind the server, `host` drives it,
//! `link` holds both sides together; the others are the cases.

#[path = "sessions/abuse.rs"]
mod abuse;
#[path = "sessions/app.rs"]
mod app;
#[path = "sessions/conversations.rs"]
mod conversations;
#[path = "sessions/dialogues.rs"]
mod dialogues;
#[path = "sessions/ends.rs"]
mod ends;
#[path = "sessions/faults.rs"]
mod faults;
#[path = "shared/faulty_values.rs"]
mod faulty_values;
#[path = "sessions/forms.rs"]
mod forms;
#[path = "sessions/greeting.rs"]
mod greeting;
#[path = "sessions/host.rs"]
mod host;
#[path = "sessions/lies.rs"]
mod lies;
#[path = "sessions/limits.rs"]
mod limits;
#[path = "sessions/link.rs"]
mod link;
#[path = "sessions/standing.rs"]
mod standing;
#[path = "sessions/transfers.rs"]
mod transfers;
