//! Descriptors run out: whoever comes is told so, or is served when others leave, and nobody spins
//! meanwhile.

use super::host::Host;
use crate::peer::{HELLO, Peer};
use crate::serving::{BINARY, Process};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// How long the server is watched while descriptors are short.
const WATCHED: Duration = Duration::from_secs(2);

/// Ticks of 10 ms of CPU time that are no busy loop: a tenth of the time watched.
const TICKS_MAX: u64 = 20;

/// CPU time of a process so far, in ticks of 10 ms: fields 14 and 15 of `/proc/PID/stat`.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let behind_name = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// Connected, with its hello on the way.
fn comer(address: &str) -> Peer {
    let mut peer = Peer::connect(address);
    peer.say(HELLO).unwrap();
    peer
}

fn is_greeted(peer: &mut Peer) {
    let said = peer.hear().unwrap().expect("the server's hello");
    assert_eq!(said["type"], "hello", "{said}");
}

#[test]
fn out_of_descriptors_all_are_served_in_the_end_and_nothing_spins() {
    let host = Host::start(&[]);
    let pid = Pid::from_raw(i32::try_from(host.pid()).unwrap());
    let held = descriptors(host.pid()) as u64;
    let limit = Rlimit { current: Some(held + 30), maximum: Some(held + 30) };
    prlimit(pid, Resource::Nofile, limit).unwrap();
    let mut waiting: Vec<Peer> = (0..200).map(|_| comer(host.address())).collect();
    sleep(Duration::from_millis(300));
    let taken = descriptors(host.pid()) as u64;
    assert!((held + 25..held + 35).contains(&taken), "{taken}: they are not short");
    let before = ticks(host.pid());
    sleep(WATCHED);
    let spent = ticks(host.pid()) - before;
    println!("out of descriptors: {spent} ticks of CPU time in {WATCHED:?}");
    assert!(spent <= TICKS_MAX, "{spent} ticks in {WATCHED:?}: it spins");
    // In the order in which they came, each after another has left.
    for mut peer in waiting.drain(..) {
        is_greeted(&mut peer);
    }
    host.is_well();
}

#[test]
fn a_low_limit_of_descriptors_is_a_limit_of_connections() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good"), "good").unwrap();
    let script = "ulimit -n 100; exec \"$0\" serve \"$1\" --listen 127.0.0.1:0 --quiet \
                  --max-connections 5000";
    let mut command = Command::new("sh");
    command.args(["-c", script, BINARY]).arg(folder.path());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut process = Process(child);
    let mut line = String::new();
    BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let came: Vec<Peer> = (0..150).map(|_| comer(&address)).collect();
    let before = ticks(process.0.id());
    sleep(WATCHED);
    let spent = ticks(process.0.id()) - before;
    assert!(spent <= TICKS_MAX, "{spent} ticks in {WATCHED:?}: it spins");
    let mut served = Vec::new();
    for mut peer in came {
        let said = peer.hear().unwrap().expect("an answer");
        if said["type"] == "hello" {
            served.push(peer);
        } else {
            assert_eq!(said["code"], "busy", "{said}");
        }
    }
    assert!((30..50).contains(&served.len()), "{} are served", served.len());
    for peer in &mut served {
        peer.say(r#"{"type":"get","id":1,"name":"good"}"#).unwrap();
        let said = peer.hear().unwrap().unwrap();
        assert_eq!(said["type"], "file", "{said}");
    }
}
