//! Parameters of a field: `; name=value`, in any script and of any length.
//!
//! ```text
//!   filename=hello.txt                     a token
//!   filename="month data.xlsx"             a quoted string
//!   filename*=UTF-8''%E6%B1%87.xlsx        octets in percent signs and hexadecimal digits
//!   filename*0*=UTF-8''%E6%B1%87…;         the same in pieces, when a line would be too long;
//!    filename*1*=%E6%80%BB….xlsx           no character is divided between two of them
//! ```
//!
//! Specification: RFC 2045 §5.1 (tokens and quoted strings), RFC 2231 §3 and §4 (pieces, charset),
//! RFC 2183 §2.3 (file names). Encoded words have no place in a parameter (RFC 2047 §5).
//!
//! Parsers with and without RFC 2231 read the same value, by these rules:
//!
//! - A value with `*`, `'` or `%` is quoted. These may stand in a token of RFC 2045, but not in an
//!   unquoted value of RFC 2231 §7, and Python's `email` divides a token there.
//! - A value with `=?` in it, and one that is wholly in quotes or in angle brackets, is encoded:
//!   parsers decode the former even in a quoted string, and take the latter's quotes away. So is
//!   one with a space at either end, which parsers take away, too.
//! - ASCII is otherwise never encoded, however long it is: many mailers show only `filename=`.

use super::header::{LINE_PREFERRED_MAX, Line, check_value};
use super::word::{self, Encoding};
use crate::error::Error;

/// The longest half of a media type, name of a parameter of it, or value of that, in bytes. So each
/// fits into a line. RFC 6838 §4.2.
pub const MEDIA_NAME_MAX: usize = 127;

/// The longest encoded parameter that is not divided: a space before and a semicolon behind it fit.
const WHOLE_MAX: usize = LINE_PREFERRED_MAX - 2;

/// The longest parameter that is written as it is. It cannot be folded, and fits into
/// [`LINE_MAX`](super::header::LINE_MAX).
const PLAIN_MAX: usize = 990;

/// The name of a file as it is told to the receiver: one name, no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(Box<str>);

impl FileName {
    /// A name for a file.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the offset: an empty name, `.` or `..`, a `/`, a `\`, a control
    /// character. A receiver that trusts a name should not be led out of its folder (RFC 2183
    /// §2.3).
    pub fn new(name: &str) -> Result<FileName, Error> {
        if name.contains('\t') || check_value(name).is_err() {
            let at =
                name.chars().take_while(|c| !c.is_control()).map(char::len_utf8).sum::<usize>();
            let rule = "a file name holds no control character";
            return Err(Error::malformed(rule, at as u64, "RFC 2183 §2.3"));
        }
        if matches!(name, "" | "." | "..") {
            return Err(Error::malformed("a file has a name", 0, "RFC 2183 §2.3"));
        }
        match name.find(['/', '\\']) {
            None => Ok(FileName(name.into())),
            Some(at) => {
                let rule = "a file name is no path";
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
/// The composite types (`multipart/…`, `message/…`) are refused: their content may not be base64
/// (RFC 2045 §6.4, RFC 2046 §5.2.1), in which every attachment travels here. Such a file goes as
/// `application/octet-stream`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    essence: Box<str>,
    params: Vec<(Box<str>, Box<str>)>,
}

impl MediaType {
    /// Reads a type with parameters whose values are tokens.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the offset, [`Error::TooLarge`] beyond [`MEDIA_NAME_MAX`].
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
            let rule = "a composite type may not be base64; send it as application/octet-stream";
            return Err(Error::malformed(rule, 0, "RFC 2045 §6.4"));
        }
        let mut at = first.len() + 1;
        let mut params: Vec<(Box<str>, Box<str>)> = Vec::new();
        for piece in pieces {
            let (name, value) = piece.trim_matches(' ').split_once('=').unwrap_or_default();
            let is_new = params.iter().all(|(other, _)| !other.eq_ignore_ascii_case(name));
            // `name` is written beside the name of the file.
            let is_ours = name.eq_ignore_ascii_case("name");
            if !is_unquoted(name) || !is_token(value) || !is_new || is_ours {
                let rule = "a parameter is token=token, each once, and not `name`";
                return Err(Error::malformed(rule, at as u64, "RFC 2045 §5.1"));
            }
            params.push((name.into(), value.into()));
            at += piece.len() + 1;
        }
        Ok(MediaType { essence: essence.into(), params })
    }

    /// `type/subtype` in small letters.
    pub fn essence(&self) -> &str {
        &self.essence
    }

    pub(super) fn write(&self, line: &mut Line<'_>, behind: Vec<String>) {
        let own = self.params.iter().flat_map(|(name, value)| param(name, value));
        let params = own.chain(behind).collect();
        write(line, &self.essence, params);
    }
}

/// Appends a value and its parameters, each where it fits.
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

/// A parameter, in as many pieces as it takes.
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

/// A parameter for mailers that know no RFC 2231: if it is not ASCII, encoded words in quotes,
/// which RFC 2047 §5 forbids and nearly everybody reads.
pub(super) fn compat_param(name: &str, value: &str) -> Vec<String> {
    if is_plain(value) {
        return param(name, value);
    }
    let encoding = Encoding::of(value);
    let (mut rest, mut pieces) = (value, Vec::new());
    let mut before = format!("{name}=\"");
    // The name of the parameter is short, so there is always room for a character.
    while let Some((word, len)) = word::first(rest, encoding, WHOLE_MAX - 2 - before.len()) {
        pieces.push(std::mem::take(&mut before) + &word);
        rest = &rest[len..];
    }
    vec![pieces.join("\r\n ") + "\""]
}

/// Whether a value needs no encoding; see the head of this module.
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

/// A character as attr-char of RFC 5987 §3.2.1, which RFC 2231 allows too, or in percent signs.
fn percent(character: char) -> String {
    if character.is_ascii_alphanumeric() || "!#$&+-.^_`|~".contains(character) {
        return character.to_string();
    }
    let mut bytes = [0; 4];
    character.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect()
}
