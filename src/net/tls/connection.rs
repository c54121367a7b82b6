//! An established connection under TLS, of either side.
//!
//! The two sides are of two libraries' types over the same library below: see
//! [`ServerTls`](super::ServerTls).

use crate::net::stream::Sealed;
use native_tls::TlsStream;
use openssl::ssl::{ErrorCode, SslStream};
use std::io::{self, Read, Write};

/// Turns bytes into records and back.
pub(in crate::net) enum TlsConnection {
    /// We are the client.
    Client(TlsStream<Sealed>),
    /// We are the server.
    Server(SslStream<Sealed>),
}

impl TlsConnection {
    /// What the records go through.
    pub(in crate::net) fn get_ref(&self) -> &Sealed {
        match self {
            TlsConnection::Client(tls) => tls.get_ref(),
            TlsConnection::Server(tls) => tls.get_ref(),
        }
    }

    /// The same, to be changed.
    pub(in crate::net) fn get_mut(&mut self) -> &mut Sealed {
        match self {
            TlsConnection::Client(tls) => tls.get_mut(),
            TlsConnection::Server(tls) => tls.get_mut(),
        }
    }

    /// Says close_notify.
    ///
    /// # Errors
    /// Those of the socket and the library.
    pub(in crate::net) fn shutdown(&mut self) -> io::Result<()> {
        match self {
            TlsConnection::Client(tls) => tls.shutdown(),
            TlsConnection::Server(tls) => match tls.shutdown() {
                Ok(_) => Ok(()),
                // The peer has said it, too.
                Err(error) if error.code() == ErrorCode::ZERO_RETURN => Ok(()),
                Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
            },
        }
    }
}

impl Read for TlsConnection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            TlsConnection::Client(tls) => tls.read(buffer),
            TlsConnection::Server(tls) => tls.read(buffer),
        }
    }
}

impl Write for TlsConnection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            TlsConnection::Client(tls) => tls.write(bytes),
            TlsConnection::Server(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            TlsConnection::Client(tls) => tls.flush(),
            TlsConnection::Server(tls) => tls.flush(),
        }
    }
}
