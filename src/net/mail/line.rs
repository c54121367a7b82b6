//! A line: one connection, its session, and the letters it has on their way.
//!
//! Specification: RFC 5321 §3, RFC 2920 §3.1 (the next envelope behind the end of a message).
//!
//! ```text
//!   opening ─▶ ready ─▶ takes a letter ─▶ envelope ─▶ content ─▶ end ─▶ takes the next …
//!                          ▲                                      └ its reply ─▶ concluded
//!                          └ more than 100 recipients: the rest, with the same content
//!   no letter left ─▶ QUIT      stopped: no further byte of content, waits for due replies
//! ```
//!
//! Two letters at most are on their way: one whose content travels, and one before it whose end is
//! not yet answered.

use super::letter::Letter;
use super::pen::Pen;
use super::plan::{Plan, Share};
use super::report::Fate;
use crate::buffer::Buffer;
use crate::net::Error;
use crate::net::pump::{Conversation, Turn};
#[cfg(feature = "tls")]
use crate::net::tls::NamedTls;
use crate::session::{Session, Wants};
use crate::smtp::client::{Client, Envelope, Event, Outcome, Sent, Stage};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// A transaction on its way.
struct Job {
    /// Its number on this connection.
    message: u64,
    share: Share,
    pen: Pen,
    /// Its end was handed to the session.
    is_finished: bool,
}

/// See the head of this module.
pub(super) struct Line {
    plan: Rc<RefCell<Plan>>,
    session: Client,
    #[cfg(feature = "tls")]
    tls: Option<NamedTls>,
    is_tls: bool,
    /// The oldest first.
    jobs: VecDeque<Job>,
    /// Recipients that need another transaction.
    rest: Option<(Share, Rc<Letter>, Envelope)>,
    is_ready: bool,
    /// A letter has got its answer.
    is_of_use: bool,
    /// Nothing new is begun.
    is_stopping: bool,
    /// Why it ends, where that is known before it has ended.
    failure: Option<Error>,
}

impl Line {
    pub(super) fn new(plan: &Rc<RefCell<Plan>>, session: Client, is_tls: bool) -> Line {
        Line {
            plan: plan.clone(),
            session,
            #[cfg(feature = "tls")]
            tls: None,
            is_tls,
            jobs: VecDeque::new(),
            rest: None,
            is_ready: false,
            is_of_use: false,
            is_stopping: false,
            failure: None,
        }
    }

    /// How TLS is begun on it, if that is wanted.
    #[cfg(feature = "tls")]
    pub(super) fn with_tls(mut self, tls: Option<NamedTls>) -> Line {
        self.tls = tls;
        self
    }

    // ---- what goes ---------------------------------------------------------------------------

    fn say(&mut self, out: &mut Buffer, block: &mut [u8]) -> Result<(), Error> {
        loop {
            self.session.transmit(out);
            if self.is_stopping {
                if self.jobs.iter().all(|job| !job.is_finished) {
                    self.session.abort();
                }
                return Ok(());
            }
            if self.session.is_ready() {
                self.begin()?;
                self.session.transmit(out);
            }
            if self.session.wants() != Wants::Payload || !self.pour(out, block)? {
                return Ok(());
            }
        }
    }

