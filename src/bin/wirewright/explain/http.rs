//! `explain http`: one response, as the client reads it.
//!
//! ```text
//!   HTTP/1.1 200 OK CR LF      status line    Lines
//!   Content-Length: 5 CR LF    field          Lines
//!   CR LF                      end of head    Lines ─▶ Final ─▶ Length
//!   hello                      body           Length ─▶ End ─▶ Idle
//! ```
//!
//! Specification: RFC 9110, RFC 9112.

use super::envelope::in_words;
use super::events::{self, Event as Report};
use super::meanings::{field, status};
use super::span::Span;
use super::steps::{Entry, Limit, Step, Steps, bytes, counted, sha256, take_digest, text_of};
use super::{Parser, Stop};
use crate::Failure;
use crate::output::style::Hue;
use std::mem::take;
use wirewright::digest::Digester;
use wirewright::error::Error;
use wirewright::http::config::Limits;
use wirewright::http::exchange::{End, Event, Exchange, State};
use wirewright::http::message::body::Framing;
use wirewright::http::message::chunked;
use wirewright::http::message::headers;
use wirewright::session::Session as _;

/// The section on the length of a body, and the one on reuse of a connection.
const SPEC_FRAMING: &str = "RFC 9112 §6.3";
const SPEC_REUSE: &str = "RFC 9112 §9.3";

/// How many chunks have entries of their own; the later ones share one, except the last.
const CHUNKS_SHOWN: u64 = 3;

/// The exchange and its counters.
pub struct Http {
    exchange: Exchange,
    limits: Limits,
    digester: Digester,
    section: Section,
    status: String,
    framing: Option<Framing>,
    chunks: Chunks,
    end: Option<Ended>,
}

/// Counters of a head or a trailer section.
#[derive(Default)]
struct Section {
    lines: u64,
    fields: u64,
    bytes: u64,
}

#[derive(Default)]
struct Chunks {
    count: u64,
    /// Value and number of the digits of the current size line.
    len: u64,
    digits: u64,
    /// Chunks without entries of their own.
    folded: Option<Span>,
}

/// The end of the response, reported when the number of bytes behind it is known.
struct Ended {
    body_len: u64,
    framing: Framing,
    close: Vec<&'static str>,
}

impl Http {
    /// A parser at the beginning of the stream of `exchange`.
    pub fn new(exchange: Exchange) -> Http {
        Http {
            exchange,
            limits: Limits::default(),
            digester: sha256(),
            section: Section::default(),
            status: String::new(),
            framing: None,
            chunks: Chunks::default(),
            end: None,
        }
    }

    /// Feeds the exchange, takes all events that are ready, and returns the bytes consumed.
    fn feed_all(&mut self, part: &[u8], steps: &mut Steps) -> Result<usize, Stop> {
        let (consumed, _) = self.feed(part, steps)?;
        while self.feed(b"", steps)?.1 {}
        Ok(consumed)
    }

    /// Feeds the exchange once; returns the bytes consumed, and whether there was an event.
    fn feed(&mut self, part: &[u8], steps: &mut Steps) -> Result<(usize, bool), Stop> {
        let received = self.exchange.receive(part, &mut [])?;
        let (consumed, is_event) = (received.consumed, received.is_event());
        steps.take(&part[..consumed]);
        match received.into_event() {
            Some(Event::Remark(remark)) => {
                steps.remark(remark.text, remark.offset, remark.section)?;
                // The next event shows the state. After an error the exchange is closed already.
                return Ok((consumed, true));
            }
            Some(Event::Interim(head)) => {
                steps.event(Report::Interim { status: head.status })?;
                steps.reach(State::Interim.as_str());
            }
            Some(Event::Head { head, framing }) => {
                steps.event(Report::Head {
                    version: format!("1.{}", head.minor),
                    status: head.status,
                    reason: headers::text(head.reason()).as_raw_str(),
                    headers: events::pairs(&head.headers),
                })?;
                steps.reach(State::Final.as_str());
                self.framing = Some(framing);
            }
            Some(Event::Body(bytes)) => self.digester.update(bytes),
            Some(Event::Trailers(fields)) => {
                steps.event(Report::Trailers { headers: events::pairs(fields) })?;
                steps.reach(State::Trailers.as_str());
            }
            Some(Event::End(End { body_len, framing, close })) => {
                steps.reach(State::End.as_str());
                self.end = Some(Ended { body_len, framing, close: close.to_vec() });
            }
            None => {}
        }
        steps.reach(self.exchange.state().as_str());
        Ok((consumed, is_event))
    }

