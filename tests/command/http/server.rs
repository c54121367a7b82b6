//! A small HTTP server that does what a closure says, and keeps every request as it came.

use crate::command::command;
use crate::process::{Ended, run};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A connection on which nothing happens for so long is given up.
const SILENCE: Duration = Duration::from_secs(90);

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which connection it came by, counted from 1.
    pub connection: usize,
    /// Up to the empty line, that counted.
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    /// `GET /path HTTP/1.1`
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub fn method(&self) -> &str {
        self.line().split(' ').next().unwrap()
    }

    pub fn target(&self) -> &str {
        self.line().split(' ').nth(1).unwrap()
    }

    /// All values of that field.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The value of a field that is there once or not at all.
    pub fn get(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "{name} in {}", self.head);
        all.first().copied()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// What is written, and what happens then.
#[derive(Debug, Clone)]
pub struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    Next,
    Close,
    /// Nothing more is said, until the client goes away.
    Silence,
}

impl Reply {
    /// A whole response of that status, such as `404 Not Found`.
    pub fn new(status: &str, body: impl AsRef<[u8]>) -> Reply {
        Reply::with(status, &[], body)
    }

    /// The same with further fields.
    pub fn with(status: &str, fields: &[&str], body: impl AsRef<[u8]>) -> Reply {
        let body = body.as_ref();
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{fields}\r\n", body.len());
        Reply::raw([head.as_bytes(), body].concat())
    }

    pub fn ok(body: impl AsRef<[u8]>) -> Reply {
        Reply::new("200 OK", body)
    }

    /// These bytes.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Reply {
        Reply { bytes: bytes.into(), then: Then::Next }
    }

    pub fn and_close(self) -> Reply {
        Reply { then: Then::Close, ..self }
    }

    pub fn and_silence(self) -> Reply {
        Reply { then: Then::Silence, ..self }
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

#[derive(Default)]
struct Seen {
    accepted: usize,
    requests: Vec<Request>,
}

/// Ends with the process of the test.
pub struct Server {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    pub address: String,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    pub fn new(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let (into, handler): (_, Arc<Handler>) = (seen.clone(), Arc::new(handler));
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (seen, handler) = (into.clone(), handler.clone());
                let connection = {
                    let mut seen = seen.lock().unwrap();
                    seen.accepted += 1;
                    seen.accepted
                };
                std::thread::spawn(move || serve(socket, connection, &seen, &*handler));
            }
        });
        Server { url: format!("http://{address}"), address, seen }
    }

    /// What came so far.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// The one request that came.
    pub fn request(&self) -> Request {
        let mut all = self.requests();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    pub fn accepted(&self) -> usize {
        self.seen.lock().unwrap().accepted
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

fn serve(mut socket: TcpStream, connection: usize, seen: &Mutex<Seen>, handler: &Handler) {
    socket.set_read_timeout(Some(SILENCE)).unwrap();
    let mut came = Vec::new();
    while let Some(request) = take(&mut socket, &mut came, connection) {
        seen.lock().unwrap().requests.push(request.clone());
        let reply = handler(&request);
        // The client may have heard enough.
        if socket.write_all(&reply.bytes).is_err() || reply.then == Then::Close {
            return;
        }
        if reply.then == Then::Silence {
            while matches!(socket.read(&mut [0; 4096]), Ok(1..)) {}
            return;
        }
    }
}

/// The next request, if one comes.
fn take(socket: &mut TcpStream, came: &mut Vec<u8>, connection: usize) -> Option<Request> {
    let head_len = loop {
        let end = came.windows(4).position(|four| four == b"\r\n\r\n");
        match end {
            Some(end) => break end + 4,
            None => more(socket, came)?,
        }
    };
    let head = String::from_utf8(came[..head_len].to_vec()).unwrap();
    let mut request = Request { connection, head, body: Vec::new() };
    let len = request.get("Content-Length").map_or(0, |len| len.parse::<usize>().unwrap());
    while came.len() < head_len + len {
        more(socket, came)?;
    }
    request.body = came[head_len..head_len + len].to_vec();
    came.drain(..head_len + len);
    Some(request)
}

fn more(socket: &mut TcpStream, came: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 65_536];
    loop {
        match socket.read(&mut piece) {
            Ok(0) => return None,
            Ok(read) => break came.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some(())
}

/// The command in a folder, with no proxy of the machine in its way.
pub fn wirewright(folder: &Path, args: &[&str]) -> Command {
    let mut command = command(folder, args);
    ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].iter().for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// Runs it to its end in a folder.
pub fn run_in(folder: &Path, args: &[&str]) -> Ended {
    run(&mut wirewright(folder, args))
}

/// Runs it to its end, where it writes no file.
pub fn go(args: &[&str]) -> Ended {
    run_in(&std::env::temp_dir(), args)
}

/// What a run that went well wrote to stdout.
pub fn good(args: &[&str]) -> Vec<u8> {
    let ended = go(args);
    assert_eq!(ended.status.code(), Some(0), "{args:?}: {}", ended.stderr);
    ended.stdout
}
