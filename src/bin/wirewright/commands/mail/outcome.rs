//! What became of a message: the document, the words, the status, and what to do about it.
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
use wirewright::net::mail::{Fate, Report, Server};
use wirewright::net::{Error, Failure as Why};
use wirewright::smtp::client::{Stage, Verdict};
use wirewright::smtp::reply::Reply;

/// How many refused recipients are named in an error.
const NAMED_MAX: usize = 3;

/// What is known in the end.
pub struct Told {
    server: Server,
    report: Report,
}

impl Told {
    pub fn new(server: Server, report: Report) -> Told {
        Told { server, report }
    }

    /// It did not even come to a connection.
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
        match self.report.verdict {
            // Where the report cannot be written, the status still tells what became of the rest.
            Verdict::Accepted => {
                written?;
                if !args.common.json && !args.common.quiet {
                    say_line(&format!("{}: {what}", self.server));
                }
                Ok(Exit::Done)
            }
            Verdict::Partial => Err(failure().of_some()),
            Verdict::Refused { .. } => Err(failure()),
            Verdict::Unknown => Err(failure().of_unknown()),
        }
    }

    // ---- the document ------------------------------------------------------------------------

    fn document(&self) -> Value {
        let report = &self.report;
        let taken = report.recipients.iter().filter(|recipient| recipient.fate == Fate::Accepted);
        let refused = report.recipients.iter().filter_map(|recipient| match &recipient.fate {
            Fate::Refused { stage, reply } => Some(json!({
                "address": recipient.path.as_str(),
                "stage": stage.as_str(),
                "code": reply.code(),
                "enhanced": reply.enhanced().map(|enhanced| enhanced.to_string()),
                "text": reply.text(),
                "retryable": reply.is_transient(),
            })),
            Fate::Unsendable { stage, why } => Some(json!({
                "address": recipient.path.as_str(),
                "stage": stage.as_str(),
                "code": null,
                "enhanced": null,
                "text": why.reason(),
                "retryable": false,
            })),
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
            "reply": report.reply.as_ref().map(|reply| json!({
                "code": reply.code(),
                "enhanced": reply.enhanced().map(|enhanced| enhanced.to_string()),
                "text": reply.text(),
            })),
            "size": report.size,
        });
        if let Some(why) = &report.failure {
            document["error"] = json!({ "code": why.code(), "text": why.to_string() });
        }
        document
    }

    // ---- words -------------------------------------------------------------------------------

    /// What happened, and what to do about it.
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
                let why = report.failure.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                (
                    format!("the message may have been taken{why}"),
                    of_unknown(Verb::Mail { is_tls: self.server.is_tls }).map(Advice::from),
                )
            }
            Verdict::Partial => (
                format!("accepted for some only; {}", self.refusals()),
                Some("send it again to the others, once the reason is gone".into()),
            ),
            Verdict::Refused { retryable } => self.refusal(retryable),
        }
    }

    fn refusal(&self, retryable: bool) -> (String, Option<Advice>) {
        let report = &self.report;
        if let (Some(why), None) = (&report.failure, &report.reply) {
            return (format!("not sent: {why}"), advice(why, &self.server));
        }
        let hint = if retryable { "try again later" } else { "see what the server says" };
        let of_all = report.recipients.iter().find_map(|recipient| match &recipient.fate {
            Fate::Refused { stage, reply } if *stage != Stage::Rcpt => Some((*stage, reply)),
            _ => None,
        });
        let what = match of_all {
            Some((Stage::Mail, reply)) => format!("the sender is refused: {}", said(reply)),
            Some((_, reply)) => format!("the message is refused: {}", said(reply)),
            None => format!("not sent: {}", self.refusals()),
        };
        (what, Some(hint.into()))
    }

    /// The refused recipients, the first of them with the server's words.
    fn refusals(&self) -> String {
        let refused = self.report.recipients.iter().filter_map(|recipient| match &recipient.fate {
            Fate::Refused { reply, .. } => Some(format!("{}: {}", recipient.path, said(reply))),
            Fate::Unsendable { why, .. } => Some(format!("{}: {}", recipient.path, why.reason())),
            _ => None,
        });
        let refused: Vec<String> = refused.collect();
        let named = refused.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
        match (refused.len().saturating_sub(NAMED_MAX), &self.report.failure) {
            (0, Some(why)) if named.is_empty() => why.to_string(),
            (0, _) => format!("refused {named}"),
            (more, _) => format!("refused {named} and {more} more"),
        }
    }
}

/// A reply in one line, its code in front.
fn said(reply: &Reply) -> String {
    format!("{} {}", reply.code(), reply.text())
}

/// What to do about an error, knowing which server was meant.
pub fn advice(error: &Error, server: &Server) -> Option<Advice> {
    decide(Verb::Mail { is_tls: server.is_tls }, &Why::from(error), false)
}
