//! Domains of other scripts, and addresses that only a server with SMTPUTF8 takes.

use super::server::{Server, mail};
use crate::command::{assert_fails, json, report};
use crate::installed::has_program;
use serde_json::{Value, json};
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
    assert_eq!(told["accepted"], json!(recipients));
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

// ---- SMTPUTF8 --------------------------------------------------------------------------------

/// A server that offers it.
fn offering() -> Server {
    Server::saying(&[("EHLO", "250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8")])
}

const SUBJECT: [&str; 10] = [
    "--subject",
    "s",
    "--text",
    "t",
    "--date",
    "2026-11-22T09:27:00+08:00",
    "--message-id",
    "1@example.org",
    "--from",
    "Zhou <zhou@example.org>",
];

/// Sends a message that is the same in every run.
fn say(server: &Server, args: &[&str]) -> crate::process::Ended {
    let to = format!("smtp://{}", server.address);
    let how = ["--server", &to, "--starttls", "never", "--json"];
    mail(&temp(), &[&how[..], &SUBJECT, args].concat())
}

fn dry(args: &[&str]) -> Vec<u8> {
    let ended = mail(&temp(), &[&["--dry-run"], &SUBJECT[..], args].concat());
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    ended.stdout
}

/// The refused recipients: address, stage, and that there is no reply of a server.
fn refused(told: &Value) -> Vec<(&str, &str)> {
    let all = told["refused"].as_array().unwrap().iter();
    all.map(|one| {
        assert_eq!((&one["code"], &one["enhanced"]), (&Value::Null, &Value::Null), "{one}");
        assert_eq!(one["retryable"], false);
        let text = one["text"].as_str().unwrap();
        assert!(text.starts_with("the server does not offer SMTPUTF8 (RFC 6531)"), "{text}");
        (one["address"].as_str().unwrap(), one["stage"].as_str().unwrap())
    })
    .collect()
}

#[test]
fn a_server_with_smtputf8_is_told_the_address() {
    let server = offering();
    let args =
        ["--to", "用户 <用户@bücher.example>", "--to", "b@example.net", "--cc", "é@x.example"];
    let told = report(&say(&server, &args));
    let heard = server.heard();
    assert_eq!(heard.those("MAIL"), ["MAIL FROM:<zhou@example.org> SMTPUTF8"]);
    let recipients = ["用户@xn--bcher-kva.example", "b@example.net", "é@x.example"];
    assert_eq!(heard.those("RCPT"), recipients.map(|to| format!("RCPT TO:<{to}>")));
    assert_eq!(told["accepted"], json!(recipients));
    let dry = dry(&args);
    assert_eq!((&heard.messages[0], &told["size"]), (&dry, &json!(dry.len())));
    // Encoded words where they can stand: an address is the only thing that is not ASCII.
    let shown = text(&dry);
    let to = "To: =?UTF-8?B?55So5oi3?= <用户@xn--bcher-kva.example>, b@example.net\r\n";
    assert!(shown.contains(to) && shown.contains("\r\nCc: é@x.example\r\n"), "{shown}");
    assert!(shown.replace("用户@", "").replace("é@", "").is_ascii());
}

/// What is ASCII needs nothing, and does not ask for it.
#[test]
fn smtputf8_is_asked_for_only_where_it_is_needed() {
    for args in [
        &["--to", "王 <b@example.net>"][..],
        &["--to", "b@bücher.example"],
        &["--to", "b@x.example", "--reply-to", "王 <r@x.example>"],
    ] {
        let server = offering();
        report(&say(&server, args));
        assert_eq!(server.heard().those("MAIL"), ["MAIL FROM:<zhou@example.org>"]);
        assert!(server.heard().messages[0].is_ascii());
    }
    for args in [
        &["--to", "b@x.example", "--reply-to", "é@x.example"][..],
        &["--to", "b@x.example", "--bcc", "é@x.example"],
        &["--to", "b@x.example", "--envelope-from", "é@x.example"],
    ] {
        let server = offering();
        report(&say(&server, args));
        assert!(server.heard().those("MAIL")[0].ends_with(" SMTPUTF8"), "{args:?}");
    }
}

