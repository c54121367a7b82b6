//! Domains of other scripts, and addresses that only a server with SMTPUTF8 takes.

use crate::command::{assert_fails, report};
use crate::server::{Server, mail};
use std::path::Path;

fn temp() -> std::path::PathBuf {
    std::env::temp_dir()
}

/// Sends a message in clear.
fn send(server: &Server, args: &[&str]) -> crate::process::Ended {
    let to = format!("smtp://{}", server.address);
    let how = ["--server", &to, "--starttls", "never", "--subject", "s", "--text", "t"];
    mail(&temp(), &[&how[..], args].concat())
}

fn text(message: &[u8]) -> String {
    String::from_utf8(message.to_vec()).unwrap()
}

#[test]
fn domains_are_sent_as_a_labels() {
    let server = Server::polite();
    let args = [
        "--from",
        "Köchin <k@bücher.example>",
        "--to",
        "a@BÜCHER.example",
        "--cc",
        "<c@faß.example>",
        "--bcc",
        "\"d e\"@bücher.example",
        "--reply-to",
        "r@bücher.example",
        "--json",
    ];
    let told = report(&send(&server, &args));
    let heard = server.heard();
    assert_eq!(heard.those("MAIL"), ["MAIL FROM:<k@xn--bcher-kva.example>"]);
    let recipients =
        ["a@xn--bcher-kva.example", "c@xn--fa-hia.example", "\"d e\"@xn--bcher-kva.example"];
    assert_eq!(heard.those("RCPT"), recipients.map(|to| format!("RCPT TO:<{to}>")));
    assert_eq!(told["accepted"], serde_json::json!(recipients));
    let message = text(&heard.messages[0]);
    for line in [
        "From: =?UTF-8?Q?K=C3=B6chin?= <k@xn--bcher-kva.example>\r\n",
        "Reply-To: r@xn--bcher-kva.example\r\n",
        "To: a@xn--bcher-kva.example\r\n",
        "Cc: c@xn--fa-hia.example\r\n",
    ] {
        assert!(message.contains(line), "{message}");
    }
    assert!(message.is_ascii());
    let id = message.lines().find(|line| line.starts_with("Message-ID: ")).unwrap();
    assert!(id.ends_with("@xn--bcher-kva.example>"), "{id}");
}

#[test]
fn domains_of_an_envelope_and_of_a_greeting() {
    let server = Server::polite();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.eml"), "Subject: x\n\ny\n").unwrap();
    let to = format!("smtp://{}", server.address);
    let how = [
        "--server",
        &to,
        "--starttls",
        "never",
        "--raw-eml",
        "a.eml",
        "--ehlo",
        "rechner.bücher.example",
    ];
    let whom = ["--envelope-from", "e@bücher.example", "--to", "a@bücher.example", "--json"];
    report(&mail(folder.path(), &[&how[..], &whom].concat()));
    let heard = server.heard();
    assert_eq!(heard.lines[0], "EHLO rechner.xn--bcher-kva.example");
    assert_eq!(heard.those("MAIL"), ["MAIL FROM:<e@xn--bcher-kva.example>"]);
    assert_eq!(heard.those("RCPT"), ["RCPT TO:<a@xn--bcher-kva.example>"]);
}

#[test]
fn domains_that_are_none() {
    let folder: &Path = &temp();
    let base = ["--dry-run", "--from", "a@b", "--subject", "s"];
    for (to, at) in [
        ("a@é..example", 2),
        ("a@b.\u{378}", 4),
        ("A <a@xn--é>", 9),
        ("a@é/x", 2),
        ("a@é\u{202e}.example", 2),
    ] {
        let ended = mail(folder, &[&base[..], &["--to", to]].concat());
        assert_fails(&ended, 2, &format!("at byte {at})"));
        assert!(ended.stderr.contains("--to: "), "{}", ended.stderr);
    }
}
