//! The HTTP client: many fetches on one thread, over persistent connections.
//!
//! What it is for: to fetch one document or a thousand, with redirects, proxies, TLS, content
//! codings and resumed downloads. The commands are `http`, `download` and `sms`.
//!
//! Specification: RFC 9112 §9 (connections), RFC 9110 §9.2.2 (which requests may be retried), RFC
//! 8305 (several addresses at once). [`crate::http`] reads and writes the messages.
//!
//! ```text
//!   Fetch + Recipient ─▶ Job ─▶ queue of its route ─▶ Connection ─▶ Recipient ─▶ Report
//!                                  ▲       │             ▲  │
//!                redirect, retry ──┘       └▶ name ─▶ TCP ──┘  └▶ idle, registered, reused
//!                                          ▶ TLS, or CONNECT and TLS
//! ```
//!
//! A *route* is an endpoint and the protocol spoken there: the origin or a proxy, with or without
//! TLS. A `Connection` is a session of [`crate::http::exchange`] and its current job. Jobs wait in
//! the queue of their route, and connections take them from there. So a connection that has
//! received a whole response sends the next request in the same turn, in one write.
//!
//! Guarantees:
//!
//! - The number of requests in flight reaches the configured maximum where there is enough work.
//!   There are never more connections than that.
//! - A request is re-sent without [`Options::retries`] in one case only: its method is idempotent,
//!   the connection had carried requests before, and the connection ended without a byte of
//!   response (RFC 9112 §9.3.1, §9.6) or carried a 408, which the server may have sent before it
//!   saw the request (RFC 9110 §15.5.9). The request is re-sent once, on a new connection.
//! - A failed fetch is retried only where [`Options::retries`] allows it, its method is idempotent,
//!   and the failure or the status is transient. While it waits, it occupies no place in flight.
//! - An idle connection stays registered with the reactor. When the server closes it or sends
//!   unsolicited bytes, the connection is removed before a job can take it.
//! - A server cannot make the client use unbounded memory or time: see the limits below.
//!
//! # States of a fetch
//!
//! ```text
//!   queued ─▶ on a connection ─▶ head ─┬─▶ body ─▶ Report
//!     ▲  ▲             │               │
//!     │  └─ re-sent ───┘               │   the connection ended without a byte of response
//!     ├──── the next URL ──────────────┤   a redirect that is followed
//!     └──── after a wait ──────────────┘   a transient failure
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
//! | [`in_flight_max`] | 16 | too many connections for a server or this machine |
//! | [`per_host_max`] | none | too many connections to one host; the caller has to choose |
//! | [`count_max`] | 0 | retries that add to the load of an overloaded server |
//! | [`wait_max`] | 600 s | a `Retry-After` of years |
//! | [`discard_bytes_max`] | 65,536 | reading a long unwanted body to keep a connection |
//! | [`COLLECTED_BYTES_MAX`] | 16,777,216 | a body of [`Client::ask`] that exceeds the memory |
//!
//! [`COLLECTED_BYTES_MAX`]: Client::COLLECTED_BYTES_MAX
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
//! | `fetch`, `recipient`, `report`, `options` | request, consumer, result, settings |
//! | `notice` | notifications during a call |
//! | `route`, `pool` | the queues of jobs, the limits of connections |
//! | `engine` | name resolution, connecting, new connections |
//! | `connection`, `job` | a connection; how a response changes the state of a fetch |
//! | `retry` | when a failed fetch is retried |
//! | `download`, `file_recipient`, `saving`, `content_range` | files, resuming, partial responses |
//! | `environment` | the proxies of the environment variables |
//! | `unchanged` | conditional requests for files of an earlier run |
//! | `trace` | the exchanges as lines of text |

mod client;
mod connection;
mod content_range;
mod download;
mod engine;
mod environment;
mod fetch;
mod file_recipient;
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
