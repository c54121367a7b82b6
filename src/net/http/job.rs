//! A fetch in progress, and how its response changes it.
//!
//! Specification: RFC 9110 §15.4 (redirects), §8.4 (content codings).
//!
//! ```text
//!   begin ─▶ prepare … ─▶ request ─▶ its body ─▶ events ─┬─▶ complete ─▶ Recipient::end
//!                                                        ├─▶ redirect ─▶ the next request
//!                                                        └─▶ failure
//! ```

use super::fetch::Fetch;
use super::options::Options;
use super::recipient::{After, Announced, Recipient, undecoded, unfollowed};
use super::report::Report;
use super::retry::{Budget, asked_wait, is_transient, is_transient_status};
use super::route::Route;
use super::trace::{Mark, Tracer};
use crate::http::coding::{self, Coded, coded};
use crate::http::config::{Policy, Remark};
use crate::http::exchange::{End, Event};
use crate::http::message::body::Framing;
use crate::http::message::head::Head;
use crate::http::message::headers::{Headers, text};
use crate::http::redirect::{Chain, Redirect, is_redirect};
use crate::http::request::{Request, RequestBody};
use crate::net::files::finisher::Finisher;
use crate::net::report::{Activity, Failure};
use crate::net::transport::Error;
use crate::text::Content;
use std::time::{Duration, Instant, SystemTime};

/// Size of the output buffer of the content decoders, in bytes.
pub(super) const UNPACK_BYTES: usize = 64 << 10;

/// The longest URL after a redirect that a report keeps without [`Options::heads`], in bytes.
const KEPT_URL_BYTES_MAX: usize = 1024;

/// Where the body of the response goes.
#[derive(Debug)]
enum BodySink {
    /// The head has not been received yet.
    None,
    /// To the recipient as it is.
    Plain,
    /// To the recipient, decoded.
    Coded(Box<coding::Decoder>),
    /// Discarded, up to so many more bytes.
    Discard(u64),
}

/// What the connection does after an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The response goes on.
    More,
    /// The response is complete.
    Complete,
    /// The rest of the response is not wanted: the connection is closed.
    Enough,
    /// The response may not answer this request, which is sent again on a new connection.
    Unsolicited,
}

/// See the head of this module.
pub(super) struct Job {
    pub(super) id: usize,
    pub(super) fetch: Fetch,
    pub(super) recipient: Box<dyn Recipient>,
    pub(super) report: Report,
    /// The name that progress shows: the last segment of the path, or the host.
    pub(super) label: String,
    chain: Option<Chain>,
    redirect: Option<Redirect>,
    /// The fetch before the first redirect, for a retry.
    first: Option<Box<Fetch>>,
    budget: Budget,
    /// Why the response is discarded and retried, and the wait before the retry.
    retry: Option<(Failure, Duration)>,
    /// Bytes of body received in earlier attempts.
    received_before: u64,
    /// Bytes of body that the trace has shown.
    traced: u64,
    /// Bytes of the body that are still to come, where its length is known.
    expected: Option<u64>,
    /// The current request.
    request: Option<Request>,
    /// The fields of the request, while the recipient prepares.
    preparing: Option<Headers>,
    sink: BodySink,
    /// The body of the response, for the trace.
    shown: Content,
    began: Instant,
    /// When the first attempt began.
    began_first: Option<Instant>,
    /// [`Options::heads`].
    keeps_heads: bool,
    body_sent: u64,
    /// The job was moved from a connection that had ended. This is done once.
    pub(super) moved: bool,
    /// The job needs a connection that has carried no request yet.
    pub(super) wants_fresh: bool,
}

impl Job {
    pub(super) fn new(
        id: usize,
        fetch: Fetch,
        recipient: Box<dyn Recipient>,
        options: &Options,
        ends: Option<Instant>,
    ) -> Job {
        let limits = &options.session.limits;
        Job {
            id,
            report: Report::new(&fetch),
            label: fetch.label(),
            first: None,
            budget: Budget::new(options.retries, ends),
            retry: None,
            received_before: 0,
            traced: 0,
            expected: None,
            chain: options.redirects.then(|| Chain::new(limits, &fetch.method, &fetch.url)),
            fetch,
            recipient,
            redirect: None,
            request: None,
            preparing: None,
            sink: BodySink::None,
            shown: Content::default(),
            began: Instant::now(),
            began_first: None,
            keeps_heads: options.heads,
            body_sent: 0,
            moved: false,
            wants_fresh: false,
        }
    }

