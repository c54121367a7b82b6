//! Mailboxes: whom a message is from and to.
//!
//! ```text
//!   王大锤 <da.chui@example.org>        "Name, quoted" <"a b"@[192.0.2.1]>      a@b
//!   └ name ┘└ local ┘└ domain ─┘        └─ a quoted string holds anything ─┘   an address alone
//! ```
//!
//! Specification: RFC 5322 §3.4 (mailbox, name-addr, addr-spec), §3.2.4 (quoted strings); RFC 5321
//! §4.1.2 (domains) and §4.5.3.1 (lengths); RFC 6531 §3.3 for a local part that is not ASCII.
//!
//! One text is one mailbox. Decided here:
//!
//! - Lists, groups and comments are refused, with the offset: a comma that was forgotten to be
//!   quoted has to be an error, not a second receiver.
//! - A display name may be any text without control characters and, unless it is quoted, without
//!   the specials of RFC 5322 §3.2.3; a dot is taken (`John Q. Public`). It is taken literally:
//!   what looks like an encoded word is text.
//! - A domain is ASCII: one of another script has a form of `xn--…` (RFC 5890), which is what a
//!   resolver is asked for in any case, and what every server takes. [`Mailbox::parse`] refuses
//!   others, [`Mailbox::parse_with`] has them translated; the tables for that are not in the core.
//! - A local part that is not ASCII makes a mailbox that [needs
//!   SMTPUTF8](Mailbox::needs_smtputf8), and so does a message that shows it. In a message for
//!   everybody else it is shown as text, as a group without members (RFC 6857 §3.1).

use super::header::Line;
use super::word;
use crate::error::Error;
use std::borrow::Cow;
use std::fmt;

/// The longest local part in bytes, as it is written, with the quotes it needs. Servers have to
/// take 64 (RFC 5321 §4.5.3.1.1); a client may try longer ones (§4.5.3.1), and such are in use.
pub const LOCAL_MAX: usize = 255;

/// The longest domain in bytes: RFC 5321 §4.5.3.1.2.
pub const DOMAIN_MAX: usize = 255;

/// A quoted string longer than this, its quotes counted, is not written: it cannot be folded. A
/// display name has the form of encoded words instead.
const QUOTED_MAX: usize = 66;

/// Translates a domain of another script into its A-labels.
pub type ToAscii = fn(&str) -> Result<Cow<'_, str>, Error>;

/// A display name, if there is one, and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    name: Option<Box<str>>,
    /// Without the quotes it may have.
    local: Box<str>,
    /// With the brackets it may have.
    domain: Box<str>,
}

impl Mailbox {
    /// Reads one mailbox; white space around it does not count.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`] with the offset in `text`.
    pub fn parse(text: &str) -> Result<Mailbox, Error> {
        Mailbox::parse_with(text, |domain| {
            let at = domain.bytes().take_while(u8::is_ascii).count() as u64;
            let rule = "a domain is given in its ASCII form (xn--…)";
            Err(Error::malformed(rule, at, "RFC 5890 §2.3.2.1"))
        })
    }

    /// The same, where a domain that is not ASCII is what `to_ascii` makes of it, such as
    /// `net::idn::to_ascii`. Its errors have their offset in the domain.
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

    /// The domain, or an address in brackets.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// `local@domain`, quoted where it has to be: what stands between `<` and `>` in a header and
    /// in `MAIL FROM` and `RCPT TO`.
    pub fn address(&self) -> String {
        format!("{}@{}", written(&self.local), self.domain)
    }

    /// Whether the address can only be said to a server that offers SMTPUTF8 (RFC 6531).
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// Writes the mailbox and `behind` it. `ascii_only`: an address that is not ASCII is shown as
    /// text.
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

/// For people, and to be read again: nothing is encoded.
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

/// How a display name is written.
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

/// The same where UTF-8 is allowed: RFC 6532 §3.2.
fn is_local_char(character: char) -> bool {
    is_atext(character) || !character.is_ascii()
}

/// A word of a display name that needs no quotes when it is read.
fn is_phrase_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(is_phrase_char)
}

fn is_phrase_char(character: char) -> bool {
    is_local_char(character) || character == '.'
}

/// A local part with the quotes it needs.
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

/// Whether what was read is the local part of an address, or all there is.
fn is_alone(next: Option<char>, is_near: bool) -> bool {
    next.is_none() || (next == Some('@') && is_near)
}

/// Reads a text from its beginning to its end.
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

    /// The longest run of such characters.
    fn run(&mut self, wanted: fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// An error here; at a comma, a bracket or a comment its rule is known better.
    fn wrong(&self, rule: &'static str, section: &'static str) -> Error {
        let (rule, section) = match self.peek() {
            Some('(' | ')') => ("comments are not taken", "RFC 5322 §3.2.2"),
            Some(',') => ("one mailbox, no list; a name with a comma is quoted", "RFC 5322 §3.4"),
            Some(';' | ':') => ("groups are not taken; such a name is quoted", "RFC 5322 §3.4"),
            _ => (rule, section),
        };
        Error::malformed(rule, self.at as u64, section)
    }

    /// The display name, if an address in brackets follows; else nothing is read but white space.
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
                // An address alone, or none at all: the reader of addresses finds out.
                next if words.is_empty() && is_alone(next, behind == self.at) => {
                    self.at = begin;
                    return Ok(None);
                }
                Some(c) if c == '"' || is_phrase_char(c) => words.push(word),
                _ => return Err(self.wrong("an address follows the name in `<>`", "RFC 5322 §3.4")),
            }
        }
    }

    /// What a quoted string says: RFC 5322 §3.2.4.
    fn quoted_string(&mut self) -> Result<String, Error> {
        let mut said = String::new();
        self.eat('"');
        loop {
            let escaped = self.eat('\\');
            let Some(character) = self.peek() else {
                return Err(self.wrong("a quoted string ends with `\"`", "RFC 5322 §3.2.4"));
            };
            self.at += character.len_utf8();
            if character == '"' && !escaped {
                return Ok(said);
            }
            said.push(character);
        }
    }

    /// The local part: RFC 5322 §3.4.1.
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

    /// The domain: RFC 5321 §4.1.2.
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

    /// An address of a host in brackets: RFC 5321 §4.1.3.
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

/// Checks a domain of ASCII that stands at `begin`: RFC 5321 §4.1.2.
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

/// A label of a domain. The underscore is not a host's, but names of real hosts have it.
fn is_label(label: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len())
        && label.bytes().all(is_inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}
