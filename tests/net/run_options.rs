//! Every façade obeys every field of `RunOptions`.

mod cancel;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use wirewright::http::url::Url;
use wirewright::mime::{Builder, Date, Limits, Mailbox, MsgId};
use wirewright::name::Name;
use wirewright::net::connection::Tap;
use wirewright::net::daytime::{self, Transport};
use wirewright::net::files::{Destination, Root, SourceFile, Sources};
use wirewright::net::reactor::ConnectOptions;
use wirewright::net::transfer::{client, server};
use wirewright::net::transport::names::Family;
use wirewright::net::udp::{ReceiveOptions, Receiver, SendOptions};
use wirewright::net::{Error, RunOptions, http, mail, udp};

/// Longer than any test takes.
const WAIT: Duration = Duration::from_secs(30);

/// Shorter than any wait of a protocol.
const SHORT: Duration = Duration::from_millis(50);

/// The code of the error of a call; empty where it went well.
type Code = String;

type Call = fn(SocketAddr, RunOptions) -> Code;

const OVER_TCP: [(&str, Call); 8] = [
    ("ls", list),
    ("get", get),
    ("classic", classic),
    ("put", put),
    ("http", fetch),
    ("mail", send),
    ("check", check),
    ("time", time_over_tcp),
];

const OVER_UDP: [(&str, Call); 2] = [("time", time_over_udp), ("send", send_datagrams)];

fn code<T>(outcome: Result<T, Error>) -> Code {
    outcome.err().map_or(Code::new(), |error| error.code().to_string())
}

fn transfer(run: RunOptions) -> client::Options {
    client::Options::default().with_run(run)
}

fn here() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn list(peer: SocketAddr, run: RunOptions) -> Code {
    code(client::list(&peer.to_string(), &transfer(run), |_| {}))
}

fn get(peer: SocketAddr, run: RunOptions) -> Code {
    let folder = tempfile::tempdir().unwrap();
    let into = Destination::Directory(folder.path().to_owned());
    match client::get(&peer.to_string(), &[name("a")], &into, &transfer(run)) {
        Ok(reports) => {
            reports[0].outcome.clone().err().map_or(Code::new(), |why| why.code.to_string())
        }
        Err(error) => error.code().to_string(),
    }
}

fn classic(peer: SocketAddr, run: RunOptions) -> Code {
    let folder = tempfile::tempdir().unwrap();
    let into = Destination::Directory(folder.path().to_owned());
    code(client::get_classic(&peer.to_string(), &into, &transfer(run)))
}

fn put(peer: SocketAddr, run: RunOptions) -> Code {
    match client::put(&peer.to_string(), &[(name("a"), here())], &transfer(run)) {
        Ok(reports) => {
            reports[0].outcome.clone().err().map_or(Code::new(), |why| why.code.to_string())
        }
        Err(error) => error.code().to_string(),
    }
}

fn fetch(peer: SocketAddr, run: RunOptions) -> Code {
    let options = http::Options::default().with_run(run);
    let url = Url::parse(&format!("http://{peer}/")).unwrap();
    let asked = http::Client::new(options).unwrap().ask(http::Fetch::get(url));
    asked.err().map_or(Code::new(), |why| why.code.to_string())
}

fn mail_options(peer: SocketAddr, run: RunOptions) -> mail::Options {
    let server = mail::Server::parse(&format!("smtp://{peer}")).unwrap();
    let starttls = wirewright::smtp::config::StartTls::Never;
    mail::Options::new(server).with_run(run).with_starttls(starttls)
}

fn send(peer: SocketAddr, run: RunOptions) -> Code {
    let from = Mailbox::parse("a@example.org").unwrap();
    let (date, id) = (Date::new(0, 0).unwrap(), MsgId::parse("1@example.org").unwrap());
    let mut builder = Builder::new(from, date, id, 7, Limits::default());
    builder.to(Mailbox::parse("b@example.org").unwrap()).unwrap();
    let message = mail::OutgoingMessage::new(builder.build().unwrap(), Vec::new()).unwrap();
    let reports = mail::send(mail_options(peer, run), vec![message]).unwrap();
    reports[0].failure.as_ref().map_or(Code::new(), |why| why.code().to_string())
}

fn check(peer: SocketAddr, run: RunOptions) -> Code {
    let (_, why) = mail::check(mail_options(peer, run)).unwrap();
    why.map_or(Code::new(), |why| why.code().to_string())
}

