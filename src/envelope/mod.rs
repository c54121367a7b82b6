//! An envelope: one JSON object of any size with one base64 member.
//!
//! ```text
//!   {"filename":"guido.jpg", "filedata":"R0lGODlhAQABAIAAAAUEBA…", "more":[1,2]}
//!   └────────── rest ───────┘└ payload ───────────────────────┘└──── rest ────┘
//!        stored, bounded          decoded while it arrives,           stored
//!                                 into the caller's scratch space
//! ```
//!
//! What it is for: a file inside a JSON string, as web interfaces, teaching scripts and the chunks
//! of [`transfer`](crate::transfer) have it. Such objects are read and written in memory that does
//! not depend on the size of the file.
//!
//! Specification: RFC 8259 for the object, RFC 4648 §4 with §3.5 for the payload (standard
//! alphabet, padding required, unused bits zero, no white space).
//!
//! The caller pushes input into the [`Decoder`]. Outside the payload the decoder scans the object
//! byte by byte. Inside the payload it takes the longest run up to the next `"` or `\` and decodes
//! it with a vector kernel into the caller's scratch space. The other members are stored in a small
//! bounded buffer, with `null` in place of the payload, which serde_json then validates: so their
//! semantics are those of serde_json, and the payload never passes through it. The decoder can
//! pause at every byte, and needs memory independent of the size of the payload.
//!
//! Stricter than RFC 8259, the decoder refuses a text that is not an object, a duplicate member
//! name at any depth, and nesting of 128 levels or more.
//!
//! # Grammar
//!
//! ABNF; `value`, `string` and `ws` are those of RFC 8259 §2, §3 and §7:
//!
//! ```text
//! envelope = ws "{" ws [ member *( "," member ) ] "}" ws   no name twice
//! member   = ws string ws ":" ws ( value / payload ) ws
//! payload  = DQUOTE *( 4b64 ) [ last ] DQUOTE               of the member with the payload key
//! last     = 2b64 "==" / 3b64 "="                           unused bits zero: RFC 4648 §3.5
//! b64      = ALPHA / DIGIT / "+" / "/"                      or its escape: "\/", "\u002b"
//! ```
//!
//! # States
//!
//! ```text
//!  Start ─{─▶ FirstKey ─"─▶ InKey ─"─▶ Colon ─:─▶ Value ─┬─ " ────▶ Text ──────────────── " ─┐
//!                │            ▲                          ├─ 1 t f n ▶ Scalar ────────────────┤
//!                │            " ◀─ Key ◀─ , ──┐          ├─ [ { ──▶ Nested ◀─"─▶ NestedText ─┤
//!                │                            │          └─ " of the payload ─▶ Payload ── " ┤
//!                └─ } ─▶ Done ◀────── } ──── After ◀─────────────────────────────────────────┘
//!
//!  Payload:   Run ─ \ ─▶ Escape ─ n, /, u002b … ─▶ Run
//! ```
//!
//! Outside the payload these are the states of a scanner that takes one byte at a time. In the
//! payload a `Run` is taken at once, up to the next `"` or `\`.
//!
//! # Limits
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`rest_bytes_max`] | 65,536 | endless members: all but the payload is stored |
//! | members of one object and those around it | 65,536 | the memory for names to find duplicates |
//! | levels of nesting | 127 | stack overflow; serde_json has the same limit |
//! | [`SCRATCH_BYTES_MIN`](crate::buffer::SCRATCH_BYTES_MIN) | 64 | scratch space for one step |
//!
//! The payload has no limit: the caller counts it.
//!
//! [`rest_bytes_max`]: Limits::rest_bytes_max
//!
//! Do not use it for JSON without a large base64 member: serde_json alone is simpler, and faster.

mod decode;
mod encode;
mod escape;
mod rest;
mod rule;
mod scan;
mod state;
mod syntax;

pub use decode::{Decoder, Event, Limits, Step, run_len};
pub use encode::{Encoder, begin, finish};
pub use state::State;
