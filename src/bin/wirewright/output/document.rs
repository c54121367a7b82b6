//! The document of `--json` for a run that failed before its command had anything to report.
//!
//! ```text
//!   argv does not parse, usage error ─▶ exit status 2, no document
//!   any other run ─┬─▶ the command prints its document
//!                  └─▶ the command prints none ─▶ the same document, empty, with the error
//! ```
//!
//! A program that reads the document then never has to tell an empty output from a report. The
//! error stands at the top level, since the whole run failed, and with each file that was named.
//! `explain` prints an object for each event, and `bench` its measurements: both are left out.

use super::advice::Verb;
use super::report::Out;
use crate::args::Command;
use crate::args::services::{Time, Udp};
use crate::commands::{get, put, wire};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Instant;
use wirewright::http::url::Url;
use wirewright::net::files::Durability;
use wirewright::net::{Failure, FileReport};

/// The command that runs, and when it began.
static RUNS: OnceLock<(Command, Instant)> = OnceLock::new();

/// Keeps the command until the process ends.
pub fn keep(command: Command) -> &'static Command {
    &RUNS.get_or_init(|| (command, Instant::now())).0
}

/// Prints the document of a run that failed, if it has to have one and nothing was printed, and
/// ends one that was begun. That the run failed is said on stderr; where stdout takes nothing there
/// is no more to say.
pub fn fail(code: &str, text: &str) {
    let Some((command, began)) = RUNS.get() else { return };
    let seconds = began.elapsed().as_secs_f64();
    let error = json!({ "code": code, "text": text });
    let why = || Failure::new(code.to_owned(), text.to_owned());
    if wire::document::end_now(seconds, &error) {
        return;
    }
    let _ = match command {
        Command::Get(args) if args.common.json && !Out::was_written() => {
            not_started(Verb::Get, &get::not_started(args, &why()), seconds, &error)
        }
        Command::Put(args) if args.common.json && !Out::was_written() => {
            not_started(Verb::Put, &put::not_started(args, &why()), seconds, &error)
        }
        command => match empty(command, seconds) {
            Some(mut document) if !Out::was_written() => {
                document["error"] = error;
                let mut out = Out::new();
                out.json(&document).and_then(|()| out.flush())
            }
            _ => return,
        },
    };
}

/// Prints the document of a transfer that has done nothing with its files.
fn not_started(
    verb: Verb,
    files: &[FileReport],
    seconds: f64,
    error: &Value,
) -> Result<(), crate::Failure> {
    wire::document::begin(verb, None)?;
    files.iter().try_for_each(wire::document::add)?;
    wire::document::end(seconds, Some(error))
}

/// The document of a command that has done nothing, if `--json` was given.
fn empty(command: &Command, seconds: f64) -> Option<Value> {
    let (is_json, document) = match command {
        Command::Serve(args) => {
            let none = json!({ "files": 0, "bytes": 0 });
            let document = json!({
                "address": null, "seconds": seconds, "sent": none, "received": none, "failed": 0
            });
            (args.common.json, document)
        }
        Command::Ls(args) => (args.common.json, json!({ "entries": [] })),
        Command::Http(args) => (args.common.json, not_asked(args.target.last())),
        Command::Download(args) => {
            let durability = Durability::from(args.durability).as_str();
            let document = json!({
                "files": [], "bytes": 0, "seconds": seconds, "durability": durability, "failed": 0
            });
            (args.common.json, document)
        }
        Command::Sms(args) => {
            let document =
                json!({ "outcome": "refused", "status": null, "reply": null, "text": null });
            (args.common.json, document)
        }
        Command::Mail(args) => {
            let document = json!({
                "outcome": "refused", "accepted": [], "refused": [], "reply": null, "size": null
            });
            (args.common.json, document)
        }
        Command::Time { what: Time::Serve(args) } => {
            let document = json!({ "address": null, "seconds": seconds, "answers": 0 });
            (args.common.json, document)
        }
        Command::Time { what: Time::Get(args) } => {
            let document = json!({ "line": null, "moment": null, "seconds": seconds });
            (args.common.json, document)
        }
        Command::Udp { what: Udp::Send(args) } => {
            let document = json!({
                "run": null, "sent": 0, "bytes": 0, "size": args.size, "seconds": seconds,
                "bits_per_second": 0, "refused": 0, "file": null,
            });
            (args.common.json, document)
        }
        Command::Udp { what: Udp::Recv(args) } => (args.common.json, not_received(seconds)),
        _ => return None,
    };
    is_json.then_some(document)
}

/// A request that was not made.
fn not_asked(url: Option<&String>) -> Value {
    // A URL that parses is shown without its credentials.
    let url = url.and_then(|text| Url::parse(text).ok()).map(|url| url.to_string());
    json!({
        "url": url, "method": null, "status": null, "reason": null, "version": null,
        "headers": [], "trailers": [], "redirects": [], "address": null, "reused": false,
        "attempts": 0, "received": 0, "remarks": [], "bytes": 0, "path": null,
        "durability": null,
        "timings": {
            "name": null, "connect": null, "tls": null, "first_byte": null, "last_byte": null
        },
    })
}

/// A run of datagrams that was not received.
fn not_received(seconds: f64) -> Value {
    json!({
        "run": null, "from": null, "sent": null, "received": 0, "lost": 0, "duplicated": 0,
        "reordered": 0, "late": 0, "jitter_ms": 0.0, "bytes": 0, "seconds": seconds,
        "bits_per_second": 0, "short": 0, "foreign": 0, "other_run": 0, "implausible": 0,
        "file": null,
    })
}
