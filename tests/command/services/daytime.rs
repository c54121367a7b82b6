//! `time serve` and `time get`.

use crate::command::{assert_fails, command as wirewright, names_in, report};
use crate::process::{Ended, Process, run};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use wirewright::daytime::Moment;
use wirewright::net::transport::endpoint::descriptors_max;

/// For a machine that is busy.
const WAIT: Duration = Duration::from_secs(60);

fn command(args: &[&str]) -> Command {
    wirewright(Path::new(env!("CARGO_MANIFEST_DIR")), args)
}

fn serve(more: &[&str]) -> (Process, String) {
    let args = [&["time", "serve", "--listen", "127.0.0.1:0"], more].concat();
    let mut server = Process::start(&mut command(&args));
    let address = server.address();
    (server, address)
}

fn visit(address: &str) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    socket
}

/// All that a server says, which has to be one line and a moment.
fn heard(mut socket: TcpStream) -> Moment {
    let mut text = Vec::new();
    socket.read_to_end(&mut text).unwrap();
    moment(&text)
}

fn moment(text: &[u8]) -> Moment {
    let line = text.strip_suffix(b"\n").expect("a line end");
    Moment::parse(line).unwrap()
}

fn good(ended: &Ended) -> &[u8] {
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    &ended.stdout
}

#[test]
fn the_line_is_the_local_time() {
    let (_server, address) = serve(&[]);
    let before = wirewright::net::daytime::now().unwrap();
    let got = moment(good(&run(&mut command(&["time", "get", &address]))));
    let after = wirewright::net::daytime::now().unwrap();
    assert!(before <= got && got <= after, "{before} {got} {after}");
}

#[test]
fn the_report_and_the_trace() {
    for udp in [&[][..], &["--udp"]] {
        let (_server, address) = serve(udp);
        let get =
            |more: &[&str]| run(&mut command(&[&["time", "get", &address], udp, more].concat()));
        let document = report(&get(&["--json"]));
        assert_eq!(document["line"], document["moment"]);
        assert!(Moment::parse(document["line"].as_str().unwrap().as_bytes()).is_ok());
        assert!(document["seconds"].is_f64());
        let traced = get(&["--trace"]);
        let said = String::from_utf8(good(&traced).to_vec()).unwrap();
        assert!(traced.stderr.contains(&format!("<- {said}")), "{}", traced.stderr);
        let timed = get(&["--trace-time"]);
        let lines = || timed.stderr.lines().map(|line| line.split_once(' ').unwrap());
        assert!(lines().any(|(_, rest)| rest.starts_with("<- ")), "{}", timed.stderr);
        assert!(lines().all(|(time, _)| time.len() == "00:00:00.000000".len()));
    }
}

#[test]
fn the_time_zone_is_that_of_the_server() {
    let line = |zone: &str| {
        let mut server = command(&["time", "serve", "--listen", "127.0.0.1:0"]);
        let mut server = Process::start(server.env("TZ", zone));
        heard(visit(&server.address()))
    };
    let (west, east) = (line("XXX+10"), line("YYY-10"));
    let hours = (i16::from(east.time().0) - i16::from(west.time().0)).rem_euclid(24);
    // The hour may have ended between the two.
    assert!(hours == 20 || hours == 21, "{west} {east}");
}

#[test]
fn the_python_client_of_the_chapter_reads_it() {
    let (_server, address) = serve(&[]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/daytime_client.py");
    let found = Command::new("python3").arg("-V").stdout(Stdio::null()).status().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "this test needs python3");
    if !found {
        eprintln!("skipped: there is no python3");
        return;
    }
    let ended = run(Command::new("python3").args([script, &address]));
    let said = good(&ended).strip_suffix(b"\n").expect("what print adds");
    moment(said);
}

