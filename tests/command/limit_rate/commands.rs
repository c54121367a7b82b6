//! The rate that a peer counts, command by command.

use super::relay::Relay;
use crate::bytes::bytes;
use crate::command::{command, names_in, report};
use crate::process::{Ended, Process, run};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use tempfile::TempDir;

/// The rate of all tests, in bytes a second, and as the command takes it.
const RATE: u64 = 200 << 10;
const AS_GIVEN: &str = "200K";

/// What is moved, in bytes: two and a half seconds of it, and more as base64.
const LEN: usize = 500 << 10;

/// A folder with files `name0`, `name1` … that have `LEN` bytes together.
fn folder(files: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for at in 0..files {
        let content = bytes(LEN / files + at);
        std::fs::write(folder.path().join(format!("name{at}")), content).unwrap();
    }
    folder
}

fn names(files: usize) -> Vec<String> {
    (0..files).map(|at| format!("name{at}")).collect()
}

/// The first folder has the files of the other, and nothing else.
fn assert_same(got: &Path, asked: &Path) {
    for name in names_in(asked) {
        let read = |folder: &Path| std::fs::read(folder.join(&name)).unwrap();
        assert!(read(got) == read(asked), "{name}");
    }
    assert_eq!(names_in(got), names_in(asked));
}

/// A server of ours, and its address.
fn serve(folder: &Path, args: &[&str]) -> (Process, String) {
    let args = [&["serve", ".", "--listen", "127.0.0.1:0"], args].concat();
    let mut process = Process::start(&mut command(folder, &args));
    let address = process.address();
    (process, address)
}

fn good(folder: &Path, args: &[&str]) -> Ended {
    let ended = run(&mut command(folder, args));
    assert_eq!(ended.status.code(), Some(0), "{args:?}: {}", ended.stderr);
    ended
}

#[test]
fn get_over_one_connection_and_over_several() {
    for files in [1, 4] {
        let (from, to) = (folder(files), tempfile::tempdir().unwrap());
        let (_server, address) = serve(from.path(), &[]);
        let relay = Relay::new(&address);
        let names = names(files);
        let mut args = vec!["get", &relay.address, "-j", "4", "--limit-rate", AS_GIVEN];
        args.extend(["--durability", "none", "--json"]);
        args.extend(names.iter().map(String::as_str));
        let report = report(&good(to.path(), &args));
        assert_eq!(report["files"].as_array().map(Vec::len), Some(files));
        assert_same(to.path(), from.path());
        relay.assert_rate(RATE);
    }
}

#[test]
fn put() {
    let (from, to) = (folder(1), tempfile::tempdir().unwrap());
    let (_server, address) = serve(to.path(), &["--writable"]);
    let relay = Relay::new(&address);
    good(from.path(), &["put", &relay.address, "name0", "--limit-rate", AS_GIVEN]);
    assert_same(to.path(), from.path());
    relay.assert_rate(RATE);
}

#[test]
fn get_from_a_classic_server() {
    let (from, to) = (folder(1), tempfile::tempdir().unwrap());
    let path = from.path().join("name0");
    let args = ["serve", path.to_str().unwrap(), "--classic", "--listen", "127.0.0.1:0"];
    let mut server = Process::start(&mut command(from.path(), &args));
    let relay = Relay::new(&server.address());
    let args = ["get", "--classic", &relay.address, "--limit-rate", AS_GIVEN];
    good(to.path(), &[&args[..], &["--durability", "none"]].concat());
    assert_same(to.path(), from.path());
    relay.assert_rate(RATE);
}

/// All connections of a server share the rate, on whichever thread they are.
#[test]
fn serve_to_several_at_once() {
    for threads in ["1", "2"] {
        let (from, to) = (folder(4), tempfile::tempdir().unwrap());
        let limit = ["--limit-rate", AS_GIVEN, "--threads", threads];
        let (_server, address) = serve(from.path(), &limit);
        let relay = Relay::new(&address);
        let names = names(4);
        let mut args = vec!["get", &relay.address, "-j", "4", "--durability", "none"];
        args.extend(names.iter().map(String::as_str));
        good(to.path(), &args);
        assert_same(to.path(), from.path());
        relay.assert_rate(RATE);
    }
}

#[test]
fn serve_takes_files_at_the_rate() {
    let (from, to) = (folder(1), tempfile::tempdir().unwrap());
    let (_server, address) = serve(to.path(), &["--writable", "--limit-rate", AS_GIVEN]);
    let relay = Relay::new(&address);
    good(from.path(), &["put", &relay.address, "name0"]);
    assert_same(to.path(), from.path());
    relay.assert_rate(RATE);
}

// ---- HTTP ------------------------------------------------------------------------------------

/// A server that gives the files of a folder, takes bodies, and keeps connections open.
fn http_server(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let folder = folder.clone();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(socket.try_clone().unwrap());
                while answer(&mut reader, &socket, &folder).is_some() {}
            });
        }
    });
    address
}

