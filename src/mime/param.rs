//! Parameters of a field, `; name=value`, with values in Unicode and of any length.
//!
//! ```text
//!   filename=hello.txt                     a token
//!   filename="month data.xlsx"             a quoted string
//!   filename*=UTF-8''%E6%B1%87.xlsx        an extended value: UTF-8, percent-encoded
//!   filename*0*=UTF-8''%E6%B1%87…;         continuations where a line would be too long;
//!    filename*1*=%E6%80%BB….xlsx           no character is divided between two of them
//! ```
//!
//! Specification: RFC 2045 §5.1 (tokens and quoted strings), RFC 2231 §3 and §4 (continuations,
//! charsets), RFC 2183 §2.3 (file names). RFC 2047 §5 forbids encoded words in a parameter.
//!
//! These rules make parsers with and without RFC 2231 read the same value:
//!
//! - A value with `*`, `'` or `%` is quoted. These may stand in a token of RFC 2045, but not in an
//!   unquoted value of RFC 2231 §7, and Python's `email` divides a token there.
//! - A value that contains `=?` is encoded: parsers decode encoded words even in a quoted string.
//! - A value in quotes or in angle brackets, or with a space at either end, is encoded: parsers
//!   strip quotes, brackets and spaces from the unquoted text.
//! - Any other ASCII value of up to 990 bytes is not encoded: many mail programs read only
//!   `filename=`.

use super::header::{LINE_PREFERRED_MAX, Line, check_value};
use super::word::{self, Encoding};
use crate::error::Error;

/// The longest type, subtype, parameter name or parameter value of a media type, in bytes:
/// RFC 6838 §4.2 for the names. Each fits into a line.
pub const MEDIA_NAME_MAX: usize = 127;

/// The longest encoded parameter that is written without continuations, in bytes. A space before
/// and a semicolon behind the parameter fit into the line.
const WHOLE_MAX: usize = LINE_PREFERRED_MAX - 2;

/// The longest parameter that is written without encoding, in bytes: it cannot be folded, so it has
/// to fit into [`LINE_MAX`](super::LINE_MAX).
const PLAIN_MAX: usize = 990;

/// The name of a file in `Content-Disposition`: one path segment (RFC 2183 §2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(Box<str>);

