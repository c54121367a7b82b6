//! The answer to a list: all files, a page at a time.
//!
//! Specification: `PROTOCOL.md` §4.6.

use super::{No, Serving, Stop, Task};
use crate::net::connection::Turn;
use crate::net::files::Sources;
use crate::net::files::{Limits, Step, rfc3339};
use crate::net::transport::Error;
use crate::text::PeerText;
use crate::transfer::Code;
use crate::transfer::message;
use crate::transfer::server::{PAGE_BYTES, Server};

/// How much of a directory one connection may hold to list it in order; a larger one is listed as
/// it comes. There may be thousands of connections.
const WALK_LIMITS: Limits = Limits { names_held_max: 1024, name_bytes_held_max: 64 << 10 };

/// How many entries of a directory are looked at in one turn.
const WALK_STEPS: usize = 256;

impl Serving {
    pub(super) fn begin_list(&self) -> Result<Task, No> {
        match &self.context.sources {
            Sources::Files(root) => {
                let walk = Box::new(root.walk_within(WALK_LIMITS));
                Ok(Task::Listing { walk, next: None, not_offered: 0 })
            }
            Sources::Memory(_) => Err(No::Code(Code::NotFound, "there is nothing to list")),
        }
    }

    /// Gathers a page of the listing.
    pub(super) fn list(&mut self, session: &mut Server) -> Result<Turn, Stop> {
        let Task::Listing { walk, next, not_offered } = &mut self.task else {
            return Ok(Turn::Done);
        };
        if !session.takes_entries() {
            return Ok(Turn::Done);
        }
        let (mut page, mut bytes, mut more) = (Vec::new(), 0, true);
        for _ in 0..WALK_STEPS {
            let step = next.take().map_or_else(|| walk.step(), Step::Entry);
            match step {
                Step::Entry(entry) => {
                    bytes += json_len(entry.name.as_str());
                    if bytes > PAGE_BYTES {
                        *next = Some(entry);
                        break;
                    }
                    page.push((rfc3339(entry.modified), entry));
                }
                Step::More => {}
                Step::NotOffered(_) => *not_offered += 1,
                Step::End => {
                    more = false;
                    break;
                }
            }
        }
        if page.is_empty() && more {
            return Ok(Turn::Again);
        }
        let entries = page.iter().map(|(modified, entry)| message::Entry {
            name: PeerText::from(entry.name.as_str()),
            size: entry.size,
            modified: PeerText::from(modified.as_str()),
            etag: Some(PeerText::from(&*entry.etag)),
        });
        let entries = entries.collect();
        if more {
            session.entries(entries, more).map_err(Error::from)?;
        } else {
            session.last_entries(entries, *not_offered).map_err(Error::from)?;
            self.task = Task::None;
        }
        Ok(Turn::Again)
    }
}

/// Length of an entry of a listing in JSON at most, in bytes.
fn json_len(name: &str) -> usize {
    name.len() * 2 + 200
}
