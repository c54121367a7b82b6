//! SASL mechanisms for AUTH, one step at a time.
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
//! User names and passwords are sent unchanged, without SASLprep (RFC 4013). SCRAM requires
//! SASLprep, so it is used only with visible ASCII, which SASLprep does not change. `Debug` of
//! [`Credentials`] omits the secret, and there is no `Display`.

use super::limits::Limits;
use super::secrets::Secrets;
use crate::base64::{decode_strict, decoded_len_max, encode_into, encoded_len};
use crate::error::Error;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt;

const SCRAM: &str = "RFC 5802 §5.1";

/// The smallest iteration count that a client accepts: RFC 7677 §4.
const ITERATIONS_MIN: u32 = 4096;

/// The gs2-header of a client without channel binding: RFC 5802 §7.
const GS2: &str = "n,,";

/// A user name and a password, or for XOAUTH2 a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: Box<str>,
    secret: Box<str>,
}

impl Credentials {
    /// Checks a user name and a password or token.
    ///
    /// # Errors
    /// [`Error::Malformed`] at a NUL, CR, LF or U+0001, which separate items in the mechanisms or
    /// end the line. The offset is that in the user name or in the secret.
    pub fn new(user: &str, secret: &str) -> Result<Credentials, Error> {
        for text in [user, secret] {
            if let Some(at) = text.find(['\0', '\r', '\n', '\u{1}']) {
                let rule = "a user name or password holds no NUL, CR, LF or U+0001";
                return Err(Error::malformed(rule, at as u64, "RFC 4616 §2"));
            }
        }
        Ok(Credentials { user: user.into(), secret: secret.into() })
    }

    /// The user name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Adds the secret, plain and in base64, to those that are masked in replies.
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

/// A SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// Name and password in one message: RFC 4616.
    Plain,
    /// Name and password in two messages; no RFC.
    Login,
    /// HMAC-MD5 of a challenge: RFC 2195.
    CramMd5,
    /// Both sides prove that they know the password: RFC 5802, RFC 7677.
    ScramSha256,
    /// An OAuth 2.0 token; no RFC.
    XOAuth2,
}

impl Mechanism {
    /// The mechanisms for passwords, in order of preference. XOAUTH2 takes a token and is used only
    /// where the caller names it.
    pub const PREFERRED: [Mechanism; 4] =
        [Mechanism::ScramSha256, Mechanism::CramMd5, Mechanism::Plain, Mechanism::Login];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::CramMd5 => "CRAM-MD5",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::XOAuth2 => "XOAUTH2",
        }
    }

    /// Whether the dialogue in clear reveals the password or the token.
    pub(super) fn reveals_secret(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::Login | Mechanism::XOAuth2)
    }

    /// Whether the mechanism can be used with these credentials. SCRAM needs visible ASCII and a
    /// nonce that is not empty.
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

/// The state of SCRAM.
#[derive(Clone)]
enum Scram {
    /// client-first-message-bare was sent.
    First(String),
    /// client-final-message was sent; this server signature is expected.
    Proved([u8; 32]),
    Verified,
}

/// What a mechanism sends next.
#[derive(Clone)]
enum Step {
    Plain,
    LoginUser,
    LoginSecret,
    Cram,
    Scram(Scram),
    OAuth,
    /// Nothing more.
    Sent,
}

