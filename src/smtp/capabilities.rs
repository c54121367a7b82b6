//! The extensions that a server offers: the lines of its reply to EHLO.
//!
//! ```text
//!   250-mx.example.org greets you       domain and greeting
//!   250-SIZE 10240000                   keyword and parameters, one extension a line
//!   250-AUTH PLAIN LOGIN
//!   250-AUTH=LOGIN                      a form from before RFC 2554
//!   250 PIPELINING
//! ```
//!
//! Specification: RFC 5321 §4.1.1.1 (grammar), RFC 1870 (SIZE), RFC 2034 (ENHANCEDSTATUSCODES), RFC
//! 2920 (PIPELINING), RFC 3030 (CHUNKING), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 6152
//! (8BITMIME), RFC 6531 (SMTPUTF8).
//!
//! A line that breaks the grammar or has an invalid parameter is ignored rather than an error: the
//! extension is then not used.

use super::reply::{Reply, text};
use crate::text::PeerText;

/// The extensions that a server offers. None after HELO.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The domain in the first line of the reply.
    pub host: PeerText<'static>,
    /// PIPELINING: commands may be sent in groups (RFC 2920).
    pub pipelining: bool,
    /// 8BITMIME: a message may hold octets above 127 (RFC 6152).
    pub eight_bit_mime: bool,
    /// SMTPUTF8: addresses and header fields may hold UTF-8 (RFC 6531).
    pub smtputf8: bool,
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
    /// CHUNKING: messages may be sent with BDAT (RFC 3030).
    pub chunking: bool,
    /// ENHANCEDSTATUSCODES: replies hold enhanced codes (RFC 2034).
    pub enhanced_status_codes: bool,
    /// SIZE: MAIL may have the parameter `SIZE=` (RFC 1870).
    pub size: bool,
    /// The largest message in bytes, if the server announced a limit (RFC 1870 §3).
    pub size_max: Option<u64>,
    /// The names of the mechanisms of AUTH in upper case, without duplicates, in the server's
    /// order (RFC 4954 §3).
    pub auth: Vec<Box<str>>,
    /// All lines but the first, unchanged: keywords and parameters.
    pub lines: Vec<PeerText<'static>>,
}

impl Capabilities {
    /// Parses the reply to EHLO.
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
                // 0 means no fixed limit: RFC 1870 §3.
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
        // A name has 1 to 20 of these characters: RFC 4422 §3.1.
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_name = (1..=20).contains(&name.len()) && name.bytes().all(is_part);
        if is_name && !self.auth.contains(&name) {
            self.auth.push(name);
        }
    }
}
