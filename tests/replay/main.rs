//! Replays the committed seeds of every fuzz target through its oracle, on stable Rust.
//!
//! What the fuzzer found once stays found: a failing input becomes a seed.

// Each oracle stands alone, as its target sees it; two of them bring the same reader of JSON.
#![allow(clippy::duplicate_mod)]

#[path = "../../fuzz/oracles/datagram.rs"]
mod datagram;
#[path = "../../fuzz/oracles/envelope.rs"]
mod envelope;
#[path = "../../fuzz/oracles/frame.rs"]
mod frame;
#[path = "../../fuzz/oracles/http_naming.rs"]
mod http_naming;
#[path = "../../fuzz/oracles/http_proxy.rs"]
mod http_proxy;
#[path = "../../fuzz/oracles/http_request.rs"]
mod http_request;
#[path = "../../fuzz/oracles/http_response.rs"]
mod http_response;
#[path = "../../fuzz/oracles/mime.rs"]
mod mime;
#[path = "../../fuzz/oracles/names.rs"]
mod names;
#[path = "../../fuzz/oracles/pair.rs"]
mod pair;
#[path = "../../fuzz/oracles/server_hello.rs"]
mod server_hello;
#[path = "../../fuzz/oracles/smtp_capabilities.rs"]
mod smtp_capabilities;
#[path = "../../fuzz/oracles/smtp_data.rs"]
mod smtp_data;
#[path = "../../fuzz/oracles/smtp_reply.rs"]
mod smtp_reply;
#[path = "../../fuzz/oracles/smtp_session.rs"]
mod smtp_session;
#[path = "../../fuzz/oracles/urls.rs"]
mod urls;

use std::fs;
use std::path::{Path, PathBuf};

/// A target and its oracle.
type Target = (&'static str, fn(&[u8]));

const TARGETS: &[Target] = &[
    ("datagram", datagram::check),
    ("envelope", envelope::check),
    ("frame", frame::check),
    ("http_naming", http_naming::check),
    ("http_proxy", http_proxy::check),
    ("http_request", http_request::check),
    ("http_response", http_response::check),
    ("mime", mime::check),
    ("names", names::check),
    ("pair", pair::check),
    ("server_hello", server_hello::check),
    ("smtp_capabilities", smtp_capabilities::check),
    ("smtp_data", smtp_data::check),
    ("smtp_reply", smtp_reply::check),
    ("smtp_session", smtp_session::check),
    ("urls", urls::check),
];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a name in UTF-8");
    let mut names: Vec<_> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}

/// Runs the oracle of one target over each of its seeds.
fn replay(target: &str) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target");
    let folder = fuzz().join("seeds").join(target);
    let seeds = names_in(&folder);
    assert!(!seeds.is_empty(), "{folder:?} is empty");
    for seed in seeds {
        println!("{target}/{seed}");
        check(&fs::read(folder.join(seed)).expect("a readable seed"));
    }
}

#[test]
fn datagram_seeds() {
    replay("datagram");
}

#[test]
fn envelope_seeds() {
    replay("envelope");
}

#[test]
fn frame_seeds() {
    replay("frame");
}

#[test]
fn http_naming_seeds() {
    replay("http_naming");
}

#[test]
fn http_proxy_seeds() {
    replay("http_proxy");
}

#[test]
fn http_request_seeds() {
    replay("http_request");
}

#[test]
fn http_response_seeds() {
    replay("http_response");
}

#[test]
fn mime_seeds() {
    replay("mime");
}

#[test]
fn names_seeds() {
    replay("names");
}

#[test]
fn pair_seeds() {
    replay("pair");
}

#[test]
fn server_hello_seeds() {
    replay("server_hello");
}

#[test]
fn smtp_capabilities_seeds() {
    replay("smtp_capabilities");
}

#[test]
fn smtp_data_seeds() {
    replay("smtp_data");
}

#[test]
fn smtp_reply_seeds() {
    replay("smtp_reply");
}

#[test]
fn smtp_session_seeds() {
    replay("smtp_session");
}

#[test]
fn urls_seeds() {
    replay("urls");
}

#[test]
fn every_target_is_replayed() {
    let expected: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let targets = names_in(&fuzz().join("fuzz_targets"));
    let targets: Vec<_> = targets.iter().map(|name| name.trim_end_matches(".rs")).collect();
    assert_eq!(targets, expected);
    let is_folder = |name: &String| fuzz().join("seeds").join(name).is_dir();
    let seeds: Vec<_> = names_in(&fuzz().join("seeds")).into_iter().filter(is_folder).collect();
    assert_eq!(seeds, expected);
}