#[test]
fn two_thousand_at_once() {
    let (_server, address) = serve(&[]);
    let allowed = usize::try_from(descriptors_max()).unwrap_or(usize::MAX).saturating_sub(200);
    let crowd: Vec<TcpStream> = (0..allowed.min(2000)).map(|_| visit(&address)).collect();
    assert!(crowd.len() >= 500, "{}", crowd.len());
    crowd.into_iter().for_each(|socket| _ = heard(socket));
}

#[test]
fn silent_and_rude_clients_cost_others_nothing() {
    let (_server, address) = serve(&[]);
    let _silent: Vec<TcpStream> = (0..100).map(|_| visit(&address)).collect();
    let mut rude = visit(&address);
    // The server may have had enough of it before all is written.
    let _ = rude.write_all(&vec![b'x'; 4 << 20]);
    heard(visit(&address));
    let gone = visit(&address);
    gone.shutdown(Shutdown::Both).unwrap();
    drop(gone);
    heard(visit(&address));
}

#[test]
fn who_speaks_first_still_gets_the_line() {
    let (_server, address) = serve(&[]);
    for _ in 0..20 {
        let mut socket = visit(&address);
        socket.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        heard(socket);
    }
}

#[test]
fn one_datagram_for_each_one_received() {
    let (_server, address) = serve(&["--udp"]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    socket.connect(&address).unwrap();
    let mut room = [0; 100];
    let large = vec![0; 60_000];
    for question in [&b""[..], b"x", b"2026-11-21T18:43:00", &large] {
        socket.send(question).unwrap();
        let len = socket.recv(&mut room).unwrap();
        moment(&room[..len]);
    }
    // A line of time is no question: else two servers could be set on each other.
    socket.send(b"2026-11-21 18:43:00.123456\n").unwrap();
    socket.send(b"").unwrap();
    let len = socket.recv(&mut room).unwrap();
    moment(&room[..len]);
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(socket.recv(&mut room).is_err(), "two questions, one of them none: one answer");
}

#[test]
fn servers_that_are_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answers: [(&[u8], Result<&str, &str>); 5] = [
        (b"Tuesday, November 21, 2026 18:43:00-UTC\r\n", Ok("Tuesday")),
        (b"\x1b[31m 2026\n", Ok("\\u{1b}[31m 2026")),
        (b"", Err("the stream ended without any data")),
        (b"one\ntwo\n", Err("just one line")),
        (&[b'x'; 600], Err("line_bytes_max")),
    ];
    for (text, expected) in answers {
        let asking = Process::start(&mut command(&["time", "get", &address]));
        let mut socket = listener.accept().unwrap().0;
        socket.write_all(text).unwrap();
        drop(socket);
        let ended = asking.finish();
        match expected {
            Ok(line) => assert!(String::from_utf8_lossy(good(&ended)).starts_with(line)),
            Err(what) => assert_fails(&ended, 1, what),
        }
    }
}

#[test]
fn what_fails_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert_fails(&run(&mut command(&["time", "get", &free])), 1, &free);
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert_fails(&run(&mut command(&["time", "get", "--udp", &free])), 1, "refused");
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = deaf.local_addr().unwrap().to_string();
    let ended = run(&mut command(&["time", "get", &address, "--timeout", "0.2"]));
    assert_fails(&ended, 1, "timed out");
    let ended = run(&mut command(&["time", "serve", "--listen", &address]));
    assert_fails(&ended, 1, &address);
    assert_fails(&run(&mut command(&["time", "get"])), 2, "HOST:PORT");
}

#[test]
fn it_stops_at_the_signal_and_at_the_timeout() {
    for udp in [&[][..], &["--udp"]] {
        let (server, _) = serve(udp);
        let killed = Command::new("kill").arg(server.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        assert_eq!(server.finish().status.code(), Some(0));
        let (server, _) = serve(&[udp, &["--timeout", "0.1"]].concat());
        assert_eq!(server.finish().status.code(), Some(0));
    }
}

#[test]
fn nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, address) = serve(&[]);
    good(&run(&mut wirewright(folder.path(), &["time", "get", &address])));
    assert!(names_in(folder.path()).is_empty());
}
