//! The sender: composes the datagrams that are due, then those of the end.
//!
//! Specification: [`crate::datagram`].
//!
//! ```text
//!   data ── all sent, time over, or asked to stop ─▶ ending: end, 20 ms, end … ─▶ outcome
//! ```

use super::content::Content;
use super::{FILE_DATAGRAM_BYTES_MIN, SendOptions, Sent, Shared, ns};
use crate::datagram::{DATAGRAM_BYTES_MAX, Datagram, HEADER_BYTES, Kind, Pacer};
use crate::error;
use crate::net::reactor::DatagramHandler;
use crate::net::transport::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The least time between two batches: 45 datagrams of 1,400 bytes at 1 Gbit/s.
const BATCH_WAIT: Duration = Duration::from_micros(500);

/// How much delay a sender catches up on, by sending faster.
const CATCH_UP: Duration = Duration::from_millis(20);

/// How often the end is sent, because datagrams may be lost.
const ENDS: u32 = 5;

/// The time between two of these.
const END_WAIT: Duration = Duration::from_millis(20);

/// The longest span: an `Instant` plus a longer one may overflow.
const SPAN_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Refuses a size that no datagram can have.
pub(super) fn check(options: &SendOptions) -> Result<(), Error> {
    let least = if options.file.is_some() { FILE_DATAGRAM_BYTES_MIN } else { HEADER_BYTES };
    match (least..=DATAGRAM_BYTES_MAX).contains(&options.size) {
        true => Ok(()),
        false => Err(error::Error::Misuse("a datagram of that size cannot be sent").into()),
    }
}

enum State {
    Data,
    Ending { left: u32, at: Instant },
}

pub(super) struct Sending {
    outcome: Shared<Sent>,
    state: State,
    pacer: Pacer,
    content: Content,
    /// The payload of the next datagram; constant for padding.
    payload: Vec<u8>,
    /// How many datagrams are to be sent.
    planned: u64,
    /// How long that may take.
    span: Duration,
    began: Instant,
    /// When the next batch may begin.
    batch_at: Instant,
    /// When the last datagram was composed.
    last: Duration,
    first_bytes: u64,
    sent: Sent,
    /// The error of the run; reported after the end was sent.
    fault: Option<Error>,
}

impl Sending {
    pub(super) fn new(options: &SendOptions, run: u64, outcome: Shared<Sent>) -> Sending {
        let (began, content) = (Instant::now(), Content::new(options));
        let limit = options.run.limits.bytes_per_second_max.saturating_mul(8);
        let rate = options.rate.min(limit);
        let bits = options.size as u128 * 8_000_000_000;
        let in_time = options.span.as_nanos().saturating_mul(u128::from(rate)) / bits;
        let in_time = u64::try_from(in_time).unwrap_or(u64::MAX).max(1);
        let of_file = content.datagrams();
        Sending {
            outcome,
            state: State::Data,
            pacer: Pacer::new(options.size, rate, ns(CATCH_UP), 0),
            payload: vec![0; options.size.saturating_sub(HEADER_BYTES)],
            planned: of_file.unwrap_or(in_time),
            span: if of_file.is_some() { SPAN_MAX } else { options.span.min(SPAN_MAX) },
            content,
            began,
            batch_at: began,
            last: Duration::ZERO,
            first_bytes: 0,
            sent: Sent { run, ..Sent::default() },
            fault: None,
        }
    }

    fn datagram(&self, kind: Kind, elapsed: Duration, out: &mut Vec<u8>) {
        let (run, sequence, payload) = (self.sent.run, self.sent.sent, &*self.payload);
        Datagram { kind, run, sequence, time_ns: ns(elapsed), payload }.encode(out);
    }

    /// Composes the next datagram of data, if it is due. Takes the time itself, because time passes
    /// while a batch is composed.
    fn compose_data(&mut self, out: &mut Vec<u8>) -> bool {
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(self.began);
        if self.sent.sent >= self.planned || elapsed >= self.span + CATCH_UP {
            self.end(now);
            return false;
        }
        if now < self.batch_at {
            return false;
        }
        if !self.pacer.take(ns(elapsed)) {
            self.batch_at = now + BATCH_WAIT;
            return false;
        }
        let kind = match self.content.load(&mut self.payload) {
            Ok(kind) => kind,
            Err(error) => {
                self.fault = Some(error.into());
                self.end(now);
                return false;
            }
        };
        self.datagram(kind, elapsed, out);
        self.last = elapsed;
        if self.sent.sent == 0 {
            self.first_bytes = out.len() as u64;
        }
        self.sent.sent += 1;
        self.sent.bytes += out.len() as u64;
        true
    }

    fn end(&mut self, now: Instant) {
        self.state = State::Ending { left: ENDS, at: now };
    }

    fn compose_end(&mut self, now: Instant, left: u32, out: &mut Vec<u8>) {
        let (kind, ended) = self.content.end(&mut self.payload);
        if let Err(error) = ended {
            self.fault.get_or_insert(error.into());
        }
        self.datagram(kind, now.saturating_duration_since(self.began), out);
        self.state = State::Ending { left: left - 1, at: now + END_WAIT };
    }

    fn finish(&mut self) {
        let mut sent = self.sent.clone();
        sent.elapsed = self.last;
        sent.file = self.content.report();
        let bits = u128::from(sent.bytes - self.first_bytes) * 8_000_000_000;
        let rate = bits.checked_div(sent.elapsed.as_nanos()).unwrap_or(0);
        sent.bits_per_second = u64::try_from(rate).unwrap_or(u64::MAX);
        let outcome = self.fault.take().map_or(Ok(sent), Err);
        self.outcome.borrow_mut().get_or_insert(outcome);
    }
}

impl DatagramHandler for Sending {
    /// No answer is expected.
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
                self.compose_end(now, left, out);
                true
            }
        }
    }

    /// A closed port may be opened later, and a lack of buffers is temporary: neither ends the run.
    fn failed(&mut self, error: io::Error) {
        let is_temporary = error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error());
        if error.kind() == ErrorKind::ConnectionRefused {
            // The ends are refused, too, and are not counted as sent.
            self.sent.refused = self.sent.sent.min(self.sent.refused + 1);
        } else if !is_temporary {
            self.give_up(Error::Io("sending", error));
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
            self.end(Instant::now());
        }
    }

    fn give_up(&mut self, why: Error) {
        self.outcome.borrow_mut().get_or_insert(Err(why));
    }
}
