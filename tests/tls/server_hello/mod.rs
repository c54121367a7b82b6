//! The ServerHello against a table of cases, its limits, and what OpenSSL sends. Each case is read
//! whole, byte by byte, at every cut and with bytes behind it.

#[path = "../../../fuzz/oracles/server_hello.rs"]
mod oracle;
mod real;
mod table;

use oracle::Outcome;
use wirewright::server_hello::{FRAGMENT_BYTES_MAX, MESSAGE_BYTES_MAX, RETRY_RANDOM, Reader};

/// Streams are cut at every place up to here.
const CUTS: usize = 300;

/// What comes of a stream, in words, in whichever pieces it comes.
fn outcome(stream: &[u8], place: &str) -> String {
    oracle::check(&[&[0, 5], stream].concat());
    let whole = oracle::run([stream]);
    for cut in 0..=stream.len().min(CUTS) {
        let (before, behind) = stream.split_at(cut);
        assert_eq!(whole, oracle::run([before, behind]), "{place}: cut at {cut}");
    }
    for more in [&b"\x16"[..], b"\x15\x03\x03\x00\x02\x02\x28", &[0; 50], stream] {
        let longer = oracle::run([stream, more]);
        assert!(longer == whole || whole == Outcome::Waits, "{place}: {more:?} behind it");
    }
    match whole {
        Outcome::Told(hello) => hello.to_string(),
        Outcome::Refused => "refused".to_owned(),
        Outcome::Waits => "waits".to_owned(),
    }
}

/// A record in clear.
fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(fragment.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3, high, low], fragment].concat()
}

/// A handshake message.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, a, b, c], body].concat()
}

/// The body of a ServerHello up to its compression, with a session id of that length.
fn fixed(version: u16, random: [u8; 32], id: u8, suite: u16) -> Vec<u8> {
    let id: Vec<u8> = [id].into_iter().chain((0..id).map(|_| 9)).collect();
    [&version.to_be_bytes()[..], &random, &id, &suite.to_be_bytes(), &[0]].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len()).unwrap().to_be_bytes();
    [&kind.to_be_bytes()[..], &len, data].concat()
}

/// The same with extensions.
fn with(fixed: Vec<u8>, extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = extensions.concat();
    let len = u16::try_from(extensions.len()).unwrap().to_be_bytes();
    [&fixed[..], &len, &extensions].concat()
}

fn versions(version: u16) -> Vec<u8> {
    extension(43, &version.to_be_bytes())
}

/// The ServerHello message of TLS 1.3.
fn hello_13() -> Vec<u8> {
    let fixed = fixed(0x0303, [7; 32], 32, 0x1302);
    message(2, &with(fixed, &[extension(51, &[5; 36]), versions(0x0304)]))
}

/// The HelloRetryRequest message.
fn retry() -> Vec<u8> {
    let fixed = fixed(0x0303, RETRY_RANDOM, 32, 0x1302);
    message(2, &with(fixed, &[versions(0x0304), extension(51, &[0, 24])]))
}

#[test]
fn limits_are_exact() {
    let body = |len: usize| {
        let fixed = fixed(0x0303, [7; 32], 0, 0x1301);
        let padding = len - fixed.len() - 2 - 4 - versions(0x0304).len();
        with(fixed, &[versions(0x0304), extension(21, &vec![0; padding])])
    };
    let told = "TLSv1.3, TLS_AES_128_GCM_SHA256";
    for (len, expected) in [(-1, told), (0, told), (1, "refused")] {
        let body = body(MESSAGE_BYTES_MAX.checked_add_signed(len).unwrap());
        assert_eq!(body.len() as isize, MESSAGE_BYTES_MAX as isize + len);
        assert_eq!(outcome(&oracle::records(&message(2, &body), 9_000), "message"), expected);
    }
    for (len, expected) in [(-1, told), (0, told), (1, "refused")] {
        let len = FRAGMENT_BYTES_MAX.checked_add_signed(len).unwrap();
        let hello = hello_13_of(0x1301);
        let behind = message(11, &vec![0; len - hello.len() - 4]);
        let stream = record(22, &[hello, behind].concat());
        assert_eq!(stream.len(), 5 + len);
        assert_eq!(outcome(&stream, "fragment"), expected);
    }
}

fn hello_13_of(suite: u16) -> Vec<u8> {
    message(2, &with(fixed(0x0303, [7; 32], 0, suite), &[versions(0x0304)]))
}

/// A length is judged before memory is taken for what it announces.
#[test]
fn a_length_that_lies_takes_no_memory() {
    let mut reader = Reader::default();
    reader.feed(b"\x16\x03\x03\x40\x00\x02\x00\x40\x00\x03\x03");
    assert!(!reader.has_ended() && reader.memory() <= 16, "{reader:?}");
    reader.feed(b"\x03");
    assert!(reader.memory() <= 16, "{reader:?}");
}
