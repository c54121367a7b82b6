//! Thousands of TLS connections that say nothing, or only begin: what the library holds for them is
//! part of the budget.

use super::budget::{crowd, open};
use crate::client::run;
use crate::memory::kib;
use crate::serving::Serving;
use std::time::{Duration, Instant};

const CERTIFICATE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin/wirewright/bench/localhost.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin/wirewright/bench/localhost.key");

/// What the process may hold beyond what is in its files, in KiB: the budget, buffers that are in
/// use, and what the allocator loses.
const ANON_KIB_MAX: u64 = 22 << 10;

/// What may stay when they have gone, in KiB.
const LEFT_KIB_MAX: u64 = 6 << 10;

/// The same where two threads share the crowd, in KiB: what one of them held may stay, too.
const LEFT_OF_TWO_KIB_MAX: u64 = 12 << 10;

/// How long the server may take over a crowd.
const SETTLE: Duration = Duration::from_secs(2);

/// The first record of a client: a ClientHello of TLS 1.2 that offers two suites (RFC 5246
/// §7.4.1.2) with the extensions that OpenSSL wants to see before it answers.
fn client_hello() -> Vec<u8> {
    let extensions: &[u8] = &[
        0, 13, 0, 8, 0, 6, 8, 4, 4, 1, 4, 3, // signature_algorithms: RSA, ECDSA with SHA-256
        0, 10, 0, 6, 0, 4, 0, 29, 0, 23, // supported_groups: x25519, secp256r1
        0, 11, 0, 2, 1, 0, // ec_point_formats
    ];
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 4, 0xC0, 0x2F, 0xC0, 0x2B, 1, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    let length = (body.len() as u32).to_be_bytes();
    let message = [&[1][..], &length[1..], &body].concat();
    let length = (message.len() as u16).to_be_bytes();
    [&[22, 3, 1][..], &length, &message].concat()
}

fn fetch(address: &str) {
    let options = ["--tls", "--cacert", CERTIFICATE, "--tls-name", "localhost", "--timeout", "60"];
    let get = [&["get", address, "good", "-o", "/dev/null"][..], &options].concat();
    let ran = run(&get, Duration::from_secs(60));
    assert_eq!(ran.status, Some(0), "{ran:?}");
}

fn anon(serving: &Serving) -> u64 {
    kib(serving.process.0.id(), "RssAnon").unwrap()
}

/// A crowd of which each sends `bytes`, and the memory back. The folder's name is so long. Gives
/// how many of them are left in the end.
fn abuse(count: usize, bytes: &[u8], name_len: usize, threads: &str) -> usize {
    let folder = tempfile::Builder::new().prefix(&"n".repeat(name_len)).tempdir().unwrap();
    std::fs::write(folder.path().join("good"), vec![7; 1 << 20]).unwrap();
    let args = ["--tls-cert", CERTIFICATE, "--tls-key", KEY, "--threads", threads];
    let serving = Serving::start(folder.path(), &args);
    fetch(&serving.address);
    let many = crowd(&serving.address, count, bytes);
    let until = Instant::now() + SETTLE;
    let mut most = 0;
    while Instant::now() < until {
        most = most.max(anon(&serving));
        std::thread::sleep(Duration::from_millis(20));
    }
    fetch(&serving.address);
    let left = open(&many);
    drop(many);
    let until = Instant::now() + Duration::from_secs(20);
    let left_max = if threads == "1" { LEFT_KIB_MAX } else { LEFT_OF_TWO_KIB_MAX };
    while anon(&serving) > left_max && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("{count} with {} bytes: {most} KiB, then {}", bytes.len(), anon(&serving));
    assert!(most <= ANON_KIB_MAX, "{most} KiB");
    assert!(anon(&serving) <= left_max, "{} KiB did not come back", anon(&serving));
    left
}

/// The allocator gives memory back from the end of its heap, and what stands there depends on all
/// that was allocated before: so this is tried with several crowds.
#[test]
fn thousands_of_silent_connections_cost_no_state_of_the_library() {
    for (count, name_len) in [(8000, 3), (7777, 9), (7000, 20), (6500, 60), (6000, 100)] {
        // Whoever was silent for the time of a handshake has gone by itself on a busy machine.
        let left = abuse(count, b"", name_len, "1");
        println!("{left} silent ones are left");
    }
}

#[test]
fn thousands_of_handshakes_that_were_begun_stay_within_the_budget() {
    assert!(abuse(2500, &client_hello(), 3, "1") < 1250);
    assert!(abuse(2500, &client_hello()[..3], 3, "1") < 1250);
}

/// Each thread has a heap of its own. That of the first thread comes back, in which nothing of the
/// other threads stays; glibc keeps that of the second.
#[test]
fn the_first_of_two_threads_gives_its_memory_of_a_crowd_back() {
    abuse(8000, b"", 3, "2");
}
