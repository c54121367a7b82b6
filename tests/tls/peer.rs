//! The other side: a thread with a blocking socket, and a server's side of TLS where it is wanted.

use crate::call::CERTIFICATE;
use native_tls::{Identity, TlsAcceptor, TlsStream};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

/// Whoever is called on `address`, once.
pub struct Peer {
    pub address: SocketAddr,
    thread: JoinHandle<()>,
}

impl Peer {
    pub fn start(talk: impl FnOnce(TcpStream) + Send + 'static) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || talk(listener.accept().unwrap().0));
        Peer { address, thread }
    }

    /// Under TLS from the beginning.
    pub fn start_tls(talk: impl FnOnce(TlsStream<TcpStream>) + Send + 'static) -> Peer {
        Peer::start(move |socket| talk(accept(socket)))
    }

    /// It has to have been content.
    pub fn finish(self) {
        self.thread.join().unwrap();
    }
}

/// The server's side of a handshake.
pub fn accept(socket: TcpStream) -> TlsStream<TcpStream> {
    let key = include_bytes!("../../src/bin/wirewright/bench/localhost.key");
    let identity = Identity::from_pkcs8(CERTIFICATE, key).unwrap();
    TlsAcceptor::new(identity).unwrap().accept(socket).unwrap()
}

/// Closes with a reset.
pub fn reset(socket: &TcpStream) {
    socket2::SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO)).unwrap();
}
