//! A byte stream that may be TLS, for edge-triggered readiness.
//!
//! Specification: RFC 9293 (TCP), RFC 8446 (TLS, done by the platform's library).
//!
//! ```text
//!   Plain ───────────────────────────────────── read, write
//!     └ upgrade ─▶ Handshaking ─ drive ─▶ Tls ── read, write, flush
//!                       ▲
//!   begins with TLS ────┘
//! ```
//!
//! [`Ready`] holds the readiness until a call returns `WouldBlock`. Under TLS a read may have to
//! write and a write may have to read, and the library does not report what it waits for. So the
//! socket is wrapped, and clears the flag of the direction that blocked.
//!
//! Under TLS bytes are also buffered between the library and the socket. Received bytes are
//! buffered only while `readable` is true, so that they are not forgotten. The length of unsent
//! records is [`Stream::unsent`]; [`Stream::flush`] writes them.

#[cfg(all(test, feature = "tls"))]
mod tests;

pub use super::socket::Ready;
pub use super::tls::Spare;

use super::socket::Socket;
use super::tls::{Fault, Handshake, NamedTls, Sealed, Secure, ServerTls};
use crate::text::PeerText;
use mio::net::TcpStream;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::ops::ControlFlow;
use std::rc::Rc;

enum Kind {
    Plain(Socket),
    /// `None` only after a handshake that failed: the library dropped the socket.
    Handshaking(Option<Box<Handshake>>),
    Tls(Box<Secure>),
}

/// Memory of the library for a handshake in progress, in bytes: 46 KiB, measured with OpenSSL 3.0,
/// and a third more for fragmentation when there are many.
const HANDSHAKE_BYTES: usize = 64 << 10;

/// Memory of the library for an established connection, in bytes, measured likewise: idle
/// connections hold no record buffers (`SSL_MODE_RELEASE_BUFFERS`).
const SECURE_BYTES: usize = 16 << 10;

/// A connected stream and its readiness.
pub struct Stream {
    kind: Kind,
    ready: Rc<Ready>,
}

impl Stream {
    /// A stream without TLS.
    pub fn plain(inner: TcpStream) -> Stream {
        let ready = Rc::new(Ready::default());
        Stream { kind: Kind::Plain(Socket::new(inner, ready.clone())), ready }
    }

    /// A stream that begins with the client's side of a TLS handshake.
    pub fn tls_client(inner: TcpStream, tls: &NamedTls) -> Stream {
        Stream::handshaking(inner, |socket| tls.handshake(socket))
    }

    /// A stream that begins with the server's side of a TLS handshake.
    pub fn tls_server(inner: TcpStream, tls: &ServerTls) -> Stream {
        Stream::handshaking(inner, |socket| tls.handshake(socket))
    }

    fn handshaking(inner: TcpStream, begin: impl FnOnce(Socket) -> Box<Handshake>) -> Stream {
        let ready = Rc::new(Ready::default());
        let socket = Socket::new(inner, ready.clone());
        Stream { kind: Kind::Handshaking(Some(begin(socket))), ready }
    }

    /// Turns a plain stream, in place, into one that begins with the client's side of a TLS
    /// handshake. The socket, its registration and what is known of its readiness stay. False if
    /// the stream is under TLS already: TLS within TLS is not supported.
    pub fn upgrade(&mut self, tls: &NamedTls) -> bool {
        match std::mem::replace(&mut self.kind, Kind::Handshaking(None)) {
            Kind::Plain(socket) => {
                self.kind = Kind::Handshaking(Some(tls.handshake(socket)));
                true
            }
            other => {
                self.kind = other;
                false
            }
        }
    }

    /// What the kernel last said.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Whether bytes travel under TLS, or will when the handshake has ended.
    pub fn is_tls(&self) -> bool {
        !matches!(self.kind, Kind::Plain(_))
    }

