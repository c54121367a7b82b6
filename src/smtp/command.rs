//! Commands, and the types of their arguments, which hold no control characters.
//!
//! ```text
//!   EHLO client.example CR LF
//!   MAIL FROM:<a@example.org> SIZE=1234 BODY=8BITMIME SMTPUTF8 CR LF
//!   RCPT TO:<"b c"@[192.0.2.1]> CR LF
//!   BDAT 1000 LAST CR LF
//! ```
//!
//! Specification: RFC 5321 §4.1.1 (commands), §4.1.2 (paths), §4.5.3.1 (lengths); RFC 1870 (SIZE),
//! RFC 6152 (BODY), RFC 6531 (SMTPUTF8), RFC 3030 (BDAT), RFC 4954 (AUTH).
//!
//! A [`Path`] and a [`Domain`] are checked when they are constructed, so every command is one line.
//! With a path of the 256 bytes that servers have to accept (§4.5.3.1.3), no command exceeds the
//! 512 bytes of §4.5.3.1.4; with the longest path that is accepted here, MAIL has 574 bytes. A line
//! of AUTH may have 12,288 (RFC 4954 §4).

use crate::error::Error;
use std::fmt;

/// The longest local part in bytes, including quotes. Servers have to accept 64 (RFC 5321
/// §4.5.3.1.1); a client may try longer ones, which a server may refuse (§4.5.3.1).
pub const LOCAL_MAX: usize = 255;

/// The longest domain in bytes: RFC 5321 §4.5.3.1.2.
pub const DOMAIN_MAX: usize = 255;

/// The longest line of an AUTH exchange in bytes, including CR LF: RFC 4954 §4.
pub const AUTH_LINE_MAX: usize = 12_288;

/// A domain or an address literal: the argument of EHLO (RFC 5321 §4.1.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain(Box<str>);

impl Domain {
    /// Checks `client.example`, `[192.0.2.1]` or `[IPv6:2001:db8::1]`. An internationalised domain
    /// is given as A-labels, `xn--…` (RFC 6531 §3.7.1).
    ///
    /// # Errors
    /// With the offset in `text`: [`Error::Malformed`], or [`Error::TooLarge`] beyond
    /// [`DOMAIN_MAX`].
    pub fn parse(text: &str) -> Result<Domain, Error> {
        let ascii = text.bytes().take_while(u8::is_ascii).count();
        let mut reader = Reader { text, at: 0 };
        reader.domain()?;
        reader.at = reader.at.min(ascii);
        match reader.peek() {
            None => Ok(Domain(text.into())),
            Some(_) => reader.wrong("a domain is letters, digits, dots and hyphens"),
        }
    }

    /// The domain or literal as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The path of MAIL or RCPT, without angle brackets: an address, or the null reverse-path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Box<str>);

impl Path {
    /// The null reverse-path: delivery failures are not reported (RFC 5321 §4.5.5).
    pub fn null() -> Path {
        Path(Box::default())
    }

    /// Checks `local@domain` without angle brackets; the local part may be quoted. `postmaster`
    /// needs no domain (RFC 5321 §4.1.1.3). Characters that are not ASCII make a path that [needs
    /// SMTPUTF8](Path::needs_smtputf8).
    ///
    /// # Errors
    /// With the offset in `text`: [`Error::Malformed`], or [`Error::TooLarge`] beyond [`LOCAL_MAX`]
    /// or [`DOMAIN_MAX`].
    pub fn parse(text: &str) -> Result<Path, Error> {
        let mut reader = Reader { text, at: 0 };
        reader.local()?;
        let is_postmaster = text.eq_ignore_ascii_case("postmaster");
        if reader.peek() != Some('@') && !is_postmaster {
            return reader.wrong("an address is a local part, @ and a domain");
        }
        if !is_postmaster {
            reader.at += 1;
            reader.domain()?;
        }
        if reader.peek().is_some() {
            return reader.wrong("nothing follows the domain of an address");
        }
        Ok(Path(text.into()))
    }

