//! The report on a message, and what was seen of the server.

use super::message::OutgoingMessage;
use crate::net::transport::Error;
use crate::smtp::auth::Mechanism;
use crate::smtp::capabilities::Capabilities;
use crate::smtp::client::{Stage, Verdict};
use crate::smtp::command::Path;
use crate::smtp::reply::Remark;
use crate::smtp::reply::Reply;
use crate::text::PeerText;
use std::net::SocketAddr;
use std::sync::Arc;

/// The outcome for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientStatus {
    /// The server has accepted the message for this recipient.
    Accepted,
    /// The server refused the recipient, or the message as a whole.
    Refused {
        /// The stage at which it was refused.
        stage: Stage,
        /// The server's reply.
        reply: Arc<Reply>,
    },
    /// The message was not sent to this recipient, because the server does not offer SMTPUTF8.
    Unsendable {
        /// The stage at which the server would have refused.
        stage: Stage,
        /// Why.
        why: Arc<crate::error::Error>,
    },
    /// Not sent to this recipient: others were refused, or there was no connection.
    Unsent,
    /// The end of the message was sent, but no reply came.
    Unknown,
}

/// A recipient of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its address.
    pub path: Path,
    /// Its outcome.
    pub status: RecipientStatus,
}

/// The report on one message.
#[derive(Debug, Clone)]
pub struct Report {
    /// The outcome for all recipients together.
    pub verdict: Verdict,
    /// Each recipient, in the order of the envelope.
    pub recipients: Vec<Recipient>,
    /// The reply that decided, of the last transaction if there were several. `None` if every
    /// recipient was refused by its own reply, or the connection ended.
    pub reply: Option<Arc<Reply>>,
    /// The length of the message in bytes as it was last sent, before dot-stuffing (RFC 5321
    /// §4.5.2).
    pub size: u64,
    /// Why there is no reply, if the server did not refuse.
    pub failure: Option<Arc<Error>>,
}

impl Report {
    /// The report on a message of which nothing was sent yet.
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

    /// Derives the verdict from the status of each recipient. `of_last` is the verdict of the
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

/// What was seen of the server.
#[derive(Debug, Clone, Default)]
pub struct ServerProbe {
    /// Its address.
    pub address: Option<SocketAddr>,
    /// Its greeting, without the code.
    pub greeting: Option<PeerText<'static>>,
    /// The capabilities it offered without TLS, if EHLO was sent there.
    pub in_clear: Option<Capabilities>,
    /// The capabilities it offered under TLS, if EHLO was sent there.
    pub under_tls: Option<Capabilities>,
    /// The mechanism of a successful AUTH.
    pub mechanism: Option<Mechanism>,
    /// Protocol faults that were tolerated; the first 64.
    pub remarks: Vec<Remark>,
}

/// The most remarks that are kept, because a server can cause any number.
const REMARKS_MAX: usize = 64;

impl ServerProbe {
    /// Keeps a remark, unless there are too many.
    pub(super) fn remark(&mut self, remark: Remark) {
        if self.remarks.len() < REMARKS_MAX {
            self.remarks.push(remark);
        }
    }

    /// The capabilities that it offered last.
    pub fn capabilities(&self) -> Option<&Capabilities> {
        self.under_tls.as_ref().or(self.in_clear.as_ref())
    }
}
