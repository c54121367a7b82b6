//! `wirewright get`.

use super::setup::{assert_fails, blake3, bytes, command, json, names_in, report, serve, sha256};
use crate::process::run;
use std::path::Path;

#[test]
fn the_report_tells_the_truth() {
    let served = serve(&[]);
    let content = bytes(400_001);
    served.write("in a/guido 漢 ü.jpg", &content);
    let to = tempfile::tempdir().unwrap();
    for (args, digest) in [
        (&[][..], Some(blake3(&content))),
        (&["--digest", "blake3"], Some(blake3(&content))),
        (&["--digest", "sha256"], Some(sha256(&content))),
        (&["--digest", "none"], None),
    ] {
        let told = served.get(to.path(), &[&["in a/guido 漢 ü.jpg"], args].concat());
        assert_eq!(told["bytes"], 400_001);
        assert_eq!(told["durability"], "fsync");
        assert!(told["seconds"].as_f64().unwrap() > 0.0);
        let [file] = &told["files"].as_array().unwrap()[..] else { panic!("{told}") };
        assert_eq!(file["name"], "in a/guido 漢 ü.jpg");
        assert_eq!((&file["bytes"], &file["received"]), (&400_001.into(), &400_001.into()));
        assert_eq!(file["resumed_from"], 0);
        assert_eq!(file["digest"].as_str(), digest.as_deref());
        assert!(file["seconds"].is_f64() && file.get("error").is_none());
        let path = to.path().join(file["path"].as_str().unwrap());
        assert_eq!(std::fs::read(path).unwrap(), content);
    }
    assert_eq!(names_in(&to.path().join("in a")), ["guido 漢 ü.jpg"]);
}

#[test]
fn durability_is_chosen_and_told() {
    let served = serve(&[]);
    served.write("a", b"content");
    let to = tempfile::tempdir().unwrap();
    for what in ["fsync", "rename", "none"] {
        let told = served.get(to.path(), &["a", "--durability", what]);
        assert_eq!(told["durability"], what);
        assert_eq!(std::fs::read(to.path().join("a")).unwrap(), b"content");
    }
}

#[test]
fn several_names_go_below_a_folder() {
    let served = serve(&[]);
    let names = ["0", "1 ü", "x/2", "x/y/3", "4", "5", "6", "7"];
    for (at, name) in names.iter().enumerate() {
        served.write(name, &bytes(at * 70_000));
    }
    let to = tempfile::tempdir().unwrap();
    std::fs::create_dir(to.path().join("is there")).unwrap();
    for output in [&["-o", "made/new/"][..], &["-o", "is there"], &["-j", "4", "-o", "four/"]] {
        let told = served.get(to.path(), &[&names, output].concat());
        let folder = to.path().join(output[output.len() - 1]);
        for (at, name) in names.iter().enumerate() {
            assert_eq!(told["files"][at]["name"], *name);
            assert_eq!(std::fs::read(folder.join(name)).unwrap(), bytes(at * 70_000));
        }
        assert_eq!(told["bytes"], 70_000 * 28);
        assert_eq!(names_in(&folder.join("x")), ["2", "y"]);
    }
}

#[test]
fn four_jobs_are_four_connections() {
    let served = serve(&[]);
    let names = ["a", "b", "c", "d", "e", "f"];
    names.iter().for_each(|name| served.write(name, name.as_bytes()));
    let to = tempfile::tempdir().unwrap();
    for (jobs, connections) in [("1", 1), ("4", 4), ("9", 6)] {
        let args = [&names[..], &["-j", jobs, "--trace", "--quiet"]].concat();
        let ended = served.client(to.path(), "get", &args);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        let hellos = ended.stderr.lines().filter(|l| l.starts_with("-> {\"type\":\"hello\""));
        assert_eq!(hellos.count(), connections, "{}", ended.stderr);
    }
}

#[test]
fn a_file_replaces_a_file() {
    let served = serve(&[]);
    served.write("a", b"new");
    let to = tempfile::tempdir().unwrap();
    std::fs::write(to.path().join("a"), "old and longer").unwrap();
    served.get(to.path(), &["a"]);
    assert_eq!(std::fs::read(to.path().join("a")).unwrap(), b"new");
    let told = served.get(to.path(), &["a", "-o", "other name"]);
    assert!(told["files"][0]["path"].as_str().unwrap().ends_with("other name"));
    assert_eq!(std::fs::read(to.path().join("other name")).unwrap(), b"new");
    assert_eq!(names_in(to.path()), ["a", "other name"]);
}

#[test]
fn stdout_and_devices_are_written_directly() {
    let served = serve(&[]);
    let content = bytes(1_000_003);
    served.write("a", &content);
    let to = tempfile::tempdir().unwrap();
    let ended = served.client(to.path(), "get", &["a", "-o", "-", "--quiet"]);
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    assert!(ended.stdout == content);
    let told = served.get(to.path(), &["a", "-o", "/dev/null"]);
    let file = &told["files"][0];
    assert_eq!(file["digest"].as_str(), Some(&*blake3(&content)));
    assert_eq!(file["received"], 1_000_003);
    assert_eq!(names_in(to.path()), Vec::<String>::new());
}

