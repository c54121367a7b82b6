//! wirewright implements network protocols by hand, as state machines without I/O.
//!
//! It has a file transfer with length-prefixed JSON messages and base64 payload, and the unframed
//! JSON document that teaching scripts send; an HTTP/1.1 client; an SMTP client with a MIME
//! builder; a daytime service and numbered UDP datagrams. One mio reactor drives all of them. The
//! code is written to be read, measured and fuzzed.
//!
//! Every protocol is a [`Session`](session::Session): it consumes bytes and returns events, and
//! appends what it has to send to a buffer. This is a server and its client, connected by a
//! buffer:
//!
//! ```
//! use wirewright::buffer::Buffer;
//! use wirewright::daytime::{Client, Limits, Moment, Server};
//! use wirewright::session::{Session as _, Wants};
//!
//! let moment = Moment::parse(b"2026-11-21 18:43:00.123456")?;
//! let mut server = Server::new(Limits::default(), moment);
//! let mut client = Client::new(Limits::default());
//! let mut wire = Buffer::with_limit(4096);
//!
//! server.transmit(&mut wire);
//! assert_eq!(wire.readable(), b"2026-11-21 18:43:00.123456\n");
//! assert_eq!(server.wants(), Wants::Close);
//!
//! // One byte at a time: the result does not depend on how the input is cut.
//! while !wire.is_empty() {
//!     let consumed = client.receive(&wire.readable()[..1], &mut [])?.consumed;
//!     wire.consume(consumed);
//! }
//! assert_eq!(client.wants(), Wants::Read);
//! client.receive_eof()?;
//! assert_eq!(client.wants(), Wants::Done);
//! assert_eq!(client.line(), Some(&b"2026-11-21 18:43:00.123456"[..]));
//! # Ok::<(), wirewright::error::Error>(())
//! ```
//!
//! The command `wirewright time` uses the same two sessions with a socket in place of the buffer.
//!
//! # The map
//!
//! ```text
//!   bin/wirewright/    the command: arguments → library → report         feature `cli`
//!        │
//!   net/               transfer, http, mail, daytime, udp: façades       feature `net`
//!        │             reactor → connection → transport → files
//!        │
//!   transfer/          PROTOCOL.md · frame · message · client · server · classic
//!   http/              url · request · message · exchange · redirect · coding · proxy
//!   mime/              mailbox · word · header · param · transfer_encoding · message · writer
//!   smtp/              url · reply · command · data · auth · client · transcript
//!   daytime, datagram  one line with the time; numbered datagrams, loss statistics, pacing
//!   server_hello       version and cipher suite of a TLS handshake, read as they pass
//!        │
//!   envelope/          one JSON object with one base64 member of any size
//!   session            the contract between a protocol and its driver
//!   base64, digest, name   shared by several protocols
//!        │
//!   buffer, error      bounded buffers; six kinds of errors
//!   text               text from a peer; printed with escapes
//! ```
//!
//! Imports go downwards only, and protocol modules never import each other. Outside [`net`] no
//! code uses a socket, a file, a clock, a thread or randomness: the core compiles with
//! `default-features = false` and for `wasm32-unknown-unknown`. `tests/architecture` checks the
//! imports.
//!
//! | module | specification | begin with |
//! |---|---|---|
//! | [`transfer`] | `PROTOCOL.md`, on its page | [`transfer::server`], [`transfer::client`] |
//! | [`envelope`] | RFC 8259, RFC 4648 | [`envelope::Decoder`], [`envelope::Encoder`] |
//! | [`http`] | RFC 9110, RFC 9112 | [`http::exchange::Exchange`] |
//! | [`mime`] | RFC 5322, RFC 2045 to 2047 | [`mime::Builder`], [`mime::Writer`] |
//! | [`smtp`] | RFC 5321 | [`smtp::client::Client`] |
//! | [`daytime`] | RFC 867 | [`daytime::Server`], [`daytime::Client`] |
//! | [`datagram`] | RFC 768, RFC 4737, RFC 3550 | [`datagram::Datagram`], [`datagram::Receiver`] |
//! | [`server_hello`] | RFC 8446 §4.1.3 | [`server_hello::Reader`] |
//! | [`session`] | the contract below | [`session::Session`] |
//! | [`buffer`] | none | [`buffer::Buffer`] |
//! | [`error`] | none | [`error::Error`] |
//! | [`text`] | none | [`text::PeerText`] |
//! | [`name`] | `PROTOCOL.md` §10 | [`name::Name`], [`name::safe`] |
//! | [`base64`] | RFC 4648 | [`base64::encode_into`], [`base64::decode_strict`] |
//! | [`digest`] | BLAKE3, FIPS 180-4 | [`digest::Digester`] |
//! | [`net`] | RFC 9293, RFC 768, RFC 8446 | [`net::transfer`], [`net::http`], [`net::mail`] |
//!
//! The page of each module begins with its purpose, its specification, its grammar or the layout
//! of its bytes, a chart of its states with the names they have in the code, and a table of its
//! limits.
//!
//! # The contract
//!
//! One side of a connection is a [`Session`](session::Session), whatever the protocol. The caller
//! owns all buffers and the clock.
//!
//! | method | meaning |
//! |---|---|
//! | [`receive`](session::Session::receive) | consume a prefix of the input and return an event |
//! | [`receive_eof`](session::Session::receive_eof) | the peer ended: success, or an error |
//! | [`offer`](session::Session::offer) | take payload; returns how many bytes were taken |
//! | [`transmit`](session::Session::transmit) | append what is to be sent, in whole messages |
//! | [`wants`](session::Session::wants) | what is next: read, payload, TLS, close, nothing |
//! | [`idle_timeout`](session::Session::idle_timeout) | the longest wait without progress |
//!
//! The driver's loop is: *receive until nothing more is consumed, transmit, write, ask `wants`*.
//! Two rules hold for every session. Where the input is cut does not matter: the same bytes give
//! the same events, the same error and the same offset. And a session that failed returns the same
//! error for ever. The fuzz targets check every parser for both.
//!
//! With the feature `net`, a session and an [`Application`] that answers its events run on the
//! reactor: `examples/echo_lines.rs` defines a protocol and serves it with 25 more lines.
//!
//! # The path of one byte
//!
//! `wirewright get` copies a file of the server to a file of the client in these steps. At most a
//! few chunks are in memory, whatever the size of the file.
//!
//! ```text
//!   server   file ─▶ block ─▶ base64 run ─▶ envelope ─▶ frame ─▶ output buffer ─▶ socket
//!                                                                                    │
//!   client   name ◀─ rename ◀─ fsync ◀─ verify ◀─ file ◀─ chunk ◀─ envelope ◀─ frame ◀┘
//! ```
//!
//! 1. **File to block.** [`SourceFile::read_at`] reads a piece of the file into a block that the
//!    reactor lends to the connection. A block has [196,608](transfer::sender::CHUNK_BYTES) bytes,
//!    so that it is still in the processor's cache when it is encoded.
//! 2. **The session asks for it.** [`wanted`](session::Session::wanted) returns the offset and the
//!    length, [`offer`](session::Session::offer) takes the bytes, and
//!    [`Sender`](transfer::sender::Sender) makes a chunk of them.
//! 3. **Frame and envelope open.** [`FrameGuard`](transfer::frame::FrameGuard) reserves four bytes
//!    for the length, and [`envelope::begin`] writes the members of the chunk, `"type"` to
//!    `"crc32"`, and `"filedata":"`.
//! 4. **Base64.** [`encode_into`](base64::encode_into) writes four characters for every three bytes
//!    into the output, with vector instructions. [`envelope::finish`] closes the object, and the
//!    guard fills in the length. The output holds the complete frame, or nothing of it.
//! 5. **Output buffer to socket.** The frame is in the [`Buffer`](buffer::Buffer) of its
//!    [`Connection`], which writes it to the [`Stream`], plain or TLS, until the kernel returns
//!    `WouldBlock`. mio reports readiness once, so the [`Reactor`] keeps a list of the connections
//!    that paused before `WouldBlock`.
//! 6. **Socket to frame.** On the other machine the reactor lends a read buffer. The client's
//!    [`Reader`](transfer::reader::Reader) counts with [`Frames`](transfer::frame::Frames) how
//!    much of the frame is left.
//! 7. **Envelope to chunk.** [`Decoder::feed`](envelope::Decoder::feed) finds the end of the
//!    base64 text and decodes it into the scratch space that was lent, while the rest of the frame
//!    is still arriving. The other members are small, and are kept.
//! 8. **Chunk to file.** [`Receiver`](transfer::receiver::Receiver) checks that the chunk begins
//!    where the last one ended. The client returns the event
//!    [`Payload`](transfer::client::Event::Payload), and the application writes the bytes with
//!    [`Partial::write_at`] to a temporary file beside the final name. A short file has no name
//!    until it is complete: [`AnonymousFile`].
//! 9. **Verify.** When the CRC-32 of the chunk is right, [`Partial::chunk_verified`] records it in
//!    the journal from which an interrupted transfer resumes. At the end the size and the digest of
//!    the whole file are compared. Only then does the client return the event
//!    [`Received`](transfer::client::Event::Received).
//! 10. **fsync, rename, fsync.** [`Finish::run`] does this on the thread of the [`Finisher`], since
//!     a disk may take seconds. Only then is success reported.
//!
//! `wirewright get … --trace` shows these frames as they pass, and `wirewright explain frame`
//! shows the parts of one.
//!
//! # Where to begin
//!
//! **To measure it.** `cargo run --release -- bench` measures each step from a memory copy to
//! files and TLS, each beside its limit. `benches/README.md` says what was tried and rejected. The
//! modules that matter for speed are [`envelope`] and [`net::connection`].
//!
//! **To fuzz it.** Each target checks a property: the same result for every cut of the input, and
//! a round trip or agreement with another implementation. The oracles are ordinary functions,
//! which `cargo test` runs over the committed seeds; `fuzz/README.md` names them. Begin with
//! [`envelope`], whose oracle is serde_json, and with [`http::message::chunked`].
//!
//! **To study protocols.** `examples/README.md` has eight lessons, from the time of day to mail
//! with attachments: two programs to run against each other, what to look at, and exercises.
//! `wirewright explain frame|envelope|http|smtp` shows what a parser sees in bytes, and `--trace`,
//! on every command, shows the messages of both sides. Then read [`daytime`], the smallest
//! sessions, [`session`], and the module of your protocol.
#![cfg_attr(
    feature = "net",
    doc = "

