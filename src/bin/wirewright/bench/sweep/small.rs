//! Small files per second, pipelined, over one connection and over many.

use super::rounds;
use crate::bench::bytes::{Compared, nowhere};
use crate::bench::result::{Point, Sweep, Unit};
use crate::bench::running::{Running, memory, settle};
use crate::bench::setup::Setup;
use crate::bench::stats::Spread;
use crate::bench::{name, said};
use crate::output::report::thousands;
use std::path::PathBuf;
use std::time::Instant;
use wirewright::name::Name;
use wirewright::net::files::{Destination, Sources};
use wirewright::net::files::{Durability, Root};
use wirewright::net::transfer::{client, server};

/// The number of files, and the length of each.
const FILES: usize = 10_000;
const FILE_BYTES: usize = 1024;

const CONNECTIONS: [usize; 3] = [1, 8, 64];

fn names(count: usize) -> Result<Vec<Name>, String> {
    (0..count).map(|number| name(&format!("f{number:05}"))).collect()
}

/// A folder with files that all have the same bytes.
fn folder(setup: &Setup, names: &[Name]) -> Result<PathBuf, String> {
    let folder = setup.folder.path().join("small");
    std::fs::create_dir_all(&folder).map_err(said)?;
    for name in names {
        std::fs::write(folder.join(name.as_str()), &setup.block[..FILE_BYTES]).map_err(said)?;
    }
    Ok(folder)
}

/// Gets all files with the default digest without storing them, and returns the files per second.
fn get(
    server: &Running,
    names: &[Name],
    connections: usize,
    destination: &Destination,
) -> Result<f64, String> {
    let durability = Durability::None;
    let options =
        client::Options::default().with_connections(connections).with_durability(durability);
    let began = Instant::now();
    let reports = client::get(&server.endpoint, names, destination, &options).map_err(said)?;
    let elapsed = began.elapsed();
    settle(&reports, FILE_BYTES as u64)?;
    Ok(names.len() as f64 / elapsed.as_secs_f64())
}

pub fn small_files(setup: &Setup) -> Result<Sweep, String> {
    sweep(setup, &names(FILES)?)
}

fn sweep(setup: &Setup, names: &[Name]) -> Result<Sweep, String> {
    let block = setup.block[..FILE_BYTES].into();
    let root = Root::open(&folder(setup, names)?).map_err(said)?;
    let files = server::Options::new(Sources::Files(root)).with_threads(setup.threads);
    let servers = [
        ("from memory", Running::start(memory(&block, FILE_BYTES as u64, setup.threads))?),
        ("from files", Running::start(files)?),
    ];
    for (_, server) in &servers {
        let compared = Compared::new(&block);
        get(server, names, 1, &compared.destination())?;
        compared.verdict((names.len() * FILE_BYTES) as u64)?;
    }
    let values = rounds(servers.len() * CONNECTIONS.len(), |which| {
        let (_, server) = &servers[which / CONNECTIONS.len()];
        let connections = CONNECTIONS[which % CONNECTIONS.len()];
        get(server, names, connections, &nowhere())
    })?;
    let points = values.iter().enumerate().map(|(which, rates)| {
        let (series, _) = &servers[which / CONNECTIONS.len()];
        Point::new(series, CONNECTIONS[which % CONNECTIONS.len()] as f64, Spread::of(rates))
    });
    let what = format!(
        "{} files of 1 KiB each, pipelined, default digest, connecting included",
        thousands(names.len() as u64)
    );
    let axes = [("connections", Unit::Count), ("files a second", Unit::PerSecond)];
    Ok(Sweep::new("small-files", &what, axes, points.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn every_point_is_measured() {
        let sweep = sweep(&small(), &names(100).unwrap()).unwrap();
        assert_eq!((sweep.points.len(), sweep.lines().len()), (6, 2));
        assert!(sweep.points.iter().all(|point| point.y.min > 0.0));
    }

    #[test]
    fn files_of_another_length_are_an_error() {
        let setup = small();
        let server = Running::start(memory(&setup.block, 1023, 1)).unwrap();
        assert!(get(&server, &names(2).unwrap(), 1, &nowhere()).is_err());
    }
}
