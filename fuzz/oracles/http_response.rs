//! Oracles of HTTP responses: split invariance, offsets of errors, heads as httparse reads them,
//! chunks as a naive decoder of the whole text reads them, and the round trip: an accepted response
//! that is written again reads the same.

use std::iter::once;
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::http::config::{Config, Limits, Policy};
use wirewright::http::exchange::{Event, Exchange};
use wirewright::http::message::body::Framing;
use wirewright::http::message::head::Head;
use wirewright::http::message::headers::Headers;
use wirewright::http::request::{Method, Request};
use wirewright::http::url::Url;
use wirewright::session::Session as _;

/// An event, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Remark {
        text: &'static str,
        offset: u64,
        section: &'static str,
    },
    Interim(Head),
    Head(Head, Framing),
    /// Adjacent pieces are one.
    Body(Vec<u8>),
    Trailers(Headers),
    End {
        body_len: u64,
        framing: Framing,
        close: Vec<&'static str>,
    },
}

/// How the stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By its proper end.
    Eof,
    /// By a reset.
    Abort,
    /// It does not.
    Open,
}

/// What an exchange made of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub seen: Vec<Seen>,
    pub error: Option<Error>,
    /// Bytes behind the end of the response.
    pub leftover: Vec<u8>,
}

/// What is asked, and how the answer is read.
#[derive(Debug, Clone)]
pub struct Setting {
    pub method: Method,
    pub config: Config,
    pub ending: Ending,
    /// Size of the buffer for small chunks, in bytes.
    pub scratch: usize,
}

impl Default for Setting {
    fn default() -> Setting {
        Setting {
            method: Method::GET,
            config: Config::default(),
            ending: Ending::Eof,
            scratch: 4096,
        }
    }
}

/// Feeds `pieces` one after the other to an exchange with one request outstanding.
pub fn run<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, setting: &Setting) -> Outcome {
    let mut exchange = Exchange::new(setting.config);
    let url = Url::parse("http://h/").expect("a URL");
    let request = Request::new(setting.method.clone(), &url);
    exchange.send(&request).expect("an idle exchange");
    exchange.transmit(&mut Buffer::with_limit(4096));
    let mut out = Outcome { seen: Vec::new(), error: None, leftover: Vec::new() };
    let mut scratch = vec![0; setting.scratch];
    for piece in pieces {
        if out.error.is_none() {
            drain(&mut exchange, piece, &mut scratch, &mut out);
        }
    }
    if out.error.is_none() && !has_ended(&out) && setting.ending != Ending::Open {
        let ended = match setting.ending {
            Ending::Abort => exchange.receive_abort(),
            _ => exchange.receive_eof(),
        };
        match ended {
            Ok(()) => drain(&mut exchange, b"", &mut scratch, &mut out),
            Err(error) => out.error = Some(error),
        }
    }
    if let Some(error) = &out.error {
        let again = exchange.receive(b"x", &mut scratch).map(|_| ());
        assert_eq!(again, Err(error.clone()), "errors stay");
        assert_eq!(exchange.receive_eof(), Err(error.clone()), "errors stay");
    }
    out
}

fn has_ended(out: &Outcome) -> bool {
    matches!(out.seen.last(), Some(Seen::End { .. }))
}

/// Receives until nothing more comes. What stands behind the end is not fed.
fn drain(exchange: &mut Exchange, piece: &[u8], scratch: &mut [u8], out: &mut Outcome) {
    let mut input = piece;
    loop {
        if has_ended(out) {
            out.leftover.extend_from_slice(input);
            return;
        }
        let received = match exchange.receive(input, scratch) {
            Ok(received) => received,
            Err(error) => {
                out.error = Some(error);
                return;
            }
        };
        let is_nothing = !received.is_event();
        assert!(!is_nothing || received.consumed == input.len(), "stopped for no reason");
        input = &input[received.consumed..];
        match received.into_event() {
            Some(event) => out.seen.see(event),
            None => return,
        }
    }
}

