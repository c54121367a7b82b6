//! Detects which protocol a peer speaks, by the first bytes that it sent.
//!
//! A client that reaches the wrong port gets an answer in another protocol. The first bytes of the
//! protocols of this crate differ, so the error can name what the peer speaks.
//!
//! | first bytes | protocol | specification |
//! |---|---|---|
//! | `15 03` | an alert of TLS | RFC 8446 §5.1 |
//! | a length below 16 MiB, then `{` | the framed file transfer | `PROTOCOL.md` §3.2 |
//! | `{` | the classic file transfer | `PROTOCOL.md` §15 |
//! | `HTTP/` | HTTP | RFC 9112 §2.3 |
//! | `220 `, `220-` | SMTP | RFC 5321 §4.2 |

use super::Error;
use super::tls::Fault;
use crate::error;
use std::fmt;

/// A protocol that is known by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spoken {
    /// The framed file transfer.
    Framed,
    /// The classic file transfer: one JSON object.
    Classic,
    /// HTTP/1.x.
    Http,
    /// SMTP.
    Smtp,
}

impl Spoken {
    /// The protocol that begins with these bytes; `None` if they are too few, or of no known
    /// protocol.
    pub fn of(first: &[u8]) -> Option<Spoken> {
        match first {
            [0, _, _, _, b'{', ..] => Some(Spoken::Framed),
            [b'{', ..] => Some(Spoken::Classic),
            [b'H', b'T', b'T', b'P', b'/', ..] => Some(Spoken::Http),
            [b'2', b'2', b'0', b' ' | b'-', ..] => Some(Spoken::Smtp),
            _ => None,
        }
    }

    /// The error for a session that refused the first bytes of a connection: [`Error::Foreign`] if
    /// these bytes show another protocol than `expected`.
    pub(crate) fn judge(error: error::Error, first: &[u8], expected: Option<Spoken>) -> Error {
        match (Spoken::of(first), &error) {
            (Some(spoken), error::Error::Malformed { offset: 0, .. })
                if expected != Some(spoken) =>
            {
                Error::Foreign { spoken, error }
            }
            _ => Error::Session(error),
        }
    }
}

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Spoken::Framed => "the framed file transfer",
            Spoken::Classic => "the classic file transfer",
            Spoken::Http => "HTTP",
            Spoken::Smtp => "SMTP",
        })
    }
}

/// Refuses a TLS alert at the beginning of a connection in clear: a server that expects TLS sends
/// one to a client that begins in clear.
pub(crate) fn refuse_tls(first: &[u8]) -> Result<(), Fault> {
    match first {
        [0x15, 3, 0..=4, ..] => Err(Fault::Needed),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_name_the_protocol() {
        for (first, spoken) in [
            (&b"\0\0\0\x10{\"type\":"[..], Some(Spoken::Framed)),
            (b"{\"filename\":", Some(Spoken::Classic)),
            (b"HTTP/1.1 400 Bad Request\r\n", Some(Spoken::Http)),
            (b"220-mx.example", Some(Spoken::Smtp)),
            (b"220 mx.example", Some(Spoken::Smtp)),
            (b"2200", None),
            (b"HTT", None),
            (b"\0\0\0\x10", None),
            (b"SSH-2.0-x", None),
            (b"", None),
        ] {
            assert_eq!(Spoken::of(first), spoken, "{first:?}");
        }
    }

    #[test]
    fn only_the_first_byte_tells_another_protocol() {
        let malformed = |offset| error::Error::malformed("a rule", offset, "§");
        let judged = Spoken::judge(malformed(0), b"{", Some(Spoken::Framed));
        let text = judged.to_string();
        assert_eq!(
            text,
            "the peer speaks the classic file transfer: rule broken at byte 0: a rule (§)"
        );
        assert_eq!(judged.code(), "malformed");
        for (error, first, expected) in [
            (malformed(1), &b"{"[..], None),
            (malformed(0), b"?", None),
            // A fault of the expected protocol.
            (malformed(0), b"{", Some(Spoken::Classic)),
            (malformed(0), b"HTTP/9.9 200\r\n", Some(Spoken::Http)),
            (malformed(0), b"220 \0", Some(Spoken::Smtp)),
            (malformed(0), b"\0\0\0\x02{}", Some(Spoken::Framed)),
        ] {
            let judged = Spoken::judge(error, first, expected);
            assert!(matches!(judged, Error::Session(_)), "{first:?}");
        }
    }

    #[test]
    fn an_alert_of_tls_is_no_answer_in_clear() {
        assert_eq!(refuse_tls(b"\x15\x03\x01\0\x02\x02\x46"), Err(Fault::Needed));
        assert_eq!(refuse_tls(b"\x15\x03\x03\0\x02\x02\x28"), Err(Fault::Needed));
        for first in [&b"\x15"[..], b"\x15\x02\x01", b"\x16\x03\x01", b"220 x", b""] {
            assert_eq!(refuse_tls(first), Ok(()), "{first:?}");
        }
    }
}
