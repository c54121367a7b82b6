//! A put to which the answer is lost: what is said, and what putting again finds out.

use super::setup::{Served, assert_fails, bytes, command, json, names_in, report, serve};
use super::setup::{blake3, serve_folder};
use crate::process::{Process, run, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::sync::mpsc::{Receiver, channel};

/// One connection of a scripted server.
struct Wire(TcpStream);

/// The name and size of a put, and what its end said.
type Put = (Value, Value);

impl Wire {
    fn hear(&mut self) -> io::Result<Value> {
        let mut prefix = [0; 4];
        self.0.read_exact(&mut prefix)?;
        let mut frame = vec![0; u32::from_be_bytes(prefix) as usize];
        self.0.read_exact(&mut frame)?;
        Ok(serde_json::from_slice(&frame).unwrap())
    }

    fn say(&mut self, message: &Value) {
        let text = message.to_string();
        let frame = [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
        self.0.write_all(&frame).unwrap();
    }

    fn greet(&mut self) {
        assert_eq!(self.hear().unwrap()["type"], "hello");
        let hello = json!({"type": "hello", "version": 1, "max_frame": 1_048_576,
            "digest": "blake3"});
        self.say(&hello);
    }

    /// Takes the next put up to its end, beginning at its own end if `stands`.
    fn take(&mut self, stands: bool) -> Put {
        let put = self.next_put();
        let offset = if stands { put["size"].clone() } else { json!(0) };
        self.say(&json!({"type": "ready", "id": put["id"], "offset": offset}));
        (put.clone(), self.end_of(&put["id"]))
    }

    /// The next put; those that are asked for meanwhile wait.
    fn next_put(&mut self) -> Value {
        loop {
            let message = self.hear().unwrap();
            if message["type"] == "put" {
                return message;
            }
        }
    }

    /// The end of a put, behind its chunks and what else is asked for.
    fn end_of(&mut self, id: &Value) -> Value {
        loop {
            let message = self.hear().unwrap();
            if message["type"] == "end" && message["id"] == *id {
                return message;
            }
        }
    }

    fn done(&mut self, (put, end): &Put) {
        self.say(&json!({"type": "done", "id": put["id"], "size": end["size"],
            "digest": end["digest"], "durability": "fsync"}));
    }

    fn refuse(&mut self, put: &Value, code: &str) {
        self.say(&json!({"type": "error", "id": put["id"], "code": code, "text": code,
            "fatal": false}));
    }

    /// Ends the connection by a reset.
    fn reset(self) {
        socket2::SockRef::from(&self.0).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    }

    /// Listens until the client has gone.
    fn wait(mut self) {
        while self.hear().is_ok() {}
    }
}

/// A server that follows a script on each connection, from the first; then it is gone.
struct Script {
    address: String,
    thread: std::thread::JoinHandle<()>,
    taken: Receiver<usize>,
}

impl Script {
    fn start(connections: usize, script: impl Fn(usize, Wire) + Send + 'static) -> Script {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (tell, taken) = channel();
        let thread = std::thread::spawn(move || {
            for number in 0..connections {
                let mut wire = Wire(listener.accept().unwrap().0);
                tell.send(number).unwrap();
                wire.greet();
                script(number, wire);
            }
        });
        Script { address, thread, taken }
    }

    /// How many connections there were.
    fn end(self) -> usize {
        self.thread.join().unwrap();
        self.taken.iter().count()
    }
}

/// A folder with files to put.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), bytes(300_000)).unwrap();
    std::fs::write(folder.path().join("b"), bytes(10)).unwrap();
    folder
}

const AGAIN: &str = "; run the same command again: a file that is there";

/// What the client says is in its report, and its status.
fn assert_unknown(ended: &crate::process::Ended, code: &str) {
    assert_fails(ended, 4, AGAIN);
    assert_told_unknown(ended, code);
}

fn assert_told_unknown(ended: &crate::process::Ended, code: &str) {
    assert!(ended.stderr.contains(AGAIN), "{}", ended.stderr);
    assert!(ended.stderr.contains("whether it is stored is not known"), "{}", ended.stderr);
    let told = json(&ended.stdout);
    assert_eq!(told["files"][0]["outcome"], "unknown", "{told}");
    assert_eq!(told["files"][0]["error"]["code"], code, "{told}");
}

type Ending = fn(Wire, &Put);

/// How a connection ends that had all of a file.
const ENDINGS: [(&str, Ending); 3] = [
    ("closed", |_, _| {}),
    ("reset", |wire, _| wire.reset()),
    ("fatal", |mut wire, _| {
        wire.say(&json!({"type": "error", "code": "shutting_down", "text": "", "fatal": true}));
    }),
];

#[test]
fn an_answer_that_is_lost_again_and_again_is_unknown() {
    for (name, ending) in ENDINGS {
        println!("{name}");
        let from = folder();
        // The first time, and three times again.
        let script = Script::start(4, move |_, mut wire| {
            let put = wire.take(false);
            ending(wire, &put);
        });
        let ended = run(&mut command(from.path(), &["put", &script.address, "a", "--json"]));
        assert_fails(&ended, 4, AGAIN);
        assert_eq!(json(&ended.stdout)["files"][0]["outcome"], "unknown");
        assert_eq!(script.end(), 4);
    }
}

#[test]
fn putting_again_finds_it_there() {
    for (name, ending) in ENDINGS {
        println!("{name}");
        for overwrite in [false, true] {
            let from = folder();
            let script = Script::start(2, move |number, mut wire| {
                let put = wire.take(number == 1);
                // To ask what stands there must not replace it.
                assert_eq!(put.0["overwrite"] == true, overwrite && number == 0, "{}", put.0);
                assert_eq!(put.1["digest"], blake3(&bytes(300_000)));
                match number {
                    0 => ending(wire, &put),
                    _ => {
                        wire.done(&put);
                        wire.wait();
                    }
                }
            });
            let args = ["put", &script.address, "a", "--json", "--overwrite"];
            let args = if overwrite { &args[..] } else { &args[..4] };
            let told = report(&run(&mut command(from.path(), args)));
            let file = &told["files"][0];
            assert_eq!((&file["sent"], &file["outcome"]), (&300_000.into(), &"done".into()));
            assert_eq!(file["resumed_from"], 0);
            assert_eq!(script.end(), 2);
        }
    }
}

/// What stands under the name is something else: another size at once, another content at the end.
#[test]
fn putting_again_finds_something_else() {
    for at_once in [true, false] {
        let from = folder();
        let script = Script::start(2, move |number, mut wire| {
            if number == 1 && at_once {
                let put = wire.next_put();
                wire.refuse(&put, "exists");
                return wire.wait();
            }
            let put = wire.take(number == 1);
            if number == 1 {
                wire.refuse(&put.0, "exists");
                wire.wait();
            }
        });
        let ended = run(&mut command(from.path(), &["put", &script.address, "a", "--json"]));
        assert_fails(&ended, 1, "exists");
        let told = json(&ended.stdout);
        assert_eq!(told["files"][0]["outcome"], "failed");
        assert_eq!(told["files"][0]["error"]["code"], "exists");
        assert_eq!(script.end(), 2);
    }
}

/// With --overwrite it is replaced.
#[test]
fn putting_again_replaces_something_else_if_asked() {
    let from = folder();
    let script = Script::start(2, |number, mut wire| {
        let put = wire.take(number == 1);
        if number == 1 {
            wire.refuse(&put.0, "exists");
            let put = wire.take(false);
            assert_eq!(put.0["overwrite"], true);
            wire.done(&put);
            wire.wait();
        }
    });
    let args = ["put", &script.address, "a", "--json", "--overwrite"];
    let told = report(&run(&mut command(from.path(), &args)));
    assert_eq!(told["files"][0]["outcome"], "done");
    assert_eq!(script.end(), 2);
}

/// That a second put is refused says nothing about the first.
#[test]
fn a_refusal_of_the_second_put_settles_nothing() {
    for code in ["read_only", "no_space", "io", "a new code"] {
        let from = folder();
        let script = Script::start(2, move |number, mut wire| match number {
            0 => drop(wire.take(false)),
            _ => {
                let put = wire.next_put();
                wire.refuse(&put, code);
                wire.wait();
            }
        });
        let ended = run(&mut command(from.path(), &["put", &script.address, "a", "--json"]));
        assert_fails(&ended, 4, AGAIN);
        assert_eq!(json(&ended.stdout)["files"][0]["outcome"], "unknown");
        assert_eq!(script.end(), 2);
    }
}

/// A server that is still storing the file, or has not noticed that the connection is lost.
#[test]
fn a_busy_server_is_asked_again() {
    let from = folder();
    let script = Script::start(4, |number, mut wire| match number {
        0 => drop(wire.take(false)),
        1 | 2 => {
            let put = wire.next_put();
            wire.refuse(&put, "busy");
            wire.wait();
        }
        _ => {
            let put = wire.take(true);
            wire.done(&put);
            wire.wait();
        }
    });
    let told = report(&run(&mut command(from.path(), &["put", &script.address, "a", "--json"])));
    assert_eq!(told["files"][0]["sent"], 300_000);
    assert_eq!(script.end(), 4);
}

/// An error that names the put is an answer.
#[test]
fn a_refusal_behind_the_end_is_known() {
    let from = folder();
    let script = Script::start(1, |_, mut wire| {
        let put = wire.take(false);
        wire.refuse(&put.0, "no_space");
        wire.wait();
    });
    let ended = run(&mut command(from.path(), &["put", &script.address, "a", "--json"]));
    assert_fails(&ended, 1, "no_space");
    assert_eq!(json(&ended.stdout)["files"][0]["outcome"], "failed");
    assert_eq!(script.end(), 1);
}

#[test]
fn nobody_there_any_more() {
    let from = folder();
    let script = Script::start(1, |_, mut wire| drop(wire.take(false)));
    let ended = run(&mut command(from.path(), &["put", &script.address, "a", "--json"]));
    assert_unknown(&ended, "incomplete");
    assert!(ended.stderr.contains(&script.address), "{}", ended.stderr);
    assert_eq!(script.end(), 1);
}

#[test]
fn silence_until_the_time_is_over() {
    let from = folder();
    let script = Script::start(1, |_, mut wire| {
        wire.take(false);
        wire.wait();
    });
    let args = ["put", &script.address, "a", "--json", "--timeout", "2"];
    assert_unknown(&run(&mut command(from.path(), &args)), "timed_out");
    assert_eq!(script.end(), 1);
}

/// What was stored is not what was sent, or the answer makes no sense.
#[test]
fn an_answer_that_makes_no_sense_is_no_success() {
    for answer in [
        json!({"type": "done", "id": 1, "size": 300_000, "digest": "blake3:00",
            "durability": "fsync"}),
        json!({"type": "done", "id": 1, "size": 300_000, "digest": blake3(b"other"),
            "durability": "fsync"}),
        json!({"type": "done", "id": 2, "size": 300_000, "digest": blake3(&bytes(300_000)),
            "durability": "fsync"}),
        json!({"type": "ready", "id": 1, "offset": 0}),
        json!({"type": "done"}),
        json!([]),
    ] {
        println!("{answer}");
        let from = folder();
        let script = Script::start(1, move |_, mut wire| {
            wire.take(false);
            wire.say(&answer);
            wire.wait();
        });
        let ended = run(&mut command(from.path(), &["put", &script.address, "a", "--json"]));
        assert!(matches!(ended.status.code(), Some(1 | 4)), "{}", ended.stderr);
        let told = json(&ended.stdout);
        assert_ne!(told["files"][0]["outcome"], "done", "{told}");
        assert_eq!(script.end(), 1);
    }
}

#[test]
fn a_signal_before_the_answer() {
    for signal in [Signal::INT, Signal::TERM] {
        let from = folder();
        let (tell, sent) = channel();
        let script = Script::start(1, move |_, mut wire| {
            wire.take(false);
            tell.send(()).unwrap();
            wire.wait();
        });
        let args = ["put", &script.address, "a", "--json"];
        let client = Process::start(&mut command(from.path(), &args));
        sent.recv().unwrap();
        kill_process(Pid::from_child(&client.child), signal).unwrap();
        let ended = client.finish();
        assert_eq!(ended.status.signal(), Some(signal.as_raw()), "{}", ended.stderr);
        assert_told_unknown(&ended, "interrupted");
        assert_eq!(script.end(), 1);
    }
}

/// A client that is asked to stop does not wait until a silent server closes, and says so.
#[test]
fn a_signal_before_anything_was_heard() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f"), bytes(3 << 20)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Silent from the beginning, and silent while the content is sent.
    for takes in [false, true] {
        let client = Process::start(&mut command(folder.path(), &["put", &address, "f"]));
        let mut wire = Wire(listener.accept().unwrap().0);
        wire.hear().unwrap();
        if takes {
            let hello = json!({"type": "hello", "version": 1, "max_frame": 1_048_576,
                "digest": "blake3"});
            wire.say(&hello);
            let put = wire.next_put();
            wire.say(&json!({"type": "ready", "id": put["id"], "offset": 0}));
            wire.hear().unwrap();
        }
        kill_process(Pid::from_child(&client.child), Signal::INT).unwrap();
        let asked = std::time::Instant::now();
        let ended = client.finish();
        assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()), "{}", ended.stderr);
        assert!(ended.stderr.contains("interrupted"), "{:?}", ended.stderr);
        // As long as one lingers for a peer that does not close.
        assert!(asked.elapsed() < std::time::Duration::from_secs(2), "{:?}", asked.elapsed());
    }
}

