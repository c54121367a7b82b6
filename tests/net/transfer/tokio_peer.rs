//! A peer from another world: tokio's `LengthDelimitedCodec`, serde_json and base64 speak the
//! framed wire with the library, as a client and as a server.

use crate::bytes::bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Framed, LengthDelimitedCodec};
use wirewright::digest::DigestKind;
use wirewright::name::Name;
use wirewright::net::files::Root;
use wirewright::net::files::{Destination, Sources};
use wirewright::net::reactor::StopHandle;
use wirewright::net::transfer::{client, server};

/// On each side of a group of three and of a chunk of ours, and many chunks.
const SIZES: [usize; 8] = [0, 1, 2, 3, 196_607, 196_608, 196_609, 2_000_000];

/// What a chunk of the peer's holds: not what ours do.
const CHUNK: usize = 30_000;

// ---- the peer --------------------------------------------------------------------------------

/// The default of the codec is the frame of PROTOCOL.md §3: 4 bytes, big-endian.
struct Peer(Framed<TcpStream, LengthDelimitedCodec>);

impl Peer {
    fn new(stream: TcpStream) -> Peer {
        Peer(Framed::new(stream, LengthDelimitedCodec::new()))
    }

    async fn send(&mut self, message: Value) {
        self.0.send(Bytes::from(message.to_string())).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        let frame = self.0.next().await.expect("a message").unwrap();
        serde_json::from_slice(&frame).unwrap()
    }

    /// Greets, as a client.
    async fn connect(address: SocketAddr) -> Peer {
        let mut peer = Peer::new(TcpStream::connect(address).await.unwrap());
        let nonce = "0123456789abcdef0123456789abcdef";
        peer.send(json!({ "type": "hello", "versions": [1], "max_frame": 1 << 20,
            "digests": ["sha256"], "nonce": nonce }))
            .await;
        let hello = peer.receive().await;
        assert_eq!((&hello["type"], &hello["version"]), (&"hello".into(), &1.into()));
        assert_eq!(hello["digest"], "sha256");
        peer
    }

    /// Sends the chunks and the end of a file.
    async fn send_file(&mut self, id: u64, bytes: &[u8]) {
        for (at, piece) in bytes.chunks(CHUNK).enumerate() {
            self.send(json!({ "type": "chunk", "id": id, "offset": at * CHUNK,
                "crc32": crc32(piece), "filedata": STANDARD.encode(piece) }))
                .await;
        }
        self.send(json!({ "type": "end", "id": id, "size": bytes.len(),
            "digest": sha256(bytes) }))
            .await;
    }

    /// Takes chunks up to the end, and checks all that can be checked.
    async fn receive_file(&mut self, id: u64, size: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let message = self.receive().await;
            assert_eq!(message["id"], id);
            if message["type"] == "end" {
                assert_eq!((&message["size"], bytes.len()), (&size.into(), size));
                assert_eq!(message["digest"], sha256(&bytes));
                return bytes;
            }
            assert_eq!(
                (&message["type"], &message["offset"]),
                (&"chunk".into(), &bytes.len().into())
            );
            let piece = STANDARD.decode(message["filedata"].as_str().unwrap()).unwrap();
            assert_eq!(message["crc32"], crc32(&piece));
            assert!(
                !piece.is_empty() && (piece.len() % 3 == 0 || bytes.len() + piece.len() == size)
            );
            bytes.extend_from_slice(&piece);
        }
    }
}

/// zlib's, bit by bit, as PROTOCOL.md §5.4 gives it.
fn crc32(bytes: &[u8]) -> String {
    let step = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    format!("{:08x}", !bytes.iter().fold(!0, byte))
}

fn sha256(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn run(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limit = std::time::Duration::from_secs(120);
    runtime
        .block_on(async { tokio::time::timeout(limit, future).await.expect("it came to an end") });
}

// ---- against our server ----------------------------------------------------------------------

/// Our server on a thread of its own.
struct Running {
    folder: tempfile::TempDir,
    address: SocketAddr,
    stop: StopHandle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start() -> Running {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let mut options = server::Options::new(Sources::Files(root));
        options.writable = true;
        let server = server::Server::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
        let (address, stop) = (server.local_addr(), server.stop_handle());
        let thread = Some(std::thread::spawn(move || server.run().unwrap()));
        Running { folder, address, stop, thread }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))));
    }
}

