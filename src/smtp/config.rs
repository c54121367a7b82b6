//! Limits, waits and options of a session.
//!
//! ```text
//!   greeting   EHLO, STARTTLS, AUTH   MAIL    RCPT    DATA    content     its end   QUIT
//!   5 min      5 min each             5 min   5 min   2 min   3 min for   10 min    10 s
//!                                                             no progress
//! ```
//!
//! Specification: RFC 5321 §4.5.3.1 (sizes) and §4.5.3.2 (time-outs: the minimum that a client
//! should wait). Where the section names no minimum, 5 minutes are used as for MAIL.

use super::auth::{Credentials, Mechanism};
use super::command::Domain;
use crate::error::Error;
use std::time::Duration;

/// Limits of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line of a reply in bytes, including CR LF. RFC 5321 §4.5.3.1.5 allows 512, which
    /// servers in use exceed.
    pub reply_line_bytes_max: usize,
    /// The largest number of lines in a reply.
    pub reply_lines_max: usize,
    /// The longest reply in bytes, including CR LF.
    pub reply_bytes_max: usize,
    /// The largest number of recipients in an envelope.
    pub recipients_max: usize,
    /// The largest number of recipients in a transaction; the others need another transaction.
    /// Servers have to accept 100 (RFC 5321 §4.5.3.1.8).
    pub transaction_recipients_max: usize,
    /// The largest number of challenges in an AUTH exchange.
    pub auth_rounds_max: u32,
    /// The largest iteration count that a server may ask for in SCRAM (RFC 5802 §5.1).
    pub scram_iterations_max: u32,
    /// The longest chunk of BDAT in bytes.
    pub chunk_bytes_max: usize,
    /// The largest number of chunks of BDAT without a reply.
    pub chunks_unanswered_max: usize,
    /// The wait for the greeting: RFC 5321 §4.5.3.2.1.
    pub greeting_wait: Duration,
    /// The wait for the reply to EHLO, HELO or STARTTLS.
    pub hello_wait: Duration,
    /// The wait for the reply to a step of AUTH.
    pub auth_wait: Duration,
    /// The wait for the reply to MAIL: RFC 5321 §4.5.3.2.2.
    pub mail_wait: Duration,
    /// The wait for the reply to RCPT: RFC 5321 §4.5.3.2.3.
    pub rcpt_wait: Duration,
    /// The wait for the reply to DATA: RFC 5321 §4.5.3.2.4.
    pub data_wait: Duration,
    /// The wait for the server to read content, or to reply to a chunk: RFC 5321 §4.5.3.2.5.
    pub block_wait: Duration,
    /// The wait for the reply to the end of the message: RFC 5321 §4.5.3.2.6.
    pub end_wait: Duration,
    /// The wait for the reply to RSET.
    pub reset_wait: Duration,
    /// The wait for the reply to QUIT, and for the last bytes to be written before a close. The
    /// outcome of no message depends on either.
    pub quit_wait: Duration,
    /// How long a connection stays open without a message. Servers wait 5 minutes for the next
    /// command (RFC 5321 §4.5.3.2.7).
    pub idle_wait: Duration,
    /// How many bytes of a message the server has to read within a wait.
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
    /// Raises every wait shorter than `time` to `time`, except `quit_wait` and `idle_wait`.
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

/// When STARTTLS is used on a connection that began in clear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StartTls {
    /// Always; it is an error if the server does not offer STARTTLS.
    #[default]
    Required,
    /// Where the server offers and grants it.
    Opportunistic,
    /// Never.
    Never,
}

/// Options of a [`Client`](super::client::Client).
#[derive(Debug, Clone)]
pub struct Config {
    /// Limits and waits.
    pub limits: Limits,
    /// The name of this host, for EHLO.
    pub name: Domain,
    /// When STARTTLS is used. Ignored on a connection that began with TLS.
    pub starttls: StartTls,
    /// The credentials for AUTH. With credentials, no message is sent unauthenticated.
    pub credentials: Option<Credentials>,
    /// The mechanisms that may be used, in order of preference.
    pub mechanisms: Vec<Mechanism>,
    /// Whether credentials may be sent without TLS.
    pub insecure_auth: bool,
    /// A nonce for SCRAM: random visible ASCII without commas, new for every connection. Empty: no
    /// SCRAM.
    pub nonce: Box<str>,
    /// Whether a message is sent only if all its recipients were accepted.
    pub all_or_nothing: bool,
    /// Whether messages are sent with BDAT (RFC 3030) where the server offers CHUNKING.
    pub chunking: bool,
    /// Whether commands are sent in groups (RFC 2920) where the server offers PIPELINING.
    pub pipelining: bool,
}

impl Config {
    /// The defaults: STARTTLS required, no credentials, PIPELINING where offered, no BDAT.
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

/// A fault that was tolerated, or a fallback that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remark {
    /// A description.
    pub text: &'static str,
    /// The offset in the server's stream of the first byte concerned.
    pub offset: u64,
    /// The section of the specification that has the rule.
    pub section: &'static str,
}

/// An [`Error::TooLarge`].
pub(super) fn too_large(
    limit: &'static str,
    max: u64,
    offset: u64,
    section: &'static str,
) -> Error {
    Error::TooLarge { limit, max, offset, section }
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
