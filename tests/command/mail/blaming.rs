//! Errors name what is at fault: the path here, or the server there.

use super::server::mail;
use crate::command::{assert_fails, names_in};
use crate::process::run;
use std::io::Write as _;
use std::net::TcpListener;

const HEAD: [&str; 6] = ["--from", "a@b.example", "--to", "c@d.example", "--subject", "s"];

/// A server that is never asked.
const NOWHERE: [&str; 2] = ["--server", "smtps://127.0.0.1:1"];

/// A folder in which `file` is a file, `below` a directory, and nothing else is.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    std::fs::create_dir_all(folder.path().join("below/message.eml")).unwrap();
    folder
}

#[test]
fn an_output_that_cannot_be_written_is_told_by_its_path() {
    let folder = folder();
    let long = "x".repeat(300);
    let too_long = format!("{long}: the file system does not allow that name; give another name");
    for (output, expected) in [
        ("no/x", "no/x: the directory no does not exist; create it first"),
        ("file/x", "file/x: file is not a directory; give another path with -o"),
        ("file/", "file/: file is not a directory; give another path with -o"),
        ("below", "below/message.eml: it is a directory; give"),
        ("/proc/x", "/proc/x: no file can be created there; give another path with -o"),
        ("/dev/full", "/dev/full: no space left; that device takes no more bytes; write to"),
        (&long, &too_long),
    ] {
        let args = [&HEAD[..], &["--text", "x", "--dry-run", "-o", output]].concat();
        assert_fails(&mail(folder.path(), &args), 1, &format!("error: {expected}"));
    }
    assert_eq!(names_in(folder.path()), ["below", "file"]);
}

#[test]
fn an_input_that_cannot_be_read_is_told_by_its_path() {
    let folder = folder();
    let (text, missing) = (["--text", "x"], "gone: no such file; check the path");
    let login = ["--server", "smtps://u@127.0.0.1:1", "--password-file", "gone"];
    for (server, args, expected) in [
        (&NOWHERE[..], &["--attach", "gone"][..], missing),
        (&NOWHERE, &["--attach", "below"], "below: it is not a regular file; give a regular file"),
        (&NOWHERE, &["--attach", "file/x"], "file/x: file is not a directory; check the path"),
        (&NOWHERE, &["--html", "@gone"], missing),
        (&NOWHERE, &["--cacert", "gone"], missing),
        (&NOWHERE, &["--cacert", "file"], "file: TLS: there is no certificate in it; give a file"),
        (&login, &[], missing),
    ] {
        let args = [server, &HEAD[..], &text, args].concat();
        assert_fails(&mail(folder.path(), &args), 1, &format!("error: {expected}"));
    }
    for argument in ["--raw-eml", "--text"] {
        let path = if argument == "--text" { "@gone" } else { "gone" };
        let head = if argument == "--text" { &HEAD[..] } else { &HEAD[..4] };
        let args = [&NOWHERE[..], head, &[argument, path]].concat();
        assert_fails(&mail(folder.path(), &args), 1, &format!("error: {missing}"));
    }
    // Nothing is no message; that is said before anybody is connected to.
    let args = [&NOWHERE[..], &HEAD[..4], &["--raw-eml", "file"]].concat();
    assert_fails(&mail(folder.path(), &args), 1, "error: file: it is empty; give a file that");
}

/// RFC 8446 §6: an alert is how a server that expects TLS answers to words in clear.
#[test]
fn a_server_of_tls_and_one_of_another_protocol() {
    let folder = folder();
    for (words, what, hint) in [
        (&b"\x15\x03\x01\0\x02\x02\x46"[..], "TLS: the peer speaks TLS on this port", "smtps://"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the peer speaks HTTP: ", "check the port"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("smtp://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut socket in listener.incoming().map_while(Result::ok) {
                // The client may go at any time.
                let _ = socket.write_all(words);
                let _ = std::io::copy(&mut socket, &mut std::io::sink());
            }
        });
        let args = [&["--server", &server], &HEAD[..], &["--text", "x"]].concat();
        let ended = mail(folder.path(), &args);
        assert_fails(&ended, 1, &format!("not sent: {what}"));
        assert_fails(&ended, 1, hint);
    }
}

/// What a dry run accepts the real run accepts.
#[test]
fn a_dry_run_checks_the_server_as_the_real_one_does() {
    let folder = folder();
    for server in ["localhost", "ftp://localhost", "smtp://", "smtp://localhost:99999"] {
        for mode in [&["--dry-run"][..], &[]] {
            let args = [&["--server", server], &HEAD[..], &["--text", "x"], mode].concat();
            let ended = mail(folder.path(), &args);
            assert_fails(&ended, 2, "error: --server: ");
            assert_eq!(ended.stdout, b"");
        }
    }
    let mut wirewright =
        crate::command::command(folder.path(), &[&["mail", "--dry-run"], &HEAD[..]].concat());
    let ended = run(wirewright.args(["--text", "x", "--server", "smtp://localhost"]));
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}
