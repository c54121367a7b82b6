//! A line: one connection, its session, and the messages it has on their way.
//!
//! Specification: RFC 5321 §3, RFC 2920 §3.1 (the next envelope behind the end of a message).
//!
//! ```text
//!   opening ─▶ ready ─▶ takes a message ─▶ envelope ─▶ content ─▶ end ─▶ takes the next …
//!                          ▲                                      └ its reply ─▶ concluded
//!                          └ the rest, with the same content: more than 100 recipients, or more
//!                            than the server had room for (452)
//!   no message left ─▶ QUIT      stopped: no further byte of content, waits for due replies
//! ```
//!
//! Two messages at most are on their way: one whose content travels, and one before it whose end
//! is not yet answered.

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
use crate::session::{AbortReason, Session, WaitKind, Wants};
use crate::smtp::client::{Client, Envelope, Event, Outcome, Sent, Stage, Verdict};
use crate::smtp::reply::Reply;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

/// A transaction on its way.
struct Job {
    /// Its number on this connection.
    message: u64,
    share: RecipientSubset,
    outgoing: Rc<OutgoingMessage>,
    reader: ContentReader,
    /// For these recipients the server had no room in this transaction.
    later: Vec<usize>,
    /// Its end was handed to the session.
    is_finished: bool,
}

/// Some recipients of a message, as an envelope of their own.
type Rest = (RecipientSubset, Rc<OutgoingMessage>, Envelope);

/// See the head of this module.
pub(super) struct SmtpConnection {
    queue: Rc<RefCell<Queue>>,
    tls: Option<NamedTls>,
    is_tls: bool,
    /// The oldest first.
    jobs: VecDeque<Job>,
    /// Recipients that need another transaction, in their order.
    rest: VecDeque<Rest>,
    is_ready: bool,
    /// A message has got its answer.
    is_of_use: bool,
    /// Nothing new is begun.
    is_stopping: bool,
    /// Why it ends, where that is known before it has ended.
    failure: Option<Error>,
}

