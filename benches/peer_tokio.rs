//! A peer to be measured beside: the obvious implementation of moving a file as JSON + base64.
//!
//! What one writes in an afternoon with tokio, `LengthDelimitedCodec`, serde and base64, with care
//! and without tricks: a release build, one task for each connection, large buffers that are used
//! again, base64 text borrowed from the frame, TCP_NODELAY. It knows nothing of wirewright.
//!
//! ```text
//!   client ─▶ [len]{"name":"file"}                        len: u32, big-endian
//!   server ─▶ [len]{"size":N}  [len]{"offset":0,"filedata":"…"}  [len]{"offset":…  until N bytes
//! ```
//!
//! A wire of its own, since that of PROTOCOL.md ends at frames of 16 MiB and this one is measured
//! with larger ones, up to the whole file in one. It has less to do: no checksum, no digest, no
//! hello. That the same crates speak PROTOCOL.md as well is shown by
//! `tests/net/transfer/tokio_peer.rs`.
//!
//! ```text
//! peer_tokio serve   [FILE] [--size BYTES] [--chunk BYTES] [--listen ADDR:PORT]
//! peer_tokio get     ADDR:PORT [-o FILE | --verify CHUNK] [--seconds S]
//! peer_tokio measure [--size BYTES] [--chunk BYTES] [--seconds S] [--json]
//! ```
//!
//! `--chunk 0` is the whole file as one frame. Without FILE the server makes its bytes up, and
//! `--verify` compares what comes with them. `measure` is both in two processes, memory to memory:
//! one transfer that is compared, then transfers that are counted for so many seconds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Error, Result};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

// ---- the wire ----------------------------------------------------------------------------------

#[derive(Serialize, Deserialize)]
struct Get<'a> {
    name: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Head {
    size: u64,
}

#[derive(Serialize, Deserialize)]
struct Chunk<'a> {
    offset: u64,
    /// Base64 needs no escapes, so it can be borrowed.
    filedata: &'a str,
}

type Wire = Framed<TcpStream, LengthDelimitedCodec>;

/// What is held ready for reading at first; a longer frame makes it grow to its length.
const BUFFER_BYTES: usize = 256 << 10;

fn wire(stream: TcpStream) -> Result<Wire> {
    stream.set_nodelay(true)?;
    let codec = LengthDelimitedCodec::builder().max_frame_length(u32::MAX as usize).new_codec();
    Ok(Framed::with_capacity(stream, codec, BUFFER_BYTES))
}

async fn receive(wire: &mut Wire) -> Result<BytesMut> {
    wire.next().await.unwrap_or_else(|| Err(Error::other("the peer hung up")))
}

async fn send(wire: &mut Wire, message: &impl Serialize) -> Result<()> {
    wire.send(Bytes::from(serde_json::to_vec(message)?)).await
}

// ---- the server --------------------------------------------------------------------------------

/// What is served: a file, or bytes made up and held in memory.
enum Source {
    File(PathBuf),
    /// The block again and again, up to the size.
    Memory(Vec<u8>, u64),
}

async fn serve(listener: TcpListener, source: Source, chunk: usize) -> Result<()> {
    let source = Arc::new(source);
    loop {
        let (stream, _) = listener.accept().await?;
        let source = source.clone();
        tokio::spawn(async move {
            if let Err(error) = answer(stream, &source, chunk).await {
                eprintln!("error: {error}");
            }
        });
    }
}

/// Sends the file as often as it is asked for.
async fn answer(stream: TcpStream, source: &Source, chunk: usize) -> Result<()> {
    let mut wire = wire(stream)?;
    while let Some(frame) = wire.next().await {
        let frame = frame?;
        let _: Get<'_> = serde_json::from_slice(&frame)?;
        let (mut open, size) = source.open().await?;
        send(&mut wire, &Head { size }).await?;
        let chunk = if chunk == 0 { size as usize } else { chunk };
        let (mut offset, mut row) = (0, Row::default());
        while offset < size {
            let len = chunk.min((size - offset) as usize);
            let piece = open.read(offset, len).await?;
            wire.send(row.of(offset, piece)?).await?;
            offset += piece.len() as u64;
        }
    }
    Ok(())
}

/// A source that is being sent.
enum Open<'a> {
    File(File, Vec<u8>),
    Memory(&'a [u8]),
}

impl Source {
    async fn open(&self) -> Result<(Open<'_>, u64)> {
        match self {
            Source::File(path) => {
                let file = File::open(path).await?;
                let size = file.metadata().await?.len();
                Ok((Open::File(file, Vec::new()), size))
            }
            Source::Memory(block, size) => Ok((Open::Memory(block), *size)),
        }
    }
}

