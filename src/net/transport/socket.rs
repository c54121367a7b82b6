//! A socket and its readiness, for edge-triggered events.
//!
//! Specification: RFC 9293 (TCP).

use super::rate::Share;
use mio::net::TcpStream;
use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;

/// What the kernel last said about a socket: true until it says `WouldBlock`.
#[derive(Debug, Default)]
pub struct Ready {
    /// There may be bytes to read, or the end.
    pub readable: Cell<bool>,
    /// There may be room to write.
    pub writable: Cell<bool>,
    /// The peer has ended its half, or all: it was said once and stays so.
    pub closed: Cell<bool>,
    /// The part in a limit on bytes a second, where there is one.
    pub(crate) share: Share,
}

impl Ready {
    /// So many bytes may be moved; the kernel is asked anew in which direction.
    pub(crate) fn resume(&self, granted: usize) {
        self.share.resume(granted);
        self.readable.set(true);
        self.writable.set(true);
    }
}

/// A socket that notes which direction blocked.
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
        let did = note(|| self.inner.read(&mut buffer[..len]), &self.ready.readable);
        did.inspect(|count| self.ready.share.moved(*count))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(len) = self.ready.share.allowed(bytes.len()) else {
            return held_back(&self.ready.writable);
        };
        let did = note(|| self.inner.write(&bytes[..len]), &self.ready.writable);
        did.inspect(|count| self.ready.share.moved(*count))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The answer of a socket that may move no bytes now, because of a limit on bytes a second.
fn held_back(flag: &Cell<bool>) -> io::Result<usize> {
    flag.set(false);
    Err(io::ErrorKind::WouldBlock.into())
}

/// Calls `act`, again after a signal, and notes whether the call blocked. A handshake asks the
/// socket without waiting for an event: after a call that moved bytes there may be more, and no
/// event tells of bytes that were read ahead.
pub(super) fn note(
    mut act: impl FnMut() -> io::Result<usize>,
    flag: &Cell<bool>,
) -> io::Result<usize> {
    let mut did = act();
    while matches!(&did, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
        did = act();
    }
    match &did {
        Ok(_) => flag.set(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => flag.set(false),
        Err(_) => {}
    }
    did
}
