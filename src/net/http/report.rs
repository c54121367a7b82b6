//! The result of a fetch.

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

/// When each step ended, counted from the start of the fetch. `None` for a step that did not
/// happen: a reused connection has no `name`, `connect` and `tls`, an IP address has no `name`, and
/// a connection without TLS has no `tls`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// The name was resolved.
    pub name: Option<Duration>,
    /// TCP was connected.
    pub connect: Option<Duration>,
    /// TLS was up.
    pub tls: Option<Duration>,
    /// The first byte of the response was received.
    pub first_byte: Option<Duration>,
    /// The last byte of the response was received, or the fetch failed.
    pub last_byte: Option<Duration>,
}

/// The result of a fetch. After redirects the fields describe the last request, and the timings
/// count from its start.
#[derive(Debug, Clone)]
pub struct Report {
    /// The method of the last request.
    pub method: Method,
    /// The URL of the last request. Without [`heads`](super::Options::heads), a URL of more than
    /// 1,024 bytes after a redirect is not stored: the field keeps the URL before it.
    pub url: Url,
    /// The redirects that were followed: status and original URL. Empty without
    /// [`heads`](super::Options::heads).
    pub redirects: Vec<(u16, Url)>,
    /// The status of the final response; `None` if none was received.
    pub status: Option<u16>,
    /// The head of the final response; `None` without [`heads`](super::Options::heads).
    pub head: Option<Box<Head>>,
    /// The trailer fields; empty without [`heads`](super::Options::heads).
    pub trailers: Headers,
    /// When the steps of the last request ended.
    pub timings: Timings,
    /// The remote address of the connection; `None` if there was no connection.
    pub address: Option<SocketAddr>,
    /// Whether the connection had carried a request before.
    pub reused: bool,
    /// Whether the request was re-sent on another connection, because a reused one had ended.
    pub retried: bool,
    /// Whether the request was handed to a connection: the server may have acted on it, even where
    /// the fetch failed.
    pub sent: bool,
    /// Time from the start of the first request, with redirects, retries and their waits.
    pub elapsed: Duration,
    /// The number of retries that [`Options::retries`](super::Options::retries) allowed.
    pub retries: u32,
    /// Bytes of body received in all attempts, before decoding and without chunk framing.
    pub received: u64,
    /// The part of `received` that was passed to the recipient, not discarded.
    pub taken: u64,
    /// Bytes of an unfinished file that are kept for a later fetch to resume.
    pub kept: u64,
    /// The file of the body, where the failure concerns this file.
    pub path: Option<PathBuf>,
    /// Whether a timeout or a signal ended the call before the fetch had ended.
    pub given_up: bool,
    /// Violations by the server that were tolerated.
    pub remarks: Vec<Remark>,
    /// Whether a complete response was received and its recipient accepted it.
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
            outcome: Err(Failure::new("incomplete", "not started: the connection ended first")),
        }
    }
}