    /// The address without angle brackets; empty for the null reverse-path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the path is [`null`](Path::null).
    pub fn is_null(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the path is not ASCII, so that only a server with SMTPUTF8 accepts it (RFC 6531
    /// §3.2).
    pub fn needs_smtputf8(&self) -> bool {
        !self.0.is_ascii()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The parameters of MAIL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `SIZE=`: the length of the message in bytes.
    pub size: Option<u64>,
    /// `BODY=8BITMIME`: the message holds octets above 127.
    pub is_8bit: bool,
    /// `SMTPUTF8`: an address or a header field holds UTF-8.
    pub smtputf8: bool,
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// EHLO with the name of this host: RFC 5321 §4.1.1.1.
    Ehlo(&'a Domain),
    /// HELO with the name of this host: RFC 5321 §4.1.1.1.
    Helo(&'a Domain),
    /// STARTTLS: RFC 3207 §4.
    StartTls,
    /// MAIL with the reverse-path: RFC 5321 §4.1.1.2.
    Mail(&'a Path, Parameters),
    /// RCPT with one forward-path: RFC 5321 §4.1.1.3.
    Rcpt(&'a Path),
    /// DATA; the message follows after 354: RFC 5321 §4.1.1.4.
    Data,
    /// BDAT with the length of the chunk in bytes, and whether it is the last: RFC 3030 §2.
    Bdat(usize, bool),
    /// RSET: RFC 5321 §4.1.1.5.
    Rset,
    /// QUIT: RFC 5321 §4.1.1.10.
    Quit,
}

impl Command<'_> {
    /// Appends the command with its CR LF to `line`.
    pub fn encode(&self, line: &mut Vec<u8>) {
        let mut put = |parts: &[&str]| {
            parts.iter().for_each(|part| line.extend_from_slice(part.as_bytes()));
        };
        match self {
            Command::Ehlo(name) => put(&["EHLO ", name.as_str()]),
            Command::Helo(name) => put(&["HELO ", name.as_str()]),
            Command::StartTls => put(&["STARTTLS"]),
            Command::Mail(path, parameters) => {
                put(&["MAIL FROM:<", path.as_str(), ">"]);
                if let Some(size) = parameters.size {
                    put(&[" SIZE=", &size.to_string()]);
                }
                put(&[if parameters.is_8bit { " BODY=8BITMIME" } else { "" }]);
                put(&[if parameters.smtputf8 { " SMTPUTF8" } else { "" }]);
            }
            Command::Rcpt(path) => put(&["RCPT TO:<", path.as_str(), ">"]),
            Command::Data => put(&["DATA"]),
            Command::Bdat(len, is_last) => {
                put(&["BDAT ", &len.to_string(), if *is_last { " LAST" } else { "" }]);
            }
            Command::Rset => put(&["RSET"]),
            Command::Quit => put(&["QUIT"]),
        }
        put(&["\r\n"]);
    }
}

/// A character of an atom: RFC 5322 §3.2.3, or one that is not ASCII (RFC 6531 §3.3).
fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_foreign(c)
}

/// A character that is neither ASCII nor a control character (U+0080 to U+009F).
fn is_foreign(c: char) -> bool {
    !c.is_ascii() && !c.is_control()
}

/// A character of a domain. RFC 5321 §4.1.2 has no underscore, but host names in use do.
fn is_domain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || is_foreign(c)
}

/// A cursor over the text of one address.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn wrong<T>(&self, rule: &'static str) -> Result<T, Error> {
        Err(Error::malformed(rule, self.at as u64, "RFC 5321 §4.1.2"))
    }

    fn run(&mut self, wanted: fn(char) -> bool) -> usize {
        let rest = &self.text[self.at..];
        let len = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += len;
        len
    }

    fn check_len(
        &self,
        from: usize,
        limit: &'static str,
        max: usize,
        section: &'static str,
    ) -> Result<(), Error> {
        if self.at - from <= max {
            return Ok(());
        }
        Err(Error::too_large(limit, max as u64, (from + max) as u64, section))
    }

    fn local(&mut self) -> Result<(), Error> {
        match self.peek() {
            Some('"') => self.quoted()?,
            _ => self.dotted(is_atom, "a local part is dot-separated atoms, or quoted")?,
        }
        self.check_len(0, "local_bytes_max", LOCAL_MAX, "RFC 5321 §4.5.3.1")
    }

    fn dotted(&mut self, wanted: fn(char) -> bool, rule: &'static str) -> Result<(), Error> {
        loop {
            if self.run(wanted) == 0 {
                return self.wrong(rule);
            }
            if self.peek() != Some('.') {
                return Ok(());
            }
            self.at += 1;
        }
    }

    fn quoted(&mut self) -> Result<(), Error> {
        let is_text = |c: char| matches!(c, ' '..='~') || is_foreign(c);
        self.at += 1;
        loop {
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(' '..='~') => self.at += 1,
                        _ => return self.wrong("a backslash quotes a visible character"),
                    }
                }
                Some(c) if is_text(c) => self.at += c.len_utf8(),
                _ => return self.wrong("a quoted local part ends with its quote"),
            }
        }
    }

    fn domain(&mut self) -> Result<(), Error> {
        let from = self.at;
        if self.peek() == Some('[') {
            self.at += 1;
            let is_inside = |c: char| matches!(c, '!'..='~') && !matches!(c, '[' | '\\' | ']');
            if self.run(is_inside) == 0 || self.peek() != Some(']') {
                return self.wrong("an address literal stands in brackets");
            }
            self.at += 1;
        } else {
            self.dotted(is_domain, "a domain is labels separated by dots")?;
        }
        self.check_len(from, "DOMAIN_MAX", DOMAIN_MAX, "RFC 5321 §4.5.3.1.2")
    }
}
