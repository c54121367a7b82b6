//! A line: one connection, its session, and the job it works on.
//!
//! Specification: RFC 9112 §9.3 (persistence), §9.5 (failures), §9.6 (tear-down).
//!
//! ```text
//!   (tunnel: CONNECT ─▶ 2xx ─▶ TLS) ─▶ asks for a job ─┬─▶ busy ─▶ whole ─▶ asks for a job …
//!                                                      └─▶ idle ─▶ woken ─▶ asks for a job
//!   broken: takes no more, wants to close
//! ```

use super::job::{Job, Step};
use super::plan::{Badge, Plan, Standing};
use super::report::Timings;
use super::route::Route;
use super::trace::{Mark, Voice};
use crate::buffer::Buffer;
use crate::http::exchange::{Event, Exchange};
use crate::http::message::headers::text;
use crate::net::connection::{Conversation, Turn};
use crate::net::reactor::Handle;
use crate::net::report::{Activity, Failure, FailureKind};
use crate::net::transport::Error;
use crate::net::transport::Spoken;
use crate::net::transport::stream::Stream;
#[cfg(feature = "tls")]
use crate::net::transport::tls::NamedTls;
use crate::session::{Session, Wants};
use crate::text::Content;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long a recipient may take to prepare without a word to or from the server.
const PREPARE_WAIT: Duration = Duration::from_secs(600);

/// What is remarked where a connection that had been idle brings a 408.
const UNASKED: &str = "the server may have sent this 408 before it saw the request, so the \
                       request is sent again on another connection (RFC 9110 §15.5.9)";

/// How a connection came about.
pub(super) struct Made {
    pub(super) began: Instant,
    pub(super) address: SocketAddr,
    pub(super) timings: Timings,
    /// How TLS is spoken behind a tunnel.
    #[cfg(feature = "tls")]
    pub(super) tls: Option<NamedTls>,
}

/// Connections that have to be driven, though they did not ask for it.
pub(super) type Wakes = Rc<RefCell<Vec<Handle>>>;

/// See the head of this module.
pub(super) struct Line {
    plan: Rc<RefCell<Plan>>,
    wakes: Wakes,
    badge: Rc<Badge>,
    route: Rc<Route>,
    exchange: Exchange,
    job: Option<Job>,
    /// The request of the job was handed to the session.
    asked: bool,
    /// The first byte of the response has come.
    heard: bool,
    /// Nothing has come that was not heard: a request that is sent now is answered by what comes
    /// then (RFC 9112 §9.2).
    silent: bool,
    made: Made,
    /// It has not asked for a job yet.
    fresh: bool,
    /// How far a tunnel is, where there has to be one.
    tunnel: Tunnel,
    broken: bool,
    steps: u64,
    voice: Voice,
    /// The body of a request, for the trace.
    said: Content,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tunnel {
    /// None is needed, or it is there.
    Open,
    /// The proxy was asked for it, or will be.
    Asked,
    /// The proxy has agreed: TLS is next.
    Agreed,
}

impl Line {
    pub(super) fn new(
        plan: &Rc<RefCell<Plan>>,
        wakes: &Wakes,
        badge: Rc<Badge>,
        made: Made,
        voice: Voice,
    ) -> Line {
        let session = plan.borrow().options.session;
        let route = plan.borrow().route(badge.route).clone();
        let mut line = Line {
            plan: plan.clone(),
            wakes: wakes.clone(),
            badge,
            exchange: Exchange::new(session),
            job: None,
            asked: false,
            heard: false,
            silent: false,
            made,
            fresh: true,
            tunnel: Tunnel::Open,
            broken: false,
            steps: 0,
            voice,
            said: Content::default(),
            route,
        };
        if let Some(request) = line.route.connect() {
            line.tunnel = Tunnel::Asked;
            line.voice.request(&request);
            if let Err(error) = line.exchange.send(&request) {
                line.fail(Failure::from(&Error::Session(error)));
            }
        }
        line
    }

    // ---- what comes --------------------------------------------------------------------------

    fn take(&mut self, input: &[u8], room: &mut [u8]) -> Result<usize, Failure> {
        let mut eaten = 0;
        loop {
            let received = self.exchange.receive(&input[eaten..], room);
            let received = received
                .map_err(|error| Failure::from(&Spoken::judge(error, input, Some(Spoken::Http))))?;
            let came = &input[eaten..eaten + received.consumed];
            eaten += received.consumed;
            if let Some(job) = &mut self.job {
                job.recipient.raw(came)?;
            }
            let step = match (received.event, &mut self.job) {
                (None, _) if received.consumed == 0 => return Ok(eaten),
                (None, _) => continue,
                (Some(event), None) => tunnelled(&event, &self.voice)?,
                (Some(event), Some(job)) => {
                    let Plan { options, finisher, unpacked, .. } = &mut *self.plan.borrow_mut();
                    job.event(event, options, finisher, unpacked, &self.voice)?
                }
            };
            match step {
                Step::More => {}
                Step::Whole => self.whole(),
                Step::Enough => {
                    self.voice.remark(|| "closed: the rest is of no interest".to_owned());
                    self.ended();
                    self.retire();
                    return Ok(input.len());
                }
                Step::Unasked => {
                    self.voice.remark(|| UNASKED.to_owned());
                    self.job.take().into_iter().for_each(|job| self.hand_over(job));
                    return Ok(input.len());
                }
            }
        }
    }

