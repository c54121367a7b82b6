//! The events of a session.

use super::super::auth::Mechanism;
use super::super::capabilities::Capabilities;
use super::super::reply::Remark;
use super::super::reply::Reply;

/// An event of the session, with the server's reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A fault was tolerated, or a fallback used.
    Remark(Remark),
    /// The greeting.
    Greeting(&'a Reply),
    /// The extensions that the server offers. They replace those of an earlier event.
    Capabilities {
        /// The reply to EHLO, or to HELO.
        reply: &'a Reply,
        /// The parsed reply.
        capabilities: &'a Capabilities,
    },
    /// TLS was established after this reply to STARTTLS.
    Secured(&'a Reply),
    /// The server accepted the credentials.
    Authenticated {
        /// The mechanism that succeeded.
        mechanism: Mechanism,
        /// The 235 reply.
        reply: &'a Reply,
    },
    /// Messages can be sent. Reported once.
    Ready,
    /// The reply to RCPT for one recipient. An accepted recipient gets the message only if the
    /// message is accepted, too.
    Recipient {
        /// The number of the message, see [`Sent::message`](super::Sent::message).
        message: u64,
        /// The index in [`Envelope::recipients`](super::Envelope::recipients).
        index: usize,
        /// A positive reply means that the server accepted the recipient.
        reply: &'a Reply,
    },
    /// The outcome of a message, once for each in the order of sending.
    Outcome(Outcome<'a>),
    /// The server closes the connection: 421 while no reply to a message was awaited, or the reply
    /// to QUIT.
    Closing(&'a Reply),
}

/// What the server did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The server accepted the message for all recipients of the transaction.
    Accepted,
    /// The server accepted the message for some of the recipients.
    Partial,
    /// The server did not accept the message.
    Refused {
        /// Whether the same message may be accepted later (4yz, RFC 5321 §4.2.1).
        retryable: bool,
    },
    /// The end of the message was sent and no reply came: the server may have accepted it, so
    /// sending it again may deliver it twice.
    Unknown,
}

/// The step at which a message was refused, or the last step that it reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The content.
    Message,
}

impl Stage {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Mail => "mail",
            Stage::Rcpt => "rcpt",
            Stage::Data => "data",
            Stage::Message => "message",
        }
    }
}

/// The outcome of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// The number of the message, see [`Sent::message`](super::Sent::message).
    pub message: u64,
    /// What the server did with the message.
    pub verdict: Verdict,
    /// The step at which the message was refused, or the last step that it reached.
    pub stage: Stage,
    /// The number of recipients that the server accepted. They get the message only if it was
    /// accepted, too.
    pub accepted: usize,
    /// The number of recipients that the server refused.
    pub refused: usize,
    /// The reply that decided the outcome. `None` if the replies to the recipients decided, or the
    /// connection ended.
    pub reply: Option<&'a Reply>,
}
