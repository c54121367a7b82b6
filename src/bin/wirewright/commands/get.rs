//! `wirewright get`: files from a server, verified, resumed, durable.

mod asked;
mod queue;

use super::wire::document::not_started as not_begun;
use super::wire::{Summary, client_options, failure};
use crate::args::Get;
use crate::output::advice::Verb;
use crate::output::destination::{check_beside_json, place};
use crate::output::drawing::{Drawing, Label};
use crate::output::watch;
use crate::{Exit, Failure};
use asked::Asked;
use std::path::Path;
use std::sync::Arc;
use wirewright::digest::DigestKind;
use wirewright::net::files::Destination;
use wirewright::net::transfer::client;
use wirewright::net::{Error, Failure as Why, FileReport};

pub fn run(args: &Get) -> Result<Exit, Failure> {
    let server = &args.peer.server;
    let asked = Asked::new(args)?;
    let output = output(args);
    check_beside_json(output, args.common.json)?;
    let destination = place(output)?;
    let rate = args.speed.limit_rate;
    let mut options = client_options(&args.peer, &args.common, rate)?;
    options.connections = usize::from(args.jobs);
    options.durability = args.durability.into();
    options.resume = !args.no_resume;
    options.overwrite = args.overwrite;
    options.session.digests = match args.digest {
        Some(kind) => vec![kind],
        None => vec![DigestKind::Blake3, DigestKind::Sha256],
    };
    if asked.may_be_many() && !destination.takes_many() {
        let place = format!("-o {}", output.display());
        let what = "several files cannot be written to one";
        return Err(Failure::usage(place, what, "give a directory that ends in /"));
    }
    let verb = if args.classic { Verb::Classic } else { Verb::Get };
    let mut summary = Summary::new(verb, server, Some(output), &args.common);
    let count = Arc::default();
    let label = Label::Transfer { words: server.clone(), count: Arc::clone(&count) };
    let drawing = Drawing::start(&options.run, label, &args.common);
    let is_file = matches!(destination, Destination::Directory(_) | Destination::File(_));
    if options.resume && !args.classic && is_file {
        watch::keeps_what_has_come(&options.run.meter);
    }
    let failed = |verb, error: &Error| match error {
        Error::File(_) => failure(verb, &output.to_string_lossy(), error),
        _ => failure(verb, server, error),
    };
    if args.classic {
        let report = client::get_classic(server, &destination, &options);
        summary.take([report.map_err(|error| failed(verb, &error))?])?;
    } else {
        asked.get(args, &destination, &mut options, &failed, &mut summary, &count)?;
    }
    drop(drawing);
    summary.finish()
}

/// The files that were named, where the whole run failed before one of them was asked for.
pub fn not_started(args: &Get, why: &Why) -> Vec<FileReport> {
    args.names.iter().map(|name| not_begun(name, None, why)).collect()
}

/// Where it goes.
fn output(args: &Get) -> &Path {
    args.output.as_deref().unwrap_or(Path::new("./"))
}
