//! Content codings as a user meets them: undone, left as they are with --identity, or an error.

use super::server::{Reply, Server, go, good, run_in};
use crate::command::{assert_fails, json, names_in, report};
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

const PLAIN: &[u8] = b"{\"code\":2,\"x\":[\"/a\"]}";

/// Codes its body as the last segment of the path says.
fn coding() -> Server {
    Server::new(|request| {
        let named = |coding: &str, body: Vec<u8>| {
            Reply::with("200 OK", &[&format!("Content-Encoding: {coding}")], body)
        };
        match request.target().rsplit('/').next().unwrap() {
            "gzip" | "x.tar.gz" => named("gzip", gzip(PLAIN)),
            "both" => named("deflate, gzip", gzip(&zlib(PLAIN))),
            "br" => named("br", PLAIN.to_vec()),
            "zstd" => named("zstd", PLAIN.to_vec()),
            "mixed" => named("br, gzip", gzip(PLAIN)),
            _ => Reply::ok(PLAIN),
        }
    })
}

#[test]
fn http_undoes_what_it_knows_and_refuses_the_rest() {
    let server = coding();
    for path in ["/plain", "/gzip", "/both"] {
        assert_eq!(good(&["http", &server.at(path)]), PLAIN, "{path}");
    }
    for path in ["/br", "/zstd", "/mixed"] {
        for args in [&[][..], &["--json"], &["-i"]] {
            let ended = go(&[&["http", &server.at(path)], args].concat());
            assert_fails(
                &ended,
                1,
                "which wirewright cannot decode (RFC 9110 §8.4); give --identity",
            );
            assert!(!String::from_utf8_lossy(&ended.stdout).contains("\"/a\""), "{ended:?}");
        }
    }
    for (path, body) in [("/gzip", gzip(PLAIN)), ("/br", PLAIN.to_vec()), ("/mixed", gzip(PLAIN))] {
        assert_eq!(good(&["http", "--identity", &server.at(path)]), body, "{path}");
    }
}

#[test]
fn download_stores_what_is_on_the_server_with_identity() {
    let server = coding();
    let folder = tempfile::tempdir().unwrap();
    let urls = ["/x.tar.gz", "/br", "/mixed"].map(|path| server.at(path));
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    report(&run_in(folder.path(), &[&["download", "--json", "--identity"], &urls[..]].concat()));
    for (name, body) in [("x.tar.gz", gzip(PLAIN)), ("br", PLAIN.to_vec()), ("mixed", gzip(PLAIN))]
    {
        assert_eq!(std::fs::read(folder.path().join(name)).unwrap(), body, "{name}");
    }
    assert!(server.requests().iter().all(|r| r.get("Accept-Encoding") == Some("identity")));

    let folder = tempfile::tempdir().unwrap();
    let ended = run_in(folder.path(), &[&["download", "--quiet"], &urls[..]].concat());
    assert_fails(&ended, 3, "the server coded the body with br, which wirewright cannot decode");
    assert_eq!(names_in(folder.path()), ["x.tar.gz"]);
    assert_eq!(std::fs::read(folder.path().join("x.tar.gz")).unwrap(), PLAIN);
}

#[test]
fn a_document_of_urls_is_read_decoded_or_not_at_all() {
    let server = coding();
    let folder = tempfile::tempdir().unwrap();
    for path in ["/plain", "/gzip", "/both"] {
        let from = server.at(path);
        let args = ["download", "--json", "--overwrite", "--from", &from, "--select", "/x/*"];
        assert_eq!(report(&run_in(folder.path(), &args))["files"][0]["name"], "a");
    }
    let from = server.at("/br");
    let args = ["download", "--quiet", "--from", &from, "--select", "/x/*"];
    assert_fails(&run_in(folder.path(), &args), 1, "the server coded the body with br");
}

/// The gateway may have acted, and what it says cannot be read.
#[test]
fn a_reply_to_sms_that_cannot_be_decoded_is_unknown() {
    let server = coding();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "secret").unwrap();
    let message = ["--account", "a", "--password-file", "password", "--mobile", "1"];
    let send = |path: &str| {
        let args = [&["sms", "--content", "c", "--gateway", &server.at(path)], &message[..]];
        run_in(folder.path(), &args.concat())
    };
    for path in ["/gzip", "/both"] {
        assert_eq!(send(path).status.code(), Some(0), "{path}");
    }
    for path in ["/br", "/mixed"] {
        assert_fails(&send(path), 4, "may have been sent: the server coded the body with");
    }
}

/// The body came whole, so that the connection is not at fault, and another try would not help.
#[test]
fn a_coding_that_is_cut_short_is_the_fault_of_the_server() {
    let server = Server::new(|_| {
        let packed = gzip(PLAIN);
        let fields = ["Content-Encoding: gzip", "ETag: \"one\""];
        Reply::with("200 OK", &fields, &packed[..packed.len() - 1])
    });
    let (folder, url) = (tempfile::tempdir().unwrap(), server.at("/f"));
    let what = "the body cannot be decoded: the stream ended at byte ";
    for args in [&["http", &url][..], &["download", "--retry", "2", "--quiet", &url]] {
        let before = server.requests().len();
        let ended = run_in(folder.path(), args);
        assert_fails(&ended, 1, what);
        assert_fails(&ended, 1, "; give --identity to have the body as the server sends it");
        assert_eq!(server.requests().len(), before + 1, "{args:?}");
    }
    assert_eq!(names_in(folder.path()), [""; 0]);
    let ended = run_in(folder.path(), &["download", "--json", &url]);
    let error = &json(&ended.stdout)["files"][0]["error"];
    assert_eq!(error["code"], "content_coding", "{error}");
}
