//! What stands between the library and the socket: it is told, it goes out later, it is never
//! forgotten, and it costs nothing when there is none.

use super::*;
use crate::net::transport::tls::ClientTls;
use native_tls::{Identity, TlsAcceptor, TlsStream};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

const CERTIFICATE: &[u8] = include_bytes!("../../../bin/wirewright/bench/localhost.pem");
const KEY: &[u8] = include_bytes!("../../../bin/wirewright/bench/localhost.key");

/// How long a thread may wait for the other side.
const WAIT: Duration = Duration::from_millis(1);

type Blocking = TlsStream<std::net::TcpStream>;

/// A stream under TLS, the handshake over, and its peer.
fn pair() -> (Stream, Blocking) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let peer = std::thread::spawn(move || {
        let identity = Identity::from_pkcs8(CERTIFICATE, KEY).unwrap();
        let (socket, _) = listener.accept().unwrap();
        TlsAcceptor::new(identity).unwrap().accept(socket).unwrap()
    });
    let socket = std::net::TcpStream::connect(address).unwrap();
    socket2::SockRef::from(&socket).set_send_buffer_size(8192).unwrap();
    socket.set_nonblocking(true).unwrap();
    let tls = ClientTls::new(Some(CERTIFICATE)).unwrap().named("localhost").unwrap();
    let mut stream = Stream::plain(TcpStream::from_std(socket));
    assert!(!stream.is_tls());
    assert!(stream.upgrade(&tls) && stream.is_tls());
    while !stream.drive().unwrap() {
        std::thread::sleep(WAIT);
    }
    assert!(!stream.upgrade(&tls));
    (stream, peer.join().unwrap())
}

/// Reads as an edge-triggered loop does: as long as the flag is up, which an event puts up.
fn read_edge(stream: &mut Stream, piece: usize) -> Vec<u8> {
    let mut came = Vec::new();
    stream.ready().readable.set(true);
    while stream.ready().readable.get() {
        let mut buffer = vec![0; piece];
        match stream.read(&mut buffer) {
            Ok(read) => came.extend_from_slice(&buffer[..read]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    came
}

#[test]
fn what_the_socket_does_not_take_is_told_and_goes_out_later() {
    let (mut stream, mut peer) = pair();
    let mut spare = Spare::default();
    stream.lend(&mut spare, 1 << 20);
    stream.ready().writable.set(true);
    let (block, mut taken) = (vec![7; 300_000], 0);
    // The peer does not read: sooner or later nothing is taken any more.
    let blocked = loop {
        match stream.write(&block) {
            Ok(count) => taken += count,
            Err(error) => break error.kind(),
        }
        assert!(taken < 1 << 30, "the socket takes all");
    };
    assert_eq!(blocked, ErrorKind::WouldBlock);
    assert!(!stream.ready().writable.get());
    let (unsent, memory) = (stream.unsent(), stream.memory());
    assert!(unsent > 0 && unsent <= memory && memory <= 256 << 10, "{unsent} {memory}");
    stream.give_back(&mut spare, true);
    assert_eq!(stream.unsent(), unsent, "what is unsent is not given away");
    let reader = std::thread::spawn(move || {
        let mut came = Vec::new();
        let end = peer.read_to_end(&mut came);
        (end.is_ok(), came)
    });
    while stream.shutdown_write().is_err() {
        std::thread::sleep(WAIT);
    }
    let (proper, came) = reader.join().unwrap();
    assert!(proper && came == vec![7; taken], "{} of {taken}", came.len());
    assert_eq!(stream.unsent(), 0);
}

/// No event has come in between, and the last of the handshake may have brought more with it: the
/// greeting of a server that speaks first.
#[test]
fn what_came_with_the_handshake_is_not_forgotten() {
    let (stream, _peer) = pair();
    assert!(stream.ready().readable.get());
}

#[test]
fn what_was_read_ahead_is_not_forgotten() {
    for piece in [1, 5, 1000, 70_000] {
        let (mut stream, mut peer) = pair();
        // The tickets that came behind the handshake.
        std::thread::sleep(10 * WAIT);
        assert_eq!(read_edge(&mut stream, piece), b"");
        for record in [&[1; 10][..], &[2; 3000], &[3; 1]] {
            peer.write_all(record).unwrap();
        }
        let mut came = Vec::new();
        for _ in 0..1000 {
            came.extend(read_edge(&mut stream, piece));
            if came.len() == 3011 {
                break;
            }
            std::thread::sleep(WAIT);
        }
        assert_eq!(came, [&[1; 10][..], &[2; 3000], &[3; 1]].concat(), "{piece}");
    }
}

#[test]
fn storage_is_lent_and_nothing_is_held_that_is_empty() {
    let (mut stream, mut peer) = pair();
    let mut spare = Spare::default();
    peer.write_all(&[9; 100_000]).unwrap();
    let mut came = 0;
    for _ in 0..1000 {
        stream.lend(&mut spare, 1 << 20);
        came += read_edge(&mut stream, 40_000).len();
        stream.give_back(&mut spare, false);
        assert_eq!(stream.memory(), stream.idle_memory(), "after {came}");
        if came == 100_000 {
            break;
        }
        std::thread::sleep(WAIT);
    }
    assert_eq!(came, 100_000);
    stream.lend(&mut spare, 1 << 20);
    assert!(stream.memory() >= stream.idle_memory() + (16 << 10), "the same storage again");
}

/// Of what was read ahead only a little is left: where memory is scarce it keeps no more than that.
#[test]
fn a_short_rest_moves_where_memory_is_scarce() {
    let (mut stream, mut peer) = pair();
    peer.write_all(&[9; 50_000]).unwrap();
    peer.write_all(&[8; 100]).unwrap();
    let (mut came, mut piece) = (0, vec![0; 50_000]);
    while came < 50_000 {
        match stream.read(&mut piece[came..]) {
            Ok(read) => came += read,
            Err(_) => std::thread::sleep(WAIT),
        }
    }
    stream.give_back(&mut Spare::default(), true);
    assert!(stream.memory() < stream.idle_memory() + 1000, "{}", stream.memory());
    let mut rest = Vec::new();
    while rest.len() < 100 {
        rest.extend(read_edge(&mut stream, 1000));
    }
    assert_eq!(rest, [8; 100]);
}
