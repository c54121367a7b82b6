//! Client and server in memory: the protocol without sockets, in one thread.
//!
//! ```text
//!   session:                     chunk rows ─▶ link ─▶ Reader          frames and messages alone
//!   session-crc32, -blake3:  Server ─▶ link ─▶ Client,  Client ─▶ link ─▶ Server
//! ```
//!
//! The sessions always compute the checksum of each chunk. Their cost without checksums is measured
//! a layer below: rows without a checksum, written as the sender writes them, and read by the
//! reader of both sessions.

use super::bytes::piece;
use super::rung::{Moved, Transfer};
use super::{NONCE, name, said};
use std::sync::Arc;
use wirewright::base64;
use wirewright::buffer::Buffer;
use wirewright::digest::{DigestKind, Digester};
use wirewright::envelope;
use wirewright::session::{Session, Wanted, Wants};
use wirewright::transfer::client::{self, Client, Event};
use wirewright::transfer::frame::{FRAME_BYTES_DEFAULT_MAX, FrameGuard};
use wirewright::transfer::message::{Chunk, PAYLOAD_KEY, Side};
use wirewright::transfer::reader::{Item, Reader};
use wirewright::transfer::sender::{CHUNK_BYTES, frame_len_max};
use wirewright::transfer::server::{self, FileMeta, Server};

/// Called with received bytes: offset, bytes.
type Seen<'a> = &'a mut dyn FnMut(u64, &[u8]);

/// The buffer between the two sides, in bytes: two chunks, as the product's driver holds.
const LINK_BYTES: usize = 528 << 10;

// ---- rows alone --------------------------------------------------------------------------------

/// Sends `size` bytes of the repeated block as rows without checksums; `seen` is called
/// with the received bytes.
fn rows_in_memory(block: &[u8], size: u64, seen: Seen<'_>) -> Result<(), String> {
    let mut reader = Reader::new(Side::Server);
    reader.set_frame_limit(FRAME_BYTES_DEFAULT_MAX);
    let (mut link, mut scratch) = (Buffer::with_limit(LINK_BYTES), vec![0; CHUNK_BYTES]);
    let (mut sent, mut came) = (0, 0);
    while came < size {
        while sent < size && link.free_len() >= frame_len_max(CHUNK_BYTES) {
            let raw = piece(block, sent, CHUNK_BYTES, size);
            write_row(sent, raw, &mut link).map_err(said)?;
            sent += raw.len() as u64;
        }
        came += read_rows(&mut reader, &mut link, &mut scratch, came, seen)?;
    }
    Ok(())
}

fn write_row(offset: u64, raw: &[u8], out: &mut Buffer) -> Result<(), wirewright::error::Error> {
    let mut frame = FrameGuard::open(out)?;
    envelope::begin(&Chunk { id: 1, offset, crc32: None }, PAYLOAD_KEY, &mut frame)?;
    let len = base64::encode_into(raw, frame.space(base64::encoded_len(raw.len()))?);
    frame.commit(len);
    envelope::finish(&mut frame)?;
    frame.close()
}

/// Reads until the link is empty, and returns the number of payload bytes.
fn read_rows(
    reader: &mut Reader,
    link: &mut Buffer,
    scratch: &mut [u8],
    came: u64,
    seen: Seen<'_>,
) -> Result<u64, String> {
    let (mut read, mut idle) = (0, false);
    while !link.is_empty() || !idle {
        let step = reader.receive(link.readable(), scratch).map_err(said)?;
        idle = step.item.is_none() && step.consumed == 0;
        if let Some(Item::Payload(bytes)) = step.item {
            seen(came + read, bytes);
            read += bytes.len() as u64;
        }
        let consumed = step.consumed;
        link.consume(consumed);
        if idle && !link.is_empty() {
            return Err("the reader makes no progress".to_owned());
        }
    }
    if read == 0 { Err("no row arrived".to_owned()) } else { Ok(read) }
}

// ---- whole sessions ----------------------------------------------------------------------------

