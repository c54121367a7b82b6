//! Refusals at every stage, and what the reports say of them.

use super::server::{CLOSE, END, SILENT, Server, send};
use crate::command::{assert_fails, json};
use serde_json::{Value, json};

fn told(server: &Server, args: &[&str], status: i32) -> Value {
    let ended = send(server, &[args, &["--json"]].concat());
    assert_fails(&ended, status, "error: ");
    json(&ended.stdout)
}

fn of(address: &str, stage: &str, code: u16, text: &str, retryable: bool) -> Value {
    let enhanced = text.split(' ').next().filter(|word| word.contains('.'));
    json!({"address": address, "stage": stage, "code": code, "enhanced": enhanced, "text": text,
        "retryable": retryable})
}

#[test]
fn each_stage_has_its_name() {
    let luo = "luo@example.net";
    let cases: [(&[_], Value, Value); 6] = [
        (
            &[("MAIL", "550 5.7.1 not you")],
            json!([of(luo, "mail", 550, "5.7.1 not you", false)]),
            json!({"code": 550, "enhanced": "5.7.1", "text": "5.7.1 not you"}),
        ),
        (
            &[("RCPT", "450 4.2.0 greylisted")],
            json!([of(luo, "rcpt", 450, "4.2.0 greylisted", true)]),
            Value::Null,
        ),
        (
            &[("DATA", "451 busy")],
            json!([of(luo, "data", 451, "busy", true)]),
            json!({"code": 451, "enhanced": null, "text": "busy"}),
        ),
        (
            &[(END, "552 5.3.4 too big")],
            json!([of(luo, "message", 552, "5.3.4 too big", false)]),
            json!({"code": 552, "enhanced": "5.3.4", "text": "5.3.4 too big"}),
        ),
        (
            &[("greeting", "554 5.3.2 no mail here")],
            json!([of(luo, "session", 554, "5.3.2 no mail here", false)]),
            json!({"code": 554, "enhanced": "5.3.2", "text": "5.3.2 no mail here"}),
        ),
        (
            &[("EHLO", "421 busy"), ("HELO", "421 busy")],
            json!([of(luo, "session", 421, "busy", true)]),
            json!({"code": 421, "enhanced": null, "text": "busy"}),
        ),
    ];
    for (said, refused, reply) in cases {
        let said: Vec<(String, String)> = said
            .iter()
            .map(|(verb, reply): &(&str, &str)| ((*verb).to_owned(), (*reply).to_owned()))
            .collect();
        let server = Server::new(move |line| {
            let known = said.iter().find(|(verb, _)| line.starts_with(verb));
            known.map(|(_, reply)| reply.clone())
        });
        let told = told(&server, &[], 1);
        assert_eq!((&told["outcome"], &told["accepted"]), (&json!("refused"), &json!([])));
        assert_eq!((&told["refused"], &told["reply"]), (&refused, &reply));
    }
}

#[test]
fn one_refused_recipient_does_not_stop_the_others() {
    let said: &[_] = &[("RCPT TO:<luo", "550 5.1.1 no \u{202e}such user")];
    let server = Server::saying(said);
    let told = told(&server, &["--cc", "c@example.net"], 3);
    assert_eq!(
        (&told["outcome"], &told["accepted"]),
        (&json!("partial"), &json!(["c@example.net"]))
    );
    assert_eq!(told["refused"][0]["code"], 550);
    assert_eq!(told["reply"]["code"], 250);
    assert_eq!(server.heard().messages.len(), 1);
    let ended = send(&Server::saying(said), &["--cc", "c@example.net"]);
    assert_fails(&ended, 3, "luo@example.net: 550 5.1.1 no \\u{202e}such user");
}

