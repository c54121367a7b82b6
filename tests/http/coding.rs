//! Content codings: what was packed by flate2's encoders and by hand comes out the same, however it
//! is cut; damage and bombs are errors with their places.

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use std::io::Write as _;
use wirewright::error::Error;
use wirewright::http::coding::{Coded, Coding, Decoder, coded};
use wirewright::http::config::Limits;
use wirewright::http::message::headers::Headers;
use wirewright::text::PeerText;

fn gzip(raw: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(raw).unwrap();
    encoder.finish().unwrap()
}

fn zlib(raw: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(raw).unwrap();
    encoder.finish().unwrap()
}

fn deflate(raw: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(raw).unwrap();
    encoder.finish().unwrap()
}

/// What comes out, and the error.
fn unpack(
    codings: &[Coding],
    packed: &[u8],
    piece: usize,
    room: usize,
    limits: &Limits,
) -> (Vec<u8>, Option<Error>) {
    let mut decoder = Decoder::new(codings, limits).expect("a coding");
    let (mut out, mut room) = (Vec::new(), vec![0; room]);
    for piece in packed.chunks(piece) {
        let mut input = piece;
        loop {
            match decoder.feed(input, &mut room) {
                Ok(step) if (step.consumed, step.produced) == (0, 0) => break,
                Ok(step) => {
                    input = &input[step.consumed..];
                    out.extend_from_slice(&room[..step.produced]);
                }
                Err(error) => {
                    assert_eq!(decoder.feed(b"x", &mut room), Err(error.clone()), "it stays");
                    return (out, Some(error));
                }
            }
        }
        assert!(input.is_empty(), "it stopped for no reason");
    }
    assert_eq!(decoder.produced(), out.len() as u64);
    (out, decoder.finish().err())
}

fn every_way(codings: &[Coding], packed: &[u8], limits: &Limits) -> (Vec<u8>, Option<Error>) {
    let whole = unpack(codings, packed, packed.len().max(1), 1 << 20, limits);
    for (piece, room) in [(1, 1), (1, 64), (2, 7), (7, 3), (1000, 100)] {
        let cut = unpack(codings, packed, piece, room, limits);
        let kind = |outcome: &(Vec<u8>, Option<Error>)| {
            outcome.1.as_ref().map(|error| (error.kind(), error.section()))
        };
        assert_eq!(kind(&cut), kind(&whole), "by {piece} into {room}");
        if whole.1.is_none() {
            assert_eq!(cut.0, whole.0, "by {piece} into {room}");
        }
    }
    whole
}

fn text() -> Vec<u8> {
    (0..5000u32).flat_map(|n| format!("line {} of many\n", n % 97 * n).into_bytes()).collect()
}

#[test]
fn what_was_packed_comes_out() {
    let limits = Limits::default();
    for raw in [&b""[..], b"a", b"hello, hello, hello", &text(), &[0; 70_000], &[b'x'; 258]] {
        for (coding, packed) in [
            (Coding::Gzip, gzip(raw)),
            (Coding::Deflate, zlib(raw)),
            (Coding::Deflate, deflate(raw)),
        ] {
            assert_eq!(every_way(&[coding], &packed, &limits), (raw.to_vec(), None), "{coding:?}");
        }
    }
    let both = [gzip(b"hello, "), gzip(b"world"), gzip(b"")].concat();
    assert_eq!(every_way(&[Coding::Gzip], &both, &limits), (b"hello, world".to_vec(), None));
    for coding in [Coding::Gzip, Coding::Deflate] {
        assert_eq!(every_way(&[coding], b"", &limits), (Vec::new(), None));
    }
}

/// All optional parts of RFC 1952 §2.3, each with the next.
#[test]
fn headers_of_gzip() {
    let plain = gzip(b"hi");
    for flags in 0..32u8 {
        let mut header = plain[..10].to_vec();
        header[3] = flags;
        if flags & 4 != 0 {
            header.extend_from_slice(if flags & 1 == 0 { b"\x03\0abc" } else { b"\0\0" });
        }
        if flags & 8 != 0 {
            header.extend_from_slice(b"name\0");
        }
        if flags & 16 != 0 {
            header.extend_from_slice(b"\0");
        }
        let crc = crc32fast::hash(&header) as u16;
        let mut wrong = header.clone();
        if flags & 2 != 0 {
            header.extend_from_slice(&crc.to_le_bytes());
            wrong.extend_from_slice(&(crc ^ 1).to_le_bytes());
        }
        let packed = [&header[..], &plain[10..]].concat();
        let limits = Limits::default();
        assert_eq!(every_way(&[Coding::Gzip], &packed, &limits), (b"hi".to_vec(), None), "{flags}");
        if flags & 2 != 0 {
            let packed = [&wrong[..], &plain[10..]].concat();
            let error = every_way(&[Coding::Gzip], &packed, &limits).1.expect("an error");
            let at = wrong.len() as u64 - 1;
            assert_eq!((error.kind(), error.offset()), ("malformed", Some(at)));
        }
    }
}

