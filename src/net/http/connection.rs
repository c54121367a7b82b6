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
use super::pool::{ConnectionSlot, ConnectionState, Pool};
use super::report::Timings;
use super::route::Route;
use super::trace::{Mark, Tracer, Unparsed};
use crate::buffer::Buffer;
use crate::error;
use crate::http::exchange::{Event, Exchange};
use crate::http::message::headers::text;
use crate::net::connection::{Application, Turn, WindDown};
use crate::net::reactor::Handle;
use crate::net::report::{Activity, Failure, FailureKind};
use crate::net::transport::stream::Stream;
use crate::net::transport::tls::NamedTls;
use crate::net::transport::{Error, Spoken};
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
    pub(super) tls: Option<NamedTls>,
}

/// Connections that have to be driven, though they did not ask for it.
pub(super) type Wakes = Rc<RefCell<Vec<Handle>>>;

/// See the head of this module.
pub(super) struct Connection {
    pool: Rc<RefCell<Pool>>,
    wakes: Wakes,
    slot: Rc<ConnectionSlot>,
    route: Rc<Route>,
    job: Option<Job>,
    /// The request of the job was handed to the session.
    asked: bool,
    /// The first byte of the response has come.
    heard: bool,
    /// All received bytes have been parsed: the next bytes answer a request that is sent now
    /// (RFC 9112 §9.2).
    input_drained: bool,
    /// The response is complete.
    is_whole: bool,
    made: Made,
    /// It has not asked for a job yet.
    fresh: bool,
    /// How far a tunnel is, where there has to be one.
    tunnel: Tunnel,
    broken: bool,
    steps: u64,
    tracer: Tracer,
    /// The body of a request, for the trace.
    said: Content,
    /// What came since the last event, for the trace.
    unparsed: Unparsed,
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

impl Connection {
    pub(super) fn new(
        pool: &Rc<RefCell<Pool>>,
        wakes: &Wakes,
        slot: Rc<ConnectionSlot>,
        made: Made,
        tracer: Tracer,
    ) -> (Exchange, Connection) {
        let mut exchange = Exchange::new(pool.borrow().options.session);
        let route = pool.borrow().route(slot.route).clone();
        let mut line = Connection {
            pool: pool.clone(),
            wakes: wakes.clone(),
            slot,
            job: None,
            asked: false,
            heard: false,
            input_drained: false,
            is_whole: false,
            made,
            fresh: true,
            tunnel: Tunnel::Open,
            broken: false,
            steps: 0,
            tracer,
            said: Content::default(),
            unparsed: Unparsed::default(),
            route,
        };
        if let Some(request) = line.route.connect() {
            line.tunnel = Tunnel::Asked;
            line.tracer.request(&request);
            if let Err(error) = exchange.send(&request) {
                line.fail(Failure::from(&Error::Session(error)));
            }
        }
        (exchange, line)
    }

    // ---- what comes --------------------------------------------------------------------------

    fn hear(&mut self, event: Event<'_>) -> Result<(), Failure> {
        let step = match &mut self.job {
            None => tunnelled(&event, &self.tracer)?,
            Some(job) => {
                let Pool { options, finisher, unpacked, .. } = &mut *self.pool.borrow_mut();
                job.event(event, options, finisher, unpacked, &self.tracer)?
            }
        };
        match step {
            Step::More => {}
            Step::Whole => self.is_whole = true,
            Step::Enough => {
                self.tracer.remark(|| "closed: the rest is of no interest".to_owned());
                self.ended();
                self.retire();
            }
            Step::Unasked => {
                self.tracer.remark(|| UNASKED.to_owned());
                self.job.take().into_iter().for_each(|job| self.hand_over(job));
            }
        }
        Ok(())
    }

    /// A response has ended as it should.
    fn whole(&mut self, exchange: &Exchange) {
        if self.tunnel == Tunnel::Asked {
            self.tunnel = Tunnel::Agreed;
            return;
        }
        self.ended();
        if exchange.wants() == Wants::Close {
            self.tracer.remark(|| "no further request on this connection".to_owned());
            self.retire();
        }
    }

    /// The job has its response.
    fn ended(&mut self) {
        if let Some(job) = self.job.take() {
            self.pool.borrow_mut().ended(job);
        }
    }

    // ---- what goes ---------------------------------------------------------------------------

    /// Hands the request of the job to the session. False while it is not ready.
    fn ask(&mut self, exchange: &mut Exchange, scratch: &mut [u8]) -> Result<bool, Failure> {
        let Some(job) = &mut self.job else { return Ok(true) };
        let pool = self.pool.borrow();
        let Some(request) = job.prepare(&self.route, &pool.options, scratch)? else {
            return Ok(false);
        };
        exchange.send(request).map_err(|error| Failure::from(&Error::Session(error)))?;
        self.tracer.request(request);
        job.report.sent = true;
        (self.asked, self.heard) = (true, false);
        Ok(true)
    }

