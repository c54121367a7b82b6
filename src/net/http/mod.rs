//! The HTTP client: many fetches on one thread, over connections that are used again.
//!
//! What it is for: to fetch one document or a thousand, with redirects, proxies, TLS, codings and
//! downloads that go on where they were interrupted; the command as `http`, `download`, `sms`.
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
//!   had carried others before, and ended without a byte of answer (RFC 9112 §9.3.1, §9.6), or
//!   brought a 408, which the server may have sent before it saw the request (RFC 9110 §15.5.9).
//!   Once, and on a new connection.
//! - A fetch that failed is made again only where [`Options::retries`] allows it, its method is
//!   idempotent, and the connection or the status of the response says that another try may help.
//!   It waits its time beside the others, on the same reactor, and takes the place of none.
//! - An idle connection stays registered: when the server closes it, or says something unasked, it
//!   is gone before anybody could use it.
//! - Whatever a server does costs bounded memory and time: the bounds are those of
//!   [`crate::http::config::Limits`], [`Options`], and of the room that dials.
//!
//! # States of a fetch
//!
//! ```text
//!   waiting at its route ─▶ on a line ─▶ head ─┬─▶ body ─▶ Report
//!          ▲  ▲                │               │
//!          │  └─ once more ────┘               │   it ended without a byte of answer
//!          ├──── the next URL ─────────────────┤   a redirect that is followed
//!          └──── after a wait ─────────────────┘   a failure that may pass
//! ```
//!
//! # Limits
//!
//! [`Options`], and what its parts bound: [`http::config::Limits`](crate::http::config::Limits),
//! [`dial::Limits`](super::transport::dial::Limits),
//! [`connection::Limits`](super::connection::Limits).
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`in_flight_max`] | 16 | more connections than a server or this machine likes |
//! | [`per_host_max`] | none | the same, of one host; it is the caller's to know |
//! | [`count_max`] | 0 | asking a server that is in trouble again and again |
//! | [`wait_max`] | 600 s | a `Retry-After` of years |
//! | [`discard_bytes_max`] | 65,536 | reading what nobody wants, to keep a connection |
//! | [`GATHERED_BYTES_MAX`] | 16,777,216 | [`Client::ask`] for what does not fit into memory |
//!
//! [`GATHERED_BYTES_MAX`]: Client::GATHERED_BYTES_MAX
//! [`in_flight_max`]: Options::in_flight_max
//! [`per_host_max`]: Options::per_host_max
//! [`count_max`]: Retries::count_max
//! [`wait_max`]: Retries::wait_max
//! [`discard_bytes_max`]: Options::discard_bytes_max
//!
//! # Where to look
//!
//! | file | subject |
//! |---|---|
//! | `client` | [`Client`]: the façade |
//! | `fetch`, `recipient`, `report`, `options` | what goes in, who listens, what comes out |
//! | `notice` | what is told while a call runs |
//! | `route`, `pool` | where jobs wait, how many run |
//! | `engine` | names, dialing, new lines |
//! | `line`, `job` | a connection; what a response does to a fetch |
//! | `retry` | when a fetch that failed is made again |
//! | `download`, `filing`, `saving`, `wholes` | files: resuming, what is a whole |
//! | `environment` | the proxies that the environment names |
//! | `unchanged` | whether a file of an earlier run is still right |
//! | `trace` | the conversation in lines |

mod client;
mod connection;
mod download;
mod engine;
mod environment;
mod fetch;
mod filing;
mod job;
mod notice;
mod options;
mod pool;
mod recipient;
mod report;
mod retry;
mod route;
mod saving;
mod trace;
mod unchanged;
mod wholes;

pub use client::{Answer, Client};
pub use download::{Download, download};
pub use fetch::{Body, Fetch};
pub use notice::{Notice, Notify};
pub use options::Options;
pub use recipient::{After, Announced, Recipient};
pub use report::{Report, Timings};
pub use retry::Retries;
pub use saving::{Accepts, Saving};
pub use trace::{Mark, Trace};
