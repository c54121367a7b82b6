//! The server's side: its certificate and key.
//!
//! Clients use native-tls, but its acceptor offers nothing above TLS 1.2: it is built by
//! `SslAcceptor::mozilla_intermediate`, version 4 of those recommendations, which switches TLS 1.3
//! off, and no setting of native-tls switches it on again (0.2.18). So the acceptor is made here,
//! of the openssl crate that native-tls itself uses, by version 5 of the same recommendations.

use super::fault::Fault;
use super::handshake::Handshake;
use super::sealed::{Sealed, Side};
use crate::net::transport::error::Error;
use crate::net::transport::socket::Socket;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod, SslSessionCacheMode, SslVersion};
use openssl::x509::X509;

/// A certificate and its key. Speaks TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct ServerTls {
    acceptor: SslAcceptor,
}

impl ServerTls {
    /// Takes a certificate chain, the server's own first, and its private key, both in PEM; the key
    /// is not encrypted.
    ///
    /// # Errors
    /// [`Error::Tls`] if they cannot be read or do not belong together.
    pub fn new(certificates: &[u8], key: &[u8]) -> Result<ServerTls, Error> {
        let damaged = |_| Fault::Settings("a certificate in it is damaged".to_owned());
        let mut chain = X509::stack_from_pem(certificates).map_err(damaged)?.into_iter();
        let none = || Fault::Settings("there is no certificate in it".to_owned());
        let own = chain.next().ok_or_else(none)?;
        let pem = key;
        // With a passphrase nobody is asked for one.
        let key = PKey::private_key_from_pem_passphrase(pem, b"");
        let key = key.map_err(|_| unreadable(pem))?;
        if !own.public_key().is_ok_and(|public| public.public_eq(&key)) {
            let why = "the private key does not belong to the certificate";
            return Err(Fault::PrivateKey(why).into());
        }
        let acceptor = acceptor(&own, &key, chain).map_err(unusable)?;
        Ok(ServerTls { acceptor })
    }

    pub(crate) fn handshake(&self, socket: Socket) -> Box<Handshake> {
        let sealed = Sealed::new(socket, Side::Server);
        Box::new(Handshake::Accept(self.clone(), sealed))
    }

    pub(super) fn acceptor(&self) -> &SslAcceptor {
        &self.acceptor
    }
}

fn acceptor(
    own: &X509,
    key: &PKey<Private>,
    above: impl Iterator<Item = X509>,
) -> Result<SslAcceptor, ErrorStack> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    // A client that comes again brings its session in a ticket: none is held for it here.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_certificate(own)?;
    builder.set_private_key(key)?;
    for certificate in above {
        builder.add_extra_chain_cert(certificate)?;
    }
    Ok(builder.build())
}

/// Why a private key cannot be read.
fn unreadable(pem: &[u8]) -> Fault {
    let has = |words: &str| memchr::memmem::find(pem, words.as_bytes()).is_some();
    Fault::PrivateKey(match (has("PRIVATE KEY-----"), has("ENCRYPTED")) {
        (false, _) => "there is no private key in PEM in it",
        (true, true) => "the private key is encrypted",
        (true, false) => "the private key is damaged, or of a kind that is not known",
    })
}

/// The library's reason alone: the rest is where in its source it failed.
fn unusable(error: ErrorStack) -> Error {
    let reason = error.errors().iter().rev().find_map(|error| error.reason());
    let why = reason.unwrap_or("the library does not say why");
    Fault::Settings(format!("the certificate cannot be used: {why}")).into()
}
