//! A signal ends every call of the library, wherever it waits. This test sends SIGINT to its own
//! process, so it is alone there.
#![cfg(all(feature = "tls", target_os = "linux"))]

#[path = "../support/full_listener.rs"]
mod full_listener;

use full_listener::full_listener;
use rustix::process::{Signal, getpid, kill_process};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use wirewright::http::url::Url;
use wirewright::mime::{Builder, Date, Limits, Mailbox, MsgId};
use wirewright::name::Name;
use wirewright::net::files::{Destination, Durability};
use wirewright::net::transfer::client::{self, Options};
use wirewright::net::transport::tls::ClientTls;
use wirewright::net::{Error, FileReport, RunOptions, daytime, http, mail};
use wirewright::smtp::config::StartTls;

/// How long a call is waited for until it has come so far, on a machine that is busy.
const WAIT: Duration = Duration::from_secs(60);

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
const CALLS: [(&str, usize, Call); 8] = [
    ("ls", 1, list),
    ("get", 4, get),
    ("classic", 1, classic),
    ("put", 3, put),
    ("time", 1, time),
    ("http", 3, fetch),
    ("mail", 1, send),
    ("check", 1, check),
];

fn run() -> RunOptions {
    RunOptions::default().with_stop_at_signals(true)
}

fn options(tls: bool) -> Options {
    let tls = tls.then(|| ClientTls::new(None).unwrap().named("localhost").unwrap());
    Options::default().with_tls(tls).with_run(run()).with_connections(4)
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
    let options = daytime::Options::default().with_run(run());
    daytime::get(address, &options).err().map(|error| error.code().to_string())
}

fn fetch(address: &str, tls: bool) -> Option<String> {
    let url = Url::parse(&format!("http{}://{address}/", if tls { "s" } else { "" })).unwrap();
    let mut client = http::Client::new(http::Options::default().with_run(run())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let saving = http::Saving::new(Destination::Directory(folder.path().to_owned()))
        .with_durability(Durability::None)
        .with_accepts(http::Accepts::Success);
    let fetches = [(); 3].map(|()| http::Fetch::get(url.clone()));
    let made = http::download(&mut client, fetches, &saving).unwrap();
    made.into_iter().find_map(|done| Some(done.report.outcome.err()?.code.to_string()))
}

fn to_server(address: &str, tls: bool) -> mail::Options {
    let url = format!("smtp{}://{address}", if tls { "s" } else { "" });
    let starttls = StartTls::Never;
    mail::Options::new(mail::Server::parse(&url).unwrap()).with_run(run()).with_starttls(starttls)
}

fn send(address: &str, tls: bool) -> Option<String> {
    let from = Mailbox::parse("a@example.org").unwrap();
    let (date, id) = (Date::new(0, 0).unwrap(), MsgId::parse("1@example.org").unwrap());
    let mut builder = Builder::new(from, date, id, 7, Limits::default());
    builder.to(Mailbox::parse("b@example.org").unwrap()).unwrap();
    let message = mail::OutgoingMessage::new(builder.build().unwrap(), Vec::new()).unwrap();
    let mut reports = mail::send(to_server(address, tls), vec![message]).unwrap();
    reports.remove(0).failure.map(|why| why.code().to_string())
}

fn check(address: &str, tls: bool) -> Option<String> {
    let (_, why) = mail::check(to_server(address, tls)).unwrap();
    why.map(|why| why.code().to_string())
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
