//! Names that a server chose: what a classic client calls the file, and what it replaces.

use super::setup::{assert_fails, command, json as document, names_in};
use crate::process::{Ended, run};
use serde_json::json;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;

/// A classic server that says this to everybody who connects, and ends with the test's process;
/// its address.
fn classic(filename: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let object = json!({ "filename": filename, "filedata": "bmV3" }).to_string();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            // The client may have heard enough.
            let _ = socket.write_all(object.as_bytes());
        }
    });
    address
}

/// A classic server whose object has no end; its address.
fn cut_short() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(b"{\"filename\":\"a\",\"filedata\":\"bmV3\"").unwrap();
    });
    address
}

fn get(folder: &Path, address: &str, args: &[&str]) -> Ended {
    run(&mut command(folder, &[&["get", "--classic", address], args].concat()))
}

#[test]
fn a_classic_name_is_made_safe() {
    for (filename, expected) in [
        ("guido ü.jpg", "guido ü.jpg"),
        (".bashrc", "_bashrc"),
        ("-rf", "_rf"),
        ("...", "_.."),
        (" .profile ", "_profile"),
        ("\u{202e}gpj.exe", "_gpj.exe"),
        ("a\u{200b}\u{2066}b", "a__b"),
        ("\u{3000}", "unnamed"),
        ("NUL.txt", "_NUL.txt"),
        ("../../etc/x", "_._.._etc_x"),
        ("/etc/x", "_etc_x"),
        ("a/b", "a_b"),
        ("a\\b", "a_b"),
        ("", "unnamed"),
        ("..", "_."),
        ("a\0b", "a_b"),
        ("\u{1b}[2J", "_[2J"),
        (".wirewright-x.part", "_wirewright-x.part"),
        (&format!("{}.jpeg", "x".repeat(250)), &format!("{}.jpeg", "x".repeat(229))),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ended = get(folder.path(), &classic(filename), &["--json"]);
        assert_eq!(ended.status.code(), Some(0), "{filename:?}: {}", ended.stderr);
        assert_eq!(names_in(folder.path()), [expected], "{filename:?}");
        let path = document(&ended.stdout)["files"][0]["path"].as_str().unwrap().to_owned();
        assert_eq!(Path::new(&path).file_name().unwrap(), expected);
        assert_eq!(std::fs::read(folder.path().join(path)).unwrap(), b"new");
        // People see where it is.
        let ended = get(folder.path(), &classic(filename), &["--overwrite"]);
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
}

#[test]
fn a_file_is_replaced_where_its_user_asks_for_it() {
    let address = classic("guido.jpg");
    for (args, is_replaced) in [
        (&[][..], false),
        (&["-o", "./"], false),
        (&["-o", "."], false),
        (&["--overwrite"], true),
        (&["--overwrite", "-o", "./"], true),
        (&["-o", "guido.jpg"], true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guido.jpg");
        std::fs::write(&path, "old").unwrap();
        let ended = get(folder.path(), &address, args);
        match is_replaced {
            true => assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr),
            false => assert_fails(&ended, 1, "a file of that name exists; use --overwrite"),
        }
        let expected: &[u8] = if is_replaced { b"new" } else { b"old" };
        assert_eq!(std::fs::read(&path).unwrap(), expected, "{args:?}");
        assert_eq!(names_in(folder.path()), ["guido.jpg"], "{args:?}");
    }
    // What a link leads to is not there in its own right, but the link is.
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nothing", folder.path().join("guido.jpg")).unwrap();
    assert_fails(&get(folder.path(), &address, &[]), 1, "exists");
    assert!(folder.path().join("guido.jpg").is_symlink());
}

/// Where the file has come and cannot stand there, the error names it, and the document has it.
#[test]
fn a_classic_file_that_cannot_stand_there_is_named() {
    let address = classic("guido.jpg");
    for is_directory in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("to/guido.jpg");
        match is_directory {
            true => std::fs::create_dir_all(&path).unwrap(),
            false => {
                std::fs::create_dir(folder.path().join("to")).unwrap();
                std::fs::write(&path, "old").unwrap();
            }
        }
        let ended = get(folder.path(), &address, &["-o", "to/"]);
        assert_fails(&ended, 1, "error: to/guido.jpg: ");
        let ended = get(folder.path(), &address, &["-o", "to/", "--json"]);
        assert_fails(&ended, 1, "error: to/guido.jpg: ");
        let file = &document(&ended.stdout)["files"][0];
        assert_eq!((&file["name"], &file["path"]), (&"guido.jpg".into(), &"to/guido.jpg".into()));
        assert_eq!(
            (&file["outcome"], &file["error"]["code"]),
            (&"failed".into(), &"exists".into())
        );
    }
}

/// A classic get that fails in any other way has a document, too.
#[test]
fn a_classic_get_that_fails_has_a_document() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    for (address, code) in [(cut_short(), "incomplete"), (gone, "io")] {
        let folder = tempfile::tempdir().unwrap();
        let ended = get(folder.path(), &address, &["--json"]);
        assert_fails(&ended, 1, &address);
        let told = document(&ended.stdout);
        assert_eq!((&told["files"], &told["error"]["code"]), (&json!([]), &json!(code)));
    }
}
