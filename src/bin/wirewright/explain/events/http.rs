//! `explain http --json`: one response, as the client would read it.
//!
//! Specification: RFC 9110, RFC 9112.

use super::super::{ROOM_BYTES, Stop, Subject};
use super::{RemarkEvent, write_error};
use crate::Failure;
use crate::output::report::Out;
use serde::Serialize;
use wirewright::digest::{DigestKind, Digester};
use wirewright::error::Error;
use wirewright::http::config::Remark;
use wirewright::http::exchange::{End, Event, Exchange};
use wirewright::http::message::body::Framing;
use wirewright::http::message::head::Head;
use wirewright::http::message::headers::{Headers, text};
use wirewright::session::Session as _;

/// The exchange, and what it said so far.
pub struct Http {
    exchange: Exchange,
    room: Vec<u8>,
    digester: Digester,
    end: Option<Ended>,
    leftover: u64,
}

/// The end of the response; it is written when it is known what stands behind it.
struct Ended {
    body_len: u64,
    framing: Framing,
    is_reusable: bool,
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
struct EndEvent<'a> {
    event: &'static str,
    body_len: u64,
    body_sha256: &'a str,
    framing: &'static str,
    reuse: bool,
    leftover: u64,
}

impl Http {
    /// At the beginning of the stream that `exchange` will read.
    pub fn new(exchange: Exchange) -> Http {
        Http {
            exchange,
            room: vec![0; ROOM_BYTES],
            digester: Digester::new(DigestKind::Sha256),
            end: None,
            leftover: 0,
        }
    }

    /// Takes what the exchange makes of `input`, up to nothing more or the end.
    fn take(&mut self, mut input: &[u8], out: &mut Out) -> Result<(), Stop> {
        while self.end.is_none() {
            let received = self.exchange.receive(input, &mut self.room)?;
            input = &input[received.consumed..];
            let Some(event) = received.into_event() else { return Ok(()) };
            match event {
                Event::Body(bytes) => self.digester.update(bytes),
                Event::End(End { body_len, framing, close }) => {
                    self.end = Some(Ended { body_len, framing, is_reusable: close.is_empty() });
                }
                event => write(&event, out)?,
            }
        }
        self.leftover += input.len() as u64;
        Ok(())
    }

    fn write_end(&mut self, out: &mut Out) -> Result<(), Failure> {
        let Some(Ended { body_len, framing, is_reusable }) = self.end else { return Ok(()) };
        let digester = std::mem::replace(&mut self.digester, Digester::None);
        let digest = digester.finish().unwrap_or_default();
        out.json(&EndEvent {
            event: "end",
            body_len,
            body_sha256: digest.trim_start_matches("sha256:"),
            framing: framing.as_str(),
            reuse: is_reusable && self.leftover == 0,
            leftover: self.leftover,
        })
    }
}

impl Subject for Http {
    fn feed(&mut self, piece: &[u8], out: &mut Out) -> Result<(), Stop> {
        self.take(piece, out)
    }

    fn finish(&mut self, out: &mut Out) -> Result<(), Stop> {
        if self.end.is_none() {
            self.exchange.receive_eof()?;
            self.take(b"", out)?;
        }
        Ok(self.write_end(out)?)
    }

    fn refuse(&mut self, error: &Error, out: &mut Out) -> Result<(), Failure> {
        write_error(error, out)
    }
}

/// Writes one event that is neither body nor end.
fn write(event: &Event<'_>, out: &mut Out) -> Result<(), Failure> {
    match event {
        Event::Remark(Remark { text, offset, section }) => {
            out.json(&RemarkEvent::new(*offset, text, section))
        }
        Event::Interim(head) => out.json(&InterimEvent { event: "interim", status: head.status }),
        Event::Head { head, .. } => write_head(head, out),
        Event::Trailers(headers) => {
            out.json(&TrailersEvent { event: "trailers", headers: pairs(headers) })
        }
        Event::Body(_) | Event::End(_) => Ok(()),
    }
}

fn write_head(head: &Head, out: &mut Out) -> Result<(), Failure> {
    out.json(&HeadEvent {
        event: "head",
        version: format!("1.{}", head.minor),
        status: head.status,
        reason: text(head.reason()).as_raw_str(),
        headers: pairs(&head.headers),
    })
}

fn pairs(headers: &Headers) -> Vec<[String; 2]> {
    let pair = |name: &str, value| [name.to_owned(), text(value).as_raw_str().to_owned()];
    headers.iter().map(|field| pair(field.name, field.value)).collect()
}
