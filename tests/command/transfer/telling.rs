//! What a server tells whoever runs it: a line for each transfer, the files that it cannot offer,
//! and at the end, with `--json`, what it did.

use super::gate::{Gate, Stops};
use super::setup::{Served, bytes, command, json, names_in, report, serve, serve_folder};
use crate::process::{Ended, Process, run, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use tempfile::TempDir;

fn stop(served: Served) -> Ended {
    kill_process(Pid::from_child(&served.process.child), Signal::TERM).unwrap();
    let ended = served.process.finish();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    ended
}

/// The lines that have all of these words, of which there has to be one.
fn line<'a>(said: &'a str, words: &[&str]) -> &'a str {
    let mut found = said.lines().filter(|line| words.iter().all(|word| line.contains(word)));
    let one = found.next().unwrap_or_else(|| panic!("no line with {words:?} in\n{said}"));
    assert_eq!(found.next(), None, "more than one line with {words:?} in\n{said}");
    one
}

#[test]
fn each_transfer_that_ended_has_a_line() {
    let served = serve(&["--writable"]);
    let (to, content) = (tempfile::tempdir().unwrap(), bytes(3 << 20));
    served.write("d/big", &content);
    served.write("empty", b"");
    served.write("a\u{202e}b", b"content");
    served.get(to.path(), &["d/big", "empty", "a\u{202e}b"]);
    std::fs::write(to.path().join("new"), &content[..5000]).unwrap();
    served.put(to.path(), &["new"]);
    served.client(to.path(), "get", &["missing"]);
    std::fs::write(to.path().join("new"), "other").unwrap();
    served.client(to.path(), "put", &["new"]);
    served.client(to.path(), "ls", &[]);
    let said = stop(served).stderr;
    assert_eq!(said.lines().count(), 6, "{said}");
    assert!(said.lines().all(|line| line.starts_with("127.0.0.1:")), "{said}");
    line(&said, &[": sent d/big, 3.0 MiB at "]);
    line(&said, &[": empty: nothing to transfer (empty or unchanged)"]);
    line(&said, &[": sent a\\u{202e}b, 7 B"]);
    line(&said, &[": received new, 4.9 KiB at "]);
    line(&said, &[": not sent: missing: no such file"]);
    line(&said, &[": not received: new: a file of that name exists"]);
}

#[test]
fn a_transfer_that_broke_off_has_a_line_and_quiet_has_none() {
    for quiet in [false, true] {
        let args = if quiet { &["--writable", "--quiet"][..] } else { &["--writable"] };
        let served = serve(args);
        let to = tempfile::tempdir().unwrap();
        served.write("big", &bytes(32 << 20));
        std::fs::write(to.path().join("ours"), bytes(32 << 20)).unwrap();
        for (stops, args) in
            [(Stops::ToClient, ["get", "", "big"]), (Stops::ToServer, ["put", "", "ours"])]
        {
            let gate = Gate::new(&served.address, stops, 1 << 20);
            let args = [args[0], &gate.address, args[2]];
            let mut client = Process::start(&mut command(to.path(), &args));
            let here = if stops == Stops::ToClient { to.path() } else { served.folder.path() };
            wait_for("the beginning of a file", || {
                let mut parts = names_in(here).into_iter().filter(|name| name.ends_with(".part"));
                let part = std::fs::metadata(here.join(parts.next()?)).ok()?;
                (part.len() > 0).then_some(())
            });
            client.child.kill().unwrap();
        }
        let said = stop(served).stderr;
        if quiet {
            assert_eq!(said, "");
            continue;
        }
        assert_eq!(said.lines().count(), 2, "{said}");
        line(&said, &[": not sent: big: ", " after "]);
        line(&said, &[": not received: ours: ", " after "]);
    }
}

/// The words of a client that has no more time are not taken for the server's own.
#[test]
fn a_deadline_of_the_client_is_told_as_such() {
    let served = serve(&[]);
    let to = tempfile::tempdir().unwrap();
    served.write("big", &bytes(32 << 20));
    let gate = Gate::new(&served.address, Stops::ToClient, 1 << 20);
    let args = ["get", &gate.address, "big", "--timeout", "1"];
    let ended = run(&mut command(to.path(), &args));
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let said = stop(served).stderr;
    line(&said, &[": not sent: big: the client's deadline was over: timed out waiting for "]);
    drop(gate);
}

