//! Logging in: SASL mechanisms, one step at a time.
//!
//! ```text
//!   AUTH PLAIN <initial>          334 <challenge>          235 | 535
//!              └ base64 ┘ ─▶  ◀─      └ base64 ┘  <response> ─▶  ◀─
//! ```
//!
//! Specification: RFC 4954 (AUTH), RFC 4616 (PLAIN), RFC 2195 (CRAM-MD5), RFC 5802 and RFC 7677
//! (SCRAM-SHA-256). LOGIN and XOAUTH2 have no RFC: LOGIN answers two challenges with the name and
//! the password, XOAUTH2 sends a token instead of a password.
//!
//! Names and passwords are taken as they are: the preparation of RFC 4013 is not done. SCRAM, which
//! demands it, is therefore used with visible ASCII alone, where it changes nothing. Secrets have a
//! `Debug` that shows nothing, and no `Display`.

use super::config::{Limits, too_large};
use super::secrets::Secrets;
use crate::base64::{decode_strict, decoded_len_max, encode_into, encoded_len};
use crate::error::Error;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt;

const SCRAM: &str = "RFC 5802 §5.1";

/// The least work that protects a password: RFC 7677 §4.
const ITERATIONS_MIN: u32 = 4096;

/// The header of a client that binds no channel: RFC 5802 §7.
const GS2: &str = "n,,";

/// A name and a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: Box<str>,
    secret: Box<str>,
}

impl Credentials {
    /// Takes a name and a password, or for XOAUTH2 a token.
    ///
    /// # Errors
    /// [`Error::Malformed`] at a NUL, CR or LF, with the offset in the one that holds it: they
    /// would divide what is sent.
    pub fn new(user: &str, secret: &str) -> Result<Credentials, Error> {
        for text in [user, secret] {
            if let Some(at) = text.find(['\0', '\r', '\n', '\u{1}']) {
                let rule = "a name or a password holds no NUL, CR, LF or U+0001";
                return Err(Error::malformed(rule, at as u64, "RFC 4616 §2"));
            }
        }
        Ok(Credentials { user: user.into(), secret: secret.into() })
    }

    /// The name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// What a server may not be heard to repeat.
    pub(super) fn hide(&self, secrets: &mut Secrets) {
        secrets.add(self.secret.as_bytes());
        secrets.add(encode(self.secret.as_bytes()).as_bytes());
    }

    fn is_visible_ascii(&self) -> bool {
        let is_visible = |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        is_visible(&self.user) && is_visible(&self.secret)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({:?}, …)", self.user)
    }
}

/// How to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// Name and password, in one message.
    Plain,
    /// Name and password, in two.
    Login,
    /// A proof of the password, over MD5.
    CramMd5,
    /// A proof by both sides.
    ScramSha256,
    /// A token.
    XOAuth2,
}

impl Mechanism {
    /// The order of preference. A token is no password, so XOAUTH2 is only used where it is named.
    pub const PREFERRED: [Mechanism; 4] =
        [Mechanism::ScramSha256, Mechanism::CramMd5, Mechanism::Plain, Mechanism::Login];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::CramMd5 => "CRAM-MD5",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::XOAuth2 => "XOAUTH2",
        }
    }

    /// Whether who reads the conversation learns the password, or the token.
    pub(super) fn shows_secret(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::Login | Mechanism::XOAuth2)
    }

    /// Whether it can be used with these.
    pub fn takes(self, credentials: &Credentials, nonce: &str) -> bool {
        let is_nonce = |byte: u8| matches!(byte, b'!'..=b'~') && byte != b',';
        match self {
            Mechanism::ScramSha256 => {
                let has_nonce = !nonce.is_empty() && nonce.bytes().all(is_nonce);
                has_nonce && !credentials.user.is_empty() && credentials.is_visible_ascii()
            }
            _ => true,
        }
    }
}

/// How far SCRAM is.
#[derive(Clone)]
enum Scram {
    /// What was said first, without its header.
    First(String),
    /// The signature that the server has to show.
    Proved([u8; 32]),
    Verified,
}

/// What a mechanism still has to say.
#[derive(Clone)]
enum Step {
    Plain,
    LoginUser,
    LoginSecret,
    Cram,
    Scram(Scram),
    OAuth,
    /// Nothing more.
    Said,
}

/// One authentication.
#[derive(Clone)]
pub struct Sasl {
    mechanism: Mechanism,
    credentials: Credentials,
    step: Step,
    /// What [`begin`](Sasl::begin) said beside the name of the mechanism, in base64, until
    /// something else was said.
    initial: Option<Box<str>>,
    rounds: u32,
    rounds_max: u32,
    iterations_max: u32,
}

