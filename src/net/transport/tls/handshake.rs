//! A handshake that has not ended.

use super::client::NamedTls;
use super::connection::TlsConnection;
use super::fault::Fault;
use super::sealed::Sealed;
use super::secure::Secure;
use super::server::ServerTls;
use native_tls::{HandshakeError, MidHandshakeTlsStream};
use openssl::ssl::{self, MidHandshakeSslStream};
use std::ops::ControlFlow;

/// One side of a handshake, and how far it is.
pub(crate) enum Handshake {
    /// A client that has not begun.
    Connect(NamedTls, Sealed),
    /// A server that has not begun.
    Accept(ServerTls, Sealed),
    /// A client that has begun, and whom it wants to see.
    Connecting(MidHandshakeTlsStream<Sealed>, NamedTls),
    /// A server that has begun.
    Accepting(MidHandshakeSslStream<Sealed>),
}

/// A handshake that waits for the peer, or for the socket to take more, or a stream under TLS.
type Progress = ControlFlow<Box<Secure>, Box<Handshake>>;

impl Handshake {
    /// Whether the library holds a state for it.
    pub(crate) fn has_begun(&self) -> bool {
        matches!(self, Handshake::Connecting(..) | Handshake::Accepting(_))
    }

    /// Whether it is time to begin: a server waits for the first byte of its client before it asks
    /// the library for a state, which takes far more memory than the socket does.
    pub(crate) fn may_begin(&mut self) -> bool {
        match self {
            Handshake::Accept(_, socket) => !socket.is_silent(),
            _ => true,
        }
    }

    /// Does what can be done now.
    ///
    /// # Errors
    /// Why there will be no TLS; the socket has gone then.
    pub(crate) fn go_on(self) -> Result<Progress, Fault> {
        match self {
            Handshake::Connect(to, socket) => {
                connecting(to.connector().connect(to.name(), socket), to)
            }
            Handshake::Connecting(mid, to) => connecting(mid.handshake(), to),
            Handshake::Accept(tls, socket) => accepting(tls.acceptor().accept(socket)),
            Handshake::Accepting(mid) => accepting(mid.handshake()),
        }
    }

    /// The socket below.
    pub(crate) fn sealed(&mut self) -> &mut Sealed {
        match self {
            Handshake::Connect(_, socket) | Handshake::Accept(_, socket) => socket,
            Handshake::Connecting(mid, _) => mid.get_mut(),
            Handshake::Accepting(mid) => mid.get_mut(),
        }
    }
}

fn waits(handshake: Handshake) -> Progress {
    ControlFlow::Continue(Box::new(handshake))
}

fn done(connection: TlsConnection) -> Progress {
    ControlFlow::Break(Box::new(Secure::new(connection)))
}

fn connecting(
    did: Result<native_tls::TlsStream<Sealed>, HandshakeError<Sealed>>,
    to: NamedTls,
) -> Result<Progress, Fault> {
    match did {
        Ok(stream) => Ok(done(TlsConnection::Client(stream, to))),
        Err(HandshakeError::WouldBlock(mid)) => Ok(waits(Handshake::Connecting(mid, to))),
        Err(HandshakeError::Failure(error)) => {
            Err(Fault::of_text(&error.to_string(), Some(to.name())))
        }
    }
}

fn accepting(
    did: Result<ssl::SslStream<Sealed>, ssl::HandshakeError<Sealed>>,
) -> Result<Progress, Fault> {
    match did {
        Ok(stream) => Ok(done(TlsConnection::Server(stream))),
        Err(ssl::HandshakeError::WouldBlock(mid)) => Ok(waits(Handshake::Accepting(mid))),
        Err(ssl::HandshakeError::Failure(mid)) => {
            Err(Fault::of_text(&mid.into_error().to_string(), None))
        }
        Err(ssl::HandshakeError::SetupFailure(error)) => {
            Err(Fault::of_text(&error.to_string(), None))
        }
    }
}
