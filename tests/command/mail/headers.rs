//! Fields of `--header`: which are taken, and which option the others have.

use super::server::{MESSAGE, mail};
use crate::command::assert_fails;

fn dry(args: &[&str]) -> crate::process::Ended {
    mail(&std::env::temp_dir(), &[&["--dry-run"], &MESSAGE[..], args].concat())
}

/// The message, which went well.
fn written(args: &[&str]) -> String {
    let ended = dry(args);
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""), "{args:?}");
    String::from_utf8(ended.stdout).unwrap()
}

#[test]
fn reply_to_is_the_option_of_that_name() {
    for (header, value) in [
        ("Reply-To: r@example.org", "r@example.org"),
        ("reply-to:r@example.org", "r@example.org"),
        ("REPLY-TO:   王 <r@example.org> ", "王 <r@example.org>"),
        ("Reply-To: \"A, B\" <r@example.org>", "\"A, B\" <r@example.org>"),
    ] {
        let by_header = written(&["--header", header]);
        assert_eq!(by_header, written(&["--reply-to", value]), "{header}");
        assert_eq!(by_header.matches("\r\nReply-To: ").count(), 1, "{by_header}");
    }
}

#[test]
fn answers_go_to_one_address() {
    let twice = "--header: Reply-To is there twice";
    let one = "Reply-To: a@b";
    for args in [
        &["--header", one, "--reply-to", "a@b"][..],
        &["--reply-to", "c@d", "--header", "reply-to: a@b"],
        &["--header", one, "--header", one],
    ] {
        assert_fails(&dry(args), 2, twice);
    }
    for header in ["Reply-To: a@b, c@d", "Reply-To:", "Reply-To: a b", "Reply-To: a@b\r\nBcc: c@d"]
    {
        assert_fails(&dry(&["--header", header]), 2, "--header Reply-To: ");
    }
    // What is shown of the value has no blank in front.
    assert_fails(&dry(&["--header", "Reply-To:  x"]), 2, "--header Reply-To: x: ");
    assert_fails(&dry(&["--header", "Reply-To : a@b"]), 2, "--header: a field name");
}

#[test]
fn fields_that_have_no_option_are_taken() {
    for header in [
        "Sender: s@example.org",
        "In-Reply-To: <1@example.org>",
        "References: <1@example.org> <2@example.org>",
        "List-Unsubscribe: <https://example.org/u>",
        "Comments: 王",
    ] {
        let name = header.split_once(' ').unwrap().0;
        assert!(written(&["--header", header]).contains(&format!("\r\n{name} ")), "{header}");
    }
}

/// RFC 5322 §3.6: each at most once.
#[test]
fn fields_that_stand_once() {
    for name in ["Sender", "in-reply-to", "References"] {
        let (first, second) = (format!("{name}: <1@b>"), format!("{}: <2@b>", name.to_uppercase()));
        let ended = dry(&["--header", &first, "--header", &second]);
        assert_fails(&ended, 2, "this field occurs at most once");
    }
    written(&["--header", "Comments: a", "--header", "Comments: b"]);
}

#[test]
fn what_is_refused_says_which_option_there_is() {
    for (header, advice) in [
        ("Subject: x", "Subject has an option; give --subject"),
        ("to: a@b", "To has an option; give --to"),
        ("Cc: a@b", "Cc has an option; give --cc"),
        ("BCC: a@b", "Bcc has an option; give --bcc"),
        ("From: a@b", "From has an option; give --from"),
        ("Date: now", "Date has an option; give --date"),
        ("Message-Id: <a@b>", "Message-ID has an option; give --message-id"),
        ("Return-Path: <a@b>", "Return-Path has an option; give --envelope-from"),
        ("Content-Type: text/html", "Content-Type is written by the command"),
        ("MIME-Version: 1.0", "MIME-Version is written by the command"),
        ("Received: x", "Received is written by servers"),
    ] {
        assert_fails(&dry(&["--header", header]), 2, advice);
    }
}
