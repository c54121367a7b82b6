//! `explain http`: one response, as the client would read it.
//!
//! Specification: RFC 9110, RFC 9112.

use super::{Page, ROOM_BYTES, Stop, Subject};
use crate::cli::Failure;
use crate::cli::report;
use serde::Serialize;
use wirewright::buffer::Buffer;
use wirewright::http::body::Framing;
use wirewright::http::config::{Config, Policy, Remark};
use wirewright::http::exchange::{End, Event, Exchange};
use wirewright::http::head::Head;
use wirewright::http::headers::{Headers, text};
use wirewright::http::request::{Method, Request};
use wirewright::http::url::Url;
use wirewright::session::Session as _;
use wirewright::transfer::digest::{DigestKind, Digester};

/// The section that rules where a body ends, and the one that rules what follows.
const SPEC_FRAMING: &str = "RFC 9112 §6.3";
const SPEC_REUSE: &str = "RFC 9112 §9.3";

/// The exchange, and what it said so far.
pub struct Http {
    exchange: Exchange,
    room: Vec<u8>,
    body: Body,
    end: Option<Ended>,
    leftover: u64,
}

/// The body as far as it came.
struct Body {
    digester: Digester,
    /// Offset of its first byte, as long as it is not written.
    at: Option<u64>,
    len: u64,
}

/// The end of the response; it is written when it is known what stands behind it.
struct Ended {
    at: u64,
    body_len: u64,
    framing: Framing,
    close: Vec<&'static str>,
}

#[derive(Serialize)]
struct InterimEvent {
    event: &'static str,
    status: u16,
}

#[derive(Serialize)]
struct HeadEvent<'a> {
    event: &'static str,
    version: String,
    status: u16,
    reason: &'a str,
    headers: Vec<[String; 2]>,
}

#[derive(Serialize)]
struct TrailersEvent {
    event: &'static str,
    headers: Vec<[String; 2]>,
}

#[derive(Serialize)]
struct RemarkEvent {
    event: &'static str,
    offset: u64,
    text: &'static str,
    spec: &'static str,
}

#[derive(Serialize)]
struct EndEvent<'a> {
    event: &'static str,
    body_len: u64,
    body_sha256: &'a str,
    framing: &'static str,
    reuse: bool,
    leftover: u64,
}

impl Http {
    /// At the beginning of the stream of a connection over which `method` was asked.
    pub fn new(method: &Method, strict: bool) -> Result<Http, Failure> {
        let policy = if strict { Policy::Strict } else { Policy::Tolerant };
        let mut exchange = Exchange::new(Config { policy, ..Config::default() });
        // Which request it was means nothing beyond its method.
        let sent = Url::parse("http://localhost/").and_then(|url| {
            exchange.send(&Request::new(method.clone(), &url))?;
            exchange.transmit(&mut Buffer::with_limit(1024));
            Ok(())
        });
        sent.map_err(|error| Failure::new("http", error, "use --method GET or HEAD"))?;
        let digester = Digester::new(DigestKind::Sha256);
        Ok(Http {
            exchange,
            room: vec![0; ROOM_BYTES],
            body: Body { digester, at: None, len: 0 },
            end: None,
            leftover: 0,
        })
    }

    /// Takes what the exchange makes of `input`, up to nothing more or the end.
    fn take(&mut self, mut input: &[u8], page: &mut Page) -> Result<(), Stop> {
        while self.end.is_none() {
            let received = self.exchange.receive(input, &mut self.room)?;
            input = &input[received.consumed..];
            let Some(event) = received.event else { return Ok(()) };
            if let Event::End(End { body_len, framing, close }) = event {
                let close = close.to_vec();
                let at = self.exchange.offset();
                self.end = Some(Ended { at, body_len, framing, close });
                break;
            }
            write(event, &mut self.body, page)?;
        }
        self.leftover += input.len() as u64;
        Ok(())
    }

    fn write_end(&mut self, page: &mut Page) -> Result<(), Failure> {
        let Some(Ended { at, body_len, framing, close }) = &self.end else { return Ok(()) };
        let digester = std::mem::replace(&mut self.body.digester, Digester::None);
        let digest = digester.finish().unwrap_or_default();
        let sha256 = digest.trim_start_matches("sha256:");
        let (body_len, leftover) = (*body_len, self.leftover);
        if page.json {
            return page.out.json(&EndEvent {
                event: "end",
                body_len,
                body_sha256: sha256,
                framing: framing.as_str(),
                reuse: close.is_empty() && leftover == 0,
                leftover,
            });
        }
        page.line(*at, "end", &format!("body of {body_len} bytes, sha256 {sha256}"), SPEC_FRAMING)?;
        for reason in close {
            page.line(*at, "close", reason, SPEC_REUSE)?;
        }
        if leftover > 0 {
            let words = format!("{leftover} bytes that no request asked for; close");
            page.line(*at, "leftover", &words, "RFC 9112 §9.2")?;
        } else if close.is_empty() {
            page.line(*at, "reuse", "the connection can carry another request", SPEC_REUSE)?;
        }
        Ok(())
    }
}

