//! No thread can be started: a command does its work on the thread it has, or says why not.

use crate::command::{assert_fails, command, names_in, report};
use crate::process::{Ended, Process, run};
use crate::setup::{folder, http, run_limited, serve_limited};
use rustix::process::{Pid, Signal, getuid, kill_process};
use std::path::Path;

/// A user of its own with one process at most, of which each thread is one. The limit does not
/// bind root.
fn no_threads() -> Vec<&'static str> {
    let other = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"];
    let limit = ["prlimit", "--nproc=1"];
    match getuid().is_root() {
        true => [&other[..], &limit].concat(),
        false => limit.to_vec(),
    }
}

fn alone(folder: &Path, args: &[&str]) -> Ended {
    run_limited(folder, &no_threads(), args)
}

fn client(folder: &Path, args: &[&str]) -> Ended {
    run(&mut command(folder, args))
}

fn assert_done(ended: &Ended) {
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}

#[test]
fn a_server_takes_and_gives_files() {
    let (served, ours) = (folder(), folder());
    let (server, address) = serve_limited(served.path(), &no_threads(), &["--writable"]);
    // Short enough to be taken at once, and long enough to be written behind.
    for (name, len) in [("short", 10), ("long", 3 << 20)] {
        std::fs::write(ours.path().join(name), vec![7; len]).unwrap();
        assert_done(&client(ours.path(), &["put", &address, name]));
        std::fs::remove_file(ours.path().join(name)).unwrap();
        let told = report(&client(ours.path(), &["get", &address, name, "--json"]));
        assert_eq!(told["files"][0]["received"], len);
        assert_eq!(std::fs::read(ours.path().join(name)).unwrap(), vec![7; len]);
    }
    assert_eq!(names_in(served.path()), ["long", "short"]);
    kill_process(Pid::from_child(&server.child), Signal::TERM).unwrap();
    let ended = server.finish();
    assert_done(&ended);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[test]
fn a_server_that_cannot_have_its_threads_says_so() {
    let served = folder();
    let args = ["serve", ".", "--listen", "127.0.0.1:0", "--threads", "2"];
    assert_fails(&alone(served.path(), &args), 1, "thread");
}

/// The end of `--timeout` is a timer of the reactor, which needs no thread.
#[test]
fn a_server_ends_after_its_timeout() {
    let served = folder();
    for server in [&["serve", "."][..], &["time", "serve"]] {
        let args = [server, &["--listen", "127.0.0.1:0", "--timeout", "0.1"]].concat();
        assert_done(&alone(served.path(), &args));
    }
}

#[test]
fn clients_of_our_wire_do_their_work() {
    let (served, ours) = (tempfile::tempdir().unwrap(), folder());
    std::fs::write(served.path().join("short"), "short").unwrap();
    std::fs::write(served.path().join("long"), vec![7; 3 << 20]).unwrap();
    let start = |args: &[&str]| {
        let args = [&["serve"], args, &["--listen", "127.0.0.1:0"]].concat();
        let mut process = Process::start(&mut command(served.path(), &args));
        let address = process.address();
        (process, address)
    };
    let (_server, address) = start(&[".", "--writable"]);
    assert_done(&alone(ours.path(), &["get", &address, "short", "long"]));
    assert_eq!(names_in(ours.path()), ["long", "short"]);
    std::fs::rename(ours.path().join("long"), ours.path().join("ours")).unwrap();
    assert_done(&alone(ours.path(), &["put", &address, "ours"]));
    assert_done(&alone(ours.path(), &["ls", &address]));
    let (_server, address) = start(&["long", "--classic"]);
    assert_done(&alone(ours.path(), &["get", "--classic", &address]));
    assert_eq!(std::fs::metadata(ours.path().join("long")).unwrap().len(), 3 << 20);
}

#[test]
fn clients_of_the_web_do_their_work_or_say_that_a_name_needs_a_thread() {
    let (ours, address) = (folder(), http(vec![7; 2 << 20]));
    let url = format!("http://{address}/file");
    for durability in ["fsync", "rename"] {
        let args = ["http", &url, "-o", "body", "--durability", durability];
        assert_done(&alone(ours.path(), &args));
        let args = ["download", &url, "--overwrite", "-o", "files/", "--durability", durability];
        assert_done(&alone(ours.path(), &args));
    }
    assert_eq!(names_in(ours.path()), ["body", "files"]);
    let named = format!("http://localhost:{}/file", address.port());
    for args in [["http", &named, "-o", "named"], ["download", &named, "-o", "named/"]] {
        let ended = alone(ours.path(), &[&args[..], &["--quiet"]].concat());
        assert_fails(&ended, 1, "localhost");
        assert!(ended.stderr.contains("thread"), "{}", ended.stderr);
    }
}

#[test]
fn mail_says_what_is_wrong_with_the_server_and_not_with_threads() {
    let ours = folder();
    let args = ["--from", "a@example.org", "--to", "b@example.org", "--subject", "s", "--text"];
    // A port that nobody listens on.
    let server = ["mail", "--server", "smtp://127.0.0.1:1", "--starttls", "never"];
    let ended = alone(ours.path(), &[&server[..], &args, &["t"]].concat());
    assert_fails(&ended, 1, "127.0.0.1:1");
    let dry = ["mail", "--server", "smtp://127.0.0.1:1", "--dry-run"];
    assert_done(&alone(ours.path(), &[&dry[..], &args, &["t"]].concat()));
}
