//! One SMTP connection: drives the session, and sends the messages that are in flight on it.
//!
//! Specification: RFC 5321 §3.3 (mail transactions), RFC 2920 §3.1 (pipelining the next envelope
//! after the end of a message).
//!
//! ```text
//!   opening ─▶ ready ─▶ takes a message ─▶ envelope ─▶ content ─▶ end ─▶ takes the next …
//!                          ▲                                      └ its reply ─▶ concluded
//!                          └ further recipients of the same message: more than 100, or those
//!                            refused as too many in one transaction (452)
//!   no message left ─▶ QUIT      stopped: closes at once, without pending replies
//! ```
//!
//! At most two messages are in flight: one whose content is being sent, and one before it whose
//! final reply is pending.

use super::message::{Content, OutgoingMessage};
use super::queue::{Queue, RecipientSubset};
use super::reader::ContentReader;
use super::report::RecipientStatus;
use super::smtputf8;
use crate::buffer::Buffer;
use crate::net::connection::{Application, Turn, WindDown};
use crate::net::transport::stream::Stream;
use crate::net::transport::tls::NamedTls;
use crate::net::transport::{Error, Spoken};
use crate::session::{AbortReason, Session, Wants};
use crate::smtp::client::{Client, Envelope, Event, Outcome, Sent, Stage, Verdict};
use crate::smtp::reply::Reply;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

/// A transaction in flight.
struct Job {
    /// Its number on this connection.
    message: u64,
    subset: RecipientSubset,
    outgoing: Rc<OutgoingMessage>,
    reader: ContentReader,
    /// Recipients that were refused as too many for this transaction.
    later: Vec<usize>,
    /// The socket was read after all of the content was written.
    has_looked: bool,
    /// The end of the content was passed to the session.
    is_finished: bool,
}

/// Recipients of a message that need another transaction, with its envelope.
type Rest = (RecipientSubset, Rc<OutgoingMessage>, Envelope);

/// The application of an SMTP session. See the head of this module.
pub(super) struct SmtpConnection {
    queue: Rc<RefCell<Queue>>,
    tls: Option<NamedTls>,
    is_tls: bool,
    /// The oldest first.
    jobs: VecDeque<Job>,
    /// Recipients that need another transaction, in their order.
    rest: VecDeque<Rest>,
    is_ready: bool,
    /// The server has replied to a message, or a message failed by its own fault, so the connection
    /// works.
    is_working: bool,
    /// Why the connection ends, if that is known before it has ended.
    failure: Option<Error>,
}

impl SmtpConnection {
    /// A connection that begins in clear or, if `is_tls`, under TLS. `tls` has the settings for
    /// STARTTLS.
    pub(super) fn new(
        queue: &Rc<RefCell<Queue>>,
        tls: Option<NamedTls>,
        is_tls: bool,
    ) -> SmtpConnection {
        SmtpConnection {
            queue: queue.clone(),
            tls,
            is_tls,
            jobs: VecDeque::new(),
            rest: VecDeque::new(),
            is_ready: false,
            is_working: false,
            failure: None,
        }
    }

    // ---- sending -----------------------------------------------------------------------------

    /// Begins transactions and writes content, as far as `out` and the session accept them.
    fn transmit(
        &mut self,
        session: &mut Client,
        out: &mut Buffer,
        block: &mut [u8],
    ) -> Result<Turn, Error> {
        loop {
            session.transmit(out);
            if session.is_ready() {
                self.begin(session)?;
                session.transmit(out);
            }
            if session.wants() != Wants::Payload || !self.offer_content(session, out, block)? {
                return Ok(Turn::Done);
            }
            if !self.may_finish(out) {
                return Ok(if out.is_empty() { Turn::Again } else { Turn::Done });
            }
            session.finish_message()?;
            self.jobs.back_mut().expect("content was offered").is_finished = true;
        }
    }