impl Subject for Http {
    fn feed(&mut self, piece: &[u8], page: &mut Page) -> Result<(), Stop> {
        self.take(piece, page)
    }

    fn finish(&mut self, page: &mut Page) -> Result<(), Stop> {
        if self.end.is_none() {
            self.exchange.receive_eof()?;
            self.take(b"", page)?;
        }
        self.body.settle(page)?;
        Ok(self.write_end(page)?)
    }

    fn settle(&mut self, page: &mut Page) -> Result<(), Failure> {
        self.body.settle(page)
    }
}

impl Body {
    /// Writes the line of the body so far, all its pieces merged.
    fn settle(&mut self, page: &mut Page) -> Result<(), Failure> {
        let (at, len) = (self.at.take(), std::mem::take(&mut self.len));
        match at {
            Some(at) if len > 0 && !page.json => {
                let short = match len {
                    0..1024 => String::new(),
                    _ => format!(" ({})", report::size(len)),
                };
                page.line(at, "body", &format!("{len} bytes{short}"), "RFC 9112 §6")
            }
            _ => Ok(()),
        }
    }
}

/// Writes one event; pieces of the body are gathered.
fn write(event: Event<'_>, body: &mut Body, page: &mut Page) -> Result<(), Failure> {
    if let Event::Body(bytes) = event {
        body.digester.update(bytes);
        body.len += bytes.len() as u64;
        return Ok(());
    }
    let at = body.at;
    body.settle(page)?;
    match event {
        Event::Remark(remark) => {
            // Within the body: what follows is another piece of it.
            body.at = at.map(|_| remark.offset);
            write_remark(&remark, page)
        }
        Event::Interim(head) => write_head("interim", head, "RFC 9110 §15.2", page),
        Event::Head { head, framing } => {
            let behind = head.offset + head.bytes().len() as u64;
            body.at = Some(behind);
            write_head("head", head, "RFC 9112 §4", page)?;
            match page.json {
                true => Ok(()),
                false => page.line(behind, "framing", &framing_words(framing), SPEC_FRAMING),
            }
        }
        Event::Trailers(headers) => write_trailers(headers, page),
        Event::Body(_) | Event::End(_) => Ok(()),
    }
}

fn write_remark(remark: &Remark, page: &mut Page) -> Result<(), Failure> {
    let Remark { text, offset, section: spec } = *remark;
    match page.json {
        true => page.out.json(&RemarkEvent { event: "remark", offset, text, spec }),
        false => page.line(offset, "remark", text, spec),
    }
}

fn write_head(name: &str, head: &Head, spec: &str, page: &mut Page) -> Result<(), Failure> {
    let (status, reason, version) = (head.status, text(head.reason()), format!("1.{}", head.minor));
    if page.json && name == "interim" {
        return page.out.json(&InterimEvent { event: "interim", status });
    }
    if page.json {
        let headers = pairs(&head.headers);
        let reason = &reason;
        return page.out.json(&HeadEvent { event: "head", version, status, reason, headers });
    }
    page.line(head.offset, name, &format!("HTTP/{version} {status} {reason}"), spec)?;
    write_fields(&head.headers, page)
}

fn write_trailers(headers: &Headers, page: &mut Page) -> Result<(), Failure> {
    if page.json {
        return page.out.json(&TrailersEvent { event: "trailers", headers: pairs(headers) });
    }
    let at = headers.iter().next().map_or(0, |field| field.offset);
    page.line(at, "trailers", "fields behind the body, kept apart", "RFC 9112 §7.1.2")?;
    write_fields(headers, page)
}

fn write_fields(headers: &Headers, page: &mut Page) -> Result<(), Failure> {
    headers.iter().try_for_each(|field| {
        let words = format!("{}: {}", field.name, text(field.value));
        page.line(field.offset, "field", &words, "RFC 9112 §5")
    })
}

fn pairs(headers: &Headers) -> Vec<[String; 2]> {
    let pair = |name: &str, value| [name.to_owned(), text(value).into_owned()];
    headers.iter().map(|field| pair(field.name, field.value)).collect()
}

fn framing_words(framing: Framing) -> String {
    match framing {
        Framing::None => "no body".to_owned(),
        Framing::Length(len) => format!("a body of {len} bytes, by its Content-Length"),
        Framing::Chunked => "a body in chunks, up to the last one".to_owned(),
        Framing::Close => "a body up to the end of the stream".to_owned(),
    }
}
