//! What a conversation may cost, how long each step may take, and what the client insists on.
//!
//! ```text
//!   greeting   EHLO, STARTTLS, AUTH   MAIL    RCPT    DATA    content     its end   QUIT
//!   5 min      5 min each             5 min   5 min   2 min   3 min for   10 min    10 s
//!                                                             no progress
//! ```
//!
//! Specification: RFC 5321 §4.5.3.1 (sizes) and §4.5.3.2 (time-outs; it names the least a client
//! should wait). Where it names none, the wait of a command is taken.

use super::auth::{Credentials, Mechanism};
use super::command::Domain;
use crate::error::Error;
use crate::text::PeerText;
use std::time::Duration;

/// The bounds of this room. All of them hold for one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line of a reply in bytes, its line end counted. RFC 5321 §4.5.3.1.5 asks for
    /// 512; real servers pass that.
    pub reply_line_bytes_max: usize,
    /// The most lines of a reply.
    pub reply_lines_max: usize,
    /// The longest reply in bytes, its line ends counted.
    pub reply_bytes_max: usize,
    /// The most recipients of one envelope.
    pub recipients_max: usize,
    /// The most recipients of one transaction; the others need another one. RFC 5321 §4.5.3.1.8:
    /// a server takes at least 100.
    pub transaction_recipients_max: usize,
    /// The most challenges of one authentication.
    pub auth_rounds_max: u32,
    /// The most rounds of hashing that a server may ask of SCRAM.
    pub scram_iterations_max: u32,
    /// The longest chunk of BDAT in bytes.
    pub chunk_bytes_max: usize,
    /// The most chunks of BDAT whose replies are still to come.
    pub chunks_unanswered_max: usize,
    /// How long the server may take to greet: §4.5.3.2.1.
    pub greeting_wait: Duration,
    /// How long it may take to answer EHLO, HELO or STARTTLS.
    pub hello_wait: Duration,
    /// How long it may take to answer a step of AUTH.
    pub auth_wait: Duration,
    /// How long it may take to answer MAIL: §4.5.3.2.2.
    pub mail_wait: Duration,
    /// How long it may take to answer RCPT: §4.5.3.2.3.
    pub rcpt_wait: Duration,
    /// How long it may take to answer DATA: §4.5.3.2.4.
    pub data_wait: Duration,
    /// How long it may take none of the message, or not answer a chunk of it: §4.5.3.2.5.
    pub block_wait: Duration,
    /// How long it may take to answer the end of the message: §4.5.3.2.6.
    pub end_wait: Duration,
    /// How long it may take to answer RSET.
    pub reset_wait: Duration,
    /// How long it may take to answer QUIT, or to read what stands before a close. Nothing depends
    /// on either.
    pub quit_wait: Duration,
    /// How long a connection may wait for its next message: what a server waits, §4.5.3.2.7.
    pub idle_wait: Duration,
    /// How many bytes of a message count as progress.
    pub payload_quantum: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        Limits {
            reply_line_bytes_max: 4096,
            reply_lines_max: 256,
            reply_bytes_max: 65_536,
            recipients_max: 10_000,
            transaction_recipients_max: 100,
            auth_rounds_max: 8,
            scram_iterations_max: 1_000_000,
            chunk_bytes_max: 1 << 20,
            chunks_unanswered_max: 16,
            greeting_wait: minutes(5),
            hello_wait: minutes(5),
            auth_wait: minutes(5),
            mail_wait: minutes(5),
            rcpt_wait: minutes(5),
            data_wait: minutes(2),
            block_wait: minutes(3),
            end_wait: minutes(10),
            reset_wait: minutes(5),
            quit_wait: Duration::from_secs(10),
            idle_wait: minutes(5),
            payload_quantum: 4096,
        }
    }
}

impl Limits {
    /// Raises every wait of a step of a message that is shorter than `time`: for a caller who
    /// wants to wait so long.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Limits {
        Limits {
            greeting_wait: self.greeting_wait.max(time),
            hello_wait: self.hello_wait.max(time),
            auth_wait: self.auth_wait.max(time),
            mail_wait: self.mail_wait.max(time),
            rcpt_wait: self.rcpt_wait.max(time),
            data_wait: self.data_wait.max(time),
            block_wait: self.block_wait.max(time),
            end_wait: self.end_wait.max(time),
            reset_wait: self.reset_wait.max(time),
            ..self
        }
    }
}

/// When TLS is begun on a connection that began in clear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StartTls {
    /// Always; a server that does not offer it is an error.
    #[default]
    Required,
    /// Where it is offered and granted.
    Opportunistic,
    /// Never.
    Never,
}

/// What a client's side is made with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Bounds and waits.
    pub limits: Limits,
    /// The name of this host, for EHLO.
    pub name: Domain,
    /// When TLS is begun. It does not matter where the connection began with it.
    pub starttls: StartTls,
    /// Who logs in. With credentials, nothing is ever sent without having logged in.
    pub credentials: Option<Credentials>,
    /// The mechanisms that may be used, the best first.
    pub mechanisms: Vec<Mechanism>,
    /// Whether credentials may travel in clear.
    pub insecure_auth: bool,
    /// Random visible ASCII for SCRAM, never used twice.
    pub nonce: Box<str>,
    /// Whether one refused recipient means that nothing is sent.
    pub all_or_nothing: bool,
    /// Whether messages go in chunks (BDAT, RFC 3030) where the server offers that.
    pub chunking: bool,
    /// Whether commands go in groups (RFC 2920) where the server offers that.
    pub pipelining: bool,
}

impl Config {
    /// The usual: TLS required, nobody logs in, PIPELINING where offered.
    pub fn new(name: Domain) -> Config {
        Config {
            limits: Limits::default(),
            name,
            starttls: StartTls::default(),
            credentials: None,
            mechanisms: Mechanism::PREFERRED.to_vec(),
            insecure_auth: false,
            nonce: Box::default(),
            all_or_nothing: false,
            chunking: false,
            pipelining: true,
        }
    }
}

/// A fault that was tolerated, or a step that was not the first choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remark {
    /// What it was, for people.
    pub text: &'static str,
    /// Offset in the stream of what the server says of the first byte of it.
    pub offset: u64,
    /// The section of the specification that rules it.
    pub section: &'static str,
}

/// [`Error::TooLarge`] of this room.
pub(super) fn too_large(
    limit: &'static str,
    max: u64,
    offset: u64,
    section: &'static str,
) -> Error {
    Error::TooLarge { limit, max, offset, section }
}

/// [`Error::Refused`] by a word of ours: see [`Client`](super::client::Client).
pub(super) fn refused(code: &'static str, text: impl Into<PeerText<'static>>) -> Error {
    Error::Refused { code: PeerText::from(code), text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All waits but two: nothing depends on a reply to QUIT, and a connection that is idle has no
    /// step to wait for.
    #[test]
    fn waits_are_raised_and_never_lowered() {
        let hour = Duration::from_secs(3600);
        let raised = Limits::default().with_waits_of_at_least(hour);
        let shown = format!("{raised:?}");
        let waits = shown.split(", ").filter(|field| field.contains("_wait: "));
        let others: Vec<&str> = waits.filter(|field| !field.ends_with("_wait: 3600s")).collect();
        assert_eq!(others, ["quit_wait: 10s", "idle_wait: 300s"]);
        assert_eq!(Limits::default().with_waits_of_at_least(Duration::ZERO), Limits::default());
    }
}
