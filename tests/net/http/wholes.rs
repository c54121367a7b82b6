//! What a download takes for the whole file, and what bodies it takes for decoded.

use super::downloads::{into, names, one};
use super::server::{Request, Server, answer, ok};
use crate::asking::{client, code, fetch, get, good, request, why};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::Write as _;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

const TEN: &[u8] = b"0123456789";

/// A response to `/N`: the N-th of these.
fn numbered(answers: Vec<Vec<u8>>) -> Server {
    Server::answering(move |request| answers[number(request)].clone())
}

fn number(request: &Request) -> usize {
    request.target()[1..].parse().unwrap()
}

/// Each of these says in some way that its body is not all of the file.
#[test]
fn a_part_is_not_saved_as_the_whole() {
    let ranged = |range: &str| answer("200 OK", &format!("Content-Range: {range}\r\n"), TEN);
    let chunked = b"HTTP/1.1 200 OK\r\nContent-Range: bytes 5-14/15\r\n\
                    Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n";
    let answers = vec![
        ranged("bytes 5-14/15"),
        ranged("bytes 0-9/11"),
        ranged("bytes 0-10/11"),
        ranged("bytes 0-8/9"),
        ranged("bytes 0-9/*"),
        ranged("bytes */10"),
        ranged("items 0-9/10"),
        ranged(""),
        ranged("bytes 0-9/10\r\nContent-Range: bytes 0-9/10"),
        answer("201 Created", "Content-Range: bytes 1-10/11\r\n", TEN),
        answer("203 Other", "Content-Type: multipart/byteranges; boundary=x\r\n", TEN),
        chunked.to_vec(),
        answer("206 Partial Content", "Content-Range: bytes 0-9/10\r\n", TEN),
        answer("206 Partial Content", "", TEN),
    ];
    let count = answers.len();
    let server = numbered(answers);
    let folder = tempfile::tempdir().unwrap();
    let mut client = client(|_| {});
    for at in 0..count {
        let got = one(&mut client, get(*server, &format!("/{at}")), &into(folder.path()));
        let expected = if at < 12 { "malformed" } else { "http_206" };
        assert_eq!(code(&got.report), expected, "{at}: {got:?}");
        assert!(at >= 12 || why(&got.report).contains("may not be the whole"), "{got:?}");
        assert_eq!(names(folder.path()), Vec::<String>::new(), "{at}");
    }
}

/// A range that is all of the file contradicts nothing, however the body is framed and packed.
#[test]
fn a_range_of_all_of_it_is_the_whole() {
    let range = "Content-Range: bytes 0-9/10\r\n";
    let packed = gzip(TEN);
    let of_packed = format!(
        "Content-Encoding: gzip\r\nContent-Range: bytes 0-{}/{}\r\n",
        packed.len() - 1,
        packed.len()
    );
    let chunked = format!(
        "HTTP/1.1 200 OK\r\n{range}Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"
    );
    let answers =
        vec![answer("200 OK", range, TEN), chunked.into(), answer("200 OK", &of_packed, packed)];
    let count = answers.len();
    let server = numbered(answers);
    let folder = tempfile::tempdir().unwrap();
    let mut client = client(|_| {});
    for at in 0..count {
        let got = one(&mut client, get(*server, &format!("/{at}")), &into(folder.path()));
        assert_eq!(code(&got.report), "ok", "{at}: {got:?}");
        assert_eq!(std::fs::read(folder.path().join(at.to_string())).unwrap(), TEN);
    }
}

fn coded(coding: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", &format!("Content-Encoding: {coding}\r\n"), body)
}

#[test]
fn chains_of_codings_are_undone() {
    let plain = crate::bytes::bytes(300_000);
    let twice = gzip(&gzip(&plain));
    let answers = vec![
        coded("deflate, gzip", gzip(&zlib(&plain))),
        coded("gzip\r\nContent-Encoding: deflate", zlib(&gzip(&plain))),
        coded("x-gzip, identity, gzip", &twice),
        coded("identity", &plain),
        coded("gzip, deflate", gzip(&zlib(&plain))),
        coded("gzip, gzip", &twice[..twice.len() - 1]),
    ];
    let server = numbered(answers);
    let mut client = client(|_| {});
    for at in 0..4 {
        let (_, heard) = good(&mut client, get(*server, &format!("/{at}")));
        assert!(heard.body == plain, "{at}");
    }
    for at in [4, 5] {
        let (report, _) = fetch(&mut client, get(*server, &format!("/{at}")));
        assert_eq!(code(&report), "content_coding", "{report:?}");
    }
}

/// A body that is still coded is never told; where there is none, or nobody wants it, nothing is
/// wrong.
#[test]
fn what_cannot_be_undone_is_an_error() {
    let server = Server::answering(|request| match request.target() {
        "/br" => coded("br", "packed"),
        "/zstd" => coded("zstd", "packed"),
        "/compress" => coded("compress", "packed"),
        "/behind" => coded("br, gzip", gzip(b"packed")),
        "/before" => coded("gzip, br", "packed"),
        "/many" => coded("gzip, gzip, gzip, gzip, gzip, gzip", "packed"),
        "/error" => answer("500 No", "Content-Encoding: br\r\n", "packed"),
        "/escape" => coded("\u{9b}31m", "packed"),
        "/chunks" => b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nTransfer-Encoding: chunked\r\n\
                       \r\n1\r\nx\r\n0\r\n\r\n"
            .into(),
        "/empty" => coded("br", ""),
        "/moved" => answer("302 To", "Content-Encoding: br\r\nLocation: /plain\r\n", "packed"),
        "/304" => b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: br\r\n\r\n".into(),
        _ => ok("plain"),
    });
    let bare = Server::answering(|_| b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n".into());
    let mut decoding = client(|options| options.redirects = true);
    let coded = ["br", "zstd", "compress", "behind", "before", "many", "error", "escape", "chunks"];
    for path in coded {
        let (report, heard) = fetch(&mut decoding, get(*server, &format!("/{path}")));
        assert_eq!((code(&report), heard.text()), ("content_coding", ""), "{path}: {report:?}");
        assert!(why(&report).contains("which wirewright cannot decode"), "{report:?}");
    }
    for (path, text) in [("/empty", ""), ("/moved", "plain"), ("/304", ""), ("/plain", "plain")] {
        assert_eq!(good(&mut decoding, get(*server, path)).1.text(), text, "{path}");
    }
    good(&mut decoding, request("HEAD", *bare, "/", None));
    // As it came, where that was asked for.
    let mut leaving = client(|options| options.codings = false);
    for path in ["/br", "/before"] {
        assert_eq!(good(&mut leaving, get(*server, path)).1.text(), "packed", "{path}");
    }
    let (_, heard) = good(&mut leaving, get(*server, "/behind"));
    assert_eq!(heard.body, gzip(b"packed"));
}

/// The status says more than the coding of a page about it.
#[test]
fn a_download_that_is_refused_says_why() {
    let server = Server::answering(|_| answer("404 No", "Content-Encoding: br\r\n", "packed"));
    let folder = tempfile::tempdir().unwrap();
    let got = one(&mut client(|_| {}), get(*server, "/f"), &into(folder.path()));
    assert_eq!(code(&got.report), "http_404", "{got:?}");
    let server = Server::answering(|_| coded("br", "packed"));
    let got = one(&mut client(|_| {}), get(*server, "/f"), &into(folder.path()));
    assert_eq!(code(&got.report), "content_coding", "{got:?}");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}