    /// Writes an entry if the last step ended something.
    fn settle(&mut self, before: State, steps: &mut Steps) -> Result<(), Failure> {
        use chunked::State::{Data, DataLf, Size, Trailers};
        let after = self.exchange.state();
        let is_line = steps.open.last() == Some(b'\n');
        match (before, after) {
            (State::Lines | State::Chunked(Trailers), _) if is_line => self.line(before, steps),
            (State::Length | State::Close, after) if after != before => self.body(steps),
            (State::Chunked(Data | DataLf), State::Chunked(Size)) => self.chunk(steps),
            (State::Chunked(Data), _) => Ok(()),
            (State::Chunked(_), State::Chunked(Data)) => self.size(steps),
            (State::Chunked(before), State::Chunked(Trailers)) if before != Trailers => {
                self.last_chunk(steps)
            }
            _ => Ok(()),
        }
    }

    // ---- heads and trailers --------------------------------------------------------------------

    /// Writes the entry of a complete line.
    fn line(&mut self, before: State, steps: &mut Steps) -> Result<(), Failure> {
        let span = &steps.open;
        let (len, text) = (span.len(), text_of(span));
        let begin = span.first().first().copied();
        self.section.lines += 1;
        self.section.bytes += len;
        let entry = match begin {
            Some(b'\r' | b'\n') if self.section.lines > 1 || before != State::Lines => {
                let entry = self.end_of_section(before);
                self.section = Section::default();
                return steps.entry(entry);
            }
            Some(b' ' | b'\t') => Entry::new("folded line", "RFC 9112 §5.2")
                .quote(text)
                .note("a continuation of the field before it"),
            _ if before == State::Lines && self.section.lines == 1 => self.status_line(&text),
            _ => self.field(&text),
        };
        steps.entry(entry.limit("length of the line", len, self.limits.line_bytes_max))
    }

    fn status_line(&mut self, text: &str) -> Entry {
        self.status = text.to_owned();
        let digits = text.split(' ').nth(1).and_then(|digits| digits.parse().ok());
        let (meaning, section) = status(digits.unwrap_or(0));
        Entry::new("status line", section).quote(text).note(meaning)
    }

    fn field(&mut self, text: &str) -> Entry {
        self.section.fields += 1;
        // The parser has checked that the text before the colon is a token.
        let (meaning, section) = field(text.split(':').next().unwrap_or(text));
        Entry::new("field", section).quote(text).note(meaning)
    }

    /// The entry of the empty line behind the fields.
    fn end_of_section(&self, before: State) -> Entry {
        let (what, max) = match before {
            State::Lines => ("length of the head", self.limits.head_bytes_max),
            _ => ("length of the trailers", self.limits.trailer_bytes_max),
        };
        let entry = match (before, self.framing) {
            (State::Lines, None) => Entry::new("end of head", "RFC 9110 §15.2")
                .note("an interim response; another response follows"),
            (State::Lines, Some(framing)) => Entry::new("end of head", SPEC_FRAMING)
                .note(format!("the head decides: {}", framing_words(framing))),
            _ => Entry::new("end of body", "RFC 9112 §7.1.2")
                .note("the empty line ends the response, which is complete"),
        };
        let fields = Limit::ours("number of fields", self.section.fields, self.limits.fields_max);
        entry.limit(what, self.section.bytes, max).limit_of(Limit { unit: "", ..fields })
    }

    // ---- bodies --------------------------------------------------------------------------------

    fn body(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        let len = steps.open.len();
        let (note, section) = match self.framing {
            Some(Framing::Close) => {
                ("the end of the stream ends the body".to_owned(), SPEC_FRAMING)
            }
            _ => {
                let note = format!("the body is complete: {}, as in Content-Length", bytes(len));
                (note, State::Length.section())
            }
        };
        steps.entry(Entry::new("body", section).note(note))
    }

    /// Counts a digit of a size. Leading zeros are counted here, as the span may not keep them all.
    fn digit(&mut self, byte: u8) {
        if let Some(value) = char::from(byte).to_digit(16) {
            let chunks = &mut self.chunks;
            chunks.len = chunks.len.saturating_mul(16).saturating_add(value.into());
            chunks.digits += 1;
        }
    }

    /// Writes the entry of a size line that data follows.
    fn size(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        let (len, digits) = (take(&mut self.chunks.len), take(&mut self.chunks.digits));
        if self.chunks.count >= CHUNKS_SHOWN {
            return Ok(());
        }
        let section = chunked::State::Size.section();
        let note = format!("hexadecimal {len:x}: a chunk of {} follows", bytes(len));
        let mut entry = Entry::new("chunk size", section).note(note);
        let extra = (steps.open.len() - 2).saturating_sub(digits);
        if extra > 0 {
            entry = entry.note("behind the size: an extension, ignored");
            entry = entry.limit("beside the size", extra, self.limits.chunk_ext_bytes_max);
        }
        steps.entry(entry)
    }

