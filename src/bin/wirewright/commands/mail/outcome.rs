//! The outcome of a message: the JSON document, the text, the exit status and the advice.
//!
//! ```text
//!   accepted 0    refused 1    partial 3    unknown 4
//! ```

use crate::args::mail::Mail;
use crate::output::advice::{Advice, Verb, advice as decide, of_unknown};
use crate::output::report::{Out, size};
use crate::{Exit, Failure, say_line};
use serde_json::{Value, json};
use std::sync::Arc;
use wirewright::error::Error as Session;
use wirewright::net::mail::{Recipient, RecipientStatus, Report, Server};
use wirewright::net::{Error, Failure as Why};
use wirewright::smtp::client::{Stage, Verdict};
use wirewright::smtp::reply::{Enhanced, Reply};
use wirewright::text::PeerText;

/// The maximum number of recipients that an error names.
const NAMED_MAX: usize = 3;

/// The outcome of a run.
pub struct Told {
    server: Server,
    report: Report,
}

impl Told {
    pub fn new(server: Server, report: Report) -> Told {
        Told { server, report }
    }

    /// No connection was established.
    pub fn not_begun(server: Server, error: Error, size: u64) -> Told {
        let report = Report {
            verdict: Verdict::Refused { retryable: true },
            recipients: Vec::new(),
            reply: None,
            size,
            failure: Some(Arc::new(error)),
        };
        Told { server, report }
    }

    pub fn tell(&self, args: &Mail) -> Result<Exit, Failure> {
        let mut out = Out::new();
        let written = match args.common.json {
            true => out.json(&self.document()).and_then(|()| out.flush()),
            false => Ok(()),
        };
        let (what, hint) = self.words();
        let failure = || Failure::advised(&self.server, &what, hint.as_ref());
        let done = match self.report.verdict {
            Verdict::Accepted => {
                if !args.common.json && !args.common.quiet {
                    say_line(&format!("{}: {what}", self.server));
                }
                Ok(Exit::Done)
            }
            Verdict::Partial => Err(failure().of_some()),
            Verdict::Refused { .. } => Err(failure()),
            Verdict::Unknown => Err(failure().of_unknown()),
        };
        Failure::after_report(&self.server, "the server accepted the message", written, done)
    }

    // ---- the document ------------------------------------------------------------------------

    fn document(&self) -> Value {
        let report = &self.report;
        let taken = report
            .recipients
            .iter()
            .filter(|recipient| recipient.status == RecipientStatus::Accepted);
        let refused = report.recipients.iter().filter_map(|recipient| match &recipient.status {
            RecipientStatus::Refused { stage, reply } => Some(json!({
                "address": recipient.path.as_str(),
                "stage": stage.as_str(),
                "code": reply.code(),
                "enhanced": reply.enhanced().map(|enhanced| enhanced.to_string()),
                "text": reply.text(),
                "retryable": reply.is_transient(),
            })),
            RecipientStatus::Unsendable { stage, why } => Some(json!({
                "address": recipient.path.as_str(),
                "stage": stage.as_str(),
                "code": null,
                "enhanced": null,
                "text": meaning(why),
                "retryable": false,
            })),
            RecipientStatus::Unsent => self.refused_before(recipient),
            _ => None,
        });
        let mut document = json!({
            "outcome": match report.verdict {
                Verdict::Accepted => "accepted",
                Verdict::Partial => "partial",
                Verdict::Refused { .. } => "refused",
                Verdict::Unknown => "unknown",
            },
            "accepted": taken.map(|recipient| recipient.path.as_str()).collect::<Vec<_>>(),
            "refused": refused.collect::<Vec<_>>(),
            "reply": match &report.reply {
                Some(reply) => json!({
                    "code": reply.code(),
                    "enhanced": reply.enhanced().map(|enhanced| enhanced.to_string()),
                    "text": reply.text(),
                }),
                None => self.refusing_reply(),
            },
            "size": report.size,
        });
        if let Some(why) = &report.failure {
            document["error"] = json!({ "code": why.code(), "text": words(why) });
        }
        document
    }

    /// The refusal that ended the session before MAIL, of the server or for a rule of ours: the
    /// code of its reply, and the text.
    fn refusal_of_session(&self) -> Option<(Option<u16>, &PeerText<'static>)> {
        match self.report.failure.as_deref() {
            Some(Error::Session(Session::Refused { code, text })) => {
                Some((code.as_raw_str().parse().ok(), text))
            }
            _ => None,
        }
    }

    /// A recipient that was refused with the session, where that is why it was not sent to.
    fn refused_before(&self, recipient: &Recipient) -> Option<Value> {
        let (code, text) = self.refusal_of_session()?;
        let all = &self.report.recipients;
        // With --all-or-nothing it may be another recipient that was refused.
        let is_of_all = all.iter().all(|recipient| recipient.status == RecipientStatus::Unsent);
        is_of_all.then(|| {
            json!({
                "address": recipient.path.as_str(),
                "stage": "session",
                "code": code,
                "enhanced": code.and_then(|_| enhanced(text)),
                "text": text,
                "retryable": code.is_some_and(|code| (400..500).contains(&code)),
            })
        })
    }

