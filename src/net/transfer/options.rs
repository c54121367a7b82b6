//! How a client of the file transfer connects, and what it insists on.

use crate::net::files::Durability;
use crate::net::run::RunOptions;
use crate::net::transport::tls::NamedTls;
use crate::transfer::client;
use std::time::Duration;

/// How a client connects and what it insists on.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// The session's bounds, digests and token.
    pub session: client::Config,
    /// TLS, if it is wanted, and the name that the server has to show.
    pub tls: Option<NamedTls>,
    /// How many connections are opened at most.
    pub connections: usize,
    /// What is synced before a file gets its name.
    pub durability: Durability,
    /// Whether what an interrupted run left is used.
    pub resume: bool,
    /// Whether `put` may replace a file, and `get_classic` one whose name the server chose.
    pub overwrite: bool,
    /// What all façades have in common.
    pub run: RunOptions,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            session: client::Config::default(),
            tls: None,
            connections: 1,
            durability: Durability::Fsync,
            resume: true,
            overwrite: false,
            run: RunOptions::default(),
        }
    }
}

impl Options {
    /// Sets [`session`](Options::session).
    #[must_use]
    pub fn with_session(self, session: client::Config) -> Options {
        Options { session, ..self }
    }

    /// Sets [`tls`](Options::tls).
    #[must_use]
    pub fn with_tls(self, tls: impl Into<Option<NamedTls>>) -> Options {
        Options { tls: tls.into(), ..self }
    }

    /// Sets [`connections`](Options::connections).
    #[must_use]
    pub fn with_connections(self, connections: usize) -> Options {
        Options { connections, ..self }
    }

    /// Sets [`durability`](Options::durability).
    #[must_use]
    pub fn with_durability(self, durability: Durability) -> Options {
        Options { durability, ..self }
    }

    /// Sets [`resume`](Options::resume).
    #[must_use]
    pub fn with_resume(self, resume: bool) -> Options {
        Options { resume, ..self }
    }

    /// Sets [`overwrite`](Options::overwrite).
    #[must_use]
    pub fn with_overwrite(self, overwrite: bool) -> Options {
        Options { overwrite, ..self }
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
