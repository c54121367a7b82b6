//! The rungs over loopback with files in memory: framed, under TLS, over many connections, classic.

use super::name;
use super::rung::{Moved, Transfer};
use super::running::{Getting, Running, memory, settle};
use super::{said, sides};
use wirewright::digest::DigestKind;
use wirewright::net::transfer::{client, server};

/// The server of a transfer: it serves the block from memory.
fn options(transfer: &Transfer<'_>, size: u64) -> server::Options {
    memory(transfer.block, size, transfer.setup.threads)
}

fn get(transfer: &Transfer<'_>, digest: DigestKind) -> Result<Moved, String> {
    let server = Running::start(options(transfer, transfer.size))?;
    Getting::new(digest, &transfer.destination()).run(&server, transfer.size)
}

pub fn framed(transfer: &Transfer<'_>) -> Result<Moved, String> {
    get(transfer, DigestKind::None)
}

pub fn blake3(transfer: &Transfer<'_>) -> Result<Moved, String> {
    get(transfer, DigestKind::Blake3)
}

/// Each connection gets its share of the size.
pub fn connections(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let connections = transfer.setup.connections;
    let each = (transfer.size / connections as u64).max(1);
    let (server, destination) = (Running::start(options(transfer, each))?, transfer.destination());
    let getting = Getting::new(DigestKind::None, &destination);
    Getting { connections, ..getting }.run(&server, each)
}

#[cfg(feature = "tls")]
pub fn tls(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let both = transfer.setup.tls()?;
    let tls = Some(both.server.clone());
    let server = Running::start(options(transfer, transfer.size).with_tls(tls))?;
    let destination = transfer.destination();
    let mut getting = Getting::new(DigestKind::None, &destination);
    getting.options.tls = Some(both.client.clone());
    getting.run(&server, transfer.size)
}

pub fn classic(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let options = memory(transfer.block, transfer.size, 1);
    let server = Running::start(options.with_classic(Some(name("file")?)))?;
    let destination = transfer.destination();
    let report = client::get_classic(&server.endpoint, &destination, &client::Options::default());
    let bytes = settle(&[report.map_err(said)?], transfer.size)?;
    Ok(Moved { bytes, sender: sides::servers() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn many_connections_bring_as_many_files() {
        let mut setup = small();
        setup.connections = 3;
        let transfer = Transfer::timed(&setup, &setup.block);
        assert_eq!(connections(&transfer).unwrap().bytes, setup.size / 3 * 3);
    }
}
