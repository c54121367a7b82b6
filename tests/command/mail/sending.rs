//! What travels, and what is reported when all goes well.

use super::server::{END, MESSAGE, Server, mail, send, send_from};
use crate::command::{assert_fails, command, json, report};
use crate::process::{Ended, Process, run};
use serde_json::json;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The message as it stands in a file of its own.
fn written(args: &[&str]) -> Vec<u8> {
    let folder = std::env::temp_dir();
    let ended = mail(&folder, &[&["--dry-run"], &MESSAGE[..], args].concat());
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    ended.stdout
}

/// Far more files than descriptors: each is open only while it is read.
#[test]
fn three_hundred_attachments_with_few_descriptors() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::polite());
    let mut files = Vec::new();
    for at in 0..300 {
        let name = format!("file{at}.txt");
        std::fs::write(folder.path().join(&name), format!("content {at}")).unwrap();
        files.extend(["--attach".to_owned(), name]);
    }
    let url = format!("smtp://{}", server.address);
    let script = format!("ulimit -n 64; exec {} \"$@\"", env!("CARGO_BIN_EXE_wirewright"));
    let mut limited = Command::new("sh");
    limited.args(["-c", &script, "sh", "mail", "--server", &url, "--starttls", "never"]);
    limited.args(MESSAGE).args(&files).arg("--json").current_dir(folder.path());
    assert_eq!(report(&run(&mut limited))["outcome"], "accepted");
    let heard = server.heard();
    let parts = String::from_utf8_lossy(&heard.messages[0]).matches("filename=file").count();
    assert_eq!(parts, 300);
}

#[test]
fn the_program_of_the_chapter() {
    let server = Server::polite();
    let more = ["--to", "kui@example.com"];
    let told = report(&send(&server, &[&more[..], &["--json"]].concat()));
    let message = written(&more);
    assert_eq!(
        told,
        json!({
            "outcome": "accepted",
            "accepted": ["luo@example.net", "kui@example.com"],
            "refused": [],
            "reply": {"code": 250, "enhanced": "2.0.0", "text": "2.0.0 queued"},
            "size": message.len(),
        })
    );
    let heard = server.heard();
    assert_eq!(
        heard.lines,
        [
            "EHLO [127.0.0.1]",
            "MAIL FROM:<wang@example.org>",
            "RCPT TO:<luo@example.net>",
            "RCPT TO:<kui@example.com>",
            "DATA",
            "QUIT"
        ]
    );
    assert_eq!(heard.messages, [message]);
}

#[test]
fn people_hear_of_it_on_stderr() {
    let server = Server::polite();
    let ended = send(&server, &[]);
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(0), 0));
    assert!(ended.stderr.contains("accepted for 1 recipient"), "{}", ended.stderr);
    assert!(ended.stderr.contains("250 2.0.0 queued"), "{}", ended.stderr);
    assert_eq!(send(&server, &["--quiet"]).stderr, "");
}

#[test]
fn dots_are_doubled_on_the_wire_alone() {
    let server = Server::polite();
    let text = ["--text", ".\n..\na.\n.b"];
    let base: Vec<&str> = MESSAGE.iter().copied().filter(|arg| *arg != "你好").collect();
    let base: Vec<&str> = base.into_iter().filter(|arg| *arg != "--text").collect();
    let to = format!("smtp://{}", server.address);
    let how = ["--server", &to, "--starttls", "never", "--quiet"];
    let folder = std::env::temp_dir();
    let ended = mail(&folder, &[&how[..], &base, &text].concat());
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let heard = server.heard();
    assert!(heard.messages[0].ends_with(b"\r\n\r\n..\r\n...\r\na.\r\n..b\r\n"));
    let ended = mail(&folder, &[&["--dry-run"], &base[..], &text].concat());
    assert!(ended.stdout.ends_with(b"\r\n\r\n.\r\n..\r\na.\r\n.b\r\n"));
}

#[test]
fn bcc_is_in_the_envelope_alone_and_nobody_is_told_twice() {
    let server = Server::polite();
    let copies = ["--cc", "c@example.net", "--bcc", "b@example.net", "--bcc", "c@EXAMPLE.net"];
    report(&send(&server, &[&copies[..], &["--json"]].concat()));
    let heard = server.heard();
    assert_eq!(
        heard.those("RCPT"),
        ["RCPT TO:<luo@example.net>", "RCPT TO:<c@example.net>", "RCPT TO:<b@example.net>"]
    );
    let message = String::from_utf8(heard.messages[0].clone()).unwrap();
    assert!(message.contains("\r\nCc: c@example.net\r\n"), "{message}");
    assert!(!message.contains("b@example.net") && !message.to_lowercase().contains("bcc"));
}

