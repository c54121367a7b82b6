//! The HTTP client: many fetches on one thread, over connections that are used again.
//!
//! Specification: RFC 9112 §9 (connections), RFC 9110 §9.2.2 (what may be tried again), RFC 8305
//! (several addresses at once); the messages themselves are the business of [`crate::http`].
//!
//! ```text
//!   Fetch + Recipient ─▶ job ─▶ waiting at its route ─▶ line ─▶ events ─▶ Recipient ─▶ Report
//!                                  ▲       │             ▲  │
//!             redirect, try again ─┘       └▶ name ─▶ dial ─┘  └▶ idle, registered, used again
//!                                          ▶ TLS, or CONNECT and TLS
//! ```
//!
//! A *route* is where a connection goes and what is spoken there: the origin, or the proxy, with
//! TLS or without. A *line* is a connection: a session of [`crate::http::exchange`] and the job it
//! works on. Jobs wait at their route and are pulled by the lines: so a line that has ended one
//! response sends the next request in the same turn, in the write that the system needs anyway.
//!
//! What is promised:
//!
//! - So many requests are in flight as was asked for, and never more connections than that.
//! - A request is sent again by itself in one case alone: its method is idempotent, the connection
//!   had carried others before, and ended without a byte of answer. Once (RFC 9112 §9.3.1, §9.6).
//! - An idle connection stays registered: when the server closes it, or says something unasked, it
//!   is gone before anybody could use it.
//! - Whatever a server does costs bounded memory and time: the bounds are those of
//!   [`crate::http::config::Limits`], [`Options`], and of the room that dials.
//!
//! | file | subject |
//! |---|---|
//! | `client` | [`Client`]: the façade |
//! | `fetch`, `recipient`, `report`, `options` | what goes in, who listens, what comes out |
//! | `route`, `plan` | where jobs wait, how many run |
//! | `engine` | names, dialing, new lines |
//! | `line`, `job` | a connection; what a response does to a fetch |
//! | `download`, `naming` | files: names, resuming |
//! | `trace` | the conversation in lines |

mod client;
mod download;
mod engine;
mod fetch;
mod job;
mod line;
mod naming;
mod options;
mod plan;
mod recipient;
mod report;
mod route;
mod trace;

pub use client::{Answer, Client};
pub use download::{Accepts, Download, Saving, download};
pub use fetch::{Body, Fetch};
pub use options::Options;
pub use recipient::{After, Recipient};
pub use report::{Report, Timings};
pub use trace::{Mark, Trace};
