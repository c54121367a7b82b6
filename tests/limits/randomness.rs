//! No randomness by getrandom(2): what needs it takes another source, or says so.

use crate::command::{assert_fails, command, names_in};
use crate::installed::has_program;
use crate::process::{Process, run};
use crate::setup::{folder, run_limited, serve_limited};

/// Runs a command whose getrandom(2) fails with that error.
fn wrapper(error: &str) -> Vec<String> {
    let inject = format!("inject=getrandom:error={error}");
    let words = ["strace", "-f", "-qq", "--output=strace.log", "-e", "trace=getrandom", "-e"];
    words.iter().map(|word| (*word).to_owned()).chain([inject]).collect()
}

#[test]
fn commands_do_without_getrandom() {
    if !has_program("strace", "-V", "commands_do_without_getrandom") {
        return;
    }
    // A kernel, or a filter of system calls, that does not have it.
    let wrapper = wrapper("ENOSYS");
    let no_getrandom: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    let (served, ours) = (folder(), folder());
    let args = ["serve", ".", "--listen", "127.0.0.1:0", "--writable"];
    let mut server = Process::start(&mut command(served.path(), &args));
    let address = server.address();
    std::fs::write(ours.path().join("a"), "content").unwrap();
    let put = run_limited(ours.path(), &no_getrandom, &["put", &address, "a"]);
    assert_eq!(put.status.code(), Some(0), "{}", put.stderr);
    let mail = ["mail", "--server", "smtp://127.0.0.1:1", "--dry-run", "-o", "message.eml"];
    let words = ["--from", "a@example.org", "--to", "b@example.org", "--subject", "s", "--text"];
    let mail = run_limited(ours.path(), &no_getrandom, &[&mail[..], &words, &["t"]].concat());
    assert_eq!(mail.status.code(), Some(0), "{}", mail.stderr);
    assert_eq!(names_in(ours.path()), ["a", "message.eml", "strace.log"]);
    let log = std::fs::read_to_string(ours.path().join("strace.log")).unwrap();
    assert!(log.contains("INJECTED"), "nobody asked: {log}");
    assert_eq!(run(&mut command(ours.path(), &["ls", &address])).status.code(), Some(0));
}

#[test]
fn without_randomness_there_is_an_error_and_a_server_goes_on() {
    if !has_program("strace", "-V", "without_randomness_there_is_an_error") {
        return;
    }
    let wrapper = wrapper("EIO");
    let no_randomness: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    let (served, ours) = (folder(), folder());
    std::fs::write(served.path().join("a"), "content").unwrap();
    let (mut server, address) = serve_limited(served.path(), &no_randomness, &[]);
    // Each connection needs a nonce of its own.
    for _ in 0..2 {
        assert_fails(&run(&mut command(ours.path(), &["ls", &address])), 1, &address);
    }
    assert_eq!(server.child.try_wait().unwrap(), None);
    for args in [&["ls", &address][..], &["get", &address, "a"], &["udp", "send", &address]] {
        assert_fails(&run_limited(ours.path(), &no_randomness, args), 1, "randomness");
    }
}