/// While it waits to ask again: it ends at once, and does not ask.
#[test]
fn a_signal_between_two_connections() {
    let from = folder();
    let script = Script::start(1, |_, mut wire| drop(wire.take(false)));
    let args = ["put", &script.address, "a", "--json"];
    let client = Process::start(&mut command(from.path(), &args));
    assert_eq!(script.end(), 1);
    kill_process(Pid::from_child(&client.child), Signal::INT).unwrap();
    let ended = client.finish();
    assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()), "{}", ended.stderr);
    assert_told_unknown(&ended, "incomplete");
}

/// The second file waits while the answer to the first is lost.
#[test]
fn two_files_on_a_connection() {
    let from = folder();
    let script = Script::start(2, |number, mut wire| {
        let put = wire.take(number == 1);
        assert_eq!(put.0["name"], "a");
        if number == 1 {
            wire.done(&put);
            // The other put was asked for while the end of this one was waited for, or is now.
            wire.say(&json!({"type": "ready", "id": 2, "offset": 0}));
            let end = wire.end_of(&json!(2));
            wire.done(&(json!({"id": 2}), end));
            wire.wait();
        }
    });
    let args = ["put", &script.address, "a", "b", "--json"];
    let told = report(&run(&mut command(from.path(), &args)));
    assert_eq!(
        (&told["files"][0]["sent"], &told["files"][1]["sent"]),
        (&300_000.into(), &10.into())
    );
    assert_eq!(script.end(), 2);
}

