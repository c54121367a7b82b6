//! The queue of files that `get` fetches and reports: in the order of argv, and sorted by name
//! below a directory.

use super::super::listing::{Entry, Listing};
use super::not_begun;
use std::path::PathBuf;
use wirewright::name::Name;
use wirewright::net::transfer::client::{Version, Wanted};
use wirewright::net::{Failure as Why, FileReport};
use wirewright::text::PeerText;

/// One argument of the command line.
#[derive(Debug)]
pub enum Argument {
    File(Name),
    /// A directory, and whether the server has a file below it.
    Below(Name, bool),
    /// All files of the server.
    All,
}

/// An item of the queue.
#[derive(Debug)]
pub enum Item {
    Fetch(Wanted),
    /// A directory below which the server has no file.
    Empty(Name),
}

/// A position in the queue: the numbers of arguments and entries taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    argument: usize,
    entry: usize,
}

/// The arguments, and the sorted listing. The group of an entry is the index of its argument.
#[derive(Debug)]
pub struct Queue {
    arguments: Vec<Argument>,
    listing: Listing,
    /// Where it goes on.
    pub place: Place,
}

impl Queue {
    /// Nothing was taken.
    pub fn new(arguments: Vec<Argument>, listing: Listing) -> Queue {
        Queue { arguments, listing, place: Place::default() }
    }

    /// How many files there are in all.
    pub fn files(&self) -> usize {
        let is_file = |argument: &&Argument| matches!(argument, Argument::File(_));
        self.listing.len() + self.arguments.iter().filter(is_file).count()
    }
}

impl Iterator for Queue {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            let argument = self.arguments.get(self.place.argument)?;
            let listed = self.listing.get(self.place.entry);
            if let Some(entry) = listed.filter(|e| e.group as usize == self.place.argument) {
                self.place.entry += 1;
                match wanted(&entry) {
                    Some(wanted) => return Some(Item::Fetch(wanted)),
                    None => continue,
                }
            }
            self.place.argument += 1;
            match argument {
                Argument::File(name) => {
                    return Some(Item::Fetch(Wanted { name: name.clone(), listed: None }));
                }
                Argument::Below(directory, false) => return Some(Item::Empty(directory.clone())),
                Argument::Below(_, true) | Argument::All => {}
            }
        }
    }
}

/// A file of the listing. Its name was checked before it got there.
fn wanted(entry: &Entry<'_>) -> Option<Wanted> {
    let version = || Version { size: entry.size, etag: entry.tag.into() };
    let listed = (!entry.tag.is_empty()).then(version);
    Name::new(entry.name).ok().map(|name| Wanted { name, listed })
}

impl Item {
    /// The file that is to be fetched.
    pub fn wanted(&self) -> Option<&Wanted> {
        match self {
            Item::Fetch(wanted) => Some(wanted),
            Item::Empty(_) => None,
        }
    }

    /// The report of an item that was not started, because the run failed before. `path` returns
    /// the path that the file would have had.
    pub fn not_started(&self, path: impl Fn(&Name) -> Option<PathBuf>, why: &Why) -> FileReport {
        match self {
            Item::Fetch(wanted) => not_begun(wanted.name.as_str(), path(&wanted.name), why),
            Item::Empty(directory) => nothing_below(directory),
        }
    }

    /// The report of an item: for a file the next one of `reports`.
    pub fn report(&self, reports: &mut impl Iterator<Item = FileReport>) -> Option<FileReport> {
        match self {
            Item::Fetch(_) => reports.next(),
            Item::Empty(directory) => Some(nothing_below(directory)),
        }
    }
}

fn nothing_below(directory: &Name) -> FileReport {
    let why = Why::new("not_found", "the server has no file below it");
    FileReport::failed(PeerText::from(format!("{directory}/")), None, why)
}