impl fmt::Debug for Sasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sasl({}, …)", self.mechanism.name())
    }
}

impl Sasl {
    /// At its beginning. `nonce` is for SCRAM alone; see [`Mechanism::takes`].
    pub fn new(
        mechanism: Mechanism,
        credentials: &Credentials,
        nonce: &str,
        limits: &Limits,
    ) -> Sasl {
        let step = match mechanism {
            Mechanism::Plain => Step::Plain,
            Mechanism::Login => Step::LoginUser,
            Mechanism::CramMd5 => Step::Cram,
            Mechanism::XOAuth2 => Step::OAuth,
            Mechanism::ScramSha256 => {
                // RFC 5802 §5.1: these two would end the name.
                let user = credentials.user.replace('=', "=3D").replace(',', "=2C");
                Step::Scram(Scram::First(format!("n={user},r={nonce}")))
            }
        };
        let (rounds_max, iterations_max) = (limits.auth_rounds_max, limits.scram_iterations_max);
        let credentials = credentials.clone();
        Sasl { mechanism, credentials, step, initial: None, rounds: 0, rounds_max, iterations_max }
    }

    /// Which it is.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The line that begins it, without its line end: `AUTH`, the mechanism, and what can be said
    /// before any challenge.
    pub fn begin(&mut self) -> String {
        let Credentials { user, secret } = &self.credentials;
        let initial = match &self.step {
            Step::Plain => format!("\0{user}\0{secret}"),
            Step::OAuth => format!("user={user}\u{1}auth=Bearer {secret}\u{1}\u{1}"),
            Step::Scram(Scram::First(bare)) => format!("{GS2}{bare}"),
            _ => return format!("AUTH {}", self.mechanism.name()),
        };
        if matches!(self.step, Step::Plain | Step::OAuth) {
            self.step = Step::Said;
        }
        let initial = encode(initial.as_bytes());
        let line = format!("AUTH {} {initial}", self.mechanism.name());
        self.initial = Some(initial.into());
        line
    }

    /// The line that answers a challenge, without its line end. `text` is the challenge in base64,
    /// `offset` where its reply stands in the stream.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a challenge that makes no sense, or that proves that the server
    /// does not know the password; [`Error::TooLarge`] for too many, or too much work.
    pub fn answer(&mut self, text: &[u8], offset: u64) -> Result<String, Error> {
        if self.rounds == self.rounds_max {
            let max = self.rounds_max.into();
            return Err(too_large("auth_rounds_max", max, offset, ""));
        }
        self.rounds += 1;
        // A server that ignores an initial response asks for it: RFC 4422 §5, RFC 4954 §4. PLAIN
        // has no other challenge, whatever the text of this one is.
        let asks_again = text.is_empty() || self.mechanism == Mechanism::Plain;
        if let Some(initial) = self.initial.take().filter(|_| asks_again) {
            return Ok(initial.into());
        }
        let challenge = match &self.step {
            // Words for people (`Username:`), which not every server encodes.
            Step::LoginUser | Step::LoginSecret | Step::Said => Vec::new(),
            _ => decode(text)
                .ok_or_else(|| Error::malformed("a challenge is base64", offset, "RFC 4954 §4"))?,
        };
        let Credentials { user, secret } = &self.credentials;
        let (answer, next) = match &self.step {
            Step::LoginUser => (user.as_bytes().to_vec(), Step::LoginSecret),
            Step::LoginSecret => (secret.as_bytes().to_vec(), Step::Said),
            Step::Cram => (cram(user, secret, &challenge), Step::Said),
            Step::Scram(scram) => {
                let (answer, next) = self.scram(scram, &challenge, offset)?;
                (answer, Step::Scram(next))
            }
            // A server that refuses a token asks once more before it says so.
            Step::Said if self.mechanism == Mechanism::XOAuth2 => (Vec::new(), Step::Said),
            // Not begun, or all was said.
            Step::Plain | Step::OAuth | Step::Said => {
                let rule = "no challenge comes after the last answer";
                return Err(Error::malformed(rule, offset, "RFC 4954 §4"));
            }
        };
        self.step = next;
        Ok(encode(&answer))
    }

    /// Whether all was said, and the server proved what it had to: only then a 235 means anything.
    pub fn is_done(&self) -> bool {
        matches!(self.step, Step::Said | Step::Scram(Scram::Verified))
    }

