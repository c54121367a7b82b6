//! Logging in: never in clear by itself, never without it where it was asked for.

use super::server::{MESSAGE, Server, mail};
use crate::command::{assert_fails, report};
use crate::process::Ended;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PASSWORD: &str = "p\u{e4}ssw\u{f6}rd 147258";

/// Sends as `me@example.org`; nothing secret is ever said, in any form.
fn send(server: &Server, args: &[&str]) -> Ended {
    send_with(server, PASSWORD, args)
}

fn send_with(server: &Server, password: &str, args: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), format!("{password}\n")).unwrap();
    let to = format!("smtp://me@example.org@{}", server.address);
    let how = ["--server", &to, "--password-file", "password", "--starttls", "never"];
    let what = if args.contains(&"--check") { &[][..] } else { &MESSAGE };
    let ended = mail(folder.path(), &[&how[..], what, args].concat());
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
    for secret in secrets(password, &server.heard().lines) {
        assert!(!said.contains(&secret), "{secret:?} in {said}");
    }
    ended
}

/// The server is one of SMTP, so the port is right; its reply is shown.
#[test]
fn a_wrong_reply_to_auth_is_shown() {
    let said = &[("EHLO", "250-mx.example\r\n250 AUTH PLAIN"), ("AUTH", "250 2.0.0 fine \u{202e}")];
    let ended = send(&Server::saying(said), &["--insecure-auth"]);
    let expected = "must be 235, 334, 4yz or 5yz, and it is 250 2.0.0 fine \\u{202e}";
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    assert!(!ended.stderr.contains("listens on this port"), "{}", ended.stderr);
}

/// The password, its forms, and all that the client has said while it logged in, as it was said and
/// as it is meant.
fn secrets(password: &str, lines: &[String]) -> Vec<String> {
    let mut all = vec![password.to_owned(), STANDARD.encode(password)];
    all.push(STANDARD.encode(format!("\0me@example.org\0{password}")));
    let is_login = |line: &&String| !VERBS.contains(&line.split(' ').next().unwrap());
    for line in lines.iter().filter(is_login) {
        let said = match line.strip_prefix("AUTH ") {
            Some(rest) => rest.split_once(' ').map_or("", |(_, initial)| initial),
            None => line,
        };
        // The name is none: it stands in argv.
        let meant = STANDARD.decode(said).unwrap_or_default();
        if said.len() > 1 && meant != b"me@example.org" {
            all.push(said.to_owned());
            all.push(String::from_utf8(meant.clone()).unwrap());
            // A proof, without what stands before it.
            let proof = meant.rsplit(|byte| b" =,".contains(byte)).find(|part| part.len() > 8);
            all.extend(proof.map(|proof| String::from_utf8(proof.to_vec()).unwrap()));
        }
    }
    all.retain(|secret| !secret.is_empty());
    all
}

/// What is no part of a login.
const VERBS: [&str; 6] = ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"];

/// Whoever looks is told how, and nothing of what: for each mechanism, accepted and refused, with
/// the trace and with the document, when sending and when only visiting.
#[test]
fn nothing_secret_is_said() {
    for (name, how, is_scram) in [
        ("PLAIN", "plain", false),
        ("LOGIN", "login", false),
        ("CRAM-MD5", "cram-md5", false),
        ("SCRAM-SHA-256", "scram-sha-256", true),
        ("XOAUTH2", "xoauth2", false),
    ] {
        for is_welcome in [true, false] {
            // Its proof would have to be a true one.
            let is_welcome = is_welcome && !is_scram;
            for args in [&["--trace"][..], &["--trace", "--json"], &["--check", "--trace"], &["-q"]]
            {
                let server = logging_in(name, is_welcome);
                let more = [&["--insecure-auth", "--auth", how], args].concat();
                let ended = send_with(&server, "secret-147258 token", &more);
                let status = if is_welcome { 0 } else { 1 };
                assert_eq!(ended.status.code(), Some(status), "{name}: {}", ended.stderr);
                let heard = server.heard();
                assert!(heard.lines[1].starts_with(&format!("AUTH {name}")), "{:?}", heard.lines);
                // There was something to be kept.
                let password = STANDARD.encode("secret-147258 token");
                let said = secrets("", &heard.lines);
                assert!(said.len() >= 2, "{said:?}");
                assert_eq!(name == "LOGIN", heard.lines.contains(&password), "{:?}", heard.lines);
                if args.contains(&"--trace") {
                    let line = format!("-> AUTH {name}");
                    assert!(ended.stderr.contains(&line), "{}", ended.stderr);
                    assert!(ended.stderr.contains("***"), "{}", ended.stderr);
                }
            }
        }
    }
}

