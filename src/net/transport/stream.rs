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
//! Readiness is remembered in [`Ready`] until the kernel says `WouldBlock`. Under TLS a read may
//! have to write and the other way round, and the library does not say which it waits for: the
//! socket is wrapped, and clears the flag of the direction that really blocked.
//!
//! Under TLS bytes also stand between the library and the socket. What came and was not asked for
//! yet stands there only while `readable` is true, so that it is not forgotten; what the socket did
//! not take yet is told by [`Stream::unsent`], and goes out with [`Stream::flush`].

#[cfg(feature = "tls")]
mod sealed;
#[cfg(feature = "tls")]
mod secure;
#[cfg(all(test, feature = "tls"))]
mod tests;

#[cfg(feature = "tls")]
pub use sealed::{Sealed, Spare};

use super::rate::Share;
use super::tls::Fault;
#[cfg(feature = "tls")]
use super::tls::{Handshake, NamedTls, Progress, ServerTls};
use crate::text::PeerText;
use mio::net::TcpStream;
#[cfg(feature = "tls")]
use sealed::Side;
#[cfg(feature = "tls")]
use secure::Secure;
use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::rc::Rc;

/// What the kernel last said about a socket: true until it says `WouldBlock`.
#[derive(Debug, Default)]
pub struct Ready {
    /// There may be bytes to read, or the end.
    pub readable: Cell<bool>,
    /// There may be room to write.
    pub writable: Cell<bool>,
    /// The peer has ended its half, or all: it was said once and stays so.
    pub closed: Cell<bool>,
    /// The part in a limit on bytes a second, where there is one.
    pub(crate) share: Share,
}

impl Ready {
    /// So many bytes may be moved; the kernel is asked anew in which direction.
    pub(crate) fn resume(&self, granted: usize) {
        self.share.resume(granted);
        self.readable.set(true);
        self.writable.set(true);
    }
}

/// A socket that notes which direction blocked.
#[derive(Debug)]
pub struct Socket {
    inner: TcpStream,
    ready: Rc<Ready>,
}

