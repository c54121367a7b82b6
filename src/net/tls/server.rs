//! The server's side: its certificate and key.

use super::fault::Fault;
use super::handshake::Handshake;
use crate::net::error::Error;
use crate::net::stream::Sealed;
use native_tls::{Identity, Protocol, TlsAcceptor, TlsConnector};
use std::os::unix::net::UnixStream;

/// A certificate and its key.
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
        let identity = Identity::from_pkcs8(certificates, key).map_err(unusable)?;
        let mut builder = TlsAcceptor::builder(identity);
        builder.min_protocol_version(Some(Protocol::Tlsv12));
        let acceptor = builder.build().map_err(unusable)?;
        check_pair(&acceptor)?;
        Ok(ServerTls { acceptor })
    }

    pub(in crate::net) fn handshake(&self, socket: Sealed) -> Handshake {
        Handshake::Accept(self.clone(), socket)
    }

    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}

/// A handshake with ourselves. The library takes a key that is not the certificate's without a
/// word, and would then fail with every guest.
fn check_pair(acceptor: &TlsAcceptor) -> Result<(), Error> {
    let mut builder = TlsConnector::builder();
    // It is our own certificate: only whether it works is asked here.
    builder.disable_built_in_roots(true).danger_accept_invalid_certs(true);
    builder.danger_accept_invalid_hostnames(true);
    let connector = builder.build().map_err(unusable)?;
    let (ours, theirs) =
        UnixStream::pair().map_err(|error| Error::Io("trying the certificate", error))?;
    std::thread::scope(|scope| {
        // Whoever fails hangs up, which ends the other. What the client thinks is the same.
        let connect = move || connector.connect("localhost", theirs).is_ok();
        let thread = std::thread::Builder::new().spawn_scoped(scope, connect);
        thread.map_err(|error| Error::Io("trying the certificate", error))?;
        let accepted = acceptor.accept(ours);
        accepted.map(drop).map_err(|error| {
            let why = format!("the certificate and the key do not work together: {error}");
            Fault::Settings(why).into()
        })
    })
}

fn unusable(error: native_tls::Error) -> Error {
    Fault::Settings(error.to_string()).into()
}