#[test]
fn an_option_may_be_a_name() {
    let served = serve(&[]);
    served.write("--json", b"dashes");
    let to = tempfile::tempdir().unwrap();
    served.get(to.path(), &["--", "--json"]);
    assert_eq!(std::fs::read(to.path().join("--json")).unwrap(), b"dashes");
}

#[test]
fn some_failed() {
    let served = serve(&[]);
    served.write("good", b"good");
    let to = tempfile::tempdir().unwrap();
    let ended = served.client(to.path(), "get", &["--json", "none", "good", "no\u{202e}ne"]);
    assert_fails(&ended, 3, ": none: no such file (and 1 more failed);");
    let told = json(&ended.stdout);
    assert_eq!(told["files"][0]["error"]["code"], "not_found");
    assert!(told["files"][0]["seconds"].as_f64().unwrap() > 0.0, "{told}");
    assert_eq!(told["files"][1]["bytes"], 4);
    assert_eq!(told["files"][2]["error"]["code"], "not_found");
    assert_eq!(names_in(to.path()), ["good"]);
    assert_fails(&served.client(to.path(), "get", &["none"]), 1, ": none: no such file;");
    assert_fails(&served.client(to.path(), "get", &["none", "neither"]), 1, "1 more failed");
}

#[test]
fn usage_is_judged_before_anybody_is_asked() {
    let to = tempfile::tempdir().unwrap();
    std::fs::write(to.path().join("file"), "").unwrap();
    for args in [
        &["get", "127.0.0.1:1", "../up"][..],
        &["get", "127.0.0.1:1", "/absolute"],
        &["get", "127.0.0.1:1", "a\u{1b}[31m"],
        &["get", "127.0.0.1:1", "a\\b"],
        &["get", "127.0.0.1:1", ""],
        &["get", "127.0.0.1:1", ".wirewright-x"],
        &["get", "127.0.0.1:1", "a", "b", "-o", "file"],
        &["get", "127.0.0.1:1", "a", "b", "-o", "new"],
        &["get", "127.0.0.1:1", "a", "--digest", "md5"],
        &["get", "127.0.0.1:1", "a", "--timeout", "-1"],
        &["get", "127.0.0.1:1", "a", "--tls", "--tls-name", ".."],
        &["get", "127.0.0.1:1", "a", "--tls", "--tls-name", "a b"],
        &["put", "127.0.0.1:1", "file", "--tls", "--tls-name", ""],
        &["ls", "127.0.0.1:1", "--tls", "--tls-name", "1.2.3"],
        &["get", "127.0.0.1:1", "a", "--unknown"],
        &["get", "127.0.0.1", "a"],
        &["get"],
        &["put", "127.0.0.1:1"],
        &["put", "127.0.0.1:1", "/"],
        &["put", "127.0.0.1:1", "file", "other/file"],
        &["serve", ".", "--classic", "--listen", "127.0.0.1:0"],
    ] {
        let ended = run(&mut command(to.path(), args));
        assert_fails(&ended, 2, "");
        assert_eq!(ended.stdout, b"", "{args:?}");
        assert!(!ended.stderr.starts_with("error: : "), "{args:?}: {}", ended.stderr);
    }
    assert_eq!(names_in(to.path()), ["file"]);
}

#[test]
fn places_that_do_not_take_files() {
    let served = serve(&[]);
    served.write("a/b", b"content");
    let to = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(to.path().join("folder/a/b")).unwrap();
    std::fs::write(to.path().join("file"), "").unwrap();
    for output in ["missing/name", "folder", "file/name", "file/"] {
        let ended = served.client(to.path(), "get", &["a/b", "-o", output]);
        assert_fails(&ended, 1, "");
    }
    assert_eq!(names_in(to.path()), ["file", "folder"]);
    assert_eq!(names_in(&to.path().join("folder/a")), ["b"]);
}

#[test]
fn the_classic_wire() {
    let folder = tempfile::tempdir().unwrap();
    let content = bytes(300_002);
    std::fs::write(folder.path().join("guido ü.jpg"), &content).unwrap();
    let args = ["serve", "guido ü.jpg", "--classic", "--listen", "127.0.0.1:0"];
    let mut server = crate::process::Process::start(&mut command(folder.path(), &args));
    let address = server.address();
    let to = tempfile::tempdir().unwrap();
    let get = |to: &Path, args: &[&str]| {
        run(&mut command(to, &[&["get", "--classic", &address, "--json"], args].concat()))
    };
    for (args, name) in
        [(&[][..], "guido ü.jpg"), (&["-o", "named"], "named"), (&["-o", "in/"], "in/guido ü.jpg")]
    {
        let told = report(&get(to.path(), args));
        let file = &told["files"][0];
        assert_eq!(file["name"], "guido ü.jpg");
        assert_eq!((&file["bytes"], &file["received"]), (&300_002.into(), &300_002.into()));
        assert_eq!((&file["digest"], &told["durability"]), (&().into(), &"fsync".into()));
        assert_eq!(std::fs::read(to.path().join(name)).unwrap(), content);
    }
    assert_eq!(report(&get(to.path(), &["-o", "/dev/null"]))["files"][0]["bytes"], 300_002);
    assert_eq!(names_in(to.path()), ["guido ü.jpg", "in", "named"]);
    assert_eq!(names_in(&to.path().join("in")), ["guido ü.jpg"]);
}
