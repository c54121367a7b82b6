//! `udp send --file`: what comes of a file over a network without promises.

use super::relay::Relay;
use crate::command::{assert_fails, command as wirewright, json, names_in, report};
use crate::process::{Ended, Process, run};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use wirewright::datagram::{Datagram, FileEnd, Kind, Part};

/// Of a datagram of 200 bytes so many are of the file.
const PART: u64 = 200 - 48;

/// A file of so many bytes, none of whose parts are alike.
fn file_of(folder: &TempDir, bytes: usize) -> Vec<u8> {
    let content: Vec<u8> = (0..bytes as u64).map(|at| (at * at % 251) as u8).collect();
    fs::write(folder.path().join("source"), &content).unwrap();
    content
}

fn command(folder: &TempDir, args: &[&str]) -> Command {
    wirewright(folder.path(), args)
}

fn receiver(folder: &TempDir, more: &[&str]) -> (Process, String) {
    let args = [&["udp", "recv", "--listen", "127.0.0.1:0"], more].concat();
    let mut receiver = Process::start(&mut command(folder, &args));
    let address = receiver.address();
    (receiver, address)
}

/// A rate at which a busy machine loses nothing of itself.
fn sender(folder: &TempDir, address: &str, more: &[&str]) -> Process {
    let args = ["udp", "send", address, "--file", "source", "--rate", "1600k", "--size", "200"];
    Process::start(&mut command(folder, &[&args[..], more].concat()))
}

/// The report of a receiver that ended with this status.
fn received(ended: &Ended, status: i32) -> Value {
    assert_eq!(ended.status.code(), Some(status), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("error: ").count(), usize::from(status != 0));
    json(&ended.stdout)
}

fn digest(content: &[u8]) -> String {
    format!("blake3:{}", blake3::hash(content).to_hex())
}

#[test]
fn a_file_that_comes_whole_gets_its_name() {
    for size in [0, 1, PART as usize - 1, PART as usize, PART as usize + 1, 60_000] {
        let folder = tempfile::tempdir().unwrap();
        let content = file_of(&folder, size);
        fs::write(folder.path().join("copy"), "what stood there").unwrap();
        let (receiver, address) = receiver(&folder, &["-o", "copy", "--json"]);
        let sent = report(&sender(&folder, &address, &["--json"]).finish());
        let got = received(&receiver.finish(), 0);
        assert_eq!(fs::read(folder.path().join("copy")).unwrap(), content);
        assert_eq!(names_in(folder.path()), ["copy", "source"]);
        let parts = (size as u64).div_ceil(PART);
        assert_eq!(sent["sent"], parts);
        assert_eq!(sent["bytes"], size as u64 + parts * 48);
        let told = json!({ "size": size, "bytes": size, "digest": digest(&content) });
        assert_eq!(sent["file"], told);
        assert_eq!((&got["sent"], &got["received"]), (&sent["sent"], &sent["sent"]));
        let expected = json!({
            "size": size, "bytes": size, "complete": true, "missing": [],
            "disagreeing": 0, "unplaced": 0, "digest": digest(&content), "verified": true,
            "path": "copy", "durability": "fsync",
        });
        assert_eq!(got["file"], expected);
    }
}

/// Neighbouring numbers as ranges of bytes of a file of `size`.
fn ranges(numbers: &[u64], size: u64) -> Value {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        let (from, to) = (number * PART, size.min((number + 1) * PART));
        match ranges.last_mut() {
            Some((_, end)) if *end == from => *end = to,
            _ => ranges.push((from, to)),
        }
    }
    ranges.iter().map(|(from, to)| json!({ "offset": from, "len": to - from })).collect()
}