/// Takes note of events.
pub trait See {
    /// Of one; adjacent pieces of a body become one.
    fn see(&mut self, event: Event<'_>);
}

impl See for Vec<Seen> {
    fn see(&mut self, event: Event<'_>) {
        let seen = match event {
            Event::Remark(remark) => {
                let (text, offset, section) = (remark.text, remark.offset, remark.section);
                Seen::Remark { text, offset, section }
            }
            Event::Interim(head) => Seen::Interim(head.clone()),
            Event::Head { head, framing } => Seen::Head(head.clone(), framing),
            Event::Body(bytes) => {
                assert!(!bytes.is_empty(), "a body of nothing");
                if let Some(Seen::Body(body)) = self.last_mut() {
                    return body.extend_from_slice(bytes);
                }
                Seen::Body(bytes.to_vec())
            }
            Event::Trailers(headers) => Seen::Trailers(headers.clone()),
            Event::End(end) => Seen::End {
                body_len: end.body_len,
                framing: end.framing,
                close: end.close.to_vec(),
            },
        };
        self.push(seen);
    }
}

/// The property. The first byte chooses the request and the policy, the second the size of pieces,
/// the third the small limits; the rest is the stream.
pub fn check(data: &[u8]) {
    let [choice, step, small, stream @ ..] = data else { return };
    let method = match choice & 3 {
        0 | 1 => Method::GET,
        2 => Method::HEAD,
        _ => Method::CONNECT,
    };
    let policy = if choice & 4 == 0 { Policy::Tolerant } else { Policy::Strict };
    let ending = if choice & 8 == 0 { Ending::Eof } else { Ending::Abort };
    let limits = if choice & 16 == 0 { Limits::default() } else { small_limits(*small) };
    let scratch = usize::from(*small);
    let setting = Setting { method, config: Config { limits, policy }, ending, scratch };
    let whole = invariant(stream, &setting, usize::from(*step) + 2);
    lies_within(stream, &whole);
    strictly(stream, &setting, &whole);
    by_httparse(stream, &setting, &whole);
    by_hand(stream, &setting, &whole);
    round_trip(&setting, &whole);
}

fn small_limits(size: u8) -> Limits {
    let size = usize::from(size);
    Limits {
        line_bytes_max: size + 8,
        head_bytes_max: size * 3 + 8,
        trailer_bytes_max: size,
        fields_max: size % 5,
        interim_max: u32::from(size as u8 % 3),
        chunk_ext_bytes_max: size % 7,
        chunk_ext_total_bytes_max: size as u64 % 11,
        body_bytes_max: size as u64,
        ..Limits::default()
    }
}

/// The outcome is the same for the whole stream, bytewise and in pieces, with any buffer.
pub fn invariant(stream: &[u8], setting: &Setting, step: usize) -> Outcome {
    let whole = run(once(stream), setting);
    let other = Setting { scratch: 0, ..setting.clone() };
    assert_eq!(whole, run(stream.chunks(1), setting), "bytewise");
    assert_eq!(whole, run(stream.chunks(step), setting), "by {step}");
    assert_eq!(whole, run(stream.chunks(step), &other), "by {step}, without a buffer");
    whole
}

/// Offsets are within the stream, and a stream that is too short is reported at its end.
fn lies_within(stream: &[u8], whole: &Outcome) {
    let len = stream.len() as u64;
    if let Some(error) = &whole.error {
        let offset = error.offset().expect("an offset");
        assert!(error.section().is_some_and(|section| section.starts_with("RFC ")));
        match error {
            Error::Incomplete { .. } => assert_eq!(offset, len),
            _ => assert!(offset < len, "{error} in {len} bytes"),
        }
    }
    for seen in &whole.seen {
        if let Seen::Remark { offset, .. } = seen {
            assert!(*offset < len);
        }
    }
    let told = |seen: &Seen| matches!(seen, Seen::Head(..) | Seen::End { .. });
    assert!(whole.seen.iter().filter(|seen| told(seen)).count() <= 2, "one response");
    assert_eq!(has_ended(whole), whole.error.is_none(), "an end or an error");
}

/// Strictly, the same or an error where the first remark was.
fn strictly(stream: &[u8], setting: &Setting, whole: &Outcome) {
    if setting.config.policy == Policy::Strict {
        assert!(!whole.seen.iter().any(|seen| matches!(seen, Seen::Remark { .. })));
        return;
    }
    let config = Config { policy: Policy::Strict, ..setting.config };
    let strict = run(once(stream), &Setting { config, ..setting.clone() });
    let tolerated = whole.seen.iter().any(|seen| matches!(seen, Seen::Remark { .. }));
    assert!(!tolerated || strict.error.is_some(), "a remark is an error");
    if strict.error != whole.error {
        assert!(tolerated || whole.error.is_some(), "{strict:?} but {whole:?}");
    } else if !tolerated {
        assert_eq!(strict, *whole);
    }
}

/// httparse reads every accepted head in the same way. A head that httparse accepts is accepted, or
/// refused for a rule that httparse does not check.
fn by_httparse(stream: &[u8], setting: &Setting, whole: &Outcome) {
    let heads = whole.seen.iter().filter_map(|seen| match seen {
        Seen::Interim(head) | Seen::Head(head, _) => Some(head),
        _ => None,
    });
    for head in heads.clone() {
        let mut slots = vec![httparse::EMPTY_HEADER; 300];
        let mut response = httparse::Response::new(&mut slots);
        let mut text = stream[head.offset as usize..].to_vec();
        // It knows no later minor version.
        text[7] = text[7].min(b'1');
        let mut parser = httparse::ParserConfig::default();
        parser.allow_obsolete_multiline_headers_in_responses(true);
        let parsed = parser.parse_response(&mut response, &text).expect("httparse takes it, too");
        let httparse::Status::Complete(len) = parsed else { panic!("httparse wants more") };
        assert_eq!(len, head.bytes().len());
        assert_eq!(response.code, Some(head.status));
        assert_eq!(response.headers.len(), head.headers.len());
        for (theirs, ours) in response.headers.iter().zip(head.headers.iter()) {
            assert_eq!((theirs.name, flat(theirs.value)), (ours.name, flat(ours.value)));
            assert_eq!(ours.value, ours.value.trim_ascii());
        }
    }
    let mut slots = vec![httparse::EMPTY_HEADER; 300];
    let mut response = httparse::Response::new(&mut slots);
    let is_theirs = matches!(response.parse(stream), Ok(httparse::Status::Complete(_)));
    let is_ours = heads.count() > 0;
    let is_stricter = setting.config.policy == Policy::Strict
        || setting.config.limits != Limits::default()
        // Framing, a status below 100, an empty line in front, 101, and our limits of lines.
        || whole.error.as_ref().is_some_and(|error| match error.section() {
            Some("RFC 9112 §6.1" | "RFC 9112 §6.3" | "RFC 9112 §7.1" | "RFC 9110 §8.6") => true,
            Some("RFC 9110 §10.1.4" | "RFC 9110 §7.8" | "RFC 9110 §5.4") => true,
            Some("RFC 9112 §4") => response.code.is_some_and(|code| code < 100),
            Some("RFC 9112 §2.3") => matches!(stream.first(), Some(b'\r' | b'\n')),
            _ => false,
        });
    assert!(!is_theirs || is_ours || is_stricter, "{:?} for {response:?}", whole.error);
}

/// A value without white space, which a fold may have become any amount of.
fn flat(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

/// Chunks by the naive reading, where the limits do not come into it.
fn by_hand(stream: &[u8], setting: &Setting, whole: &Outcome) {
    let chunked = whole.seen.iter().find_map(|seen| match seen {
        Seen::Head(head, Framing::Chunked) => Some(head.offset as usize + head.bytes().len()),
        _ => None,
    });
    let (Some(from), Policy::Tolerant) = (chunked, setting.config.policy) else { return };
    if setting.config.limits != Limits::default() {
        return;
    }
    let got = whole.error.is_none().then(|| {
        let body = whole.seen.iter().find_map(|seen| match seen {
            Seen::Body(bytes) => Some(bytes.clone()),
            _ => None,
        });
        (body_of(whole, body), whole.leftover.len())
    });
    let expected = naive(&stream[from..]).map(|(body, len)| (body, stream.len() - from - len));
    assert_eq!(got, expected, "{:?}", whole.error);
}

/// All pieces of the body; a remark may stand between them.
fn body_of(whole: &Outcome, first: Option<Vec<u8>>) -> Vec<u8> {
    let pieces = whole.seen.iter().filter_map(|seen| match seen {
        Seen::Body(bytes) => Some(&bytes[..]),
        _ => None,
    });
    let all = pieces.collect::<Vec<_>>().concat();
    assert!(first.is_none_or(|first| all.starts_with(&first)));
    all
}

/// The body of a chunked text, and how long the text was; `None` if it is not one. As the grammar
/// of RFC 9112 §7.1 reads, over the whole text at once.
pub fn naive(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut rest) = (Vec::new(), text);
    loop {
        let (line, behind) = line(rest)?;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let size = std::str::from_utf8(&line[..digits]).ok()?;
        let size = usize::try_from(u64::from_str_radix(size, 16).ok()?).ok()?;
        let extension = &line[digits..];
        let is_extension = extension.trim_ascii_start().first() == Some(&b';');
        let is_visible = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7F);
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let space = extension.iter().take_while(|byte| is_blank(byte)).count();
        let is_good = extension.is_empty()
            || (is_extension && extension[space] == b';' && extension.iter().all(is_visible));
        if !is_good {
            return None;
        }
        if size == 0 {
            rest = behind;
            break;
        }
        let data = behind.get(..size)?;
        body.extend_from_slice(data);
        rest = behind[size..].strip_prefix(b"\r\n")?;
    }
    let mut fields = 0;
    loop {
        let (line, behind) = line(rest)?;
        rest = behind;
        if line.is_empty() {
            return Some((body, text.len() - rest.len()));
        }
        fields += 1;
        let is_fold = matches!(line[0], b' ' | b'\t') && fields > 1;
        let mut slot = [httparse::EMPTY_HEADER; 1];
        let one = [line, b"\r\n\r\n"].concat();
        let is_field = matches!(httparse::parse_headers(&one, &mut slot), Ok(s) if s.is_complete());
        let is_value = line.iter().all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7F));
        if !is_value || !(is_fold || is_field) {
            return None;
        }
    }
}

