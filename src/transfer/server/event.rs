//! The events of a server session, and the metadata of a file that it sends.

use super::super::code::Code;
use super::super::receiver::Verified;
use crate::name::Name;

/// A request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A listing: answer with [`Server::entries`](super::Server::entries) until `more` is false.
    List,
    /// A file from `offset`: answer with [`Server::file`](super::Server::file).
    Get {
        /// The name of the file.
        name: Name,
        /// The offset to begin at, in bytes.
        offset: u64,
        /// The etag of the version of which the client has the beginning.
        etag: Option<Box<str>>,
    },
    /// To store a file: answer with [`Server::ready`](super::Server::ready), or if a file with this
    /// name and size exists and is not to be replaced, with
    /// [`Server::compare`](super::Server::compare).
    Put {
        /// The name to store the file under.
        name: Name,
        /// Its length in bytes.
        size: u64,
        /// The client's etag for this version of the file.
        etag: Box<str>,
        /// Whether an existing file may be replaced.
        overwrite: bool,
    },
}

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The next request: answer it, or [`Server::refuse`](super::Server::refuse) it.
    Request(Request),
    /// Bytes of the file that is being put.
    Payload {
        /// Their offset in the file, in bytes.
        offset: u64,
        /// The bytes, which are not verified before the event [`Verified`](Event::Verified) of
        /// their chunk.
        bytes: &'a [u8],
    },
    /// A chunk of the file that is being put was received and its checksum is right.
    Verified(Verified),
    /// The file that was put is complete and its digest is right, or the existing file is equal:
    /// make it durable, then call [`Server::done`](super::Server::done).
    Received,
    /// The running request has ended without success: drop what belongs to it.
    Abandoned {
        /// Whether to delete the unfinished file, too, so that it is not resumed.
        forget: bool,
        /// The reason; `None` if the connection failed.
        code: Option<Code>,
    },
}

/// The metadata of a file that is sent.
#[derive(Debug, Clone)]
pub struct FileMeta<'a> {
    /// The size of the whole file, in bytes.
    pub size: u64,
    /// When the file was modified: RFC 3339, in UTC.
    pub modified: &'a str,
    /// The etag of this version of the file.
    pub etag: &'a str,
    /// The offset of the first byte that is sent.
    pub offset: u64,
}
