//! How a client connects, and what it insists on.

use super::notice::Notify;
use super::retry::Retries;
use super::trace::Trace;
use crate::http::config::Config;
use crate::http::proxy::Proxies;
use crate::net::run::RunOptions;
use crate::net::transport::tls::ClientTls;
use std::time::Duration;

/// See the head of this module. What is not said here is in [`Config::limits`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Bounds and strictness of the sessions.
    pub session: Config,
    /// How many requests are in flight at most, and how many connections are open.
    pub in_flight_max: usize,
    /// How many requests are in flight to one host and port at most; all that one proxy is asked
    /// for in clear counts as one.
    pub per_host_max: usize,
    /// How often a fetch that failed is made again. Its recipient has to agree
    /// ([`Recipient::restart`](super::Recipient::restart)).
    pub retries: Retries,
    /// Whether redirects are followed.
    pub redirects: bool,
    /// Whether gzip and deflate are asked for, and the codings of a body undone. Where they are, a
    /// body with a coding that is not known here fails the fetch; where they are not, bodies are
    /// told as they came.
    pub codings: bool,
    /// Whether reports keep the head of the final response, its trailer fields, the redirects, and
    /// where the last of them led if that is long. Those of a hostile server are as long as the
    /// limits allow, so this is not for thousands of fetches.
    pub heads: bool,
    /// Up to so many bytes of a body that nobody wants are read away, to use the connection again.
    pub discard_bytes_max: u64,
    /// How TLS is spoken.
    pub tls: Option<ClientTls>,
    /// Which proxies are used; none, unless they were asked for.
    pub proxies: Proxies,
    /// Who reads along.
    pub trace: Option<Trace>,
    /// Who is told of retries, and of each fetch that has ended, while a call runs.
    pub notify: Option<Notify>,
    /// Whether bodies are shown to it in lines of text, in place of their lengths. Nothing in them
    /// is masked.
    pub trace_content: bool,
    /// What all façades have in common. Its tap sees the bytes of each connection, with the secrets
    /// in them, which `trace` masks; its meter counts the bytes of bodies.
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

    /// Raises every wait of a step that is shorter than `time`: for a client that wants to wait so
    /// long.
    #[must_use]
    pub fn with_waits_of_at_least(mut self, time: Duration) -> Options {
        self.session.limits = self.session.limits.with_waits_of_at_least(time);
        Options { run: self.run.with_waits_of_at_least(time), ..self }
    }
}
