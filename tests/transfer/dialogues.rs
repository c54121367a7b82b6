//! The dialogues of PROTOCOL.md §16, which `tests/data/wire/dialogues.json` holds: our server gives
//! the server's lines to the client's, our client says the client's lines and makes of the server's
//! what it should, and the document prints the same lines.

use crate::app::{App, Unfinished, etag};
use crate::host::{Host, frame, rows};
use crate::link::note;
use serde_json::Value;
use std::collections::BTreeMap;
use wirewright::buffer::Buffer;
use wirewright::digest::{DigestKind, Digester};
use wirewright::name::Name;
use wirewright::session::{Session as _, Wanted};
use wirewright::transfer::client::{self, Client, Event, Resume};
use wirewright::transfer::server;
use wirewright::transfer::token::Token;

const PIECES: [usize; 4] = [1, 7, 64, usize::MAX];

fn dialogues() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/wire/dialogues.json");
    let text = std::fs::read_to_string(path).expect(path);
    let all: Value = serde_json::from_str(&text).expect(path);
    all["dialogues"].as_array().expect("a list").clone()
}

/// Who speaks, and the body of the frame.
fn lines(dialogue: &Value) -> Vec<(&str, &str)> {
    let lines = dialogue["lines"].as_array().unwrap().iter();
    lines.map(|line| (line[0].as_str().unwrap(), line[1].as_str().unwrap())).collect()
}

/// The texts of a member by their names.
fn texts(dialogue: &Value, member: &str) -> BTreeMap<String, String> {
    let texts = dialogue[member].as_object().into_iter().flatten();
    texts.map(|(name, text)| (name.clone(), text.as_str().unwrap().to_owned())).collect()
}

fn token(dialogue: &Value) -> Option<Token> {
    dialogue["token"].as_str().map(|text| Token::new(text.as_bytes()))
}

/// Whether two lines are the same, but for what an error says to people.
fn same(got: &str, expected: &str) -> bool {
    let read = |text: &str| {
        let mut value: Value = serde_json::from_str(text).expect("JSON");
        if value["type"] == "error" {
            value["text"] = Value::Null;
        }
        value
    };
    got == expected || read(got) == read(expected)
}

#[test]
fn our_server() {
    for dialogue in dialogues() {
        for piece in PIECES {
            serve(&dialogue, piece);
        }
    }
}

fn serve(dialogue: &Value, piece: usize) {
    let mut app = App { page: dialogue["page"].as_u64().unwrap_or(100) as usize, ..App::default() };
    let bytes = |(name, text): (String, String)| (name, text.into_bytes());
    app.files = texts(dialogue, "files").into_iter().map(bytes).collect();
    let puts = texts(dialogue, "puts");
    for (name, text) in texts(dialogue, "unfinished") {
        let whole = puts["1"].as_bytes();
        let (etag, size) = (etag(whole), whole.len() as u64);
        let file = Unfinished { etag, size, bytes: text.into_bytes(), ..Unfinished::default() };
        app.unfinished.insert(name, file);
    }
    let (token, agent) = (token(dialogue), String::new());
    let config = server::Config { token, agent, ..server::Config::default() };
    let mut host = Host::with_nonce(config, app, "ffeeddccbbaa99887766554433221100");
    let mut expected = Vec::new();
    let mut said = Vec::new();
    for (who, text) in lines(dialogue) {
        if who == "C" {
            for piece in frame(text).chunks(piece.min(1 << 20)) {
                host.feed(piece);
            }
        } else {
            expected.push(text);
        }
        said.extend(rows(host.out.readable()).into_iter().map(|row| row[4..].to_vec()));
        host.out.consume(host.out.len());
    }
    let said: Vec<&str> = said.iter().map(|row| std::str::from_utf8(row).unwrap()).collect();
    let name = &dialogue["name"];
    assert_eq!(said.len(), expected.len(), "{name}: {said:#?}");
    for (got, expected) in said.iter().zip(expected) {
        assert!(same(got, expected), "{name}: {got}\ninstead of {expected}");
    }
}

#[test]
fn our_client() {
    for dialogue in dialogues() {
        for piece in PIECES {
            if dialogue["outcome"].is_array() {
                converse(&dialogue, piece);
            }
        }
    }
}

/// A client that has what a dialogue says, and its application.
struct Visitor {
    client: Client,
    out: Buffer,
    inbox: Vec<u8>,
    have: BTreeMap<String, String>,
    puts: BTreeMap<String, String>,
    log: Vec<String>,
}

