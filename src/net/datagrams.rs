//! Numbered datagrams at a steady rate, and what became of them.
//!
//! ```text
//!   send ─ 0 1 2 3 … n−1 ─ end end end end end      each end says n
//!   recv ─ the ledger ──────────┴─ quiet ─▶ report
//! ```
//!
//! The bytes, the books and the pace are [`crate::datagram`]'s; here are the sockets and the clock.
//! The sender sleeps between batches and composes in each what has become due: it needs no busy
//! loop to keep a pace. Each datagram is one sendto(2).

use super::client::TapMaker;
use super::endpoint;
use super::error::Error;
use super::pump::Limits as PumpLimits;
use super::reactor::{Post, Reactor, Seat, Stopper};
use crate::datagram::{Datagram, Entry, HEADER_BYTES, Kind, Ledger, Limits, Pacer, Report};
use mio::net::UdpSocket;
use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The least time between two batches: 45 datagrams of 1,400 bytes at 1 Gbit/s.
const BATCH_WAIT: Duration = Duration::from_micros(500);

/// How much lost time a sender makes up for.
const CATCH_UP: Duration = Duration::from_millis(20);

/// How often the end is told, and how far apart.
const ENDS: u32 = 5;
const END_WAIT: Duration = Duration::from_millis(20);

/// How long a receiver waits for stragglers behind the end, since the last one came and in all.
const QUIET_WAIT: Duration = Duration::from_millis(300);
const QUIET_WAIT_MAX: Duration = Duration::from_secs(3);

/// How long a run may be silent before it counts as over: every end may be lost.
const IDLE_WAIT: Duration = Duration::from_secs(10);

/// What to send.
#[derive(Clone)]
pub struct SendOptions {
    /// Bits a second, headers of ours included, those of UDP and IP not.
    pub rate: u64,
    /// Length of a datagram in bytes, its header included: [`HEADER_BYTES`] to
    /// [`DATAGRAM_BYTES_MAX`](crate::datagram::DATAGRAM_BYTES_MAX).
    pub size: usize,
    /// For how long.
    pub span: Duration,
    /// How long the whole may take.
    pub timeout: Option<Duration>,
    /// Whether SIGINT and SIGTERM end the run early, with its end told.
    pub stop_at_signals: bool,
    /// Who listens along.
    pub tap: Option<TapMaker>,
}

impl Default for SendOptions {
    fn default() -> SendOptions {
        SendOptions {
            rate: 100_000_000,
            size: 1400,
            span: Duration::from_secs(5),
            timeout: None,
            stop_at_signals: false,
            tap: None,
        }
    }
}

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// How often the peer's machine said that nobody listens there. It says so for some and is
    /// silent for others.
    pub refused: u64,
}

fn seat(stop_at_signals: bool) -> Result<Seat, Error> {
    let failed = |error| Error::Io("starting", error);
    let mut seat = Seat::new().map_err(failed)?;
    if stop_at_signals {
        seat.stop_at_signals().map_err(failed)?;
    }
    Ok(seat)
}

