//! As many connections as there may be: one limit for all threads, and whoever is over it is told
//! so, whatever it says itself.

use crate::command::{assert_fails, command, report};
use crate::peer::{HELLO, Peer};
use crate::process::{Process, run, wait_for};
use crate::setup::{folder, serve_limited};
use std::io::Read as _;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// How soon somebody who is refused has to know.
const REFUSED_WITHIN: Duration = Duration::from_secs(2);

fn serve(folder: &Path, args: &[&str]) -> (Process, String) {
    let args = [&["serve", ".", "--listen", "127.0.0.1:0"], args].concat();
    let mut process = Process::start(&mut command(folder, &args));
    let address = process.address();
    (process, address)
}

/// The first message on a new connection; who comes says hello or nothing.
fn greeted(address: &str, hello: bool) -> (Peer, String) {
    let mut peer = Peer::connect(address);
    if hello {
        peer.say(HELLO).unwrap();
    }
    let said = peer.hear().unwrap().expect("a message");
    let kind = said["type"].as_str().unwrap();
    let what = if kind == "error" { said["code"].as_str().unwrap() } else { kind };
    let what = what.to_owned();
    (peer, what)
}

#[test]
fn every_slot_is_used_whatever_the_number_of_threads() {
    for threads in ["1", "2", "3"] {
        let served = folder();
        std::fs::write(served.path().join("a"), "a").unwrap();
        let args = ["--threads", threads, "--max-connections", "12"];
        let (_server, address) = serve(served.path(), &args);
        let mut open: Vec<Peer> = Vec::new();
        for number in 0..12 {
            let (peer, said) = greeted(&address, true);
            assert_eq!(said, "hello", "{number} of 12, {threads} threads");
            open.push(peer);
        }
        for hello in [true, false] {
            let began = Instant::now();
            let (mut peer, said) = greeted(&address, hello);
            assert_eq!(said, "busy", "{threads} threads");
            assert!(began.elapsed() <= REFUSED_WITHIN, "{:?}", began.elapsed());
            assert!(peer.hear().unwrap().is_none(), "that was the last");
        }
        let ended = run(&mut command(served.path(), &["ls", &address]));
        assert_fails(&ended, 1, "connection limit reached");
        // One leaves, whichever it is, and there is room for one.
        open.remove(3);
        wait_for("a slot", || (greeted(&address, true).1 == "hello").then_some(()));
        wait_for("a slot", || {
            let ended = run(&mut command(served.path(), &["ls", &address, "--json"]));
            ended.status.success().then(|| report(&ended))
        });
    }
}

#[test]
fn a_crowd_of_refused_peers_costs_little_and_keeps_nobody_from_hearing() {
    let served = folder();
    let (_server, address) = serve(served.path(), &["--max-connections", "2", "--quiet"]);
    let _open = [Peer::greeted(&address), Peer::greeted(&address)];
    // None of them goes away by itself.
    let crowd: Vec<Peer> = (0..300).map(|_| Peer::connect(&address)).collect();
    let began = Instant::now();
    for hello in [true, false] {
        assert_eq!(greeted(&address, hello).1, "busy");
    }
    assert!(began.elapsed() <= 2 * REFUSED_WITHIN, "{:?}", began.elapsed());
    for mut peer in crowd {
        let said = peer.hear().unwrap().expect("a message");
        assert_eq!(said["code"], "busy");
    }
}

#[test]
fn the_port_is_ours_alone() {
    let served = folder();
    for threads in ["1", "2"] {
        let (_server, address) = serve(served.path(), &["--threads", threads]);
        let args = ["serve", ".", "--listen", &address, "--threads", threads, "--timeout", "5"];
        assert_fails(&run(&mut command(served.path(), &args)), 1, &address);
    }
}

#[test]
fn a_classic_server_closes_at_once() {
    let served = folder();
    // Longer than what the kernel holds of it, so that the first is still being served.
    std::fs::write(served.path().join("long"), vec![7; 32 << 20]).unwrap();
    let args = ["serve", "long", "--classic", "--listen", "127.0.0.1:0", "--max-connections", "1"];
    let mut server = Process::start(&mut command(served.path(), &args));
    let address = server.address();
    let mut first = TcpStream::connect(&address).unwrap();
    first.read_exact(&mut [0; 1000]).unwrap();
    let began = Instant::now();
    let mut second = TcpStream::connect(&address).unwrap();
    assert_eq!(second.read(&mut [0; 10]).unwrap(), 0);
    assert!(began.elapsed() <= REFUSED_WITHIN, "{:?}", began.elapsed());
}

#[test]
fn a_low_limit_of_descriptors_is_said_and_used_up() {
    let served = folder();
    std::fs::write(served.path().join("a"), "a").unwrap();
    let low = ["prlimit", "--nofile=64"];
    let (server, address) = serve_limited(served.path(), &low, &["--writable"]);
    let mut open: Vec<Peer> = Vec::new();
    let refused = loop {
        match greeted(&address, true) {
            (peer, said) if said == "hello" => open.push(peer),
            (_, said) => break said,
        }
        assert!(open.len() < 64);
    };
    assert_eq!(refused, "busy");
    assert!(open.len() >= 15, "{} connections of 64 descriptors", open.len());
    // All of them are served, each with a file of its own.
    for peer in &mut open {
        peer.say(r#"{"type":"get","id":1,"name":"a"}"#).unwrap();
        assert_eq!(peer.hear().unwrap().unwrap()["type"], "file");
    }
    let (count, limit) = (open.len(), "limit of descriptors is 64");
    drop(open);
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&server.child),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    let said = server.finish().stderr;
    let warning = format!("warning: at most {count} connections at a time");
    assert!(said.contains(&warning) && said.contains(limit), "{said}");
}

