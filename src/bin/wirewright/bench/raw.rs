//! Raw bytes over loopback between two blocking threads: the limit of all rungs with a wire.
//!
//! ```text
//!   block ─ write(2), `write` bytes ─▶ socket ─▶ read(2), `read` bytes ─▶ dropped
//! ```
//!
//! The sockets have the congestion control of the product's sockets on loopback, which does not
//! pace: a limit measured with pacing would be lower, and every rung would look closer to it.
//! `loopback-system` measures the same sizes with the system's settings.

use super::bytes::{discard, piece};
use super::rung::{Moved, Transfer};
use super::stats::median;
use super::{gb_per_s, said, sides};
use serde::{Deserialize, Serialize};
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use wirewright::net::files::SinkFn;
use wirewright::net::transport::endpoint;

/// The settings of the sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sockets {
    /// The system's defaults.
    System,
    /// The product's settings on loopback.
    Unpaced,
}

/// Sizes of write and read, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawSizes {
    pub write: u64,
    pub read: u64,
}

/// The sizes that the sweep tries, in bytes. A write is never longer than the block.
const SWEEP: [u64; 5] = [64 << 10, 256 << 10, 1 << 20, 2 << 20, 4 << 20];

/// The number of tries of each pair, which are interleaved, and the most bytes of a try.
const TRIES: usize = 3;
const TRY_BYTES_MAX: u64 = 256 << 20;

impl RawSizes {
    /// The pair of sizes with the highest rate on this machine: the best median of a few tries.
    pub fn sweep(block: &[u8], size: u64) -> Result<RawSizes, String> {
        let size = size.min(TRY_BYTES_MAX);
        let pairs = SWEEP.iter().flat_map(|write| SWEEP.map(|read| (*write, read)));
        let mut tried: Vec<(RawSizes, Vec<f64>)> =
            pairs.map(|(write, read)| (RawSizes { write, read }, Vec::new())).collect();
        for _ in 0..TRIES {
            for (sizes, rates) in &mut tried {
                let began = Instant::now();
                move_raw(Sockets::Unpaced, block, size, *sizes, &discard())?;
                rates.push(gb_per_s(size, began.elapsed()));
            }
        }
        let best = tried.into_iter().max_by(|(_, a), (_, b)| median(a).total_cmp(&median(b)));
        best.map(|(sizes, _)| sizes).ok_or_else(|| "nothing was tried".to_owned())
    }
}

/// Moves `size` bytes of the block from one thread to another; the received bytes go to `sink`.
/// Returns the sender's processor time.
fn move_raw(
    sockets: Sockets,
    block: &[u8],
    size: u64,
    sizes: RawSizes,
    sink: &SinkFn,
) -> Result<Duration, String> {
    let (to, from) = pair(sockets).map_err(said)?;
    std::thread::scope(|scope| {
        let send = move || {
            send(to, block, size, sizes.write as usize);
            sides::thread()
        };
        let sender = std::thread::Builder::new().spawn_scoped(scope, send).map_err(said)?;
        receive(from, size, sizes.read as usize, sink)?;
        sender.join().map_err(|_| "the sender panicked".to_owned())
    })
}

/// Both ends of a connection: the sender's and the receiver's.
fn pair(sockets: Sockets) -> std::io::Result<(TcpStream, TcpStream)> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let socket = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if sockets == Sockets::Unpaced {
            endpoint::unpace(&socket, any);
        }
        std::io::Result::Ok(socket)
    };
    let (listener, to) = (socket()?, socket()?);
    listener.bind(&any.into())?;
    listener.listen(1)?;
    to.connect(&listener.local_addr()?)?;
    let (from, _) = listener.accept()?;
    Ok((to.into(), from.into()))
}

/// The receiving side reports a connection that was closed early.
fn send(mut to: TcpStream, block: &[u8], size: u64, write: usize) {
    let mut sent = 0;
    while sent < size {
        let bytes = piece(block, sent, write, size);
        if to.write_all(bytes).is_err() {
            return;
        }
        sent += bytes.len() as u64;
    }
}

/// Fails unless exactly `size` bytes are received.
fn receive(mut from: TcpStream, size: u64, read: usize, sink: &SinkFn) -> Result<(), String> {
    let (mut buffer, mut total) = (vec![0; read], 0);
    while total < size {
        let len = from.read(&mut buffer).map_err(said)?;
        if len == 0 {
            return Err("the stream ended early".to_owned());
        }
        sink(total, &buffer[..len]);
        total += len as u64;
    }
    match total == size {
        true => Ok(()),
        false => Err(format!("{total} of {size} bytes were received")),
    }
}

pub fn run(transfer: &Transfer<'_>) -> Result<Moved, String> {
    run_with(Sockets::Unpaced, transfer)
}

/// [`run`] over sockets with the system's defaults.
pub fn run_system(transfer: &Transfer<'_>) -> Result<Moved, String> {
    run_with(Sockets::System, transfer)
}

fn run_with(sockets: Sockets, transfer: &Transfer<'_>) -> Result<Moved, String> {
    let (size, sizes) = (transfer.size, transfer.setup.raw()?);
    let sender = move_raw(sockets, transfer.block, size, sizes, &transfer.sink())?;
    Ok(Moved { bytes: size, sender: Some(sender) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_ends_early_is_an_error() {
        let (to, from) = pair(Sockets::System).unwrap();
        drop(to);
        let received = receive(from, 1, 64, &discard());
        assert_eq!(received, Err("the stream ended early".to_owned()));
    }

    #[test]
    fn the_sweep_gives_one_of_what_it_tries() {
        let best = RawSizes::sweep(&[7; 6000], 6000).unwrap();
        assert!(SWEEP.contains(&best.write) && SWEEP.contains(&best.read));
    }
}
