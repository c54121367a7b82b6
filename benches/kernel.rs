//! Base64 kernels side by side, on pieces of the sizes that the envelope codec uses.
//!
//! `cargo bench --bench kernel`. Compare ratios within one run only. The output of every candidate
//! is first compared with that of the strict scalar engine of the crate `base64`.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD as SCALAR};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

/// Raw lengths in bytes: a piece that fits the cache, a chunk of the wire, one that exceeds the L2
/// cache.
const LENGTHS: [usize; 3] = [49_152, 196_608, 3_145_728];

type Coder = (&'static str, fn(&[u8], &mut [u8]) -> usize);

/// The SIMD engine of the crate `base64`, padding required.
fn simd() -> base64::engine::Simd {
    base64::engine::Simd::standard(GeneralPurposeConfig::new())
}

const ENCODERS: [Coder; 4] = [
    ("base64-turbo", |raw, out| base64_turbo::STANDARD.encode_slice(raw, out).unwrap()),
    ("base64::Simd", |raw, out| simd().encode_slice(raw, out).unwrap()),
    ("base64-simd", |raw, out| {
        base64_simd::STANDARD.encode(raw, base64_simd::Out::from_slice(out)).len()
    }),
    ("base64 scalar", |raw, out| SCALAR.encode_slice(raw, out).unwrap()),
];

const DECODERS: [Coder; 5] = [
    ("base64-turbo", |text, out| base64_turbo::STANDARD.decode_slice(text, out).unwrap()),
    ("wirewright strict", |text, out| wirewright::base64::decode_strict(text, out).unwrap()),
    ("base64::Simd", |text, out| simd().decode_slice(text, out).unwrap()),
    ("base64-simd", |text, out| {
        base64_simd::STANDARD.decode(text, base64_simd::Out::from_slice(out)).unwrap().len()
    }),
    ("base64 scalar", |text, out| SCALAR.decode_slice(text, out).unwrap()),
];

fn random(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn compare(
    criterion: &mut Criterion,
    group: &str,
    coders: &[Coder],
    input: impl Fn(usize) -> Vec<u8>,
    expected: impl Fn(&[u8]) -> Vec<u8>,
) {
    let mut group = criterion.benchmark_group(group);
    group.sample_size(20);
    for len in LENGTHS {
        let from = input(len);
        let right = expected(&from);
        let mut out = vec![0; len * 2];
        group.throughput(Throughput::Bytes(len as u64));
        for (name, code) in coders {
            let written = code(&from, &mut out);
            assert_eq!(&out[..written], &right[..], "{name} is wrong");
            group.bench_with_input(BenchmarkId::new(*name, len), &from, |bencher, from| {
                bencher.iter(|| black_box(code(black_box(from), &mut out)));
            });
        }
    }
}

fn kernels(criterion: &mut Criterion) {
    compare(criterion, "encode", &ENCODERS, random, |raw| SCALAR.encode(raw).into_bytes());
    let text = |len| SCALAR.encode(random(len)).into_bytes();
    compare(criterion, "decode", &DECODERS, text, |text| SCALAR.decode(text).unwrap());
}

criterion_group!(benches, kernels);
criterion_main!(benches);