#[test]
fn what_is_missing_is_what_the_relay_dropped() {
    for (seed, ends, output) in [(1, 5, false), (2, 1, true), (3, 0, true)] {
        let folder = tempfile::tempdir().unwrap();
        let size = file_of(&folder, 30_001).len() as u64;
        let output: &[&str] = if output { &["-o", "copy"] } else { &[] };
        let listening = [output, &["--json"]].concat();
        let (receiver, address) = receiver(&folder, &listening);
        let relay = Relay::new(&address, seed);
        let sender = sender(&folder, &relay.address(), &["--json"]);
        let passed = relay.run(ends, |_, _| {});
        let sent = report(&sender.finish());
        let got = received(&receiver.finish(), i32::from(!output.is_empty()));
        let lost = passed.lost(sent["sent"].as_u64().unwrap());
        assert!(lost.len() > 5 && passed.duplicated() > 5 && passed.reordered() > 5);
        // Only where a file was to be written is it a failure that parts are missing.
        assert_eq!(got["error"]["code"] == "failed", !output.is_empty(), "{got}");
        let file = &got["file"];
        assert_eq!(file["missing"], ranges(&lost, size), "seed {seed}");
        let of_lost = |number: &u64| size.min((number + 1) * PART) - number * PART;
        assert_eq!(file["bytes"], size - lost.iter().map(of_lost).sum::<u64>());
        assert_eq!((&file["size"], &file["complete"]), (&json!(size), &json!(false)));
        assert_eq!((&file["verified"], &file["path"]), (&Value::Null, &Value::Null));
        assert_eq!((&file["disagreeing"], &file["unplaced"]), (&json!(0), &json!(0)));
        let told = if ends > 0 { &sent["file"]["digest"] } else { &Value::Null };
        assert_eq!(&file["digest"], told);
        assert_eq!(got["duplicated"], passed.duplicated());
        assert_eq!(got["reordered"], passed.reordered());
        assert_eq!(names_in(folder.path()), ["source"], "nothing is left of it");
    }
}

#[test]
fn people_are_told_twenty_ranges() {
    let folder = tempfile::tempdir().unwrap();
    file_of(&folder, 60_000);
    let (receiver, address) = receiver(&folder, &["-o", "copy"]);
    let relay = Relay::new(&address, 4);
    let sender = sender(&folder, &relay.address(), &[]);
    let passed = relay.run(5, |_, _| {});
    let sent = sender.finish();
    assert!(sent.stderr.contains(", 60000 of 60000 bytes of the file, in "), "{}", sent.stderr);
    let ended = receiver.finish();
    assert_eq!(ended.status.code(), Some(1));
    let count = ranges(&passed.lost(395), 60_000).as_array().unwrap().len();
    assert!(count > 20, "{count}");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.starts_with("missing byte")).count(), 20);
    assert!(lines.contains(&format!("and {} more", count - 20).as_str()), "{}", ended.stderr);
    assert!(lines.iter().any(|line| line.starts_with("file: ")), "{}", ended.stderr);
    let last = lines.last().unwrap();
    assert!(last.starts_with("error: copy: ") && last.contains("are missing, in "), "{last}");
}

/// Sends datagrams of a file by hand.
struct ByHand {
    socket: UdpSocket,
    address: String,
    sent: u64,
}

impl ByHand {
    fn new(address: String) -> ByHand {
        ByHand { socket: UdpSocket::bind("127.0.0.1:0").unwrap(), address, sent: 0 }
    }

    fn send(&self, kind: Kind, sequence: u64, payload: &[u8]) {
        let mut out = Vec::new();
        Datagram { kind, run: 9, sequence, time_ns: 0, payload }.encode(&mut out);
        self.socket.send_to(&out, &self.address).unwrap();
    }

    fn part(&mut self, size: u64, offset: u64, bytes: &[u8]) {
        let mut payload = Vec::new();
        Part { size, offset, bytes }.encode(&mut payload);
        self.send(Kind::Part, self.sent, &payload);
        self.sent += 1;
    }

