//! `wirewright serve`: where it listens, whom it lets in, how it ends.

use super::gate::{Gate, Stops};
use super::setup::{assert_fails, bytes, command, json, names_in, report, serve};
use crate::process::{Process, run, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use tempfile::TempDir;

fn signal(process: &Process, signal: Signal) {
    kill_process(Pid::from_child(&process.child), signal).unwrap();
}

#[test]
fn one_line_says_where() {
    let served = serve(&[]);
    let port: u16 = served.address.strip_prefix("127.0.0.1:").unwrap().parse().unwrap();
    assert_ne!(port, 0);
    signal(&served.process, Signal::TERM);
    let ended = served.process.finish();
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    let line = format!("listening on {}\n", served.address);
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), line);

    let served = serve(&["--json"]);
    signal(&served.process, Signal::INT);
    let ended = served.process.finish();
    assert_eq!((ended.status.code(), &json(&ended.stdout)["failed"]), (Some(0), &0.into()));
    assert_eq!(ended.stderr, format!("listening on {}\n", served.address));
}

#[test]
fn one_file_is_served_under_its_base_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("x")).unwrap();
    std::fs::write(folder.path().join("x/guido ü.jpg"), "guido").unwrap();
    std::fs::write(folder.path().join("x/other"), "other").unwrap();
    let args = ["serve", "x/guido ü.jpg", "--listen", "127.0.0.1:0"];
    let mut server = Process::start(&mut command(folder.path(), &args));
    let address = server.address();
    let listed = report(&run(&mut command(folder.path(), &["ls", &address, "--json"])));
    assert_eq!(listed["entries"].as_array().unwrap().len(), 1);
    assert_eq!(listed["entries"][0]["name"], "guido ü.jpg");
    let get = |name: &str| run(&mut command(folder.path(), &["get", &address, name]));
    assert_eq!(get("guido ü.jpg").status.code(), Some(0));
    assert_eq!(std::fs::read(folder.path().join("guido ü.jpg")).unwrap(), b"guido");
    assert_fails(&get("other"), 1, "no such file");
    assert_fails(&get("x/guido ü.jpg"), 1, "no such file");
}

#[test]
fn what_cannot_be_served() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["missing", "/dev/null"] {
        let args = ["serve", path, "--listen", "127.0.0.1:0"];
        assert_fails(&run(&mut command(folder.path(), &args)), 1, path);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(&mut command(folder.path(), &["serve", ".", "--listen", &address]));
    assert_fails(&ended, 1, &address);
}

#[test]
fn beyond_loopback_it_warns() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "secret").unwrap();
    let stop = |args: &[&str]| {
        let mut server = Process::start(&mut command(folder.path(), args));
        let address = server.address();
        signal(&server, Signal::TERM);
        let ended = server.finish();
        assert_eq!(ended.status.code(), Some(0));
        (address, ended.stderr)
    };
    let open = ["serve", ".", "--listen", "0.0.0.0:0"];
    let (address, said) = stop(&open);
    assert!(address.starts_with("0.0.0.0:"));
    assert!(said.starts_with("warning: ") && said.matches('\n').count() == 1, "{said:?}");
    let (_, said) = stop(&[&open[..], &["--token-file", "token"]].concat());
    assert_eq!(said, "");
}

#[test]
fn a_running_transfer_may_finish() {
    for threads in ["1", "2"] {
        let served = serve(&["--threads", threads, "--grace", "60"]);
        let content = bytes(16 << 20);
        served.write("big", &content);
        let gate = Gate::new(&served.address, Stops::ToClient, 1 << 20);
        // Several, so that every thread has one.
        let folders: Vec<TempDir> = (0..6).map(|_| tempfile::tempdir().unwrap()).collect();
        let args = ["get", &gate.address, "big", "--json"];
        let start = |to: &TempDir| Process::start(&mut command(to.path(), &args));
        let clients: Vec<Process> = folders.iter().map(start).collect();
        for to in &folders {
            wait_for("the beginning of a file", || (!names_in(to.path()).is_empty()).then_some(()));
        }
        signal(&served.process, Signal::TERM);
        wait_for("nobody to be let in", || TcpStream::connect(&served.address).err());
        gate.open();
        for (client, to) in clients.into_iter().zip(&folders) {
            assert_eq!(report(&client.finish())["files"][0]["received"], content.len());
            assert!(std::fs::read(to.path().join("big")).unwrap() == content);
        }
        let ended = served.process.finish();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert_eq!(ended.stderr.matches(": sent big, 16.0 MiB at ").count(), folders.len());
        assert_eq!(ended.stderr.lines().count(), folders.len(), "{}", ended.stderr);
    }
}