impl SmtpConnection {
    /// A connection that begins in clear or, if `is_tls`, under TLS; `tls` is how STARTTLS is
    /// done.
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
            is_of_use: false,
            is_stopping: false,
            failure: None,
        }
    }

    // ---- what goes ---------------------------------------------------------------------------

    fn say(
        &mut self,
        session: &mut Client,
        out: &mut Buffer,
        block: &mut [u8],
    ) -> Result<(), Error> {
        loop {
            session.transmit(out);
            if self.is_stopping {
                if self.jobs.iter().all(|job| !job.is_finished) {
                    session.abort(AbortReason::ShuttingDown, "");
                }
                return Ok(());
            }
            if session.is_ready() {
                self.begin(session)?;
                session.transmit(out);
            }
            if session.wants() != Wants::Payload || !self.pour(session, out, block)? {
                return Ok(());
            }
        }
    }

    /// Takes the next message, or says good-bye.
    fn begin(&mut self, session: &mut Client) -> Result<(), Error> {
        while session.is_ready() {
            let next = self.rest.pop_front().or_else(|| {
                let (share, outgoing) = self.queue.borrow_mut().take()?;
                let envelope = outgoing.envelope.clone();
                Some((share, outgoing, envelope))
            });
            match next {
                Some((share, outgoing, envelope)) => {
                    self.send(session, share, outgoing, envelope)?
                }
                // Whether these get another transaction depends on what becomes of the first.
                None if self.jobs.iter().any(|job| !job.later.is_empty()) => return Ok(()),
                None => {
                    session.end();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Fits a transaction to what the server offers. None is left where nobody would get it.
    fn fit(
        &self,
        session: &Client,
        share: RecipientSubset,
        outgoing: &OutgoingMessage,
        mut envelope: Envelope,
    ) -> Option<(RecipientSubset, Envelope, Content)> {
        let fitted = smtputf8::fit(outgoing, &envelope, session.capabilities().smtputf8);
        let mut queue = self.queue.borrow_mut();
        envelope.size = Some(fitted.content.size());
        envelope.needs_smtputf8 = fitted.needs_smtputf8;
        let Some((_, _, first)) = fitted.refused.first().cloned() else {
            queue.resize(&share, fitted.content.size());
            return Some((share, envelope, fitted.content));
        };
        let mut kept: Vec<usize> = (0..envelope.recipients.len()).collect();
        for (index, stage, why) in fitted.refused {
            kept.retain(|other| *other != index);
            let why = Arc::new(why);
            queue.answered(&share, index, RecipientStatus::Unsendable { stage, why });
        }
        if kept.is_empty() || queue.options.all_or_nothing {
            queue.unsent(&share, Some(&Arc::new(Error::Session(first))), false);
            return None;
        }
        queue.resize(&share, fitted.content.size());
        let share = share.of(&kept);
        envelope.recipients = share.paths(outgoing);
        Some((share, envelope, fitted.content))
    }

    fn send(
        &mut self,
        session: &mut Client,
        share: RecipientSubset,
        outgoing: Rc<OutgoingMessage>,
        envelope: Envelope,
    ) -> Result<(), Error> {
        let Some((mut share, envelope, content)) = self.fit(session, share, &outgoing, envelope)
        else {
            self.is_of_use = true;
            return Ok(());
        };
        match session.send(envelope) {
            Ok(Sent { message, unserved }) => {
                if let Some(unserved) = unserved {
                    let rest = share.split_off(unserved.recipients.len());
                    self.queue.borrow_mut().again(&rest, &outgoing);
                    self.rest.push_front((rest, outgoing.clone(), unserved));
                }
                let reader = ContentReader::new(content);
                let (later, is_finished) = (Vec::new(), false);
                self.jobs.push_back(Job { message, share, outgoing, reader, later, is_finished });
            }
            // It cannot be taken by this server; others can.
            Err(error) => {
                let why = Arc::new(Error::Session(error));
                self.is_of_use = true;
                self.queue.borrow_mut().unsent(&share, Some(&why), false);
            }
        }
        Ok(())
    }

    /// Hands content on. True when the end of the message was reached.
    fn pour(
        &mut self,
        session: &mut Client,
        out: &mut Buffer,
        block: &mut [u8],
    ) -> Result<bool, Error> {
        let Some(job) = self.jobs.back_mut() else { return Ok(false) };
        while job.reader.fill(block)? {
            let taken = session.offer(job.reader.made(), out)?;
            job.reader.consume(taken);
            self.queue.borrow().options.run.meter.add(taken as u64);
            if taken == 0 {
                return Ok(false);
            }
        }
        session.finish_message()?;
        job.is_finished = true;
        Ok(true)
    }

    // ---- how it ends -------------------------------------------------------------------------

    /// A fault on this side, or the end of our time: the connection closes as it stands.
    fn fail(&mut self, session: &mut Client, error: Error) {
        self.failure.get_or_insert(error);
        session.abort(AbortReason::Io, "");
    }

    fn conclude_all(&mut self, session: &Client, why: Option<&Arc<Error>>) {
        let mut queue = self.queue.borrow_mut();
        for outcome in session.unfinished() {
            let its = self.jobs.iter().position(|job| job.message == outcome.message);
            if let Some(job) = its.and_then(|at| self.jobs.remove(at)) {
                let may_wait = self.is_of_use && is_untouched(&job, &outcome);
                if !may_wait || !queue.put_back(&job.share, &job.outgoing) {
                    self.is_of_use |= queue.was_put_back(&job.share);
                    queue.conclude(&job.share, &outcome, why);
                }
            }
        }
        let unbegun = self.jobs.drain(..).map(|job| job.share);
        for share in unbegun.chain(self.rest.drain(..).map(|(share, ..)| share)) {
            queue.unsent(&share, why, true);
        }
    }
}

/// Whether a transaction ended with its connection alone: before its content, and nothing was
/// refused. The server has taken nothing of it and said nothing against it.
fn is_untouched(job: &Job, outcome: &Outcome<'_>) -> bool {
    let has_ended = outcome.reply.is_none_or(|reply| reply.code() == 421);
    let is_early = outcome.stage != Stage::Message && !job.is_finished;
    let is_refused = matches!(outcome.verdict, Verdict::Refused { retryable: true });
    is_refused && is_early && has_ended && outcome.refused == 0
}

/// RFC 5321 §4.5.3.1.10: there were too many recipients for one transaction. 552 is what RFC 821
/// called it; a code that says what else it is, is believed.
fn has_no_room(reply: &Reply) -> bool {
    let what = reply.enhanced().map(|enhanced| (enhanced.subject, enhanced.detail));
    matches!(reply.code(), 452 | 552) && what.is_none_or(|what| what == (5, 3))
}

/// Notes what the server said.
fn hear(
    queue: &mut Queue,
    jobs: &mut VecDeque<Job>,
    (is_tls, is_of_use): (bool, bool),
    event: Event<'_>,
) -> Heard {
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
        Event::Ready => return Heard::Ready,
        Event::Recipient { message, index, reply } => {
            if let Some(job) = jobs.iter_mut().find(|job| job.message == message) {
                let status = match reply.is_positive() {
                    true => RecipientStatus::Unsent,
                    false => {
                        RecipientStatus::Refused { stage: Stage::Rcpt, reply: queue.keep(reply) }
                    }
                };
                queue.answered(&job.share, index, status);
                job.later.extend(has_no_room(reply).then_some(index));
            }
        }
        Event::Outcome(outcome) => {
            let its = jobs.iter().position(|job| job.message == outcome.message);
            if let Some(job) = its.and_then(|at| jobs.remove(at)) {
                return conclude(queue, job, &outcome, is_of_use);
            }
        }
        Event::Closing(reply) if !reply.is_positive() => return Heard::Closing(reply.refusal()),
        Event::Closing(_) => {}
    }
    Heard::Other
}

/// A transaction has its outcome. Where the server had no room for some, and has taken it for
/// others, these get one of their own: each takes one recipient at least, so there is an end.
fn conclude(queue: &mut Queue, job: Job, outcome: &Outcome<'_>, is_of_use: bool) -> Heard {
    let is_untouched = is_untouched(&job, outcome);
    if is_untouched && is_of_use && queue.put_back(&job.share, &job.outgoing) {
        return Heard::Other;
    }
    let is_fault_of_message = queue.was_put_back(&job.share);
    let needs_another = !job.later.is_empty() && outcome.verdict == Verdict::Partial;
    let rest = needs_another.then(|| {
        let share = job.share.of(&job.later);
        queue.again(&share, &job.outgoing);
        let recipients = share.paths(&job.outgoing);
        let outgoing = &job.outgoing.envelope;
        let Envelope { size, is_8bit, needs_smtputf8, .. } = *outgoing;
        let envelope =
            Envelope { from: outgoing.from.clone(), recipients, size, is_8bit, needs_smtputf8 };
        (share, job.outgoing, envelope)
    });
    queue.conclude(&job.share, outcome, None);
    match is_untouched && !is_fault_of_message {
        true => Heard::Other,
        false => Heard::Outcome(rest),
    }
}

/// What an event means for the line.
enum Heard {
    Ready,
    /// A message has got its answer; and whom it is to be sent to once more.
    Outcome(Option<Rest>),
    Closing(crate::error::Error),
    Other,
}

impl Application<Client> for SmtpConnection {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        let state = (self.is_tls, self.is_of_use);
        let heard = hear(&mut self.queue.borrow_mut(), &mut self.jobs, state, event);
        match heard {
            Heard::Ready => {
                self.is_ready = true;
                self.queue.borrow_mut().is_ready();
            }
            Heard::Outcome(rest) => {
                self.is_of_use = true;
                self.rest.extend(rest);
            }
            Heard::Closing(refusal) => {
                self.failure.get_or_insert(Error::Session(refusal));
            }
            Heard::Other => {}
        }
        Ok(())
    }

    /// The session knows what is missing; where that is nothing, how the stream ended is no
    /// matter.
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
        if let Err(error) = self.say(session, out, scratch) {
            // It is the fault of one message, and none of the server.
            self.is_of_use = true;
            self.fail(session, error);
        }
        Ok(Turn::Done)
    }

    fn memory(&self) -> usize {
        self.jobs.iter().map(|job| job.reader.capacity()).sum()
    }

    fn speaks(&self) -> Option<Spoken> {
        Some(Spoken::Smtp)
    }

    fn give_up(&mut self, session: &mut Client, why: &Error) {
        let why = match why {
            // A server that does not even greet may be one of TLS: that is worth to be told.
            Error::TimedOut { state } => {
                let wait = session.waits_for();
                Error::TimedOut {
                    state: if wait.kind() == WaitKind::FirstWords { wait } else { *state },
                }
            }
            _ => Error::Interrupted,
        };
        self.fail(session, why);
    }

    /// Where the end of no message has gone out, nothing can have been taken: the connection closes
    /// at once. For the reply to an end that has gone out there is the grace of the reactor.
    fn wind_down(&mut self, _session: &mut Client) -> WindDown {
        self.is_stopping = true;
        self.failure.get_or_insert(Error::Interrupted);
        match self.jobs.iter().any(|job| job.is_finished) {
            true => WindDown::Finish,
            false => WindDown::Stop,
        }
    }

    fn closed(&mut self, session: &mut Client, outcome: Result<(), Error>) {
        let why = self.failure.take().or(outcome.err()).map(Arc::new);
        self.conclude_all(session, why.as_ref());
        self.queue.borrow_mut().ended(self.is_ready, self.is_of_use, why);
    }
}
