//! A small SMTP server that is polite unless its script says otherwise, and keeps all it heard.

use crate::command::command;
use crate::process::{Ended, run};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A connection on which nothing happens for so long is given up.
const SILENCE: Duration = Duration::from_secs(90);

/// What is asked of a script in the place of the end of a message.
pub const END: &str = "<end>";

/// Says nothing more, until the client goes away.
pub const SILENT: &str = "<silent>";

/// Closes.
pub const CLOSE: &str = "<close>";

/// What came on all connections, verbatim.
#[derive(Debug, Default, Clone)]
pub struct Heard {
    /// Command lines, without their line ends.
    pub lines: Vec<String>,
    /// Messages as they came, without the lone dot.
    pub messages: Vec<Vec<u8>>,
    /// What came after the script fell silent, and of messages that did not end.
    pub rest: Vec<u8>,
    /// How many connections came.
    pub connections: usize,
    /// How many connections the client has ended that were waiting in vain.
    pub left: usize,
}

impl Heard {
    /// The commands that begin so.
    pub fn those(&self, verb: &str) -> Vec<&str> {
        self.lines.iter().map(|line| &**line).filter(|line| line.starts_with(verb)).collect()
    }
}

type Script = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Ends with the process of the test.
pub struct Server {
    /// `127.0.0.1:PORT`
    pub address: String,
    heard: Arc<Mutex<Heard>>,
}

impl Server {
    /// `script` is asked for the reply to each line; `greeting` and [`END`] are lines of their own.
    /// Where it has none the server is polite.
    pub fn new(script: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let (into, script): (_, Arc<Script>) = (heard.clone(), Arc::new(script));
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (heard, script) = (into.clone(), script.clone());
                std::thread::spawn(move || Client::new(socket, heard).serve(&*script));
            }
        });
        Server { address, heard }
    }

    /// One that is polite, but says that to lines which begin so.
    pub fn saying(said: &'static [(&'static str, &'static str)]) -> Server {
        Server::new(move |line| {
            let known = said.iter().find(|(verb, _)| line.starts_with(verb));
            known.map(|(_, reply)| (*reply).to_owned())
        })
    }

    pub fn polite() -> Server {
        Server::saying(&[])
    }

    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }
}

struct Client {
    socket: TcpStream,
    came: Vec<u8>,
    heard: Arc<Mutex<Heard>>,
}

impl Client {
    fn new(socket: TcpStream, heard: Arc<Mutex<Heard>>) -> Client {
        socket.set_read_timeout(Some(SILENCE)).unwrap();
        heard.lock().unwrap().connections += 1;
        Client { socket, came: Vec::new(), heard }
    }

    fn serve(mut self, script: &Script) {
        let mut line = "greeting".to_owned();
        loop {
            let reply = script(&line).unwrap_or_else(|| polite(&line).to_owned());
            match &*reply {
                CLOSE => return,
                SILENT => return self.read_away(),
                _ if self.say(&reply).is_none() || line == "QUIT" => return,
                _ if reply.starts_with("354") => {
                    if self.message().is_none() {
                        return self.read_away();
                    }
                    line = END.to_owned();
                    continue;
                }
                _ => {}
            }
            let Some(next) = self.line() else { return self.read_away() };
            self.heard.lock().unwrap().lines.push(next.clone());
            line = next;
        }
    }

    fn say(&mut self, reply: &str) -> Option<()> {
        self.socket.write_all(format!("{reply}\r\n").as_bytes()).ok()
    }

    fn line(&mut self) -> Option<String> {
        let end = self.find(b"\r\n")?;
        let line = String::from_utf8(self.came[..end].to_vec()).unwrap();
        self.came.drain(..end + 2);
        Some(line)
    }

    fn message(&mut self) -> Option<()> {
        while self.came.len() < 3 {
            self.more()?;
        }
        if self.came.starts_with(b".\r\n") {
            self.came.drain(..3);
            self.heard.lock().unwrap().messages.push(Vec::new());
            return Some(());
        }
        let end = self.find(b"\r\n.\r\n")?;
        let message = self.came[..end + 2].to_vec();
        self.came.drain(..end + 5);
        self.heard.lock().unwrap().messages.push(message);
        Some(())
    }

    fn find(&mut self, what: &[u8]) -> Option<usize> {
        let mut searched = 0;
        loop {
            let from = searched.min(self.came.len());
            let found = self.came[from..].windows(what.len()).position(|window| window == what);
            if let Some(at) = found {
                return Some(from + at);
            }
            searched = self.came.len().saturating_sub(what.len());
            self.more()?;
        }
    }

    fn more(&mut self) -> Option<()> {
        let mut piece = [0; 65_536];
        let read = self.socket.read(&mut piece).ok().filter(|read| *read > 0)?;
        self.came.extend_from_slice(&piece[..read]);
        Some(())
    }

    fn read_away(mut self) {
        while self.more().is_some() {}
        let mut heard = self.heard.lock().unwrap();
        heard.rest.append(&mut self.came);
        heard.left += 1;
    }
}

/// What a server says that has nothing against it.
fn polite(line: &str) -> &'static str {
    match line.split(' ').next().unwrap() {
        "greeting" => "220 mx.example ready",
        "EHLO" => "250-mx.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES",
        "DATA" => "354 go",
        END => "250 2.0.0 queued",
        "QUIT" => "221 bye",
        _ => "250 2.1.0 Ok",
    }
}

/// A message that is the same in every run.
pub const MESSAGE: [&str; 14] = [
    "--from",
    "王大锤 <wang@example.org>",
    "--to",
    "骆昊 <luo@example.net>",
    "--subject",
    "示例代码实验邮件",
    "--text",
    "你好",
    "--date",
    "2026-11-22T09:27:00+08:00",
    "--message-id",
    "1@example.org",
    "--boundary-seed",
    "7",
];

/// Sends it in clear to a server, with more arguments.
pub fn send(server: &Server, args: &[&str]) -> Ended {
    send_from(&std::env::temp_dir(), &format!("smtp://{}", server.address), args)
}

/// Sends it in clear from a folder.
pub fn send_from(folder: &Path, server: &str, args: &[&str]) -> Ended {
    let how = ["mail", "--server", server, "--starttls", "never"];
    run(&mut command(folder, &[&how[..], &MESSAGE, args].concat()))
}

/// Runs `mail` in a folder.
pub fn mail(folder: &Path, args: &[&str]) -> Ended {
    run(&mut command(folder, &[&["mail"], args].concat()))
}
