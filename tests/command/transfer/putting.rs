//! `wirewright put`.

use super::setup::{assert_fails, blake3, bytes, json, names_in, serve};
use crate::command::command;

#[test]
fn files_are_stored_under_their_base_names() {
    let served = serve(&["--writable"]);
    let from = tempfile::tempdir().unwrap();
    std::fs::create_dir(from.path().join("deep")).unwrap();
    let files = [("a b", 0), ("deep/漢 ü", 5), ("-dash", 196_609)];
    for (name, len) in files {
        std::fs::write(from.path().join(name), bytes(len)).unwrap();
    }
    let told = served.put(from.path(), &["--", "a b", "deep/漢 ü", "-dash"]);
    assert_eq!((&told["bytes"], &told["durability"]), (&196_614.into(), &"fsync".into()));
    for (at, (name, len)) in files.iter().enumerate() {
        let (file, base) = (&told["files"][at], name.rsplit('/').next().unwrap());
        assert_eq!((&file["name"], &file["path"]), (&base.into(), &(*name).into()));
        assert_eq!((&file["bytes"], &file["sent"]), (&(*len).into(), &(*len).into()));
        assert_eq!(file["digest"].as_str(), Some(&*blake3(&bytes(*len))));
        assert!(file["seconds"].is_f64() && file["resumed_from"] == 0);
        assert_eq!(std::fs::read(served.path(base)).unwrap(), bytes(*len));
    }
    assert_eq!(names_in(served.folder.path()), ["-dash", "a b", "漢 ü"]);
}

#[test]
fn what_is_there_stays_unless_asked() {
    let served = serve(&["--writable"]);
    served.write("a", b"old");
    let from = tempfile::tempdir().unwrap();
    std::fs::write(from.path().join("a"), "new").unwrap();
    std::fs::write(from.path().join("b"), "b").unwrap();
    assert_fails(&served.client(from.path(), "put", &["a"]), 1, "exists");
    assert_eq!(std::fs::read(served.path("a")).unwrap(), b"old");
    let ended = served.client(from.path(), "put", &["--json", "a", "b"]);
    assert_fails(&ended, 3, "--overwrite");
    let told = json(&ended.stdout);
    assert_eq!(told["files"][0]["error"]["code"], "exists");
    assert_eq!((&told["files"][1]["sent"], &told["bytes"]), (&1.into(), &1.into()));
    assert_eq!(std::fs::read(served.path("a")).unwrap(), b"old");
    served.put(from.path(), &["a", "--overwrite"]);
    assert_eq!(std::fs::read(served.path("a")).unwrap(), b"new");
    assert_eq!(names_in(served.folder.path()), ["a", "b"]);
    // A directory is not replaced, and --overwrite is given already.
    std::fs::create_dir(served.path("sub")).unwrap();
    std::fs::write(from.path().join("sub"), "x").unwrap();
    let ended = served.client(from.path(), "put", &["sub", "--overwrite"]);
    assert_fails(&ended, 1, "; give the file another name");
    assert!(!ended.stderr.contains("--overwrite"), "{}", ended.stderr);
}

#[test]
fn a_server_reads_only_unless_asked() {
    let served = serve(&[]);
    let from = tempfile::tempdir().unwrap();
    std::fs::write(from.path().join("a"), "new").unwrap();
    assert_fails(&served.client(from.path(), "put", &["a"]), 1, "--writable");
    assert_eq!(names_in(served.folder.path()), Vec::<String>::new());
}

#[test]
fn what_cannot_be_read_is_not_sent() {
    let served = serve(&["--writable"]);
    let from = tempfile::tempdir().unwrap();
    std::fs::create_dir(from.path().join("folder")).unwrap();
    std::fs::write(from.path().join("good"), "good").unwrap();
    let (missing, other) =
        ("no such file; check the path", "it is not a regular file; give a regular");
    for (path, what) in [("missing", missing), ("./folder/", other), ("/dev/null", other)] {
        // The local path, and not the server, is what is wrong.
        let what = format!("error: {path}: {what}");
        assert_fails(&served.client(from.path(), "put", &[path]), 1, &what);
    }
    assert_fails(&served.client(from.path(), "put", &["missing", "good", "--quiet"]), 3, "missing");
    let told = json(&served.client(from.path(), "put", &["--json", "folder", "missing"]).stdout);
    let codes = [0, 1].map(|at| &told["files"][at]["error"]["code"]);
    assert_eq!(codes, ["not_regular", "not_found"], "{told}");
    assert_eq!(names_in(served.folder.path()), ["good"]);
}

#[test]
fn a_file_that_is_stored_is_not_told_as_a_failure() {
    let served = serve(&["--writable"]);
    let from = tempfile::tempdir().unwrap();
    std::fs::write(from.path().join("a"), "new").unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = command(from.path(), &["put", &served.address, "a", "--json"]);
    let output = command.stdout(full).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("the files are stored, but the result could not be printed"), "{said}");
    assert_eq!(std::fs::read(served.path("a")).unwrap(), b"new");
}

#[test]
fn the_durability_is_the_servers() {
    for what in ["fsync", "rename", "none"] {
        let served = serve(&["--writable", "--durability", what]);
        let from = tempfile::tempdir().unwrap();
        std::fs::write(from.path().join("a"), "new").unwrap();
        assert_eq!(served.put(from.path(), &["a"])["durability"], what);
        assert_eq!(std::fs::read(served.path("a")).unwrap(), b"new");
    }
}

/// No link on the server leads a stored file out of the root.
#[test]
fn nothing_is_written_through_a_link() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("target"), "untouched").unwrap();
    let served = serve(&["--writable"]);
    std::os::unix::fs::symlink(outside.path().join("target"), served.path("a")).unwrap();
    let from = tempfile::tempdir().unwrap();
    std::fs::write(from.path().join("a"), "new").unwrap();
    assert_fails(&served.client(from.path(), "put", &["a"]), 1, "exists");
    served.put(from.path(), &["a", "--overwrite"]);
    assert_eq!(std::fs::read(outside.path().join("target")).unwrap(), b"untouched");
    assert_eq!(std::fs::read(served.path("a")).unwrap(), b"new");
    assert!(!served.path("a").is_symlink());
}