/// A server that asks what there is to ask, and then welcomes or refuses.
fn logging_in(name: &'static str, is_welcome: bool) -> Server {
    let end = if is_welcome { "235 2.7.0 welcome" } else { "535 5.7.8 no" };
    Server::new(move |line| {
        let reply = match line.split(' ').next()? {
            "EHLO" => return Some(format!("250-mx.example\r\n250 AUTH {name}")),
            "AUTH" => match line.split(' ').nth(1)? {
                "LOGIN" => "334 VXNlcm5hbWU6",
                "CRAM-MD5" => "334 PDFAbXguZXhhbXBsZT4=",
                "SCRAM-SHA-256" => return Some(challenge(line)),
                _ => end,
            },
            "bWVAZXhhbXBsZS5vcmc=" => "334 UGFzc3dvcmQ6",
            "greeting" | "<end>" => return None,
            verb if VERBS.contains(&verb) => return None,
            _ => end,
        };
        Some(reply.to_owned())
    })
}

/// What a server says to the first line of SCRAM: RFC 5802 §7.
fn challenge(line: &str) -> String {
    let first = STANDARD.decode(line.rsplit(' ').next().unwrap()).unwrap();
    let first = String::from_utf8(first).unwrap();
    let nonce = first.rsplit_once("r=").unwrap().1;
    let asked = format!("r={nonce}more,s={},i=4096", STANDARD.encode("salt"));
    format!("334 {}", STANDARD.encode(asked))
}

fn offering(mechanisms: &'static str) -> Server {
    Server::new(move |line| match line.split(' ').next()? {
        "EHLO" => Some(format!("250-mx.example\r\n250 {mechanisms}")),
        "AUTH" if line.starts_with("AUTH PLAIN ") => Some("235 2.7.0 welcome".to_owned()),
        "AUTH" if line == "AUTH LOGIN" => Some("334 VXNlcm5hbWU6".to_owned()),
        "AUTH" if line == "AUTH CRAM-MD5" => Some("334 PDFAbXguZXhhbXBsZT4=".to_owned()),
        // The name of LOGIN, and then its password or the digest of CRAM-MD5.
        "bWVAZXhhbXBsZS5vcmc=" => Some("334 UGFzc3dvcmQ6".to_owned()),
        "MAIL" | "RCPT" | "DATA" | "QUIT" | "greeting" | "<end>" => None,
        _ => Some("235 2.7.0 welcome".to_owned()),
    })
}

#[test]
fn never_in_clear_by_itself() {
    let server = offering("AUTH PLAIN LOGIN");
    assert_fails(&send(&server, &[]), 1, "credentials are not sent in clear");
    assert_eq!(server.heard().lines, ["EHLO [127.0.0.1]", "QUIT"]);
}

