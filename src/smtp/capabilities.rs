//! What a server offers: the lines of its reply to EHLO.
//!
//! ```text
//!   250-mx.example.org greets you       the server's name, and words
//!   250-SIZE 10240000                   keyword and parameters, one to a line
//!   250-AUTH PLAIN LOGIN
//!   250-AUTH=LOGIN                      how servers wrote it before there was a standard
//!   250 PIPELINING
//! ```
//!
//! Specification: RFC 5321 §4.1.1.1 (grammar), RFC 1870 (SIZE), RFC 2034 (ENHANCEDSTATUSCODES), RFC
//! 2920 (PIPELINING), RFC 3030 (CHUNKING), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 6152
//! (8BITMIME), RFC 6531 (SMTPUTF8).
//!
//! A line that does not follow the grammar, or whose parameter makes no sense, offers nothing; it
//! is no error, for what it meant to offer is only not used.

use super::reply::{Reply, text};
use crate::text::PeerText;

/// What a server offers. With HELO it is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The name the server gave itself.
    pub host: PeerText<'static>,
    /// Commands may go in groups.
    pub pipelining: bool,
    /// Octets above 127 may stand in a message.
    pub eight_bit_mime: bool,
    /// Addresses and fields may hold UTF-8.
    pub smtputf8: bool,
    /// TLS may be begun.
    pub starttls: bool,
    /// Messages may go in chunks.
    pub chunking: bool,
    /// Replies hold enhanced codes.
    pub enhanced_status_codes: bool,
    /// Whether SIZE is offered, so that it may be said with MAIL.
    pub size: bool,
    /// The longest message in bytes, if the server told one.
    pub size_max: Option<u64>,
    /// The mechanisms of AUTH by their names, upper-case, each once, in the server's order.
    pub auth: Vec<Box<str>>,
    /// All lines but the first as they came: keywords and parameters.
    pub lines: Vec<PeerText<'static>>,
}

impl Capabilities {
    /// Reads the reply to EHLO.
    pub fn of(reply: &Reply) -> Capabilities {
        let mut lines = reply.lines().map(text);
        let first = lines.next().unwrap_or_default();
        let host = first.as_raw_str().split_ascii_whitespace().next().unwrap_or_default();
        let host = PeerText::from(host).keep();
        let mut capabilities = Capabilities { host, ..Capabilities::default() };
        for line in lines {
            capabilities.take(line.as_raw_str());
            capabilities.lines.push(line.keep());
        }
        capabilities
    }

    fn take(&mut self, line: &str) {
        let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
        match &*keyword {
            "PIPELINING" => self.pipelining = true,
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtputf8 = true,
            "STARTTLS" => self.starttls = true,
            "CHUNKING" => self.chunking = true,
            "ENHANCEDSTATUSCODES" => self.enhanced_status_codes = true,
            "SIZE" => {
                self.size = true;
                // RFC 1870 §3: 0 means no fixed maximum.
                let digits = words.next().filter(|word| word.bytes().all(|b| b.is_ascii_digit()));
                self.size_max =
                    digits.and_then(|digits| digits.parse().ok()).filter(|max| *max > 0);
            }
            "AUTH" => words.for_each(|name| self.take_mechanism(name)),
            _ => {
                if let Some(first) = keyword.strip_prefix("AUTH=") {
                    self.take_mechanism(first);
                    words.for_each(|name| self.take_mechanism(name));
                }
            }
        }
    }

    fn take_mechanism(&mut self, name: &str) {
        let name = name.to_ascii_uppercase().into_boxed_str();
        // RFC 4422 §3.1: a name has at most 20 of these characters.
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_name = (1..=20).contains(&name.len()) && name.bytes().all(is_part);
        if is_name && !self.auth.contains(&name) {
            self.auth.push(name);
        }
    }
}
