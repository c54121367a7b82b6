//! The room that knows the world: sockets, TLS, clocks, names, files, threads.
//!
//! ```text
//!   façades ─▶ reactor ─▶ connection ─▶ driver = session + application
//!                 │           └▶ transport: stream (plain | handshaking | TLS)
//!                 ├▶ sockets of datagrams                          files (disk)
//!                 └▶ timers, signals, accept
//! ```
//!
//! What it is for: to run the sessions of the other rooms over real sockets. One reactor is one
//! thread; it runs sessions of different protocols at the same time. Everything a protocol means
//! is decided in its own room; here bytes are moved, time is kept, and files are made durable.
//!
//! Specification: RFC 9293 (TCP), RFC 768 (UDP), RFC 8446 (TLS), RFC 8305 (which address first);
//! for files `PROTOCOL.md` §6 and §7.
//!
//! # Where to look
//!
//! | room | subject |
//! |---|---|
//! | [`transfer`] | the file transfer, framed and classic: list, get, put; serve |
//! | [`http`] | many fetches at once, downloads |
//! | [`mail`] | letters in, reports out |
//! | [`daytime`], [`udp`] | the time; numbered datagrams at a steady rate |
//! | [`reactor`] | one thread, one poll: accept, timers, signals, UDP |
//! | [`connection`] | one connection; [`Application`](connection::Application): write your own |
//! | [`transport`] | from a name to a connected socket; plain or TLS, and from one to the other |
//! | [`files`] | beneath a root, unfinished, verified, durable |
//!
//! # States of a connection
//!
//! ```text
//!   accepted, or dialed
//!      │
//!      ├─ plain ────────────────┐         Wants::Done, or the stream broke
//!      │                        ▼                  ┌─────────────▶ closed
//!      └─ TLS ─▶ Handshake ─▶ Open ────────────────┤                 ▲
//!                   ▲  │        │                  │                 │ the peer has ended, or
//!                   │  │        │ Wants::Upgrade   │                 │ linger_wait is over
//!                   │  │        ▼                  ▼                 │
//!                   └──┼────────┘        Wants::Close, or an error   │
//!                      │                           │                 │
//!                      └─ failed ───────────▶ Flushing ─▶ Lingering ─┘
//!                                       last words    our half has ended
//! ```
//!
//! Lingering is why the last bytes arrive: closing a socket on which unread bytes stand resets the
//! connection, and a reset overtakes what was sent before it (RFC 1122 §4.2.2.13).
//!
//! # Limits
//!
//! [`connection::Limits`], for one reactor and its connections; lengths in bytes. Each façade has
//! its own in its `Options`.
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`write_bytes_max`] | 540,672 | output that leaves the cache before it is sent |
//! | [`read_bytes_max`] | 262,144 | input that leaves the cache before it is decoded |
//! | [`out_bytes_budget`] | 4,194,304 | thousands of peers that do not read |
//! | [`out_bytes_min`] | 16,384 | output so short that every write is a waste |
//! | [`memory_bytes_budget`] | 14,680,064 | thousands that send half of a long message |
//! | [`kernel_bytes_budget`] | 134,217,728 | thousands that ask and do not read |
//! | [`wake_bytes_budget`] | 8,388,608 | one quick connection that lets all others wait |
//! | [`nap`] | 20 µs | waking for each segment of a file |
//! | [`nap_after_bytes`] | 98,304 | napping when there is nothing to gather |
//! | [`written_quantum`] | 4,096 | a peer that reads a byte now and then |
//! | [`handshake_wait`] | 10 s | who connects and does not begin TLS |
//! | [`flush_wait`] | 5 s | last words to one who does not read |
//! | [`linger_wait`] | 2 s | a peer that never ends its half |
//! | [`linger_bytes_max`] | 1,048,576 | one that goes on sending instead |
//! | [`bytes_per_second_max`] | none | a transfer that takes the whole line |
//!
//! [`write_bytes_max`]: connection::Limits::write_bytes_max
//! [`read_bytes_max`]: connection::Limits::read_bytes_max
//! [`out_bytes_budget`]: connection::Limits::out_bytes_budget
//! [`out_bytes_min`]: connection::Limits::out_bytes_min
//! [`memory_bytes_budget`]: connection::Limits::memory_bytes_budget
//! [`kernel_bytes_budget`]: connection::Limits::kernel_bytes_budget
//! [`wake_bytes_budget`]: connection::Limits::wake_bytes_budget
//! [`nap`]: connection::Limits::nap
//! [`nap_after_bytes`]: connection::Limits::nap_after_bytes
//! [`written_quantum`]: connection::Limits::written_quantum
//! [`handshake_wait`]: connection::Limits::handshake_wait
//! [`flush_wait`]: connection::Limits::flush_wait
//! [`linger_wait`]: connection::Limits::linger_wait
//! [`linger_bytes_max`]: connection::Limits::linger_bytes_max
//! [`bytes_per_second_max`]: connection::Limits::bytes_per_second_max

pub mod connection;
pub mod daytime;
pub mod files;
pub mod http;
pub mod mail;
pub mod reactor;
mod report;
pub mod transfer;
pub mod transport;
pub mod udp;

pub use report::{Activity, Awaited, Failure, FailureKind, FileReport, Meter};
pub use transport::{Error, Spoken};
