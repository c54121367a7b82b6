//! How a client connects, and what it insists on.

use super::notice::Notify;
use super::retry::Retries;
use super::trace::Trace;
use crate::http::config::Config;
use crate::http::proxy::Proxies;
use crate::net::connection::Limits;
use crate::net::report::Meter;
use crate::net::transport::dial;
use crate::net::transport::names::Family;
use crate::net::transport::tls::ClientTls;
use std::sync::Arc;
use std::time::Duration;

/// See the head of this module. What is not said here is in [`Config::limits`].
#[derive(Clone)]
pub struct Options {
    /// Bounds and strictness of the sessions.
    pub session: Config,
    /// The pump's bounds.
    pub limits: Limits,
    /// The bounds of dialing.
    pub dial: dial::Limits,
    /// Which addresses are connected to; both families, unless one is given.
    pub family: Option<Family>,
    /// How long a name may take to be resolved.
    pub name_wait: Duration,
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
    /// How long all that a call asks for may take.
    pub timeout: Option<Duration>,
    /// Whether SIGINT and SIGTERM end a call in order.
    pub stop_at_signals: bool,
    /// Who reads along.
    pub trace: Option<Trace>,
    /// Who is told of retries, and of each fetch that has ended, while a call runs.
    pub notify: Option<Notify>,
    /// Whether bodies are shown to it in lines of text, in place of their lengths. Nothing in them
    /// is masked.
    pub trace_content: bool,
    /// Counts bytes of bodies as they come.
    pub meter: Arc<Meter>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            session: Config::default(),
            limits: Limits::default(),
            dial: dial::Limits::default(),
            family: None,
            name_wait: Duration::from_secs(20),
            in_flight_max: 16,
            per_host_max: usize::MAX,
            retries: Retries::default(),
            redirects: false,
            codings: true,
            heads: false,
            discard_bytes_max: 64 << 10,
            tls: None,
            proxies: Proxies::default(),
            timeout: None,
            stop_at_signals: false,
            trace: None,
            notify: None,
            trace_content: false,
            meter: Arc::default(),
        }
    }
}

impl Options {
    /// Raises every wait of a step that is shorter than `time`: for a caller who wants to wait so
    /// long.
    #[must_use]
    pub fn with_waits_of_at_least(mut self, time: Duration) -> Options {
        self.session.limits = self.session.limits.with_waits_of_at_least(time);
        self.limits = self.limits.with_waits_of_at_least(time);
        self.dial = self.dial.with_waits_of_at_least(time);
        self.name_wait = self.name_wait.max(time);
        self
    }
}
