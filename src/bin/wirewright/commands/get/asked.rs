//! Which files `get` fetches: those that are named, and all below a directory or of the server.
//!
//! ```text
//!   argv ─▶ arguments ─┐
//!   the listing ───────┴▶ Queue ─ BATCH_FILES at a time ─▶ get_wanted ─▶ Summary
//! ```
//!
//! A file that is being fetched takes far more memory than its entry in the listing, so only the
//! files of one batch are held at once. The report of a batch is written before the next begins.

use super::super::listing::{Entry, LISTING_BYTES_MAX, Listing};
use super::super::ls::say_left_out;
use super::super::wire::Summary;
use super::queue::{Argument, Item, Queue};
use crate::Failure;
use crate::args::Get;
use crate::output::advice::Verb;
use crate::output::watch;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use wirewright::name::Name;
use wirewright::net::files::Destination;
use wirewright::net::transfer::Listed;
use wirewright::net::transfer::client;
use wirewright::net::transfer::client::{Options, Wanted};
use wirewright::net::{Error, Failure as Why, FailureKind, FileReport};

/// How many files are fetched, and held in memory, at once.
const BATCH_FILES: usize = 2048;

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Asked {
    arguments: Vec<Argument>,
    files: BTreeSet<String>,
    /// Directories, with their places among the arguments.
    below: BTreeMap<String, u32>,
    needs_listing: bool,
}

/// What is listed of it.
#[derive(Debug, Default)]
struct Found {
    asked: Asked,
    listing: Listing,
    is_too_long: bool,
}

impl Asked {
    /// The names have to obey the grammar before anybody is asked.
    pub fn new(args: &Get) -> Result<Asked, Failure> {
        let mut asked = Asked { needs_listing: args.all, ..Asked::default() };
        if args.all {
            asked.arguments.push(Argument::All);
        }
        for text in &args.names {
            let directory = text.strip_suffix('/');
            let name = Name::new(directory.unwrap_or(text)).map_err(|error| {
                let hint = "names are relative and /-separated, as wirewright ls prints them";
                let place = if text.is_empty() { "NAME" } else { text };
                Failure::usage(place, error.reason(), hint)
            })?;
            let place = asked.arguments.len() as u32;
            let (path, is_directory) = (name.as_str().to_owned(), directory.is_some());
            let is_new = match is_directory {
                true => asked.below.insert(path, place).is_none(),
                false => asked.files.insert(path),
            };
            if !is_new {
                return Err(Failure::usage(text, "it is named twice", "name it once"));
            }
            asked.needs_listing |= is_directory;
            asked.arguments.push(match is_directory {
                true => Argument::Below(name, false),
                false => Argument::File(name),
            });
        }
        Ok(asked)
    }

    /// Whether there may be more than one file.
    pub fn may_be_many(&self) -> bool {
        self.needs_listing || self.arguments.len() > 1
    }

    /// Gets them; `failed` makes a failure of what ended the whole.
    pub fn get(
        self,
        args: &Get,
        destination: &Destination,
        options: &mut Options,
        failed: &impl Fn(Verb, &Error) -> Failure,
        summary: &mut Summary<'_>,
    ) -> Result<(), Failure> {
        let found = match self.needs_listing {
            true => self.find(args, options, failed)?,
            false => Found { asked: self, ..Found::default() },
        };
        let mut queue = Queue::new(found.asked.arguments, found.listing);
        let mut is_first = true;
        loop {
            let start = queue.place;
            let batch: Vec<Item> = queue.by_ref().take(BATCH_FILES).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let files: Vec<Wanted> = batch.iter().filter_map(Item::wanted).cloned().collect();
            let why = match fetch(&args.peer.server, files, destination, options) {
                Ok(reports) => {
                    let why = reports.iter().find_map(why_not_started);
                    let mut reports = reports.into_iter();
                    summary.take(batch.iter().filter_map(|item| item.report(&mut reports)))?;
                    why
                }
                Err(error) if is_first => return Err(failed(Verb::Get, &error)),
                Err(error) => {
                    queue.place = start;
                    Some(Why::from(&error))
                }
            };
            if let Some(why) = why {
                let path = |name: &Name| destination.path(name);
                return summary.take(queue.map(|item| item.not_started(path, &why)));
            }
            is_first = false;
        }
    }

    /// Lists what the server has, and takes from it what is asked for.
    fn find(
        self,
        args: &Get,
        options: &Options,
        failed: &impl Fn(Verb, &Error) -> Failure,
    ) -> Result<Found, Failure> {
        let server = &args.peer.server;
        let found = Found { asked: self, ..Found::default() };
        let found = Rc::new(RefCell::new(found));
        let shared = found.clone();
        let listed = client::list(server, options, move |listed| shared.borrow_mut().take(&listed));
        let left_out = listed.map_err(|error| failed(Verb::List, &error))?;
        say_left_out(server, left_out, args.common.quiet);
        let mut found = found.replace(Found::default());
        if found.is_too_long {
            let what =
                format!("the listing needs more than {} MiB of memory", LISTING_BYTES_MAX >> 20);
            return Err(Failure::new(server, what, "get one directory after the other with DIR/"));
        }
        found.listing.sort();
        // A name that the server listed twice is fetched once.
        found.listing.drop_repeated();
        Ok(found)
    }
}

/// Gets the files of one batch in what is left of `--timeout`.
fn fetch(
    server: &str,
    files: Vec<Wanted>,
    destination: &Destination,
    options: &mut Options,
) -> Result<Vec<FileReport>, Error> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    // No reactor sees a signal that comes between two batches.
    if watch::was_signalled() {
        return Err(Error::Interrupted);
    }
    options.timeout = watch::left();
    client::get_wanted(server, files, destination, options)
}

/// Why a file was not asked for: no other file can be asked for then.
fn why_not_started(report: &FileReport) -> Option<Why> {
    let why = report.outcome.as_ref().err()?;
    (why.kind == FailureKind::NotStarted).then(|| why.clone())
}

impl Found {
    /// Takes a file of the listing, if it is asked for and not named by itself. A file that lies
    /// below several of the directories belongs to the first one.
    fn take(&mut self, listed: &Listed) {
        let Found { asked, listing, is_too_long } = self;
        let name = listed.name.as_str();
        let is_all = matches!(asked.arguments.first(), Some(Argument::All));
        let mut group = is_all.then_some(0);
        for (end, _) in name.match_indices('/') {
            let Some(&place) = asked.below.get(&name[..end]) else { continue };
            if let Some(Argument::Below(_, has_files)) = asked.arguments.get_mut(place as usize) {
                *has_files = true;
            }
            group = Some(group.map_or(place, |group: u32| group.min(place)));
        }
        let Some(group) = group.filter(|_| !*is_too_long && !asked.files.contains(name)) else {
            return;
        };
        let tag = listed.etag.as_deref().unwrap_or_default();
        *is_too_long = !listing.push(&Entry { group, name, tag, size: listed.size });
    }
}