    fn file_end(&self, content: &[u8]) {
        let mut payload = Vec::new();
        let digest = Some(*blake3::hash(content).as_bytes());
        FileEnd { size: content.len() as u64, digest }.encode(&mut payload);
        self.send(Kind::FileEnd, self.sent, &payload);
    }
}

#[test]
fn what_disagrees_is_counted_and_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, address) = receiver(&folder, &["-o", "copy", "--json"]);
    let mut hand = ByHand::new(address);
    hand.part(6, 0, b"abc");
    hand.part(6, 2, b"XYZ"); // other bytes at 2
    hand.part(7, 3, b"def"); // another size
    hand.part(6, 2, b"cde"); // overlaps, and agrees
    hand.part(6, 5, b"f");
    hand.file_end(b"abcdef");
    let got = received(&receiver.finish(), 0);
    assert_eq!(fs::read(folder.path().join("copy")).unwrap(), b"abcdef");
    assert_eq!((&got["file"]["disagreeing"], &got["received"]), (&json!(2), &json!(5)));
}

#[test]
fn what_is_whole_and_wrong_gets_no_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("copy"), "before").unwrap();
    let (receiver, address) = receiver(&folder, &["-o", "copy", "--json"]);
    let mut hand = ByHand::new(address);
    hand.part(3, 0, b"abX");
    hand.file_end(b"abc");
    let ended = receiver.finish();
    let got = received(&ended, 1);
    assert!(ended.stderr.contains("error: copy: what came is not what was sent"));
    assert_eq!((&got["file"]["verified"], &got["file"]["complete"]), (&json!(false), &json!(true)));
    assert_eq!(fs::read(folder.path().join("copy")).unwrap(), b"before");
    assert_eq!(names_in(folder.path()), ["copy"]);
}

#[test]
fn who_began_late_misses_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, address) = receiver(&folder, &["--json"]);
    let mut hand = ByHand::new(address);
    hand.sent = 1000;
    hand.part(5_000, 4_000, &[1; 500]);
    hand.part(5_000, 4_500, &[2; 500]);
    hand.file_end(&[0; 5_000]);
    let got = received(&receiver.finish(), 0);
    assert_eq!(got["file"]["missing"], json!([{ "offset": 0, "len": 4_000 }]));
    assert_eq!((&got["lost"], &got["received"]), (&json!(1000), &json!(2)));
}