    /// Takes the next letter, or says good-bye.
    fn begin(&mut self) -> Result<(), Error> {
        while self.session.is_ready() {
            let next = self.rest.take().or_else(|| {
                let (letter, content) = self.plan.borrow_mut().take()?;
                let envelope = content.envelope.clone();
                let share = Share { letter, first: 0, count: envelope.recipients.len() };
                Some((share, content, envelope))
            });
            match next {
                Some((share, letter, envelope)) => self.send(share, letter, envelope)?,
                None => {
                    self.session.end();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, share: Share, letter: Rc<Letter>, envelope: Envelope) -> Result<(), Error> {
        match self.session.send(envelope) {
            Ok(Sent { message, unserved }) => {
                let (share, rest) = share.split(unserved.as_ref());
                let pen = Pen::new(letter.content.clone());
                self.jobs.push_back(Job { message, share, pen, is_finished: false });
                self.rest = rest.zip(unserved).map(|(share, rest)| (share, letter, rest));
            }
            // It cannot be taken by this server; others can.
            Err(error) => {
                let why = Arc::new(Error::Session(error));
                self.is_of_use = true;
                self.plan.borrow_mut().unsent(&share, Some(&why), false);
            }
        }
        Ok(())
    }

    /// Hands content on. True when the end of the message was reached.
    fn pour(&mut self, out: &mut Buffer, block: &mut [u8]) -> Result<bool, Error> {
        let Some(job) = self.jobs.back_mut() else { return Ok(false) };
        while job.pen.fill(block)? {
            let taken = self.session.offer(job.pen.made(), out)?;
            job.pen.consume(taken);
            self.plan.borrow().options.meter.add(taken as u64);
            if taken == 0 {
                return Ok(false);
            }
        }
        self.session.finish_message()?;
        job.is_finished = true;
        Ok(true)
    }

    // ---- how it ends -------------------------------------------------------------------------

    /// A fault on this side, or the end of our time: the connection closes as it stands.
    fn fail(&mut self, error: Error) {
        self.failure.get_or_insert(error);
        self.session.abort();
    }

    fn conclude_all(&mut self, why: Option<&Arc<Error>>) {
        let mut plan = self.plan.borrow_mut();
        for outcome in self.session.unfinished() {
            let its = self.jobs.iter().position(|job| job.message == outcome.message);
            if let Some(job) = its.and_then(|at| self.jobs.remove(at)) {
                plan.conclude(&job.share, &outcome, why);
            }
        }
        let unbegun = self.jobs.drain(..).map(|job| job.share);
        for share in unbegun.chain(self.rest.take().map(|(share, ..)| share)) {
            plan.unsent(&share, why, true);
        }
    }
}

impl Share {
    /// Those that are served now, and those that are not.
    fn split(self, unserved: Option<&Envelope>) -> (Share, Option<Share>) {
        let Some(unserved) = unserved else { return (self, None) };
        let count = self.count - unserved.recipients.len();
        let rest = Share { first: self.first + count, count: unserved.recipients.len(), ..self };
        (Share { count, ..self }, Some(rest))
    }
}

/// Notes what the server said.
fn hear(plan: &mut Plan, jobs: &mut VecDeque<Job>, is_tls: bool, event: Event<'_>) -> Heard {
    match event {
        Event::Remark(remark) => plan.visit.remarks.push(remark),
        Event::Greeting(reply) => plan.visit.greeting = Some(reply.text()),
        Event::Capabilities { capabilities, .. } => {
            let known = match is_tls {
                true => &mut plan.visit.under_tls,
                false => &mut plan.visit.in_clear,
            };
            *known = Some(capabilities.clone());
        }
        Event::Secured(_) => {}
        Event::Authenticated { mechanism, .. } => plan.visit.mechanism = Some(mechanism),
        Event::Ready => return Heard::Ready,
        Event::Recipient { message, index, reply } if !reply.is_positive() => {
            if let Some(job) = jobs.iter().find(|job| job.message == message) {
                let fate = Fate::Refused { stage: Stage::Rcpt, reply: Arc::new(reply.clone()) };
                plan.refused(&job.share, index, fate);
            }
        }
        Event::Recipient { .. } => {}
        Event::Outcome(outcome) => {
            conclude(plan, jobs, &outcome);
            return Heard::Outcome;
        }
        Event::Closing(reply) if !reply.is_positive() => return Heard::Closing(reply.refusal()),
        Event::Closing(_) => {}
    }
    Heard::Other
}

fn conclude(plan: &mut Plan, jobs: &mut VecDeque<Job>, outcome: &Outcome<'_>) {
    let its = jobs.iter().position(|job| job.message == outcome.message);
    if let Some(job) = its.and_then(|at| jobs.remove(at)) {
        plan.conclude(&job.share, outcome, None);
    }
}

/// What an event means for the line.
enum Heard {
    Ready,
    Outcome,
    Closing(crate::error::Error),
    Other,
}

impl Conversation for Line {
    fn receive(&mut self, input: &[u8], _: &mut [u8]) -> Result<usize, Error> {
        let mut eaten = 0;
        loop {
            let received = self.session.receive(&input[eaten..], &mut [])?;
            eaten += received.consumed;
            let Some(event) = received.event else {
                match received.consumed {
                    0 => return Ok(eaten),
                    _ => continue,
                }
            };
            let heard = hear(&mut self.plan.borrow_mut(), &mut self.jobs, self.is_tls, event);
            match heard {
                Heard::Ready => {
                    self.is_ready = true;
                    self.plan.borrow_mut().is_ready();
                }
                Heard::Outcome => self.is_of_use = true,
                Heard::Closing(refusal) => {
                    self.failure.get_or_insert(Error::Session(refusal));
                }
                Heard::Other => {}
            }
        }
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        Ok(self.session.receive_eof()?)
    }

    /// The session knows what is missing; where that is nothing, how the stream ended is no matter.
    fn receive_abort(&mut self, _: io::Error) -> Result<(), Error> {
        self.receive_eof()
    }

    #[cfg(feature = "tls")]
    fn client_tls(&self) -> Option<NamedTls> {
        self.tls.clone()
    }

    fn secured(&mut self) {
        self.is_tls = true;
        if self.session.wants() == Wants::Upgrade
            && let Err(error) = self.session.upgraded()
        {
            self.fail(Error::Session(error));
        }
    }

    fn transmit(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Error> {
        if let Err(error) = self.say(out, scratch) {
            self.fail(error);
        }
        Ok(Turn::Done)
    }

    fn last_words(&mut self, out: &mut Buffer) {
        self.session.transmit(out);
    }

    fn wants(&self) -> Wants {
        self.session.wants()
    }

    fn patience(&self) -> Duration {
        self.session.patience()
    }

    fn progress(&self) -> u64 {
        self.session.progress()
    }

    fn is_receiving(&self) -> bool {
        false
    }

    fn memory(&self) -> usize {
        self.session.capacity() + self.jobs.iter().map(|job| job.pen.capacity()).sum::<usize>()
    }

    fn waits_for(&self) -> &'static str {
        self.session.waits_for()
    }

    fn give_up(&mut self, why: &Error) {
        let why = match why {
            Error::TimedOut { state } => Error::TimedOut { state },
            _ => Error::Interrupted,
        };
        self.fail(why);
    }

    /// A message whose end has not gone out is taken back; for the reply to one that has there is
    /// the grace of the reactor.
    fn wind_down(&mut self) {
        self.is_stopping = true;
        self.failure.get_or_insert(Error::Interrupted);
    }

    fn closed(&mut self, outcome: Result<(), Error>) {
        let why = self.failure.take().or(outcome.err()).map(Arc::new);
        self.conclude_all(why.as_ref());
        self.plan.borrow_mut().ended(self.is_ready, self.is_of_use, why);
    }
}
