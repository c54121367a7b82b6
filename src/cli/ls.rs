//! `wirewright ls`: what a server has.

use super::args::Ls;
use super::report::Out;
use super::wire::{client_options, failure};
use super::{Exit, Failure};
use std::cell::RefCell;
use std::rc::Rc;
use wirewright::net::{Listed, client};

/// Writes entries as they come, so that a listing of any length is printed in bounded memory.
struct Printer {
    out: Out,
    json: bool,
    first: bool,
    failed: Option<Failure>,
}

impl Printer {
    fn entry(&mut self, entry: &Listed) -> Result<(), Failure> {
        let name = entry.name.as_str();
        if self.json {
            let line = serde_json::json!({
                "name": name, "size": entry.size, "modified": entry.modified
            });
            let comma = if self.first { "" } else { "," };
            self.first = false;
            self.out.raw(comma)?;
            return self.out.json_text(&line.to_string());
        }
        self.out.line(&format!("{:>14}  {}  {name}", entry.size, entry.modified))
    }
}

pub fn run(args: &Ls) -> Result<Exit, Failure> {
    let options = client_options(&args.peer, &args.common)?;
    let server = &args.peer.server;
    let mut out = Out::new();
    if args.common.json {
        out.raw("{\"entries\":[")?;
    }
    let printer = Printer { out, json: args.common.json, first: true, failed: None };
    let printer = Rc::new(RefCell::new(printer));
    let shared = printer.clone();
    let listed = client::list(server, &options, move |entry| {
        let printer = &mut *shared.borrow_mut();
        if printer.failed.is_none() {
            printer.failed = printer.entry(&entry).err();
        }
    });
    listed.map_err(|error| failure(server, &error))?;
    let printer = &mut *printer.borrow_mut();
    if let Some(failed) = printer.failed.take() {
        return Err(failed);
    }
    if args.common.json {
        printer.out.raw("]}\n")?;
    }
    printer.out.flush()?;
    Ok(Exit::Done)
}
