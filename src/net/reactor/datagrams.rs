//! The UDP sockets of the reactor.
//!
//! ```text
//!   event ─▶ readable ─▶ recv … up to a batch ─▶ receive ─▶ an answer? ─▶ send_to
//!            writable ─▶ compose … up to a batch ─▶ send        └ EAGAIN: dropped
//!   deadline ─▶ compose
//! ```
//!
//! Specification: RFC 768. UDP has no connections, so there is no slot and no session: a
//! [`DatagramHandler`] receives each datagram with its sender's address. Readiness is
//! edge-triggered here as well: a socket whose batch ended before `WouldBlock` stays marked as
//! ready.

use super::Reactor;
use super::accept::LISTENERS_MAX;
use crate::net::connection::Tap;
use crate::net::transport::Error;
use mio::net::UdpSocket;
use mio::{Registry, Token};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How many UDP sockets a reactor holds, at most.
const UDP_SOCKETS_MAX: usize = 16;

/// UDP sockets take the tokens from here down.
pub(super) const UDP_TOKENS_END: usize = super::LISTENERS_END - LISTENERS_MAX;

/// How many datagrams of one socket are received, and how many sent, before other sockets are
/// driven.
const BATCH: usize = 256;

/// Length of the receive buffer, in bytes: no datagram is longer (RFC 768, a length of 16 bits).
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// A wait of at most this length is slept instead of polled: poll(2) counts in milliseconds, and a
/// paced sender has to be woken more often than that.
const NAP_MAX: Duration = Duration::from_millis(1);

/// Handles the datagrams of one UDP socket.
pub trait DatagramHandler {
    /// A datagram was received. `answer` is empty; if the handler writes a datagram into it, that
    /// is sent back to `from`.
    fn receive(&mut self, datagram: &[u8], from: SocketAddr, now: Instant, answer: &mut Vec<u8>);

    /// Called after datagrams were received, and when the deadline has passed. Writes a datagram
    /// for the peer of the connected socket into `out` and returns true, or returns false. Called
    /// again until it returns false or the socket blocks.
    fn compose(&mut self, now: Instant, out: &mut Vec<u8>) -> bool;

    /// The system reported an error: of the last call, or of a datagram sent before (ICMP).
    fn failed(&mut self, error: io::Error);

    /// When [`compose`](DatagramHandler::compose) is to be called if nothing is received before.
    fn deadline(&self) -> Option<Instant>;

    /// Whether the handler has finished. Then no more datagrams are received or composed.
    fn is_done(&self) -> bool;

    /// The reactor was asked to stop.
    fn wind_down(&mut self);

    /// The deadline of the reactor has passed, or the grace period after a stop: the handler must
    /// finish now.
    fn give_up(&mut self, why: Error);
}

struct UdpSocketEntry {
    socket: UdpSocket,
    handler: Box<dyn DatagramHandler>,
    tap: Option<Box<dyn Tap>>,
    readable: bool,
    writable: bool,
    /// The datagram that was composed last.
    out: Vec<u8>,
    /// `out` is still to be sent, because the socket blocked.
    is_waiting: bool,
}

impl UdpSocketEntry {
    /// Whether there is work that needs no event.
    fn is_ready(&self, now: Instant) -> bool {
        let is_due = self.writable && self.handler.deadline().is_some_and(|at| at <= now);
        !self.handler.is_done() && (self.readable || is_due)
    }

    fn drive(&mut self, scratch: &mut [u8], now: Instant) {
        let mut left = BATCH;
        while self.readable && left > 0 && !self.handler.is_done() {
            self.receive_one(scratch);
            left -= 1;
        }
        left = BATCH;
        while self.writable && left > 0 && !self.handler.is_done() {
            if !self.is_waiting && !self.handler.compose(now, &mut self.out) {
                return;
            }
            self.send_one();
            left -= 1;
        }
    }