#[test]
fn damage_is_an_error() {
    let limits = Limits::default();
    let whole = gzip(&text());
    let end = whole.len() as u64;
    let (format, member) = ("RFC 1952 §2.2", "RFC 1952 §2.3.1");
    for (packed, kind, offset, section) in [
        (b"hello".to_vec(), "malformed", Some(0), member),
        (b"\x1f\x8b\x07".to_vec(), "malformed", Some(2), member),
        (b"\x1f\x8b\x08\xe0".to_vec(), "malformed", Some(3), member),
        ([&whole[..], b"x"].concat(), "malformed", Some(end), format),
        ([&whole[..], b"\x1f\x8c"].concat(), "malformed", Some(end + 1), format),
        (whole[..9].to_vec(), "incomplete", Some(9), format),
        (whole[..100].to_vec(), "incomplete", Some(100), format),
        (whole[..whole.len() - 1].to_vec(), "incomplete", Some(end - 1), format),
        ([&whole[..], &whole[..20]].concat(), "incomplete", Some(end + 20), format),
        ([&whole[..whole.len() - 1], b"\xee"].concat(), "malformed", Some(end - 1), member),
        ([&whole[..whole.len() - 8], &[0; 8]].concat(), "malformed", Some(end - 1), member),
        ([&whole[..10], &[0xFF; 20]].concat(), "malformed", None, "RFC 1951 §3.2"),
    ] {
        let (_, error) = every_way(&[Coding::Gzip], &packed, &limits);
        let error = error.unwrap_or_else(|| panic!("{kind} {offset:?}"));
        assert_eq!(error.kind(), kind, "{error}");
        assert!(offset.is_none() || error.offset() == offset, "{error}, not {offset:?}");
        assert_eq!(error.section(), Some(section));
    }
    let packed = zlib(&text());
    for (packed, kind) in [
        ([&packed[..], b"x"].concat(), "malformed"),
        (packed[..packed.len() - 1].to_vec(), "incomplete"),
        ([&packed[..packed.len() - 1], b"\xee"].concat(), "malformed"),
        (b"\x78".to_vec(), "incomplete"),
        (b"\xff\xff\xff".to_vec(), "malformed"),
    ] {
        let error = every_way(&[Coding::Deflate], &packed, &limits).1.expect(kind);
        assert_eq!((error.kind(), error.section()), (kind, Some("RFC 9110 §8.4.1.2")));
    }
}

#[test]
fn bombs_are_bounded() {
    let raw = vec![0; 1 << 20];
    for packed in [gzip(&raw), [gzip(&raw[1000..]), gzip(&raw[..1000])].concat()] {
        for (max, good) in [(raw.len() - 1, false), (raw.len(), true), (raw.len() + 1, true)] {
            let limits = Limits {
                decoded_bytes_max: max as u64,
                decoded_ratio_max: u64::MAX,
                ..Limits::default()
            };
            let (out, error) = unpack(&[Coding::Gzip], &packed, 100, 64, &limits);
            assert_eq!(error.is_none(), good, "{max}: {error:?}");
            assert_eq!(out.len(), max.min(raw.len()), "all that is allowed comes out");
        }
    }
    let ratio = |ratio, from| Limits {
        decoded_ratio_max: ratio,
        decoded_ratio_from_bytes: from,
        ..Limits::default()
    };
    let packed = gzip(&raw);
    for (limits, good) in [
        (ratio(250, 1 << 20), true),
        (ratio(250, (1 << 20) - 1), false),
        (ratio(250, 0), false),
        (ratio(1200, 0), true),
    ] {
        let error = every_way(&[Coding::Gzip], &packed, &limits).1;
        assert_eq!(error.is_none(), good, "{limits:?}: {error:?}");
        assert!(good || error.is_some_and(|error| error.kind() == "too_large"));
    }
}

