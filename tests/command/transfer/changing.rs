//! Files that change while they are sent, and files whose size is not what the system says.

use super::gate::{Gate, Stops};
use super::setup::{Served, assert_fails, bytes, command, json, names_in, report, serve};
use crate::process::{Process, run, wait_for};
use std::path::Path;

/// A chunk of the wire, in bytes of the file.
const CHUNK: usize = 196_608;

/// More than a server, a gate and the kernel hold of it ahead.
const SIZE: usize = 128 * CHUNK;

/// Where the gate closes, in bytes of text.
const GATE: usize = 2 << 20;

/// Far less than the wait for a peer that is silent, which is 30 s: nothing waits for a file.
const TIMEOUT: [&str; 2] = ["--timeout", "25"];

type Change = fn(&Path);

fn set_len(path: &Path, len: usize) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_len(len as u64).unwrap();
}

/// What happens to a source while it is sent.
const CHANGES: [(&str, Change); 10] = [
    ("a chunk exactly", |path| set_len(path, 120 * CHUNK)),
    ("1 over a chunk", |path| set_len(path, 120 * CHUNK + 1)),
    ("2 over a chunk", |path| set_len(path, 120 * CHUNK + 2)),
    ("3 over a chunk", |path| set_len(path, 120 * CHUNK + 3)),
    ("1 over a group", |path| set_len(path, 120 * CHUNK + 301)),
    ("1 short of a chunk", |path| set_len(path, 120 * CHUNK - 1)),
    ("1 byte shorter", |path| set_len(path, SIZE - 1)),
    ("to nothing", |path| set_len(path, 0)),
    ("longer", |path| set_len(path, SIZE + 1)),
    ("replaced", |path| {
        let beside = path.with_extension("new");
        std::fs::write(&beside, bytes(120 * CHUNK + 1)).unwrap();
        std::fs::rename(&beside, path).unwrap();
    }),
];

/// The length of all that is beneath a folder.
fn weight(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().filter_map(Result::ok);
    let len = |entry: std::fs::DirEntry| entry.metadata().map_or(0, |meta| meta.len());
    entries.map(len).sum()
}

/// Transfers `big` and `small` through a gate, and changes `big` while the gate is closed: what
/// arrives is the new `big`, and `small`.
fn transfer(served: &Served, stops: Stops, verb: &str, from: &Path, to: &Path, change: Change) {
    let source = from.join("big");
    std::fs::write(&source, bytes(SIZE)).unwrap();
    std::fs::write(from.join("small"), "small").unwrap();
    let client_folder = if stops == Stops::ToClient { to } else { from };
    let gate = Gate::new(&served.address, stops, GATE);
    let args = [&[verb, &gate.address, "big", "small", "--json"][..], &TIMEOUT].concat();
    let client = Process::start(&mut command(client_folder, &args));
    wait_for("the first bytes", || (weight(to) > CHUNK as u64).then_some(()));
    change(&source);
    gate.open();
    let told = report(&client.finish());
    let now = std::fs::read(&source).unwrap();
    assert!(std::fs::read(to.join("big")).unwrap() == now, "what arrived is not what is there");
    assert_eq!(std::fs::read(to.join("small")).unwrap(), b"small");
    assert_eq!(names_in(to), ["big", "small"]);
    assert_eq!(told["files"][0]["bytes"], now.len());
}

#[test]
fn a_source_that_changes_is_got_anew_without_a_wait() {
    for (what, change) in CHANGES {
        println!("{what}");
        let (served, to) = (serve(&[]), tempfile::tempdir().unwrap());
        transfer(&served, Stops::ToClient, "get", served.folder.path(), to.path(), change);
    }
}

#[test]
fn a_source_that_changes_is_put_anew_without_a_wait() {
    for (what, change) in CHANGES {
        println!("{what}");
        let (served, from) = (serve(&["--writable"]), tempfile::tempdir().unwrap());
        let to = served.folder.path();
        transfer(&served, Stops::ToServer, "put", from.path(), to, change);
    }
}

/// A classic server cannot say that a file has changed: it ends the stream before the object ends.
#[test]
fn a_classic_source_that_changes_is_never_taken_for_whole() {
    for (what, change) in CHANGES {
        println!("{what}");
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("big");
        std::fs::write(&source, bytes(SIZE)).unwrap();
        let args = ["serve", "big", "--classic", "--listen", "127.0.0.1:0"];
        let mut process = Process::start(&mut command(folder.path(), &args));
        let gate = Gate::new(&process.address(), Stops::ToClient, GATE);
        let to = tempfile::tempdir().unwrap();
        let args = [&["get", "--classic", &gate.address][..], &TIMEOUT].concat();
        let client = Process::start(&mut command(to.path(), &args));
        wait_for("the first bytes", || (weight(to.path()) > CHUNK as u64).then_some(()));
        change(&source);
        gate.open();
        assert_fails(&client.finish(), 1, "the stream ended at byte ");
        assert_eq!(names_in(to.path()), Vec::<String>::new());
    }
}

/// Regular files that hold more than their size says, and less.
const FALSE_SIZES: [&str; 2] = ["/proc/version", "/sys/kernel/uevent_seqnum"];

const FALSE_SIZE: &str = "another size than the file has";

#[test]
fn a_file_with_a_false_size_is_never_sent() {
    for path in FALSE_SIZES {
        let (folder, name) = path.rsplit_once('/').unwrap();
        let here = tempfile::tempdir().unwrap();
        // Beneath a folder that is served, beside a file with a good size.
        let server = ["serve", folder, "--listen", "127.0.0.1:0"];
        let mut server = Process::start(&mut command(here.path(), &server));
        let address = server.address();
        let args = [&["get", &address, name, "--json"][..], &TIMEOUT].concat();
        let ended = run(&mut command(here.path(), &args));
        assert_fails(&ended, 1, FALSE_SIZE);
        assert!(ended.stderr.contains(name), "{}", ended.stderr);
        assert_eq!(json(&ended.stdout)["files"][0]["error"]["code"], "io");
        // To a server.
        let served = serve(&["--writable"]);
        let ended = served.client(here.path(), "put", &[&[path][..], &TIMEOUT].concat());
        assert_fails(&ended, 1, FALSE_SIZE);
        assert!(ended.stderr.contains(name), "{}", ended.stderr);
        assert_eq!(names_in(served.folder.path()), Vec::<String>::new());
        // Alone: the server does not even start.
        for args in [&["serve", path][..], &["serve", path, "--classic"]] {
            let args = [args, &["--listen", "127.0.0.1:0"]].concat();
            let ended = run(&mut command(here.path(), &args));
            assert_fails(&ended, 1, FALSE_SIZE);
            assert!(ended.stderr.contains(path), "{}", ended.stderr);
        }
        // As an attachment, and in datagrams.
        for args in [
            &["mail", "--dry-run", "--from", "a@b.c", "--to", "d@e.f", "--subject", "s"][..],
            &["udp", "send", "127.0.0.1:9"],
        ] {
            let option = if args[0] == "mail" { "--attach" } else { "--file" };
            let ended = run(&mut command(here.path(), &[args, &[option, path]].concat()));
            assert_fails(&ended, 1, FALSE_SIZE);
            assert!(ended.stderr.contains(path), "{}", ended.stderr);
        }
        assert_eq!(names_in(here.path()), Vec::<String>::new());
    }
}
