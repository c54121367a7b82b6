//! Many peers, greedy peers, peers that do not read: the others are served, and the memory is
//! bounded.

use super::host::Host;
use crate::peer::{HELLO, Peer, frame};
use serde_json::json;
use socket2::SockRef;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may need to fill the sockets of those who do not read.
const FILL: Duration = Duration::from_millis(1500);

/// Watches the memory for a while; the most it has grown, in KiB.
fn most_grown(host: &Host, during: Duration) -> u64 {
    let until = Instant::now() + during;
    let mut most = 0;
    while Instant::now() < until {
        most = most.max(host.grown());
        sleep(Duration::from_millis(10));
    }
    most
}

fn large(host: &Host) {
    std::fs::File::create(host.path("large")).unwrap().set_len(1 << 30).unwrap();
}

#[test]
fn one_greedy_peer_does_not_keep_others_from_being_served() {
    let host = Host::start(&[]);
    let mut peer = host.greeted();
    let asks: Vec<u8> = (1..=5000)
        .flat_map(|id| frame(json!({"type":"get","id":id,"name":"good"}).to_string().as_bytes()))
        .collect();
    let ended = AtomicBool::new(false);
    let mut stream = peer.stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        // Blocks when the server does not take more; ends when the connection does.
        scope.spawn(|| stream.write_all(&asks).is_ok());
        scope.spawn(|| {
            let mut some = vec![0; 64 << 10];
            while !ended.load(Ordering::Relaxed) && peer.stream.read(&mut some).is_ok() {
                sleep(Duration::from_millis(10));
            }
            // Fails where the connection has ended.
            let _ = peer.stream.shutdown(Shutdown::Both);
        });
        let came = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..5 {
                host.get();
            }
            host.grown()
        }));
        ended.store(true, Ordering::Relaxed);
        let grown = came.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        println!("one greedy peer: {grown} KiB more");
        assert!(grown <= 12 << 10, "{grown} KiB");
    });
    host.is_well();
}

