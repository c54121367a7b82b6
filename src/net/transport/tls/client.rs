//! TLS settings of a client, and the name that the server's certificate must be valid for.
//!
//! Settings are separate from the name, so that one set, whose roots are loaded once, serves all
//! hosts.

use super::fault::Fault;
use crate::net::transport::error::Error;
use native_tls::{Certificate, Protocol, TlsConnector};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// TLS settings of a client. Cheap to clone.
///
/// Two values are equal only if one is a clone of the other. Only then may a connection made with
/// one be reused for the other.
#[derive(Clone)]
pub struct ClientTls {
    settings: Arc<Settings>,
}

struct Settings {
    connector: TlsConnector,
    insecure: bool,
}

impl ClientTls {
    /// Trusts the system's roots, and all certificates of the PEM bundle `roots`.
    ///
    /// # Errors
    /// [`Error::Tls`] if the bundle has no certificate or a damaged one, or if the library cannot
    /// be used.
    pub fn new(roots: Option<&[u8]>) -> Result<ClientTls, Error> {
        let mut builder = TlsConnector::builder();
        if let Some(pem) = roots {
            let damaged = |_| Fault::Settings("a certificate in it is damaged".to_owned());
            let bundle = Certificate::stack_from_pem(pem).map_err(damaged)?;
            if bundle.is_empty() {
                return Err(Fault::Settings("there is no certificate in it".to_owned()).into());
            }
            for certificate in bundle {
                builder.add_root_certificate(certificate);
            }
        }
        ClientTls::build(&mut builder, false)
    }

    /// Verifies neither the certificate nor its name, so that an attacker on the path can read and
    /// change everything. A program that uses this should warn its user.
    ///
    /// # Errors
    /// [`Error::Tls`] if the library cannot be used.
    pub fn insecure() -> Result<ClientTls, Error> {
        let mut builder = TlsConnector::builder();
        builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
        ClientTls::build(&mut builder, true)
    }

    fn build(
        builder: &mut native_tls::TlsConnectorBuilder,
        insecure: bool,
    ) -> Result<ClientTls, Error> {
        builder.min_protocol_version(Some(Protocol::Tlsv12));
        let connector = builder.build().map_err(unusable)?;
        Ok(ClientTls { settings: Arc::new(Settings { connector, insecure }) })
    }

    /// Whether verification is switched off.
    pub fn is_insecure(&self) -> bool {
        self.settings.insecure
    }

    /// The settings for one server, whose certificate must be valid for `name`: a host name or an
    /// IP address, an IPv6 address with or without brackets.
    ///
    /// # Errors
    /// [`Error::Tls`] if `name` is empty or holds spaces or control characters. With an empty name
    /// the library would verify none.
    pub fn named(&self, name: &str) -> Result<NamedTls, Error> {
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        // The root of the DNS is not part of a name in a certificate (RFC 6066 §3).
        let bare = bare.strip_suffix('.').unwrap_or(bare);
        let wrong = |char: char| char.is_control() || char.is_whitespace();
        if bare.is_empty() || bare.contains(wrong) {
            let why = format!("{name:?} cannot be the name of a server");
            return Err(Fault::Settings(why).into());
        }
        Ok(NamedTls { tls: self.clone(), name: Arc::from(bare) })
    }
}

impl PartialEq for ClientTls {
    fn eq(&self, other: &ClientTls) -> bool {
        Arc::ptr_eq(&self.settings, &other.settings)
    }
}

impl Eq for ClientTls {}

impl Hash for ClientTls {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.settings).hash(state);
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("insecure", &self.is_insecure()).finish_non_exhaustive()
    }
}

/// TLS settings and the name of one server. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NamedTls {
    tls: ClientTls,
    name: Arc<str>,
}

impl NamedTls {
    /// The name that the certificate must be valid for, without brackets and trailing dot.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The settings.
    pub fn tls(&self) -> &ClientTls {
        &self.tls
    }

    pub(super) fn connector(&self) -> &TlsConnector {
        &self.tls.settings.connector
    }
}

fn unusable(error: native_tls::Error) -> Error {
    Fault::Settings(error.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_clone_is_equal_and_another_is_not() {
        let (one, other) = (ClientTls::new(None).unwrap(), ClientTls::new(None).unwrap());
        assert_eq!(one, one.clone());
        assert_ne!(one, other);
        let keys = [&one, &other, &one].map(|tls| tls.named("a.example").unwrap());
        assert_eq!(HashSet::from(keys).len(), 2);
        assert_ne!(one.named("a.example").unwrap(), one.named("b.example").unwrap());
    }

    #[test]
    fn insecure_is_said() {
        assert!(!ClientTls::new(None).unwrap().is_insecure());
        let insecure = ClientTls::insecure().unwrap();
        assert!(insecure.clone().is_insecure());
        assert!(format!("{insecure:?}").contains("insecure: true"));
    }

    #[test]
    fn names_are_made_bare_and_what_is_none_is_refused() {
        let tls = ClientTls::new(None).unwrap();
        for (name, bare) in [
            ("files.example", "files.example"),
            ("files.example.", "files.example"),
            ("[::1]", "::1"),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(tls.named(name).unwrap().name(), bare);
        }
        for name in ["", ".", "[]", "a b", "a\0", "a\n"] {
            let refused = tls.named(name).unwrap_err();
            assert!(matches!(refused, Error::Tls(Fault::Settings(_))), "{name:?}");
        }
    }

    #[test]
    fn a_bundle_without_certificates_is_refused() {
        let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for pem in [&b""[..], b"text", key] {
            let refused = ClientTls::new(Some(pem)).unwrap_err();
            assert!(matches!(refused, Error::Tls(Fault::Settings(_))), "{refused}");
        }
    }
}