fn converse(dialogue: &Value, piece: usize) {
    let (token, agent) = (token(dialogue), String::new());
    let digests = vec![DigestKind::Sha256];
    let config = client::Config { token, agent, digests, ..client::Config::default() };
    let mut visitor = Visitor {
        client: Client::new(config, "00112233445566778899aabbccddeeff"),
        out: Buffer::with_limit(1 << 20),
        inbox: Vec::new(),
        have: texts(dialogue, "have"),
        puts: texts(dialogue, "puts"),
        log: Vec::new(),
    };
    let name = &dialogue["name"];
    for (who, text) in lines(dialogue) {
        if who == "C" {
            let got = visitor.says(&serde_json::from_str(text).expect("JSON"));
            assert!(same(&got, text), "{name}: {got}\ninstead of {text}");
        } else {
            for piece in frame(text).chunks(piece.min(1 << 20)) {
                visitor.hears(piece);
            }
        }
    }
    visitor.client.transmit(&mut visitor.out);
    assert!(visitor.out.is_empty(), "{name}: it says more");
    let outcome: Vec<&str> =
        dialogue["outcome"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let kinds = ["welcome", "ready", "entries", "received", "done", "failed"];
    let told = visitor.log.iter().map(|line| line.replace("welcome sha256", "welcome"));
    let told: Vec<String> =
        told.filter(|line| kinds.iter().any(|kind| line.starts_with(kind))).collect();
    assert_eq!(told, outcome, "{name}");
}

impl Visitor {
    /// Does what leads to that line, and gives the line that is said.
    fn says(&mut self, line: &Value) -> String {
        let id = line["id"].to_string();
        let name = || Name::new(line["name"].as_str().unwrap()).unwrap();
        let wanted = self.client.wanted(&self.out);
        match line["type"].as_str().unwrap() {
            "list" => drop(self.client.list().unwrap()),
            "get" => {
                let have = self.have.get(&id).cloned().unwrap_or_default();
                let mut digester = Digester::new(DigestKind::Sha256);
                digester.update(have.as_bytes());
                let etag = line["etag"].as_str();
                let offset = have.len() as u64;
                let resume = etag.map(|etag| Resume { offset, etag, digester });
                self.client.get(&name(), resume).unwrap();
            }
            "put" => {
                let bytes = self.puts[&id].as_bytes();
                self.client.put(&name(), bytes.len() as u64, &etag(bytes), false).unwrap();
            }
            "chunk" => {
                let Wanted { offset, len } = wanted.expect("a file is sent");
                let text = line["filedata"].as_str().unwrap().trim_end_matches('=');
                let payload = &self.puts[&id].as_bytes()[offset as usize..][..len];
                let payload = &payload[..text.len() * 3 / 4];
                assert_eq!(self.client.offer(payload, &mut self.out), Ok(payload.len()));
            }
            "end" if wanted.is_some() => {
                assert_eq!(self.client.offer(&[], &mut self.out), Ok(0));
            }
            "cancel" => self.client.cancel(line["id"].as_u64().unwrap()).unwrap(),
            // These are said without being asked for.
            "hello" | "auth" | "end" => {}
            other => panic!("a client says no {other}"),
        }
        if line["type"] != "chunk" {
            self.client.transmit(&mut self.out);
        }
        let rows = rows(self.out.readable());
        let first = rows.first().expect("it says something")[4..].to_vec();
        let len = rows[0].len();
        self.out.consume(len);
        String::from_utf8(first).expect("text")
    }

    fn hears(&mut self, bytes: &[u8]) {
        self.inbox.extend_from_slice(bytes);
        let mut room = [0; 1000];
        loop {
            let received = self.client.receive(&self.inbox, &mut room).expect("an honest server");
            let (consumed, none) = (received.consumed, !received.is_event());
            let granted = match received.into_event() {
                Some(Event::Payload { .. }) | None => None,
                Some(Event::Ready { id, offset }) => {
                    self.log.push(format!("ready {id} from {offset}"));
                    Some((id, offset))
                }
                Some(event) => {
                    self.log.push(note(&event));
                    None
                }
            };
            self.inbox.drain(..consumed);
            if let Some((id, offset)) = granted {
                let mut digester = Digester::new(DigestKind::Sha256);
                digester.update(&self.puts[&id.to_string()].as_bytes()[..offset as usize]);
                self.client.start_put(id, digester).expect("it is granted");
            }
            if none && consumed == 0 {
                return;
            }
        }
    }
}

/// The document shows what is tested here, line by line.
#[test]
fn the_document_prints_them() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/transfer/PROTOCOL.md");
    let text = std::fs::read_to_string(path).expect(path);
    let (_, chapter) = text.split_once("\n## 16 ").expect("a section with dialogues");
    let printed: Vec<&str> =
        chapter.lines().filter(|line| line.starts_with("C ") || line.starts_with("S ")).collect();
    let dialogues = dialogues();
    // The greeting is printed where it is part of the matter.
    let tested: Vec<String> = dialogues
        .iter()
        .flat_map(|dialogue| {
            let greeting = if dialogue["token"].is_string() { 0 } else { 2 };
            lines(dialogue).into_iter().skip(greeting)
        })
        .map(|(who, text)| format!("{who} {text}"))
        .collect();
    assert_eq!(printed, tested);
    // §8.4 gives the proofs of the first of them.
    for (_, line) in &lines(&dialogues[0])[2..4] {
        let line: Value = serde_json::from_str(line).unwrap();
        let (_, section) = text.split_once("\n## 8 ").unwrap();
        let mac = line["mac"].as_str().unwrap();
        assert!(section.split("\n## ").next().unwrap().contains(mac), "{mac}");
    }
}
