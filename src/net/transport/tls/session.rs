//! Trace lines about an established TLS connection: version, cipher suite, ALPN and the peer's
//! certificate.
//!
//! Specification: RFC 8446 §4.1.3 (version and cipher suite); RFC 7301 §3.1 (ALPN); RFC 5280 §4.1.2
//! (subject, issuer, validity), §4.2.1.6 (alternative names of the subject).
//!
//! ```text
//!   TLS is up: TLSv1.3, TLS_AES_256_GCM_SHA384
//!   certificate: subject CN=files.example; issuer CN=ca
//!   certificate: valid from Nov 30 09:51:52 2026 GMT to Dec 30 09:51:52 2026 GMT
//!   certificate: for files.example, 127.0.0.1
//!   certificate: verified for files.example
//! ```
//!
//! The certificate is text of the peer even if it was verified: its issuer may have signed any
//! name.

use super::client::NamedTls;
use super::sealed::Sealed;
use crate::server_hello::ServerHello;
use crate::text::PeerText;
use native_tls::TlsStream;
use openssl::ssl::SslRef;
use openssl::x509::{GeneralNameRef, X509, X509NameRef, X509Ref};
use std::net::IpAddr;

/// How many alternative names are shown; a certificate may hold thousands.
const NAMES_MAX: usize = 20;

/// The lines of a client's connection. What the library does not report is left out.
pub(super) fn of_client(
    hello: Option<ServerHello>,
    stream: &TlsStream<Sealed>,
    to: &NamedTls,
) -> Vec<PeerText<'static>> {
    let protocol = stream.negotiated_alpn().ok().flatten();
    let mut lines = vec![first_line(hello, protocol.as_deref())];
    let der = stream.peer_certificate().ok().flatten().and_then(|one| one.to_der().ok());
    if let Some(certificate) = der.and_then(|der| X509::from_der(&der).ok()) {
        lines.extend(shown(&certificate).into_iter().map(PeerText::from));
        lines.push(verified(to).into());
    }
    lines
}

/// The lines of a server's connection.
pub(super) fn of_server(hello: Option<ServerHello>, ssl: &SslRef) -> Vec<PeerText<'static>> {
    let mut lines = vec![first_line(hello, ssl.selected_alpn_protocol())];
    if let Some(certificate) = ssl.peer_certificate() {
        lines.extend(shown(&certificate).into_iter().map(PeerText::from));
    }
    lines
}

/// The first line: version and cipher suite, if they could be parsed, and the protocol that ALPN
/// selected, if any.
fn first_line(hello: Option<ServerHello>, protocol: Option<&[u8]>) -> PeerText<'static> {
    let hello = hello.map(|hello| hello.to_string());
    let protocol = protocol.map(|name| format!("ALPN {}", PeerText::from_bytes(name)));
    let known: Vec<String> = hello.into_iter().chain(protocol).collect();
    match known.is_empty() {
        true => PeerText::from("TLS is up"),
        false => PeerText::from(format!("TLS is up: {}", known.join(", "))),
    }
}

fn shown(certificate: &X509Ref) -> Vec<String> {
    let (subject, issuer) = (name(certificate.subject_name()), name(certificate.issuer_name()));
    let (from, to) = (certificate.not_before(), certificate.not_after());
    let mut lines = vec![
        format!("certificate: subject {subject}; issuer {issuer}"),
        format!("certificate: valid from {from} to {to}"),
    ];
    let names = certificate.subject_alt_names();
    let mut names: Vec<String> = names.iter().flatten().filter_map(alternative).collect();
    if names.len() > NAMES_MAX {
        let more = names.len() - NAMES_MAX;
        names.truncate(NAMES_MAX);
        names.push(format!("and {more} more"));
    }
    if !names.is_empty() {
        lines.push(format!("certificate: for {}", names.join(", ")));
    }
    lines
}

/// A distinguished name as `CN=files.example, O=Example`.
fn name(name: &X509NameRef) -> String {
    let parts = name.entries().map(|entry| {
        let key = entry.object().nid().short_name().unwrap_or("?");
        let value = entry.data().to_string();
        value.map_or_else(|_| format!("{key}=?"), |value| format!("{key}={value}"))
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "without a name".to_owned() } else { parts.join(", ") }
}

fn alternative(name: &GeneralNameRef) -> Option<String> {
    let text = name.dnsname().or_else(|| name.uri()).or_else(|| name.email());
    text.map(str::to_owned).or_else(|| address(name.ipaddress()?))
}

fn address(bytes: &[u8]) -> Option<String> {
    let address = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
        _ => return None,
    };
    Some(address.to_string())
}

/// The last line of a client. native-tls does not report which root it trusted.
fn verified(to: &NamedTls) -> String {
    if to.tls().is_insecure() {
        return "certificate: not verified, as asked for".to_owned();
    }
    format!("certificate: verified for {}", to.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_told() {
        let hello = Some(ServerHello { version: 0x0304, cipher_suite: 0x1301 });
        let suite = "TLSv1.3, TLS_AES_128_GCM_SHA256";
        for (hello, protocol, expected) in [
            (None, None, "TLS is up".to_owned()),
            (hello, None, format!("TLS is up: {suite}")),
            (None, Some(&b"h2"[..]), "TLS is up: ALPN h2".to_owned()),
            (hello, Some(&b"http/1.1"[..]), format!("TLS is up: {suite}, ALPN http/1.1")),
        ] {
            assert_eq!(first_line(hello, protocol).as_raw_str(), expected);
        }
    }
}
