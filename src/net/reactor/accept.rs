//! The reactor's door: listeners, and those who come.
//!
//! ```text
//!   event ─▶ acceptable ─▶ accept … up to a batch ─▶ welcome ─▶ add
//!                └─ EMFILE: tried again with every close, and after a pause
//! ```

use super::{Guest, LISTENERS_END, Reactor};
use crate::net::endpoint;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Token};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(super) const LISTENERS_MAX: usize = 16;

/// How long accepting pauses when descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections are accepted before others have their turn.
const ACCEPT_BATCH: usize = 64;

/// What a listener does with those who come.
pub trait Welcome {
    /// Makes the stream and the conversation for a connection, or refuses it by giving none.
    fn welcome(&mut self, socket: TcpStream, peer: SocketAddr) -> Option<Guest>;
}

pub(super) struct Listener {
    pub(super) socket: TcpListener,
    welcome: Box<dyn Welcome>,
    /// More may be waiting: the kernel has not said otherwise.
    pub(super) acceptable: bool,
}

impl Reactor {
    /// Accepts connections from a socket.
    ///
    /// # Errors
    /// Those of the system.
    pub fn listen(&mut self, mut socket: TcpListener, welcome: Box<dyn Welcome>) -> io::Result<()> {
        if self.listeners.len() >= LISTENERS_MAX {
            return Err(io::Error::other("too many listeners"));
        }
        let token = Token(LISTENERS_END - self.listeners.len());
        self.poll.registry().register(&mut socket, token, Interest::READABLE)?;
        self.listeners.push(Listener { socket, welcome, acceptable: false });
        Ok(())
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
                if let Some(guest) = listener.welcome.welcome(socket, peer) {
                    // If it cannot be registered it is dropped, and with it the connection.
                    let _ = self.add(guest);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => listener.acceptable = false,
            Err(error) if endpoint::is_about_the_guest(&error) => {}
            // Out of descriptors or memory: the listener stays acceptable, and waits.
            Err(_) => self.accept_at = Some(Instant::now() + ACCEPT_PAUSE),
        }
    }
}
