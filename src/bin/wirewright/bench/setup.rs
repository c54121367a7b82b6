//! The settings and the data of all rungs: sizes, blocks of bytes, a folder, a certificate.

use super::args::Bench;
use super::machine::{self, Folder};
use super::raw::RawSizes;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use wirewright::transfer::sender::CHUNK_BYTES;

/// The number of rounds of a measurement.
pub const ROUNDS: usize = 5;

/// The default number of connections of the rung of that name.
const CONNECTIONS: u32 = 100;

/// The length of a block in chunks: 2.1 MiB, more than the cache of one core holds.
const BLOCK_CHUNKS: usize = 11;

pub struct Setup {
    /// How many bytes of FILE a rung with a wire moves at a time.
    pub size: u64,
    /// The number of connections of the rung `connections`, which share the size.
    pub connections: usize,
    /// How many threads a server has.
    pub threads: usize,
    /// How long a rung runs in each round.
    pub slice: Duration,
    /// The longest file of the sweep of file sizes, in bytes.
    pub sweep_max: u64,
    /// Random bytes: a whole number of chunks.
    pub block: Arc<[u8]>,
    /// One chunk of random bytes, which stays in cache.
    chunk: Arc<[u8]>,
    pub folder: Folder,
    constant: OnceLock<Arc<[u8]>>,
    raw: OnceLock<Result<RawSizes, String>>,
    #[cfg(feature = "tls")]
    tls: OnceLock<Result<super::tls::Both, String>>,
}

impl Setup {
    pub fn new(args: &Bench) -> Result<Setup, String> {
        Ok(Setup {
            size: args.size,
            connections: args.connections.unwrap_or(CONNECTIONS) as usize,
            threads: usize::from(args.threads),
            slice: args.seconds / ROUNDS as u32,
            sweep_max: args.sweep_max,
            block: machine::random(CHUNK_BYTES * BLOCK_CHUNKS),
            chunk: machine::random(CHUNK_BYTES),
            folder: Folder::new()?,
            constant: OnceLock::new(),
            raw: OnceLock::new(),
            #[cfg(feature = "tls")]
            tls: OnceLock::new(),
        })
    }

    pub fn block(&self) -> &Arc<[u8]> {
        &self.block
    }

    pub fn chunk(&self) -> &Arc<[u8]> {
        &self.chunk
    }

    /// A block of zeros.
    pub fn constant(&self) -> &Arc<[u8]> {
        self.constant.get_or_init(|| machine::zeros(self.block.len()))
    }

    /// The sizes of write and read with the highest raw rate; measured on the first call.
    pub fn raw(&self) -> Result<RawSizes, String> {
        self.raw.get_or_init(|| RawSizes::sweep(&self.block, self.size)).clone()
    }

    /// The sizes of [`raw`](Setup::raw), if they were measured.
    pub fn raw_if_known(&self) -> Option<RawSizes> {
        self.raw.get()?.clone().ok()
    }

    /// Both sides of TLS; made on the first call.
    #[cfg(feature = "tls")]
    pub fn tls(&self) -> Result<&super::tls::Both, String> {
        self.tls.get_or_init(super::tls::Both::new).as_ref().map_err(Clone::clone)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A setup for tests: little is moved, and once.
    pub fn small() -> Setup {
        let line = ["wirewright", "bench", "--size", "1M", "--seconds", "0.001"];
        let cli = <crate::args::Cli as clap::Parser>::try_parse_from(line).unwrap();
        let Some(crate::args::Command::Bench(args)) = cli.command else { unreachable!() };
        let setup = Setup::new(&args).unwrap();
        // The sweep for the best sizes would take too long for a test.
        setup.raw.set(Ok(RawSizes { write: 64 << 10, read: 64 << 10 })).unwrap();
        setup
    }
}
