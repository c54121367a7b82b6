//! The node as a client: lists the files of a peer, and fetches those that are missing here.
//!
//! ```text
//!   Heard::Welcome ─▶ list ─▶ Entries … ─▶ get ─▶ File ─▶ Payload, Verified … ─▶ Received
//!                                           ▲                                       │
//!                                           └─────────────── the next name ◀────────┘
//! ```

use wirewright::buffer::Buffer;
use wirewright::name::Name;
use wirewright::net::Error;
use wirewright::net::connection::{Application, Turn};
use wirewright::net::files::{Durability, Partial, Root};
use wirewright::transfer::client::{Client, Event as Heard};

/// The largest number of names of one peer that are kept: a listing may be endless.
const NAMES_MAX: usize = 10_000;

/// Fetches the files that are not in the folder yet.
pub struct Visitor {
    root: Root,
    peer: String,
    greeted: bool,
    listed: bool,
    names: Vec<Name>,
    coming: Option<(Name, Partial)>,
}

impl Visitor {
    /// A visitor that stores files below `root`; `peer` names the peer in messages.
    pub fn new(root: Root, peer: &str) -> Visitor {
        let peer = peer.to_owned();
        let (greeted, listed) = (false, false);
        Visitor { root, peer, greeted, listed, names: Vec::new(), coming: None }
    }

    fn note(&mut self, event: Heard<'_>) -> Result<(), Error> {
        match (event, &mut self.coming) {
            (Heard::Welcome(_), _) => self.greeted = true,
            (Heard::Entries { entries, .. }, _) => {
                // A peer may list anything: only valid names that are missing here are kept.
                let names =
                    entries.iter().filter_map(|entry| Name::new(entry.name.as_raw_str()).ok());
                let room = NAMES_MAX - self.names.len();
                self.names.extend(names.filter(|name| !self.root.exists(name)).take(room));
            }
            (Heard::File { size, etag, .. }, Some((name, partial))) => {
                if let Err(error) = partial.begin(etag.as_raw_str(), size) {
                    // Another peer may have been faster: the rest of this file is dropped.
                    println!("{name}: {error}");
                    self.coming = None;
                }
            }
            (Heard::Payload { offset, bytes, .. }, Some((_, file))) => {
                file.write_at(bytes, offset)?
            }
            (Heard::Verified { chunk, .. }, Some((_, partial))) => {
                partial.chunk_verified(chunk.offset, chunk.len, chunk.crc32)?;
            }
            (Heard::Received { .. }, _) => {
                if let Some((name, partial)) = self.coming.take() {
                    // `net::transfer` syncs on another thread; in this example the others wait.
                    match partial.finish(Durability::Fsync, false).run() {
                        Ok(()) => println!("fetched {name} from {}", self.peer),
                        Err(error) => println!("{name}: {error}"),
                    }
                }
            }
            (Heard::Failed { code, text, .. }, _) => {
                self.coming = None;
                println!("{}: {code}: {text}", self.peer);
            }
            _ => {}
        }
        Ok(())
    }

    /// One request at a time: the listing, each missing file, then the end.
    fn ask(&mut self, session: &mut Client) -> Result<(), Error> {
        if !self.listed {
            self.listed = true;
            session.list()?;
            return Ok(());
        }
        while let Some(name) = self.names.pop() {
            // Another peer may be sending it just now, or have sent it.
            if let Ok(partial) = self.root.partial(&name)
                && !self.root.exists(&name)
            {
                session.get(&name, None)?;
                self.coming = Some((name, partial));
                return Ok(());
            }
        }
        session.end();
        Ok(())
    }
}

impl Application<Client> for Visitor {
    fn on_event(&mut self, event: Heard<'_>) -> Result<(), Error> {
        self.note(event)
    }

    fn poll(
        &mut self,
        session: &mut Client,
        _out: &mut Buffer,
        _scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        if self.greeted && session.pending() == 0 {
            self.ask(session)?;
        }
        Ok(Turn::Done)
    }

    fn closed(&mut self, _session: &mut Client, outcome: Result<(), Error>) {
        match outcome {
            Ok(()) => println!("nothing more from {}", self.peer),
            Err(error) => println!("{}: {error}", self.peer),
        }
    }
}
