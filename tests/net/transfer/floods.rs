//! Peers that are silent, and peers that talk without getting anywhere: the deadline of progress
//! ends both. The deadlines are shortened, so the server is the library's.

use crate::last_words::last_words;
use crate::peer::{HELLO, Peer, frame};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};
use wirewright::name::Name;
use wirewright::net::RunOptions;
use wirewright::net::connection;
use wirewright::net::files::{Destination, Sources};
use wirewright::net::files::{Durability, Root};
use wirewright::net::reactor::StopHandle;
use wirewright::net::transfer::{client, server};
use wirewright::transfer::server::{Config, Limits};

/// The deadline of a server here. Generous against a machine that is busy.
const WAIT: Duration = Duration::from_millis(800);

/// Any of these peers is gone by then.
const GONE: Duration = Duration::from_secs(20);

/// How often a flooding peer speaks: too seldom for its payload to count as progress.
const PACE: Duration = Duration::from_millis(2);

struct Hasty {
    folder: tempfile::TempDir,
    address: String,
    stop: StopHandle,
    thread: Option<JoinHandle<()>>,
}

impl Hasty {
    fn start() -> Hasty {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("good"), vec![7; 1 << 20]).unwrap();
        let limits = Limits {
            hello_wait: WAIT,
            idle_wait: WAIT * 2,
            transfer_wait: WAIT,
            ..Limits::default()
        };
        let options = server::Options::new(Sources::Files(Root::open(folder.path()).unwrap()))
            .with_session(Arc::new(Config { limits, ..Config::default() }))
            .with_run(RunOptions::default().with_limits(connection::Limits {
                flush_wait: WAIT,
                linger_wait: WAIT,
                ..connection::Limits::default()
            }))
            .with_writable(true)
            .with_durability(Durability::None);
        let server = server::Server::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
        let (address, stop) = (server.local_addr().to_string(), server.stop_handle());
        let thread = Some(std::thread::spawn(move || server.run().unwrap()));
        Hasty { folder, address, stop, thread }
    }

    fn greeted(&self) -> Peer {
        Peer::greeted(&self.address)
    }

    /// A put that was granted.
    fn putting(&self, name: &str) -> Peer {
        let mut peer = self.greeted();
        let put = json!({"type":"put","id":1,"name":name,"size":1_000_000,"etag":"e"});
        peer.say(&put.to_string()).unwrap();
        assert_eq!(peer.hear().unwrap().unwrap()["type"], "ready");
        peer
    }

    fn is_well(&self) {
        let to = Destination::File(self.folder.path().join("got"));
        let options = client::Options::default().with_durability(Durability::None);
        let names = [Name::new("good").unwrap()];
        let reports = client::get(&self.address, &names, &to, &options).unwrap();
        assert_eq!(reports[0].outcome, Ok(()));
        let names = std::fs::read_dir(self.folder.path()).unwrap().flatten();
        let names = names.filter(|entry| entry.file_name().len() == 1);
        assert_eq!(names.count(), 0, "a part stands under a final name");
    }
}

impl Drop for Hasty {
    fn drop(&mut self) {
        self.stop.stop();
        let ended = self.thread.take().unwrap().join();
        // A second panic would hide the first.
        assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
    }
}

/// A silent peer is told why, within the time.
fn told(mut peer: Peer, case: &str) {
    let since = Instant::now();
    let said = last_words(&mut peer, case);
    assert_eq!(said["code"], "timed_out", "{case}: {said}");
    assert!(since.elapsed() < GONE, "{case}");
}

#[test]
fn a_claim_and_then_silence_is_cut_off() {
    let server = Hasty::start();
    let silent = |bytes: &[u8], mut peer: Peer| {
        peer.stream.write_all(bytes).unwrap();
        peer
    };
    let claim = 1_048_576_u32.to_be_bytes();
    let begun = r#"{"type":"chunk","id":1,"offset":0,"filedata":"AAAA"#;
    let chunk = [&claim[..], begun.as_bytes()].concat();
    let connect = || Peer::connect(&server.address);
    let cases = [
        ("nothing", connect()),
        ("a byte", silent(&[0], connect())),
        ("a claim", silent(&65_536_u32.to_be_bytes(), connect())),
        ("half a hello", silent(&frame(HELLO.as_bytes())[..40], connect())),
        ("a claim behind the hello", silent(&claim, server.greeted())),
        ("nothing behind the hello", server.greeted()),
        ("a put without a chunk", server.putting("1")),
        ("a put and a claim", silent(&claim, server.putting("2"))),
        ("half a chunk", silent(&chunk, server.putting("3"))),
    ];
    for (case, peer) in cases {
        told(peer, case);
    }
    server.is_well();
}