#[test]
fn the_sender_of_the_envelope() {
    for (from, said) in [("bounce@example.org", "<bounce@example.org>"), ("<>", "<>")] {
        let server = Server::polite();
        report(&send(&server, &["--envelope-from", from, "--json"]));
        assert_eq!(server.heard().those("MAIL"), [format!("MAIL FROM:{said}")]);
    }
}

#[test]
fn many_recipients_need_several_transactions() {
    let server = Server::polite();
    let addresses: Vec<String> = (0..230).map(|n| format!("n{n}@example.net")).collect();
    let mut args = vec!["--json"];
    addresses.iter().for_each(|address| args.extend(["--bcc", address]));
    let told = report(&send(&server, &args));
    assert_eq!(told["outcome"], "accepted");
    assert_eq!(told["accepted"].as_array().unwrap().len(), 231);
    let heard = server.heard();
    assert_eq!((heard.those("MAIL").len(), heard.those("RCPT").len()), (3, 231));
    assert_eq!(heard.messages.len(), 3);
    assert!(heard.messages.iter().all(|message| *message == heard.messages[0]));
    // Whoever wants all or nothing has to be told of all at once.
    let server = Server::polite();
    args.push("--all-or-nothing");
    report(&send(&server, &args));
    assert_eq!((server.heard().those("MAIL").len(), server.heard().messages.len()), (1, 1));
}

#[test]
fn attachments_are_streamed_from_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> =
        (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(folder.path().join("汇总数据.xlsx"), &bytes).unwrap();
    std::fs::write(folder.path().join("hello.txt"), "你好").unwrap();
    let files = ["--attach", "hello.txt", "--attach", "汇总数据.xlsx;name=month-data.xlsx"];
    let server = Server::polite();
    let to = format!("smtp://{}", server.address);
    let told = report(&send_from(folder.path(), &to, &[&files[..], &["--json"]].concat()));
    let written = mail(folder.path(), &[&["--dry-run"], &MESSAGE[..], &files].concat()).stdout;
    assert_eq!(told["size"], written.len());
    assert_eq!(server.heard().messages, [written]);
}

#[test]
fn a_whole_message_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.eml");
    let server = Server::polite();
    let to = format!("smtp://{}", server.address);
    let how = ["--server", &to, "--starttls", "never", "--from", "a@example.org"];
    let args = [&how[..], &["--to", "b@example.net", "--raw-eml", "a.eml", "--json"]].concat();
    std::fs::write(&file, "Subject: \u{e4}\nX: 1\r\n\r.a\n\n.\nend").unwrap();
    let told = report(&mail(folder.path(), &args));
    let plain = "Subject: \u{e4}\r\nX: 1\r\n\r\n.a\r\n\r\n.\r\nend";
    assert_eq!(told["size"], plain.len());
    let heard = server.heard();
    let sent = "Subject: \u{e4}\r\nX: 1\r\n\r\n..a\r\n\r\n..\r\nend\r\n";
    assert_eq!(heard.messages, [sent.as_bytes()]);
    assert_eq!(heard.those("MAIL"), ["MAIL FROM:<a@example.org> BODY=8BITMIME"]);
    let dry = [&how[4..], &["--to", "b@example.net", "--raw-eml", "a.eml", "--dry-run"]].concat();
    assert_eq!(mail(folder.path(), &dry).stdout, plain.as_bytes());
    std::fs::write(&file, "Subject: x\n\na\0b").unwrap();
    assert_fails(&mail(folder.path(), &args[..args.len() - 1]), 1, "at byte 13");
    assert_eq!(server.heard().messages.len(), 1);
}

/// Runs `mail` with something on stdin.
fn piped(args: &[&str], text: &[u8]) -> Ended {
    let folder = std::env::temp_dir();
    let mut piped =
        Process::start(command(&folder, &[&["mail"], args].concat()).stdin(Stdio::piped()));
    let mut stdin = piped.child.stdin.take().unwrap();
    // One that does not want it closes its end.
    let _ = stdin.write_all(text);
    drop(stdin);
    piped.finish()
}

