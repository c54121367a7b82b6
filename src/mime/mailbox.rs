//! Mailboxes: an optional display name and an address.
//!
//! ```text
//!   王大锤 <da.chui@example.org>        "Name, quoted" <"a b"@[192.0.2.1]>      a@b
//!   └ name ┘└ local ┘└ domain ─┘        └─ quoted strings, address literal ┘   an address alone
//! ```
//!
//! Specification: RFC 5322 §3.4 (mailbox, name-addr, addr-spec), §3.2.4 (quoted strings); RFC 5321
//! §4.1.2 (domains) and §4.5.3.1 (lengths); RFC 6531 §3.3 for a local part that is not ASCII.
//!
//! One text holds exactly one mailbox. The choices that the RFCs leave open:
//!
//! - Lists, groups and comments are errors with an offset: a comma that should have been quoted
//!   must not become a second recipient.
//! - A display name is any text without control characters and, unless it is quoted, without the
//!   specials of RFC 5322 §3.2.3. A dot is accepted (`John Q. Public`). The name is taken
//!   literally: nothing in it is decoded as an encoded word.
//! - A domain is stored in ASCII. An internationalised domain has A-labels, `xn--…` (RFC 5890
//!   §2.3.2.1), which resolvers need and every server accepts. [`Mailbox::parse`] refuses U-labels;
//!   [`Mailbox::parse_with`] has a function of the caller convert them.
//! - A local part that is not ASCII makes a mailbox that [needs
//!   SMTPUTF8](Mailbox::needs_smtputf8), and so does a message that has it in a field. For
//!   recipients on servers without SMTPUTF8 the address is written as the name of a group without
//!   members (RFC 6857 §3.1).

use super::header::Line;
use super::word;
use crate::error::Error;
use std::borrow::Cow;
use std::fmt;

/// The longest local part in bytes, including the quotes that it needs. Servers have to accept 64
/// (RFC 5321 §4.5.3.1.1); longer ones are in use, and a client may try them (§4.5.3.1).
pub const LOCAL_MAX: usize = 255;

/// The longest domain in bytes: RFC 5321 §4.5.3.1.2.
pub const DOMAIN_MAX: usize = 255;

/// The longest quoted string that is written, in bytes with its quotes: a quoted string cannot be
/// folded, so a longer display name is written as encoded words.
const QUOTED_MAX: usize = 66;

/// Converts a domain with U-labels into A-labels (RFC 5890 §2.3.2.1). Errors have their offset in
/// the domain.
pub type ToAscii = fn(&str) -> Result<Cow<'_, str>, Error>;

/// A display name, if there is one, and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    name: Option<Box<str>>,
    /// Without quotes.
    local: Box<str>,
    /// An address literal has its brackets.
    domain: Box<str>,
}

impl Mailbox {
    /// Parses one mailbox: `name <local@domain>` or `local@domain`. Spaces around it are ignored.
    ///
    /// # Errors
    /// With the offset in `text`: [`Error::Malformed`] where the grammar is broken or the domain is
    /// not ASCII, [`Error::TooLarge`] beyond [`LOCAL_MAX`] or [`DOMAIN_MAX`].
    pub fn parse(text: &str) -> Result<Mailbox, Error> {
        Mailbox::parse_with(text, |domain| {
            let at = domain.bytes().take_while(u8::is_ascii).count() as u64;
            let rule = "a domain is given in its ASCII form (xn--…)";
            Err(Error::malformed(rule, at, "RFC 5890 §2.3.2.1"))
        })
    }

    /// As [`parse`](Mailbox::parse), but a domain that is not ASCII is converted by `to_ascii`,
    /// such as `net::idn::to_ascii`.
    ///
    /// # Errors
    /// As [`parse`](Mailbox::parse), and those of `to_ascii`.
    pub fn parse_with(text: &str, to_ascii: ToAscii) -> Result<Mailbox, Error> {
        if let Some((at, _)) = text.char_indices().find(|(_, c)| c.is_control()) {
            let rule = "a mailbox holds no control character";
            return Err(Error::malformed(rule, at as u64, "RFC 5322 §3.4"));
        }
        let mut reader = Reader { text, at: 0, to_ascii };
        let name = reader.name()?;
        let in_brackets = reader.eat('<');
        let local = reader.local()?;
        let domain = reader.domain()?;
        let mailbox = Mailbox { name, local: local.into(), domain };
        if in_brackets && !reader.eat('>') {
            return Err(reader.wrong("the address ends with `>`", "RFC 5322 §3.4"));
        }
        reader.white();
        match reader.peek() {
            None => Ok(mailbox),
            Some(_) => Err(reader.wrong("nothing follows one mailbox", "RFC 5322 §3.4")),
        }
    }