#[test]
fn readers_that_do_not_read_pin_a_bounded_memory() {
    let host = Host::start(&[]);
    large(&host);
    let stall = |_| {
        let mut peer = host.greeted();
        peer.say(r#"{"type":"get","id":1,"name":"large"}"#).unwrap();
        peer
    };
    let one = stall(0);
    let grown = most_grown(&host, FILL);
    println!("one stalled reader: {grown} KiB");
    assert!(grown <= 8 << 10, "{grown} KiB for one");
    let many: Vec<Peer> = (0..200).map(stall).collect();
    let grown = most_grown(&host, FILL);
    println!("201 stalled readers: {grown} KiB");
    assert!(grown <= 16 << 10, "{grown} KiB for 201");
    host.get();
    drop((one, many));
    host.is_well();
}

#[test]
fn more_threads_do_not_pin_more_memory() {
    let host = Host::start(&["--threads", "8"]);
    large(&host);
    let many: Vec<Peer> = (0..100)
        .map(|_| {
            let mut peer = host.greeted();
            peer.say(r#"{"type":"get","id":1,"name":"large"}"#).unwrap();
            peer
        })
        .collect();
    let grown = most_grown(&host, FILL);
    println!("100 stalled readers on 8 threads: {grown} KiB");
    assert!(grown <= 24 << 10, "{grown} KiB");
    host.get();
    drop(many);
    host.get();
}

#[test]
fn listers_that_do_not_read_pin_a_bounded_memory() {
    let host = Host::start(&[]);
    std::fs::create_dir(host.path("many")).unwrap();
    for at in 0..2000 {
        let name = format!("many/{at:04}{}", "n".repeat(150));
        std::fs::write(host.path(&name), "").unwrap();
    }
    let asks: Vec<u8> = (1..=60)
        .flat_map(|id| frame(json!({"type": "list", "id": id}).to_string().as_bytes()))
        .collect();
    let many: Vec<Peer> = (0..100)
        .map(|_| {
            let mut peer = host.greeted();
            peer.stream.write_all(&asks).unwrap();
            peer
        })
        .collect();
    let grown = most_grown(&host, FILL);
    println!("100 listers that do not read: {grown} KiB");
    host.get();
    drop(many);
    std::fs::remove_dir_all(host.path("many")).unwrap();
    // Each holds a page or two that wait, and a buffer of its directory.
    assert!(grown <= 100 * 256, "{grown} KiB");
    host.get();
}

/// Writes without waiting as much as the other side takes, up to all of it.
fn push(stream: &mut TcpStream, mut bytes: &[u8], until: Instant) -> usize {
    stream.set_nonblocking(true).unwrap();
    let all = bytes.len();
    while !bytes.is_empty() && Instant::now() < until {
        match stream.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    all - bytes.len()
}

/// Of the file that comes before the requests, in bytes: enough for the kernel to widen its window.
const AHEAD: usize = 6_000_000;

/// A put of [`AHEAD`] bytes, and behind it 80,000 requests whose answers nobody will read.
fn greedy_put() -> Vec<u8> {
    let data = "AAAA".repeat(50_000);
    let mut bytes = Vec::new();
    for offset in (0..AHEAD).step_by(150_000) {
        let chunk = json!({"type": "chunk", "id": 1, "offset": offset, "filedata": data});
        bytes.extend(frame(chunk.to_string().as_bytes()));
    }
    bytes.extend(frame(json!({"type": "end", "id": 1, "size": AHEAD}).to_string().as_bytes()));
    for id in 2..80_000 {
        let get = format!("{{\"type\":\"get\",\"id\":{id},\"name\":\"large\"}}");
        bytes.extend(frame(get.as_bytes()));
    }
    bytes
}

#[test]
fn requests_behind_a_file_whose_answers_nobody_reads_pin_a_bounded_memory() {
    let host = Host::start(&[]);
    large(&host);
    let bytes = greedy_put();
    let mut many = Vec::new();
    for at in 0..16 {
        let mut peer = host.greeted();
        let put = json!({"type":"put","id":1,"name":format!("p{at}"),"size":AHEAD,"etag":"e"});
        peer.say(&put.to_string()).unwrap();
        peer.hear().unwrap();
        push(&mut peer.stream, &bytes, Instant::now() + Duration::from_millis(500));
        many.push(peer);
    }
    let grown = most_grown(&host, FILL);
    println!("16 peers with requests behind a file: {grown} KiB");
    host.get();
    drop(many);
    assert!(grown <= 16 << 10, "{grown} KiB");
    host.is_well();
}

#[test]
fn a_length_that_is_claimed_takes_no_memory() {
    let host = Host::start(&[]);
    let claim = [&1_048_576_u32.to_be_bytes()[..], b"{\"x\":\""].concat();
    let many: Vec<Peer> = (0..300)
        .map(|_| {
            let mut peer = host.greeted();
            peer.stream.write_all(&claim).unwrap();
            peer
        })
        .collect();
    let grown = most_grown(&host, FILL / 3);
    println!("300 claims of 1 MiB: {grown} KiB");
    assert!(grown <= 300 * 8, "{grown} KiB");
    drop(many);
    host.is_well();
}

/// Many who begin a long message and never end it, with and without a payload in a wrong place.
#[test]
fn messages_that_do_not_end_pin_a_bounded_memory() {
    let text = "A".repeat(1_000_000);
    for begun in ["{\"x\":\"", "{\"type\":\"chunk\",\"filedata\":\""] {
        let host = Host::start(&[]);
        let until = Instant::now() + Duration::from_secs(20);
        let many: Vec<Peer> = (0..100)
            .map(|_| {
                let mut peer = host.greeted();
                let length = 1_048_576_u32.to_be_bytes();
                let bytes = [&length[..], begun.as_bytes(), text.as_bytes()].concat();
                push(&mut peer.stream, &bytes, until);
                peer
            })
            .collect();
        let grown = most_grown(&host, FILL);
        println!("100 messages of 1 MB without an end: {grown} KiB");
        assert!(grown <= 24 << 10, "{grown} KiB");
        drop(many);
        host.is_well();
    }
}

/// Comes and goes in one of many ways.
fn visit(host: &Host, how: usize) {
    let mut peer = Peer::connect(host.address());
    let half = &frame(HELLO.as_bytes())[..50];
    // All of these may fail: a server with no room for us has not taken us in yet.
    let _ = match how {
        0 => Ok(()),
        1 => SockRef::from(&peer.stream).set_linger(Some(Duration::ZERO)),
        2 => peer.stream.shutdown(Shutdown::Write),
        3 => peer.stream.write_all(half),
        4 => peer.stream.write_all(b"GET / HTTP/1.1\r\n\r\n"),
        5 => peer.say(HELLO).and_then(|()| peer.say(r#"{"type":"get","id":1,"name":"good"}"#)),
        _ => peer.say(HELLO).and_then(|()| {
            SockRef::from(&peer.stream).set_linger(Some(Duration::ZERO))?;
            peer.say(r#"{"type":"put","id":1,"name":"never","size":9,"etag":"e"}"#)
        }),
    };
}

#[test]
fn a_storm_of_visitors_leaves_every_place_free() {
    let host = Host::start(&["--max-connections", "8"]);
    for round in 0..1400 {
        visit(&host, round % 7);
    }
    // If places leaked there would be none left for these. Those who have gone may not have been
    // noticed yet.
    let (mut eight, until) = (Vec::new(), Instant::now() + Duration::from_secs(20));
    while eight.len() < 8 {
        assert!(Instant::now() < until, "{} places of 8", eight.len());
        let mut peer = Peer::connect(host.address());
        peer.say(HELLO).unwrap();
        let said = peer.hear().unwrap().unwrap();
        if said["type"] == "hello" {
            eight.push(peer);
        } else {
            assert_eq!(said["code"], "busy", "{said}");
        }
    }
    drop(eight);
    assert!(!host.path("never").exists());
    host.is_well();
}

#[test]
fn a_peer_that_ends_its_half_is_still_answered_and_then_let_go() {
    let host = Host::start(&[]);
    let mut peer = host.greeted();
    for id in 1..=3 {
        peer.say(&json!({"type": "get", "id": id, "name": "good"}).to_string()).unwrap();
    }
    peer.stream.shutdown(Shutdown::Write).unwrap();
    let mut ends = Vec::new();
    while let Some(message) = peer.hear().unwrap() {
        if message["type"] == "end" {
            ends.push(message["id"].as_u64().unwrap());
        }
    }
    assert_eq!(ends, [1, 2, 3]);
    host.is_well();
}
