//! `wirewright ls`: lists the files of a server.

use super::listing::{Entry, Listing};
use super::wire::{client_options, failure};
use crate::args::Ls;
use crate::output::advice::Verb;
use crate::output::report::Out;
use crate::{Exit, Failure};
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;
use wirewright::net::Error;
use wirewright::net::transfer::{LeftOut, Listed, client};
use wirewright::text::PeerText;

/// The maximum number of files that a server is believed to have.
const COUNT_MAX: u64 = u32::MAX as u64;

/// Collects entries and prints them sorted. Entries beyond a limit are printed unsorted as they
/// arrive, so that memory is bounded.
struct Printer {
    out: Out,
    json: bool,
    /// To be sorted; `None` once there were too many.
    gathered: Option<Listing>,
    /// How many were written.
    entries: u64,
    failed: Option<Failure>,
}

impl Printer {
    fn take(&mut self, listed: &Listed) -> Result<(), Failure> {
        let modified = listed.modified.as_raw_str();
        let name = listed.name.as_str();
        let entry = Entry { group: 0, name, tag: modified, size: listed.size };
        let Some(gathered) = &mut self.gathered else { return self.entry(&entry) };
        if gathered.push(&entry) {
            return Ok(());
        }
        crate::say_line("the listing is too long to be sorted: the rest stands as it comes");
        self.sorted()?;
        self.entry(&entry)
    }

    /// Writes what was gathered; nothing is gathered any more.
    fn sorted(&mut self) -> Result<(), Failure> {
        let mut gathered = self.gathered.take().unwrap_or_default();
        gathered.sort();
        gathered.iter().try_for_each(|entry| self.entry(&entry))
    }

    fn entry(&mut self, entry: &Entry<'_>) -> Result<(), Failure> {
        let (name, modified) = (entry.name, PeerText::from(entry.tag));
        if self.json {
            let line = json!({
                "name": name, "size": entry.size, "modified": modified
            });
            self.out.raw(if self.entries == 0 { "{\"entries\":[" } else { "," })?;
            self.entries += 1;
            return self.out.json_text(&line.to_string());
        }
        self.out.line(&format!("{:>14}  {modified}  {name}", entry.size))
    }

    /// Ends the document, also behind entries after which the listing broke off. Where nothing was
    /// listed because it failed, the failure prints the document.
    fn finish(&mut self, listed: &Result<LeftOut, Error>) -> Result<(), Failure> {
        self.sorted()?;
        match listed {
            _ if !self.json => {}
            Ok(left_out) => {
                self.out.raw(if self.entries == 0 { "{\"entries\":[]" } else { "]" })?;
                let counts = [("skipped", left_out.skipped), ("not_offered", left_out.not_offered)];
                for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
                    self.out.raw(&format!(",\"{name}\":{count}"))?;
                }
                self.out.raw("}\n")?;
            }
            Err(_) if self.entries == 0 => {}
            Err(error) => {
                let error = json!({ "code": error.code(), "text": error.to_string() });
                self.out.raw("],\"error\":")?;
                self.out.json_text(&error.to_string())?;
                self.out.raw("}\n")?;
            }
        }
        self.out.flush()
    }
}

pub fn run(args: &Ls) -> Result<Exit, Failure> {
    let options = client_options(&args.peer, &args.common, None)?;
    let server = &args.peer.server;
    let printer = Printer {
        out: Out::new(),
        json: args.common.json,
        gathered: Some(Listing::default()),
        entries: 0,
        failed: None,
    };
    let printer = Rc::new(RefCell::new(printer));
    let shared = printer.clone();
    let listed = client::list(server, &options, move |entry| {
        let printer = &mut *shared.borrow_mut();
        if printer.failed.is_none() {
            printer.failed = printer.take(&entry).err();
        }
    });
    let printer = &mut *printer.borrow_mut();
    if let Some(failed) = printer.failed.take() {
        return Err(failed);
    }
    printer.finish(&listed)?;
    let left_out = listed.map_err(|error| failure(Verb::List, server, &error))?;
    say_left_out(server, left_out, args.common.json || args.common.quiet);
    Ok(Exit::Done)
}

const MANY_NOT_OFFERED: &str = "their names break the rules of names, or they cannot be read";

/// Says on stderr what a listing left out; with `quiet` only what the server should not have said.
pub fn say_left_out(server: &str, left_out: LeftOut, quiet: bool) {
    if left_out.skipped > 0 {
        let what = match left_out.skipped {
            1 => "1 entry left out: its name or time makes no sense".to_owned(),
            count => format!("{count} entries left out: their names or times make no sense"),
        };
        crate::say_line(&format!("warning: {server}: {what}"));
    }
    if left_out.not_offered > 0 && !quiet {
        let what = match left_out.not_offered {
            1 => {
                "1 other file: its name breaks the rules of names, or it cannot be read".to_owned()
            }
            count @ 2..=COUNT_MAX => {
                format!("{count} other files: {MANY_NOT_OFFERED}")
            }
            // The server says the number, and no file system has so many.
            _ => format!("many other files: {MANY_NOT_OFFERED}"),
        };
        crate::say_line(&format!("the server cannot offer {what}"));
    }
}
