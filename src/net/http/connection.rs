//! One connection, its session, and its current job.
//!
//! Specification: RFC 9112 §9.3 (persistence), §9.5 (failures), §9.6 (tear-down).
//!
//! ```text
//!   (tunnel: CONNECT ─▶ 2xx ─▶ TLS) ─▶ takes a job ─┬─▶ busy ─▶ complete ─▶ takes a job …
//!                                                   └─▶ idle ─▶ woken ────▶ takes a job
//!   broken: takes no more jobs, closes
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

/// How long a recipient may prepare while nothing is sent or received.
const PREPARE_WAIT: Duration = Duration::from_secs(600);

/// The remark about a 408 on a connection that had been idle.
const UNSOLICITED_408: &str = "the server may have sent this 408 before it saw the request, so the \
                               request is sent again on another connection (RFC 9110 §15.5.9)";

/// How a connection was established.
pub(super) struct Established {
    pub(super) began: Instant,
    pub(super) address: SocketAddr,
    pub(super) timings: Timings,
    /// The TLS configuration of the origin behind a tunnel.
    pub(super) tls: Option<NamedTls>,
}

/// Connections that the reactor has to wake.
pub(super) type Wakes = Rc<RefCell<Vec<Handle>>>;

/// See the head of this module.
pub(super) struct Connection {
    pool: Rc<RefCell<Pool>>,
    wakes: Wakes,
    slot: Rc<ConnectionSlot>,
    route: Rc<Route>,
    job: Option<Job>,
    /// The request of the job was handed to the session.
    request_sent: bool,
    /// The first byte of the response was received.
    response_begun: bool,
    /// All received bytes have been parsed: the next bytes answer a request that is sent now
    /// (RFC 9112 §9.2).
    input_drained: bool,
    /// The response is complete.
    is_complete: bool,
    established: Established,
    /// The connection has had no job yet.
    fresh: bool,
    /// The state of the tunnel, where the route needs one.
    tunnel: Tunnel,
    broken: bool,
    steps: u64,
    tracer: Tracer,
    /// The body of the request, for the trace.
    sent_content: Content,
    /// The input since the last event, for the trace.
    unparsed: Unparsed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tunnel {
    /// No tunnel is needed, or TLS is up behind it.
    Open,
    /// CONNECT is sent, or is about to be.
    Requested,
    /// The proxy has answered 2xx: TLS is next.
    Accepted,
}

impl Connection {
    pub(super) fn new(
        pool: &Rc<RefCell<Pool>>,
        wakes: &Wakes,
        slot: Rc<ConnectionSlot>,
        established: Established,
        tracer: Tracer,
    ) -> (Exchange, Connection) {
        let mut exchange = Exchange::new(pool.borrow().options.session);
        let route = pool.borrow().route(slot.route).clone();
        let mut connection = Connection {
            pool: pool.clone(),
            wakes: wakes.clone(),
            slot,
            job: None,
            request_sent: false,
            response_begun: false,
            input_drained: false,
            is_complete: false,
            established,
            fresh: true,
            tunnel: Tunnel::Open,
            broken: false,
            steps: 0,
            tracer,
            sent_content: Content::default(),
            unparsed: Unparsed::default(),
            route,
        };
        if let Some(request) = connection.route.connect() {
            connection.tunnel = Tunnel::Requested;
            connection.tracer.request(&request);
            if let Err(error) = exchange.send(&request) {
                connection.fail(Failure::from(&Error::Session(error)));
            }
        }
        (exchange, connection)
    }

    // ---- input -------------------------------------------------------------------------------

    fn handle(&mut self, event: Event<'_>) -> Result<(), Failure> {
        let step = match &mut self.job {
            None => tunnelled(&event, &self.tracer)?,
            Some(job) => {
                let Pool { options, finisher, unpacked, .. } = &mut *self.pool.borrow_mut();
                job.event(event, options, finisher, unpacked, &self.tracer)?
            }
        };
        match step {
            Step::More => {}
            Step::Complete => self.is_complete = true,
            Step::Enough => {
                self.tracer.remark(|| "closed: the rest of the body is not wanted".to_owned());
                self.ended();
                self.retire();
            }
            Step::Unsolicited => {
                self.tracer.remark(|| UNSOLICITED_408.to_owned());
                self.job.take().into_iter().for_each(|job| self.hand_over(job));
            }
        }
        Ok(())
    }

