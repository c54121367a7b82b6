//! The room that knows the world: sockets, TLS, clocks, names, files, threads.
//!
//! ```text
//!   façades (client, server)  ─▶ reactor ─▶ pump ─▶ conversation = session + application
//!                                  │          └▶ stream (plain | handshaking | TLS)
//!                                  ├▶ posts: sockets of datagrams       files, finisher (disk)
//!                                  └▶ timers, signals, accept
//! ```
//!
//! One reactor is one thread; it runs conversations of different kinds at the same time. Everything
//! a protocol means is decided in its own room; here bytes are moved, time is kept, and files are
//! made durable.

mod calling;
mod classic;
pub mod client;
pub mod datagrams;
pub mod daytime;
pub mod dial;
pub mod endpoint;
mod error;
pub mod files;
pub mod finisher;
mod get;
pub mod http;
pub mod mail;
pub mod names;
mod origin;
mod outlet;
pub mod proxy;
pub mod pump;
mod put;
pub mod reactor;
mod report;
mod serve;
pub mod server;
pub mod stream;
mod talk;
mod target;
pub mod tls;

pub use error::Error;
pub use origin::{Memory, Origin, Supply};
pub use put::Listed;
pub use report::{Failure, FileReport, Meter};
pub use serve::Log;
pub use target::{Destination, Sink};
