//! What the pump drives: a session together with its application; and who may listen along.

use crate::buffer::Buffer;
use crate::net::transport::stream::Stream;
#[cfg(feature = "tls")]
use crate::net::transport::tls::NamedTls;
use crate::net::transport::{Error, Spoken};
use crate::session::Wants;
use std::io;
use std::time::{Duration, Instant};

/// What an application has to do besides what it just did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing before the next event.
    Done,
    /// More work that needs no event: call again when others have had their turn.
    Again,
    /// It waits for a job on another thread, which will wake the reactor.
    Parked,
}

/// A session and the application that answers its events, as the reactor sees them.
pub trait Conversation {
    /// Eats of `input` what it can now, which may be nothing; what is left is offered again.
    ///
    /// # Errors
    /// Ends the connection, after [`last_words`](Conversation::last_words).
    fn receive(&mut self, input: &[u8], room: &mut [u8]) -> Result<usize, Error>;

    /// The peer ended its sending half.
    ///
    /// # Errors
    /// As [`receive`](Conversation::receive).
    fn receive_eof(&mut self) -> Result<(), Error>;

    /// The stream ended as it should not: by a reset, or under TLS without close_notify, so that
    /// something may be missing. Where that is no error nothing more will come.
    ///
    /// # Errors
    /// As [`receive`](Conversation::receive); [`Error::Io`] unless it is judged here.
    fn receive_abort(&mut self, why: io::Error) -> Result<(), Error> {
        Err(Error::Io("reading", why))
    }

    /// With which settings TLS begins, and as whom the peer has to prove itself, where
    /// [`wants`](Conversation::wants) says [`Wants::Upgrade`]. Asked when all was written; without
    /// settings the connection ends.
    #[cfg(feature = "tls")]
    fn client_tls(&self) -> Option<NamedTls> {
        None
    }

    /// TLS is up: after an upgrade, or because the stream began with it.
    fn secured(&mut self, stream: &Stream) {
        let _ = stream;
    }

    /// Told before [`transmit`](Conversation::transmit): whether all that the peer has said so far
    /// was heard, and it has not ended. Whoever must not take what comes next for an answer to what
    /// it says now waits until that is so.
    fn silence(&mut self, is_silent: bool) {
        let _ = is_silent;
    }

    /// Appends what there is to say, up to the limit of `out`; `scratch` is for reading files.
    ///
    /// # Errors
    /// As [`receive`](Conversation::receive).
    fn transmit(&mut self, out: &mut Buffer, scratch: &mut [u8]) -> Result<Turn, Error>;

    /// Appends what the session still says after an error.
    fn last_words(&mut self, out: &mut Buffer) {
        let _ = out;
    }

    /// See [`Session::wants`](crate::session::Session::wants).
    fn wants(&self) -> Wants;

    /// See [`Session::patience`](crate::session::Session::patience).
    fn patience(&self) -> Duration;

    /// When [`tick`](Conversation::tick) is to be called even if nothing happens. Asked after every
    /// turn. A new deadline takes effect only after the pending one has passed.
    fn tick_at(&self) -> Option<Instant> {
        None
    }

    /// The time has come, or has passed. A turn follows.
    fn tick(&mut self, now: Instant) {
        let _ = now;
    }

    /// See [`Session::progress`](crate::session::Session::progress).
    fn progress(&self) -> u64;

    /// Whether a file is on its way in, so that large reads pay.
    fn is_receiving(&self) -> bool {
        false
    }

    /// Whether it has more to say at once, without any event: another request has come already.
    /// What it said before may then travel with that.
    fn has_more(&self) -> bool {
        false
    }

    /// Memory that the session holds of messages which are not whole, in bytes.
    fn memory(&self) -> usize;

    /// The protocol that is expected of the peer. Its first bytes then tell no other.
    fn speaks(&self) -> Option<Spoken> {
        None
    }

    /// What is waited for, for people.
    fn waits_for(&self) -> &'static str;

    /// The reactor ends the connection with this error: a last chance to tell the peer.
    fn give_up(&mut self, why: &Error) {
        let _ = why;
    }

    /// No new work, please: end when what runs has ended.
    fn wind_down(&mut self) {}

    /// Whether the connection is closed without last words and without waiting for the peer: a
    /// client that was asked to stop.
    fn leaves_at_once(&self) -> bool {
        false
    }

    /// The connection has ended, with or without success.
    fn closed(&mut self, outcome: Result<(), Error>);
}

/// Listens to the bytes of a connection as they pass.
pub trait Tap {
    /// Bytes that were handed to the kernel.
    fn sent(&mut self, bytes: &[u8]);

    /// Bytes that came.
    fn received(&mut self, bytes: &[u8]);

    /// Something that is not bytes. Words of the peer may stand in it as it said them.
    fn remark(&mut self, text: &str);

    /// From now on the bytes travel under TLS.
    fn secured(&mut self) {}
}
