//! Connections that end where they should not: what is known then, and what is not.

use super::server::{CLOSE, END, Heard, MESSAGE, SILENT, Server, send};
use crate::command::{assert_fails, command, json};
use crate::process::{Ended, Process, run, wait_for};
use serde_json::json;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

#[test]
fn a_message_whose_reply_does_not_come_is_unknown() {
    for (reply, args) in [(CLOSE, &[][..]), (SILENT, &["--timeout", "1"])] {
        let server = Server::new(move |line| (line == END).then(|| reply.to_owned()));
        let ended = send(&server, &[args, &["--json"]].concat());
        assert_fails(&ended, 4, "the server may have accepted the message");
        let told = json(&ended.stdout);
        assert_eq!((&told["outcome"], &told["reply"]), (&json!("unknown"), &json!(null)));
        assert_eq!((&told["accepted"], &told["refused"]), (&json!([]), &json!([])));
        // It is never sent again by itself.
        assert_eq!(server.heard().messages.len(), 1);
    }
}

/// The code of a reply decides, whatever stands in its text: RFC 5321 §4.2.
#[test]
fn the_text_of_a_reply_does_not_change_what_its_code_says() {
    for (reply, status, outcome, shown) in [
        (
            "550 5.7.1 \x1b]0;spam\x07 caf\u{e9}",
            1,
            "refused",
            "550 5.7.1 \\u{1b}]0;spam\\u{7} caf\u{e9}",
        ),
        ("451 \0", 1, "refused", "451 \\u{0}"),
        ("250 2.0.0 \x1b[32mqueued", 0, "accepted", ""),
    ] {
        let server = Server::new(move |line| (line == END).then(|| reply.to_owned()));
        let ended = send(&server, &["--json"]);
        assert_eq!(ended.status.code(), Some(status), "{}", ended.stderr);
        assert!(ended.stderr.contains(shown), "{}", ended.stderr);
        assert!(!ended.stderr.trim_end().contains(char::is_control), "{}", ended.stderr);
        let told = json(&ended.stdout);
        assert_eq!(told["outcome"], outcome);
        assert_eq!(told["reply"]["text"], reply[4..]);
    }
}

#[test]
fn a_message_whose_end_was_not_sent_is_refused() {
    for verb in ["greeting", "EHLO", "MAIL", "RCPT", "DATA"] {
        for reply in [CLOSE, SILENT, "garbage", "421 later"] {
            let args: &[&str] = if reply == SILENT { &["--timeout", "1"] } else { &[] };
            let script = move |line: &str| line.starts_with(verb).then(|| reply.to_owned());
            let server = Server::new(script);
            let ended = send(&server, &[args, &["--json"]].concat());
            assert_fails(&ended, 1, "error: 127.0.0.1:");
            let told = json(&ended.stdout);
            assert_eq!(told["outcome"], "refused", "{verb} {reply}: {told}");
            assert_eq!(server.heard().messages.len(), 0, "{verb} {reply}");
        }
    }
}

#[test]
fn a_server_that_takes_the_message_and_no_good_bye_has_taken_it() {
    for reply in [CLOSE, "garbage", "500 what"] {
        let server = Server::new(move |line| (line == "QUIT").then(|| reply.to_owned()));
        let ended = send(&server, &["--json"]);
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""), "{reply}");
        assert_eq!(json(&ended.stdout)["outcome"], "accepted");
    }
}

#[test]
fn nobody_listens() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let to = format!("smtp://{free}");
    let how = ["mail", "--server", &to, "--starttls", "never", "--json"];
    let ended = run(&mut command(&std::env::temp_dir(), &[&how[..], &MESSAGE].concat()));
    assert_fails(&ended, 1, "connection refused");
    let told = json(&ended.stdout);
    assert_eq!((&told["outcome"], &told["reply"]), (&json!("refused"), &json!(null)));
    assert_eq!(told["error"]["code"], "unreachable");
}