/// Who is advised to send it again can succeed, and does not send it twice to anybody.
#[test]
fn a_part_of_the_recipients_is_advised_by_what_was_refused() {
    let (later, ascii) = ("send it again later", "use an address that is ASCII");
    let never: &[_] = &[("RCPT TO:<c@", "550 no")];
    let mixed: &[_] = &[("RCPT TO:<c@", "450 busy"), ("RCPT TO:<d@", "550 no")];
    for (said, more, hint) in [
        (&[][..], &["jö@example.org"][..], ascii.to_owned()),
        (never, &["c@x.example"], "c@x.example: 550 no".to_owned()),
        (never, &["c@x.example", "jö@x.example"], ascii.to_owned()),
        (&[("RCPT TO:<c@", "450 busy")], &["c@x.example"], format!("{later} to c@x.example alone")),
        (mixed, &["c@x.example", "d@x.example"], format!("{later} to c@x.example alone")),
        (
            mixed,
            &["c@x.example", "c@y.example", "jö@x.example", "c@z.example", "c@v.example"],
            format!("{later} to c@x.example, c@y.example, c@z.example and 1 more alone; {ascii}"),
        ),
    ] {
        let mut args = Vec::new();
        more.iter().for_each(|address| args.extend(["--cc", address]));
        let ended = send(&Server::saying(said), &args);
        assert_fails(&ended, 3, &format!("{hint}\n"));
        assert!(!ended.stderr.contains("no-smtputf8"), "{}", ended.stderr);
    }
}

/// A code of our own is for programs: people read what it means.
#[test]
fn a_code_of_our_own_does_not_lead_the_words() {
    let size: &[_] = &[("EHLO", "250-mx.example\r\n250 SIZE 100")];
    let ended = send(&Server::saying(size), &["--json"]);
    assert_fails(&ended, 1, "not sent: the message has ");
    assert_eq!(json(&ended.stdout)["error"]["code"], "size");
    let to = format!("smtp://{}", Server::polite().address);
    let message = [&["--server", &to], &super::server::MESSAGE[..]].concat();
    for (args, what) in [
        (&message[..], ": not sent: TLS is required"),
        (
            &["--server", &to, "--check"],
            ": TLS is required, and the server does not offer STARTTLS; try smtps://",
        ),
    ] {
        assert_fails(&super::server::mail(&std::env::temp_dir(), args), 1, what);
    }
    // That of a server is its own.
    let ended = send(&Server::saying(&[("greeting", "554 no mail here")]), &[]);
    assert_fails(&ended, 1, "554: no mail here");
}

#[test]
fn all_or_nothing() {
    let server = Server::saying(&[("RCPT TO:<c@", "550 no")]);
    let told = told(&server, &["--cc", "c@example.net", "--all-or-nothing"], 1);
    assert_eq!((&told["outcome"], &told["accepted"]), (&json!("refused"), &json!([])));
    assert_eq!(told["refused"], json!([of("c@example.net", "rcpt", 550, "no", false)]));
    let heard = server.heard();
    assert_eq!((heard.messages.len(), heard.those("DATA").len()), (0, 0));
}

/// One refusal decides: another try is advised only where all that were refused may be taken later.
#[test]
fn all_or_nothing_is_tried_again_only_where_that_may_help() {
    let again = "; try again later";
    for (said, is_advised) in [
        (&[("RCPT TO:<luo", "550 no")][..], false),
        (&[("RCPT TO:<c@", "550 no")], false),
        (&[("RCPT", "550 no")], false),
        (&[("RCPT TO:<luo", "450 busy"), ("RCPT", "550 no")], false),
        (&[("EHLO", "250 mx without pipelining"), ("RCPT", "550 no")], false),
        (&[("RCPT TO:<luo", "450 busy")], true),
        (&[("RCPT", "450 busy")], true),
    ] {
        let ended = send(&Server::saying(said), &["--cc", "c@example.net", "--all-or-nothing"]);
        assert_fails(&ended, 1, "not sent: refused ");
        assert_eq!(ended.stderr.contains(again), is_advised, "{said:?} {}", ended.stderr);
    }
}

/// 421 says that the service closes, whatever the command was: RFC 5321 §3.8.
#[test]
fn a_421_refuses_neither_the_sender_nor_the_message() {
    for verb in ["MAIL", "DATA", END] {
        let server = Server::new(move |line| line.starts_with(verb).then(|| "421 bye".to_owned()));
        let ended = send(&server, &[]);
        let what = "not sent: the server closes the connection: 421 bye; try again later";
        assert_fails(&ended, 1, what);
    }
    let ended = send(&Server::saying(&[("MAIL", "451 no")]), &[]);
    assert_fails(&ended, 1, "the sender is refused: 451 no; try again later");
}

