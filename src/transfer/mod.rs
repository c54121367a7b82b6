//! Files over TCP as length-prefixed JSON with a base64 payload, and the classic unframed wire.
//!
//! ```text
//!   bytes ─▶ frame ─▶ envelope ─▶ message ─▶ client | server ─▶ events ─▶ application
//!            length   (its room)  typed      order, states     │
//!                                            sender, receiver ─┘ offsets, checksums, digest
//! ```
//!
//! What it is for: to list, get and put files between two machines, verified, and resumed where
//! they were interrupted; and to speak with the scripts that send `{"filename": …, "filedata": …}`.
//!
//! The specification is `PROTOCOL.md`, which follows: the bytes in its §3 and §5, the messages in
//! §4. [`reader`] turns bytes into messages and runs of payload, [`form`] judges their values;
//! [`sender`] and [`receiver`] each know one file on its way; [`client`] and [`server`]
//! are the two sides of a connection, as sessions; [`classic`] is the wire without frames;
//! [`transcript`] reads a conversation along and puts it into words.
//!
//! # States
//!
//! ```text
//!   client::Client   Hello ─hello─▶ (Auth ─welcome─▶) Ready ─ end(), all answered ─▶ Closing
//!     a list   List ─entries, more─▶ List … ─entries─▶ the event Entries with more = false
//!     a get    Get ─file─▶ Receiving ─chunk … end─▶ the event Received
//!     a put    Put ─ready─▶ Granted ─start_put─▶ Sending ─▶ Sent ─done─▶ the event Done
//!     given up: Dropped, until its end or its error has come
//!
//!   server::Server   Hello ─hello─▶ (Auth ─auth─▶) Ready ─ fatal error, or through ─▶ Closing
//!     Idle ─request─▶ Asked ─┬ entries … ────────────────────────────────────────▶ Idle
//!                            ├ file ──▶ Sending ─ offer … end ───────────────────▶ Idle
//!                            ├ ready ─▶ Receiving ─ chunk … end ─▶ Finishing ─done▶ Idle
//!                            ├ ready ─▶ Comparing ─ end ─────────▶ Finishing ─done▶ Idle
//!                            └ refuse ───────────────────────────────────────────▶ Idle
//!
//!   classic::ClassicServer   Head ─▶ Payload ─▶ Closing
//!   classic::ClassicClient   the places of an envelope
//! ```
//!
//! # Limits
//!
//! [`client::Limits`] and [`server::Limits`]; lengths in bytes. What both sides have stands once.
//!
//! | name | client | server | what it guards against |
//! |---|---|---|---|
//! | [`frame_bytes_max`] | 1,048,576 | 1,048,576 | a length that claims memory |
//! | [`pending_max`] | – | 64 | requests without end, and none read |
//! | [`hello_wait`] | – | 10 s | who connects and says nothing |
//! | [`idle_wait`] | – | 300 s | who stays and asks nothing |
//! | [`answer_wait`] | 30 s | 600 s | a server that is silent; an application that is |
//! | [`transfer_wait`] | 30 s | 30 s | a file that trickles, or does not come |
//! | [`payload_quantum`] | 4,096 | 4,096 | a byte now and then, sent to look alive |
//! | [`done_wait`] | 600 s | – | a disk that does not come back from its sync |
//! | [`list_entries_max`] | 16777216 | – | a listing without end |
//! | [`hash_rate`] | 67,108,864 | 67,108,864 | impatience with who hashes, bytes a second |
//!
//! How long the members of a message may be is fixed by the protocol: [`form::Limits`]. The classic
//! wire has its own: [`classic::Limits`].
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
//! let (mut room, mut file, mut verified) = ([0; 64], Vec::new(), false);
//! let meta = FileMeta { size: 5, modified: "2026-11-21T18:43:00Z", etag: "5-1", offset: 0 };
//!
//! // Hello and hello, get and file: two rounds.
//! for _round in 0..2 {
//!     client.transmit(&mut up);
//!     loop {
//!         // Until nothing more: an event may be ready without any input.
//!         let received = server.receive(up.readable(), &mut room)?;
//!         let (eaten, event) = (received.consumed, received.into_event());
//!         let (asked, idle) = (matches!(event, Some(Asked::Request(_))), event.is_none());
//!         up.consume(eaten);
//!         if asked {
//!             server.file(&meta, Digester::new(server.digest_kind()))?;
//!         } else if eaten == 0 && idle {
//!             break;
//!         }
//!     }
//!     if let Some(Wanted { offset, len }) = server.wanted(&down) {
//!         server.offer(&b"hello"[offset as usize..][..len], &mut down)?;
//!     }
//!     server.transmit(&mut down);
//!     loop {
//!         let received = client.receive(down.readable(), &mut room)?;
//!         let (eaten, idle) = (received.consumed, !received.is_event());
//!         let mut greeted = false;
//!         match received.into_event() {
//!             Some(Event::Welcome(_)) => greeted = true,
//!             Some(Event::Payload { bytes, .. }) => file.extend_from_slice(bytes),
//!             Some(Event::Received { .. }) => verified = true, // by its digest
//!             _ => {}
//!         }
//!         down.consume(eaten);
//!         if greeted {
//!             client.get(&Name::new("hello.txt")?, None)?;
//!         } else if eaten == 0 && idle {
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