    /// A response has ended as it should.
    fn whole(&mut self) {
        if self.tunnel == Tunnel::Asked {
            self.tunnel = Tunnel::Agreed;
            return;
        }
        self.ended();
        if self.exchange.wants() == Wants::Close {
            self.voice.remark(|| "no further request on this connection".to_owned());
            self.retire();
        }
    }

    /// The job has its response.
    fn ended(&mut self) {
        if let Some(job) = self.job.take() {
            self.plan.borrow_mut().ended(job);
        }
    }

    // ---- what goes ---------------------------------------------------------------------------

    /// Hands the request of the job to the session. False while it is not ready.
    fn ask(&mut self, scratch: &mut [u8]) -> Result<bool, Failure> {
        let Some(job) = &mut self.job else { return Ok(true) };
        let plan = self.plan.borrow();
        let Some(request) = job.prepare(&self.route, &plan.options, scratch)? else {
            return Ok(false);
        };
        self.exchange.send(request).map_err(|error| Failure::from(&Error::Session(error)))?;
        self.voice.request(request);
        job.report.sent = true;
        (self.asked, self.heard) = (true, false);
        Ok(true)
    }

    /// A job, if there is none and one may be taken.
    fn pull(&mut self) {
        let is_free = self.job.is_none() && self.tunnel == Tunnel::Open && self.silent;
        if !is_free || !self.exchange.is_idle() {
            return;
        }
        let fresh = std::mem::replace(&mut self.fresh, false);
        let job = self.plan.borrow_mut().take(&self.badge, fresh);
        self.job = job.map(|mut job| {
            job.begin(if fresh { self.made.began } else { Instant::now() });
            job.report.timings = if fresh { self.made.timings } else { Timings::default() };
            job.report.address = Some(self.made.address);
            job.report.reused = !fresh;
            self.plan.borrow().options.meter.set(&job.label, Activity::Waiting);
            job
        });
        self.asked = false;
    }

    fn say(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Failure> {
        self.pull();
        if self.job.is_some() && !self.asked && !self.ask(scratch)? {
            self.steps += 1;
            return Ok(Turn::Again);
        }
        if let (Some(job), true) = (&mut self.job, self.asked) {
            while let Some(left) = self.exchange.wanted().filter(|left| *left > 0) {
                let body = job.body(left.min(out.room() as u64), scratch)?;
                let taken = self.exchange.offer(body, out);
                let taken = taken.map_err(|error| Failure::from(&Error::Session(error)))?;
                self.voice.content(Mark::Out, &body[..taken], &mut self.said);
                job.body_taken(taken);
                if taken == 0 {
                    break;
                }
                if self.exchange.wanted().is_none() {
                    let len = job.fetch.body.len().unwrap_or(0);
                    self.voice.body(Mark::Out, len, &mut self.said);
                }
            }
        }
        self.exchange.transmit(out);
        Ok(Turn::Done)
    }

    // ---- how it ends -------------------------------------------------------------------------

    /// The connection is of no use any more, and neither is what the job has heard on it.
    fn fail(&mut self, failure: Failure) {
        self.voice.remark(|| format!("failed: {}", failure.text));
        match self.job.take() {
            Some(job) => self.plan.borrow_mut().failed(job, failure),
            None if self.fresh => self.plan.borrow_mut().not_made(self.badge.route, failure),
            None => {}
        }
        self.retire();
    }

    /// The connection has ended by itself: its job may have come too late.
    fn lose(&mut self, failure: Failure) {
        if self.job.is_none() && !self.fresh {
            self.voice.remark(|| "the server closed the idle connection".to_owned());
            return self.retire();
        }
        match self.job.take_if(|job| is_stale(job, self.asked, self.heard)) {
            Some(job) => {
                self.voice.remark(|| "the connection had gone: again on another".to_owned());
                self.hand_over(job);
            }
            // It ended before it was of any use, with nothing said: that may be chance, once.
            None if self.fresh && self.tunnel == Tunnel::Open && failure.code == "incomplete" => {
                self.plan.borrow_mut().not_made_yet(self.badge.route, failure);
                self.retire();
            }
            None => self.fail(failure),
        }
    }

    /// Gives the job of this connection, which is of no use any more, to a fresh one.
    fn hand_over(&mut self, mut job: Job) {
        job.report.retried = self.asked;
        let suspects = self.plan.borrow_mut().retry(job, self.badge.route);
        self.wakes.borrow_mut().extend(suspects);
        self.retire();
    }

    /// What the end of the connection means: a response that is missing, or a part of one, however
    /// the stream ended (RFC 9112 §8).
    fn loss(&mut self, outcome: Result<(), Error>) -> Failure {
        match (outcome, self.exchange.receive_abort()) {
            (Err(Error::Io(doing, error)), Err(missing)) => {
                let text = format!("{missing}: {doing}: {error}");
                let (kind, io) = (FailureKind::Connection, Some(error.kind()));
                Failure { kind, io, ..Failure::new(missing.kind(), text) }
            }
            (Err(error), _) => Failure::from(&error),
            (Ok(()), Err(missing)) => Failure::from(&Error::Session(missing)),
            (Ok(()), Ok(())) => {
                let text = "the server closed the connection before the request";
                Failure { kind: FailureKind::Connection, ..Failure::new("incomplete", text) }
            }
        }
    }

    fn retire(&mut self) {
        self.broken = true;
        self.plan.borrow_mut().leave(&self.badge);
    }

    fn is_over(&self) -> bool {
        self.broken || self.badge.standing.get() == Standing::Gone
    }
}

/// Whether a connection that has ended was closed before the server saw the request of this job,
/// for all we know, and to send it again does no harm if that is not so.
fn is_stale(job: &Job, asked: bool, heard: bool) -> bool {
    let is_harmless = !asked || (job.report.reused && !heard && job.is_idempotent());
    is_harmless && !job.moved
}

/// What a proxy says to CONNECT.
fn tunnelled(event: &Event<'_>, voice: &Voice) -> Result<Step, Failure> {
    match event {
        Event::Interim(head) => voice.response(head),
        Event::Head { head, .. } => {
            voice.response(head);
            if !(200..300).contains(&head.status) {
                let reason = text(head.reason());
                let what =
                    format!("the proxy will not connect: {} {}", head.status, reason.short());
                return Err(Failure::new("proxy_refused", what));
            }
        }
        Event::End(_) => return Ok(Step::Whole),
        Event::Remark(_) | Event::Body(_) | Event::Trailers(_) => {}
    }
    Ok(Step::More)
}

impl Conversation for Line {
    fn receive(&mut self, input: &[u8], room: &mut [u8]) -> Result<usize, Error> {
        if self.is_over() {
            return Ok(input.len());
        }
        if !self.heard && !input.is_empty() {
            self.heard = true;
            if let Some(job) = &mut self.job {
                job.report.timings.first_byte = Some(job.elapsed());
            }
        }
        Ok(self.take(input, room).unwrap_or_else(|failure| {
            self.fail(failure);
            input.len()
        }))
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        if let Err(error) = self.exchange.receive_eof() {
            self.lose(Failure::from(&Error::Session(error)));
        }
        Ok(())
    }

