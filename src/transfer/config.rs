//! The configuration of a session of either side.
//!
//! Specification: `PROTOCOL.md` §4.2 and §8.

use super::token::Token;
use crate::digest::DigestKind;

/// The limits of a side, and what it negotiates.
#[derive(Debug, Clone)]
pub struct Config<L> {
    /// Limits and waits.
    pub limits: L,
    /// The supported digests; a client's in order of preference.
    pub digests: Vec<DigestKind>,
    /// The secret that both sides have to prove, if any.
    pub token: Option<Token>,
    /// Program and version, for people; not sent if empty.
    pub agent: String,
}

impl<L: Default> Config<L> {
    /// The defaults of one side, with these digests.
    pub(super) fn new(digests: Vec<DigestKind>) -> Config<L> {
        let agent = concat!("wirewright/", env!("CARGO_PKG_VERSION")).to_owned();
        Config { limits: L::default(), digests, token: None, agent }
    }
}
