//! A kill on a slow line costs what came in the last second, and no more (cli.md).
//!
//! All of what comes before a kill here is less than one chunk, which is 256 KiB of text.

use super::gate::{Gate, Stops};
use super::setup::{Served, bytes, command, names_in, serve, serve_folder};
use crate::process::{Process, wait_for};
use crate::slow::{Line, SlowLine};
use std::path::Path;
use std::time::Duration;

const SIZE: usize = 1 << 20;

/// Bytes of text a second.
const RATE: usize = 40 << 10;

/// After so many bytes of text the run is killed.
const TEXT: usize = 230 << 10;

/// What came within so long before the kill may be lost: one second, and two for a machine that is
/// busy.
const LOST: Duration = Duration::from_secs(3);

/// Text that is no payload: hellos, heads of frames and their messages, in bytes.
const OTHER_TEXT: usize = 2048;

/// How many bytes of a file are at least in so much text.
fn payload(text: usize) -> usize {
    text.saturating_sub(OTHER_TEXT) / 4 * 3
}

/// Waits until enough has come; gives how many bytes of the file have to be kept from then on.
fn enough(line: &SlowLine) -> usize {
    wait_for("a part of a chunk", || (line.passed() >= TEXT).then_some(()));
    let kept = payload(line.passed_before(LOST));
    assert!(kept > 32 << 10 && line.passed() < 256 << 10, "{kept} {}", line.passed());
    kept
}

/// The second run goes on with at least so many bytes, and ends well.
fn goes_on(served: &Served, folder: &Path, verb: &str, kept: usize) {
    let told = match verb {
        "get" => served.get(folder, &["file"]),
        _ => served.put(folder, &["file"]),
    };
    let from = told["files"][0]["resumed_from"].as_u64().unwrap() as usize;
    assert!(from >= kept && from < SIZE, "{from} {kept}");
    let content = bytes(SIZE);
    assert!(std::fs::read(folder.join("file")).unwrap() == content);
    assert!(std::fs::read(served.path("file")).unwrap() == content);
    assert_eq!(names_in(folder), ["file"]);
    assert_eq!(names_in(served.folder.path()), ["file"]);
}

fn server_with_file() -> Served {
    let served = serve(&[]);
    served.write("file", &bytes(SIZE));
    served
}

/// A folder with a file, to put from.
fn folder_with_file() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), bytes(SIZE)).unwrap();
    folder
}

fn to_client(wrong_at: Option<usize>) -> Line {
    Line { to_server: false, bytes_per_second: RATE, wrong_at }
}

#[test]
fn a_get_that_is_killed() {
    let served = server_with_file();
    let to = tempfile::tempdir().unwrap();
    let line = SlowLine::new(&served.address, to_client(None));
    let client = Process::start(&mut command(to.path(), &["get", &line.address, "file"]));
    let kept = enough(&line);
    drop(client);
    goes_on(&served, to.path(), "get", kept);
}

/// A put by way of `line` whose server is killed; gives the server that was started again, and how
/// many bytes it has at least.
fn put_until_its_server_is_killed(from: &Path, wrong_at: Option<usize>) -> (Served, usize) {
    let served = serve(&["--writable"]);
    let slow = Line { to_server: true, bytes_per_second: RATE, wrong_at };
    let line = SlowLine::new(&served.address, slow);
    let client = Process::start(&mut command(from, &["put", &line.address, "file"]));
    let kept = enough(&line);
    let Served { folder, process, .. } = served;
    drop(process);
    drop(client);
    assert!(has_record(folder.path()));
    (serve_folder(folder, &["--writable"]), kept)
}

fn has_record(folder: &Path) -> bool {
    names_in(folder).iter().any(|name| name.ends_with(".journal"))
}

#[test]
fn a_put_whose_server_is_killed() {
    let from = folder_with_file();
    let (served, kept) = put_until_its_server_is_killed(from.path(), None);
    goes_on(&served, from.path(), "put", kept);
}

