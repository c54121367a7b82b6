//! The kernel refuses what a reactor is made of: one clear error, and no panic.

use crate::command::assert_fails;
use crate::installed::has_program;
use crate::setup::{folder, run_limited};

/// The system calls, the error of each, after how many of them (the first ones are the runtime's
/// own), and the words of that error.
const CALLS: [(&str, &str, &str); 5] = [
    ("epoll_create1", "EMFILE", "too many open files"),
    ("eventfd2", "ENFILE", "too many open files"),
    ("socketpair", "EMFILE", "too many open files"),
    ("epoll_ctl", "ENOSPC", "no space left on device"),
    ("rt_sigaction", "EINVAL:when=7+", "invalid argument"),
];

const COMMANDS: [&[&str]; 8] = [
    &["serve", ".", "--listen", "127.0.0.1:0", "--timeout", "9"],
    &["serve", ".", "--listen", "127.0.0.1:0", "--timeout", "9", "--threads", "3"],
    &["time", "serve", "--listen", "127.0.0.1:0", "--timeout", "9"],
    &["get", "127.0.0.1:1", "x"],
    &["put", "127.0.0.1:1", "/dev/null"],
    &["http", "http://127.0.0.1:1/"],
    &["download", "http://127.0.0.1:1/", "-o", "d/", "--quiet"],
    &["udp", "recv", "--listen", "127.0.0.1:0", "--seconds", "1"],
];

#[test]
fn what_a_reactor_needs_is_refused() {
    if !has_program("strace", "-V", "what_a_reactor_needs_is_refused") {
        return;
    }
    let here = folder();
    for (call, error, words) in CALLS {
        let (trace, inject) = (format!("trace={call}"), format!("inject={call}:error={error}"));
        let wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
        for command in COMMANDS {
            let ended = run_limited(here.path(), &wrapper, command);
            assert!(!ended.stderr.contains("panicked"), "{call} {command:?}: {}", ended.stderr);
            assert_fails(&ended, 1, words);
        }
    }
}
