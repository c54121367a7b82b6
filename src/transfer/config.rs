//! What a session of either side is made with.
//!
//! Specification: `PROTOCOL.md` §4.2 and §8.

use super::token::Token;
use crate::digest::DigestKind;

/// The bounds of a side, and what it has to agree on with the other.
#[derive(Debug, Clone)]
pub struct Config<L> {
    /// Bounds and waits.
    pub limits: L,
    /// Digests it can do; a client's are by preference.
    pub digests: Vec<DigestKind>,
    /// The secret both sides prove, if any.
    pub token: Option<Token>,
    /// Program and version, for people; not said if it is empty.
    pub agent: String,
}

impl<L: Default> Config<L> {
    /// The defaults of one side, which does these digests.
    pub(super) fn new(digests: Vec<DigestKind>) -> Config<L> {
        let agent = concat!("wirewright/", env!("CARGO_PKG_VERSION")).to_owned();
        Config { limits: L::default(), digests, token: None, agent }
    }
}
