//! The transitions of an exchange for the bytes of a response.
//!
//! Specification: RFC 9112 §6.3 and §8, RFC 9110 §15.2. The states are in the documentation of
//! `exchange`.

use super::super::config::{Config, Remark, body_too_large};
use super::super::reuse;
use super::{End, Event, Exchange, Sending, Stage};
use crate::error::Error;
use crate::http::message::body;
use crate::http::message::body::Framing;
use crate::http::message::chunked;
use crate::http::message::head::{Head, Kind, Lines};

/// The result of [`Exchange::advance`], without borrowing.
pub(super) enum Next {
    More,
    Remark(Remark),
    Interim,
    Head,
    /// So many bytes of body, the last of the consumed input.
    Run(usize),
    /// So many bytes of body at the beginning of the scratch space.
    Copied(usize),
    Trailers,
    End,
}

impl Exchange {
    pub(super) fn advance(
        &mut self,
        input: &[u8],
        scratch: &mut [u8],
    ) -> Result<(usize, Next), Error> {
        let mut consumed = 0;
        loop {
            if let Some(remark) = self.remarks.take() {
                return Ok((consumed, Next::Remark(remark)));
            }
            let input = &input[consumed..];
            match &mut self.stage {
                Stage::Lines(_) => {
                    let taken = self.take_lines(input)?;
                    if taken == 0 {
                        return Ok((consumed, Next::More));
                    }
                    consumed += taken;
                }
                Stage::Interim => {
                    self.stage = self.lines();
                    return Ok((consumed, Next::Interim));
                }
                Stage::Final => {
                    self.begin_body();
                    return Ok((consumed, Next::Head));
                }
                Stage::Length(0) => self.stage = Stage::End,
                Stage::Length(left) => {
                    let run = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= run as u64;
                    return Ok(self.body_run(consumed, run));
                }
                Stage::Chunked(_) => {
                    let (taken, next) = self.take_chunked(input, scratch)?;
                    consumed += taken;
                    if let Some(next) = next {
                        return Ok((consumed, next));
                    }
                }
                Stage::Close if input.is_empty() && self.eof => self.stage = Stage::End,
                Stage::Close => {
                    let run = self.allowed(input.len())?;
                    return Ok(self.body_run(consumed, run));
                }
                Stage::Trailers => {
                    self.stage = Stage::End;
                    return Ok((consumed, Next::Trailers));
                }
                Stage::End => {
                    self.end_response();
                    return Ok((consumed, Next::End));
                }
                Stage::Idle if !input.is_empty() => {
                    let rule = "a server sends nothing while no request is outstanding";
                    return Err(Error::malformed(rule, self.offset, "RFC 9112 §9.2"));
                }
                Stage::Idle | Stage::Tunnel => return Ok((consumed, Next::More)),
                Stage::Closing => return Ok((consumed + input.len(), Next::More)),
            }
        }
    }

    /// Counts `run` bytes of body in the input.
    fn body_run(&mut self, consumed: usize, run: usize) -> (usize, Next) {
        self.body_len += run as u64;
        self.payload += run as u64;
        self.offset += run as u64;
        (consumed + run, if run > 0 { Next::Run(run) } else { Next::More })
    }

    /// How many of `len` bytes the limit of the body allows; 0 is an error.
    fn allowed(&self, len: usize) -> Result<usize, Error> {
        let max = self.config.limits.body_bytes_max;
        let left = usize::try_from(max - self.body_len).unwrap_or(usize::MAX);
        match len.min(left) {
            0 if len > 0 => Err(body_too_large(max, self.offset, "RFC 9110 §8.6")),
            allowed => Ok(allowed),
        }
    }

    pub(super) fn lines(&self) -> Stage {
        Stage::Lines(Lines::new(Kind::Head, &self.config.limits, self.offset))
    }

    fn take_lines(&mut self, input: &[u8]) -> Result<usize, Error> {
        let Stage::Lines(lines) = &mut self.stage else { return Ok(0) };
        if lines.is_empty() && !input.is_empty() {
            self.remarks.restart();
            self.steps += 1;
        }
        let (taken, done) = lines.feed(input, &mut self.remarks)?;
        self.offset += taken as u64;
        if done {
            let head = lines.head()?;
            self.stage = match head.is_interim() {
                true => self.interim(&head)?,
                false => self.begin_final(&head)?,
            };
            self.head = Some(Box::new(head));
            self.steps += 1;
        }
        Ok(taken)
    }

    fn interim(&mut self, head: &Head) -> Result<Stage, Error> {
        if head.status == 101 {
            let rule = "a server switches the protocol only on request";
            return Err(Error::malformed(rule, head.offset, "RFC 9110 §7.8"));
        }
        let max = self.config.limits.interim_max;
        if self.interim == max {
            return Err(Error::too_large("interim_max", max.into(), head.offset, "RFC 9110 §15.2"));
        }
        self.interim += 1;
        self.frame(head)?;
        Ok(Stage::Interim)
    }

