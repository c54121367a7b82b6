//! `explain http` for people: one response, as the client would read it.
//!
//! ```text
//!   HTTP/1.1 200 OK CR LF      status line    Lines
//!   Content-Length: 5 CR LF    field          Lines
//!   CR LF                      end of head    Lines ─▶ Final ─▶ Length
//!   hello                      body           Length ─▶ End ─▶ Idle
//! ```
//!
//! Specification: RFC 9110, RFC 9112.

use super::super::{Stop, Subject};
use super::span::Span;
use super::words::{field, status};
use super::{Card, Lesson, Limit, bytes, text_of};
use crate::Failure;
use crate::output::report::{Out, size, thousands};
use crate::output::voice::Hue;
use std::mem::take;
use wirewright::digest::{DigestKind, Digester};
use wirewright::error::Error;
use wirewright::http::config::Limits;
use wirewright::http::exchange::{End, Event, Exchange, State};
use wirewright::http::message::body::Framing;
use wirewright::http::message::chunked;
use wirewright::session::Session as _;

/// The section that rules where a body ends, and the one that rules what follows.
const SPEC_FRAMING: &str = "RFC 9112 §6.3";
const SPEC_REUSE: &str = "RFC 9112 §9.3";

/// So many chunks are shown each; those behind are told together, but for the last.
const CHUNKS_SHOWN: u64 = 3;

/// The exchange, and what it said so far.
pub struct Http {
    lesson: Lesson,
    exchange: Exchange,
    limits: Limits,
    digester: Digester,
    /// How many lines of this head or trailer section there were, and fields, and bytes.
    lines: u64,
    fields: u64,
    section_bytes: u64,
    status: String,
    framing: Option<Framing>,
    /// Of this size line: what its digits say, and how many there are.
    chunk_len: u64,
    digits: u64,
    chunks: u64,
    /// Chunks that are not shown each.
    folded: Option<Span>,
    end: Option<Ended>,
}

/// The end of the response; it is told when it is known what stands behind it.
struct Ended {
    body_len: u64,
    close: Vec<&'static str>,
}

impl Http {
    /// At the beginning of the stream that `exchange` will read.
    pub fn new(exchange: Exchange, lesson: Lesson) -> Http {
        let title = "http: a response, as the client reads it (RFC 9110, RFC 9112)";
        Http {
            lesson: lesson.entitled(title, exchange.state().as_str()),
            exchange,
            limits: Limits::default(),
            digester: Digester::new(DigestKind::Sha256),
            lines: 0,
            fields: 0,
            section_bytes: 0,
            status: String::new(),
            framing: None,
            chunk_len: 0,
            digits: 0,
            chunks: 0,
            folded: None,
            end: None,
        }
    }

    /// Takes one step into `input`, and gives how long it was.
    fn step(&mut self, input: &[u8], out: &mut Out) -> Result<usize, Stop> {
        let before = self.exchange.state();
        let part = match before {
            // Without room a chunk is an event of its own.
            State::Length | State::Close | State::Chunked(chunked::State::Data) => input,
            _ => &input[..1],
        };
        if before == State::Chunked(chunked::State::Size) {
            self.digit(part[0]);
        }
        let from = self.lesson.past.end();
        let eaten = self.feed_all(part).inspect_err(|_| {
            // The byte that was refused. Others are refused only once they are eaten.
            if self.lesson.past.end() == from {
                self.lesson.take(&part[..1]);
            }
        })?;
        self.settle(before, out)?;
        Ok(eaten)
    }

    /// Feeds the exchange once, and hears all that has become ready; gives how much it ate.
    fn feed_all(&mut self, part: &[u8]) -> Result<usize, Error> {
        let (consumed, _) = self.feed(part)?;
        while self.feed(b"")?.1 {}
        Ok(consumed)
    }

    /// Feeds the exchange once; gives how much it ate, and whether there was an event.
    fn feed(&mut self, part: &[u8]) -> Result<(usize, bool), Error> {
        let received = self.exchange.receive(part, &mut [])?;
        let (consumed, is_event) = (received.consumed, received.is_event());
        self.lesson.take(&part[..consumed]);
        match received.into_event() {
            Some(Event::Remark(remark)) => {
                self.lesson.remark(remark.text, remark.offset, remark.section);
                // Where it stands now is told with the next event, and not at all if that is an
                // error: then it is closed already.
                return Ok((consumed, true));
            }
            Some(Event::Interim(_)) => self.lesson.reach(State::Interim.as_str()),
            Some(Event::Head { framing, .. }) => {
                self.lesson.reach(State::Final.as_str());
                self.framing = Some(framing);
            }
            Some(Event::Body(bytes)) => self.digester.update(bytes),
            Some(Event::Trailers(_)) => self.lesson.reach(State::Trailers.as_str()),
            Some(Event::End(End { body_len, close, .. })) => {
                self.lesson.reach(State::End.as_str());
                self.end = Some(Ended { body_len, close: close.to_vec() });
            }
            None => {}
        }
        self.lesson.reach(self.exchange.state().as_str());
        Ok((consumed, is_event))
    }

