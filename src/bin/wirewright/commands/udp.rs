//! `wirewright udp`: numbered datagrams at a steady rate, and a report of loss and reordering.

mod file;

use super::running::run_options;
use super::wire::{announce, failure, listen_address};
use crate::args::Common;
use crate::args::services::{Udp, UdpRecv, UdpSend};
use crate::output::advice::Verb;
use crate::output::report::Out;
use crate::output::trace;
use crate::{Exit, Failure};
use serde::Serialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use wirewright::datagram::Report;
use wirewright::net::Error;
use wirewright::net::connection::TapMaker;
use wirewright::net::udp::{
    ReceiveOptions, Received, Receiver, SendOptions, Sent, send as send_run,
};

pub fn run(udp: &Udp) -> Result<Exit, Failure> {
    match udp {
        Udp::Send(args) => send(args),
        Udp::Recv(args) => recv(args),
    }
}

fn tap(common: &Common) -> Option<TapMaker> {
    trace::Style::of(common).map(trace::datagrams)
}

fn send(args: &UdpSend) -> Result<Exit, Failure> {
    let mut run = run_options(&args.common, tap(&args.common), None);
    run.connect.family = args.family.only();
    let least = run.timeout.unwrap_or_default();
    let file = args.file.as_deref().map(|path| file::open(path, args.size)).transpose()?;
    let options = SendOptions::default()
        .with_rate(args.rate)
        .with_size(usize::from(args.size))
        .with_span(args.seconds)
        .with_file(file)
        .with_run(run.with_waits_of_at_least(least));
    let sent = send_run(&args.receiver, &options);
    let sent = sent.map_err(|error| match (&args.file, &error) {
        (Some(path), Error::File(_)) => failure(Verb::Put, &path.display().to_string(), &error),
        _ => failure(Verb::Datagrams, &args.receiver, &error),
    })?;
    // The kernel reports ICMP "port unreachable" at the next send, so the last ones are not seen.
    let is_refused = sent.refused > 0 && sent.refused >= sent.sent / 2;
    let outcome = match is_refused {
        true => {
            let what = format!("nobody listens there ({} datagrams refused)", sent.refused);
            Err(Failure::new(&args.receiver, what, "start wirewright udp recv there first"))
        }
        false => sent
            .file
            .as_ref()
            .map_or(Ok(Exit::Done), |sent| file::sent_outcome(sent, &args.receiver)),
    };
    if args.common.json {
        let run = sent_document(&sent, options.size);
        print(&SentDocument { run, error: error_of(&outcome) })?;
    } else if !args.common.quiet && !is_refused {
        crate::say_line(&sent_text(&sent));
    }
    outcome
}

fn recv(args: &UdpRecv) -> Result<Exit, Failure> {
    let options = ReceiveOptions::default()
        .with_span(args.seconds)
        .with_path(args.output.clone())
        .with_durability(args.durability.into())
        .with_run(run_options(&args.common, tap(&args.common), None));
    args.output.as_deref().map_or(Ok(()), file::check_output)?;
    let failed = |error| match (&args.output, &error) {
        (Some(path), Error::File(_)) => failure(Verb::Get, &path.to_string_lossy(), &error),
        _ => failure(Verb::Serve, &args.listen, &error),
    };
    let address = listen_address(&args.listen).map_err(failed)?;
    let receiver = Receiver::bind(address, options).map_err(failed)?;
    let address = receiver.local_addr();
    announce(address, args.common.json)?;
    let received = receiver.run().map_err(failed)?;
    let outcome = match &args.output {
        Some(path) => file::received_outcome(received.file.as_ref(), path),
        None => Ok(Exit::Done),
    };
    if args.common.json {
        let file = received.file.as_ref();
        let file = file.map(|file| file::received_document(file, args.durability.into()));
        let (run, error) = (received_document(&received), error_of(&outcome));
        print(&Document { run, file, error })?;
    } else if !args.common.quiet {
        received_text(&received, address).iter().for_each(|line| crate::say_line(line));
    }
    outcome
}

/// The error of the run, for the JSON document.
fn error_of(outcome: &Result<Exit, Failure>) -> Option<Value> {
    let failure = outcome.as_ref().err()?;
    Some(json!({ "code": failure.code, "text": failure.what }))
}

fn print(document: &impl Serialize) -> Result<(), Failure> {
    let mut out = Out::new();
    out.json(document)?;
    out.flush()
}

