//! What a client holds is bounded, however many files there are and however long the answers.

use super::servers::{drain, framed, hello, http, listen, smtp};
use crate::command::command;
use crate::memory::kib;
use crate::process::{Process, wait_for};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::path::Path;
use tempfile::tempdir;

/// The bound of every command, in KiB.
const RESIDENT_KIB_MAX: u64 = 32 << 10;

/// How many files are moved. A build that is not optimised takes a minute for 10,000.
const MANY: usize = if cfg!(debug_assertions) { 3000 } else { 10_000 };

/// How many files are refused, each with a code and a text of 5,000 bytes.
const REFUSED: usize = 5000;

/// How many URLs and recipients there are: they are named in the arguments.
const NAMED: usize = 2000;

/// Runs a command to its end; gives its document of `--json`, and its peak of resident memory as it
/// was last seen before the end is within the bound.
fn bounded(folder: &Path, args: &[&str]) -> Value {
    let mut process = Process::start(&mut command(folder, args));
    let mut peak = 0;
    wait_for("the end of a command", || {
        peak = kib(process.child.id(), "VmHWM").map_or(peak, |now| now.max(peak));
        process.child.try_wait().unwrap()
    });
    let ended = process.finish();
    let what = args[..2].join(" ");
    println!("{what}: peak {peak} KiB, {:?}, {:.300}", ended.status, ended.stderr);
    assert!((1..=RESIDENT_KIB_MAX).contains(&peak), "{what}: {peak} KiB");
    match ended.stdout.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&ended.stdout).expect("one document"),
    }
}

fn refuse(message: &Value, text: &str) -> Vec<Value> {
    match message["type"].as_str() {
        Some("hello") => vec![hello()],
        Some("get" | "put") => vec![json!({
            "type": "error", "id": message["id"], "code": text, "text": text, "fatal": false,
        })],
        _ => Vec::new(),
    }
}

fn files(folder: &Path, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|number| format!("f{number}")).collect();
    for name in &names {
        std::fs::write(folder.join(name), name).unwrap();
    }
    names
}

fn with<'a>(args: &[&'a str], more: &'a [String]) -> Vec<&'a str> {
    args.iter().copied().chain(more.iter().map(String::as_str)).collect()
}

#[test]
fn reasons_of_a_server_for_each_file_are_cut() {
    let folder = tempdir().unwrap();
    for (count, len) in [(100, 450_000), (REFUSED, 5000)] {
        let text = "x".repeat(len);
        let address = framed(move |message| refuse(message, &text));
        let names = files(folder.path(), count);
        for verb in ["get", "put"] {
            let told = bounded(folder.path(), &with(&[verb, &address, "--json"], &names));
            let told = told["files"].as_array().unwrap();
            assert_eq!(told.len(), count);
            assert!(told.iter().all(|file| file["error"]["text"].as_str().unwrap().len() <= 4096));
        }
    }
}

/// What ends the connection is the reason of all files that were not begun.
#[test]
fn a_fatal_reason_is_not_kept_for_each_file() {
    let folder = tempdir().unwrap();
    let text = "x".repeat(5000);
    let address = framed(move |message| {
        let mut said = refuse(message, &text);
        said.iter_mut().filter(|m| m["type"] == "error").for_each(|m| m["fatal"] = true.into());
        said
    });
    let names = files(folder.path(), REFUSED);
    for verb in ["get", "put"] {
        let told = bounded(folder.path(), &with(&[verb, &address, "--json"], &names));
        assert_eq!(told["files"].as_array().unwrap().len(), REFUSED);
    }
}

#[test]
fn very_many_files_are_moved_in_bounded_memory() {
    let (from, to) = (tempdir().unwrap(), tempdir().unwrap());
    let names = files(from.path(), MANY);
    let args = ["serve", ".", "--writable", "--listen", "127.0.0.1:0", "--durability", "none"];
    let mut server = Process::start(&mut command(to.path(), &args));
    let address = server.address();
    let told = bounded(from.path(), &with(&["put", &address, "--json"], &names));
    assert_eq!(told["files"].as_array().unwrap().len(), MANY);
    assert!(told["files"].as_array().unwrap().iter().all(|file| file["sent"] != 0));
    let got = ["get", &address, "--json", "--durability", "none", "-o", "got/"];
    let told = bounded(from.path(), &with(&got, &names));
    assert!(told["files"].as_array().unwrap().iter().all(|file| file["received"] != 0));
    let told = bounded(from.path(), &["ls", &address, "--json"]);
    assert_eq!(told["entries"].as_array().unwrap().len(), MANY);
}

#[test]
fn reasons_of_a_web_server_are_cut() {
    let folder = tempdir().unwrap();
    let reason = "x".repeat(8000);
    let address =
        http(move |_| format!("HTTP/1.1 404 {reason}\r\nContent-Length: 0\r\n\r\n").into_bytes());
    let name = "n".repeat(200);
    let urls = (0..NAMED).map(|number| format!("http://{address}/{name}{number}"));
    let urls: Vec<String> = urls.collect();
    let told = bounded(folder.path(), &with(&["download", "--json"], &urls));
    assert_eq!(told["files"].as_array().unwrap().len(), NAMED);
}

#[test]
fn interim_responses_end() {
    let folder = tempdir().unwrap();
    let address = listen(|mut stream| {
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        let interim = format!("HTTP/1.1 103 x\r\nLink: {}\r\n\r\n", "x".repeat(4000)).repeat(16);
        // Until the client has heard enough.
        for _ in 0..10_000 {
            if stream.write_all(interim.as_bytes()).is_err() {
                return;
            }
        }
        drain(&stream);
    });
    let url = format!("http://{address}/");
    for more in ["--json", "--trace"] {
        let told = bounded(folder.path(), &["http", &url, more]);
        assert!(more != "--json" || told["error"]["code"] == "too_large", "{told}");
    }
}

#[test]
fn replies_for_each_recipient_are_cut() {
    let folder = tempdir().unwrap();
    let more = format!("550-{}\r\n", "x".repeat(1500)).repeat(20);
    let address = smtp(move |line| match line.split(' ').next().unwrap() {
        "RCPT" => format!("{more}550 5.1.1 no"),
        "greeting" => "220 mx".to_owned(),
        "DATA" => "354 go".to_owned(),
        _ => "250 ok".to_owned(),
    });
    let url = format!("smtp://{address}");
    let to: Vec<String> = (0..NAMED).flat_map(|n| ["--to".into(), format!("a{n}@b.c")]).collect();
    let args = ["mail", "--server", &url, "--starttls", "never", "--json", "--from", "a@b.c"];
    let told = bounded(
        folder.path(),
        &with(&[&args[..], &["--subject", "s", "--text", "t"]].concat(), &to),
    );
    assert_eq!(told["refused"].as_array().map(Vec::len), Some(NAMED), "{told:.300}");
    assert_eq!(told["refused"][0]["code"], 550);
}
