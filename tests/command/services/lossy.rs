//! `udp send` and `udp recv`, directly and over a relay that loses, doubles and swaps.

use super::relay::{Passed, Relay};
use crate::command::{assert_fails, command as wirewright, json, report};
use crate::process::{Ended, Process, run};
use serde_json::Value;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use wirewright::datagram::{Datagram, Kind};

fn command(args: &[&str]) -> Command {
    wirewright(Path::new(env!("CARGO_MANIFEST_DIR")), args)
}

fn receiver(more: &[&str]) -> (Process, String) {
    let args = [&["udp", "recv", "--listen", "127.0.0.1:0"], more].concat();
    let mut receiver = Process::start(&mut command(&args));
    let address = receiver.address();
    (receiver, address)
}

/// A rate at which a busy machine loses nothing of itself.
fn sender(address: &str) -> Process {
    let args = ["udp", "send", address, "--rate", "800k", "--size", "200", "--seconds", "1"];
    Process::start(&mut command(&[&args[..], &["--json"]].concat()))
}

/// The report of a receiver: its stderr holds the line that it listens.
fn received(ended: &Ended) -> Value {
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    json(&ended.stdout)
}

#[test]
fn both_sides_agree() {
    let (receiver, address) = receiver(&["--json"]);
    let sent = report(&sender(&address).finish());
    let got = received(&receiver.finish());
    let count = sent["sent"].as_u64().unwrap();
    assert!((1..=500).contains(&count), "{count}");
    assert_eq!(sent["bytes"], count * 200);
    assert_eq!((&sent["refused"], &sent["size"]), (&Value::from(0), &Value::from(200)));
    assert_eq!(got["run"], sent["run"]);
    assert_eq!((&got["sent"], &got["received"]), (&sent["sent"], &sent["sent"]));
    assert_eq!(got["bytes"], sent["bytes"]);
    for key in
        ["lost", "duplicated", "reordered", "late", "short", "foreign", "other_run", "implausible"]
    {
        assert_eq!(got[key], 0, "{key}");
    }
    for key in ["jitter_ms", "seconds", "bits_per_second"] {
        assert!(got[key].is_number(), "{key}");
    }
}

fn over_a_relay(seed: u64, ends: usize, between: impl Fn(&Relay, &[u8])) -> (Value, Value, Passed) {
    let (receiver, address) = receiver(&["--json"]);
    let relay = Relay::new(&address, seed);
    let sender = sender(&relay.address());
    let passed = relay.run(ends, between);
    (report(&sender.finish()), received(&receiver.finish()), passed)
}

#[test]
fn the_figures_are_those_of_the_relay() {
    for (seed, ends) in [(1, 5), (2, 1)] {
        let (sent, got, passed) = over_a_relay(seed, ends, |_, _| {});
        let count = sent["sent"].as_u64().unwrap();
        assert_eq!(passed.datagrams, count, "nothing was lost before the relay");
        assert!(passed.received() < count && passed.duplicated() > 0 && passed.reordered() > 0);
        assert_eq!(got["sent"], count);
        assert_eq!(got["received"], passed.received());
        assert_eq!(got["lost"], count - passed.received());
        assert_eq!(got["duplicated"], passed.duplicated());
        assert_eq!(got["reordered"], passed.reordered());
        assert_eq!(got["bytes"], passed.received() * 200);
        assert_eq!((&got["late"], &got["implausible"]), (&Value::from(0), &Value::from(0)));
    }
}

#[test]
fn what_is_not_of_the_run_is_counted_and_never_trusted() {
    let other_run = |bytes: &[u8]| {
        let datagram = Datagram::decode(bytes).unwrap();
        let mut out = Vec::new();
        Datagram { run: !datagram.run, kind: Kind::End, ..datagram }.encode(&mut out);
        out
    };
    let beyond = |bytes: &[u8]| {
        let mut out = Vec::new();
        Datagram { sequence: 1 << 60, ..Datagram::decode(bytes).unwrap() }.encode(&mut out);
        out
    };
    let (sent, got, passed) = over_a_relay(3, 5, |relay, bytes| {
        // Not before the run is known: the first that is heard is the one that counts.
        if Datagram::decode(bytes).unwrap().sequence == 100 {
            relay.inject(b"");
            relay.inject(&bytes[..31]);
            relay.inject(&bytes[..199]);
            relay.inject(&[b'x'; 300]);
            relay.inject(&[bytes, b"x"].concat());
            relay.inject(&other_run(bytes));
            relay.inject(&beyond(bytes));
        }
    });
    assert_eq!((&got["short"], &got["foreign"]), (&Value::from(3), &Value::from(2)));
    assert_eq!((&got["other_run"], &got["implausible"]), (&Value::from(1), &Value::from(1)));
    assert_eq!((&got["sent"], &got["run"]), (&sent["sent"], &sent["run"]));
    assert_eq!(got["received"], passed.received());
    assert_eq!(got["lost"], sent["sent"].as_u64().unwrap() - passed.received());
}

#[test]
fn what_cannot_be_does_not_shut_the_run_out() {
    let (receiver, address) = receiver(&["--json"]);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut out = Vec::new();
    Datagram { kind: Kind::Data, run: 1, sequence: 1 << 60, time_ns: 0, payload: b"" }
        .encode(&mut out);
    stranger.send_to(&out, &address).unwrap();
    let sent = report(&sender(&address).finish());
    let got = received(&receiver.finish());
    assert_eq!((&got["run"], &got["received"]), (&sent["run"], &sent["sent"]));
    assert_eq!((&got["implausible"], &got["other_run"]), (&Value::from(1), &Value::from(0)));
}