#[test]
fn without_a_digest_nothing_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, address) = receiver(&folder, &["-o", "copy", "--seconds", "0.5", "--json"]);
    ByHand::new(address).part(3, 0, b"abc");
    let ended = receiver.finish();
    let got = received(&ended, 1);
    assert!(ended.stderr.contains("no digest"), "{}", ended.stderr);
    assert_eq!((&got["file"]["complete"], &got["file"]["verified"]), (&json!(true), &Value::Null));
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn a_run_without_a_file_and_none_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, address) = receiver(&folder, &["-o", "copy"]);
    ByHand::new(address).send(Kind::End, 1, b"");
    let ended = receiver.finish();
    assert!(ended.stderr.ends_with("with wirewright udp send --file\n"), "{}", ended.stderr);
    assert_eq!(ended.status.code(), Some(1));
    let args = ["udp", "recv", "--listen", "127.0.0.1:0", "-o", "copy", "--seconds", "0.1", "-q"];
    assert_fails(&run(&mut command(&folder, &args)), 1, "copy: no file came");
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn an_interrupted_sender_has_not_sent_the_file() {
    let folder = tempfile::tempdir().unwrap();
    file_of(&folder, 1 << 20);
    let (receiver, address) = receiver(&folder, &["--json"]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let through = socket.local_addr().unwrap().to_string();
    // What comes while the relay is not running has to fit into the buffer of its socket: here two
    // seconds of datagrams. A faster sender loses some of them on a busy machine.
    let args = ["udp", "send", &through, "--file", "source", "--rate", "160k", "--size", "200"];
    let sender =
        Process::start(&mut command(&folder, &[&args[..], &["--json", "--trace"]].concat()));
    let (mut room, mut ends, mut running) = ([0; 2000], 0, true);
    while ends < 5 {
        let len = socket.recv(&mut room).unwrap();
        if Datagram::decode(&room[..len]).unwrap().kind == Kind::FileEnd {
            ends += 1;
        } else if std::mem::take(&mut running) {
            let id = Pid::from_raw(i32::try_from(sender.child.id()).unwrap()).unwrap();
            kill_process(id, Signal::INT).unwrap();
        }
        socket.send_to(&room[..len], &address).unwrap();
    }
    let ended = sender.finish();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("-> part 0 of run "), "{}", ended.stderr);
    assert!(ended.stderr.contains(", bytes 0 to 151 of 1048576\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains(": interrupted: "), "{}", ended.stderr);
    let sent = json(&ended.stdout);
    let bytes = sent["file"]["bytes"].as_u64().unwrap();
    assert_eq!(
        (bytes, &sent["file"]["digest"]),
        (sent["sent"].as_u64().unwrap() * PART, &Value::Null)
    );
    let file = &received(&receiver.finish(), 0)["file"];
    assert_eq!(file["missing"], json!([{ "offset": bytes, "len": (1 << 20) - bytes }]));
    assert_eq!(file["digest"], Value::Null);
}

#[test]
fn a_file_that_changes_meanwhile_is_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    file_of(&folder, 20_000);
    let (receiver, address) = receiver(&folder, &["-o", "copy", "--json"]);
    let relay = UdpSocket::bind("127.0.0.1:0").unwrap();
    relay.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let sender = sender(&folder, &relay.local_addr().unwrap().to_string(), &[]);
    let (mut room, mut ends) = ([0; 2000], 0);
    while ends < 5 {
        let len = relay.recv(&mut room).unwrap();
        let datagram = Datagram::decode(&room[..len]).unwrap();
        ends += u32::from(datagram.kind.is_end());
        if datagram.sequence == 3 {
            fs::write(folder.path().join("source"), "shorter").unwrap();
        }
        relay.send_to(&room[..len], &address).unwrap();
    }
    assert_fails(&sender.finish(), 1, "source: the file changed while it was read");
    let got = received(&receiver.finish(), 1);
    assert_eq!(got["file"]["digest"], Value::Null);
    assert_eq!(names_in(folder.path()), ["source"]);
}

#[test]
fn what_fails_before_anything_travels() {
    let folder = tempfile::tempdir().unwrap();
    file_of(&folder, 10);
    let send = |more: &[&str]| {
        run(&mut command(&folder, &[&["udp", "send", "127.0.0.1:9", "--file"], more].concat()))
    };
    assert_fails(&send(&["none"]), 1, "none: no such file");
    assert_fails(&send(&["."]), 1, ".: it is not a regular file");
    assert_fails(&send(&["source", "--size", "48"]), 2, "--size: ");
    assert_fails(&send(&["source", "--seconds", "1"]), 2, "--seconds");
    let receive = |more: &[&str]| {
        let args = ["udp", "recv", "--listen", "127.0.0.1:0", "--seconds", "0.1", "-o"];
        run(&mut command(&folder, &[&args[..], more].concat()))
    };
    for path in ["-", ".", "down/", "/dev/null"] {
        assert_fails(&receive(&[path]), 2, "a regular file");
    }
    assert_fails(
        &receive(&["down/copy"]),
        1,
        "down/copy: the directory down does not exist; create it first",
    );
    assert_eq!(names_in(folder.path()), ["source"]);
    assert!(!Path::new("/dev/null").is_file());
}

#[test]
fn two_receivers_do_not_write_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let (_first, _) = receiver(&folder, &["-o", "copy"]);
    let args = ["udp", "recv", "--listen", "127.0.0.1:0", "-o", "copy"];
    assert_fails(&run(&mut command(&folder, &args)), 1, "copy: that file is being written");
}