/// A file that failed, one that is stored, and one of which nobody knows: that one counts.
#[test]
fn what_is_unknown_gives_the_status() {
    let from = folder();
    let script = Script::start(1, |_, mut wire| {
        let put = wire.take(false);
        wire.done(&put);
        wire.say(&json!({"type": "ready", "id": 2, "offset": 0}));
        wire.end_of(&json!(2));
    });
    let args = ["put", &script.address, "b", "a", "missing", "--json"];
    let ended = run(&mut command(from.path(), &args));
    assert_fails(&ended, 4, "a: ");
    let told = json(&ended.stdout);
    let outcomes: Vec<&Value> = (0..3).map(|at| &told["files"][at]["outcome"]).collect();
    assert_eq!(outcomes, ["done", "unknown", "failed"]);
    assert_eq!(script.end(), 1);
}

#[test]
fn a_file_that_was_not_begun_says_so() {
    let from = folder();
    let script = Script::start(4, |_, mut wire| drop(wire.take(false)));
    let args = ["put", &script.address, "a", "b", "--json"];
    let ended = run(&mut command(from.path(), &args));
    assert_fails(&ended, 4, AGAIN);
    let told = json(&ended.stdout);
    assert_eq!(told["files"][1]["outcome"], "not_started", "{told}");
    assert_eq!(script.end(), 4);
}