fn time(peer: SocketAddr, run: RunOptions, transport: Transport) -> Code {
    let options = daytime::Options::default().with_run(run).with_transport(transport);
    code(daytime::get(&peer.to_string(), &options))
}

fn time_over_tcp(peer: SocketAddr, run: RunOptions) -> Code {
    time(peer, run, Transport::Tcp)
}

fn time_over_udp(peer: SocketAddr, run: RunOptions) -> Code {
    time(peer, run, Transport::Udp)
}

/// A datagram at once, and the next one after minutes.
fn send_datagrams(peer: SocketAddr, run: RunOptions) -> Code {
    let options = SendOptions::default().with_rate(40).with_span(WAIT * 60).with_run(run);
    code(udp::send(&peer.to_string(), &options))
}

/// A socket that is heard by nobody, so that only the call decides when it ends.
fn deaf() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Addresses of another family are never tried.
#[test]
fn every_client_obeys_the_family() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let (socket, there) = deaf();
    socket.set_nonblocking(true).unwrap();
    let connect = ConnectOptions::default().with_family(Family::V6);
    let run = RunOptions::default().with_timeout(WAIT).with_connect(connect);
    for (what, call) in OVER_TCP {
        assert_eq!(call(listener.local_addr().unwrap(), run.clone()), "io", "{what}");
        assert!(listener.accept().is_err(), "{what} connects");
    }
    for (what, call) in OVER_UDP {
        assert_eq!(call(there, run.clone()), "io", "{what}");
        assert!(socket.recv(&mut [0; 1]).is_err(), "{what} sends");
    }
}

/// The peer accepts, and says nothing.
#[test]
fn every_client_ends_with_its_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_socket, there) = deaf();
    let run = RunOptions::default().with_timeout(SHORT);
    for (what, call) in OVER_TCP {
        assert_eq!(call(listener.local_addr().unwrap(), run.clone()), "timed_out", "{what}");
    }
    for (what, call) in OVER_UDP {
        assert_eq!(call(there, run.clone()), "timed_out", "{what}");
    }
}

/// A timeout that no clock reaches is no limit, and no panic.
#[test]
fn a_timeout_beyond_every_clock_is_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(drop));
    let run = RunOptions::default().with_timeout(Duration::MAX);
    let run = run.with_waits_of_at_least(Duration::MAX);
    for (what, call) in OVER_TCP {
        let code = call(address, run.clone());
        assert!(!code.is_empty() && code != "timed_out", "{what}: {code}");
    }
}

fn serve(threads: usize, folder: &std::path::Path, run: RunOptions) -> server::Server {
    let sources = Sources::Files(Root::open(folder).unwrap());
    let options = server::Options::new(sources).with_threads(threads).with_run(run);
    server::Server::bind("127.0.0.1:0".parse().unwrap(), options).unwrap()
}

fn time_server(transport: Transport, run: RunOptions) -> daytime::Server {
    let options = daytime::Options::default().with_transport(transport).with_run(run);
    daytime::Server::bind("127.0.0.1:0".parse().unwrap(), options).unwrap()
}

#[test]
fn every_server_stops_in_order_when_its_timeout_is_over() {
    let run = RunOptions::default().with_timeout(SHORT);
    let (give, take) = channel();
    for (what, threads) in [("one thread", 1), ("two threads", 2)] {
        let (run, give) = (run.clone(), give.clone());
        let folder = tempfile::tempdir().unwrap();
        let serve = move || give.send((what, code(serve(threads, folder.path(), run).run())));
        thread::spawn(serve);
    }
    for (what, transport) in [("time over TCP", Transport::Tcp), ("time over UDP", Transport::Udp)]
    {
        let (run, give) = (run.clone(), give.clone());
        thread::spawn(move || give.send((what, code(time_server(transport, run).run()))));
    }
    for _ in 0..4 {
        let (what, code) = take.recv_timeout(WAIT).unwrap();
        assert_eq!(code, "", "{what}");
    }
    let options = ReceiveOptions::default().with_run(run);
    let receiver = Receiver::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
    assert_eq!(code(receiver.run()), "timed_out");
}

/// What the taps of a call have seen: their peers, and the bytes that were received.
#[derive(Default)]
struct Seen {
    peers: BTreeSet<Option<SocketAddr>>,
    received: Vec<u8>,
}

struct Seeing(Arc<Mutex<Seen>>);

impl Tap for Seeing {
    fn sent(&mut self, _: &[u8]) {}

    fn received(&mut self, bytes: &[u8]) {
        self.0.lock().unwrap().received.extend_from_slice(bytes);
    }

