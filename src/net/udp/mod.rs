//! Sends numbered datagrams at a steady rate, or a file in them, and reports which arrived.
//!
//! ```text
//!   send ─ 0 1 2 3 … n−1 ─ end end end end end      each end says n
//!   recv ─ counted ─────────────┴─ silence ─▶ report
//! ```
//!
//! Specification: [`crate::datagram`], which has the format, the counting and the pacing; this
//! module has the sockets, the files and the clock. The sender sleeps between batches and sends in
//! each the datagrams that have become due, so that pacing needs no busy loop. Each datagram is one
//! sendto(2).
//!
//! | file | subject |
//! |---|---|
//! | `content` | the payload of the sender: padding, or a file as it is read |
//! | `sending` | the sender |
//! | `file` | the receiver's file |
//! | `receiving` | the receiver |

mod content;
mod file;
mod receiving;
mod sending;
#[cfg(test)]
mod tests;

use super::files::{Durability, SourceFile};
use super::reactor::{Reactor, ReactorBuilder, StopHandle};
use super::run::RunOptions;
use super::transport::endpoint;
use super::transport::{Error, later};
use crate::datagram::{Limits, Report};
use file::FileAssembly;
use mio::net::UdpSocket;
use receiving::Receiving;
use sending::Sending;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What to send, and how.
#[derive(Clone)]
#[non_exhaustive]
pub struct SendOptions {
    /// Rate in bits a second, with the header of this protocol but without those of UDP and IP. The
    /// limit on bytes a second of `run` applies as well.
    pub rate: u64,
    /// Length of a datagram in bytes, its header included:
    /// [`HEADER_BYTES`](crate::datagram::HEADER_BYTES) to
    /// [`DATAGRAM_BYTES_MAX`](crate::datagram::DATAGRAM_BYTES_MAX), and at least
    /// [`FILE_DATAGRAM_BYTES_MIN`] with a file. The last datagram of a file may be shorter.
    pub size: usize,
    /// For how long to send. Without effect for a file, which is sent completely.
    pub span: Duration,
    /// The file to send. Each part is sent once; lost parts are not repeated.
    pub file: Option<Arc<SourceFile>>,
    /// The common options. A signal ends the run early; its end datagrams are still sent.
    pub run: RunOptions,
}

/// The least length of a datagram that carries a byte of a file, in bytes.
pub const FILE_DATAGRAM_BYTES_MIN: usize = content::PART_OVERHEAD_BYTES + 1;

impl Default for SendOptions {
    fn default() -> SendOptions {
        SendOptions {
            rate: 100_000_000,
            size: 1400,
            span: Duration::from_secs(5),
            file: None,
            run: RunOptions::default(),
        }
    }
}

impl SendOptions {
    /// Sets [`rate`](SendOptions::rate).
    #[must_use]
    pub fn with_rate(self, rate: u64) -> SendOptions {
        SendOptions { rate, ..self }
    }

    /// Sets [`size`](SendOptions::size).
    #[must_use]
    pub fn with_size(self, size: usize) -> SendOptions {
        SendOptions { size, ..self }
    }

    /// Sets [`span`](SendOptions::span).
    #[must_use]
    pub fn with_span(self, span: Duration) -> SendOptions {
        SendOptions { span, ..self }
    }

    /// Sets [`file`](SendOptions::file).
    #[must_use]
    pub fn with_file(self, file: impl Into<Option<Arc<SourceFile>>>) -> SendOptions {
        SendOptions { file: file.into(), ..self }
    }

    /// Sets [`run`](SendOptions::run).
    #[must_use]
    pub fn with_run(self, run: RunOptions) -> SendOptions {
        SendOptions { run, ..self }
    }
}

/// What was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// The identity of the run.
    pub run: u64,
    /// How many datagrams, without those of the end.
    pub sent: u64,
    /// Their total length in bytes.
    pub bytes: u64,
    /// The time from the first to the last.
    pub elapsed: Duration,
    /// Bits a second in that time, without the first datagram, whose sending starts the clock.
    pub bits_per_second: u64,
    /// How many datagrams the peer's machine refused because the port is closed (ICMP), at most
    /// `sent`. A machine limits these messages, so that more may have been refused.
    pub refused: u64,
    /// What was sent of the file, if there was one.
    pub file: Option<FileSent>,
}

/// What was sent of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSent {
    /// Its size in bytes.
    pub size: u64,
    /// How many bytes were sent: fewer than `size` if the run was interrupted.
    pub bytes: u64,
    /// The digest that was sent, `blake3:` and hexadecimal; `None` if the run was interrupted.
    pub digest: Option<String>,
}

/// Sends datagrams and the end of the run. Success does not mean that they arrived.
///
/// # Errors
/// [`Error::Io`] if the name cannot be looked up or the system does not send; [`Error::TimedOut`]
/// and [`Error::Interrupted`]; [`Misuse`](crate::error::Error::Misuse) for a size that no datagram
/// can have; [`Error::File`] if the file cannot be read or has changed, after the end was sent.
pub fn send(endpoint: &str, options: &SendOptions) -> Result<Sent, Error> {
    let failed = |error| Error::Io("starting", error);
    sending::check(options)?;
    let mut reactor = options.run.reactor(0)?;
    let outcome: Shared<Sent> = Rc::default();
    let (left, options, run) = (Rc::clone(&outcome), options.clone(), random()?);
    reactor.resolve(endpoint, move |reactor, found| {
        let begun = found.and_then(|addresses| {
            let socket = endpoint::datagrams_with(addresses[0]).map_err(failed)?;
            let sending = Sending::new(&options, run, Rc::clone(&left));
            let tap = options.run.make_tap(Some(addresses[0]));
            reactor.add_udp(socket, Box::new(sending), tap).map_err(failed)
        });
        if let Err(error) = begun {
            *left.borrow_mut() = Some(Err(error));
        }
    });
    reactor.run().map_err(|error| Error::Io("waiting for events", error))?;
    outcome.take().unwrap_or(Err(Error::Interrupted))
}

