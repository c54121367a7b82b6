//! One mail transaction: the envelope, the next step, and the replies so far.
//!
//! ```text
//!   Mail ─▶ Rcpt… ─┬─▶ Data ─▶ Held ─354─▶ Content ─▶ End ─▶ Held (the end was written)
//!                  └─ Verdict: waits for the replies to all RCPT ─▶ Data | Content in chunks
//!   doomed (all recipients refused) and 354 nevertheless: Held ─▶ LoneDot ─▶ Held
//! ```
//!
//! Specification: RFC 5321 §3.3, RFC 2920 §3.1, RFC 3030 §2.

use super::super::capabilities::Capabilities;
use super::super::command::{Command, Parameters, Path};
use super::super::config::Limits;
use super::super::data::Stuffer;
use super::super::reply::Reply;
use super::event::{Outcome, Stage, Verdict};
use super::refusal::Refusal;
use crate::buffer::Buffer;
use crate::error::Error;

/// The free space in the output, in bytes, below which no chunk of BDAT is begun: its line and a
/// reply would cost more than that much content.
const CHUNK_ROOM_MIN: usize = 512;

/// The longest BDAT command in bytes.
const BDAT_LINE_MAX: usize = 32;

/// The envelope of a message, and the extensions that the message needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The reverse-path, to which delivery failures are reported.
    pub from: Path,
    /// The recipients; at least one, none of them null.
    pub recipients: Vec<Path>,
    /// The length of the message in bytes, with CR LF line ends and before dot-stuffing (RFC 1870
    /// §5). The content is checked against it.
    pub size: Option<u64>,
    /// Whether the message holds octets above 127.
    pub is_8bit: bool,
    /// Whether header fields hold UTF-8. Paths that are not ASCII are detected in any case.
    pub needs_smtputf8: bool,
}

/// The result of [`send`](super::Client::send).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The number of the message on this connection, from 1.
    pub message: u64,
    /// The envelope with the recipients that need another transaction, if there are any.
    pub unserved: Option<Envelope>,
}

impl Envelope {
    /// The parameters of MAIL, or the error that the server does not accept such a message.
    pub(super) fn check(
        &self,
        capabilities: &Capabilities,
        limits: &Limits,
    ) -> Result<Parameters, Error> {
        if self.recipients.is_empty() || self.recipients.iter().any(Path::is_null) {
            return Err(Error::Misuse("a message has recipients, none of them null"));
        }
        let max = limits.recipients_max;
        if self.recipients.len() > max {
            let offset = self.recipients.len() as u64;
            return Err(Error::too_large("recipients_max", max as u64, offset, ""));
        }
        if let (Some(size), Some(max)) = (self.size, capabilities.size_max)
            && size > max
        {
            let text = format!("the message has {size} bytes, the server accepts at most {max}");
            return Err(Refusal::Size.because(text));
        }
        if self.is_8bit && !capabilities.eight_bit_mime {
            let text = "the message holds octets above 127, and the server has no 8BITMIME";
            return Err(Refusal::No8BitMime.because(text));
        }
        let is_foreign = self.recipients.iter().chain([&self.from]).any(Path::needs_smtputf8);
        let smtputf8 = self.needs_smtputf8 || is_foreign;
        if smtputf8 && !capabilities.smtputf8 {
            let text = "an address is not ASCII, and the server has no SMTPUTF8";
            return Err(Refusal::NoSmtpUtf8.because(text));
        }
        let size = self.size.filter(|_| capabilities.size);
        Ok(Parameters { size, is_8bit: self.is_8bit, smtputf8 })
    }

    /// Splits the envelope after `max` recipients.
    pub(super) fn split(mut self, max: usize) -> (Envelope, Option<Envelope>) {
        let max = max.max(1);
        if self.recipients.len() <= max {
            return (self, None);
        }
        let recipients = self.recipients.split_off(max);
        let unserved = Envelope { recipients, from: self.from.clone(), ..self };
        (self, Some(unserved))
    }
}

/// What is sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Mail,
    Rcpt(usize),
    /// The next step depends on the replies to all recipients.
    Verdict,
    Data,
    /// Nothing until a reply comes.
    Held,
    Content,
    End,
    LoneDot,
}

/// One message.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) id: u64,
    pub(super) envelope: Envelope,
    pub(super) parameters: Parameters,
    pub(super) step: Step,
    /// The replies to all recipients are awaited before the next command.
    pub(super) waits: bool,
    pub(super) is_chunked: bool,
    pub(super) stuffer: Stuffer,
    /// Replies that are awaited before the end of the message is sent.
    pub(super) unanswered: usize,
    pub(super) accepted: usize,
    pub(super) refused: usize,
    /// How many of these were refused with 4yz.
    pub(super) postponed: usize,
    /// The first refusal other than of a recipient.
    pub(super) refusal: Option<(Stage, Box<Reply>)>,
}

