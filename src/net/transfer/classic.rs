//! The classic wire over the reactor: a server that sends one file to whoever comes, and a client
//! that only listens.

use super::admission::Permit;
use super::serve::{Direction, LEFT, Running, ServerContext};
use crate::buffer::Buffer;
use crate::digest::DigestKind;
use crate::name::Name;
use crate::net::connection::{Application, Turn, WindDown};
use crate::net::files::finisher::{Finisher, Pending};
use crate::net::files::{Destination, Durability, FileError, FileReceiver, FileSender, Source};
use crate::net::report::{Failure, FileReport, Meter};
use crate::net::transport::{Error, Spoken};
use crate::session::{AbortReason, Session};
use crate::text::PeerText;
use crate::transfer::classic::{ClassicClient, ClassicServer, Event, Limits};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One connection of the classic server: its session and its application.
pub(crate) fn serve(
    name: &Name,
    source: Source,
    context: Rc<ServerContext>,
    peer: SocketAddr,
    permit: Permit,
) -> (ClassicServer, ClassicServing) {
    let session = ClassicServer::new(Limits::default(), name, source.size());
    let mut running = Running::new(Direction::Sent, name.clone());
    running.expect(source.size());
    let (running, sender) = (Some(running), FileSender::new(source));
    (session, ClassicServing { sender, context, peer, running, _permit: permit })
}

pub(crate) struct ClassicServing {
    sender: FileSender,
    context: Rc<ServerContext>,
    peer: SocketAddr,
    running: Option<Running>,
    /// Of the connection.
    _permit: Permit,
}

impl ClassicServing {
    fn ended(&mut self, outcome: Result<(), Failure>) {
        if let Some(running) = self.running.take() {
            running.end(&self.context, self.peer, outcome);
        }
    }
}

impl Application<ClassicServer> for ClassicServing {
    fn on_event(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }

    fn poll(
        &mut self,
        session: &mut ClassicServer,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        let sent = self.sender.send(session, out, scratch, |taken| {
            if let Some(running) = &mut self.running {
                running.count(taken, &self.context.meter);
            }
        });
        if let Err(error) = sent? {
            let why = error.to_string();
            session.abort(AbortReason::Io, &why);
            self.ended(Err(Failure::new("io", why)));
        }
        Ok(Turn::Done)
    }

    fn wind_down(&mut self, _session: &mut ClassicServer) -> WindDown {
        WindDown::Finish
    }

    fn closed(&mut self, _session: &mut ClassicServer, outcome: Result<(), Error>) {
        let is_whole = self.running.as_ref().is_some_and(Running::is_whole);
        self.ended(match outcome {
            Ok(()) if is_whole => Ok(()),
            Ok(()) => Err(Failure::new("incomplete", LEFT)),
            Err(error) => Err(Failure::from(&error)),
        });
    }
}

/// What a classic client leaves behind.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) report: Option<FileReport>,
    pub(crate) error: Option<Error>,
}

/// The classic client: one file from whoever we connected to.
pub(crate) struct ClassicGetting {
    destination: Destination,
    durability: Durability,
    overwrite: bool,
    finisher: Finisher,
    meter: Arc<Meter>,
    outcome: Rc<RefCell<Outcome>>,
    receiver: Option<FileReceiver>,
    whole: Option<(PeerText<'static>, u64)>,
    pending: Option<Pending>,
    since: Instant,
    ended: bool,
    /// When the whole operation has to be over, for an output that takes no bytes.
    pub(crate) deadline: Option<Instant>,
}

impl ClassicGetting {
    pub(crate) fn new(
        destination: Destination,
        durability: Durability,
        overwrite: bool,
        finisher: Finisher,
        meter: Arc<Meter>,
        outcome: Rc<RefCell<Outcome>>,
    ) -> ClassicGetting {
        ClassicGetting {
            destination,
            durability,
            overwrite,
            finisher,
            meter,
            outcome,
            receiver: None,
            whole: None,
            pending: None,
            since: Instant::now(),
            ended: false,
            deadline: None,
        }
    }

