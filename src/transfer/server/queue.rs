//! The queue of requests, and how they begin and are cancelled.
//!
//! Specification: `PROTOCOL.md` §4.3 and §4.5.

use super::super::code::Code;
use super::super::place::Place;
use super::state::{Active, Core, refused, unexpected};
use super::{Ask, Event};
use crate::error::Error;
use std::collections::VecDeque;

/// The first chunk or end of a put that was received before the application answered the put.
///
/// If the put is refused, the chunk is dropped. If the put is granted, the chunk is an error,
/// because the client had to wait for `ready`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Early {
    /// The offset of its frame's body in the stream.
    at: u64,
    /// The last request before it.
    last_id: u64,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    /// The request, or the error that answers it at its turn.
    ask: Result<Ask, Error>,
    early: Option<Early>,
}

/// The greatest overhead of an allocation, in bytes.
const BLOCK_BYTES: usize = 32;

/// The memory of a transfer: its state and its digester, in bytes.
const TRANSFER_BYTES: usize = 2560;

/// The memory of a request, in bytes.
fn ask_bytes(ask: &Ask) -> usize {
    let held = |text: &str| text.len() + BLOCK_BYTES;
    match ask {
        Ask::List => 0,
        Ask::Get { name, etag, .. } => held(name.as_str()) + etag.as_deref().map_or(0, held),
        Ask::Put { name, etag, .. } => held(name.as_str()) + held(etag),
    }
}

/// Requests in the order in which they were received.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    last_id: u64,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether a request with that id has been made.
    pub(super) fn has_seen(&self, id: u64) -> bool {
        id <= self.last_id
    }

    /// The memory of the waiting requests, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let held = |waiting: &Waiting| waiting.ask.as_ref().map_or(BLOCK_BYTES, ask_bytes);
        let held = self.waiting.iter().map(held).sum::<usize>();
        held + self.waiting.capacity() * size_of::<Waiting>()
    }

    fn remove(&mut self, id: u64) -> bool {
        let at = self.waiting.iter().position(|waiting| waiting.id == id);
        at.and_then(|at| self.waiting.remove(at)).is_some()
    }
}

impl Core {
    /// The memory of the waiting requests and of the running one, in bytes.
    pub(super) fn requests_bytes(&self) -> usize {
        let active = match &self.active {
            Active::Idle => 0,
            Active::Asked { ask, .. } => ask_bytes(ask),
            _ => TRANSFER_BYTES,
        };
        self.queue.bytes() + active
    }

    /// Adds a request to the queue, or the error that answers it at its turn.
    pub(super) fn enqueue(
        &mut self,
        id: u64,
        at: Place<'_>,
        ask: Result<Ask, Error>,
    ) -> Result<(), Error> {
        if self.queue.has_seen(id) {
            return Err(Error::malformed("ids rise from 1", at.value("id"), "PROTOCOL §4.3"));
        }
        if self.is_full() {
            let max = self.config.limits.pending_max as u64;
            let (limit, section) = ("pending_max", "PROTOCOL §4.3");
            return Err(Error::TooLarge { limit, max, offset: at.start(), section });
        }
        self.queue.last_id = id;
        let ask = match self.winds_down {
            true => Err(refused(Code::ShuttingDown, "the server takes no further request")),
            false => ask,
        };
        self.queue.waiting.push_back(Waiting { id, ask, early: None });
        Ok(())
    }

    /// Begins the next request, if none is running.
    pub(super) fn next_request(&mut self) -> Option<Event<'static>> {
        while matches!(self.active, Active::Idle) && !self.must_drain() {
            let Waiting { id, ask, early } = self.queue.waiting.pop_front()?;
            self.steps += 1;
            match ask {
                Err(Error::Refused { code, text }) => {
                    self.send_error(Some(id), code.as_raw_str(), text.as_raw_str());
                }
                Err(error) => self.send_error(Some(id), "bad_name", &error.reason()),
                Ok(ask) => {
                    self.active = Active::Asked { id, ask: ask.clone(), early };
                    return Some(Event::Request(ask));
                }
            }
        }
        None
    }

    /// A chunk or an end for a request that is not receiving. For a put that is not answered yet it
    /// is recorded as [`Early`]. For any other request, running or ended, it is dropped.
    pub(super) fn out_of_turn(&mut self, id: u64, at: Place<'_>) -> Result<(), Error> {
        if !self.queue.has_seen(id) {
            return Err(unexpected(at.start()));
        }
        let mut waiting = self.queue.waiting.iter_mut();
        let early = match &mut self.active {
            Active::Asked { id: asked, ask: Ask::Put { .. }, early } if *asked == id => early,
            _ => match waiting.find(|waiting| waiting.id == id) {
                Some(Waiting { ask: Ok(Ask::Put { .. }), early, .. }) => early,
                _ => return Ok(()),
            },
        };
        early.get_or_insert(Early { at: at.start(), last_id: self.queue.last_id });
        Ok(())
    }

    /// Checks a put that is granted. A chunk that was received too early is an error at its offset,
    /// and requests after it are removed, as if they had not been parsed.
    pub(super) fn check_early(&mut self, early: Option<Early>) {
        let Some(Early { at, last_id }) = early else { return };
        self.queue.waiting.retain(|waiting| waiting.id <= last_id);
        let first = self.fault.as_ref().and_then(|fault| fault.offset());
        if first.is_none_or(|first| at < first) {
            self.fault = Some(Box::new(unexpected(at)));
        }
    }

    /// The client cancels a request.
    pub(super) fn cancel(&mut self, id: u64) -> Option<Event<'static>> {
        let running = self.active.id() == Some(id);
        if running && !matches!(self.active, Active::Finishing { .. }) {
            self.send_error(Some(id), "cancelled", "as asked");
            self.become_idle();
            return Some(Event::Abandoned { forget: true, code: Some(Code::Cancelled) });
        }
        if self.queue.remove(id) {
            self.send_error(Some(id), "cancelled", "as asked");
        }
        None
    }

    /// The client ends a request with an `error` (§9), which is not answered.
    pub(super) fn given_up(&mut self, id: u64) -> Option<Event<'static>> {
        let running = self.active.id() == Some(id);
        if running && !matches!(self.active, Active::Finishing { .. }) {
            self.become_idle();
            return Some(Event::Abandoned { forget: false, code: Some(Code::Cancelled) });
        }
        self.queue.remove(id);
        None
    }

    /// Whether the queue is full: no more is read, except while a file is being received.
    pub(super) fn is_full(&self) -> bool {
        self.queue.len() >= self.config.limits.pending_max
    }
}
