//! The plan: letters that wait, letters on their way, and what became of them.
//!
//! ```text
//!   waiting ─take─▶ a line ─▶ conclude, once for each transaction ─▶ Report
//!      └─ fail_waiting: no connection comes about, time is over
//! ```

use super::letter::Letter;
use super::options::Options;
use super::report::{Fate, Report, Visit};
use crate::net::Error;
use crate::smtp::client::{Outcome, Verdict};
use crate::smtp::command::Path;
use crate::smtp::reply::Reply;
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// See the head of this module.
pub(super) struct Plan {
    pub(super) options: Options,
    pub(super) visit: Visit,
    waiting: VecDeque<(usize, Rc<Letter>)>,
    /// Letters that waited twice.
    put_back: HashSet<usize>,
    reports: Vec<Report>,
    /// Calls, and lines that cannot send yet.
    opening: usize,
    /// Lines that can.
    ready: usize,
    /// Lines are no longer made.
    is_closed: bool,
    /// Nothing is to be sent: a server is only visited.
    is_visit: bool,
    /// Why the visit came to nothing.
    failure: Option<Arc<Error>>,
    /// Why nothing more is begun, if we were stopped.
    given_up: Option<Arc<Error>>,
}

/// A part of a letter's recipients, in one transaction.
#[derive(Debug, Clone)]
pub(super) struct Share {
    /// Which letter.
    pub(super) letter: usize,
    /// Their places in its envelope.
    places: Vec<usize>,
}

impl Share {
    /// All of them.
    fn whole(letter: usize, count: usize) -> Share {
        Share { letter, places: (0..count).collect() }
    }

    /// Takes the last ones away, for another transaction.
    pub(super) fn split_off(&mut self, count: usize) -> Share {
        let at = self.places.len().saturating_sub(count);
        Share { letter: self.letter, places: self.places.split_off(at) }
    }

    /// Some of them, by their places in this transaction.
    pub(super) fn of(&self, indices: &[usize]) -> Share {
        let places = indices.iter().filter_map(|index| self.places.get(*index).copied());
        Share { letter: self.letter, places: places.collect() }
    }

    /// Whether the whole letter goes in it.
    fn is_of_all(&self, letter: &Letter) -> bool {
        self.places.len() == letter.envelope.recipients.len()
    }
}

impl Plan {
    /// Without letters a server is only visited.
    pub(super) fn new(options: Options, letters: Vec<Letter>) -> Plan {
        let sizes = letters.iter().map(|letter| letter.content.size());
        options.meter.add_total(sizes.sum());
        Plan {
            visit: Visit::default(),
            reports: letters.iter().map(Report::new).collect(),
            is_visit: letters.is_empty(),
            waiting: letters.into_iter().map(Rc::new).enumerate().collect(),
            put_back: HashSet::new(),
            opening: 0,
            ready: 0,
            is_closed: false,
            failure: None,
            given_up: None,
            options,
        }
    }

    pub(super) fn into_results(self) -> (Visit, Vec<Report>, Option<Arc<Error>>) {
        (self.visit, self.reports, self.failure)
    }

    // ---- lines -------------------------------------------------------------------------------

    /// Whether one more connection is to be made.
    pub(super) fn needs_line(&self) -> bool {
        let work = if self.is_visit { 1 } else { self.waiting.len() };
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
        // One visit is enough.
        self.is_closed |= self.is_visit;
    }

    /// A call came to nothing, or a line ended. `was_ready`: it could send; `was_of_use`: and what
    /// it sent was answered.
    pub(super) fn ended(&mut self, was_ready: bool, was_of_use: bool, why: Option<Arc<Error>>) {
        match was_ready {
            true => self.ready -= 1,
            false => self.opening -= 1,
        }
        let why = why.or_else(|| self.given_up.clone());
        if self.is_visit && !was_ready {
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

    // ---- letters -----------------------------------------------------------------------------

    pub(super) fn take(&mut self) -> Option<(Share, Rc<Letter>)> {
        if self.given_up.is_some() {
            return None;
        }
        let (at, letter) = self.waiting.pop_front()?;
        Some((Share::whole(at, letter.envelope.recipients.len()), letter))
    }

    /// A letter that was begun on a connection which ended, and of whose content nothing was sent:
    /// another connection takes it. Says whether it waits again, which it does once; a part of a
    /// letter does not.
    pub(super) fn put_back(&mut self, share: &Share, letter: &Rc<Letter>) -> bool {
        let waits = share.is_of_all(letter) && self.put_back.insert(share.letter);
        if waits {
            self.waiting.push_front((share.letter, letter.clone()));
        }
        waits
    }

    /// Whether it was put back: that two connections ended with it is then its own fault.
    pub(super) fn was_put_back(&self, share: &Share) -> bool {
        self.put_back.contains(&share.letter)
    }

    /// One more transaction with the content of a letter.
    pub(super) fn again(&self, letter: &Letter) {
        self.options.meter.add_total(letter.content.size());
    }

    fn fail_waiting(&mut self, why: Option<&Arc<Error>>) {
        for (letter, _) in self.waiting.drain(..) {
            self.reports[letter].failure = why.cloned();
        }
    }

    /// What the server says of one recipient: it is refused, or the fate of the message decides.
    pub(super) fn answered(&mut self, share: &Share, index: usize, fate: Fate) {
        let recipients = &mut self.reports[share.letter].recipients;
        let place = share.places.get(index);
        if let Some(recipient) = place.and_then(|place| recipients.get_mut(*place)) {
            recipient.fate = fate;
        }
    }

    /// A transaction has ended.
    pub(super) fn conclude(
        &mut self,
        share: &Share,
        outcome: &Outcome<'_>,
        why: Option<&Arc<Error>>,
    ) {
        let reply: Option<Arc<Reply>> = outcome.reply.map(|reply| Arc::new(reply.clone()));
        let fate = match (outcome.verdict, &reply) {
            (Verdict::Accepted | Verdict::Partial, _) => Fate::Accepted,
            (Verdict::Unknown, _) => Fate::Unknown,
            (Verdict::Refused { .. }, Some(reply)) => {
                Fate::Refused { stage: outcome.stage, reply: reply.clone() }
            }
            (Verdict::Refused { .. }, None) => Fate::Unsent,
        };
        self.fill(share, &fate);
        let report = &mut self.reports[share.letter];
        report.reply = reply.or(report.reply.take());
        if matches!(fate, Fate::Unknown | Fate::Unsent) {
            report.failure = report.failure.take().or(why.cloned());
        }
        report.judge(outcome.verdict);
    }

    /// A transaction did not come about.
    pub(super) fn unsent(&mut self, share: &Share, why: Option<&Arc<Error>>, retryable: bool) {
        let report = &mut self.reports[share.letter];
        report.failure = report.failure.take().or(why.cloned());
        report.judge(Verdict::Refused { retryable });
    }

    /// Who is in a share.
    pub(super) fn paths(&self, share: &Share) -> Vec<Path> {
        let recipients = &self.reports[share.letter].recipients;
        let its = share.places.iter().filter_map(|place| recipients.get(*place));
        its.map(|recipient| recipient.path.clone()).collect()
    }

    /// Gives a fate to those of a share that have none yet.
    fn fill(&mut self, share: &Share, fate: &Fate) {
        let recipients = &mut self.reports[share.letter].recipients;
        for place in &share.places {
            if let Some(recipient) = recipients.get_mut(*place)
                && recipient.fate == Fate::Unsent
            {
                recipient.fate = fate.clone();
            }
        }
    }
}