    /// Writes a card if the last step ended something.
    fn settle(&mut self, before: State, out: &mut Out) -> Result<(), Failure> {
        use chunked::State::{Data, DataLf, Size, Trailers};
        let after = self.exchange.state();
        let is_line = self.lesson.open.last() == Some(b'\n');
        match (before, after) {
            (State::Lines | State::Chunked(Trailers), _) if is_line => self.line(before, out),
            (State::Length | State::Close, after) if after != before => self.body(out),
            (State::Chunked(Data | DataLf), State::Chunked(Size)) => self.chunk(out),
            (State::Chunked(Data), _) => Ok(()),
            (State::Chunked(_), State::Chunked(Data)) => self.size(out),
            (State::Chunked(before), State::Chunked(Trailers)) if before != Trailers => {
                self.last_chunk(out)
            }
            _ => Ok(()),
        }
    }

    // ---- heads and trailers --------------------------------------------------------------------

    /// A line has ended, and was judged.
    fn line(&mut self, before: State, out: &mut Out) -> Result<(), Failure> {
        let span = &self.lesson.open;
        let (len, text) = (span.len(), text_of(span));
        let begin = span.first().first().copied();
        self.lines += 1;
        self.section_bytes += len;
        let card = match begin {
            Some(b'\r' | b'\n') if self.lines > 1 || before != State::Lines => {
                let card = self.end_of_section(before);
                (self.lines, self.fields, self.section_bytes) = (0, 0, 0);
                return self.lesson.card(card, out);
            }
            Some(b' ' | b'\t') => Card::new("folded line", "RFC 9112 §5.2")
                .quote(text)
                .says("it goes on with the field before it"),
            _ if before == State::Lines && self.lines == 1 => self.status_line(&text),
            _ => self.field(&text),
        };
        let max = self.limits.line_bytes_max as u64;
        self.lesson.card(card.limit(limit("length of the line", len, max)), out)
    }

    fn status_line(&mut self, text: &str) -> Card {
        self.status = text.to_owned();
        let digits = text.split(' ').nth(1).and_then(|digits| digits.parse().ok());
        let (meaning, section) = status(digits.unwrap_or(0));
        Card::new("status line", section).quote(text).says(meaning)
    }

    fn field(&mut self, text: &str) -> Card {
        self.fields += 1;
        // Up to the colon it is a token: the line was judged.
        let (meaning, section) = field(text.split(':').next().unwrap_or(text));
        Card::new("field", section).quote(text).says(meaning)
    }

    /// The empty line behind the fields.
    fn end_of_section(&mut self, before: State) -> Card {
        let (what, max) = match before {
            State::Lines => ("length of the head", self.limits.head_bytes_max as u64),
            _ => ("length of the trailers", self.limits.trailer_bytes_max as u64),
        };
        let card = match (before, self.framing) {
            (State::Lines, None) => Card::new("end of head", "RFC 9110 §15.2")
                .says("an interim response; another response follows"),
            (State::Lines, Some(framing)) => Card::new("end of head", SPEC_FRAMING)
                .says(format!("the head decides: {}", framing_words(framing))),
            _ => Card::new("end of body", "RFC 9112 §7.1.2")
                .says("the empty line ends the response: all is there"),
        };
        let fields_max = self.limits.fields_max as u64;
        let fields = Limit { unit: "", ..limit("number of fields", self.fields, fields_max) };
        card.limit(limit(what, self.section_bytes, max)).limit(fields)
    }

    // ---- bodies --------------------------------------------------------------------------------

    fn body(&mut self, out: &mut Out) -> Result<(), Failure> {
        let len = self.lesson.open.len();
        let says = match self.framing {
            Some(Framing::Close) => "the stream has ended, and with it the body".to_owned(),
            _ => format!("the body is whole: {}, as Content-Length said", bytes(len)),
        };
        let section = if self.framing == Some(Framing::Close) {
            SPEC_FRAMING
        } else {
            State::Length.section()
        };
        self.lesson.card(Card::new("body", section).says(says), out)
    }

    /// A byte of a size, if it is a digit. Zeros in front may be more than are at hand later.
    fn digit(&mut self, byte: u8) {
        if let Some(value) = char::from(byte).to_digit(16) {
            self.chunk_len = self.chunk_len.saturating_mul(16).saturating_add(value.into());
            self.digits += 1;
        }
    }

    /// A size line has ended, and data follows.
    fn size(&mut self, out: &mut Out) -> Result<(), Failure> {
        let (len, digits) = (take(&mut self.chunk_len), take(&mut self.digits));
        if self.chunks >= CHUNKS_SHOWN {
            return Ok(());
        }
        let section = chunked::State::Size.section();
        let says = format!("hexadecimal {len:x}: a chunk of {} follows", bytes(len));
        let mut card = Card::new("chunk size", section).says(says);
        let extra = (self.lesson.open.len() - 2).saturating_sub(digits);
        if extra > 0 {
            let max = self.limits.chunk_ext_bytes_max as u64;
            card = card.says("behind the size: an extension, passed over");
            card = card.limit(limit("beside the size", extra, max));
        }
        self.lesson.card(card, out)
    }

