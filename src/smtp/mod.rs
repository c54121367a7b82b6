//! SMTP from the client's side: from the greeting of a server to the reply that takes a message.
//!
//! ```text
//!   S: 220 mx.example.org ready CR LF             replies: three digits, one line or more   reply
//!   C: EHLO client.example CR LF                  commands: one line each                 command
//!   S: 250-mx.example.org CR LF
//!   S: 250-SIZE 10240000 CR LF                    what is offered                    capabilities
//!   S: 250 PIPELINING CR LF
//!   C: AUTH PLAIN AHUAcA== CR LF                  logging in, under TLS                      auth
//!   S: 235 2.7.0 welcome CR LF
//!   C: MAIL FROM:<a@example.org> SIZE=1234 CR LF  an envelope, as one group ┐
//!   C: RCPT TO:<b@example.net> CR LF                                        │
//!   C: DATA CR LF                                                           │
//!   S: 250 Ok CR LF 250 Ok CR LF 354 go CR LF     each reply has its command├ client
//!   C: From: … CR LF                              the message, its lines    │
//!   C: ..a line with a dot CR LF                  with dots doubled         │                data
//!   C: . CR LF                                    its end                   │
//!   S: 250 2.0.0 queued CR LF                     only now it is accepted   ┘
//!   C: QUIT CR LF
//! ```
//!
//! Specification: RFC 5321, with RFC 1870 (SIZE), 2034 and 3463 (enhanced codes), 2920
//! (PIPELINING), 3030 (BDAT), 3207 (STARTTLS), 4954 (AUTH), 6152 (8BITMIME) and 6531 (SMTPUTF8).
//!
//! # What is promised
//!
//! - **A message cannot become two.** Nothing but CR LF ends a line on the wire; the end of a
//!   message stands where it was put, and nowhere else. Paths and names are types that hold no
//!   control character.
//! - **Accepted means accepted.** Only the reply to its own end makes a message accepted. Where
//!   that reply does not come it is [unknown](client::Verdict::Unknown), and before its end was
//!   sent it cannot have been taken.
//! - **No secret in clear.** Credentials travel under TLS alone unless it is asked otherwise, and
//!   who has credentials never sends unauthenticated; what a server repeats of them is masked.
//!   Bytes behind the reply to STARTTLS are an
//!   error, and what was offered before TLS is forgotten.
//! - **Bounded.** Every reply, list, round and wait has its limit in [`config::Limits`].
//!
//! # Where to look
//!
//! - [`client`]: the session, which holds all of this together; begin there.
//! - [`reply`]: the parser. [`capabilities`]: what a server offers. [`command`]: what is said.
//! - [`data`]: the message on the wire. [`auth`]: SASL. [`config`]: every limit and wait.
//! - [`transcript`]: a conversation for people to read.
//!
//! ```
//! use wirewright::buffer::Buffer;
//! use wirewright::session::Session as _;
//! use wirewright::smtp::client::{Client, Envelope, Event, Verdict};
//! use wirewright::smtp::command::{Domain, Path};
//! use wirewright::smtp::config::{Config, StartTls};
//!
//! let mut config = Config::new(Domain::parse("client.example")?);
//! config.starttls = StartTls::Never;
//! let mut client = Client::new(config, false);
//! let mut out = Buffer::with_limit(4096);
//! let mut verdict = None;
//! let mut hear = |client: &mut Client, mut input: &[u8]| {
//!     loop {
//!         let received = client.receive(input, &mut [])?;
//!         input = &input[received.consumed..];
//!         match received.event {
//!             Some(Event::Outcome(outcome)) => verdict = Some(outcome.verdict),
//!             Some(_) => {}
//!             None => return Ok::<(), wirewright::error::Error>(()),
//!         }
//!     }
//! };
//! hear(&mut client, b"220 mx ready\r\n")?;
//! client.transmit(&mut out);
//! hear(&mut client, b"250-mx\r\n250 PIPELINING\r\n")?;
//! client.send(Envelope {
//!     from: Path::parse("a@example.org")?,
//!     recipients: vec![Path::parse("b@example.net")?],
//!     size: None,
//!     is_8bit: false,
//!     needs_smtputf8: false,
//! })?;
//! client.transmit(&mut out);
//! hear(&mut client, b"250 Ok\r\n250 Ok\r\n354 go\r\n")?;
//! client.offer(b"Subject: x\r\n\r\n.dot\r\n", &mut out)?;
//! client.finish_message()?;
//! client.transmit(&mut out);
//! assert!(out.readable().ends_with(b"DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\n"));
//! hear(&mut client, b"250 queued\r\n")?;
//! assert_eq!(verdict, Some(Verdict::Accepted));
//! # Ok::<(), wirewright::error::Error>(())
//! ```

pub mod auth;
pub mod capabilities;
pub mod client;
pub mod command;
pub mod config;
pub mod data;
pub mod reply;
mod secrets;
pub mod transcript;