#[test]
fn the_peer_lists_and_gets() {
    let server = Running::start();
    for size in SIZES {
        std::fs::write(server.folder.path().join(format!("ü {size}")), bytes(size)).unwrap();
    }
    run(async {
        let mut peer = Peer::connect(server.address).await;
        peer.send(json!({ "type": "list", "id": 1 })).await;
        let page = peer.receive().await;
        assert_eq!((&page["type"], &page["id"]), (&"entries".into(), &1.into()));
        assert_eq!(page["more"], false);
        assert_eq!(page["entries"].as_array().unwrap().len(), SIZES.len());
        // All are asked for at once, and answered in order.
        for (id, size) in (2u64..).zip(SIZES) {
            peer.send(json!({ "type": "get", "id": id, "name": format!("ü {size}") })).await;
        }
        for (id, size) in (2u64..).zip(SIZES) {
            let file = peer.receive().await;
            assert_eq!((&file["type"], &file["id"]), (&"file".into(), &id.into()));
            assert_eq!((&file["size"], &file["offset"]), (&size.into(), &0.into()));
            assert!(peer.receive_file(id, size).await == bytes(size), "{size}");
        }
        peer.send(json!({ "type": "get", "id": 99, "name": "none" })).await;
        let error = peer.receive().await;
        assert_eq!((&error["code"], &error["fatal"]), (&"not_found".into(), &false.into()));
    });
}

#[test]
fn the_peer_puts() {
    let server = Running::start();
    run(async {
        let mut peer = Peer::connect(server.address).await;
        for (id, size) in (1u64..).zip(SIZES) {
            peer.send(json!({ "type": "put", "id": id, "name": format!("ü {size}"),
                "size": size, "etag": format!("e{size}") }))
                .await;
            let ready = peer.receive().await;
            assert_eq!((&ready["type"], &ready["offset"]), (&"ready".into(), &0.into()), "{ready}");
            peer.send_file(id, &bytes(size)).await;
            let done = peer.receive().await;
            assert_eq!((&done["type"], &done["size"]), (&"done".into(), &size.into()), "{done}");
            assert_eq!(done["durability"], "fsync");
            let stored = std::fs::read(server.folder.path().join(format!("ü {size}"))).unwrap();
            assert!(stored == bytes(size), "{size}");
        }
        // The same content again is done without a byte; another size is a conflict.
        peer.send(json!({ "type": "put", "id": 99, "name": "ü 0", "size": 0, "etag": "e" })).await;
        assert_eq!(peer.receive().await["type"], "ready");
        peer.send_file(99, b"").await;
        assert_eq!(peer.receive().await["type"], "done");
        peer.send(json!({ "type": "put", "id": 100, "name": "ü 0", "size": 1, "etag": "e" })).await;
        assert_eq!(peer.receive().await["code"], "exists");
    });
}

// ---- against our client ----------------------------------------------------------------------

/// A minimal server: one connection, one file for every `get`, until the client hangs up.
async fn serve_one(listener: TcpListener) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut peer = Peer::new(stream);
    let hello = peer.receive().await;
    assert_eq!((&hello["type"], &hello["versions"][0]), (&"hello".into(), &1.into()));
    assert_eq!(hello["digests"], json!(["sha256"]));
    peer.send(json!({ "type": "hello", "version": 1, "max_frame": 1 << 20, "digest": "sha256" }))
        .await;
    while let Some(frame) = peer.0.next().await {
        let get: Value = serde_json::from_slice(&frame.unwrap()).unwrap();
        assert_eq!(get["type"], "get");
        let (id, name) = (get["id"].as_u64().unwrap(), get["name"].as_str().unwrap());
        let size: usize = name.trim_start_matches("ü ").parse().unwrap();
        peer.send(json!({ "type": "file", "id": id, "name": name, "size": size, "offset": 0,
            "modified": "2026-11-21T18:43:00Z", "etag": format!("e{size}"), "unknown": [1] }))
            .await;
        peer.send_file(id, &bytes(size)).await;
    }
}

fn get(address: SocketAddr, to: &Path) {
    let names: Vec<Name> =
        SIZES.iter().map(|size| Name::new(&format!("ü {size}")).unwrap()).collect();
    let mut options = client::Options::default();
    options.session.digests = vec![DigestKind::Sha256];
    let destination = Destination::Directory(to.to_owned());
    let reports = client::get(&address.to_string(), &names, &destination, &options).unwrap();
    for (report, size) in reports.iter().zip(SIZES) {
        assert_eq!(report.outcome, Ok(()), "{report:?}");
        assert_eq!(report.digest.as_deref(), Some(&*sha256(&bytes(size))));
        assert!(std::fs::read(to.join(report.name.as_raw_str())).unwrap() == bytes(size), "{size}");
    }
}

#[test]
fn our_client_gets_from_the_peer() {
    let to = tempfile::tempdir().unwrap();
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let folder = to.path().to_owned();
        let client = std::thread::spawn(move || get(address, &folder));
        serve_one(listener).await;
        client.join().unwrap();
    });
    assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), SIZES.len());
}
