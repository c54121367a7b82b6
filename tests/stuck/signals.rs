//! A signal ends a client at once and in order in every state before its transfer runs: while the
//! name is looked up, while it connects, in the TLS handshake, before the first word of the peer,
//! and between two attempts to put a file.

use crate::{Stuck, WAIT, start, stderr_of};
use rustix::process::{Pid, Signal, getpid, kill_process};
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use wirewright::name::Name;
use wirewright::net::daytime;
use wirewright::net::files::Destination;
use wirewright::net::transfer::client::{self, Options};
use wirewright::net::transport::tls::ClientTls;
use wirewright::net::{Error, FileReport};

/// A signal while a client waits in its reactor: it dies by the signal, too, and says so before.
#[test]
fn a_signal_ends_a_client_that_waits_for_its_peer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let url = format!("http://{address}/");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "content").unwrap();
    for words in [
        &["ls", &address][..],
        &["get", &address, "x"],
        &["get", "-j", "4", &address, "x", "y", "z"],
        &["get", "--classic", &address],
        &["put", &address, "file"],
        &["time", "get", &address],
        &["http", &url],
    ] {
        for signal in [Signal::INT, Signal::TERM] {
            let (mut process, _kept) = start(words, Stuck::Fifo, folder.path());
            let (_silent, _) = listener.accept().unwrap();
            process.sleeps();
            kill_process(Pid::from_child(&process.0), signal).unwrap();
            let status = process.end(&words.join(" "));
            assert_eq!(status.signal(), Some(signal.as_raw()), "{words:?}: {status:?}");
            let told = stderr_of(&mut process);
            assert!(told.contains(&address) && told.lines().count() == 1, "{words:?}: {told}");
        }
    }
}

/// A signal while a name is looked up, a connection opened, or a TLS handshake made. Nothing
/// can have been taken yet, so no answer is waited for, and the one line names the other side.
#[test]
fn a_signal_ends_a_client_that_has_no_connection_yet() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().map(|at| (silent, at.to_string())).unwrap();
    let (full, _waiting) = full_listener();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "content").unwrap();
    let mail = "--from a@b.example --to c@d.example --subject s --text t";
    let lines = [
        format!("get --tls {} x", silent.1),
        format!("put --tls {} file", silent.1),
        format!("ls --tls {}", silent.1),
        format!("get -j 4 --tls {} x y z", silent.1),
        format!("get --classic --tls {}", silent.1),
        format!("mail --server smtps://{} {mail}", silent.1),
        format!("http https://{}/", silent.1),
        format!("http https://{}/ -d x", silent.1),
        "get hanging:1 x".to_owned(),
        "get -j 4 hanging:1 x y z".to_owned(),
        "get --classic hanging:1".to_owned(),
        "put hanging:1 file".to_owned(),
        "ls hanging:1".to_owned(),
        "time get hanging:1".to_owned(),
        "time get --udp hanging:1".to_owned(),
        "http http://hanging:1/".to_owned(),
        format!("mail --server smtp://hanging:1 {mail}"),
        format!("get {full} x"),
        format!("get -j 4 {full} x y z"),
        format!("get --classic {full}"),
        format!("put {full} file"),
        format!("ls {full}"),
        format!("time get {full}"),
        format!("mail --server smtp://{full} {mail}"),
        format!("http http://{full}/ -d x"),
    ];
    for (line, signal) in lines.iter().zip([Signal::INT, Signal::TERM].into_iter().cycle()) {
        let words: Vec<&str> = line.split(' ').collect();
        let (mut process, _kept) = start(&words, Stuck::Fifo, folder.path());
        process.sleeps();
        kill_process(Pid::from_child(&process.0), signal).unwrap();
        let status = process.end(line);
        assert_eq!(status.signal(), Some(signal.as_raw()), "{line}: {status:?}");
        let told = stderr_of(&mut process);
        let is_one = told.starts_with("error: ") && told.lines().count() == 1;
        assert!(is_one && told.contains("interrupted"), "{line}: {told}");
        let is_named = [&silent.1, &full, "hanging:1"].iter().any(|side| told.contains(*side));
        assert!(is_named, "{line}: {told}");
    }
}

/// The address of a socket that listens and takes no further connection, and what keeps it full.
fn full_listener() -> (String, Vec<Socket>) {
    let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let listener = socket();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut kept = vec![listener];
    for _ in 0..4 {
        let client = socket();
        client.set_nonblocking(true).unwrap();
        // It is in progress.
        let _ = client.connect(&address);
        kept.push(client);
    }
    (address.as_socket().unwrap().to_string(), kept)
}

