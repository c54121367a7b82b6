//! The MIME parts of a message and the boundaries between them.
//!
//! ```text
//!   Bytes  fields, empty line, --boundary, fields of a part, empty line
//!   Text   a text, encoded when it is written
//!   Bytes  CR LF --boundary, fields of a part, empty line
//!   File   content from the caller, in base64
//!   Bytes  --boundary--
//! ```
//!
//! Specification: RFC 2046 §5.1 (multipart), §5.1.3 (mixed), §5.1.4 (alternative); RFC 2387
//! (related); RFC 2183 (dispositions).
//!
//! The CR LF before a boundary belongs to the boundary (RFC 2046 §5.1.1), so a text in a multipart
//! gets no additional line end. A text that is the whole body gets one where it has none.

use super::header::Line;
use super::id::MsgId;
use super::param::{self, FileName, MediaType, compat_param, param};
use super::raw::Normaliser;
use super::transfer_encoding::{TransferEncoding, base64_len, quoted_line};
use std::ops::Range;

/// Name, type and length of an attached file. The content is given to the
/// [`Writer`](super::Writer) when the message is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The value of `filename` in `Content-Disposition`.
    pub name: FileName,
    /// The value of `Content-Type`.
    pub media_type: MediaType,
    /// The length of the content in bytes, before it is encoded.
    pub len: u64,
}

/// A text and its transfer encoding.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) content: Box<str>,
    pub(super) encoding: TransferEncoding,
    /// `plain` or `html`.
    kind: &'static str,
}

impl Text {
    pub(super) fn new(content: Box<str>, kind: &'static str) -> Text {
        let encoding = TransferEncoding::of_text(&content);
        Text { content, encoding, kind }
    }

    /// The length in bytes when encoded; `None` beyond 64 bits.
    fn encoded_len(&self) -> Option<u64> {
        let bytes = self.content.as_bytes();
        let normalised = || {
            let mut ends = Normaliser::new();
            ends.measure(bytes).ok().map(|()| ends.made())
        };
        match self.encoding {
            TransferEncoding::SevenBit => normalised(),
            TransferEncoding::Base64 => base64_len(normalised()?),
            TransferEncoding::QuotedPrintable => {
                let (mut at, mut sum) = (0, 0);
                while at < bytes.len() {
                    let (len, next) = quoted_line(bytes, at, &mut [0; 78]);
                    (sum, at) = (sum + len as u64, next);
                }
                Some(sum)
            }
        }
    }
}

/// A segment of a message.
#[derive(Debug, Clone)]
pub(super) enum Segment {
    /// A range of [`Built::bytes`].
    Bytes(Range<usize>),
    /// The index of a text.
    Text(usize),
    /// The index of a file.
    File(usize),
}