    /// The display name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The local part, without quotes.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in ASCII, or an address literal with its brackets.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// `local@domain`, the local part quoted where its characters require it. This text stands
    /// between `<` and `>` in a header field, in `MAIL FROM` and in `RCPT TO`.
    pub fn address(&self) -> String {
        format!("{}@{}", written(&self.local), self.domain)
    }

    /// Whether the local part is not ASCII, so that the address can be sent only to a server that
    /// offers SMTPUTF8 (RFC 6531 §3.2).
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// Writes the mailbox, then `behind`. With `ascii_only` an address that is not ASCII is
    /// written as the name of a group without members (RFC 6857 §3.1).
    pub(super) fn write(&self, line: &mut Line<'_>, behind: &str, ascii_only: bool) {
        if ascii_only && self.needs_smtputf8() {
            line.words(&match self.name() {
                Some(name) => format!("{name} <{}>", self.address()),
                None => self.address(),
            });
            return line.token(&format!(" :;{behind}"));
        }
        let Some(name) = self.name() else {
            return line.token(&format!(" {}{behind}", self.address()));
        };
        match Form::of(name) {
            Form::Atoms => name.split(' ').for_each(|atom| line.token(&format!(" {atom}"))),
            Form::Quoted => line.token(&format!(" {}", quoted(name))),
            Form::Words => line.words(name),
        }
        line.token(&format!(" <{}>{behind}", self.address()));
    }
}

/// Writes the mailbox without encoded words, so that [`Mailbox::parse`] reads it again.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address();
        match self.name() {
            None => f.write_str(&address),
            Some(name) if name.split(' ').all(is_phrase_word) => write!(f, "{name} <{address}>"),
            Some(name) => write!(f, "{} <{address}>", quoted(name)),
        }
    }
}

/// The form in which a display name is written.
enum Form {
    /// Atoms with one space between them.
    Atoms,
    /// One quoted string.
    Quoted,
    /// Encoded words.
    Words,
}

impl Form {
    fn of(name: &str) -> Form {
        let is_short = |word: &str| word.len() <= QUOTED_MAX;
        if word::needs(name) {
            Form::Words
        } else if name.split(' ').all(|word| is_atom(word) && is_short(word)) {
            Form::Atoms
        } else if is_short(&quoted(name)) {
            Form::Quoted
        } else {
            Form::Words
        }
    }
}

/// A character of an atom: RFC 5322 §3.2.3.
fn is_atext(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character)
}

fn is_atom(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_atext)
}

fn is_dot_atom(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_local_char))
}

/// An atext character where UTF-8 is allowed: RFC 6532 §3.2.
fn is_local_char(character: char) -> bool {
    is_atext(character) || !character.is_ascii()
}

/// Whether a word of a display name is accepted without quotes: atoms and dots.
fn is_phrase_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(is_phrase_char)
}

fn is_phrase_char(character: char) -> bool {
    is_local_char(character) || character == '.'
}

/// The local part, quoted unless it is a dot-atom.
fn written(local: &str) -> Cow<'_, str> {
    match is_dot_atom(local) {
        true => Cow::Borrowed(local),
        false => Cow::Owned(quoted(local)),
    }
}

fn quoted(text: &str) -> String {
    let escape = |c: char| if matches!(c, '"' | '\\') { vec!['\\', c] } else { vec![c] };
    format!("\"{}\"", text.chars().flat_map(escape).collect::<String>())
}

fn too_large(
    len: usize,
    max: usize,
    limit: &'static str,
    at: usize,
    section: &'static str,
) -> Result<(), Error> {
    if len <= max {
        return Ok(());
    }
    Err(Error::TooLarge { limit, max: max as u64, offset: at as u64, section })
}

/// Whether the text just read is the local part of an address without a name, or the whole input.
fn is_alone(next: Option<char>, is_near: bool) -> bool {
    next.is_none() || (next == Some('@') && is_near)
}

