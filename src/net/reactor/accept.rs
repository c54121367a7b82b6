//! Listeners: accepting connections, and refusing those over the limit.
//!
//! ```text
//!   event ─▶ acceptable ─▶ accept(2) … up to a batch ─▶ Accept::accept ─▶ add
//!                └─ EMFILE: retried with every close, and after a pause
//! ```
//!
//! A refused connection is driven until the peer was sent the reason. The number of these is
//! limited; the oldest is closed for the next.

use super::{LISTENERS_END, Reactor};
use crate::net::connection::NewConnection;
use crate::net::transport::endpoint;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Token};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How many listeners a reactor has, at most.
pub(super) const LISTENERS_MAX: usize = 16;

/// How long accepting pauses after EMFILE, ENFILE or a lack of memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections are accepted before others are driven.
const ACCEPT_BATCH: usize = 64;

/// What a listener does with a new connection.
pub enum Accepted {
    /// It is served here.
    Served(NewConnection),
    /// It is sent a refusal, and ends. Limited by [`Reactor::set_refused_max`].
    Refused(NewConnection),
    /// It was closed, or passed to another reactor.
    Gone,
}

impl From<NewConnection> for Accepted {
    fn from(new: NewConnection) -> Accepted {
        Accepted::Served(new)
    }
}

impl From<Option<NewConnection>> for Accepted {
    /// Served, or closed where there is none.
    fn from(new: Option<NewConnection>) -> Accepted {
        new.map_or(Accepted::Gone, Accepted::Served)
    }
}

/// Decides about new connections of a listener.
pub trait Accept {
    /// Makes the stream, the session and the application of a connection, or refuses it.
    fn accept(&mut self, socket: TcpStream, peer: SocketAddr) -> Accepted;
}

impl<F, W> Accept for F
where
    F: FnMut(TcpStream, SocketAddr) -> W,
    W: Into<Accepted>,
{
    fn accept(&mut self, socket: TcpStream, peer: SocketAddr) -> Accepted {
        self(socket, peer).into()
    }
}

pub(super) struct Listener {
    pub(super) socket: TcpListener,
    accept: Box<dyn Accept>,
    /// More connections may be waiting: accept(2) has not returned `WouldBlock`.
    pub(super) acceptable: bool,
}

impl Reactor {
    /// Accepts connections from a socket.
    ///
    /// # Errors
    /// Those of registering the socket; an error if the reactor already has 16 listeners.
    pub fn listen(&mut self, mut socket: TcpListener, accept: Box<dyn Accept>) -> io::Result<()> {
        if self.listeners.len() >= LISTENERS_MAX {
            return Err(io::Error::other("too many listeners"));
        }
        let token = Token(LISTENERS_END - self.listeners.len());
        self.poll.registry().register(&mut socket, token, Interest::READABLE)?;
        self.listeners.push(Listener { socket, accept, acceptable: false });
        Ok(())
    }

    /// Sets how many refused connections may be open at the same time; 0 by default, which closes
    /// each at once.
    pub fn set_refused_max(&mut self, max: usize) {
        self.refused_max = max;
    }

    fn add_refused(&mut self, new: NewConnection) {
        if self.refused.len() >= self.refused_max {
            let slots = &self.slots;
            self.refused.retain(|one| slots[one.index].generation == one.generation);
        }
        if self.refused.len() >= self.refused_max
            && let Some(first) = self.refused.pop_front()
        {
            self.flush_and_close(first.index);
        }
        if self.refused_max > 0
            && let Ok(handle) = self.add(new)
        {
            self.refused.push_back(handle);
        }
    }

    /// Writes the refusal as far as the socket accepts it now, then closes. No event may have
    /// reported the socket as writable yet.
    fn flush_and_close(&mut self, index: usize) {
        if let Some(connection) = &mut self.slots[index].connection {
            let ready = connection.stream().ready();
            ready.readable.set(true);
            ready.writable.set(true);
        }
        self.drive_one(index);
        self.close(index);
    }

    pub(super) fn may_accept(&self) -> bool {
        self.live < self.live_max && self.accept_at.is_none_or(|at| Instant::now() >= at)
    }

    pub(super) fn accept_all(&mut self) {
        for which in 0..self.listeners.len() {
            let mut left = ACCEPT_BATCH;
            while left > 0 && self.listeners[which].acceptable && self.may_accept() {
                self.accept_one(which);
                left -= 1;
            }
        }
    }

    fn accept_one(&mut self, which: usize) {
        let listener = &mut self.listeners[which];
        match listener.socket.accept() {
            Ok((socket, peer)) => {
                self.accept_at = None;
                // A connection that cannot be registered is dropped.
                match listener.accept.accept(socket, peer) {
                    Accepted::Served(new) => drop(self.add(new)),
                    Accepted::Refused(new) => self.add_refused(new),
                    Accepted::Gone => {}
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => listener.acceptable = false,
            Err(error) if endpoint::is_about_the_peer(&error) => {}
            // Out of descriptors or memory: the listener stays acceptable, and waits.
            Err(_) => self.accept_at = Some(Instant::now() + ACCEPT_PAUSE),
        }
    }
}
