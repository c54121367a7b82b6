//! The rungs of the product over loopback, from memory: framed, under TLS, over many connections,
//! classic.

use super::bytes::{Compared, nowhere};
use super::rung::Moved;
use super::running::{Getting, Running, get_nowhere, memory};
use super::setup::Setup;
use super::{name, said, sides};
use std::sync::Arc;
use wirewright::digest::DigestKind;
use wirewright::net::files::Destination;
use wirewright::net::transfer::{client, server};

pub fn framed(setup: &Setup) -> Result<Moved, String> {
    get_nowhere(setup, &Running::start(memory(&setup.block, setup.size, setup.threads))?)
}

pub fn constant(setup: &Setup) -> Result<Moved, String> {
    get_nowhere(setup, &Running::start(memory(setup.constant(), setup.size, setup.threads))?)
}

pub fn blake3(setup: &Setup) -> Result<Moved, String> {
    let server = Running::start(memory(&setup.block, setup.size, setup.threads))?;
    Getting::new(DigestKind::Blake3, &nowhere()).run(&server, setup.size)
}

pub fn connections(setup: &Setup) -> Result<Moved, String> {
    get_over_many(setup, &nowhere(), (setup.size / setup.connections as u64).max(1))
}

fn get_over_many(setup: &Setup, destination: &Destination, each: u64) -> Result<Moved, String> {
    let server = Running::start(memory(&setup.block, each, setup.threads))?;
    let getting = Getting::new(DigestKind::None, destination);
    Getting { connections: setup.connections, ..getting }.run(&server, each)
}

#[cfg(feature = "tls")]
pub fn tls(setup: &Setup) -> Result<Moved, String> {
    get_under_tls(setup, &setup.block, &nowhere(), setup.size)
}

#[cfg(feature = "tls")]
fn get_under_tls(
    setup: &Setup,
    block: &Arc<[u8]>,
    destination: &Destination,
    size: u64,
) -> Result<Moved, String> {
    let both = setup.tls()?;
    let options = memory(block, size, setup.threads);
    let server = Running::start(server::Options { tls: Some(both.server.clone()), ..options })?;
    let mut getting = Getting::new(DigestKind::None, destination);
    getting.options.tls = Some(both.client.clone());
    getting.run(&server, size)
}

pub fn classic(setup: &Setup) -> Result<Moved, String> {
    get_classic(&setup.block, setup.size, &nowhere())
}

fn get_classic(block: &Arc<[u8]>, size: u64, destination: &Destination) -> Result<Moved, String> {
    let options = server::Options { classic: Some(name("file")?), ..memory(block, size, 1) };
    let server = Running::start(options)?;
    let report = client::get_classic(&server.endpoint, destination, &client::Options::default());
    let bytes = super::running::settle(&[report.map_err(said)?], size)?;
    Ok(Moved { bytes, sender: sides::servers() })
}

// ---- the checks --------------------------------------------------------------------------------

/// Gets one block, and compares what arrives with what should be the same.
fn check(sent: &Arc<[u8]>, expected: &Arc<[u8]>) -> Result<(), String> {
    let size = sent.len() as u64 * 2 + 7;
    let server = Running::start(memory(sent, size, 1))?;
    let (destination, compared) = Compared::with(expected);
    Getting::new(DigestKind::Blake3, &destination).run(&server, size)?;
    compared.verdict(size)
}

pub fn check_framed(setup: &Setup) -> Result<(), String> {
    check(&setup.block, &setup.block)
}

pub fn check_constant(setup: &Setup) -> Result<(), String> {
    check(setup.constant(), setup.constant())
}

pub fn check_connections(setup: &Setup) -> Result<(), String> {
    let each = (setup.size / setup.connections as u64).max(1);
    let (destination, compared) = Compared::with(&setup.block);
    get_over_many(setup, &destination, each)?;
    compared.verdict(each * setup.connections as u64)
}

#[cfg(feature = "tls")]
pub fn check_tls(setup: &Setup) -> Result<(), String> {
    let size = setup.block.len() as u64 + 7;
    let (destination, compared) = Compared::with(&setup.block);
    get_under_tls(setup, &setup.block, &destination, size)?;
    compared.verdict(size)
}

pub fn check_classic(setup: &Setup) -> Result<(), String> {
    let size = setup.block.len() as u64 * 2 + 7;
    let (destination, compared) = Compared::with(&setup.block);
    get_classic(&setup.block, size, &destination)?;
    compared.verdict(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn other_bytes_are_noticed() {
        let setup = small();
        assert_eq!(check_framed(&setup), Ok(()));
        assert_eq!(check_constant(&setup), Ok(()));
        assert!(check(&setup.block, setup.constant()).is_err());
        let (destination, compared) = Compared::with(setup.constant());
        get_classic(&setup.block, 9, &destination).unwrap();
        assert!(compared.verdict(9).is_err());
    }

    #[test]
    fn many_connections_bring_as_many_files() {
        let mut setup = small();
        setup.connections = 3;
        assert_eq!(check_connections(&setup), Ok(()));
        assert_eq!(connections(&setup).unwrap().bytes, setup.size / 3 * 3);
    }

    #[cfg(feature = "tls")]
    #[test]
    fn the_certificate_is_good() {
        assert_eq!(check_tls(&small()), Ok(()));
    }
}