/// A [`Segment`] with the data that it refers to.
#[derive(Debug)]
pub(super) enum Part<'a> {
    Bytes(&'a [u8]),
    Text(&'a Text),
    /// Index, and length in bytes before encoding.
    File(usize, u64),
}

/// The contents of the body.
pub(super) struct Body {
    pub(super) texts: Vec<Text>,
    pub(super) files: Vec<(Attachment, Option<MsgId>)>,
    pub(super) compat_names: bool,
}

/// A message divided into segments.
pub(super) struct Built {
    pub(super) bytes: Vec<u8>,
    pub(super) segments: Vec<Segment>,
    /// `None` beyond 64 bits.
    pub(super) size: Option<u64>,
}

/// Appends the body to the fields in `head`.
pub(super) fn build(head: Vec<u8>, body: &Body, seed: u64) -> Built {
    let node = tree(body);
    let mut assembly = Assembly {
        body,
        bytes: head,
        flushed: 0,
        segments: Vec::new(),
        size: Some(0),
        boundaries: Boundaries { body, state: seed },
    };
    assembly.node(&node);
    if let Node::Text(index) = node {
        assembly.end_text(index);
    }
    assembly.flush();
    Built { bytes: assembly.bytes, segments: assembly.segments, size: assembly.size }
}

enum Node {
    /// No text and no file.
    Empty,
    Text(usize),
    File(usize),
    Multi(&'static str, Vec<Node>),
}

/// The tree of parts shown at the head of `mime`.
fn tree(body: &Body) -> Node {
    let files = |inline: bool| {
        let numbered = body.files.iter().enumerate();
        numbered.filter(move |(_, (_, cid))| cid.is_some() == inline).map(|(at, _)| Node::File(at))
    };
    let texts = wrap("alternative", (0..body.texts.len()).map(Node::Text).collect());
    let related = wrap("related", texts.into_iter().chain(files(true)).collect());
    let mixed = wrap("mixed", related.into_iter().chain(files(false)).collect());
    mixed.unwrap_or(Node::Empty)
}

/// A multipart of these parts; a single part is returned without a multipart around it.
fn wrap(kind: &'static str, mut parts: Vec<Node>) -> Option<Node> {
    if parts.len() < 2 { parts.pop() } else { Some(Node::Multi(kind, parts)) }
}

/// A message that is being divided into segments.
struct Assembly<'a> {
    body: &'a Body,
    bytes: Vec<u8>,
    /// How many of `bytes` are in segments.
    flushed: usize,
    segments: Vec<Segment>,
    size: Option<u64>,
    boundaries: Boundaries<'a>,
}

impl Assembly<'_> {
    /// Appends the fields of a part, the empty line and the content.
    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => self.bytes.extend_from_slice(b"\r\n"),
            Node::Text(index) => self.text(*index),
            Node::File(index) => self.file(*index),
            Node::Multi(kind, parts) => self.multi(kind, parts),
        }
    }

    fn text(&mut self, index: usize) {
        let body = self.body;
        let text = &body.texts[index];
        let value = format!("text/{}", text.kind);
        self.field("Content-Type", &value, vec!["charset=utf-8".to_owned()]);
        self.field("Content-Transfer-Encoding", text.encoding.name(), Vec::new());
        self.bytes.extend_from_slice(b"\r\n");
        self.segment(Segment::Text(index), text.encoded_len());
    }

    /// Appends the last line end of a text that is the whole body and ends without one.
    fn end_text(&mut self, index: usize) {
        let text = &self.body.texts[index];
        let has_end = text.content.is_empty() || text.content.ends_with(['\r', '\n']);
        if text.encoding != TransferEncoding::Base64 && !has_end {
            self.bytes.extend_from_slice(b"\r\n");
        }
    }

    fn file(&mut self, index: usize) {
        let body = self.body;
        let (attachment, cid) = &body.files[index];
        let name = attachment.name.as_str();
        let compat = if body.compat_names { compat_param("name", name) } else { Vec::new() };
        let mut line = Line::begin("Content-Type", &mut self.bytes);
        attachment.media_type.write(&mut line, compat);
        line.end();
        self.field("Content-Transfer-Encoding", TransferEncoding::Base64.name(), Vec::new());
        let disposition = if cid.is_some() { "inline" } else { "attachment" };
        self.field("Content-Disposition", disposition, param("filename", name));
        if let Some(cid) = cid {
            self.field("Content-ID", &cid.to_string(), Vec::new());
        }
        self.bytes.extend_from_slice(b"\r\n");
        self.segment(Segment::File(index), base64_len(attachment.len));
    }

    fn multi(&mut self, kind: &str, parts: &[Node]) {
        let boundary = self.boundaries.next();
        let mut params = vec![format!("boundary=\"{boundary}\"")];
        if kind == "related" {
            // The type of the root part: RFC 2387 §3.1.
            let is_multi = matches!(parts[0], Node::Multi(..));
            let root = if is_multi { "multipart/alternative" } else { "text/html" };
            params.push(format!("type=\"{root}\""));
        }
        self.field("Content-Type", &format!("multipart/{kind}"), params);
        let mut has_end = false;
        for part in parts {
            self.delimiter(has_end, &boundary, "");
            self.node(part);
            has_end = self.has_end(part);
        }
        self.delimiter(has_end, &boundary, "--");
    }

    /// Appends a boundary line. `has_end` says that the octets before it end in CR LF already, as
    /// base64 and an inner multipart do; otherwise the CR LF of the delimiter is written first.
    fn delimiter(&mut self, has_end: bool, boundary: &str, mark: &str) {
        let end = if has_end { "" } else { "\r\n" };
        self.bytes.extend_from_slice(format!("{end}--{boundary}{mark}\r\n").as_bytes());
    }

    fn has_end(&self, part: &Node) -> bool {
        match part {
            Node::Empty => false,
            Node::Text(index) => self.body.texts[*index].encoding == TransferEncoding::Base64,
            Node::File(index) => self.body.files[*index].0.len > 0,
            Node::Multi(..) => true,
        }
    }

    fn field(&mut self, name: &str, value: &str, params: Vec<String>) {
        let mut line = Line::begin(name, &mut self.bytes);
        param::write(&mut line, value, params);
        line.end();
    }

    /// Appends a segment that is not in `bytes`, of length `len`.
    fn segment(&mut self, segment: Segment, len: Option<u64>) {
        self.flush();
        self.segments.push(segment);
        self.count(len);
    }

    fn flush(&mut self) {
        let range = self.flushed..self.bytes.len();
        self.flushed = range.end;
        self.count(Some(range.len() as u64));
        self.segments.push(Segment::Bytes(range));
    }

    fn count(&mut self, len: Option<u64>) {
        self.size = self.size.zip(len).and_then(|(size, len)| size.checked_add(len));
    }
}

/// Generates boundaries that do not occur in the parts that they separate: RFC 2046 §5.1.1.
///
/// `=_` occurs neither in base64 nor in quoted-printable (RFC 2045 §6.7 recommends it for this
/// reason), so only texts in 7bit are searched. A text contains fewer different boundaries than it
/// has bytes, so the search ends.
struct Boundaries<'a> {
    body: &'a Body,
    state: u64,
}

impl Boundaries<'_> {
    /// The next boundary. The numbers are those of SplitMix64, which does not repeat one within
    /// 2⁶⁴ calls.
    fn next(&mut self) -> String {
        loop {
            self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let boundary = format!("=_{:016x}", mixed ^ (mixed >> 31));
            let is_in = |text: &Text| {
                text.encoding == TransferEncoding::SevenBit && text.content.contains(&boundary)
            };
            if !self.body.texts.iter().any(is_in) {
                return boundary;
            }
        }
    }
}
