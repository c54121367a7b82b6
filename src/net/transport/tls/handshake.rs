//! TLS handshakes of both sides.

use super::client::NamedTls;
use super::connection::TlsConnection;
use super::fault::Fault;
use super::sealed::{Sealed, Side};
use super::secure::Secure;
use super::server::ServerTls;
use crate::net::transport::socket::Socket;
use native_tls::{HandshakeError, MidHandshakeTlsStream};
use openssl::ssl::{self, MidHandshakeSslStream};
use std::ops::ControlFlow;

/// A handshake in progress.
pub(crate) enum Handshake {
    /// A client that has not begun.
    Connect(NamedTls, Sealed),
    /// A server that has not begun.
    Accept(ServerTls, Sealed),
    /// A client that has begun, with the server that was asked for.
    Connecting(MidHandshakeTlsStream<Sealed>, NamedTls),
    /// A server that has begun.
    Accepting(MidHandshakeSslStream<Sealed>),
}

/// Continue: the handshake waits for the socket. Break: TLS is established.
type Progress = ControlFlow<Box<Secure>, Box<Handshake>>;

impl NamedTls {
    /// The client's side of a handshake over `socket`, not begun.
    pub(crate) fn handshake(&self, socket: Socket) -> Box<Handshake> {
        let sealed = Sealed::new(socket, Side::Client);
        Box::new(Handshake::Connect(self.clone(), sealed))
    }
}

impl ServerTls {
    /// The server's side of a handshake over `socket`, not begun.
    pub(crate) fn handshake(&self, socket: Socket) -> Box<Handshake> {
        let sealed = Sealed::new(socket, Side::Server);
        Box::new(Handshake::Accept(self.clone(), sealed))
    }
}

impl Handshake {
    /// Whether the library has allocated a state for the handshake.
    pub(crate) fn has_begun(&self) -> bool {
        matches!(self, Handshake::Connecting(..) | Handshake::Accepting(_))
    }

    /// Whether to begin: a server waits for the client's first byte before the library allocates a
    /// state, because a state takes far more memory than a socket.
    pub(crate) fn may_begin(&mut self) -> bool {
        match self {
            Handshake::Accept(_, socket) => !socket.has_no_input(),
            _ => true,
        }
    }

    /// Does what can be done now.
    ///
    /// # Errors
    /// Why the handshake failed. The socket is closed then.
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

    /// The buffered socket below.
    pub(crate) fn sealed(&mut self) -> &mut Sealed {
        match self {
            Handshake::Connect(_, socket) | Handshake::Accept(_, socket) => socket,
            Handshake::Connecting(mid, _) => mid.get_mut(),
            Handshake::Accepting(mid) => mid.get_mut(),
        }
    }
}

fn pending(handshake: Handshake) -> Progress {
    ControlFlow::Continue(Box::new(handshake))
}

fn established(connection: TlsConnection) -> Progress {
    ControlFlow::Break(Box::new(Secure::new(connection)))
}

fn connecting(
    result: Result<native_tls::TlsStream<Sealed>, HandshakeError<Sealed>>,
    to: NamedTls,
) -> Result<Progress, Fault> {
    match result {
        Ok(stream) => Ok(established(TlsConnection::Client(stream, to))),
        Err(HandshakeError::WouldBlock(mid)) => Ok(pending(Handshake::Connecting(mid, to))),
        Err(HandshakeError::Failure(error)) => {
            Err(Fault::of_text(&error.to_string(), Some(to.name())))
        }
    }
}

fn accepting(
    result: Result<ssl::SslStream<Sealed>, ssl::HandshakeError<Sealed>>,
) -> Result<Progress, Fault> {
    match result {
        Ok(stream) => Ok(established(TlsConnection::Server(stream))),
        Err(ssl::HandshakeError::WouldBlock(mid)) => Ok(pending(Handshake::Accepting(mid))),
        Err(ssl::HandshakeError::Failure(mid)) => {
            Err(Fault::of_text(&mid.into_error().to_string(), None))
        }
        Err(ssl::HandshakeError::SetupFailure(error)) => {
            Err(Fault::of_text(&error.to_string(), None))
        }
    }
}
