//! The events of an exchange.

use super::super::config::Remark;
use crate::http::message::body::Framing;
use crate::http::message::head::Head;
use crate::http::message::headers::Headers;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A fault was tolerated, in the head of the next event or in the body.
    Remark(Remark),
    /// An interim response: the final one is still to come.
    Interim(&'a Head),
    /// The final response.
    Head {
        /// Its head.
        head: &'a Head,
        /// Where its body ends.
        framing: Framing,
    },
    /// Bytes of the body. Their division into events has no meaning.
    Body(&'a [u8]),
    /// The fields after a chunked body, if there are any. They are not merged into the head.
    Trailers(&'a Headers),
    /// The response has ended.
    End(End<'a>),
}

/// How a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End<'a> {
    /// Bytes of body, without the framing of chunks.
    pub body_len: u64,
    /// Where the body ended.
    pub framing: Framing,
    /// Why this connection cannot be reused; empty if it can.
    pub close: &'a [&'static str],
}
