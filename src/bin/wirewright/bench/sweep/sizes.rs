//! Goodput against the size of the file, of a chunk, of a write and of a read.

use super::plain_client::PlainClient;
use super::rounds;
use crate::bench::bytes::{Compared, discard, nowhere, piece};
use crate::bench::reactor;
use crate::bench::result::{Axis, Point, Sweep, Unit};
use crate::bench::running::{Getting, Running, memory};
use crate::bench::setup::Setup;
use crate::bench::stats::Spread;
use crate::bench::{NONCE, gb_per_s, said};
use std::sync::Arc;
use std::time::Instant;
use wirewright::buffer::Buffer;
use wirewright::digest::{DigestKind, Digester};
use wirewright::net::Error;
use wirewright::net::connection::Limits;
use wirewright::net::connection::{Application, Turn};
use wirewright::net::files::Destination;
use wirewright::transfer::sender::Sender;
use wirewright::transfer::server::{Event, FileMeta, Request, Server};

const GOODPUT: Axis = ("GB/s of file", Unit::GbPerS);

/// Moves bytes repeatedly until the slice is over, and returns the rate in GB/s.
fn rate(setup: &Setup, mut go: impl FnMut() -> Result<u64, String>) -> Result<f64, String> {
    let (began, mut bytes) = (Instant::now(), 0);
    while bytes == 0 || began.elapsed() < setup.slice {
        match go()? {
            0 => return Err("no bytes were moved".to_owned()),
            moved => bytes += moved,
        }
    }
    Ok(gb_per_s(bytes, began.elapsed()))
}

fn points(series: &str, sizes: &[u64], values: &[Vec<f64>]) -> Vec<Point> {
    let point =
        |(size, rates): (&u64, &Vec<f64>)| Point::new(series, *size as f64, Spread::of(rates));
    sizes.iter().zip(values).map(point).collect()
}

// ---- the file ----------------------------------------------------------------------------------

/// 1 KiB, 4 KiB, 16 KiB and so on up to a maximum.
fn file_sizes(max: u64) -> Vec<u64> {
    let sizes = (0..27).map(|power| 1024_u64 << (2 * power));
    sizes.take_while(|size| *size <= max.max(1024)).collect()
}

/// One get at a time on a warm connection, from the request to the verified end.
pub fn file_size(setup: &Setup) -> Result<Sweep, String> {
    let sizes = file_sizes(setup.sweep_max);
    let mut lines = Vec::new();
    for size in &sizes {
        let server = Running::start(memory(&setup.block, *size, setup.threads))?;
        let mut client = PlainClient::connect(&server.endpoint, DigestKind::None)?;
        warm(&mut client, &setup.block, *size)?;
        lines.push((server, client));
    }
    let values = rounds(sizes.len(), |which| {
        let client = &mut lines[which].1;
        rate(setup, || client.get(&discard()))
    })?;
    let what = "one get at a time on a warm connection, from the request to the verified end; no \
                digest, each chunk checked";
    let axes = [("length of the file", Unit::Bytes), GOODPUT];
    Ok(Sweep::new("file-size", what, axes, points("", &sizes, &values)))
}

/// A first get, not measured, that compares the received bytes.
fn warm(client: &mut PlainClient, block: &Arc<[u8]>, size: u64) -> Result<(), String> {
    let compared = Compared::new(block);
    client.get(&compared.sink())?;
    compared.verdict(size)
}

// ---- the chunk ---------------------------------------------------------------------------------

/// Multiples of 3, up to the chunk size of the product.
const CHUNKS: [u64; 7] = [3 << 10, 6 << 10, 12 << 10, 24 << 10, 48 << 10, 96 << 10, 192 << 10];

/// Sends one file in chunks of a given length: the session answers the request, and a separate
/// sender writes the chunks.
struct Chunked {
    is_asked: bool,
    sender: Option<Sender>,
    block: Arc<[u8]>,
    size: u64,
    chunk_len: usize,
    is_over: bool,
}

/// The number of a client's first request.
const FIRST_ID: u64 = 1;

impl Application<Server> for Chunked {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        self.is_asked |= matches!(event, Event::Request(Request::Get { .. }));
        Ok(())
    }

    fn after_event(&mut self, session: &mut Server) -> Result<(), Error> {
        if std::mem::take(&mut self.is_asked) {
            let (size, modified) = (self.size, "1970-01-01T00:00:00Z");
            let meta = FileMeta { size, modified, etag: "m", offset: 0 };
            session.file(&meta, Digester::None)?;
            let sender = Sender::new(FIRST_ID, 0, size, self.chunk_len, Digester::None);
            self.sender = Some(sender);
        }
        Ok(())
    }

    fn poll(&mut self, _: &mut Server, out: &mut Buffer, _: &mut [u8]) -> Result<Turn, Error> {
        let Some(sender) = &mut self.sender else { return Ok(Turn::Done) };
        while let Some(len @ 1..) = sender.wanted(out) {
            sender.offer(piece(&self.block, sender.offset(), len, self.size), out)?;
        }
        if sender.is_at_end() && sender.end(out) {
            self.sender = None;
        }
        Ok(Turn::Done)
    }

    /// The client has its file.
    fn on_eof(&mut self, _: &mut Server) -> Result<(), Error> {
        self.is_over = true;
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}

