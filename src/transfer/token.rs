//! The token: each side proves that it knows a secret, without sending the secret.
//!
//! Specification: `PROTOCOL.md` §8.
//!
//! ```text
//!   client ─ hello, the frame C ─▶            mac = HMAC-SHA256(token, role ‖ 0 ‖ C ‖ S)
//!          ◀─ hello, the frame S ─
//!          ─ auth, mac ─▶  ◀─ welcome, mac ─
//! ```

use crate::digest::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;

/// A secret, which `Debug` does not print.
#[derive(Clone)]
pub struct Token(Box<[u8]>);

impl Token {
    /// A token of these bytes.
    pub fn new(bytes: &[u8]) -> Token {
        Token(bytes.into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The side that proves the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The side that connected: message `auth`.
    Client,
    /// The other side: message `welcome`.
    Server,
}

/// Computes the proofs of a token from the hellos of a connection.
///
/// The input is the frames of both hellos with their length prefixes: the client's, then the
/// server's.
#[derive(Debug, Clone)]
pub struct Hellos {
    client: Hmac<Sha256>,
    server: Hmac<Sha256>,
}

impl Hellos {
    /// At the beginning of a connection, before both hellos.
    pub fn new(token: &Token) -> Hellos {
        let begin = |label: &[u8]| {
            let mac = Hmac::<Sha256>::new_from_slice(&token.0);
            mac.expect("HMAC takes keys of any length").chain_update(label)
        };
        Hellos {
            client: begin(b"wirewright v1 client\0"),
            server: begin(b"wirewright v1 server\0"),
        }
    }

    /// Takes the next bytes of the two frames.
    pub fn update(&mut self, bytes: &[u8]) {
        self.client.update(bytes);
        self.server.update(bytes);
    }

    /// The proof that a side sends, in hexadecimal.
    pub fn prove(&self, role: Role) -> String {
        hex(&self.of(role).finalize().into_bytes())
    }

    /// Checks the proof that a side sent, in constant time.
    pub fn verify(&self, role: Role, mac: &str) -> bool {
        let Some(mac) = unhex(mac) else { return false };
        self.of(role).verify_slice(&mac).is_ok()
    }

    fn of(&self, role: Role) -> Hmac<Sha256> {
        match role {
            Role::Client => self.client.clone(),
            Role::Server => self.server.clone(),
        }
    }
}

/// Whether a nonce is 16 to 64 bytes in lower-case hexadecimal.
pub fn is_nonce(text: &str) -> bool {
    unhex(text).is_some_and(|bytes| (16..=64).contains(&bytes.len()))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let lower = |c: &u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    if !digits.len().is_multiple_of(2) || !digits.iter().all(lower) {
        return None;
    }
    let value = |c: u8| char::from(c).to_digit(16).unwrap_or(0) as u8;
    Some(digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hellos(token: &[u8], pieces: &[&[u8]]) -> Hellos {
        let mut hellos = Hellos::new(&Token::new(token));
        pieces.iter().for_each(|piece| hellos.update(piece));
        hellos
    }

    #[test]
    fn only_the_same_secret_role_and_hellos_prove() {
        let (client, server) = (b"\0\0\0\x02{}".as_slice(), b"\0\0\0\x03{ }".as_slice());
        let here = hellos(b"open sesame", &[client, server]);
        let mac = here.prove(Role::Client);
        // python3: hmac.new(b"open sesame", b"wirewright v1 client\0"
        //          b"\0\0\0\2{}\0\0\0\3{ }", "sha256").hexdigest()
        assert_eq!(mac, "7903d4777b2abcea999a22c5073628f4a219f606b99d6a7ba2a0944db546052e");
        let bytes: Vec<&[u8]> = client.chunks(1).chain(server.chunks(1)).collect();
        assert!(hellos(b"open sesame", &bytes).verify(Role::Client, &mac), "in pieces");
        assert!(!hellos(b"Open sesame", &[client, server]).verify(Role::Client, &mac));
        assert!(!hellos(b"open sesame", &[server, client]).verify(Role::Client, &mac));
        assert!(!hellos(b"open sesame", &[client, client]).verify(Role::Client, &mac));
        assert!(!here.verify(Role::Server, &mac));
        for wrong in [&mac[1..], &mac[..62], "", &mac.to_uppercase(), &format!("{mac}00")] {
            assert!(!here.verify(Role::Client, wrong), "{wrong}");
        }
    }

    #[test]
    fn nonces() {
        for (bytes, good) in [(15, false), (16, true), (64, true), (65, false)] {
            assert_eq!(is_nonce(&"0f".repeat(bytes)), good);
        }
        assert!(!is_nonce(&"0F".repeat(16)));
        assert!(!is_nonce(&"f".repeat(33)));
    }
}
