//! UDP sockets of the reactor, beside its connections.
//!
//! ```text
//!   event ─▶ readable ─▶ recv … up to a batch ─▶ receive ─▶ an answer? ─▶ send_to
//!            writable ─▶ compose … up to a batch ─▶ send        └ no room: it is lost
//!   deadline ─▶ compose
//! ```
//!
//! Specification: RFC 768. A datagram has no connection, so it has no slot and no session: a
//! [`DatagramHandler`] is given each one whole, with its sender. Readiness is edge-triggered here
//! as well: a socket whose batch ended before `WouldBlock` is remembered.

use super::Reactor;
use super::accept::LISTENERS_MAX;
use crate::net::connection::Tap;
use crate::net::transport::Error;
use mio::net::UdpSocket;
use mio::{Registry, Token};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const UDP_SOCKETS_MAX: usize = 16;

/// Letter boxes take the tokens from here down.
pub(super) const UDP_TOKENS_END: usize = super::LISTENERS_END - LISTENERS_MAX;

/// How many datagrams are received, and how many sent, before others have their turn.
const BATCH: usize = 256;

/// The greatest datagram there is, in bytes.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// A wait shorter than this is slept through: poll(2) counts in milliseconds, and a sender that
/// keeps a pace has to be woken more often than that.
const NAP_MAX: Duration = Duration::from_millis(1);

/// What a socket of datagrams is there for.
pub trait DatagramHandler {
    /// A datagram came. What it lays into `answer`, which is empty, goes back to `from`; nothing
    /// laid there is no answer.
    fn receive(&mut self, datagram: &[u8], from: SocketAddr, now: Instant, answer: &mut Vec<u8>);

    /// Its turn: after what came, and when its deadline has passed. Lays a datagram of its own into
    /// `out`, which goes to the peer of the connected socket, and says whether it did; it is asked
    /// again until it did not.
    fn compose(&mut self, now: Instant, out: &mut Vec<u8>) -> bool;

    /// The system told of a datagram that was not delivered: this one, or one sent before.
    fn failed(&mut self, error: io::Error);

    /// When it wants a turn even if nothing comes.
    fn deadline(&self) -> Option<Instant>;

    /// Whether it has done; nothing is received for it any more.
    fn is_done(&self) -> bool;

    /// It is asked to stop.
    fn wind_down(&mut self);

    /// Time is over: it has done.
    fn give_up(&mut self, why: Error);
}

struct UdpSocketEntry {
    socket: UdpSocket,
    handler: Box<dyn DatagramHandler>,
    tap: Option<Box<dyn Tap>>,
    readable: bool,
    writable: bool,
    /// A datagram that was composed.
    out: Vec<u8>,
    /// It did not fit into the socket yet.
    is_waiting: bool,
}

impl UdpSocketEntry {
    /// Whether there is something to do now that needs no event.
    fn is_ready(&self, now: Instant) -> bool {
        let is_due = self.writable && self.handler.deadline().is_some_and(|at| at <= now);
        !self.handler.is_done() && (self.readable || is_due)
    }

    fn drive(&mut self, room: &mut [u8], now: Instant) {
        let mut left = BATCH;
        while self.readable && left > 0 && !self.handler.is_done() {
            self.receive_one(room);
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

    fn receive_one(&mut self, room: &mut [u8]) {
        match self.socket.recv_from(room) {
            Ok((len, from)) => {
                if let Some(tap) = &mut self.tap {
                    tap.received(&room[..len]);
                }
                let mut answer = Vec::new();
                self.handler.receive(&room[..len], from, Instant::now(), &mut answer);
                if !answer.is_empty() {
                    self.answer(&answer, from);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
            Err(error) => self.handler.failed(error),
        }
    }

    /// Without room in the socket the answer is lost, as any datagram may be.
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

    /// An error may be about a datagram sent before, and then this one did not leave: it is tried
    /// once more, and then lost.
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
    boxes: Vec<UdpSocketEntry>,
    /// Where a datagram is received.
    room: Vec<u8>,
}

impl UdpSockets {
    fn add(
        &mut self,
        registry: &Registry,
        mut socket: UdpSocket,
        handler: Box<dyn DatagramHandler>,
        tap: Option<Box<dyn Tap>>,
    ) -> io::Result<()> {
        // A socket that is done is closed when another one needs its place.
        while self.boxes.last().is_some_and(|entry| entry.handler.is_done()) {
            self.boxes.pop();
        }
        if self.boxes.len() >= UDP_SOCKETS_MAX {
            return Err(io::Error::other("too many sockets of datagrams"));
        }
        registry.register(&mut socket, Token(UDP_TOKENS_END - self.boxes.len()), super::BOTH)?;
        self.room.resize(DATAGRAM_BYTES_MAX, 0);
        let (readable, writable) = (true, true);
        let (out, is_waiting) = (Vec::new(), false);
        self.boxes.push(UdpSocketEntry {
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

    /// Whether a token is one of theirs.
    pub(super) fn has(token: usize) -> bool {
        token <= UDP_TOKENS_END && token > UDP_TOKENS_END - UDP_SOCKETS_MAX
    }

    pub(super) fn note(&mut self, token: usize, event: &mio::event::Event) {
        let Some(entry) = self.boxes.get_mut(UDP_TOKENS_END - token) else { return };
        entry.readable |= event.is_readable() || event.is_error();
        entry.writable |= event.is_writable() || event.is_error();
    }

    pub(super) fn are_open(&self) -> bool {
        self.boxes.iter().any(|entry| !entry.handler.is_done())
    }

    pub(super) fn drive(&mut self) {
        let now = Instant::now();
        self.boxes.iter_mut().for_each(|entry| entry.drive(&mut self.room, now));
    }

    /// When the soonest of them wants its turn.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let open = self.boxes.iter().filter(|entry| !entry.handler.is_done());
        let wanted = open.filter_map(|entry| match entry.is_ready(now) {
            true => Some(now),
            false if entry.writable => entry.handler.deadline(),
            false => None,
        });
        wanted.min()
    }

    /// Sleeps where the soonest turn is nearer than poll(2) can wait for; true if it did.
    pub(super) fn nap(&self, now: Instant) -> bool {
        let wait = self.deadline(now).map(|at| at.saturating_duration_since(now));
        let Some(wait) = wait.filter(|wait| *wait <= NAP_MAX) else { return false };
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
        true
    }

    pub(super) fn wind_down(&mut self) {
        self.boxes.iter_mut().for_each(|entry| entry.handler.wind_down());
    }

    pub(super) fn give_up(&mut self, why: impl Fn() -> Error) {
        let open = self.boxes.iter_mut().filter(|entry| !entry.handler.is_done());
        open.for_each(|entry| entry.handler.give_up(why()));
    }
}

impl Reactor {
    /// Receives datagrams from a socket and sends those of `handler`. A handler that composes needs
    /// a socket that is connected. It runs until the handler is done, whatever else is running.
    ///
    /// # Errors
    /// Those of the system.
    pub fn add_udp(
        &mut self,
        socket: UdpSocket,
        handler: Box<dyn DatagramHandler>,
        tap: Option<Box<dyn Tap>>,
    ) -> io::Result<()> {
        self.udp_sockets.add(self.poll.registry(), socket, handler, tap)
    }
}
