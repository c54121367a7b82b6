//! How a stream ends: a proper end is told from one that may have cut something off.

use crate::call::{Call, Heard, call, localhost};
use crate::peer::{Peer, reset};
use std::io::{Read as _, Write as _};
use wirewright::net::Error;
use wirewright::net::transport::tls::Fault;

/// The longest that is said before the end, in bytes; more than one record.
const LEN: usize = 50_000;

fn under_tls(peer: &Peer, tolerant: bool) -> Heard {
    let says = b"x".to_vec();
    call(peer.address, Call { tls: Some(localhost()), says, tolerant, ..Call::default() })
}

#[test]
fn close_notify_is_an_end() {
    for len in [0, 1, LEN] {
        let peer = Peer::start_tls(move |mut tls| {
            tls.read_exact(&mut [0]).unwrap();
            tls.write_all(&vec![7; len]).unwrap();
            tls.shutdown().unwrap();
        });
        let heard = under_tls(&peer, false);
        peer.finish();
        assert!(matches!(heard.outcome, Some(Ok(()))), "{:?}", heard.outcome);
        assert_eq!((heard.eof, heard.aborted), (true, None));
        assert_eq!(heard.bytes.len(), len);
        assert_eq!(heard.secured, 1);
    }
}

#[test]
fn a_close_without_close_notify_is_not() {
    for (len, tolerant) in [(0, false), (1, false), (LEN, false), (LEN, true)] {
        let peer = Peer::start_tls(move |mut tls| {
            tls.read_exact(&mut [0]).unwrap();
            tls.write_all(&vec![7; len]).unwrap();
            // The library says nothing when it is dropped.
        });
        let heard = under_tls(&peer, tolerant);
        peer.finish();
        assert_eq!(heard.aborted, Some(Fault::Truncated.to_string()));
        assert_eq!((heard.eof, heard.bytes.len()), (false, len), "what came before counts");
        match tolerant {
            true => assert!(matches!(heard.outcome, Some(Ok(())))),
            false => assert!(matches!(heard.error(), Error::Io("reading", _))),
        }
    }
}

#[test]
fn the_middle_of_a_record_is_not() {
    let peer = Peer::start_tls(move |mut tls| {
        tls.read_exact(&mut [0]).unwrap();
        // The head of a record of 256 bytes, and none of them.
        tls.get_mut().write_all(&[23, 3, 3, 1, 0]).unwrap();
    });
    let heard = under_tls(&peer, true);
    peer.finish();
    assert_eq!(heard.aborted, Some(Fault::Truncated.to_string()));
}

#[test]
fn a_reset_is_not() {
    let peer = Peer::start_tls(|mut tls| {
        tls.read_exact(&mut [0]).unwrap();
        reset(tls.get_ref());
    });
    let heard = under_tls(&peer, true);
    peer.finish();
    assert!(heard.aborted.is_some() && !heard.eof);
    let peer = Peer::start(|mut socket| {
        socket.read_exact(&mut [0]).unwrap();
        reset(&socket);
    });
    let heard = call(peer.address, Call { says: b"x".to_vec(), ..Call::default() });
    peer.finish();
    assert!(heard.aborted.is_some() && !heard.eof);
    assert!(matches!(heard.error(), Error::Io("reading", _)), "{:?}", heard.outcome);
}

#[test]
fn in_clear_the_end_of_the_connection_is_an_end() {
    let peer = Peer::start(|mut socket| socket.write_all(b"all").unwrap());
    let heard = call(peer.address, Call::default());
    peer.finish();
    assert_eq!((heard.eof, &*heard.bytes, heard.secured), (true, &b"all"[..], 0));
}

/// We say it ourselves, behind all that was said before.
#[test]
fn our_own_end_is_a_proper_one() {
    let peer = Peer::start_tls(|mut tls| {
        tls.read_exact(&mut [0]).unwrap();
        tls.write_all(b"y").unwrap();
        tls.shutdown().unwrap();
        // Without close_notify this is an error.
        assert_eq!(tls.read(&mut [0]).unwrap(), 0);
    });
    let heard = under_tls(&peer, false);
    peer.finish();
    assert!(matches!(heard.outcome, Some(Ok(()))));
}
