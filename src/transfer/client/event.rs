//! The events of a client session, and what a resumed get needs.

use super::super::code::Code;
use super::super::message::{Durability, Entry};
use super::super::receiver::Verified;
use crate::digest::{DigestKind, Digester};
use crate::text::PeerText;

/// The beginning of a file that the client already has.
#[derive(Debug)]
pub struct Resume<'a> {
    /// Its length in bytes.
    pub offset: u64,
    /// The etag of its version.
    pub etag: &'a str,
    /// Has digested it.
    pub digester: Digester,
}

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The handshake is complete: requests may be made. This digest was negotiated.
    Welcome(DigestKind),
    /// A page of a listing.
    Entries {
        /// The id of the request.
        id: u64,
        /// The files of this page with a valid name and time.
        entries: Vec<Entry<'a>>,
        /// How many entries were left out because their name or time is invalid (`PROTOCOL.md`
        /// §4.6).
        skipped: usize,
        /// Whether another page follows.
        more: bool,
        /// On the last page: how many files and directories the server cannot offer, because the
        /// name breaks the grammar of names (§10) or because they cannot be read.
        not_offered: u64,
    },
    /// A file follows.
    File {
        /// The id of the request.
        id: u64,
        /// The size of the whole file, in bytes.
        size: u64,
        /// When the file was modified: RFC 3339, in UTC.
        modified: PeerText<'a>,
        /// The etag of this version of the file.
        etag: PeerText<'a>,
        /// The offset of the first byte that follows.
        offset: u64,
    },
    /// Bytes of the file that is being received.
    Payload {
        /// The id of the request.
        id: u64,
        /// Their offset in the file, in bytes.
        offset: u64,
        /// The bytes, which are not verified before the event [`Verified`](Event::Verified) of
        /// their chunk.
        bytes: &'a [u8],
    },
    /// A chunk of the file was received and its checksum is right.
    Verified {
        /// The id of the request.
        id: u64,
        /// The chunk.
        chunk: Verified,
    },
    /// The file is complete and its digest is right.
    Received {
        /// The id of the request.
        id: u64,
        /// Its digest as on the wire, `None` if none was agreed.
        digest: Option<String>,
    },
    /// The server is ready for the file: digest the bytes before `offset`, then call
    /// [`Client::start_put`](super::Client::start_put).
    Ready {
        /// The id of the request.
        id: u64,
        /// The offset to send from, in bytes.
        offset: u64,
    },
    /// The file that was put is stored under its name.
    Done {
        /// The id of the request.
        id: u64,
        /// Its digest as on the wire, `None` if none was agreed.
        digest: Option<String>,
        /// How durable the file is.
        durability: Durability,
    },
    /// A request failed; the connection continues.
    Failed {
        /// The id of the request.
        id: u64,
        /// The reason. An unknown code counts as `io` and is put before the text.
        code: Code,
        /// The reason for people, at most 4,096 bytes.
        text: PeerText<'a>,
    },
}
