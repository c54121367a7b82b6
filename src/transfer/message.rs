//! The messages of the framed protocol, as types.
//!
//! Specification: `PROTOCOL.md` §4. Each message is a struct whose fields are its members, so that
//! serde checks their presence and types. Unknown members are ignored, but the envelope decoder has
//! validated them as JSON. A payload is never part of these types.

use super::chunk;
pub use super::chunk::{Chunk, Crc32};
use super::frame::FrameGuard;
use crate::buffer::Buffer;
use crate::envelope::Decoder;
use crate::error::Error;
use crate::text::PeerText;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// The protocol version of this crate.
pub const VERSION: u64 = 1;

/// The member that carries the payload.
pub const PAYLOAD_KEY: &str = "filedata";

/// The client's first message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "hello")]
pub struct ClientHello<'a> {
    /// The versions that the client supports.
    pub versions: Vec<u64>,
    /// The longest frame it takes and sends, in bytes.
    #[serde(deserialize_with = "frame_bytes")]
    pub max_frame: u32,
    /// Names of digests, by preference.
    #[serde(borrow)]
    pub digests: Vec<PeerText<'a>>,
    /// Random bytes in hexadecimal, for the proof of the token (`PROTOCOL.md` §8).
    #[serde(borrow)]
    pub nonce: PeerText<'a>,
    /// Program and version, for people.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub agent: Option<PeerText<'a>>,
}

/// The server's first message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "hello")]
pub struct ServerHello<'a> {
    /// The version of this connection.
    pub version: u64,
    /// The longest frame it takes and sends, in bytes.
    #[serde(deserialize_with = "frame_bytes")]
    pub max_frame: u32,
    /// The name of the digest of this connection.
    #[serde(borrow)]
    pub digest: PeerText<'a>,
    /// Random bytes in hexadecimal; present if the client has to prove the token (`PROTOCOL.md`
    /// §8).
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<PeerText<'a>>,
    /// Program and version, for people.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub agent: Option<PeerText<'a>>,
}

/// The client's proof of the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "auth")]
pub struct Auth<'a> {
    /// The proof in hexadecimal (`PROTOCOL.md` §8.3).
    #[serde(borrow)]
    pub mac: PeerText<'a>,
}

/// The server's proof of the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "welcome")]
pub struct Welcome<'a> {
    /// The proof in hexadecimal (`PROTOCOL.md` §8.3).
    #[serde(borrow)]
    pub mac: PeerText<'a>,
}

/// Asks for the list of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "list")]
pub struct List {
    /// The id of the request.
    pub id: u64,
}

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<'a> {
    /// The name: relative, `/`-separated (`PROTOCOL.md` §10).
    #[serde(borrow)]
    pub name: PeerText<'a>,
    /// In bytes.
    pub size: u64,
    /// When the file was modified: RFC 3339, in UTC.
    #[serde(borrow)]
    pub modified: PeerText<'a>,
    /// The etag that the message `file` would have, if the server sends it.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<PeerText<'a>>,
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "entries")]
pub struct Entries<'a> {
    /// The id of the request.
    pub id: u64,
    /// The files of this page.
    #[serde(borrow, deserialize_with = "objects")]
    pub entries: Vec<Entry<'a>>,
    /// Whether another page follows.
    pub more: bool,
    /// On the last page: how many files and directories the server cannot offer, because the name
    /// breaks the grammar of names (§10) or because they cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_offered: Option<u64>,
}

/// Asks for a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "get")]
pub struct Get<'a> {
    /// The id of the request.
    pub id: u64,
    /// The name of the file (`PROTOCOL.md` §10).
    #[serde(borrow)]
    pub name: PeerText<'a>,
    /// The offset to begin at, in bytes; 0 if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The etag of the version of which the client has the beginning.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub etag: Option<PeerText<'a>>,
}

/// Announces the file that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "file")]
pub struct File<'a> {
    /// The id of the request.
    pub id: u64,
    /// The name of the file (`PROTOCOL.md` §10).
    #[serde(borrow)]
    pub name: PeerText<'a>,
    /// The size of the whole file, in bytes.
    pub size: u64,
    /// When the file was modified: RFC 3339, in UTC.
    #[serde(borrow)]
    pub modified: PeerText<'a>,
    /// The etag of this version of the file.
    #[serde(borrow)]
    pub etag: PeerText<'a>,
    /// The offset of the first byte that follows.
    pub offset: u64,
}

