//! The queue of requests.
//!
//! Specification: `PROTOCOL.md` §4.3.

use super::Request;
use crate::error::Error;
use std::collections::VecDeque;

/// The first chunk or end of a put that was received before the application answered the put.
///
/// If the put is refused, the chunk is dropped. If the put is granted, the chunk is an error,
/// because the client had to wait for `ready`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Early {
    /// The offset of its frame's body in the stream.
    pub(super) at: u64,
    /// The last request before it.
    last_id: u64,
}

/// A request that was received and has not begun.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: u64,
    /// The request, or the error that answers it at its turn.
    pub(super) request: Result<Request, Error>,
    pub(super) early: Option<Early>,
}

/// The greatest overhead of an allocation, in bytes.
const BLOCK_BYTES: usize = 32;

/// The memory of a request, in bytes.
pub(super) fn request_bytes(request: &Request) -> usize {
    let held = |text: &str| text.len() + BLOCK_BYTES;
    match request {
        Request::List => 0,
        Request::Get { name, etag, .. } => held(name.as_str()) + etag.as_deref().map_or(0, held),
        Request::Put { name, etag, .. } => held(name.as_str()) + held(etag),
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
        let held = |waiting: &Waiting| waiting.request.as_ref().map_or(BLOCK_BYTES, request_bytes);
        let held = self.waiting.iter().map(held).sum::<usize>();
        held + self.waiting.capacity() * size_of::<Waiting>()
    }

    /// Adds a request, or the error that answers it at its turn.
    pub(super) fn push(&mut self, id: u64, request: Result<Request, Error>) {
        self.last_id = id;
        self.waiting.push_back(Waiting { id, request, early: None });
    }

    /// Takes the next request.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        self.waiting.pop_front()
    }

    /// Where to record a chunk for a put that waits; `None` if no put with that id waits.
    pub(super) fn early(&mut self, id: u64) -> Option<&mut Option<Early>> {
        match self.waiting.iter_mut().find(|waiting| waiting.id == id) {
            Some(Waiting { request: Ok(Request::Put { .. }), early, .. }) => Some(early),
            _ => None,
        }
    }

    /// A chunk at offset `at` that was received before its put was answered.
    pub(super) fn early_chunk(&self, at: u64) -> Early {
        Early { at, last_id: self.last_id }
    }

    /// Removes the requests that were received after an early chunk.
    pub(super) fn remove_after(&mut self, early: Early) {
        self.waiting.retain(|waiting| waiting.id <= early.last_id);
    }

    /// Removes a waiting request. False if there is none with that id.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let at = self.waiting.iter().position(|waiting| waiting.id == id);
        at.and_then(|at| self.waiting.remove(at)).is_some()
    }
}
