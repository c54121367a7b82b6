//! What a server session tells its application, and what it is told.

use super::super::code::Code;
use super::super::receiver::Verified;
use crate::name::Name;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A listing: answer with [`Server::entries`](super::Server::entries) until `more` is false.
    List,
    /// A file from `offset`: answer with [`Server::file`](super::Server::file).
    Get {
        /// Which file.
        name: Name,
        /// Where to begin, in bytes.
        offset: u64,
        /// The version the client has the beginning of.
        etag: Option<Box<str>>,
    },
    /// To store a file: answer with [`Server::ready`](super::Server::ready), or, where a file of
    /// that size stands under the name and is not to be replaced, with
    /// [`Server::stands`](super::Server::stands).
    Put {
        /// Under which name.
        name: Name,
        /// Its length in bytes.
        size: u64,
        /// The client's name for this version of it.
        etag: Box<str>,
        /// Whether an existing file may be replaced.
        overwrite: bool,
    },
}

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A request has come to its turn; answer it, or [`Server::refuse`](super::Server::refuse) it.
    Request(Ask),
    /// Bytes of the file that is being put.
    Payload {
        /// Where they belong, in bytes from the beginning of the file.
        offset: u64,
        /// The bytes. They do not count before their chunk is verified.
        bytes: &'a [u8],
    },
    /// A chunk of the file that is being put counts from now on.
    Verified(Verified),
    /// The file that was put, or the equal one that stands there already, is whole and verified:
    /// make it durable, then
    /// [`Server::done`](super::Server::done).
    Received,
    /// The running request was given up: drop what belongs to it. If `forget`, what there is of a
    /// file that was put is worthless too.
    Abandoned {
        /// Whether the unfinished file is to be forgotten.
        forget: bool,
        /// The reason; `None` where the connection has failed, and ends.
        code: Option<Code>,
    },
}

/// What is known of a file that is to be sent.
#[derive(Debug, Clone)]
pub struct FileMeta<'a> {
    /// Of the whole file, in bytes.
    pub size: u64,
    /// RFC 3339, UTC.
    pub modified: &'a str,
    /// Names this version.
    pub etag: &'a str,
    /// Where sending begins, in bytes.
    pub offset: u64,
}
