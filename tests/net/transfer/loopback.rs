//! Files through a running server and the library's client, over loopback.

use crate::bytes::bytes;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use wirewright::digest::DigestKind;
use wirewright::name::Name;
use wirewright::net::FileReport;
use wirewright::net::files::Root;
use wirewright::net::files::{Destination, Sources};
use wirewright::net::transfer::{client, server};
use wirewright::transfer::message::Durability;

/// A server on a thread of its own, over a directory that goes away with it.
struct Running {
    folder: tempfile::TempDir,
    address: SocketAddr,
    stop: wirewright::net::reactor::StopHandle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(set: impl FnOnce(&mut server::Options, &Path)) -> Running {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let mut options = server::Options::new(Sources::Files(root));
        options.writable = true;
        set(&mut options, folder.path());
        let server = server::Server::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
        let (address, stop) = (server.local_addr(), server.stop_handle());
        let thread = Some(std::thread::spawn(move || server.run().unwrap()));
        Running { folder, address, stop, thread }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn endpoint(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn get(server: &Running, names: &[&str], to: &Path, options: &client::Options) -> Vec<FileReport> {
    let names: Vec<Name> = names.iter().map(|text| name(text)).collect();
    let to = Destination::Directory(to.to_owned());
    client::get(&server.endpoint(), &names, &to, options).unwrap()
}

/// Sizes around every boundary: groups of three, chunks, frames of a small limit.
const SIZES: [usize; 14] =
    [0, 1, 2, 3, 4, 49_151, 49_152, 49_153, 196_607, 196_608, 196_609, 393_216, 393_217, 5_000_001];

#[test]
fn files_of_all_sizes_arrive_equal() {
    let server = Running::start(|_, _| {});
    let names: Vec<String> = SIZES.iter().map(|size| format!("ü dir/{size} bytes")).collect();
    std::fs::create_dir(server.path("ü dir")).unwrap();
    for (name, size) in names.iter().zip(SIZES) {
        std::fs::write(server.path(name), bytes(size)).unwrap();
    }
    for (kind, connections) in
        [(DigestKind::Blake3, 1), (DigestKind::Sha256, 3), (DigestKind::None, 1)]
    {
        let to = tempfile::tempdir().unwrap();
        let mut options = client::Options::default().with_connections(connections);
        options.session.digests = vec![kind];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for (report, size) in get(&server, &names, to.path(), &options).iter().zip(SIZES) {
            assert_eq!(report.outcome, Ok(()), "{report:?}");
            assert_eq!(report.bytes, size as u64);
            assert_eq!(
                std::fs::read(to.path().join(report.name.as_raw_str())).unwrap(),
                bytes(size)
            );
            assert_eq!(report.digest.is_some(), kind != DigestKind::None);
        }
        let left = std::fs::read_dir(to.path().join("ü dir")).unwrap().count();
        assert_eq!(left, SIZES.len(), "nothing is left beside the files");
    }
}

#[test]
fn files_are_put_and_listed() {
    let server = Running::start(|_, _| {});
    let from = tempfile::tempdir().unwrap();
    let files: Vec<(Name, PathBuf)> = SIZES
        .iter()
        .map(|size| {
            let path = from.path().join(format!("{size}"));
            std::fs::write(&path, bytes(*size)).unwrap();
            (name(&format!("{size}")), path)
        })
        .collect();
    let reports = client::put(&server.endpoint(), &files, &client::Options::default()).unwrap();
    for (report, size) in reports.iter().zip(SIZES) {
        assert_eq!(report.outcome, Ok(()));
        assert_eq!(report.durability, Some(Durability::Fsync));
        assert_eq!(std::fs::read(server.path(report.name.as_raw_str())).unwrap(), bytes(size));
    }
    let again = client::put(&server.endpoint(), &files, &client::Options::default()).unwrap();
    // The same content under the same name is success, and no byte of it travels.
    assert!(again.iter().all(|report| (&report.outcome, report.moved) == (&Ok(()), 0)));
    let mut options = client::Options::default();
    options.session.digests = vec![DigestKind::None];
    let blind = client::put(&server.endpoint(), &files, &options).unwrap();
    assert!(
        blind
            .iter()
            .all(|report| { matches!(&report.outcome, Err(failure) if failure.code == "exists") })
    );
    let listed = Arc::new(std::sync::Mutex::new(Vec::new()));
    let into = listed.clone();
    let each = move |entry| into.lock().unwrap().push(entry);
    client::list(&server.endpoint(), &client::Options::default(), each).unwrap();
    let mut sizes: Vec<u64> = listed.lock().unwrap().iter().map(|entry| entry.size).collect();
    sizes.sort_unstable();
    let mut expected: Vec<u64> = SIZES.iter().map(|size| *size as u64).collect();
    expected.sort_unstable();
    assert_eq!(sizes, expected);
}

#[test]
fn classic_file_arrives_equal() {
    for size in SIZES {
        let server = Running::start(|options, folder| {
            std::fs::write(folder.join("guido ü.jpg"), bytes(size)).unwrap();
            options.classic = Some(name("guido ü.jpg"));
        });
        let to = tempfile::tempdir().unwrap();
        let destination = Destination::Directory(to.path().to_owned());
        let options = client::Options::default();
        let report = client::get_classic(&server.endpoint(), &destination, &options).unwrap();
        assert_eq!((report.outcome, report.bytes), (Ok(()), size as u64));
        assert_eq!(std::fs::read(to.path().join("guido ü.jpg")).unwrap(), bytes(size));
        assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 1);
    }
}

/// A connection with a small window of so many bytes, on which the file `f` is asked for.
fn asking_for_f(server: &Running, window: usize) -> std::net::TcpStream {
    asking_from_afar(server, window, None)
}

/// The same in segments of another length than that of loopback, as on other lines.
fn asking_from_afar(server: &Running, window: usize, segment: Option<u32>) -> std::net::TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    #[cfg(target_os = "linux")]
    segment.into_iter().for_each(|segment| socket.set_tcp_mss(segment).unwrap());
    #[cfg(not(target_os = "linux"))]
    let _ = segment;
    // So that the kernel does not take it all at once.
    socket.set_recv_buffer_size(window).unwrap();
    socket.connect(&server.address.into()).unwrap();
    let mut stream: std::net::TcpStream = socket.into();
    let nonce = "00".repeat(16);
    let hello = format!(
        "{{\"type\":\"hello\",\"versions\":[1],\"max_frame\":1048576,\
         \"digests\":[\"none\"],\"nonce\":\"{nonce}\"}}"
    );
    for text in [hello.as_str(), r#"{"type":"get","id":1,"name":"f"}"#] {
        stream.write_all(&(text.len() as u32).to_be_bytes()).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
    }
    stream
}

/// A server of a file of 4 MiB, which ends a client that takes nothing for a second.
fn ends_slow_readers() -> Running {
    Running::start(|options, folder| {
        std::fs::write(folder.join("f"), vec![7; 4 << 20]).unwrap();
        let mut config = wirewright::transfer::server::Config::default();
        config.limits.transfer_wait = Duration::from_secs(1);
        options.session = Arc::new(config);
        options.run.limits.flush_wait = Duration::from_millis(200);
        options.grace = Duration::ZERO;
    })
}

/// A socket takes more only when half of what the kernel holds is sent. A peer that needs longer
/// for that than the server waits, for it reads at a limited rate, has read all the same.
#[cfg(target_os = "linux")]
#[test]
fn a_reader_slower_than_the_buffers_of_the_kernel_is_no_silent_one() {
    let server = ends_slow_readers();
    let mut stream = asking_for_f(&server, 4096);
    let mut piece = [0; 4096];
    for at in 0..60 {
        std::thread::sleep(Duration::from_millis(100));
        let read = stream.read(&mut piece);
        assert!(matches!(read, Ok(1..)), "{read:?} after {at} reads");
    }
}

/// The length of a segment of Ethernet.
#[cfg(target_os = "linux")]
const ETHERNET: Option<u32> = Some(1448);

/// The same of one that is so slow that the kernel's buffer stays full all the time. The window is
/// that of a client with a limit of a few KiB a second; all times are a fifteenth.
#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_leaves_the_buffers_of_the_kernel_full_is_no_silent_one() {
    let server = Running::start(|options, folder| {
        std::fs::write(folder.join("f"), vec![7; 4 << 20]).unwrap();
        let mut config = wirewright::transfer::server::Config::default();
        config.limits.transfer_wait = Duration::from_secs(2);
        options.session = Arc::new(config);
        options.run.limits.flush_wait = Duration::from_millis(200);
        options.grace = Duration::ZERO;
    });
    let (small, usual) = (4096, 8192);
    let readers: Vec<_> =
        [(512, small, None), (512, small, ETHERNET), (1024, usual, None), (1024, usual, ETHERNET)]
            .map(|(bytes, window, segment)| {
                let mut stream = asking_from_afar(&server, window, segment);
                std::thread::spawn(move || {
                    let mut piece = vec![0; bytes];
                    for at in 0..80 {
                        std::thread::sleep(Duration::from_millis(100));
                        let read = stream.read(&mut piece);
                        assert!(matches!(read, Ok(1..)), "{bytes}: {read:?} after {at} reads");
                    }
                })
            })
            .into();
    readers.into_iter().for_each(|reader| reader.join().unwrap());
}