    fn scram(
        &self,
        scram: &Scram,
        challenge: &[u8],
        offset: u64,
    ) -> Result<(Vec<u8>, Scram), Error> {
        let wrong = |rule| Error::malformed(rule, offset, SCRAM);
        let text = std::str::from_utf8(challenge).map_err(|_| wrong("SCRAM speaks UTF-8"))?;
        match scram {
            Scram::First(bare) => {
                let first = ServerFirst::parse(text, bare).map_err(wrong)?;
                if first.iterations < ITERATIONS_MIN {
                    let rule = "the iteration count is at least 4096";
                    return Err(Error::malformed(rule, offset, "RFC 7677 §4"));
                }
                if first.iterations > self.iterations_max {
                    let max = self.iterations_max.into();
                    return Err(too_large("scram_iterations_max", max, offset, "RFC 5802 §9"));
                }
                let salted = stretch(&self.credentials.secret, &first.salt, first.iterations);
                let last = format!("c={},r={}", encode(GS2.as_bytes()), first.nonce);
                let message = format!("{bare},{text},{last}");
                let client_key = mac(&salted, &[b"Client Key"]);
                let signature = mac(&Sha256::digest(client_key), &[message.as_bytes()]);
                let proof: Vec<u8> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
                let server = mac(&mac(&salted, &[b"Server Key"]), &[message.as_bytes()]);
                let answer = format!("{last},p={}", encode(&proof));
                Ok((answer.into_bytes(), Scram::Proved(server)))
            }
            Scram::Proved(expected) => {
                // RFC 5802 §7: extensions may follow.
                let verifier = text.split(',').next().and_then(|part| part.strip_prefix("v="));
                let shown = verifier.and_then(|value| decode(value.as_bytes()));
                match shown.is_some_and(|shown| shown == expected) {
                    true => Ok((Vec::new(), Scram::Verified)),
                    false => Err(wrong("the server proves that it knows the password")),
                }
            }
            Scram::Verified => Err(wrong("nothing follows the proof of the server")),
        }
    }
}

/// What a server says first: RFC 5802 §7.
struct ServerFirst<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> ServerFirst<'a> {
    fn parse(text: &'a str, client_first: &str) -> Result<ServerFirst<'a>, &'static str> {
        let mut parts = text.split(',');
        let mut part = |name| parts.next().and_then(|part| part.strip_prefix(name));
        let nonce = part("r=").ok_or("the server names a nonce first")?;
        let salt = part("s=").and_then(|salt| decode(salt.as_bytes()));
        let salt = salt.ok_or("a salt in base64 follows the nonce")?;
        let iterations = part("i=").and_then(|count| count.parse::<u32>().ok());
        let iterations = iterations.ok_or("an iteration count follows the salt")?;
        let own = client_first.rsplit_once(",r=").map_or("", |(_, nonce)| nonce);
        if !nonce.starts_with(own) || nonce.len() == own.len() {
            return Err("the nonce of the server continues that of the client");
        }
        Ok(ServerFirst { nonce, salt, iterations })
    }
}

/// `Hi` of RFC 5802 §2.2.
fn stretch(secret: &str, salt: &[u8], iterations: u32) -> [u8; 32] {
    let key = keyed(secret.as_bytes());
    let mut keyed = key.clone();
    keyed.update(salt);
    keyed.update(&1u32.to_be_bytes());
    let mut last: [u8; 32] = keyed.finalize().into_bytes().into();
    let mut sum = last;
    for _ in 1..iterations {
        let mut keyed = key.clone();
        keyed.update(&last);
        last = keyed.finalize().into_bytes().into();
        sum.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
    }
    sum
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut keyed = keyed(key);
    parts.iter().for_each(|part| keyed.update(part));
    keyed.finalize().into_bytes().into()
}

/// RFC 2195 §2: the name, and the MAC of the challenge in lower-case hexadecimal.
fn cram(user: &str, secret: &str, challenge: &[u8]) -> Vec<u8> {
    let mut keyed =
        Hmac::<md5::Md5>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    keyed.update(challenge);
    let digest = keyed.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{user} {hex}").into_bytes()
}

fn encode(raw: &[u8]) -> String {
    let mut text = vec![0; encoded_len(raw.len())];
    encode_into(raw, &mut text);
    text.into_iter().map(char::from).collect()
}

/// Base64, strictly.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut raw = vec![0; decoded_len_max(text.len())];
    let len = decode_strict(text, &mut raw)?;
    raw.truncate(len);
    Some(raw)
}
