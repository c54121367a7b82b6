//! TLS faults, each with a message and advice.
//!
//! Specification: RFC 5280 §6 (validation of certificates), RFC 8446 §6 (alerts).

use crate::text::PeerText;
use std::fmt;

/// Why a TLS connection could not be made, or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The peer's certificate could not be verified.
    Certificate {
        /// What is wrong with the certificate.
        fault: CertificateFault,
        /// The name of the server that was asked for.
        name: String,
    },
    /// The peer does not speak TLS.
    NotTls,
    /// The peer expects TLS, but the connection is in clear.
    Needed,
    /// The two sides have no version of TLS in common.
    Version,
    /// The peer sent a fatal alert: its number (RFC 8446 §6).
    Alert(u8),
    /// The connection ended in the middle of the handshake.
    Closed,
    /// The connection ended without close_notify, so the input may be truncated (RFC 8446 §6.1).
    Truncated,
    /// This program was built without TLS.
    NotBuilt,
    /// The local certificate or settings cannot be used.
    Settings(String),
    /// The local private key cannot be used.
    PrivateKey(&'static str),
    /// Any other fault, with the text of the library, which may quote a certificate.
    Other(PeerText<'static>),
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its validity has ended.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
    /// It is signed by its own key only.
    SelfSigned,
    /// It is not signed by a trusted issuer, or an intermediate certificate is missing.
    UnknownIssuer,
    /// It is valid for other names only.
    WrongName,
    /// Its issuer has revoked it.
    Revoked,
    /// It, or a certificate above it, is not valid for this purpose.
    WrongPurpose,
    /// Its key or its signature algorithm is too weak.
    Weak,
    /// Its signature does not verify with its issuer's key.
    BadSignature,
    /// Any other fault, with the text of the library, which may quote a certificate.
    Other(PeerText<'static>),
}

/// The names of the alerts (RFC 8446 §6, RFC 5246 §7.2).
const ALERTS: [(u8, &str); 24] = [
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (22, "record_overflow"),
    (40, "handshake_failure"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (112, "unrecognized_name"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];

impl Fault {
    /// Advice for people.
    pub fn advice(&self) -> &'static str {
        match self {
            Fault::Certificate { fault, .. } => fault.advice(),
            Fault::NotTls => "check the port, and that the server speaks TLS there",
            Fault::Needed => "use TLS on this port, or another port",
            Fault::Version => "upgrade the older side: TLS 1.2 or 1.3 is needed",
            Fault::Alert(112) => "check the name",
            Fault::Alert(42 | 43 | 116) => "the server may want a certificate of the client",
            Fault::Alert(40 | 71) => {
                "the two sides have no cipher in common, or the server wants a certificate"
            }
            Fault::Alert(44..=46 | 48) => "the peer does not trust our certificate",
            Fault::Alert(_) => "look at the other side's log",
            Fault::Closed => "check the port; look at the other side's log",
            Fault::Truncated => "do not rely on what came; try again",
            Fault::NotBuilt => "build with the feature tls",
            Fault::Settings(_) => "look at the certificate",
            Fault::PrivateKey(_) => {
                "give the private key of that certificate, in PEM and not encrypted"
            }
            Fault::Other(_) => "look at the certificates of both sides",
        }
    }
}

impl CertificateFault {
    /// Advice for people.
    pub fn advice(&self) -> &'static str {
        match self {
            CertificateFault::Expired => {
                "the server needs a new certificate; check the clock of this machine, too"
            }
            CertificateFault::NotYetValid => "check the clock of this machine",
            CertificateFault::SelfSigned => {
                "if you know that it is the server's, trust that very certificate"
            }
            CertificateFault::UnknownIssuer => {
                "if you know the issuer, trust it; the server must also send its intermediate \
                certificates"
            }
            CertificateFault::WrongName => "use a name that the certificate is for",
            CertificateFault::Revoked => "do not trust this server before it has a new one",
            CertificateFault::WrongPurpose => {
                "the server needs a certificate that was made for servers"
            }
            CertificateFault::Weak => {
                "the server needs a certificate with a longer key and SHA-256"
            }
            CertificateFault::BadSignature => "do not trust this server: it was tampered with",
            CertificateFault::Other(_) => "look at the server's certificate",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Certificate { fault, name } => fault.tell(name, f),
            Fault::NotTls => f.write_str("the peer does not speak TLS on this port"),
            Fault::Needed => f.write_str("the peer speaks TLS on this port"),
            Fault::Version => f.write_str("the two sides have no version of TLS in common"),
            Fault::Alert(number) => match ALERTS.iter().find(|(known, _)| known == number) {
                Some((_, name)) => write!(f, "the peer broke off: alert {name} ({number})"),
                None => write!(f, "the peer broke off: alert {number}"),
            },
            Fault::Closed => f.write_str("the connection ended in the middle of the handshake"),
            Fault::Truncated => {
                f.write_str("the connection ended without close_notify: something may be missing")
            }
            Fault::NotBuilt => f.write_str("built without TLS"),
            Fault::Settings(why) => f.write_str(why),
            Fault::PrivateKey(why) => f.write_str(why),
            Fault::Other(why) => why.fmt(f),
        }
    }
}

impl CertificateFault {
    /// The sentence about the certificate of `name`.
    fn tell(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            CertificateFault::Expired => "has expired",
            CertificateFault::NotYetValid => "is not valid yet",
            CertificateFault::SelfSigned => "is self-signed",
            CertificateFault::UnknownIssuer => "was issued by an unknown authority",
            CertificateFault::Revoked => "was revoked",
            CertificateFault::WrongPurpose => "was made for another purpose",
            CertificateFault::Weak => "has a key or a signature that is too weak",
            CertificateFault::BadSignature => "has a false signature",
            CertificateFault::WrongName => {
                return write!(f, "the server's certificate is not valid for {name}");
            }
            CertificateFault::Other(why) => {
                return write!(f, "the certificate of {name} is refused: {why}");
            }
        };
        write!(f, "the certificate of {name} {words}")
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn alerts_have_names_and_no_two_the_same() {
        let said: HashSet<String> =
            ALERTS.iter().map(|(n, _)| Fault::Alert(*n).to_string()).collect();
        assert_eq!(said.len(), ALERTS.len());
        assert_eq!(Fault::Alert(42).to_string(), "the peer broke off: alert bad_certificate (42)");
        assert_eq!(Fault::Alert(7).to_string(), "the peer broke off: alert 7");
    }
}
