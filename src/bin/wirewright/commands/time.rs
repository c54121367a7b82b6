//! `wirewright time`: serves date and time (RFC 867), and queries a server.

use super::running::run_options;
use super::wire::{announce, failure, listen_address};
use crate::args::services::{Time, TimeGet, TimeServe};
use crate::output::advice::Verb;
use crate::output::report::Out;
use crate::output::trace;
use crate::{Exit, Failure};
use serde_json::json;
use std::time::Instant;
use wirewright::daytime::Moment;
use wirewright::net::daytime::{Options, Server, Transport, get as ask};
use wirewright::net::transport::endpoint;

/// Descriptors that are not connections: the poll, signals, the standard streams, some to spare.
const DESCRIPTORS_KEPT: u64 = 20;

/// Connections at the same time, where the descriptor limit allows so many.
const CONNECTIONS: u64 = 10_000;

pub fn run(time: &Time) -> Result<Exit, Failure> {
    match time {
        Time::Serve(args) => serve(args),
        Time::Get(args) => get(args),
    }
}

fn transport(udp: bool) -> Transport {
    if udp { Transport::Udp } else { Transport::Tcp }
}

fn serve(args: &TimeServe) -> Result<Exit, Failure> {
    let failed = |error| failure(Verb::Serve, &args.listen, &error);
    let allowed = endpoint::descriptors_max().saturating_sub(DESCRIPTORS_KEPT).max(1);
    let tap = trace::Style::of(&args.common).map(trace::lines);
    let options = Options::default()
        .with_transport(transport(args.udp))
        .with_connections_max(usize::try_from(allowed.min(CONNECTIONS)).unwrap_or(usize::MAX))
        .with_run(run_options(&args.common, tap, None));
    let address = listen_address(&args.listen).map_err(failed)?;
    if args.udp && !address.ip().is_loopback() {
        crate::say_line(
            "warning: answering datagrams beyond loopback: answers are longer than questions, and \
             go to the address that a question names as its sender, which may be forged",
        );
    }
    let server = Server::bind(address, options).map_err(failed)?;
    let (address, began) = (server.local_addr(), Instant::now());
    announce(address, args.common.json)?;
    let answers = server.run().map_err(failed)?;
    if args.common.json {
        let seconds = began.elapsed().as_secs_f64();
        let mut out = Out::new();
        let address = address.to_string();
        out.json(&json!({ "address": address, "seconds": seconds, "answers": answers }))?;
        out.flush()?;
    }
    Ok(Exit::Done)
}

fn get(args: &TimeGet) -> Result<Exit, Failure> {
    let tap = trace::Style::of(&args.common).map(trace::lines);
    let mut run = run_options(&args.common, tap, None);
    run.connect.family = args.family.only();
    let least = run.timeout.unwrap_or_default();
    let options = Options::default().with_transport(transport(args.udp)).with_run(run);
    let options = options.with_waits_of_at_least(least);
    let began = Instant::now();
    let line =
        ask(&args.server, &options).map_err(|error| failure(Verb::Time, &args.server, &error))?;
    let mut out = Out::new();
    let text = String::from_utf8_lossy(&line);
    if args.common.json {
        let moment = Moment::parse(&line).ok().map(|moment| moment.to_string());
        let seconds = began.elapsed().as_secs_f64();
        out.json(&json!({ "line": text, "moment": moment, "seconds": seconds }))?;
    } else {
        out.line(&text)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