    /// Writes the entry of the data of a chunk with its CR LF.
    fn chunk(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        self.chunks.count += 1;
        if self.chunks.count > CHUNKS_SHOWN {
            let span = steps.cut();
            match &mut self.chunks.folded {
                Some(folded) => folded.absorb(&span),
                None => self.chunks.folded = Some(span),
            }
            return Ok(());
        }
        let len = steps.open.len() - 2;
        let note = format!("{} of the body, and CR LF behind them", bytes(len));
        steps.entry(Entry::new("chunk data", chunked::State::Data.section()).note(note))
    }

    /// Writes the entry of the chunks without entries of their own.
    fn unfold(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        let Some(span) = self.chunks.folded.take() else { return Ok(()) };
        let count = counted(self.chunks.count - CHUNKS_SHOWN, "chunk");
        let note =
            format!("{count} more, each a size, data and CR LF: {} in all", bytes(span.len()));
        let entry = Entry::new("more chunks", chunked::State::Data.section()).note(note);
        steps.write(Step::Entry(&span, entry))
    }

    fn last_chunk(&mut self, steps: &mut Steps) -> Result<(), Failure> {
        self.unfold(steps)?;
        let note = "size 0, the last chunk; now fields or an empty line";
        let entry = Entry::new("last chunk", chunked::State::Size.section());
        steps.entry(entry.note(note))
    }

    // ---- the end -------------------------------------------------------------------------------

    fn end(&mut self, ended: &Ended, leftover: u64, steps: &mut Steps) -> Result<(), Failure> {
        let &Ended { body_len, framing, ref close } = ended;
        let digest = take_digest(&mut self.digester);
        steps.event(Report::HttpEnd {
            body_len,
            body_sha256: digest.trim_start_matches("sha256:"),
            framing: framing.as_str(),
            reuse: close.is_empty() && leftover == 0,
            leftover,
        })?;
        steps.summary("response", self.status.clone())?;
        steps.summary("body", in_words(body_len))?;
        steps.summary("digest", digest)?;
        let words = format!("{}: {}", framing.as_str(), framing_words(framing));
        steps.summary("framing", format!("{words} ({SPEC_FRAMING})"))?;
        let mut against: Vec<String> = close.iter().map(|reason| (*reason).to_owned()).collect();
        if leftover > 0 {
            against.push(format!("{} that no request asked for", bytes(leftover)));
        }
        let reuse = match against.is_empty() {
            true => format!("yes: the connection can carry another request ({SPEC_REUSE})"),
            false => format!("no, close: {} ({SPEC_REUSE})", against.join("; ")),
        };
        steps.summary("reuse", reuse)
    }
}

impl Parser for Http {
    fn state(&self) -> &'static str {
        self.exchange.state().as_str()
    }

    fn step(&mut self, input: &[u8], steps: &mut Steps) -> Result<usize, Stop> {
        if self.end.is_some() {
            // Bytes behind the end of the response.
            steps.take(input);
            return Ok(input.len());
        }
        let before = self.exchange.state();
        let part = match before {
            // Without a buffer a chunk is an event of its own.
            State::Length | State::Close | State::Chunked(chunked::State::Data) => input,
            _ => &input[..1],
        };
        if before == State::Chunked(chunked::State::Size) {
            self.digit(part[0]);
        }
        let from = steps.past.end();
        let fed = self.feed_all(part, steps);
        if fed.is_err() && steps.past.end() == from {
            // The refused byte, which was not consumed.
            steps.take(&part[..1]);
        }
        let consumed = fed?;
        self.settle(before, steps)?;
        Ok(consumed)
    }

    fn finish(&mut self, steps: &mut Steps) -> Result<(), Stop> {
        let before = self.exchange.state();
        if self.end.is_none() {
            self.exchange.receive_eof()?;
            self.feed_all(b"", steps)?;
            self.settle(before, steps)?;
        }
        let leftover = steps.open.len();
        if leftover > 0 {
            let note = format!("{} that no request asked for: close", bytes(leftover));
            let mut entry = Entry::new("leftover", State::Idle.section()).note(note);
            entry.hue = Hue::Remark;
            steps.entry(entry)?;
        }
        match self.end.take() {
            Some(ended) => Ok(self.end(&ended, leftover, steps)?),
            None => Ok(()),
        }
    }

    fn refuse(&mut self, error: &Error, steps: &mut Steps) -> Result<(), Failure> {
        self.unfold(steps)?;
        steps.error(error, None)
    }
}

fn framing_words(framing: Framing) -> String {
    match framing {
        Framing::None => "there is no body".to_owned(),
        Framing::Length(len) => format!("a body of {}, by its Content-Length", bytes(len)),
        Framing::Chunked => "a body in chunks, up to the last chunk".to_owned(),
        Framing::Close => "a body up to the end of the stream".to_owned(),
    }
}
