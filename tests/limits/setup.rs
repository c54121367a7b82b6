//! The command started by a program that limits it, and what it talks to.

use crate::process::{Ended, Process};
use std::fs::Permissions;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_wirewright");

/// A folder that every user may write to.
pub fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    folder
}

/// The command behind `wrapper`, a program and its options, in a folder.
pub fn limited(folder: &Path, wrapper: &[&str], args: &[&str]) -> Command {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).arg(BINARY).args(args).current_dir(folder).stdin(Stdio::null());
    command
}

/// The same, run to its end.
pub fn run_limited(folder: &Path, wrapper: &[&str], args: &[&str]) -> Ended {
    Process::start(&mut limited(folder, wrapper, args)).finish()
}

/// A server that is limited, and where it listens.
pub fn serve_limited(folder: &Path, wrapper: &[&str], args: &[&str]) -> (Process, String) {
    let args = [&["serve", ".", "--listen", "127.0.0.1:0"], args].concat();
    let mut process = Process::start(&mut limited(folder, wrapper, &args));
    let address = process.address();
    (process, address)
}

/// A server of HTTP that gives `body` to whoever asks, for as long as the test runs.
pub fn http(body: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(|to| answer(to, &body)));
    address
}

/// One request, one response. A client that has gone is no error here.
fn answer(mut stream: TcpStream, body: &[u8]) {
    let (mut asked, mut byte) = (Vec::new(), [0]);
    while !asked.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => asked.push(byte[0]),
            _ => return,
        }
    }
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}
