//! What an interrupted run leaves behind, and what the next one makes of it.

use super::gate::{Gate, Stops};
use super::setup::{
    Served, assert_fails, blake3, bytes, command, json, names_in, report, serve, serve_folder,
};
use crate::process::{Process, run, wait_for};
use std::path::Path;

const SIZE: usize = 64 << 20;

/// Where the gate closes, in bytes of text: about 48 MiB of the file.
const GATE: usize = 64 << 20;

/// When the run is killed, in bytes of the file.
const ENOUGH: u64 = 44 << 20;

/// At most so many bytes are sent twice (cli.md).
const TWICE_MAX: u64 = 16 << 20;

/// The length of all that is beneath a folder.
fn weight(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().filter_map(Result::ok);
    let len = |entry: std::fs::DirEntry| entry.metadata().map_or(0, |meta| meta.len());
    entries.map(len).sum()
}

/// Starts a client through a gate, and kills it (SIGKILL) when `folder` holds enough.
fn interrupt(served: &Served, stops: Stops, in_folder: &Path, args: &[&str], folder: &Path) {
    let gate = Gate::new(&served.address, stops, GATE);
    let before = weight(folder);
    let args = [&[args[0], &gate.address], &args[1..]].concat();
    let mut client = Process::start(&mut command(in_folder, &args));
    wait_for("half of a file", || {
        let ended = client.child.try_wait().unwrap();
        assert!(ended.is_none(), "{ended:?}");
        (weight(folder) >= before + ENOUGH).then_some(())
    });
    drop(client);
}

fn server_with(content: &[u8]) -> Served {
    let served = serve(&[]);
    served.write("big file", content);
    served
}

#[test]
fn a_killed_get_goes_on() {
    let content = bytes(SIZE);
    let served = server_with(&content);
    let to = tempfile::tempdir().unwrap();
    interrupt(&served, Stops::ToClient, to.path(), &["get", "big file"], to.path());
    assert!(!to.path().join("big file").exists());
    // Also after the server was restarted.
    let Served { folder, process, .. } = served;
    drop(process);
    let served = serve_folder(folder, &[]);
    let told = served.get(to.path(), &["big file"]);
    let file = &told["files"][0];
    let from = file["resumed_from"].as_u64().unwrap();
    assert!(from + TWICE_MAX >= ENOUGH && from < SIZE as u64, "{told}");
    assert_eq!(file["received"], SIZE as u64 - from);
    assert_eq!(file["digest"].as_str(), Some(&*blake3(&content)));
    assert!(std::fs::read(to.path().join("big file")).unwrap() == content);
    assert_eq!(names_in(to.path()), ["big file"]);
}

#[test]
fn a_killed_put_goes_on() {
    let content = bytes(SIZE);
    let served = serve(&["--writable"]);
    let from = tempfile::tempdir().unwrap();
    std::fs::write(from.path().join("big file"), &content).unwrap();
    let (folder, args) = (served.folder.path(), ["put", "big file"]);
    interrupt(&served, Stops::ToServer, from.path(), &args, folder);
    assert!(!served.path("big file").exists());
    let Served { folder, process, .. } = served;
    drop(process);
    let served = serve_folder(folder, &["--writable"]);
    let told = served.put(from.path(), &["big file"]);
    let file = &told["files"][0];
    let at = file["resumed_from"].as_u64().unwrap();
    assert!(at + TWICE_MAX >= ENOUGH && at < SIZE as u64, "{told}");
    assert_eq!(file["sent"], SIZE as u64 - at);
    assert_eq!(file["digest"].as_str(), Some(&*blake3(&content)));
    assert!(std::fs::read(served.path("big file")).unwrap() == content);
    assert_eq!(names_in(served.folder.path()), ["big file"]);
}

/// Nothing is resumed on the classic wire, but nothing stays for ever either.
#[test]
fn a_killed_classic_get_leaves_nothing_for_good() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("big file"), bytes(SIZE)).unwrap();
    let args = ["serve", "big file", "--classic", "--listen", "127.0.0.1:0"];
    let mut process = Process::start(&mut command(folder.path(), &args));
    let address = process.address();
    let served = Served { folder, process, address };
    let to = tempfile::tempdir().unwrap();
    let args = ["get", "--classic"];
    interrupt(&served, Stops::ToClient, to.path(), &args, to.path());
    assert!(!to.path().join("big file").exists());
    let told = served.get(to.path(), &["--classic"]);
    assert_eq!(told["files"][0]["resumed_from"], 0);
    assert!(std::fs::read(to.path().join("big file")).unwrap() == bytes(SIZE));
    assert_eq!(names_in(to.path()), ["big file"]);
}