/// A get of `size` bytes of the repeated block, without sockets; `seen` is called with
/// the received bytes.
fn get_in_memory(
    block: &[u8],
    size: u64,
    digest: DigestKind,
    seen: Seen<'_>,
) -> Result<(), String> {
    let config = client::Config { digests: vec![digest], ..client::Config::default() };
    let mut client = Client::new(config, NONCE);
    let mut server = Server::new(Arc::<server::Config>::default(), NONCE);
    let (mut up, mut down) = (Buffer::with_limit(LINK_BYTES), Buffer::with_limit(LINK_BYTES));
    let mut scratch = vec![0; CHUNK_BYTES];
    let mut done = false;
    while !done {
        client.transmit(&mut up);
        let heard = serve(&mut server, &mut up, size, &mut scratch)?;
        while let Some(Wanted { offset, len }) = server.wanted(&down) {
            server.offer(piece(block, offset, len, size), &mut down).map_err(said)?;
        }
        server.transmit(&mut down);
        if !heard && down.is_empty() {
            return Err("both sides wait for each other".to_owned());
        }
        done = listen(&mut client, &mut down, &mut scratch, seen)?;
    }
    Ok(())
}

/// Passes the bytes on the link to the server; true if there were any.
fn serve(
    server: &mut Server,
    up: &mut Buffer,
    size: u64,
    scratch: &mut [u8],
) -> Result<bool, String> {
    let mut heard = false;
    loop {
        let received = server.receive(up.readable(), scratch).map_err(said)?;
        let (consumed, asked) = (received.consumed, received.is_event());
        up.consume(consumed);
        if asked {
            let meta = FileMeta { size, modified: "1970-01-01T00:00:00Z", etag: "m", offset: 0 };
            let digester = Digester::new(server.digest_kind());
            server.file(&meta, digester).map_err(said)?;
        } else if consumed == 0 {
            return Ok(heard);
        }
        heard = true;
    }
}

/// Passes the bytes on the link to the client; true once the file is complete.
fn listen(
    client: &mut Client,
    down: &mut Buffer,
    scratch: &mut [u8],
    seen: Seen<'_>,
) -> Result<bool, String> {
    let mut greeted = false;
    loop {
        let received = client.receive(down.readable(), scratch).map_err(said)?;
        let consumed = received.consumed;
        match received.into_event() {
            Some(Event::Payload { offset, bytes, .. }) => seen(offset, bytes),
            Some(Event::Welcome(_)) => greeted = true,
            Some(Event::Received { .. }) => return Ok(true),
            Some(Event::Failed { text, .. }) => return Err(text.to_string()),
            None if consumed == 0 => break,
            _ => {}
        }
        down.consume(consumed);
    }
    if greeted {
        client.get(&name("memory")?, None).map_err(said)?;
    }
    Ok(client.wants() == Wants::Done)
}

// ---- the rungs ---------------------------------------------------------------------------------

/// Counts the received bytes and passes them on.
fn counted(
    transfer: &Transfer<'_>,
    way: impl FnOnce(Seen<'_>) -> Result<(), String>,
) -> Result<Moved, String> {
    let (sink, mut bytes) = (transfer.sink(), 0);
    way(&mut |offset, piece| {
        bytes += piece.len() as u64;
        sink(offset, piece);
    })?;
    Ok(Moved::alone(bytes))
}

pub fn session(transfer: &Transfer<'_>) -> Result<Moved, String> {
    counted(transfer, |seen| rows_in_memory(transfer.block, transfer.size, seen))
}

pub fn session_crc32(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let (block, size) = (transfer.block, transfer.size);
    counted(transfer, |seen| get_in_memory(block, size, DigestKind::None, seen))
}

pub fn session_blake3(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let (block, size) = (transfer.block, transfer.size);
    counted(transfer, |seen| get_in_memory(block, size, DigestKind::Blake3, seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_without_a_row_is_an_error() {
        let seen: Seen<'_> = &mut |_, _| ();
        let (mut reader, mut link) = (Reader::new(Side::Server), Buffer::with_limit(LINK_BYTES));
        assert!(read_rows(&mut reader, &mut link, &mut [0; 64], 0, seen).is_err());
    }
}
