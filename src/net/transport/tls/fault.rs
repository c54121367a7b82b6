//! What can be wrong with TLS: each fault has its own words, and says what to do.
//!
//! Specification: RFC 5280 §6 (validation of certificates), RFC 8446 §6 (alerts).

use crate::text::PeerText;
use std::fmt;

/// Why there is no TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The peer's certificate is not to be trusted.
    Certificate {
        /// What is wrong with it.
        fault: CertificateFault,
        /// Which server was asked for.
        name: String,
    },
    /// What the peer says is not TLS.
    NotTls,
    /// The peer expects TLS, and was spoken to in clear.
    Needed,
    /// The two sides have no version of TLS in common.
    Version,
    /// The peer broke off with an alert: its number (RFC 8446 §6).
    Alert(u8),
    /// The connection ended in the middle of the handshake.
    Closed,
    /// The connection ended without TLS's own end, so what came may be cut short.
    Truncated,
    /// This program was built without TLS.
    NotBuilt,
    /// Our own certificate or settings cannot be used.
    Settings(String),
    /// Our own private key cannot be used.
    PrivateKey(&'static str),
    /// Anything else, in the library's words, which may repeat what a certificate says.
    Other(PeerText<'static>),
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It was signed by nobody but itself.
    SelfSigned,
    /// Nobody that is trusted here signed it, or a certificate between is missing.
    UnknownIssuer,
    /// It is for other names.
    WrongName,
    /// Its issuer took it back.
    Revoked,
    /// It, or one above it, was made for something else.
    WrongPurpose,
    /// Its key or its signature is of a kind that can be forged.
    Weak,
    /// Its signature is not its issuer's.
    BadSignature,
    /// Anything else, in the library's words, which may repeat what a certificate says.
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
    /// What to do about it, for people.
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
    /// What to do about it, for people.
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
