//! Where to listen and where to connect: addresses, socket options, the first moments of a socket.
//!
//! Specification: RFC 9293 (TCP); the options are those of Linux `tcp(7)` and `socket(7)`.

use super::Error;
use super::rate::window_bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// How many connections may wait to be accepted; the kernel lowers it to its own limit.
const BACKLOG: i32 = 4096;

/// How much unsent data the kernel holds for one connection before it calls the socket full, in
/// bytes. Without it a peer that does not read pins several MiB there.
pub(crate) const NOTSENT_LOWAT: u32 = 128 * 1024;

/// The same where many peers do not read, in bytes.
pub(crate) const NOTSENT_LOWAT_SCARCE: u32 = 16 * 1024;

/// The name of a host has no address. The resolver's errors have no kind of their own.
pub(crate) fn unresolved(why: impl ToString) -> Error {
    Error::Io("looking the name up", io::Error::new(io::ErrorKind::NotFound, why.to_string()))
}

/// A listening socket: non-blocking, its address reusable when this process has ended, and not
/// shared with another socket that listens.
///
/// # Errors
/// Those of the system: the address is in use, or not ours.
pub fn listen(address: SocketAddr) -> io::Result<mio::net::TcpListener> {
    listen_limited(address, None)
}

/// The same where the connections will move so many bytes a second, where there is a limit.
///
/// # Errors
/// As [`listen`].
pub(crate) fn listen_limited(
    address: SocketAddr,
    rate: Option<u64>,
) -> io::Result<mio::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    unpace(&socket, address);
    if let Some(rate) = rate {
        narrow(&socket, rate);
    }
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(mio::net::TcpListener::from_std(socket.into()))
}

/// How much the kernel is asked to hold of datagrams that came and were not received yet, in
/// bytes; it lowers this to its own limit.
const DATAGRAMS_HELD: usize = 4 << 20;

/// A socket that receives datagrams from anybody.
///
/// # Errors
/// Those of the system: the address is in use, or not ours.
pub fn datagrams(address: SocketAddr) -> io::Result<mio::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Less is held where the system does not allow so much, and more is lost.
    let _ = socket.set_recv_buffer_size(DATAGRAMS_HELD);
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(mio::net::UdpSocket::from_std(socket.into()))
}

/// A socket for datagrams to and from one peer: the kernel drops what others send, and tells where
/// the peer's machine says that nobody listens.
///
/// # Errors
/// Those of the system.
pub fn datagrams_with(peer: SocketAddr) -> io::Result<mio::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(peer), Type::DGRAM, Some(Protocol::UDP))?;
    socket.connect(&peer.into())?;
    socket.set_nonblocking(true)?;
    Ok(mio::net::UdpSocket::from_std(socket.into()))
}

/// Errors of accept(2) that concern only the connection that was waiting.
pub(crate) fn is_about_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::TimedOut
    )
}

/// Begins to connect and does not wait: the socket becomes writable when that has ended. `rate` is
/// the limit on the bytes a second that it will move, where there is one.
///
/// # Errors
/// Those of the system that come at once.
pub fn begin_connect(address: SocketAddr, rate: Option<u64>) -> io::Result<mio::net::TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    unpace(&socket, address);
    match rate {
        Some(rate) => narrow(&socket, rate),
        None => widen(&socket, address),
    }
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(IN_PROGRESS) => {}
        Err(error) => return Err(error),
    }
    Ok(mio::net::TcpStream::from_std(socket.into()))
}

/// Gives a socket that will only ever hear from this machine its whole window from the beginning.
///
/// A window that grows by itself begins at a few segments, and a server under BBR takes the rate
/// of those first moments for that of the path: with the window open, 1 GiB from nginx may take
/// half the time (`benches/README.md`). On other paths what the kernel does is right.
fn widen(socket: &Socket, address: SocketAddr) {
    if address.ip().is_loopback() {
        // The kernel lowers it to its own limit; whatever it says, bytes come.
        let _ = socket.set_recv_buffer_size(LOOPBACK_WINDOW_BYTES);
    }
}

