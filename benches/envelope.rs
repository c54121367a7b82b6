//! The envelope decoder beside serde_json with a base64 crate.
//!
//! `cargo bench --bench envelope`. Bytes of FILE a second; the output of every candidate is checked
//! first.

use base64::Engine as _;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde::Deserialize;
use std::hint::black_box;
use wirewright::envelope::{Decoder, Event, Limits};

/// Raw lengths of the payload: a chunk, and a picture of 16 MiB in one object.
const LENGTHS: [usize; 2] = [196_608, 16 << 20];

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    filedata: std::borrow::Cow<'a, str>,
}

fn document(raw: &[u8]) -> Vec<u8> {
    let text = base64::engine::general_purpose::STANDARD.encode(raw);
    format!("{{\"filename\": \"guido.jpg\", \"filedata\": \"{text}\"}}").into_bytes()
}

/// The push decoder with an output buffer of one chunk; each piece goes to `seen`.
fn pushed(document: &[u8], room: &mut [u8], mut seen: impl FnMut(&[u8])) {
    let mut decoder = Decoder::new("filedata", Limits::default());
    let mut input = document;
    while !input.is_empty() {
        let step = decoder.feed(input, room).unwrap();
        input = &input[step.consumed..];
        if let Event::Payload(len) = step.event {
            seen(&room[..len]);
        }
    }
    decoder.finish().unwrap();
}

fn whole(document: &[u8], out: &mut [u8]) -> usize {
    let document: Document<'_> = serde_json::from_slice(document).unwrap();
    base64::engine::general_purpose::STANDARD.decode_slice(&*document.filedata, out).unwrap()
}

fn whole_turbo(document: &[u8], out: &mut [u8]) -> usize {
    let document: Document<'_> = serde_json::from_slice(document).unwrap();
    base64_turbo::STANDARD.decode_slice(&*document.filedata, out).unwrap()
}

fn decoders(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("envelope");
    group.sample_size(10);
    for len in LENGTHS {
        let raw: Vec<u8> = (0..len).map(|i| (i * 31 + i / 255) as u8).collect();
        let text = document(&raw);
        let (mut room, mut out) = (vec![0; 196_608], vec![0; len + 16]);
        let mut got = Vec::with_capacity(len);
        pushed(&text, &mut room, |bytes| got.extend_from_slice(bytes));
        assert!(got == raw && whole(&text, &mut out) == len && out[..len] == raw);
        assert!(whole_turbo(&text, &mut out) == len && out[..len] == raw);
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::new("push decoder", len), |bencher| {
            bencher.iter(|| {
                pushed(black_box(&text), &mut room, |bytes| {
                    black_box(bytes);
                });
            });
        });
        group.bench_function(BenchmarkId::new("serde_json + base64", len), |bencher| {
            bencher.iter(|| black_box(whole(black_box(&text), &mut out)));
        });
        group.bench_function(BenchmarkId::new("serde_json + base64-turbo", len), |bencher| {
            bencher.iter(|| black_box(whole_turbo(black_box(&text), &mut out)));
        });
    }
}

criterion_group!(benches, decoders);
criterion_main!(benches);
