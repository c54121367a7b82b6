//! An attachment of any size leaves through the command in bounded memory, which is looked at when
//! all of it was sent and nothing was answered yet.

use crate::memory::kib;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

/// The bound of the command, in KiB: as the command is used, and as it is debugged.
const RESIDENT_KIB_MAX: u64 = if cfg!(debug_assertions) { 24 << 10 } else { 16 << 10 };

/// One gibibyte; a build for debugging takes minutes for that, and shows as much with less.
const FILE_BYTES: u64 = if cfg!(debug_assertions) { 64 << 20 } else { 1 << 30 };

const END: &[u8] = b"\r\n.\r\n";

/// Takes one message: tells its length once it has come, and answers when it is told to.
fn sink(stream: TcpStream, came: &Sender<u64>, go_on: &Receiver<()>) {
    let mut out = stream.try_clone().unwrap();
    let mut input = BufReader::with_capacity(256 << 10, stream);
    out.write_all(b"220 mx.example ready\r\n").unwrap();
    let mut line = String::new();
    while line != "QUIT\r\n" {
        line.clear();
        input.read_line(&mut line).unwrap();
        let reply = match &*line {
            "DATA\r\n" => {
                out.write_all(b"354 go\r\n").unwrap();
                came.send(content(&mut input)).unwrap();
                go_on.recv().unwrap();
                "250 queued"
            }
            "QUIT\r\n" => "221 bye",
            _ => "250 Ok",
        };
        out.write_all(format!("{reply}\r\n").as_bytes()).unwrap();
    }
}

/// The length of what comes up to the lone dot, which is the last that comes.
fn content(input: &mut impl Read) -> u64 {
    let (mut len, mut tail, mut block) = (0, Vec::new(), vec![0; 256 << 10]);
    while tail != END {
        let read = input.read(&mut block).unwrap();
        assert!(read > 0, "the end of the message does not come");
        len += read as u64;
        tail.extend_from_slice(&block[read.saturating_sub(END.len())..read]);
        tail.drain(..tail.len().saturating_sub(END.len()));
    }
    len
}

#[test]
fn a_gibibyte_is_sent_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::File::create(folder.path().join("a.bin")).unwrap().set_len(FILE_BYTES).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("smtp://{}", listener.local_addr().unwrap());
    let (came_to, came) = channel();
    let (go_on, waits) = channel();
    let server = std::thread::spawn(move || sink(listener.accept().unwrap().0, &came_to, &waits));
    let mut mail = Command::new(env!("CARGO_BIN_EXE_wirewright"));
    mail.args(["mail", "--server", &to, "--starttls", "never", "--timeout", "300", "--json"]);
    mail.args(["--from", "a@example.org", "--to", "b@example.net", "--subject", "s"]);
    mail.args(["--attach", "a.bin"]).current_dir(folder.path());
    let mail = mail.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let len = came.recv().expect("a message");
    let peak = kib(mail.id(), "VmHWM").unwrap();
    go_on.send(()).unwrap();
    let ended = mail.wait_with_output().unwrap();
    server.join().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    println!("peak of the command: {peak} KiB for {FILE_BYTES} bytes");
    assert_eq!(told["outcome"], "accepted");
    // What came is the message, and the lone dot behind its last line.
    assert_eq!(told["size"], len - 3);
    assert!(len > FILE_BYTES / 3 * 4);
    assert!(peak <= RESIDENT_KIB_MAX, "{peak} KiB");
}
