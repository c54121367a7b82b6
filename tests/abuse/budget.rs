//! Thousands of connections that each hold a little: together they stay within the bound of the
//! process, an ordinary client is served meanwhile, and whoever is idle and holds nothing stays.

use crate::host::{Host, RESIDENT_KIB_MAX};
use crate::memory::kib;
use crate::peer::{HELLO, Peer, frame};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// As many connections as fit the descriptors that tests may have, which is 20,000 for the server
/// and for the clients each.
const CROWD: usize = 9000;

/// How long the server may take over what was sent to it.
const SETTLE: Duration = Duration::from_secs(2);

/// Connections that each sent `bytes`, as far as they were taken at once.
pub fn crowd(address: &str, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let one = |_| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nonblocking(true).unwrap();
        // The server may have ended it, or take no more now: what it took is what it holds.
        let _ = stream.write(bytes);
        stream
    };
    (0..count).map(one).collect()
}

/// How many of the connections the server has left open.
pub fn open(crowd: &[TcpStream]) -> usize {
    let is_open = |stream: &&TcpStream| {
        let mut stream: &TcpStream = stream;
        let mut some = [0; 4096];
        loop {
            match stream.read(&mut some) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    };
    crowd.iter().filter(is_open).count()
}

/// The server has stayed within its bound so far, and serves.
pub fn bounded(host: &Host, case: &str) {
    std::thread::sleep(SETTLE);
    let since = Instant::now();
    host.get();
    let most = kib(host.pid(), "VmHWM").unwrap();
    println!("{case}: {most} KiB at most, a file of 8 MiB in {:?}", since.elapsed());
    assert!(most <= RESIDENT_KIB_MAX, "{case}: {most} KiB");
}

/// The server is still in conversation with a peer that did nothing wrong.
fn is_kept(peer: &mut Peer) {
    peer.say(r#"{"type":"get","id":1,"name":"none"}"#).unwrap();
    let said = peer.hear().unwrap().expect("it was idle, and held nothing");
    assert_eq!(said["code"], "not_found", "{said}");
}

#[test]
fn thousands_of_idle_connections_are_all_kept() {
    let host = Host::start(&[]);
    let silent = crowd(host.address(), CROWD / 2, b"");
    let greeted = crowd(host.address(), CROWD / 2, &frame(HELLO.as_bytes()));
    bounded(&host, "idle");
    assert_eq!(open(&greeted), CROWD / 2);
    assert_eq!(open(&silent), CROWD / 2);
}

#[test]
fn thousands_of_unfinished_messages_stay_within_the_bound() {
    let text = "A".repeat(16_000);
    let hello = [&60_000_u32.to_be_bytes()[..], b"{\"x\":\"", text.as_bytes()].concat();
    let request = [&frame(HELLO.as_bytes())[..], &hello].concat();
    for (case, threads, bytes) in [
        ("16 KB of a hello", "1", &hello),
        ("16 KB of a request", "1", &request),
        ("16 KB of a hello, two threads", "2", &hello),
    ] {
        let host = Host::start(&["--threads", threads]);
        let mut idle = host.greeted();
        let many = crowd(host.address(), CROWD / 2, bytes);
        bounded(&host, case);
        let left = open(&many);
        println!("{case}: {left} of {} are left", many.len());
        assert!((1..many.len() / 2).contains(&left), "{case}: {left}");
        is_kept(&mut idle);
    }
}

/// Whoever goes hears why, where that can be said.
#[test]
fn whoever_goes_is_told_that_the_server_is_busy() {
    let host = Host::start(&[]);
    let begun = [&60_000_u32.to_be_bytes()[..], b"{\"x\":\"", &[b'A'; 32_000]].concat();
    let mut first = host.greeted();
    first.stream.write_all(&begun).unwrap();
    let many = crowd(host.address(), 1500, &begun);
    let said = first.hear().unwrap().expect("the last words of the server");
    assert_eq!((&said["code"], &said["fatal"]), (&"busy".into(), &true.into()), "{said}");
    assert_eq!(first.hear().unwrap(), None);
    drop(many);
    host.is_well();
}

/// As many requests wait as may, each with the longest name.
#[test]
fn thousands_of_waiting_requests_stay_within_the_bound() {
    let host = Host::start(&[]);
    let name = "n".repeat(250);
    let mut bytes = frame(HELLO.as_bytes());
    bytes.extend(frame(br#"{"type":"put","id":1,"name":"never","size":9,"etag":"e"}"#));
    for id in 2..60 {
        let etag = "e".repeat(100);
        let get = format!(r#"{{"type":"get","id":{id},"name":"{name}","etag":"{etag}"}}"#);
        bytes.extend(frame(get.as_bytes()));
    }
    let many = crowd(host.address(), CROWD / 6, &bytes);
    bounded(&host, "58 waiting requests each");
    for stream in &many {
        // Fails where the server has ended it.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