/// Asks to store a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "put")]
pub struct Put<'a> {
    /// The id of the request.
    pub id: u64,
    /// The name of the file (`PROTOCOL.md` §10).
    #[serde(borrow)]
    pub name: PeerText<'a>,
    /// In bytes.
    pub size: u64,
    /// The etag of this version of the client's file.
    #[serde(borrow)]
    pub etag: PeerText<'a>,
    /// Whether an existing file may be replaced; false if missing or null.
    #[serde(default, deserialize_with = "flag")]
    pub overwrite: bool,
}

/// Tells the client to send its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "ready")]
pub struct Ready {
    /// The id of the request.
    pub id: u64,
    /// The offset to begin at, in bytes.
    pub offset: u64,
}

/// Ends a file after its last chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "end")]
pub struct End<'a> {
    /// The id of the request.
    pub id: u64,
    /// The size of the whole file, in bytes.
    pub size: u64,
    /// The digest of the whole file (`PROTOCOL.md` §6).
    #[serde(borrow)]
    pub digest: Option<PeerText<'a>>,
}

/// Reports that a file is stored under its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "done")]
pub struct Done<'a> {
    /// The id of the request.
    pub id: u64,
    /// The size of the whole file, in bytes.
    pub size: u64,
    /// The digest of the whole file.
    #[serde(borrow)]
    pub digest: Option<PeerText<'a>>,
    /// How durable the file is (`PROTOCOL.md` §7.6).
    pub durability: Durability,
}

/// What was done before a file was reported as stored (`PROTOCOL.md` §7.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The file and its directory were synced.
    Fsync,
    /// The file was renamed into place; nothing was synced.
    Rename,
    /// Nothing was promised.
    None,
    /// The peer sent an unknown word. It promises no more than [`None`](Durability::None).
    Unknown,
}

impl Durability {
    /// The word in messages; `unknown` for [`Unknown`](Durability::Unknown).
    pub fn as_str(self) -> &'static str {
        match self {
            Durability::Fsync => "fsync",
            Durability::Rename => "rename",
            Durability::None => "none",
            Durability::Unknown => "unknown",
        }
    }
}

impl Serialize for Durability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Durability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Durability, D::Error> {
        let text = PeerText::deserialize(deserializer)?;
        Ok(match text.as_raw_str() {
            "fsync" => Durability::Fsync,
            "rename" => Durability::Rename,
            "none" => Durability::None,
            _ => Durability::Unknown,
        })
    }
}

/// Cancels a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "cancel")]
pub struct Cancel {
    /// The id of the request.
    pub id: u64,
}

/// Ends a request or the connection with an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "error")]
pub struct ErrorMessage<'a> {
    /// The id of the request that it ends.
    pub id: Option<u64>,
    /// The code (`PROTOCOL.md` §9).
    #[serde(borrow)]
    pub code: PeerText<'a>,
    /// The reason, for people.
    #[serde(borrow)]
    pub text: PeerText<'a>,
    /// Whether the connection ends.
    pub fatal: bool,
}

/// A message of unknown type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown<'a> {
    /// The id of the request that it may belong to.
    pub id: Option<u64>,
    /// Its type.
    pub kind: PeerText<'a>,
}

