//! Everything that touches the operating system: sockets, TLS, timers, names, files, threads.
//!
//! ```text
//!   façades ─▶ reactor ─▶ connection ─▶ driver = session + application
//!                 │           └▶ transport: stream (plain | handshaking | TLS)
//!                 ├▶ UDP sockets                                   files (disk)
//!                 └▶ timers, signals, accept
//! ```
//!
//! This module runs the sessions of the protocol modules over real sockets. One reactor is one
//! thread and runs sessions of different protocols at the same time. The protocol modules decide
//! what a message means; this module moves bytes, keeps timeouts and writes files.
//!
//! Specification: RFC 9293 (TCP), RFC 768 (UDP), RFC 8446 (TLS), RFC 8305 (Happy Eyeballs);
//! for files `PROTOCOL.md` §6 and §7.
//!
//! # Where to look
//!
//! | module | subject |
//! |---|---|
//! | [`transfer`] | the file transfer, framed and classic: list, get, put; serve |
//! | [`http`] | many fetches at once, downloads |
//! | [`mail`] | sending mail over SMTP |
//! | [`daytime`], [`udp`] | date and time (RFC 867); numbered datagrams at a steady rate |
//! | [`RunOptions`] | options of all façades: timeout, cancellation, signals, limits, tap |
//! | [`reactor`] | one thread, one poll: accept, timers, signals, UDP |
//! | [`connection`] | one connection; write your own [`Application`](connection::Application) |
//! | [`transport`] | name resolution, connecting, plain and TLS streams, STARTTLS |
//! | [`files`] | files beneath a root: partial, verified, renamed into place, synced |
//!
//! To cancel a call of any façade from another thread, give its options a
//! [`StopHandle`](reactor::StopHandle) with [`RunOptions::with_cancel`].
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
//!                                       final message   sending half shut down
//! ```
//!
//! A connection that is asked to stop during its handshake is `Stopped`: it closes at once, because
//! no message can be sent before TLS is established.
//!
//! A connection lingers so that its final message arrives: closing a socket that holds unread input
//! resets the connection, and the reset can destroy bytes that were sent before it (RFC 1122
//! §4.2.2.13).
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
//! | [`out_bytes_budget`] | 4,194,304 | unsent output for thousands of peers |
//! | [`out_bytes_min`] | 16,384 | writes of a few bytes |
//! | [`memory_bytes_budget`] | 14,680,064 | thousands of half-received messages |
//! | [`kernel_bytes_budget`] | 134,217,728 | thousands of peers that request and do not read |
//! | [`leftover_bytes_max`] | 1,048,576 | a session that never consumes its input |
//! | [`wake_bytes_budget`] | 8,388,608 | one fast connection that delays all others |
//! | [`nap`] | 20 µs | one wake-up for each segment of a file |
//! | [`nap_after_bytes`] | 98,304 | naps during which nothing arrives |
//! | [`written_quantum`] | 4,096 | a peer that reads one byte at a time |
//! | [`handshake_wait`] | 10 s | a peer that never begins TLS |
//! | [`flush_wait`] | 5 s | a final message to a peer that does not read |
//! | [`linger_wait`] | 2 s | a peer that never ends its sending half |
//! | [`linger_bytes_max`] | 1,048,576 | a peer that keeps sending during that time |
//! | [`bytes_per_second_max`] | none | a transfer that uses the whole link |
//!
//! [`write_bytes_max`]: connection::Limits::write_bytes_max
//! [`read_bytes_max`]: connection::Limits::read_bytes_max
//! [`out_bytes_budget`]: connection::Limits::out_bytes_budget
//! [`out_bytes_min`]: connection::Limits::out_bytes_min
//! [`memory_bytes_budget`]: connection::Limits::memory_bytes_budget
//! [`kernel_bytes_budget`]: connection::Limits::kernel_bytes_budget
//! [`leftover_bytes_max`]: connection::Limits::leftover_bytes_max
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
mod run;
pub mod transfer;
pub mod transport;
pub mod udp;

pub use report::{Activity, Awaited, Failure, FailureKind, FileReport, Meter};
pub use run::RunOptions;
pub use transport::{Error, Spoken};
