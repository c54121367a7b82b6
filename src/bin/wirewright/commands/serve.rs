//! `wirewright serve`: serves files with the framed protocol, or one file with the classic one.

mod not_offered;
mod transfers;
mod warnings;

use self::not_offered::say_not_offered;
use self::transfers::Sums;
use self::warnings::{say_false_sizes, say_unwritable};
use super::input::{BUILD_WITH_TLS, need_tls, read_file};
use super::running::run_options;
use super::wire::{announce, failure, listen_address, token};
use crate::args::Serve;
use crate::output::advice::{Verb, failed_file};
use crate::output::report::Out;
use crate::output::{trace, watch};
use crate::{Exit, Failure};
use std::sync::Arc;
use wirewright::net::Error;
use wirewright::net::files::Root;
use wirewright::net::files::Sources;
use wirewright::net::transfer::Log;
use wirewright::net::transfer::server::{Options, Server};
use wirewright::net::transport::endpoint;
use wirewright::net::transport::tls::{Fault, ServerTls};
use wirewright::transfer::server::Config;

/// Connections at the same time, where neither an option nor the limit of descriptors says less.
const CONNECTIONS: u32 = 10_000;

/// A limit below this number is reported even without an option for it.
const CONNECTIONS_USUAL: usize = 1000;

pub fn run(args: &Serve) -> Result<Exit, Failure> {
    let sums = Sums::new();
    let mut options = watch::starting(|| options(args))?;
    options.on_transfer = Some(sums.listener((!args.common.quiet).then(|| says(args))));
    let sources = options.sources.clone();
    let address =
        listen_address(&args.listen).map_err(|e| failure(Verb::Serve, &args.listen, &e))?;
    if !address.ip().is_loopback() && args.token_file.is_none() && args.tls_cert.is_none() {
        crate::say_line(
            "warning: listening beyond loopback with neither TLS nor a token: anybody who reaches \
             this address can read what is served, and store files if --writable is given",
        );
    }
    let server =
        Server::bind(address, options).map_err(|e| failure(Verb::Serve, &args.listen, &e))?;
    say_connections(args, server.connections_max());
    if let (Sources::Files(root), false) = (&sources, args.common.quiet) {
        if args.writable {
            say_unwritable(&args.path, root);
        }
        say_false_sizes(&args.path);
        say_not_offered(root);
    }
    let address = server.local_addr();
    announce(address, args.common.json)?;
    server.run().map_err(|e| failure(Verb::Serve, &args.listen, &e))?;
    if args.common.json {
        let mut out = Out::new();
        out.json(&sums.json(address))?;
        out.flush()?;
    }
    Ok(Exit::Done)
}

fn options(args: &Serve) -> Result<Options, Failure> {
    let root = Root::open(&args.path);
    let root = root.map_err(|error| failed_file(Verb::Serve, &args.path, error))?;
    let classic = match (args.classic, root.single_name()) {
        (false, _) => None,
        (true, Some(name)) => Some(name.clone()),
        (true, None) => {
            let what = "the classic wire serves one file";
            return Err(Failure::usage(args.path.display(), what, "give the path of a file"));
        }
    };
    let token = args.token_file.as_deref().map(token).transpose()?;
    let session = Config { token, ..Config::default() };
    let tap = trace::Style::of(&args.common).map(trace::served);
    let mut options = Options::new(Sources::Files(root))
        .with_classic(classic)
        .with_session(Arc::new(session))
        .with_writable(args.writable)
        .with_durability(args.durability.into())
        .with_connections_max(args.max_connections.unwrap_or(CONNECTIONS) as usize)
        .with_threads(usize::from(args.threads))
        .with_grace(args.grace)
        .with_log((!args.common.quiet).then(|| says(args)))
        .with_run(run_options(&args.common, tap, args.speed.limit_rate));
    set_tls(&mut options, args)?;
    Ok(options)
}

fn set_tls(options: &mut Options, args: &Serve) -> Result<(), Failure> {
    need_tls("--tls-cert", args.tls_cert.is_some(), BUILD_WITH_TLS)?;
    if let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) {
        let tls = ServerTls::new(&read_file(certificate)?, &read_file(key)?);
        let failed = |error| {
            let is_of_key = matches!(error, Error::Tls(Fault::PrivateKey(_)));
            let path = if is_of_key { key } else { certificate };
            failure(Verb::Serve, &path.to_string_lossy(), &error)
        };
        options.tls = Some(tls.map_err(failed)?);
    }
    Ok(())
}

/// Says how many connections the limit of descriptors allows, where that is fewer than expected.
fn say_connections(args: &Serve, allowed: usize) {
    let expected = args.max_connections.map_or(CONNECTIONS_USUAL, |asked| asked as usize);
    if allowed < expected && !args.common.quiet {
        crate::say_line(&format!(
            "warning: at most {allowed} {} at a time: the limit of descriptors is {}; \
             raise it with ulimit -n",
            if allowed == 1 { "connection" } else { "connections" },
            endpoint::descriptors_max()
        ));
    }
}

/// Says a line: among those of a trace as a remark.
fn says(args: &Serve) -> Log {
    match trace::Style::of(&args.common) {
        Some(style) => Arc::new(move |line| trace::remark(style, line)),
        None => Arc::new(crate::say_line),
    }
}
