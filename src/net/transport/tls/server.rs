//! TLS settings of a server: its certificates and private key.
//!
//! Clients use native-tls, but its acceptor offers nothing above TLS 1.2: it is built by
//! `SslAcceptor::mozilla_intermediate`, version 4 of those recommendations, which switches TLS 1.3
//! off, and no setting of native-tls switches it on again (0.2.18). So the acceptor is made here,
//! of the openssl crate that native-tls itself uses, by version 5 of the same recommendations.

use super::fault::Fault;
use crate::net::transport::error::Error;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod, SslSessionCacheMode, SslVersion};
use openssl::x509::X509;

/// TLS settings of a server, for TLS 1.2 and 1.3. Cheap to clone.
#[derive(Clone)]
pub struct ServerTls {
    acceptor: SslAcceptor,
}

impl ServerTls {
    /// Takes a certificate chain, the server's own certificate first, and its private key, both in
    /// PEM. The key must not be encrypted.
    ///
    /// # Errors
    /// [`Error::Tls`] if a certificate or the key cannot be parsed, or if they do not belong
    /// together.
    pub fn new(certificates: &[u8], key: &[u8]) -> Result<ServerTls, Error> {
        let damaged = |_| Fault::Settings("a certificate in it is damaged".to_owned());
        let mut chain = X509::stack_from_pem(certificates).map_err(damaged)?.into_iter();
        let none = || Fault::Settings("there is no certificate in it".to_owned());
        let own = chain.next().ok_or_else(none)?;
        let pem = key;
        // An empty passphrase, so that OpenSSL does not prompt for one.
        let key = PKey::private_key_from_pem_passphrase(pem, b"");
        let key = key.map_err(|_| unreadable(pem))?;
        if !own.public_key().is_ok_and(|public| public.public_eq(&key)) {
            let why = "the private key does not belong to the certificate";
            return Err(Fault::PrivateKey(why).into());
        }
        let acceptor = acceptor(&own, &key, chain).map_err(unusable)?;
        Ok(ServerTls { acceptor })
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
    // Sessions are resumed by tickets, which clients keep, so no cache is needed.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_certificate(own)?;
    builder.set_private_key(key)?;
    for certificate in above {
        builder.add_extra_chain_cert(certificate)?;
    }
    Ok(builder.build())
}

/// Why a private key cannot be parsed.
fn unreadable(pem: &[u8]) -> Fault {
    let has = |words: &str| memchr::memmem::find(pem, words.as_bytes()).is_some();
    Fault::PrivateKey(match (has("PRIVATE KEY-----"), has("ENCRYPTED")) {
        (false, _) => "there is no private key in PEM in it",
        (true, true) => "the private key is encrypted",
        (true, false) => "the private key is damaged, or of a kind that is not known",
    })
}

/// Keeps only the library's reason, without the position in its source.
fn unusable(error: ErrorStack) -> Error {
    let reason = error.errors().iter().rev().find_map(|error| error.reason());
    let why = reason.unwrap_or("the library does not say why");
    Fault::Settings(format!("the certificate cannot be used: {why}")).into()
}
