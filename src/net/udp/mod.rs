//! Numbered datagrams at a steady rate, and what became of them; a file in them, if one is given.
//!
//! ```text
//!   send ─ 0 1 2 3 … n−1 ─ end end end end end      each end says n
//!   recv ─ the ledger ──────────┴─ quiet ─▶ report
//! ```
//!
//! The bytes, the books and the pace are [`crate::datagram`]'s; here are the sockets, the files and
//! the clock. The sender sleeps between batches and composes in each what has become due: it needs
//! no busy loop to keep a pace. Each datagram is one sendto(2).
//!
//! | file | subject |
//! |---|---|
//! | `cargo` | what the datagrams carry: filling, or a file as it is read |
//! | `sending` | the sender's post |
//! | `keeping` | the receiver's file: what came of it, where it stands |
//! | `receiving` | the receiver's post |

mod cargo;
mod keeping;
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
use keeping::Keeping;
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

/// What to send.
#[derive(Clone)]
pub struct SendOptions {
    /// Bits a second, headers of ours included, those of UDP and IP not; less where the limit on
    /// bytes a second of `run` is lower.
    pub rate: u64,
    /// Length of a datagram in bytes, its header included:
    /// [`HEADER_BYTES`](crate::datagram::HEADER_BYTES) to
    /// [`DATAGRAM_BYTES_MAX`](crate::datagram::DATAGRAM_BYTES_MAX), and at least
    /// [`FILE_DATAGRAM_BYTES_MIN`] with a file. The last one of a file is shorter.
    pub size: usize,
    /// For how long; a file takes as long as it takes.
    pub span: Duration,
    /// The file to send. Each of its parts is sent once; what is lost stays lost.
    pub file: Option<Arc<SourceFile>>,
    /// What all façades have in common. A signal ends the run early, with its end told.
    pub run: RunOptions,
}

/// The least length of a datagram that carries a byte of a file, in bytes.
pub const FILE_DATAGRAM_BYTES_MIN: usize = cargo::PART_OVERHEAD_BYTES + 1;

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

/// What was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// The identity of the run.
    pub run: u64,
    /// How many datagrams, ends left out.
    pub sent: u64,
    /// How many bytes they had together.
    pub bytes: u64,
    /// From the first to the last.
    pub elapsed: Duration,
    /// Bits a second in that time, the first datagram left out: it only starts the clock.
    pub bits_per_second: u64,
    /// How often the peer's machine said that nobody listens there, at most as often as was sent.
    /// It says so for some and is silent for others.
    pub refused: u64,
    /// What was sent of the file, if there was one.
    pub file: Option<FileSent>,
}

/// What was sent of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSent {
    /// Its size in bytes.
    pub size: u64,
    /// How many of them were sent: fewer where the run was interrupted.
    pub bytes: u64,
    /// The digest that was told, `blake3:` and hexadecimal; `None` where the run was interrupted.
    pub digest: Option<String>,
}

/// Sends datagrams and tells their end. That it went well says nothing about whether they arrived.
///
/// # Errors
/// [`Error::Io`] where the system does not send; [`Error::TimedOut`];
/// [`Misuse`](crate::error::Error::Misuse) for a size that no datagram has; [`Error::File`] where
/// the file cannot be read or changes meanwhile, after the end was told.
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

/// What a post leaves behind.
type Shared<T> = Rc<RefCell<Option<Result<T, Error>>>>;

/// Nanoseconds of a span; it saturates after 584 years.
fn ns(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// How to receive.
#[derive(Clone, Default)]
pub struct ReceiveOptions {
    /// The bounds of the books.
    pub limits: Limits,
    /// Report after so long, whatever has come.
    pub span: Option<Duration>,
    /// Where to store the file of the run, if it carries one; its directory must exist. It gets
    /// this name when all of it came and its digest is right, and else nothing is left.
    pub path: Option<PathBuf>,
    /// What is synced before it gets its name.
    pub durability: Durability,
    /// What all façades have in common. A signal ends the run, with its report.
    pub run: RunOptions,
}

/// What was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The identity of the run that was heard first, if any was.
    pub run: Option<u64>,
    /// From where it came.
    pub from: Option<SocketAddr>,
    /// The figures.
    pub report: Report,
    /// What came of the file, if the run carried one.
    pub file: Option<FileReceived>,
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReceived {
    /// Its size in bytes.
    pub size: u64,
    /// How many of them came.
    pub bytes: u64,
    /// Which did not, in order; none means that it is whole.
    pub missing: Vec<Range<u64>>,
    /// Datagrams that contradict one before: another size, another digest, other bytes.
    pub disagreeing: u64,
    /// Datagrams beyond the limits. What was in them is missing.
    pub unplaced: u64,
    /// The digest that the sender told, `blake3:` and hexadecimal.
    pub digest: Option<String>,
    /// Whether what came has that digest; `None` where that could not be tried: bytes are missing,
    /// no digest was told, or nothing was stored.
    pub verified: Option<bool>,
    /// Where it stands, if it does.
    pub path: Option<PathBuf>,
}

/// A receiver that listens; [`run`](Receiver::run) receives.
pub struct Receiver {
    options: ReceiveOptions,
    builder: ReactorBuilder,
    socket: UdpSocket,
    address: SocketAddr,
    keeping: Keeping,
}

impl Receiver {
    /// Listens on an address; port 0 picks a free one.
    ///
    /// # Errors
    /// [`Error::Io`] if the address is in use or not ours; [`Error::File`] if no file can stand at
    /// the path.
    pub fn bind(address: SocketAddr, options: ReceiveOptions) -> Result<Receiver, Error> {
        let failed = |error| Error::Io("listening", error);
        let builder = options.run.builder()?;
        let socket = endpoint::datagrams(address).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let keeping = Keeping::new(&options)?;
        Ok(Receiver { options, builder, socket, address, keeping })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops it from another thread; it reports.
    pub fn stop_handle(&self) -> StopHandle {
        self.builder.stop_handle()
    }

    /// Receives one run, to its end: told, or by ten seconds of silence, or by the span. A file
    /// that is to be stored is then read once more, verified, and gets its name.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::Io`] if the reactor cannot go on, and [`Error::File`] if a
    /// file cannot be stored. That one is not whole or not right is none: the report says so.
    pub fn run(self) -> Result<Received, Error> {
        let mut reactor = Reactor::new(self.builder, 0, self.options.run.limits);
        let began = Instant::now();
        reactor.set_deadline(self.options.run.deadline());
        let outcome = Rc::default();
        let until = self.options.span.map(|span| later(began, span));
        let receiving =
            Receiving::new(self.options.limits, began, until, self.keeping, Rc::clone(&outcome));
        let tap = self.options.run.make_tap(None);
        let posted = reactor.add_udp(self.socket, Box::new(receiving), tap);
        posted.map_err(|error| Error::Io("starting", error))?;
        reactor.run().map_err(|error| Error::Io("waiting for events", error))?;
        let (received, keeping) = outcome.take().unwrap_or(Err(Error::Interrupted))?;
        let file = keeping.finish(self.options.durability)?;
        Ok(Received { file, ..received })
    }
}