#[test]
fn a_source_that_changed_is_fetched_from_its_beginning() {
    let served = server_with(&bytes(SIZE));
    let to = tempfile::tempdir().unwrap();
    interrupt(&served, Stops::ToClient, to.path(), &["get", "big file"], to.path());
    let content = bytes(SIZE - 7);
    served.write("big file", &content);
    let told = served.get(to.path(), &["big file"]);
    let file = &told["files"][0];
    assert_eq!((&file["resumed_from"], &file["received"]), (&0.into(), &(SIZE - 7).into()));
    assert!(std::fs::read(to.path().join("big file")).unwrap() == content);
    assert_eq!(names_in(to.path()), ["big file"]);
}

#[test]
fn a_put_of_what_changed_begins_anew() {
    let served = serve(&["--writable"]);
    let from = tempfile::tempdir().unwrap();
    std::fs::write(from.path().join("big file"), bytes(SIZE)).unwrap();
    let (folder, args) = (served.folder.path(), ["put", "big file"]);
    interrupt(&served, Stops::ToServer, from.path(), &args, folder);
    let content = bytes(SIZE - 7);
    std::fs::write(from.path().join("big file"), &content).unwrap();
    // The server may not have noticed yet that the first one has gone; or all of it was under way,
    // and then the old version stands there.
    let told = wait_for("the first put to be over", || {
        let ended = served.client(from.path(), "put", &["--json", "--overwrite", "big file"]);
        let busy = json(&ended.stdout)["files"][0]["error"]["code"] == "busy";
        (!busy).then(|| report(&ended))
    });
    assert_eq!(told["files"][0]["resumed_from"], 0);
    assert!(std::fs::read(served.path("big file")).unwrap() == content);
    assert_eq!(names_in(served.folder.path()), ["big file"]);
}

#[test]
fn no_resume_begins_at_0() {
    let content = bytes(SIZE);
    let served = server_with(&content);
    let to = tempfile::tempdir().unwrap();
    let (folder, args) = (to.path(), ["get", "big file", "-o", "other"]);
    interrupt(&served, Stops::ToClient, folder, &args, folder);
    let told = served.get(folder, &["big file", "-o", "other", "--no-resume"]);
    let file = &told["files"][0];
    assert_eq!((&file["resumed_from"], &file["received"]), (&0.into(), &SIZE.into()));
    assert!(std::fs::read(folder.join("other")).unwrap() == content);
    assert_eq!(names_in(folder), ["other"]);
}

/// A limit of the process on the length of files stands for a disk that fills up just before the
/// end, where bytes are still being written behind.
#[test]
fn a_disk_that_fills_up_at_the_end_costs_only_the_end() {
    const LEN: usize = 12 << 20;
    let served = serve(&[]);
    served.write("large", &bytes(LEN));
    let folder = tempfile::tempdir().unwrap();
    // In units of 512 bytes; what the signal would do is an error of write(2) instead.
    let limited = "trap '' XFSZ; ulimit -f $1; shift; exec \"$@\"";
    let mut limited_get = std::process::Command::new("sh");
    limited_get.args(["-c", limited, "sh", &((LEN - (64 << 10)) / 512).to_string()]);
    limited_get.args([env!("CARGO_BIN_EXE_wirewright"), "get", &served.address, "large"]);
    let ended = run(limited_get.current_dir(folder.path()));
    assert_fails(&ended, 1, "large");
    assert_eq!(ended.stderr.matches("run the same command again to go on").count(), 1);
    let left = names_in(folder.path());
    assert_eq!(left.len(), 2, "the part and its journal: {left:?}");
    let told = served.get(folder.path(), &["large"]);
    let from = told["files"][0]["resumed_from"].as_u64().unwrap();
    assert!(from >= 4 << 20, "{from}");
    assert_eq!(std::fs::read(folder.path().join("large")).unwrap(), bytes(LEN));
}
