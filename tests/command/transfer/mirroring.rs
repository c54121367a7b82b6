//! `get --all` and `get DIR/`: everything below, except what is here and equal.

use super::scripted::Scripted;
use super::setup::{Served, bytes, json, names_in, serve};
use crate::process::Ended;
use rustix::fs::{CWD, FileType, Mode};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A server with a tree, some of it of several chunks.
fn tree() -> Served {
    let served = serve(&[]);
    let large = bytes(500_000);
    let files: [(&str, &[u8]); 6] = [
        ("a", b"one"),
        ("ab/c", b"two"),
        ("b/c", b"three"),
        ("b/d/large", &large),
        ("b/d/empty", b""),
        ("ü/x y", b"four"),
    ];
    files.iter().for_each(|(name, content)| served.write(name, content));
    served
}

/// All files below a folder, with their relative paths, sorted.
fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(folder: &Path, prefix: &str, into: &mut Vec<(String, Vec<u8>)>) {
        for name in names_in(folder) {
            let (path, name) = (folder.join(&name), format!("{prefix}{name}"));
            match path.is_dir() {
                true => walk(&path, &format!("{name}/"), into),
                false => into.push((name, fs::read(path).unwrap())),
            }
        }
    }
    let mut all = Vec::new();
    walk(folder, "", &mut all);
    all
}

fn get(served: &Served, folder: &Path, args: &[&str]) -> Value {
    served.get(folder, args)
}

