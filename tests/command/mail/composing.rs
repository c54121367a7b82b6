//! Messages as they are written without being sent, and arguments that make none.

use super::server::{MESSAGE, mail};
use crate::command::{assert_fails, names_in, report};
use crate::installed::has_program;
use crate::process::run;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

fn dry(folder: &Path, args: &[&str]) -> Vec<u8> {
    let ended = mail(folder, &[&["--dry-run"], args].concat());
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""), "{args:?}");
    ended.stdout
}

/// What Python's `email` makes of the message in `a.eml`.
fn understood(folder: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mime/parse.py");
    let ended = run(Command::new("python3").arg(script).arg(folder));
    assert!(ended.status.success(), "{}", ended.stderr);
    let text = String::from_utf8(ended.stdout).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

#[test]
fn python_reads_what_is_written() {
    if !has_program("python3", "--version", "python_reads_what_is_written") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hello.txt"), "你好\n").unwrap();
    std::fs::write(folder.path().join("data"), [0, 255, 13, 10]).unwrap();
    std::fs::write(folder.path().join("text"), "附件中有本月数据请查收\n").unwrap();
    let args = [
        "--from",
        "王大锤 <wang@example.org>",
        "--to",
        "骆昊 <luo@example.net>",
        "--cc",
        "\"Zhou, Jr.\" <jr@example.com>",
        "--bcc",
        "hidden@example.com",
        "--subject",
        "本月数据",
        "--text",
        "@text",
        "--html",
        "<p>本月数据</p>",
        "--attach",
        "hello.txt",
        "--attach",
        "data;type=application/vnd.ms-excel;name=汇总数据.xlsx",
        "--header",
        "X-Course: 网络编程",
        "--date",
        "2026-11-22T09:27:00+08:00",
        "--message-id",
        "<1@example.org>",
    ];
    let eml = tempfile::tempdir().unwrap();
    let out = eml.path().join("a.eml");
    let to = out.to_str().unwrap();
    let told = mail(folder.path(), &[&["--dry-run", "-o", to, "--json"], &args[..]].concat());
    let told = report(&told);
    assert_eq!(told["size"], std::fs::metadata(&out).unwrap().len());
    assert_eq!(told["durability"], "rename");
    assert_eq!(names_in(eml.path()), ["a.eml"]);
    let read = understood(eml.path());
    assert_eq!(read["from"], json!([["王大锤", "wang@example.org"]]));
    assert_eq!(read["to"], json!([["骆昊", "luo@example.net"]]));
    assert_eq!(read["cc"], json!([["Zhou, Jr.", "jr@example.com"]]));
    assert_eq!((&read["bcc"], &read["defects"]), (&json!([]), &json!([])));
    assert_eq!((&read["subject"], &read["id"]), (&json!("本月数据"), &json!("<1@example.org>")));
    assert_eq!(read["date"], 1_795_310_820);
    assert_eq!(read["texts"].as_array().unwrap().len(), 2);
    let files = read["files"].as_array().unwrap();
    let named: Vec<(&str, &str)> = files
        .iter()
        .map(|file| (file["name"].as_str().unwrap(), file["type"].as_str().unwrap()))
        .collect();
    assert_eq!(named, [("hello.txt", "text/plain"), ("汇总数据.xlsx", "application/vnd.ms-excel")]);
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.contains("filename*=UTF-8''") && !text.contains("name==?"), "{text}");
    let compat = dry(folder.path(), &[&args[..], &["--compat-name"]].concat());
    assert!(String::from_utf8(compat).unwrap().contains(" name=\"=?UTF-8?"));
}

/// What Python reads of a message with pictures, the types of its parts as they stand there, and
/// what stands on stderr.
fn with_pictures(html: &str, args: &[&str]) -> (Value, Vec<String>, String) {
    let (folder, eml) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in ["logo.png", "图 1.gif", "data"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let out = eml.path().join("a.eml");
    let how = ["--dry-run", "-o", out.to_str().unwrap(), "-q", "--html", html];
    let ended = mail(folder.path(), &[&how[..], &MESSAGE, args].concat());
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let text = std::fs::read_to_string(&out).unwrap();
    let types = text.lines().filter_map(|line| line.strip_prefix("Content-Type: "));
    let types = types.map(|value| value.split(';').next().unwrap().to_owned()).collect();
    (understood(eml.path()), types, ended.stderr)
}

fn strings<'a>(entries: &'a Value, member: &str) -> Vec<&'a str> {
    entries.as_array().unwrap().iter().map(|entry| entry[member].as_str().unwrap()).collect()
}

