//! The file server's application: answers the events of a server session from a root of files.
//!
//! ```text
//!   Get  ─▶ open ─▶ (Hashing what is not sent) ─▶ Sending ─▶ unchanged? ─▶ end
//!   Put  ─▶ look ─┬ (Checking what is there) ───▶ Receiving ─▶ Finishing (other thread) ─▶ done
//!                 └ Comparing ─▶ Standing ─▶ the same content? ─▶ Finishing
//!   List ─▶ Listing, a page at a time
//! ```

mod listing;
mod putting;
mod refusal;
mod resumes;
mod standing;
mod transfers;

use self::refusal::{No, Stop};
use self::resumes::Resumes;
pub(crate) use self::transfers::Running;
pub use self::transfers::{Direction, OnTransfer, Transfer};
use self::transfers::{abandoned, lost};
use super::admission::{Admission, Permit};
use crate::buffer::Buffer;
use crate::digest::Digester;
use crate::name::Name;
use crate::net::connection::{Conversation, Turn};
use crate::net::files::finisher::{Finisher, Pending};
use crate::net::files::{Durability, Entry, FileError, Partial, Standing, Walk};
use crate::net::files::{Origin, Supply};
use crate::net::report::Failure;
use crate::net::transport::{Error, Spoken};
use crate::session::{Session, Wants};
use crate::text::escape;
use crate::transfer::receiver::Mismatch;
use crate::transfer::server::{Ask, Event, FileMeta, Server};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Hears what happens on a server, one line at a time; peers' bytes are escaped.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// What all connections of a reactor share.
pub(crate) struct Desk {
    pub(crate) supply: Supply,
    pub(crate) writable: bool,
    pub(crate) durability: Durability,
    pub(crate) finisher: RefCell<Finisher>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) log: Option<Log>,
    pub(crate) on_transfer: Option<OnTransfer>,
}

impl Desk {
    /// Gives a line to the log, what a peer said in it escaped.
    pub(crate) fn say(&self, text: &str) {
        if let Some(log) = &self.log {
            log(&escape(text));
        }
    }
}

/// What is being done for the running request. Most connections do nothing most of the time, so
/// what is large stands apart.
enum Task {
    None,
    Hashing {
        origin: Origin,
        at: u64,
        upto: u64,
        digester: Digester,
    },
    Sending(Origin),
    Listing {
        walk: Box<Walk>,
        next: Option<Entry>,
        /// How many files and directories were passed over, for their names.
        not_offered: u64,
    },
    Checking {
        partial: Box<Partial>,
        digester: Digester,
        put: Put,
        permit: Permit,
    },
    /// Hashing a file that has the name already.
    Comparing {
        standing: Box<Standing>,
        at: u64,
        digester: Digester,
        permit: Permit,
    },
    /// Waiting for the digest of the client's file.
    Standing(Box<Standing>, Permit),
    Receiving {
        partial: Box<Partial>,
        overwrite: bool,
        permit: Permit,
    },
    Finishing(Pending),
}

impl Task {
    /// Whether the disk has work for more than a moment before there is an answer.
    fn is_long(&self) -> bool {
        match self {
            Task::Hashing { upto, .. } => *upto > 0,
            Task::Listing { .. } | Task::Comparing { .. } => true,
            _ => false,
        }
    }
}

struct Put {
    size: u64,
    etag: Box<str>,
    overwrite: bool,
}

/// One connection of the file server.
pub(crate) struct Serving {
    session: Server,
    desk: Rc<Desk>,
    peer: SocketAddr,
    /// Of the connection.
    _permit: Permit,
    task: Task,
    /// The get or put that is being answered.
    running: Option<Running>,
    /// The client has ended its half: no file will come any more.
    ended: bool,
    /// Steps of work on the disk that need no word from the client.
    worked: u64,
    resumes: Resumes,
    /// The task has just begun, and is one that is done in turns with those of others.
    waits_for_turn: bool,
}

/// What a file that is sent or received holds: its places, its journal and a digest, in bytes.
const TASK_BYTES: usize = 3072;

/// A put of a client that has ended its half, which is most often one that was killed.
const GONE: No = No::Code("cancelled", "the client ended before it sent the file");

/// What is told of a transfer whose connection ended in order, and too early.
pub(crate) const LEFT: &str = "the connection ended before it was whole";

impl Serving {
    pub(crate) fn new(
        session: Server,
        desk: Rc<Desk>,
        peer: SocketAddr,
        permit: Permit,
    ) -> Serving {
        Serving {
            session,
            desk,
            peer,
            _permit: permit,
            task: Task::None,
            running: None,
            ended: false,
            worked: 0,
            resumes: Resumes::default(),
            waits_for_turn: false,
        }
    }

