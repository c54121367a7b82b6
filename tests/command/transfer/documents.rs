//! With `--json` every run that is no usage error prints one document, also where it failed before
//! it had anything to report.

use super::setup::{assert_fails, command, json, names_in, serve};
use crate::process::{Ended, run};
use serde_json::Value;
use std::net::{TcpListener, TcpStream, UdpSocket};

/// A port on which nobody listens, one whose server never says a word, and a server without room.
struct Peers {
    refused: String,
    silent: (TcpListener, String),
    busy: String,
    _kept: (super::setup::Served, TcpStream),
}

impl Peers {
    fn new() -> Peers {
        let address = |listener: &TcpListener| listener.local_addr().unwrap().to_string();
        let refused = address(&TcpListener::bind("127.0.0.1:0").unwrap());
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let served = serve(&["--max-connections", "1"]);
        let busy = served.address.clone();
        let first = TcpStream::connect(&busy).unwrap();
        // The one connection is taken once it has been said hello.
        std::io::Read::read_exact(&mut &first, &mut [0]).unwrap();
        let silent_address = address(&silent);
        Peers { refused, silent: (silent, silent_address), busy, _kept: (served, first) }
    }
}

/// Runs a line in a folder with the file `file`.
fn go(line: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "content").unwrap();
    std::fs::write(folder.path().join("empty"), "").unwrap();
    let args: Vec<&str> = line.split(' ').chain(["--json"]).collect();
    let ended = run(&mut command(folder.path(), &args));
    assert_eq!(names_in(folder.path()), ["empty", "file"], "{line}");
    ended
}

/// The document of a run that failed with one line of error; the error stands in it.
fn failed(line: &str) -> Value {
    let ended = go(line);
    assert_fails(&ended, 1, "");
    let told = json(&ended.stdout);
    let code = told["error"]["code"].as_str().unwrap_or_else(|| panic!("{line}: {told}"));
    let text = told["error"]["text"].as_str().unwrap();
    assert!(!code.is_empty() && ended.stderr.contains(text), "{line}: {told} {}", ended.stderr);
    told
}

#[test]
fn a_transfer_without_a_connection_has_a_document() {
    let peers = Peers::new();
    let silent = &peers.silent.1;
    for (line, code, names) in [
        (format!("get {} x y/", peers.refused), "io", &["x", "y/"][..]),
        (format!("get --all {}", peers.refused), "io", &[]),
        (format!("get y/ {}", peers.refused).replace("y/ ", "") + " y/", "io", &["y/"]),
        (format!("get --classic {}", peers.refused), "io", &[]),
        (format!("get --all {silent} --timeout 0.3"), "timed_out", &[]),
        (format!("get --all {}", peers.busy), "busy", &[]),
        (format!("put {} file empty", peers.refused), "io", &["file", "empty"]),
        (format!("get {} x --token-file missing", peers.busy), "not_found", &["x"]),
        (format!("get {} x --token-file empty", peers.busy), "failed", &["x"]),
        (format!("put {} file --token-file missing", peers.busy), "not_found", &["file"]),
        (format!("get {} x -o missing/x", peers.refused), "io", &["x"]),
    ] {
        let told = failed(&line);
        assert_eq!(told["error"]["code"], code, "{line}");
        assert_eq!((&told["bytes"], &told["durability"]), (&0.into(), &Value::Null), "{line}");
        let files = told["files"].as_array().unwrap();
        assert_eq!(files.iter().map(|file| &file["name"]).collect::<Vec<_>>(), names, "{line}");
        for file in files {
            assert_eq!(file["outcome"], "not_started", "{line}");
            assert_eq!(file["error"], told["error"], "{line}");
        }
    }
    for (line, code) in [
        (format!("ls {}", peers.refused), "io"),
        (format!("ls {}", peers.busy), "busy"),
        (format!("ls {silent} --timeout 0.3"), "timed_out"),
        (format!("ls {} --token-file missing", peers.busy), "not_found"),
    ] {
        let told = failed(&line);
        assert_eq!(
            (&told["entries"], &told["error"]["code"]),
            (&Value::Array(vec![]), &code.into())
        );
    }
    // A connection came about: the error stands with each file.
    for line in [
        format!("get {silent} x --timeout 0.3"),
        format!("put {silent} file --timeout 0.3"),
        format!("get {} x", peers.busy),
        format!("put {} file", peers.busy),
    ] {
        let ended = go(&line);
        assert_fails(&ended, 1, "");
        let told = json(&ended.stdout);
        assert!(told["files"][0]["error"]["code"].is_string(), "{line}: {told}");
    }
}

#[test]
fn the_other_commands_have_a_document_too() {
    let peers = Peers::new();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (refused, taken) = (&peers.refused, taken.local_addr().unwrap());
    let mail = "--from a@b.example --to c@d.example --subject s --text t";
    for (line, member) in [
        ("serve missing".to_owned(), "sent"),
        (format!("serve . --listen {}", peers.busy), "sent"),
        ("serve . --token-file missing".to_owned(), "received"),
        (format!("time get {refused}"), "line"),
        (format!("time serve --listen {}", peers.busy), "answers"),
        (format!("udp recv --listen {taken}"), "received"),
        (format!("udp send {refused} --file missing"), "sent"),
        (format!("http http://{refused}/"), "status"),
        (format!("http http://{refused}/ -d @missing"), "status"),
        (format!("download --from http://{refused}/ --retry 0 -o ./"), "files"),
        (format!("download http://{refused}/ -o file"), "files"),
        (format!("mail --server smtp://{refused} {mail}"), "outcome"),
        (format!("mail --server smtp://{refused} {mail} --attach missing"), "outcome"),
        (
            format!(
                "sms --gateway http://{refused} --account a --password-file missing --mobile 1 \
                 --content x"
            ),
            "outcome",
        ),
    ] {
        let told = failed(&line);
        assert!(told.get(member).is_some(), "{line}: {told}");
    }
}

/// The arguments are judged before anything is done, so there is nothing to report.
#[test]
fn a_usage_error_has_no_document() {
    for line in [
        "get 127.0.0.1:1 ../x",
        "get 127.0.0.1:1 x x",
        "get 127.0.0.1:1 x --digest none --digest md5",
        "put 127.0.0.1:1 /",
        "serve . --classic",
        "http nonsense",
        "mail --dry-run --from a",
    ] {
        let ended = go(line);
        assert_fails(&ended, 2, "");
        assert_eq!(ended.stdout, b"", "{line}");
    }
}

/// The document says what the line says, and where the bytes went.
#[test]
fn what_is_missing_and_where_bytes_went() {
    let served = serve(&[]);
    served.write("a", b"content");
    let to = tempfile::tempdir().unwrap();
    let ended = served.client(to.path(), "get", &["a", "--json", "-o", "missing/x"]);
    assert_fails(&ended, 1, "the directory missing does not exist");
    let file = &json(&ended.stdout)["files"][0];
    assert_eq!(file["error"]["text"], "the directory missing does not exist");
    assert_eq!(served.get(to.path(), &["a", "-o", "/dev/null"])["files"][0]["path"], "/dev/null");
}
