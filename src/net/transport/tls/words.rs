//! Maps the error texts of OpenSSL to faults.
//!
//! native-tls reports errors only as text:
//!
//! ```text
//!   error:0A000086:SSL routines:…:certificate verify failed:… (certificate has expired)
//!   error:0A000412:SSL routines:…:sslv3 alert bad certificate:…:SSL alert number 42
//! ```
//!
//! Unknown texts, for example of another library, are kept unchanged.

use super::fault::{CertificateFault, Fault};
use crate::text::PeerText;

/// The reasons for which OpenSSL refuses a certificate, of several of its versions.
static VERIFY_REASONS: [(&str, CertificateFault); 23] = {
    use CertificateFault::*;
    [
        ("certificate has expired", Expired),
        ("certificate is not yet valid", NotYetValid),
        ("self-signed certificate", SelfSigned),
        ("self signed certificate", SelfSigned),
        ("self-signed certificate in certificate chain", UnknownIssuer),
        ("self signed certificate in certificate chain", UnknownIssuer),
        ("unable to get local issuer certificate", UnknownIssuer),
        ("unable to get issuer certificate", UnknownIssuer),
        ("unable to verify the first certificate", UnknownIssuer),
        ("certificate not trusted", UnknownIssuer),
        ("hostname mismatch", WrongName),
        ("ip address mismatch", WrongName),
        ("certificate revoked", Revoked),
        ("unsuitable certificate purpose", WrongPurpose),
        ("unsupported certificate purpose", WrongPurpose),
        ("invalid ca certificate", WrongPurpose),
        ("path length constraint exceeded", WrongPurpose),
        ("key usage does not include certificate signing", WrongPurpose),
        ("ca signature digest algorithm too weak", Weak),
        ("ca certificate key too weak", Weak),
        ("ee certificate key too weak", Weak),
        ("certificate signature failure", BadSignature),
        ("unable to decrypt certificate's signature", BadSignature),
    ]
};

/// The texts of other errors.
static OTHER_REASONS: [(&str, Fault); 12] = [
    ("wrong version number", Fault::NotTls),
    ("http request", Fault::NotTls),
    ("https proxy request", Fault::NotTls),
    ("packet length too long", Fault::NotTls),
    ("unknown protocol", Fault::NotTls),
    ("unsupported protocol", Fault::Version),
    ("version too low", Fault::Version),
    ("no protocols available", Fault::Version),
    ("tlsv1 unrecognized name", Fault::Alert(112)),
    ("unexpected eof", Fault::Closed),
    ("connection reset", Fault::Closed),
    ("broken pipe", Fault::Closed),
];

/// The alert protocol_version (RFC 8446 §6.2).
const PROTOCOL_VERSION: u8 = 70;

impl Fault {
    /// The fault that an error text means. `name` is the server that was asked for.
    pub(crate) fn of_text(text: &str, name: Option<&str>) -> Fault {
        let lower = text.to_ascii_lowercase();
        if let Some((_, why)) = lower.rsplit_once("certificate verify failed") {
            return Fault::Certificate {
                fault: CertificateFault::of_reason(why),
                name: name.unwrap_or("the peer").to_owned(),
            };
        }
        if let Some(number) = alert_in(&lower) {
            return if number == PROTOCOL_VERSION { Fault::Version } else { Fault::Alert(number) };
        }
        let known = OTHER_REASONS.iter().find(|(words, _)| lower.contains(words));
        known.map_or_else(|| Fault::Other(PeerText::from(text).keep()), |(_, fault)| fault.clone())
    }
}

/// The number in `…:SSL alert number 42`.
fn alert_in(lower: &str) -> Option<u8> {
    let (_, behind) = lower.split_once("ssl alert number ")?;
    let digits = behind.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

impl CertificateFault {
    /// The fault of the text after `certificate verify failed`, which ends with the reason in
    /// parentheses.
    fn of_reason(text: &str) -> CertificateFault {
        let bracketed = text.trim_end().strip_suffix(')').and_then(|text| text.rsplit_once('('));
        let reason = bracketed.map_or("", |(_, reason)| reason);
        let known = VERIFY_REASONS.iter().find(|(words, _)| *words == reason);
        match (known, reason) {
            (Some((_, fault)), _) => fault.clone(),
            (None, "") => {
                CertificateFault::Other(PeerText::from(text.trim_matches([':', ' '])).keep())
            }
            (None, reason) => CertificateFault::Other(PeerText::from(reason).keep()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the library says it, of two versions where they differ.
    static TEXTS: [(&str, Fault); 13] = {
        use Fault::*;
        [
            ("error:1408F10B:SSL routines:ssl3_get_record:wrong version number:x.c:332:", NotTls),
            ("error:0A00009C:SSL routines:ssl3_get_record:http request:x.c:345:", NotTls),
            ("error:0A00010B:SSL routines::wrong version number:x.c:354:", NotTls),
            ("error:0A000102:SSL routines::unsupported protocol:x.c:1975:", Version),
            ("error:1:f:tlsv1 alert protocol version:x.c:1:SSL alert number 70", Version),
            ("error:1:f:tlsv13 alert certificate required:x.c:1:SSL alert number 116", Alert(116)),
            ("error:1:f:sslv3 alert handshake failure:x.c:1:SSL alert number 40", Alert(40)),
            ("error:1:f:tlsv1 unrecognized name:x.c:1:SSL alert number 112", Alert(112)),
            ("error:14094458:SSL routines:f:tlsv1 unrecognized name:x.c:1:", Alert(112)),
            ("unexpected EOF", Closed),
            ("error:0A000126:SSL routines::unexpected eof while reading:x.c:332:", Closed),
            ("Connection reset by peer (os error 104)", Closed),
            ("Broken pipe (os error 32)", Closed),
        ]
    };

    #[test]
    fn the_words_of_the_library_are_understood() {
        for (text, expected) in &TEXTS {
            assert_eq!(Fault::of_text(text, None), *expected, "{text}");
        }
    }

    #[test]
    fn reasons_of_all_versions_are_understood() {
        for (reason, expected) in &VERIFY_REASONS {
            let text = format!("error:1:SSL routines::certificate verify failed:x.c:1: ({reason})");
            let said = Fault::of_text(&text, Some("a.example"));
            let name = "a.example".to_owned();
            assert_eq!(said, Fault::Certificate { fault: expected.clone(), name }, "{reason}");
        }
        let older = "error:1:f:certificate verify failed:x.c:1: (Hostname mismatch)";
        let said = Fault::of_text(older, Some("a.example")).to_string();
        assert_eq!(said, "the server's certificate is not valid for a.example");
    }

    #[test]
    fn what_is_not_known_is_kept() {
        let text = "error:1:SSL routines::certificate verify failed:x.c:1: (some new reason)";
        let fault = CertificateFault::Other("some new reason".into());
        let name = "the peer".to_owned();
        assert_eq!(Fault::of_text(text, None), Fault::Certificate { fault, name });
        assert_eq!(Fault::of_text("?! new", None), Fault::Other("?! new".into()));
        assert_eq!(Fault::of_text("?! new", None).to_string(), "?! new");
        let far = "error:1:f:x:x.c:1:SSL alert number 999";
        assert_eq!(Fault::of_text(far, None), Fault::Other(far.into()));
    }
}