    /// The stream has ended and the object was whole: the file gets its name, which may have come
    /// last.
    fn finish(&mut self) -> Result<(), Error> {
        let (Some((name, _)), Some(mut receiver)) = (self.whole.clone(), self.receiver.take())
        else {
            self.ended = true;
            return Ok(());
        };
        if matches!(self.destination, Destination::Directory(_)) {
            receiver.rename_to(&local(&name)?)?;
        }
        let overwrite = self.overwrite || self.destination.names_the_file();
        let job = receiver.finish(self.durability, overwrite);
        self.pending = job.map(|job| self.finisher.run(job));
        self.ended = self.pending.is_none();
        Ok(())
    }
}

/// What the file is called here: its server has chosen the name.
fn local(name: &PeerText<'_>) -> Result<Name, Error> {
    Ok(Name::single(&crate::name::safe(name.as_raw_str()))?)
}

/// How many files of unknown name may be on their way into one directory at a time.
const UNNAMED_MAX: u32 = 1024;

/// Opens the place of a file of which neither name nor size is known yet: the first that nobody
/// else is writing. What a killed run left there is taken over and begun anew, so that it does not
/// stay.
fn open_unnamed(destination: &Destination, finisher: &mut Finisher) -> Result<FileReceiver, Error> {
    for number in 0..UNNAMED_MAX {
        let name = Name::single(&format!("classic {number}"))?;
        match try_unnamed(destination, &name, finisher) {
            Err(FileError::Busy) if destination.takes_many() => {}
            opened => return Ok(opened?),
        }
    }
    Err(FileError::Busy.into())
}

fn try_unnamed(
    destination: &Destination,
    name: &Name,
    finisher: &mut Finisher,
) -> Result<FileReceiver, FileError> {
    let mut receiver = destination.open(name, DigestKind::None, false, &mut None)?;
    receiver.begin(None, None, finisher)?;
    Ok(receiver)
}

impl Application<ClassicClient> for ClassicGetting {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        match event {
            Event::Payload { offset, bytes } => {
                if let Some(receiver) = &mut self.receiver {
                    receiver.append(offset, bytes, self.deadline)?;
                }
                self.meter.add(bytes.len() as u64);
            }
            Event::Complete { name, size } => self.whole = Some((name, size)),
        }
        Ok(())
    }

    /// Opens the file at the first byte.
    fn on_input(&mut self, consumed: &[u8]) -> Result<(), Error> {
        if self.receiver.is_none() && !consumed.is_empty() {
            self.receiver = Some(open_unnamed(&self.destination, &mut self.finisher)?);
        }
        Ok(())
    }

    fn on_eof(&mut self, session: &mut ClassicClient) -> Result<(), Error> {
        session.receive_eof()?;
        self.finish()
    }

    fn poll(
        &mut self,
        _session: &mut ClassicClient,
        _out: &mut Buffer,
        _scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        let Some(pending) = &self.pending else { return Ok(Turn::Done) };
        let Some(outcome) = pending.poll() else { return Ok(Turn::Parked) };
        self.pending = None;
        self.ended = true;
        outcome?;
        Ok(Turn::Again)
    }

    fn is_over(&self) -> bool {
        self.ended
    }

    fn idle_timeout(&self, session: &ClassicClient) -> Duration {
        match self.pending {
            Some(_) => Duration::from_secs(600),
            None => session.idle_timeout(),
        }
    }

    fn speaks(&self) -> Option<Spoken> {
        Some(Spoken::Classic)
    }

    fn wind_down(&mut self, _session: &mut ClassicClient) -> WindDown {
        // A file that is whole and on its way to the disk gets its name: that is told as it is.
        if self.pending.is_none() {
            self.outcome.borrow_mut().error = Some(Error::Interrupted);
            self.ended = true;
        }
        WindDown::Finish
    }

    fn closed(&mut self, _session: &mut ClassicClient, outcome: Result<(), Error>) {
        let mut left = self.outcome.borrow_mut();
        if let Some(receiver) = self.receiver.take() {
            receiver.discard();
        }
        let (name, size) = match &self.whole {
            Some((name, size)) => (Some(name), *size),
            None => (None, self.meter.done()),
        };
        let outcome = match outcome {
            // Where it has no name, what went wrong is told of the whole.
            Err(error) if name.is_none() => {
                left.error.get_or_insert(error);
                return;
            }
            Err(error) => Err(Failure::from(&error)),
            Ok(()) => Ok(()),
        };
        let stored = name.and_then(|name| local(name).ok());
        let stored = stored.and_then(|name| self.destination.path(&name));
        let durability = (stored.is_some() && outcome.is_ok()).then(|| self.durability.into());
        left.report = Some(FileReport {
            name: name.cloned().unwrap_or_default(),
            path: stored,
            bytes: size,
            moved: self.meter.done(),
            elapsed: self.since.elapsed(),
            resumed_from: 0,
            digest: None,
            durability,
            is_skipped: false,
            outcome,
        });
    }
}
