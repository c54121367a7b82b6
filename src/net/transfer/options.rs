//! How a client of the file transfer connects, and what it insists on.

use crate::net::connection::{Limits, TapMaker};
use crate::net::files::Durability;
use crate::net::report::Meter;
use crate::transfer::client;
use std::sync::Arc;
use std::time::Duration;

/// How a client connects and what it insists on.
#[derive(Clone)]
pub struct Options {
    /// The session's bounds, digests and token.
    pub session: client::Config,
    /// The pump's bounds.
    pub limits: Limits,
    /// TLS, if it is wanted, and the name that the server has to show.
    pub tls: Option<crate::net::transport::tls::NamedTls>,
    /// How long the whole operation may take. Waits of the protocol that are shorter are raised to
    /// it: who allows so much time wants to wait.
    pub timeout: Option<Duration>,
    /// How many connections are opened at most.
    pub connections: usize,
    /// What is synced before a file gets its name.
    pub durability: Durability,
    /// Whether what an interrupted run left is used.
    pub resume: bool,
    /// Whether `put` may replace a file, and `get_classic` one whose name the server chose.
    pub overwrite: bool,
    /// Whether SIGINT and SIGTERM end the call in order, in every state.
    pub stop_at_signals: bool,
    /// Who listens along.
    pub tap: Option<TapMaker>,
    /// Counts bytes as they travel.
    pub meter: Arc<Meter>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            session: client::Config::default(),
            limits: Limits::default(),
            tls: None,
            timeout: None,
            connections: 1,
            durability: Durability::Fsync,
            resume: true,
            overwrite: false,
            stop_at_signals: false,
            tap: None,
            meter: Arc::default(),
        }
    }
}