// ---- our own server ----------------------------------------------------------------------------

/// A relay that loses the answer to the first put: it reads it, and ends the connection.
fn lose_done(server: String, lost: impl FnOnce() -> Option<String> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let client = listener.accept().unwrap().0;
        let mut upstream = Wire(TcpStream::connect(&server).unwrap());
        let (mut from, mut to) = (client.try_clone().unwrap(), upstream.0.try_clone().unwrap());
        std::thread::spawn(move || io::copy(&mut from, &mut to));
        let mut downstream = Wire(client);
        loop {
            let message = upstream.hear().unwrap();
            if message["type"] == "done" {
                break;
            }
            downstream.say(&message);
        }
        let server = lost().unwrap_or(server);
        downstream.0.shutdown(std::net::Shutdown::Both).unwrap();
        let mut client = listener.accept().unwrap().0;
        let mut upstream = TcpStream::connect(&server).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
        std::thread::spawn(move || io::copy(&mut from, &mut to));
        // The client ends the connection.
        let _ = io::copy(&mut upstream, &mut client);
    });
    address
}

#[test]
fn our_server_answers_the_second_put() {
    for overwrite in [false, true] {
        let (from, served) = (folder(), serve(&["--writable"]));
        let address = lose_done(served.address.clone(), || None);
        let args = ["put", &address, "a", "--json", "--overwrite"];
        let args = if overwrite { &args[..] } else { &args[..4] };
        let told = report(&run(&mut command(from.path(), args)));
        assert_eq!(told["files"][0]["sent"], 300_000);
        assert_eq!(told["files"][0]["digest"], blake3(&bytes(300_000)));
        assert_eq!(std::fs::read(served.path("a")).unwrap(), bytes(300_000));
        assert_eq!(names_in(served.folder.path()), ["a"]);
    }
}

