//! A server of the framed wire that says what a test wants, about files that it makes up.

use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// The etag of every file.
const ETAG: &str = "e1";

/// See the head of this file.
#[derive(Default)]
pub struct Scripted {
    files: BTreeMap<String, Option<Vec<u8>>>,
    /// What a listing says in place of the etag.
    pub listed_etag: Option<&'static str>,
    /// A listing names every file twice.
    pub repeats: bool,
}

/// It runs until the process of the test ends.
pub struct Running {
    pub address: String,
}

impl Scripted {
    pub fn new() -> Scripted {
        Scripted { listed_etag: Some(ETAG), ..Scripted::default() }
    }

    /// Has a file.
    pub fn file(&mut self, name: &str, content: &[u8]) {
        self.files.insert(name.to_owned(), Some(content.to_vec()));
    }

    /// Lists a file that is gone when it is asked for.
    pub fn list_only(&mut self, name: &str) {
        self.files.insert(name.to_owned(), None);
    }

    pub fn start(self) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let scripted = Arc::new(self);
        std::thread::spawn(move || {
            for peer in listener.incoming().map_while(Result::ok) {
                let scripted = scripted.clone();
                std::thread::spawn(move || scripted.serve(peer));
            }
        });
        Running { address }
    }

    fn serve(&self, mut peer: TcpStream) {
        while let Some(message) = hear(&mut peer) {
            for answer in self.answers(&message) {
                let text = answer.to_string();
                let frame = [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
                // The client may have gone.
                let _ = peer.write_all(&frame);
            }
        }
    }

    fn answers(&self, message: &Value) -> Vec<Value> {
        let id = &message["id"];
        match message["type"].as_str().unwrap() {
            "hello" => {
                let (max_frame, digest) = (1_048_576, "blake3");
                let hello = json!({
                    "type": "hello", "version": 1, "max_frame": max_frame, "digest": digest,
                });
                vec![hello]
            }
            "list" => {
                let entry = |(name, content): (&String, &Option<Vec<u8>>)| {
                    let size = content.as_ref().map_or(3, Vec::len);
                    let modified = "2026-11-21T18:43:00Z";
                    let mut entry = json!({ "name": name, "size": size, "modified": modified });
                    self.listed_etag.iter().for_each(|etag| entry["etag"] = json!(etag));
                    entry
                };
                let times = if self.repeats { 2 } else { 1 };
                let twice = self.files.iter().flat_map(|file| std::iter::repeat_n(file, times));
                let entries: Vec<Value> = twice.map(entry).collect();
                vec![json!({ "type": "entries", "id": id, "entries": entries, "more": false })]
            }
            "get" => self.file_of(message),
            _ => Vec::new(),
        }
    }

    fn file_of(&self, message: &Value) -> Vec<Value> {
        let (id, name) = (&message["id"], message["name"].as_str().unwrap());
        let error = |code: &str| {
            let text = "as the test wants it";
            vec![json!({ "type": "error", "id": id, "code": code, "text": text, "fatal": false })]
        };
        let Some(content) = self.files[name].as_ref() else { return error("not_found") };
        if message["etag"].as_str().is_some_and(|etag| etag != ETAG) {
            return error("changed");
        }
        let offset = message["offset"].as_u64().unwrap_or(0) as usize;
        let mut all = vec![json!({
            "type": "file", "id": id, "name": name, "size": content.len(),
            "modified": "2026-11-21T18:43:00Z", "etag": ETAG, "offset": offset,
        })];
        if offset < content.len() {
            let filedata = base64::engine::general_purpose::STANDARD.encode(&content[offset..]);
            all.push(json!({ "type": "chunk", "id": id, "offset": offset, "filedata": filedata }));
        }
        let digest = format!("blake3:{}", blake3::hash(content).to_hex());
        all.push(json!({ "type": "end", "id": id, "size": content.len(), "digest": digest }));
        all
    }
}

fn hear(peer: &mut TcpStream) -> Option<Value> {
    let mut prefix = [0; 4];
    peer.read_exact(&mut prefix).ok()?;
    let mut text = vec![0; u32::from_be_bytes(prefix) as usize];
    peer.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}