    /// A job, if there is none and one may be taken.
    fn pull(&mut self, exchange: &Exchange) {
        let is_free = self.job.is_none() && self.tunnel == Tunnel::Open && self.input_drained;
        if !is_free || !exchange.is_idle() {
            return;
        }
        let fresh = std::mem::replace(&mut self.fresh, false);
        let job = self.pool.borrow_mut().take(&self.slot, fresh);
        self.job = job.map(|mut job| {
            job.begin(if fresh { self.made.began } else { Instant::now() });
            job.report.timings = if fresh { self.made.timings } else { Timings::default() };
            job.report.address = Some(self.made.address);
            job.report.reused = !fresh;
            self.pool.borrow().options.run.meter.set(&job.label, Activity::Waiting);
            job
        });
        self.asked = false;
    }

    fn say(
        &mut self,
        exchange: &mut Exchange,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Failure> {
        self.pull(exchange);
        if self.job.is_some() && !self.asked && !self.ask(exchange, scratch)? {
            self.steps += 1;
            return Ok(Turn::Again);
        }
        if let (Some(job), true) = (&mut self.job, self.asked) {
            while exchange.has_unsent_body() {
                let len = exchange.wanted(out).map_or(0, |wanted| wanted.len);
                let body = job.body(len as u64, scratch)?;
                let taken = exchange.offer(body, out);
                let taken = taken.map_err(|error| Failure::from(&Error::Session(error)))?;
                self.tracer.content(Mark::Out, &body[..taken], &mut self.said);
                job.body_taken(taken);
                if taken == 0 {
                    break;
                }
                if !exchange.has_unsent_body() {
                    let len = job.fetch.body.len().unwrap_or(0);
                    self.tracer.body(Mark::Out, len, &mut self.said);
                }
            }
        }
        Ok(Turn::Done)
    }

    // ---- how it ends -------------------------------------------------------------------------

    /// The connection is of no use any more, and neither is what the job has heard on it.
    fn fail(&mut self, failure: Failure) {
        self.job.iter_mut().for_each(|job| job.trace_body(&self.tracer));
        self.tracer.unparsed(&mut self.unparsed);
        self.tracer.remark(|| format!("failed: {}", failure.text));
        match self.job.take() {
            Some(job) => self.pool.borrow_mut().failed(job, failure),
            None if self.fresh => self.pool.borrow_mut().not_made(self.slot.route, failure),
            None => {}
        }
        self.retire();
    }

    /// The connection has ended by itself: its job may have come too late.
    fn lose(&mut self, Loss { failure, is_incomplete }: Loss) {
        if self.job.is_none() && !self.fresh {
            self.tracer.remark(|| "the server closed the idle connection".to_owned());
            return self.retire();
        }
        match self.job.take_if(|job| is_stale(job, self.asked, self.heard)) {
            Some(job) => {
                self.tracer.remark(|| "the connection had gone: again on another".to_owned());
                self.hand_over(job);
            }
            // It ended before it was of any use, with nothing said: that may be chance, once.
            None if self.fresh && self.tunnel == Tunnel::Open && is_incomplete => {
                self.pool.borrow_mut().not_made_yet(self.slot.route, failure);
                self.retire();
            }
            None => self.fail(failure),
        }
    }

    /// Gives the job of this connection, which is of no use any more, to a fresh one.
    fn hand_over(&mut self, mut job: Job) {
        job.report.retried = self.asked;
        let suspects = self.pool.borrow_mut().retry(job, self.slot.route);
        self.wakes.borrow_mut().extend(suspects);
        self.retire();
    }

    fn retire(&mut self) {
        self.broken = true;
        self.pool.borrow_mut().leave(&self.slot);
    }
}

/// What the end of the connection means: a response that is missing, or a part of one, however
/// the stream ended (RFC 9112 §8).
fn loss(exchange: &mut Exchange, outcome: Result<(), Error>) -> Loss {
    match (outcome, exchange.receive_abort()) {
        (Err(Error::Io(doing, error)), Err(missing)) => {
            let text = format!("{missing}: {doing}: {error}");
            let (kind, io) = (FailureKind::Connection, Some(error.kind()));
            let failure = Failure { kind, io, ..Failure::new(missing.kind(), text) };
            Loss { failure, ..Loss::from(Error::Session(missing)) }
        }
        (Err(error), _) => Loss::from(error),
        (Ok(()), Err(missing)) => Loss::from(Error::Session(missing)),
        (Ok(()), Ok(())) => {
            let text = "the server closed the connection before the request";
            let failure =
                Failure { kind: FailureKind::Connection, ..Failure::new("incomplete", text) };
            Loss { failure, is_incomplete: true }
        }
    }
}

/// How a connection ended by itself.
struct Loss {
    failure: Failure,
    /// The stream ended where more had to come.
    is_incomplete: bool,
}

impl From<Error> for Loss {
    fn from(error: Error) -> Loss {
        let is_incomplete = matches!(error, Error::Session(error::Error::Incomplete { .. }));
        Loss { failure: Failure::from(&error), is_incomplete }
    }
}

/// Whether a connection that has ended was closed before the server saw the request of this job,
/// for all we know, and to send it again does no harm if that is not so.
fn is_stale(job: &Job, asked: bool, heard: bool) -> bool {
    let is_harmless = !asked || (job.report.reused && !heard && job.is_idempotent());
    is_harmless && !job.moved
}

/// What a proxy says to CONNECT.
fn tunnelled(event: &Event<'_>, tracer: &Tracer) -> Result<Step, Failure> {
    match event {
        Event::Interim(head) => tracer.response(head),
        Event::Head { head, .. } => {
            tracer.response(head);
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

impl Application<Exchange> for Connection {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        self.unparsed.clear();
        if !self.is_over() {
            self.hear(event).unwrap_or_else(|failure| self.fail(failure));
        }
        Ok(())
    }

    fn after_event(&mut self, exchange: &mut Exchange) -> Result<(), Error> {
        if std::mem::take(&mut self.is_whole) {
            self.whole(exchange);
        }
        Ok(())
    }

    fn on_input(&mut self, consumed: &[u8]) -> Result<(), Error> {
        self.tracer.keep(consumed, &mut self.unparsed);
        let Some(job) = &mut self.job else { return Ok(()) };
        if !self.heard && !consumed.is_empty() {
            job.report.timings.first_byte = Some(job.elapsed());
        }
        self.heard |= !consumed.is_empty();
        job.recipient.raw(consumed).unwrap_or_else(|failure| self.fail(failure));
        Ok(())
    }

    fn on_refused(&mut self, input: &[u8]) {
        self.tracer.keep(input, &mut self.unparsed);
    }

    fn on_error(&mut self, _exchange: &mut Exchange, error: Error) -> Result<(), Error> {
        self.fail(Failure::from(&error));
        Ok(())
    }

    fn on_eof(&mut self, exchange: &mut Exchange) -> Result<(), Error> {
        if let Err(error) = exchange.receive_eof() {
            self.lose(Error::Session(error).into());
        }
        Ok(())
    }

    fn on_abort(&mut self, exchange: &mut Exchange, why: io::Error) -> Result<(), Error> {
        let loss = loss(exchange, Err(Error::Io("reading", why)));
        self.lose(loss);
        Ok(())
    }

    fn client_tls(&self) -> Option<NamedTls> {
        self.made.tls.clone()
    }

    fn input_drained(&mut self, is_drained: bool) {
        self.input_drained = is_drained;
    }

    fn secured(&mut self, exchange: &mut Exchange, stream: &Stream) {
        self.made.timings.tls = Some(self.made.began.elapsed());
        self.tracer.is_tls = true;
        self.tracer.remarks(|| stream.tls_remarks());
        if self.tunnel == Tunnel::Agreed {
            self.tunnel = Tunnel::Open;
            *exchange = Exchange::new(self.pool.borrow().options.session);
        }
    }

    fn poll(
        &mut self,
        exchange: &mut Exchange,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        Ok(self.say(exchange, out, scratch).unwrap_or_else(|failure| {
            self.fail(failure);
            Turn::Done
        }))
    }

    fn is_over(&self) -> bool {
        self.broken || self.slot.state.get() == ConnectionState::Gone
    }

    fn idle_timeout(&self, exchange: &Exchange) -> Duration {
        match self.job.is_some() && !self.asked {
            true => PREPARE_WAIT,
            false => exchange.idle_timeout(),
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
        self.steps
    }

    fn memory(&self) -> usize {
        self.job.as_ref().map_or(0, Job::memory)
    }

    fn speaks(&self) -> Option<Spoken> {
        Some(Spoken::Http)
    }

    fn give_up(&mut self, _exchange: &mut Exchange, why: &Error) {
        self.fail(Failure::from(why));
    }

    fn wind_down(&mut self, _exchange: &mut Exchange) -> WindDown {
        self.fail(Failure::from(&Error::Interrupted));
        WindDown::Finish
    }

    fn closed(&mut self, exchange: &mut Exchange, outcome: Result<(), Error>) {
        if !self.is_over() {
            let loss = loss(exchange, outcome);
            self.lose(loss);
        }
    }
}
