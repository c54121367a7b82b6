//! More files than a command holds in memory at once: they are moved batch by batch, and reported
//! in one document.

use super::gate::{Gate, Stops};
use super::setup::{Served, bytes, command, json, names_in, serve_folder};
use crate::process::{Process, run, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use socket2::{Domain, SockRef, Socket, Type};
use std::fs;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::thread;
use tempfile::TempDir;

/// How many files are moved at once.
const BATCH: usize = 2048;

/// How many small files with long names there are. What `get` knows of them, all held at once,
/// would be more than it may take.
const SMALL: usize = 4200;

/// The file on which a connection gets stuck or breaks, and its length in bytes. It is the last one
/// in the order of names, or [`AFTER`] others stand behind it.
const LARGE: &str = "m";
const LARGE_BYTES: usize = 8 << 20;

/// How many bytes of a connection pass: more than the small files take, less than the large one.
const PASSED_BYTES: usize = 5 << 20;

/// How many files stand behind the large one: more than are asked for ahead.
const AFTER: usize = 300;

/// A folder in memory, where the system has one: thousands of files take long on a disk.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// A server with small files below `a/`, a large one, and small ones below `z/`. The names of the
/// small ones have so many bytes more than they need.
fn server(small: usize, after: usize, more: usize) -> Served {
    let served = serve_folder(folder(), &[]);
    let long = format!("{}/", "l".repeat(239)).repeat(more / 240);
    for (directory, count) in [("a", small), ("z", after)] {
        fs::create_dir_all(served.path(&format!("{directory}/{long}"))).unwrap();
        for number in 0..count {
            let path = served.path(&format!("{directory}/{long}{number:06}"));
            fs::write(path, format!("{number:06}")).unwrap();
        }
    }
    served.write(LARGE, &bytes(LARGE_BYTES));
    served
}

/// Passes on so many connections. Then nobody listens there any more; or, if `is_full`, the queue
/// of connections is full, and another one neither comes about nor fails.
fn relay(server: &str, connections: usize, is_full: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, server) = (listener.local_addr().unwrap(), server.to_owned());
    SockRef::from(&listener).listen(1).unwrap();
    thread::spawn(move || {
        for client in listener.incoming().take(connections) {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            for (mut from, mut to) in [(&client, &server), (&server, &client)]
                .map(|(from, to)| (from.try_clone().unwrap(), to.try_clone().unwrap()))
            {
                thread::spawn(move || {
                    // Whichever side ends, the other one is told.
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
        if !is_full {
            return;
        }
        let queued = [(); 4].map(|()| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            // It goes on in the background.
            let _ = socket.connect(&address.into());
            socket
        });
        // Until the process of the test ends.
        std::mem::forget((listener, queued));
    });
    address.to_string()
}

const ARGS: [&str; 6] = ["--all", "--json", "--durability", "none", "-o", "to/"];

fn start(address: &str, folder: &Path) -> Process {
    let args = [&["get", address], &ARGS[..]].concat();
    Process::start(&mut command(folder, &args))
}

/// The outcomes of the files of a document, which stand in the order of their names.
fn outcomes(told: &Value) -> Vec<&str> {
    let files = told["files"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted());
    files.iter().map(|file| file["outcome"].as_str().unwrap()).collect()
}

#[test]
fn more_than_fit_into_memory_are_fetched_and_then_skipped() {
    let served = server(SMALL, 0, 960);
    let to = folder();
    let all = SMALL + 1;
    let told = json(&start(&served.address, to.path()).finish().stdout);
    assert_eq!(outcomes(&told), vec!["done"; all]);
    let bytes = 6 * SMALL + LARGE_BYTES;
    assert_eq!((&told["bytes"], &told["durability"]), (&bytes.into(), &"none".into()));
    assert_eq!((&told["skipped"], &told["not_started"]), (&Value::Null, &Value::Null));
    // Those of the first batch, at its end, and of the second.
    let files = told["files"].as_array().unwrap();
    for at in [0, BATCH - 1, BATCH, SMALL - 1] {
        let name = files[at]["name"].as_str().unwrap();
        let content = fs::read_to_string(to.path().join("to").join(name)).unwrap();
        assert_eq!(content, format!("{at:06}"));
    }
    // The same again, for people: they are counted.
    let args = ["get", &served.address, "--all", "-o", "to/"];
    let ended = run(&mut command(to.path(), &args));
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let expected = format!("{all} files skipped: already here with the same content, 8.0 MiB\n");
    assert_eq!(ended.stderr, expected);
}

/// The connection is lost in the second batch. All files are told, and the first failure is said.
#[test]
fn a_batch_that_fails_leaves_a_whole_document() {
    let served = server(BATCH, AFTER, 0);
    let gate = Gate::cutting(&served.address, Stops::ToClient, PASSED_BYTES);
    let to = folder();
    let ended = start(&gate.address, to.path()).finish();
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    let line = format!("error: {}: {LARGE}: ", gate.address);
    assert!(ended.stderr.starts_with(&line), "{}", ended.stderr);
    let told = json(&ended.stdout);
    let outcomes = outcomes(&told);
    assert_eq!(outcomes.len(), BATCH + 1 + AFTER);
    assert!(outcomes[..BATCH].iter().all(|outcome| *outcome == "done"));
    // Those behind it were asked for ahead, or not at all: nothing of them came.
    assert_eq!(outcomes[BATCH], "failed");
    assert_eq!(outcomes[BATCH + 1..], ["not_started"; AFTER]);
    assert!(ended.stderr.contains(&format!("(and {AFTER} more failed)")), "{}", ended.stderr);
}

/// The server has gone between two batches: what was fetched is told, and so is the rest.
#[test]
fn a_server_that_goes_away_between_two_batches() {
    let served = server(BATCH, 1, 0);
    // One for the listing, one for the first batch.
    let address = relay(&served.address, 2, false);
    let to = folder();
    let ended = start(&address, to.path()).finish();
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(": m: ") && ended.stderr.contains("(and 1 more failed)"));
    let told = json(&ended.stdout);
    assert_eq!(outcomes(&told)[..BATCH], vec!["done"; BATCH]);
    for (file, name) in told["files"].as_array().unwrap()[BATCH..].iter().zip(["m", "z/000000"]) {
        assert_eq!((&file["name"], &file["path"]), (&name.into(), &format!("to/{name}").into()));
        assert_eq!(
            (&file["outcome"], &file["error"]["code"]),
            (&"not_started".into(), &"io".into())
        );
    }
    assert_eq!(told["error"], Value::Null);
}

/// A signal comes while the second batch runs: the document is whole all the same.
#[test]
fn a_signal_leaves_a_whole_document() {
    let served = server(BATCH, AFTER, 0);
    let gate = Gate::new(&served.address, Stops::ToClient, PASSED_BYTES);
    let to = folder();
    let mut client = start(&gate.address, to.path());
    wait_for("the large file to begin", || {
        assert!(client.child.try_wait().unwrap().is_none(), "it has ended");
        let folder = to.path().join("to");
        (folder.exists() && names_in(&folder).iter().any(|name| name.starts_with(".wirewright-")))
            .then_some(())
    });
    kill_process(Pid::from_child(&client.child), Signal::INT).unwrap();
    let ended = client.finish();
    assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()), "{}", ended.stderr);
    let told = json(&ended.stdout);
    let outcomes = outcomes(&told);
    assert!(outcomes[..BATCH].iter().all(|outcome| *outcome == "done"));
    assert_eq!(outcomes[BATCH], "failed");
    // There is no time to tell all of them one by one.
    let told_too = outcomes[BATCH + 1..].len();
    assert_eq!(outcomes[BATCH + 1..], vec!["not_started"; told_too]);
    assert_eq!(told["not_started"].as_u64().unwrap() as usize + told_too, AFTER);
}