#[test]
fn a_limit_that_leaves_no_connection_is_an_error() {
    let served = folder();
    let args = ["prlimit", "--nofile=16", env!("CARGO_BIN_EXE_wirewright"), "serve", "."];
    let mut command = std::process::Command::new(args[0]);
    command.args(&args[1..]).args(["--listen", "127.0.0.1:0"]).current_dir(served.path());
    assert_fails(&run(&mut command), 1, "16 descriptors");
}

/// With the fewest descriptors that there can be one guest is served, may store a file, and the
/// next one is told `busy`; with fewer the server says how many it needs.
#[test]
fn the_fewest_descriptors_suffice_for_one_of_each() {
    for (options, least) in [(&[][..], 21), (&["--writable"], 23), (&["--threads", "2"], 23)] {
        let served = folder();
        std::fs::write(served.path().join("a"), "content").unwrap();
        let fewer = format!("--nofile={}", least - 1);
        let serve = ["prlimit", &fewer, env!("CARGO_BIN_EXE_wirewright"), "serve", "."];
        let mut command = std::process::Command::new(serve[0]);
        command.args(&serve[1..]).args(["--listen", "127.0.0.1:0"]).args(options);
        let ended = run(command.current_dir(served.path()));
        assert_fails(&ended, 1, &format!("needs {least}"));
        assert!(ended.stderr.contains("ulimit -n"), "{}", ended.stderr);

        let enough = format!("--nofile={least}");
        let (_server, address) = serve_limited(served.path(), &["prlimit", &enough], options);
        let (first, said) = greeted(&address, true);
        assert_eq!(said, "hello", "{options:?}");
        for hello in [true, false, true] {
            let (mut peer, said) = greeted(&address, hello);
            assert_eq!(said, "busy", "{options:?}");
            assert!(peer.hear().unwrap().is_none(), "that was the last");
        }
        drop(first);
        let client = |args: &[&str]| {
            let args = [&args[..1], &[&*address], &args[1..]].concat();
            let ended = || run(&mut crate::command::command(served.path(), &args));
            wait_for("a slot", || {
                Some(ended()).filter(|ended| {
                    !ended.stderr.contains("busy") && !ended.stderr.contains("as many connections")
                })
            })
        };
        let get = client(&["get", "a", "-o", "got"]);
        assert_eq!(get.status.code(), Some(0), "{options:?} {}", get.stderr);
        if options == ["--writable"] {
            let put = client(&["put", "got"]);
            assert_eq!(put.status.code(), Some(0), "{}", put.stderr);
        }
    }
}

#[test]
fn a_hard_limit_is_taken() {
    let served = folder();
    let low = ["prlimit", "--nofile=64:2000"];
    let (_server, address) = serve_limited(served.path(), &low, &["--max-connections", "100"]);
    let open: Vec<_> = (0..100).map(|_| greeted(&address, true)).collect();
    assert!(open.iter().all(|(_, said)| said == "hello"));
}

#[test]
fn puts_that_hold_all_descriptors_lock_nobody_out_for_longer_than_an_answer() {
    let served = folder();
    std::fs::write(served.path().join("a"), "a").unwrap();
    let low = ["prlimit", "--nofile=300"];
    let (_server, address) = serve_limited(served.path(), &low, &["--writable"]);
    let (mut puts, mut idle, mut refused) = (Vec::new(), Vec::new(), 0);
    for number in 0..100 {
        let (mut peer, said) = greeted(&address, true);
        if said != "hello" {
            assert_eq!(said, "busy");
            refused += 1;
            continue;
        }
        let put =
            format!(r#"{{"type":"put","id":1,"name":"p{number}","size":9000000,"etag":"e"}}"#);
        peer.say(&put).unwrap();
        let said = peer.hear().unwrap().unwrap();
        match said["type"].as_str() {
            // A byte, so that the file is there.
            Some("ready") => peer.say(r#"{"type":"chunk","id":1,"offset":0,"filedata":"AAAA"}"#),
            _ => {
                assert_eq!((&said["code"], &said["fatal"]), (&"busy".into(), &false.into()));
                refused += 1;
                idle.push(peer);
                continue;
            }
        }
        .unwrap();
        puts.push(peer);
    }
    assert!(puts.len() >= 50 && refused > 0, "{} puts, {refused} refused", puts.len());
    assert_eq!(greeted(&address, true).1, "busy");
    // Two have gone: there is room for a get.
    puts.truncate(puts.len() - 2);
    wait_for("a get", || {
        let to = tempfile::tempdir().unwrap();
        run(&mut command(to.path(), &["get", &address, "a"])).status.success().then_some(())
    });
}
