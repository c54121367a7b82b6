//! Sending mail: messages in, reports out, over one connection or several.
//!
//! What it is for: to send what [`mime`](crate::mime) builds, or a message that is there already,
//! and to be told what became of each recipient; the command is `mail`.
//!
//! Specification: RFC 5321 and its extensions, by [`crate::smtp`]; RFC 3207 (TLS in place), RFC
//! 8314 §3.3 (TLS from the beginning), RFC 8305 (several addresses at once).
//!
//! ```text
//!   message ─▶ waiting ─▶ connection ─┬─▶ session ─▶ out      the envelope, then the content,
//!    envelope, content        │       ▲                       read and encoded in blocks
//!                             └─ ContentReader
//!   name ─▶ connect ─▶ 220, EHLO, STARTTLS, AUTH ─▶ ready ─▶ messages … ─▶ QUIT
//!                                                               └─▶ Report for each
//! ```
//!
//! What is promised:
//!
//! - A report says accepted when the server has said so after the end of the message, and unknown
//!   where that reply did not come. What may have been taken is never sent again by itself.
//! - Recipients that a server has no room for in one transaction get another one.
//! - Addresses that are not ASCII are sent to servers that offer SMTPUTF8 alone. To another server
//!   the message goes without them, for the other recipients.
//! - A file is read while it is sent, in blocks: what is held does not depend on its length;
//!   nor, by [`send_each`], on how many messages there are.
//! - A message that cannot be finished (a file has changed, we were stopped) is taken back: the
//!   connection closes without the end of it.
//! - A connection that carried messages and was then lost is made anew for those of whose content
//!   nothing was sent. One that comes to nothing ends all of them.
//!
//! # States of a message
//!
//! ```text
//!   waiting ─▶ envelope ─▶ content ─▶ its end is said ─┬ a reply ─▶ accepted, partial, refused
//!      ▲          │           │                        └ none ────▶ unknown
//!      │          └─ lost ────┴─ a file changed, stopped ─▶ it cannot have been taken
//!      └── lost before it began: on a new connection
//! ```
//!
//! # Limits
//!
//! [`Options`], and what its parts bound: [`smtp::config::Limits`](crate::smtp::config::Limits),
//! [`dial::Limits`](super::transport::dial::Limits),
//! [`connection::Limits`](super::connection::Limits).
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`connections_max`] | 1 | more connections than a server likes |
//!
//! [`connections_max`]: Options::connections_max
//!
//! # Example
//!
//! ```no_run
//! use wirewright::mime::{Builder, Date, Limits, Mailbox, MsgId};
//! use wirewright::net::mail::{OutgoingMessage, Options, Server, send};
//!
//! let from = Mailbox::parse("Wang <wang@example.org>")?;
//! let (date, id) = (Date::new(1_795_310_820, 480)?, MsgId::parse("1@example.org")?);
//! let mut builder = Builder::new(from, date, id, 7, Limits::default());
//! builder.to(Mailbox::parse("luo@example.net")?)?;
//! builder.text("Good morning")?;
//! let message = OutgoingMessage::new(builder.build()?, Vec::new())?;
//! let options = Options::new(Server::parse("smtps://mail.example.org")?);
//! for report in send(options, vec![message])? {
//!     println!("{:?}", report.verdict);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attached;
mod client;
mod connection;
mod engine;
mod message;
mod options;
mod queue;
mod reader;
mod report;
mod smtputf8;

pub use crate::smtp::url::Server;
pub use attached::AttachedFile;
pub use client::{check, send, send_each};
pub use message::{Content, OutgoingMessage, Raw};
pub use options::Options;
pub use report::{Recipient, RecipientStatus, Report, ServerProbe};
