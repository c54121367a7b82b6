//! Creates sockets, for listening, connecting and datagrams, and sets their options.
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

/// How many connections may wait to be accepted; the kernel lowers this to its own limit.
const BACKLOG: i32 = 4096;

/// How much unsent data the kernel holds for one connection before the socket blocks, in bytes.
/// Without this limit a peer that does not read occupies several MiB of kernel memory.
pub(crate) const NOTSENT_LOWAT: u32 = 128 * 1024;

/// The same limit when many peers do not read, in bytes.
pub(crate) const NOTSENT_LOWAT_SCARCE: u32 = 16 * 1024;

/// The error of a failed name lookup. The resolver's errors have no kind of their own, so this one
/// is `NotFound`. What std writes before the resolver's text is left out, because the error says
/// it.
pub(crate) fn unresolved(why: impl ToString) -> Error {
    let why = why.to_string();
    let text = why.strip_prefix("failed to lookup address information: ").unwrap_or(&why);
    Error::Io("looking the name up", io::Error::new(io::ErrorKind::NotFound, text))
}

/// Creates a non-blocking listening socket with SO_REUSEADDR, so that a restarted server can bind
/// its port at once; without SO_REUSEPORT. An IPv6 socket accepts no IPv4 connections.
///
/// # Errors
/// Those of the system: the address is in use, or does not belong to this machine.
pub fn listen(address: SocketAddr) -> io::Result<mio::net::TcpListener> {
    listen_limited(address, None)
}

/// As [`listen`], with a receive window for connections that are limited to `rate` bytes a second.
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

/// The receive buffer of a UDP socket, in bytes; the kernel lowers this to its own limit.
const DATAGRAMS_HELD: usize = 4 << 20;

/// Creates a non-blocking UDP socket that receives datagrams from any sender.
///
/// # Errors
/// Those of the system: the address is in use, or does not belong to this machine.
pub fn datagrams(address: SocketAddr) -> io::Result<mio::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A smaller buffer works as well, but more datagrams are lost.
    let _ = socket.set_recv_buffer_size(DATAGRAMS_HELD);
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(mio::net::UdpSocket::from_std(socket.into()))
}

/// Creates a non-blocking UDP socket that is connected to one peer: the kernel drops datagrams of
/// other senders, and reports ICMP errors of the peer.
///
/// # Errors
/// Those of the system.
pub fn datagrams_with(peer: SocketAddr) -> io::Result<mio::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(peer), Type::DGRAM, Some(Protocol::UDP))?;
    socket.connect(&peer.into())?;
    socket.set_nonblocking(true)?;
    Ok(mio::net::UdpSocket::from_std(socket.into()))
}

/// Whether an error of accept(2) concerns only the connection that was waiting.
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

/// Begins to connect without waiting: the socket becomes writable when the attempt has ended.
/// `rate` is the limit on bytes a second of the connection, if any.
///
/// # Errors
/// Those of the system that are reported at once.
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

/// Sets a large receive window for a connection over loopback.
///
/// By default the window starts at a few segments, and a sender with BBR takes the rate of that
/// start for the bandwidth of the path: with a large window, 1 GiB from nginx may take half the
/// time (`benches/README.md`). On other paths the kernel's choice is right.
fn widen(socket: &Socket, address: SocketAddr) {
    if address.ip().is_loopback() {
        // The kernel lowers this to its own limit. The connection works without it.
        let _ = socket.set_recv_buffer_size(LOOPBACK_WINDOW_BYTES);
    }
}

/// Sets a small receive window for a connection with a low rate limit, before the socket listens or
/// connects: bytes that the peer sends into a larger window are not limited. For higher rates the
/// kernel's window is kept, because it grows only as fast as the socket is read.
fn narrow(socket: &Socket, rate: u64) {
    let bytes = window_bytes(rate);
    if bytes < WINDOW_BYTES_USUAL {
        // A larger window works as well, but slows the peer down later.
        let _ = socket.set_recv_buffer_size(bytes);
    }
}

/// The initial receive window of the kernel, in bytes.
const WINDOW_BYTES_USUAL: usize = 64 << 10;