/// A signal comes while the connection of the second batch neither comes about nor fails.
#[test]
fn a_signal_between_two_batches_leaves_a_whole_document() {
    let served = server(BATCH, 1, 0);
    let address = relay(&served.address, 2, true);
    let to = folder();
    let mut client = start(&address, to.path());
    wait_for("the report of the first batch", || {
        assert!(client.child.try_wait().unwrap().is_none(), "it has ended");
        (!client.stdout_so_far().is_empty()).then_some(())
    });
    kill_process(Pid::from_child(&client.child), Signal::INT).unwrap();
    let ended = client.finish();
    assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()), "{}", ended.stderr);
    assert_eq!(outcomes(&json(&ended.stdout))[..BATCH], vec!["done"; BATCH]);
}

/// The server takes nothing, and goes away between two batches.
#[test]
fn a_put_whose_server_goes_away_between_two_batches() {
    let (here, served) = (folder(), serve_folder(folder(), &[]));
    let names: Vec<String> = (0..BATCH + 3).map(|number| format!("f{number:05}")).collect();
    names.iter().for_each(|name| fs::write(here.path().join(name), name).unwrap());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let address = relay(&served.address, 1, false);
    let ended =
        run(&mut command(here.path(), &[&["put", "--json", &address], &names[..]].concat()));
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let more = format!("(and {} more failed)", BATCH + 2);
    assert!(ended.stderr.contains(&more), "{}", ended.stderr);
    let told = json(&ended.stdout);
    assert_eq!(outcomes(&told)[..BATCH], vec!["failed"; BATCH]);
    assert_eq!(outcomes(&told)[BATCH..], ["not_started"; 3]);
    for (at, code) in [(0, "read_only"), (BATCH - 1, "read_only"), (BATCH, "io")] {
        let file = &told["files"][at];
        assert_eq!((&file["path"], &file["error"]["code"]), (&names[at].into(), &code.into()));
    }
}
