//! One message on its way: its envelope, how far it is, and what was said about it.
//!
//! ```text
//!   Mail ─▶ Rcpt… ─┬─▶ Data ─▶ Held ─354─▶ Content ─▶ End ─▶ Held (the end was handed out)
//!                  └─ Verdict: every recipient is to be heard first ─▶ Data | Content in chunks
//!   doomed (nobody would get it) and 354 nevertheless: Held ─▶ LoneDot ─▶ Held
//! ```
//!
//! Specification: RFC 5321 §3.3, RFC 2920 §3.1, RFC 3030 §2.

use super::super::capabilities::Capabilities;
use super::super::command::{Command, Parameters, Path};
use super::super::config::{Limits, refused, too_large};
use super::super::data::Stuffer;
use super::super::reply::Reply;
use super::event::{Outcome, Stage, Verdict};
use crate::buffer::Buffer;
use crate::error::Error;

/// A chunk of BDAT is not begun where there is less room than this, in bytes: its line and a
/// reply cost more than that much content.
const CHUNK_ROOM_MIN: usize = 512;

/// The longest line of BDAT within the limit of a chunk, in bytes.
const BDAT_LINE_MAX: usize = 32;

/// Whom a message is from and to, and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Who is told if it cannot be delivered.
    pub from: Path,
    /// Who gets it.
    pub recipients: Vec<Path>,
    /// Its length in bytes, its lines ended by CR LF, before dots are doubled (RFC 1870 §5). It is
    /// checked when the content is offered.
    pub size: Option<u64>,
    /// Whether it holds octets above 127.
    pub is_8bit: bool,
    /// Whether its fields hold UTF-8. Addresses are looked at in any case.
    pub needs_smtputf8: bool,
}

/// What [`send`](super::Client::send) began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The number of the message on this connection, from 1.
    pub message: u64,
    /// The recipients that need another transaction, with everything else as it was.
    pub unserved: Option<Envelope>,
}

impl Envelope {
    /// What has to be said in MAIL, if the server takes such a message.
    pub(super) fn check(
        &self,
        capabilities: &Capabilities,
        limits: &Limits,
    ) -> Result<Parameters, Error> {
        if self.recipients.is_empty() || self.recipients.iter().any(Path::is_null) {
            return Err(Error::Misuse("a message has recipients, each with an address"));
        }
        let max = limits.recipients_max;
        if self.recipients.len() > max {
            let offset = self.recipients.len() as u64;
            return Err(too_large("recipients_max", max as u64, offset, ""));
        }
        if let (Some(size), Some(max)) = (self.size, capabilities.size_max)
            && size > max
        {
            let text = format!("the message has {size} bytes, the server takes {max} at most");
            return Err(refused("size", text));
        }
        if self.is_8bit && !capabilities.eight_bit_mime {
            let text = "the message holds octets above 127, which the server does not take";
            return Err(refused("no-8bitmime", text));
        }
        let is_foreign = self.recipients.iter().chain([&self.from]).any(Path::needs_smtputf8);
        let smtputf8 = self.needs_smtputf8 || is_foreign;
        if smtputf8 && !capabilities.smtputf8 {
            let text = "an address is not ASCII, which the server does not take";
            return Err(refused("no-smtputf8", text));
        }
        let size = self.size.filter(|_| capabilities.size);
        Ok(Parameters { size, is_8bit: self.is_8bit, smtputf8 })
    }

