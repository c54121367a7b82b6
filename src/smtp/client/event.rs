//! What a session tells its application.

use super::super::auth::Mechanism;
use super::super::capabilities::Capabilities;
use super::super::config::Remark;
use super::super::reply::Reply;

/// What happened. Each carries the server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A fault was tolerated, or a second choice taken.
    Remark(Remark),
    /// The server greeted.
    Greeting(&'a Reply),
    /// It told what it offers; this replaces what it told before.
    Capabilities {
        /// The reply to EHLO, or to HELO.
        reply: &'a Reply,
        /// What it means.
        capabilities: &'a Capabilities,
    },
    /// TLS is up, which this reply granted.
    Secured(&'a Reply),
    /// The server took the credentials.
    Authenticated {
        /// How.
        mechanism: Mechanism,
        /// The last reply.
        reply: &'a Reply,
    },
    /// Messages may be sent. Told once, with the last reply before.
    Ready,
    /// What becomes of one recipient, if the message is accepted.
    Recipient {
        /// The number of the message.
        message: u64,
        /// Its place in the envelope that was sent.
        index: usize,
        /// Positive: it was taken.
        reply: &'a Reply,
    },
    /// A message has ended; once for each, in the order of sending.
    Outcome(Outcome<'a>),
    /// The server closes the connection (421) where no message had to be answered; or it said
    /// good-bye to QUIT.
    Closing(&'a Reply),
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The server has taken it for all recipients of the transaction.
    Accepted,
    /// It has taken it for some.
    Partial,
    /// It has not taken it.
    Refused {
        /// Whether the same may go well later.
        retryable: bool,
    },
    /// Its end was sent and no reply came: it may have been taken. Sending it again could send it
    /// twice.
    Unknown,
}

/// Where a message was refused, or how far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its sender.
    Mail,
    /// Its recipients.
    Rcpt,
    /// The announcement of its content.
    Data,
    /// Its content.
    Message,
}

impl Stage {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Mail => "mail",
            Stage::Rcpt => "rcpt",
            Stage::Data => "data",
            Stage::Message => "message",
        }
    }
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// The number of the message.
    pub message: u64,
    /// What became of it.
    pub verdict: Verdict,
    /// How far it came.
    pub stage: Stage,
    /// How many recipients the server had taken. None of them gets the message unless it was taken
    /// itself.
    pub accepted: usize,
    /// How many recipients it had refused.
    pub refused: usize,
    /// The reply that decided it. There is none where the recipients decided, each by its own
    /// reply, or where the connection ended.
    pub reply: Option<&'a Reply>,
}
