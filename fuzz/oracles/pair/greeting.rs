//! A good greeting for a session that stands alone, and what it is made with.

use super::hostile::{NONCE, TOKEN, frame, has_token};
use std::sync::Arc;
use wirewright::buffer::Buffer;
use wirewright::digest::DigestKind;
use wirewright::session::Session;
use wirewright::transfer::client::{self, Client};
use wirewright::transfer::server::{self, Server};
use wirewright::transfer::token::{Hellos, Role, Token};

pub fn client_greeting(how: u8) -> Vec<String> {
    let start = r#"{"type":"hello","versions":[1],"max_frame":65536,"digests":["none"]"#;
    let hello = format!("{start},\"nonce\":\"{NONCE}\"}}");
    if !has_token(how) {
        return vec![hello];
    }
    let (mut heard, mut said) = (Vec::new(), Buffer::with_limit(4096));
    frame(hello.as_bytes(), &mut heard);
    let mut server = Server::new(server_config(how), NONCE);
    server.receive(&heard, &mut [0; 64]).expect("a good hello");
    server.transmit(&mut said);
    let mac = proof(Role::Client, &heard, said.readable());
    vec![hello, format!(r#"{{"type":"auth","mac":"{mac}"}}"#)]
}

pub fn server_greeting(how: u8) -> Vec<String> {
    let start = r#"{"type":"hello","version":1,"max_frame":65536,"digest":"none""#;
    if !has_token(how) {
        return vec![format!("{start}}}")];
    }
    let hello = format!("{start},\"nonce\":\"{NONCE}\"}}");
    let (mut said, mut heard) = (Buffer::with_limit(4096), Vec::new());
    Client::new(client_config(how), NONCE).transmit(&mut said);
    frame(hello.as_bytes(), &mut heard);
    let mac = proof(Role::Server, said.readable(), &heard);
    vec![hello, format!(r#"{{"type":"welcome","mac":"{mac}"}}"#)]
}

/// What a side says to prove the token.
fn proof(role: Role, client: &[u8], server: &[u8]) -> String {
    let mut hellos = Hellos::new(&Token::new(TOKEN));
    hellos.update(client);
    hellos.update(server);
    hellos.prove(role)
}

pub fn server_config(how: u8) -> Arc<server::Config> {
    let pending_max = if how & 16 == 0 { 64 } else { 2 };
    let limits = server::Limits { pending_max, ..server::Limits::default() };
    let token = has_token(how).then(|| Token::new(TOKEN));
    Arc::new(server::Config { limits, token, ..server::Config::default() })
}

pub fn client_config(how: u8) -> client::Config {
    let token = has_token(how).then(|| Token::new(TOKEN));
    client::Config { token, digests: DigestKind::ALL.to_vec(), ..client::Config::default() }
}