    /// The job has a connection. `began`: when the connection began to be opened, or now.
    pub(super) fn begin(&mut self, began: Instant) {
        self.began = began;
        self.began_first.get_or_insert(began);
        (self.sink, self.body_sent, self.wants_fresh) = (BodySink::None, 0, false);
        (self.request, self.preparing) = (None, None);
        self.shown = Content::default();
        (self.report.status, self.report.received) = (None, self.received_before);
        self.traced = self.received_before;
        (self.report.head, self.report.trailers) = (None, Headers::new());
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Time since the first attempt began.
    pub(super) fn elapsed_in_all(&self) -> Duration {
        self.began_first.map_or(Duration::ZERO, |began| began.elapsed())
    }

    /// Makes the request; `None` while the recipient is not ready.
    pub(super) fn prepare(
        &mut self,
        route: &Route,
        options: &Options,
        scratch: &mut [u8],
    ) -> Result<Option<&Request>, Failure> {
        let headers = self.preparing.get_or_insert_with(|| self.fetch.headers.clone());
        if !self.recipient.prepare(headers, scratch)? {
            return Ok(None);
        }
        let headers = self.preparing.take().unwrap_or_default();
        let mut request = route.request(self.fetch.method.clone(), &self.fetch.url);
        for field in headers.iter() {
            request.header(field.name, field.value).map_err(refused)?;
        }
        let mut default = |name: &str, value: &str| match headers.get(name) {
            Some(_) => Ok(()),
            None => request.header(name, value.as_bytes()).map_err(refused),
        };
        default("User-Agent", USER_AGENT)?;
        default("Accept", "*/*")?;
        // A range of a coded body cannot be decoded.
        let decodes = options.codings && headers.get("Range").is_none();
        default("Accept-Encoding", if decodes { "gzip, deflate" } else { "identity" })?;
        if let Some(len) = self.fetch.body.len() {
            request.set_body(RequestBody::Length(len));
        }
        Ok(Some(self.request.insert(request)))
    }

    /// The next bytes of the body of the request, at most `max`.
    pub(super) fn body<'a>(&'a self, max: u64, scratch: &'a mut [u8]) -> Result<&'a [u8], Failure> {
        let read = self.fetch.body.read(self.body_sent, max, scratch);
        read.map_err(|error| Failure::from(&Error::Io("reading the body of the request", error)))
    }

    /// Notes that `bytes` bytes of the body were sent.
    pub(super) fn body_taken(&mut self, bytes: usize) {
        self.body_sent += bytes as u64;
    }

    /// Handles an event of the session.
    pub(super) fn event(
        &mut self,
        event: Event<'_>,
        options: &Options,
        finisher: &mut Finisher,
        unpacked: &mut [u8],
        tracer: &Tracer,
    ) -> Result<Step, Failure> {
        match event {
            Event::Remark(remark) => self.tolerate(remark, options, tracer)?,
            Event::Interim(head) => {
                tracer.response(head);
                self.recipient.interim(head);
            }
            Event::Head { head, framing } => {
                tracer.response(head);
                return self.head(head, framing, options, finisher, tracer);
            }
            Event::Body(bytes) => return self.take(bytes, options, unpacked, tracer),
            Event::Trailers(headers) => {
                tracer.fields(headers);
                if options.heads {
                    self.report.trailers = headers.clone();
                }
                self.recipient.trailers(headers);
            }
            Event::End(End { framing, .. }) => {
                self.trace_body(tracer);
                self.report.timings.last_byte = Some(self.elapsed());
                if let BodySink::Coded(decoder) = &self.sink {
                    // A body that is framed by the end of the connection may be incomplete.
                    let is_cut = framing == Framing::Close;
                    let why = if is_cut { refused } else { undecoded };
                    decoder.finish().map_err(why)?;
                }
                return Ok(Step::Complete);
            }
        }
        Ok(Step::More)
    }

    /// Traces the end of the body of this response, complete or not.
    pub(super) fn trace_body(&mut self, tracer: &Tracer) {
        let came = self.report.received - self.traced;
        self.traced = self.report.received;
        tracer.body(Mark::In, came, &mut self.shown);
    }

    /// Reports a violation by the server, and fails where the policy is strict.
    fn tolerate(
        &mut self,
        remark: Remark,
        options: &Options,
        tracer: &Tracer,
    ) -> Result<(), Failure> {
        let Remark { text, offset, section } = remark;
        if options.session.policy == Policy::Strict {
            return Err(refused(crate::error::Error::malformed(text, offset, section)));
        }
        tracer.remark(|| format!("tolerated: {text} ({section})"));
        self.report.remarks.push(remark);
        Ok(())
    }

    fn head(
        &mut self,
        head: &Head,
        framing: Framing,
        options: &Options,
        finisher: &mut Finisher,
        tracer: &Tracer,
    ) -> Result<Step, Failure> {
        if head.status == 408 && self.report.reused {
            return self.timed_out();
        }
        self.report.status = Some(head.status);
        self.report.head = options.heads.then(|| Box::new(head.clone()));
        let len = match framing {
            Framing::Length(len) => Some(len),
            Framing::None => Some(0),
            Framing::Chunked | Framing::Close => None,
        };
        if let Some(chain) = self.chain.as_mut().filter(|_| is_redirect(head.status)) {
            let followed = chain.follow(head.status, head.offset, &head.headers);
            let redirect = followed.map_err(unfollowed)?;
            for remark in &redirect.remarks {
                self.tolerate(*remark, options, tracer)?;
            }
            self.redirect = Some(redirect);
            return Ok(self.discard(len, options));
        }
        if is_transient_status(head.status) && self.postpones(head) {
            return Ok(self.discard(len, options));
        }
        let has_body = framing != Framing::None && len != Some(0);
        let coded = match options.codings && has_body {
            true => coded(&head.headers, &options.session.limits),
            false => Coded::Plain,
        };
        let announced = Announced::of(len, &coded);
        if !self.recipient.head(head, &announced, finisher)? {
            return Ok(self.discard(len, options));
        }
        if announced.undecodable.is_some() {
            return Err(announced.failure());
        }
        options.run.meter.set(&self.label, Activity::Moving);
        let decoder = match &coded {
            Coded::With(codings) => coding::Decoder::new(codings, &options.session.limits),
            Coded::Plain | Coded::Unknown(_) => None,
        };
        self.expected = announced.len;
        self.expected.iter().for_each(|len| options.run.meter.expect(*len));
        self.sink = match decoder {
            Some(decoder) => BodySink::Coded(Box::new(decoder)),
            None => BodySink::Plain,
        };
        Ok(Step::More)
    }

    /// A 408 on a connection that was used before: the server may have sent it because the
    /// connection was idle, before it saw this request (RFC 9110 §15.5.9).
    fn timed_out(&self) -> Result<Step, Failure> {
        if self.is_idempotent() {
            return Ok(Step::Unsolicited);
        }
        let what = format!(
            "408 on a connection that had been idle, which may be no answer to this request; {} is \
             not sent again by itself (RFC 9110 §9.2.2)",
            self.fetch.method
        );
        Err(Failure::new("unanswered", what))
    }

    /// Discards the body: it is read where it is short, else the connection is closed.
    fn discard(&mut self, len: Option<u64>, options: &Options) -> Step {
        let max = options.discard_bytes_max;
        self.sink = BodySink::Discard(max);
        if len.is_some_and(|len| len > max) { Step::Enough } else { Step::More }
    }

    fn take(
        &mut self,
        bytes: &[u8],
        options: &Options,
        unpacked: &mut [u8],
        tracer: &Tracer,
    ) -> Result<Step, Failure> {
        self.report.received += bytes.len() as u64;
        if !matches!(self.sink, BodySink::Coded(_)) {
            tracer.content(Mark::In, bytes, &mut self.shown);
        }
        match &mut self.sink {
            BodySink::None => {}
            BodySink::Plain => {
                self.report.taken += bytes.len() as u64;
                if let Some(left) = &mut self.expected {
                    *left -= bytes.len() as u64;
                    options.run.meter.came(bytes.len() as u64);
                }
                options.run.meter.add(bytes.len() as u64);
                self.recipient.body(bytes)?;
            }
            BodySink::Coded(decoder) => {
                self.report.taken += bytes.len() as u64;
                let mut rest = bytes;
                loop {
                    let step = decoder.feed(rest, unpacked).map_err(undecoded)?;
                    rest = &rest[step.consumed..];
                    if step.consumed == 0 && step.produced == 0 {
                        break;
                    }
                    options.run.meter.add(step.produced as u64);
                    tracer.content(Mark::In, &unpacked[..step.produced], &mut self.shown);
                    self.recipient.body(&unpacked[..step.produced])?;
                }
            }
            BodySink::Discard(left) => match left.checked_sub(bytes.len() as u64) {
                Some(less) => *left = less,
                None => return Ok(Step::Enough),
            },
        }
        Ok(Step::More)
    }

    /// Ends the response: prepares the next request of a redirect, or ends the recipient.
    pub(super) fn end(&mut self, finisher: &mut Finisher) -> Result<After, Failure> {
        let Some(redirect) = self.redirect.take() else {
            return self.recipient.end(finisher);
        };
        let status = self.report.status.unwrap_or(0);
        if self.keeps_heads {
            self.report.redirects.push((status, self.fetch.url.clone()));
        }
        // The next request has not been sent, and may be moved to another connection once.
        self.report.sent = false;
        (self.moved, self.wants_fresh) = (false, false);
        if self.budget.has_retries() && self.first.is_none() {
            self.first = Some(Box::new(self.fetch.clone()));
        }
        redirect.prune(&mut self.fetch.headers);
        self.fetch.method = redirect.method;
        if !redirect.keep_body {
            self.fetch.body = super::Body::None;
        }
        self.fetch.url = redirect.url;
        self.report.method = self.fetch.method.clone();
        if self.keeps_heads || self.fetch.url.origin_form().len() <= KEPT_URL_BYTES_MAX {
            self.report.url = self.fetch.url.clone();
        }
        Ok(After::Again)
    }

    /// Memory of the decoders beyond that of a single coding, in bytes.
    pub(super) fn memory(&self) -> usize {
        if let BodySink::Coded(decoder) = &self.sink { decoder.chain_capacity() } else { 0 }
    }

    /// Whether the method is idempotent (RFC 9110 §9.2.2).
    pub(super) fn is_idempotent(&self) -> bool {
        self.fetch.method.is_idempotent()
    }

    // ---- retries -----------------------------------------------------------------------------

    /// How long to wait before a retry; `None` where there is none.
    fn wait(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let is_idempotent = self.is_idempotent();
        is_idempotent.then(|| self.budget.wait(self.report.retries, asked)).flatten()
    }

    /// Whether this response is discarded and the fetch is retried.
    fn postpones(&mut self, head: &Head) -> bool {
        let wait = self.wait(asked_wait(&head.headers, SystemTime::now()));
        // A recipient that cannot restart gets the response.
        let wait = wait.filter(|_| self.recipient.restart());
        self.retry = wait.map(|wait| {
            let what =
                format!("the server answered {} {}", head.status, text(head.reason()).short());
            (Failure::new(format!("http_{}", head.status), what.trim_end().to_owned()), wait)
        });
        self.retry.is_some()
    }

    /// The retry that replaces the response, if there is one.
    pub(super) fn postponed(&mut self) -> Option<(Failure, Duration)> {
        self.retry.take()
    }

    /// How long to wait for a retry after this failure; `None` where there is none.
    pub(super) fn wait_after(&mut self, failure: &Failure) -> Option<Duration> {
        // The connection was lost during a response that is retried: its wait applies.
        let postponed = self.retry.take().map(|(_, wait)| wait);
        postponed.or_else(|| is_transient(failure).then(|| self.wait(None)).flatten())
    }

    /// Resets the job to the first request for a retry; false where its recipient cannot restart.
    pub(super) fn restart(&mut self, options: &Options) -> bool {
        if !self.recipient.restart() {
            return false;
        }
        if let Some(first) = self.first.take() {
            self.fetch = *first;
        }
        let limits = &options.session.limits;
        let is_followed = self.chain.is_some();
        self.chain = is_followed.then(|| Chain::new(limits, &self.fetch.method, &self.fetch.url));
        self.received_before = self.report.received;
        let Report { retries, sent, received, taken, ref remarks, .. } = self.report;
        let remarks = remarks.clone();
        let fresh = Report::new(&self.fetch);
        self.report = Report { retries, sent, received, taken, remarks, ..fresh };
        self.redirect = None;
        (self.moved, self.wants_fresh) = (false, false);
        true
    }

    /// Tells the meter that the rest of the body will not come.
    pub(super) fn stop_expecting(&mut self, options: &Options) {
        self.expected.take().into_iter().for_each(|left| options.run.meter.expect_no_more(left));
    }

    /// The failure, with the reason why there is no retry where its wait is the reason.
    pub(super) fn explained(&mut self, failure: Failure) -> Failure {
        match self.budget.refusal() {
            Some(why) => Failure { text: format!("{}{why}", failure.text).into(), ..failure },
            None => failure,
        }
    }
}

/// The value of `User-Agent` where the caller gives none.
const USER_AGENT: &str = concat!("wirewright/", env!("CARGO_PKG_VERSION"));

fn refused(error: crate::error::Error) -> Failure {
    Failure::from(&Error::Session(error))
}