/// The line at the beginning, without its CR LF, which no other CR or LF comes before.
fn line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    text[end..].strip_prefix(b"\r\n").map(|behind| (&text[..end], behind))
}

/// A complete response that is written again reads the same.
fn round_trip(setting: &Setting, whole: &Outcome) {
    if whole.error.is_some() || setting.config.limits != Limits::default() {
        return;
    }
    let mut stream = Vec::new();
    let mut expected = Vec::new();
    let body = body_of(whole, None);
    for seen in &whole.seen {
        match seen {
            Seen::Remark { .. } | Seen::Body(_) => {}
            Seen::Interim(head) => write_head(&mut stream, head, None),
            Seen::Head(head, framing) => write_head(&mut stream, head, Some(*framing)),
            Seen::Trailers(_) => {}
            Seen::End { framing, .. } => write_body(&mut stream, whole, &body, *framing),
        }
        if let Seen::Interim(head) | Seen::Head(head, _) = seen {
            expected.push((head.minor, head.status, head.reason().to_vec(), fields(&head.headers)));
        }
    }
    let config = Config { policy: Policy::Strict, ..setting.config };
    let again = run(once(&stream[..]), &Setting { config, ending: Ending::Eof, ..setting.clone() });
    let again = match again.error {
        // Transfer-Encoding in 1.0 is no fault of the writing.
        Some(_) => run(once(&stream[..]), &Setting { ending: Ending::Eof, ..setting.clone() }),
        None => again,
    };
    assert_eq!(again.error, None, "{}", stream.escape_ascii());
    let heads = again.seen.iter().filter_map(|seen| match seen {
        Seen::Interim(head) | Seen::Head(head, _) => {
            Some((head.minor, head.status, head.reason().to_vec(), fields(&head.headers)))
        }
        _ => None,
    });
    assert_eq!(heads.collect::<Vec<_>>(), expected);
    assert_eq!(body_of(&again, None), body);
    let trailers = |outcome: &Outcome| {
        outcome.seen.iter().find_map(|seen| match seen {
            Seen::Trailers(headers) => Some(fields(headers)),
            _ => None,
        })
    };
    assert_eq!(trailers(&again), trailers(whole));
}

