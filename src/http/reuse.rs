//! Whether a connection can be reused: the reasons to close it.
//!
//! ```text
//!   Connection: close ──────┐
//!   HTTP/1.0, no keep-alive ┼─▶ [reasons]   empty: the connection can be reused
//!   the framing ────────────┘
//! ```
//!
//! Specification: RFC 9112 §9.3. A list of reasons rather than a flag lets the user see why every
//! request opens a new connection.

use super::message::head::Head;
use super::message::headers::Headers;

/// The reason in the fields of a request.
pub fn of_request(headers: &Headers) -> Option<&'static str> {
    headers.list_has("Connection", "close").then_some("the request said Connection: close")
}

/// The reason in the head of a final response, except its framing.
pub fn of_response(head: &Head) -> Option<&'static str> {
    if head.headers.list_has("Connection", "close") {
        return Some("the response said Connection: close");
    }
    let keeps = head.headers.list_has("Connection", "keep-alive");
    (head.minor == 0 && !keeps).then_some("HTTP/1.0 without Connection: keep-alive")
}
