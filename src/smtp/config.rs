//! Limits, waits and options of a session.
//!
//! ```text
//!   greeting   EHLO, STARTTLS, AUTH   MAIL    RCPT    DATA    content     its end   QUIT
//!   5 min      5 min each             5 min   5 min   2 min   3 min for   10 min    10 s
//!                                                             no progress
//! ```
//!
//! Specification: RFC 5321 §4.5.3.1 (sizes) and §4.5.3.2 (time-outs: the minimum that a client
//! should wait). Where the section names no minimum, 5 minutes are used as for MAIL.

use super::auth::{Credentials, Mechanism};
use super::command::Domain;
pub use super::limits::Limits;

/// When STARTTLS is used on a connection that began in clear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StartTls {
    /// Always; it is an error if the server does not offer STARTTLS.
    #[default]
    Required,
    /// Where the server offers and grants it.
    Opportunistic,
    /// Never.
    Never,
}

/// Options of a [`Client`](super::client::Client).
#[derive(Debug, Clone)]
pub struct Config {
    /// Limits and waits.
    pub limits: Limits,
    /// The name of this host, for EHLO.
    pub name: Domain,
    /// When STARTTLS is used. Ignored on a connection that began with TLS.
    pub starttls: StartTls,
    /// The credentials for AUTH. With credentials, no message is sent unauthenticated.
    pub credentials: Option<Credentials>,
    /// The mechanisms that may be used, in order of preference.
    pub mechanisms: Vec<Mechanism>,
    /// Whether credentials may be sent without TLS.
    pub insecure_auth: bool,
    /// A nonce for SCRAM: random visible ASCII without commas, new for every connection. Empty: no
    /// SCRAM.
    pub nonce: Box<str>,
    /// Whether a message is sent only if all its recipients were accepted.
    pub all_or_nothing: bool,
    /// Whether messages are sent with BDAT (RFC 3030) where the server offers CHUNKING.
    pub chunking: bool,
    /// Whether commands are sent in groups (RFC 2920) where the server offers PIPELINING.
    pub pipelining: bool,
}

impl Config {
    /// The defaults: STARTTLS required, no credentials, PIPELINING where offered, no BDAT.
    pub fn new(name: Domain) -> Config {
        Config {
            limits: Limits::default(),
            name,
            starttls: StartTls::default(),
            credentials: None,
            mechanisms: Mechanism::PREFERRED.to_vec(),
            insecure_auth: false,
            nonce: Box::default(),
            all_or_nothing: false,
            chunking: false,
            pipelining: true,
        }
    }
}