/// How many connections to this address are being set up, by this machine.
fn connecting_to(address: SocketAddr) -> usize {
    let SocketAddr::V4(v4) = address else { panic!("{address}") };
    let ip = u32::from_ne_bytes(v4.ip().octets());
    let remote = format!("{ip:08X}:{:04X}", v4.port());
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let is_it = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // SYN_SENT
        fields[2] == remote && fields[3] == "02"
    };
    table.lines().skip(1).filter(is_it).count()
}

/// A call of the library, by the address that it is given: its error, if it has one.
type Call = fn(&str, bool) -> Option<String>;

/// Each call opens so many connections.
const CALLS: [(&str, usize, Call); 5] =
    [("ls", 1, list), ("get", 4, get), ("classic", 1, classic), ("put", 3, put), ("time", 1, time)];

fn options(tls: bool) -> Options {
    let tls = tls.then(|| ClientTls::new(None).unwrap().named("localhost").unwrap());
    Options { tls, stop_at_signals: true, connections: 4, ..Options::default() }
}

fn of_reports(reports: Result<Vec<FileReport>, Error>) -> Option<String> {
    match reports {
        Ok(reports) => {
            reports.into_iter().find_map(|report| Some(report.outcome.err()?.code.to_string()))
        }
        Err(error) => Some(error.code().to_string()),
    }
}

fn list(address: &str, tls: bool) -> Option<String> {
    client::list(address, &options(tls), |_| {}).err().map(|error| error.code().to_string())
}

fn get(address: &str, tls: bool) -> Option<String> {
    let names = ["a", "b", "c", "d"].map(|name| Name::new(name).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let into = Destination::Directory(folder.path().to_owned());
    of_reports(client::get(address, &names, &into, &options(tls)))
}

fn classic(address: &str, tls: bool) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let into = Destination::Directory(folder.path().to_owned());
    of_reports(client::get_classic(address, &into, &options(tls)).map(|report| vec![report]))
}

fn put(address: &str, tls: bool) -> Option<String> {
    let here = std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let files = ["a", "b", "c"].map(|name| (Name::new(name).unwrap(), here.clone()));
    of_reports(client::put(address, &files, &options(tls)))
}

fn time(address: &str, _: bool) -> Option<String> {
    let options = daytime::Options { stop_at_signals: true, ..daytime::Options::default() };
    daytime::get(address, &options).err().map(|error| error.code().to_string())
}

/// Makes a call, sends a signal to this process once `is_ready`, and gives the error of the call.
fn interrupted(
    what: &str,
    call: impl FnOnce() -> Option<String> + Send,
    is_ready: impl Fn() -> bool,
) {
    let (give, take) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || give.send(call()).unwrap());
        let begun = Instant::now();
        while !is_ready() {
            assert!(begun.elapsed() < WAIT, "{what} does not come so far");
            std::thread::sleep(Duration::from_millis(5));
        }
        kill_process(getpid(), Signal::INT).unwrap();
        // Less than the time for which a reactor lets go on what has begun.
        let code = take.recv_timeout(Duration::from_secs(8));
        assert_eq!(code, Ok(Some("interrupted".to_owned())), "{what}");
    });
}

/// The command has a thread that ends it where a call of the library does not end. Here it has to
/// end by itself.
#[test]
fn a_signal_ends_every_call_of_the_library() {
    // So that the signal does not end this process.
    let caught = Arc::new(AtomicBool::new(false));
    let id = signal_hook::flag::register(signal_hook::consts::SIGINT, caught).unwrap();
    let (full, _waiting) = full_listener();
    let address: SocketAddr = full.parse().unwrap();
    for (what, connections, call) in CALLS {
        let before = connecting_to(address);
        let is_ready = || connecting_to(address) >= before + connections;
        interrupted(&format!("{what}, connecting"), || call(&full, false), is_ready);
    }
    for (what, connections, call) in CALLS {
        for tls in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let silent = std::cell::RefCell::new(Vec::new());
            listener.set_nonblocking(true).unwrap();
            let is_ready = || {
                silent.borrow_mut().extend(listener.accept().ok());
                silent.borrow().len() == connections
            };
            interrupted(&format!("{what}, TLS: {tls}"), || call(&address, tls), is_ready);
        }
    }
    assert!(signal_hook::low_level::unregister(id));
}
