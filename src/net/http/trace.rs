//! Requests and responses as lines of text.
//!
//! ```text
//!   ** connected to 127.0.0.1:80        a remark
//!   -> GET / HTTP/1.1                   sent     ~> with TLS
//!   -> Authorization: ***                        secrets are masked
//!   <- HTTP/1.1 200 OK                  received <~ with TLS
//!   <- [10240 bytes of body]                     a body is elided to its length, or
//!   <- {"a":1}                                   shown as text, and bytes as `<N bytes>`
//! ```
//!
//! The lines come from the encoder and the parser, so the trace shows the request as it was
//! encoded. Where the parser refuses the input, or the input ends too early, the trace shows the
//! bytes since the last event, up to [`UNPARSED_BYTES_MAX`].

use crate::buffer::Buffer;
use crate::http::message::head::Head;
use crate::http::message::headers::{Field, Headers, masked, text};
use crate::http::request::Request;
use crate::text::{Content, PeerText};
use std::sync::Arc;

/// The kind of a line of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Sent by the client.
    Out,
    /// Received from the server.
    In,
    /// A remark of the client, such as the address that it connected to.
    Remark,
}

impl Mark {
    /// The two characters in front of the line.
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

/// Called with each line: its kind, whether the connection uses TLS, the number of the connection
/// (from 1), and the text, which may contain text of the server.
pub type Trace = Arc<dyn Fn(Mark, bool, u64, &PeerText<'_>) + Send + Sync>;

/// A field line. The value of a field with credentials is masked.
fn field(name: &str, value: &[u8]) -> String {
    [name, ": ", masked(name, value).as_raw_str()].concat()
}

/// The maximum number of unparsed bytes that are shown.
pub(super) const UNPARSED_BYTES_MAX: usize = 1024;

/// The input since the last event of the parser.
#[derive(Default)]
pub(super) struct Unparsed {
    bytes: Vec<u8>,
    /// Number of bytes received, with those that were not kept.
    len: usize,
}

impl Unparsed {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.len = 0;
    }
}

/// Writes the lines of one connection to the trace, if there is one.
#[derive(Clone)]
pub(super) struct Tracer {
    pub(super) trace: Option<Trace>,
    pub(super) number: u64,
    pub(super) is_tls: bool,
    /// Whether bodies are shown.
    content: bool,
}

impl Tracer {
    /// A tracer for the connection `number`. With `content` it also shows bodies.
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

    /// Remarks that may contain text of the peer.
    pub(super) fn remarks(&self, lines: impl FnOnce() -> Vec<PeerText<'static>>) {
        if let Some(trace) = &self.trace {
            lines().iter().for_each(|line| trace(Mark::Remark, self.is_tls, self.number, line));
        }
    }

    /// A request as it is encoded, with its secrets masked.
    pub(super) fn request(&self, request: &Request) {
        let mut head = Buffer::with_limit(usize::MAX);
        if self.trace.is_none() || request.encode(&mut head).is_err() {
            return;
        }
        self.lines(Mark::Out, head.readable());
    }

    /// The lines of a head, with its secrets masked.
    fn lines(&self, mark: Mark, head: &[u8]) {
        for line in head.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let colon = line.iter().position(|byte| *byte == b':');
            let pair = colon.and_then(|at| {
                let name = str::from_utf8(&line[..at]).ok()?;
                Some((name, line[at + 1..].trim_ascii_start()))
            });
            match pair {
                // The request line may hold a colon too, but a space comes before it.
                Some((name, value)) if !name.contains(' ') => {
                    self.say(mark, || field(name, value));
                }
                _ if line.is_empty() => {}
                _ => self.say(mark, || text(line).as_raw_str().to_owned()),
            }
        }
    }

    /// Keeps input until the parser has made an event of it.
    pub(super) fn keep(&self, bytes: &[u8], unparsed: &mut Unparsed) {
        if self.trace.is_some() {
            let free = UNPARSED_BYTES_MAX - unparsed.bytes.len();
            unparsed.bytes.extend_from_slice(&bytes[..bytes.len().min(free)]);
            unparsed.len += bytes.len();
        }
    }

    /// Shows the bytes since the last event, after a failure.
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

    /// A piece of a body.
    pub(super) fn content(&self, mark: Mark, bytes: &[u8], content: &mut Content) {
        if let Some(trace) = self.trace.as_ref().filter(|_| self.content) {
            content.feed(bytes, &mut |line| trace(mark, self.is_tls, self.number, line));
        }
    }

    /// A body has ended after `bytes` bytes.
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
