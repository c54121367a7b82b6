//! The chapter's scripts: one JSON object on connect, in both directions.

use crate::installed::has_program;
use crate::process::{Process, run};
use crate::{bytes, files_in, good, listening, python, wirewright};

/// Outside ASCII, one of them outside the plane that one `\uXXXX` reaches.
const NAME: &str = "guido ü 漢 😀.jpg";

const SERVER: &str = "tests/interop/classic_server.py";
const CLIENT: &str = "tests/interop/classic_client.py";

#[test]
fn our_client_and_their_server() {
    if !has_program("python3", "--version", "our_client_and_their_server") {
        return;
    }
    for (size, ascii) in [(0, "1"), (1, "0"), (2, "1"), (196_608, "0"), (5_000_000, "1")] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), bytes(size)).unwrap();
        let args = [NAME, "--ascii", ascii];
        let (_server, address) = listening(&mut python(folder.path(), SERVER, &args));
        let to = tempfile::tempdir().unwrap();
        good(&mut wirewright(to.path(), &["get", "--classic", &address]));
        assert!(std::fs::read(to.path().join(NAME)).unwrap() == bytes(size), "{size}");
        assert_eq!(files_in(to.path()).len(), 1);
    }
}

#[test]
fn our_server_and_their_client() {
    if !has_program("python3", "--version", "our_server_and_their_client") {
        return;
    }
    // Their client takes time with the square of the size.
    for size in [0, 1, 2, 3, 196_609, 1_000_000] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), bytes(size)).unwrap();
        let args = ["serve", NAME, "--classic", "--listen", "127.0.0.1:0"];
        let (_server, address) = listening(&mut wirewright(folder.path(), &args));
        let to = tempfile::tempdir().unwrap();
        good(&mut python(to.path(), CLIENT, &[&address, "."]));
        assert!(std::fs::read(to.path().join(NAME)).unwrap() == bytes(size), "{size}");
    }
}

/// One byte a segment, escapes of names cut anywhere.
#[test]
fn their_server_dribbles() {
    if !has_program("python3", "--version", "their_server_dribbles") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(NAME), bytes(7001)).unwrap();
    for ascii in ["0", "1"] {
        let args = [NAME, "--ascii", ascii, "--dribble"];
        let (_server, address) = listening(&mut python(folder.path(), SERVER, &args));
        let to = tempfile::tempdir().unwrap();
        good(&mut wirewright(to.path(), &["get", "--classic", &address]));
        assert_eq!(std::fs::read(to.path().join(NAME)).unwrap(), bytes(7001));
    }
}

#[test]
fn twenty_of_our_clients_at_once() {
    if !has_program("python3", "--version", "twenty_of_our_clients_at_once") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(NAME), bytes(500_000)).unwrap();
    let (_server, address) = listening(&mut python(folder.path(), SERVER, &[NAME]));
    let to = tempfile::tempdir().unwrap();
    let start = |number: usize| {
        let output = format!("{number}/");
        let args = ["get", "--classic", &address, "-o", &output];
        Process::start(&mut wirewright(to.path(), &args))
    };
    let clients: Vec<Process> = (0..20).map(start).collect();
    for (number, client) in clients.into_iter().enumerate() {
        let ended = client.finish();
        assert!(ended.status.success(), "{}", ended.stderr);
        let path = to.path().join(number.to_string()).join(NAME);
        assert!(std::fs::read(path).unwrap() == bytes(500_000));
    }
}

#[test]
fn twenty_of_their_clients_at_once() {
    if !has_program("python3", "--version", "twenty_of_their_clients_at_once") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(NAME), bytes(150_000)).unwrap();
    let args = ["serve", NAME, "--classic", "--listen", "127.0.0.1:0"];
    let (_server, address) = listening(&mut wirewright(folder.path(), &args));
    let to = tempfile::tempdir().unwrap();
    let start = |number: usize| {
        let output = to.path().join(number.to_string());
        std::fs::create_dir(&output).unwrap();
        Process::start(&mut python(&output, CLIENT, &[&address, "."]))
    };
    let clients: Vec<Process> = (0..20).map(start).collect();
    for (number, client) in clients.into_iter().enumerate() {
        let ended = client.finish();
        assert!(ended.status.success(), "{}", ended.stderr);
        let path = to.path().join(number.to_string()).join(NAME);
        assert!(std::fs::read(path).unwrap() == bytes(150_000));
    }
}

/// A stream that ends early is a failure for us, never a short file.
#[test]
fn their_server_dies_in_the_middle() {
    if !has_program("python3", "--version", "their_server_dies_in_the_middle") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // At a byte a segment it takes far longer than this test.
    std::fs::write(folder.path().join("a"), bytes(20_000_000)).unwrap();
    let (server, address) = listening(&mut python(folder.path(), SERVER, &["a", "--dribble"]));
    let to = tempfile::tempdir().unwrap();
    let args = ["get", "--classic", &address];
    let client = Process::start(&mut wirewright(to.path(), &args));
    crate::process::wait_for("the beginning of the file", || {
        (!files_in(to.path()).is_empty()).then_some(())
    });
    drop(server);
    let ended = client.finish();
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.stderr.matches('\n').count(), 1, "{}", ended.stderr);
    assert_eq!(files_in(to.path()).len(), 0);
    let again = run(&mut wirewright(to.path(), &args));
    assert_eq!(again.status.code(), Some(1), "nobody is there any more");
}