    fn receive_one(&mut self, scratch: &mut [u8]) {
        match self.socket.recv_from(scratch) {
            Ok((len, from)) => {
                if let Some(tap) = &mut self.tap {
                    tap.received(&scratch[..len]);
                }
                let mut answer = Vec::new();
                self.handler.receive(&scratch[..len], from, Instant::now(), &mut answer);
                if !answer.is_empty() {
                    self.answer(&answer, from);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
            Err(error) => self.handler.failed(error),
        }
    }

    /// If the socket blocks, the answer is dropped, as any datagram may be.
    fn answer(&mut self, answer: &[u8], to: SocketAddr) {
        match self.socket.send_to(answer, to) {
            Ok(_) => {
                if let Some(tap) = &mut self.tap {
                    tap.sent(answer);
                }
            }
            Err(error) => self.handler.failed(error),
        }
    }

    /// The kernel may report the error of an earlier datagram instead of sending this one, so this
    /// one is tried once more and then dropped.
    fn send_one(&mut self) {
        self.is_waiting = false;
        for _ in 0..2 {
            match self.socket.send(&self.out) {
                Ok(_) => {
                    if let Some(tap) = &mut self.tap {
                        tap.sent(&self.out);
                    }
                    return;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    (self.is_waiting, self.writable) = (true, false);
                    return;
                }
                Err(error) => self.handler.failed(error),
            }
        }
    }
}

/// The UDP sockets of a reactor.
#[derive(Default)]
pub(super) struct UdpSockets {
    entries: Vec<UdpSocketEntry>,
    /// The receive buffer.
    scratch: Vec<u8>,
}

impl UdpSockets {
    fn add(
        &mut self,
        registry: &Registry,
        mut socket: UdpSocket,
        handler: Box<dyn DatagramHandler>,
        tap: Option<Box<dyn Tap>>,
    ) -> io::Result<()> {
        // Tokens follow positions, so only entries at the end can be removed.
        while self.entries.last().is_some_and(|entry| entry.handler.is_done()) {
            self.entries.pop();
        }
        if self.entries.len() >= UDP_SOCKETS_MAX {
            return Err(io::Error::other("too many UDP sockets"));
        }
        registry.register(&mut socket, Token(UDP_TOKENS_END - self.entries.len()), super::BOTH)?;
        self.scratch.resize(DATAGRAM_BYTES_MAX, 0);
        let (readable, writable) = (true, true);
        let (out, is_waiting) = (Vec::new(), false);
        self.entries.push(UdpSocketEntry {
            socket,
            handler,
            tap,
            readable,
            writable,
            out,
            is_waiting,
        });
        Ok(())
    }

    /// Whether a token is one of a UDP socket.
    pub(super) fn has(token: usize) -> bool {
        token <= UDP_TOKENS_END && token > UDP_TOKENS_END - UDP_SOCKETS_MAX
    }

    pub(super) fn note(&mut self, token: usize, event: &mio::event::Event) {
        let Some(entry) = self.entries.get_mut(UDP_TOKENS_END - token) else { return };
        entry.readable |= event.is_readable() || event.is_error();
        entry.writable |= event.is_writable() || event.is_error();
    }

    pub(super) fn are_open(&self) -> bool {
        self.entries.iter().any(|entry| !entry.handler.is_done())
    }

    pub(super) fn drive(&mut self) {
        let now = Instant::now();
        self.entries.iter_mut().for_each(|entry| entry.drive(&mut self.scratch, now));
    }

    /// The earliest deadline of a socket; `now` if one is ready.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let open = self.entries.iter().filter(|entry| !entry.handler.is_done());
        let wanted = open.filter_map(|entry| match entry.is_ready(now) {
            true => Some(now),
            false if entry.writable => entry.handler.deadline(),
            false => None,
        });
        wanted.min()
    }

    /// Sleeps until the earliest deadline if it is nearer than poll(2) can wait for. True if so;
    /// the reactor then polls without waiting.
    pub(super) fn nap(&self, now: Instant) -> bool {
        let wait = self.deadline(now).map(|at| at.saturating_duration_since(now));
        let Some(wait) = wait.filter(|wait| *wait <= NAP_MAX) else { return false };
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
        true
    }

    pub(super) fn wind_down(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.handler.wind_down());
    }

    pub(super) fn give_up(&mut self, why: impl Fn() -> Error) {
        let open = self.entries.iter_mut().filter(|entry| !entry.handler.is_done());
        open.for_each(|entry| entry.handler.give_up(why()));
    }
}

impl Reactor {
    /// Adds a UDP socket, whose datagrams `handler` receives and composes. A handler that composes
    /// needs a connected socket. The reactor runs at least until the handler is done.
    ///
    /// # Errors
    /// Those of registering the socket; an error if the reactor already has 16 UDP sockets.
    pub fn add_udp(
        &mut self,
        socket: UdpSocket,
        handler: Box<dyn DatagramHandler>,
        tap: Option<Box<dyn Tap>>,
    ) -> io::Result<()> {
        self.udp_sockets.add(self.poll.registry(), socket, handler, tap)
    }
}
