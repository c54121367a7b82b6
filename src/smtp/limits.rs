//! The limits of one connection: sizes, counts and waits.
//!
//! Specification: RFC 5321 §4.5.3.1 (sizes) and §4.5.3.2 (waits).

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
