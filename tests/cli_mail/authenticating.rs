//! Logging in: never in clear by itself, never without it where it was asked for.

use crate::command::{assert_fails, report};
use crate::process::Ended;
use crate::server::{MESSAGE, Server, mail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PASSWORD: &str = "p\u{e4}ssw\u{f6}rd 147258";

/// Sends as `me@example.org`; no form of the password is ever said.
fn send(server: &Server, args: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    let to = format!("smtp://me@example.org@{}", server.address);
    let how = ["--server", &to, "--password-file", "password", "--starttls", "never"];
    let ended = mail(folder.path(), &[&how[..], &MESSAGE, args].concat());
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
    let plain = STANDARD.encode(format!("\0me@example.org\0{PASSWORD}"));
    for secret in [PASSWORD, &STANDARD.encode(PASSWORD), &plain] {
        assert!(!said.contains(secret), "{said}");
    }
    ended
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
    assert_fails(&send(&server, &[]), 1, "credentials do not travel in clear");
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
    for (offered, args) in
        [("SIZE", &[][..]), ("AUTH GSSAPI", &[]), ("AUTH PLAIN", &["--auth", "login"])]
    {
        let server = offering(offered);
        let ended = send(&server, &[&["--insecure-auth", "--quiet"], args].concat());
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("no-auth"), "{}", ended.stderr);
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
        assert_eq!(said.matches("what is").count(), 4, "{said}");
    }
    assert_eq!(server.heard().messages.len(), 0);
}
