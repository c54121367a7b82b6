//! No text of a peer reaches a terminal as it came, whatever the command and whatever the field.

use super::servers::{drain, frame, framed, hello, http, listen, smtp};
use crate::command::{assert_fails, command, json as document, names_in, report};
use crate::process::{Ended, Process, run};
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::TcpStream;
use tempfile::tempdir;

/// Sets the title of a window, turns the direction of writing, begins a line in two ways.
const POISON: &str = "\u{1b}]0;x\u{7}\u{202e}don't\u{85}\nFORGED";

/// The same without what may not stand in a line of a protocol.
const LINE_POISON: &str = "\u{202e}don't\u{85}\u{200b}";

/// Nothing raw of the poison is in what was printed; `shown` stands there escaped.
fn is_harmless(ended: &Ended, shown: &str) {
    let stdout = String::from_utf8(ended.stdout.clone()).expect("stdout is UTF-8");
    for text in [&*stdout, &*ended.stderr] {
        for raw in ["\u{1b}", "\u{7}", "\u{202e}", "\u{85}", "\u{200b}", "\r"] {
            assert!(!text.contains(raw), "{raw:?} raw in {text:?}");
        }
        assert!(!text.lines().any(|line| line.starts_with("FORGED")), "{text:?}");
        assert!(!text.contains("\\'"), "an apostrophe is escaped: {text:?}");
    }
    let all = stdout + &ended.stderr;
    assert!(all.contains(shown), "{shown:?} is not in {all:?}");
}

fn go(args: &[&str]) -> Ended {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "content").unwrap();
    let mut command = command(folder.path(), args);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name);
    }
    run(&mut command)
}

/// Runs a command plain, with a trace, and with a JSON report.
fn go_all(args: &[&str], mut judge: impl FnMut(&Ended)) {
    for more in [&[][..], &["--trace"], &["--json"]] {
        let ended = go(&[args, more].concat());
        println!("{args:?} {more:?}: {:?} {}", ended.status, ended.stderr);
        if more == ["--json"] && !ended.stdout.is_empty() {
            document(&ended.stdout);
        }
        judge(&ended);
    }
}

// ---- the framed and the classic wire ----------------------------------------------------------

/// A hello whose every text that may hold anything does.
fn poisoned_hello() -> Value {
    let mut hello = hello();
    hello["agent"] = POISON.into();
    hello
}

/// A put that goes well, with poison in each text of it.
fn take_put(message: &Value) -> Vec<Value> {
    match message["type"].as_str() {
        Some("hello") => vec![poisoned_hello(), json!({ "type": POISON, "text": POISON })],
        Some("put") => vec![json!({ "type": "ready", "id": message["id"], "offset": 0 })],
        Some("end") => vec![json!({
            "type": "done", "id": message["id"], "size": message["size"],
            "digest": message["digest"], "durability": POISON, "other": POISON,
        })],
        _ => Vec::new(),
    }
}

#[test]
fn an_unknown_durability_is_called_unknown() {
    let address = framed(take_put);
    go_all(&["put", &address, "file"], |ended| {
        assert!(ended.status.success(), "{}", ended.stderr);
        is_harmless(ended, "unknown");
    });
    assert_eq!(report(&go(&["put", &address, "file", "--json"]))["durability"], "unknown");
}

#[test]
fn codes_and_reasons_of_a_server_are_escaped() {
    for fatal in [false, true] {
        let address = framed(move |message| match message["type"].as_str() {
            Some("hello") => vec![poisoned_hello()],
            Some("get" | "put" | "list") => vec![json!({
                "type": "error", "id": message["id"], "code": POISON, "text": POISON,
                "fatal": fatal,
            })],
            _ => Vec::new(),
        });
        for args in [&["get", &address, "name"][..], &["put", &address, "file"], &["ls", &address]]
        {
            go_all(args, |ended| {
                assert_eq!(ended.status.code(), Some(1));
                is_harmless(ended, "]0;x\\u{7}\\u{202e}don't\\u{85}\\nFORGED");
            });
        }
    }
}

