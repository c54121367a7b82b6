//! `download --retry`: what is tried again by itself, what is said of it, how it ends.

use super::server::{Reply, Request, Server, run_in, wirewright};
use crate::bytes::bytes;
use crate::command::{assert_fails, json, names_in, report};
use crate::process::{Process, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const LEN: usize = 12_000_000;

/// After so many bytes each of the first answers ends.
const CUT: usize = 5_000_000;

/// Serves a file of [`LEN`] bytes, whose first `deaths` answers are cut off.
fn dying(deaths: usize) -> Server {
    let (content, count) = (bytes(LEN), AtomicUsize::new(0));
    Server::new(move |request: &Request| {
        let from = request.get("Range").map_or(0, |range| {
            assert_eq!(request.get("If-Range"), Some("\"one\""));
            range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap()
        });
        let rest = &content[from..];
        let (status, range) = match from {
            0 => ("200 OK", String::new()),
            from => ("206 Part", format!("Content-Range: bytes {from}-{}/{LEN}\r\n", LEN - 1)),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"one\"\r\n{range}\r\n",
            rest.len()
        );
        match count.fetch_add(1, Ordering::SeqCst) < deaths {
            true => {
                let part = &rest[..CUT.min(rest.len() - 1)];
                Reply::raw([head.as_bytes(), part].concat()).and_close()
            }
            false => Reply::raw([head.as_bytes(), rest].concat()),
        }
    })
}

#[test]
fn a_lost_connection_is_gone_on_with() {
    let server = dying(1);
    let folder = tempfile::tempdir().unwrap();
    let told = report(&run_in(folder.path(), &["download", "--json", &server.at("/f")]));
    let file = &told["files"][0];
    assert_eq!((&file["attempts"], &file["resumed_from"]), (&2.into(), &0.into()), "{told}");
    assert_eq!((&file["bytes"], &file["received"]), (&LEN.into(), &LEN.into()));
    assert_eq!(server.requests()[1].get("Range"), Some(&*format!("bytes={CUT}-")));
    assert!(std::fs::read(folder.path().join("f")).unwrap() == bytes(LEN));
    assert_eq!(names_in(folder.path()), ["f"]);
}

/// Three tries, and three connections that end: what came stays, which the error says.
#[test]
fn the_tries_are_counted() {
    for (args, attempts, exit) in [(&[][..], 3, 1), (&["--retry", "0"], 1, 1), (&["/good"], 3, 3)] {
        let server = Server::new(|request| match request.target() {
            "/good" => Reply::ok("good"),
            _ => Reply::raw(
                [
                    b"HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 9000000\r\n\r\n",
                    &[7; 5_000_000][..],
                ]
                .concat(),
            )
            .and_close(),
        });
        let (folder, url, good) =
            (tempfile::tempdir().unwrap(), server.at("/f"), server.at("/good"));
        let more = args.iter().map(|arg| if *arg == "/good" { &*good } else { *arg });
        let args: Vec<&str> = ["download", "--json", &url].into_iter().chain(more).collect();
        let ended = run_in(folder.path(), &args);
        assert_fails(&ended, exit, "(4.8 MiB are kept)");
        assert_fails(&ended, exit, "; run the same command again to go on");
        let retries = ended.stderr.contains("(after 2 retries)");
        assert_eq!(retries, attempts == 3, "{}", ended.stderr);
        let file = &json(&ended.stdout)["files"][0];
        assert_eq!((&file["attempts"], &file["kept"]), (&attempts.into(), &5_000_000.into()));
        let asked = server.requests().iter().filter(|asked| asked.target() == "/f").count();
        assert_eq!(asked, attempts, "{args:?}");
    }
}

/// Each retry is a line of its own, with why and when; none with `--quiet`, and nothing else.
#[test]
fn each_retry_is_said() {
    for quiet in [false, true] {
        let count = AtomicUsize::new(0);
        let server = Server::new(move |_| match count.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::with("503 Busy\u{202e}", &["Retry-After: 1"], "later"),
            1 => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").and_close(),
            _ => Reply::ok("whole"),
        });
        let (folder, url) = (tempfile::tempdir().unwrap(), server.at("/f"));
        let args = ["download", &url, if quiet { "--quiet" } else { "--durability=none" }];
        let ended = run_in(folder.path(), &args);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert_eq!(std::fs::read(folder.path().join("f")).unwrap(), b"whole");
        if quiet {
            assert_eq!(ended.stderr, "");
            continue;
        }
        let lines: Vec<&str> = ended.stderr.lines().collect();
        assert_eq!(lines.len(), 4, "{}", ended.stderr);
        let busy = "the server answered 503 Busy\\u{202e}";
        assert_eq!(lines[0], format!("{url}: {busy}; retry 1 of 2 in 1.0 s"));
        assert!(lines[1].starts_with(&format!("{url}: the stream ended at byte ")), "{}", lines[1]);
        assert!(lines[1].ends_with("; retry 2 of 2 in 2.0 s"), "{}", lines[1]);
        assert!(lines[2].ends_with("  2 retries"), "{}", lines[2]);
        assert!(lines[3].starts_with("1 file, 9 B in "), "only bytes of the file: {}", lines[3]);
    }
}