/// One that reads nothing at all still is.
#[test]
fn a_reader_that_never_reads_is_ended() {
    let server = ends_slow_readers();
    let mut stream = asking_for_f(&server, 8192);
    std::thread::sleep(Duration::from_secs(4));
    // What had come before is there, and then the end.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut heard = Vec::new();
    let end = stream.read_to_end(&mut heard);
    assert!(heard.len() < 2 << 20, "{} bytes, {end:?}", heard.len());
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

/// A small file goes out in one turn of the server; reading it slowly is progress all the same.
#[test]
fn a_reader_that_is_slow_but_steady_gets_a_small_file_whole() {
    let server = Running::start(|options, folder| {
        std::fs::write(folder.join("f"), vec![7; 390_000]).unwrap();
        let mut config = wirewright::transfer::server::Config::default();
        config.limits.idle_wait = Duration::from_millis(400);
        options.session = Arc::new(config);
        options.run.limits.flush_wait = Duration::from_millis(200);
        options.grace = Duration::ZERO;
    });
    let mut stream = asking_for_f(&server, 4096);
    // A few times as long as the server waits for a peer that does not move.
    let (mut heard, mut piece) = (Vec::new(), [0; 4096]);
    while !heard.windows(12).any(|bytes| bytes == br#""type":"end""#) {
        std::thread::sleep(Duration::from_millis(15));
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0, "it ended after {} bytes", heard.len());
        heard.splice(..heard.len().saturating_sub(16), []);
        heard.extend_from_slice(&piece[..read]);
    }
}

