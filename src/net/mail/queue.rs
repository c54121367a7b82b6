//! The queue: messages that wait, messages on their way, and what became of them.
//!
//! ```text
//!   messages ─▶ waiting ─take─▶ a connection ─▶ conclude, once a transaction ─▶ Report ─▶ done
//!                 │ ▲              └─ put_back: the connection ended before the content
//!                 │ └──────────────────┘
//!                 └─ fail_waiting: no connection comes about, time is over
//! ```
//!
//! Messages are taken from their iterator as connections can use them, and a report is handed out
//! when the last transaction of its message has ended: what is held depends on how many are under
//! way, not on how many there are.

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

/// See the head of this module.
pub(super) struct Queue {
    pub(super) options: Options,
    pub(super) probe: ServerProbe,
    messages: Box<dyn Iterator<Item = OutgoingMessage>>,
    done: Done,
    /// How many were taken from the iterator.
    taken: usize,
    waiting: VecDeque<(usize, Rc<OutgoingMessage>)>,
    /// Of messages that wait or are on their way, by their numbers.
    open: BTreeMap<usize, Open>,
    /// Calls, and lines that cannot send yet.
    opening: usize,
    /// Lines that can.
    ready: usize,
    /// Lines are no longer made.
    is_closed: bool,
    /// There is no message: the server is only probed.
    is_probe: bool,
    /// Why the probe failed.
    failure: Option<Arc<Error>>,
    /// Why nothing more is begun, if we were stopped.
    given_up: Option<Arc<Error>>,
    /// How many refusals are kept.
    refusals: usize,
}

/// How many refusals are kept at length, and how much of the text of each, in bytes.
const LONG_REPLIES_MAX: usize = 64;
const LONG_REPLY_BYTES_MAX: usize = 4096;

/// How much of the text of the others is kept, in bytes: there may be one for each recipient.
const SHORT_REPLY_BYTES_MAX: usize = 128;

/// Is given the number of a message and what became of it.
pub(super) type Done = Box<dyn FnMut(usize, Report)>;

/// What is known of a message that has not ended.
struct Open {
    report: Report,
    /// Its transactions that are on their way, or wait for it.
    transactions: usize,
    /// It has waited twice.
    was_put_back: bool,
}

/// A part of a message's recipients, in one transaction.
#[derive(Debug, Clone)]
pub(super) struct RecipientSubset {
    /// Which message.
    pub(super) outgoing: usize,
    /// Their places in its envelope.
    places: Vec<usize>,
}

impl RecipientSubset {
    /// All of them.
    fn whole(outgoing: usize, count: usize) -> RecipientSubset {
        RecipientSubset { outgoing, places: (0..count).collect() }
    }

    /// Takes the last ones away, for another transaction.
    pub(super) fn split_off(&mut self, count: usize) -> RecipientSubset {
        let at = self.places.len().saturating_sub(count);
        RecipientSubset { outgoing: self.outgoing, places: self.places.split_off(at) }
    }

    /// Some of them, by their places in this transaction.
    pub(super) fn of(&self, indices: &[usize]) -> RecipientSubset {
        let places = indices.iter().filter_map(|index| self.places.get(*index).copied());
        RecipientSubset { outgoing: self.outgoing, places: places.collect() }
    }

    /// Who they are.
    pub(super) fn paths(&self, outgoing: &OutgoingMessage) -> Vec<Path> {
        let all = &outgoing.envelope.recipients;
        self.places.iter().filter_map(|place| all.get(*place).cloned()).collect()
    }

    /// Whether the whole message goes in it, but for those whom this server cannot be told of.
    fn is_of_all(&self, recipients: &[Recipient]) -> bool {
        let is_unsendable = |recipient: &&Recipient| is_unsendable(&recipient.status);
        self.places.len() + recipients.iter().filter(is_unsendable).count() == recipients.len()
    }
}

impl Queue {
    /// Without messages the server is only probed.
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

    /// Lets as many messages wait as there can be connections.
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

    // ---- lines -------------------------------------------------------------------------------

    /// Whether one more connection is to be made.
    pub(super) fn needs_line(&self) -> bool {
        let work = if self.is_probe { 1 } else { self.waiting.len() };
        let has_room = self.opening + self.ready < self.options.connections_max.max(1);
        !self.is_closed && has_room && work > self.opening
    }

    pub(super) fn opening(&mut self) {
        self.opening += 1;
    }

    /// A line can send now.
    pub(super) fn is_ready(&mut self) {
        self.opening -= 1;
        self.ready += 1;
        // One probe is enough.
        self.is_closed |= self.is_probe;
    }

    /// A call came to nothing, or a line ended. `was_ready`: it could send; `was_of_use`: and what
    /// it sent was answered.
    pub(super) fn ended(&mut self, was_ready: bool, was_of_use: bool, why: Option<Arc<Error>>) {
        match was_ready {
            true => self.ready -= 1,
            false => self.opening -= 1,
        }
        let why = why.or_else(|| self.given_up.clone());
        if self.is_probe && !was_ready {
            self.is_closed = true;
            self.failure = self.failure.take().or(why);
        } else if !was_of_use && !self.waiting.is_empty() {
            // Others may still do it; but none is made in the place of this one.
            self.is_closed = true;
            if self.opening + self.ready == 0 {
                self.fail_waiting(why.as_ref());
            }
        } else if self.is_closed && self.opening + self.ready == 0 {
            self.fail_waiting(why.as_ref());
        }
    }