fn serve_chunks(block: &Arc<[u8]>, size: u64, chunk_len: u64) -> Result<Running, String> {
    let block = block.clone();
    reactor::serve(move || {
        let chunked = Chunked {
            is_asked: false,
            sender: None,
            block: block.clone(),
            size,
            chunk_len: chunk_len as usize,
            is_over: false,
        };
        (Server::new(Arc::default(), NONCE), chunked)
    })
}

/// Chunks of many lengths through the product's reactors and its client.
pub fn chunk_size(setup: &Setup) -> Result<Sweep, String> {
    let get = |chunk_len: u64, destination: &Destination| {
        let server = serve_chunks(&setup.block, setup.size, chunk_len)?;
        Getting::new(DigestKind::None, destination).run(&server, setup.size)
    };
    for chunk_len in CHUNKS {
        let compared = Compared::new(&setup.block);
        get(chunk_len, &compared.destination())?;
        compared.verdict(setup.size)?;
    }
    let values =
        rounds(CHUNKS.len(), |which| rate(setup, || Ok(get(CHUNKS[which], &nowhere())?.bytes)))?;
    let what = "framed, memory to memory, over one connection, no digest";
    let axes = [("raw bytes of a chunk", Unit::Bytes), GOODPUT];
    Ok(Sweep::new("chunk-size", what, axes, points("", &CHUNKS, &values)))
}

// ---- writes and reads --------------------------------------------------------------------------

/// Buffer sizes in bytes, from those of servers with many connections to the best of a blocking
/// loop; the product's sizes are among them.
const BUFFERS: [u64; 8] =
    [16 << 10, 64 << 10, 128 << 10, 256 << 10, 528 << 10, 1 << 20, 2 << 20, 4 << 20];

/// The limits of a driver that writes or reads at most this many bytes at a time.
fn bounded(write: Option<u64>, read: Option<u64>) -> Limits {
    let mut limits = Limits::default();
    if let Some(write) = write {
        limits.write_bytes_max = write as usize;
        limits.out_bytes_min = limits.out_bytes_min.min(write as usize);
    }
    if let Some(read) = read {
        limits.read_bytes_max = read as usize;
    }
    limits
}

/// The largest write of the server, and the largest read of the client, each with the other at its
/// default.
pub fn write_size(setup: &Setup) -> Result<Sweep, String> {
    let get = |write: Option<u64>, read: Option<u64>| {
        let mut options = memory(&setup.block, setup.size, setup.threads);
        options.run.limits = bounded(write, None);
        let (server, destination) = (Running::start(options)?, nowhere());
        let mut getting = Getting::new(DigestKind::None, &destination);
        getting.options.run.limits = bounded(None, read);
        getting.run(&server, setup.size).map_err(said)
    };
    let values = rounds(2 * BUFFERS.len(), |which| {
        let (side, size) = (which / BUFFERS.len(), Some(BUFFERS[which % BUFFERS.len()]));
        rate(setup, || Ok(if side == 0 { get(size, None) } else { get(None, size) }?.bytes))
    })?;
    let (writes, reads) = values.split_at(BUFFERS.len());
    let default = Limits::default();
    let what = "framed, memory to memory, over one connection: the largest write, the largest \
                read, each with the other at its default";
    let axes = [("bytes of a write, or of a read", Unit::Bytes), GOODPUT];
    let points = [points("writes", &BUFFERS, writes), points("reads", &BUFFERS, reads)].concat();
    let notes = vec![format!(
        "the defaults: writes of {} bytes, reads of {}",
        default.write_bytes_max, default.read_bytes_max
    )];
    Ok(Sweep { notes, ..Sweep::new("write-size", what, axes, points) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn sizes_of_files() {
        assert_eq!(file_sizes(1), [1024]);
        assert_eq!(file_sizes(16 << 10), [1 << 10, 4 << 10, 16 << 10]);
        assert_eq!(file_sizes(4 << 30).len(), 12);
        assert!(file_sizes(u64::MAX).len() < 30);
    }

    #[test]
    fn other_bytes_are_noticed() {
        let setup = small();
        let server = Running::start(memory(&setup.block, 5000, 1)).unwrap();
        let mut client = PlainClient::connect(&server.endpoint, DigestKind::None).unwrap();
        assert_eq!(warm(&mut client, &setup.block, 5000), Ok(()));
        assert!(warm(&mut client, setup.constant(), 5000).is_err());
        assert!(warm(&mut client, &setup.block, 5001).is_err());
    }

    #[test]
    fn nothing_moved_is_an_error() {
        assert!(rate(&small(), || Ok(0)).is_err());
    }

    #[test]
    fn every_point_is_measured() {
        let setup = small();
        for (sweep, count) in [(chunk_size(&setup), 7), (write_size(&setup), 16)] {
            let points = sweep.unwrap().points;
            assert_eq!(points.len(), count);
            assert!(points.iter().all(|point| point.y.min > 0.0));
        }
    }
}
