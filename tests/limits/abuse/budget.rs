//! Thousands of connections that each hold a little: together they stay within the bound of the
//! process, an ordinary client is served meanwhile, and whoever is idle and holds nothing stays.

use super::host::{Host, RESIDENT_KIB_MAX};
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
        let many = crowd(host.address(), CROWD / 3, bytes);
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
    let many = crowd(host.address(), CROWD / 9, &bytes);
    bounded(&host, "58 waiting requests each");
    for stream in &many {
        // Fails where the server has ended it.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// What the kernel holds of the server's answers, in KiB: the queues of sent bytes that were not
/// acknowledged, of all connections whose local port is the server's (proc_net_tcp of Linux).
fn unread_kib(address: &str) -> u64 {
    let port: u16 = address.rsplit_once(':').unwrap().1.parse().unwrap();
    let port = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let queued = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_connected = fields[1].ends_with(&port) && fields[3] != "0A";
        let queue = fields[4].split_once(':')?.0;
        is_connected.then(|| u64::from_str_radix(queue, 16).unwrap())
    });
    queued.sum::<u64>() >> 10
}

/// What the kernel may hold, in KiB.
const UNREAD_KIB_MAX: u64 = 128 << 10;

/// A while after the last connection the kernel holds no more than it may: who does not read for
/// two seconds goes.
fn is_bounded_in_kernel(address: &str, case: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    let (mut unread, mut most) = (u64::MAX, 0);
    while unread > UNREAD_KIB_MAX && Instant::now() < until {
        std::thread::sleep(SETTLE / 2);
        unread = unread_kib(address);
        most = most.max(unread);
    }
    println!("{case}: {unread} KiB in the kernel, {most} at most");
    assert!(unread <= UNREAD_KIB_MAX, "{case}: {unread} KiB");
}

#[test]
fn answers_that_thousands_do_not_read_stay_within_the_bounds() {
    let asks: Vec<u8> = (1..=50)
        .flat_map(|id| frame(format!(r#"{{"type":"get","id":{id},"name":"large"}}"#).as_bytes()))
        .collect();
    let asks = [frame(HELLO.as_bytes()), asks].concat();
    for (case, more) in [
        ("gets that nobody reads", &["--threads", "1"][..]),
        ("gets that nobody reads, two threads", &["--threads", "2"]),
    ] {
        let host = Host::start(more);
        std::fs::File::create(host.path("large")).unwrap().set_len(1 << 30).unwrap();
        let mut idle = host.greeted();
        let many = crowd(host.address(), CROWD / 9, &asks);
        bounded(&host, case);
        is_bounded_in_kernel(host.address(), case);
        is_kept(&mut idle);
        drop(many);
    }
}

#[test]
fn a_classic_file_that_thousands_do_not_read_stays_within_the_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large");
    std::fs::File::create(&file).unwrap().set_len(1 << 30).unwrap();
    let serving = crate::serving::Serving::start(&file, &["--classic"]);
    let many = crowd(&serving.address, CROWD / 2, b"");
    std::thread::sleep(SETTLE);
    is_bounded_in_kernel(&serving.address, "classic");
    let most = kib(serving.process.0.id(), "VmHWM").unwrap();
    println!("classic: {most} KiB at most");
    assert!(most <= RESIDENT_KIB_MAX, "{most} KiB");
    drop(many);
}