/// Names and values, without those of the framing.
fn fields(headers: &Headers) -> Vec<(String, Vec<u8>)> {
    let is_framing = |name: &str| {
        name.eq_ignore_ascii_case("Content-Length")
            || name.eq_ignore_ascii_case("Transfer-Encoding")
    };
    let others = headers.iter().filter(|field| !is_framing(field.name));
    others.map(|field| (field.name.to_owned(), field.value.to_vec())).collect()
}

fn write_head(stream: &mut Vec<u8>, head: &Head, framing: Option<Framing>) {
    stream.extend_from_slice(format!("HTTP/1.{} {} ", head.minor, head.status).as_bytes());
    stream.extend_from_slice(head.reason());
    write_fields(stream, &fields(&head.headers));
    match framing {
        Some(Framing::Length(len)) => {
            stream.extend_from_slice(format!("Content-Length: {len}\r\n").as_bytes());
        }
        Some(Framing::Chunked) => stream.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Some(Framing::None | Framing::Close) | None => {}
    }
    stream.extend_from_slice(b"\r\n");
}

fn write_fields(stream: &mut Vec<u8>, fields: &[(String, Vec<u8>)]) {
    stream.extend_from_slice(b"\r\n");
    for (name, value) in fields {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            stream.extend_from_slice(part);
        }
    }
}

fn write_body(stream: &mut Vec<u8>, whole: &Outcome, body: &[u8], framing: Framing) {
    if framing != Framing::Chunked {
        return stream.extend_from_slice(body);
    }
    for (at, piece) in body.chunks(19).enumerate() {
        let extension = if at % 3 == 1 { ";x=\"y\"" } else { "" };
        stream.extend_from_slice(format!("{:X}{extension}\r\n", piece.len()).as_bytes());
        stream.extend_from_slice(piece);
        stream.extend_from_slice(b"\r\n");
    }
    stream.extend_from_slice(b"0");
    let trailers = whole.seen.iter().find_map(|seen| match seen {
        Seen::Trailers(headers) => Some(headers),
        _ => None,
    });
    let all = trailers.map_or(Vec::new(), |headers| {
        headers.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect()
    });
    write_fields(stream, &all);
    stream.extend_from_slice(b"\r\n");
}