/// Any message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Message<'a> {
    ClientHello(ClientHello<'a>),
    ServerHello(ServerHello<'a>),
    Auth(Auth<'a>),
    Welcome(Welcome<'a>),
    List(List),
    Entries(Entries<'a>),
    Get(Get<'a>),
    File(File<'a>),
    Put(Put<'a>),
    Ready(Ready),
    Chunk(Chunk),
    End(End<'a>),
    Done(Done<'a>),
    Cancel(Cancel),
    Error(ErrorMessage<'a>),
    Unknown(Unknown<'a>),
}

/// The side that sends a message. `hello` has a form for each side; every other type has one. The
/// session checks which side may send which type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The side that connected.
    Client,
    /// The other side.
    Server,
}

/// The members of a message as a typed value.
///
/// # Errors
/// [`Error::Malformed`] for a missing member or one of the wrong type, with the offset in the
/// frame's body.
pub(super) fn members<'a, T: Deserialize<'a>>(decoder: &'a Decoder) -> Result<T, Error> {
    decoder.parse("PROTOCOL §4")
}

/// Only the type of a message.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    kind: PeerText<'a>,
}

impl<'a> Message<'a> {
    /// Parses the message in `decoder`, which is complete.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a missing member or one of the wrong type, with the offset in the
    /// frame's body.
    pub fn parse(decoder: &'a Decoder, from: Side) -> Result<Message<'a>, Error> {
        let kind = members::<Kind<'a>>(decoder)?.kind;
        Ok(match (kind.as_raw_str(), from) {
            ("hello", Side::Client) => Message::ClientHello(members(decoder)?),
            ("hello", Side::Server) => Message::ServerHello(members(decoder)?),
            ("auth", _) => Message::Auth(members(decoder)?),
            ("welcome", _) => Message::Welcome(members(decoder)?),
            ("list", _) => Message::List(members(decoder)?),
            ("entries", _) => Message::Entries(members(decoder)?),
            ("get", _) => Message::Get(members(decoder)?),
            ("file", _) => Message::File(members(decoder)?),
            ("put", _) => Message::Put(members(decoder)?),
            ("ready", _) => Message::Ready(members(decoder)?),
            ("chunk", _) => Message::Chunk(chunk::complete(decoder)?),
            ("end", _) => Message::End(members(decoder)?),
            ("done", _) => Message::Done(members(decoder)?),
            ("cancel", _) => Message::Cancel(members(decoder)?),
            ("error", _) => Message::Error(members(decoder)?),
            _ => Message::Unknown(Unknown { id: members::<LooseId>(decoder)?.id.0, kind }),
        })
    }

    /// The id of the request that it belongs to, if it has one.
    pub fn id(&self) -> Option<u64> {
        match self {
            Message::List(List { id })
            | Message::Entries(Entries { id, .. })
            | Message::Get(Get { id, .. })
            | Message::File(File { id, .. })
            | Message::Put(Put { id, .. })
            | Message::Ready(Ready { id, .. })
            | Message::Chunk(Chunk { id, .. })
            | Message::End(End { id, .. })
            | Message::Done(Done { id, .. })
            | Message::Cancel(Cancel { id }) => Some(*id),
            Message::Error(ErrorMessage { id, .. }) | Message::Unknown(Unknown { id, .. }) => *id,
            _ => None,
        }
    }
}

/// The id of a message of unknown type, if that member is an integer.
#[derive(Deserialize)]
struct LooseId {
    #[serde(default)]
    id: Loose,
}

#[derive(Default)]
struct Loose(Option<u64>);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Loose, D::Error> {
        serde_json::Value::deserialize(deserializer).map(|value| Loose(value.as_u64()))
    }
}

/// A length of a frame. One that does not fit into 32 bits becomes the greatest value, which is out
/// of range, too: the range is checked with the other values of the message.
fn frame_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    u64::deserialize(deserializer).map(|bytes| u32::try_from(bytes).unwrap_or(u32::MAX))
}

/// A flag that may be null.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(false))
}

/// An array of objects. serde would also accept an array of values for each of them.
fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(value)| value).collect())
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<T>, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// Appends a message without payload as one frame.
///
/// # Errors
/// [`Error::TooLarge`] if the frame does not fit into `out`; [`Error::Misuse`] if the message is
/// too long for a frame, or has a value that JSON cannot express. Nothing is then written.
pub fn write<T: Serialize>(message: &T, out: &mut Buffer) -> Result<(), Error> {
    let mut frame = FrameGuard::open(out)?;
    serde_json::to_writer(&mut *frame, message).map_err(|error| {
        // The error of the buffer, which serde_json wraps; any other is one of the message.
        let error = std::io::Error::from(error).downcast();
        error.unwrap_or(Error::Misuse("a message has a value that JSON cannot express"))
    })?;
    frame.close()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Either all of a frame is written, or nothing.
    #[test]
    fn a_frame_that_does_not_fit_is_an_error_of_the_buffer() {
        let len = 4 + r#"{"type":"cancel","id":1}"#.len();
        for limit in 0..=len {
            let mut out = Buffer::with_limit(limit);
            let written = write(&Cancel { id: 1 }, &mut out);
            let is_too_large =
                matches!(written, Err(Error::TooLarge { max, .. }) if max == limit as u64);
            assert_eq!(
                (is_too_large, out.len()),
                if limit < len { (true, 0) } else { (false, len) }
            );
        }
    }

    #[test]
    fn a_value_that_json_cannot_express_is_a_misuse() {
        let mut out = Buffer::with_limit(64);
        let map = std::collections::BTreeMap::from([((), 1)]);
        assert!(matches!(write(&map, &mut out), Err(Error::Misuse(_))));
        assert!(out.is_empty());
    }
}