#[test]
fn texts_of_a_file_are_escaped() {
    let address = framed(|message| match message["type"].as_str() {
        Some("hello") => vec![poisoned_hello()],
        Some("get") => vec![
            json!({
                "type": "file", "id": message["id"], "name": POISON, "size": 0,
                "modified": POISON, "etag": "e", "offset": 0,
            }),
            json!({ "type": "end", "id": message["id"], "size": 0, "digest": POISON }),
        ],
        _ => Vec::new(),
    });
    go_all(&["get", &address, "name"], |ended| {
        assert_eq!(ended.status.code(), Some(1));
        is_harmless(ended, "");
    });
}

#[test]
fn names_and_times_of_a_listing_are_escaped() {
    let name = LINE_POISON.replace('\u{85}', "");
    let address = framed(move |message| match message["type"].as_str() {
        Some("hello") => vec![hello()],
        Some("list") => {
            let entry = json!({ "name": name, "size": 1, "modified": POISON });
            vec![json!({
                "type": "entries", "id": message["id"], "entries": [entry], "more": false,
            })]
        }
        _ => Vec::new(),
    });
    go_all(&["ls", &address], |ended| is_harmless(ended, ""));
}

#[test]
fn a_classic_server_names_nothing_raw() {
    for name in [POISON.to_owned(), "\u{202e}gpj.exe".to_owned(), "\u{1b}[31m".to_owned()] {
        let document = json!({ "filename": name, "filedata": "aGk=", "other": POISON });
        let address = listen(move |mut stream| {
            stream.write_all(document.to_string().as_bytes()).unwrap();
            drain(&stream);
        });
        let folder = tempdir().unwrap();
        for more in [&[][..], &["--trace"]] {
            let args = [&["get", "--classic", &address][..], more].concat();
            is_harmless(&run(&mut command(folder.path(), &args)), "");
        }
        let names = names_in(folder.path());
        assert!(names.iter().all(|name| !name.contains(char::is_control)), "{names:?}");
    }
}

// ---- the log of a server ----------------------------------------------------------------------

#[test]
fn the_log_of_a_server_escapes_what_clients_say() {
    let folder = tempdir().unwrap();
    let args = ["serve", ".", "--writable", "--listen", "127.0.0.1:0"];
    for more in [&[][..], &["--trace"]] {
        let mut server = Process::start(&mut command(folder.path(), &[&args[..], more].concat()));
        let address = server.address();
        let mut client_hello = json!({
            "type": "hello", "versions": [1], "max_frame": 1 << 20, "digests": ["none", "blake3"],
            "nonce": "00000000000000000000000000000000", "agent": POISON,
        });
        let put = json!({ "type": "put", "id": 1, "name": POISON, "size": 1, "etag": POISON });
        let named = json!({ "type": "put", "id": 1, "name": "\u{202e}x", "size": 1, "etag": "e" });
        let error = json!({
            "type": "error", "id": null, "code": POISON, "text": POISON, "fatal": true,
        });
        for last in [put, error, named, json!({ "type": POISON, "id": POISON })] {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(&[frame(&client_hello), frame(&last)].concat()).unwrap();
            drain(&stream);
        }
        client_hello["nonce"] = POISON.into();
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(&frame(&client_hello)).unwrap();
        drain(&stream);
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&server.child),
            rustix::process::Signal::TERM,
        )
        .unwrap();
        let ended = server.finish();
        println!("{}", ended.stderr);
        is_harmless(&ended, "\\u{1b}]0;x");
    }
}

// ---- HTTP -------------------------------------------------------------------------------------

/// A response with poison wherever a line may hold it.
fn response(status: u16, more: &str) -> Vec<u8> {
    let length = "Content-Length: 0\r\n";
    format!("HTTP/1.1 {status} {LINE_POISON}\r\nX-It: {LINE_POISON}\r\n{more}{length}\r\n").into()
}

#[test]
fn reasons_and_fields_of_http_are_escaped() {
    let location = format!("Location: /{LINE_POISON}\r\n");
    for (status, more) in [(404, ""), (302, &*location), (500, "")] {
        let answer = response(status, more);
        let server = http(move |_| answer.clone());
        let url = format!("http://{}/x", server);
        let form = ["--account", "a", "--password-file", "file", "--mobile", "1", "--content", "c"];
        for args in [
            &["http", "--fail", "-L", &url][..],
            &["download", &url],
            &["download", "--from", &url],
            &[&["sms", "--gateway", &url][..], &form].concat(),
        ] {
            go_all(args, |ended| {
                // A gateway that answers 500 may have taken the message.
                let is_unknown = args[0] == "sms" && status == 500;
                let expected = if is_unknown { 4 } else { 1 };
                assert_eq!(ended.status.code(), Some(expected), "{args:?} {}", ended.stderr);
                is_harmless(ended, "");
            });
        }
    }
}