/// Stops a run as Ctrl-C does once the server has heard what is waited for.
fn stopped(server: &Server, what: &str, is_there: impl Fn(&Heard) -> bool) -> Process {
    let to = format!("smtp://{}", server.address);
    let how = ["mail", "--server", &to, "--starttls", "never", "--json"];
    let process =
        Process::start(&mut command(&std::env::temp_dir(), &[&how[..], &MESSAGE].concat()));
    wait_for(what, || is_there(&server.heard()).then_some(()));
    let pid = process.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    process
}

fn interrupted(server: &Server, verb: &str) -> Ended {
    let is_there = |heard: &Heard| match verb {
        "greeting" => heard.connections > 0,
        verb => !heard.those(verb).is_empty(),
    };
    stopped(server, verb, is_there).finish()
}

/// Before its end was sent it is known that nobody has it, and that is said at once.
#[test]
fn an_interrupted_message_is_not_sent() {
    for verb in ["greeting", "EHLO", "MAIL", "RCPT", "DATA"] {
        let server = Server::new(move |line| line.starts_with(verb).then(|| SILENT.to_owned()));
        let ended = interrupted(&server, verb);
        assert_eq!(ended.status.signal(), Some(2), "{}", ended.stderr);
        assert!(ended.stderr.ends_with(": not sent: interrupted\n"), "{verb} {}", ended.stderr);
        let told = json(&ended.stdout);
        assert_eq!((&told["outcome"], &told["accepted"]), (&json!("refused"), &json!([])));
        assert_eq!(told["error"]["code"], "interrupted");
        assert_eq!(server.heard().messages.len(), 0);
    }
}

/// After its end was sent the outcome is unknown: the answer is not waited for.
#[test]
fn an_interrupted_wait_for_the_answer_is_unknown() {
    let server = Server::new(|line| (line == END).then(|| SILENT.to_owned()));
    let ended = stopped(&server, "the message", |heard| heard.messages.len() == 1).finish();
    assert_eq!(ended.status.signal(), Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("may have accepted the message: interrupted; ask"));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    let told = json(&ended.stdout);
    assert_eq!((&told["outcome"], &told["reply"]), (&json!("unknown"), &json!(null)));
    assert_eq!((&told["accepted"], &told["refused"]), (&json!([]), &json!([])));
    assert_eq!(server.heard().messages.len(), 1);
}

#[test]
fn an_interrupted_message_is_taken_back() {
    let server = Server::new(|line| (line == "DATA").then(|| SILENT.to_owned()));
    assert_eq!(interrupted(&server, "DATA").status.signal(), Some(2));
    wait_for("the end of the connection", || (server.heard().left == 1).then_some(()));
    assert!(!server.heard().rest.windows(3).any(|three| three == b".\r\n"));
}

#[test]
fn an_attachment_that_shrinks_is_not_sent_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    std::fs::write(&path, vec![7; 4 << 20]).unwrap();
    let shrunk = path.clone();
    let server = Server::new(move |line| {
        if line == "DATA" {
            std::fs::write(&shrunk, "short").unwrap();
        }
        None
    });
    let to = format!("smtp://{}", server.address);
    let ended = super::server::send_from(folder.path(), &to, &["--attach", "a.bin"]);
    assert_fails(&ended, 1, "not sent: ");
    assert_eq!(server.heard().messages.len(), 0);
}

/// Whoever asks the status alone is not to send it again.
#[test]
fn a_report_that_cannot_be_written_does_not_change_the_status() {
    let cases = [
        (CLOSE, 4, "may have accepted"),
        ("554 no", 1, "the message is refused"),
        ("250 ok", 4, "the server accepted the message, but the result could not be printed"),
    ];
    for (reply, status, what) in cases {
        let server = Server::new(move |line| (line == END).then(|| reply.to_owned()));
        let to = format!("smtp://{}", server.address);
        let how = ["mail", "--server", &to, "--starttls", "never", "--json"];
        let mut command = command(&std::env::temp_dir(), &[&how[..], &MESSAGE].concat());
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = command.stdout(full).stderr(std::process::Stdio::piped()).output().unwrap();
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{line}");
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert!(line.contains(what), "{line}");
    }
}
