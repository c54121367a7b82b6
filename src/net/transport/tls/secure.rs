//! An established TLS stream: reads and writes many records in one call, and detects truncation.
//!
//! TLS ends with the alert close_notify (RFC 8446 §6.1). Without it an attacker could truncate a
//! message unnoticed, so the end of the connection without close_notify is `UnexpectedEof` with
//! [`Fault::Truncated`] inside.

use super::connection::TlsConnection;
use super::fault::Fault;
use super::sealed::Sealed;
use crate::text::PeerText;
use std::io::{self, ErrorKind, Read, Write};

pub(crate) struct Secure {
    tls: TlsConnection,
    /// An error that followed bytes which were returned first.
    deferred: Option<io::Error>,
    /// close_notify was sent.
    closing: bool,
}

impl Secure {
    pub(super) fn new(mut tls: TlsConnection) -> Secure {
        tls.get_mut().begin_to_gather();
        Secure { tls, deferred: None, closing: false }
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

    /// Fills the buffer as far as records are available.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.deferred.take() {
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
        self.write_pending();
        match end {
            Err(error) if filled == 0 => Err(error),
            Err(error) => {
                // After `WouldBlock` the readiness flag is already right.
                self.deferred = Some(error).filter(|error| error.kind() != ErrorKind::WouldBlock);
                Ok(filled)
            }
            Ok(()) => Ok(filled),
        }
    }

    /// Reads from one record. Without close_notify the library reports the end as an error or, in
    /// some versions, as a normal end.
    fn read_record(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.tls.read(buffer);
        let ended = self.tls.get_ref().has_ended();
        match result {
            Ok(count) if count > 0 || !ended => Ok(count),
            Ok(_) => Err(io::Error::new(ErrorKind::UnexpectedEof, Fault::Truncated)),
            Err(error) if error.kind() == ErrorKind::Other && ended => {
                Err(io::Error::new(ErrorKind::UnexpectedEof, Fault::Truncated))
            }
            Err(error) => Err(map_error(error)),
        }
    }

    /// Writes records that the library made while reading (key updates, alerts). An error is
    /// ignored here, because the next write gets the same one.
    fn write_pending(&mut self) {
        let _ = self.sealed().drain();
    }

    /// Turns bytes into records as far as they fit, and writes them.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.sealed().accepts_record() {
            self.sealed().drain()?;
        }
        let mut taken = 0;
        while taken < bytes.len() && self.sealed().accepts_record() {
            taken += self.tls.write(&bytes[taken..]).map_err(map_error)?;
        }
        match self.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            Ok(()) | Err(_) => Ok(taken),
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.sealed().drain()
    }

    /// Sends close_notify once, and writes the unsent records.
    pub(crate) fn send_close_notify(&mut self) -> io::Result<()> {
        if !self.closing {
            self.closing = true;
            self.tls.shutdown()?;
        }
        self.flush()
    }
}

/// Maps an error of the library to a [`Fault`].
fn map_error(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::Other => io::Error::other(Fault::of_text(&error.to_string(), None)),
        _ => error,
    }
}
