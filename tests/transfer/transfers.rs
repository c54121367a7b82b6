//! Listings and files both ways, whole and resumed (§4 to §7).

use crate::app::{App, Unfinished, etag};
use crate::link::{Link, PIECES};
use sha2::{Digest as _, Sha256};
use wirewright::digest::{DigestKind, Digester, hex};
use wirewright::name::Name;
use wirewright::transfer::client::{self, Resume};
use wirewright::transfer::server;

/// Raw bytes of a chunk where 65,536 are agreed (§5.2).
const CHUNK: usize = (65_536 - 200) / 4 * 3;

/// Bytes that repeat in no period that matters.
fn some_bytes(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 23) as u8).collect()
}

fn blake3_of(bytes: &[u8]) -> String {
    format!("blake3:{}", blake3::hash(bytes).to_hex())
}

/// Gets a file and puts it back under another name.
fn there_and_back(link: &mut Link, bytes: &[u8], digest: &str) {
    link.host.app.files.insert("x".into(), bytes.to_vec());
    let (got, put) = (link.get("x"), link.put("d/y", bytes, false));
    link.run();
    assert_eq!(link.got.remove(&got).unwrap_or_default(), bytes);
    assert_eq!(link.host.app.files["d/y"], bytes);
    let ends = [format!("received {got} {digest}"), format!("done {put} {digest} fsync")];
    assert_eq!(link.ends(), ends);
    assert_eq!((&link.error, &link.host.error), (&None, &None));
}

#[test]
fn small_files_in_pieces_of_every_size() {
    for piece in PIECES {
        for len in [0, 1, 2, 3, 4, 5, 6, 63, 64, 65, 1000] {
            let bytes = some_bytes(len);
            there_and_back(&mut Link::plain(App::default(), piece), &bytes, &blake3_of(&bytes));
        }
    }
}

#[test]
fn around_the_boundaries_of_chunks() {
    for len in [CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 3, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1] {
        let bytes = some_bytes(len);
        for piece in [1000, 65_536, usize::MAX] {
            let digests = vec![DigestKind::Sha256];
            let mut config = client::Config { digests, ..client::Config::default() };
            config.limits.frame_bytes_max = 65_536;
            let mut link = Link::new(config, server::Config::default(), App::default(), piece);
            link.run();
            let digest = format!("sha256:{}", hex(&Sha256::digest(&bytes)));
            there_and_back(&mut link, &bytes, &digest);
            let chunks = link.log.iter().filter(|line| line.starts_with("verified 1")).count();
            assert_eq!(chunks, len.div_ceil(CHUNK), "{len}");
        }
    }
}

#[test]
fn around_the_boundary_of_the_greatest_chunk() {
    for len in [196_607, 196_608, 196_609, 400_000] {
        let bytes = some_bytes(len);
        let mut link = Link::plain(App::default(), 100_000);
        there_and_back(&mut link, &bytes, &blake3_of(&bytes));
        let first = format!("verified 1 0+{}", len.min(196_608));
        assert!(link.log.contains(&first), "{:?}", link.log);
    }
}

/// A small buffer makes small chunks, not none.
#[test]
fn a_small_buffer_is_enough() {
    let bytes = some_bytes(10_000);
    let mut link = Link::plain(App::default(), 500);
    link.up.set_limit(1024);
    link.host.out.set_limit(1024);
    there_and_back(&mut link, &bytes, &blake3_of(&bytes));
    let chunks = link.host.app.log.iter().filter(|line| line.starts_with("verified")).count();
    assert!((15..30).contains(&chunks), "{chunks}");
}

/// Less than is wanted makes whole groups of three, but for the end of the file.
#[test]
fn what_is_offered_may_be_short() {
    let bytes = some_bytes(20);
    for (stint, chunks) in [(3, 7), (4, 7), (5, 6), (6, 4), (7, 4), (8, 3), (19, 2), (20, 1)] {
        let mut link = Link::plain(App::default(), 1000);
        link.host.stint = stint;
        there_and_back(&mut link, &bytes, &blake3_of(&bytes));
        let verified = |log: &[String]| log.iter().filter(|l| l.starts_with("verified")).count();
        assert_eq!((verified(&link.log), verified(&link.host.app.log)), (chunks, chunks));
    }
    let mut link = Link::plain(App::with(&[("x", &bytes)]), 1000);
    link.host.stint = 2;
    link.get("x");
    link.run();
    assert_eq!(link.log, ["file 1 20 from 0"], "two bytes are no group");
    link.host.stint = 20;
    link.run();
    assert_eq!(link.ends().len(), 1);
}

#[test]
fn listings_come_in_pages() {
    for count in [0, 1, 2, 3, 4, 100] {
        for piece in PIECES {
            let mut app = App { page: 3, ..App::default() };
            let names: Vec<String> = (0..count).map(|i| format!("dir/{i:03}")).collect();
            app.files.extend(names.iter().map(|name| (name.clone(), Vec::new())));
            let mut link = Link::plain(app, piece);
            assert_eq!(link.client.list(), Ok(1));
            assert_eq!(link.client.list(), Ok(2));
            link.run();
            let mut expected = Vec::new();
            for id in [1, 2] {
                let pages: Vec<&[String]> =
                    if count == 0 { vec![&[]] } else { names.chunks(3).collect() };
                for (at, page) in pages.iter().enumerate() {
                    let more = at + 1 < pages.len();
                    expected.push(format!("entries {id} [{}] more {more}", page.join(" ")));
                }
            }
            assert_eq!(link.log, expected, "{count} by {piece}");
            assert_eq!(link.client.pending(), 0);
        }
    }
}