[`net`]: net
[`net::transfer`]: net::transfer
[`net::http`]: net::http
[`net::mail`]: net::mail
[`net::connection`]: net::connection
[`Application`]: net::connection::Application
[`SourceFile::read_at`]: net::files::SourceFile::read_at
[`Connection`]: net::connection::Connection
[`Stream`]: net::transport::stream::Stream
[`Reactor`]: net::reactor::Reactor
[`Partial::write_at`]: net::files::Partial::write_at
[`Partial::chunk_verified`]: net::files::Partial::chunk_verified
[`AnonymousFile`]: net::files::AnonymousFile
[`Finish::run`]: net::files::Finish::run
[`Finisher`]: net::files::finisher::Finisher
"
)]
// Without the feature `net` these pages do not exist.
#![cfg_attr(
    not(feature = "net"),
    doc = "

[`net`]: #the-map
[`net::transfer`]: #the-map
[`net::http`]: #the-map
[`net::mail`]: #the-map
[`net::connection`]: #the-map
[`Application`]: #the-map
[`SourceFile::read_at`]: #the-map
[`Connection`]: #the-map
[`Stream`]: #the-map
[`Reactor`]: #the-map
[`Partial::write_at`]: #the-map
[`Partial::chunk_verified`]: #the-map
[`AnonymousFile`]: #the-map
[`Finish::run`]: #the-map
[`Finisher`]: #the-map
"
)]
// docs.rs builds with nightly, which marks every item with the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

pub mod base64;
pub mod buffer;
mod calendar;
pub mod datagram;
pub mod daytime;
pub mod digest;
pub mod envelope;
pub mod error;
pub mod http;
pub mod mime;
pub mod name;
#[cfg(feature = "net")]
pub mod net;
pub mod server_hello;
pub mod session;
pub mod smtp;
pub mod text;
pub mod transfer;

/// The example of `README.md`, which `cargo test --doc` compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
