//! Errors name what is at fault: the path here, or the URL there.

use super::server::{Reply, Server, go, run_in, wirewright};
use crate::command::assert_fails;
use crate::process::run;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

/// A folder in which `file` is a file, `below/x` a directory, and nothing else is.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    std::fs::create_dir_all(folder.path().join("below/x")).unwrap();
    folder
}

#[test]
fn an_output_that_cannot_be_written_is_told_by_its_path() {
    let server = Server::new(|_| Reply::ok("content"));
    let (folder, url) = (folder(), server.at("/x"));
    let long = "x".repeat(300);
    for (output, expected) in [
        ("no/x", "no/x: the directory no does not exist; create it first"),
        ("no/sub/x", "no/sub/x: the directory no does not exist; create it first"),
        ("file/x", "file/x: file is not a directory; give another path with -o"),
        ("file/", "file/: file is not a directory; give another path with -o"),
        ("below", "below/x: it is a directory; give"),
        ("/proc/x", "/proc/x: no file can be created there; give another path with -o"),
        ("/dev/full", "/dev/full: no space left; that device takes no more bytes; write to"),
        (&long, "the file system does not allow that name; give another name with -o"),
    ] {
        let ended = run_in(folder.path(), &["http", &url, "-o", output]);
        assert_fails(&ended, 1, expected);
        assert!(ended.stderr.starts_with(&format!("error: {}", &expected[..2])) || output == long);
        assert!(!ended.stderr.contains(&url), "{}", ended.stderr);
    }
}

#[test]
fn a_directory_of_downloads_that_cannot_be_written_is_told_by_its_path() {
    let server = Server::new(|_| Reply::ok("content"));
    let (folder, url) = (folder(), server.at("/x"));
    for (output, expected) in [
        ("file", "error: file: it is not a directory; give a directory with -o, or"),
        ("file/y", "error: file/y: file is not a directory; give another path with -o"),
        ("/proc/y", "error: /proc/y: no file can be created there; give another path with -o"),
        ("below", "error: below/x: it is a directory"),
    ] {
        let args = ["download", &url, "-o", output, "--quiet"];
        let ended = run_in(folder.path(), &args);
        assert_fails(&ended, 1, expected);
        assert!(!ended.stderr.contains(&url), "{}", ended.stderr);
    }
}

/// A limit of the process, which is reached on every file system and by every user.
#[test]
fn a_file_that_may_not_be_so_long_is_told_by_its_path() {
    let server = Server::new(|_| Reply::ok(vec![b'x'; 100_000]));
    let (folder, url) = (tempfile::tempdir().unwrap(), server.at("/x"));
    for (args, path) in
        [(&["http", &url, "-o", "copy"][..], "copy"), (&["download", "--quiet", &url], "x")]
    {
        let wirewright = wirewright(folder.path(), args);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -f 8; exec \"$@\"", "sh"]).arg(wirewright.get_program());
        command.args(wirewright.get_args()).current_dir(folder.path());
        let ended = run(&mut command);
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        let line = ended.stderr.lines().last().unwrap();
        let end = format!(
            "{path}: longer than the limit of 4096 bytes for a file (RLIMIT_FSIZE); \
                           raise the limit with ulimit -f, or use another file system"
        );
        assert!(line.starts_with("error: ") && line.ends_with(&end), "{line}");
    }
}

#[test]
fn an_input_that_cannot_be_read_is_told_by_its_path() {
    let server = Server::new(|_| panic!("nothing is asked for"));
    let (folder, url) = (folder(), server.url.clone());
    let cacert = |path| vec!["http", "https://127.0.0.1:1/", "--cacert", path];
    let sms = vec![
        "sms",
        "--gateway",
        &url,
        "--account",
        "a",
        "--mobile",
        "1",
        "--content",
        "x",
        "--password-file",
        "gone",
    ];
    for (args, expected) in [
        (cacert("gone"), "error: gone: no such file; check the path"),
        (cacert("below"), "error: below: it is a directory"),
        (cacert("file"), "error: file: TLS: there is no certificate in it; give a file of"),
        (vec!["http", &url, "-d", "@gone"], "error: gone: no such file; check the path"),
        (vec!["http", &url, "-d", "@file/x"], "error: file/x: file is not a directory; check the"),
        (vec!["http", &url, "--json-body", "@gone"], "error: gone: no such file; check the path"),
        (vec!["http", &url, "--user", "u", "--password-file", "gone"], "error: gone: no such file"),
        (sms, "error: gone: no such file; check the path"),
    ] {
        let ended = run_in(folder.path(), &args);
        assert_fails(&ended, 1, expected);
    }
    assert_eq!(server.accepted(), 0);
}

