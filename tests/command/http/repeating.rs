//! Servers that repeat the password of the one who asks.

use super::server::{Reply, Server, wirewright};
use crate::command::json;
use crate::process::{Ended, run};
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

/// Without a trace, too; and in what a document says about the exchange. Its content, fields and
/// body, stays as it came.
#[test]
fn a_password_is_masked_in_documents_and_not_in_content() {
    let server = repeating("401");
    let url = server.at("/file");
    let ended = ask(&["http", &url, "--json"], PASSWORD);
    let told = json(&ended.stdout);
    assert_eq!(
        (&told["reason"], &told["body"]),
        (&"want ***".into(), &"body Hunter2Secret\n".into())
    );
    let headers = told["headers"].as_array().unwrap();
    assert!(headers.contains(&serde_json::json!(["X-Debug", PASSWORD])), "{told}");
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

/// A redirect puts the secret into the URLs that are told.
#[test]
fn a_password_is_masked_in_urls() {
    let server = Server::new(|request| match request.target() {
        "/file" => Reply::with("302 To", &[&format!("Location: /{PASSWORD}/file")], ""),
        _ => Reply::with("302 To", &[&format!("Location: /{PASSWORD}")], ""),
    });
    let url = server.at("/file");
    for command in ["http", "download"] {
        let ended = ask(&[command, &url, "-L", "--max-redirects", "2", "--json"], PASSWORD);
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        assert_nothing_is_said(&ended.stderr);
        let mut told = json(&ended.stdout);
        if command == "http" {
            assert_eq!(told["redirects"][1]["url"], server.at("/***/file"), "{told}");
            told["headers"] = Default::default();
        }
        assert!(told.to_string().contains("/***"), "{told}");
        assert_nothing_is_said(&told.to_string());
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

/// A long line is cut for a trace, and a long reason for an error: within the secret, too.
#[test]
fn a_secret_at_the_cut_is_masked() {
    let server = Server::new(|request| {
        let at: usize = request.target()[1..].parse().unwrap();
        let long = |len| ["x".repeat(len - at), PASSWORD.to_owned(), "y".repeat(99)].concat();
        let (body, reason) = (long(2048), long(200));
        Reply::new(&format!("401 {reason}"), body)
    });
    for at in [1, 2, 3, 7, 12, 13] {
        let url = server.at(&format!("/{at}"));
        let ended = ask(&["http", &url, "--trace-content", "--fail"], PASSWORD);
        assert!(ended.stderr.contains("x***"), "{at}: {}", ended.stderr);
        assert!(!ended.stderr.contains("xH"), "{at}: {}", ended.stderr);
    }
}

/// What goes to a proxy, and the cookies that were given: a server that repeats them is not
/// repeated.
#[test]
fn the_proxy_and_the_cookies_are_masked() {
    let basic = STANDARD.encode(format!("me:{PASSWORD}"));
    let said = format!("{PASSWORD} {basic} a=0123456789abcdef");
    let server = Server::new(move |_| {
        let field = format!("X-Debug: {said}");
        Reply::with(&format!("401 {said}"), &[&field], "")
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pw"), "another").unwrap();
    let proxy = server.url.replace("http://", &format!("http://me:{PASSWORD}@"));
    let cookie = "Cookie: a=0123456789abcdef; b=1";
    let sms = ["sms", "--account", "a", "--password-file", "pw", "--mobile", "1", "--content", "x"];
    for args in [
        &["http", "http://127.0.0.2:9/f", "--fail", "-H", cookie][..],
        &["download", "http://127.0.0.2:9/f", "-H", cookie],
        &[&sms[..], &["--gateway", "http://127.0.0.2:9/f"]].concat(),
    ] {
        let args = [args, &["--trace"]].concat();
        let ended = run(wirewright(folder.path(), &args).env("http_proxy", &proxy));
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        for secret in [PASSWORD, &basic] {
            assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
        }
        let is_cookie_shown = ended.stderr.contains("0123456789abcdef");
        assert_eq!(is_cookie_shown, args[0] == "sms", "{}", ended.stderr);
        assert!(ended.stderr.contains("<- HTTP/1.1 401 *** *** a="), "{}", ended.stderr);
    }
}

/// The version and the status are said by nobody.
#[test]
fn a_password_of_a_digit_leaves_the_protocol_alone() {
    let server = Server::new(|_| Reply::with("401 want 1", &["X-Debug: 1"], "1"));
    let ended = ask(&["http", &server.url, "--fail", "--trace"], "1");
    for part in ["-> GET / HTTP/1.1\n", "<- HTTP/1.1 401 want ***\n", "<- X-Debug: ***\n"] {
        assert!(ended.stderr.contains(part), "{part} in {}", ended.stderr);
    }
}
