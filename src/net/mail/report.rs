//! What became of a message, and what was seen of the server.

use super::message::OutgoingMessage;
use crate::net::transport::Error;
use crate::smtp::auth::Mechanism;
use crate::smtp::capabilities::Capabilities;
use crate::smtp::client::{Stage, Verdict};
use crate::smtp::command::Path;
use crate::smtp::config::Remark;
use crate::smtp::reply::Reply;
use crate::text::PeerText;
use std::net::SocketAddr;
use std::sync::Arc;

/// What became of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientStatus {
    /// The server has taken the message for it.
    Accepted,
    /// The server refused the recipient, or the message as a whole.
    Refused {
        /// What was refused.
        stage: Stage,
        /// In which words.
        reply: Arc<Reply>,
    },
    /// The recipient cannot be told to this server, so the message was not sent to it.
    Unsendable {
        /// Where it would have been refused.
        stage: Stage,
        /// Why.
        why: Arc<crate::error::Error>,
    },
    /// The message was not sent to it: others were refused, or there was no connection.
    Unsent,
    /// The end of the message was sent and no reply came.
    Unknown,
}

/// A recipient of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its address.
    pub path: Path,
    /// What became of it.
    pub status: RecipientStatus,
}

/// What became of a message.
#[derive(Debug, Clone)]
pub struct Report {
    /// All recipients together.
    pub verdict: Verdict,
    /// Each of them, in the order of the envelope.
    pub recipients: Vec<Recipient>,
    /// The reply that decided; none where the recipients decided, each by its own reply, or where
    /// the connection ended. Of several transactions it is that of the last.
    pub reply: Option<Arc<Reply>>,
    /// The length of the message in bytes as it was sent last, before dots are doubled.
    pub size: u64,
    /// Why there is no reply, where it was not the server that refused.
    pub failure: Option<Arc<Error>>,
}

impl Report {
    /// Nothing was sent yet.
    pub(super) fn new(outgoing: &OutgoingMessage) -> Report {
        let unsent =
            |path: &Path| Recipient { path: path.clone(), status: RecipientStatus::Unsent };
        Report {
            verdict: Verdict::Refused { retryable: true },
            recipients: outgoing.envelope.recipients.iter().map(unsent).collect(),
            reply: None,
            size: outgoing.content.size(),
            failure: None,
        }
    }

    /// Takes the verdict together from what became of each recipient. `of_last`: that of the
    /// transaction that ended last.
    pub(super) fn judge(&mut self, of_last: Verdict) {
        let is = |status: RecipientStatus| move |recipient: &Recipient| recipient.status == status;
        self.verdict = if self.recipients.iter().any(is(RecipientStatus::Unknown)) {
            Verdict::Unknown
        } else if self.recipients.iter().all(is(RecipientStatus::Accepted)) {
            Verdict::Accepted
        } else if self.recipients.iter().any(is(RecipientStatus::Accepted)) {
            Verdict::Partial
        } else {
            of_last
        };
    }
}

/// What was seen of the server on the first connection that came to something.
#[derive(Debug, Clone, Default)]
pub struct ServerProbe {
    /// Its address.
    pub address: Option<SocketAddr>,
    /// Its greeting, without the code.
    pub greeting: Option<PeerText<'static>>,
    /// What it offered in clear, if it was asked there.
    pub in_clear: Option<Capabilities>,
    /// What it offered under TLS, if it was asked there.
    pub under_tls: Option<Capabilities>,
    /// How it was logged in.
    pub mechanism: Option<Mechanism>,
    /// Faults that were tolerated, the first of them.
    pub remarks: Vec<Remark>,
}

/// The most remarks that are kept: a server makes as many as it likes.
const REMARKS_MAX: usize = 64;

impl ServerProbe {
    /// Keeps a remark, unless there are too many.
    pub(super) fn remark(&mut self, remark: Remark) {
        if self.remarks.len() < REMARKS_MAX {
            self.remarks.push(remark);
        }
    }

    /// What it offered last.
    pub fn capabilities(&self) -> Option<&Capabilities> {
        self.under_tls.as_ref().or(self.in_clear.as_ref())
    }
}
