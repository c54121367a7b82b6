//! wirewright: network protocols by hand, as state machines without I/O.
//!
//! Files over TCP as length-prefixed JSON with a base64 payload, and the unframed document that
//! teaching scripts send; the client's side of HTTP/1.1 and of SMTP, and a builder of mail; the
//! time in one line, numbered datagrams. It is written to be read, to be measured, to be fuzzed.
//!
//! # The map
//!
//! ```text
//!   main.rs + cli/     the command: arguments → library → report          feature `cli`
//!        │
//!   net/               sockets, TLS, files, time: one reactor, one pump    feature `net`
//!        │
//!   transfer/          PROTOCOL.md · frame · message · client · server · classic
//!   http/              url · request · head · body · chunked · exchange · redirect · coding
//!   mime/              mailbox · word · header · param · transfer_encoding · message · writer
//!   smtp/              reply · capabilities · command · data · auth · client · transcript
//!   daytime, datagram  one line with the time; numbered datagrams, the receiver's books, the pace
//!        │
//!   envelope/          one JSON object with one base64 member of any size
//!   session            the contract: what any conversation can be asked
//!        │
//!   buffer, error      bounded bytes; what can go wrong, in five words
//! ```
//!
//! Imports go one way, downwards. Outside `net` nothing knows a socket, a file, a clock or a
//! thread: the core compiles with `default-features = false`.
//!
//! # Where to begin
//!
//! - How a gigabyte inside a JSON string streams through a few hundred KiB: [`envelope`].
//! - The protocol and its specification: [`transfer`].
//! - How an HTTP response is framed, and why each refusal is there: [`http`].
//! - What a mail message is made of: [`mime`]. How it is handed to a server, and when it is
//!   accepted: [`smtp`].
//! - The smallest of sessions: [`daytime`]. What UDP does to datagrams: [`datagram`].
//! - The six questions that any session answers: [`session`].
//! - Moving files from a program: `net::client` and `net::server`. Fetching over HTTP: `net::http`.
//!   Sending mail: `net::mail`.
//!
//! ```
//! use wirewright::envelope::{Decoder, Event, Limits};
//!
//! let text = br#"{"filename": "hi", "filedata": "aGVsbG8="}"#;
//! let mut decoder = Decoder::new("filedata", Limits::default());
//! let (mut input, mut room, mut payload) = (&text[..], [0; 64], Vec::new());
//! while !input.is_empty() {
//!     let step = decoder.feed(input, &mut room)?;
//!     input = &input[step.consumed..];
//!     if let Event::Payload(len) = step.event {
//!         payload.extend_from_slice(&room[..len]);
//!     }
//! }
//! decoder.finish()?;
//! assert_eq!(payload, b"hello");
//! assert_eq!(decoder.rest(), br#"{"filename": "hi", "filedata": null}"#);
//! # Ok::<(), wirewright::error::Error>(())
//! ```

#![forbid(unsafe_code)]

pub mod buffer;
pub mod datagram;
pub mod daytime;
pub mod envelope;
pub mod error;
pub mod http;
pub mod mime;
#[cfg(feature = "net")]
pub mod net;
pub mod session;
pub mod smtp;
pub mod transfer;
