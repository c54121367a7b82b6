//! Servers that repeat the password of the one who asks.

use crate::command::json;
use crate::process::{Ended, run};
use crate::server::{Reply, Server, wirewright};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PASSWORD: &str = "Hunter2Secret";

fn ask(args: &[&str], password: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pw"), format!("{password}\n")).unwrap();
    let user = ["--user", "bob", "--password-file", "pw"];
    run(&mut wirewright(folder.path(), &[args, &user].concat()))
}

/// A server that answers so, each form of the secret in each place.
fn repeating(status: &'static str) -> Server {
    let basic = STANDARD.encode(format!("bob:{PASSWORD}"));
    Server::new(move |request| {
        let to = format!("Location: http://u:{PASSWORD}@127.0.0.1:1/{PASSWORD}");
        let (debug, sent) = (format!("X-Debug: {PASSWORD}"), format!("X-Sent: Basic {basic}"));
        let fields = [&*to, &*debug, &*sent];
        let reason = if request.target() == "/sent" { &*basic } else { PASSWORD };
        Reply::with(&format!("{status} want {reason}"), &fields, format!("body {PASSWORD}\n"))
    })
}

fn assert_nothing_is_said(said: &str) {
    let basic = STANDARD.encode(format!("bob:{PASSWORD}"));
    for secret in [PASSWORD, basic.trim_end_matches('=')] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

#[test]
fn a_password_is_masked_in_traces_and_errors() {
    for status in ["401", "302", "503"] {
        let server = repeating(status);
        for command in ["http", "download"] {
            for path in ["/file", "/sent"] {
                let url = server.at(path);
                let trace = [command, &url, "--trace-content"];
                for more in [&[][..], &["-L", "--max-redirects", "1", "--retry", "1"]] {
                    let fail = if command == "http" { &["--fail"][..] } else { &[] };
                    let ended = ask(&[&trace[..], more, fail].concat(), PASSWORD);
                    assert_nothing_is_said(&ended.stderr);
                    let line = format!("<- HTTP/1.1 {status} want ***\n");
                    assert!(ended.stderr.contains(&line), "{}", ended.stderr);
                    for line in ["<- X-Debug: ***\n", "<- X-Sent: Basic ***\n"] {
                        assert!(ended.stderr.contains(line), "{}", ended.stderr);
                    }
                }
            }
        }
    }
}

/// Without a trace, too; and in the reason of a document, whose body stays as it came.
#[test]
fn a_password_is_masked_in_documents_and_not_in_bodies() {
    let server = repeating("401");
    let url = server.at("/file");
    let ended = ask(&["http", &url, "--json"], PASSWORD);
    let told = json(&ended.stdout);
    assert_eq!(
        (&told["reason"], &told["body"]),
        (&"want ***".into(), &"body Hunter2Secret\n".into())
    );
    let ended = ask(&["http", &url], PASSWORD);
    assert_eq!((&*ended.stdout, &*ended.stderr), (&b"body Hunter2Secret\n"[..], ""));
    for args in [&["http", &url, "--fail", "--json"][..], &["download", &url, "--json"]] {
        let ended = ask(args, PASSWORD);
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        assert_nothing_is_said(&ended.stderr);
        let told = json(&ended.stdout);
        let error = if args[0] == "http" { &told["error"] } else { &told["files"][0]["error"] };
        assert_nothing_is_said(&error.to_string());
    }
    for args in [&["http", &url, "--fail"][..], &["download", &url], &["download", "--from", &url]]
    {
        assert_nothing_is_said(&ask(args, PASSWORD).stderr);
    }
}

/// A short password is a part of many words and of addresses; it is masked as a word alone.
#[test]
fn a_short_password_leaves_addresses_alone() {
    let server = Server::new(|_| Reply::with("401 127 is wrong", &["X-Debug: 127 1270"], ""));
    let ended = ask(&["http", &server.url, "--fail", "--trace"], "127");
    let place = format!("** connected to {0} at {0}\n", server.address);
    for part in [&*place, "<- HTTP/1.1 401 *** is wrong\n", "<- X-Debug: *** 1270\n"] {
        assert!(ended.stderr.contains(part), "{part} in {}", ended.stderr);
    }
    assert!(ended.stderr.contains(&format!("error: {}/: ", server.url)), "{}", ended.stderr);
    // An empty one stands nowhere.
    let ended = ask(&["http", &server.url, "--trace"], "");
    assert!(ended.stderr.contains("<- HTTP/1.1 401 127 is wrong\n"), "{}", ended.stderr);
}
