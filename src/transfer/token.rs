//! The token: each side proves that it knows a secret that never travels.
//!
//! Specification: `PROTOCOL.md` §8.
//!
//! ```text
//!   client ─ hello, nonce c ─▶            mac = HMAC-SHA256(token, role ‖ 0 ‖ c ‖ 0 ‖ s)
//!          ◀─ hello, nonce s ─
//!          ─ auth, mac ─▶  ◀─ welcome, mac ─
//! ```

use super::digest::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;

/// A secret. It prints as nothing.
#[derive(Clone)]
pub struct Token(Box<[u8]>);

impl Token {
    /// Takes the bytes of the secret.
    pub fn new(bytes: &[u8]) -> Token {
        Token(bytes.into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Which side proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The side that connected: message `auth`.
    Client,
    /// The other side: message `welcome`.
    Server,
}

fn state(token: &Token, role: Role, client_nonce: &str, server_nonce: &str) -> Hmac<Sha256> {
    let role: &[u8] = match role {
        Role::Client => b"wirewright v1 client",
        Role::Server => b"wirewright v1 server",
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&token.0).expect("HMAC takes keys of any length");
    for part in [role, b"\0", client_nonce.as_bytes(), b"\0", server_nonce.as_bytes()] {
        mac.update(part);
    }
    mac
}

/// The proof, in hexadecimal.
pub fn prove(token: &Token, role: Role, client_nonce: &str, server_nonce: &str) -> String {
    hex(&state(token, role, client_nonce, server_nonce).finalize().into_bytes())
}

/// Checks a proof in constant time.
pub fn verify(
    token: &Token,
    role: Role,
    client_nonce: &str,
    server_nonce: &str,
    mac: &str,
) -> bool {
    let Some(mac) = unhex(mac) else { return false };
    state(token, role, client_nonce, server_nonce).verify_slice(&mac).is_ok()
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

    #[test]
    fn only_the_same_secret_role_and_nonces_prove() {
        let token = Token::new(b"open sesame");
        let mac = prove(&token, Role::Client, "aa", "bb");
        // python3: hmac.new(b"open sesame", b"wirewright v1 client\0aa\0bb", "sha256").hexdigest()
        assert_eq!(mac, "6d849fb05c4bc58f4c805259b75efdcb936470a69827d5ee8e2417c11313c246");
        assert!(verify(&token, Role::Client, "aa", "bb", &mac));
        assert!(!verify(&Token::new(b"Open sesame"), Role::Client, "aa", "bb", &mac));
        assert!(!verify(&token, Role::Server, "aa", "bb", &mac));
        assert!(!verify(&token, Role::Client, "aa", "bc", &mac));
        assert!(!verify(&token, Role::Client, "aa", "bb", &mac[1..]));
        assert!(!verify(&token, Role::Client, "aa", "bb", ""));
        assert!(!verify(&token, Role::Client, "aa", "bb", &mac.to_uppercase()));
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
