//! The queue: messages that wait, messages in flight, and their reports.
//!
//! ```text
//!   messages ─▶ waiting ─take─▶ a connection ─▶ conclude, for each transaction ─▶ Report ─▶ done
//!                 │ ▲              └─ put_back: the connection ended before the content
//!                 │ └──────────────────┘
//!                 └─ fail_waiting: no connection can be made, or the deadline has passed
//! ```
//!
//! Messages are taken from their iterator when connections can use them, and a report is passed on
//! when the last transaction of its message has ended. So memory depends on the number of messages
//! in flight, not on the number of all messages.

use super::message::OutgoingMessage;
use super::options::Options;
use super::report::{Recipient, RecipientStatus, Report, ServerProbe};
use crate::net::transport::Error;
use crate::smtp::client::{Outcome, Verdict};
use crate::smtp::command::Path;
use crate::smtp::reply::Reply;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// What the SMTP connections of one call share. See the head of this module.
pub(super) struct Queue {
    pub(super) options: Options,
    pub(super) probe: ServerProbe,
    messages: Box<dyn Iterator<Item = OutgoingMessage>>,
    done: Done,
    /// How many were taken from the iterator.
    taken: usize,
    waiting: VecDeque<(usize, Rc<OutgoingMessage>)>,
    /// Messages that wait or are in flight, by index.
    open: BTreeMap<usize, Open>,
    /// How many connections are being made, or cannot send yet.
    opening: usize,
    /// How many connections can send.
    ready: usize,
    /// No further connections are made.
    is_closed: bool,
    /// There are no messages: the server is only probed.
    is_probe: bool,
    /// Why the probe failed.
    failure: Option<Arc<Error>>,
    /// Why nothing more is begun, if the call was stopped or timed out.
    given_up: Option<Arc<Error>>,
    /// How many replies were kept.
    refusals: usize,
}

/// How many replies are kept with up to [`LONG_REPLY_BYTES_MAX`] of text.
const LONG_REPLIES_MAX: usize = 64;

/// How much text of each of these is kept, in bytes.
const LONG_REPLY_BYTES_MAX: usize = 4096;

/// How much text of further replies is kept, in bytes: there may be one for each recipient.
const SHORT_REPLY_BYTES_MAX: usize = 128;

/// Called with the index of a message and its report.
pub(super) type Done = Box<dyn FnMut(usize, Report)>;

/// A message that has not ended.
struct Open {
    report: Report,
    /// How many transactions of the message are in flight or waiting.
    transactions: usize,
    /// The message was put back into the queue once.
    was_put_back: bool,
}

/// The recipients of a message that share one transaction.
#[derive(Debug, Clone)]
pub(super) struct RecipientSubset {
    /// The index of the message.
    pub(super) outgoing: usize,
    /// The indices of the recipients in the message's envelope.
    indices: Vec<usize>,
}

impl RecipientSubset {
    /// All recipients.
    fn whole(outgoing: usize, count: usize) -> RecipientSubset {
        RecipientSubset { outgoing, indices: (0..count).collect() }
    }

    /// Splits off the last `count` recipients, for another transaction.
    pub(super) fn split_off(&mut self, count: usize) -> RecipientSubset {
        let at = self.indices.len().saturating_sub(count);
        RecipientSubset { outgoing: self.outgoing, indices: self.indices.split_off(at) }
    }

    /// Some of the recipients, by their indices in this transaction.
    pub(super) fn of(&self, indices: &[usize]) -> RecipientSubset {
        let indices = indices.iter().filter_map(|index| self.indices.get(*index).copied());
        RecipientSubset { outgoing: self.outgoing, indices: indices.collect() }
    }

    /// The addresses of the recipients.
    pub(super) fn paths(&self, outgoing: &OutgoingMessage) -> Vec<Path> {
        let all = &outgoing.envelope.recipients;
        self.indices.iter().filter_map(|place| all.get(*place).cloned()).collect()
    }

    /// Whether these are all recipients, except those that are unsendable to this server.
    fn is_of_all(&self, recipients: &[Recipient]) -> bool {
        let is_unsendable = |recipient: &&Recipient| is_unsendable(&recipient.status);
        self.indices.len() + recipients.iter().filter(is_unsendable).count() == recipients.len()
    }
}

impl Queue {
    /// A queue over `messages`. Without messages the server is only probed.
    pub(super) fn new(
        options: Options,
        messages: Box<dyn Iterator<Item = OutgoingMessage>>,
        done: Done,
    ) -> Queue {
        let mut queue = Queue {
            probe: ServerProbe::default(),
            messages,
            done,
            taken: 0,
            waiting: VecDeque::new(),
            open: BTreeMap::new(),
            opening: 0,
            ready: 0,
            is_closed: false,
            is_probe: false,
            failure: None,
            given_up: None,
            refusals: 0,
            options,
        };
        queue.refill();
        queue.is_probe = queue.waiting.is_empty();
        queue
    }

