//! Client and server in memory: the protocol without sockets, in one thread.
//!
//! ```text
//!   session:                     chunk rows ─▶ link ─▶ Reader          frames and messages alone
//!   session-crc32, -blake3:  Server ─▶ link ─▶ Client,  Client ─▶ link ─▶ Server
//! ```
//!
//! The sessions always make and compare the checksum of each chunk, so what they cost without one
//! is measured a layer lower: rows without a checksum, written as the sender writes them, and read
//! by the reader that both sessions have.

use super::bytes::{Seen, is_block, piece, verdict};
use super::rung::Moved;
use super::setup::Setup;
use super::{NONCE, name, said};
use std::hint::black_box;
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
use wirewright::transfer::sender::{CHUNK_BYTES, row_len_max};
use wirewright::transfer::server::{self, FileMeta, Server};

/// Room between the two sides, in bytes: two chunks, as the pump holds.
const LINK_BYTES: usize = 528 << 10;

// ---- rows alone --------------------------------------------------------------------------------

/// Sends `size` bytes of the repeated block as rows without checksums; `seen` is given what
/// arrives.
fn rows_in_memory(block: &[u8], size: u64, seen: Seen<'_>) -> Result<(), String> {
    let mut reader = Reader::new(Side::Server);
    reader.set_frame_limit(FRAME_BYTES_DEFAULT_MAX);
    let (mut link, mut room) = (Buffer::with_limit(LINK_BYTES), vec![0; CHUNK_BYTES]);
    let (mut sent, mut came) = (0, 0);
    while came < size {
        while sent < size && link.room() >= row_len_max(CHUNK_BYTES) {
            let raw = piece(block, sent, CHUNK_BYTES, size);
            write_row(sent, raw, &mut link).map_err(said)?;
            sent += raw.len() as u64;
        }
        came += read_rows(&mut reader, &mut link, &mut room, came, seen)?;
    }
    Ok(())
}

fn write_row(offset: u64, raw: &[u8], out: &mut Buffer) -> Result<(), wirewright::error::Error> {
    let mut row = FrameGuard::open(out)?;
    envelope::begin(&Chunk { id: 1, offset, crc32: None }, PAYLOAD_KEY, &mut row)?;
    let len = base64::encode_into(raw, row.space(base64::encoded_len(raw.len()))?);
    row.commit(len);
    envelope::finish(&mut row)?;
    row.close()
}

/// Reads until the link is empty; says how many bytes of payload came.
fn read_rows(
    reader: &mut Reader,
    link: &mut Buffer,
    room: &mut [u8],
    came: u64,
    seen: Seen<'_>,
) -> Result<u64, String> {
    let (mut read, mut idle) = (0, false);
    while !link.is_empty() || !idle {
        let step = reader.receive(link.readable(), room).map_err(said)?;
        idle = step.item.is_none() && step.consumed == 0;
        if let Some(Item::Payload(bytes)) = step.item {
            seen(came + read, bytes);
            read += bytes.len() as u64;
        }
        let consumed = step.consumed;
        link.consume(consumed);
        if idle && !link.is_empty() {
            return Err("the reader stands still".to_owned());
        }
    }
    if read == 0 { Err("no row arrived".to_owned()) } else { Ok(read) }
}

// ---- whole sessions ----------------------------------------------------------------------------

/// A get of `size` bytes of the repeated block, without sockets; `seen` is given what arrives.
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
    let mut room = vec![0; CHUNK_BYTES];
    let mut done = false;
    while !done {
        client.transmit(&mut up);
        let heard = serve(&mut server, &mut up, size, &mut room)?;
        while let Some(Wanted { offset, len }) = server.wanted(&down) {
            server.offer(piece(block, offset, len, size), &mut down).map_err(said)?;
        }
        server.transmit(&mut down);
        if !heard && down.is_empty() {
            return Err("both sides wait for each other".to_owned());
        }
        done = listen(&mut client, &mut down, &mut room, seen)?;
    }
    Ok(())
}

/// Lets the server hear; whether there was anything to hear.
fn serve(server: &mut Server, up: &mut Buffer, size: u64, room: &mut [u8]) -> Result<bool, String> {
    let mut heard = false;
    loop {
        let received = server.receive(up.readable(), room).map_err(said)?;
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

/// Lets the client hear; true once the file is whole.
fn listen(
    client: &mut Client,
    down: &mut Buffer,
    room: &mut [u8],
    seen: Seen<'_>,
) -> Result<bool, String> {
    let mut greeted = false;
    loop {
        let received = client.receive(down.readable(), room).map_err(said)?;
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

/// How `size` bytes of a block get across.
type Way = fn(&[u8], u64, Seen<'_>) -> Result<(), String>;

fn with_crc32(block: &[u8], size: u64, seen: Seen<'_>) -> Result<(), String> {
    get_in_memory(block, size, DigestKind::None, seen)
}

fn with_blake3(block: &[u8], size: u64, seen: Seen<'_>) -> Result<(), String> {
    get_in_memory(block, size, DigestKind::Blake3, seen)
}

/// One chunk again and again: what is held against the rungs in cache has to stay there itself.
fn run(setup: &Setup, way: Way) -> Result<Moved, String> {
    let mut bytes = 0;
    way(setup.chunk(), setup.size, &mut |_, piece| bytes += black_box(piece).len() as u64)?;
    Ok(Moved::alone(bytes))
}

/// Sends one block and compares what arrives with what should be the same.
fn check(sent: &[u8], expected: &[u8], way: Way) -> Result<(), String> {
    let (size, mut right, mut total) = (sent.len() as u64 * 2 + 7, true, 0);
    way(sent, size, &mut |offset, bytes| {
        right &= offset == total && is_block(expected, offset, bytes);
        total += bytes.len() as u64;
    })?;
    verdict(right && total == size)
}

pub fn session(setup: &Setup) -> Result<Moved, String> {
    run(setup, rows_in_memory)
}

pub fn session_crc32(setup: &Setup) -> Result<Moved, String> {
    run(setup, with_crc32)
}

pub fn session_blake3(setup: &Setup) -> Result<Moved, String> {
    run(setup, with_blake3)
}

pub fn check_session(setup: &Setup) -> Result<(), String> {
    check(&setup.block, &setup.block, rows_in_memory)
}

pub fn check_session_crc32(setup: &Setup) -> Result<(), String> {
    check(&setup.block, &setup.block, with_crc32)
}

pub fn check_session_blake3(setup: &Setup) -> Result<(), String> {
    check(&setup.block, &setup.block, with_blake3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn other_bytes_are_noticed() {
        let setup = small();
        for way in [rows_in_memory as Way, with_crc32, with_blake3] {
            assert_eq!(check(&setup.block, &setup.block, way), Ok(()));
            assert!(check(&setup.block, setup.constant(), way).is_err());
        }
    }

    #[test]
    fn nothing_sent_is_an_error() {
        let seen: Seen<'_> = &mut |_, _| ();
        let (mut reader, mut link) = (Reader::new(Side::Server), Buffer::with_limit(LINK_BYTES));
        assert!(read_rows(&mut reader, &mut link, &mut [0; 64], 0, seen).is_err());
        assert!(check(&setup_block(), &[1; 4], |_, _, _| Ok(())).is_err());
    }

    fn setup_block() -> Vec<u8> {
        vec![1; 3000]
    }
}
