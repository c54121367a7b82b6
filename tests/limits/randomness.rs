//! No randomness by getrandom(2): what needs it takes another source, or says so.

use crate::command::{command, names_in};
use crate::installed::has_program;
use crate::process::{Process, run};
use crate::setup::{folder, run_limited};

/// A kernel, or a filter of system calls, that does not have it.
const NO_GETRANDOM: [&str; 8] = [
    "strace",
    "-f",
    "-qq",
    "-e",
    "trace=getrandom",
    "-e",
    "inject=getrandom:error=ENOSYS",
    "--output=strace.log",
];

#[test]
fn commands_do_without_getrandom() {
    if !has_program("strace", "-V", "commands_do_without_getrandom") {
        return;
    }
    let (served, ours) = (folder(), folder());
    let args = ["serve", ".", "--listen", "127.0.0.1:0", "--writable"];
    let mut server = Process::start(&mut command(served.path(), &args));
    let address = server.address();
    std::fs::write(ours.path().join("a"), "content").unwrap();
    let put = run_limited(ours.path(), &NO_GETRANDOM, &["put", &address, "a"]);
    assert_eq!(put.status.code(), Some(0), "{}", put.stderr);
    let mail = ["mail", "--server", "smtp://127.0.0.1:1", "--dry-run", "-o", "message.eml"];
    let words = ["--from", "a@example.org", "--to", "b@example.org", "--subject", "s", "--text"];
    let mail = run_limited(ours.path(), &NO_GETRANDOM, &[&mail[..], &words, &["t"]].concat());
    assert_eq!(mail.status.code(), Some(0), "{}", mail.stderr);
    assert_eq!(names_in(ours.path()), ["a", "message.eml", "strace.log"]);
    let log = std::fs::read_to_string(ours.path().join("strace.log")).unwrap();
    assert!(log.contains("INJECTED"), "nobody asked: {log}");
    assert_eq!(run(&mut command(ours.path(), &["ls", &address])).status.code(), Some(0));
}