    /// The reply that refused the session.
    fn refusing_reply(&self) -> Value {
        match self.refusal_of_session() {
            Some((Some(code), text)) => {
                json!({ "code": code, "enhanced": enhanced(text), "text": text })
            }
            _ => Value::Null,
        }
    }

    // ---- text --------------------------------------------------------------------------------

    /// The error and the advice.
    fn words(&self) -> (String, Option<Advice>) {
        let report = &self.report;
        let told = report.reply.as_deref().map(said).unwrap_or_default();
        match report.verdict {
            Verdict::Accepted => {
                let count = report.recipients.len();
                let people = if count == 1 { "recipient" } else { "recipients" };
                let size = size(report.size);
                (format!("accepted for {count} {people}, {size}: {told}"), None)
            }
            Verdict::Unknown => {
                let why = report.failure.as_deref().map(|why| format!(": {}", words(why)));
                let why = why.unwrap_or_default();
                (
                    format!("the server may have accepted the message{why}"),
                    of_unknown(Verb::Mail { is_tls: self.server.is_tls }).map(Advice::from),
                )
            }
            Verdict::Partial => {
                (format!("accepted for some only; {}", self.refusals()), self.advice_to_some())
            }
            Verdict::Refused { retryable } => self.refusal(retryable),
        }
    }

    fn refusal(&self, retryable: bool) -> (String, Option<Advice>) {
        let report = &self.report;
        if let (Some(why), None) = (&report.failure, &report.reply) {
            return (format!("not sent: {}", words(why)), advice(why, &self.server));
        }
        let hint = match (retryable, self.advice_to_unsendable()) {
            (true, _) => Some("try again later".into()),
            (false, advice) => advice,
        };
        let of_all = report.recipients.iter().find_map(|recipient| match &recipient.status {
            RecipientStatus::Refused { stage, reply } if *stage != Stage::Rcpt => {
                Some((*stage, reply))
            }
            _ => None,
        });
        let what = match of_all {
            Some((_, reply)) if reply.code() == 421 => {
                format!("not sent: the server closes the connection: {}", said(reply))
            }
            Some((Stage::Mail, reply)) => format!("the sender is refused: {}", said(reply)),
            Some((_, reply)) => format!("the message is refused: {}", said(reply)),
            None => format!("not sent: {}", self.refusals()),
        };
        (what, hint)
    }

    /// The advice after partial acceptance: send again only to the recipients that a retry may
    /// reach.
    fn advice_to_some(&self) -> Option<Advice> {
        let again = self.report.recipients.iter().filter(|recipient| match &recipient.status {
            RecipientStatus::Refused { reply, .. } => reply.is_transient(),
            status => *status == RecipientStatus::Unsent,
        });
        let again: Vec<String> = again.map(|recipient| recipient.path.to_string()).collect();
        let later = format!("send it again later to {} alone", first_of(&again));
        match (again.is_empty(), self.advice_to_unsendable()) {
            (true, advice) => advice,
            (false, None) => Some(later.into()),
            (false, Some(advice)) => Some(format!("{later}; {advice}").into()),
        }
    }

    /// What to do about a recipient that this server cannot be told of.
    fn advice_to_unsendable(&self) -> Option<Advice> {
        self.report.recipients.iter().find_map(|recipient| match &recipient.status {
            RecipientStatus::Unsendable { why, .. } => {
                advice(&Error::Session(why.as_ref().clone()), &self.server)
            }
            _ => None,
        })
    }

    /// The refused recipients; the first one with the text of the server.
    fn refusals(&self) -> String {
        let refused =
            self.report.recipients.iter().filter_map(|recipient| match &recipient.status {
                RecipientStatus::Refused { reply, .. } => {
                    Some(format!("{}: {}", recipient.path, said(reply)))
                }
                RecipientStatus::Unsendable { why, .. } => {
                    Some(format!("{}: {}", recipient.path, meaning(why)))
                }
                _ => None,
            });
        let refused: Vec<String> = refused.collect();
        match &self.report.failure {
            Some(why) if refused.is_empty() => words(why),
            _ => format!("refused {}", first_of(&refused)),
        }
    }
}

/// The enhanced code at the beginning of the text of a reply: RFC 3463 §2.
fn enhanced(text: &PeerText<'_>) -> Option<String> {
    Enhanced::parse(text.as_raw_str().as_bytes()).map(|enhanced| enhanced.to_string())
}

/// The first of them, and how many more there are.
fn first_of(all: &[String]) -> String {
    let named = all.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// What is said of an error to people.
pub fn words(error: &Error) -> String {
    match error {
        Error::Session(error) => meaning(error),
        error => error.to_string(),
    }
}

/// The same for an error of the session. A code of our own, such as `no-starttls`, is for programs
/// and left out; the digits of a server's code are kept.
fn meaning(error: &Session) -> String {
    match error {
        Session::Refused { code, text }
            if !code.as_raw_str().starts_with(|first: char| first.is_ascii_digit()) =>
        {
            text.to_string()
        }
        error => error.to_string(),
    }
}

/// A reply in one line, its code in front.
fn said(reply: &Reply) -> String {
    format!("{} {}", reply.code(), reply.text())
}

/// The advice for an error, by the server of argv.
pub fn advice(error: &Error, server: &Server) -> Option<Advice> {
    decide(Verb::Mail { is_tls: server.is_tls }, &Why::from(error), false)
}
