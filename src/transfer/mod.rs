//! Files over TCP as length-prefixed JSON with a base64 payload, and the classic unframed protocol.
//!
//! ```text
//!   bytes ─▶ frame ─▶ envelope ─▶ message ─▶ client | server ─▶ events ─▶ application
//!            length   members,   typed      order, states     │
//!                     payload               sender, receiver ──┘ offsets, checksums, digest
//! ```
//!
//! What it is for: to list, get and put files between two machines, verified, and to resume
//! interrupted transfers (the framed protocol); to exchange files with scripts that send
//! `{"filename": …, "filedata": …}`.
//!
//! The specification is `PROTOCOL.md`, which follows: the bytes in its §3 and §5, the messages in
//! §4. [`reader`] parses bytes into messages and runs of payload, and [`form`] checks their values.
//! [`sender`] and [`receiver`] each transfer one file. [`client`] and [`server`] are the two sides
//! of a connection, as sessions. [`classic`] is the protocol without frames. [`transcript`] writes
//! one line for each message of a connection.
//!
//! # States
//!
//! ```text
//!   client::Client   Hello ─hello─▶ (Auth ─welcome─▶) Ready ─ end(), all answered ─▶ Closing
//!     a list   List ─entries, more─▶ List … ─entries─▶ the event Entries with more = false
//!     a get    Get ─file─▶ Receiving ─chunk … end─▶ the event Received
//!     a put    Put ─ready─▶ Granted ─start_put─▶ Sending ─▶ Sent ─done─▶ the event Done
//!     cancelled: Dropped, until its end or its error is received
//!
//!   server::Server   Hello ─hello─▶ (Auth ─auth─▶) Ready ─ fatal error, or the end ─▶ Closing
//!     Idle ─request─▶ Asked ─┬ entries … ────────────────────────────────────────▶ Idle
//!                            ├ file ──▶ Sending ─ offer … end ───────────────────▶ Idle
//!                            ├ ready ─▶ Receiving ─ chunk … end ─▶ Finishing ─done▶ Idle
//!                            ├ ready ─▶ Comparing ─ end ─────────▶ Finishing ─done▶ Idle
//!                            └ refuse ───────────────────────────────────────────▶ Idle
//!
//!   classic::ClassicServer   Head ─▶ Payload ─▶ Closing
//!   classic::ClassicClient   the states of envelope::Decoder
//! ```
//!
//! # Limits
//!
//! [`client::Limits`] and [`server::Limits`]; lengths in bytes.
//!
//! | name | client | server | what it guards against |
//! |---|---|---|---|
//! | [`frame_bytes_max`] | 1,048,576 | 1,048,576 | a length that claims memory |
//! | [`pending_max`] | – | 64 | endless requests without reading the answers |
//! | [`hello_wait`] | – | 10 s | a client that connects and sends nothing |
//! | [`idle_wait`] | – | 300 s | a client that stays and requests nothing |
//! | [`answer_wait`] | 30 s | 600 s | a server, or the server's application, that does not answer |
//! | [`transfer_wait`] | 30 s | 30 s | a file that arrives too slowly, or not at all |
//! | [`payload_quantum`] | 4,096 | 4,096 | a peer that sends single bytes to avoid the timeout |
//! | [`done_wait`] | 600 s | – | a disk whose fsync does not return |
//! | [`list_entries_max`] | 16777216 | – | an endless listing |
//! | [`hash_rate`] | 67,108,864 | 67,108,864 | a timeout while the peer hashes, bytes a second |
//!
//! The protocol fixes the limits of a message's members: [`form::Limits`]. The classic protocol has
//! its own: [`classic::Limits`].
//!
//! # Two sessions, one buffer each way
//!
//! ```
//! use wirewright::buffer::Buffer;
//! use wirewright::session::{Session as _, Wanted};
//! use wirewright::transfer::client::{Client, Event};
//! use wirewright::digest::Digester;
//! use wirewright::name::Name;
//! use wirewright::transfer::server::{Event as Asked, FileMeta, Server};
//!
//! let mut client = Client::new(Default::default(), "00112233445566778899aabbccddeeff");
//! let mut server = Server::new(Default::default(), "ffeeddccbbaa99887766554433221100");
//! let (mut up, mut down) = (Buffer::with_limit(4096), Buffer::with_limit(4096));
//! let (mut scratch, mut file, mut verified) = ([0; 64], Vec::new(), false);
//! let meta = FileMeta { size: 5, modified: "2026-11-21T18:43:00Z", etag: "5-1", offset: 0 };
//!
//! // Hello and hello, get and file: two rounds.
//! for _round in 0..2 {
//!     client.transmit(&mut up);
//!     loop {
//!         // Until nothing more: an event may be ready without any input.
//!         let received = server.receive(up.readable(), &mut scratch)?;
//!         let (consumed, event) = (received.consumed, received.into_event());
//!         let (asked, idle) = (matches!(event, Some(Asked::Request(_))), event.is_none());
//!         up.consume(consumed);
//!         if asked {
//!             server.file(&meta, Digester::new(server.digest_kind()))?;
//!         } else if consumed == 0 && idle {
//!             break;
//!         }
//!     }
//!     if let Some(Wanted { offset, len }) = server.wanted(&down) {
//!         server.offer(&b"hello"[offset as usize..][..len], &mut down)?;
//!     }
//!     server.transmit(&mut down);
//!     loop {
//!         let received = client.receive(down.readable(), &mut scratch)?;
//!         let (consumed, idle) = (received.consumed, !received.is_event());
//!         let mut greeted = false;
//!         match received.into_event() {
//!             Some(Event::Welcome(_)) => greeted = true,
//!             Some(Event::Payload { bytes, .. }) => file.extend_from_slice(bytes),
//!             Some(Event::Received { .. }) => verified = true, // by its digest
//!             _ => {}
//!         }
//!         down.consume(consumed);
//!         if greeted {
//!             client.get(&Name::new("hello.txt")?, None)?;
//!         } else if consumed == 0 && idle {
//!             break;
//!         }
//!     }
//! }
//! assert!(verified);
//! assert_eq!(file, b"hello");
//! # Ok::<(), wirewright::error::Error>(())
//! ```
//!
//! [`frame_bytes_max`]: server::Limits::frame_bytes_max
//! [`pending_max`]: server::Limits::pending_max
//! [`hello_wait`]: server::Limits::hello_wait
//! [`idle_wait`]: server::Limits::idle_wait
//! [`answer_wait`]: client::Limits::answer_wait
//! [`transfer_wait`]: server::Limits::transfer_wait
//! [`payload_quantum`]: server::Limits::payload_quantum
//! [`done_wait`]: client::Limits::done_wait
//! [`list_entries_max`]: client::Limits::list_entries_max
//! [`hash_rate`]: server::Limits::hash_rate
//!
#![doc = include_str!("PROTOCOL.md")]

mod chunk;
pub mod classic;
pub mod client;
mod code;
pub mod config;
pub mod form;
pub mod frame;
pub mod message;
pub mod place;
pub mod reader;
pub mod receiver;
pub mod sender;
pub mod server;
pub mod token;
pub mod transcript;

pub use code::Code;