fn hex(run: u64) -> String {
    format!("{run:016x}")
}

fn sent_document(sent: &Sent, size: usize) -> Value {
    json!({
        "run": hex(sent.run),
        "sent": sent.sent,
        "bytes": sent.bytes,
        "size": size,
        "seconds": sent.elapsed.as_secs_f64(),
        "bits_per_second": sent.bits_per_second,
        "refused": sent.refused,
        "file": sent.file.as_ref().map(file::sent_document),
    })
}

fn sent_text(sent: &Sent) -> String {
    let (count, seconds) = (sent.sent, sent.elapsed.as_secs_f64());
    let file = sent.file.as_ref().map_or(String::new(), file::sent_text);
    // Few refusals do not mean that many datagrams arrived: hosts and routers limit ICMP errors.
    let refused = match sent.refused {
        0 => String::new(),
        count => format!(", refused {count}: nobody listened for some time"),
    };
    let rate = bits(sent.bits_per_second);
    format!("sent {count} datagrams{file} in {seconds:.3} s, {rate}{refused}")
}

/// The report of a sender.
#[derive(Serialize)]
struct SentDocument {
    #[serde(flatten)]
    run: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

/// The report of a receiver.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    run: Value,
    file: Option<file::Document<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

fn received_document(received: &Received) -> Value {
    let report = &received.report;
    json!({
        "run": received.run.map(hex),
        "from": received.from.map(|from| from.to_string()),
        "sent": report.sent,
        "received": report.received,
        "lost": report.lost,
        "duplicated": report.duplicated,
        "reordered": report.reordered,
        "late": report.late,
        "jitter_ms": report.jitter_ns as f64 / 1e6,
        "bytes": report.bytes,
        "seconds": report.elapsed_ns as f64 / 1e9,
        "bits_per_second": report.bits_per_second,
        "short": report.short,
        "foreign": report.foreign,
        "other_run": report.other_run,
        "implausible": report.implausible,
    })
}

fn received_text(received: &Received, address: SocketAddr) -> Vec<String> {
    let report = &received.report;
    let Some(from) = received.from else {
        let mut lines = vec![format!("no datagram of a sender arrived at {address}")];
        lines.extend(untrusted_text(report));
        return lines;
    };
    let all = report.received + report.lost;
    let share = report.lost as f64 * 100.0 / (all.max(1)) as f64;
    let seconds = report.elapsed_ns as f64 / 1e9;
    let rate = bits(report.bits_per_second);
    let end = if report.sent.is_some() { "" } else { " (the sender told no end)" };
    let mut lines = vec![
        format!("received {} of {all} datagrams from {from}{end}", report.received),
        format!("lost {} ({share:.2} %), late {}", report.lost, report.late),
        format!("duplicated {}, reordered {}", report.duplicated, report.reordered),
        format!("jitter {:.3} ms, {rate} for {seconds:.3} s", report.jitter_ns as f64 / 1e6),
    ];
    lines.extend(untrusted_text(report));
    lines.extend(received.file.iter().flat_map(file::received_text));
    lines
}

fn untrusted_text(report: &Report) -> Option<String> {
    (report.short + report.foreign + report.other_run + report.implausible > 0).then(|| {
        format!(
            "not trusted: {} short, {} foreign, {} of another run, {} implausible",
            report.short, report.foreign, report.other_run, report.implausible
        )
    })
}

/// A bit rate with decimal prefixes: `999 bit/s`, `98.7 Mbit/s`.
fn bits(per_second: u64) -> String {
    const UNITS: [(&str, f64); 3] = [("G", 1e9), ("M", 1e6), ("k", 1e3)];
    let rate = per_second as f64;
    match UNITS.iter().find(|(_, factor)| rate >= *factor) {
        Some((unit, factor)) => format!("{:.1} {unit}bit/s", rate / factor),
        None => format!("{per_second} bit/s"),
    }
}

#[cfg(test)]
mod tests {
    use super::bits;

    #[test]
    fn rates_for_people() {
        for (rate, text) in [
            (0, "0 bit/s"),
            (999, "999 bit/s"),
            (1000, "1.0 kbit/s"),
            (98_700_000, "98.7 Mbit/s"),
            (12_000_000_000, "12.0 Gbit/s"),
        ] {
            assert_eq!(bits(rate), text);
        }
    }
}