    /// A response is complete.
    fn complete(&mut self, exchange: &Exchange) {
        if self.tunnel == Tunnel::Requested {
            self.tunnel = Tunnel::Accepted;
            return;
        }
        self.ended();
        if exchange.wants() == Wants::Close {
            self.tracer.remark(|| "no further request on this connection".to_owned());
            self.retire();
        }
    }

    /// Gives the job back: it needs no more of this connection.
    fn ended(&mut self) {
        if let Some(job) = self.job.take() {
            self.pool.borrow_mut().ended(job);
        }
    }

    // ---- output ------------------------------------------------------------------------------

    /// Hands the request of the job to the session. False while the request is not ready.
    fn send_request(
        &mut self,
        exchange: &mut Exchange,
        scratch: &mut [u8],
    ) -> Result<bool, Failure> {
        let Some(job) = &mut self.job else { return Ok(true) };
        let pool = self.pool.borrow();
        let Some(request) = job.prepare(&self.route, &pool.options, scratch)? else {
            return Ok(false);
        };
        exchange.send(request).map_err(|error| Failure::from(&Error::Session(error)))?;
        self.tracer.request(request);
        job.report.sent = true;
        (self.request_sent, self.response_begun) = (true, false);
        Ok(true)
    }

    /// Takes a job from the pool, where the connection has none and can send a request.
    fn pull(&mut self, exchange: &Exchange) {
        let is_free = self.job.is_none() && self.tunnel == Tunnel::Open && self.input_drained;
        if !is_free || !exchange.is_idle() {
            return;
        }
        let fresh = std::mem::replace(&mut self.fresh, false);
        let job = self.pool.borrow_mut().take(&self.slot, fresh);
        self.job = job.map(|mut job| {
            job.begin(if fresh { self.established.began } else { Instant::now() });
            job.report.timings = if fresh { self.established.timings } else { Timings::default() };
            job.report.address = Some(self.established.address);
            job.report.reused = !fresh;
            self.pool.borrow().options.run.meter.set(&job.label, Activity::Waiting);
            job
        });
        self.request_sent = false;
    }

