//! `wirewright put`: files to a server, each under its base name.

use super::wire::batch::{BATCH_FILES, run_batch, why_not_started};
use super::wire::document::not_started as not_begun;
use super::wire::{Summary, client_options, failure};
use crate::args::Put;
use crate::output::advice::Verb;
use crate::output::drawing::{Drawing, Label};
use crate::output::watch;
use crate::{Exit, Failure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wirewright::name::Name;
use wirewright::net::transfer::client;
use wirewright::net::transfer::client::Options;
use wirewright::net::{Failure as Why, FileReport};

pub fn run(args: &Put) -> Result<Exit, Failure> {
    let server = &args.peer.server;
    let mut options = client_options(&args.peer, &args.common, args.speed.limit_rate)?;
    options.overwrite = args.overwrite;
    let files = args.files.iter().map(|path| named(path)).collect::<Result<Vec<_>, _>>()?;
    check_distinct(&files)?;
    let mut summary = Summary::new(Verb::Put, server, None, &args.common);
    let count = Arc::new(files.len().into());
    let label = Label::Transfer { words: server.clone(), count };
    let drawing = Drawing::start(&options.run, label, &args.common);
    watch::may_be_taken_once_sent(&options.run.meter);
    put(args, &files, &mut options, &mut summary)?;
    drop(drawing);
    summary.finish()
}

/// Refuses two files that the server would store under one name.
fn check_distinct(files: &[(Name, PathBuf)]) -> Result<(), Failure> {
    let mut seen = BTreeMap::new();
    for (name, path) in files {
        let Some(first) = seen.insert(name, path) else { continue };
        if first == path {
            return Err(Failure::usage(path.display(), "it is given twice", "give it once"));
        }
        let what = format!("the server would store it as \"{name}\", like {}", first.display());
        return Err(Failure::usage(path.display(), what, "rename one of the two files"));
    }
    Ok(())
}

/// Sends the files in batches.
fn put(
    args: &Put,
    files: &[(Name, PathBuf)],
    options: &mut Options,
    summary: &mut Summary<'_>,
) -> Result<(), Failure> {
    let server = &args.peer.server;
    let mut begun = 0;
    for batch in files.chunks(BATCH_FILES) {
        let why = match run_batch(options, |options| client::put(server, batch, options)) {
            Ok(reports) => {
                begun += batch.len();
                let why = why_not_started(&reports);
                summary.take(reports)?;
                why
            }
            Err(error) if begun == 0 => return Err(failure(Verb::Put, server, &error)),
            Err(error) => Some(Why::from(&error)),
        };
        if let Some(why) = why {
            let rest = files[begun..].iter();
            let told = rest.map(|(name, path)| not_begun(name.as_str(), Some(path.clone()), &why));
            return summary.take(told);
        }
    }
    Ok(())
}

/// The reports of the files in argv, where the run failed before the first request.
pub fn not_started(args: &Put, why: &Why) -> Vec<FileReport> {
    let report = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        not_begun(&name, Some(path.clone()), why)
    };
    args.files.iter().map(report).collect()
}

/// A local file, and its name on the server.
fn named(path: &Path) -> Result<(Name, PathBuf), Failure> {
    let base = path.file_name().and_then(|base| base.to_str());
    let name = base.map(Name::single);
    match name {
        Some(Ok(name)) => Ok((name, path.to_owned())),
        Some(Err(error)) => {
            Err(Failure::usage(path.display(), error.reason(), "give the file another name"))
        }
        None => Err(Failure::usage(path.display(), "it has no name in UTF-8", "name a file")),
    }
}
