//! Transfers of the real server and client over loopback, both in this process.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wirewright::digest::DigestKind;
use wirewright::name::Name;
use wirewright::net::FileReport;
use wirewright::net::files::{Destination, Memory, Sources};
use wirewright::net::files::{Durability, Root};
use wirewright::net::reactor::StopHandle;
use wirewright::net::transfer::{client, server};

fn name() -> Name {
    Name::new("file").unwrap()
}

/// Asks a server to stop when it goes away, so that a failed check does not wait for it for ever.
struct StopAtEnd(StopHandle);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Runs a server for as long as `visit` takes; when this returns its thread has ended.
fn with_server(options: server::Options, visit: impl FnOnce(&str)) {
    let server = server::Server::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
    let (endpoint, stop) = (server.local_addr().to_string(), server.stop_handle());
    std::thread::scope(|scope| {
        let served = scope.spawn(|| server.run());
        let stop = StopAtEnd(stop);
        visit(&endpoint);
        drop(stop);
        served.join().unwrap().unwrap();
    });
}

fn memory(bytes: &Arc<[u8]>) -> server::Options {
    let size = bytes.len() as u64;
    server::Options::new(Sources::Memory(Memory { block: bytes.clone(), size }))
}

fn files(folder: &Path) -> server::Options {
    server::Options::new(Sources::Files(Root::open(folder).unwrap()))
        .with_writable(true)
        .with_durability(Durability::Rename)
}

fn options(digest: DigestKind) -> client::Options {
    let mut options = client::Options::default().with_durability(Durability::Rename);
    options.session.digests = vec![digest];
    options
}

/// A destination that compares what arrives with what is sent, and counts it.
fn comparing(bytes: &Arc<[u8]>) -> (Destination, Arc<AtomicU64>) {
    let (sent, count) = (bytes.clone(), Arc::new(AtomicU64::new(0)));
    let arrived = count.clone();
    let sink = move |offset: u64, piece: &[u8]| {
        let at = offset as usize;
        assert!(*piece == sent[at..at + piece.len()], "other bytes than were sent");
        arrived.fetch_add(piece.len() as u64, Ordering::Relaxed);
    };
    (Destination::Function(Arc::new(sink)), count)
}

fn check(report: &FileReport, size: usize) {
    assert_eq!((&report.outcome, report.moved), (&Ok(()), size as u64));
}

/// From memory to memory.
pub fn get(digest: DigestKind, bytes: &Arc<[u8]>) {
    with_server(memory(bytes), |endpoint| {
        let (sink, count) = comparing(bytes);
        let reports = client::get(endpoint, &[name()], &sink, &options(digest)).unwrap();
        check(&reports[0], bytes.len());
        assert_eq!(count.load(Ordering::Relaxed), bytes.len() as u64);
    });
}

/// From memory to memory, unframed.
pub fn classic(bytes: &Arc<[u8]>) {
    let options = memory(bytes).with_classic(Some(name()));
    with_server(options, |endpoint| {
        let (sink, count) = comparing(bytes);
        let report = client::get_classic(endpoint, &sink, &Default::default()).unwrap();
        check(&report, bytes.len());
        assert_eq!(count.load(Ordering::Relaxed), bytes.len() as u64);
    });
}

/// From file to file.
pub fn get_file(digest: DigestKind, bytes: &[u8], from: &Path, to: &Path) {
    with_server(files(from), |endpoint| {
        let to = Destination::Directory(to.to_owned());
        let reports = client::get(endpoint, &[name()], &to, &options(digest)).unwrap();
        check(&reports[0], bytes.len());
    });
}

/// From file to file, the other way.
pub fn put_file(digest: DigestKind, bytes: &[u8], from: &Path, to: &Path) {
    with_server(files(to), |endpoint| {
        let file = (name(), from.join("file"));
        let reports = client::put(endpoint, &[file], &options(digest)).unwrap();
        check(&reports[0], bytes.len());
    });
}

/// From file to file, unframed.
pub fn classic_file(bytes: &[u8], from: &Path, to: &Path) {
    let options = files(from).with_classic(Some(name())).with_writable(false);
    with_server(options, |endpoint| {
        let to = Destination::Directory(to.to_owned());
        let options = client::Options::default().with_durability(Durability::Rename);
        let report = client::get_classic(endpoint, &to, &options).unwrap();
        check(&report, bytes.len());
    });
}