/// A cursor over the text of one mailbox.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    to_ascii: ToAscii,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += if is_there { wanted.len_utf8() } else { 0 };
        is_there
    }

    fn white(&mut self) {
        while self.eat(' ') {}
    }

    /// Reads the longest run of `wanted` characters.
    fn run(&mut self, wanted: fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// The error at the current offset. A comma, a colon or a parenthesis there has a rule of its
    /// own, which replaces `rule`.
    fn wrong(&self, rule: &'static str, section: &'static str) -> Error {
        let (rule, section) = match self.peek() {
            Some('(' | ')') => ("a mailbox here has no comments", "RFC 5322 §3.2.2"),
            Some(',') => ("one mailbox, no list; quote a name with a comma", "RFC 5322 §3.4"),
            Some(';' | ':') => {
                ("one mailbox, no group; quote a name with `:` or `;`", "RFC 5322 §3.4")
            }
            _ => (rule, section),
        };
        Error::malformed(rule, self.at as u64, section)
    }

    /// Reads the display name, if an address in angle brackets follows. Otherwise only white space
    /// is consumed.
    fn name(&mut self) -> Result<Option<Box<str>>, Error> {
        self.white();
        let begin = self.at;
        let mut words = Vec::new();
        loop {
            let word = match self.peek() {
                Some('"') => self.quoted_string()?,
                _ => self.run(is_phrase_char).to_owned(),
            };
            let behind = self.at;
            self.white();
            match self.peek() {
                Some('<') => {
                    words.push(word);
                    words.retain(|word| !word.is_empty());
                    let name = words.join(" ");
                    return Ok((!name.is_empty()).then(|| name.into()));
                }
                // An address without a name, or no address: `local` decides.
                next if words.is_empty() && is_alone(next, behind == self.at) => {
                    self.at = begin;
                    return Ok(None);
                }
                Some(c) if c == '"' || is_phrase_char(c) => words.push(word),
                _ => return Err(self.wrong("an address follows the name in `<>`", "RFC 5322 §3.4")),
            }
        }
    }

    /// Reads a quoted string and returns its content, unescaped: RFC 5322 §3.2.4.
    fn quoted_string(&mut self) -> Result<String, Error> {
        let mut content = String::new();
        self.eat('"');
        loop {
            let escaped = self.eat('\\');
            let Some(character) = self.peek() else {
                return Err(self.wrong("a quoted string ends with `\"`", "RFC 5322 §3.2.4"));
            };
            self.at += character.len_utf8();
            if character == '"' && !escaped {
                return Ok(content);
            }
            content.push(character);
        }
    }

    /// Reads the local part and the `@`: RFC 5322 §3.4.1.
    fn local(&mut self) -> Result<String, Error> {
        let begin = self.at;
        let is_quoted = self.peek() == Some('"');
        let local = match is_quoted {
            true => self.quoted_string()?,
            false => self.run(is_phrase_char).to_owned(),
        };
        if !is_quoted && local.is_empty() {
            return Err(self.wrong("an address has a local part", "RFC 5322 §3.4.1"));
        }
        if !is_quoted && !is_dot_atom(&local) {
            let rule = "dots stand between atoms; anything else is quoted";
            return Err(Error::malformed(rule, begin as u64, "RFC 5322 §3.4.1"));
        }
        too_large(written(&local).len(), LOCAL_MAX, "local_bytes_max", begin, "RFC 5321 §4.5.3.1")?;
        match self.eat('@') {
            true => Ok(local),
            false => Err(self.wrong("an address is local@domain", "RFC 5322 §3.4.1")),
        }
    }

    /// Reads the domain: RFC 5321 §4.1.2.
    fn domain(&mut self) -> Result<Box<str>, Error> {
        let begin = self.at;
        if self.peek() == Some('[') {
            return Ok(self.literal()?.into());
        }
        let domain = self.run(is_phrase_char);
        if !domain.is_ascii() {
            let ascii = (self.to_ascii)(domain);
            let ascii = ascii.map_err(|error| error.shifted(begin as u64))?;
            check_domain(&ascii, begin)?;
            return Ok(ascii.into());
        }
        check_domain(domain, begin)?;
        Ok(domain.into())
    }

    /// Reads an address literal, with its brackets: RFC 5321 §4.1.3.
    fn literal(&mut self) -> Result<&'a str, Error> {
        let rest = self.rest();
        let end = rest.find(']').unwrap_or(rest.len());
        let inner = &rest[1..end];
        let is_good = match inner.strip_prefix("IPv6:") {
            Some(address) => address.parse::<core::net::Ipv6Addr>().is_ok(),
            None => inner.parse::<core::net::Ipv4Addr>().is_ok(),
        };
        if !is_good || end == rest.len() {
            let rule = "an address literal is [1.2.3.4] or [IPv6:…]";
            return Err(Error::malformed(rule, self.at as u64, "RFC 5321 §4.1.3"));
        }
        self.at += end + 1;
        Ok(&rest[..=end])
    }
}

/// Checks an ASCII domain whose offset is `begin`: RFC 5321 §4.1.2.
fn check_domain(domain: &str, begin: usize) -> Result<(), Error> {
    too_large(domain.len(), DOMAIN_MAX, "DOMAIN_MAX", begin, "RFC 5321 §4.5.3.1.2")?;
    let mut at = begin;
    for label in domain.split('.') {
        if !is_label(label) {
            let rule = "a domain is labels of letters, digits and inner hyphens";
            return Err(Error::malformed(rule, at as u64, "RFC 5321 §4.1.2"));
        }
        at += label.len() + 1;
    }
    Ok(())
}

/// Whether a text is a label of a domain. RFC 5321 §4.1.2 has no underscore, but hosts in use have
/// names with one.
fn is_label(label: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len())
        && label.bytes().all(is_inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}