#[test]
fn heads_that_break_rules_are_escaped() {
    for head in [
        format!("HTTP/1.1 200 {POISON}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nX-It: {POISON}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{POISON}: 1\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {LINE_POISON}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {LINE_POISON}\r\n\r\n"),
        format!("{POISON}\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nContent-Encoding: \u{202e}\r\nContent-Length: 0\r\n\r\n".to_owned(),
    ] {
        let server = http(move |_| head.clone().into_bytes());
        let url = format!("http://{}/x", server);
        for args in [&["http", "-o", "out", &url][..], &["download", &url]] {
            go_all(&[args, &["--timeout", "5"]].concat(), |ended| is_harmless(ended, ""));
        }
    }
}

#[test]
fn replies_of_a_gateway_are_escaped() {
    for body in [
        json!({ "code": 1, "msg": POISON }).to_string(),
        json!({ "code": POISON, "msg": POISON }).to_string(),
        json!({ "code": 2, "msg": POISON }).to_string(),
        POISON.to_owned(),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let server = http(move |_| answer.clone().into_bytes());
        let url = format!("http://{}/x", server);
        let form = ["--account", "a", "--password-file", "file", "--mobile", "1", "--content", "c"];
        let args = [&["sms", "--gateway", &url][..], &form].concat();
        go_all(&args, |ended| is_harmless(ended, "]0;x\\u"));
    }
}

#[test]
fn a_document_of_urls_is_escaped() {
    for body in [
        json!([{ "u": POISON }, { "u": 1 }, { "u": "http://\u{202e}/" }]).to_string(),
        json!({ POISON: [] }).to_string(),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let server = http(move |_| answer.clone().into_bytes());
        let url = format!("http://{}/x", server);
        let args = ["download", "--from", &url, "--select", "/*/u"];
        go_all(&args, |ended| is_harmless(ended, ""));
    }
}

// ---- mail and time ----------------------------------------------------------------------------

#[test]
fn replies_of_a_mail_server_are_escaped() {
    for refuses in ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "end", ""] {
        let server = smtp(move |line| {
            let verb = line.split(' ').next().unwrap();
            let more = format!("\u{1b}]0;x\u{7}{LINE_POISON}");
            match verb {
                _ if verb == refuses => format!("550-5.1.1 {more}\r\n550 5.1.1 {more}"),
                "greeting" => format!("220 {more}"),
                "EHLO" => format!("250-{more}\r\n250-{more} {more}\r\n250 SIZE {more}"),
                "DATA" => format!("354 {more}"),
                _ => format!("250 {more}"),
            }
        });
        let url = format!("smtp://{}", server);
        let args = ["mail", "--server", &url, "--starttls", "never", "--timeout", "20"];
        let message = ["--from", "a@b.example", "--to", "c@d.example", "--subject", "s"];
        go_all(&[&args[..], &message, &["--text", "t"]].concat(), |ended| is_harmless(ended, ""));
        go_all(&[&args[..], &["--check"]].concat(), |ended| is_harmless(ended, ""));
    }
}

#[test]
fn the_time_of_a_server_is_escaped() {
    let address = listen(|mut stream| {
        stream.write_all(format!("{}\n", POISON.replace('\n', "")).as_bytes()).unwrap();
        drain(&stream);
    });
    go_all(&["time", "get", &address], |ended| is_harmless(ended, ""));
}

/// The refusal of a proxy is one of the texts that are shown, not only kept.
#[test]
fn a_proxy_is_escaped() {
    let proxy = http(|_| response(403, ""));
    let folder = tempdir().unwrap();
    let mut command = command(folder.path(), &["http", "https://example.invalid/"]);
    command.env("https_proxy", format!("http://{}", proxy)).env_remove("no_proxy");
    let ended = run(&mut command);
    assert_fails(&ended, 1, "the proxy refused CONNECT: 403 \\u{202e}don't\\u{85}\\u{200b}");
}
