//! URLs of the schemes `http` and `https`.
//!
//! ```text
//!   http://user:password@[::1]:8080/a/b?c=d#top
//!          └─ separate ─┘                 └─ dropped: neither is part of a request
//!                          └ host ┘└port┘└ target: origin-form ┘
//! ```
//!
//! Specification: RFC 3986, RFC 9110 §4.2, RFC 9112 §3.2.
//!
//! This parser does not use the crate `url`, which follows the rules of browsers and repairs what
//! was typed: tabs and line ends are removed, `\` becomes `/`, `127.1` becomes an address. Here an
//! input is refused, with its offset, if two parsers could take it for different URLs:
//!
//! - control characters, spaces and `\` anywhere, and a `%` without two hexadecimal digits;
//! - hosts that are neither a plain name, nor an IPv4 address in four decimal numbers, nor an IPv6
//!   address in brackets (without a zone); names in other scripts are to be given as `xn--`, or
//!   translated by the caller of [`Url::parse_with`].
//!
//! Unambiguous input is normalized: other characters that are not allowed in a path or a query are
//! percent-encoded as UTF-8, and dot segments are removed.

use super::reference::{Reference, remove_dot_segments};
use crate::error::Error;
use crate::name::percent_decode;
use core::net::{Ipv4Addr, Ipv6Addr};
use std::borrow::Cow;
use std::fmt;

/// Translates an internationalized host name into A-labels.
pub type ToAscii = fn(&str) -> Result<Cow<'_, str>, Error>;

/// A supported scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP over TCP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The name of the scheme.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The default port: RFC 9110 §4.2.1, §4.2.2.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// The host to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name, in lower case, to be resolved.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::V4(address) => address.fmt(f),
            Host::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// The userinfo of a URL, percent-decoded: a secret, which `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Userinfo {
    /// The bytes before the first colon.
    pub user: Vec<u8>,
    /// The bytes after the first colon.
    pub password: Vec<u8>,
}

impl fmt::Debug for Userinfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Userinfo(…)")
    }
}

/// Scheme, host and port: RFC 6454 §4.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The host.
    pub host: Host,
    /// The port, even if it is the default port.
    pub port: u16,
}

impl Origin {
    /// Host and port, even the default port: the target of CONNECT.
    pub fn authority_form(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// A URL. [`Display`](fmt::Display) writes neither userinfo nor fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    origin: Origin,
    userinfo: Option<Userinfo>,
    /// Path and query.
    target: String,
    path_len: usize,
}

impl Url {
    /// Parses a URL.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the offset in `text`.
    pub fn parse(text: &str) -> Result<Url, Error> {
        Url::parse_with(text, |host| Ok(Cow::Borrowed(host)))
    }

    /// Parses a URL whose host may be non-ASCII: `to_ascii`, such as `net::idn::to_ascii`,
    /// translates it. Errors of `to_ascii` have their offset in the host.
    ///
    /// # Errors
    /// As [`parse`](Url::parse), and those of `to_ascii`.
    pub fn parse_with(text: &str, to_ascii: ToAscii) -> Result<Url, Error> {
        check_bytes(text.as_bytes(), false)?;
        let parts = Reference::split(text);
        let authority_at = text.find("//").map_or(text.len(), |at| at + 2);
        Url::from_parts(parts, authority_at, to_ascii)
    }

    /// Resolves a reference, such as the value of `Location`, against this URL: RFC 3986 §5.2. The
    /// reference need not be UTF-8. The userinfo of this URL is not inherited.
    ///
    /// # Errors
    /// Those of [`parse`](Url::parse), with the offset in `reference`.
    pub fn join(&self, reference: &[u8]) -> Result<Url, Error> {
        check_bytes(reference, false)?;
        self.resolve(reference)
    }

    /// Like [`join`](Url::join), but repairs a malformed reference as curl does, and returns
    /// whether it did: a space is sent as `%20`, after the first `?` as `+`; a `%` without its
    /// digits is sent unchanged; a `\` is sent as `%5C`.
    ///
    /// # Errors
    /// Those of [`parse`](Url::parse), with the offset in the repaired reference.
    pub fn join_repaired(&self, reference: &[u8]) -> Result<(Url, bool), Error> {
        if let Ok(url) = self.join(reference) {
            return Ok((url, false));
        }
        check_bytes(reference, true)?;
        let query_at = reference.iter().position(|byte| *byte == b'?').unwrap_or(reference.len());
        let mut repaired = Vec::with_capacity(reference.len());
        for (at, byte) in reference.iter().enumerate() {
            match byte {
                b' ' if at < query_at => repaired.extend_from_slice(b"%20"),
                b' ' => repaired.push(b'+'),
                byte => repaired.push(*byte),
            }
        }
        Ok((self.resolve(&repaired)?, true))
    }