impl Socket {
    /// Whether there is nothing to read, not even the end. Reads nothing.
    #[cfg(feature = "tls")]
    fn is_silent(&self) -> bool {
        let came = note(|| self.inner.peek(&mut [0]), &self.ready.readable);
        matches!(came, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(len) = self.ready.share.allowed(buffer.len()) else {
            return held_back(&self.ready.readable);
        };
        let did = note(|| self.inner.read(&mut buffer[..len]), &self.ready.readable);
        did.inspect(|count| self.ready.share.moved(*count))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(len) = self.ready.share.allowed(bytes.len()) else {
            return held_back(&self.ready.writable);
        };
        let did = note(|| self.inner.write(&bytes[..len]), &self.ready.writable);
        did.inspect(|count| self.ready.share.moved(*count))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a socket that a limit keeps from moving bytes says.
fn held_back(flag: &Cell<bool>) -> io::Result<usize> {
    flag.set(false);
    Err(io::ErrorKind::WouldBlock.into())
}

/// Does it, again where a signal came in between, and notes whether it blocked. A handshake asks
/// the socket without waiting for an event; where there was something there may be more, of which
/// no event tells once it was read ahead.
fn note(mut act: impl FnMut() -> io::Result<usize>, flag: &Cell<bool>) -> io::Result<usize> {
    let mut did = act();
    while matches!(&did, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
        did = act();
    }
    match &did {
        Ok(_) => flag.set(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => flag.set(false),
        Err(_) => {}
    }
    did
}

enum Kind {
    Plain(Socket),
    /// `None` only after a handshake that failed: the library dropped the socket.
    #[cfg(feature = "tls")]
    Handshaking(Option<Box<Handshake>>),
    #[cfg(feature = "tls")]
    Tls(Box<Secure>),
}

/// What the library holds for a handshake that has begun, in bytes: 46 KiB, its buffers included,
/// measured with OpenSSL 3.0, and a third more that the allocator loses where many of them begin
/// and end.
#[cfg(feature = "tls")]
const HANDSHAKE_BYTES: usize = 64 << 10;

/// What the library holds once TLS is up, in bytes, measured likewise: it lends its buffers only to
/// a record that is on its way (`SSL_MODE_RELEASE_BUFFERS`).
#[cfg(feature = "tls")]
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
        Stream { kind: Kind::Plain(Socket { inner, ready: ready.clone() }), ready }
    }

    /// A stream that begins with the client's side of a TLS handshake.
    #[cfg(feature = "tls")]
    pub fn tls_client(inner: TcpStream, tls: &NamedTls) -> Stream {
        Stream::handshaking(inner, Side::Client, |socket| tls.handshake(socket))
    }

    /// A stream that begins with the server's side of a TLS handshake.
    #[cfg(feature = "tls")]
    pub fn tls_server(inner: TcpStream, tls: &ServerTls) -> Stream {
        Stream::handshaking(inner, Side::Server, |socket| tls.handshake(socket))
    }

    #[cfg(feature = "tls")]
    fn handshaking(
        inner: TcpStream,
        side: Side,
        begin: impl FnOnce(Sealed) -> Handshake,
    ) -> Stream {
        let ready = Rc::new(Ready::default());
        let socket = Sealed::new(Socket { inner, ready: ready.clone() }, side);
        Stream { kind: Kind::Handshaking(Some(Box::new(begin(socket)))), ready }
    }

    /// Turns a plain stream, in place, into one that begins with the client's side of a TLS
    /// handshake. The socket, its registration and what is known of its readiness stay. False if
    /// it is under TLS already: there is no TLS within TLS.
    #[cfg(feature = "tls")]
    pub fn upgrade(&mut self, tls: &NamedTls) -> bool {
        match std::mem::replace(&mut self.kind, Kind::Handshaking(None)) {
            Kind::Plain(socket) => {
                let sealed = Sealed::new(socket, Side::Client);
                self.kind = Kind::Handshaking(Some(Box::new(tls.handshake(sealed))));
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
            #[cfg(feature = "tls")]
            Kind::Tls(secure) => secure.remarks(),
            _ => Vec::new(),
        }
    }

    /// Goes on with a TLS handshake. True once bytes can be read and written.
    ///
    /// # Errors
    /// Why the handshake failed.
    pub fn drive(&mut self) -> Result<bool, Fault> {
        match &mut self.kind {
            Kind::Plain(_) => Ok(true),
            #[cfg(feature = "tls")]
            Kind::Tls(_) => Ok(true),
            #[cfg(feature = "tls")]
            Kind::Handshaking(handshake) => {
                let Some(mut begun) = handshake.take() else { return Ok(false) };
                if !begun.may_begin() {
                    *handshake = Some(begun);
                    return Ok(false);
                }
                match begun.go_on()? {
                    Progress::Waits(again) => {
                        *handshake = Some(again);
                        Ok(false)
                    }
                    Progress::Done(stream) => {
                        self.kind = Kind::Tls(Box::new(Secure::new(stream)));
                        Ok(true)
                    }
                }
            }
        }
    }

    /// Reads what is there, under TLS of as many records as fit.
    ///
    /// # Errors
    /// `WouldBlock`, with the flag of the blocked direction cleared; `UnexpectedEof` if the
    /// connection ended without TLS's own end; a [`Fault`] within, or what the system says.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.kind {
            Kind::Plain(socket) => socket.read(buffer),
            #[cfg(feature = "tls")]
            Kind::Tls(secure) => secure.read(buffer),
            #[cfg(feature = "tls")]
            Kind::Handshaking(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes what fits. Under TLS that is what was turned into records; the socket may not have
    /// taken them all ([`unsent`](Stream::unsent)).
    ///
    /// # Errors
    /// As [`read`](Stream::read).
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.kind {
            Kind::Plain(socket) => socket.write(bytes),
            #[cfg(feature = "tls")]
            Kind::Tls(secure) => secure.write(bytes),
            #[cfg(feature = "tls")]
            Kind::Handshaking(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes records that the socket has not taken yet.
    ///
    /// # Errors
    /// As [`read`](Stream::read); `WouldBlock` while some are left.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.kind {
            Kind::Plain(_) => Ok(()),
            #[cfg(feature = "tls")]
            Kind::Tls(secure) => secure.flush(),
            #[cfg(feature = "tls")]
            Kind::Handshaking(_) => Ok(()),
        }
    }

    /// How many bytes of records the socket has not taken yet.
    pub fn unsent(&self) -> usize {
        match &self.kind {
            Kind::Plain(_) => 0,
            #[cfg(feature = "tls")]
            Kind::Tls(secure) => secure.unsent(),
            #[cfg(feature = "tls")]
            Kind::Handshaking(_) => 0,
        }
    }

    /// Memory that it holds beside itself, in bytes: what stands between the library and the
    /// socket, and what the library holds.
    pub fn memory(&mut self) -> usize {
        #[cfg(feature = "tls")]
        if let Some(sealed) = self.sealed() {
            return sealed.memory() + self.library_memory();
        }
        0
    }

    #[cfg(feature = "tls")]
    fn library_memory(&self) -> usize {
        match &self.kind {
            Kind::Handshaking(Some(handshake)) if handshake.has_begun() => HANDSHAKE_BYTES,
            _ => self.idle_memory(),
        }
    }

    /// Memory of which it holds so much as long as it is open, in bytes, even if nothing is sent.
    pub fn idle_memory(&self) -> usize {
        match &self.kind {
            #[cfg(feature = "tls")]
            Kind::Tls(_) => SECURE_BYTES,
            _ => 0,
        }
    }

    /// Lends it storage for records; it gathers up to about `gather_bytes_max` of them for one
    /// write. Without storage it works as well, and takes some of its own.
    #[cfg(feature = "tls")]
    pub fn lend(&mut self, spare: &mut Spare, gather_bytes_max: usize) {
        if let Some(sealed) = self.sealed() {
            sealed.lend(spare, gather_bytes_max);
        }
    }

    /// Takes storage back: all that holds nothing, and where memory is `scarce` also what is much
    /// longer than what it holds.
    #[cfg(feature = "tls")]
    pub fn give_back(&mut self, spare: &mut Spare, scarce: bool) {
        if let Some(sealed) = self.sealed() {
            sealed.give_back(spare, scarce);
        }
    }

    /// Ends the sending half; under TLS says so to the peer first.
    ///
    /// # Errors
    /// `WouldBlock` while records are left that the socket has not taken: to be called again then.
    pub fn shutdown_write(&mut self) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if let Kind::Tls(secure) = &mut self.kind {
            match secure.say_close() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                // What fails here fails because the connection is gone, which is what we want.
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
            #[cfg(feature = "tls")]
            Kind::Tls(secure) => Some(&mut secure.sealed().socket().inner),
            #[cfg(feature = "tls")]
            Kind::Handshaking(handshake) => {
                handshake.as_mut().map(|handshake| &mut handshake.sealed().socket().inner)
            }
        }
    }

    #[cfg(feature = "tls")]
    fn sealed(&mut self) -> Option<&mut Sealed> {
        match &mut self.kind {
            Kind::Plain(_) => None,
            Kind::Tls(secure) => Some(secure.sealed()),
            Kind::Handshaking(handshake) => handshake.as_mut().map(|begun| begun.sealed()),
        }
    }
}