impl Open<'_> {
    /// The next bytes, so many or, at the end of a block, fewer.
    async fn read(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        match self {
            Open::File(file, scratch) => {
                scratch.resize(len, 0);
                file.read_exact(scratch).await?;
                Ok(scratch)
            }
            Open::Memory(block) => {
                let at = (offset % block.len() as u64) as usize;
                Ok(&block[at..(at + len).min(block.len())])
            }
        }
    }
}

/// Buffers of a sender that are used again.
#[derive(Default)]
struct Row {
    text: String,
    json: BytesMut,
}

impl Row {
    fn of(&mut self, offset: u64, piece: &[u8]) -> Result<Bytes> {
        self.text.clear();
        STANDARD.encode_string(piece, &mut self.text);
        self.json.reserve(self.text.len() + 64);
        let chunk = Chunk { offset, filedata: &self.text };
        serde_json::to_writer((&mut self.json).writer(), &chunk)?;
        Ok(self.json.split().freeze())
    }
}

// ---- the client --------------------------------------------------------------------------------

/// Where the bytes of the file go.
enum Sink {
    Nowhere,
    File(File),
    /// They have to be these.
    Compare(MadeUp),
}

struct Client {
    wire: Wire,
    payload: Vec<u8>,
}

impl Client {
    async fn connect(address: &str) -> Result<Client> {
        Ok(Client { wire: wire(TcpStream::connect(address).await?)?, payload: Vec::new() })
    }

    /// Gets the file once; how many bytes came.
    async fn get(&mut self, sink: &mut Sink) -> Result<u64> {
        send(&mut self.wire, &Get { name: "file" }).await?;
        let Head { size } = serde_json::from_slice(&receive(&mut self.wire).await?)?;
        let mut received = 0;
        while received < size {
            let frame = receive(&mut self.wire).await?;
            let chunk: Chunk<'_> = serde_json::from_slice(&frame)?;
            self.payload.clear();
            STANDARD.decode_vec(chunk.filedata, &mut self.payload).map_err(Error::other)?;
            if chunk.offset != received {
                return Err(Error::other("a chunk is not in line"));
            }
            match sink {
                Sink::Nowhere => drop(black_box(&self.payload)),
                Sink::File(file) => file.write_all(&self.payload).await?,
                Sink::Compare(expected) => expected.compare(&self.payload)?,
            }
            received += self.payload.len() as u64;
        }
        if let Sink::File(file) = sink {
            file.flush().await?;
        }
        Ok(received)
    }

    /// Gets the file once, and again until the time is over; bytes that came.
    async fn get_for(&mut self, time: Duration, sink: &mut Sink) -> Result<u64> {
        let (began, mut bytes) = (Instant::now(), 0);
        loop {
            bytes += self.get(sink).await?;
            if began.elapsed() >= time {
                return Ok(bytes);
            }
        }
    }
}

// ---- bytes -------------------------------------------------------------------------------------

/// Random bytes that both sides can make: a xorshift generator (Marsaglia 2003), begun anew after
/// each block.
struct MadeUp {
    state: u64,
    block_len: usize,
    at: usize,
}

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

impl MadeUp {
    fn new(chunk: usize) -> MadeUp {
        MadeUp { state: SEED, block_len: block_len(chunk), at: 0 }
    }

    fn next(&mut self) -> u8 {
        if self.at == self.block_len {
            (self.state, self.at) = (SEED, 0);
        }
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.at += 1;
        (self.state >> 56) as u8
    }

    /// Fails if these are not the next ones.
    fn compare(&mut self, bytes: &[u8]) -> Result<()> {
        match bytes.iter().all(|byte| *byte == self.next()) {
            true => Ok(()),
            false => Err(Error::other("other bytes than were sent")),
        }
    }
}

/// The least length of a block of bytes made up.
const BLOCK_BYTES: usize = 4 << 20;

/// How long a block is: whole chunks. For the whole file as one it does not end.
fn block_len(chunk: usize) -> usize {
    if chunk == 0 { usize::MAX } else { chunk * BLOCK_BYTES.div_ceil(chunk) }
}

fn memory(size: u64, chunk: usize) -> Source {
    let mut bytes = MadeUp::new(chunk);
    let len = block_len(chunk).min(size as usize);
    Source::Memory((0..len).map(|_| bytes.next()).collect(), size)
}

// ---- measuring ---------------------------------------------------------------------------------