#[test]
fn pictures_stand_beside_the_html() {
    if !has_program("python3", "--version", "pictures_stand_beside_the_html") {
        return;
    }
    let html = "<p><img src=\"cid:logo.png@example.org\"><img src='cid:second%40here'>\
                <img src=cid:__1.gif@example.org></p>";
    let args = [
        "--inline",
        "logo.png",
        "--attach",
        "data",
        "--inline",
        "logo.png;type=image/x-icon;name=other.ico;cid=second@here",
        "--inline",
        "图 1.gif",
    ];
    let (read, shape, said) = with_pictures(html, &args);
    assert_eq!(said, "");
    assert_eq!(read["defects"], json!([]));
    assert_eq!(strings(&read["texts"], "type"), ["text/plain", "text/html"]);
    let files = &read["files"];
    assert_eq!(strings(files, "name"), ["logo.png", "other.ico", "图 1.gif", "data"]);
    let types = ["image/png", "image/x-icon", "image/gif", "application/octet-stream"];
    assert_eq!(strings(files, "type"), types);
    let kinds = ["inline", "inline", "inline", "attachment"];
    assert_eq!(strings(files, "disposition"), kinds);
    let ids: Vec<_> = files.as_array().unwrap().iter().map(|file| file["id"].clone()).collect();
    let expected = ["<logo.png@example.org>", "<second@here>", "<__1.gif@example.org>"];
    assert_eq!(ids[..3], expected);
    assert_eq!(ids[3], Value::Null);
    let outer = ["multipart/mixed", "multipart/related", "multipart/alternative", "text/plain"];
    assert_eq!(shape, [&outer[..], &["text/html"], &types].concat());
}

#[test]
fn a_picture_that_nobody_sees_is_worth_a_warning() {
    if !has_program("python3", "--version", "a_picture_that_nobody_sees_is_worth_a_warning") {
        return;
    }
    for (html, argument, url) in [
        ("<p>none</p>", "logo.png", "logo.png@example.org"),
        ("<img src=cid:logo.png>", "logo.png", "logo.png@example.org"),
        ("<img src=cid:logo.png@example.org>", "logo.png;cid=a@b", "a@b"),
        ("<img src=cid:a@bc>", "logo.png;cid=<a@b>", "a@b"),
        ("", "logo.png;cid=a%b@c", "a%25b@c"),
    ] {
        let (read, shape, said) = with_pictures(html, &["--inline", argument]);
        let what = format!("the HTML does not show it; write cid:{url} there");
        assert_eq!(said, format!("warning: logo.png: {what}\n"));
        assert_eq!(read["defects"], json!([]), "{argument}");
        assert_eq!(shape[0], "multipart/related");
    }
}

#[test]
fn what_makes_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.png"), "x").unwrap();
    std::fs::write(folder.path().join("a.eml"), "Subject: x\n\nx").unwrap();
    let html = ["--html", "<img src=cid:a.png@example.org>"];
    for (args, status, what) in [
        (&["--inline", "a.png"][..], 2, "--html"),
        (&["--html", "x", "--inline", "a.png;cid=a"], 2, "--inline cid="),
        (&["--html", "x", "--inline", "a.png;cid="], 2, "--inline cid="),
        (&["--html", "x", "--inline", "a.png;cid=a@b\r\nBcc: c@d"], 2, "--inline cid="),
        (&["--html", "x", "--inline", "a.png;name=../a"], 2, "--inline name="),
        (&["--html", "x", "--inline", "a.png;type=multipart/mixed"], 2, "--inline type="),
        (&[html[0], html[1], "--inline", "a.png", "--inline", "a.png"], 2, "Content-ID"),
        (&["--html", "x", "--inline", "missing.png"], 1, "missing.png"),
    ] {
        let ended = mail(folder.path(), &[&["--dry-run"], &MESSAGE[..], args].concat());
        let last = ended.stderr.lines().last().unwrap_or_default();
        assert_eq!(ended.status.code(), Some(status), "{args:?}: {last}");
        assert!(last.starts_with("error: ") && last.contains(what), "{args:?}: {last}");
        assert_eq!(ended.stdout, b"");
    }
    let raw = ["--dry-run", "--from", "a@b", "--to", "c@d", "--raw-eml", "a.eml"];
    let ended = mail(folder.path(), &[&raw[..], &["--inline", "a.png"]].concat());
    assert_fails(&ended, 2, "--inline");
}

#[test]
fn the_same_arguments_make_the_same_message() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), "x").unwrap();
    let args = [&MESSAGE[..], &["--attach", "a"]].concat();
    let first = dry(folder.path(), &args);
    assert_eq!(first, dry(folder.path(), &args));
    // Without these three, date, identifier and boundary come from outside.
    let free: Vec<&str> = [&MESSAGE[..8], &["--attach", "a"]].concat();
    let text = String::from_utf8(dry(folder.path(), &free)).unwrap();
    let id = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("Message-ID: <")).unwrap();
        line.to_owned()
    };
    assert!(id(&text).ends_with("@example.org>"), "{text}");
    assert_ne!(id(&text), id(&String::from_utf8(dry(folder.path(), &free)).unwrap()));
}

