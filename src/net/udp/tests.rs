//! What the library's callers may ask for, beyond what the command lets through.

use super::*;
use crate::datagram::{DATAGRAM_BYTES_MAX, HEADER_BYTES};
use crate::error;

fn options(size: usize) -> SendOptions {
    let span = Duration::from_millis(1);
    SendOptions { rate: 1_000_000, size, span, ..SendOptions::default() }
}

/// Somebody who holds a port and reads nothing.
fn deaf() -> (std::net::UdpSocket, String) {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

#[test]
fn sizes_that_no_datagram_has_are_misuse() {
    let (_deaf, address) = deaf();
    let file = tempfile::NamedTempFile::new().unwrap();
    let source = Arc::new(SourceFile::from_path(file.path()).unwrap());
    let goes = |options: &SendOptions| match send(&address, options) {
        Ok(_) => true,
        Err(Error::Session(error::Error::Misuse(_))) => false,
        Err(error) => panic!("{error}"),
    };
    for (size, expected) in [
        (0, false),
        (HEADER_BYTES - 1, false),
        (HEADER_BYTES, true),
        (HEADER_BYTES + 1, true),
        (DATAGRAM_BYTES_MAX - 1, true),
        (DATAGRAM_BYTES_MAX, true),
        (DATAGRAM_BYTES_MAX + 1, false),
        (usize::MAX, false),
    ] {
        assert_eq!(goes(&options(size)), expected, "{size}");
    }
    for (size, expected) in [
        (FILE_DATAGRAM_BYTES_MIN - 1, false),
        (FILE_DATAGRAM_BYTES_MIN, true),
        (FILE_DATAGRAM_BYTES_MIN + 1, true),
        (DATAGRAM_BYTES_MAX, true),
        (DATAGRAM_BYTES_MAX + 1, false),
    ] {
        let options = SendOptions { file: Some(source.clone()), ..options(size) };
        assert_eq!(goes(&options), expected, "{size}");
    }
}

#[test]
fn spans_beyond_every_clock_do_no_harm() {
    let long = Some(Duration::MAX);
    let run = RunOptions::default().with_timeout(long);
    let long = ReceiveOptions { span: long, run, ..ReceiveOptions::default() };
    let receiver = Receiver::bind("127.0.0.1:0".parse().unwrap(), long).unwrap();
    receiver.stop_handle().stop();
    assert_eq!(receiver.run().unwrap().report, Report::default());
    // At one bit a second the second datagram is due after a minute.
    let timeout = Some(Duration::from_millis(20));
    let run = RunOptions::default().with_timeout(timeout);
    let options = SendOptions { rate: 1, span: Duration::MAX, run, ..options(HEADER_BYTES) };
    let (_deaf, address) = deaf();
    assert!(matches!(send(&address, &options), Err(Error::TimedOut { .. })));
}
