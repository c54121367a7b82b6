//! Many bytes each way under TLS: what stands between the library and the socket is neither lost
//! nor forgotten, however the peer reads and writes.

use crate::bytes::bytes;
use crate::call::{Call, call, localhost};
use crate::peer::Peer;
use std::io::{Read as _, Write as _};
use std::time::Duration;

/// Around the edges of a record, of what is read ahead, and of what is gathered.
const SIZES: [usize; 12] = [
    1,
    16_383,
    16_384,
    16_385,
    131_071,
    131_072,
    131_073,
    262_143,
    262_145,
    1 << 20,
    3_000_001,
    6_000_000,
];

#[test]
fn what_is_said_arrives() {
    for size in SIZES {
        let expected = bytes(size);
        let says = expected.clone();
        let peer = Peer::start_tls(move |mut tls| {
            let mut came = vec![0; size];
            tls.read_exact(&mut came).unwrap();
            assert!(came == expected, "{size}");
            tls.write_all(b"k").unwrap();
            tls.shutdown().unwrap();
        });
        let heard = call(peer.address, Call { tls: Some(localhost()), says, ..Call::default() });
        peer.finish();
        assert_eq!(heard.bytes, b"k", "{size} {:?}", heard.outcome);
        assert!(matches!(heard.outcome, Some(Ok(()))), "{size}");
    }
}

#[test]
fn what_is_written_in_pieces_of_all_lengths_is_heard() {
    for (piece, sip) in [(1, 0), (7, 3), (1000, 0), (16_384, 5000), (100_000, 0), (1 << 20, 70_000)]
    {
        let content = bytes(2000 * piece.min(1500));
        let expected = content.clone();
        let peer = Peer::start_tls(move |mut tls| {
            for part in content.chunks(piece) {
                tls.write_all(part).unwrap();
            }
            tls.shutdown().unwrap();
        });
        let heard = call(peer.address, Call { tls: Some(localhost()), sip, ..Call::default() });
        peer.finish();
        assert!(heard.bytes == expected, "{piece} {sip}: {} bytes", heard.bytes.len());
        assert!(heard.eof);
    }
}

/// Both say more than all buffers between them hold: nobody waits for ever.
#[test]
fn an_echo_of_megabytes_comes_back() {
    let says = bytes(9_000_003);
    let expected = says.clone();
    let len = says.len();
    let peer = Peer::start_tls(move |mut tls| {
        let (mut piece, mut echoed) = (vec![0; 30_000], 0);
        while echoed < len {
            let read = tls.read(&mut piece).unwrap();
            assert!(read > 0);
            tls.write_all(&piece[..read]).unwrap();
            echoed += read;
        }
        tls.shutdown().unwrap();
    });
    let heard = call(peer.address, Call { tls: Some(localhost()), says, ..Call::default() });
    peer.finish();
    assert!(heard.bytes == expected, "{} bytes", heard.bytes.len());
}

/// All was taken by TLS long before the socket takes it: the last of it and the end arrive all the
/// same.
#[test]
fn a_peer_that_begins_to_read_late_gets_all() {
    let says = bytes(400_000);
    let expected = says.clone();
    let peer = Peer::start_tls(move |mut tls| {
        socket2::SockRef::from(tls.get_ref()).set_recv_buffer_size(4096).unwrap();
        tls.write_all(b"k").unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let mut came = Vec::new();
        tls.read_to_end(&mut came).unwrap();
        assert!(came == expected, "{} bytes", came.len());
    });
    let heard =
        call(peer.address, Call { tls: Some(localhost()), says, enough: 1, ..Call::default() });
    peer.finish();
    assert!(matches!(heard.outcome, Some(Ok(()))), "{:?}", heard.outcome);
}