#[test]
fn who_knows_the_run_cannot_speak_for_it_from_elsewhere() {
    let (receiver, address) = receiver(&["--json"]);
    let (ours, other) =
        (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let send = |socket: &UdpSocket, kind, sequence| {
        let mut out = Vec::new();
        Datagram { kind, run: 7, sequence, time_ns: 0, payload: b"" }.encode(&mut out);
        socket.send_to(&out, &address).unwrap();
    };
    send(&ours, Kind::Data, 0);
    send(&other, Kind::Data, 50);
    send(&other, Kind::End, 60);
    send(&ours, Kind::Data, 1);
    send(&ours, Kind::End, 2);
    let got = received(&receiver.finish());
    assert_eq!((&got["sent"], &got["received"]), (&Value::from(2), &Value::from(2)));
    assert_eq!((&got["lost"], &got["foreign"]), (&Value::from(0), &Value::from(2)));
    assert_eq!(got["from"], ours.local_addr().unwrap().to_string());
}

#[test]
fn it_reports_at_the_deadline_and_at_the_signal() {
    let (receiver, _) = receiver(&["--seconds", "0.1", "--json"]);
    let got = received(&receiver.finish());
    assert_eq!((&got["received"], &got["run"]), (&Value::from(0), &Value::Null));
    let (receiver, address) = self::receiver(&["--json"]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut out = Vec::new();
    Datagram { kind: Kind::Data, run: 10, sequence: 4, time_ns: 0, payload: b"" }.encode(&mut out);
    socket.send_to(&out, &address).unwrap();
    signal("-INT", &receiver);
    let got = received(&receiver.finish());
    assert_eq!(got["sent"], Value::Null, "no end was told");
    // The datagram stood in the socket before the signal came, but a signal may be noted first.
    if got["received"] != 0 {
        assert_eq!((&got["received"], &got["lost"]), (&Value::from(1), &Value::from(4)));
        assert_eq!(got["run"], "000000000000000a");
    }
}

fn signal(which: &str, process: &Process) {
    let id = process.child.id().to_string();
    assert!(Command::new("kill").args([which, &id]).status().unwrap().success());
}

#[test]
fn an_interrupted_sender_tells_its_end() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let args = ["udp", "send", &address, "--rate", "80k", "--seconds", "600", "--json", "--trace"];
    let sender = Process::start(&mut command(&args));
    let (mut room, mut heard, mut ends) = ([0; 2000], 0, Vec::new());
    while ends.len() < 5 {
        let len = socket.recv(&mut room).unwrap();
        let datagram = Datagram::decode(&room[..len]).unwrap();
        match datagram.kind.is_end() {
            true => ends.push(datagram.sequence),
            false => {
                heard += 1;
                // Once: a second signal ends it without last words.
                if heard == 1 {
                    signal("-TERM", &sender);
                }
            }
        }
    }
    let ended = sender.finish();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ends, [heard; 5]);
    assert_eq!(json(&ended.stdout)["sent"], heard);
    assert_eq!(json(&ended.stdout)["file"], Value::Null);
    assert_eq!(ended.stderr.matches("-> end of run").count(), 5, "{}", ended.stderr);
    assert!(ended.stderr.contains("-> data 0 of run "), "{}", ended.stderr);
}

#[test]
fn nobody_there_is_a_failure() {
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let args = ["udp", "send", &free, "--rate", "800k", "--seconds", "0.1"];
    assert_fails(&run(&mut command(&args)), 1, "nobody listens there");
    // The document has the error, and no more is refused than was sent: the ends do not count.
    for more in [&[][..], &["--size", "1400"]] {
        let args = [&args[..4], &["8k", "--seconds", "0.3", "--json"], more].concat();
        let ended = run(&mut command(&args));
        assert_fails(&ended, 1, "nobody listens there");
        let told = json(&ended.stdout);
        assert!(told["error"]["text"].as_str().unwrap().starts_with("nobody listens"), "{told}");
        assert!(told["refused"].as_u64() <= told["sent"].as_u64(), "{told}");
    }
    let args = ["udp", "recv", "--listen", "127.0.0.1:0", "--timeout", "0.1", "--json"];
    let ended = run(&mut command(&args));
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("error: 127.0.0.1:0: timed out"), "{}", ended.stderr);
    let told = json(&ended.stdout);
    assert_eq!((&told["received"], &told["error"]["code"]), (&0.into(), &"timed_out".into()));
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_fails(&run(&mut command(&["udp", "recv", "--listen", &address])), 1, &address);
    assert_fails(&run(&mut command(&["udp", "send", &address, "--size", "31"])), 2, "--size");
}

#[test]
fn words_for_people() {
    let (receiver, address) = receiver(&[]);
    let args = ["udp", "send", &address, "--rate", "80k", "--size", "100", "--seconds", "0.5"];
    let ended = run(&mut command(&args));
    assert!(ended.stderr.starts_with("sent "), "{}", ended.stderr);
    let ended = receiver.finish();
    assert_eq!(String::from_utf8_lossy(&ended.stdout), format!("listening on {address}\n"));
    for words in ["received ", "lost 0 (0.00 %)", "duplicated 0, reordered 0", "jitter "] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
}

#[test]
fn that_nothing_came_is_said_with_the_address() {
    let (receiver, address) = receiver(&["--seconds", "0.2"]);
    let ended = receiver.finish();
    let line = format!("no datagram of a sender arrived at {address}\n");
    assert_eq!((ended.status.code(), ended.stderr), (Some(0), line));

    // What came from somebody else is counted.
    let (receiver, address) = self::receiver(&["--seconds", "2"]);
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"hello", &address).unwrap();
    let said = receiver.finish().stderr;
    let line = format!("no datagram of a sender arrived at {address}\nnot trusted: 1 short");
    assert!(said.starts_with(&line), "{said}");
}
