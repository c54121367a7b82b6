//! Which server is visited, as its user names it.
//!
//! ```text
//!   smtp://HOST[:587]              TLS is begun on the connection (RFC 3207)
//!   smtps://me@example.org@HOST    TLS from the beginning, port 465; the user holds an `@`
//! ```
//!
//! A host of another script is given by its A-labels, or translated by the caller of
//! [`Server::parse_with`].
//!
//! Specification: RFC 3986 §3.2 (authority), RFC 6409 (port 587), RFC 8314 §7.3 (port 465).

use crate::error::Error;
use core::net::Ipv6Addr;
use std::borrow::Cow;
use std::fmt;

const SECTION: &str = "RFC 3986 §3.2";

/// Translates a host of another script into its A-labels.
pub type ToAscii = fn(&str) -> Result<Cow<'_, str>, Error>;

/// Where a server is, and how TLS is spoken there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS from the beginning.
    pub is_tls: bool,
    /// Who logs in, if that was said.
    pub user: Option<String>,
}

impl Server {
    /// Reads `smtp://[USER@]HOST[:PORT]` or `smtps://…`. `USER` may hold a `@`, raw or
    /// percent-encoded; a password has no place there.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the offset in `text`.
    pub fn parse(text: &str) -> Result<Server, Error> {
        Server::parse_with(text, |host| {
            let at = host.bytes().take_while(u8::is_ascii).count() as u64;
            Err(Error::malformed("a host is given in its ASCII form (xn--…)", at, SECTION))
        })
    }

    /// The same, where a host that is not ASCII is what `to_ascii` makes of it, such as
    /// `net::idn::to_ascii`. Its errors have their offset in the host.
    ///
    /// # Errors
    /// As [`parse`](Server::parse), and those of `to_ascii`.
    pub fn parse_with(text: &str, to_ascii: ToAscii) -> Result<Server, Error> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (is_tls, port) = match scheme.to_ascii_lowercase().as_str() {
            "smtp" => (false, 587),
            "smtps" => (true, 465),
            _ => return wrong("a server begins with smtp:// or smtps://", 0),
        };
        let base = scheme.len() + 3;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (user, at) = match authority.rfind('@') {
            Some(at) => (Some(user(&authority[..at], base)?), at + 1),
            None => (None, 0),
        };
        let (host, digits) = split_port(&authority[at..]);
        let host = match host.is_ascii() {
            true => Cow::Borrowed(host),
            false => to_ascii(host).map_err(|error| error.shifted((base + at) as u64))?,
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_name) {
            return wrong("a host is a name or an address; IPv6 stands in brackets", base + at);
        }
        let port = match digits {
            None => port,
            Some(digits) => match digits.parse() {
                Ok(port) if port > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()) => port,
                _ => return wrong("a port is a number from 1 to 65535", text.len() - digits.len()),
            },
        };
        Ok(Server { host: host.into_owned(), port, is_tls, user })
    }
}

/// `HOST:PORT`, without the user.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// A host without its brackets, and what stands behind its colon.
fn split_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return match (host.parse::<Ipv6Addr>().is_ok(), rest.strip_prefix(':')) {
            (true, Some(digits)) => (host, Some(digits)),
            (true, None) if rest.is_empty() => (host, None),
            _ => ("", None),
        };
    }
    match text.split_once(':') {
        Some((host, digits)) => (host, Some(digits)),
        None => (text, None),
    }
}

/// A user, its percent signs undone.
fn user(text: &str, base: usize) -> Result<String, Error> {
    if let Some(at) = text.find(':') {
        let rule = "a password does not stand in an address, which everybody on the machine sees";
        return wrong(rule, base + at);
    }
    let (mut bytes, mut at) = (Vec::new(), 0);
    while let Some(byte) = text.as_bytes().get(at) {
        let hex = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match hex.filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit())) {
            Some(hex) => {
                bytes.push(u8::from_str_radix(hex, 16).unwrap_or(b'%'));
                at += 3;
            }
            None => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    match String::from_utf8(bytes) {
        Ok(user) if !user.is_empty() && !user.contains(char::is_control) => Ok(user),
        _ => wrong("a user is text without control characters", base),
    }
}

fn wrong<T>(rule: &'static str, at: usize) -> Result<T, Error> {
    Err(Error::malformed(rule, at as u64, SECTION))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows one label, and what follows it.
    fn a_labels(host: &str) -> Result<Cow<'_, str>, Error> {
        match host.strip_prefix("\u{fc}.") {
            Some(rest) if rest.is_ascii() => Ok(format!("xn--tda.{rest}").into()),
            _ => Err(Error::malformed(
                "unknown",
                host.find(|c: char| !c.is_ascii()).unwrap() as u64,
                "",
            )),
        }
    }

    #[test]
    fn a_host_of_another_script_needs_a_translation() {
        assert_eq!(Server::parse("smtp://a.\u{fc}").unwrap_err().offset(), Some(9));
    }

    #[test]
    fn servers() {
        for (text, shown, is_tls, user) in [
            ("smtp://mx.example", "mx.example:587", false, None),
            ("smtps://mx.example/", "mx.example:465", true, None),
            ("SMTP://127.0.0.1:25", "127.0.0.1:25", false, None),
            ("smtp://[::1]", "[::1]:587", false, None),
            ("smtp://[::1]:25", "[::1]:25", false, None),
            ("smtp://me@h:1", "h:1", false, Some("me")),
            ("smtp://me@example.org@h:1", "h:1", false, Some("me@example.org")),
            ("smtp://me%40example.org@h", "h:587", false, Some("me@example.org")),
            ("smtp://a%3Ab%zz%@h", "h:587", false, Some("a:b%zz%")),
            ("smtp://%E9%AA%86@h", "h:587", false, Some("骆")),
            ("smtp://\u{fc}.example:25", "xn--tda.example:25", false, None),
            ("smtp://骆@\u{fc}.example", "xn--tda.example:587", false, Some("骆")),
        ] {
            let server = Server::parse_with(text, a_labels).unwrap();
            assert_eq!((&*server.to_string(), server.is_tls), (shown, is_tls), "{text}");
            assert_eq!(server.user.as_deref(), user, "{text}");
        }
        for (text, at) in [
            ("", 0),
            ("mx.example:25", 0),
            ("http://mx.example", 0),
            ("smtp://", 7),
            ("smtp://:25", 7),
            ("smtp://a b", 7),
            ("smtp://h/path", 7),
            ("smtp://::1", 7),
            ("smtp://[::1", 7),
            ("smtp://[h]:1", 7),
            ("smtp://h:", 9),
            ("smtp://h:65536", 9),
            ("smtp://h:+1", 9),
            ("smtp://h:0", 9),
            ("smtp://[1::2::3]", 7),
            ("smtp://[a:b]:1", 7),
            ("smtp://a:b]:1", 9),
            ("smtp://h\r\n", 7),
            ("smtp://@h", 7),
            ("smtp://%0a@h", 7),
            ("smtp://%ff@h", 7),
            ("smtp://me:secret@h", 9),
            ("smtp://me@a.\u{378}", 12),
            ("smtp://\u{fc}/path", 7),
        ] {
            let error = Server::parse_with(text, a_labels).unwrap_err();
            assert_eq!(error.offset(), Some(at), "{text:?}");
        }
    }
}
