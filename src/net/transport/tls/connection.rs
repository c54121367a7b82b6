//! An established TLS connection, of a client or a server.
//!
//! The two sides have types of two crates over the same library: see
//! [`ServerTls`](super::ServerTls).

use super::client::NamedTls;
use super::sealed::Sealed;
use super::session;
use crate::text::PeerText;
use native_tls::TlsStream;
use openssl::ssl::{ErrorCode, SslStream};
use std::io::{self, Read, Write};

/// Encrypts and decrypts records.
pub(super) enum TlsConnection {
    /// The client's side, with the server that was asked for.
    Client(TlsStream<Sealed>, NamedTls),
    /// The server's side.
    Server(SslStream<Sealed>),
}

impl TlsConnection {
    /// The buffered socket below.
    pub(super) fn get_ref(&self) -> &Sealed {
        match self {
            TlsConnection::Client(tls, _) => tls.get_ref(),
            TlsConnection::Server(tls) => tls.get_ref(),
        }
    }

    /// The buffered socket below.
    pub(super) fn get_mut(&mut self) -> &mut Sealed {
        match self {
            TlsConnection::Client(tls, _) => tls.get_mut(),
            TlsConnection::Server(tls) => tls.get_mut(),
        }
    }

    /// What the handshake negotiated, in lines for people.
    pub(super) fn remarks(&self) -> Vec<PeerText<'static>> {
        let hello = self.get_ref().server_hello();
        match self {
            TlsConnection::Client(tls, to) => session::of_client(hello, tls, to),
            TlsConnection::Server(tls) => session::of_server(hello, tls.ssl()),
        }
    }

    /// Sends close_notify.
    ///
    /// # Errors
    /// Those of the socket and the library.
    pub(super) fn shutdown(&mut self) -> io::Result<()> {
        match self {
            TlsConnection::Client(tls, _) => tls.shutdown(),
            TlsConnection::Server(tls) => match tls.shutdown() {
                Ok(_) => Ok(()),
                // The peer has sent close_notify as well.
                Err(error) if error.code() == ErrorCode::ZERO_RETURN => Ok(()),
                Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
            },
        }
    }
}

impl Read for TlsConnection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            TlsConnection::Client(tls, _) => tls.read(buffer),
            TlsConnection::Server(tls) => tls.read(buffer),
        }
    }
}

impl Write for TlsConnection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            TlsConnection::Client(tls, _) => tls.write(bytes),
            TlsConnection::Server(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            TlsConnection::Client(tls, _) => tls.flush(),
            TlsConnection::Server(tls) => tls.flush(),
        }
    }
}
