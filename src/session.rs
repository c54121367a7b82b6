//! The contract between a protocol and its driver.
//!
//! A [`Session`] is a state machine for one side of one connection. It uses no socket, no file and
//! no clock. The caller owns all buffers: the input, the scratch space that payload is decoded
//! into, and the output.
//!
//! ```text
//!              receive(input, scratch) ─▶ events
//!   socket ──▶                                   ──▶ application
//!   socket ◀──                                   ◀──
//!              transmit(out) ◀─ offer(payload, out)
//! ```
//!
//! # The methods that every protocol has
//!
//! | method | called | answer |
//! |---|---|---|
//! | [`receive`](Session::receive) | with input | how much was consumed, and an event |
//! | [`receive_eof`](Session::receive_eof) | at the end of the input | nothing, or an error |
//! | [`offer`](Session::offer) | when payload is wanted | how many bytes were taken |
//! | [`transmit`](Session::transmit) | before every write | appends whole messages to `out` |
//! | [`wants`](Session::wants) | after `out` was written | what has to happen next |
//! | [`idle_timeout`](Session::idle_timeout) | by the owner of the clock | the longest wait |
//!
//! [`progress`](Session::progress) belongs to the timeout: the clock restarts when it grows. The
//! other methods have defaults. Everything but `receive` can be called through `&mut dyn Session`.
//!
//! # States
//!
//! Every protocol has its own states. A driver sees five, named by [`Wants`]:
//!
//! ```text
//!            ┌─────────────────────────────┐
//!            ▼                             │ TLS is established
//!   ─────▶ Read ◀──────▶ Payload        Upgrade
//!           │ └─────────────────────────▶──┘
//!           ├──▶ Close    write `out`, end the sending half, read and discard
//!           └──▶ Done     drop the connection
//! ```
//!
//! A session that failed returns the same error on every later call and wants to
//! [close](Wants::Close) or is [done](Wants::Done). It may still have a final message for the
//! peer.
//!
//! # The loop
//!
//! *Receive until nothing more is consumed, transmit, write, ask `wants`.* This order runs any
//! session over any transport. Two sessions in memory:
//!
//! ```
//! use wirewright::buffer::Buffer;
//! use wirewright::daytime::{Client, Limits, Moment, Server};
//! use wirewright::session::{Session, Status};
//!
//! let moment = Moment::new((2026, 11, 30), (12, 0, 0), 0).unwrap();
//! let mut server = Server::new(Limits::default(), moment);
//! let mut client = Client::new(Limits::default());
//!
//! let mut wire = Buffer::with_limit(1024);
//! server.transmit(&mut wire);
//! loop {
//!     let received = client.receive(wire.readable(), &mut [])?;
//!     let consumed = received.consumed;
//!     match received.status {
//!         Status::Event(()) => {}
//!         Status::NeedInput if consumed > 0 => {}
//!         Status::NeedInput | Status::NeedDrain => break,
//!     }
//!     wire.consume(consumed);
//! }
//! client.receive_eof()?;
//! assert!(client.line().is_some());
//! # Ok::<(), wirewright::error::Error>(())
//! ```
//!
//! # Limits
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`SCRATCH_BYTES_MIN`] | 64 | scratch space too short for a group of base64 |
//!
//! [`SCRATCH_BYTES_MIN`]: crate::buffer::SCRATCH_BYTES_MIN
//!
//! Every other limit belongs to a protocol: see the `Limits` of each module.

use crate::buffer::Buffer;
use crate::error::Error;
use std::fmt;
use std::time::Duration;

/// The result of one call of [`Session::receive`].
#[derive(Debug, PartialEq, Eq)]
pub struct Received<E> {
    /// How many bytes of the input were consumed. The caller does not pass them again.
    pub consumed: usize,
    /// What the consumed bytes meant.
    pub status: Status<E>,
}

/// What the consumed input meant, or why nothing was consumed.
#[derive(Debug, PartialEq, Eq)]
pub enum Status<E> {
    /// Something for the application. More may follow: call again with the rest of the input, even
    /// an empty one.
    Event(E),
    /// Nothing for the application. Where bytes were consumed, call again with the rest; where
    /// none were, more input is needed.
    NeedInput,
    /// The rest of the input is not read before the caller has done what
    /// [`wants`](Session::wants) says: written what `transmit` appends, offered payload, decided
    /// about the last event, or started TLS.
    NeedDrain,
}

/// What a session needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Bytes from the peer, or a decision of the application on the last event.
    Read,
    /// Payload through [`Session::offer`]. Bytes from the peer are welcome as well.
    Payload,
    /// Start TLS on this connection, then go on.
    Upgrade,
    /// Write what was transmitted, end the sending half, read and discard the rest, close.
    Close,
    /// Nothing: drop the connection.
    Done,
}

/// Which part of the payload a session can take now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Offset of the next byte in the file or body, in bytes.
    pub offset: u64,
    /// The most bytes that [`Session::offer`] takes with the present room in `out`, at least 1.
    pub len: usize,
}

/// What is waited for: a phrase for people, and the kind of the wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    kind: WaitKind,
    phrase: &'static str,
}