    /// Begins the next transaction, or quits if no message is left.
    fn begin(&mut self, session: &mut Client) -> Result<(), Error> {
        while session.is_ready() {
            let next = self.rest.pop_front().or_else(|| {
                let (subset, outgoing) = self.queue.borrow_mut().take()?;
                let envelope = outgoing.envelope.clone();
                Some((subset, outgoing, envelope))
            });
            match next {
                Some((subset, outgoing, envelope)) => {
                    self.send(session, subset, outgoing, envelope)?
                }
                // Whether deferred recipients need another transaction is known when this one has
                // ended.
                None if self.jobs.iter().any(|job| !job.later.is_empty()) => return Ok(()),
                None => {
                    session.end();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Adapts a transaction to the server's capabilities. `None` if no recipient is left.
    fn fit(
        &self,
        session: &Client,
        subset: RecipientSubset,
        outgoing: &OutgoingMessage,
        mut envelope: Envelope,
    ) -> Option<(RecipientSubset, Envelope, Content)> {
        let fitted = smtputf8::fit(outgoing, &envelope, session.capabilities().smtputf8);
        let mut queue = self.queue.borrow_mut();
        envelope.size = Some(fitted.content.size());
        envelope.needs_smtputf8 = fitted.needs_smtputf8;
        let Some((_, _, first)) = fitted.refused.first().cloned() else {
            queue.resize(&subset, fitted.content.size());
            return Some((subset, envelope, fitted.content));
        };
        let mut kept: Vec<usize> = (0..envelope.recipients.len()).collect();
        for (index, stage, why) in fitted.refused {
            kept.retain(|other| *other != index);
            let why = Arc::new(why);
            queue.answered(&subset, index, RecipientStatus::Unsendable { stage, why });
        }
        if kept.is_empty() || queue.options.all_or_nothing {
            queue.unsent(&subset, Some(&Arc::new(Error::Session(first))), false);
            return None;
        }
        queue.resize(&subset, fitted.content.size());
        let subset = subset.of(&kept);
        envelope.recipients = subset.paths(outgoing);
        Some((subset, envelope, fitted.content))
    }

    fn send(
        &mut self,
        session: &mut Client,
        subset: RecipientSubset,
        outgoing: Rc<OutgoingMessage>,
        envelope: Envelope,
    ) -> Result<(), Error> {
        let Some((mut subset, envelope, content)) = self.fit(session, subset, &outgoing, envelope)
        else {
            self.is_working = true;
            return Ok(());
        };
        match session.send(envelope) {
            Ok(Sent { message, unserved }) => {
                if let Some(unserved) = unserved {
                    let rest = subset.split_off(unserved.recipients.len());
                    self.queue.borrow_mut().again(&rest, &outgoing);
                    self.rest.push_front((rest, outgoing.clone(), unserved));
                }
                let reader = ContentReader::new(content);
                self.jobs.push_back(Job {
                    message,
                    subset,
                    outgoing,
                    reader,
                    later: Vec::new(),
                    has_looked: false,
                    is_finished: false,
                });
            }
            // The server's capabilities do not allow this message. Others can still be sent.
            Err(error) => {
                let why = Arc::new(Error::Session(error));
                self.is_working = true;
                self.queue.borrow_mut().unsent(&subset, Some(&why), false);
            }
        }
        Ok(())
    }

    /// Whether the end of the message may be written now: the content was written, and after that
    /// the socket was read. A reply that was there came before the end of the message, so it does
    /// not answer the end.
    fn may_finish(&mut self, out: &Buffer) -> bool {
        let Some(job) = self.jobs.back_mut().filter(|_| out.is_empty()) else { return false };
        std::mem::replace(&mut job.has_looked, true)
    }

    /// Passes content to the session. True when all of it was passed.
    fn offer_content(
        &mut self,
        session: &mut Client,
        out: &mut Buffer,
        block: &mut [u8],
    ) -> Result<bool, Error> {
        let Some(job) = self.jobs.back_mut() else { return Ok(false) };
        while job.reader.fill(block)? {
            let taken = session.offer(job.reader.encoded(), out)?;
            job.reader.consume(taken);
            self.queue.borrow().options.run.meter.add(taken as u64);
            if taken == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    // ---- ending ------------------------------------------------------------------------------

    /// Aborts the connection for an error of this side or a timeout.
    fn fail(&mut self, session: &mut Client, error: Error) {
        self.failure.get_or_insert(error);
        session.abort(AbortReason::Io, "");
    }

    fn conclude_all(&mut self, session: &Client, why: Option<&Arc<Error>>) {
        let mut queue = self.queue.borrow_mut();
        for outcome in session.unfinished() {
            let found = self.jobs.iter().position(|job| job.message == outcome.message);
            if let Some(job) = found.and_then(|at| self.jobs.remove(at)) {
                let may_wait = self.is_working && is_untouched(&job, &outcome);
                if !may_wait || !queue.put_back(&job.subset, &job.outgoing) {
                    self.is_working |= queue.was_put_back(&job.subset);
                    queue.conclude(&job.subset, &outcome, why);
                }
            }
        }
        let unbegun = self.jobs.drain(..).map(|job| job.subset);
        for subset in unbegun.chain(self.rest.drain(..).map(|(subset, ..)| subset)) {
            queue.unsent(&subset, why, true);
        }
    }
}

/// Whether a transaction ended only because its connection did: before its content, and without a
/// refusal other than 421. Then it can be repeated on another connection.
fn is_untouched(job: &Job, outcome: &Outcome<'_>) -> bool {
    let has_ended = outcome.reply.is_none_or(|reply| reply.code() == 421);
    let is_early = outcome.stage != Stage::Message && !job.is_finished;
    let is_refused = matches!(outcome.verdict, Verdict::Refused { retryable: true });
    is_refused && is_early && has_ended && outcome.refused == 0
}

/// Whether a recipient was refused because the transaction has too many (RFC 5321 §4.5.3.1.10):
/// 452, or 552 as in RFC 821. An enhanced status code other than 5.3, too many recipients (RFC 3463
/// §3.6), gives another reason.
fn is_too_many(reply: &Reply) -> bool {
    let what = reply.enhanced().map(|enhanced| (enhanced.subject, enhanced.detail));
    matches!(reply.code(), 452 | 552) && what.is_none_or(|what| what == (5, 3))
}

/// Applies an event of the session to the queue and the jobs.
fn apply(
    queue: &mut Queue,
    jobs: &mut VecDeque<Job>,
    (is_tls, is_working): (bool, bool),
    event: Event<'_>,
) -> Effect {
    match event {
        Event::Remark(remark) => queue.probe.remark(remark),
        Event::Greeting(reply) => queue.probe.greeting = Some(reply.text()),
        Event::Capabilities { capabilities, .. } => {
            let known = match is_tls {
                true => &mut queue.probe.under_tls,
                false => &mut queue.probe.in_clear,
            };
            *known = Some(capabilities.clone());
        }
        Event::Secured(_) => {}
        Event::Authenticated { mechanism, .. } => queue.probe.mechanism = Some(mechanism),
        Event::Ready => return Effect::Ready,
        Event::Recipient { message, index, reply } => {
            if let Some(job) = jobs.iter_mut().find(|job| job.message == message) {
                let status = match reply.is_positive() {
                    true => RecipientStatus::Unsent,
                    false => {
                        RecipientStatus::Refused { stage: Stage::Rcpt, reply: queue.keep(reply) }
                    }
                };
                queue.answered(&job.subset, index, status);
                job.later.extend(is_too_many(reply).then_some(index));
            }
        }
        Event::Outcome(outcome) => {
            let found = jobs.iter().position(|job| job.message == outcome.message);
            if let Some(job) = found.and_then(|at| jobs.remove(at)) {
                return conclude(queue, job, &outcome, is_working);
            }
        }
        Event::Closing(reply) if !reply.is_positive() => return Effect::Closing(reply.refusal()),
        Event::Closing(_) => {}
    }
    Effect::Other
}

/// Concludes a transaction. If the server accepted the message for some recipients and refused
/// others as too many, the latter get another transaction. Each transaction serves at least one
/// recipient, so their number is bounded.
fn conclude(queue: &mut Queue, job: Job, outcome: &Outcome<'_>, is_working: bool) -> Effect {
    let is_untouched = is_untouched(&job, outcome);
    if is_untouched && is_working && queue.put_back(&job.subset, &job.outgoing) {
        return Effect::Other;
    }
    let is_fault_of_message = queue.was_put_back(&job.subset);
    let needs_another = !job.later.is_empty() && outcome.verdict == Verdict::Partial;
    let rest = needs_another.then(|| {
        let subset = job.subset.of(&job.later);
        queue.again(&subset, &job.outgoing);
        let recipients = subset.paths(&job.outgoing);
        let outgoing = &job.outgoing.envelope;
        let Envelope { size, is_8bit, needs_smtputf8, .. } = *outgoing;
        let envelope =
            Envelope { from: outgoing.from.clone(), recipients, size, is_8bit, needs_smtputf8 };
        (subset, job.outgoing, envelope)
    });
    queue.conclude(&job.subset, outcome, None);
    match is_untouched && !is_fault_of_message {
        true => Effect::Other,
        false => Effect::Outcome(rest),
    }
}

/// What an event means for the connection.
enum Effect {
    Ready,
    /// The server has replied to a message; with the recipients that need another transaction.
    Outcome(Option<Rest>),
    Closing(crate::error::Error),
    Other,
}

impl Application<Client> for SmtpConnection {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        let state = (self.is_tls, self.is_working);
        let effect = apply(&mut self.queue.borrow_mut(), &mut self.jobs, state, event);
        match effect {
            Effect::Ready => {
                self.is_ready = true;
                self.queue.borrow_mut().is_ready();
            }
            Effect::Outcome(rest) => {
                self.is_working = true;
                self.rest.extend(rest);
            }
            Effect::Closing(refusal) => {
                self.failure.get_or_insert(Error::Session(refusal));
            }
            Effect::Other => {}
        }
        Ok(())
    }

    /// The session knows whether a reply is missing. If none is, it does not matter how the stream
    /// ended.
    fn on_abort(&mut self, session: &mut Client, _: io::Error) -> Result<(), Error> {
        self.on_eof(session)
    }

    fn client_tls(&self) -> Option<NamedTls> {
        self.tls.clone()
    }

    fn secured(&mut self, session: &mut Client, _: &Stream) {
        self.is_tls = true;
        if session.wants() == Wants::Upgrade
            && let Err(error) = session.upgraded()
        {
            self.fail(session, Error::Session(error));
        }
    }

    fn poll(
        &mut self,
        session: &mut Client,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        let turn = self.transmit(session, out, scratch);
        Ok(turn.unwrap_or_else(|error| {
            // The message is at fault, not the server.
            self.is_working = true;
            self.fail(session, error);
            Turn::Done
        }))
    }

    fn memory(&self) -> usize {
        self.jobs.iter().map(|job| job.reader.capacity()).sum()
    }

    fn speaks(&self) -> Option<Spoken> {
        Some(Spoken::Smtp)
    }

    fn give_up(&mut self, session: &mut Client, why: &Error) {
        let why = match why {
            Error::TimedOut { state } => Error::TimedOut { state: *state },
            _ => Error::Interrupted,
        };
        self.fail(session, why);
    }

    /// The connection closes at once. The outcome of a message whose end was sent is unknown.
    fn wind_down(&mut self, _session: &mut Client) -> WindDown {
        self.failure.get_or_insert(Error::Interrupted);
        WindDown::Stop
    }

    fn closed(&mut self, session: &mut Client, outcome: Result<(), Error>) {
        let why = self.failure.take().or(outcome.err()).map(Arc::new);
        self.conclude_all(session, why.as_ref());
        self.queue.borrow_mut().ended(self.is_ready, self.is_working, why);
    }
}