/// Both sides in two processes: this one is the client.
async fn measure(args: &Args) -> Result<()> {
    let (server, address) = Server::start(args)?;
    let mut client = Client::connect(&address).await?;
    client.get(&mut Sink::Compare(MadeUp::new(args.chunk))).await?;
    let pids = [server.0.id().to_string(), "self".to_owned()];
    let before = pids.each_ref().map(|pid| processor(pid));
    let began = Instant::now();
    let bytes = client.get_for(args.seconds, &mut Sink::Nowhere).await?;
    let seconds = began.elapsed().as_secs_f64();
    let gb = bytes as f64 / 1e9;
    let [server, client] = [0, 1].map(|side| {
        json!({ "cpu_s_per_gb": (processor(&pids[side]) - before[side]) / gb,
            "peak_rss_bytes": peak(&pids[side]) })
    });
    let report = json!({ "peer": "tokio", "size": args.size, "chunk": args.chunk, "bytes": bytes,
        "seconds": seconds, "gb_per_s": gb / seconds, "server": server, "client": client });
    match args.json {
        true => println!("{report}"),
        false => println!("{:.3} GB/s of file; server {server}, client {client}", gb / seconds),
    }
    Ok(())
}

/// This program as a server in another process, which ends with this value.
struct Server(Child);

impl Server {
    fn start(args: &Args) -> Result<(Server, String)> {
        let mut command = Command::new(std::env::current_exe()?);
        let numbers = [args.size.to_string(), args.chunk.to_string()];
        command.args(["serve", "--size", &numbers[0], "--chunk", &numbers[1]]);
        let mut server = Server(command.stdout(Stdio::piped()).spawn()?);
        let mut line = String::new();
        if let Some(stdout) = server.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix("listening on ");
        let address = address.ok_or_else(|| Error::other("the server did not start"))?.to_owned();
        Ok((server, address))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Processor seconds of a process so far: fields 14 and 15 of proc(5), in ticks of 10 ms.
fn processor(pid: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |at| fields.split(' ').nth(at).and_then(|text| text.parse::<f64>().ok());
    (ticks(12).unwrap_or(0.0) + ticks(13).unwrap_or(0.0)) / 100.0
}

/// The peak of resident memory of a process, in bytes.
fn peak(pid: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

// ---- the command -------------------------------------------------------------------------------

struct Args {
    place: Option<String>,
    size: u64,
    chunk: usize,
    listen: String,
    output: Option<PathBuf>,
    verify: Option<usize>,
    seconds: Duration,
    json: bool,
}

impl Args {
    fn parse(mut words: impl Iterator<Item = String>) -> Option<Args> {
        let mut args = Args {
            place: None,
            size: 256 << 20,
            chunk: 1 << 20,
            listen: "127.0.0.1:0".to_owned(),
            output: None,
            verify: None,
            seconds: Duration::ZERO,
            json: false,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--size" => args.size = words.next()?.parse().ok()?,
                "--chunk" => args.chunk = words.next()?.parse().ok()?,
                "--listen" => args.listen = words.next()?,
                "-o" => args.output = Some(words.next()?.into()),
                "--verify" => args.verify = Some(words.next()?.parse().ok()?),
                "--seconds" => {
                    args.seconds = Duration::try_from_secs_f64(words.next()?.parse().ok()?).ok()?;
                }
                "--json" => args.json = true,
                _ if word.starts_with('-') || args.place.is_some() => return None,
                _ => args.place = Some(word),
            }
        }
        Some(args)
    }
}

async fn serve_as_told(args: &Args) -> Result<()> {
    let listener = TcpListener::bind(&args.listen).await?;
    let source = match &args.place {
        Some(path) => Source::File(path.into()),
        None => memory(args.size, args.chunk),
    };
    println!("listening on {}", listener.local_addr()?);
    serve(listener, source, args.chunk).await
}

async fn get_as_told(args: &Args) -> Result<()> {
    let address = args.place.as_deref().unwrap_or_default();
    let mut sink = match (&args.output, args.verify) {
        (Some(path), _) => Sink::File(File::create(path).await?),
        (None, Some(chunk)) => Sink::Compare(MadeUp::new(chunk)),
        (None, None) => Sink::Nowhere,
    };
    let bytes = Client::connect(address).await?.get_for(args.seconds, &mut sink).await?;
    println!("{bytes}");
    Ok(())
}

#[tokio::main]
async fn main() {
    let mut words = std::env::args().skip(1);
    let mode = words.next().unwrap_or_default();
    let done = match (mode.as_str(), Args::parse(words)) {
        ("serve", Some(args)) => serve_as_told(&args).await,
        ("get", Some(args)) if args.place.is_some() => get_as_told(&args).await,
        ("measure", Some(args)) => measure(&args).await,
        _ => Err(Error::other("peer_tokio serve | get | measure; see benches/peer_tokio.rs")),
    };
    if let Err(error) = done {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}