/// The kinds of waits that a driver or a report distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitKind {
    /// The first bytes that the peer sends on a connection: a greeting, a hello, or a file.
    FirstWords,
    /// The end of the TLS handshake.
    Handshake,
    /// The first byte of a response to a request.
    FirstByte,
    /// The next bytes of a body, in either direction.
    Body,
    /// Any other.
    Other,
}

impl Wait {
    /// A wait of this kind; the phrase completes "timed out waiting for".
    pub const fn new(kind: WaitKind, phrase: &'static str) -> Wait {
        Wait { kind, phrase }
    }

    /// The kind of the wait.
    pub fn kind(self) -> WaitKind {
        self.kind
    }

    /// What is waited for, as a phrase for people.
    pub fn phrase(self) -> &'static str {
        self.phrase
    }
}

/// A wait of the kind [`WaitKind::Other`].
impl From<&'static str> for Wait {
    fn from(phrase: &'static str) -> Wait {
        Wait::new(WaitKind::Other, phrase)
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase)
    }
}

/// Why the driver ends a session: see [`Session::abort`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AbortReason {
    /// A timeout ran out.
    TimedOut,
    /// This side was asked to stop.
    ShuttingDown,
    /// The memory of this connection is needed for others.
    OverBudget,
    /// The operating system failed, or the application did.
    Io,
}

impl<E> Received<E> {
    /// `consumed` bytes without an event.
    pub fn need_input(consumed: usize) -> Received<E> {
        Received { consumed, status: Status::NeedInput }
    }

    /// Nothing was consumed: the caller has to act first.
    pub fn need_drain() -> Received<E> {
        Received { consumed: 0, status: Status::NeedDrain }
    }

    /// `consumed` bytes with an event.
    pub fn event(consumed: usize, event: E) -> Received<E> {
        Received { consumed, status: Status::Event(event) }
    }

    /// An event if there is one, else [`Status::NeedInput`].
    pub fn maybe(consumed: usize, event: Option<E>) -> Received<E> {
        let status = event.map_or(Status::NeedInput, Status::Event);
        Received { consumed, status }
    }

    /// Whether there was an event.
    pub fn is_event(&self) -> bool {
        matches!(self.status, Status::Event(_))
    }

    /// The event, if there was one.
    pub fn into_event(self) -> Option<E> {
        match self.status {
            Status::Event(event) => Some(event),
            Status::NeedInput | Status::NeedDrain => None,
        }
    }
}

/// One side of one connection, without I/O. See the head of this module.
pub trait Session {
    /// What the peer sent, for the application. Borrows from the input, the scratch space and the
    /// session.
    type Event<'a>
    where
        Self: Sized + 'a;

    /// Consumes a prefix of `input`. Decoded payload is put into `scratch`, which may be empty as
    /// long as no payload comes, and must hold at least
    /// [`SCRATCH_BYTES_MIN`](crate::buffer::SCRATCH_BYTES_MIN) bytes from then on.
    ///
    /// # Errors
    /// The peer's fault ([`Error::Malformed`], [`Error::TooLarge`], [`Error::Refused`]) or the
    /// caller's ([`Error::Misuse`]); the same again on every later call.
    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        scratch: &'a mut [u8],
    ) -> Result<Received<Self::Event<'a>>, Error>
    where
        Self: Sized;

    /// The peer ended its sending half.
    ///
    /// # Errors
    /// [`Error::Incomplete`] in a state that needs more input.
    fn receive_eof(&mut self) -> Result<(), Error>;

    /// Encodes payload, appends it to `out`, and returns how many bytes of it were taken: 0 in a
    /// state without payload, or where `out` has no room for a whole message.
    ///
    /// # Errors
    /// [`Error::Misuse`] for more payload than was announced.
    fn offer(&mut self, payload: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        let _ = (payload, out);
        Ok(0)
    }

    /// Appends the messages that the session has to send. Each one is appended whole: one that does
    /// not fit is kept for the next call. A session that failed appends its final message, if its
    /// protocol has one.
    fn transmit(&mut self, out: &mut Buffer);

    /// What has to happen next.
    fn wants(&self) -> Wants;

    /// How long this state may last without progress. The caller owns the clock and restarts it
    /// whenever [`progress`](Session::progress) has grown.
    fn idle_timeout(&self) -> Duration;

    /// A number that grows with every step that counts as progress, and only then.
    fn progress(&self) -> u64;

    /// Which payload can be offered with the present room in `out`. `None` where the session wants
    /// none, or `out` has no room for a byte of it.
    fn wanted(&self, out: &Buffer) -> Option<Wanted> {
        let _ = out;
        None
    }

    /// Memory that the session has allocated, in bytes.
    fn memory(&self) -> usize {
        0
    }

    /// Whether payload is arriving, so that large reads are worthwhile.
    fn is_receiving(&self) -> bool {
        false
    }

    /// What the session waits for, such as "the server's hello".
    fn waits_for(&self) -> Wait {
        Wait::from("the peer")
    }

    /// Ends the session for a reason that is not the peer's fault. The protocol may have a message
    /// for it, which [`transmit`](Session::transmit) appends; the session then wants to close.
    /// `text` explains the reason to people.
    fn abort(&mut self, reason: AbortReason, text: &str) {
        let _ = (reason, text);
    }
}