/// Asks for the rest of `x`, of which the beginning is there.
fn resume(link: &mut Link, begun: &[u8], etag: &str) -> u64 {
    let mut digester = Digester::new(DigestKind::Blake3);
    digester.update(begun);
    let resume = Resume { offset: begun.len() as u64, etag, digester };
    let id = link.client.get(&Name::new("x").unwrap(), Some(resume)).unwrap();
    link.got.insert(id, begun.to_vec());
    id
}

#[test]
fn a_get_goes_on_anywhere() {
    let bytes = some_bytes(20);
    for piece in PIECES {
        for offset in 0..=bytes.len() {
            let mut link = Link::plain(App::with(&[("x", &bytes)]), piece);
            let id = resume(&mut link, &bytes[..offset], &etag(&bytes));
            link.run();
            assert_eq!(link.got[&id], bytes, "from {offset}");
            let first = format!("file 1 20 from {offset}");
            assert_eq!((&link.log[0], link.ends().len()), (&first, 1));
            assert_eq!(link.ends(), [format!("received 1 {}", blake3_of(&bytes))]);
        }
    }
}

#[test]
fn refusals_end_one_request_only() {
    let bytes = some_bytes(20);
    for piece in PIECES {
        let mut link = Link::plain(App::with(&[("x", &bytes)]), piece);
        resume(&mut link, &bytes[..3], "20-another");
        resume(&mut link, &some_bytes(21), &etag(&bytes));
        link.get("y");
        link.put("x", b"new", false);
        link.get("x");
        link.put("x", b"new", true);
        link.run();
        let ends = [
            "failed 1 changed".to_owned(),
            "failed 2 bad_offset".to_owned(),
            "failed 3 not_found".to_owned(),
            "failed 4 exists".to_owned(),
            format!("received 5 {}", blake3_of(&bytes)),
            format!("done 6 {} fsync", blake3_of(b"new")),
        ];
        assert_eq!(link.ends(), ends);
        assert_eq!(link.host.app.files["x"], b"new");
        link.host.app.read_only = true;
        link.put("z", b"z", true);
        link.run();
        assert_eq!(link.log.last().map(String::as_str), Some("failed 7 read_only"));
        assert_eq!(link.client.pending(), 0);
    }
}

#[test]
fn a_put_goes_on_where_the_server_says() {
    let bytes = some_bytes(50);
    for piece in PIECES {
        for kept in [0, 1, 2, 3, 25, 48, 49, 50] {
            let mut app = App::default();
            let (etag, size) = (etag(&bytes), 50);
            let mut file = Unfinished { etag, size, ..Unfinished::default() };
            file.bytes = bytes[..kept].to_vec();
            app.unfinished.insert("x".into(), file);
            let mut link = Link::plain(app, piece);
            link.put("x", &bytes, false);
            link.run();
            let done = format!("done 1 {} fsync", blake3_of(&bytes));
            assert_eq!(link.log, [format!("ready 1 from {kept}"), done]);
            assert_eq!(link.host.app.files["x"], bytes);
        }
    }
}

#[test]
fn what_is_kept_of_another_version_does_not_count() {
    let (bytes, other) = (some_bytes(50), vec![7; 50]);
    let mut app = App::default();
    let (etag, size) = (etag(&other), 50);
    let file = Unfinished { etag, size, bytes: other[..20].to_vec(), ..Unfinished::default() };
    app.unfinished.insert("x".into(), file);
    let mut link = Link::plain(app, 64);
    link.put("x", &bytes, false);
    link.run();
    assert_eq!(link.log[0], "ready 1 from 0");
    assert_eq!(link.host.app.files["x"], bytes);
}

/// The server refuses midway: what is in flight of that file is dropped, the next is not harmed.
#[test]
fn a_put_that_is_refused_midway() {
    let bytes = some_bytes(5 * CHUNK);
    for piece in [1000, 65_536, usize::MAX] {
        let mut config = client::Config::default();
        config.limits.frame_bytes_max = 65_536;
        let app = App { chunks_max: Some(2), ..App::default() };
        let mut link = Link::new(config, server::Config::default(), app, piece);
        link.run();
        link.put("x", &bytes, false);
        link.put("y", b"small", false);
        link.put("z", b"", false);
        link.run();
        let empty = format!("done 3 {} fsync", blake3_of(b""));
        let done = format!("done 2 {} fsync", blake3_of(b"small"));
        assert_eq!(link.ends(), ["failed 1 no_space".to_owned(), done, empty], "by {piece}");
        assert_eq!(link.host.app.files["y"], b"small");
        assert_eq!(link.host.app.unfinished["x"].bytes, &bytes[..2 * CHUNK]);
        assert_eq!((&link.error, &link.host.error), (&None, &None));
    }
}
