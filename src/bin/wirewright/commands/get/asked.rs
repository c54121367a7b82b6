//! Which files `get` fetches: those that are named, and all below a directory or of the server.

use super::super::ls::say_left_out;
use crate::Failure;
use crate::args::Get;
use crate::output::advice::Verb;
use crate::output::watch;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use wirewright::name::Name;
use wirewright::net::files::Destination;
use wirewright::net::transfer::Listed;
use wirewright::net::transfer::client;
use wirewright::net::transfer::client::{Options, Version, Wanted};
use wirewright::net::{Error, Failure as Why, FileReport};
use wirewright::text::PeerText;

/// How much memory the files of a listing may take until they are reported, in bytes: what a
/// command needs in all is bounded.
const FILES_BYTES_MAX: usize = 16 << 20;

/// What a file takes beside its texts, in bytes (measured), and how often its name is held.
const FILE_BYTES: usize = 1100;
const NAMES: usize = 3;

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Asked {
    /// Files.
    names: Vec<Name>,
    /// Directories.
    below: Vec<Name>,
    all: bool,
}

/// What a listing has of it.
#[derive(Debug, Default)]
struct Found {
    asked: Asked,
    files: Vec<Wanted>,
    bytes: usize,
    /// Whether something is below each directory.
    has_files: Vec<bool>,
}

impl Asked {
    /// The names have to obey the grammar before anybody is asked.
    pub fn new(args: &Get) -> Result<Asked, Failure> {
        let mut asked = Asked { all: args.all, ..Asked::default() };
        let mut seen = BTreeSet::new();
        for text in &args.names {
            let (path, names) = match text.strip_suffix('/') {
                Some(directory) => (directory, &mut asked.below),
                None => (text.as_str(), &mut asked.names),
            };
            let name = Name::new(path).map_err(|error| {
                let hint = "names are relative and /-separated, as wirewright ls prints them";
                let place = if text.is_empty() { "NAME" } else { text };
                Failure::usage(place, error.reason(), hint)
            })?;
            if !seen.insert(text) {
                return Err(Failure::usage(text, "it is named twice", "name it once"));
            }
            names.push(name);
        }
        Ok(asked)
    }

    /// Whether there may be more than one file.
    pub fn may_be_many(&self) -> bool {
        self.needs_listing() || self.names.len() > 1
    }

    fn needs_listing(&self) -> bool {
        self.all || !self.below.is_empty()
    }

    /// Gets them; `failed` makes a failure of what ended the whole.
    pub fn get(
        self,
        args: &Get,
        destination: &Destination,
        options: &mut Options,
        failed: &impl Fn(Verb, &Error) -> Failure,
    ) -> Result<Vec<FileReport>, Failure> {
        let server = &args.peer.server;
        let wanted = |name: &Name| Wanted { name: name.clone(), listed: None };
        let mut files: Vec<Wanted> = self.names.iter().map(wanted).collect();
        let (mut empty, is_listed) = (Vec::new(), self.needs_listing());
        if is_listed {
            let mut found = self.find(args, options, failed)?;
            empty = found.empty();
            files.append(&mut found.files);
            // The listing has taken some of it.
            options.timeout = watch::left();
            if files.is_empty() {
                return Ok(empty);
            }
        }
        let reports = client::get_wanted(server, files, destination, options);
        let mut reports = reports.map_err(|error| failed(Verb::Get, &error))?;
        reports.append(&mut empty);
        if is_listed {
            sort(&mut reports, &args.names);
        }
        Ok(reports)
    }

    /// Lists what the server has, and takes from it what is asked for.
    fn find(
        self,
        args: &Get,
        options: &Options,
        failed: &impl Fn(Verb, &Error) -> Failure,
    ) -> Result<Found, Failure> {
        let server = &args.peer.server;
        let has_files = vec![false; self.below.len()];
        let found = Found { asked: self, files: Vec::new(), bytes: 0, has_files };
        let found = Rc::new(RefCell::new(found));
        let shared = found.clone();
        let listed = client::list(server, options, move |listed| shared.borrow_mut().take(listed));
        let left_out = listed.map_err(|error| failed(Verb::List, &error))?;
        say_left_out(server, left_out, args.common.quiet);
        let mut found = found.replace(Found::default());
        if found.bytes > FILES_BYTES_MAX {
            let what =
                format!("the listing needs more than {} MiB of memory", FILES_BYTES_MAX >> 20);
            return Err(Failure::new(server, what, "get one directory after the other with DIR/"));
        }
        found.drop_repeated();
        Ok(found)
    }
}

/// Puts reports in the order in which argv names files and directories; what is below a directory,
/// and all files with `--all`, stand sorted by name.
fn sort(reports: &mut [FileReport], names: &[String]) {
    let place = |report: &FileReport| {
        let name = report.name.as_raw_str();
        let is_below = |text: &String| text.ends_with('/') && name.starts_with(text.as_str());
        // A file that is named and lies below a directory, too, stands where it is named.
        let named = names.iter().position(|text| text == name);
        named.or_else(|| names.iter().position(is_below))
    };
    reports.sort_by(|a, b| {
        let by_name = || a.name.as_raw_str().cmp(b.name.as_raw_str());
        place(a).cmp(&place(b)).then_with(by_name)
    });
}

impl Found {
    /// A name that the server listed twice is fetched once.
    fn drop_repeated(&mut self) {
        let mut seen = BTreeSet::new();
        let kept = self.files.iter().map(|file| seen.insert(file.name.as_str()));
        let kept: Vec<bool> = kept.collect();
        let mut kept = kept.into_iter();
        self.files.retain(|_| kept.next().unwrap_or(true));
    }

    /// Takes a file of the listing, if it is asked for and not named by itself.
    fn take(&mut self, listed: Listed) {
        let name = &listed.name;
        let mut is_asked_for = self.asked.all;
        for (directory, has_files) in self.asked.below.iter().zip(&mut self.has_files) {
            if is_below(name, directory) {
                (is_asked_for, *has_files) = (true, true);
            }
        }
        if !is_asked_for || self.asked.names.contains(name) || self.bytes > FILES_BYTES_MAX {
            return;
        }
        let etag_len = listed.etag.as_ref().map_or(0, |etag| etag.len());
        self.bytes += FILE_BYTES + NAMES * name.as_str().len() + etag_len;
        let version = listed.etag.map(|etag| Version { size: listed.size, etag });
        self.files.push(Wanted { name: listed.name, listed: version });
    }

    /// A report for each directory below which nothing is.
    fn empty(&self) -> Vec<FileReport> {
        let all = self.asked.below.iter().zip(&self.has_files);
        let empty = all.filter(|(_, has_files)| !**has_files);
        empty.map(|(directory, _)| nothing_below(directory)).collect()
    }
}

fn is_below(name: &Name, directory: &Name) -> bool {
    let rest = name.as_str().strip_prefix(directory.as_str());
    rest.is_some_and(|rest| rest.starts_with('/'))
}

fn nothing_below(directory: &Name) -> FileReport {
    let why = Why::new("not_found", "the server has no file below it");
    FileReport::failed(PeerText::from(format!("{directory}/")), None, why)
}
