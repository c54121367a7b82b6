//! The rungs with a wire: sessions in memory, bytes over loopback, the product itself.

use super::compute::same;
use super::rung::Setup;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wirewright::buffer::Buffer;
use wirewright::net::files::{Durability, Root};
use wirewright::net::{Destination, Memory, Supply, client, server};
use wirewright::session::{Session, Wants};
use wirewright::transfer::client::{Client, Event};
use wirewright::transfer::digest::{DigestKind, Digester};
use wirewright::transfer::name::Name;
use wirewright::transfer::server::{self as sessions, FileMeta};

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn name(text: &str) -> Result<Name, String> {
    Name::new(text).map_err(said)
}

// ---- sessions in memory ------------------------------------------------------------------------

/// A nonce for sessions that prove nothing.
const NONCE: &str = "00112233445566778899aabbccddeeff";

/// Room between the two sessions, in bytes: a few chunks, as in a socket.
const LINK_BYTES: usize = 1 << 20;

/// A get of `size` bytes, without sockets; `seen` is given what arrives.
fn get_in_memory(setup: &Setup, size: u64, seen: Seen<'_>) -> Result<(), String> {
    let config = wirewright::transfer::client::Config {
        digests: vec![DigestKind::None],
        ..Default::default()
    };
    let mut client = Client::new(config, NONCE);
    let mut server = sessions::Server::new(Arc::default(), NONCE);
    let (mut up, mut down) = (Buffer::with_limit(LINK_BYTES), Buffer::with_limit(LINK_BYTES));
    let mut room = vec![0; wirewright::transfer::sender::CHUNK_BYTES];
    let mut done = false;
    while !done {
        client.transmit(&mut up);
        serve(&mut server, &mut up, setup, size, &mut room)?;
        while let Some((offset, len)) = server.wanted(&down) {
            let at = (offset % setup.block.len() as u64) as usize;
            let bytes = &setup.block[at..(at + len).min(setup.block.len())];
            server.offer(bytes, &mut down).map_err(said)?;
        }
        server.transmit(&mut down);
        done = listen(&mut client, &mut down, &mut room, seen)?;
    }
    Ok(())
}

fn serve(
    server: &mut sessions::Server,
    up: &mut Buffer,
    setup: &Setup,
    size: u64,
    room: &mut [u8],
) -> Result<(), String> {
    loop {
        let received = server.receive(up.readable(), room).map_err(said)?;
        let (consumed, asked) = (received.consumed, received.event.is_some());
        up.consume(consumed);
        if asked {
            let meta = FileMeta { size, modified: "1970-01-01T00:00:00Z", etag: "m", offset: 0 };
            server.file(&meta, Digester::None).map_err(said)?;
        } else if consumed == 0 {
            return if setup.block.is_empty() { Err("no bytes".to_owned()) } else { Ok(()) };
        }
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
        match received.event {
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

pub fn session(setup: &Setup) -> Result<u64, String> {
    let mut bytes = 0;
    get_in_memory(setup, setup.size, &mut |_, piece| bytes += piece.len() as u64)?;
    Ok(bytes)
}

pub fn check_session(setup: &Setup) -> Result<(), String> {
    let (size, mut right, mut total) = (setup.block.len() as u64 * 2 + 7, true, 0);
    get_in_memory(setup, size, &mut |offset, bytes| {
        right &= is_block(&setup.block, offset, bytes);
        total += bytes.len() as u64;
    })?;
    verdict(right && total == size)
}

/// Whether bytes are those of the repeated block at that offset.
fn is_block(block: &[u8], offset: u64, bytes: &[u8]) -> bool {
    let at = (offset % block.len() as u64) as usize;
    let first = bytes.len().min(block.len() - at);
    let tail = &bytes[first..];
    bytes[..first] == block[at..at + first]
        && (tail.is_empty() || is_block(block, offset + first as u64, tail))
}

fn verdict(right: bool) -> Result<(), String> {
    if right { Ok(()) } else { Err("other bytes arrived than were sent".to_owned()) }
}

// ---- raw bytes over loopback -------------------------------------------------------------------

/// The sizes of write and read that move the most bytes on this machine.
pub struct RawSizes {
    pub write: usize,
    pub read: usize,
}

/// What the sweep tries, in bytes.
const SWEEP: [usize; 5] = [64 << 10, 256 << 10, 1 << 20, 2 << 20, 4 << 20];

impl RawSizes {
    /// Tries all pairs, three times each, and takes the one with the best median.
    pub fn sweep(size: u64) -> Result<RawSizes, String> {
        let block = vec![1; 4 << 20];
        let mut best = (0.0, RawSizes { write: SWEEP[0], read: SWEEP[0] });
        for write in SWEEP {
            for read in SWEEP {
                let mut rates = Vec::new();
                for _ in 0..3 {
                    let began = Instant::now();
                    move_raw(&block, size, write, read, None)?;
                    rates.push(super::gb_per_s(size, began.elapsed()));
                }
                let rate = super::rung::median(&rates).unwrap_or(0.0);
                if rate > best.0 {
                    best = (rate, RawSizes { write, read });
                }
            }
        }
        Ok(best.1)
    }
}

/// Is given what arrives: offset, bytes.
type Seen<'a> = &'a mut dyn FnMut(u64, &[u8]);

/// Moves `size` bytes of the block from one thread to another; what arrives goes to `seen`.
fn move_raw(
    block: &[u8],
    size: u64,
    write: usize,
    read: usize,
    mut seen: Option<Seen<'_>>,
) -> Result<u64, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(said)?;
    let mut to = TcpStream::connect(listener.local_addr().map_err(said)?).map_err(said)?;
    let (mut from, _) = listener.accept().map_err(said)?;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut sent = 0;
            while sent < size {
                let at = (sent % block.len() as u64) as usize;
                let len = write.min(block.len() - at).min((size - sent) as usize);
                // A reader that has gone is noticed by the reader's side.
                if to.write_all(&block[at..at + len]).is_err() {
                    return;
                }
                sent += len as u64;
            }
        });
        let (mut buffer, mut total) = (vec![0; read], 0);
        while total < size {
            let len = from.read(&mut buffer).map_err(said)?;
            if len == 0 {
                return Err("the stream ended early".to_owned());
            }
            if let Some(seen) = &mut seen {
                seen(total, &buffer[..len]);
            }
            total += len as u64;
        }
        Ok(total)
    })
}

