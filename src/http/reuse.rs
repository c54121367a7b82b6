//! Whether a connection can carry another request: a list of reasons to close it.
//!
//! ```text
//!   the fields say close ─┐
//!   HTTP/1.0, unasked ────┼─▶ [reasons]   empty: the connection is as good as a new one
//!   the framing says so ──┘
//! ```
//!
//! Specification: RFC 9112 §9.3. A list rather than a flag: who wonders why every request opens a
//! connection of its own is told.

use super::message::head::Head;
use super::message::headers::Headers;

/// The reasons that the fields of a request give.
pub fn of_request(headers: &Headers) -> Option<&'static str> {
    headers.list_has("Connection", "close").then_some("the request said Connection: close")
}

/// The reasons that the head of a final response gives, its framing left out.
pub fn of_response(head: &Head) -> Option<&'static str> {
    if head.headers.list_has("Connection", "close") {
        return Some("the response said Connection: close");
    }
    let keeps = head.headers.list_has("Connection", "keep-alive");
    (head.minor == 0 && !keeps).then_some("HTTP/1.0 without Connection: keep-alive")
}