    pub(super) fn into_results(self) -> (ServerProbe, Option<Arc<Error>>) {
        (self.probe, self.failure)
    }

    /// Keeps as many messages waiting as there can be connections.
    fn refill(&mut self) {
        while self.waiting.len() < self.options.connections_max.max(1) && self.pull() {}
    }

    /// Takes one more message from the iterator.
    fn pull(&mut self) -> bool {
        let Some(outgoing) = self.messages.next() else { return false };
        self.options.run.meter.add_total(outgoing.content.size());
        let report = Report::new(&outgoing);
        self.open.insert(self.taken, Open { report, transactions: 0, was_put_back: false });
        self.waiting.push_back((self.taken, Rc::new(outgoing)));
        self.taken += 1;
        true
    }

    // ---- connections -------------------------------------------------------------------------

    /// Whether one more connection is to be made.
    pub(super) fn needs_connection(&self) -> bool {
        let work = if self.is_probe { 1 } else { self.waiting.len() };
        let may_open = self.opening + self.ready < self.options.connections_max.max(1);
        !self.is_closed && may_open && work > self.opening
    }

    pub(super) fn opening(&mut self) {
        self.opening += 1;
    }

    /// A connection can send now.
    pub(super) fn is_ready(&mut self) {
        self.opening -= 1;
        self.ready += 1;
        // One probe is enough.
        self.is_closed |= self.is_probe;
    }

    /// A connection has ended, or could not be made. `was_ready`: it could send; `was_working`: the
    /// server has replied to a message.
    pub(super) fn ended(&mut self, was_ready: bool, was_working: bool, why: Option<Arc<Error>>) {
        match was_ready {
            true => self.ready -= 1,
            false => self.opening -= 1,
        }
        let why = why.or_else(|| self.given_up.clone());
        if self.is_probe && !was_ready {
            self.is_closed = true;
            self.failure = self.failure.take().or(why);
        } else if !was_working && !self.waiting.is_empty() {
            // Other connections may still send the messages, but this one is not replaced.
            self.is_closed = true;
            if self.opening + self.ready == 0 {
                self.fail_waiting(why.as_ref());
            }
        } else if self.is_closed && self.opening + self.ready == 0 {
            self.fail_waiting(why.as_ref());
        }
    }

    /// Begins nothing more. A connection that is being made reports its own error, which is more
    /// specific than `why`.
    pub(super) fn give_up(&mut self, why: Arc<Error>) {
        let was_closed = std::mem::replace(&mut self.is_closed, true);
        if self.opening + self.ready == 0 {
            self.fail_waiting(Some(&why));
            self.failure = self.failure.take().or((!was_closed).then(|| why.clone()));
        }
        self.given_up = Some(why);
    }

    pub(super) fn is_done(&self) -> bool {
        self.opening + self.ready == 0 && (self.is_closed || !self.needs_connection())
    }

    // ---- messages -----------------------------------------------------------------------------

    pub(super) fn take(&mut self) -> Option<(RecipientSubset, Rc<OutgoingMessage>)> {
        if self.given_up.is_some() {
            return None;
        }
        let (at, outgoing) = self.waiting.pop_front()?;
        self.refill();
        self.open.get_mut(&at)?.transactions += 1;
        Some((RecipientSubset::whole(at, outgoing.envelope.recipients.len()), outgoing))
    }

    /// Puts a message back whose connection ended before its content, so that another connection
    /// sends it. Returns whether the message waits again: once for each message, and not for a
    /// subset of its recipients.
    pub(super) fn put_back(
        &mut self,
        subset: &RecipientSubset,
        outgoing: &Rc<OutgoingMessage>,
    ) -> bool {
        let Some(open) = self.open.get_mut(&subset.outgoing) else { return false };
        let recipients = &mut open.report.recipients;
        if !subset.is_of_all(recipients) || std::mem::replace(&mut open.was_put_back, true) {
            return false;
        }
        // The server may offer other extensions on the next connection.
        for recipient in recipients.iter_mut().filter(|one| is_unsendable(&one.status)) {
            recipient.status = RecipientStatus::Unsent;
        }
        open.transactions -= 1;
        self.waiting.push_front((subset.outgoing, outgoing.clone()));
        true
    }