impl Transaction {
    pub(super) fn new(
        id: u64,
        envelope: Envelope,
        parameters: Parameters,
        waits: bool,
        is_chunked: bool,
    ) -> Transaction {
        Transaction {
            id,
            envelope,
            parameters,
            step: Step::Mail,
            waits,
            is_chunked,
            stuffer: if is_chunked { Stuffer::without_dots() } else { Stuffer::new() },
            unanswered: 0,
            accepted: 0,
            refused: 0,
            postponed: 0,
            refusal: None,
        }
    }

    /// Ends the content.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if self.envelope.size.is_some_and(|size| size != self.stuffer.made()) {
            return Err(Error::Misuse("the message is shorter than its announced size"));
        }
        self.step = Step::End;
        Ok(())
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.envelope.size.is_some_and(|size| size < self.stuffer.made())
    }

    /// Writes a prefix of `payload` as one chunk, with its length in the BDAT line before it.
    /// Returns the length of the prefix and whether a chunk was written.
    pub(super) fn offer_chunk(
        &mut self,
        payload: &[u8],
        out: &mut Buffer,
        bytes_max: usize,
    ) -> Result<(usize, bool), Error> {
        let room = out.free_tail_len().min(bytes_max.saturating_add(BDAT_LINE_MAX));
        if room < CHUNK_ROOM_MIN.min(bytes_max.saturating_add(BDAT_LINE_MAX)) {
            return Ok((0, false));
        }
        let (taken, made) = self.stuffer.measure(payload, room - BDAT_LINE_MAX);
        if made == 0 {
            // At most the LF of a CR LF, which was written before.
            return Ok((self.stuffer.push(&payload[..taken], out)?, false));
        }
        let mut line = Vec::with_capacity(BDAT_LINE_MAX);
        Command::Bdat(made, false).encode(&mut line);
        out.append(&line)?;
        Ok((self.stuffer.push(&payload[..taken], out)?, true))
    }

    /// Whether no recipient will get the message.
    pub(super) fn is_doomed(&self, all_or_nothing: bool) -> bool {
        let is_for_nobody = self.refused == self.envelope.recipients.len();
        self.refusal.is_some() || is_for_nobody || (all_or_nothing && self.refused > 0)
    }

    /// The outcome when the connection has ended. `is_out` says that the end was written.
    pub(super) fn outcome(&self, is_out: bool, all_or_nothing: bool) -> Outcome<'_> {
        let (verdict, stage) = match (&self.refusal, is_out) {
            (None, true) => (Verdict::Unknown, Stage::Message),
            _ => self.verdict(true, all_or_nothing),
        };
        let reply = self.refusal.as_ref().map(|(_, reply)| &**reply);
        let Transaction { id, accepted, refused, .. } = *self;
        Outcome { message: id, verdict, stage, accepted, refused, reply }
    }

    /// The verdict on a message that no recipient gets. `is_cut` says that the connection ended
    /// before a reply decided.
    pub(super) fn verdict(&self, is_cut: bool, all_or_nothing: bool) -> (Verdict, Stage) {
        let (retryable, stage) = match &self.refusal {
            Some((stage, reply)) => (reply.is_transient(), *stage),
            // Retryable only if every refusal was temporary.
            None if all_or_nothing && self.refused > 0 => {
                (self.postponed == self.refused, Stage::Rcpt)
            }
            // Retryable if at least one recipient may be accepted later.
            None if self.accepted == 0 && self.refused > 0 => {
                let all_answered = self.refused == self.envelope.recipients.len();
                (self.postponed > 0 || !all_answered, Stage::Rcpt)
            }
            None if is_cut => (true, self.stage()),
            None => (self.postponed == self.refused, Stage::Rcpt),
        };
        (Verdict::Refused { retryable }, stage)
    }

    /// The last step that was reached.
    pub(super) fn stage(&self) -> Stage {
        match self.step {
            Step::Mail => Stage::Mail,
            Step::Rcpt(_) | Step::Verdict => Stage::Rcpt,
            Step::Data | Step::Held | Step::LoneDot => Stage::Data,
            Step::Content | Step::End => Stage::Message,
        }
    }

    /// Memory held, in bytes.
    pub(super) fn capacity(&self) -> usize {
        let paths = self.envelope.recipients.iter().map(|path| path.as_str().len());
        let slots = self.envelope.recipients.capacity() * size_of::<Path>();
        size_of::<Transaction>() + slots + paths.sum::<usize>()
    }
}
