//! The effect of a reply on the messages in progress.
//!
//! ```text
//!              to MAIL      to RCPT            to DATA           to the end
//!   2yz        next step    one accepted       an error          accepted, or partial
//!   354        an error     an error           content; or       an error
//!                                              a lone dot, or
//!                                              close
//!   221        an error: it answers QUIT alone
//!   4yz, 5yz   refused      one refused        refused           refused
//!   421        refused, and the connection closes
//! ```
//!
//! Specification: RFC 5321 §4.3.2 (replies to each command), §3.8 (421), RFC 2920 §3.1 (354
//! although all recipients were refused), RFC 3030 §2 (chunks).

use super::rows::Expect;
use super::transaction::{Step, Transaction};
use super::{Client, Decisive, Due, Ended, Event, Outcome, Phase, Stage, Verdict};
use crate::error::Error;

const SECTION: &str = "RFC 5321 §4.3.2";

impl Client {
    /// Consumes input up to an event.
    pub(super) fn advance(&mut self, input: &[u8]) -> Result<(usize, Option<Due>), Error> {
        let mut eaten = 0;
        loop {
            if let Some(due) = self.due.pop_front() {
                return Ok((eaten, Some(due)));
            }
            let rest = &input[eaten..];
            if self.phase == Phase::Closing {
                return Ok((input.len(), None));
            }
            if rest.is_empty() {
                return Ok((eaten, None));
            }
            if self.phase == Phase::Upgrading {
                // It would be taken for a reply under TLS.
                let rule = "nothing follows the reply to STARTTLS in clear";
                return Err(Error::malformed(rule, self.parser.offset(), "RFC 3207 §4.2"));
            }
            let fed = self.parser.feed(rest);
            if !matches!(fed, Ok((_, false))) {
                self.queue_remarks();
            }
            let (taken, is_whole) = fed?;
            eaten += taken;
            if is_whole {
                self.steps += 1;
                if !self.secrets.is_empty() && self.parser.reply().code() != 334 {
                    self.parser.mask(&self.secrets);
                }
                self.on_reply()?;
            }
        }
    }

    fn queue_remarks(&mut self) {
        while let Some(remark) = self.parser.take_remark() {
            self.due.push_back(Due::Remark(remark));
        }
    }

