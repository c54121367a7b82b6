//! The contract: what any conversation can be asked.
//!
//! A session is a state machine of one side of one connection. It knows no socket, no file and no
//! clock. The caller owns all bytes: what arrived, the room to decode into, what is to be sent.
//!
//! ```text
//!              receive(input, room) ─▶ events
//!   socket ──▶                                ──▶ application
//!   socket ◀──                                ◀──
//!              transmit(out) ◀─ offer(payload, out)
//! ```
//!
//! # The six questions
//!
//! | question | asked | answer |
//! |---|---|---|
//! | [`receive`](Session::receive) | when bytes came | how many were eaten, and what they meant |
//! | [`receive_eof`](Session::receive_eof) | when the peer ended its half | an end, or an error |
//! | [`offer`](Session::offer) | when it wants payload | how many bytes it took |
//! | [`transmit`](Session::transmit) | always, before writing | whole rows, behind those in `out` |
//! | [`wants`](Session::wants) | when all is written | what it needs next |
//! | [`patience`](Session::patience) | by whoever owns the clock | how long it may stay like this |
//!
//! [`progress`](Session::progress) belongs to the last of them: it says when to begin to count
//! anew.
//!
//! # States
//!
//! Each session has its own; seen from outside there are five, and [`Wants`] names them:
//!
//! ```text
//!            ┌─────────────────────────────┐
//!            ▼                             │ TLS is up
//!   ─────▶ Read ◀──────▶ Payload        Upgrade
//!           │ └─────────────────────────▶──┘
//!           ├──▶ Close    all said: write it out, end our half, read the rest away
//!           └──▶ Done     all said and heard: drop the connection
//! ```
//!
//! A session that failed gives the same error for ever, wants to [close](Wants::Close) or is
//! [done](Wants::Done), and may still have last words for the peer.
//!
//! # Limits
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`ROOM_MIN`](crate::buffer::ROOM_MIN) | 64 | a room in which a group of base64 has no place |
//!
//! Every other limit belongs to a protocol: the `Limits` of each room.
//!
//! # The loop
//!
//! The loop law: *receive until nothing more → transmit → write → ask `wants`*. Never feed twice
//! without draining. A caller that keeps it can run any session over anything that moves bytes.
//!
//! Two refinements against the first plan of this contract. `receive` is also handed `room`:
//! decoded payload has to stand somewhere while the caller looks at it, and a session that kept its
//! own place for it would cost every idle connection that memory. And `receive` may consume nothing
//! and give no event although there was input: that is back-pressure (*not before you have sent
//! what I said*).

use crate::buffer::Buffer;
use crate::error::Error;
use std::time::Duration;

/// What one call of [`Session::receive`] did.
#[derive(Debug, PartialEq, Eq)]
pub struct Received<E> {
    /// How many bytes of the input were eaten; the caller drops them.
    pub consumed: usize,
    /// What they meant. Nothing consumed and no event means: more input, please — or, if there was
    /// input, *drain me first*.
    pub event: Option<E>,
}

/// What a session needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Bytes from the peer, or a decision of the application on the last event.
    Read,
    /// Body data through [`Session::offer`]; bytes from the peer are welcome as well.
    Payload,
    /// TLS on this very connection, then go on.
    Upgrade,
    /// Send what was transmitted, end the sending half, read the rest away, close.
    Close,
    /// Nothing: everything was said and heard.
    Done,
}

impl<E> Received<E> {
    /// Bytes were eaten that mean nothing to the application.
    pub fn quiet(consumed: usize) -> Received<E> {
        Received { consumed, event: None }
    }

    /// An event.
    pub fn event(consumed: usize, event: E) -> Received<E> {
        Received { consumed, event: Some(event) }
    }
}

/// One side of one conversation, without I/O.
pub trait Session {
    /// What the peer said, borrowing from the input, the room and the session.
    type Event<'a>
    where
        Self: 'a;

    /// Eats a prefix of `input`. Decoded payload is laid into `room`, which may be empty as long as
    /// no payload comes, and must hold at least [`ROOM_MIN`](crate::buffer::ROOM_MIN) bytes from
    /// then on.
    ///
    /// # Errors
    /// The peer's fault ([`Error::Malformed`], [`Error::TooLarge`], [`Error::Refused`]) or the
    /// caller's ([`Error::Misuse`]); the same again on every later call.
    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        room: &'a mut [u8],
    ) -> Result<Received<Self::Event<'a>>, Error>;

    /// The peer closed its sending half.
    ///
    /// # Errors
    /// [`Error::Incomplete`] in a state that had to hear more.
    fn receive_eof(&mut self) -> Result<(), Error>;

    /// Takes body data, encodes it behind what `out` holds, and says how many bytes it took: 0
    /// where the state takes none or `out` has no room for a whole row.
    ///
    /// # Errors
    /// [`Error::Misuse`] for more data than was announced.
    fn offer(&mut self, payload: &[u8], out: &mut Buffer) -> Result<usize, Error>;

    /// Appends what the session has to say, whole rows only; a row that does not fit waits. A
    /// session that failed still has its last words here.
    fn transmit(&mut self, out: &mut Buffer);

    /// What it needs next.
    fn wants(&self) -> Wants;

    /// How long this state may stay without progress. The caller owns the clock and restarts it
    /// whenever [`progress`](Session::progress) has moved.
    fn patience(&self) -> Duration;

    /// A number that grows with every step that counts as progress, and with nothing else.
    fn progress(&self) -> u64;
}