    fn send(
        &mut self,
        exchange: &mut Exchange,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Failure> {
        self.pull(exchange);
        if self.job.is_some() && !self.request_sent && !self.send_request(exchange, scratch)? {
            self.steps += 1;
            return Ok(Turn::Again);
        }
        if let (Some(job), true) = (&mut self.job, self.request_sent) {
            while exchange.has_unsent_body() {
                let len = exchange.wanted(out).map_or(0, |wanted| wanted.len);
                let body = job.body(len as u64, scratch)?;
                let taken = exchange.offer(body, out);
                let taken = taken.map_err(|error| Failure::from(&Error::Session(error)))?;
                self.tracer.content(Mark::Out, &body[..taken], &mut self.sent_content);
                job.body_taken(taken);
                if taken == 0 {
                    break;
                }
                if !exchange.has_unsent_body() {
                    let len = job.fetch.body.len().unwrap_or(0);
                    self.tracer.body(Mark::Out, len, &mut self.sent_content);
                }
            }
        }
        Ok(Turn::Done)
    }

    // ---- end ---------------------------------------------------------------------------------

    /// Retires the connection and fails the attempt of its job.
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

    /// The peer or the network ended the connection. A job that the server has not seen moves to
    /// another connection.
    fn lose(&mut self, Loss { failure, is_incomplete }: Loss) {
        if self.job.is_none() && !self.fresh {
            self.tracer.remark(|| "the server closed the idle connection".to_owned());
            return self.retire();
        }
        match self.job.take_if(|job| is_stale(job, self.request_sent, self.response_begun)) {
            Some(job) => {
                self.tracer.remark(|| {
                    "the connection had ended: the request is sent on another".to_owned()
                });
                self.hand_over(job);
            }
            // A new connection ended before a byte was received: another one is opened, once.
            None if self.fresh && self.tunnel == Tunnel::Open && is_incomplete => {
                self.pool.borrow_mut().not_made_yet(self.slot.route, failure);
                self.retire();
            }
            None => self.fail(failure),
        }
    }

    /// Moves the job to a fresh connection, and retires this one.
    fn hand_over(&mut self, mut job: Job) {
        job.report.retried = self.request_sent;
        let suspects = self.pool.borrow_mut().retry(job, self.slot.route);
        self.wakes.borrow_mut().extend(suspects);
        self.retire();
    }

    fn retire(&mut self) {
        self.broken = true;
        self.pool.borrow_mut().leave(&self.slot);
    }
}

/// The failure of a connection that has ended: a missing or incomplete response, however the
/// stream ended (RFC 9112 §8).
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

/// Why the peer or the network ended a connection.
struct Loss {
    failure: Failure,
    /// The stream ended before a response was complete.
    is_incomplete: bool,
}

impl From<Error> for Loss {
    fn from(error: Error) -> Loss {
        let is_incomplete = matches!(error, Error::Session(error::Error::Incomplete { .. }));
        Loss { failure: Failure::from(&error), is_incomplete }
    }
}

/// Whether the server has probably not seen the request of this job, and the request may be sent
/// again even if the server has (RFC 9110 §9.2.2).
fn is_stale(job: &Job, request_sent: bool, response_begun: bool) -> bool {
    let is_harmless =
        !request_sent || (job.report.reused && !response_begun && job.is_idempotent());
    is_harmless && !job.moved
}

/// Handles the response of a proxy to CONNECT.
fn tunnelled(event: &Event<'_>, tracer: &Tracer) -> Result<Step, Failure> {
    match event {
        Event::Interim(head) => tracer.response(head),
        Event::Head { head, .. } => {
            tracer.response(head);
            if !(200..300).contains(&head.status) {
                let reason = text(head.reason());
                let what = format!("the proxy refused CONNECT: {} {}", head.status, reason.short());
                return Err(Failure::new("proxy_refused", what));
            }
        }
        Event::End(_) => return Ok(Step::Complete),
        Event::Remark(_) | Event::Body(_) | Event::Trailers(_) => {}
    }
    Ok(Step::More)
}

impl Application<Exchange> for Connection {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        self.unparsed.clear();
        if !self.is_over() {
            self.handle(event).unwrap_or_else(|failure| self.fail(failure));
        }
        Ok(())
    }

    fn after_event(&mut self, exchange: &mut Exchange) -> Result<(), Error> {
        if std::mem::take(&mut self.is_complete) {
            self.complete(exchange);
        }
        Ok(())
    }

    fn on_input(&mut self, consumed: &[u8]) -> Result<(), Error> {
        self.tracer.keep(consumed, &mut self.unparsed);
        let Some(job) = &mut self.job else { return Ok(()) };
        if !self.response_begun && !consumed.is_empty() {
            job.report.timings.first_byte = Some(job.elapsed());
        }
        self.response_begun |= !consumed.is_empty();
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
        self.established.tls.clone()
    }

    fn input_drained(&mut self, is_drained: bool) {
        self.input_drained = is_drained;
    }

    fn secured(&mut self, exchange: &mut Exchange, stream: &Stream) {
        self.established.timings.tls = Some(self.established.began.elapsed());
        self.tracer.is_tls = true;
        self.tracer.remarks(|| stream.tls_remarks());
        if self.tunnel == Tunnel::Accepted {
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
        Ok(self.send(exchange, out, scratch).unwrap_or_else(|failure| {
            self.fail(failure);
            Turn::Done
        }))
    }

    fn is_over(&self) -> bool {
        self.broken || self.slot.state.get() == ConnectionState::Gone
    }

    fn idle_timeout(&self, exchange: &Exchange) -> Duration {
        match self.job.is_some() && !self.request_sent {
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
