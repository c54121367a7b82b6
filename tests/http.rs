//! HTTP responses against tables of cases, each run whole, byte by byte, at every cut and with
//! trailing bytes; conversations; limits; what goes out; and the oracles.

#[path = "http/cases.rs"]
mod cases;
#[path = "http/chunks.rs"]
mod chunks;
#[path = "http/coding.rs"]
mod coding;
#[path = "http/conversations.rs"]
mod conversations;
#[path = "http/limits.rs"]
mod limits;
#[path = "../fuzz/oracles/http_response.rs"]
mod oracle;
#[path = "http/properties.rs"]
mod properties;
#[path = "http/requests.rs"]
mod requests;
#[path = "http/session.rs"]
mod session;
#[path = "shared/cases.rs"]
mod shared_cases;
#[path = "http/shown.rs"]
mod shown;
#[path = "shared/text.rs"]
mod text;
