//! A load of mail: many messages to a server, in rounds, and their outcomes.
//!
//! ```text
//!   message ×N ─▶ up to C connections ─▶ server      a round begins with connecting and ends with
//!     └──────────── Report for each ─────────┘      the last QUIT
//! ```
//!
//! Without `--server` the server is the sink in this process. With `--listen` only the sink runs,
//! for other senders.

use super::super::machine::{self, Machine, Ticks};
use super::super::reactor::accept_all;
use super::super::setup::{ROUNDS, Setup};
use super::super::{broken, said, sides};
use super::report::{Counts, LoadReport, MailLoad, Round, text};
use super::sink::{Sink, Taken};
use super::{message, options, start};
use crate::args::{Bench, Load};
use crate::commands::wire::{announce, failure, listen_address};
use crate::output::advice::Verb;
use crate::output::drawing::Steps;
use crate::output::report::Out;
use crate::{Exit, Failure};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use wirewright::net::Error;
use wirewright::net::mail::{OutgoingMessage, Report, Server, send_each};
use wirewright::net::reactor::ReactorBuilder;
use wirewright::net::transport::endpoint;
use wirewright::smtp::client::Verdict;

/// The default number of messages of a round.
const MESSAGES: u32 = 20_000;

/// The default length of a message in bytes.
const SIZE: u64 = 1024;

pub fn run(args: &Bench, load: &Load) -> Result<Exit, Failure> {
    if args.rungs != ["smtp"] {
        let hint = "give `bench smtp`, and no other rung";
        return Err(Failure::usage("--messages", "only the rung smtp sends messages", hint));
    }
    machine::raise_descriptors();
    match &load.listen {
        Some(address) => listen(address, args),
        None => send_all(args, load),
    }
}

// ---- sending -----------------------------------------------------------------------------------

fn send_all(args: &Bench, load: &Load) -> Result<Exit, Failure> {
    let setup = Setup::new(args);
    let setup =
        setup.map_err(|error| Failure::new("bench", error, "give a TMPDIR that can be written"))?;
    let (message, file_bytes) = message::of_size(&setup, load.message_size.unwrap_or(SIZE))
        .map_err(|error| Failure::usage("--message-size", error, "give more"))?;
    let own = match load.server {
        None => Some(start(None).map_err(|error| broken("smtp", &error))?),
        Some(_) => None,
    };
    let rounds = load.rounds.map_or(ROUNDS, usize::from);
    let (server, name) = server(load, own.as_ref().map(|(sink, _)| &*sink.endpoint))?;
    let load = MailLoad {
        server: name,
        messages: load.messages.unwrap_or(MESSAGES),
        connections: args.connections.unwrap_or(1) as usize,
        size: message.content.size(),
        file_bytes,
    };
    let progress = Steps::new("bench smtp", rounds, "rounds", !args.quiet);
    let taken = own.as_ref().map(|(_, taken)| &**taken);
    let mut done = Vec::new();
    machine::reset_peak();
    let ticks = Ticks::now();
    for round in 1..=rounds {
        done.push(one_round(&load, &server, &message, taken)?);
        progress.done(round);
        if done.iter().any(|round| round.counts.was_stopped) {
            break;
        }
    }
    progress.finish();
    let machine = Machine::after(ticks);
    show(&LoadReport::of(load, done, machine::peak_rss(), machine), args.json)
}

/// The server of `--server`, or the sink.
fn server(load: &Load, own: Option<&str>) -> Result<(Server, String), Failure> {
    let name = match (&load.server, own) {
        (Some(server), _) => server.clone(),
        (None, own) => format!("smtp://{}", own.unwrap_or_default()),
    };
    let hint = "give smtp://HOST:PORT; the load is sent without TLS and AUTH";
    match Server::parse(&name) {
        Ok(server) if server.is_tls || server.user.is_some() => {
            Err(Failure::usage("--server", "the load supports neither TLS nor AUTH", hint))
        }
        Ok(server) => Ok((server, name)),
        Err(error) => Err(Failure::usage("--server", error.reason(), hint)),
    }
}

fn one_round(
    load: &MailLoad,
    server: &Server,
    message: &OutgoingMessage,
    taken: Option<&Taken>,
) -> Result<Round, Failure> {
    let mut options = options(server.clone(), load.connections);
    options.run.stop_at_signals = true;
    let before = (taken.map(Taken::counts), sides::thread());
    let counts = Rc::new(RefCell::new(Counts::default()));
    let (counting, began) = (counts.clone(), Instant::now());
    let messages = std::iter::repeat_n(message.clone(), load.messages as usize);
    let sent = send_each(options, messages, move |_, report| counting.borrow_mut().add(&report));
    sent.map_err(|error| broken("smtp", &said(error)))?;
    let (seconds, spent) = (began.elapsed().as_secs_f64(), sides::thread() - before.1);
    let round = Round { seconds, cpu_s: spent.as_secs_f64(), counts: counts.take() };
    let expected = before.0.map(|(messages, bytes)| {
        let more = u64::from(round.counts.accepted);
        (messages + more, bytes + more * load.size)
    });
    // The sink may have taken some of the messages whose outcome is unknown.
    match round.counts.unknown > 0 || taken.map(Taken::counts) == expected {
        true => Ok(round),
        false => Err(broken("smtp", "the sink did not count the accepted messages")),
    }
}