    fn begin(&mut self, ask: Ask) -> Result<(), Error> {
        self.running = match &ask {
            Ask::List => None,
            Ask::Get { name, .. } => Some(Running::new(Direction::Sent, name.clone())),
            Ask::Put { name, .. } => Some(Running::new(Direction::Received, name.clone())),
        };
        let begun = match ask {
            Ask::List => self.begin_list(),
            Ask::Get { name, offset, etag } => self.begin_get(&name, offset, etag.as_deref()),
            Ask::Put { name, size, etag, overwrite } => {
                self.begin_put(&name, Put { size, etag, overwrite })
            }
        };
        match begun {
            Ok(task) => {
                self.waits_for_turn = task.is_long();
                self.task = task;
            }
            Err(no) => self.refuse(&no)?,
        }
        Ok(())
    }

    fn begin_get(&mut self, name: &Name, offset: u64, etag: Option<&str>) -> Result<Task, No> {
        let origin = self.desk.supply.open(name)?;
        if etag.is_some_and(|etag| etag != origin.etag()) {
            return Err(No::Code("changed", "it is another version now"));
        }
        if offset > origin.size() {
            return Err(No::Code("bad_offset", "the offset is past its size"));
        }
        if offset > 0 && !self.resumes.admit() {
            return Err(No::Code("bad_offset", "too many offsets in a row for too few bytes"));
        }
        let digester = Digester::new(self.session.digest_kind());
        Ok(Task::Hashing { origin, at: 0, upto: offset, digester })
    }

    fn refuse(&mut self, no: &No) -> Result<(), Error> {
        self.task = Task::None;
        let (code, text) = match no {
            No::Code(code, text) => (*code, (*text).to_owned()),
            No::File(error) => (error.code(), error.to_string()),
        };
        self.session.refuse(code, &text)?;
        if self.running.is_none() {
            self.desk.say(&format!("{}: refused: {code}: {text}", self.peer));
        }
        self.transferred(Err(Failure::new(code, text)));
        Ok(())
    }

    /// The running get or put has ended.
    fn transferred(&mut self, outcome: Result<(), Failure>) {
        if let Some(running) = self.running.take() {
            running.end(&self.desk, self.peer, outcome);
        }
    }

