//! SMTP client: from the greeting of a server to the reply that accepts a message.
//!
//! ```text
//!   S: 220 mx.example.org ready CR LF             replies: one or more lines          reply
//!   C: EHLO client.example CR LF                  commands: one line each           command
//!   S: 250-mx.example.org CR LF
//!   S: 250-SIZE 10240000 CR LF                    extensions                   capabilities
//!   S: 250 PIPELINING CR LF
//!   C: AUTH PLAIN AHUAcA== CR LF                  authentication, under TLS            auth
//!   S: 235 2.7.0 welcome CR LF
//!   C: MAIL FROM:<a@example.org> SIZE=1234 CR LF  an envelope, pipelined    ┐
//!   C: RCPT TO:<b@example.net> CR LF                                        │
//!   C: DATA CR LF                                                           │
//!   S: 250 Ok CR LF 250 Ok CR LF 354 go CR LF     one reply to each command ├ client
//!   C: From: … CR LF                              the message, its lines    │
//!   C: ..a line with a dot CR LF                  dot-stuffed               │          data
//!   C: . CR LF                                    its end                   │
//!   S: 250 2.0.0 queued CR LF                     the message is accepted   ┘
//!   C: QUIT CR LF
//! ```
//!
//! What it is for: to send messages and to report, for each recipient, whether the server accepted
//! the message. Programs use it through `net::mail`, the command as `mail`.
//!
//! Specification: RFC 5321, with RFC 1870 (SIZE), 2034 and 3463 (enhanced codes), 2920
//! (PIPELINING), 3030 (BDAT), 3207 (STARTTLS), 4954 (AUTH), 6152 (8BITMIME) and 6531 (SMTPUTF8).
//!
//! # Grammar
//!
//! ABNF of RFC 5321 §4.1.1, §4.2 and RFC 2034 §4, limited to what this client sends and accepts:
//!
//! ```text
//! greeting = reply                                              220
//! reply    = *( code "-" [ text ] CRLF ) code [ SP [ text ] ] CRLF     one code in all lines
//! code     = 3DIGIT                                             the first from 2 to 5
//! text     = [ enhanced SP ] *( HTAB / %x20-7E )      with a remark: any octet but CR and LF
//! enhanced = ( "2" / "4" / "5" ) "." 1*3DIGIT "." 1*3DIGIT
//! command  = "EHLO" SP domain CRLF / "HELO" SP domain CRLF / "STARTTLS" CRLF
//!          / "AUTH" SP mechanism [ SP initial ] CRLF *( response CRLF )
//!          / "MAIL FROM:<" [ path ] ">" *( SP parameter ) CRLF / "RCPT TO:<" path ">" CRLF
//!          / "DATA" CRLF / "BDAT" SP 1*DIGIT [ SP "LAST" ] CRLF / "RSET" CRLF / "QUIT" CRLF
//! content  = *( line CRLF ) "." CRLF         behind DATA; a line that begins with "." has two
//! ```
//!
//! # States
//!
//! ```text
//!   Opening ─ 220, EHLO, AUTH ───────────────────────▶ Ready ─end()─▶ Quitting ─221─▶ Closing
//!     │ ▲                                              │   ▲
//!     │ └─ upgraded(): EHLO again ─┐              send │   │ the event Outcome
//!     └─ STARTTLS, 220 ─▶ Upgrading┘                   ▼   │
//!                                                   a message
//!
//!   a message   Mail ─▶ Rcpt … ─┬─────────────▶ Data ─▶ Held ─354─▶ Content ─▶ End ─.─▶ Held
//!                               └▶ Verdict ─┬─▶ Data      after the replies to all recipients
//!                                           └─▶ Content   in chunks: BDAT
//!               354 although all recipients were refused: LoneDot, an empty message
//!
//!   the wire    LineStart, Within, AfterCr: the position in a line
//! ```
//!
//! # Guarantees
//!
//! - **No SMTP smuggling.** Lines on the wire end in CR LF alone, and the sequence that ends a
//!   message occurs only at its end. The types of paths and host names hold no control
//!   characters.
//! - **Accepted means accepted.** Only the reply to the end of a message makes the message
//!   accepted. Without that reply the outcome is [unknown](client::Verdict::Unknown). Before the
//!   end was sent, the server cannot have accepted the message.
//! - **No secret in clear.** Credentials are sent only under TLS, unless
//!   [`config::Config::insecure_auth`] is set. A client with credentials sends no message
//!   unauthenticated. Secrets that a server repeats are masked. Bytes behind the reply to STARTTLS
//!   are an error, and the capabilities from before TLS are discarded (RFC 3207 §4.2).
//! - **Bounded.** Every reply, list, round and wait has a limit in [`config::Limits`].
//!
//! # Where to look
//!
//! - [`client`]: the session, which uses all other modules; begin there.
//! - [`reply`]: the parser. [`capabilities`]: the reply to EHLO. [`command`]: commands.
//! - [`data`]: dot-stuffing. [`auth`]: SASL. [`config`]: every limit and wait.
//! - [`transcript`]: the dialogue as lines for people. [`url`]: `smtp://` and `smtps://`.
//!
//! # Limits
//!
//! [`config::Limits`]; lengths in bytes, for one connection. A wait for which RFC 5321 §4.5.3.2
//! names a minimum is that minimum.
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`reply_line_bytes_max`] | 4,096 | a line that does not end |
//! | [`reply_lines_max`] | 256 | a reply that does not end |
//! | [`reply_bytes_max`] | 65,536 | the same, in long lines |
//! | [`recipients_max`] | 10,000 | memory for an unbounded envelope |
//! | [`transaction_recipients_max`] | 100 | more recipients than servers have to accept |
//! | [`auth_rounds_max`] | 8 | endless challenges |
//! | [`scram_iterations_max`] | 1,000,000 | a server that makes the client hash for hours |
//! | [`chunk_bytes_max`] | 1,048,576 | memory for a chunk of BDAT |
//! | [`chunks_unanswered_max`] | 16 | chunks sent after the server refused the message |
//! | [`greeting_wait`] | 300 s | no greeting |
//! | [`hello_wait`] | 300 s | no reply to EHLO, HELO, STARTTLS |
//! | [`auth_wait`] | 300 s | no reply to a step of AUTH |
//! | [`mail_wait`] | 300 s | no reply to MAIL |
//! | [`rcpt_wait`] | 300 s | no reply to RCPT |
//! | [`data_wait`] | 120 s | no reply to DATA |
//! | [`block_wait`] | 180 s | a server that stops reading the message |
//! | [`end_wait`] | 600 s | no reply to the end of a message; too short a wait means duplicates |
//! | [`reset_wait`] | 300 s | no reply to RSET |
//! | [`quit_wait`] | 10 s | no reply to QUIT |
//! | [`idle_wait`] | 300 s | connections open without a message |
//! | [`payload_quantum`] | 4,096 | a server that reads single bytes to keep the connection open |
//!
//! [`reply_line_bytes_max`]: config::Limits::reply_line_bytes_max
//! [`reply_lines_max`]: config::Limits::reply_lines_max
//! [`reply_bytes_max`]: config::Limits::reply_bytes_max
//! [`recipients_max`]: config::Limits::recipients_max
//! [`transaction_recipients_max`]: config::Limits::transaction_recipients_max
//! [`auth_rounds_max`]: config::Limits::auth_rounds_max
//! [`scram_iterations_max`]: config::Limits::scram_iterations_max
//! [`chunk_bytes_max`]: config::Limits::chunk_bytes_max
//! [`chunks_unanswered_max`]: config::Limits::chunks_unanswered_max
//! [`greeting_wait`]: config::Limits::greeting_wait
//! [`hello_wait`]: config::Limits::hello_wait
//! [`auth_wait`]: config::Limits::auth_wait
//! [`mail_wait`]: config::Limits::mail_wait
//! [`rcpt_wait`]: config::Limits::rcpt_wait
//! [`data_wait`]: config::Limits::data_wait
//! [`block_wait`]: config::Limits::block_wait
//! [`end_wait`]: config::Limits::end_wait
//! [`reset_wait`]: config::Limits::reset_wait
//! [`quit_wait`]: config::Limits::quit_wait
//! [`idle_wait`]: config::Limits::idle_wait
//! [`payload_quantum`]: config::Limits::payload_quantum
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
//! let mut receive = |client: &mut Client, mut input: &[u8]| {
//!     loop {
//!         let received = client.receive(input, &mut [])?;
//!         input = &input[received.consumed..];
//!         match received.into_event() {
//!             Some(Event::Outcome(outcome)) => verdict = Some(outcome.verdict),
//!             Some(_) => {}
//!             None => return Ok::<(), wirewright::error::Error>(()),
//!         }
//!     }
//! };
//! receive(&mut client, b"220 mx ready\r\n")?;
//! client.transmit(&mut out);
//! receive(&mut client, b"250-mx\r\n250 PIPELINING\r\n")?;
//! client.send(Envelope {
//!     from: Path::parse("a@example.org")?,
//!     recipients: vec![Path::parse("b@example.net")?],
//!     size: None,
//!     is_8bit: false,
//!     needs_smtputf8: false,
//! })?;
//! client.transmit(&mut out);
//! receive(&mut client, b"250 Ok\r\n250 Ok\r\n354 go\r\n")?;
//! client.offer(b"Subject: x\r\n\r\n.dot\r\n", &mut out)?;
//! client.finish_message()?;
//! client.transmit(&mut out);
//! assert!(out.readable().ends_with(b"DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\n"));
//! receive(&mut client, b"250 queued\r\n")?;
//! assert_eq!(verdict, Some(Verdict::Accepted));
//! # Ok::<(), wirewright::error::Error>(())
//! ```

pub mod auth;
pub mod capabilities;
pub mod client;
pub mod command;
pub mod config;
pub mod data;
mod enhanced;
mod limits;
pub mod reply;
mod secrets;
pub mod transcript;
pub mod url;