impl Counts {
    fn add(&mut self, report: &Report) {
        *match report.verdict {
            Verdict::Accepted => &mut self.accepted,
            Verdict::Unknown => &mut self.unknown,
            // Each message has one recipient, so no message is accepted in part.
            Verdict::Partial | Verdict::Refused { .. } => &mut self.refused,
        } += 1;
        self.was_stopped |= matches!(report.failure.as_deref(), Some(Error::Interrupted));
        if report.verdict != Verdict::Accepted && self.why.is_none() {
            self.why = Some(match (&report.reply, &report.failure) {
                (Some(reply), _) => format!("{} {}", reply.code(), reply.text()),
                (None, Some(failure)) => failure.to_string(),
                (None, None) => "its recipient was refused".to_owned(),
            });
        }
    }
}

fn show(report: &LoadReport, json: bool) -> Result<Exit, Failure> {
    let mut out = Out::new();
    match json {
        true => out.json(&serde_json::json!(report))?,
        false => out.raw(&text(report))?,
    }
    out.flush()?;
    verdict(report)
}

/// Success means that all messages were accepted.
fn verdict(report: &LoadReport) -> Result<Exit, Failure> {
    let accepted = report.sum(|counts| counts.accepted);
    let unknown = report.sum(|counts| counts.unknown);
    let all = report.rounds.len() as u64 * u64::from(report.load.messages);
    if accepted == all {
        return Ok(Exit::Done);
    }
    let why =
        report.rounds.iter().find_map(|round| round.counts.why.as_deref()).unwrap_or_default();
    let what = format!("{accepted} of {all} messages were accepted: {why}");
    let hint = "send one with wirewright mail --trace to see the dialogue";
    let failure = Failure::new(&report.load.server, &what, hint);
    Err(match (accepted, unknown) {
        (_, 1..) => failure.of_unknown(),
        (0, 0) => failure,
        (_, 0) => failure.of_some(),
    })
}

// ---- listening ---------------------------------------------------------------------------------

/// Accepts mail until a signal, and reports how much.
fn listen(address: &str, args: &Bench) -> Result<Exit, Failure> {
    let failed = |error: &Error| failure(Verb::Serve, address, error);
    let refused = |error| failed(&Error::Io("listening", error));
    let at = listen_address(address).map_err(|error| failed(&error))?;
    let socket = endpoint::listen(at).map_err(refused)?;
    let bound = socket.local_addr().map_err(refused)?;
    let mut builder = ReactorBuilder::new().map_err(refused)?;
    builder.stop_at_signals().map_err(refused)?;
    let taken = Arc::<Taken>::default();
    let counts = taken.clone();
    // The socket is bound, so early clients wait until the reactor runs.
    announce(bound, args.json)?;
    accept_all(builder, socket, move || (Sink::new(counts.clone(), None), ())).map_err(refused)?;
    let (messages, bytes) = taken.counts();
    let mut out = Out::new();
    match args.json {
        true => out.json(&serde_json::json!({ "messages": messages, "bytes": bytes }))?,
        false => crate::say_line(&format!("{messages} messages of {bytes} bytes")),
    }
    out.flush()?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    /// One round to a server; gives the outcomes and the size of a message.
    fn round(server: String, messages: u32, taken: Option<&Taken>) -> (Result<Counts, ()>, u64) {
        let (message, file_bytes) = message::of_size(&small(), 900).unwrap();
        let (address, size) = (Server::parse(&server).unwrap(), message.content.size());
        let load = MailLoad { server, messages, connections: 4, size, file_bytes };
        let round = one_round(&load, &address, &message, taken);
        (round.map(|round| round.counts).map_err(|_| ()), size)
    }

    #[test]
    fn a_round_counts_what_the_sink_took() {
        let (sink, taken) = start(None).unwrap();
        let name = format!("smtp://{}", sink.endpoint);
        let (counts, size) = round(name.clone(), 30, Some(&taken));
        let counts = counts.unwrap();
        assert_eq!((counts.accepted, counts.refused, counts.unknown), (30, 0, 0));
        assert_eq!(taken.counts(), (30, 30 * size));
        // Another sink has taken nothing of it.
        assert!(round(name, 30, Some(&Taken::default())).0.is_err());
    }

    #[test]
    fn messages_to_nobody_are_refused() {
        let free = endpoint::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let name = format!("smtp://{}", free.local_addr().unwrap());
        drop(free);
        let counts = round(name, 3, None).0.unwrap();
        assert_eq!((counts.accepted, counts.refused, counts.unknown), (0, 3, 0));
        assert!(counts.why.is_some());
    }
}
