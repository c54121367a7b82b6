//! A file would be longer than `RLIMIT_FSIZE` allows: that file fails, with the limit in its error,
//! and the process goes on.

use crate::command::{assert_fails, command, names_in};
use crate::process::{Ended, Process, run};
use crate::setup::{folder, http, run_limited, serve_limited};
use std::path::Path;
use std::process::Stdio;

const LIMIT: usize = 100_000;

/// The limit of a process, in bytes.
const SHORT_FILES: [&str; 2] = ["prlimit", "--fsize=100000"];

fn client(folder: &Path, args: &[&str]) -> Ended {
    run(&mut command(folder, &[args, &["--quiet"]].concat()))
}

fn short(folder: &Path, args: &[&str]) -> Ended {
    run_limited(folder, &SHORT_FILES, &[args, &["--quiet"]].concat())
}

/// Files of exactly the limit, one byte longer, and much longer: written behind.
fn write_files(folder: &Path) {
    for (name, len) in [("fits", LIMIT), ("over", LIMIT + 1), ("long", 3 << 20)] {
        std::fs::write(folder.join(name), vec![7; len]).unwrap();
    }
}

#[test]
fn a_server_refuses_the_file_and_serves_on() {
    let (served, ours) = (folder(), folder());
    write_files(ours.path());
    let (mut server, address) = serve_limited(served.path(), &SHORT_FILES, &["--writable"]);
    for name in ["over", "long"] {
        let ended = client(ours.path(), &["put", &address, name]);
        assert_fails(&ended, 1, "100000");
        assert!(ended.stderr.contains(name), "{}", ended.stderr);
    }
    let ended = client(ours.path(), &["put", &address, "long", "fits", "over"]);
    assert_fails(&ended, 3, "and 1 more");
    assert_eq!(names_in(served.path()), ["fits"]);
    assert_eq!(server.child.try_wait().unwrap(), None);
}

#[test]
fn a_client_names_the_limit_and_the_file() {
    let (served, ours) = (tempfile::tempdir().unwrap(), folder());
    write_files(served.path());
    let start = |args: &[&str]| {
        let args = [&["serve"], args, &["--listen", "127.0.0.1:0"]].concat();
        let mut process = Process::start(&mut command(served.path(), &args));
        let address = process.address();
        (process, address)
    };
    let (_server, address) = start(&["."]);
    for name in ["over", "long"] {
        let ended = short(ours.path(), &["get", &address, name]);
        assert_fails(&ended, 1, "100000");
        assert!(ended.stderr.contains(name), "{}", ended.stderr);
    }
    assert_fails(&short(ours.path(), &["get", &address, "long", "fits"]), 3, "100000");
    assert_eq!(std::fs::metadata(ours.path().join("fits")).unwrap().len(), LIMIT as u64);
    // Of a classic file nobody knows the length beforehand.
    let (_server, address) = start(&["long", "--classic"]);
    assert_fails(&short(ours.path(), &["get", "--classic", &address]), 1, "100000");
    assert!(!ours.path().join("long").exists());
}

#[test]
fn a_download_fails_alone() {
    let (long, fits) = (http(vec![7; 3 << 20]), http(vec![7; LIMIT]));
    let ours = folder();
    let ended = short(ours.path(), &["http", &format!("http://{long}/long"), "-o", "long"]);
    assert_fails(&ended, 1, "100000");
    let urls = [format!("http://{long}/long"), format!("http://{fits}/fits")];
    let ended = short(ours.path(), &["download", &urls[0], &urls[1], "-o", "files/"]);
    assert_fails(&ended, 3, "100000");
    let stored = std::fs::metadata(ours.path().join("files/fits")).unwrap();
    assert_eq!(stored.len(), LIMIT as u64);
    assert!(!ours.path().join("files/long").exists());
}

#[test]
fn standard_output_that_is_a_file_is_named() {
    let (long, ours) = (http(vec![7; 3 << 20]), folder());
    let out = std::fs::File::create(ours.path().join("out")).unwrap();
    let mut command = std::process::Command::new(SHORT_FILES[0]);
    command.arg(SHORT_FILES[1]).arg(env!("CARGO_BIN_EXE_wirewright"));
    command.args(["http", &format!("http://{long}/long")]).stdin(Stdio::null());
    let ended = command.stdout(out).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.starts_with("error: ") && said.matches('\n').count() == 1, "{said}");
    assert!(said.contains("100000"), "{said}");
    assert_eq!(std::fs::metadata(ours.path().join("out")).unwrap().len(), LIMIT as u64);
}
