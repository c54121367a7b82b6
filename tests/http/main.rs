//! HTTP responses against tables of cases, each run whole, byte by byte, at every cut and with
//! trailing bytes; conversations; limits; what goes out; and the oracles.

mod cases;
mod chunks;
mod coding;
mod conversations;
mod limits;
#[path = "../../fuzz/oracles/http_response.rs"]
mod oracle;
mod properties;
mod requests;
mod session;
#[path = "../support/cases.rs"]
mod shared_cases;
mod shown;
#[path = "../support/text.rs"]
mod text;