    /// As many recipients as one transaction takes, and the others.
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

/// What is to be said next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Mail,
    Rcpt(usize),
    /// What comes depends on the replies to all recipients.
    Verdict,
    Data,
    /// Nothing before a reply.
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
    /// All recipients are heard before more is said.
    pub(super) waits: bool,
    pub(super) is_chunked: bool,
    pub(super) stuffer: Stuffer,
    /// Replies that are still to come before its end is said.
    pub(super) owed: usize,
    pub(super) accepted: usize,
    pub(super) refused: usize,
    /// How many of these were refused for now.
    pub(super) postponed: usize,
    /// The first refusal of the message itself.
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
            owed: 0,
            accepted: 0,
            refused: 0,
            postponed: 0,
            refusal: None,
        }
    }

    /// The content has ended.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if self.envelope.size.is_some_and(|size| size != self.stuffer.made()) {
            return Err(Error::Misuse("fewer bytes than the announced size of the message"));
        }
        self.step = Step::End;
        Ok(())
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.envelope.size.is_some_and(|size| size < self.stuffer.made())
    }

    /// Makes one chunk of a prefix of `payload`, whose length is then known and stands in front;
    /// says how much it took, and whether there is a chunk.
    pub(super) fn offer_chunk(
        &mut self,
        payload: &[u8],
        out: &mut Buffer,
        bytes_max: usize,
    ) -> Result<(usize, bool), Error> {
        let room = out.tail_room().min(bytes_max.saturating_add(BDAT_LINE_MAX));
        if room < CHUNK_ROOM_MIN.min(bytes_max.saturating_add(BDAT_LINE_MAX)) {
            return Ok((0, false));
        }
        let (taken, made) = self.stuffer.measure(payload, room - BDAT_LINE_MAX);
        if made == 0 {
            // The rest of a line end, at most.
            return Ok((self.stuffer.push(&payload[..taken], out)?, false));
        }
        let mut line = Vec::with_capacity(BDAT_LINE_MAX);
        Command::Bdat(made, false).encode(&mut line);
        out.append(&line)?;
        Ok((self.stuffer.push(&payload[..taken], out)?, true))
    }

    /// Whether nobody will get it.
    pub(super) fn is_doomed(&self, all_or_nothing: bool) -> bool {
        let is_for_nobody = self.refused == self.envelope.recipients.len();
        self.refusal.is_some() || is_for_nobody || (all_or_nothing && self.refused > 0)
    }

    /// What is known about it when the conversation has ended.
    pub(super) fn outcome(&self, is_out: bool, all_or_nothing: bool) -> Outcome<'_> {
        let (verdict, stage) = match (&self.refusal, is_out) {
            (None, true) => (Verdict::Unknown, Stage::Message),
            _ => self.verdict(true, all_or_nothing),
        };
        let reply = self.refusal.as_ref().map(|(_, reply)| &**reply);
        let Transaction { id, accepted, refused, .. } = *self;
        Outcome { message: id, verdict, stage, accepted, refused, reply }
    }

    /// That of a message that nobody gets. `is_cut`: there was no reply that said so.
    pub(super) fn verdict(&self, is_cut: bool, all_or_nothing: bool) -> (Verdict, Stage) {
        let (retryable, stage) = match &self.refusal {
            Some((stage, reply)) => (reply.is_transient(), *stage),
            // One refusal is enough, so each of them has to be for now only.
            None if all_or_nothing && self.refused > 0 => {
                (self.postponed == self.refused, Stage::Rcpt)
            }
            // For nobody: some may be taken later. For one only: that one has to be.
            None if self.accepted == 0 && self.refused > 0 => {
                let all_heard = self.refused == self.envelope.recipients.len();
                (self.postponed > 0 || !all_heard, Stage::Rcpt)
            }
            None if is_cut => (true, self.stage()),
            None => (self.postponed == self.refused, Stage::Rcpt),
        };
        (Verdict::Refused { retryable }, stage)
    }

    /// How far it came.
    pub(super) fn stage(&self) -> Stage {
        match self.step {
            Step::Mail => Stage::Mail,
            Step::Rcpt(_) | Step::Verdict => Stage::Rcpt,
            Step::Data | Step::Held | Step::LoneDot => Stage::Data,
            Step::Content | Step::End => Stage::Message,
        }
    }

    /// Memory taken from the allocator, in bytes.
    pub(super) fn capacity(&self) -> usize {
        let paths = self.envelope.recipients.iter().map(|path| path.as_str().len());
        let slots = self.envelope.recipients.capacity() * size_of::<Path>();
        size_of::<Transaction>() + slots + paths.sum::<usize>()
    }
}
