//! Paths that are not UTF-8: every argument that takes a file takes them.

use super::server::{MESSAGE, Server};
use crate::command::{assert_fails, command, json};
use crate::installed::has_program;
use crate::process::{Ended, run};
use serde_json::Value;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::Command;

/// A text in Latin-1, so that `é` is an octet that is no UTF-8.
fn latin(text: &str) -> OsString {
    let octets = |c: char| u8::try_from(c).expect("a character of Latin-1");
    OsString::from_vec(text.chars().map(octets).collect())
}

fn mail(folder: &Path, args: &[&str], more: &[OsString]) -> Ended {
    run(command(folder, &[&["mail"], args].concat()).args(more))
}

fn folder(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(folder.path().join(latin(name)), format!("content of {name}\n")).unwrap();
    }
    folder
}

fn arguments(all: &[&str]) -> Vec<OsString> {
    all.iter().map(|text| latin(text)).collect()
}

/// What Python's `email` reads of the message.
fn understood(message: &[u8]) -> Value {
    let eml = tempfile::tempdir().unwrap();
    std::fs::write(eml.path().join("a.eml"), message).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mime/parse.py");
    let ended = run(Command::new("python3").arg(script).arg(eml.path()));
    assert!(ended.status.success(), "{}", ended.stderr);
    json(&ended.stdout)
}

fn names(read: &Value) -> Vec<&str> {
    read["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect()
}

#[test]
fn files_of_a_message() {
    if !has_program("python3", "--version", "files_of_a_message") {
        return;
    }
    let folder = folder(&["café.txt", "é;é.png", "t\u{20}é", "é.html"]);
    let all = [
        "--text",
        "@t é",
        "--html",
        "@é.html",
        "--attach",
        "café.txt",
        "--attach",
        "café.txt;type=text/x-menu; charset=latin-1;name=menu.txt",
        "--attach",
        "é;é.png",
        "--inline",
        "é;é.png;cid=a@b",
    ];
    // The text of MESSAGE gives way to the file.
    let base: Vec<&str> =
        MESSAGE.iter().copied().filter(|arg| !["--text", "你好"].contains(arg)).collect();
    let ended = mail(folder.path(), &[&["--dry-run"], &base[..]].concat(), &arguments(&all));
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let read = understood(&ended.stdout);
    assert_eq!(names(&read), ["_;_.png", "caf_.txt", "menu.txt", "_;_.png"]);
    let types: Vec<&str> = read["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["image/png", "text/plain", "text/x-menu", "image/png"]);
    assert_eq!(read["defects"], serde_json::json!([]));
    assert_eq!(read["texts"].as_array().unwrap().len(), 2);
    // Where the name was not given, it is said what the receiver sees instead.
    let warned =
        "its name is not UTF-8; the receiver sees caf_.txt, unless ;name=NAME says another";
    assert_eq!(ended.stderr.matches(warned).count(), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("warning: ").count(), 4, "{}", ended.stderr);
}

#[test]
fn a_message_in_a_file_and_a_password() {
    let folder = folder(&["é.eml", "mot de passé"]);
    std::fs::write(folder.path().join(latin("é.eml")), "Subject: x\n\ny\n").unwrap();
    let server = Server::saying(&[("EHLO", "250-mx\r\n250 AUTH PLAIN"), ("AUTH", "235 2.7.0 in")]);
    let to = format!("smtp://me@{}", server.address);
    let how =
        ["--server", &to, "--starttls", "never", "--insecure-auth", "--from", "a@b", "--to", "c@d"];
    let files = arguments(&["--raw-eml", "é.eml", "--password-file", "mot de passé"]);
    let ended = mail(folder.path(), &how, &files);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(server.heard().messages, [b"Subject: x\r\n\r\ny\r\n"]);
    assert_eq!(server.heard().those("AUTH").len(), 1);
    // What stands in the file is no certificate: it was found and read.
    let more = [&files[..], &arguments(&["--cacert", "é.eml"])].concat();
    let ended = mail(folder.path(), &how, &more);
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("no certificate in it"), "{}", ended.stderr);
}

#[test]
fn arguments_that_are_no_text() {
    let folder = folder(&["é"]);
    let base: Vec<&str> =
        MESSAGE.iter().copied().filter(|arg| !["--text", "你好"].contains(arg)).collect();
    let base = [&["--dry-run"], &base[..]].concat();
    for (args, status, what) in [
        (&["--text", "no é"][..], 2, "--text: it is not UTF-8"),
        (&["--html", "no é"], 2, "--html: it is not UTF-8"),
        (&["--attach", "é;name=é"], 2, "--attach name=: it is not UTF-8"),
        (&["--attach", "é;type=text/é"], 2, "--attach type=: it is not UTF-8"),
        (&["--html", "x", "--inline", "é;cid=é@b"], 2, "--inline cid=: it is not UTF-8"),
        (&["--attach", "missing é"], 1, "missing \u{fffd}: "),
        (&["--text", "@missing é"], 1, "missing \u{fffd}: "),
    ] {
        assert_fails(&mail(folder.path(), &base, &arguments(args)), status, what);
    }
}

/// The name of the file itself is at fault where no other was given.
#[test]
fn a_name_that_no_receiver_takes() {
    let folder = folder(&["a\\b.txt"]);
    let base = ["--dry-run", "--from", "a@b", "--to", "c@d", "--subject", "s"];
    let ended = mail(folder.path(), &base, &arguments(&["--attach", "./a\\b.txt"]));
    let why = "a file name holds no `/` and no `\\`; say with ;name=NAME";
    assert_fails(&ended, 2, &format!("--attach: ./a\\b.txt: {why}"));
    let named = arguments(&["--attach", "./a\\b.txt;name=b.txt"]);
    let ended = mail(folder.path(), &base, &named);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}
