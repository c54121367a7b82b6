//! `wirewright ls`: what a server has.

use super::args::Ls;
use super::report::Out;
use super::wire::{client_options, failure};
use super::{Exit, Failure};
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;
use wirewright::net::{Error, Listed, client};

/// Writes entries as they come, so that a listing of any length is printed in bounded memory.
struct Printer {
    out: Out,
    json: bool,
    /// How many were written.
    entries: u64,
    failed: Option<Failure>,
}

impl Printer {
    fn entry(&mut self, entry: &Listed) -> Result<(), Failure> {
        let name = entry.name.as_str();
        if self.json {
            let line = json!({
                "name": name, "size": entry.size, "modified": entry.modified
            });
            self.out.raw(if self.entries == 0 { "{\"entries\":[" } else { "," })?;
            self.entries += 1;
            return self.out.json_text(&line.to_string());
        }
        self.out.line(&format!("{:>14}  {}  {name}", entry.size, entry.modified))
    }

    /// Ends the document, also behind entries after which the listing broke off. Where nothing was
    /// listed because it failed, nothing is printed.
    fn finish(&mut self, listed: &Result<u64, Error>) -> Result<(), Failure> {
        match listed {
            _ if !self.json => {}
            Ok(skipped) => {
                self.out.raw(if self.entries == 0 { "{\"entries\":[]" } else { "]" })?;
                if *skipped > 0 {
                    self.out.raw(&format!(",\"skipped\":{skipped}"))?;
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
    let options = client_options(&args.peer, &args.common)?;
    let server = &args.peer.server;
    let printer = Printer { out: Out::new(), json: args.common.json, entries: 0, failed: None };
    let printer = Rc::new(RefCell::new(printer));
    let shared = printer.clone();
    let listed = client::list(server, &options, move |entry| {
        let printer = &mut *shared.borrow_mut();
        if printer.failed.is_none() {
            printer.failed = printer.entry(&entry).err();
        }
    });
    let printer = &mut *printer.borrow_mut();
    if let Some(failed) = printer.failed.take() {
        return Err(failed);
    }
    printer.finish(&listed)?;
    let skipped = listed.map_err(|error| failure(server, &error))?;
    if skipped > 0 {
        let what = "left out: their names or times make no sense";
        super::say_line(&format!("warning: {server}: {skipped} entries {what}"));
    }
    Ok(Exit::Done)
}
