//! The line of progress as a terminal sees it. A python3 with a pseudo-terminal stands in for one.

use crate::process::{Process, wait_for};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a command on a pseudo-terminal, and copies to stdout what it shows there.
const TERMINAL: &str = "import os, pty, sys\n\
                        sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

fn on_terminal(folder: &Path, args: &[&str]) -> Process {
    let mut command = Command::new("python3");
    command.args(["-c", TERMINAL, env!("CARGO_BIN_EXE_wirewright")]).args(args);
    command.current_dir(folder).env_remove("NO_COLOR").env("TERM", "xterm").stdin(Stdio::null());
    Process::start(&mut command)
}

/// Waits until all of these words have been shown, and gives what was shown.
fn wait_until_shown(process: &Process, words: &[&str]) -> String {
    wait_for(&format!("{words:?} on the terminal"), || {
        let shown = process.stdout_so_far();
        words.iter().all(|word| shown.contains(word)).then_some(shown)
    })
}

/// Accepts the one connection, and reads its request up to the empty line.
fn accept(listener: &TcpListener) -> TcpStream {
    let mut stream = listener.accept().unwrap().0;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    stream
}

fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn is_there(test: &str) -> bool {
    crate::installed::has_program("python3", "--version", test)
}

#[test]
fn a_body_of_unknown_length_shows_bytes_and_a_rate() {
    if !is_there("a_body_of_unknown_length_shows_bytes_and_a_rate") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/data.bin", listener.local_addr().unwrap());
    let process = on_terminal(folder.path(), &["http", &url, "-o", "data.bin", "--no-proxy"]);
    let mut stream = accept(&listener);
    let shown = wait_until_shown(&process, &["waiting"]);
    for lie in ["%", "ETA", " 0 B", "/s"] {
        assert!(!shown.contains(lie), "{lie:?} before the first byte: {shown:?}");
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").unwrap();
    stream.write_all(&vec![b'x'; 3 << 20]).unwrap();
    let shown = wait_until_shown(&process, &["data.bin 3.0 MiB ", "/s"]);
    assert!(!shown.contains('%') && !shown.contains("ETA"), "{shown:?}");
    drop(stream);
    assert_eq!(process.finish().status.code(), Some(0));
    assert_eq!(std::fs::metadata(folder.path().join("data.bin")).unwrap().len(), 3 << 20);
}

#[test]
fn a_body_of_known_length_shows_a_percentage_and_a_stall() {
    if !is_there("a_body_of_known_length_shows_a_percentage_and_a_stall") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/data.bin", listener.local_addr().unwrap());
    let process = on_terminal(folder.path(), &["http", &url, "-o", "data.bin", "--no-proxy"]);
    let mut stream = accept(&listener);
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n").unwrap();
    stream.write_all(&vec![b'x'; 1 << 20]).unwrap();
    let shown = wait_until_shown(&process, &["1.0 MiB of 4.0 MiB 25%", "stalled for "]);
    assert!(!shown.contains("100%"), "{shown:?}");
    stream.write_all(&vec![b'x'; 3 << 20]).unwrap();
    assert_eq!(process.finish().status.code(), Some(0));
}

#[test]
fn a_silent_server_of_files_is_waited_for() {
    if !is_there("a_silent_server_of_files_is_waited_for") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), [b'a'; 999]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap().to_string();
    for command in ["get", "put"] {
        let process = on_terminal(folder.path(), &[command, &server, "a"]);
        let guest = listener.accept().unwrap().0;
        let shown = wait_until_shown(&process, &["waiting"]);
        for lie in ["%", "ETA", " 0 B", "/s"] {
            assert!(!shown.contains(lie), "{command}: {lie:?} before the first byte: {shown:?}");
        }
        drop(guest);
        assert_eq!(process.finish().status.code(), Some(1), "{command}");
    }
}

/// Many files: how many of how many, the names in flight, and once all lengths are known the bytes
/// in all. What fails is said at once, above the line, and once.
#[test]
fn many_downloads_show_totals_names_and_failures() {
    if !is_there("many_downloads_show_totals_names_and_failures") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let servers = [listen(), listen(), listen()];
    let urls: Vec<String> = ["big.bin", "gone.bin", "other.bin"]
        .iter()
        .zip(&servers)
        .map(|(name, server)| format!("http://{}/{name}", server.local_addr().unwrap()))
        .collect();
    let args = ["download", "--no-proxy", "-j", "2", &urls[0], &urls[1], &urls[2]];
    let process = on_terminal(folder.path(), &args);
    let (mut first, mut second) = (accept(&servers[0]), accept(&servers[1]));
    let shown = wait_until_shown(&process, &["0 of 3 files ", "big.bin", "gone.bin", "waiting"]);
    assert!(!shown.contains("ETA") && !shown.contains('%'), "{shown:?}");
    second.write_all(b"HTTP/1.1 404 No\r\nContent-Length: 3000\r\n\r\n").unwrap();
    second.write_all(&[b'e'; 3000]).unwrap();
    let mut third = accept(&servers[2]);
    let failed = format!("error: {}: the server answered 404 No; ", urls[1]);
    wait_until_shown(&process, &[&failed, "1 of 3 files, 1 failed big.bin other.bin "]);
    first.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n").unwrap();
    first.write_all(&vec![b'x'; 1 << 20]).unwrap();
    let shown = wait_until_shown(&process, &["other.bin 1.0 MiB "]);
    assert!(!shown.contains('%'), "the length of the other is not known: {shown:?}");
    third.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n").unwrap();
    wait_until_shown(&process, &["big.bin other.bin 1.0 MiB of 4.0 MiB 25%"]);
    first.write_all(&vec![b'x'; 2 << 20]).unwrap();
    third.write_all(&vec![b'x'; 1 << 20]).unwrap();
    let ended = process.finish();
    let shown = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(3), "{shown:?}");
    assert_eq!(shown.matches("404").count(), 1, "said once: {shown:?}");
    assert!(shown.contains("2 files, 4.0 MiB in ") && shown.contains(", 1 failed"), "{shown:?}");
}

/// A download that waits for another try says how many do, and why above the line.
#[test]
fn a_wait_for_another_try_is_shown() {
    if !is_there("a_wait_for_another_try_is_shown") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let listener = listen();
    let url = format!("http://{}/data.bin", listener.local_addr().unwrap());
    let process = on_terminal(folder.path(), &["download", "--no-proxy", &url]);
    let mut stream = accept(&listener);
    stream.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 3\r\n\r\n").unwrap();
    let why = format!("{url}: the server answered 503 Busy; retry 1 of 2 in 3.0 s");
    wait_until_shown(&process, &[&why, "0 of 1 file, 1 to try again"]);
    drop(stream);
    accept(&listener).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    assert_eq!(process.finish().status.code(), Some(0));
    assert_eq!(std::fs::read(folder.path().join("data.bin")).unwrap(), b"ok");
}
