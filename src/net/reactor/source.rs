//! A source of connections: adds connections to a reactor while it runs.
//!
//! ```text
//!   turn ─▶ connect ─▶ attempt … writable ─▶ connected(socket | error) ─▶ turn ─▶ add ─▶ …
//!              └─────────▶ abandon, where another attempt was faster
//! ```
//!
//! A server's connections come by its listeners. A client that knows its connections beforehand
//! [opens](Reactor::open) them. A client that learns from its connections which others it needs,
//! as that of HTTP does, is a [`ConnectionSource`].

use super::{BOTH, GENERATION_MASK, Reactor};
use crate::net::transport::{Error, endpoint};
use mio::Token;
use mio::net::TcpStream;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Instant;

/// Names an attempt or a connection, for as long as it lives.
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

/// Makes connections while a reactor runs, and says when all is done.
pub trait ConnectionSource {
    /// Its turn: after every round of events, and when its deadline has come.
    fn turn(&mut self, reactor: &mut Reactor, now: Instant);

    /// An attempt has ended: here is its socket, or why there is none.
    fn connected(&mut self, attempt: Handle, outcome: io::Result<TcpStream>);

    /// When it wants a turn even if nothing happens.
    fn deadline(&self) -> Option<Instant>;

    /// Whether nothing is left to do; connections may still be open.
    fn is_done(&self) -> bool;

    /// Time is over, or we were asked to stop: what has not begun never will. Connections are told
    /// themselves.
    fn give_up(&mut self, why: &dyn Fn() -> Error);
}

impl Reactor {
    /// Sets the source of further connections.
    pub fn set_source(&mut self, source: Box<dyn ConnectionSource>) {
        self.source = Some(source);
    }

    /// Begins to connect to one address; the source is told how it ended.
    ///
    /// # Errors
    /// Those of the system that come at once.
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

    /// Drops an attempt; nothing is heard of it any more.
    pub fn abandon(&mut self, attempt: Handle) {
        drop(self.take_attempt(attempt));
    }

    /// Drives a connection that did not ask for it: there is work for it.
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
        // An error means that it is not registered, which is what is wanted.
        let _ = self.poll.registry().deregister(&mut socket);
        self.release(attempt.index);
        Some(socket)
    }

    /// Something happened to an attempt.
    pub(super) fn note_attempt(&mut self, attempt: Handle) {
        let Some(socket) = &self.slots[attempt.index].attempt else { return };
        let failed = match socket.take_error() {
            Ok(None) => match socket.peer_addr() {
                Ok(_) => None,
                // Not yet: the event was about something else.
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

    pub(super) fn turn_of_source(&mut self) {
        if let Some(mut source) = self.source.take() {
            source.turn(self, Instant::now());
            self.source = Some(source);
        }
    }

    /// Nothing is opened any more.
    pub(super) fn give_up_opening(&mut self, why: &dyn Fn() -> Error) {
        if let Some(source) = &mut self.source {
            source.give_up(why);
        }
        self.give_up_requests(why);
    }
}