#[test]
fn the_option_that_forbids_tls_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "x").unwrap();
    let server = format!("smtp://me@{}", Server::polite().address);
    let args = ["--server", &server, "--password-file", "password"];
    for (starttls, hint) in [
        ("never", "leave out --starttls never, or allow it with --insecure-auth"),
        ("opportunistic", "see that the server offers STARTTLS, or allow it with"),
    ] {
        let all = [&args[..], &["--starttls", starttls], &super::server::MESSAGE].concat();
        assert_fails(&super::server::mail(folder.path(), &all), 1, hint);
    }
}

#[test]
fn a_server_that_says_354_though_nobody_is_left_gets_an_empty_message() {
    let server = Server::saying(&[("RCPT", "550 no"), (END, "554 no recipients")]);
    let told = told(&server, &[], 1);
    assert_eq!(told["refused"][0]["stage"], "rcpt");
    assert_eq!(server.heard().messages, [b""]);
}

#[test]
fn a_limit_of_size_is_told_with_its_numbers() {
    let server = Server::saying(&[("EHLO", "250-mx.example\r\n250 SIZE 100")]);
    let ended = send(&server, &[]);
    assert_fails(&ended, 1, "the server accepts at most 100");
    assert_eq!(server.heard().lines, ["EHLO [127.0.0.1]", "QUIT"]);
}

#[test]
fn tls_is_required_unless_it_is_said_otherwise() {
    let server = Server::polite();
    let to = format!("smtp://{}", server.address);
    let folder = std::env::temp_dir();
    let args = [&["--server", &to], &super::server::MESSAGE[..]].concat();
    let ended = super::server::mail(&folder, &args);
    assert_fails(&ended, 1, "--starttls opportunistic or never");
    assert_eq!(server.heard().lines, ["EHLO [127.0.0.1]", "QUIT"]);
    let ended =
        super::server::mail(&folder, &[&args[..], &["--starttls", "opportunistic"]].concat());
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(server.heard().messages.len(), 1);
}

#[test]
fn what_stands_in_clear_behind_starttls_is_a_failure() {
    let server = Server::saying(&[
        ("EHLO", "250-mx.example\r\n250 STARTTLS"),
        ("STARTTLS", "220 go\r\n250 injected"),
    ]);
    for when in ["required", "opportunistic"] {
        let to = format!("smtp://{}", server.address);
        let how = ["--server", &to, "--starttls", when];
        let args = [&how[..], &super::server::MESSAGE].concat();
        let ended = super::server::mail(&std::env::temp_dir(), &args);
        assert_fails(&ended, 1, "RFC 3207");
    }
    assert_eq!(server.heard().those("MAIL"), [""; 0]);
}

#[test]
fn the_wrong_kind_of_tls_is_explained() {
    let server = Server::polite();
    let to = format!("smtps://{}", server.address);
    let args = [&["--server", &to], &super::server::MESSAGE[..]].concat();
    let ended = super::server::mail(&std::env::temp_dir(), &args);
    assert_fails(&ended, 1, "give smtp:// for STARTTLS");
}

/// A server of TLS waits for us, as we wait for it.
#[test]
fn a_server_that_does_not_greet_may_speak_tls() {
    for (reply, args) in [(CLOSE, &[][..]), (SILENT, &["--timeout", "1"])] {
        let server = Server::new(move |line| (line == "greeting").then(|| reply.to_owned()));
        let ended = send(&server, args);
        assert_fails(&ended, 1, "give smtps:// in --server");
    }
    let server = Server::new(|line| line.starts_with("EHLO").then(|| SILENT.to_owned()));
    let ended = send(&server, &["--timeout", "1"]);
    assert_fails(&ended, 1, "--timeout");
    assert!(!ended.stderr.contains("smtps://"), "{}", ended.stderr);
}