#[test]
fn a_server_that_is_killed_before_its_answer_and_started_again() {
    let (from, served) = (folder(), serve(&["--writable"]));
    let Served { folder, mut process, address } = served;
    let (tell, told) = channel();
    let address = lose_done(address, move || {
        process.child.kill().unwrap();
        process.child.wait().unwrap();
        let again = serve_folder(folder, &["--writable"]);
        let address = again.address.clone();
        tell.send(again).unwrap();
        Some(address)
    });
    let report = report(&run(&mut command(from.path(), &["put", &address, "a", "--json"])));
    assert_eq!(report["files"][0]["outcome"], "done");
    let again = told.recv().unwrap();
    assert_eq!(std::fs::read(again.path("a")).unwrap(), bytes(300_000));
    assert_eq!(names_in(again.folder.path()), ["a"]);
}

/// Killed after `end` and not started again: whether it had stored the file, the client cannot
/// know.
#[test]
fn a_server_that_is_killed_after_the_end() {
    let (from, served) = (folder(), serve(&["--writable"]));
    let Served { folder, mut process, address } = served;
    let address = lose_done(address, move || {
        process.child.kill().unwrap();
        process.child.wait().unwrap();
        None
    });
    let ended = run(&mut command(from.path(), &["put", &address, "a", "--json"]));
    assert_fails(&ended, 4, AGAIN);
    // What it advises settles it.
    let again = serve_folder(folder, &["--writable"]);
    let told = again.put(from.path(), &["a"]);
    assert_eq!(
        (&told["files"][0]["sent"], &told["files"][0]["bytes"]),
        (&0.into(), &300_000.into())
    );
}

#[test]
fn the_same_file_again_is_already_there() {
    let (from, served) = (folder(), serve(&["--writable"]));
    served.put(from.path(), &["a", "b"]);
    let told = served.put(from.path(), &["a", "b"]);
    for (at, len) in [(0, 300_000), (1, 10)] {
        let file = &told["files"][at];
        assert_eq!((&file["sent"], &file["bytes"]), (&0.into(), &len.into()), "{told}");
        assert_eq!(
            (&file["outcome"], &file["digest"]),
            (&"done".into(), &blake3(&bytes(len)).into())
        );
    }
    let ended = served.client(from.path(), "put", &["a"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("a: already there, "), "{}", ended.stderr);
    // Other content of the same size, and of another, is a conflict.
    for (content, others) in [(vec![0; 10], bytes(10)), (vec![0; 9], bytes(10))] {
        std::fs::write(from.path().join("b"), content).unwrap();
        assert_fails(&served.client(from.path(), "put", &["b"]), 1, "exists");
        let ended = served.client(from.path(), "put", &["a", "b", "--quiet"]);
        assert_fails(&ended, 3, "exists");
        assert_eq!(std::fs::read(served.path("b")).unwrap(), others);
    }
    wait_for("an end of all that", || (names_in(served.folder.path()).len() == 2).then_some(()));
}
