//! The file server's application: answers the events of a server session from a root of files.
//!
//! ```text
//!   Get  ─▶ open ─▶ (Hashing what is not sent) ─▶ Sending ─▶ unchanged? ─▶ end
//!   Put  ─▶ look ─▶ (Checking what is there) ─▶ Receiving ─▶ Finishing (other thread) ─▶ done
//!   List ─▶ Listing, a page at a time
//! ```

mod listing;
mod putting;
mod refusal;
mod resumes;
mod transfers;

use self::refusal::{No, Stop};
use self::resumes::Resumes;
pub(crate) use self::transfers::Running;
pub use self::transfers::{Direction, OnTransfer, Transfer};
use self::transfers::{abandoned, lost};
use super::admission::{Admission, Permit};
use crate::buffer::Buffer;
use crate::digest::DigestKind;
use crate::name::Name;
use crate::net::connection::{Application, Turn, WindDown};
use crate::net::files::finisher::{Finisher, Pending};
use crate::net::files::{Durability, Entry, FileError, FileReceiver, FileSender, Sources, Walk};
use crate::net::report::{Failure, Meter};
use crate::net::transport::{Error, Spoken};
use crate::session::{Session, Wait, Wants};
use crate::text::escape;
use crate::transfer::Code;
use crate::transfer::receiver::Mismatch;
use crate::transfer::server::{Event, FileMeta, Request, Server};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// Hears what happens on a server, one line at a time; peers' bytes are escaped.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// What all connections of a reactor share.
pub(crate) struct ServerContext {
    pub(crate) sources: Sources,
    pub(crate) writable: bool,
    pub(crate) durability: Durability,
    pub(crate) finisher: RefCell<Finisher>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) log: Option<Log>,
    pub(crate) on_transfer: Option<OnTransfer>,
    pub(crate) meter: Arc<Meter>,
}

impl ServerContext {
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
    /// A request has come.
    Asked(Request),
    /// The file of the request cannot be written.
    Failed(FileError),
    Hashing(FileSender),
    Sending(FileSender),
    Listing {
        walk: Box<Walk>,
        next: Option<Entry>,
        /// How many files and directories were passed over, for their names.
        not_offered: u64,
    },
    /// Reading what an earlier put left, or a file that has the name already.
    Checking {
        receiver: FileReceiver,
        put: Put,
        permit: Permit,
    },
    /// Waiting for the rest; of a file that has the name already, for the client's digest.
    Receiving {
        receiver: FileReceiver,
        overwrite: bool,
        permit: Permit,
    },
    Finishing(Pending),
}