    fn resolve(&self, reference: &[u8]) -> Result<Url, Error> {
        let text = percent_encode(reference, |byte| byte.is_ascii());
        let authority_at = text.find("//").map_or(text.len(), |at| at + 2);
        let base = Reference {
            scheme: Some(self.scheme().as_str().to_owned()),
            authority: Some(self.host_and_port()),
            path: self.path().to_owned(),
            query: self.query().map(str::to_owned),
            fragment: None,
        };
        let parts = Reference::split(&text).resolve(&base);
        let url = Url::from_parts(parts, authority_at, |host| Ok(Cow::Borrowed(host)));
        url.map_err(|error| relocate(error, reference))
    }

    fn from_parts(parts: Reference, authority_at: usize, to_ascii: ToAscii) -> Result<Url, Error> {
        let scheme = match &parts.scheme {
            Some(name) if name.eq_ignore_ascii_case("http") => Scheme::Http,
            Some(name) if name.eq_ignore_ascii_case("https") => Scheme::Https,
            _ => return Err(malformed("a URL begins with http:// or https://", 0, HTTP_URI)),
        };
        let Some(authority) = parts.authority else {
            let at = scheme.as_str().len() + 1;
            return Err(malformed("// and a host follow the scheme", at, HTTP_URI));
        };
        let (userinfo, host_at) = userinfo(&authority, authority_at)?;
        let host_and_port = &authority[host_at - authority_at..];
        let (host, port) = host_and_port_of(host_and_port, host_at, to_ascii)?;
        let port = port.unwrap_or(scheme.default_port());
        let mut target = remove_dot_segments(&percent_encode(parts.path.as_bytes(), is_in_path));
        if target.is_empty() {
            target.push('/');
        }
        let path_len = target.len();
        if let Some(query) = &parts.query {
            target.push('?');
            target.push_str(&percent_encode(query.as_bytes(), |byte| {
                is_in_path(byte) || byte == b'?'
            }));
        }
        Ok(Url { origin: Origin { scheme, host, port }, userinfo, target, path_len })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.origin.scheme
    }

