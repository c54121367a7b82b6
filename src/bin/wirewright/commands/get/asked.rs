//! The files that `get` fetches: named ones, all below a directory, or all of the server.
//!
//! ```text
//!   argv ─▶ arguments ─┐
//!   the listing ───────┴▶ Queue ─ BATCH_FILES at a time ─▶ get_wanted ─▶ Summary
//! ```
//!
//! In the listing a file takes 24 bytes and its texts; while it is fetched it takes far more.

use super::super::listing::{Entry, LISTING_BYTES_MAX, Listing};
use super::super::ls::say_left_out;
use super::super::wire::Summary;
use super::super::wire::batch::{BATCH_FILES, run_batch, why_not_started};
use super::queue::{Argument, Item, Queue};
use crate::Failure;
use crate::args::Get;
use crate::output::advice::Verb;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wirewright::name::Name;
use wirewright::net::files::Destination;
use wirewright::net::transfer::Listed;
use wirewright::net::transfer::client;
use wirewright::net::transfer::client::{Options, Wanted};
use wirewright::net::{Error, Failure as Why};

/// The files that the command line asks for.
#[derive(Debug, Default)]
pub struct Asked {
    arguments: Vec<Argument>,
    files: BTreeSet<String>,
    /// The directories, with their index among the arguments.
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
    /// Checks the names before a request is sent.
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
                Failure::usage(place, format_args!("invalid name: {}", error.reason()), hint)
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

    /// Fetches the files. `failed` converts an error that ended the whole run, and `count` is set
    /// to the number of files.
    pub fn get(
        self,
        args: &Get,
        destination: &Destination,
        options: &mut Options,
        failed: &impl Fn(Verb, &Error) -> Failure,
        summary: &mut Summary<'_>,
        count: &AtomicUsize,
    ) -> Result<(), Failure> {
        let found = match self.needs_listing {
            true => self.find(args, options, failed)?,
            false => Found { asked: self, ..Found::default() },
        };
        let mut queue = Queue::new(found.asked.arguments, found.listing);
        count.store(queue.files(), Ordering::Relaxed);
        let mut is_first = true;
        loop {
            let start = queue.place;
            let batch: Vec<Item> = queue.by_ref().take(BATCH_FILES).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let files: Vec<Wanted> = batch.iter().filter_map(Item::wanted).cloned().collect();
            let fetch = |options: &Options| match files.is_empty() {
                true => Ok(Vec::new()),
                false => client::get_wanted(&args.peer.server, files, destination, options),
            };
            let why = match run_batch(options, fetch) {
                Ok(reports) => {
                    let why = why_not_started(&reports);
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

    /// Lists the files of the server, and keeps those that are asked for.
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

impl Found {
    /// Keeps a file of the listing if it is below a directory of argv and not named itself. A file
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
