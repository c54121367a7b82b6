//! Errors name the side on which something is wrong, and advise what is true.

use super::gate::{Gate, Stops};
use super::scripted::Scripted;
use super::setup::{assert_fails, bytes, command, names_in, serve};
use crate::process::{Process, run, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

#[test]
fn a_local_fault_is_told_by_its_path() {
    let served = serve(&[]);
    served.write("a", b"a");
    let to = tempfile::tempdir().unwrap();
    std::fs::write(to.path().join("file"), "").unwrap();
    std::fs::create_dir_all(to.path().join("below/a")).unwrap();
    symlink("gone", to.path().join("away")).unwrap();
    symlink("self", to.path().join("self")).unwrap();
    let long = "x".repeat(300);
    for (output, expected) in [
        ("nodir/x", "error: nodir/x: the directory nodir does not exist; create it first"),
        ("nodir/sub/x", "error: nodir/sub/x: the directory nodir does not exist; create it first"),
        ("below/no/x", "error: below/no/x: the directory below/no does not exist; create it first"),
        ("file/x", "error: file/x: file is not a directory; give another path with -o"),
        ("file/", "error: file/: file is not a directory; give another path with -o"),
        ("away/x", "error: away/x: away is a symbolic link that leads nowhere; give another"),
        ("self/", "error: self/: it is a symbolic link that leads to itself; give another"),
        ("file/x/", "error: file/x/: file is not a directory; give another path with -o"),
        ("/proc/x", "error: /proc/x: no file can be created there; give another path with -o"),
        ("/dev/full", "error: /dev/full: no space left; that device takes no more bytes; write"),
        ("below", "error: below/a: it is a directory; give another path"),
        (
            &*long,
            &*format!("error: {long}: the file system does not allow that name; give another"),
        ),
    ] {
        let ended = served.client(to.path(), "get", &["a", "-o", output]);
        assert_fails(&ended, 1, expected);
        assert!(!ended.stderr.contains("wirewright ls"), "{}", ended.stderr);
    }
}

/// Names with directories in them, and what stands here in the place of these.
#[test]
fn what_stands_in_the_place_of_a_directory_is_named() {
    let served = serve(&[]);
    served.write("d/f", b"a");
    let (to, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir_all(to.path().join("a")).unwrap();
    std::fs::create_dir_all(to.path().join("b")).unwrap();
    std::fs::write(to.path().join("a/d"), "").unwrap();
    symlink(outside.path(), to.path().join("b/d")).unwrap();
    std::fs::create_dir_all(to.path().join("c")).unwrap();
    symlink(outside.path(), to.path().join("c/e")).unwrap();
    for (output, expected) in [
        ("a", "error: a/d/f: a/d is not a directory; give another path with -o"),
        ("b", "error: b/d/f: b/d is a symbolic link that leads out of b, so it is not followed; "),
    ] {
        for names in [&["d/f"][..], &["d/"], &["--all"]] {
            let args = [names, &["-o", output]].concat();
            assert_fails(&served.client(to.path(), "get", &args), 1, expected);
        }
    }
    // Whether the directories below it are there or not.
    let out = "c/e is a symbolic link that leads out of c, so it is not followed; ";
    let deep = serve(&[]);
    deep.write("e/deep/f", b"a");
    for names in ["e/deep/f", "e/", "--all"] {
        assert_fails(&deep.client(to.path(), "get", &[names, "-o", "c"]), 1, out);
    }
    assert!(names_in(outside.path()).is_empty());
}

#[test]
fn a_source_that_is_not_there_is_told_by_its_path() {
    let (served, here) = (serve(&["--writable"]), tempfile::tempdir().unwrap());
    std::fs::write(here.path().join("file"), "").unwrap();
    symlink("gone", here.path().join("away")).unwrap();
    symlink("self", here.path().join("self")).unwrap();
    for (source, expected) in [
        ("file/x", "error: file/x: file is not a directory; check the path"),
        ("away", "error: away: it is a symbolic link that leads nowhere; check the path"),
        ("self", "error: self: it is a symbolic link that leads to itself; check the path"),
        ("no/x", "error: no/x: no such file; check the path"),
    ] {
        assert_fails(&served.client(here.path(), "put", &[source]), 1, expected);
        let args = ["serve", source, "--listen", "127.0.0.1:0"];
        assert_fails(&run(&mut command(here.path(), &args)), 1, expected);
    }
}

/// The line names both files, and the name that they would share.
#[test]
fn two_files_with_one_name_on_the_server_are_both_named() {
    let (served, here) = (serve(&["--writable"]), tempfile::tempdir().unwrap());
    for folder in ["one", "two"] {
        std::fs::create_dir(here.path().join(folder)).unwrap();
        std::fs::write(here.path().join(folder).join("same"), folder).unwrap();
    }
    for (files, expected) in [
        (
            ["one/same", "two/same"],
            "error: two/same: the server would store it as \"same\", like one/same; rename one",
        ),
        (["one/same", "one/same"], "error: one/same: it is given twice; give it once"),
    ] {
        assert_fails(&served.client(here.path(), "put", &files), 2, expected);
    }
    assert!(names_in(served.folder.path()).is_empty());
}

/// The document is faulty from its first byte on, and the protocol is the right one.
#[test]
fn a_faulty_classic_document_is_no_other_protocol() {
    let (faulty, here) = (says(b"{}"), tempfile::tempdir().unwrap());
    let ended = run(&mut command(here.path(), &["get", "--classic", &faulty]));
    assert_fails(&ended, 1, &format!("error: {faulty}: "));
    assert!(!ended.stderr.contains("speaks"), "{}", ended.stderr);
}

/// A silent server, and the time that ran out is that of --timeout.
#[test]
fn the_time_that_is_over_is_named() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let here = tempfile::tempdir().unwrap();
    let args = ["get", &address, "a", "--timeout", "0.3"];
    let ended = run(&mut command(here.path(), &args));
    assert_fails(
        &ended,
        1,
        "timed out waiting for the server's hello; allow more time with --timeout, or ",
    );
}

#[test]
fn a_name_that_is_listed_twice_is_fetched_once() {
    let mut scripted = Scripted::new();
    scripted.file("a", b"content");
    scripted.repeats = true;
    let (running, to) = (scripted.start(), tempfile::tempdir().unwrap());
    let ended = run(&mut command(to.path(), &["get", &running.address, "--all", "-j", "2"]));
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(names_in(to.path()), ["a"]);
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
    assert_fails(
        &ended,
        1,
        &at("x: this server takes no files; it has to serve a directory with --writable, on a"),
    );
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
        assert_fails(&ended, 1, "; another process uses that port; choose another with --listen");
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
        assert_fails(&ended, 1, "; check that a server listens there");
    }
}