fn answer(reader: &mut impl BufRead, mut socket: impl Write, folder: &Path) -> Option<()> {
    let (mut first, mut len) = (String::new(), 0);
    reader.read_line(&mut first).ok().filter(|count| *count > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            len = value.trim().parse().unwrap();
        }
    }
    let mut sent = vec![0; len];
    reader.read_exact(&mut sent).ok()?;
    let path = first.split(' ').nth(1)?.trim_start_matches('/');
    let body = match len {
        0 => std::fs::read(folder.join(path)).unwrap_or_default(),
        _ => len.to_string().into_bytes(),
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    socket.write_all(&[head.as_bytes(), &body].concat()).ok()
}

#[test]
fn http_down_and_up() {
    let from = folder(1);
    let relay = Relay::new(&http_server(from.path()));
    let url = format!("http://{}/name0", relay.address);
    let ended = good(from.path(), &["http", &url, "--limit-rate", AS_GIVEN]);
    assert!(ended.stdout == std::fs::read(from.path().join("name0")).unwrap());
    relay.assert_rate(RATE);

    let relay = Relay::new(&http_server(from.path()));
    let url = format!("http://{}/up", relay.address);
    let ended = good(from.path(), &["http", &url, "-d", "@name0", "--limit-rate", AS_GIVEN]);
    assert_eq!(ended.stdout, LEN.to_string().into_bytes());
    relay.assert_rate(RATE);
}

/// All connections together, and what is asked for over a connection again.
#[test]
fn download_of_many() {
    let (from, to) = (folder(6), tempfile::tempdir().unwrap());
    let relay = Relay::new(&http_server(from.path()));
    let urls = names(6).into_iter().map(|name| format!("http://{}/{name}", relay.address));
    let urls: Vec<String> = urls.collect();
    let mut args = vec!["download", "-j", "3", "--limit-rate", AS_GIVEN];
    args.extend(urls.iter().map(String::as_str));
    good(to.path(), &args);
    assert_same(to.path(), from.path());
    relay.assert_rate(RATE);
}

/// The rate that is asked of a server does not end a transfer that the user has slowed down.
#[test]
fn a_limit_below_the_least_rate_is_no_failure() {
    let from = tempfile::tempdir().unwrap();
    std::fs::write(from.path().join("name0"), bytes(3000)).unwrap();
    let relay = Relay::new(&http_server(from.path()));
    let url = format!("http://{}/name0", relay.address);
    good(from.path(), &["http", &url, "--limit-rate", "1000", "--min-rate", "1M"]);
    relay.assert_rate(1000);
}

// ---- mail ------------------------------------------------------------------------------------

/// A server that says yes to everything.
fn mail_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let lines = BufReader::new(socket.try_clone().unwrap()).lines();
                let mut in_data = false;
                socket.write_all(b"220 ready\r\n").ok()?;
                for line in lines {
                    let line = line.ok()?;
                    let reply = match (in_data, &*line) {
                        (true, ".") => "250 taken\r\n",
                        (true, _) => continue,
                        (false, "DATA") => "354 go on\r\n",
                        (false, "QUIT") => "221 bye\r\n",
                        (false, _) => "250 fine\r\n",
                    };
                    in_data = reply.starts_with('3') || (in_data && line != ".");
                    socket.write_all(reply.as_bytes()).ok()?;
                }
                Some(())
            });
        }
    });
    address
}

#[test]
fn mail_with_an_attachment() {
    let from = folder(1);
    let relay = Relay::new(&mail_server());
    let server = format!("smtp://{}", relay.address);
    let args = ["mail", "--server", &server, "--starttls", "never", "--from", "a@example.org"];
    let more = ["--to", "b@example.org", "--subject", "s", "--text", "t", "--attach", "name0"];
    good(from.path(), &[&args[..], &more, &["--limit-rate", AS_GIVEN]].concat());
    relay.assert_rate(RATE);
}

// ---- TLS -------------------------------------------------------------------------------------

/// The records of TLS count, too.
#[cfg(feature = "tls")]
#[test]
fn get_and_put_under_tls() {
    if !crate::installed::has_program("openssl", "version", "get_and_put_under_tls") {
        return;
    }
    let folder = folder(1);
    let at = folder.path();
    let args = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
                -keyout key.pem -out cert.pem -subj /CN=localhost \
                -addext subjectAltName=IP:127.0.0.1";
    let made =
        run(std::process::Command::new("openssl").args(args.split_whitespace()).current_dir(at));
    assert!(made.status.success(), "{}", made.stderr);
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--writable"];
    let (_server, address) = serve(at, &tls);
    let trust = ["--tls", "--cacert", "cert.pem", "--limit-rate", AS_GIVEN];
    let relay = Relay::new(&address);
    let get = ["get", &relay.address, "name0", "-o", "got", "--durability", "none"];
    good(at, &[&get[..], &trust].concat());
    relay.assert_rate(RATE);
    let relay = Relay::new(&address);
    good(at, &[&["put", &relay.address, "got"], &trust[..], &["--overwrite"]].concat());
    relay.assert_rate(RATE);
}
