//! SMTP from the client's side: from the greeting of a server to the reply that takes a message.
//!
//! ```text
//!   S: 220 mx.example.org ready CR LF             replies: three digits, some lines   reply
//!   C: EHLO client.example CR LF                  commands: one line each           command
//!   S: 250-mx.example.org CR LF
//!   S: 250-SIZE 10240000 CR LF                    what is offered              capabilities
//!   S: 250 PIPELINING CR LF
//!   C: AUTH PLAIN AHUAcA== CR LF                  logging in, under TLS                auth
//!   S: 235 2.7.0 welcome CR LF
//!   C: MAIL FROM:<a@example.org> SIZE=1234 CR LF  an envelope, as one group ┐
//!   C: RCPT TO:<b@example.net> CR LF                                        │
//!   C: DATA CR LF                                                           │
//!   S: 250 Ok CR LF 250 Ok CR LF 354 go CR LF     each reply has its command├ client
//!   C: From: … CR LF                              the message, its lines    │
//!   C: ..a line with a dot CR LF                  with dots doubled         │          data
//!   C: . CR LF                                    its end                   │
//!   S: 250 2.0.0 queued CR LF                     only now it is accepted   ┘
//!   C: QUIT CR LF
//! ```
//!
//! What it is for: to hand a message to a server and to know afterwards, for each recipient,
//! whether it was taken; programs use it through `net::mail`, the command as `mail`.
//!
//! Specification: RFC 5321, with RFC 1870 (SIZE), 2034 and 3463 (enhanced codes), 2920
//! (PIPELINING), 3030 (BDAT), 3207 (STARTTLS), 4954 (AUTH), 6152 (8BITMIME) and 6531 (SMTPUTF8).
//!
//! # Grammar
//!
//! ABNF of RFC 5321 §4.1.1, §4.2 and RFC 2034 §4, as far as it is spoken here:
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
//!                               └▶ Verdict ─┬─▶ Data      all recipients are heard before
//!                                           └─▶ Content   in chunks: BDAT
//!               354 although nobody was taken: LoneDot, an empty message to nobody
//!
//!   the wire    LineStart, Within, AfterCr: where the next dot or LF would stand
//! ```
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
//! - [`transcript`]: a conversation for people to read. [`url`]: `smtp://` and `smtps://`.
//!
//! # Limits
//!
//! [`config::Limits`]; lengths in bytes, for one connection. Each wait is the least that RFC 5321
//! §4.5.3.2 asks of a client, where it names one.
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`reply_line_bytes_max`] | 4,096 | a line that does not end |
//! | [`reply_lines_max`] | 256 | a reply that does not end |
//! | [`reply_bytes_max`] | 65,536 | the same, in long lines |
//! | [`recipients_max`] | 10,000 | an envelope that is a mailing list |
//! | [`transaction_recipients_max`] | 100 | more than every server has to take |
//! | [`auth_rounds_max`] | 8 | challenges for ever |
//! | [`scram_iterations_max`] | 1,000,000 | a server that lets us hash for hours |
//! | [`chunk_bytes_max`] | 1,048,576 | a chunk of BDAT that has to be held |
//! | [`chunks_unanswered_max`] | 16 | chunks sent to one that has refused long ago |
//! | [`greeting_wait`] | 300 s | a server that accepts and is silent |
//! | [`hello_wait`] | 300 s | silence behind EHLO, HELO, STARTTLS |
//! | [`auth_wait`] | 300 s | silence behind a step of AUTH |
//! | [`mail_wait`] | 300 s | silence behind MAIL |
//! | [`rcpt_wait`] | 300 s | silence behind RCPT |
//! | [`data_wait`] | 120 s | silence behind DATA |
//! | [`block_wait`] | 180 s | a server that does not take the message |
//! | [`end_wait`] | 600 s | giving up a message that was taken: it would be sent twice |
//! | [`reset_wait`] | 300 s | silence behind RSET |
//! | [`quit_wait`] | 10 s | waiting for a good-bye |
//! | [`idle_wait`] | 300 s | connections kept for nothing |
//! | [`payload_quantum`] | 4,096 | a byte now and then, taken to look alive |
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
//! let mut hear = |client: &mut Client, mut input: &[u8]| {
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
pub mod url;