    /// The host to connect to.
    pub fn host(&self) -> &Host {
        &self.origin.host
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.origin.port
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The userinfo.
    pub fn userinfo(&self) -> Option<&Userinfo> {
        self.userinfo.as_ref()
    }

    /// The path, percent-encoded; it begins with `/`.
    pub fn path(&self) -> &str {
        &self.target[..self.path_len]
    }

    /// The query, percent-encoded, without its `?`.
    pub fn query(&self) -> Option<&str> {
        self.target[self.path_len..].strip_prefix('?')
    }

    /// Path and query: the target of a request to the origin.
    pub fn origin_form(&self) -> &str {
        &self.target
    }

    /// The complete URL: the target of a request to a proxy.
    pub fn absolute_form(&self) -> String {
        format!("{}://{}{}", self.scheme().as_str(), self.host_and_port(), self.target)
    }

    /// Host and port, even the default port: the target of CONNECT.
    pub fn authority_form(&self) -> String {
        self.origin.authority_form()
    }

    /// The value of `Host`: with the port unless it is the default port.
    pub fn host_and_port(&self) -> String {
        match self.port() == self.scheme().default_port() {
            true => self.host().to_string(),
            false => self.authority_form(),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.absolute_form())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

/// The sections that define the parts of a URL.
const CHARACTERS: &str = "RFC 3986 §2";
const PERCENT: &str = "RFC 3986 §2.1";
const HOST: &str = "RFC 3986 §3.2.2";
const PORT: &str = "RFC 3986 §3.2.3";
pub(crate) const HTTP_URI: &str = "RFC 9110 §4.2";

fn malformed(rule: &'static str, at: usize, section: &'static str) -> Error {
    Error::malformed(rule, at as u64, section)
}

/// Checks for bytes that are not allowed anywhere in a URL.
fn check_bytes(text: &[u8], is_repaired: bool) -> Result<(), Error> {
    for (at, &byte) in text.iter().enumerate() {
        let is_hex = |at: usize| text.get(at).is_some_and(u8::is_ascii_hexdigit);
        match byte {
            b'\r' | b'\n' => return Err(malformed("a URL holds no line end", at, CHARACTERS)),
            0 => return Err(malformed("a URL holds no NUL", at, CHARACTERS)),
            b' ' | b'\\' | b'%' if is_repaired => {}
            b' ' => {
                return Err(malformed("a URL holds no space; it is written %20", at, CHARACTERS));
            }
            byte if byte.is_ascii_control() => {
                return Err(malformed("a URL holds no control character", at, CHARACTERS));
            }
            b'\\' => return Err(malformed("a URL holds no \\; it is written %5C", at, CHARACTERS)),
            b'%' if !is_hex(at + 1) || !is_hex(at + 2) => {
                let rule = "two hexadecimal digits follow %; the sign itself is written %25";
                return Err(malformed(rule, at, PERCENT));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Maps the offset of an error in a reference, whose non-ASCII bytes were percent-encoded, to the
/// original.
fn relocate(error: Error, reference: &[u8]) -> Error {
    let Error::Malformed { rule, offset, section } = error else { return error };
    let mut left = offset;
    let is_before = |byte: &&u8| {
        let len = if byte.is_ascii() { 1 } else { 3 };
        let is_before = left >= len;
        left = left.saturating_sub(len);
        is_before
    };
    let offset = reference.iter().take_while(is_before).count() as u64;
    Error::Malformed { rule, offset, section }
}

/// The userinfo, and the offset at which the host begins.
fn userinfo(authority: &str, authority_at: usize) -> Result<(Option<Userinfo>, usize), Error> {
    let Some((before, _)) = authority.split_once('@') else { return Ok((None, authority_at)) };
    let host_at = authority_at + before.len() + 1;
    let (user, password) = before.split_once(':').unwrap_or((before, ""));
    let (user, password) = (percent_decode(user), percent_decode(password));
    Ok((Some(Userinfo { user, password }), host_at))
}

/// A host, and its port, if there is one.
fn host_and_port_of(
    text: &str,
    at: usize,
    to_ascii: ToAscii,
) -> Result<(Host, Option<u16>), Error> {
    let host_len = match text.find(']') {
        Some(end) if text.starts_with('[') => end + 1,
        _ => text.find(':').unwrap_or(text.len()),
    };
    let host = match &text[..host_len] {
        name if name.is_ascii() => host(name, at)?,
        name => host(&to_ascii(name).map_err(|error| error.shifted(at as u64))?, at)?,
    };
    let port = match text[host_len..].strip_prefix(':') {
        None if host_len == text.len() => return Ok((host, None)),
        Some("") => return Ok((host, None)),
        port => port.unwrap_or(""),
    };
    // `parse` alone would accept a sign.
    let number = port.parse().ok().filter(|_| port.bytes().all(|byte| byte.is_ascii_digit()));
    match number.filter(|port| *port > 0) {
        Some(port) => Ok((host, Some(port))),
        None => Err(malformed("a port is a number from 1 to 65535", at + host_len, PORT)),
    }
}

fn host(text: &str, at: usize) -> Result<Host, Error> {
    if let Some(inner) = text.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|inner| inner.parse().ok());
        let rule = "an IPv6 address is in brackets, without a zone";
        return address.map(Host::V6).ok_or_else(|| malformed(rule, at, HOST));
    }
    if text.is_empty() {
        return Err(malformed("a host is not empty", at, HTTP_URI));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if let Some(wrong) = text.bytes().position(|byte| !is_plain(byte)) {
        let rule = "a host is ASCII letters, digits, `-`, `.` and `_`; other scripts as xn--";
        return Err(malformed(rule, at + wrong, HOST));
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.split('.').any(str::is_empty) {
        return Err(malformed("no label of a host is empty", at, HOST));
    }
    // Some resolvers take `127.1`, `0x7f.1` and `2130706433` for IPv4 addresses, which surprises
    // people.
    let last = name.rsplit('.').next().unwrap_or("");
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    match text.parse() {
        Ok(address) => Ok(Host::V4(address)),
        Err(_) if is_number => Err(malformed(
            "an IPv4 address is four decimal numbers, without zeros in front",
            at,
            HOST,
        )),
        Err(_) => Ok(Host::Name(text.to_ascii_lowercase())),
    }
}

/// `pchar` and `/`: RFC 3986 §3.3. Every `%` has its digits already.
fn is_in_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte)
}

fn percent_encode(bytes: &[u8], stays: impl Fn(u8) -> bool) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len()), |mut out, &byte| {
        match stays(byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}