/// A name that never has an address: RFC 6761 §6.4.
#[test]
fn a_host_without_an_address() {
    let here = tempfile::tempdir().unwrap();
    for args in [
        &["get", "nobody.invalid:1", "b"][..],
        &["serve", ".", "--listen", "nobody.invalid:1"],
        &["http", "http://nobody.invalid/"],
    ] {
        let ended = run(&mut command(here.path(), args));
        assert_fails(&ended, 1, "looking the name up: ");
        assert!(!ended.stderr.contains("failed to lookup"), "{}", ended.stderr);
        assert_fails(&ended, 1, "; check the host name");
    }
}

/// How to go on is said so.
const GO_ON: &str = "run the same command";

/// Interrupts a client when `is_ready`; gives what it says. That is nothing about a file where the
/// signal ended it before it came to words, as it may on a busy machine.
fn interrupted(mut client: Process, mut is_ready: impl FnMut() -> bool) -> String {
    wait_for("the moment to interrupt", || {
        assert!(client.child.try_wait().unwrap().is_none(), "it has ended");
        is_ready().then_some(())
    });
    kill_process(Pid::from_child(&client.child), Signal::INT).unwrap();
    let ended = client.finish();
    assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()), "{}", ended.stderr);
    assert!(ended.stderr.is_empty() || ended.stderr.contains(": interrupted"), "{}", ended.stderr);
    ended.stderr
}

#[test]
fn going_on_is_advised_once_where_something_was_kept() {
    let served = serve(&[]);
    served.write("big", &bytes(32 << 20));
    let gate = Gate::new(&served.address, Stops::ToClient, 16 << 20);
    let to = tempfile::tempdir().unwrap();
    let client = Process::start(&mut command(to.path(), &["get", &gate.address, "big"]));
    let said = interrupted(client, || has_bytes(to.path()));
    assert!(!said.contains(": big: ") || said.matches(GO_ON).count() == 1, "{said}");
    // With --no-resume the same command begins at 0.
    let (gate, to) =
        (Gate::new(&served.address, Stops::ToClient, 16 << 20), tempfile::tempdir().unwrap());
    let args = ["get", &gate.address, "big", "--no-resume"];
    let client = Process::start(&mut command(to.path(), &args));
    let said = interrupted(client, || has_bytes(to.path()));
    assert!(!said.contains(GO_ON), "{said}");
}

/// Whether something of a file has come into a folder.
fn has_bytes(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).unwrap();
    files.flatten().any(|file| file.metadata().is_ok_and(|about| about.len() > 0))
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
        let said = interrupted(client, connected);
        assert!(!said.contains(GO_ON), "{args:?} {said}");
    }
}

