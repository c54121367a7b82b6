//! A socket and its readiness, for edge-triggered events.
//!
//! Specification: RFC 9293 (TCP).

use super::rate::Share;
use mio::net::TcpStream;
use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;

/// The readiness of a socket: a flag is set by an event, and cleared when a call returns
/// `WouldBlock`.
#[derive(Debug, Default)]
pub struct Ready {
    /// There may be bytes to read, or the end of input.
    pub readable: Cell<bool>,
    /// A write may not block.
    pub writable: Cell<bool>,
    /// The peer has ended its half, or the connection. Never cleared.
    pub closed: Cell<bool>,
    /// The connection's share of the rate limit, if there is one.
    pub(crate) share: Share,
}

impl Ready {
    /// Grants `granted` bytes. Both directions are marked ready, because it is not known which one
    /// waited.
    pub(crate) fn resume(&self, granted: usize) {
        self.share.resume(granted);
        self.readable.set(true);
        self.writable.set(true);
    }
}

/// A socket that records which direction blocked.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(super) inner: TcpStream,
    pub(super) ready: Rc<Ready>,
}

impl Socket {
    pub(super) fn new(inner: TcpStream, ready: Rc<Ready>) -> Socket {
        Socket { inner, ready }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(len) = self.ready.share.allowed(buffer.len()) else {
            return held_back(&self.ready.readable);
        };
        let result = note(|| self.inner.read(&mut buffer[..len]), &self.ready.readable);
        result.inspect(|count| self.ready.share.moved(*count))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(len) = self.ready.share.allowed(bytes.len()) else {
            return held_back(&self.ready.writable);
        };
        let result = note(|| self.inner.write(&bytes[..len]), &self.ready.writable);
        result.inspect(|count| self.ready.share.moved(*count))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `WouldBlock`, because the rate limit allows no bytes now.
fn held_back(flag: &Cell<bool>) -> io::Result<usize> {
    flag.set(false);
    Err(io::ErrorKind::WouldBlock.into())
}

/// Calls `act`, again after EINTR, and records whether the call blocked. A call that moved bytes
/// sets the flag: a handshake calls without waiting for an event, more bytes may follow, and no
/// event reports them if they arrived before.
pub(super) fn note(
    mut act: impl FnMut() -> io::Result<usize>,
    flag: &Cell<bool>,
) -> io::Result<usize> {
    let mut result = act();
    while matches!(&result, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
        result = act();
    }
    match &result {
        Ok(_) => flag.set(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => flag.set(false),
        Err(_) => {}
    }
    result
}
