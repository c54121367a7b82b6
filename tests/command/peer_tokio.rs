//! The peer of `wirewright bench --peer tokio`: it moves what it says, and is measured beside us.

use crate::process::{Process, run};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Where the peer is built: `cargo test` does it, `cargo test --test command` does not, and then
/// it is done here.
fn program() -> PathBuf {
    static BUILT: Mutex<()> = Mutex::new(());
    let this = std::env::current_exe().unwrap();
    let profile = this.ancestors().nth(2).unwrap();
    let built = profile.join("examples/peer_tokio");
    let guard = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !built.exists() {
        let name = profile.file_name().unwrap().to_str().unwrap();
        let name = if name == "debug" { "dev" } else { name };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--locked", "--example", "peer_tokio", "--profile", name]);
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(cargo.status().unwrap().success(), "{cargo:?}");
    }
    drop(guard);
    built
}

fn peer(words: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(words).stdin(Stdio::null());
    command
}

fn wirewright(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
    command.args(words).stdin(Stdio::null());
    command
}

fn document(command: &mut Command) -> Value {
    let ended = run(command);
    assert!(ended.status.success(), "{command:?}: {}", ended.stderr);
    serde_json::from_slice(&ended.stdout).unwrap()
}

/// Sizes on each side of a chunk, and the whole file as one.
#[test]
fn the_peer_moves_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let bytes: Vec<u8> = (0..200_000_u32).map(|at| (at * 7 + at / 251) as u8).collect();
    for (size, chunk) in [(0, "1000"), (999, "1000"), (1000, "1000"), (200_000, "1001"), (5, "0")] {
        std::fs::write(&from, &bytes[..size]).unwrap();
        let path = from.to_str().unwrap();
        let mut server = Process::start(&mut peer(&["serve", path, "--chunk", chunk]));
        let got = run(&mut peer(&["get", &server.address(), "-o", to.to_str().unwrap()]));
        assert!(got.status.success(), "{}", got.stderr);
        assert_eq!(String::from_utf8(got.stdout).unwrap(), format!("{size}\n"));
        assert!(std::fs::read(&to).unwrap() == bytes[..size], "{size} in {chunk}");
    }
}

#[test]
fn bytes_that_are_not_what_was_sent_are_noticed() {
    let mut server = Process::start(&mut peer(&["serve", "--size", "9000000", "--chunk", "65536"]));
    let address = server.address();
    assert!(run(&mut peer(&["get", &address, "--verify", "65536"])).status.success());
    // Blocks of another length: the bytes are others from the second block on.
    let ended = run(&mut peer(&["get", &address, "--verify", "100000"]));
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("differ from those sent"), "{}", ended.stderr);
}

#[test]
fn the_peer_measures_itself() {
    for chunk in ["65536", "0"] {
        let words = ["measure", "--size", "1000000", "--chunk", chunk, "--json"];
        let report = document(&mut peer(&words));
        assert!(report["bytes"].as_u64().unwrap() >= 1_000_000);
        for side in ["server", "client"] {
            assert!(report[side]["peak_rss_bytes"].as_u64().unwrap() > 0, "{report}");
        }
    }
}

#[test]
fn the_peer_is_measured_beside_us() {
    let program = program();
    let words = ["bench", "--peer", "tokio", "--size", "1M", "--seconds", "0.01", "--json"];
    let mut command = wirewright(&words);
    command.arg("--peer-program").arg(&program);
    let report = document(&mut command);
    let names: Vec<&str> =
        report["rungs"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    let own = ["loopback-raw", "loopback", "own-two-processes"];
    assert_eq!(names, [&own[..], &["peer-tokio", "peer-tokio-whole"]].concat());
    for rung in report["rungs"].as_array().unwrap() {
        let rate = &rung["gb_per_s"];
        assert!(
            rate["min"].as_f64() > Some(0.0) && rate["median"].as_f64() <= rate["max"].as_f64()
        );
        assert!(rung["times_peer"].as_f64() > Some(0.0));
    }
    for side in ["server", "client"] {
        assert!(report["rungs"][2][side]["peak_rss_bytes"].as_u64() > Some(0), "{report}");
    }
    let sweep = report["sweep"].as_array().unwrap();
    assert_eq!((sweep.len(), &sweep[5]["chunk_bytes"]), (6, &Value::Null));
    let text = run(wirewright(&words[..words.len() - 1]).arg("--peer-program").arg(&program));
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("\nown-two-processes ") && text.contains("\nwhole file "), "{text}");
}

#[test]
fn without_the_peer_there_is_a_hint() {
    let ended = run(&mut wirewright(&["bench", "--peer", "tokio", "--peer-program", "/no/such"]));
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stderr.starts_with("error: /no/such: the peer is not there; "));
    assert!(ended.stderr.contains("cargo build --release --example peer_tokio"));
    assert_eq!(ended.stderr.lines().count(), 1);
    let ended = run(&mut wirewright(&["bench", "--peer", "tokio", "--size", "4G"]));
    assert_eq!(ended.status.code(), Some(2));
}
