//! What a session of either side is made with.
//!
//! Specification: `PROTOCOL.md` §4.2 and §8.

use super::digest::DigestKind;
use super::token::Token;

/// The bounds of a side, and what it has to agree on with the other.
#[derive(Debug, Clone)]
pub struct Config<L> {
    /// Bounds and waits.
    pub limits: L,
    /// Digests it can do; a client's are by preference.
    pub digests: Vec<DigestKind>,
    /// The secret both sides prove, if any.
    pub token: Option<Token>,
    /// Program and version, for people.
    pub agent: String,
}

impl<L: Default> Default for Config<L> {
    fn default() -> Config<L> {
        Config {
            limits: L::default(),
            digests: DigestKind::ALL.to_vec(),
            token: None,
            agent: concat!("wirewright/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}