#[test]
fn a_whole_message_from_stdin() {
    let server = Server::saying(&[("EHLO", "250-mx.example\r\n250 SIZE")]);
    let to = format!("smtp://{}", server.address);
    let how = ["--server", &to, "--starttls", "never", "--json"];
    let what = ["--from", "a@example.org", "--to", "b@example.net", "--raw-eml"];
    for lines in [1, 100_000] {
        let text = format!("Subject: x\n\n{}", ".a line\n".repeat(lines));
        let plain = text.replace('\n', "\r\n");
        let told = report(&piped(&[&how[..], &what, &["-"]].concat(), text.as_bytes()));
        assert_eq!((&told["outcome"], &told["size"]), (&json!("accepted"), &json!(plain.len())));
        let sent = plain.replace("\r\n.", "\r\n..");
        assert!(server.heard().messages.last().unwrap() == sent.as_bytes());
        let dry = piped(&[&what[..], &["-", "--dry-run"]].concat(), text.as_bytes());
        assert!(dry.stdout == plain.as_bytes() && dry.stderr.is_empty(), "{}", dry.stderr);
    }
    // A pipe with a name is read as well, once.
    let file = "/dev/stdin";
    let dry = piped(&[&what[..], &[file, "--dry-run"]].concat(), b"Subject: y\n\ny");
    assert_eq!(String::from_utf8(dry.stdout).unwrap(), "Subject: y\r\n\r\ny");
    assert_eq!(server.heard().messages.len(), 2);
}

#[test]
fn what_makes_no_message_on_stdin() {
    let what = ["--dry-run", "--from", "a@example.org", "--to", "b@example.net"];
    let raw = [&what[..], &["--raw-eml", "-"]].concat();
    assert_fails(&piped(&raw, b"a\0b"), 1, "error: -: ");
    let twice = ["--server", "smtp://me@127.0.0.1:9", "--password-file", "-"];
    assert_fails(&piped(&[&raw[..], &twice].concat(), b"x"), 2, "stdin");
    assert_fails(&piped(&[&raw[..], &["--text", "@-"]].concat(), b"x"), 2, "--text");
    assert_fails(&piped(&[&what[..], &["--raw-eml", "."]].concat(), b"x"), 1, "error: .: ");
    // Nothing at all is a message, if a poor one.
    assert_eq!(piped(&raw, b"").stdout, b"");
}

#[test]
fn what_is_looked_at_without_sending() {
    let server = Server::saying(&[("EHLO", "250-mx.example\r\n250-SIZE 1000\r\n250 AUTH PLAIN")]);
    let to = format!("smtp://{}", server.address);
    let args = ["--check", "--server", &to, "--starttls", "never"];
    let folder = std::env::temp_dir();
    let ended = mail(&folder, &args);
    let table = String::from_utf8(ended.stdout).unwrap();
    for (name, value) in [("greeting", "mx.example ready"), ("TLS", "none"), ("SIZE", "1000")] {
        let row = table.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        assert!(row.ends_with(value), "{table}");
    }
    let told = json(&mail(&folder, &[&args[..], &["--json"]].concat()).stdout);
    assert_eq!(told["capabilities"], json!(["SIZE 1000", "AUTH PLAIN"]));
    assert_eq!((&told["size_max"], &told["auth"]), (&json!(1000), &json!(["PLAIN"])));
    assert_eq!(server.heard().lines, ["EHLO [127.0.0.1]", "QUIT", "EHLO [127.0.0.1]", "QUIT"]);
    let old = Server::saying(&[("EHLO", "502 what?")]);
    let to = format!("smtp://{}", old.address);
    let args = ["--check", "--server", &to, "--starttls", "never"];
    let table = String::from_utf8(mail(&folder, &args).stdout).unwrap();
    assert!(table.contains("\nremark               the server does not support EHLO"), "{table}");
    let told = json(&mail(&folder, &[&args[..], &["--json"]].concat()).stdout);
    assert_eq!(told["remarks"][0]["spec"], "RFC 5321 §3.2");
    let refusing = Server::saying(&[("greeting", "554 no mail here")]);
    let to = format!("smtp://{}", refusing.address);
    let ended = mail(&folder, &["--check", "--server", &to, "--starttls", "never"]);
    assert_fails(&ended, 1, "no mail here");
}