    /// Does a piece of the work that needs no event from the peer.
    fn work(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Error> {
        self.worked += u64::from(matches!(
            self.task,
            Task::Hashing { .. } | Task::Checking { .. } | Task::Comparing { .. }
        ));
        let did = match &mut self.task {
            Task::None | Task::Receiving { .. } | Task::Standing(..) => Ok(Turn::Done),
            Task::Comparing { .. } => self.compare(scratch),
            Task::Hashing { .. } => self.hash(out, scratch),
            Task::Checking { .. } => self.check(scratch),
            Task::Sending(_) => self.send(out, scratch),
            Task::Listing { .. } => self.list(),
            Task::Finishing(_) => self.finish(),
        };
        match did {
            Ok(turn) => Ok(turn),
            Err(Stop::No(no)) => self.refuse(&no).map(|()| Turn::Done),
            Err(Stop::Error(error)) => Err(error),
        }
    }

    /// Hashes a piece of what is not sent, or begins to send.
    fn hash(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Stop> {
        let Task::Hashing { origin, at, upto, digester } = &mut self.task else {
            return Ok(Turn::Done);
        };
        if *at < *upto && !matches!(digester, Digester::None) {
            let len = usize::try_from(*upto - *at).unwrap_or(usize::MAX);
            let bytes = origin.read(*at, len, scratch)?;
            digester.update(bytes);
            *at += bytes.len() as u64;
            return Ok(Turn::Again);
        }
        let Task::Hashing { origin, upto, digester, .. } =
            std::mem::replace(&mut self.task, Task::None)
        else {
            return Ok(Turn::Done);
        };
        let (modified, etag) = (origin.modified(), origin.etag());
        let meta = FileMeta { size: origin.size(), modified: &modified, etag, offset: upto };
        self.session.file(&meta, digester).map_err(Error::from)?;
        if let Some(running) = &mut self.running {
            running.expect(origin.size() - upto);
        }
        self.task = Task::Sending(origin);
        self.send(out, scratch)
    }

    /// Sends chunks while there is room.
    fn send(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Stop> {
        let Task::Sending(origin) = &self.task else { return Ok(Turn::Done) };
        self.session.transmit(out);
        while let Some((offset, len)) = self.session.wanted(out) {
            let bytes = origin.read(offset, len, scratch)?;
            let taken = self.session.offer(bytes, out).map_err(Error::from)?;
            self.resumes.sent(taken);
            if let Some(running) = &mut self.running {
                running.count(taken);
            }
            if taken == 0 {
                break;
            }
        }
        if self.session.wants() != Wants::Payload {
            self.task = Task::None;
            // Otherwise the connection ends, and that tells why.
            if self.running.as_ref().is_some_and(Running::is_whole) {
                self.transferred(Ok(()));
            }
        }
        Ok(Turn::Done)
    }

    fn abandon(&mut self, forget: bool) {
        let task = std::mem::replace(&mut self.task, Task::None);
        if let (Task::Receiving { partial, .. } | Task::Checking { partial, .. }, true) =
            (task, forget)
        {
            // What cannot be removed now is overwritten by the next put of that name.
            let _ = partial.discard();
        }
    }
}

impl Conversation for Serving {
    fn receive(&mut self, input: &[u8], room: &mut [u8]) -> Result<usize, Error> {
        let mut eaten = 0;
        loop {
            let received = self.session.receive(&input[eaten..], room)?;
            eaten += received.consumed;
            let stored = match received.event {
                None if received.consumed == 0 => return Ok(eaten),
                None => Ok(()),
                Some(Event::Request(ask)) => {
                    self.begin(ask)?;
                    Ok(())
                }
                Some(Event::Payload { offset, bytes }) => match &mut self.task {
                    Task::Receiving { partial, .. } => {
                        if let Some(running) = &mut self.running {
                            running.count(bytes.len());
                        }
                        partial.write_at(bytes, offset)
                    }
                    _ => Ok(()),
                },
                Some(Event::Verified(chunk)) => match &mut self.task {
                    Task::Receiving { partial, .. } => {
                        partial.chunk_verified(chunk.offset, chunk.len, chunk.crc32)
                    }
                    _ => Ok(()),
                },
                Some(Event::Received) => {
                    self.received();
                    Ok(())
                }
                Some(Event::Abandoned { forget, code }) => {
                    if let (Task::Receiving { partial, .. }, false) = (&mut self.task, forget)
                        && code == Mismatch::Checksum.code()
                    {
                        // Bytes that cannot be retracted are caught by the whole-file digest.
                        let _ = partial.distrust_unverified();
                    }
                    self.abandon(forget);
                    // What ends with its connection is told when that has ended.
                    if code != "incomplete" {
                        self.transferred(Err(abandoned(code)));
                    }
                    Ok(())
                }
            };
            if let Err(error) = stored {
                if matches!(error, FileError::NoSpace | FileError::TooLarge(_)) {
                    // What fills the disk makes room for the others, and what cannot be whole is
                    // not gone on with.
                    self.abandon(true);
                }
                self.refuse(&No::File(error))?;
            }
        }
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        self.ended = true;
        if matches!(self.task, Task::Checking { .. } | Task::Comparing { .. }) {
            // Granted, it would wait for a file that cannot come, and lock it for all others.
            self.refuse(&GONE)?;
        }
        Ok(self.session.receive_eof()?)
    }

    fn transmit(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Error> {
        let turn = match std::mem::take(&mut self.waits_for_turn) {
            true => Turn::Again,
            false => self.work(out, scratch)?,
        };
        self.session.transmit(out);
        Ok(turn)
    }

    fn last_words(&mut self, out: &mut Buffer) {
        // Before the peer hears that it is over: it may come again for the same file at once.
        self.task = Task::None;
        self.session.transmit(out);
    }

    fn wants(&self) -> Wants {
        self.session.wants()
    }

    fn patience(&self) -> Duration {
        self.session.patience()
    }

    fn tick_at(&self) -> Option<Instant> {
        match &self.task {
            Task::Receiving { partial, .. } => partial.record_due(),
            _ => None,
        }
    }

    fn tick(&mut self, now: Instant) {
        if let Task::Receiving { partial, .. } = &mut self.task {
            partial.record_if_due(now);
        }
    }

    fn progress(&self) -> u64 {
        self.session.progress() + self.worked
    }

    fn is_receiving(&self) -> bool {
        self.session.is_receiving()
    }

    fn has_more(&self) -> bool {
        matches!(self.task, Task::None) && !self.session.is_idle()
    }

    fn memory(&self) -> usize {
        let of_task = match &self.task {
            Task::None | Task::Finishing(_) => 0,
            Task::Listing { walk, .. } => walk.memory(),
            _ => TASK_BYTES,
        };
        self.session.capacity() + of_task
    }

    fn speaks(&self) -> Option<Spoken> {
        Some(Spoken::Framed)
    }

    fn waits_for(&self) -> &'static str {
        match &self.task {
            Task::None => "a request",
            Task::Sending(_) | Task::Listing { .. } => "the client to read",
            Task::Receiving { .. } => "the client's file",
            Task::Standing(..) => "the digest of the client's file",
            Task::Hashing { .. }
            | Task::Checking { .. }
            | Task::Comparing { .. }
            | Task::Finishing(_) => "the disk",
        }
    }

    fn give_up(&mut self, why: &Error) {
        let code = match why {
            Error::TimedOut { .. } => "timed_out",
            Error::Interrupted => "shutting_down",
            Error::OverBudget { .. } => "busy",
            _ => "io",
        };
        self.session.abort(code, &why.to_string());
    }

    fn wind_down(&mut self) {
        self.session.wind_down();
    }

    fn closed(&mut self, outcome: Result<(), Error>) {
        match (&outcome, &self.running) {
            (Err(error), Some(_)) => self.transferred(Err(lost(error))),
            (Err(error), None) => self.desk.say(&format!("{}: {}", self.peer, lost(error))),
            (Ok(()), Some(_)) => self.transferred(Err(Failure::new("incomplete", LEFT))),
            (Ok(()), None) => {}
        }
        self.task = Task::None;
    }
}