/// The names of the files of a report, and those of them that were skipped, sorted.
fn told(report: &Value) -> (Vec<&str>, Vec<&str>) {
    let files = report["files"].as_array().unwrap();
    let name = |file: &'_ Value| file["name"].as_str().map(str::len).unwrap();
    assert!(files.iter().all(|file| name(file) > 0));
    let names = |only_skipped: bool| {
        let is_meant = |file: &&Value| !only_skipped || file["skipped"] == true;
        let meant = files.iter().filter(is_meant);
        let mut names: Vec<&str> = meant.map(|file| file["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        names
    };
    (names(false), names(true))
}

#[test]
fn everything_and_then_only_what_differs() {
    let served = tree();
    let to = tempfile::tempdir().unwrap();
    let args = ["--all", "-o", "to/"];
    let first = get(&served, to.path(), &args);
    let all = ["a", "ab/c", "b/c", "b/d/empty", "b/d/large", "ü/x y"];
    assert_eq!(told(&first), (all.to_vec(), vec![]));
    assert_eq!(files_below(&to.path().join("to")), files_below(served.folder.path()));
    // The same again.
    let again = get(&served, to.path(), &args);
    assert_eq!(told(&again), (all.to_vec(), all.to_vec()));
    assert_eq!((&again["skipped"], &again["bytes"]), (&6.into(), &first["bytes"]));
    for file in again["files"].as_array().unwrap() {
        assert_eq!((&file["received"], &file["outcome"]), (&0.into(), &json!("done")), "{file}");
    }
    // What differs on either side, be it of the same length, is fetched; what is not there is left.
    served.write("a", b"ONE");
    served.write("new", b"five");
    fs::write(to.path().join("to/ü/x y"), "4444").unwrap();
    fs::write(to.path().join("to/b/c"), "longer than it was").unwrap();
    fs::write(to.path().join("to/mine"), "mine").unwrap();
    let changed = get(&served, to.path(), &args);
    let (names, skipped) = told(&changed);
    assert_eq!((names.len(), skipped), (7, vec!["ab/c", "b/d/empty", "b/d/large"]));
    assert_eq!(changed["skipped"], 3);
    assert_eq!(fs::read(to.path().join("to/mine")).unwrap(), b"mine");
    fs::remove_file(to.path().join("to/mine")).unwrap();
    assert_eq!(files_below(&to.path().join("to")), files_below(served.folder.path()));
}

/// A copy that somebody else made, with other times, is equal all the same; one that only has the
/// same size and times is not.
#[test]
fn content_counts_and_nothing_else() {
    let served = tree();
    let to = tempfile::tempdir().unwrap();
    fs::create_dir(to.path().join("b")).unwrap();
    fs::copy(served.path("b/c"), to.path().join("b/c")).unwrap();
    fs::write(to.path().join("a"), "xxx").unwrap();
    let time = fs::metadata(served.path("a")).unwrap().modified().unwrap();
    let file = fs::File::options().write(true).open(to.path().join("a")).unwrap();
    file.set_modified(time).unwrap();
    let report = get(&served, to.path(), &["--all"]);
    assert_eq!(told(&report).1, ["b/c"]);
    assert_eq!(fs::read(to.path().join("a")).unwrap(), b"one");
    // Without a digest nothing can be compared, and nothing is skipped.
    let report = get(&served, to.path(), &["--all", "--digest", "none"]);
    assert_eq!(told(&report).1, Vec::<&str>::new());
    assert_eq!(files_below(to.path()), files_below(served.folder.path()));
}

#[test]
fn below_a_directory() {
    let served = tree();
    let to = tempfile::tempdir().unwrap();
    let report = get(&served, to.path(), &["b/", "-j", "3"]);
    assert_eq!(told(&report).0, ["b/c", "b/d/empty", "b/d/large"]);
    // With files, which are fetched whether they are here or not, and a directory in a directory.
    let report = get(&served, to.path(), &["a", "b/c", "b/", "b/d/"]);
    assert_eq!(told(&report).0, ["a", "b/c", "b/d/empty", "b/d/large"]);
    assert_eq!(told(&report).1, ["b/d/empty", "b/d/large"]);
    let report = get(&served, to.path(), &["ü/"]);
    assert_eq!(told(&report).0, ["ü/x y"]);
    assert_eq!(names_in(to.path()), ["a", "b", "ü"]);
}

#[test]
fn a_directory_without_its_slash() {
    let served = tree();
    let to = tempfile::tempdir().unwrap();
    let hint = "; see wirewright ls for the names it has; DIR/ fetches what is below a directory\n";
    for name in ["b", "b/d", "none"] {
        let ended = served.client(to.path(), "get", &[name]);
        assert_fails_after_lines(&ended, 1, ": no such file");
        assert!(ended.stderr.ends_with(hint), "{}", ended.stderr);
    }
}

#[test]
fn a_directory_with_nothing_below_it() {
    let served = tree();
    let to = tempfile::tempdir().unwrap();
    for (args, status) in [
        (&["x/"][..], 1),
        (&["a/"], 1),
        (&["x/", "b/"], 3),
        (&["a", "x/"], 3),
        (&["b/", "nothing"], 3),
    ] {
        let ended = served.client(to.path(), "get", args);
        assert_fails_after_lines(&ended, status, "");
        let ended = served.client(to.path(), "get", &[&["--json"], args].concat());
        assert_eq!(ended.status.code(), Some(status), "{args:?}");
        let files = json(&ended.stdout)["files"].clone();
        let failed = files.as_array().unwrap().iter().filter(|file| file["outcome"] == "failed");
        let failed: Vec<&Value> = failed.collect();
        assert_eq!(failed.len(), 1, "{files}");
        assert_eq!(failed[0]["error"]["code"], "not_found");
    }
    // A server without a file is no failure.
    let empty = serve(&[]);
    let report = get(&empty, to.path(), &["--all"]);
    assert_eq!((told(&report).0.len(), &report["bytes"]), (0, &0.into()));
}

/// The last line is the error.
fn assert_fails_after_lines(ended: &Ended, status: i32, what: &str) {
    let line = ended.stderr.lines().last().unwrap();
    assert_eq!(ended.status.code(), Some(status), "{}", ended.stderr);
    assert!(line.starts_with("error: ") && line.contains(what), "{line}");
}

#[test]
fn what_makes_no_sense_is_refused_before_anybody_is_asked() {
    let to = tempfile::tempdir().unwrap();
    fs::write(to.path().join("file"), "mine").unwrap();
    for args in [
        &["--all", "-o", "-"][..],
        &["--all", "-o", "file"],
        &["--all", "-o", "not there"],
        &["--all", "-o", "/dev/null"],
        &["b/", "-o", "-"],
        &["b/", "-o", "file"],
        &["--all", "--classic"],
        &["--classic", "b/"],
        &["--all", "a"],
        &["../"],
        &["/"],
        &["a//"],
        &["b/", "b/"],
    ] {
        let args = [&["get", "127.0.0.1:1"], args].concat();
        let ended = crate::process::run(&mut super::setup::command(to.path(), &args));
        assert_eq!(ended.status.code(), Some(2), "{args:?} {}", ended.stderr);
    }
    assert_eq!(names_in(to.path()), ["file"]);
}

/// More than a page of a listing, and more than one connection may compare.
#[test]
fn very_many() {
    let served = serve(&[]);
    for number in 0..300 {
        let directory = "long".repeat(50);
        served.write(&format!("{directory}/{number}"), format!("file {number}").as_bytes());
    }
    let to = tempfile::tempdir().unwrap();
    let report = get(&served, to.path(), &["--all", "--durability", "none"]);
    assert_eq!((told(&report).0.len(), &report["skipped"]), (300, &Value::Null));
    for jobs in ["1", "4"] {
        let report = get(&served, to.path(), &["--all", "-j", jobs]);
        assert_eq!(report["skipped"], 300);
    }
    assert_eq!(files_below(to.path()), files_below(served.folder.path()));
    let ended = served.client(to.path(), "get", &["--all"]);
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stderr.contains("300 files skipped"), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

/// Links here lead nowhere else: one in the place of a file is replaced, one in the place of a
/// directory that leads out is an error.
#[test]
fn links_in_the_target() {
    let served = tree();
    let (to, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("a"), "one").unwrap();
    fs::write(outside.path().join("c"), "mine").unwrap();
    symlink(outside.path().join("a"), to.path().join("a")).unwrap();
    symlink(outside.path(), to.path().join("b")).unwrap();
    let ended = served.client(to.path(), "get", &["--json", "--all"]);
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    let report = json(&ended.stdout);
    let outcome = |name: &str| {
        let files = report["files"].as_array().unwrap();
        files.iter().find(|file| file["name"] == name).unwrap()["outcome"].clone()
    };
    for (name, expected) in
        [("a", "done"), ("ab/c", "done"), ("b/c", "failed"), ("b/d/large", "failed")]
    {
        assert_eq!(outcome(name), expected, "{name}");
    }
    assert!(!fs::symlink_metadata(to.path().join("a")).unwrap().is_symlink());
    assert_eq!(names_in(outside.path()), ["a", "c"]);
    assert_eq!(fs::read(outside.path().join("c")).unwrap(), b"mine");
}

/// Files stand in the order of the arguments, and sorted by name below each.
#[test]
fn the_document_is_in_the_order_of_the_arguments() {
    let served = serve(&[]);
    for name in ["a", "b", "d/a", "d/b/c", "d/z", "e/x"] {
        served.write(name, b"content");
    }
    let to = tempfile::tempdir().unwrap();
    for (args, names) in [
        (&["b", "d/", "a"][..], &["b", "d/a", "d/b/c", "d/z", "a"][..]),
        (&["e/", "d/z", "nothing/", "d/"], &["e/x", "d/z", "nothing/", "d/a", "d/b/c"]),
        (&["--all"], &["a", "b", "d/a", "d/b/c", "d/z", "e/x"]),
        (&["b", "a"], &["b", "a"]),
    ] {
        let ended = served.client(to.path(), "get", &[&["--json"], args].concat());
        let told = json(&ended.stdout);
        let files = told["files"].as_array().unwrap();
        assert_eq!(files.iter().map(|file| &file["name"]).collect::<Vec<_>>(), names, "{told}");
    }
}

/// A listing that no tree of files can have, and what is gone when it is asked for: the others
/// come.
#[test]
fn what_cannot_stand_here() {
    let mut server = Scripted::new();
    for (name, content) in [("a", "one"), ("a/b", "two"), ("c", "three"), ("d", "four")] {
        server.file(name, content.as_bytes());
    }
    server.list_only("gone");
    let server = server.start();
    let to = tempfile::tempdir().unwrap();
    let args = ["get", "--json", &server.address, "--all"];
    let ended = crate::process::run(&mut super::setup::command(to.path(), &args));
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    let report = json(&ended.stdout);
    let failed: Vec<&Value> = {
        let files = report["files"].as_array().unwrap();
        files.iter().filter(|file| file["outcome"] != "done").collect()
    };
    let codes: Vec<&Value> = failed.iter().map(|file| &file["error"]["code"]).collect();
    assert_eq!(codes, [&json!("exists"), &json!("not_found")], "{report}");
    assert_eq!(failed[1]["name"], "gone");
    assert_eq!(names_in(to.path()), ["a", "c", "d"], "no unfinished file is left");
    for (name, content) in [("c", "three"), ("d", "four")] {
        assert_eq!(fs::read_to_string(to.path().join(name)).unwrap(), content);
    }
    // A directory of ours in the place of a file, and a pipe in the place of another.
    fs::remove_file(to.path().join("c")).unwrap();
    fs::create_dir_all(to.path().join("c/ours")).unwrap();
    fs::remove_file(to.path().join("d")).unwrap();
    let (fifo, mode) = (to.path().join("d"), Mode::RUSR | Mode::WUSR);
    rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, mode, 0).unwrap();
    let ended = crate::process::run(&mut super::setup::command(to.path(), &args));
    assert_eq!(ended.status.code(), Some(3));
    assert!(to.path().join("c/ours").is_dir());
    assert!(!fs::metadata(&fifo).unwrap().is_file(), "a pipe is not replaced");
    let args = ["get", &server.address, "d"];
    let ended = crate::process::run(&mut super::setup::command(to.path(), &args));
    super::setup::assert_fails(&ended, 1, "error: ./d: ");
}

/// Servers that say no etag in a listing, that have another file by the time it is asked for, and
/// that lie about the length of an equal one.
#[test]
fn what_is_listed_and_what_comes() {
    for (listed, is_skipped) in
        [(Some("e1"), true), (None, false), (Some("stale"), false), (Some("\u{7}"), false)]
    {
        let mut server = Scripted::new();
        server.file("file", b"content");
        server.listed_etag = listed;
        let server = server.start();
        let to = tempfile::tempdir().unwrap();
        fs::write(to.path().join("file"), "content").unwrap();
        let args = ["get", "--json", &server.address, "--all"];
        let ended = crate::process::run(&mut super::setup::command(to.path(), &args));
        let report = super::setup::report(&ended);
        let file = &report["files"][0];
        assert_eq!(file["skipped"] == true, is_skipped, "{listed:?} {report}");
        let received = if is_skipped { 0 } else { 7 };
        assert_eq!((&file["received"], &file["bytes"]), (&received.into(), &7.into()), "{report}");
        assert_eq!(fs::read(to.path().join("file")).unwrap(), b"content");
    }
}
