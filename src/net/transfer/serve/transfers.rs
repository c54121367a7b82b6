//! The transfers of a server, for whoever runs it: each get and each put is told once it has ended.
//!
//! ```text
//!   get, put ─▶ Running ─ bytes … ─┬ the end ──────────────▶ Transfer, Ok
//!                                  └ refused, given up, lost ▶ Transfer, Err
//! ```

use super::ServerContext;
use crate::error::Error as Session;
use crate::name::Name;
use crate::net::report::{Failure, Meter};
use crate::net::transport::Error;
use crate::transfer::Code;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Which way a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the client.
    Sent,
    /// To the server.
    Received,
}

/// A transfer that has ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Transfer {
    /// With whom.
    pub peer: SocketAddr,
    /// Which way.
    pub direction: Direction,
    /// Of what.
    pub name: Name,
    /// How many bytes of the file travelled.
    pub bytes: u64,
    /// How long it took, from the request to the end.
    pub elapsed: Duration,
    /// Whether it went well. A file that was sent has left for the network; whether it was stored
    /// is known to the client alone.
    pub outcome: Result<(), Failure>,
}

/// Hears of each transfer that has ended, on whichever thread it ran.
pub type OnTransfer = Arc<dyn Fn(&Transfer) + Send + Sync>;

/// Why a transfer was given up, for a code of `PROTOCOL.md` §9.
pub(super) fn abandoned(code: Code) -> Failure {
    let text = match code {
        Code::Cancelled => "given up by the client",
        Code::Exists => "a file of that name exists, with other content",
        _ => "it arrived wrong",
    };
    Failure::new(code, text)
}

/// Why a connection failed. A refusal by the client concerns its own deadline or disk, not those of
/// this server. The server itself refuses a client only for its token or its protocol version.
pub(super) fn lost(error: &Error) -> Failure {
    let Error::Session(Session::Refused { code, text }) = error else {
        return Failure::from(error);
    };
    let why = match Code::of(code.as_raw_str()) {
        Some(Code::Unauthorized | Code::Unsupported) => return Failure::from(error),
        Some(Code::TimedOut) => "the client's deadline was over",
        _ => "given up by the client",
    };
    Failure::new(code.clone(), format!("{why}: {text}"))
}

/// A transfer that was asked for and has not ended.
#[derive(Debug)]
pub(crate) struct Running {
    direction: Direction,
    name: Name,
    bytes: u64,
    expected: u64,
    since: Instant,
}

impl Running {
    pub(crate) fn new(direction: Direction, name: Name) -> Running {
        Running { direction, name, bytes: 0, expected: u64::MAX, since: Instant::now() }
    }

    /// So many bytes have to travel.
    pub(crate) fn expect(&mut self, bytes: u64) {
        self.expected = bytes;
    }

    /// So many bytes of the file travelled.
    pub(crate) fn count(&mut self, bytes: usize, meter: &Meter) {
        self.bytes += bytes as u64;
        meter.add(bytes as u64);
    }

    /// Whether all that had to travel has.
    pub(crate) fn is_whole(&self) -> bool {
        self.bytes == self.expected
    }

    /// Tells how it ended.
    pub(crate) fn end(
        self,
        context: &ServerContext,
        peer: SocketAddr,
        outcome: Result<(), Failure>,
    ) {
        let Running { direction, name, bytes, since, .. } = self;
        if let Some(tell) = &context.on_transfer {
            let elapsed = since.elapsed();
            tell(&Transfer { peer, direction, name, bytes, elapsed, outcome });
        }
    }
}
