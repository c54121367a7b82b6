//! An established connection under TLS, of either side.

use super::client::NamedTls;
use super::session::remarks;
use crate::net::stream::Sealed;
use crate::text::PeerText;
use openssl::ssl::{ErrorCode, SslStream};
use std::io::{self, Read, Write};

/// Turns bytes into records and back.
pub(in crate::net) struct TlsConnection {
    stream: SslStream<Sealed>,
    /// What a client asked for; `None` at a server.
    to: Option<NamedTls>,
}

impl TlsConnection {
    /// After the handshake.
    pub(super) fn new(stream: SslStream<Sealed>, to: Option<NamedTls>) -> TlsConnection {
        TlsConnection { stream, to }
    }

    /// What the records go through.
    pub(in crate::net) fn get_ref(&self) -> &Sealed {
        self.stream.get_ref()
    }

    /// The same, to be changed.
    pub(in crate::net) fn get_mut(&mut self) -> &mut Sealed {
        self.stream.get_mut()
    }

    /// What the handshake agreed on, in lines for people.
    pub(in crate::net) fn remarks(&self) -> Vec<PeerText<'static>> {
        remarks(self.stream.ssl(), self.to.as_ref())
    }

    /// Says close_notify.
    ///
    /// # Errors
    /// Those of the socket and the library.
    pub(in crate::net) fn shutdown(&mut self) -> io::Result<()> {
        match self.stream.shutdown() {
            Ok(_) => Ok(()),
            // The peer has said it, too.
            Err(error) if error.code() == ErrorCode::ZERO_RETURN => Ok(()),
            Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
        }
    }
}

impl Read for TlsConnection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for TlsConnection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