#[test]
fn a_classic_server_has_a_line_for_each_visitor() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "content").unwrap();
    let args = ["serve", "file", "--classic", "--listen", "127.0.0.1:0"];
    let mut process = Process::start(&mut command(folder.path(), &args));
    let address = process.address();
    let served = Served { folder, process, address };
    let to = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        served.client(to.path(), "get", &["--classic", "-o", name]);
    }
    let said = stop(served).stderr;
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.lines().all(|line| line.contains(": sent file, 7 B")), "{said}");
}

#[test]
fn json_is_a_report_of_what_was_done() {
    let served = serve(&["--writable", "--json", "--threads", "2"]);
    let to = tempfile::tempdir().unwrap();
    served.write("a", &bytes(1000));
    served.get(to.path(), &["a"]);
    served.get(to.path(), &["a", "-o", "b"]);
    served.put(to.path(), &["b"]);
    served.client(to.path(), "get", &["missing"]);
    let address = served.address.clone();
    let told = json(&stop(served).stdout);
    assert_eq!(told["address"], address);
    assert_eq!(told["sent"], serde_json::json!({"files": 2, "bytes": 2000}));
    assert_eq!(told["received"], serde_json::json!({"files": 1, "bytes": 1000}));
    assert_eq!(told["failed"], 1);
    assert!(told["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(told.as_object().unwrap().len(), 5, "{told}");
}

#[test]
fn the_time_is_reported_too() {
    let folder = tempfile::tempdir().unwrap();
    for udp in [false, true] {
        let udp = if udp { &["--udp"][..] } else { &[] };
        let args = [&["time", "serve", "--listen", "127.0.0.1:0", "--json"], udp].concat();
        let mut process = Process::start(&mut command(folder.path(), &args));
        let address = process.address();
        for _ in 0..3 {
            let ask = [&["time", "get", &address], udp].concat();
            assert_eq!(run(&mut command(folder.path(), &ask)).status.code(), Some(0));
        }
        kill_process(Pid::from_child(&process.child), Signal::TERM).unwrap();
        let ended = process.finish();
        assert_eq!(ended.stderr, format!("listening on {address}\n"));
        let told = json(&ended.stdout);
        assert_eq!((&told["address"], &told["answers"]), (&address.into(), &3.into()));
        assert_eq!(told.as_object().unwrap().len(), 3, "{told}");
    }
}

#[test]
fn the_trace_names_the_connection_in_each_line() {
    let served = serve(&["--trace", "--quiet"]);
    served.write("a", b"content");
    let to = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        served.get(to.path(), &["a", "-o", name]);
    }
    let said = stop(served).stderr;
    let mut connections: Vec<&str> = said
        .lines()
        .map(|line| {
            let (mark, rest) = line.split_once(' ').unwrap();
            assert!(["->", "<-", "**"].contains(&mark), "{line}");
            let (name, what) = rest.split_once(' ').unwrap();
            assert!(name.starts_with("127.0.0.1:") && !what.is_empty(), "{line}");
            name
        })
        .collect();
    connections.sort_unstable();
    connections.dedup();
    assert_eq!(connections.len(), 2, "{said}");
}

#[test]
fn what_cannot_be_offered_is_named_at_the_start_and_counted_by_ls() {
    let folder = tempfile::tempdir().unwrap();
    for name in [&b"good"[..], b"back\\slash", b"con\x1btrol", b"not \xff utf-8", b"d/wor\nse"] {
        let path = folder.path().join(OsStr::from_bytes(name));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    // A folder counts once, whatever is in it; what is no file or is ours does not count.
    std::fs::create_dir(folder.path().join("a\\b")).unwrap();
    std::fs::write(folder.path().join("a\\b/c"), "x").unwrap();
    std::fs::write(folder.path().join("a\\b/d"), "x").unwrap();
    std::fs::write(folder.path().join(".wirewright-0123456789abcdef.part"), "x").unwrap();
    std::os::unix::fs::symlink("/nowhere", folder.path().join("sym\\link")).unwrap();
    let served = serve_folder(folder, &[]);
    let ended = served.client(served.folder.path(), "ls", &["--json"]);
    let told = json(&ended.stdout);
    assert_eq!(told["entries"].as_array().unwrap().len(), 1);
    assert_eq!(told["not_offered"], 5);
    let ended = served.client(served.folder.path(), "ls", &[]);
    assert_eq!(String::from_utf8(ended.stdout).unwrap().lines().count(), 1);
    assert!(ended.stderr.contains("the server cannot offer 5 other files"), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1);
    let said = stop(served).stderr;
    assert_eq!(said.lines().count(), 5, "{said}");
    line(&said, &["not offered: back\\slash: ", "no backslash"]);
    line(&said, &["not offered: con\\u{1b}trol: "]);
    line(&said, &["not offered: not \\xff utf-8: ", "UTF-8"]);
    line(&said, &["not offered: d/wor\\nse: "]);
    line(&said, &["not offered: a\\b: "]);
    assert!(said.is_ascii(), "{said}");
}

/// Directories whose files nobody can see are told, whether they cannot be read (`priv`) or not be
/// searched (`dark`). As root, who may read everything, the server runs as another user.
#[test]
fn directories_that_cannot_be_read_are_told() {
    let served = {
        let folder = tempfile::tempdir().unwrap();
        for name in ["good", "priv/a", "priv/b", "dark/c"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let set = |name: &str, mode| {
            std::fs::set_permissions(folder.path().join(name), Permissions::from_mode(mode))
        };
        set("", 0o755).unwrap();
        set("priv", 0o300).unwrap();
        set("dark", 0o444).unwrap();
        serve_as_nobody(folder)
    };
    let ended = served.client(served.folder.path(), "ls", &["--json"]);
    let told = json(&ended.stdout);
    assert_eq!(told["entries"].as_array().unwrap().len(), 1);
    assert_eq!(told["not_offered"], 2);
    let there = tempfile::tempdir().unwrap();
    let ended = served.client(there.path(), "get", &["--all", "-o", "all/"]);
    assert!(ended.stderr.contains("the server cannot offer 2 other files"), "{}", ended.stderr);
    let ended = served.client(there.path(), "get", &["priv/", "-o", "all/"]);
    assert!(ended.stderr.contains("the server cannot offer 2 other files"), "{}", ended.stderr);
    for name in ["priv", "dark"] {
        let mode = Permissions::from_mode(0o700);
        std::fs::set_permissions(served.folder.path().join(name), mode).unwrap();
    }
    let said = stop(served).stderr;
    line(&said, &["not offered: priv: cannot be read: Permission denied"]);
    line(&said, &["not offered: dark: cannot be read: Permission denied"]);
}

/// The command is copied, for nobody else may read the directory that it is built in.
fn serve_as_nobody(folder: TempDir) -> Served {
    if !rustix::process::geteuid().is_root() {
        return serve_folder(folder, &[]);
    }
    let copy = tempfile::tempdir().unwrap();
    std::fs::set_permissions(copy.path(), Permissions::from_mode(0o755)).unwrap();
    let program = copy.path().join("wirewright");
    std::fs::copy(env!("CARGO_BIN_EXE_wirewright"), &program).unwrap();
    let mut command = Command::new(program);
    command.args(["serve", ".", "--listen", "127.0.0.1:0"]).current_dir(folder.path());
    let mut process = Process::start(command.uid(65_534).gid(65_534));
    let address = process.address();
    Served { folder, process, address }
}

#[test]
fn many_that_cannot_be_offered_are_counted() {
    let served = {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..50 {
            std::fs::write(folder.path().join(format!("{number}\\")), "x").unwrap();
        }
        serve_folder(folder, &[])
    };
    let said = stop(served).stderr;
    assert!((2..20).contains(&said.lines().count()), "{said}");
    let named = said.lines().filter(|line| line.contains("backslash")).count();
    line(&said, &[&format!("{} more", 50 - named)]);
}

#[test]
fn a_listing_is_sorted_by_name() {
    let served = serve(&[]);
    // More than the server sorts itself, and places where `/` is not the least of characters.
    for number in 0..1500 {
        served.write(&format!("many/{:04}", (number * 7) % 1500), b"");
    }
    for name in ["b", "b.d/x", "b c/x", "a/z", "Z", "é", "many.", "many-"] {
        if name != "b" {
            served.write(name, b"");
        }
    }
    served.write("b/x", b"");
    let told = report(&served.client(served.folder.path(), "ls", &["--json"]));
    let names: Vec<&str> = told["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!((names.len(), &names), (1508, &sorted));
    let shown = served.client(served.folder.path(), "ls", &[]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    let in_order = shown.lines().zip(&sorted).all(|(line, name)| line.ends_with(name));
    assert!(in_order && shown.lines().count() == sorted.len());
}
