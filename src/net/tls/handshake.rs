//! A handshake that has not ended.

use super::client::NamedTls;
use super::fault::Fault;
use super::server::ServerTls;
use crate::net::stream::Sealed;
use native_tls::{HandshakeError, MidHandshakeTlsStream, TlsStream};

/// One side of a handshake, and how far it is.
pub(in crate::net) enum Handshake {
    /// A client that has not begun.
    Connect(NamedTls, Sealed),
    /// A server that has not begun.
    Accept(ServerTls, Sealed),
    /// Begun; a client still knows whom it wants to see.
    Mid(MidHandshakeTlsStream<Sealed>, Option<NamedTls>),
}

/// What came of going on.
pub(in crate::net) enum Progress {
    /// It waits for the peer, or for room to write.
    Waits(Handshake),
    /// TLS is up.
    Done(TlsStream<Sealed>),
}

impl Handshake {
    /// Does what can be done now.
    ///
    /// # Errors
    /// Why there will be no TLS; the socket has gone then.
    pub(in crate::net) fn go_on(self) -> Result<Progress, Fault> {
        let (did, named) = match self {
            Handshake::Connect(to, socket) => (to.connector().connect(to.name(), socket), Some(to)),
            Handshake::Accept(tls, socket) => (tls.acceptor().accept(socket), None),
            Handshake::Mid(mid, named) => (mid.handshake(), named),
        };
        match did {
            Ok(stream) => Ok(Progress::Done(stream)),
            Err(HandshakeError::WouldBlock(mid)) => Ok(Progress::Waits(Handshake::Mid(mid, named))),
            Err(HandshakeError::Failure(error)) => {
                Err(Fault::of(&error, named.as_ref().map(NamedTls::name)))
            }
        }
    }

    /// The socket below.
    pub(in crate::net) fn sealed(&mut self) -> &mut Sealed {
        match self {
            Handshake::Connect(_, socket) | Handshake::Accept(_, socket) => socket,
            Handshake::Mid(mid, _) => mid.get_mut(),
        }
    }
}