/// A server that says something to whoever connects, whatever is asked, and then ends.
fn says(words: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            // The client may go at any time.
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(words);
            let _ = socket.shutdown(std::net::Shutdown::Write);
            let _ = std::io::copy(&mut socket, &mut std::io::sink());
        }
    });
    address
}

#[test]
fn a_port_of_another_protocol() {
    let plain = says(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let tls = says(b"\x15\x03\x01\0\x02\x02\x46");
    let (classic, framed) = (says(b"{\"filename\":\"a\","), says(b"\0\0\0\x40{\"type\":\"error\""));
    let mail = says(b"220 mx.example ESMTP\r\n");
    let (no_tls, is_tls) = ("does not speak TLS on this port; ", "speaks TLS on this port; ");
    for (url, what, hint) in [
        (format!("https://{plain}/"), no_tls, "check the port, or give http://"),
        (format!("http://{tls}/"), is_tls, "give https://"),
        (format!("http://{classic}/"), "speaks the classic file", "; use wirewright get --classic"),
        (format!("http://{framed}/"), "speaks the framed file", "; use wirewright get"),
        (format!("http://{mail}/"), "speaks SMTP", "; use wirewright mail, or check the port"),
    ] {
        let there = format!("error: {url}: ");
        for args in
            [&["http", &url][..], &["download", "--quiet", &url], &["http", "-d", "x", &url]]
        {
            let ended = go(args);
            // Whether such a server has taken what was posted is not known, but for those of TLS.
            let is_unknown = args.len() > 3 && !what.contains("TLS");
            let status = if is_unknown { 4 } else { 1 };
            assert_fails(&ended, status, &there);
            assert_fails(&ended, status, what);
            assert_fails(&ended, status, if is_unknown { "ask the server before" } else { hint });
        }
    }
}

/// What the command line has given is not advised, and what is advised fits the status.
#[test]
fn an_advice_fits_what_was_asked() {
    let server = Server::new(|request| {
        Reply::new(&format!("{} Words", request.target().trim_start_matches('/')), "")
    });
    let folder = folder();
    std::fs::write(folder.path().join("password"), "secret").unwrap();
    let user = ["--user", "u", "--password-file", "password"];
    let field = ["-H", "authorization: Bearer x"];
    let post = ["-d", "x"];
    let checked = "; check the credentials";
    let followed = "; check the credentials; after a redirect only the first origin receives them";
    let user_and_follow = [&user[..], &["-L"]].concat();
    for (path, args, expected) in [
        ("/401", &[][..], "; give --user and --password-file, or a field with -H"),
        ("/401", &user, checked),
        ("/401", &field, checked),
        ("/401", &user_and_follow, followed),
        ("/403", &[], "answered 403 Words\n"),
        ("/403", &field, "answered 403 Words\n"),
        ("/421", &[], "; check the host in the URL, or the Host that -H gives"),
        ("/418", &[], "; leave out --fail to see what the server says"),
        ("/503", &[], "; try again later"),
        ("/501", &[], "; the server does not take that METHOD for that URL"),
        ("/505", &[], "; the server does not take HTTP/1.1, which"),
        ("/502", &post, "; ask the server before you send it again"),
    ] {
        let url = server.at(path);
        let args = [&["http", "--fail", &url], args].concat();
        assert_fails(&run_in(folder.path(), &args), 1, expected);
    }
}

/// What a gateway did not read was not sent.
#[test]
fn a_gateway_of_tls_has_read_nothing() {
    let folder = folder();
    std::fs::write(folder.path().join("password"), "secret").unwrap();
    let url = format!("http://{}/", says(b"\x15\x03\x01\0\x02\x02\x46"));
    let ended = run_in(
        Path::new(folder.path()),
        &[
            "sms",
            "--gateway",
            &url,
            "--account",
            "a",
            "--mobile",
            "1",
            "--content",
            "x",
            "--password-file",
            "password",
        ],
    );
    assert_fails(&ended, 1, "not sent: TLS: the peer speaks TLS on this port; give https://");
}
