//! Few descriptors: what can be done one after the other is done, and else the limit is named.

use super::setup::{assert_fails, bytes, names_in, serve};
use crate::process::{Ended, run};
use std::path::Path;
use std::process::Command;

/// How many files are moved: more than descriptors are allowed.
const FILES: usize = 40;

/// The command with so many descriptors.
fn limited(descriptors: u32, folder: &Path, args: &[&str]) -> Ended {
    let program = env!("CARGO_BIN_EXE_wirewright");
    let script = format!("ulimit -n {descriptors}; exec {program} \"$@\"");
    run(Command::new("sh").args(["-c", &script, "sh"]).args(args).current_dir(folder))
}

/// The content of a file; some are so long that they have a journal.
fn content(at: usize) -> Vec<u8> {
    bytes(if at.is_multiple_of(8) { 5_000_000 + at } else { 3000 + at })
}

fn write_all(folder: &Path) -> Vec<String> {
    let names: Vec<String> = (0..FILES).map(|at| format!("f{at}")).collect();
    for (at, name) in names.iter().enumerate() {
        std::fs::write(folder.join(name), content(at)).unwrap();
    }
    names
}

fn assert_all(folder: &Path) {
    assert_eq!(names_in(folder).len(), FILES);
    for at in 0..FILES {
        assert!(std::fs::read(folder.join(format!("f{at}"))).unwrap() == content(at), "f{at}");
    }
}

#[test]
fn many_files_are_got_with_few_descriptors() {
    let served = serve(&[]);
    write_all(served.folder.path());
    for descriptors in [20, 24, 28, 36] {
        for jobs in ["1", "4"] {
            let to = tempfile::tempdir().unwrap();
            let get = ["get", &served.address, "--all", "-j", jobs, "-s", "--durability", "rename"];
            // The second run compares all of them, and gets the one that is missing.
            for _ in 0..2 {
                let ended = limited(descriptors, to.path(), &get);
                let said = format!("{descriptors}, {jobs}: {}", ended.stderr);
                assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""), "{said}");
                assert_all(to.path());
                std::fs::remove_file(to.path().join("f3")).unwrap();
            }
        }
    }
}

#[test]
fn many_files_are_put_with_few_descriptors() {
    for descriptors in [16, 20, 28] {
        let (served, from) = (serve(&["--writable"]), tempfile::tempdir().unwrap());
        let names = write_all(from.path());
        let mut put = vec!["put", &served.address, "-s"];
        put.extend(names.iter().map(String::as_str));
        let ended = limited(descriptors, from.path(), &put);
        assert_eq!(ended.status.code(), Some(0), "{descriptors}: {}", ended.stderr);
        assert_all(served.folder.path());
    }
}

/// Where nothing can be done the limit is at fault, and not the server.
#[test]
fn the_limit_is_named_where_it_is_too_low() {
    let served = serve(&["--writable"]);
    let from = tempfile::tempdir().unwrap();
    write_all(from.path());
    let url = format!("http://{}/", served.address);
    let mail = ["mail", "--from", "a@b.c", "--to", "d@e.f", "--subject", "x", "--text", "x"];
    let server = format!("smtp://{}", served.address);
    for descriptors in [6, 7, 8, 9, 10] {
        for args in [
            &["get", &served.address, "--all"][..],
            &["put", &served.address, "f1"],
            &["ls", &served.address],
            &["time", "get", &served.address],
            &["http", &url, "--no-proxy"],
            &["download", &url, "--no-proxy", "--retry=0"],
            &[&mail[..], &["--server", &server]].concat(),
        ] {
            let ended = limited(descriptors, from.path(), args);
            let hint = "allow more open files with ulimit -n";
            assert_fails(&ended, 1, hint);
            let place = if args[0] == "mail" { "not sent" } else { "error: descriptors: a limit" };
            assert!(ended.stderr.contains(place), "{args:?}: {}", ended.stderr);
            assert!(ended.stderr.contains("too many open files"), "{args:?}: {}", ended.stderr);
        }
    }
}
