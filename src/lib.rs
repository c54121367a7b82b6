//! wirewright: network protocols by hand, as state machines without I/O.
//!
//! Files over TCP as length-prefixed JSON with a base64 payload, and the unframed document that
//! teaching scripts send; the client's side of HTTP/1.1 and of SMTP, and a builder of mail; the
//! time in one line, numbered datagrams. It is written to be read, to be measured, to be fuzzed.
//!
//! This page is an overview. It begins with the two sides of one conversation, joined by a buffer
//! in place of a connection.
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
//! // One byte at a time: no session minds how its input was cut.
//! while !wire.is_empty() {
//!     let eaten = client.receive(&wire.readable()[..1], &mut [])?.consumed;
//!     wire.consume(eaten);
//! }
//! assert_eq!(client.wants(), Wants::Read);
//! client.receive_eof()?;
//! assert_eq!(client.wants(), Wants::Done);
//! assert_eq!(client.line(), Some(&b"2026-11-21 18:43:00.123456"[..]));
//! # Ok::<(), wirewright::error::Error>(())
//! ```
//!
//! The command `wirewright time` runs the same two sessions over a socket in place of the buffer.
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
//!   daytime, datagram  one line with the time; numbered datagrams, their books, their pace
//!   server_hello       version and cipher suite of a TLS handshake, read as they pass
//!        │
//!   envelope/          one JSON object with one base64 member of any size
//!   session            the contract: what any conversation can be asked
//!   base64, digest, name   what several protocols share
//!        │
//!   buffer, error      bounded bytes; what can go wrong, in six words
//!   text               what a peer said, which cannot be printed raw
//! ```
//!
//! Imports go one way, downwards, and the protocol modules never import each other. Code outside
//! [`net`] uses no socket, file, clock, thread or randomness: the core compiles with
//! `default-features = false`. `tests/tidy.rs` checks both rules.
//!
//! | module | specification | begin with |
//! |---|---|---|
//! | [`transfer`] | `PROTOCOL.md`, on its page | [`transfer::server`], [`transfer::client`] |
//! | [`envelope`] | RFC 8259, RFC 4648 | [`envelope::Decoder`], [`envelope::Encoder`] |
//! | [`http`] | RFC 9110, RFC 9112 | [`http::exchange::Exchange`] |
//! | [`mime`] | RFC 5322, RFC 2045 to 2047 | [`mime::message::Builder`], [`mime::writer::Writer`] |
//! | [`smtp`] | RFC 5321 | [`smtp::client::Client`] |
//! | [`daytime`] | RFC 867 | [`daytime::Server`], [`daytime::Client`] |
//! | [`datagram`] | RFC 768, RFC 4737, RFC 3550 | [`datagram::Datagram`], [`datagram::Ledger`] |
//! | [`server_hello`] | RFC 8446 §4.1.3 | [`server_hello::Reader`] |
//! | [`session`] | the contract below | [`session::Session`] |
//! | [`buffer`] | its own picture | [`buffer::Buffer`] |
//! | [`error`] | six words | [`error::Error`] |
//! | [`text`] | its own table | [`text::PeerText`] |
//! | [`name`] | `PROTOCOL.md` §10 | [`name::Name`], [`name::safe`] |
//! | [`base64`] | RFC 4648 | [`base64::encode_into`], [`base64::decode_strict`] |
//! | [`digest`] | BLAKE3, FIPS 180-4 | [`digest::Digester`] |
//! | [`net`] | RFC 9293, RFC 768, RFC 8446 | [`net::transfer`], [`net::http`], [`net::mail`] |
//!
//! The page of each module begins with its purpose, its specification, its grammar or a picture of
//! its bytes, a chart of its states under their names in the code, and a table of its limits.
//!
//! # The contract
//!
//! Whatever the protocol, one side of a connection is a [`Session`](session::Session), and can be
//! asked six questions. The caller owns all bytes and the clock.
//!
//! | question | meaning |
//! |---|---|
//! | [`receive`](session::Session::receive) | eat a prefix of the input, and say what it meant |
//! | [`receive_eof`](session::Session::receive_eof) | the peer ended: is that an end or an error? |
//! | [`offer`](session::Session::offer) | here is body data: how much of it do you take now? |
//! | [`transmit`](session::Session::transmit) | append what you have to say, whole rows only |
//! | [`wants`](session::Session::wants) | what next: read, payload, TLS, close, nothing? |
//! | [`idle_timeout`](session::Session::idle_timeout) | how long may it stay without progress? |
//!
//! The loop law: *receive until nothing more → transmit → write → ask `wants`*. And the law of
//! cuts: the same bytes give the same events, the same error and the same offset, however they are
//! cut. It is what the fuzzers hold every parser against.
//!
//! # One byte's way
//!
//! `wirewright get`, from a file of the server to a file of the client. Whatever its size,
//! no more of it than a few chunks is in memory at a time.
//!
//! ```text
//!   server   file ─▶ block ─▶ base64 run ─▶ envelope ─▶ frame ─▶ output buffer ──▶ socket
//!                                                                                       │
//!   client   name ◀─ rename ◀─ fsync ◀─ verify ◀─ file ◀─ scratch ◀─ envelope ◀─ frame ◀┘
//! ```
//!
//! 1. **File to block.** [`SourceFile::read_at`] reads a piece into a block that the reactor
//!    lends to whoever is driven. The byte is one of
//!    [196,608](transfer::sender::CHUNK_BYTES), which have to stay in the cache of the processor
//!    until they are text.
//! 2. **The session asks for it.** [`wanted`](session::Session::wanted) says which
//!    offset and how many bytes, [`offer`](session::Session::offer) takes them, and
//!    [`Sender`](transfer::sender::Sender) makes a chunk of them.
//! 3. **Frame and envelope open.** [`FrameGuard`](transfer::frame::FrameGuard) leaves four bytes
//!    free, and [`envelope::begin`] writes the members of the chunk, `"type"` to `"crc32"`, and
//!    `"filedata":"`.
//! 4. **Base64 run.** [`encode_into`](base64::encode_into) writes four characters for each three
//!    bytes straight into the output, at vector speed. Then [`envelope::finish`], and the guard
//!    fills in the length: a row is there whole, or not at all.
//! 5. **Output buffer to socket.** The row stands in the [`Buffer`](buffer::Buffer) of its
//!    [`Connection`]. The pump writes it to the [`Stream`], plain or TLS, until the kernel says
//!    `WouldBlock`; the [`Reactor`] remembers who stopped early.
//! 6. **Socket to frame.** On the other machine the reactor lends a read buffer.
//!    [`Client::receive`](transfer::client::Client) hands it to a
//!    [`Reader`](transfer::reader::Reader), whose [`Frames`](transfer::frame::Frames) count how
//!    much of the body is left and never see it.
//! 7. **Envelope to scratch.** [`Decoder::feed`](envelope::Decoder::feed) finds the end of the run
//!    and decodes it into the buffer of the caller, while its frame is still arriving. The other
//!    members are gathered, and are small.
//! 8. **Into its place.** [`Receiver`](transfer::receiver::Receiver) sees that the chunk stands
//!    where the last one ended. The event is [`Payload`](transfer::client::Event::Payload); the
//!    application writes it with [`Partial::write_at`], beside the name that the file will have
//!    (a short file has no name at all before its end: [`AnonymousFile`]).
//! 9. **Verify.** With the chunk's CRC-32 right it counts ([`Partial::chunk_verified`], in the
//!    journal from which an interrupted transfer goes on). At the end size and digest of the whole
//!    are compared; only then comes [`Received`](transfer::client::Event::Received).
//! 10. **fsync, rename, fsync.** [`Finish::run`], on the thread of the [`Finisher`], because a disk
//!     may take seconds. Only now is success said.
//!
//! `wirewright get … --trace` shows the rows of this way, and `wirewright explain frame` takes one
//! of them apart.
//!
//! # Where to begin
//!
//! **To measure it.** `cargo run --release -- bench` climbs from a memory copy to files and to TLS,
//! each rung beside its limit. `benches/README.md` says what was tried and thrown away. The
//! modules that are written for speed are [`envelope`] and [`net::connection`].
//!
//! **To fuzz it.** A target is a property and no call: split invariance, and a round trip or a
//! reading of somebody else's. The oracles are ordinary functions, which `cargo test` replays over
//! the committed seeds; `fuzz/README.md` names them. Begin with [`envelope`], whose oracle is
//! serde_json, and with [`http::message::chunked`].
//!
//! **To study protocols.** `examples/README.md` is a lesson plan in eight lessons, from the time of
//! day to mail with attachments: two programs to run against each other, what to look at, and
//! exercises. Beside it `wirewright explain frame|envelope|http|smtp` shows what a parser sees in
//! bytes, and `--trace`, on every command, what two machines say. Then read [`daytime`], the
//! smallest of sessions, [`session`], and the module of your protocol.
#![cfg_attr(
    feature = "net",
    doc = "

[`net`]: net
[`net::transfer`]: net::transfer
[`net::http`]: net::http
[`net::mail`]: net::mail
[`net::connection`]: net::connection
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
// Without it there are no such pages to lead to.
#![cfg_attr(
    not(feature = "net"),
    doc = "

[`net`]: #the-map
[`net::transfer`]: #the-map
[`net::http`]: #the-map
[`net::mail`]: #the-map
[`net::connection`]: #the-map
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
// docs.rs builds with nightly, and marks every item there with the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

pub mod base64;
pub mod buffer;
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