/// Gives a socket that reads at a limited rate a window that is filled in a part of a second,
/// before it listens or connects: what the peer has sent beyond that could not be slowed down. A
/// window that the kernel chooses by itself grows only as fast as it is read, and is left to it.
fn narrow(socket: &Socket, rate: u64) {
    let bytes = window_bytes(rate);
    if bytes < WINDOW_BYTES_USUAL {
        // A larger one works as well, and slows the peer down later.
        let _ = socket.set_recv_buffer_size(bytes);
    }
}

/// The window that a kernel begins with, in bytes.
const WINDOW_BYTES_USUAL: usize = 64 << 10;

const LOOPBACK_WINDOW_BYTES: usize = 4 << 20;

/// What connect(2) says where it goes on by itself.
const IN_PROGRESS: i32 = rustix::io::Errno::INPROGRESS.raw_os_error();

/// Takes congestion control that paces from a socket that will only ever talk within this machine,
/// before it listens or connects; any other socket is left as it is.
///
/// BBR, the default of many systems, spaces its segments out by timers: over loopback, where
/// nothing is ever congested, that halves the rate and doubles the processor time. A socket that
/// was paced once stays paced, so after the handshake it is too late. Where the system does not
/// allow it the bytes travel all the same.
pub fn unpace(socket: &Socket, address: SocketAddr) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if address.ip().is_loopback() {
        let _ = socket.set_tcp_congestion(UNPACED);
    }
}

/// The congestion control that every Linux has and every user may choose.
const UNPACED: &[u8] = b"reno";

/// Sets the options of a connected socket: rows are whole when they are written, so nothing is
/// gained by waiting for more; and the kernel's share of unsent data is kept small.
///
/// # Errors
/// Those of the system.
pub fn tune(stream: &mio::net::TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    SockRef::from(stream).set_tcp_notsent_lowat(NOTSENT_LOWAT)?;
    Ok(())
}

/// Raises the limit of descriptors of this process to what it may raise it to, its hard limit. A
/// matter of the whole process, so its program decides. Where it is refused, what there is has to
/// do.
pub fn raise_descriptors_max() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
}

/// Changes how much unsent data the kernel holds for a connection before it calls the socket full.
pub(crate) fn set_unsent_max(stream: &mio::net::TcpStream, bytes: u32) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // Where the system refuses, the bound is the one that was set before.
    let _ = SockRef::from(stream).set_tcp_notsent_lowat(bytes);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (stream, bytes);
}

/// Whether the kernel has sent all that was written: nothing waits for the peer to read.
pub(crate) fn is_sent(stream: &mio::net::TcpStream, bound: u32) -> bool {
    is_unsent_below(stream, 1, bound)
}

/// Whether the kernel holds fewer than so many bytes that it has not sent. poll(2) finds a socket
/// writable while twice of what is unsent is less than its bound, so it is asked with another
/// bound for a moment.
pub(crate) fn is_unsent_below(stream: &mio::net::TcpStream, bytes: u32, bound: u32) -> bool {
    set_unsent_max(stream, bytes.saturating_mul(2));
    let mut asked = [PollFd::new(stream, PollFlags::OUT)];
    let answered = poll(&mut asked, Some(&Timespec::default()));
    let is_sent = answered.is_ok() && asked[0].revents().contains(PollFlags::OUT);
    set_unsent_max(stream, bound);
    is_sent
}

/// Makes the send buffer of a socket so large that [`is_unsent_below`] tells what is unsent.
/// poll(2) finds no socket writable while less than a third of its send buffer is free, and the
/// buffer that the kernel chose for a slow peer may be smaller than what is unsent.
pub(crate) fn show_unsent(stream: &mio::net::TcpStream) {
    let socket = SockRef::from(stream);
    if socket.send_buffer_size().is_ok_and(|bytes| bytes < SHOWING_BYTES) {
        // The kernel doubles it, and lowers it to its own limit; what is seen then is less exact.
        let _ = socket.set_send_buffer_size(SHOWING_BYTES / 2);
    }
}

/// A send buffer two thirds of which hold more than may be unsent, in bytes.
const SHOWING_BYTES: usize = 416 << 10;

/// Makes the close of a connection drop what the peer has not read yet, instead of keeping it in
/// the kernel until it is read, perhaps for minutes.
pub(crate) fn drop_unsent(stream: &mio::net::TcpStream) {
    // Where the system refuses, the kernel keeps it for as long as it likes.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// How many descriptors this process may hold.
pub fn descriptors_max() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
