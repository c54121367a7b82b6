//! What became of a fetch.

use super::fetch::Fetch;
use crate::http::config::Remark;
use crate::http::message::head::Head;
use crate::http::message::headers::Headers;
use crate::http::request::Method;
use crate::http::url::Url;
use crate::net::report::Failure;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// When each step had been done, counted from the moment at which the fetch got its turn. `None`
/// where there was no such step: on a connection that was used before neither name, connect nor
/// TLS; for an address no name; in clear no TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// The name was resolved.
    pub name: Option<Duration>,
    /// TCP was connected.
    pub connect: Option<Duration>,
    /// TLS was up.
    pub tls: Option<Duration>,
    /// The first byte of the response came.
    pub first_byte: Option<Duration>,
    /// The last byte of it came, or the fetch failed.
    pub last_byte: Option<Duration>,
}

/// What became of a fetch. After redirects it speaks of the last step, and its times count from the
/// beginning of that step.
#[derive(Debug, Clone)]
pub struct Report {
    /// The method of the last request.
    pub method: Method,
    /// What was asked for last.
    pub url: Url,
    /// The redirects that were followed: status, and where from.
    pub redirects: Vec<(u16, Url)>,
    /// The status of the response, once there was one.
    pub status: Option<u16>,
    /// Its head, where [`heads`](super::Options::heads) are kept.
    pub head: Option<Box<Head>>,
    /// The fields behind its body, where heads are kept; empty where there were none.
    pub trailers: Headers,
    /// The times of its steps.
    pub timings: Timings,
    /// The other end of the connection.
    pub address: Option<SocketAddr>,
    /// Whether the connection had carried a request before.
    pub reused: bool,
    /// Whether the request was sent a second time, on another connection.
    pub retried: bool,
    /// Whether anything of the request was handed to a connection: then the server may have acted
    /// on it, whatever came back.
    pub sent: bool,
    /// How long it took in all, from when it got its turn first; with its redirects, and with all
    /// tries and the waits between them.
    pub elapsed: Duration,
    /// How many times the fetch was made again, as [`Options::retries`](super::Options::retries)
    /// allows.
    pub retries: u32,
    /// Bytes of body that came in all tries, as they travelled but without the framing of chunks.
    pub received: u64,
    /// How many of them the recipient was given: those of refused responses are not among them.
    pub taken: u64,
    /// How many bytes of an unfinished file are kept for a later fetch.
    pub kept: u64,
    /// The file of the body, where this file is what the failure is about.
    pub path: Option<PathBuf>,
    /// Whether the call was ended, by its timeout or by a signal, before the fetch was.
    pub given_up: bool,
    /// Faults of the server that were tolerated.
    pub remarks: Vec<Remark>,
    /// Whether there was a whole response that its recipient was content with.
    pub outcome: Result<(), Failure>,
}

impl Report {
    pub(super) fn new(fetch: &Fetch) -> Report {
        Report {
            method: fetch.method.clone(),
            url: fetch.url.clone(),
            redirects: Vec::new(),
            status: None,
            head: None,
            trailers: Headers::new(),
            timings: Timings::default(),
            address: None,
            reused: false,
            retried: false,
            sent: false,
            elapsed: Duration::ZERO,
            retries: 0,
            received: 0,
            taken: 0,
            kept: 0,
            path: None,
            given_up: false,
            remarks: Vec::new(),
            outcome: Err(Failure::new("incomplete", "it did not come to its turn")),
        }
    }
}
