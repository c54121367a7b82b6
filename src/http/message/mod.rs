//! The syntax of messages: the head, its fields, the framing of the body, chunked coding.
//!
//! Specification: RFC 9112.

pub mod body;
pub mod chunked;
pub mod head;
pub mod headers;