    /// The data of a chunk and its CR LF have ended.
    fn chunk(&mut self, out: &mut Out) -> Result<(), Failure> {
        self.chunks += 1;
        if self.chunks > CHUNKS_SHOWN {
            let span = self.lesson.cut();
            match &mut self.folded {
                Some(folded) => {
                    folded.absorb(&span);
                    folded.reach(span.state());
                }
                None => self.folded = Some(span),
            }
            return Ok(());
        }
        let len = self.lesson.open.len() - 2;
        let says = format!("{} of the body, and CR LF behind them", bytes(len));
        self.lesson.card(Card::new("chunk data", chunked::State::Data.section()).says(says), out)
    }

    /// Tells of the chunks that were not shown each.
    fn unfold(&mut self, out: &mut Out) -> Result<(), Failure> {
        let Some(span) = self.folded.take() else { return Ok(()) };
        let says = format!(
            "{} more, each a size, data and CR LF: {} in all",
            counted_chunks(self.chunks - CHUNKS_SHOWN),
            bytes(span.len()),
        );
        let card = Card::new("more chunks", chunked::State::Data.section()).says(says);
        self.lesson.card_of(&span, card, out)
    }

    fn last_chunk(&mut self, out: &mut Out) -> Result<(), Failure> {
        self.unfold(out)?;
        let says = "size 0, the last chunk; now fields or an empty line";
        let card = Card::new("last chunk", chunked::State::Size.section());
        self.lesson.card(card.says(says), out)
    }

    // ---- the end -------------------------------------------------------------------------------

    fn summarize(&mut self, ended: &Ended, leftover: u64) {
        let digester = std::mem::replace(&mut self.digester, Digester::None);
        let len = match ended.body_len {
            len @ 0..1024 => bytes(len),
            len => format!("{} ({})", bytes(len), size(len)),
        };
        self.lesson.add("response", self.status.clone());
        self.lesson.add("body", len);
        self.lesson.add("digest", digester.finish().unwrap_or_default());
        if let Some(framing) = self.framing {
            let words = format!("{}: {}", framing.as_str(), framing_words(framing));
            self.lesson.add("framing", format!("{words} ({SPEC_FRAMING})"));
        }
        let mut against = ended.close.join("; ");
        if leftover > 0 {
            let join = if against.is_empty() { "" } else { "; " };
            against += &format!("{join}{} that no request asked for", bytes(leftover));
        }
        self.lesson.add(
            "reuse",
            match against.is_empty() {
                true => format!("yes: the connection can carry another request ({SPEC_REUSE})"),
                false => format!("no, close: {against} ({SPEC_REUSE})"),
            },
        );
    }
}

impl Subject for Http {
    fn feed(&mut self, piece: &[u8], out: &mut Out) -> Result<(), Stop> {
        let mut input = piece;
        while !input.is_empty() && self.end.is_none() {
            input = &input[self.step(input, out)?..];
        }
        // Behind the end of the response.
        self.lesson.take(input);
        Ok(())
    }

    fn finish(&mut self, out: &mut Out) -> Result<(), Stop> {
        let before = self.exchange.state();
        if self.end.is_none() {
            self.exchange.receive_eof()?;
            self.feed_all(b"")?;
            self.settle(before, out)?;
        }
        let leftover = self.lesson.open.len();
        if leftover > 0 {
            let says = format!("{} that no request asked for: close", bytes(leftover));
            let mut card = Card::new("leftover", State::Idle.section()).says(says);
            card.hue = Hue::Remark;
            self.lesson.card(card, out)?;
        }
        if let Some(ended) = self.end.take() {
            self.summarize(&ended, leftover);
        }
        Ok(self.lesson.finish(out)?)
    }

    fn refuse(&mut self, error: &Error, out: &mut Out) -> Result<(), Failure> {
        self.unfold(out)?;
        self.lesson.error(error, out)
    }
}

fn limit(what: &'static str, used: u64, max: u64) -> Limit {
    Limit { what, used, max, unit: "bytes", whose: "our limit" }
}

fn counted_chunks(count: u64) -> String {
    match count {
        1 => "1 chunk".to_owned(),
        count => format!("{} chunks", thousands(count)),
    }
}

fn framing_words(framing: Framing) -> String {
    match framing {
        Framing::None => "there is no body".to_owned(),
        Framing::Length(len) => format!("a body of {}, by its Content-Length", bytes(len)),
        Framing::Chunked => "a body in chunks, up to the last".to_owned(),
        Framing::Close => "a body up to the end of the stream".to_owned(),
    }
}