/// A signal in the wait ends it at once, and what has come stays.
#[test]
fn a_signal_ends_the_wait() {
    let server = Server::new(|_| Reply::with("503 Busy", &["Retry-After: 300"], ""));
    for signal in [Signal::INT, Signal::TERM] {
        let folder = tempfile::tempdir().unwrap();
        let before = server.requests().len();
        let mut command = std::process::Command::new("sh");
        let both = ["-c", "exec \"$0\" \"$@\" 2>&1", env!("CARGO_BIN_EXE_wirewright")];
        command.current_dir(folder.path()).args(both);
        command.args(["download", "--no-proxy", &server.at("/f"), &server.at("/g")]);
        let process = Process::start(&mut command);
        wait_for("both retries", || {
            (process.stdout_so_far().matches("retry 1 of 2 in 5m00s").count() == 2).then_some(())
        });
        let began = Instant::now();
        kill_process(Pid::from_child(&process.child), signal).unwrap();
        let ended = process.finish();
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let said = String::from_utf8(ended.stdout).unwrap();
        assert_eq!(ended.status.signal(), Some(signal.as_raw()), "{said}");
        let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error: ")).collect();
        assert!(errors.len() == 1 && errors[0].contains("(and 1 more failed)"), "{errors:?}");
        // A retry whose wait has not ended is none.
        assert!(!said.contains("(after"), "{said}");
        assert_eq!(server.requests().len(), before + 2);
    }
}

