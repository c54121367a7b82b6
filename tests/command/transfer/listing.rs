//! `wirewright ls`.

use super::setup::{Served, assert_fails, command, report, serve};
use crate::process::run;
use std::os::unix::fs::symlink;
use std::path::Path;

const NAMES: [&str; 6] =
    ["a", "deep/er/than that/guido 漢字 ü.jpg", "-dash", "two  spaces", "😀", "deep/b"];

fn with_names() -> Served {
    let served = serve(&[]);
    for (len, name) in NAMES.iter().enumerate() {
        served.write(name, &vec![b'x'; len]);
    }
    std::fs::create_dir(served.path("empty")).unwrap();
    served
}

#[test]
fn json_has_all_names_recursively() {
    let served = with_names();
    let listed = report(&served.client(served.folder.path(), "ls", &["--json"]));
    assert_eq!(listed.as_object().unwrap().len(), 1);
    let mut found = Vec::new();
    for entry in listed["entries"].as_array().unwrap() {
        let members: Vec<&str> = entry.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["modified", "name", "size"]);
        let modified = entry["modified"].as_str().unwrap();
        let time: jiff::Timestamp = modified.parse().unwrap();
        let name = entry["name"].as_str().unwrap();
        let on_disk = std::fs::metadata(served.path(name)).unwrap().modified().unwrap();
        let on_disk = jiff::Timestamp::try_from(on_disk).unwrap();
        assert_eq!(time.as_second(), on_disk.as_second(), "{modified}");
        found.push((name.to_owned(), entry["size"].as_u64().unwrap()));
    }
    found.sort();
    let mut expected: Vec<(String, u64)> =
        NAMES.iter().enumerate().map(|(len, name)| ((*name).to_owned(), len as u64)).collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn people_get_a_line_a_file() {
    let served = with_names();
    let listed = served.client(served.folder.path(), "ls", &[]);
    assert_eq!((listed.status.code(), &*listed.stderr), (Some(0), ""));
    let lines = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(lines.lines().count(), NAMES.len());
    for (len, name) in NAMES.iter().enumerate() {
        let line = lines.lines().find(|line| line.ends_with(&format!("  {name}"))).expect(name);
        assert_eq!(line.split_whitespace().next(), Some(&*len.to_string()));
    }
}

/// More names than any page holds.
#[test]
fn all_pages_come() {
    let served = serve(&[]);
    let long = "x".repeat(200);
    for number in 0..1500 {
        served.write(&format!("{}/{number:04} {long}", number % 7), b"");
    }
    let listed = report(&served.client(served.folder.path(), "ls", &["--json"]));
    let mut names: Vec<&str> = listed["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 1500);
}

#[test]
fn nothing_is_a_listing_too() {
    let served = serve(&[]);
    let listed = report(&served.client(served.folder.path(), "ls", &["--json"]));
    assert_eq!(listed, serde_json::json!({ "entries": [] }));
    let listed = served.client(served.folder.path(), "ls", &[]);
    assert_eq!((listed.status.code(), &*listed.stdout), (Some(0), &b""[..]));
}

#[test]
fn links_out_of_the_root_are_not_there() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    let served = serve(&[]);
    served.write("inside", b"in");
    symlink("inside", served.path("good")).unwrap();
    symlink(outside.path().join("secret"), served.path("bad")).unwrap();
    symlink(outside.path(), served.path("folder")).unwrap();
    symlink("../../../../../../../../etc/hostname", served.path("dots")).unwrap();
    let listed = served.client(served.folder.path(), "ls", &[]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("inside"), "{listed}");
    let to = tempfile::tempdir().unwrap();
    assert_eq!(served.get(to.path(), &["good"])["files"][0]["bytes"], 2);
    for name in ["bad", "folder/secret", "dots", "folder"] {
        assert!(!listed.contains(name), "{listed}");
        assert_fails(&served.client(to.path(), "get", &[name]), 1, "no such file");
    }
    assert_eq!(super::setup::names_in(to.path()), ["good"]);
}

#[test]
fn nobody_there_is_one_line() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = free.to_string();
    for args in [&["ls", &address][..], &["get", &address, "a"], &["get", "--classic", &address]] {
        let ended = run(&mut command(Path::new("."), args));
        assert_fails(&ended, 1, &format!("error: {address}: "));
        assert_eq!(ended.stdout, b"");
    }
}
