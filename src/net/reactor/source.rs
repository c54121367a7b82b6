//! A source of connections: adds connections to a running reactor.
//!
//! ```text
//!   turn ─▶ connect ─▶ attempt … writable ─▶ connected(socket | error) ─▶ turn ─▶ add ─▶ …
//!              └─────────▶ abandon, if another attempt was faster
//! ```
//!
//! A server gets its connections from listeners. A client that knows its connections beforehand
//! [opens](Reactor::open) them. A client whose connections decide which others are needed, such as
//! the HTTP client, is a [`ConnectionSource`].

use super::{BOTH, GENERATION_MASK, Reactor};
use crate::net::transport::{Error, endpoint};
use mio::Token;
use mio::net::TcpStream;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Instant;

/// Identifies an attempt or a connection as long as it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle {
    pub(super) index: usize,
    pub(super) generation: u32,
}

impl Handle {
    pub(super) fn token(self) -> Token {
        Token(((self.generation & GENERATION_MASK) as usize) << 32 | self.index)
    }
}

/// Makes connections while a reactor runs, and decides when the run ends.
pub trait ConnectionSource {
    /// Called after every round of events, and when the deadline has passed.
    fn turn(&mut self, reactor: &mut Reactor, now: Instant);

    /// An attempt has ended, with a connected socket or an error.
    fn connected(&mut self, attempt: Handle, outcome: io::Result<TcpStream>);

    /// When [`turn`](ConnectionSource::turn) is to be called if no event comes before.
    fn deadline(&self) -> Option<Instant>;

    /// Whether the run may end. Connections may still be open.
    fn is_done(&self) -> bool;

    /// The reactor stops, or its deadline has passed: the source must begin nothing new. The
    /// reactor ends the connections itself.
    fn give_up(&mut self, why: &dyn Fn() -> Error);
}

impl Reactor {
    /// Sets the source of further connections.
    pub fn set_source(&mut self, source: Box<dyn ConnectionSource>) {
        self.source = Some(source);
    }

    /// Begins to connect to one address. The outcome is passed to [`ConnectionSource::connected`].
    ///
    /// # Errors
    /// Those of the system that are reported at once.
    pub fn connect(&mut self, address: SocketAddr) -> io::Result<Handle> {
        let mut socket = endpoint::begin_connect(address, self.limits.rate())?;
        let handle = self.reserve();
        if let Err(error) = self.poll.registry().register(&mut socket, handle.token(), BOTH) {
            self.release(handle.index);
            return Err(error);
        }
        self.slots[handle.index].attempt = Some(socket);
        Ok(handle)
    }

    /// Drops an attempt. Its outcome is not reported.
    pub fn abandon(&mut self, attempt: Handle) {
        drop(self.take_attempt(attempt));
    }

    /// Drives a connection that has no event, because there is work for it.
    pub fn wake(&mut self, connection: Handle) {
        let slot = self.slots.get(connection.index);
        if slot.is_some_and(|slot| slot.generation == connection.generation) {
            self.enqueue(connection.index);
        }
    }

    fn take_attempt(&mut self, attempt: Handle) -> Option<TcpStream> {
        let slot = self.slots.get_mut(attempt.index)?;
        if slot.generation != attempt.generation {
            return None;
        }
        let mut socket = slot.attempt.take()?;
        // An error means that the socket is not registered, as intended.
        let _ = self.poll.registry().deregister(&mut socket);
        self.release(attempt.index);
        Some(socket)
    }

    /// Acts on an event of an attempt.
    pub(super) fn note_attempt(&mut self, attempt: Handle) {
        let Some(socket) = &self.slots[attempt.index].attempt else { return };
        let failed = match socket.take_error() {
            Ok(None) => match socket.peer_addr() {
                Ok(_) => None,
                // Still connecting: the event had another cause.
                Err(error) if error.kind() == ErrorKind::NotConnected => return,
                Err(error) => Some(error),
            },
            Ok(Some(error)) | Err(error) => Some(error),
        };
        let Some(socket) = self.take_attempt(attempt) else { return };
        let outcome = match failed {
            Some(error) => Err(error),
            None => endpoint::tune(&socket).map(|()| socket),
        };
        let Some(outcome) = self.requests.ended(attempt, outcome) else { return };
        if let Some(source) = &mut self.source {
            source.connected(attempt, outcome);
        }
    }

    pub(super) fn drive_source(&mut self) {
        if let Some(mut source) = self.source.take() {
            source.turn(self, Instant::now());
            self.source = Some(source);
        }
    }

    /// Ends all pending requests, and tells the source to begin nothing new.
    pub(super) fn give_up_opening(&mut self, why: &dyn Fn() -> Error) {
        if let Some(source) = &mut self.source {
            source.give_up(why);
        }
        self.give_up_requests(why);
    }
}
