//! An envelope: one JSON object of any size in which one member is base64.
//!
//! ```text
//!   {"filename":"guido.jpg", "filedata":"R0lGODlhAQABAIAAAAUEBA…", "more":[1,2]}
//!   └────────── rest ───────┘└ payload ───────────────────────┘└──── rest ────┘
//!        gathered, bounded        decoded as it passes,               gathered
//!                                 into the caller's room
//! ```
//!
//! Specification: RFC 8259 for the object, RFC 4648 §4 with §3.5 for the payload (standard
//! alphabet, padding required, unused bits zero, no white space).
//!
//! The [`Decoder`] is pushed. It walks the object byte by byte only outside the payload; inside it
//! takes the longest run up to the next `"` or `\` and decodes it with a vector kernel straight
//! into the caller's room. All other members are gathered, with `null` in the place of the payload,
//! into a small bounded buffer which serde_json then judges: so the semantics are serde_json's by
//! construction, and the payload never passes through it. It can stop and go on at every byte,
//! allocates nothing per feed, and needs memory independent of the size of the object.
//!
//! What is refused beyond plain JSON: a text that is not an object, a duplicate member at any
//! depth, nesting of 128 levels or more, anything but white space behind the object, invalid UTF-8
//! anywhere.
//!
//! ```text
//!  Start ─{─▶ Key ─"…"─▶ Colon ─:─▶ Value ─┬─ scalar, string, nested ─▶ After ─,─▶ Key
//!                                          └─ payload member: "  ─▶ Payload ─"─▶ After ─}─▶ Done
//! ```
//!
//! Do not use it for JSON without a large base64 member: serde_json alone is simpler, and faster.

mod base64;
mod decode;
mod encode;
mod rest;
mod scan;

pub use base64::{KERNEL, decode_strict, decoded_len_max, encode_into, encoded_len};
pub use decode::{Decoder, Event, Limits, Step, run_len};
pub use encode::{Encoder, begin, finish};