/// The token is refused before any file is asked for: the advice is the same for all three.
#[test]
fn a_token_that_is_refused_is_told_the_same_way_by_all() {
    let here = tempfile::tempdir().unwrap();
    for (name, token) in [("right", "right"), ("wrong", "wrong"), ("a", "content")] {
        std::fs::write(here.path().join(name), token).unwrap();
    }
    let token = here.path().join("right").into_os_string().into_string().unwrap();
    let asking = serve(&["--token-file", &token]);
    let open = serve(&[]);
    let wrong = ["--token-file", "wrong"];
    for (served, args, what) in [
        (&asking, &[][..], "the server requires a token"),
        (&asking, &wrong, "the token is wrong"),
        (&open, &wrong, "the server did not prove that it knows the token"),
    ] {
        for (verb, name) in
            [("get", &["a"][..]), ("get", &["a", "b"]), ("put", &["a"]), ("ls", &[])]
        {
            let ended = served.client(here.path(), verb, &[name, args].concat());
            assert_fails(&ended, 1, &format!("error: {}: ", served.address));
            assert_fails(&ended, 1, what);
            assert_fails(&ended, 1, "; give both sides the same --token-file");
        }
    }
}

/// The protocol that the other side speaks, where its first bytes show it.
#[test]
fn a_server_of_another_kind() {
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("a"), "content").unwrap();
    let classic = serve_one(here.path(), "a", &["--classic"]);
    let framed = serve(&[]);
    let http = says(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let mail = says(b"220 mx.example ESMTP\r\n");
    let tls = says(b"\x15\x03\x01\0\x02\x02\x46");
    let closes = says(b"");
    for (args, address, what) in [
        (&["get", "b"][..], &classic.0, "speaks the classic file transfer"),
        (&["get", "b"], &classic.0, "; give --classic, and no NAME"),
        (&["ls"], &classic.0, "; only wirewright get --classic can use this server"),
        (&["put", "a"], &classic.0, "; only wirewright get --classic can use this server"),
        (
            &["get", "--classic", "--timeout", "2"],
            &framed.address,
            "or if the server speaks the framed",
        ),
        (&["get", "b"], &http, "the peer speaks HTTP: "),
        (&["ls"], &http, "; use wirewright http, or check the port"),
        (&["get", "--classic"], &http, "; use wirewright http, or check the port"),
        (&["put", "a"], &mail, "; use wirewright mail, or check the port"),
        (&["get", "b"], &tls, "the peer speaks TLS on this port; give --tls"),
        (&["ls"], &tls, "the peer speaks TLS on this port; give --tls"),
        (&["put", "a"], &tls, "the peer speaks TLS on this port; give --tls"),
        (&["get", "--classic"], &tls, "the peer speaks TLS on this port; give --tls"),
        (&["time", "get"], &tls, "the peer speaks TLS on this port; check the port"),
        (&["get", "b"], &closes, "; check that wirewright serve listens on that port, and whether"),
        (
            &["get", "b", "--tls"],
            &framed.address,
            "does not speak TLS on this port; check the port",
        ),
        (&["put", "a", "--tls"], &framed.address, "or leave out --tls"),
        (&["ls", "--tls"], &framed.address, "or leave out --tls"),
    ] {
        let at = if args[0] == "time" { 2 } else { 1 };
        let args = [&args[..at], &[address.as_str()], &args[at..]].concat();
        let ended = run(&mut command(here.path(), &args));
        assert_fails(&ended, 1, &format!("error: {address}: "));
        assert_fails(&ended, 1, what);
    }
    assert_eq!(names_in(here.path()), ["a"]);
}

/// A server that says something first, whatever it is asked, and then ends.
fn says(words: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            // The client may have gone. What it says is read away, so that nothing is reset.
            let _ = socket.write_all(words);
            let _ = socket.shutdown(std::net::Shutdown::Write);
            let _ = std::io::copy(&mut socket, &mut std::io::sink());
        }
    });
    address
}

/// Serves one file of a folder; its address, and what keeps it alive.
fn serve_one(folder: &Path, name: &str, args: &[&str]) -> (String, Process) {
    let args = [&["serve", name, "--listen", "127.0.0.1:0"], args].concat();
    let mut process = Process::start(&mut command(folder, &args));
    (process.address(), process)
}

/// A server that is full tells whoever lists so, too; no file is meant.
#[test]
fn a_server_that_is_full_is_asked_again_later() {
    let served = serve(&["--max-connections", "1"]);
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("a"), "").unwrap();
    let held = std::net::TcpStream::connect(&served.address).unwrap();
    for (verb, args) in [("ls", &[][..]), ("get", &["b"]), ("put", &["a"])] {
        let ended = served.client(here.path(), verb, args);
        assert_fails(&ended, 1, &format!("error: {}: ", served.address));
        assert_fails(&ended, 1, "; try again later");
        assert!(!ended.stderr.contains("transfer of that file"), "{}", ended.stderr);
    }
    drop(held);
}