#[test]
fn the_trace_elides_the_message() {
    let server = Server::saying(&[(END, "250 \u{202e}queued")]);
    let ended = send(&server, &["--trace"]);
    assert_eq!(ended.status.code(), Some(0));
    for line in [
        "<- 220 mx.example ready\n",
        "-> EHLO [127.0.0.1]\n",
        "-> MAIL FROM:<wang@example.org>\n",
        "-> .\n",
        "<- 250 \\u{202e}queued\n",
        "-> QUIT\n",
        "<- 221 bye\n",
    ] {
        assert!(ended.stderr.contains(line), "{line:?} in {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("5L2g5aW9"), "{}", ended.stderr);
}

/// As it travels: what the dry run writes, its dots stuffed.
#[test]
fn a_trace_with_content_shows_the_message() {
    let folder = tempfile::tempdir().unwrap();
    let message = "Subject: s\n\n.dot\n..two\n.\n\x1b[31m\nend\n";
    std::fs::write(folder.path().join("m.eml"), message).unwrap();
    std::fs::write(folder.path().join("password"), "geheim").unwrap();
    for chunking in [false, true] {
        let server = Server::saying(&[
            ("EHLO", "250-mx\r\n250-CHUNKING\r\n250 AUTH PLAIN"),
            ("AUTH", "235 ok"),
            ("BDAT", "250 ok"),
        ]);
        let to = format!("smtp://u@{}", server.address);
        let mut args = vec!["--server", &to, "--starttls", "never", "--insecure-auth", "-q"];
        args.extend(["--password-file", "password", "--from", "a@example.org"]);
        args.extend(["--to", "b@example.org", "--raw-eml", "m.eml", "--trace-content"]);
        args.extend(chunking.then_some("--chunking"));
        let ended = mail(folder.path(), &args);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        let lines = match chunking {
            false => {
                "-> Subject: s\n-> \n-> ..dot\n-> ...two\n-> ..\n-> \\u{1b}[31m\n-> end\n-> .\n"
            }
            true => "-> Subject: s\n-> \n-> .dot\n-> ..two\n-> .\n-> \\u{1b}[31m\n-> end\n",
        };
        assert!(ended.stderr.contains(lines), "{}", ended.stderr);
        assert!(ended.stderr.contains("-> AUTH PLAIN ***\n"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("Z2VoZWlt") && !ended.stderr.contains("geheim"));
    }
}

/// RFC 5321 §4.5.3.1.10: those for whom there was no room are told of in another transaction.
#[test]
fn a_server_that_takes_few_recipients_at_once_is_told_of_the_others_later() {
    let addresses: Vec<String> = (0..7).map(|n| format!("n{n}@example.net")).collect();
    let mut args = vec!["--json"];
    addresses.iter().for_each(|address| args.extend(["--bcc", address]));
    for (reply, room) in [("452 4.5.3 too many", 3), ("452 too many", 1), ("552 5.5.3 no", 4)] {
        let told_of = std::sync::Mutex::new(0);
        let server = Server::new(move |line| {
            let mut told_of = told_of.lock().unwrap();
            let verb = line.split(' ').next()?;
            *told_of = if verb == "RCPT" { *told_of + 1 } else { 0 };
            match line {
                "RCPT TO:<n2@example.net>" => Some("550 5.1.1 nobody".to_owned()),
                _ => (*told_of > room).then(|| reply.to_owned()),
            }
        });
        let ended = send(&server, &args);
        assert_fails(&ended, 3, "n2@example.net: 550 5.1.1 nobody");
        let told = json(&ended.stdout);
        assert_eq!(told["outcome"], "partial");
        assert_eq!(told["accepted"].as_array().unwrap().len(), 7, "{told}");
        assert_eq!(told["refused"].as_array().unwrap().len(), 1, "{told}");
        let heard = server.heard();
        assert_eq!(heard.messages.len(), 7_usize.div_ceil(room), "{reply}");
        assert_eq!(heard.lines.last().map(String::as_str), Some("QUIT"));
    }
}

/// A mailbox that is full is no reason to ask at once again, and who takes nobody is not asked
/// for ever.
#[test]
fn other_refusals_are_not_asked_about_twice() {
    for (reply, status) in [("452 4.2.2 full", 3), ("450 later", 3), ("552 5.2.2 full", 3)] {
        let script = move |line: &str| line.contains("n1@").then(|| reply.to_owned());
        let server = Server::new(script);
        let ended = send(&server, &["--bcc", "n1@example.net", "--bcc", "n2@example.net"]);
        assert_fails(&ended, status, "n1@example.net");
        assert_eq!((server.heard().those("MAIL").len(), server.heard().messages.len()), (1, 1));
    }
    let server = Server::saying(&[("RCPT", "452 4.5.3 too many")]);
    assert_fails(&send(&server, &["--bcc", "n1@example.net"]), 1, "452 4.5.3");
    assert_eq!(server.heard().those("MAIL").len(), 1);
    // One is always too many.
    let server = Server::saying(&[("RCPT TO:<n1", "452 4.5.3 too many")]);
    let ended = send(&server, &["--bcc", "n1@example.net", "--json"]);
    assert_fails(&ended, 3, "n1@example.net: 452");
    let heard = server.heard();
    assert_eq!((heard.those("MAIL").len(), heard.messages.len()), (2, 2));
    assert_eq!(heard.messages[1], b"", "a lone dot: the server says 354 though nobody is left");
    let args = ["--bcc", "n1@example.net", "--all-or-nothing"];
    let server = Server::saying(&[("RCPT TO:<n1", "452 4.5.3 too many")]);
    assert_fails(&send(&server, &args), 1, "n1@example.net: 452");
    assert_eq!((server.heard().those("MAIL").len(), server.heard().messages.len()), (1, 0));
}
