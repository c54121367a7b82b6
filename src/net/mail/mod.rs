//! Sends mail over one or several SMTP connections, and reports on each message.
//!
//! What it is for: to send messages that [`mime`](crate::mime) builds, or that exist as files, and
//! to learn the outcome for each recipient. The command is `mail`.
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
//! Guarantees:
//!
//! - A report says accepted only if the server's reply to the end of the message was positive, and
//!   unknown if that reply did not come. A message that may have been accepted is never sent again
//!   automatically.
//! - Recipients that a server refuses as too many for one transaction get another transaction.
//! - Addresses that are not ASCII are sent only to servers that offer SMTPUTF8. With another server
//!   the message is sent to the other recipients.
//! - A file is read in blocks while it is sent, so memory does not depend on its length; with
//!   [`send_each`], nor on the number of messages.
//! - A message that cannot be completed (a file has changed, the call was stopped) is not
//!   delivered: the connection closes before the end of the message.
//! - If a connection is lost after it delivered messages, another is opened for messages whose
//!   content was not begun. If a connection fails before that, no further one is opened.
//!
//! # States of a message
//!
//! ```text
//!   waiting ─▶ envelope ─▶ content ─▶ its end is sent ─┬ a reply ─▶ accepted, partial, refused
//!      ▲          │           │                        └ none ────▶ unknown
//!      │          └─ lost ────┴─ a file changed, stopped ─▶ not delivered
//!      └── lost before its content: on a new connection
//! ```
//!
//! # Limits
//!
//! [`Options`], and the limits of its parts: [`smtp::config::Limits`](crate::smtp::config::Limits),
//! [`dial::Limits`](super::transport::dial::Limits),
//! [`connection::Limits`](super::connection::Limits).
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`connections_max`] | 1 | more connections than a server tolerates |
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
