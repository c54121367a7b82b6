//! Chunked responses: our exchange, and its decoder alone, beside hyper's client connection; and a
//! long head one byte at a time.
//!
//! `cargo bench --bench chunked`. Bytes of body a second; compare ratios within one run only.
//! hyper's decoder is not public, so it is driven through a connection over an in-memory stream,
//! which supplies the response as fast as it is read and drops the request: no socket, no pipe, no
//! wake-up between two tasks of ours. Our exchange has the same copy into its input. The body in
//! one chunk shows the cost of the connection without the decoder.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};
use wirewright::buffer::Buffer;
use wirewright::http::config::{Config, Limits, Policy};
use wirewright::http::exchange::{Event, Exchange};
use wirewright::http::message::chunked;
use wirewright::http::message::chunked::Decoder;
use wirewright::http::request::{Method, Request};
use wirewright::http::url::Url;
use wirewright::session::Session as _;

/// Length of the body in bytes.
const BODY_LEN: usize = 1 << 20;

/// Lengths of the chunks in bytes: tiny, as of a server that flushes each line; common; one chunk.
const CHUNKS: [usize; 3] = [16, 4096, BODY_LEN];

/// How much is read from the wire at a time, in bytes.
const READ_BYTES: usize = 262_144;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn body() -> Vec<u8> {
    (0..BODY_LEN).map(|at| (at * 31 + at / 255) as u8).collect()
}

fn coded(body: &[u8], chunk: usize) -> Vec<u8> {
    let mut text = HEAD.to_vec();
    for piece in body.chunks(chunk) {
        text.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        text.extend_from_slice(piece);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"0\r\n\r\n");
    text
}

// ---- ours --------------------------------------------------------------------------------------

/// Buffers that a connection would borrow from its reactor.
struct Lent {
    input: Vec<u8>,
    room: Vec<u8>,
    out: Buffer,
}

impl Lent {
    fn new() -> Lent {
        let (input, room) = (vec![0; READ_BYTES], vec![0; READ_BYTES]);
        Lent { input, room, out: Buffer::with_limit(4096) }
    }
}

fn ours(response: &[u8], lent: &mut Lent, mut seen: impl FnMut(&[u8])) {
    let mut exchange = Exchange::new(Config::default());
    let url = Url::parse("http://h/").unwrap();
    exchange.send(&Request::new(Method::GET, &url)).unwrap();
    exchange.transmit(&mut lent.out);
    lent.out.consume(lent.out.len());
    for piece in response.chunks(READ_BYTES) {
        lent.input[..piece.len()].copy_from_slice(piece);
        let mut input = &lent.input[..piece.len()];
        loop {
            let received = exchange.receive(input, &mut lent.room).unwrap();
            input = &input[received.consumed..];
            match received.into_event() {
                Some(Event::Body(bytes)) => seen(bytes),
                Some(_) => {}
                None => break,
            }
        }
    }
    assert!(exchange.is_idle(), "the response has ended");
}

fn decoder(text: &[u8], room: &mut [u8], mut seen: impl FnMut(&[u8])) {
    let mut decoder = Decoder::new(Limits::default(), Policy::Tolerant, 0);
    let mut input = text;
    loop {
        let step = decoder.feed(input, room).unwrap();
        let (eaten, rest) = input.split_at(step.consumed);
        input = rest;
        match step.event {
            chunked::Event::Run(len) => seen(&eaten[eaten.len() - len..]),
            chunked::Event::Copied(len) => seen(&room[..len]),
            chunked::Event::End => break,
            chunked::Event::More | chunked::Event::Remark(_) => panic!("a whole plain body"),
        }
    }
}

// ---- hyper's -----------------------------------------------------------------------------------

/// A stream that supplies a response and drops the request.
struct Wire {
    response: Bytes,
    /// A request was written; only then the response can be read.
    asked: bool,
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut to: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        if !self.asked {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let len = to.remaining().min(self.response.len());
        to.put_slice(&self.response.split_to(len));
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.asked = true;
        Poll::Ready(Ok(from.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn hypers(runtime: &tokio::runtime::Runtime, response: &Bytes, mut seen: impl FnMut(&[u8])) {
    runtime.block_on(async {
        let wire = Wire { response: response.clone(), asked: false };
        let (mut sender, connection) = hyper::client::conn::http1::handshake(wire).await.unwrap();
        let connection = tokio::spawn(connection);
        let request = hyper::Request::get("/").header("Host", "h");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let mut body = sender.send_request(request).await.unwrap().into_body();
        while let Some(frame) = body.frame().await {
            seen(frame.unwrap().data_ref().unwrap());
        }
        drop(sender);
        connection.await.unwrap().unwrap();
    });
}

// ---- measured ----------------------------------------------------------------------------------

fn bodies(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut group = criterion.benchmark_group("chunked");
    group.throughput(Throughput::Bytes(BODY_LEN as u64));
    let body = body();
    let mut lent = Lent::new();
    let count = |bytes: &[u8]| {
        black_box(bytes);
    };
    for chunk in CHUNKS {
        let response = coded(&body, chunk);
        let (text, shared) = (&response[HEAD.len()..], Bytes::from(response.clone()));
        for way in 0..3 {
            let mut got = Vec::with_capacity(BODY_LEN);
            let take = |bytes: &[u8]| got.extend_from_slice(bytes);
            match way {
                0 => ours(&response, &mut lent, take),
                1 => decoder(text, &mut lent.room, take),
                _ => hypers(&runtime, &shared, take),
            }
            assert!(got == body, "way {way} in chunks of {chunk} is wrong");
        }
        group.bench_function(BenchmarkId::new("exchange", chunk), |bencher| {
            bencher.iter(|| ours(black_box(&response), &mut lent, count));
        });
        group.bench_function(BenchmarkId::new("decoder alone", chunk), |bencher| {
            bencher.iter(|| decoder(black_box(text), &mut lent.room, count));
        });
        group.bench_function(BenchmarkId::new("hyper", chunk), |bencher| {
            bencher.iter(|| hypers(&runtime, black_box(&shared), count));
        });
    }
}

/// 64 KiB of head, byte by byte: the cost of a slow or hostile server.
fn heads(criterion: &mut Criterion) {
    let lines: String = (0..160).map(|n| format!("X-{n:03}: {}\r\n", "y".repeat(400))).collect();
    let mut head = format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n");
    head.push_str(&format!("Z: {}\r\n\r\n", "z".repeat(65_536 - head.len() - 7)));
    assert_eq!(head.len(), 65_536);
    let mut lent = Lent::new();
    let mut group = criterion.benchmark_group("head of 64 KiB");
    for piece in [1, 65_536] {
        group.bench_function(BenchmarkId::new("in pieces of", piece), |bencher| {
            bencher.iter(|| {
                let mut exchange = Exchange::new(Config::default());
                let url = Url::parse("http://h/").unwrap();
                exchange.send(&Request::new(Method::GET, &url)).unwrap();
                exchange.transmit(&mut lent.out);
                lent.out.consume(lent.out.len());
                let mut events = 0;
                for piece in black_box(head.as_bytes()).chunks(piece) {
                    let mut input = piece;
                    loop {
                        let received = exchange.receive(input, &mut []).unwrap();
                        input = &input[received.consumed..];
                        events += u32::from(received.is_event());
                        if !received.is_event() {
                            break;
                        }
                    }
                }
                assert_eq!(events, 2, "a head and an end");
            });
        });
    }
}

criterion_group!(benches, bodies, heads);
criterion_main!(benches);