/// A server that accepts and says nothing: the wait of the protocol runs out, unless more time was
/// asked for. In either case the error names what did not come.
#[test]
fn a_timeout_that_is_longer_extends_the_waits_of_the_protocol() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = silent.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, "a").unwrap();
    let words = |reports: Vec<FileReport>| reports[0].outcome.clone().unwrap_err().to_string();
    for timeout in [None, Some(Duration::from_secs(1))] {
        let mut options = client::Options::default();
        options.run.timeout = timeout;
        let limits = &mut options.session.limits;
        (limits.answer_wait, limits.transfer_wait) =
            (Duration::from_millis(100), Duration::from_millis(100));
        options = options.with_waits_of_at_least(timeout.unwrap_or_default());
        let to = Destination::Directory(folder.path().to_owned());
        let since = Instant::now();
        let got = words(client::get(&endpoint, &[name("b")], &to, &options).unwrap());
        let put = words(client::put(&endpoint, &[(name("a"), path.clone())], &options).unwrap());
        let listed = client::list(&endpoint, &options, |_| {}).unwrap_err().to_string();
        for told in [got, put, listed] {
            assert_eq!(told, "timed out waiting for the server's hello");
        }
        assert!(since.elapsed() >= timeout.unwrap_or_default() * 3, "{timeout:?}: ended too early");
    }
}
