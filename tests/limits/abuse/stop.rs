//! Asked to stop, a server ends in time, whoever is connected; and a client whose server is killed
//! ends by itself.

use super::host::Host;
use crate::peer::{HELLO, Peer, frame};
use crate::serving::{BINARY, Process};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Grace, last words, lingering, and a machine that is busy.
const STOP_WAIT: Duration = Duration::from_secs(30);

fn large(host: &Host) {
    std::fs::File::create(host.path("large")).unwrap().set_len(1 << 40).unwrap();
}

/// Peers of every kind that would stay for ever.
fn stayers(host: &Host) -> Vec<Peer> {
    let mut half = Peer::connect(host.address());
    half.stream.write_all(&frame(HELLO.as_bytes())[..30]).unwrap();
    let mut stalled = host.greeted();
    stalled.say(r#"{"type":"get","id":1,"name":"large"}"#).unwrap();
    let mut silent = host.greeted();
    silent.say(r#"{"type":"put","id":1,"name":"x","size":9,"etag":"e"}"#).unwrap();
    let mut garbage = Peer::connect(host.address());
    garbage.stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    vec![half, stalled, silent, garbage, host.greeted(), Peer::connect(host.address())]
}

#[test]
fn a_server_that_is_asked_to_stop_ends_whoever_is_there() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut host = Host::start(&["--grace", "1"]);
        large(&host);
        let stayers = stayers(&host);
        std::thread::sleep(Duration::from_millis(200));
        let begun = Instant::now();
        kill_process(Pid::from_child(&host.serving.process.0), signal).unwrap();
        assert_eq!(host.serving.process.wait(STOP_WAIT), Some(0));
        println!("asked to stop, it ended after {:?}", begun.elapsed());
        drop(stayers);
    }
}

#[test]
fn clients_whose_server_is_killed_end_by_themselves() {
    let mut host = Host::start(&[]);
    large(&host);
    let from = tempfile::tempdir().unwrap();
    let sent = from.path().join("sent");
    std::fs::File::create(&sent).unwrap().set_len(1 << 40).unwrap();
    let to = tempfile::tempdir().unwrap();
    let (sent, to) = (sent.to_str().unwrap(), to.path().join("got"));
    let clients: Vec<Process> = [
        vec!["get", host.address(), "large", "-o", "/dev/null"],
        vec!["get", host.address(), "large", "-o", to.to_str().unwrap()],
        vec!["put", host.address(), sent],
    ]
    .iter()
    .map(|words| {
        let mut command = Command::new(BINARY);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Process(command.spawn().unwrap())
    })
    .collect();
    std::thread::sleep(Duration::from_millis(500));
    host.serving.process.0.kill().unwrap();
    for mut client in clients {
        assert_eq!(client.wait(STOP_WAIT), Some(1));
    }
}
