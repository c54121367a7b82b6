//! What became of a message: the document, the words, the status, and what to do about it.
//!
//! ```text
//!   accepted 0    refused 1    partial 3    unknown 4
//! ```

use super::super::args::mail::Mail;
use super::super::report::{Out, size};
use super::super::{Exit, Failure, say_line};
use serde_json::{Value, json};
use std::sync::Arc;
use wirewright::error;
use wirewright::net::Error;
use wirewright::net::mail::{Fate, Report, Server};
use wirewright::net::tls::{CertificateFault, Fault};
use wirewright::smtp::client::{Stage, Verdict};
use wirewright::smtp::reply::Reply;

/// How many refused recipients are named in an error.
const NAMED_MAX: usize = 3;

/// What a session waits for first, in its words.
const GREETING: &str = "the greeting";

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
        let failure = || Failure::new(&self.server, &what, &hint);
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
    fn words(&self) -> (String, String) {
        let report = &self.report;
        let told = report.reply.as_deref().map(said).unwrap_or_default();
        match report.verdict {
            Verdict::Accepted => {
                let count = report.recipients.len();
                let people = if count == 1 { "recipient" } else { "recipients" };
                let size = size(report.size);
                (format!("accepted for {count} {people}, {size}: {told}"), String::new())
            }
            Verdict::Unknown => {
                let why = report.failure.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                (
                    format!("the message may have been taken{why}"),
                    "ask the recipients or the server's log before you send it again".to_owned(),
                )
            }
            Verdict::Partial => (
                format!("accepted for some only; {}", self.refusals()),
                "send it again to the others, once the reason is gone".to_owned(),
            ),
            Verdict::Refused { retryable } => self.refusal(retryable),
        }
    }

    fn refusal(&self, retryable: bool) -> (String, String) {
        let report = &self.report;
        if let (Some(why), None) = (&report.failure, &report.reply) {
            return (format!("not sent: {why}"), advice(why, &self.server));
        }
        let hint = if retryable { "try again later" } else { "look at what the server says" };
        let of_all = report.recipients.iter().find_map(|recipient| match &recipient.fate {
            Fate::Refused { stage, reply } if *stage != Stage::Rcpt => Some((*stage, reply)),
            _ => None,
        });
        let what = match of_all {
            Some((Stage::Mail, reply)) => format!("the sender is refused: {}", said(reply)),
            Some((_, reply)) => format!("the message is refused: {}", said(reply)),
            None => format!("not sent: {}", self.refusals()),
        };
        (what, hint.to_owned())
    }

    /// The refused recipients, the first of them with the server's words.
    fn refusals(&self) -> String {
        let refused = self.report.recipients.iter().filter_map(|recipient| match &recipient.fate {
            Fate::Refused { reply, .. } => Some(format!("{}: {}", recipient.path, said(reply))),
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
pub fn advice(error: &Error, server: &Server) -> String {
    match error {
        Error::Tls(fault) => of_tls(fault, server),
        Error::TimedOut { state: GREETING } if !server.is_tls => of_silence(server),
        Error::Session(error::Error::Incomplete { expected: GREETING, .. }) if !server.is_tls => {
            of_silence(server)
        }
        Error::TimedOut { .. } => "look at the network, or allow more with --timeout".to_owned(),
        Error::Unreachable(_) => {
            "see that the host and the port are right and the server runs".to_owned()
        }
        Error::Io("looking the name up", _) => "see that the host is right".to_owned(),
        Error::Session(error) => of_session(error, server),
        Error::File(_) => "see that nobody changes the file, and run it again".to_owned(),
        Error::Interrupted => "run the same command again".to_owned(),
        _ => "look at what happens with --trace".to_owned(),
    }
}

/// A server of TLS waits for us, as we wait for it.
fn of_silence(server: &Server) -> String {
    let Server { host, port, .. } = server;
    format!("if the server speaks TLS there from the beginning, give smtps://{host}:{port}")
}

fn of_session(error: &error::Error, server: &Server) -> String {
    let code = match error {
        error::Error::Refused { code, .. } => code.as_raw_str(),
        error::Error::Malformed { section: "RFC 3207 §4.2", .. } => {
            return "somebody may stand between; do not use this network".to_owned();
        }
        error::Error::Malformed { .. } => "malformed",
        error::Error::Incomplete { .. } => "incomplete",
        _ => "",
    };
    match code {
        "no-starttls" => {
            "try smtps:// (port 465), or allow clear text with --starttls opportunistic or never"
        }
        "no-tls" => "see that the server offers STARTTLS, or allow it with --insecure-auth",
        "no-auth" => {
            "choose one of its mechanisms with --auth, or another port: 587 and 465 log in"
        }
        "size" => "send less, or a link to the file",
        "no-8bitmime" => "send it as a message of --text and --attach, which is ASCII",
        "no-smtputf8" => "use an address that is ASCII",
        "530" => "the server wants TLS or a login: give smtp://USER@HOST and --password-file",
        "534" | "535" | "538" => "look at USER and its password; many want one made for programs",
        "malformed" if server.is_tls => "see that it is a mail server, with --trace",
        "malformed" => "see that it is a mail server, with --trace, and not one of TLS (smtps://)",
        "incomplete" => "look at the server's log; it or the network cut it short",
        code if code.starts_with('4') => "try again later",
        _ => "look at what the server says with --trace",
    }
    .to_owned()
}

/// Which fault of TLS it is, and whether the port wants the other kind of it.
fn of_tls(fault: &Fault, server: &Server) -> String {
    let host = &server.host;
    match fault {
        Fault::NotTls if server.is_tls => format!(
            "the server may begin in clear there: give smtp://{host}:{} for STARTTLS",
            server.port
        ),
        Fault::Closed if server.is_tls => format!(
            "see that the port is right: 465 for smtps://, or smtp://{host}:{} for STARTTLS",
            server.port
        ),
        Fault::Certificate { fault, .. } => {
            let option = match fault {
                CertificateFault::SelfSigned | CertificateFault::UnknownIssuer => {
                    " with --cacert FILE"
                }
                CertificateFault::WrongName => " in --server, or say which with --tls-name",
                _ => "",
            };
            format!("{}{option}", fault.advice())
        }
        _ => fault.advice().to_owned(),
    }
}
