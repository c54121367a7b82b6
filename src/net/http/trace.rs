//! The conversation in lines, as its two sides mean it.
//!
//! ```text
//!   ** connected to 127.0.0.1:80        a remark
//!   -> GET / HTTP/1.1                   out      ~> under TLS
//!   -> Authorization: ***                        secrets are masked
//!   <- HTTP/1.1 200 OK                  in       <~ under TLS
//!   <- [10240 bytes of body]                     bodies are elided to their length, or
//!   <- {"a":1}                                   shown as text, what is no text as `<N bytes>`
//! ```
//!
//! The lines come from the encoder and the parser, not from the bytes: so a trace cannot show
//! another request than the one that was made. Where the parser refuses what came, or the end comes
//! too early, the bytes since its last event are shown, up to [`UNPARSED_BYTES_MAX`].

use crate::buffer::Buffer;
use crate::http::message::head::Head;
use crate::http::message::headers::{Field, Headers, masked, text};
use crate::http::request::Request;
use crate::text::{Content, PeerText};
use std::sync::Arc;

/// What a line of a trace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// We said it.
    Out,
    /// The server said it.
    In,
    /// It is a remark on what happens.
    Remark,
}

impl Mark {
    /// The two characters that stand before the line.
    pub fn as_str(self, is_tls: bool) -> &'static str {
        match (self, is_tls) {
            (Mark::Out, false) => "->",
            (Mark::Out, true) => "~>",
            (Mark::In, false) => "<-",
            (Mark::In, true) => "<~",
            (Mark::Remark, _) => "**",
        }
    }
}

/// Takes the lines of all conversations: what it is, whether TLS is up, which connection (they are
/// numbered from 1), and the line, which may repeat what a server said.
pub type Trace = Arc<dyn Fn(Mark, bool, u64, &PeerText<'_>) + Send + Sync>;

/// A field as it was written, its value masked where that is a secret.
fn field(name: &str, value: &[u8]) -> String {
    [name, ": ", masked(name, value).as_raw_str()].concat()
}

/// How many bytes are shown of what is not understood.
pub(super) const UNPARSED_BYTES_MAX: usize = 1024;

/// What came since the last event of the parser.
#[derive(Default)]
pub(super) struct Unparsed {
    bytes: Vec<u8>,
    /// All of them, those left out counted.
    len: usize,
}

impl Unparsed {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.len = 0;
    }
}

/// Tells a trace, if there is one, about one connection.
#[derive(Clone)]
pub(super) struct Tracer {
    pub(super) trace: Option<Trace>,
    pub(super) number: u64,
    pub(super) is_tls: bool,
    /// Bodies are shown.
    content: bool,
}

impl Tracer {
    /// A tracer of the connection with that number; with `content` it shows bodies, too.
    pub(super) fn new(trace: Option<Trace>, content: bool, number: u64) -> Tracer {
        Tracer { content: trace.is_some() && content, trace, number, is_tls: false }
    }

    pub(super) fn remark(&self, line: impl FnOnce() -> String) {
        self.say(Mark::Remark, line);
    }

    pub(super) fn say(&self, mark: Mark, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            trace(mark, self.is_tls, self.number, &PeerText::from(&*line()));
        }
    }

    /// Lines in which words of the peer may stand.
    pub(super) fn remarks(&self, lines: impl FnOnce() -> Vec<PeerText<'static>>) {
        if let Some(trace) = &self.trace {
            lines().iter().for_each(|line| trace(Mark::Remark, self.is_tls, self.number, line));
        }
    }

    /// A request as it travels, its secrets masked.
    pub(super) fn request(&self, request: &Request) {
        let mut head = Buffer::with_limit(usize::MAX);
        if self.trace.is_none() || request.encode(&mut head).is_err() {
            return;
        }
        self.lines(Mark::Out, head.readable());
    }

    /// Lines of a head, their secrets masked.
    fn lines(&self, mark: Mark, head: &[u8]) {
        for line in head.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let colon = line.iter().position(|byte| *byte == b':');
            let pair = colon.and_then(|at| {
                let name = str::from_utf8(&line[..at]).ok()?;
                Some((name, line[at + 1..].trim_ascii_start()))
            });
            match pair {
                // The request line may hold a colon, too; its name would hold a space.
                Some((name, value)) if !name.contains(' ') => {
                    self.say(mark, || field(name, value));
                }
                _ if line.is_empty() => {}
                _ => self.say(mark, || text(line).as_raw_str().to_owned()),
            }
        }
    }

    /// Keeps bytes that came, as long as they are not understood.
    pub(super) fn keep(&self, bytes: &[u8], unparsed: &mut Unparsed) {
        if self.trace.is_some() {
            let room = UNPARSED_BYTES_MAX - unparsed.bytes.len();
            unparsed.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
            unparsed.len += bytes.len();
        }
    }

    /// The bytes behind the last event, where the conversation has failed.
    pub(super) fn unparsed(&self, unparsed: &mut Unparsed) {
        let (shown, len) = (unparsed.bytes.len(), unparsed.len);
        if len == 0 {
            return;
        }
        let first = if shown < len { format!(", the first {shown}") } else { String::new() };
        self.remark(|| format!("{len} bytes came that are not understood{first}:"));
        self.lines(Mark::In, &unparsed.bytes);
        unparsed.clear();
    }

    pub(super) fn response(&self, head: &Head) {
        let (minor, status) = (head.minor, head.status);
        let line = || format!("HTTP/1.{minor} {status} ") + text(head.reason()).as_raw_str();
        self.say(Mark::In, line);
        self.fields(&head.headers);
    }

    pub(super) fn fields(&self, headers: &Headers) {
        for Field { name, value, .. } in headers.iter() {
            self.say(Mark::In, || field(name, value));
        }
    }

    /// A part of a body.
    pub(super) fn content(&self, mark: Mark, bytes: &[u8], content: &mut Content) {
        if let Some(trace) = self.trace.as_ref().filter(|_| self.content) {
            content.feed(bytes, &mut |line| trace(mark, self.is_tls, self.number, line));
        }
    }

    /// A body has ended, after so many bytes.
    pub(super) fn body(&self, mark: Mark, bytes: u64, content: &mut Content) {
        match self.trace.as_ref().filter(|_| self.content) {
            Some(trace) => {
                content.finish(&mut |line| trace(mark, self.is_tls, self.number, line));
            }
            None if bytes > 0 => self.say(mark, || format!("[{bytes} bytes of body]")),
            None => {}
        }
    }
}
