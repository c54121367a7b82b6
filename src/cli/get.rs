//! `wirewright get`: files from a server, verified, resumed, durable.

use super::advice::Verb;
use super::args::Get;
use super::drawing::{Drawing, Label};
use super::output::place;
use super::wire::{client_options, failure, report_files};
use super::{Exit, Failure};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;
use wirewright::net::{Error, FileReport, client};
use wirewright::transfer::digest::DigestKind;
use wirewright::transfer::name::Name;

pub fn run(args: &Get) -> Result<Exit, Failure> {
    let server = &args.peer.server;
    let output = args.output.as_deref().unwrap_or(Path::new("./"));
    let destination = place(output)?;
    let mut options = client_options(&args.peer, &args.common)?;
    options.connections = usize::from(args.jobs);
    options.durability = args.durability.into();
    options.resume = !args.no_resume;
    options.limits.bytes_per_second_max = args.speed.bytes_per_second_max();
    options.overwrite = args.overwrite;
    options.session.digests = match args.digest {
        Some(kind) => vec![kind],
        None => vec![DigestKind::Blake3, DigestKind::Sha256],
    };
    let names = names(args)?;
    if names.len() > 1 && !destination.takes_many() {
        let what = format!("{} files do not go into one", names.len());
        return Err(Failure::usage(output.display(), what, "give a directory that ends in /"));
    }
    let began = Instant::now();
    let drawing = Drawing::start(options.meter.clone(), Label::Words(server.clone()), &args.common);
    let reports = match args.classic {
        true => client::get_classic(server, &destination, &options).map(|report| vec![report]),
        false => client::get(server, &names, &destination, &options),
    };
    drop(drawing);
    let verb = if args.classic { Verb::Classic } else { Verb::Get };
    let reports: Vec<FileReport> = reports.map_err(|error| match error {
        Error::File(_) => failure(verb, &output.to_string_lossy(), &error),
        _ => failure(verb, server, &error),
    })?;
    let seconds = began.elapsed().as_secs_f64();
    report_files(verb, &reports, seconds, server, Some(output), &args.common)
}

/// The names, which have to obey the grammar before anybody is asked.
fn names(args: &Get) -> Result<Vec<Name>, Failure> {
    let name = |text: &String| {
        Name::new(text).map_err(|error| {
            let hint = "names are relative and /-separated, as wirewright ls prints them";
            Failure::usage(text, error.reason(), hint)
        })
    };
    let names = args.names.iter().map(name).collect::<Result<Vec<Name>, _>>()?;
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(Failure::usage(twice, "it is named twice", "name it once")),
        None => Ok(names),
    }
}