    fn receive_abort(&mut self, why: io::Error) -> Result<(), Error> {
        if !self.is_over() {
            let failure = self.loss(Err(Error::Io("reading", why)));
            self.lose(failure);
        }
        Ok(())
    }

    #[cfg(feature = "tls")]
    fn client_tls(&self) -> Option<NamedTls> {
        self.made.tls.clone()
    }

    fn silence(&mut self, is_silent: bool) {
        self.silent = is_silent;
    }

    fn secured(&mut self, stream: &Stream) {
        self.made.timings.tls = Some(self.made.began.elapsed());
        self.voice.is_tls = true;
        self.voice.remarks(|| stream.tls_remarks());
        if self.tunnel == Tunnel::Agreed {
            self.tunnel = Tunnel::Open;
            self.exchange = Exchange::new(self.plan.borrow().options.session);
        }
    }

    fn transmit(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Error> {
        if self.is_over() {
            return Ok(Turn::Done);
        }
        Ok(self.say(out, scratch).unwrap_or_else(|failure| {
            self.fail(failure);
            Turn::Done
        }))
    }

    /// HTTP/1.1 has none.
    fn wants(&self) -> Wants {
        match self.exchange.wants() {
            // In clear there is nothing more to say, and nothing to wait for: at once.
            _ if self.is_over() && !self.voice.is_tls => Wants::Done,
            _ if self.is_over() => Wants::Close,
            wants => wants,
        }
    }

    fn patience(&self) -> Duration {
        match self.job.is_some() && !self.asked {
            true => PREPARE_WAIT,
            false => self.exchange.patience(),
        }
    }

    fn tick_at(&self) -> Option<Instant> {
        self.job.as_ref().and_then(|job| job.recipient.tick_at())
    }

    fn tick(&mut self, now: Instant) {
        if let Some(job) = &mut self.job {
            job.recipient.tick(now);
        }
    }

    fn progress(&self) -> u64 {
        self.exchange.progress() + self.steps
    }

    fn is_receiving(&self) -> bool {
        self.exchange.is_receiving()
    }

    fn memory(&self) -> usize {
        self.exchange.capacity() + self.job.as_ref().map_or(0, Job::memory)
    }

    fn waits_for(&self) -> &'static str {
        self.exchange.waits_for()
    }

    fn give_up(&mut self, why: &Error) {
        self.fail(Failure::from(why));
    }

    fn wind_down(&mut self) {
        self.fail(Failure::from(&Error::Interrupted));
    }

    fn closed(&mut self, outcome: Result<(), Error>) {
        if self.is_over() {
            return;
        }
        let failure = self.loss(outcome);
        self.lose(failure);
    }
}