impl FileName {
    /// Checks a name. A recipient's mail program may trust it, so it must not lead out of the
    /// directory in which the file is stored.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the offset: an empty name, `.` or `..`, a `/`, a `\`, a control
    /// character.
    pub fn new(name: &str) -> Result<FileName, Error> {
        if name.contains('\t') || check_value(name).is_err() {
            let at =
                name.chars().take_while(|c| !c.is_control()).map(char::len_utf8).sum::<usize>();
            let rule = "a file name holds no control character";
            return Err(Error::malformed(rule, at as u64, "RFC 2183 §2.3"));
        }
        if matches!(name, "" | "." | "..") {
            let rule = "a file name is not empty, `.` or `..`";
            return Err(Error::malformed(rule, 0, "RFC 2183 §2.3"));
        }
        match name.find(['/', '\\']) {
            None => Ok(FileName(name.into())),
            Some(at) => {
                let rule = "a file name holds no `/` and no `\\`";
                Err(Error::malformed(rule, at as u64, "RFC 2183 §2.3"))
            }
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A media type: `text/plain`, `text/plain; charset=utf-8`.
///
/// The composite types (`multipart/…`, `message/…`) are refused: RFC 2045 §6.4 and RFC 2046 §5.2.1
/// forbid base64 for them, and every attachment is written in base64. Use
/// `application/octet-stream` for such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    essence: Box<str>,
    params: Vec<(Box<str>, Box<str>)>,
}

impl MediaType {
    /// Parses a type and parameters whose values are tokens.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the offset in `text`, also for a composite type, a parameter given
    /// twice, and `name`; [`Error::TooLarge`] beyond [`MEDIA_NAME_MAX`].
    pub fn parse(text: &str) -> Result<MediaType, Error> {
        let is_part = |c: char| matches!(c, '/' | ';' | '=' | ' ');
        if text.split(is_part).any(|part| part.len() > MEDIA_NAME_MAX) {
            let max = MEDIA_NAME_MAX as u64;
            let (limit, section) = ("MEDIA_NAME_MAX", "RFC 6838 §4.2");
            return Err(Error::TooLarge { limit, max, offset: max, section });
        }
        let mut pieces = text.split(';');
        let first = pieces.next().unwrap_or("");
        let essence = first.trim_matches(' ').to_ascii_lowercase();
        let is_type = essence.split_once('/').is_some_and(|(t, s)| is_token(t) && is_token(s));
        if !is_type {
            return Err(Error::malformed("a media type is type/subtype", 0, "RFC 2045 §5.1"));
        }
        if essence.starts_with("multipart/") || essence.starts_with("message/") {
            let rule = "a composite type is not base64; send it as application/octet-stream";
            return Err(Error::malformed(rule, 0, "RFC 2045 §6.4"));
        }
        let mut at = first.len() + 1;
        let mut params: Vec<(Box<str>, Box<str>)> = Vec::new();
        for piece in pieces {
            let (name, value) = piece.trim_matches(' ').split_once('=').unwrap_or_default();
            let is_new = params.iter().all(|(other, _)| !other.eq_ignore_ascii_case(name));
            // `compat_param` writes `name`.
            let is_name = name.eq_ignore_ascii_case("name");
            if !is_unquoted(name) || !is_token(value) || !is_new || is_name {
                let rule = "a parameter is token=token, each once, and not `name`";
                return Err(Error::malformed(rule, at as u64, "RFC 2045 §5.1"));
            }
            params.push((name.into(), value.into()));
            at += piece.len() + 1;
        }
        Ok(MediaType { essence: essence.into(), params })
    }

    /// `type/subtype` in lower case, without parameters.
    pub fn essence(&self) -> &str {
        &self.essence
    }

    pub(super) fn write(&self, line: &mut Line<'_>, behind: Vec<String>) {
        let own = self.params.iter().flat_map(|(name, value)| param(name, value));
        let params = own.chain(behind).collect();
        write(line, &self.essence, params);
    }
}

/// Appends a value and its parameters, and folds the line before those that do not fit.
pub(super) fn write(line: &mut Line<'_>, value: &str, params: Vec<String>) {
    let mut rest = params.into_iter().peekable();
    let mut piece = value.to_owned();
    loop {
        let mark = if rest.peek().is_some() { ";" } else { "" };
        line.token(&format!(" {piece}{mark}"));
        match rest.next() {
            Some(next) => piece = next,
            None => return,
        }
    }
}

/// Formats a parameter: one element, or one for each continuation.
pub(super) fn param(name: &str, value: &str) -> Vec<String> {
    let plain = match is_unquoted(value) {
        true => Some(format!("{name}={value}")),
        false => is_plain(value).then(|| format!("{name}={}", quote(value))),
    };
    if let Some(plain) = plain.filter(|plain| plain.len() <= PLAIN_MAX) {
        return vec![plain];
    }
    let whole = format!("{name}*=UTF-8''{}", value.chars().map(percent).collect::<String>());
    if whole.len() <= WHOLE_MAX {
        return vec![whole];
    }
    let mut pieces = vec![format!("{name}*0*=UTF-8''")];
    for character in value.chars() {
        let encoded = percent(character);
        let count = pieces.len();
        match pieces.last_mut() {
            Some(last) if last.len() + encoded.len() <= WHOLE_MAX => last.push_str(&encoded),
            _ => pieces.push(format!("{name}*{count}*={encoded}")),
        }
    }
    pieces
}

/// Formats a parameter for mail programs without RFC 2231: a value that is not plain becomes
/// encoded words in quotes, which RFC 2047 §5 forbids but nearly all mail programs decode.
pub(super) fn compat_param(name: &str, value: &str) -> Vec<String> {
    if is_plain(value) {
        return param(name, value);
    }
    let encoding = Encoding::of(value);
    let (mut rest, mut pieces) = (value, Vec::new());
    let mut before = format!("{name}=\"");
    // The name of the parameter is short, so at least one character fits into each word.
    while let Some((word, len)) = word::first(rest, encoding, WHOLE_MAX - 2 - before.len()) {
        pieces.push(std::mem::take(&mut before) + &word);
        rest = &rest[len..];
    }
    vec![pieces.join("\r\n ") + "\""]
}

/// Whether a value is written without encoding, by the rules at the head of this module.
fn is_plain(value: &str) -> bool {
    let is_in = |open: char, close: char| {
        value.strip_prefix(open).is_some_and(|inner| inner.ends_with(close))
    };
    let has_bare_ends = !value.starts_with(' ') && !value.ends_with(' ');
    value.is_ascii() && !word::needs(value) && !is_in('"', '"') && !is_in('<', '>') && has_bare_ends
}

/// Whether a name or a value of a parameter needs no quotes: RFC 2231 §7.
fn is_unquoted(text: &str) -> bool {
    is_token(text) && !text.contains(['*', '\'', '%'])
}

/// Whether a text is a token: RFC 2045 §5.1.
fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}

fn quote(text: &str) -> String {
    let escape = |c: char| if matches!(c, '"' | '\\') { vec!['\\', c] } else { vec![c] };
    format!("\"{}\"", text.chars().flat_map(escape).collect::<String>())
}

/// A character as it is, if it is an attr-char of RFC 8187 §3.2.1 (a subset of the attribute-char
/// of RFC 2231 §7), or percent-encoded.
fn percent(character: char) -> String {
    if character.is_ascii_alphanumeric() || "!#$&+-.^_`|~".contains(character) {
        return character.to_string();
    }
    let mut bytes = [0; 4];
    character.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect()
}
