//! The codes of refusals, those of the server and those of the client.

use crate::error::Error;
use crate::text::PeerText;

/// Why a command is refused: the code of an [`Error::Refused`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// TLS is required, and the server does not offer STARTTLS.
    NoStartTls,
    /// Credentials would be sent in clear.
    NoTls,
    /// AUTH is not offered.
    NoAuth,
    /// No usable mechanism is offered.
    NoMechanism,
    /// The message is longer than the server accepts.
    Size,
    /// The message holds octets above 127, and the server has no 8BITMIME.
    No8BitMime,
    /// An address is not ASCII, and the server has no SMTPUTF8.
    NoSmtpUtf8,
    /// The code of the server's reply (RFC 5321 §4.2).
    Reply(u16),
}

impl Refusal {
    /// All codes of the client.
    const OURS: [Refusal; 7] = [
        Refusal::NoStartTls,
        Refusal::NoTls,
        Refusal::NoAuth,
        Refusal::NoMechanism,
        Refusal::Size,
        Refusal::No8BitMime,
        Refusal::NoSmtpUtf8,
    ];

    /// The refusal with the code that an [`Error::Refused`] has, if there is one.
    ///
    /// ```
    /// use wirewright::smtp::client::Refusal;
    /// assert_eq!(Refusal::of("no-tls"), Some(Refusal::NoTls));
    /// assert_eq!(Refusal::of("535"), Some(Refusal::Reply(535)));
    /// assert_eq!(Refusal::of("53"), None);
    /// ```
    pub fn of(code: &str) -> Option<Refusal> {
        let is_reply = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
        match is_reply {
            true => code.parse().ok().map(Refusal::Reply),
            false => Refusal::OURS.into_iter().find(|ours| ours.client_code() == code),
        }
    }

    /// The code of the client; empty for that of a reply.
    fn client_code(self) -> &'static str {
        match self {
            Refusal::NoStartTls => "no-starttls",
            Refusal::NoTls => "no-tls",
            Refusal::NoAuth => "no-auth",
            Refusal::NoMechanism => "no-mechanism",
            Refusal::Size => "size",
            Refusal::No8BitMime => "no-8bitmime",
            Refusal::NoSmtpUtf8 => "no-smtputf8",
            Refusal::Reply(_) => "",
        }
    }

    /// The error with this code of the client.
    pub(super) fn because(self, text: impl Into<PeerText<'static>>) -> Error {
        Error::Refused { code: self.client_code().into(), text: text.into() }
    }
}