#[test]
fn in_clear_where_it_is_said() {
    let plain = STANDARD.encode(format!("\0me@example.org\0{PASSWORD}"));
    for (offered, args, lines) in [
        ("AUTH LOGIN PLAIN", &[][..], vec![format!("AUTH PLAIN {plain}")]),
        (
            "AUTH=LOGIN",
            &["--auth", "login"],
            vec![
                "AUTH LOGIN".to_owned(),
                "bWVAZXhhbXBsZS5vcmc=".to_owned(),
                STANDARD.encode(PASSWORD),
            ],
        ),
    ] {
        let server = offering(offered);
        let ended = send(&server, &[&["--insecure-auth", "--trace"], args].concat());
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(ended.stderr.starts_with("warning: --insecure-auth"), "{}", ended.stderr);
        let heard = server.heard();
        assert_eq!(heard.lines[1..=lines.len()], lines);
        assert_eq!(heard.messages.len(), 1);
    }
    let server = offering("AUTH CRAM-MD5 PLAIN");
    let ended = send(&server, &["--insecure-auth", "--auth", "cram-md5"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(server.heard().those("AUTH"), ["AUTH CRAM-MD5"]);
}

#[test]
fn never_without_it() {
    let none = "no supported authentication mechanism (offered: GSSAPI)\n";
    let login = "LOGIN cannot be used (offered: PLAIN); leave out --auth";
    for (offered, args, what) in [
        ("SIZE", &[][..], "not sent: the server offers no AUTH; "),
        ("AUTH GSSAPI", &[], none),
        ("AUTH PLAIN", &["--auth", "login"], login),
    ] {
        let server = offering(offered);
        let ended = send(&server, &[&["--insecure-auth", "--quiet"], args].concat());
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains(what), "{}", ended.stderr);
        assert_eq!(server.heard().lines, ["EHLO [127.0.0.1]", "QUIT"]);
    }
    let server = Server::new(|line| match line.split(' ').next()? {
        "EHLO" => Some("250-mx.example\r\n250 AUTH PLAIN".to_owned()),
        "AUTH" => Some("535 5.7.8 wrong".to_owned()),
        _ => None,
    });
    let ended = send(&server, &["--insecure-auth"]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("5.7.8 wrong"), "{}", ended.stderr);
    assert_eq!(server.heard().messages.len(), 0);
}

#[test]
fn a_name_and_a_password_belong_together() {
    let server = Server::polite();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "x").unwrap();
    let (named, nameless) =
        (format!("smtp://me@{}", server.address), format!("smtp://{}", server.address));
    for how in [
        &["--server", &named][..],
        &["--server", &nameless, "--password-file", "password"],
        &["--server", &nameless, "--auth", "plain"],
        &["--server", "smtp://me:secret@127.0.0.1:1", "--password-file", "password"],
    ] {
        assert_fails(&mail(folder.path(), &[how, &MESSAGE].concat()), 2, "USER@");
    }
    assert_eq!(server.heard().lines, [""; 0]);
    let how = ["--server", &nameless, "--starttls", "never", "--json"];
    report(&mail(folder.path(), &[&how[..], &MESSAGE].concat()));
}

/// Servers quote what they do not understand, whole or cut short.
#[test]
fn what_a_server_repeats_is_not_shown() {
    let server = Server::new(|line| match line.split(' ').next()? {
        "EHLO" => Some("250-mx.example\r\n250 AUTH PLAIN LOGIN".to_owned()),
        "AUTH" if line == "AUTH LOGIN" => Some("334 VXNlcm5hbWU6".to_owned()),
        "bWVAZXhhbXBsZS5vcmc=" => Some("334 UGFzc3dvcmQ6".to_owned()),
        "MAIL" | "QUIT" | "greeting" => None,
        _ => Some(format!(
            "500-5.5.1 what is {line}?\r\n500 5.5.1 {} {PASSWORD}",
            &line[..line.len() - 9]
        )),
    });
    for how in ["plain", "login"] {
        let args = ["--insecure-auth", "--trace", "--json", "--auth", how];
        let ended = send(&server, &args);
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
        for part in ["cMOkc3N3", "YXNzd8O2cmQ", "ssw\u{f6}rd", "147258"] {
            assert!(!said.contains(part), "{part} in {said}");
        }
        assert_eq!(said.matches("what is").count(), 6, "{said}");
    }
    assert_eq!(server.heard().messages.len(), 0);
}

/// Some mechanisms never send the password. A server that knows it may still repeat it, in any
/// reply, and no part of the output shows it.
#[test]
fn a_password_that_was_never_sent_is_not_shown_either() {
    for (name, how) in [("CRAM-MD5", "cram-md5"), ("SCRAM-SHA-256", "scram-sha-256")] {
        for end in ["535 5.7.8 wrong, want Hunter2Secret", "235 ok SHVudGVyMlNlY3JldA=="] {
            let server = Server::new(move |line| match line.split(' ').next()? {
                "greeting" => Some("220 mx.example knows Hunter2Secret".to_owned()),
                "EHLO" => Some(format!("250-mx.example\r\n250 AUTH {name}")),
                "AUTH" if name == "CRAM-MD5" => Some("334 PDFAbXguZXhhbXBsZT4=".to_owned()),
                "AUTH" => Some(challenge(line)),
                verb if VERBS.contains(&verb) || verb == "<end>" => None,
                _ => Some(end.to_owned()),
            });
            let args = ["--insecure-auth", "--trace", "--json", "--auth", how];
            let ended = send_with(&server, "Hunter2Secret", &args);
            assert!(ended.stderr.contains("<- 220 mx.example knows ***"), "{}", ended.stderr);
            let masked = end.replace("Hunter2Secret", "***").replace("SHVudGVyMlNlY3JldA==", "***");
            assert!(ended.stderr.contains(&format!("<- {masked}\n")), "{}", ended.stderr);
        }
    }
}
