//! Letters for these tests, how they are sent, and their reports in one line each.

use super::server::{PATIENCE, Server};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use wirewright::net::files::SourceFile;
use wirewright::net::mail::{Options, OutgoingMessage, Raw, Recipient, RecipientStatus, Report};
use wirewright::net::mail::{Server as Target, send};
use wirewright::smtp::client::Verdict;
use wirewright::smtp::command::Path;
use wirewright::smtp::config::StartTls;
use wirewright::smtp::reply::Reply;

/// What is told of a letter that a polite server has taken.
pub const TAKEN: &str = "accepted: taken; 250 2.0.0 queued";

/// In clear, to that server; it ends in any case.
pub fn options(server: &Server) -> Options {
    let mut options = named(&format!("smtp://{}", server.address()));
    options.starttls = StartTls::Never;
    options
}

/// To a server by its URL, TLS as it is by default.
pub fn named(url: &str) -> Options {
    let mut options = Options::new(Target::parse(url).unwrap());
    options.run.timeout = Some(PATIENCE);
    options
}

pub fn path(address: &str) -> Path {
    Path::parse(address).unwrap()
}

/// What a letter of that number is on the wire.
pub fn content(number: usize) -> Vec<u8> {
    format!("Subject: {number}\r\n\r\nhello\r\n").into_bytes()
}

/// A letter to `b@example.net`.
pub fn letter(number: usize) -> OutgoingMessage {
    letter_to(number, &["b@example.net"])
}

pub fn letter_to(number: usize, recipients: &[&str]) -> OutgoingMessage {
    raw(&content(number), recipients)
}

/// A letter of about so many bytes, in lines of 64.
pub fn long(len: usize) -> OutgoingMessage {
    raw(&long_content(len), &["b@example.net"])
}

pub fn long_content(len: usize) -> Vec<u8> {
    let line = format!("{}\r\n", "x".repeat(62));
    [b"Subject: long\r\n\r\n", line.repeat(len / 64).as_bytes()].concat()
}

pub fn raw(content: &[u8], recipients: &[&str]) -> OutgoingMessage {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    raw_file(file, recipients)
}

pub fn raw_file(file: File, recipients: &[&str]) -> OutgoingMessage {
    let recipients = recipients.iter().map(|address| path(address)).collect();
    let raw = Raw::new(SourceFile::from_file(file).unwrap()).unwrap();
    OutgoingMessage::raw(path("a@example.org"), recipients, raw)
}

/// Sends, and says of each letter what is told of it.
pub fn sent(options: Options, letters: Vec<OutgoingMessage>) -> Vec<String> {
    let sizes: Vec<u64> = letters.iter().map(|letter| letter.content.size()).collect();
    let reports = send(options, letters).unwrap();
    assert!(sizes.into_iter().eq(reports.iter().map(|report| report.size)));
    reports.iter().map(told).collect()
}

/// `VERDICT: fates; REPLY; FAILURE`, the last two where they are.
///
/// A refusal that may go well later is `later`, any other one `never`.
pub fn told(report: &Report) -> String {
    let verdict = match report.verdict {
        Verdict::Accepted => "accepted",
        Verdict::Partial => "partial",
        Verdict::Refused { retryable: true } => "later",
        Verdict::Refused { retryable: false } => "never",
        Verdict::Unknown => "unknown",
    };
    let mut told = format!("{verdict}: {}", fates(&report.recipients));
    if let Some(reply) = &report.reply {
        write!(told, "; {}", said(reply)).unwrap();
    }
    if let Some(why) = &report.failure {
        write!(told, "; {why}").unwrap();
    }
    told
}

/// The fates of recipients, each once with its number where neighbours share it.
fn fates(recipients: &[Recipient]) -> String {
    let all: Vec<String> = recipients.iter().map(|recipient| fate(&recipient.status)).collect();
    let runs = all.chunk_by(|one, next| one == next).map(|run| match run.len() {
        1 => run[0].clone(),
        len => format!("{len} {}", run[0]),
    });
    runs.collect::<Vec<_>>().join(", ")
}

fn fate(fate: &RecipientStatus) -> String {
    match fate {
        RecipientStatus::Accepted => "taken".to_owned(),
        RecipientStatus::Unsent => "unsent".to_owned(),
        RecipientStatus::Unknown => "unknown".to_owned(),
        RecipientStatus::Unsendable { stage, why } => {
            format!("{} {}", stage.as_str(), why.reason())
        }
        RecipientStatus::Refused { stage, reply } => format!("{} {}", stage.as_str(), said(reply)),
    }
}

fn said(reply: &Reply) -> String {
    format!("{} {}", reply.code(), reply.text())
}