#[test]
fn the_grace_is_bounded() {
    let served = serve(&["--grace", "0.2"]);
    served.write("big", &bytes(32 << 20));
    let gate = Gate::new(&served.address, Stops::ToClient, 1 << 20);
    let to = tempfile::tempdir().unwrap();
    let client = Process::start(&mut command(to.path(), &["get", &gate.address, "big"]));
    wait_for("the beginning of the file", || (!names_in(to.path()).is_empty()).then_some(()));
    signal(&served.process, Signal::TERM);
    assert_eq!(served.process.finish().status.code(), Some(0));
    gate.open();
    assert_fails(&client.finish(), 1, "");
    assert!(!to.path().join("big").exists());
}

#[test]
fn a_client_that_is_stopped_dies_by_the_signal_and_goes_on_later() {
    let served = serve(&[]);
    served.write("big", &bytes(32 << 20));
    let gate = Gate::new(&served.address, Stops::ToClient, 16 << 20);
    let to = tempfile::tempdir().unwrap();
    let client = Process::start(&mut command(to.path(), &["get", &gate.address, "big"]));
    wait_for("the beginning of the file", || (!names_in(to.path()).is_empty()).then_some(()));
    signal(&client, Signal::INT);
    let ended = client.finish();
    assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()), "{}", ended.stderr);
    // On a busy machine the signal may end it before it comes to words.
    assert!(ended.stderr.is_empty() || ended.stderr.contains("interrupted"), "{}", ended.stderr);
    assert!(!to.path().join("big").exists());
    served.get(to.path(), &["big"]);
    assert_eq!(names_in(to.path()), ["big"]);
}

#[test]
fn two_threads_serve() {
    let served = serve(&["--threads", "2", "--writable"]);
    served.write("a", &bytes(500_000));
    let to = tempfile::tempdir().unwrap();
    let clients: Vec<Process> = (0..12)
        .map(|number| {
            let output = format!("{number}");
            let args = ["get", &served.address, "a", "-o", &output];
            Process::start(&mut command(to.path(), &args))
        })
        .collect();
    for (number, client) in clients.into_iter().enumerate() {
        let ended = client.finish();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(std::fs::read(to.path().join(number.to_string())).unwrap() == bytes(500_000));
    }
    served.put(to.path(), &["0", "1"]);
    signal(&served.process, Signal::TERM);
    assert_eq!(served.process.finish().status.code(), Some(0));
}

#[test]
fn one_connection_at_a_time() {
    let served = serve(&["--max-connections", "1"]);
    served.write("a", b"a");
    let to = tempfile::tempdir().unwrap();
    let first = TcpStream::connect(&served.address).unwrap();
    let ended = served.client(to.path(), "ls", &[]);
    assert_fails(&ended, 1, "connection limit reached");
    drop(first);
    let told = wait_for("a place", || {
        let ended = served.client(to.path(), "ls", &["--json"]);
        ended.status.success().then(|| report(&ended))
    });
    assert_eq!(told["entries"][0]["name"], "a");
    served.get(to.path(), &["a"]);
}

#[test]
fn the_token_is_proven() {
    let secrets = tempfile::tempdir().unwrap();
    for (name, token) in [("good", "horse"), ("crlf", "horse\r\n"), ("bad", "cow"), ("none", "")] {
        std::fs::write(secrets.path().join(name), token).unwrap();
    }
    let file = |name: &str| secrets.path().join(name).to_str().unwrap().to_owned();
    let served = serve(&["--writable", "--token-file", &file("good")]);
    served.write("a", b"content");
    std::fs::write(secrets.path().join("b"), "b").unwrap();
    let client = |folder: &Path, verb: &str, names: &[&str], token: &str| {
        let token = file(token);
        served.client(folder, verb, &[names, &["--token-file", &token]].concat())
    };
    for token in ["good", "crlf"] {
        let told = client(secrets.path(), "ls", &["--json"], token);
        assert_eq!(json(&told.stdout)["entries"][0]["name"], "a");
        assert_eq!(client(secrets.path(), "get", &["a"], token).status.code(), Some(0));
        std::fs::remove_file(secrets.path().join("a")).unwrap();
    }
    assert_eq!(client(secrets.path(), "put", &["b"], "good").status.code(), Some(0));
    for (verb, names) in [("ls", &[][..]), ("get", &["a"]), ("put", &["b", "--overwrite"])] {
        assert_fails(&client(secrets.path(), verb, names, "bad"), 1, "unauthorized");
        assert_fails(&served.client(secrets.path(), verb, names), 1, "unauthorized");
        assert_fails(&client(secrets.path(), verb, names, "none"), 1, "token is empty");
        assert_fails(&client(secrets.path(), verb, names, "missing"), 1, "missing");
    }
    assert!(!secrets.path().join("a").exists());
    // A client that has a token does not talk to whoever cannot prove it.
    let open = serve(&[]);
    let token = file("good");
    let ended = open.client(secrets.path(), "ls", &["--token-file", &token]);
    assert_fails(&ended, 1, "token");
    let mut command = command(secrets.path(), &["ls", &served.address, "--token-file", "-"]);
    let stdin = std::fs::File::open(secrets.path().join("good")).unwrap();
    let ended = Process::start(command.stdin(stdin)).finish();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}