/// Sends datagrams and tells their end. That it went well says nothing about whether they arrived.
///
/// # Errors
/// [`Error::Io`] where the system does not send; [`Error::TimedOut`].
pub fn send(endpoint: &str, options: &SendOptions) -> Result<Sent, Error> {
    let failed = |error| Error::Io("starting", error);
    let peer = endpoint::resolve(endpoint)?[0];
    let mut reactor = Reactor::new(seat(options.stop_at_signals)?, 0, PumpLimits::default());
    reactor.set_deadline(options.timeout.map(|timeout| Instant::now() + timeout));
    let socket = endpoint::datagrams_with(peer).map_err(failed)?;
    let outcome = Rc::default();
    let sending = Sending::new(options, random()?, Rc::clone(&outcome));
    let tap = options.tap.as_ref().map(|make| make());
    reactor.post(socket, Box::new(sending), tap).map_err(failed)?;
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

type Shared<T> = Rc<RefCell<Option<Result<T, Error>>>>;

enum State {
    Data,
    Ending { left: u32, at: Instant },
}

/// The sender's post.
struct Sending {
    outcome: Shared<Sent>,
    state: State,
    pacer: Pacer,
    payload: Vec<u8>,
    /// How many are to be sent.
    planned: u64,
    span: Duration,
    began: Instant,
    /// When the next batch may begin.
    batch_at: Instant,
    last: Duration,
    sent: Sent,
}

/// Nanoseconds of a span; it saturates after 584 years.
fn ns(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

impl Sending {
    fn new(options: &SendOptions, run: u64, outcome: Shared<Sent>) -> Sending {
        let began = Instant::now();
        let bits = options.size as u128 * 8_000_000_000;
        let planned = options.span.as_nanos().saturating_mul(u128::from(options.rate)) / bits;
        Sending {
            outcome,
            state: State::Data,
            pacer: Pacer::new(options.size, options.rate, ns(CATCH_UP), 0),
            payload: vec![0; options.size.saturating_sub(HEADER_BYTES)],
            planned: u64::try_from(planned).unwrap_or(u64::MAX).max(1),
            span: options.span,
            began,
            batch_at: began,
            last: Duration::ZERO,
            sent: Sent {
                run,
                sent: 0,
                bytes: 0,
                elapsed: Duration::ZERO,
                bits_per_second: 0,
                refused: 0,
            },
        }
    }

    fn datagram(&self, kind: Kind, elapsed: Duration, out: &mut Vec<u8>) {
        let payload = if kind == Kind::Data { &self.payload[..] } else { &[] };
        let (run, sequence) = (self.sent.run, self.sent.sent);
        Datagram { kind, run, sequence, time_ns: ns(elapsed), payload }.encode(out);
    }

    /// The next one of the data, if it is due; the time goes by while a batch is composed.
    fn compose_data(&mut self, out: &mut Vec<u8>) -> bool {
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(self.began);
        if self.sent.sent >= self.planned || elapsed >= self.span + CATCH_UP {
            self.state = State::Ending { left: ENDS, at: now };
            return false;
        }
        if now < self.batch_at {
            return false;
        }
        if !self.pacer.take(ns(elapsed)) {
            self.batch_at = now + BATCH_WAIT;
            return false;
        }
        self.datagram(Kind::Data, elapsed, out);
        self.last = elapsed;
        self.sent.sent += 1;
        self.sent.bytes += out.len() as u64;
        true
    }

    fn finish(&mut self) {
        let mut sent = self.sent.clone();
        sent.elapsed = self.last;
        let bytes = sent.bytes - sent.bytes.checked_div(sent.sent).unwrap_or(0);
        let bits = u128::from(bytes) * 8_000_000_000;
        let rate = bits.checked_div(sent.elapsed.as_nanos()).unwrap_or(0);
        sent.bits_per_second = u64::try_from(rate).unwrap_or(u64::MAX);
        self.outcome.borrow_mut().get_or_insert(Ok(sent));
    }
}

impl Post for Sending {
    /// Nobody is expected to answer.
    fn receive(&mut self, _: &[u8], _: SocketAddr, _: Instant, _answer: &mut Vec<u8>) {}

    fn compose(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        match self.state {
            State::Data => self.compose_data(out),
            State::Ending { left: 0, .. } => {
                self.finish();
                false
            }
            State::Ending { at, .. } if now < at => false,
            State::Ending { left, .. } => {
                self.datagram(Kind::End, now.saturating_duration_since(self.began), out);
                self.state = State::Ending { left: left - 1, at: now + END_WAIT };
                true
            }
        }
    }

    /// That nobody listens may change; that the system is short of buffers passes.
    fn failed(&mut self, error: io::Error) {
        let passes = error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error());
        if error.kind() == ErrorKind::ConnectionRefused {
            self.sent.refused += 1;
        } else if !passes {
            self.outcome.borrow_mut().get_or_insert(Err(Error::Io("sending", error)));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(match self.state {
            State::Data => {
                let due = Duration::from_nanos(self.pacer.next_ns());
                let due = self.began + due.min(self.span + CATCH_UP);
                due.max(self.batch_at)
            }
            State::Ending { at, .. } => at,
        })
    }

    fn is_done(&self) -> bool {
        self.outcome.borrow().is_some()
    }

    fn wind_down(&mut self) {
        if matches!(self.state, State::Data) {
            self.state = State::Ending { left: ENDS, at: Instant::now() };
        }
    }

    fn give_up(&mut self, why: Error) {
        self.outcome.borrow_mut().get_or_insert(Err(why));
    }
}

/// How to receive.
#[derive(Clone, Default)]
pub struct ReceiveOptions {
    /// The bounds of the books.
    pub limits: Limits,
    /// Report after so long, whatever has come.
    pub span: Option<Duration>,
    /// Give up after so long.
    pub timeout: Option<Duration>,
    /// Whether SIGINT and SIGTERM end the run, with its report.
    pub stop_at_signals: bool,
    /// Who listens along.
    pub tap: Option<TapMaker>,
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
}

/// A receiver that listens; [`run`](Receiver::run) receives.
pub struct Receiver {
    options: ReceiveOptions,
    seat: Seat,
    socket: UdpSocket,
    address: SocketAddr,
}

impl Receiver {
    /// Listens on an address; port 0 picks a free one.
    ///
    /// # Errors
    /// [`Error::Io`] if the address is in use or not ours.
    pub fn bind(address: SocketAddr, options: ReceiveOptions) -> Result<Receiver, Error> {
        let failed = |error| Error::Io("listening", error);
        let seat = seat(options.stop_at_signals)?;
        let socket = endpoint::datagrams(address).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Receiver { options, seat, socket, address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops it from another thread; it reports.
    pub fn stopper(&self) -> Stopper {
        self.seat.stopper()
    }

    /// Receives one run, to its end: told, or by ten seconds of silence, or by the span.
    ///
    /// # Errors
    /// [`Error::TimedOut`], and [`Error::Io`] if the reactor cannot go on.
    pub fn run(self) -> Result<Received, Error> {
        let mut reactor = Reactor::new(self.seat, 0, PumpLimits::default());
        let began = Instant::now();
        reactor.set_deadline(self.options.timeout.map(|timeout| began + timeout));
        let outcome = Rc::default();
        let receiving = Receiving {
            outcome: Rc::clone(&outcome),
            ledger: Ledger::new(self.options.limits),
            from: None,
            began,
            until: self.options.span.map(|span| began + span),
            last: None,
            ended: None,
        };
        let tap = self.options.tap.as_ref().map(|make| make());
        let posted = reactor.post(self.socket, Box::new(receiving), tap);
        posted.map_err(|error| Error::Io("starting", error))?;
        reactor.run().map_err(|error| Error::Io("waiting for events", error))?;
        outcome.take().unwrap_or(Err(Error::Interrupted))
    }
}

/// The receiver's post.
struct Receiving {
    outcome: Shared<Received>,
    ledger: Ledger,
    from: Option<SocketAddr>,
    began: Instant,
    until: Option<Instant>,
    /// When the last datagram of the run came.
    last: Option<Instant>,
    /// When its end was told first.
    ended: Option<Instant>,
}

impl Post for Receiving {
    fn receive(&mut self, datagram: &[u8], from: SocketAddr, now: Instant, _: &mut Vec<u8>) {
        let entry = self.ledger.enter(datagram, ns(now.saturating_duration_since(self.began)));
        match entry {
            Entry::Short | Entry::Foreign | Entry::OtherRun | Entry::Implausible => return,
            Entry::End => _ = self.ended.get_or_insert(now),
            Entry::Received | Entry::Reordered | Entry::Duplicate | Entry::Late => {}
        }
        self.from.get_or_insert(from);
        self.last = Some(now);
    }

    fn compose(&mut self, now: Instant, _out: &mut Vec<u8>) -> bool {
        if self.deadline().is_some_and(|at| now >= at) {
            self.wind_down();
        }
        false
    }

    /// It sends nothing, so this is about nothing of its own.
    fn failed(&mut self, _error: io::Error) {}

    fn deadline(&self) -> Option<Instant> {
        let over = match (self.last, self.ended) {
            (Some(last), Some(ended)) => Some((last + QUIET_WAIT).min(ended + QUIET_WAIT_MAX)),
            (Some(last), None) => Some(last + IDLE_WAIT),
            (None, _) => None,
        };
        self.until.into_iter().chain(over).min()
    }

    fn is_done(&self) -> bool {
        self.outcome.borrow().is_some()
    }

    fn wind_down(&mut self) {
        let (run, from, report) = (self.ledger.run(), self.from, self.ledger.report());
        self.outcome.borrow_mut().get_or_insert(Ok(Received { run, from, report }));
    }

    fn give_up(&mut self, why: Error) {
        self.outcome.borrow_mut().get_or_insert(Err(why));
    }
}
