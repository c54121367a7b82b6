//! Errors name the side on which something is wrong, and advise what is true.

use crate::gate::{Gate, Stops};
use crate::process::{Process, run, wait_for};
use crate::setup::{assert_fails, bytes, command, names_in, serve};
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;

#[test]
fn a_local_fault_is_told_by_its_path() {
    let served = serve(&[]);
    served.write("a", b"a");
    let to = tempfile::tempdir().unwrap();
    std::fs::write(to.path().join("file"), "").unwrap();
    std::fs::create_dir_all(to.path().join("below/a")).unwrap();
    for (output, expected) in [
        ("nodir/x", "error: nodir/x: no such directory; make it first"),
        ("file/x", "error: file/x: no such directory; make it first"),
        (
            "below",
            "error: below/a: something that is not a file is in the way of that name; give \
                   another place",
        ),
    ] {
        let ended = served.client(to.path(), "get", &["a", "-o", output]);
        assert_fails(&ended, 1, expected);
        assert!(!ended.stderr.contains("wirewright ls"), "{}", ended.stderr);
    }
}

#[test]
fn a_fault_of_the_server_is_told_by_its_address() {
    let served = serve(&[]);
    let to = tempfile::tempdir().unwrap();
    std::fs::write(to.path().join("x"), "").unwrap();
    let at = |rest: &str| format!("error: {}: {rest}", served.address);
    let ended = served.client(to.path(), "get", &["x"]);
    assert_fails(&ended, 1, &at("x: no such file; see wirewright ls"));
    let ended = served.client(to.path(), "put", &["x"]);
    assert_fails(&ended, 1, &at("x: this server takes no files; a server takes files if"));
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let here = tempfile::tempdir().unwrap();
    let expected = format!("error: {address}: listening: ");
    for args in [&["serve", "."][..], &["time", "serve"]] {
        let args = [args, &["--listen", &address]].concat();
        let ended = run(&mut command(here.path(), &args));
        assert_fails(&ended, 1, &expected);
        assert_fails(&ended, 1, "; choose another port with --listen");
    }
}

#[test]
fn nobody_listens() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("a"), "").unwrap();
    for args in [
        &["get", &gone, "b"][..],
        &["put", &gone, "a"],
        &["ls", &gone],
        &["get", "--classic", &gone],
    ] {
        let ended = run(&mut command(here.path(), args));
        assert_fails(&ended, 1, &format!("error: {gone}: connecting: "));
        assert_fails(&ended, 1, "; see that a server listens there");
    }
}

/// Interrupts a client when `is_ready`, and counts how often it says how to go on. `None` where the
/// signal ended it before it came to words, as it may on a busy machine.
fn interrupted(mut client: Process, mut is_ready: impl FnMut() -> bool) -> Option<usize> {
    wait_for("the moment to interrupt", || {
        assert!(client.child.try_wait().unwrap().is_none(), "it has ended");
        is_ready().then_some(())
    });
    kill_process(Pid::from_child(&client.child), Signal::INT).unwrap();
    let ended = client.finish();
    assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()), "{}", ended.stderr);
    assert!(ended.stderr.is_empty() || ended.stderr.contains(": interrupted"), "{}", ended.stderr);
    (!ended.stderr.is_empty()).then(|| ended.stderr.matches("run the same command").count())
}

#[test]
fn going_on_is_advised_once_where_something_was_kept() {
    let served = serve(&[]);
    served.write("big", &bytes(32 << 20));
    let gate = Gate::new(&served.address, Stops::ToClient, 16 << 20);
    let to = tempfile::tempdir().unwrap();
    let client = Process::start(&mut command(to.path(), &["get", &gate.address, "big"]));
    let count = interrupted(client, || !names_in(to.path()).is_empty());
    assert!(matches!(count, None | Some(1)), "{count:?}");
}

/// The server is silent: the signal comes before any byte.
#[test]
fn going_on_is_not_advised_where_nothing_was_kept() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("a"), "").unwrap();
    for args in [
        &["get", &address, "b"][..],
        &["get", &address, "b", "-o", "-"],
        &["get", "--classic", &address],
        &["put", &address, "a"],
        &["ls", &address],
    ] {
        let client = Process::start(&mut command(here.path(), args));
        // It takes the signals over before it connects.
        let mut held = None;
        let connected = || {
            held = silent.accept().ok();
            held.is_some()
        };
        let count = interrupted(client, connected);
        assert!(matches!(count, None | Some(0)), "{args:?} {count:?}");
    }
}
