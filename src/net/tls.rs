//! TLS by the platform's library, on both sides.
//!
//! Specification: RFC 8446. Certificates are always checked by clients, against the system's roots
//! or one given file.

use super::error::Error;
use super::stream::Socket;
use native_tls::{
    Certificate, HandshakeError, Identity, MidHandshakeTlsStream, TlsAcceptor, TlsConnector,
    TlsStream,
};
use std::os::unix::net::UnixStream;

/// The client's side: whom to trust, and which name the server has to show.
#[derive(Clone)]
pub struct ClientTls {
    connector: TlsConnector,
    name: String,
}

impl ClientTls {
    /// Trusts the system's roots, or with `root` (PEM) also that one.
    ///
    /// # Errors
    /// [`Error::Tls`] if the certificate cannot be read.
    pub fn new(root: Option<&[u8]>, name: &str) -> Result<ClientTls, Error> {
        let mut builder = TlsConnector::builder();
        if let Some(pem) = root {
            builder.add_root_certificate(Certificate::from_pem(pem).map_err(tls_error)?);
        }
        Ok(ClientTls { connector: builder.build().map_err(tls_error)?, name: name.to_owned() })
    }

    pub(super) fn handshake(&self, socket: Socket) -> Handshake {
        Handshake::Connect(self.clone(), socket)
    }
}

/// The server's side: its certificate and key.
#[derive(Clone)]
pub struct ServerTls {
    acceptor: TlsAcceptor,
}

impl ServerTls {
    /// Takes a certificate chain and a PKCS #8 key, both in PEM.
    ///
    /// # Errors
    /// [`Error::Tls`] if they cannot be read or do not belong together.
    pub fn new(certificates: &[u8], key: &[u8]) -> Result<ServerTls, Error> {
        let identity = Identity::from_pkcs8(certificates, key).map_err(tls_error)?;
        let acceptor = TlsAcceptor::new(identity).map_err(tls_error)?;
        check_pair(&acceptor)?;
        Ok(ServerTls { acceptor })
    }

    pub(super) fn handshake(&self, socket: Socket) -> Handshake {
        Handshake::Accept(self.clone(), socket)
    }
}

/// A handshake with ourselves. The library takes a key that is not the certificate's without a
/// word, and would then fail with every guest.
fn check_pair(acceptor: &TlsAcceptor) -> Result<(), Error> {
    let mut builder = TlsConnector::builder();
    // It is our own certificate: only whether it works is asked here.
    builder.disable_built_in_roots(true).danger_accept_invalid_certs(true);
    builder.danger_accept_invalid_hostnames(true);
    let connector = builder.build().map_err(tls_error)?;
    let (ours, theirs) =
        UnixStream::pair().map_err(|error| Error::Io("trying the certificate", error))?;
    std::thread::scope(|scope| {
        // Whoever fails hangs up, which ends the other. What the client thinks is the same.
        scope.spawn(move || connector.connect("localhost", theirs).is_ok());
        let accepted = acceptor.accept(ours);
        accepted.map(drop).map_err(|error| {
            Error::Tls(format!("the certificate and the key do not work together: {error}"))
        })
    })
}

fn tls_error(error: native_tls::Error) -> Error {
    Error::Tls(error.to_string())
}

/// A handshake that has not ended.
pub(super) enum Handshake {
    Connect(ClientTls, Socket),
    Accept(ServerTls, Socket),
    Mid(MidHandshakeTlsStream<Socket>),
}

/// What came of going on.
pub(super) enum Progress {
    Waits(Handshake),
    Done(TlsStream<Socket>),
}

impl Handshake {
    pub(super) fn go_on(self) -> Result<Progress, String> {
        let did = match self {
            Handshake::Connect(tls, socket) => tls.connector.connect(&tls.name, socket),
            Handshake::Accept(tls, socket) => tls.acceptor.accept(socket),
            Handshake::Mid(mid) => mid.handshake(),
        };
        match did {
            Ok(stream) => Ok(Progress::Done(stream)),
            Err(HandshakeError::WouldBlock(mid)) => Ok(Progress::Waits(Handshake::Mid(mid))),
            Err(HandshakeError::Failure(error)) => Err(error.to_string()),
        }
    }

    pub(super) fn socket(&mut self) -> Option<&mut Socket> {
        match self {
            Handshake::Connect(_, socket) | Handshake::Accept(_, socket) => Some(socket),
            Handshake::Mid(mid) => Some(mid.get_mut()),
        }
    }
}