/// The receive buffer of a connection over loopback, in bytes.
const LOOPBACK_WINDOW_BYTES: usize = 4 << 20;

/// The error of a non-blocking connect(2) that continues in the background.
const IN_PROGRESS: i32 = rustix::io::Errno::INPROGRESS.raw_os_error();

/// Replaces congestion control that paces on a socket with a loopback address, before it listens or
/// connects. Other sockets are not changed.
///
/// BBR, the default of many systems, paces segments by timers. Over loopback, which is never
/// congested, that halves the rate and doubles the processor time. A socket that was paced once
/// stays paced, so this must be done before the TCP handshake. If the system refuses, the socket
/// works all the same.
pub fn unpace(socket: &Socket, address: SocketAddr) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if address.ip().is_loopback() {
        let _ = socket.set_tcp_congestion(UNPACED);
    }
}

/// The congestion control that every Linux has and every user may choose.
const UNPACED: &[u8] = b"reno";

/// Sets the options of a connected socket: TCP_NODELAY, because complete messages are written at
/// once; and TCP_NOTSENT_LOWAT, to limit unsent data in the kernel.
///
/// # Errors
/// Those of the system.
pub fn tune(stream: &mio::net::TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    SockRef::from(stream).set_tcp_notsent_lowat(NOTSENT_LOWAT)?;
    Ok(())
}

/// Raises the limit of descriptors of this process to its hard limit. The limit concerns the whole
/// process, so the library never calls this itself. If the system refuses, the limit is unchanged.
pub fn raise_descriptors_max() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
}

/// Changes how much unsent data the kernel holds for a connection before the socket blocks, in
/// bytes.
pub(crate) fn set_unsent_max(stream: &mio::net::TcpStream, bytes: u32) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // If the system refuses, the previous bound stays.
    let _ = SockRef::from(stream).set_tcp_notsent_lowat(bytes);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (stream, bytes);
}

/// Whether the kernel has sent all written data. `bound` is the current bound of unsent data.
pub(crate) fn is_sent(stream: &mio::net::TcpStream, bound: u32) -> bool {
    is_unsent_below(stream, 1, bound)
}

/// Whether the kernel holds fewer than `bytes` bytes of unsent data. poll(2) reports a socket as
/// writable while twice its unsent data is less than its bound, so the bound is changed for the
/// call, and then set to `bound` again.
pub(crate) fn is_unsent_below(stream: &mio::net::TcpStream, bytes: u32, bound: u32) -> bool {
    set_unsent_max(stream, bytes.saturating_mul(2));
    let mut fds = [PollFd::new(stream, PollFlags::OUT)];
    let polled = poll(&mut fds, Some(&Timespec::default()));
    let is_sent = polled.is_ok() && fds[0].revents().contains(PollFlags::OUT);
    set_unsent_max(stream, bound);
    is_sent
}

/// Enlarges the send buffer of a socket so that [`is_unsent_below`] works. poll(2) reports no
/// socket as writable while less than a third of its send buffer is free, and the kernel's buffer
/// for a slow peer may be too small for that.
pub(crate) fn show_unsent(stream: &mio::net::TcpStream) {
    let socket = SockRef::from(stream);
    if socket.send_buffer_size().is_ok_and(|bytes| bytes < MEASURING_BUFFER_BYTES) {
        // The kernel doubles the value, and lowers it to its own limit. A smaller buffer makes the
        // result less exact.
        let _ = socket.set_send_buffer_size(MEASURING_BUFFER_BYTES / 2);
    }
}

/// A send buffer of which two thirds hold more than the greatest amount of unsent data, in bytes.
const MEASURING_BUFFER_BYTES: usize = 416 << 10;

/// Makes closing the socket drop data that the peer has not read (SO_LINGER 0), instead of keeping
/// it in the kernel, perhaps for minutes.
pub(crate) fn drop_unsent(stream: &mio::net::TcpStream) {
    // If the system refuses, the kernel keeps the data until its own timeout.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// How many descriptors this process may have open.
pub fn descriptors_max() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
