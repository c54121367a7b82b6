//! Fields: names and values, received or to be sent.
//!
//! ```text
//!   Content-Type: text/plain; charset=utf-8 CR LF    bytes   those of all fields, in order
//!   └── name ──┘  └──────── value ─────────┘         spans   the ranges of names and values
//! ```
//!
//! Specification: RFC 9110 §5. A name is a token (§5.1, §5.6.2); a value holds no control character
//! but the tab (§5.5). Only such fields can be added, so no field that is sent can have a line end
//! with a second field, or a second request, after it.
//!
//! Received fields refer to the bytes of their head, which are stored once, and have their offset
//! in the stream. `Debug` masks secrets.

use crate::error::Error;
use crate::text::PeerText;
use std::fmt;
use std::ops::Range;

/// Fields whose values are secrets: of the request (RFC 9110 §11.6.2, §11.7.2, RFC 6265 §4.2), and
/// of a response, whose cookie becomes one of later requests.
pub const SECRETS: [&str; 4] = ["Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie"];

/// The text that replaces a secret.
pub const MASK: &str = "***";

/// Whether the value of this field is a secret.
pub fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

/// A name and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as it was written; names are case-insensitive.
    pub name: &'a str,
    /// The value without the white space around it. It need not be UTF-8: see [`text`].
    pub value: &'a [u8],
    /// Offset of the value in the stream, for a field that was received.
    pub offset: u64,
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, masked(self.name, self.value))
    }
}

/// The value for people, [`MASK`] if it is a secret.
pub fn masked<'a>(name: &str, value: &'a [u8]) -> PeerText<'a> {
    if is_secret(name) { PeerText::from(MASK) } else { text(value) }
}

/// Bytes of a head as text: UTF-8 if they are valid, else ISO-8859-1, the historical encoding (RFC
/// 9110 §5.5).
pub fn text(bytes: &[u8]) -> PeerText<'_> {
    PeerText::from_bytes(bytes)
}

/// The ranges of a field in the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) name: Range<usize>,
    pub(crate) value: Range<usize>,
}

/// Fields in their order.
#[derive(Clone, Default)]
pub struct Headers {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    /// Offset in the stream of the first byte of `bytes`.
    at: u64,
}

impl Headers {
    /// No fields.
    pub fn new() -> Headers {
        Headers::default()
    }

    /// The fields in the bytes of a head, which begins at offset `at` of the stream.
    pub(crate) fn received(bytes: Vec<u8>, spans: Vec<Span>, at: u64) -> Headers {
        Headers { bytes, spans, at }
    }

    /// Adds a field at the end.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the name is no token or the value holds a control character other
    /// than the tab, with the offset in that name or value.
    pub fn push(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        check_name(name.as_bytes())?;
        check_value(value)?;
        // The value was checked, so this trims no line end.
        let value = value.trim_ascii();
        let name_at = self.bytes.len();
        self.bytes.extend_from_slice(name.as_bytes());
        let value_at = self.bytes.len();
        self.bytes.extend_from_slice(value);
        let name = name_at..value_at;
        self.spans.push(Span { name, value: value_at..self.bytes.len() });
        Ok(())
    }

    /// Removes every field with this name.
    pub fn remove(&mut self, name: &str) {
        let bytes = &self.bytes;
        let is_other =
            |span: &Span| !bytes[span.name.clone()].eq_ignore_ascii_case(name.as_bytes());
        self.spans.retain(is_other);
    }

    /// All fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.spans.iter().map(|span| Field {
            // Tokens are ASCII, so this is always text.
            name: std::str::from_utf8(&self.bytes[span.name.clone()]).unwrap_or(""),
            value: &self.bytes[span.value.clone()],
            offset: self.at + span.value.start as u64,
        })
    }

    /// The fields with this name, in any case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Field<'a>> {
        self.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// The first field with this name.
    pub fn get<'a>(&'a self, name: &'a str) -> Option<Field<'a>> {
        self.all(name).next()
    }

    /// The elements of a field that is a list (RFC 9110 §5.6.1), over all its lines, with the
    /// offset of each. Empty elements are included. A comma in a quoted string separates elements,
    /// too; no field that this crate reads has quoted strings.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a [u8], u64)> {
        self.all(name).flat_map(|field| elements(field.value, field.offset))
    }

    /// Whether a list contains this element, in any case.
    pub fn list_has(&self, name: &str, word: &str) -> bool {
        self.list(name).any(|(element, _)| element.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Allocated memory, in bytes.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity() + self.spans.capacity() * size_of::<Span>()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Equal if names and values are the same in the same order; offsets are not compared.
impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        let pairs = |headers: &Headers| -> Vec<(String, Vec<u8>)> {
            headers.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect()
        };
        pairs(self) == pairs(other)
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The elements of a list value, each with its offset.
fn elements(value: &[u8], offset: u64) -> impl Iterator<Item = (&[u8], u64)> {
    value.split(|byte| *byte == b',').scan(offset, |at, element| {
        let begins = *at + (element.len() - element.trim_ascii_start().len()) as u64;
        *at += element.len() as u64 + 1;
        Some((element.trim_ascii(), begins))
    })
}

/// A byte of a token: RFC 9110 §5.6.2.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A byte of a field value: RFC 9110 §5.5, with white space.
pub(crate) fn is_value(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7F)
}

fn check_name(name: &[u8]) -> Result<(), Error> {
    match name.iter().position(|byte| !is_token(*byte)) {
        None if !name.is_empty() => Ok(()),
        wrong => {
            let rule = "a field name is a token";
            Err(Error::malformed(rule, wrong.unwrap_or(0) as u64, "RFC 9110 §5.1"))
        }
    }
}

fn check_value(value: &[u8]) -> Result<(), Error> {
    match value.iter().position(|byte| !is_value(*byte)) {
        None => Ok(()),
        Some(at) => {
            let rule = "a field value holds no control character but the tab";
            Err(Error::malformed(rule, at as u64, "RFC 9110 §5.5"))
        }
    }
}