/// The identity of a run.
fn random() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Io("asking for randomness", io::Error::other(error)))?;
    Ok(u64::from_be_bytes(bytes))
}

/// The outcome of a sender or receiver, set when it is done.
type Shared<T> = Rc<RefCell<Option<Result<T, Error>>>>;

/// A span in nanoseconds; saturates after 584 years.
fn ns(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Options of a receiver.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ReceiveOptions {
    /// The limits of the counting.
    pub limits: Limits,
    /// When to end and report, whatever was received; `None` is no limit.
    pub span: Option<Duration>,
    /// Where to store the file of the run, if the run carries one. The directory must exist. The
    /// file is renamed to this path when it is complete and its digest matches; otherwise it is
    /// deleted.
    pub path: Option<PathBuf>,
    /// What is synced before the file is renamed into place.
    pub durability: Durability,
    /// The common options. A signal ends the run, with its report.
    pub run: RunOptions,
}

impl ReceiveOptions {
    /// Sets [`limits`](ReceiveOptions::limits).
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> ReceiveOptions {
        ReceiveOptions { limits, ..self }
    }

    /// Sets [`span`](ReceiveOptions::span).
    #[must_use]
    pub fn with_span(self, span: impl Into<Option<Duration>>) -> ReceiveOptions {
        ReceiveOptions { span: span.into(), ..self }
    }

    /// Sets [`path`](ReceiveOptions::path).
    #[must_use]
    pub fn with_path(self, path: impl Into<Option<PathBuf>>) -> ReceiveOptions {
        ReceiveOptions { path: path.into(), ..self }
    }

    /// Sets [`durability`](ReceiveOptions::durability).
    #[must_use]
    pub fn with_durability(self, durability: Durability) -> ReceiveOptions {
        ReceiveOptions { durability, ..self }
    }

    /// Sets [`run`](ReceiveOptions::run).
    #[must_use]
    pub fn with_run(self, run: RunOptions) -> ReceiveOptions {
        ReceiveOptions { run, ..self }
    }
}

/// What was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The identity of the first run that was received, if any.
    pub run: Option<u64>,
    /// The address that it came from.
    pub from: Option<SocketAddr>,
    /// Counts and times.
    pub report: Report,
    /// The file, if the run carried one.
    pub file: Option<FileReceived>,
}

/// What was received of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReceived {
    /// Its size in bytes.
    pub size: u64,
    /// How many bytes were received.
    pub bytes: u64,
    /// The ranges that were not received, in order; empty if the file is complete.
    pub missing: Vec<Range<u64>>,
    /// How many datagrams contradicted an earlier one: another size, another digest, other bytes.
    pub disagreeing: u64,
    /// How many datagrams were beyond the limits. Their bytes are missing.
    pub unplaced: u64,
    /// The digest that the sender sent, `blake3:` and hexadecimal.
    pub digest: Option<String>,
    /// Whether the received file has that digest; `None` if that was not checked: bytes are
    /// missing, no digest was sent, or nothing was stored.
    pub verified: Option<bool>,
    /// The path of the file, if it was stored.
    pub path: Option<PathBuf>,
}

/// A receiver whose socket is bound; [`run`](Receiver::run) receives.
pub struct Receiver {
    options: ReceiveOptions,
    builder: ReactorBuilder,
    socket: UdpSocket,
    address: SocketAddr,
    file: FileAssembly,
}

impl Receiver {
    /// Binds to an address; port 0 picks a free port.
    ///
    /// # Errors
    /// [`Error::Io`] if the address is in use or does not belong to this machine; [`Error::File`]
    /// if no file can be created at the path.
    pub fn bind(address: SocketAddr, options: ReceiveOptions) -> Result<Receiver, Error> {
        let failed = |error| Error::Io("listening", error);
        let builder = options.run.builder()?;
        let socket = endpoint::datagrams(address).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let file = FileAssembly::new(&options)?;
        Ok(Receiver { options, builder, socket, address, file })
    }

    /// The bound address.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle that ends the run from another thread; [`run`](Receiver::run) then returns its
    /// report.
    pub fn stop_handle(&self) -> StopHandle {
        self.builder.stop_handle()
    }

    /// Receives one run until the sender's end, ten seconds of silence, or the span. A file to be
    /// stored is then read once more, verified and renamed into place.
    ///
    /// # Errors
    /// [`Error::TimedOut`]; [`Error::Io`] if the reactor fails; [`Error::File`] if the file cannot
    /// be stored. An incomplete file, or one with another digest, is no error: see
    /// [`FileReceived`].
    pub fn run(self) -> Result<Received, Error> {
        let mut reactor = Reactor::new(self.builder, 0, self.options.run.limits);
        let began = Instant::now();
        reactor.set_deadline(self.options.run.deadline());
        let outcome = Rc::default();
        let until = self.options.span.map(|span| later(began, span));
        let receiving =
            Receiving::new(self.options.limits, began, until, self.file, Rc::clone(&outcome));
        let tap = self.options.run.make_tap(None);
        let added = reactor.add_udp(self.socket, Box::new(receiving), tap);
        added.map_err(|error| Error::Io("starting", error))?;
        reactor.run().map_err(|error| Error::Io("waiting for events", error))?;
        let (received, file) = outcome.take().unwrap_or(Err(Error::Interrupted))?;
        let file = file.finish(self.options.durability)?;
        Ok(Received { file, ..received })
    }
}
