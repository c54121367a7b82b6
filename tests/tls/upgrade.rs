//! TLS in place: after a line in clear the same connection goes on under TLS.

use crate::call::{Call, call, localhost};
use crate::peer::{Peer, accept};
use std::io::{Read as _, Write as _};
use wirewright::error;
use wirewright::net::Error;
use wirewright::net::transport::tls::Fault;

fn upgrading(says: &[u8]) -> Call {
    Call { upgrades: true, upgrade: Some(localhost()), says: says.to_vec(), ..Call::default() }
}

#[test]
fn what_follows_the_line_travels_under_tls() {
    let peer = Peer::start(|mut socket| {
        socket.write_all(b"220 go ahead\r\n").unwrap();
        let mut tls = accept(socket);
        let mut piece = [0; 5];
        tls.read_exact(&mut piece).unwrap();
        assert_eq!(&piece, b"hello");
        tls.write_all(b"world").unwrap();
        tls.shutdown().unwrap();
    });
    let heard = call(peer.address, upgrading(b"hello"));
    peer.finish();
    assert!(matches!(heard.outcome, Some(Ok(()))), "{:?}", heard.outcome);
    assert_eq!((&*heard.clear, &*heard.bytes), (&b"220 go ahead\r\n"[..], &b"world"[..]));
    assert_eq!((heard.secured, heard.eof), (1, true));
    let is_certificate = |line: &&String| !line.starts_with("certificate: ");
    let mut tapped: Vec<String> = heard.tapped.iter().filter(is_certificate).cloned().collect();
    assert_eq!(heard.tapped.len(), tapped.len() + 4, "{:?}", heard.tapped);
    assert!(tapped[2].starts_with("TLS is up: TLSv1."), "{tapped:?}");
    tapped.remove(2);
    assert_eq!(tapped, ["<-", "secured", "->", "<-", "closed"]);
}

/// The server speaks first, in the same flight as the end of its handshake: nobody else will wake
/// the client for it.
#[test]
fn what_came_with_the_handshake_is_not_forgotten() {
    let peer = Peer::start(|mut socket| {
        socket.write_all(b"220\n").unwrap();
        let mut tls = accept(socket);
        tls.write_all(b"welcome").unwrap();
        let mut rest = Vec::new();
        tls.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    });
    let heard = call(peer.address, Call { sip: 3, enough: 7, ..upgrading(b"") });
    peer.finish();
    assert!(matches!(heard.outcome, Some(Ok(()))), "{:?}", heard.outcome);
    assert_eq!(heard.bytes, b"welcome");
}

#[test]
fn bytes_in_clear_behind_the_line_are_an_error() {
    let peer = Peer::start(|mut socket| {
        socket.write_all(b"220 go ahead\r\n250 slipped in\r\n").unwrap();
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"", "nothing is said any more");
    });
    let heard = call(peer.address, upgrading(b"secret"));
    peer.finish();
    let Error::Session(error::Error::Malformed { rule, offset, .. }) = heard.error() else {
        panic!("{:?}", heard.outcome);
    };
    assert_eq!((&**rule, *offset), ("bytes in clear before TLS", 14));
    assert_eq!(heard.secured, 0);
}

/// Where they come too late to be seen before, they are not taken for the peer's handshake.
#[test]
fn bytes_in_clear_in_place_of_the_handshake_are_an_error() {
    let peer = Peer::start(|mut socket| {
        socket.write_all(b"220 go ahead\r\n").unwrap();
        let mut hello = [0; 5];
        socket.read_exact(&mut hello).unwrap();
        socket.write_all(b"250 slipped in\r\n").unwrap();
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).unwrap();
    });
    let heard = call(peer.address, upgrading(b"secret"));
    peer.finish();
    assert!(matches!(heard.error(), Error::Tls(Fault::NotTls)), "{:?}", heard.outcome);
    assert_eq!(heard.bytes, b"");
}

#[test]
fn without_settings_there_is_no_tls() {
    let peer = Peer::start(|mut socket| {
        socket.write_all(b"220 go ahead\r\n").unwrap();
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    });
    let heard = call(peer.address, Call { upgrade: None, ..upgrading(b"secret") });
    peer.finish();
    assert!(matches!(heard.error(), Error::Session(error::Error::Misuse(_))));
}

#[test]
fn there_is_no_tls_within_tls() {
    let peer = Peer::start_tls(|mut tls| {
        tls.write_all(b"220 go ahead\r\n").unwrap();
        let mut rest = Vec::new();
        tls.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    });
    let heard = call(peer.address, Call { tls: Some(localhost()), ..upgrading(b"secret") });
    peer.finish();
    let error = heard.error();
    assert!(matches!(error, Error::Session(error::Error::Misuse("TLS wanted within TLS"))));
}