impl Task {
    /// Whether the disk has work for more than a moment before there is an answer.
    fn is_long(&self) -> bool {
        match self {
            Task::Hashing(sender) => sender.offset() > 0,
            Task::Checking { receiver, .. } => receiver.is_existing(),
            Task::Listing { .. } => true,
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
    context: Rc<ServerContext>,
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
const GONE: No = No::Code(Code::Cancelled, "the client ended before it sent the file");

/// What is told of a transfer whose connection ended in order, and too early.
pub(crate) const LEFT: &str = "the connection ended before it was whole";

impl Serving {
    pub(crate) fn new(context: Rc<ServerContext>, peer: SocketAddr, permit: Permit) -> Serving {
        Serving {
            context,
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

    fn begin(&mut self, session: &mut Server, request: Request) -> Result<(), Error> {
        let kind = session.digest_kind();
        self.running = match &request {
            Request::List => None,
            Request::Get { name, .. } => Some(Running::new(Direction::Sent, name.clone())),
            Request::Put { name, .. } => Some(Running::new(Direction::Received, name.clone())),
        };
        let begun = match request {
            Request::List => self.begin_list(),
            Request::Get { name, offset, etag } => {
                self.begin_get(kind, &name, offset, etag.as_deref())
            }
            Request::Put { name, size, etag, overwrite } => {
                self.begin_put(kind, &name, Put { size, etag, overwrite })
            }
        };
        match begun {
            Ok(task) => {
                self.waits_for_turn = task.is_long();
                self.task = task;
            }
            Err(no) => self.refuse(session, &no)?,
        }
        Ok(())
    }

    fn begin_get(
        &mut self,
        kind: DigestKind,
        name: &Name,
        offset: u64,
        etag: Option<&str>,
    ) -> Result<Task, No> {
        let source = self.context.sources.open(name)?;
        if etag.is_some_and(|etag| etag != source.etag()) {
            return Err(No::Code(Code::Changed, "it is another version now"));
        }
        if offset > source.size() {
            return Err(No::Code(Code::BadOffset, "the offset is past its size"));
        }
        if offset > 0 && !self.resumes.admit() {
            return Err(No::Code(Code::BadOffset, "too many offsets in a row for too few bytes"));
        }
        let mut sender = FileSender::new(source);
        sender.start_at(offset, kind);
        Ok(Task::Hashing(sender))
    }

    fn refuse(&mut self, session: &mut Server, no: &No) -> Result<(), Error> {
        self.task = Task::None;
        let (code, text) = match no {
            No::Code(code, text) => (*code, (*text).to_owned()),
            No::File(error) => (error.wire_code(), error.to_string()),
        };
        session.refuse(code, &text)?;
        if self.running.is_none() {
            self.context.say(&format!("{}: refused: {code}: {text}", self.peer));
        }
        self.transferred(Err(Failure::new(code, text)));
        Ok(())
    }

    /// The running get or put has ended.
    fn transferred(&mut self, outcome: Result<(), Failure>) {
        if let Some(running) = self.running.take() {
            running.end(&self.context, self.peer, outcome);
        }
    }

    /// Does a piece of the work that needs no event from the peer.
    fn work(
        &mut self,
        session: &mut Server,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        self.worked += u64::from(matches!(self.task, Task::Hashing(_) | Task::Checking { .. }));
        let did = match &mut self.task {
            Task::None | Task::Asked(_) | Task::Failed(_) => Ok(Turn::Done),
            Task::Receiving { .. } => Ok(Turn::Done),
            Task::Hashing(_) => self.hash(session, out, scratch),
            Task::Checking { .. } => self.check(session, scratch),
            Task::Sending(_) => self.send(session, out, scratch),
            Task::Listing { .. } => self.list(session),
            Task::Finishing(_) => self.finish(session),
        };
        match did {
            Ok(turn) => Ok(turn),
            Err(Stop::No(no)) => self.refuse(session, &no).map(|()| Turn::Done),
            Err(Stop::Error(error)) => Err(error),
        }
    }

    /// Hashes a piece of what is not sent, or begins to send.
    fn hash(
        &mut self,
        session: &mut Server,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Stop> {
        let Task::Hashing(mut sender) = std::mem::replace(&mut self.task, Task::None) else {
            return Ok(Turn::Done);
        };
        if !sender.is_hashed() {
            sender.hash_step(scratch)?;
            self.task = Task::Hashing(sender);
            return Ok(Turn::Again);
        }
        let (offset, digester) = (sender.offset(), sender.take_digester());
        let source = sender.source();
        let (size, modified, etag) = (source.size(), source.modified(), source.etag());
        let meta = FileMeta { size, modified: &modified, etag, offset };
        session.file(&meta, digester).map_err(Error::from)?;
        if let Some(running) = &mut self.running {
            running.expect(size - offset);
        }
        self.task = Task::Sending(sender);
        self.send(session, out, scratch)
    }

    /// Sends chunks while there is room.
    fn send(
        &mut self,
        session: &mut Server,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Stop> {
        let Task::Sending(sender) = &self.task else { return Ok(Turn::Done) };
        let sent = sender.send(session, out, scratch, |taken| {
            self.resumes.sent(taken);
            if let Some(running) = &mut self.running {
                running.count(taken, &self.context.meter);
            }
        });
        sent.map_err(Error::from)??;
        if session.wants() != Wants::Payload {
            self.task = Task::None;
            // Otherwise the connection ends, and that tells why.
            if self.running.as_ref().is_some_and(Running::is_whole) {
                self.transferred(Ok(()));
            }
        }
        Ok(Turn::Done)
    }

    /// The client or the session gave the running request up.
    fn abandoned(&mut self, forget: bool, code: Option<Code>) {
        if let (Task::Receiving { receiver, .. }, false) = (&mut self.task, forget)
            && code == Some(Mismatch::Checksum.code())
        {
            receiver.distrust_unverified();
        }
        self.abandon(forget);
        // What ends with its connection is told when that has ended.
        if let Some(code) = code {
            self.transferred(Err(abandoned(code)));
        }
    }

    fn abandon(&mut self, forget: bool) {
        let task = std::mem::replace(&mut self.task, Task::None);
        if let (Task::Receiving { receiver, .. } | Task::Checking { receiver, .. }, true) =
            (task, forget)
        {
            receiver.discard();
        }
    }
}

impl Application<Server> for Serving {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        let stored = match (event, &mut self.task) {
            (Event::Request(request), _) => {
                self.task = Task::Asked(request);
                Ok(())
            }
            (Event::Payload { offset, bytes }, Task::Receiving { receiver, .. }) => {
                if let Some(running) = &mut self.running {
                    running.count(bytes.len(), &self.context.meter);
                }
                receiver.write(offset, bytes, None)
            }
            (Event::Verified(chunk), Task::Receiving { receiver, .. }) => {
                receiver.chunk_verified(chunk.offset, chunk.len, chunk.crc32)
            }
            (Event::Payload { .. } | Event::Verified(_), _) => Ok(()),
            (Event::Received, _) => {
                self.received();
                Ok(())
            }
            (Event::Abandoned { forget, code }, _) => {
                self.abandoned(forget, code);
                Ok(())
            }
        };
        if let Err(error) = stored {
            if matches!(error, FileError::NoSpace | FileError::TooLarge(_)) {
                // What fills the disk makes room for the others, and a file that cannot be
                // complete is not resumed.
                self.abandon(true);
            }
            self.task = Task::Failed(error);
        }
        Ok(())
    }

    fn after_event(&mut self, session: &mut Server) -> Result<(), Error> {
        match std::mem::replace(&mut self.task, Task::None) {
            Task::Asked(request) => self.begin(session, request),
            Task::Failed(error) => self.refuse(session, &No::File(error)),
            task => {
                self.task = task;
                Ok(())
            }
        }
    }

    fn on_eof(&mut self, session: &mut Server) -> Result<(), Error> {
        self.ended = true;
        if matches!(self.task, Task::Checking { .. }) {
            // Granted, it would wait for a file that cannot come, and lock it for all others.
            self.refuse(session, &GONE)?;
        }
        Ok(session.receive_eof()?)
    }

    fn poll(
        &mut self,
        session: &mut Server,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        match std::mem::take(&mut self.waits_for_turn) {
            true => Ok(Turn::Again),
            false => self.work(session, out, scratch),
        }
    }

    /// The peer may come again for the same file as soon as it hears that this is over.
    fn release(&mut self) {
        self.task = Task::None;
    }

    fn tick_at(&self) -> Option<Instant> {
        match &self.task {
            Task::Receiving { receiver, .. } => receiver.record_due(),
            _ => None,
        }
    }

    fn tick(&mut self, now: Instant) {
        if let Task::Receiving { receiver, .. } = &mut self.task {
            receiver.record_if_due(now);
        }
    }

    fn progress(&self) -> u64 {
        self.worked
    }

    fn has_more(&self, session: &Server) -> bool {
        matches!(self.task, Task::None) && !session.is_idle()
    }

    fn memory(&self) -> usize {
        match &self.task {
            Task::None | Task::Finishing(_) => 0,
            Task::Listing { walk, .. } => walk.memory(),
            _ => TASK_BYTES,
        }
    }

    fn speaks(&self) -> Option<Spoken> {
        Some(Spoken::Framed)
    }

    fn waits_for(&self, session: &Server) -> Wait {
        Wait::from(match &self.task {
            Task::Listing { .. } => "the client to read",
            Task::Receiving { receiver, .. } if receiver.is_existing() => {
                "the digest of the client's file"
            }
            Task::Hashing(_) | Task::Checking { .. } | Task::Finishing(_) => "the disk",
            _ => return session.waits_for(),
        })
    }

    fn wind_down(&mut self, session: &mut Server) -> WindDown {
        session.wind_down();
        WindDown::Finish
    }

    fn closed(&mut self, _session: &mut Server, outcome: Result<(), Error>) {
        match (&outcome, &self.running) {
            (Err(error), Some(_)) => self.transferred(Err(lost(error))),
            (Err(error), None) => self.context.say(&format!("{}: {}", self.peer, lost(error))),
            (Ok(()), Some(_)) => self.transferred(Err(Failure::new("incomplete", LEFT))),
            (Ok(()), None) => {}
        }
        self.task = Task::None;
    }
}