/// What came before a line fell silent is recorded in the silence.
#[test]
fn a_get_that_is_killed_after_silence() {
    const TEXT: usize = 100 << 10;
    let served = server_with_file();
    let to = tempfile::tempdir().unwrap();
    let gate = Gate::new(&served.address, Stops::ToClient, TEXT);
    let mut client = Process::start(&mut command(to.path(), &["get", &gate.address, "file"]));
    wait_for("a record", || {
        assert!(client.child.try_wait().unwrap().is_none(), "no record before the end");
        has_record(to.path()).then_some(())
    });
    // It was made half a second after the first byte; the others had come by then.
    drop(client);
    goes_on(&served, to.path(), "get", payload(TEXT));
}

/// A connection that is lost costs nothing of what had come.
#[test]
fn a_connection_that_is_lost() {
    const TEXT: usize = 100 << 10;
    let served = server_with_file();
    let to = tempfile::tempdir().unwrap();
    let gate = Gate::cutting(&served.address, Stops::ToClient, TEXT);
    let client = Process::start(&mut command(to.path(), &["get", &gate.address, "file"]));
    assert_eq!(client.finish().status.code(), Some(1));
    goes_on(&served, to.path(), "get", payload(TEXT));

    let served = serve(&["--writable"]);
    let from = folder_with_file();
    let gate = Gate::cutting(&served.address, Stops::ToServer, TEXT);
    let client = Process::start(&mut command(from.path(), &["put", &gate.address, "file"]));
    assert_eq!(client.finish().status.code(), Some(1));
    goes_on(&served, from.path(), "put", payload(TEXT));
}

/// Without a digest nothing but the checksum of a chunk finds a fault, so that its end is waited
/// for.
#[test]
fn without_a_digest_only_whole_chunks_count() {
    let served = server_with_file();
    let to = tempfile::tempdir().unwrap();
    let gate = Gate::cutting(&served.address, Stops::ToClient, 300 << 10);
    let args = ["get", "--digest", "none", &gate.address, "file"];
    assert_eq!(Process::start(&mut command(to.path(), &args)).finish().status.code(), Some(1));
    let told = served.get(to.path(), &["--digest", "none", "file"]);
    assert_eq!(told["files"][0]["resumed_from"], 196_608);
    assert!(std::fs::read(to.path().join("file")).unwrap() == bytes(SIZE));
}

/// Where what was recorded is wrong, the digest of the whole says so, and the same run begins anew.
#[test]
fn a_wrong_byte_that_was_recorded() {
    const WRONG: usize = 50_000;
    let served = server_with_file();
    let to = tempfile::tempdir().unwrap();
    let line = SlowLine::new(&served.address, to_client(Some(WRONG)));
    let client = Process::start(&mut command(to.path(), &["get", &line.address, "file"]));
    enough(&line);
    drop(client);
    assert!(has_record(to.path()));
    goes_on_from_0(&served, to.path(), "get");

    let from = folder_with_file();
    let (served, _) = put_until_its_server_is_killed(from.path(), Some(WRONG));
    goes_on_from_0(&served, from.path(), "put");
}

/// The second run ends well, though what was there was wrong.
fn goes_on_from_0(served: &Served, folder: &Path, verb: &str) {
    let told = match verb {
        "get" => served.get(folder, &["file"]),
        _ => served.put(folder, &["file"]),
    };
    let file = &told["files"][0];
    let moved = if verb == "get" { &file["received"] } else { &file["sent"] };
    assert_eq!((&file["resumed_from"], moved), (&0.into(), &SIZE.into()), "{told}");
    assert!(std::fs::read(folder.join("file")).unwrap() == bytes(SIZE));
    assert!(std::fs::read(served.path("file")).unwrap() == bytes(SIZE));
}

/// A wrong chunk that ends is found at once, and takes nothing with it that was right.
#[test]
fn a_wrong_chunk_is_not_kept() {
    let served = server_with_file();
    let to = tempfile::tempdir().unwrap();
    // In the second chunk.
    let line = SlowLine::new(&served.address, to_client(Some(300 << 10)));
    line.quicken();
    let client = Process::start(&mut command(to.path(), &["get", &line.address, "file"]));
    let ended = client.finish();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let told = served.get(to.path(), &["file"]);
    assert_eq!(told["files"][0]["resumed_from"], 196_608);
    assert!(std::fs::read(to.path().join("file")).unwrap() == bytes(SIZE));
}