/// Talks until it is cut off, reading what it is told. Gives the last thing.
fn flood(mut peer: Peer, mut next: impl FnMut(u64) -> String + Send, case: &str) -> Value {
    let stream = peer.stream.try_clone().unwrap();
    let heard = std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut talker = Peer { stream };
            let until = Instant::now() + GONE;
            for count in 0.. {
                if Instant::now() > until || talker.say(&next(count)).is_err() {
                    break;
                }
                sleep(PACE);
            }
            // Fails where the connection has ended, which is what is waited for.
            let _ = talker.stream.shutdown(Shutdown::Both);
        });
        let mut last = Value::Null;
        while let Ok(Some(message)) = peer.hear() {
            last = message;
        }
        last
    });
    assert_eq!(heard["code"], "timed_out", "{case}: {heard}");
    heard
}

#[test]
fn floods_without_payload_are_cut_off_in_spite_of_their_traffic() {
    let server = Hasty::start();
    let chunk = |count: u64| {
        json!({"type": "chunk", "id": 1, "offset": 3 * count, "filedata": "AAAA"}).to_string()
    };
    let cancel = |_| json!({"type": "cancel", "id": 900_000}).to_string();
    let padded = |_| json!({"type": "cancel", "id": 900_000, "x": "y".repeat(9000)}).to_string();
    let unknown = |_| json!({"type": "noise", "id": 900_000}).to_string();
    let queued = |count: u64| match count % 2 {
        0 => json!({"type": "get", "id": count + 2, "name": "good"}).to_string(),
        _ => json!({"type": "cancel", "id": count + 1}).to_string(),
    };
    let begun = Instant::now();
    let greeted = server.greeted();
    std::thread::scope(|scope| {
        scope.spawn(|| flood(server.putting("0"), chunk, "tiny chunks"));
        scope.spawn(|| flood(server.putting("1"), cancel, "empty frames"));
        scope.spawn(|| flood(server.putting("2"), padded, "large frames without payload"));
        scope.spawn(|| flood(server.putting("3"), unknown, "unknown messages"));
        scope.spawn(|| flood(server.putting("4"), queued, "requests taken back"));
        scope.spawn(|| flood(greeted, unknown, "unknown messages of nobody"));
    });
    assert!(begun.elapsed() < GONE, "they were cut off by us, not by the server");
    server.is_well();
}

#[test]
fn a_hello_that_drips_is_cut_off() {
    let server = Hasty::start();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(PACE)).unwrap();
    let hello = frame(&[HELLO.as_bytes(), &[b' '; 60_000]].concat());
    let (begun, mut heard) = (Instant::now(), Vec::new());
    for byte in hello {
        if stream.write_all(&[byte]).is_err() {
            break;
        }
        let mut some = [0; 1000];
        match stream.read(&mut some) {
            Ok(0) => break,
            Ok(count) => heard.extend_from_slice(&some[..count]),
            Err(_) => {}
        }
    }
    assert!(String::from_utf8_lossy(&heard).contains("\"timed_out\""), "{heard:?}");
    assert!(begun.elapsed() < GONE);
    server.is_well();
}

#[test]
fn a_reader_that_stops_is_cut_off() {
    let server = Hasty::start();
    let large = std::fs::File::create(server.folder.path().join("large")).unwrap();
    large.set_len(1 << 30).unwrap();
    let mut peer = server.greeted();
    peer.say(r#"{"type":"get","id":1,"name":"large"}"#).unwrap();
    // Stalled for longer than the deadline and what last words may take.
    sleep(WAIT * 5);
    let (mut rest, until) = (0, Instant::now() + GONE);
    let mut some = vec![0; 1 << 20];
    // What the kernels held is still there to be read; then it ends, one way or the other.
    while Instant::now() < until {
        match peer.stream.read(&mut some) {
            Ok(0) | Err(_) => break,
            Ok(count) => rest += count,
        }
    }
    assert!(Instant::now() < until, "it was never cut off");
    println!("a reader that stopped found {rest} bytes");
    assert!(rest < 64 << 20, "{rest}");
    server.is_well();
}