    /// The head of the final response is complete: decides its framing, and whether the connection
    /// can be reused.
    fn begin_final(&mut self, head: &Head) -> Result<Stage, Error> {
        self.framing = self.frame(head)?;
        self.close.extend(reuse::of_response(head));
        if head.status >= 400 && self.is_sending() {
            self.sending = Sending::Stopped;
        }
        Ok(Stage::Final)
    }

    fn frame(&mut self, head: &Head) -> Result<Framing, Error> {
        let decision = body::framing(&self.method, head, self.config.limits.body_bytes_max)?;
        for remark in decision.remarks {
            self.remarks.note(remark)?;
        }
        for reason in decision.close {
            if !self.close.contains(&reason) {
                self.close.push(reason);
            }
        }
        Ok(decision.framing)
    }

    fn begin_body(&mut self) {
        self.stage = match self.framing {
            Framing::None => Stage::End,
            Framing::Length(len) => Stage::Length(len),
            Framing::Close => Stage::Close,
            Framing::Chunked => {
                let Config { limits, policy } = self.config;
                Stage::Chunked(Box::new(chunked::Decoder::new(limits, policy, self.offset)))
            }
        };
    }

    /// Feeds the decoder; `None` if the body has ended.
    fn take_chunked(
        &mut self,
        input: &[u8],
        scratch: &mut [u8],
    ) -> Result<(usize, Option<Next>), Error> {
        let Stage::Chunked(decoder) = &mut self.stage else { return Ok((0, None)) };
        let chunked::Step { consumed, event } = decoder.feed(input, scratch)?;
        self.offset += consumed as u64;
        self.payload += decoder.body_len() - self.body_len;
        self.body_len = decoder.body_len();
        let next = match event {
            chunked::Event::More => Next::More,
            chunked::Event::Run(len) => Next::Run(len),
            chunked::Event::Copied(len) => Next::Copied(len),
            chunked::Event::Remark(remark) => Next::Remark(remark),
            chunked::Event::End => {
                self.trailers = decoder.take_trailers();
                self.stage = if self.trailers.is_empty() { Stage::End } else { Stage::Trailers };
                return Ok((consumed, None));
            }
        };
        Ok((consumed, Some(next)))
    }

    /// Ends the response: decides whether the connection is idle, a tunnel, or closing.
    fn end_response(&mut self) {
        if self.is_tunnel() {
            // A tunnel begins (RFC 9110 §9.3.6), whatever the fields say about the connection: many
            // proxies answer as HTTP/1.0.
            self.close.clear();
        }
        if self.is_sending() || self.sending == Sending::Stopped || !self.outbox.is_empty() {
            self.close.push("the response came before all of the request was sent");
            self.sending = Sending::Stopped;
        }
        self.stage = match self.close.is_empty() {
            true if self.is_tunnel() => Stage::Tunnel,
            true => Stage::Idle,
            false => Stage::Closing,
        };
        self.steps += 1;
    }

    /// Whether the response was a 2xx to CONNECT.
    fn is_tunnel(&self) -> bool {
        let succeeded = self.head.as_ref().is_some_and(|head| head.status < 300);
        self.method.is_connect() && self.framing == Framing::None && succeeded
    }

    /// Whether some of the request body is still to be sent.
    pub(super) fn is_sending(&self) -> bool {
        matches!(self.sending, Sending::Length(_) | Sending::Chunked | Sending::LastChunk)
    }

    /// Whether a final head is complete but not reported, with this framing.
    pub(super) fn awaits(&self, framing: Framing) -> bool {
        matches!(self.stage, Stage::Final) && self.framing == framing
    }

    /// What is missing from the response, if it is incomplete.
    pub(super) fn missing(&self) -> Option<&'static str> {
        match &self.stage {
            Stage::Lines(lines) if lines.is_empty() => Some("a response"),
            Stage::Lines(_) => Some("the end of the head"),
            Stage::Interim => Some("a final response"),
            Stage::Final => match self.framing {
                Framing::None | Framing::Close | Framing::Length(0) => None,
                Framing::Length(_) | Framing::Chunked => Some("the body"),
            },
            Stage::Length(left) => (*left > 0).then_some("the whole Content-Length"),
            _ => None,
        }
    }

    /// Stores the error for every later call.
    pub(super) fn fail(&mut self, error: Error) {
        self.stage = Stage::Closing;
        self.failed = Some(Box::new(error));
    }

    pub(super) fn event<'a>(
        &'a self,
        next: &Next,
        consumed: &'a [u8],
        scratch: &'a [u8],
    ) -> Option<Event<'a>> {
        match *next {
            Next::More => None,
            Next::Remark(remark) => Some(Event::Remark(remark)),
            Next::Interim => self.head.as_deref().map(Event::Interim),
            Next::Head => {
                let framing = self.framing;
                self.head.as_deref().map(|head| Event::Head { head, framing })
            }
            Next::Run(len) => Some(Event::Body(&consumed[consumed.len() - len..])),
            Next::Copied(len) => Some(Event::Body(&scratch[..len])),
            Next::Trailers => Some(Event::Trailers(&self.trailers)),
            Next::End => {
                let Exchange { body_len, framing, close, .. } = self;
                Some(Event::End(End { body_len: *body_len, framing: *framing, close }))
            }
        }
    }
}