#[test]
fn without_the_offer_the_others_get_it() {
    let server = Server::polite();
    let args = ["--to", "用户 <用户@x.example>", "--to", "b@example.net", "--cc", "é@x.example"];
    let ended = say(&server, &args);
    assert_fails(&ended, 3, "用户@x.example: the server does not offer SMTPUTF8");
    let told = json(&ended.stdout);
    assert_eq!(
        (&told["outcome"], &told["accepted"]),
        (&json!("partial"), &json!(["b@example.net"]))
    );
    assert_eq!(refused(&told), [("用户@x.example", "rcpt"), ("é@x.example", "rcpt")]);
    let heard = server.heard();
    assert_eq!(heard.those("MAIL"), ["MAIL FROM:<zhou@example.org>"]);
    assert_eq!(heard.those("RCPT"), ["RCPT TO:<b@example.net>"]);
    // The addresses are shown as text, in groups without members.
    let shown = text(&heard.messages[0]);
    assert!(shown.is_ascii() && told["size"] == shown.len(), "{shown}");
    assert!(
        shown.contains(
            "\r\nTo: =?UTF-8?B?55So5oi3IDznlKjmiLdAeC5leGFtcGxlPg==?= :;, b@example.net\r\n"
        ),
        "{shown}"
    );
    assert!(shown.contains("\r\nCc: =?UTF-8?B?w6lAeC5leGFtcGxl?= :;\r\n"), "{shown}");
    if has_program("python3", "--version", "without_the_offer_the_others_get_it") {
        let read = "import email, email.policy, sys\n\
            m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
            print([g.display_name for g in m['To'].groups], [str(a) for a in m['To'].addresses])";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &heard.messages[0]).unwrap();
        let mut python = std::process::Command::new("python3");
        let python = python.args(["-c", read]).stdin(file.reopen().unwrap());
        let said = python.env("PYTHONIOENCODING", "utf-8").output().unwrap();
        let expected = "['用户 <用户@x.example>', None] ['b@example.net']\n";
        assert_eq!(text(&said.stdout), expected, "{}", text(&said.stderr));
    }
}

#[test]
fn without_the_offer_a_hidden_copy_alone_is_refused() {
    let server = Server::polite();
    let args = ["--to", "b@example.net", "--bcc", "é@x.example"];
    let told = json(&say(&server, &args).stdout);
    assert_eq!(refused(&told), [("é@x.example", "rcpt")]);
    assert_eq!(server.heard().messages, [dry(&args)]);
}

/// More recipients than one transaction takes: each of them carries the message in ASCII.
#[test]
fn without_the_offer_every_transaction_is_ascii() {
    let server = Server::polite();
    let many: Vec<String> = (0..150).map(|n| format!("n{n}@example.net")).collect();
    let mut args = vec!["--to", "é@x.example"];
    many.iter().for_each(|address| args.extend(["--bcc", address]));
    let told = json(&say(&server, &args).stdout);
    assert_eq!(refused(&told), [("é@x.example", "rcpt")]);
    assert_eq!(told["accepted"].as_array().unwrap().len(), 150);
    let heard = server.heard();
    assert_eq!((heard.those("RCPT").len(), heard.messages.len()), (150, 2));
    assert!(heard.messages[0] == heard.messages[1] && heard.messages[0].is_ascii());
}

#[test]
fn without_the_offer_nothing_is_said_where_nobody_is_left() {
    let all_or_nothing = ["--to", "b@example.net", "--bcc", "é@x.example", "--all-or-nothing"];
    let foreign_sender = ["--to", "b@example.net", "--from", "é@x.example"];
    let shown = ["--to", "b@example.net", "--from", "é@x.example", "--envelope-from", "<>"];
    for (args, expected) in [
        (&["--to", "é@x.example"][..], &[("é@x.example", "rcpt")][..]),
        (&all_or_nothing, &[("é@x.example", "rcpt")]),
        (
            &["--to", "é@x.example", "--to", "ü@x.example"],
            &[("é@x.example", "rcpt"), ("ü@x.example", "rcpt")],
        ),
        (&foreign_sender, &[("b@example.net", "mail")]),
        (&shown, &[("b@example.net", "mail")]),
        (
            &["--to", "b@example.net", "--envelope-from", "é@x.example"],
            &[("b@example.net", "mail")],
        ),
    ] {
        let server = Server::polite();
        let to = format!("smtp://{}", server.address);
        let how = ["--server", &to, "--starttls", "never", "--json"];
        let has_from = args.contains(&"--from");
        let base = if has_from { &SUBJECT[..8] } else { &SUBJECT[..] };
        let ended = mail(&temp(), &[&how[..], base, args].concat());
        assert_fails(&ended, 1, "not sent: the server does not offer SMTPUTF8");
        assert_fails(&ended, 1, "; use an address that is ASCII\n");
        let told = json(&ended.stdout);
        assert_eq!((&told["outcome"], &told["accepted"]), (&json!("refused"), &json!([])));
        assert_eq!(refused(&told), expected, "{args:?}");
        assert_eq!(told["error"]["code"], "no-smtputf8");
        let text = told["error"]["text"].as_str().unwrap();
        assert!(text.starts_with("the server does not offer SMTPUTF8"), "{text}");
        for one in told["refused"].as_array().unwrap().iter().filter(|one| one["stage"] == "rcpt") {
            let needs = format!("which {} needs", one["address"].as_str().unwrap());
            assert!(one["text"].as_str().unwrap().ends_with(&needs), "{one}");
        }
        assert_eq!(server.heard().lines, ["EHLO [127.0.0.1]", "QUIT"], "{args:?}");
    }
}