    pub(super) fn event(&self, due: Due) -> Event<'_> {
        let reply = self.parser.reply();
        match due {
            Due::Remark(remark) => Event::Remark(remark),
            Due::Greeting => Event::Greeting(reply),
            Due::Capabilities => Event::Capabilities { reply, capabilities: &self.capabilities },
            Due::Secured => Event::Secured(reply),
            Due::Authenticated(mechanism) => Event::Authenticated { mechanism, reply },
            Due::Ready => Event::Ready,
            Due::Recipient { message, index } => Event::Recipient { message, index, reply },
            Due::Outcome => Event::Outcome(self.outcome_to_report()),
            Due::Closing => Event::Closing(reply),
        }
    }

    fn outcome_to_report(&self) -> Outcome<'_> {
        let Ended { message, verdict, stage, accepted, refused, ref reply } =
            *self.outcome.as_ref().expect("an outcome is due");
        let reply = match reply {
            Decisive::None => None,
            Decisive::Last => Some(self.parser.reply()),
            Decisive::Earlier(reply) => Some(&**reply),
        };
        Outcome { message, verdict, stage, accepted, refused, reply }
    }

    /// Handles a complete reply.
    fn on_reply(&mut self) -> Result<(), Error> {
        let expect = self.expected.pop_front();
        if self.parser.reply().code() == 421 {
            return self.on_shutdown(expect);
        }
        match expect {
            Some(Expect::Greeting) => self.on_greeting(),
            Some(Expect::Ehlo) => self.on_ehlo(),
            Some(Expect::Helo) => self.on_helo(),
            Some(Expect::StartTls) => self.on_starttls(),
            Some(Expect::Auth) => self.on_auth(),
            None | Some(Expect::Unsolicited) => self.on_unsolicited(),
            Some(expect) => self.on_message_reply(expect),
        }
    }

    fn on_message_reply(&mut self, expect: Expect) -> Result<(), Error> {
        if self.parser.reply().is_intermediate() && expect != Expect::Data {
            self.expected.push_front(expect);
            return self.wrong("354 answers DATA alone", SECTION);
        }
        if self.parser.reply().code() == 221 && expect != Expect::Quit {
            self.expected.push_front(expect);
            return self.wrong("221 answers QUIT alone", SECTION);
        }
        match expect {
            Expect::Mail | Expect::Rcpt(_) | Expect::Data | Expect::LoneDot => {
                self.on_current_reply(expect)
            }
            Expect::Chunk => {
                self.on_chunk_reply();
                self.settle();
                Ok(())
            }
            Expect::Dot | Expect::LastChunk => {
                self.on_end_reply();
                Ok(())
            }
            Expect::Rset if self.parser.reply().is_positive() => Ok(()),
            Expect::Rset => Err(self.parser.reply().refusal()),
            Expect::Quit => {
                self.due.push_back(Due::Closing);
                self.close();
                Ok(())
            }
            Expect::Greeting
            | Expect::Ehlo
            | Expect::Helo
            | Expect::StartTls
            | Expect::Auth
            | Expect::Unsolicited => self.wrong("this reply belongs to the opening", SECTION),
        }
    }

    fn on_current_reply(&mut self, expect: Expect) -> Result<(), Error> {
        let reply = self.parser.reply();
        let Some(current) = &mut self.current else { return Ok(()) };
        current.unanswered -= 1;
        match expect {
            Expect::Mail if !reply.is_positive() => {
                current.refusal = Some((Stage::Mail, Box::new(reply.clone())));
            }
            Expect::Rcpt(index) => {
                match reply.is_positive() {
                    true => current.accepted += 1,
                    false => current.refused += 1,
                }
                current.postponed += usize::from(reply.is_transient());
                self.due.push_back(Due::Recipient { message: current.id, index });
            }
            Expect::Data if reply.is_positive() => {
                return self.wrong("DATA is answered by 354, 4yz or 5yz", SECTION);
            }
            Expect::Data if reply.code() == 354 => {
                match current.is_doomed(self.config.all_or_nothing) {
                    false => current.step = Step::Content,
                    true if current.accepted == 0 => current.step = Step::LoneDot,
                    // Some recipients were accepted and would get an empty message.
                    true => self.close_on_current(),
                }
                return Ok(());
            }
            Expect::Data if reply.is_intermediate() => {
                return self.wrong("DATA is answered by 354, 4yz or 5yz", SECTION);
            }
            Expect::Data if current.refusal.is_none() && current.accepted > 0 => {
                current.refusal = Some((Stage::Data, Box::new(reply.clone())));
            }
            Expect::LoneDot => {
                if let Some(message) = self.current.take() {
                    self.conclude(message);
                }
                return Ok(());
            }
            _ => {}
        }
        self.settle();
        Ok(())
    }

    /// Closes the connection before the end of the current message, which withdraws the message.
    fn close_on_current(&mut self) {
        if let Some(message) = self.current.take() {
            self.conclude(message);
        }
        self.close();
    }

    /// Handles the reply to a chunk that is not the last.
    fn on_chunk_reply(&mut self) {
        let reply = self.parser.reply();
        let Some(message) = &mut self.current else { return };
        message.unanswered -= 1;
        if !reply.is_positive() && message.refusal.is_none() {
            message.refusal = Some((Stage::Message, Box::new(reply.clone())));
        }
    }

    /// Handles the reply to the end of a message, the only reply that accepts the message.
    fn on_end_reply(&mut self) {
        let reply = self.parser.reply();
        let Some(message) = self.awaited.take() else { return };
        let verdict = match reply.is_positive() {
            true if message.refused > 0 => Verdict::Partial,
            true => Verdict::Accepted,
            false => Verdict::Refused { retryable: reply.is_transient() },
        };
        // After the last chunk failed the transaction stays open until RSET: RFC 3030 §2.
        let is_open = message.is_chunked && matches!(verdict, Verdict::Refused { .. });
        let is_begun = self.current.as_ref().is_some_and(|next| next.step != Step::Mail);
        self.reset_due |= is_open && !is_begun && self.row.is_empty();
        self.report(&message, verdict, Stage::Message, Decisive::Last);
    }

    /// After a reply: ends the current message if no further command depends on it.
    fn settle(&mut self) {
        let Some(current) = &mut self.current else { return };
        let is_doomed = current.is_doomed(self.config.all_or_nothing);
        let is_answered = current.unanswered == 0 && self.row.is_empty();
        if is_doomed && !matches!(current.step, Step::Held | Step::LoneDot) {
            // No further command of this message is sent.
            current.step = Step::Held;
        }
        let all_answered = current.accepted + current.refused == current.envelope.recipients.len();
        if is_doomed && is_answered {
            self.reset_due = true;
            if let Some(message) = self.current.take() {
                self.conclude(message);
            }
        } else if current.step == Step::Verdict && all_answered {
            current.step = if current.is_chunked { Step::Content } else { Step::Data };
        }
    }

    /// Ends a message that no recipient gets.
    fn conclude(&mut self, mut message: Box<Transaction>) {
        let (verdict, stage) = message.verdict(false, self.config.all_or_nothing);
        let decisive = match message.refusal.take() {
            Some((_, reply)) => Decisive::Earlier(reply),
            None => Decisive::None,
        };
        self.report(&message, verdict, stage, decisive);
    }

    fn report(&mut self, message: &Transaction, verdict: Verdict, stage: Stage, reply: Decisive) {
        let Transaction { id, accepted, refused, .. } = *message;
        self.outcome = Some(Ended { message: id, verdict, stage, accepted, refused, reply });
        self.due.push_back(Due::Outcome);
    }

    /// Handles a reply that answers no command. During the content, the server refuses the rest of
    /// the message. Later replies could no longer be attributed to commands, so the connection
    /// closes, without the end of the message unless the end was written before this reply was
    /// complete.
    fn on_unsolicited(&mut self) -> Result<(), Error> {
        let reply = self.parser.reply();
        let is_refusal = !reply.is_positive() && !reply.is_intermediate();
        let is_sending = |message: &Transaction| matches!(message.step, Step::Content | Step::End);
        let is_of_current = self.current.as_deref().is_some_and(is_sending);
        if !is_refusal || (self.awaited.is_none() && !is_of_current) {
            return self.wrong("each reply answers a command", "RFC 5321 §4.3.1");
        }
        let retryable = reply.is_transient();
        if let Some(message) = self.awaited.take().or_else(|| self.current.take()) {
            let verdict = Verdict::Refused { retryable };
            self.report(&message, verdict, Stage::Message, Decisive::Last);
        }
        self.close();
        Ok(())
    }

    /// Handles 421, which a server may send in reply to any command: it closes the connection.
    fn on_shutdown(&mut self, expect: Option<Expect>) -> Result<(), Error> {
        if matches!(self.phase, Phase::Opening | Phase::Upgrading) {
            if expect == Some(Expect::Greeting) {
                self.due.push_back(Due::Greeting);
            }
            return Err(self.parser.reply().refusal());
        }
        match expect {
            Some(Expect::Rset | Expect::Quit) => {}
            Some(Expect::Dot | Expect::LastChunk) => self.shut_down_on(true, Stage::Message),
            Some(Expect::Chunk) => self.shut_down_on(false, Stage::Message),
            Some(Expect::Mail) => self.shut_down_on(false, Stage::Mail),
            Some(Expect::Rcpt(_)) => self.shut_down_on(false, Stage::Rcpt),
            Some(Expect::Unsolicited) | None if self.awaited.is_some() => {
                self.shut_down_on(true, Stage::Message);
            }
            Some(expect) if expect != Expect::Unsolicited => self.shut_down_on(false, Stage::Data),
            _ => {
                let stage = self.current.as_ref().map_or(Stage::Mail, |message| message.stage());
                self.shut_down_on(false, stage);
            }
        }
        self.due.push_back(Due::Closing);
        self.close();
        Ok(())
    }

    /// Ends a message that was answered by 421.
    fn shut_down_on(&mut self, is_awaited: bool, stage: Stage) {
        let message = if is_awaited { &mut self.awaited } else { &mut self.current };
        let Some(message) = message.take() else { return };
        if message.is_doomed(self.config.all_or_nothing) {
            return self.conclude(message);
        }
        let verdict = Verdict::Refused { retryable: true };
        self.report(&message, verdict, stage, Decisive::Last);
    }
}
