//! A server on a thread of its own, over a folder that goes away with it.

use crate::peer::Peer;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use wirewright::net::files::Root;
use wirewright::net::files::Sources;
use wirewright::net::transfer::server;

pub struct Running {
    pub folder: tempfile::TempDir,
    address: SocketAddr,
    stop: wirewright::net::reactor::StopHandle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Serves an empty folder, and takes files.
    pub fn start(set: impl FnOnce(&mut server::Options, &Path)) -> Running {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let mut options = server::Options::new(Sources::Files(root));
        options.writable = true;
        set(&mut options, folder.path());
        let server = server::Server::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
        let (address, stop) = (server.local_addr(), server.stop_handle());
        let thread = Some(std::thread::spawn(move || server.run().unwrap()));
        Running { folder, address, stop, thread }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// A peer that said a hello with these digests and heard the server's.
    pub fn greeted(&self, digests: &str) -> Peer {
        let mut peer = Peer::connect(&self.address());
        peer.say(&hello(digests)).unwrap();
        assert_eq!(peer.hear().unwrap().expect("a hello")["type"], "hello");
        peer
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A client's hello with these digests, as JSON: `"sha256","none"`.
pub fn hello(digests: &str) -> String {
    let nonce = "0f".repeat(16);
    let head = r#"{"type":"hello","versions":[1],"max_frame":65536"#;
    format!(r#"{head},"digests":[{digests}],"nonce":"{nonce}"}}"#)
}

/// A message in few words: its type, id and code.
pub fn words(message: &Value) -> String {
    let mut words = vec![message["type"].as_str().expect("a type").to_owned()];
    words.extend(message["id"].as_u64().map(|id| id.to_string()));
    words.extend(message["code"].as_str().map(str::to_owned));
    if message["fatal"] == true {
        words.push("fatal".to_owned());
    }
    words.join(" ")
}