/// A retry that was only waited for is not counted: one attempt was made.
#[test]
fn a_signal_in_the_wait_leaves_the_attempts_as_they_are() {
    let server = Server::new(|_| Reply::with("503 Busy", &["Retry-After: 300"], ""));
    let folder = tempfile::tempdir().unwrap();
    let args = ["download", "--json", "--retry", "5", &server.at("/f")];
    let process = Process::start(wirewright(folder.path(), &args).stdout(Stdio::piped()));
    wait_for("the first answer", || (!server.requests().is_empty()).then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    kill_process(Pid::from_child(&process.child), Signal::INT).unwrap();
    let ended = process.finish();
    assert_eq!(json(&ended.stdout)["files"][0]["attempts"], 1, "{}", ended.stderr);
    assert!(!ended.stderr.contains("(after"), "{}", ended.stderr);
}

/// A URL that had not its turn before a signal was not asked for.
#[test]
fn a_signal_leaves_what_was_not_begun_without_an_attempt() {
    let server = Server::new(|_| Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    let (folder, urls) = (tempfile::tempdir().unwrap(), ["/f", "/g"].map(|path| server.at(path)));
    let args = ["download", "--json", "-j", "1", &urls[0], &urls[1]];
    let process = Process::start(wirewright(folder.path(), &args).stdout(Stdio::piped()));
    wait_for("the first request", || (!server.requests().is_empty()).then_some(()));
    kill_process(Pid::from_child(&process.child), Signal::INT).unwrap();
    let told = json(&process.finish().stdout);
    let file = |at: usize| (&told["files"][at]["attempts"], &told["files"][at]["error"]["code"]);
    assert_eq!(file(0), (&1.into(), &"interrupted".into()), "{told}");
    assert_eq!(file(1), (&0.into(), &"interrupted".into()), "{told}");
}

/// Where `--timeout` would end the wait, the reason is said at once.
#[test]
fn the_timeout_bounds_the_waits() {
    let server = Server::new(|_| Reply::with("503 Busy", &["Retry-After: 90"], ""));
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let args = ["download", "--quiet", "--timeout", "80", &server.at("/f")];
    let ended = run_in(folder.path(), &args);
    assert_fails(&ended, 1, "the server answered 503 Busy");
    assert_fails(&ended, 1, "a wait of 90 s (Retry-After) would exceed the timeout");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert_eq!(server.requests().len(), 1);
}

/// What came as an answer is not asked for again, and neither is a form that was sent.
#[test]
fn what_is_not_tried_again() {
    let server = Server::new(|request| match request.target() {
        "/sms" => Reply::new("503 Busy", "{}"),
        _ => Reply::new("404 No", "no"),
    });
    let folder = tempfile::tempdir().unwrap();
    let args = ["download", "--quiet", "--retry", "9", &server.at("/f")];
    assert_fails(&run_in(folder.path(), &args), 1, "the server answered 404 No; check the URL");
    std::fs::write(folder.path().join("password"), "secret").unwrap();
    let sms =
        ["sms", "--account", "a", "--password-file", "password", "--mobile", "1", "--content"];
    let url = server.at("/sms");
    let ended = run_in(folder.path(), &[&sms[..], &["x", "--gateway", &url]].concat());
    assert_ne!(ended.status.code(), Some(0));
    assert_eq!(server.requests().len(), 2);
}

/// The document of `--from` is tried again, too.
#[test]
fn the_document_is_tried_again() {
    let count = AtomicUsize::new(0);
    let server = Server::new(move |request| match request.target() {
        "/list" if count.fetch_add(1, Ordering::SeqCst) == 0 => Reply::new("502 Bad", "[]"),
        "/list" => Reply::ok("[\"/a\"]"),
        path => Reply::ok(path),
    });
    let folder = tempfile::tempdir().unwrap();
    let told =
        report(&run_in(folder.path(), &["download", "--json", "--from", &server.at("/list")]));
    assert_eq!((&told["failed"], &told["files"][0]["attempts"]), (&0.into(), &1.into()));
}

/// `http` tries again only where it is told to, with a method that is idempotent, and while nothing
/// of a body was written to standard output.
#[test]
fn one_request_is_tried_again_where_that_is_asked_for() {
    let (statuses, cuts) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = Server::new(move |request| match request.target() {
        "/status" if statuses.fetch_add(1, Ordering::SeqCst) % 2 == 0 => Reply::new("503 B", "no"),
        "/cut" if cuts.fetch_add(1, Ordering::SeqCst) % 2 == 0 => {
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").and_close()
        }
        _ => Reply::ok("whole"),
    });
    let folder = tempfile::tempdir().unwrap();
    let (status, cut) = (server.at("/status"), server.at("/cut"));
    let ask = |args: &[&str]| {
        let before = server.requests().len();
        let ended = run_in(folder.path(), &[&["http"], args].concat());
        (ended, server.requests().len() - before)
    };
    let (ended, requests) = ask(&[&status, "--retry", "1"]);
    assert_eq!((&ended.stdout[..], requests), (&b"whole"[..], 2), "{}", ended.stderr);
    let said = format!("{status}: the server answered 503 B; retry 1 of 1 in 1.0 s\n");
    assert!(ended.stderr.starts_with(&said), "{}", ended.stderr);
    let (ended, requests) = ask(&[&status, "--quiet"]);
    assert_eq!((&ended.stdout[..], requests), (&b"no"[..], 1), "{}", ended.stderr);
    ask(&[&status, "--quiet"]);
    let (ended, requests) = ask(&[&status, "--retry", "3", "-d", "x", "--quiet"]);
    assert_eq!((&ended.stdout[..], requests), (&b"no"[..], 1), "POST: {}", ended.stderr);

    let (ended, requests) = ask(&[&cut, "--retry", "1", "--json", "-o", "there"]);
    assert_eq!((report(&ended)["attempts"].as_u64(), requests), (Some(2), 2));
    assert_eq!(std::fs::read(folder.path().join("there")).unwrap(), b"whole");
    let (ended, requests) = ask(&[&cut, "--retry", "3", "--quiet"]);
    assert_eq!((&ended.stdout[..], requests), (&b"half"[..], 1), "{}", ended.stderr);
    assert_fails(&ended, 1, "the stream ended at byte ");
}
