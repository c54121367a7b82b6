//! A signal ends a client at once and in order in every state before its transfer runs: while the
//! name is looked up, while it connects, in the TLS handshake, before the first word of the peer,
//! and between two attempts to put a file.

use super::{Stuck, start, stderr_of};
use crate::full_listener::full_listener;
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;

/// A signal while a client waits in its reactor: it dies by the signal, too, and says so before.
#[test]
fn a_signal_ends_a_client_that_waits_for_its_peer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let url = format!("http://{address}/");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "content").unwrap();
    for words in [
        &["ls", &address][..],
        &["get", &address, "x"],
        &["get", "-j", "4", &address, "x", "y", "z"],
        &["get", "--classic", &address],
        &["put", &address, "file"],
        &["time", "get", &address],
        &["http", &url],
    ] {
        for signal in [Signal::INT, Signal::TERM] {
            let (mut process, _kept) = start(words, Stuck::Fifo, folder.path());
            let (_silent, _) = listener.accept().unwrap();
            process.sleeps();
            kill_process(Pid::from_child(&process.0), signal).unwrap();
            let status = process.end(&words.join(" "));
            assert_eq!(status.signal(), Some(signal.as_raw()), "{words:?}: {status:?}");
            let told = stderr_of(&mut process);
            assert!(told.contains(&address) && told.lines().count() == 1, "{words:?}: {told}");
        }
    }
}

/// A signal while a name is looked up, a connection opened, or a TLS handshake made. Nothing
/// can have been taken yet, so no answer is waited for, and the one line names the other side.
#[test]
fn a_signal_ends_a_client_that_has_no_connection_yet() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().map(|at| (silent, at.to_string())).unwrap();
    let (full, _waiting) = full_listener();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "content").unwrap();
    let mail = "--from a@b.example --to c@d.example --subject s --text t";
    let lines = [
        format!("get --tls {} x", silent.1),
        format!("put --tls {} file", silent.1),
        format!("ls --tls {}", silent.1),
        format!("get -j 4 --tls {} x y z", silent.1),
        format!("get --classic --tls {}", silent.1),
        format!("mail --server smtps://{} {mail}", silent.1),
        format!("http https://{}/", silent.1),
        format!("http https://{}/ -d x", silent.1),
        "get hanging:1 x".to_owned(),
        "get -j 4 hanging:1 x y z".to_owned(),
        "get --classic hanging:1".to_owned(),
        "put hanging:1 file".to_owned(),
        "ls hanging:1".to_owned(),
        "time get hanging:1".to_owned(),
        "time get --udp hanging:1".to_owned(),
        "http http://hanging:1/".to_owned(),
        format!("mail --server smtp://hanging:1 {mail}"),
        format!("get {full} x"),
        format!("get -j 4 {full} x y z"),
        format!("get --classic {full}"),
        format!("put {full} file"),
        format!("ls {full}"),
        format!("time get {full}"),
        format!("mail --server smtp://{full} {mail}"),
        format!("http http://{full}/ -d x"),
    ];
    for (line, signal) in lines.iter().zip([Signal::INT, Signal::TERM].into_iter().cycle()) {
        let words: Vec<&str> = line.split(' ').collect();
        let (mut process, _kept) = start(&words, Stuck::Fifo, folder.path());
        process.sleeps();
        kill_process(Pid::from_child(&process.0), signal).unwrap();
        let status = process.end(line);
        assert_eq!(status.signal(), Some(signal.as_raw()), "{line}: {status:?}");
        let told = stderr_of(&mut process);
        let is_one = told.starts_with("error: ") && told.lines().count() == 1;
        assert!(is_one && told.contains("interrupted"), "{line}: {told}");
        let is_named = [&silent.1, &full, "hanging:1"].iter().any(|side| told.contains(*side));
        assert!(is_named, "{line}: {told}");
    }
}
