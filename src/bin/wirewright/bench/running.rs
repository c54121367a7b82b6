//! A server of the product on a separate thread, and the client that gets files from it.
//!
//! ```text
//!   thread `bench-server` ─ Server::run ─▶ socket ─▶ client::get on this thread ─▶ destination
//! ```

use super::rung::Moved;
use super::{name, said, sides};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use wirewright::digest::DigestKind;
use wirewright::net::FileReport;
use wirewright::net::files::Durability;
use wirewright::net::files::{Destination, Memory, Sources};
use wirewright::net::reactor::StopHandle;
use wirewright::net::transfer::{client, server};

/// No transfer is running when a rung stops its server, so there is no grace period.
const GRACE: Duration = Duration::ZERO;

/// A server on threads of its own. It is stopped when this is dropped.
pub struct Running {
    pub endpoint: String,
    stop: StopHandle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// A server of the product.
    pub fn start(options: server::Options) -> Result<Running, String> {
        let options = options.with_grace(GRACE);
        let server = server::Server::bind((Ipv4Addr::LOCALHOST, 0).into(), options);
        let server = server.map_err(said)?;
        let (endpoint, stop) = (server.local_addr().to_string(), server.stop_handle());
        // The client sees a failure of this side.
        Running::spawn(endpoint, stop, move || drop(server.run()))
    }

    /// Runs `serve` on a thread; `stop` stops it.
    pub fn spawn(
        endpoint: String,
        stop: StopHandle,
        serve: impl FnOnce() + Send + 'static,
    ) -> Result<Running, String> {
        let thread = std::thread::Builder::new().name(sides::SERVER.to_owned()).spawn(serve);
        Ok(Running { endpoint, stop, thread: Some(thread.map_err(said)?) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Serves a repeated block as one file of `size` bytes, under every name.
pub fn memory(block: &Arc<[u8]>, size: u64, threads: usize) -> server::Options {
    let sources = Sources::Memory(Memory { block: block.clone(), size });
    server::Options::new(sources).with_threads(threads)
}

/// The settings of a get.
pub struct Getting<'a> {
    pub connections: usize,
    pub options: client::Options,
    pub destination: &'a Destination,
}

impl<'a> Getting<'a> {
    /// Over one connection, without resuming, with this digest, without fsync.
    pub fn new(digest: DigestKind, destination: &'a Destination) -> Getting<'a> {
        let durability = Durability::None;
        let mut options = client::Options::default().with_durability(durability).with_resume(false);
        options.session.digests = vec![digest];
        Getting { connections: 1, options, destination }
    }

    /// Gets as many files as there are connections at the same time, each of `each` bytes.
    pub fn run(mut self, server: &Running, each: u64) -> Result<Moved, String> {
        self.options.connections = self.connections;
        let names = vec![name("file")?; self.connections];
        let reports =
            client::get(&server.endpoint, &names, self.destination, &self.options).map_err(said)?;
        let bytes = settle(&reports, each)?;
        Ok(Moved { bytes, sender: sides::servers() })
    }
}

/// The bytes of all files together. It is an error if a file has another length than `each`.
pub fn settle(reports: &[FileReport], each: u64) -> Result<u64, String> {
    reports.iter().try_fold(0, |sum, report| match &report.outcome {
        Ok(()) if report.moved == each => Ok(sum + each),
        Ok(()) => Err(format!("{} of {each} bytes were received", report.moved)),
        Err(failure) => Err(failure.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::bytes::nowhere;
    use crate::bench::setup::tests::small;

    fn get(server: &Running, size: u64) -> Result<Moved, String> {
        Getting::new(DigestKind::None, &nowhere()).run(server, size)
    }

    #[test]
    fn a_file_of_another_length_is_an_error() {
        let setup = small();
        let server = Running::start(memory(&setup.block, setup.size + 1, 1)).unwrap();
        let error = get(&server, setup.size).unwrap_err();
        assert_eq!(error, format!("{} of {} bytes were received", setup.size + 1, setup.size));
    }

    #[test]
    fn the_server_is_a_side_of_its_own() {
        let setup = small();
        let server = Running::start(memory(&setup.block, setup.size, 2)).unwrap();
        let moved = get(&server, setup.size).unwrap();
        assert_eq!(moved.bytes, setup.size);
        assert!(moved.sender.is_some() || !cfg!(target_os = "linux"));
    }
}