/// What was packed again and again, in every order, comes out.
#[test]
fn chains_are_undone_in_reverse_order() {
    use Coding::{Deflate, Gzip};
    let limits = Limits::default();
    let pack = |raw: &[u8], codings: &[Coding]| {
        codings.iter().fold(raw.to_vec(), |raw, coding| match coding {
            Gzip => gzip(&raw),
            Deflate => zlib(&raw),
        })
    };
    for raw in [&b""[..], b"a", &text(), &[0; 70_000]] {
        for codings in [
            &[Gzip, Gzip][..],
            &[Deflate, Gzip],
            &[Gzip, Deflate],
            &[Deflate, Deflate, Gzip],
            &[Gzip, Gzip, Gzip, Gzip, Gzip],
        ] {
            let packed = pack(raw, codings);
            assert_eq!(every_way(codings, &packed, &limits), (raw.to_vec(), None), "{codings:?}");
        }
    }
    // The wrong order, one coding too few, damage within and behind, and a cut at either level.
    let inner = zlib(&text());
    for (packed, kind) in [
        (pack(&text(), &[Gzip, Deflate]), "malformed"),
        (gzip(&text()), "malformed"),
        (gzip(&[&inner[..], b"x"].concat()), "malformed"),
        ([&gzip(&inner)[..], b"x"].concat(), "malformed"),
        (gzip(&inner[..inner.len() - 1]), "incomplete"),
        (gzip(&inner)[..60].to_vec(), "incomplete"),
    ] {
        let error = every_way(&[Deflate, Gzip], &packed, &limits).1.expect(kind);
        assert_eq!(error.kind(), kind, "{error}");
    }
    // Empty bodies are empty, whatever they are said to be packed with.
    assert_eq!(every_way(&[Deflate, Gzip], b"", &limits), (Vec::new(), None));
}

/// Each stage alone keeps to the ratio, and the chain does not.
#[test]
fn bombs_in_chains_are_bounded() {
    let raw = vec![0; 4 << 20];
    let twice = gzip(&gzip(&raw));
    let chain = [Coding::Gzip, Coding::Gzip];
    let limits = |ratio, from, max| Limits {
        decoded_ratio_max: ratio,
        decoded_ratio_from_bytes: from,
        decoded_bytes_max: max,
        ..Limits::default()
    };
    let once = gzip(&raw).len() as u64;
    assert!(raw.len() as u64 / once < 1100 && raw.len() / twice.len() > 5000);
    for (limits, good) in [
        (limits(1100, 0, u64::MAX), false),
        (limits(1100, raw.len() as u64 - 1, u64::MAX), false),
        (limits(1100, raw.len() as u64, u64::MAX), true),
        (limits(1 << 20, 0, u64::MAX), true),
        (limits(1 << 20, 0, raw.len() as u64), true),
        (limits(1 << 20, 0, raw.len() as u64 - 1), false),
    ] {
        let error = unpack(&chain, &twice, 1000, 4096, &limits).1;
        assert_eq!(error.is_none(), good, "{limits:?}: {error:?}");
        assert!(good || error.is_some_and(|error| error.kind() == "too_large"));
    }
    // What stands between two stages may be longer than the body.
    let noise: Vec<u8> =
        (0..1000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let packed = gzip(&gzip(&noise));
    let exact = limits(250, 0, noise.len() as u64);
    assert_eq!(unpack(&chain, &packed, 9, 64, &exact), (noise, None));
}

#[test]
fn what_the_head_says() {
    use Coding::{Deflate, Gzip};
    let unknown = |names: &str| Coded::Unknown(PeerText::from(names).keep());
    for (values, expected) in [
        (&[][..], Coded::Plain),
        (&[""], Coded::Plain),
        (&["identity"], Coded::Plain),
        (&["GZip"], Coded::With(vec![Gzip])),
        (&["x-gzip"], Coded::With(vec![Gzip])),
        (&["identity, gzip"], Coded::With(vec![Gzip])),
        (&["gzip, X-GZIP"], Coded::With(vec![Gzip, Gzip])),
        (&["deflate", "gzip"], Coded::With(vec![Deflate, Gzip])),
        (&["gzip,,deflate,identity,gzip , gzip"], Coded::With(vec![Gzip, Deflate, Gzip, Gzip])),
        (&["gzip, gzip, gzip, gzip, gzip"], Coded::With(vec![Gzip; 5])),
        (&["gzip, gzip, gzip", "gzip, gzip, gzip"], unknown("gzip, gzip, gzip, gzip, gzip, gzip")),
        (&["br"], unknown("br")),
        (&["zstd, gzip"], unknown("zstd, gzip")),
        (&["gzip, br"], unknown("gzip, br")),
        (&["gzip;q=1"], unknown("gzip;q=1")),
        (&["x-deflate"], unknown("x-deflate")),
    ] {
        let mut headers = Headers::new();
        for value in values {
            headers.push("content-encoding", value.as_bytes()).unwrap();
        }
        assert_eq!(coded(&headers, &Limits::default()), expected, "{values:?}");
    }
    assert!(Decoder::new(&[], &Limits::default()).is_none());
    let mut decoder = Decoder::new(&[Gzip], &Limits::default()).unwrap();
    assert_eq!(decoder.feed(b"x", &mut []).map_err(|error| error.kind()), Err("misuse"));
}