    /// What a TLS handshake that has ended agreed on, in lines for people: version, cipher and the
    /// certificate that the peer showed. The first line says that TLS is up.
    pub fn tls_remarks(&self) -> Vec<PeerText<'static>> {
        match &self.kind {
            Kind::Tls(secure) => secure.remarks(),
            _ => Vec::new(),
        }
    }

    /// Continues a TLS handshake. True once bytes can be read and written.
    ///
    /// # Errors
    /// Why the handshake failed.
    pub fn drive(&mut self) -> Result<bool, Fault> {
        match &mut self.kind {
            Kind::Plain(_) | Kind::Tls(_) => Ok(true),
            Kind::Handshaking(handshake) => {
                let Some(mut begun) = handshake.take() else { return Ok(false) };
                if !begun.may_begin() {
                    *handshake = Some(begun);
                    return Ok(false);
                }
                match begun.go_on()? {
                    ControlFlow::Continue(again) => {
                        *handshake = Some(again);
                        Ok(false)
                    }
                    ControlFlow::Break(secure) => {
                        self.kind = Kind::Tls(secure);
                        Ok(true)
                    }
                }
            }
        }
    }

    /// Reads what is available; under TLS the payload of as many records as fit.
    ///
    /// # Errors
    /// `WouldBlock`, with the flag of the blocked direction cleared; `UnexpectedEof` if TLS ended
    /// without close_notify; an error with a [`Fault`] inside for other TLS errors; those of the
    /// system.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.kind {
            Kind::Plain(socket) => socket.read(buffer),
            Kind::Tls(secure) => secure.read(buffer),
            Kind::Handshaking(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes what fits. Under TLS the count is what was turned into records, of which some may be
    /// [`unsent`](Stream::unsent).
    ///
    /// # Errors
    /// As [`read`](Stream::read).
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.kind {
            Kind::Plain(socket) => socket.write(bytes),
            Kind::Tls(secure) => secure.write(bytes),
            Kind::Handshaking(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes unsent records to the socket.
    ///
    /// # Errors
    /// As [`read`](Stream::read); `WouldBlock` while records are left.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.kind {
            Kind::Plain(_) | Kind::Handshaking(_) => Ok(()),
            Kind::Tls(secure) => secure.flush(),
        }
    }

    /// Length of the records that the socket has not accepted yet, in bytes.
    pub fn unsent(&self) -> usize {
        match &self.kind {
            Kind::Plain(_) | Kind::Handshaking(_) => 0,
            Kind::Tls(secure) => secure.unsent(),
        }
    }

    /// Heap memory of the stream, in bytes: its record buffers, and what the TLS library holds.
    pub fn memory(&mut self) -> usize {
        self.sealed().map(|sealed| sealed.memory()).map_or(0, |held| held + self.library_memory())
    }

    fn library_memory(&self) -> usize {
        match &self.kind {
            Kind::Handshaking(Some(handshake)) if handshake.has_begun() => HANDSHAKE_BYTES,
            _ => self.idle_memory(),
        }
    }

    /// The part of [`memory`](Stream::memory) that is held as long as the stream is open, even when
    /// idle, in bytes.
    pub fn idle_memory(&self) -> usize {
        match &self.kind {
            Kind::Tls(_) => SECURE_BYTES,
            _ => 0,
        }
    }

    /// Lends the stream storage for records. One write gathers records of up to about
    /// `gather_bytes_max` bytes. Without lent storage the stream allocates its own.
    pub fn lend(&mut self, spare: &mut Spare, gather_bytes_max: usize) {
        if let Some(sealed) = self.sealed() {
            sealed.lend(spare, gather_bytes_max);
        }
    }

    /// Takes storage back: that of empty buffers, and when memory is `scarce` also that of buffers
    /// that are mostly empty.
    pub fn give_back(&mut self, spare: &mut Spare, scarce: bool) {
        if let Some(sealed) = self.sealed() {
            sealed.give_back(spare, scarce);
        }
    }

    /// Shuts down the sending half; under TLS sends close_notify first.
    ///
    /// # Errors
    /// `WouldBlock` while unsent records are left: to be called again.
    pub fn shutdown_write(&mut self) -> io::Result<()> {
        if let Kind::Tls(secure) = &mut self.kind {
            match secure.send_close_notify() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                // Any other error means that the connection is gone already.
                Ok(()) | Err(_) => {}
            }
        }
        if let Some(socket) = self.socket() {
            let _ = socket.shutdown(Shutdown::Write);
        }
        Ok(())
    }

    /// The socket, for registration. `None` only after a handshake that failed.
    pub fn socket(&mut self) -> Option<&mut TcpStream> {
        match &mut self.kind {
            Kind::Plain(socket) => Some(&mut socket.inner),
            Kind::Tls(secure) => Some(&mut secure.sealed().socket().inner),
            Kind::Handshaking(handshake) => {
                handshake.as_mut().map(|handshake| &mut handshake.sealed().socket().inner)
            }
        }
    }

    fn sealed(&mut self) -> Option<&mut Sealed> {
        match &mut self.kind {
            Kind::Plain(_) => None,
            Kind::Tls(secure) => Some(secure.sealed()),
            Kind::Handshaking(handshake) => handshake.as_mut().map(|begun| begun.sealed()),
        }
    }
}