pub fn raw(setup: &Setup) -> Result<u64, String> {
    move_raw(&setup.block, setup.size, setup.raw.write, setup.raw.read, None)
}

pub fn check_raw(setup: &Setup) -> Result<(), String> {
    let (size, mut right) = (setup.block.len() as u64 + 7, true);
    let mut seen = |offset, bytes: &[u8]| right &= is_block(&setup.block, offset, bytes);
    move_raw(&setup.block, size, setup.raw.write, setup.raw.read, Some(&mut seen))?;
    verdict(right)
}

// ---- the product over loopback -----------------------------------------------------------------

/// A server on a thread of its own; it ends when this is dropped.
struct Running {
    endpoint: String,
    stopper: wirewright::net::reactor::Stopper,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn start(options: server::Options) -> Result<Running, String> {
        let server = server::Server::bind((Ipv4Addr::LOCALHOST, 0).into(), options);
        let server = server.map_err(said)?;
        let (endpoint, stopper) = (server.local_addr().to_string(), server.stopper());
        // What goes wrong there is seen by the client.
        let thread = std::thread::spawn(move || drop(server.run()));
        Ok(Running { endpoint, stopper, thread: Some(thread) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A running transfer is given no time to end: there is none when a rung stops.
const GRACE: Duration = Duration::ZERO;

fn memory_server(setup: &Setup, size: u64, classic: Option<Name>) -> Result<Running, String> {
    let block = setup.block.clone().into();
    let supply = Supply::Memory(Memory { block, size });
    Running::start(server::Options { classic, grace: GRACE, ..server::Options::new(supply) })
}

fn get(
    server: &Running,
    digest: DigestKind,
    destination: &Destination,
    durability: Durability,
) -> Result<u64, String> {
    get_many(server, 1, digest, destination, durability)
}

/// Gets as many files at the same time, each over a connection of its own; all bytes that came.
fn get_many(
    server: &Running,
    connections: usize,
    digest: DigestKind,
    destination: &Destination,
    durability: Durability,
) -> Result<u64, String> {
    let mut options =
        client::Options { durability, resume: false, connections, ..client::Options::default() };
    options.session.digests = vec![digest];
    let names = vec![name("file")?; connections];
    let reports = client::get(&server.endpoint, &names, destination, &options).map_err(said)?;
    reports.into_iter().try_fold(0, |sum, report| match report.outcome {
        Ok(()) => Ok(sum + report.moved),
        Err(failure) => Err(failure.text),
    })
}

/// A destination that compares what arrives with the block, and a flag that says whether it is
/// right.
fn comparing(setup: &Setup) -> (Destination, Arc<AtomicBool>) {
    let (right, block) = (Arc::new(AtomicBool::new(true)), setup.block.clone());
    let flag = right.clone();
    let compare = move |offset, bytes: &[u8]| {
        flag.fetch_and(is_block(&block, offset, bytes), Ordering::Relaxed);
    };
    (Destination::Sink(Arc::new(compare)), right)
}

/// A destination that takes everything and keeps nothing; checksums are checked before it.
fn nowhere() -> Destination {
    Destination::Sink(Arc::new(|_, bytes: &[u8]| {
        std::hint::black_box(bytes);
    }))
}

fn framed_with(setup: &Setup, digest: DigestKind) -> Result<u64, String> {
    let each = (setup.size / setup.connections as u64).max(1);
    let server = memory_server(setup, each, None)?;
    get_many(&server, setup.connections, digest, &nowhere(), Durability::None)
}

pub fn framed(setup: &Setup) -> Result<u64, String> {
    framed_with(setup, DigestKind::None)
}

pub fn framed_blake3(setup: &Setup) -> Result<u64, String> {
    framed_with(setup, DigestKind::Blake3)
}

pub fn check_framed(setup: &Setup) -> Result<(), String> {
    let size = setup.block.len() as u64 * 2 + 7;
    let server = memory_server(setup, size, None)?;
    let (destination, right) = comparing(setup);
    let moved = get(&server, DigestKind::Blake3, &destination, Durability::None)?;
    verdict(moved == size && right.load(Ordering::Relaxed))
}

pub fn classic(setup: &Setup) -> Result<u64, String> {
    get_classic(setup, setup.size, &nowhere())
}

pub fn check_classic(setup: &Setup) -> Result<(), String> {
    let size = setup.block.len() as u64 * 2 + 7;
    let (destination, right) = comparing(setup);
    let moved = get_classic(setup, size, &destination)?;
    verdict(moved == size && right.load(Ordering::Relaxed))
}

fn get_classic(setup: &Setup, size: u64, destination: &Destination) -> Result<u64, String> {
    let server = memory_server(setup, size, Some(name("file")?))?;
    let report = client::get_classic(&server.endpoint, destination, &client::Options::default());
    report.map(|report| report.moved).map_err(said)
}

// ---- files -------------------------------------------------------------------------------------

/// The file that is sent, made once for each size and then in the page cache.
static MADE: Mutex<Option<u64>> = Mutex::new(None);

fn file_server(setup: &Setup, size: u64) -> Result<Running, String> {
    let folder = setup.folder.path().join("from");
    let mut made = MADE.lock().map_err(said)?;
    if *made != Some(size) {
        std::fs::create_dir_all(&folder).map_err(said)?;
        let mut file = std::fs::File::create(folder.join("file")).map_err(said)?;
        let mut left = size;
        while left > 0 {
            let len = setup.block.len().min(left as usize);
            file.write_all(&setup.block[..len]).map_err(said)?;
            left -= len as u64;
        }
        *made = Some(size);
    }
    let root = Root::open(&folder).map_err(said)?;
    let options = server::Options { grace: GRACE, ..server::Options::new(Supply::Files(root)) };
    Running::start(options)
}

fn into_file(setup: &Setup) -> PathBuf {
    setup.folder.path().join("into")
}

pub fn get_null(setup: &Setup) -> Result<u64, String> {
    let server = file_server(setup, setup.size)?;
    let null = Destination::from_path("/dev/null".as_ref()).map_err(said)?;
    get(&server, DigestKind::None, &null, Durability::None)
}

pub fn get_file(setup: &Setup) -> Result<u64, String> {
    let server = file_server(setup, setup.size)?;
    get(&server, DigestKind::Blake3, &Destination::File(into_file(setup)), Durability::Rename)
}

pub fn get_durable(setup: &Setup) -> Result<u64, String> {
    let server = file_server(setup, setup.size)?;
    get(&server, DigestKind::Blake3, &Destination::File(into_file(setup)), Durability::Fsync)
}

pub fn check_get(setup: &Setup) -> Result<(), String> {
    let server = file_server(setup, setup.size)?;
    let path = into_file(setup);
    get(&server, DigestKind::Blake3, &Destination::File(path.clone()), Durability::Rename)?;
    let mut file = std::fs::File::open(&path).map_err(said)?;
    let (mut offset, mut piece) = (0, vec![0; setup.block.len()]);
    loop {
        let len = file.read(&mut piece).map_err(said)?;
        if len == 0 {
            break;
        }
        verdict(is_block(&setup.block, offset, &piece[..len]))?;
        offset += len as u64;
    }
    std::fs::remove_file(&path).map_err(said)?;
    same(&setup.size.to_le_bytes(), &offset.to_le_bytes())
}
