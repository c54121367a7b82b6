//! The settings of a client.

use super::notice::Notify;
use super::retry::Retries;
use super::trace::Trace;
use crate::http::config::Config;
use crate::http::proxy::Proxies;
use crate::net::run::RunOptions;
use crate::net::transport::tls::ClientTls;
use std::time::Duration;

/// The settings of a [`Client`](super::Client). Limits of messages are in [`Config::limits`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Limits and policy of the sessions.
    pub session: Config,
    /// The maximum number of requests in flight, and of open connections. Default: 16.
    pub in_flight_max: usize,
    /// The maximum number of requests in flight to one host and port. Requests for `http` URLs
    /// through one proxy count together. Default: no limit.
    pub per_host_max: usize,
    /// How often a failed fetch is retried, if [`Recipient::restart`](super::Recipient::restart)
    /// allows it. Default: never.
    pub retries: Retries,
    /// Whether redirects are followed. Default: no.
    pub redirects: bool,
    /// Whether `Accept-Encoding` asks for gzip and deflate, and bodies are decoded. If so, a body
    /// with an unknown coding fails the fetch. If not, bodies are passed on as they were received.
    /// Default: yes.
    pub codings: bool,
    /// Whether reports keep the head of the final response, its trailer fields, the redirects, and
    /// a final URL of more than 1,024 bytes. A hostile server makes them as long as the limits
    /// allow, so this is not for thousands of fetches. Default: no.
    pub heads: bool,
    /// The longest unwanted body, in bytes, that is read so that the connection can be reused.
    /// Default: 65,536.
    pub discard_bytes_max: u64,
    /// The TLS configuration. `None`: the roots of the system, read when they are needed first.
    pub tls: Option<ClientTls>,
    /// The proxies. Default: none; the environment is not read.
    pub proxies: Proxies,
    /// Called with each line of the trace.
    pub trace: Option<Trace>,
    /// Called at each retry and at the end of each fetch, while a call runs.
    pub notify: Option<Notify>,
    /// Whether the trace shows the bodies as lines of text, in place of their lengths. Nothing in
    /// bodies is masked. Default: no.
    pub trace_content: bool,
    /// Settings that all façades share. The tap gets the bytes of each connection with the secrets
    /// that `trace` masks; the meter counts the bytes of bodies.
    pub run: RunOptions,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            session: Config::default(),
            in_flight_max: 16,
            per_host_max: usize::MAX,
            retries: Retries::default(),
            redirects: false,
            codings: true,
            heads: false,
            discard_bytes_max: 64 << 10,
            tls: None,
            proxies: Proxies::default(),
            trace: None,
            notify: None,
            trace_content: false,
            run: RunOptions::default(),
        }
    }
}

impl Options {
    /// Sets [`session`](Options::session).
    #[must_use]
    pub fn with_session(self, session: Config) -> Options {
        Options { session, ..self }
    }

    /// Sets [`in_flight_max`](Options::in_flight_max).
    #[must_use]
    pub fn with_in_flight_max(self, in_flight_max: usize) -> Options {
        Options { in_flight_max, ..self }
    }

    /// Sets [`per_host_max`](Options::per_host_max).
    #[must_use]
    pub fn with_per_host_max(self, per_host_max: usize) -> Options {
        Options { per_host_max, ..self }
    }

    /// Sets [`retries`](Options::retries).
    #[must_use]
    pub fn with_retries(self, retries: Retries) -> Options {
        Options { retries, ..self }
    }

    /// Sets [`redirects`](Options::redirects).
    #[must_use]
    pub fn with_redirects(self, redirects: bool) -> Options {
        Options { redirects, ..self }
    }

    /// Sets [`codings`](Options::codings).
    #[must_use]
    pub fn with_codings(self, codings: bool) -> Options {
        Options { codings, ..self }
    }

    /// Sets [`heads`](Options::heads).
    #[must_use]
    pub fn with_heads(self, heads: bool) -> Options {
        Options { heads, ..self }
    }

    /// Sets [`discard_bytes_max`](Options::discard_bytes_max).
    #[must_use]
    pub fn with_discard_bytes_max(self, discard_bytes_max: u64) -> Options {
        Options { discard_bytes_max, ..self }
    }

    /// Sets [`tls`](Options::tls).
    #[must_use]
    pub fn with_tls(self, tls: impl Into<Option<ClientTls>>) -> Options {
        Options { tls: tls.into(), ..self }
    }

    /// Sets [`proxies`](Options::proxies).
    #[must_use]
    pub fn with_proxies(self, proxies: Proxies) -> Options {
        Options { proxies, ..self }
    }

    /// Sets [`trace`](Options::trace).
    #[must_use]
    pub fn with_trace(self, trace: impl Into<Option<Trace>>) -> Options {
        Options { trace: trace.into(), ..self }
    }

    /// Sets [`notify`](Options::notify).
    #[must_use]
    pub fn with_notify(self, notify: impl Into<Option<Notify>>) -> Options {
        Options { notify: notify.into(), ..self }
    }

    /// Sets [`trace_content`](Options::trace_content).
    #[must_use]
    pub fn with_trace_content(self, trace_content: bool) -> Options {
        Options { trace_content, ..self }
    }

    /// Sets [`run`](Options::run).
    #[must_use]
    pub fn with_run(self, run: RunOptions) -> Options {
        Options { run, ..self }
    }

    /// Raises every timeout of a single step that is shorter than `time` to `time`.
    #[must_use]
    pub fn with_waits_of_at_least(mut self, time: Duration) -> Options {
        self.session.limits = self.session.limits.with_waits_of_at_least(time);
        Options { run: self.run.with_waits_of_at_least(time), ..self }
    }
}