    /// Whether a message that has not ended was put back. If two connections ended with it, the
    /// message is considered at fault.
    pub(super) fn was_put_back(&self, subset: &RecipientSubset) -> bool {
        self.open.get(&subset.outgoing).is_some_and(|open| open.was_put_back)
    }

    /// Counts one more transaction of a message.
    pub(super) fn again(&mut self, subset: &RecipientSubset, outgoing: &OutgoingMessage) {
        self.options.run.meter.add_total(outgoing.content.size());
        if let Some(open) = self.open.get_mut(&subset.outgoing) {
            open.transactions += 1;
        }
    }

    /// Fails all messages that were not begun.
    fn fail_waiting(&mut self, why: Option<&Arc<Error>>) {
        loop {
            for (outgoing, _) in std::mem::take(&mut self.waiting) {
                if let Some(mut open) = self.open.remove(&outgoing) {
                    open.report.failure = why.cloned();
                    (self.done)(outgoing, open.report);
                }
            }
            if !self.pull() {
                return;
            }
        }
    }

    /// Ends a transaction of a message. When the last one has ended, passes the report on.
    fn settle(&mut self, outgoing: usize, note: impl FnOnce(&mut Report)) {
        let Some(open) = self.open.get_mut(&outgoing) else { return };
        note(&mut open.report);
        open.transactions -= 1;
        if open.transactions == 0
            && let Some(open) = self.open.remove(&outgoing)
        {
            (self.done)(outgoing, open.report);
        }
    }

    /// A reply as it is kept: the first [`LONG_REPLIES_MAX`] with more text than the others.
    pub(super) fn keep(&mut self, reply: &Reply) -> Arc<Reply> {
        self.refusals += 1;
        Arc::new(reply.shortened(match self.refusals <= LONG_REPLIES_MAX {
            true => LONG_REPLY_BYTES_MAX,
            false => SHORT_REPLY_BYTES_MAX,
        }))
    }

    /// Sets the status of one recipient, by its index in the transaction.
    pub(super) fn answered(
        &mut self,
        subset: &RecipientSubset,
        index: usize,
        status: RecipientStatus,
    ) {
        let open = self.open.get_mut(&subset.outgoing);
        let recipients = open.map(|open| &mut open.report.recipients);
        let place = subset.indices.get(index);
        let its = recipients.zip(place).and_then(|(all, place)| all.get_mut(*place));
        if let Some(recipient) = its {
            recipient.status = status;
        }
    }

    /// Sets the reported size to that of this transaction.
    pub(super) fn resize(&mut self, subset: &RecipientSubset, size: u64) {
        if let Some(open) = self.open.get_mut(&subset.outgoing) {
            open.report.size = size;
        }
    }

    /// Ends a transaction with its outcome.
    pub(super) fn conclude(
        &mut self,
        subset: &RecipientSubset,
        outcome: &Outcome<'_>,
        why: Option<&Arc<Error>>,
    ) {
        let reply: Option<Arc<Reply>> = outcome.reply.map(|reply| self.keep(reply));
        let status = match (outcome.verdict, &reply) {
            (Verdict::Accepted | Verdict::Partial, _) => RecipientStatus::Accepted,
            (Verdict::Unknown, _) => RecipientStatus::Unknown,
            (Verdict::Refused { .. }, Some(reply)) => {
                RecipientStatus::Refused { stage: outcome.stage, reply: reply.clone() }
            }
            (Verdict::Refused { .. }, None) => RecipientStatus::Unsent,
        };
        self.settle(subset.outgoing, |report| {
            fill(report, subset, &status);
            report.reply = reply.or(report.reply.take());
            if matches!(status, RecipientStatus::Unknown | RecipientStatus::Unsent) {
                report.failure = report.failure.take().or(why.cloned());
            }
            report.judge(outcome.verdict);
        });
    }

    /// Ends a transaction that was not sent.
    pub(super) fn unsent(
        &mut self,
        subset: &RecipientSubset,
        why: Option<&Arc<Error>>,
        retryable: bool,
    ) {
        self.settle(subset.outgoing, |report| {
            report.failure = report.failure.take().or(why.cloned());
            report.judge(Verdict::Refused { retryable });
        });
    }
}

fn is_unsendable(status: &RecipientStatus) -> bool {
    matches!(status, RecipientStatus::Unsendable { .. })
}

/// Sets the status of those recipients of a subset that have none yet.
fn fill(report: &mut Report, subset: &RecipientSubset, status: &RecipientStatus) {
    for place in &subset.indices {
        if let Some(recipient) = report.recipients.get_mut(*place)
            && recipient.status == RecipientStatus::Unsent
        {
            recipient.status = status.clone();
        }
    }
}