#[test]
fn places_for_a_message() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("there")).unwrap();
    std::fs::write(folder.path().join("old.eml"), "old").unwrap();
    let expected = dry(folder.path(), &MESSAGE);
    for (to, file) in [
        ("new.eml", "new.eml"),
        ("old.eml", "old.eml"),
        ("there", "there/message.eml"),
        ("there/", "there/message.eml"),
    ] {
        let ended = mail(folder.path(), &[&["--dry-run", "-o", to], &MESSAGE[..]].concat());
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(ended.stderr.starts_with(&format!("{file}: ")), "{}", ended.stderr);
        assert_eq!(std::fs::read(folder.path().join(file)).unwrap(), expected);
    }
    assert_eq!(names_in(folder.path()), ["new.eml", "old.eml", "there"]);
    // So does an error.
    std::fs::create_dir_all(folder.path().join("taken/message.eml")).unwrap();
    let ended = mail(folder.path(), &[&["--dry-run", "-o", "taken/"], &MESSAGE[..]].concat());
    assert_fails(
        &ended,
        1,
        "error: taken/message.eml: it is a directory; give another path with -o",
    );
    assert_eq!(dry(folder.path(), &[&["-o", "-"], &MESSAGE[..]].concat()), expected);
    assert_eq!(dry(folder.path(), &[&["-q", "-o", "/dev/null"], &MESSAGE[..]].concat()), b"");
}

#[test]
fn what_makes_no_message() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), "x").unwrap();
    let base = ["--from", "a@example.org", "--to", "b@example.net", "--subject", "s"];
    let long_type = format!("a;type=text/{}", "x".repeat(1000));
    for (args, what) in [
        (&["--to", "a b <"][..], "--to"),
        (&["--to", "a@b, c@d"], "--to"),
        (&["--cc", "b@example.net\r\nBcc: x@y"], "--cc"),
        (&["--header", "X: a\nBcc: b"], "--header"),
        (&["--header", "Subject: again"], "--header"),
        (&["--header", "no colon"], "--header"),
        (&["--attach", "a;name=../a"], "--attach"),
        (&["--attach", "a;name="], "--attach"),
        (&["--attach", "a;type=text"], "--attach"),
        (&["--attach", "a;type=message/rfc822"], "--attach"),
        (&["--text", "a", "--text", "b"], "--text"),
        (&["--text", "@-", "--html", "@-"], "stdin"),
        (&["--attach", &long_type], "--attach"),
        (&["--date", "tomorrow"], "--date"),
        (&["--date", "2026-11-22T09:27:00\u{e9}0:00"], "--date"),
        (&["--message-id", "no-at"], "--message-id"),
        (&["--envelope-from", "x"], "--envelope-from"),
        (&["--json"], "-o: "),
        (&["--raw-eml", "a"], "--raw-eml"),
        (&["--check"], "--check"),
        (&["--boundary-seed", "x"], "--boundary-seed"),
    ] {
        let ended = mail(folder.path(), &[&["--dry-run"], &base[..], args].concat());
        assert_fails(&ended, 2, what);
        assert_eq!(ended.stdout, b"");
    }
    // Its limit divides a character.
    std::fs::write(folder.path().join("long"), "\u{738b}".repeat(3 << 20)).unwrap();
    std::fs::write(folder.path().join("latin"), b"caf\xe9").unwrap();
    for (args, what) in [
        (&["--attach", "missing"][..], "missing"),
        (&["--attach", "."], "error: .: "),
        (&["--text", "@missing"], "missing"),
        (&["--text", "@."], "error: .: "),
        (&["--text", "@long"], "more than 8388608 bytes"),
        (&["--text", "@latin"], "not UTF-8"),
    ] {
        assert_fails(&mail(folder.path(), &[&["--dry-run"], &base[..], args].concat()), 1, what);
    }
    for (args, what) in [
        (&["--from", "a@example.org", "--subject", "s"][..], "--to"),
        (&["--to", "a@example.org", "--subject", "s"], "--from"),
        (&base[..4], "--subject"),
    ] {
        assert_fails(&mail(folder.path(), &[&["--dry-run"], args].concat()), 2, what);
    }
    assert_fails(&mail(folder.path(), &base), 2, "--server");
    for server in ["mx.example:25", "http://mx.example", "smtp://", "smtp://h:x"] {
        let ended = mail(folder.path(), &[&["--server", server], &base[..]].concat());
        assert_fails(&ended, 2, "--server");
    }
}

#[test]
fn a_long_attachment_takes_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let long = std::fs::File::create(folder.path().join("long")).unwrap();
    long.set_len(300 << 20).unwrap();
    // The limit of its data segment ends a process that holds the file, or its encoding.
    let args = ["--dry-run", "-o", "/dev/null", "-q", "--attach", "long"];
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -d 65536 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_wirewright")]);
    limited.arg("mail").args(args).args(MESSAGE).current_dir(folder.path());
    let ended = run(&mut limited);
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
}
