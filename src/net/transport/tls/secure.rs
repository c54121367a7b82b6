//! A stream under TLS: many records for each call, and an end that is told from a break.
//!
//! TLS has an end of its own, the alert close_notify (RFC 8446 §6.1). Without it whoever stands
//! between could cut a message short and nobody would notice; so the bare end of the connection is
//! `UnexpectedEof` here, with [`Fault::Truncated`] in it.

use super::connection::TlsConnection;
use super::fault::Fault;
use super::sealed::Sealed;
use crate::text::PeerText;
use std::io::{self, ErrorKind, Read, Write};

pub(crate) struct Secure {
    tls: TlsConnection,
    /// An error that came behind bytes which were given first.
    met: Option<io::Error>,
    /// We have said close_notify.
    closing: bool,
}

impl Secure {
    pub(super) fn new(mut tls: TlsConnection) -> Secure {
        tls.get_mut().begin_to_gather();
        Secure { tls, met: None, closing: false }
    }

    pub(crate) fn sealed(&mut self) -> &mut Sealed {
        self.tls.get_mut()
    }

    pub(crate) fn remarks(&self) -> Vec<PeerText<'static>> {
        self.tls.remarks()
    }

    pub(crate) fn unsent(&self) -> usize {
        self.tls.get_ref().unsent()
    }

    /// Fills the buffer as far as there are records.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.met.take() {
            return Err(error);
        }
        self.sealed().set_ahead(buffer.len());
        let mut filled = 0;
        let end = loop {
            match self.read_record(&mut buffer[filled..]) {
                Ok(0) => break Ok(()),
                Ok(count) => filled += count,
                Err(error) => break Err(error),
            }
            if filled == buffer.len() {
                break Ok(());
            }
        };
        self.answer();
        match end {
            Err(error) if filled == 0 => Err(error),
            Err(error) => {
                // The flag says already that there is nothing more, or that there is.
                self.met = Some(error).filter(|error| error.kind() != ErrorKind::WouldBlock);
                Ok(filled)
            }
            Ok(()) => Ok(filled),
        }
    }

    /// Reads from one record. The library tells the bare end of the connection as an error or, some
    /// versions of it, as an end like any other.
    fn read_record(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let did = self.tls.read(buffer);
        let ended = self.tls.get_ref().has_ended();
        match did {
            Ok(count) if count > 0 || !ended => Ok(count),
            Ok(_) => Err(io::Error::new(ErrorKind::UnexpectedEof, Fault::Truncated)),
            Err(error) if error.kind() == ErrorKind::Other && ended => {
                Err(io::Error::new(ErrorKind::UnexpectedEof, Fault::Truncated))
            }
            Err(error) => Err(told(error)),
        }
    }

    /// What the library had to say to what it read (new keys, an alert) goes out. Where it cannot
    /// it stays unsent, and the next write meets the same error.
    fn answer(&mut self) {
        let _ = self.sealed().drain();
    }

    /// Turns bytes into as many records as there is room for, and writes them.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.sealed().has_room() {
            self.sealed().drain()?;
        }
        let mut taken = 0;
        while taken < bytes.len() && self.sealed().has_room() {
            taken += self.tls.write(&bytes[taken..]).map_err(told)?;
        }
        match self.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            Ok(()) | Err(_) => Ok(taken),
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.sealed().drain()
    }

    /// Says close_notify, once, and writes what is left.
    pub(crate) fn say_close(&mut self) -> io::Result<()> {
        if !self.closing {
            self.closing = true;
            self.tls.shutdown()?;
        }
        self.flush()
    }
}

/// An error with our words where the library has only its own.
fn told(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::Other => io::Error::other(Fault::of_text(&error.to_string(), None)),
        _ => error,
    }
}
