//! What an application does with a session, and what a tap sees of a connection.

use crate::buffer::Buffer;
use crate::net::transport::stream::Stream;
use crate::net::transport::tls::NamedTls;
use crate::net::transport::{Error, Spoken};
use crate::session::{AbortReason, Session, Wait};
use std::io;
use std::time::{Duration, Instant};

/// When [`Application::poll`] is to be called again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// After the next event of the connection.
    Done,
    /// After the other connections: the application has work that needs no event.
    Again,
    /// When a job on another thread has ended. The job wakes the reactor.
    Parked,
}

/// What a connection does when its reactor is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindDown {
    /// It finishes the work in progress, within the grace period of the reactor.
    Finish,
    /// It ends at once, with [`Error::Interrupted`], without a final message and without waiting
    /// for the peer.
    Stop,
}

/// Answers the events of a session. Only [`on_event`](Application::on_event) has no default.
///
/// The driver calls the methods in this order, in every turn of the connection:
///
/// ```text
///   input   ─▶ on_event, after_event   for each event of the session
///   EOF     ─▶ on_eof
///           ─▶ poll ─▶ what the session transmits is written
///   the end ─▶ closed
/// ```
///
/// `()` is the application for sessions that need none: it ignores all events.
pub trait Application<S: Session> {
    /// The session reports an event of the peer.
    ///
    /// # Errors
    /// An error ends the connection, after the final message of the session.
    fn on_event(&mut self, event: S::Event<'_>) -> Result<(), Error>;

    /// Called after each event, when the event no longer borrows the session.
    ///
    /// # Errors
    /// As [`on_event`](Application::on_event).
    fn after_event(&mut self, session: &mut S) -> Result<(), Error> {
        let _ = session;
        Ok(())
    }

    /// Sees the bytes that the session has just consumed, before the event that they cause.
    ///
    /// # Errors
    /// As [`on_event`](Application::on_event).
    fn on_input(&mut self, consumed: &[u8]) -> Result<(), Error> {
        let _ = consumed;
        Ok(())
    }

    /// Sees the input that the session refused, from the first byte not consumed. Called before
    /// [`on_error`](Application::on_error).
    fn on_refused(&mut self, input: &[u8]) {
        let _ = input;
    }

    /// The session has refused the input.
    ///
    /// # Errors
    /// An error ends the connection. An implementation returns `Ok` only if
    /// [`is_over`](Application::is_over) is true from now on.
    fn on_error(&mut self, session: &mut S, error: Error) -> Result<(), Error> {
        let _ = session;
        Err(error)
    }

    /// The peer ended its sending half. An implementation calls the session's `receive_eof`.
    ///
    /// # Errors
    /// As [`on_event`](Application::on_event).
    fn on_eof(&mut self, session: &mut S) -> Result<(), Error> {
        Ok(session.receive_eof()?)
    }

    /// The stream ended by a reset, or under TLS without close_notify, so the input may be
    /// truncated. No more input follows.
    ///
    /// # Errors
    /// As [`on_event`](Application::on_event). `Ok` if nothing is missing.
    fn on_abort(&mut self, session: &mut S, why: io::Error) -> Result<(), Error> {
        let _ = session;
        Err(Error::Io("reading", why))
    }

    /// Acts on the session: sends requests, answers requests, offers payload. Called in every turn,
    /// before `out` is written. `scratch` is a buffer for reading files.
    ///
    /// # Errors
    /// As [`on_event`](Application::on_event).
    fn poll(
        &mut self,
        session: &mut S,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        let _ = (session, out, scratch);
        Ok(Turn::Done)
    }

    /// Whether nothing more is wanted of this connection: input is discarded, `poll` is not called,
    /// and the connection closes without a final message.
    fn is_over(&self) -> bool {
        false
    }

    /// Called before [`poll`](Application::poll). If `is_drained`, all received bytes have been
    /// parsed and the peer has not ended its half, so the next bytes answer what is sent from now
    /// on.
    fn input_drained(&mut self, is_drained: bool) {
        let _ = is_drained;
    }

    /// Whether more output follows at once without another event, because another request was
    /// already received. The connection may then write both together.
    fn has_more(&self, session: &S) -> bool {
        let _ = session;
        false
    }

    /// The longest wait without progress; by default that of the session.
    fn idle_timeout(&self, session: &S) -> Duration {
        session.idle_timeout()
    }

    /// A counter that grows with every step of the application's own work. Each step counts as
    /// progress of the connection.
    fn progress(&self) -> u64 {
        0
    }

    /// Memory that the application holds for this connection, in bytes.
    fn memory(&self) -> usize {
        0
    }

    /// The protocol that the peer is expected to speak. With it, an error in the peer's first bytes
    /// can name another protocol that the peer speaks.
    fn speaks(&self) -> Option<Spoken> {
        None
    }

    /// What the connection waits for, for people.
    fn waits_for(&self, session: &S) -> Wait {
        session.waits_for()
    }

    /// When [`tick`](Application::tick) is to be called. Queried after every turn. A new time takes
    /// effect only after the pending one has passed.
    fn tick_at(&self) -> Option<Instant> {
        None
    }

    /// Called at the time of [`tick_at`](Application::tick_at) or later. A turn follows.
    fn tick(&mut self, now: Instant) {
        let _ = now;
    }

    /// The TLS settings and the server's name for an [upgrade](crate::session::Wants::Upgrade) that
    /// the session wants. Without them the upgrade fails, and the connection ends.
    fn client_tls(&self) -> Option<NamedTls> {
        None
    }

    /// TLS is established: after an upgrade, or because the stream began with it.
    fn secured(&mut self, session: &mut S, stream: &Stream) {
        let _ = (session, stream);
    }

    /// The reactor ends the connection with this error. By default the session is aborted, so that
    /// it can send a final message.
    fn give_up(&mut self, session: &mut S, why: &Error) {
        session.abort(reason(why), &why.to_string());
    }

    /// The reactor was asked to stop.
    fn wind_down(&mut self, session: &mut S) -> WindDown {
        let _ = session;
        WindDown::Stop
    }

    /// The connection has failed, and the final message follows. An implementation releases what
    /// the peer needs when it reconnects at once, such as the lock of a file.
    fn release(&mut self) {}

    /// The connection has ended, with or without success.
    fn closed(&mut self, session: &mut S, outcome: Result<(), Error>) {
        let _ = (session, outcome);
    }
}

impl<S: Session> Application<S> for () {
    fn on_event(&mut self, _event: S::Event<'_>) -> Result<(), Error> {
        Ok(())
    }
}

fn reason(why: &Error) -> AbortReason {
    match why {
        Error::TimedOut { .. } => AbortReason::TimedOut,
        Error::Interrupted => AbortReason::ShuttingDown,
        Error::OverBudget { .. } => AbortReason::OverBudget,
        _ => AbortReason::Io,
    }
}

/// Observes the bytes of a connection, for traces.
pub trait Tap {
    /// Bytes that were handed to the stream: before encryption under TLS.
    fn sent(&mut self, bytes: &[u8]);

    /// Bytes that were received: after decryption under TLS.
    fn received(&mut self, bytes: &[u8]);

    /// A remark about the connection. It may quote the peer without escapes.
    fn remark(&mut self, text: &str);

    /// TLS is established; all further bytes travel under it.
    fn secured(&mut self) {}
}
