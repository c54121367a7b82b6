//! A byte stream that may be TLS, for edge-triggered readiness.
//!
//! Specification: RFC 9293 (TCP), RFC 8446 (TLS, done by the platform's library).
//!
//! ```text
//!   Plain ─────────────────────────────── read, write
//!   Handshaking ─ drive ─▶ Tls ────────── read, write
//! ```
//!
//! Readiness is remembered in [`Ready`] until the kernel says `WouldBlock`. Under TLS a read may
//! have to write and the other way round, and the library does not say which it waits for: the
//! socket is wrapped, and clears the flag of the direction that really blocked.

use mio::net::TcpStream;
use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;

/// What the kernel last said about a socket: true until it says `WouldBlock`.
#[derive(Debug, Default)]
pub struct Ready {
    /// There may be bytes to read, or the end.
    pub readable: Cell<bool>,
    /// There may be room to write.
    pub writable: Cell<bool>,
}

/// A socket that notes which direction blocked.
#[derive(Debug)]
pub struct Socket {
    inner: TcpStream,
    ready: Rc<Ready>,
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        note(|| self.inner.read(buffer), &self.ready.readable)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        note(|| self.inner.write(bytes), &self.ready.writable)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Does it, again where a signal came in between, and notes if it blocked.
fn note(mut act: impl FnMut() -> io::Result<usize>, flag: &Cell<bool>) -> io::Result<usize> {
    let mut did = act();
    while matches!(&did, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
        did = act();
    }
    if matches!(&did, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
        flag.set(false);
    }
    did
}

enum Kind {
    Plain(Socket),
    #[cfg(feature = "tls")]
    Handshaking(Option<super::tls::Handshake>),
    #[cfg(feature = "tls")]
    Tls(Box<native_tls::TlsStream<Socket>>),
}

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
    pub fn tls_client(inner: TcpStream, tls: &super::tls::ClientTls) -> Stream {
        let ready = Rc::new(Ready::default());
        let socket = Socket { inner, ready: ready.clone() };
        Stream { kind: Kind::Handshaking(Some(tls.handshake(socket))), ready }
    }

    /// A stream that begins with the server's side of a TLS handshake.
    #[cfg(feature = "tls")]
    pub fn tls_server(inner: TcpStream, tls: &super::tls::ServerTls) -> Stream {
        let ready = Rc::new(Ready::default());
        let socket = Socket { inner, ready: ready.clone() };
        Stream { kind: Kind::Handshaking(Some(tls.handshake(socket))), ready }
    }

    /// What the kernel last said.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Whether bytes travel under TLS.
    pub fn is_tls(&self) -> bool {
        !matches!(self.kind, Kind::Plain(_))
    }

    /// Goes on with a TLS handshake. True once bytes can be read and written.
    ///
    /// # Errors
    /// Why the handshake failed, in words for people.
    pub fn drive(&mut self) -> Result<bool, String> {
        match &mut self.kind {
            Kind::Plain(_) => Ok(true),
            #[cfg(feature = "tls")]
            Kind::Tls(_) => Ok(true),
            #[cfg(feature = "tls")]
            Kind::Handshaking(handshake) => {
                use super::tls::Progress;
                let Some(begun) = handshake.take() else { return Ok(false) };
                match begun.go_on()? {
                    Progress::Waits(again) => {
                        *handshake = Some(again);
                        Ok(false)
                    }
                    Progress::Done(stream) => {
                        self.kind = Kind::Tls(Box::new(stream));
                        Ok(true)
                    }
                }
            }
        }
    }

    /// Reads what is there.
    ///
    /// # Errors
    /// `WouldBlock`, with the flag of the blocked direction cleared, or what the system says.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.kind {
            Kind::Plain(socket) => socket.read(buffer),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => stream.read(buffer),
            #[cfg(feature = "tls")]
            Kind::Handshaking(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes what fits.
    ///
    /// # Errors
    /// As [`read`](Stream::read).
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.kind {
            Kind::Plain(socket) => socket.write(bytes),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => stream.write(bytes),
            #[cfg(feature = "tls")]
            Kind::Handshaking(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Ends the sending half; under TLS says so to the peer first.
    pub fn shutdown_write(&mut self) {
        #[cfg(feature = "tls")]
        if let Kind::Tls(stream) = &mut self.kind {
            // What fails here fails because the connection is gone, which is what we want.
            let _ = stream.shutdown();
        }
        if let Some(socket) = self.socket() {
            let _ = socket.shutdown(std::net::Shutdown::Write);
        }
    }

    /// The socket, for registration. `None` only inside a failed handshake.
    pub fn socket(&mut self) -> Option<&mut TcpStream> {
        match &mut self.kind {
            Kind::Plain(socket) => Some(&mut socket.inner),
            #[cfg(feature = "tls")]
            Kind::Tls(stream) => Some(&mut stream.get_mut().inner),
            #[cfg(feature = "tls")]
            Kind::Handshaking(handshake) => {
                handshake.as_mut().and_then(|handshake| handshake.socket()).map(|s| &mut s.inner)
            }
        }
    }
}
