//! An envelope: one JSON object of any size in which one member is base64.
//!
//! ```text
//!   {"filename":"guido.jpg", "filedata":"R0lGODlhAQABAIAAAAUEBA…", "more":[1,2]}
//!   └────────── rest ───────┘└ payload ───────────────────────┘└──── rest ────┘
//!        gathered, bounded        decoded as it passes,               gathered
//!                                 into the caller's room
//! ```
//!
//! What it is for: a file inside a JSON string, as web interfaces, teaching scripts and the chunks
//! of [`transfer`](crate::transfer) have it, read and written in memory that does not depend on
//! the size of the file.
//!
//! Specification: RFC 8259 for the object, RFC 4648 §4 with §3.5 for the payload (standard
//! alphabet, padding required, unused bits zero, no white space).
//!
//! The [`Decoder`] is pushed. It walks the object byte by byte only outside the payload; inside it
//! takes the longest run up to the next `"` or `\` and decodes it with a vector kernel straight
//! into the caller's room. All other members are gathered, with `null` in the place of the
//! payload, into a small bounded buffer which serde_json then judges: so the semantics are
//! serde_json's by construction, and the payload never passes through it. It can stop and go on at
//! every byte, allocates nothing per feed, and needs memory independent of the size of the object.
//!
//! What is refused beyond plain JSON: a text that is not an object, a duplicate member at any
//! depth, nesting of 128 levels or more, anything but white space behind the object, invalid UTF-8
//! anywhere.
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
//! Outside the payload these are the places of a scanner that takes one byte at a time. Within it
//! there is no byte at a time: a `Run` goes up to the next `"` or `\`.
//!
//! # Limits
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`rest_bytes_max`] | 65,536 | members without end: all but the payload is held |
//! | members of one object and those around it | 65,536 | a table of names to find duplicates in |
//! | levels of nesting | 127 | a stack that grows with the text; serde_json's own limit |
//! | [`SCRATCH_BYTES_MIN`](crate::buffer::SCRATCH_BYTES_MIN) | 64 | scratch space for one step |
//!
//! The payload has no limit: whoever takes it counts.
//!
//! [`rest_bytes_max`]: Limits::rest_bytes_max
//!
//! Do not use it for JSON without a large base64 member: serde_json alone is simpler, and faster.

mod decode;
mod encode;
mod rest;
mod rule;
mod scan;
mod state;
mod syntax;

pub use decode::{Decoder, Event, Limits, Step, run_len};
pub use encode::{Encoder, begin, finish};
pub use state::State;
