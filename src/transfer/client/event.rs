//! What a client session tells its application, and what it is told.

use super::super::code::Code;
use super::super::message::{Durability, Entry};
use super::super::receiver::Verified;
use crate::digest::{DigestKind, Digester};
use crate::text::PeerText;

/// The beginning of a file that the client has already.
#[derive(Debug)]
pub struct Resume<'a> {
    /// How much, in bytes.
    pub offset: u64,
    /// Of which version.
    pub etag: &'a str,
    /// Has seen it.
    pub digester: Digester,
}

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The server has been greeted: requests may be made, with this digest.
    Welcome(DigestKind),
    /// A page of a listing.
    Entries {
        /// Of the request.
        id: u64,
        /// The files of this page whose name and time make sense.
        entries: Vec<Entry<'a>>,
        /// How many entries were left out because theirs make none (§4.6).
        skipped: usize,
        /// Whether another page follows.
        more: bool,
        /// On the last page: how many files and directories the server cannot offer, because the
        /// name breaks the grammar of names (§10) or because they cannot be read.
        not_offered: u64,
    },
    /// A file comes.
    File {
        /// Of the request.
        id: u64,
        /// Of the whole file, in bytes.
        size: u64,
        /// RFC 3339, UTC.
        modified: PeerText<'a>,
        /// Names this version.
        etag: PeerText<'a>,
        /// Where it begins, in bytes.
        offset: u64,
    },
    /// Bytes of the file that comes.
    Payload {
        /// Of the request.
        id: u64,
        /// Where they belong, in bytes from the beginning of the file.
        offset: u64,
        /// The bytes. They do not count before their chunk is verified.
        bytes: &'a [u8],
    },
    /// A chunk of the file that comes counts from now on.
    Verified {
        /// Of the request.
        id: u64,
        /// Which chunk.
        chunk: Verified,
    },
    /// The file that came is whole and verified.
    Received {
        /// Of the request.
        id: u64,
        /// Its digest as on the wire, `None` if none was agreed.
        digest: Option<String>,
    },
    /// The server takes the file: hash what lies before `offset`, then
    /// [`Client::start_put`](super::Client::start_put).
    Ready {
        /// Of the request.
        id: u64,
        /// Where to go on, in bytes.
        offset: u64,
    },
    /// The file that was put stands under its name.
    Done {
        /// Of the request.
        id: u64,
        /// Its digest as on the wire, `None` if none was agreed.
        digest: Option<String>,
        /// What the server did before it said so.
        durability: Durability,
    },
    /// A request has failed; the connection goes on.
    Failed {
        /// Of the request.
        id: u64,
        /// The reason; a code that is not known counts as `io`, and stands in the text.
        code: Code,
        /// For people, at most 4,096 bytes; it may hold anything, so escape it before showing.
        text: PeerText<'a>,
    },
}