/// One authentication exchange, from AUTH to the last response.
#[derive(Clone)]
pub struct Sasl {
    mechanism: Mechanism,
    credentials: Credentials,
    step: Step,
    /// The initial response in base64 that [`begin`](Sasl::begin) sent, until a response follows.
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
    /// An exchange before its first line. `nonce` is used by SCRAM alone; see
    /// [`Mechanism::takes`].
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
                // `=` and `,` are escaped in a user name: RFC 5802 §5.1.
                let user = credentials.user.replace('=', "=3D").replace(',', "=2C");
                Step::Scram(Scram::First(format!("n={user},r={nonce}")))
            }
        };
        let (rounds_max, iterations_max) = (limits.auth_rounds_max, limits.scram_iterations_max);
        let credentials = credentials.clone();
        Sasl { mechanism, credentials, step, initial: None, rounds: 0, rounds_max, iterations_max }
    }

    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The AUTH command without its CR LF, with the initial response of a mechanism that has one.
    pub fn begin(&mut self) -> String {
        let Credentials { user, secret } = &self.credentials;
        let initial = match &self.step {
            Step::Plain => format!("\0{user}\0{secret}"),
            Step::OAuth => format!("user={user}\u{1}auth=Bearer {secret}\u{1}\u{1}"),
            Step::Scram(Scram::First(bare)) => format!("{GS2}{bare}"),
            _ => return format!("AUTH {}", self.mechanism.name()),
        };
        if matches!(self.step, Step::Plain | Step::OAuth) {
            self.step = Step::Sent;
        }
        let initial = encode(initial.as_bytes());
        let line = format!("AUTH {} {initial}", self.mechanism.name());
        self.initial = Some(initial.into());
        line
    }

    /// The response to a challenge, without its CR LF. `text` is the challenge in base64, `offset`
    /// the offset of the 334 reply in the stream.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a challenge that breaks the rules of the mechanism, and for a wrong
    /// server signature; [`Error::TooLarge`] beyond `auth_rounds_max` challenges or
    /// `scram_iterations_max` iterations.
    pub fn answer(&mut self, text: &[u8], offset: u64) -> Result<String, Error> {
        if self.rounds == self.rounds_max {
            let max = self.rounds_max.into();
            return Err(Error::too_large("auth_rounds_max", max, offset, ""));
        }
        self.rounds += 1;
        // A server that ignores an initial response asks for it: RFC 4422 §5, RFC 4954 §4. PLAIN
        // has no other challenge, whatever the text of this one is.
        let asks_again = text.is_empty() || self.mechanism == Mechanism::Plain;
        if let Some(initial) = self.initial.take().filter(|_| asks_again) {
            return Ok(initial.into());
        }
        let challenge = match &self.step {
            // A prompt (`Username:`) that not every server encodes.
            Step::LoginUser | Step::LoginSecret | Step::Sent => Vec::new(),
            _ => decode(text)
                .ok_or_else(|| Error::malformed("a challenge is base64", offset, "RFC 4954 §4"))?,
        };
        let Credentials { user, secret } = &self.credentials;
        let (answer, next) = match &self.step {
            Step::LoginUser => (user.as_bytes().to_vec(), Step::LoginSecret),
            Step::LoginSecret => (secret.as_bytes().to_vec(), Step::Sent),
            Step::Cram => (cram(user, secret, &challenge), Step::Sent),
            Step::Scram(scram) => {
                let (answer, next) = self.scram(scram, &challenge, offset)?;
                (answer, Step::Scram(next))
            }
            // A server that refuses a token sends a challenge with the reason, which is answered
            // by an empty response, before the 5yz reply.
            Step::Sent if self.mechanism == Mechanism::XOAuth2 => (Vec::new(), Step::Sent),
            // Before `begin`, or after the last response.
            Step::Plain | Step::OAuth | Step::Sent => {
                let rule = "no challenge follows the last response";
                return Err(Error::malformed(rule, offset, "RFC 4954 §4"));
            }
        };
        self.step = next;
        Ok(encode(&answer))
    }

    /// Whether the exchange is complete, including the server's proof where the mechanism has one.
    /// A 235 before that is an error.
    pub fn is_done(&self) -> bool {
        matches!(self.step, Step::Sent | Step::Scram(Scram::Verified))
    }

    fn scram(
        &self,
        scram: &Scram,
        challenge: &[u8],
        offset: u64,
    ) -> Result<(Vec<u8>, Scram), Error> {
        let wrong = |rule| Error::malformed(rule, offset, SCRAM);
        let text = std::str::from_utf8(challenge).map_err(|_| wrong("SCRAM messages are UTF-8"))?;
        match scram {
            Scram::First(bare) => {
                let first = ServerFirst::parse(text, bare).map_err(wrong)?;
                if first.iterations < ITERATIONS_MIN {
                    let rule = "the iteration count is at least 4096";
                    return Err(Error::malformed(rule, offset, "RFC 7677 §4"));
                }
                if first.iterations > self.iterations_max {
                    let max = self.iterations_max.into();
                    return Err(Error::too_large(
                        "scram_iterations_max",
                        max,
                        offset,
                        "RFC 5802 §9",
                    ));
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
                    false => Err(wrong("the signature of the server is wrong")),
                }
            }
            Scram::Verified => Err(wrong("no challenge follows the signature of the server")),
        }
    }
}

/// server-first-message: RFC 5802 §7.
struct ServerFirst<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> ServerFirst<'a> {
    fn parse(text: &'a str, client_first: &str) -> Result<ServerFirst<'a>, &'static str> {
        let mut parts = text.split(',');
        let mut part = |name| parts.next().and_then(|part| part.strip_prefix(name));
        let nonce = part("r=").ok_or("the message begins with a nonce")?;
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

/// Decodes strict base64.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut raw = vec![0; decoded_len_max(text.len())];
    let len = decode_strict(text, &mut raw)?;
    raw.truncate(len);
    Some(raw)
}