    fn remark(&mut self, _: &str) {}
}

fn tapped() -> (RunOptions, Arc<Mutex<Seen>>) {
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let kept = seen.clone();
    let tap = move |peer| -> Box<dyn Tap> {
        kept.lock().unwrap().peers.insert(peer);
        Box::new(Seeing(kept.clone()))
    };
    let tap: wirewright::net::connection::TapMaker = Arc::new(tap);
    (RunOptions::default().with_timeout(WAIT).with_tap(tap), seen)
}

#[test]
fn every_client_is_tapped() {
    const WORDS: &[u8] = b"554 no\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(WORDS).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            // A close before the client's bytes are read would reset the connection.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    for (what, call) in OVER_TCP {
        let (run, seen) = tapped();
        let code = call(address, run);
        let seen = seen.lock().unwrap();
        assert!(seen.received.starts_with(WORDS), "{what}: {code}");
        assert_eq!(seen.peers, BTreeSet::from([Some(address)]), "{what}");
    }
}

#[test]
fn both_sides_of_a_time_are_tapped() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let ((ours, here), (theirs, there)) = (tapped(), tapped());
        let server = time_server(transport, theirs);
        let (address, stop) = (server.local_addr(), server.stop_handle());
        let serving = thread::spawn(move || server.run().unwrap());
        assert_eq!(time(address, ours, transport), "");
        stop.stop();
        serving.join().unwrap();
        let (here, there) = (here.lock().unwrap(), there.lock().unwrap());
        assert!(!here.received.is_empty(), "{transport:?}");
        assert_eq!(here.peers, BTreeSet::from([Some(address)]), "{transport:?}");
        assert_eq!(there.peers.len(), 1, "{transport:?}");
        assert_eq!(there.peers.contains(&None), transport == Transport::Udp);
    }
}

/// Both sides count the same bytes of files, on either wire.
#[test]
fn both_sides_of_a_transfer_count_its_bytes() {
    const LEN: u64 = 100_000;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), vec![7; usize::try_from(LEN).unwrap()]).unwrap();
    for wire in [None, Some(name("a"))] {
        let path = match wire {
            None => folder.path().to_owned(),
            Some(_) => folder.path().join("a"),
        };
        let (ours, (theirs, seen)) = (RunOptions::default().with_timeout(WAIT), tapped());
        let sources = Sources::Files(Root::open(&path).unwrap());
        let call = if wire.is_some() { classic } else { get };
        let options = server::Options::new(sources)
            .with_classic(wire)
            .with_run(theirs.clone().with_timeout(None));
        let server = server::Server::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
        let (address, stop) = (server.local_addr(), server.stop_handle());
        let serving = thread::spawn(move || server.run().unwrap());
        assert_eq!(call(address, ours.clone()), "");
        stop.stop();
        serving.join().unwrap();
        assert_eq!((ours.meter.moved(), theirs.meter.moved()), (LEN, LEN));
        assert!(!seen.lock().unwrap().peers.contains(&None));
    }
}

#[test]
fn both_sides_of_a_file_in_datagrams_count_its_bytes() {
    let ((ours, _), (theirs, there)) = (tapped(), tapped());
    let options = ReceiveOptions::default().with_run(theirs.clone());
    let receiver = Receiver::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
    let address = receiver.local_addr().to_string();
    let receiving = thread::spawn(move || receiver.run().unwrap());
    let file = Some(Arc::new(SourceFile::from_path(&here()).unwrap()));
    let run = ours.clone();
    udp::send(&address, &SendOptions::default().with_file(file).with_run(run).with_rate(2_000_000))
        .unwrap();
    let received = receiving.join().unwrap().file.unwrap();
    assert_eq!(ours.meter.moved(), received.size);
    assert_eq!(theirs.meter.moved(), received.bytes);
    let there = there.lock().unwrap();
    assert!(there.peers == BTreeSet::from([None]) && !there.received.is_empty());
}

/// At 1000 bytes a second, half a second is less than one datagram of 1000 bytes.
#[test]
fn the_limit_on_bytes_a_second_bounds_datagrams() {
    let (_socket, there) = deaf();
    let (size, span) = (1000, SHORT);
    let run = RunOptions::default().with_rate_limit(1000);
    let limited = SendOptions::default().with_size(size).with_span(span).with_run(run);
    assert_eq!(udp::send(&there.to_string(), &limited).unwrap().sent, 1);
    let limited = limited.with_run(RunOptions::default());
    assert!(udp::send(&there.to_string(), &limited).unwrap().sent > 1);
}