    /// Nothing more is begun. What a line on its way waits for in vain says more than `why`.
    pub(super) fn give_up(&mut self, why: Arc<Error>) {
        let was_closed = std::mem::replace(&mut self.is_closed, true);
        if self.opening + self.ready == 0 {
            self.fail_waiting(Some(&why));
            self.failure = self.failure.take().or((!was_closed).then(|| why.clone()));
        }
        self.given_up = Some(why);
    }

    pub(super) fn is_done(&self) -> bool {
        self.opening + self.ready == 0 && (self.is_closed || !self.needs_line())
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

    /// A message that was begun on a connection which ended, and of whose content nothing was
    /// sent: another connection takes it. Says whether it waits again, which it does once; a part
    /// of a message does not.
    pub(super) fn put_back(
        &mut self,
        share: &RecipientSubset,
        outgoing: &Rc<OutgoingMessage>,
    ) -> bool {
        let Some(open) = self.open.get_mut(&share.outgoing) else { return false };
        let recipients = &mut open.report.recipients;
        if !share.is_of_all(recipients) || std::mem::replace(&mut open.was_put_back, true) {
            return false;
        }
        // The next connection may offer what this one did not.
        for recipient in recipients.iter_mut().filter(|one| is_unsendable(&one.status)) {
            recipient.status = RecipientStatus::Unsent;
        }
        open.transactions -= 1;
        self.waiting.push_front((share.outgoing, outgoing.clone()));
        true
    }

    /// Whether it was put back, as long as it has not ended: that two connections ended with it is
    /// then its own fault.
    pub(super) fn was_put_back(&self, share: &RecipientSubset) -> bool {
        self.open.get(&share.outgoing).is_some_and(|open| open.was_put_back)
    }

    /// One more transaction with the content of a message.
    pub(super) fn again(&mut self, share: &RecipientSubset, outgoing: &OutgoingMessage) {
        self.options.run.meter.add_total(outgoing.content.size());
        if let Some(open) = self.open.get_mut(&share.outgoing) {
            open.transactions += 1;
        }
    }

    /// All that were not begun come to nothing.
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

    /// A transaction of a message has ended. With the last one its report is handed out.
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

    /// A reply as it is kept: the first ones at length, the others cut short.
    pub(super) fn keep(&mut self, reply: &Reply) -> Arc<Reply> {
        self.refusals += 1;
        Arc::new(reply.shortened(match self.refusals <= LONG_REPLIES_MAX {
            true => LONG_REPLY_BYTES_MAX,
            false => SHORT_REPLY_BYTES_MAX,
        }))
    }

    /// What the server says of one recipient: it is refused, or the fate of the message decides.
    pub(super) fn answered(
        &mut self,
        share: &RecipientSubset,
        index: usize,
        status: RecipientStatus,
    ) {
        let open = self.open.get_mut(&share.outgoing);
        let recipients = open.map(|open| &mut open.report.recipients);
        let place = share.places.get(index);
        let its = recipients.zip(place).and_then(|(all, place)| all.get_mut(*place));
        if let Some(recipient) = its {
            recipient.status = status;
        }
    }

    /// The size of the message as this transaction carries it.
    pub(super) fn resize(&mut self, share: &RecipientSubset, size: u64) {
        if let Some(open) = self.open.get_mut(&share.outgoing) {
            open.report.size = size;
        }
    }

    /// A transaction has ended.
    pub(super) fn conclude(
        &mut self,
        share: &RecipientSubset,
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
        self.settle(share.outgoing, |report| {
            fill(report, share, &status);
            report.reply = reply.or(report.reply.take());
            if matches!(status, RecipientStatus::Unknown | RecipientStatus::Unsent) {
                report.failure = report.failure.take().or(why.cloned());
            }
            report.judge(outcome.verdict);
        });
    }

    /// A transaction did not come about.
    pub(super) fn unsent(
        &mut self,
        share: &RecipientSubset,
        why: Option<&Arc<Error>>,
        retryable: bool,
    ) {
        self.settle(share.outgoing, |report| {
            report.failure = report.failure.take().or(why.cloned());
            report.judge(Verdict::Refused { retryable });
        });
    }
}

fn is_unsendable(status: &RecipientStatus) -> bool {
    matches!(status, RecipientStatus::Unsendable { .. })
}

/// Gives a fate to those of a share that have none yet.
fn fill(report: &mut Report, share: &RecipientSubset, status: &RecipientStatus) {
    for place in &share.places {
        if let Some(recipient) = report.recipients.get_mut(*place)
            && recipient.status == RecipientStatus::Unsent
        {
            recipient.status = status.clone();
        }
    }
}
